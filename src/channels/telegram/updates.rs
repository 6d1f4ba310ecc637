//! What an update of Telegram means for us. Pure.

use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::Value;

use super::{
    media::attachments,
    place::Place,
    quotes::quoted,
    wire::{CallbackQuery, Chat, ChatMemberUpdated, Entity, Keyboard, Message, User},
};
use crate::message::{Choice, Edit, Incoming, StaffMessage};

/// Who we are on Telegram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bot {
    pub id: i64,
    /// Without the '@'.
    pub username: String,
    /// Whether business accounts can let it answer in their name, which is not done.
    pub for_business: bool,
}

/// What happened.
#[allow(clippy::large_enum_variant)] // One at a time, and nearly all are what customers said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Happening {
    /// A customer wrote, or tapped a choice.
    Said {
        incoming: Incoming,
        place: Place,
        /// Set for a tap: Telegram waits for an answer to it.
        tap: Option<Tap>,
    },
    /// A customer tapped something that says nothing any more; Telegram waits for an answer all the same.
    EmptyTap(Tap),
    /// A customer blocked us.
    Blocked {
        place: Place,
        /// When (Unix time) and in which update: tells a second delivery from a second wish.
        at: (i64, i64),
    },
    /// A group became a supergroup: the same people under another number.
    Moved { from: i64, to: i64 },
    /// One of the staff wrote in a topic of their forum.
    Staff(StaffMessage),
    /// Nothing that concerns us; why not.
    Nothing(&'static str),
}

/// A tapped button.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tap {
    /// Telegram's id of it, by which it is answered.
    pub query: String,
    /// The chat and the message whose buttons are used up.
    pub used_up: Option<(i64, i64)>,
}

/// An update that cannot be read; its kind.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an update of the kind {0:?} cannot be read")]
pub(super) struct Unreadable(pub String);

/// The kinds of updates that we ask for.
pub(super) const KINDS: [&str; 4] = ["message", "edited_message", "callback_query", "my_chat_member"];

/// So long after a message its words can be edited, in seconds. An edit of an older one tells of a reaction or a preview.
const LAST_EDIT: i64 = 48 * 60 * 60;

/// Begins the data of a button whose choice has too long an id: then only its label travels, which Telegram sends along.
pub(super) const LABEL_ALONE: char = '#';

/// Reads one update; `now` is when it came. In `staff_chat` nobody is a customer.
pub(super) fn read(
    update: &Value,
    bot: &Bot,
    staff_chat: Option<i64>,
    now: Timestamp,
) -> Result<Happening, Unreadable> {
    let id = update_id(update).unwrap_or_default();
    let Some((kind, content)) = KINDS.iter().find_map(|kind| Some((*kind, update.get(*kind)?))) else {
        return Ok(Happening::Nothing("a kind of update that is not read"));
    };
    let unreadable = |_| Unreadable(kind.to_owned());
    let reader = Reader { bot, staff_chat, update: id, now };
    Ok(match kind {
        "message" => reader.message(&Message::deserialize(content).map_err(unreadable)?, false),
        "edited_message" => reader.message(&Message::deserialize(content).map_err(unreadable)?, true),
        "callback_query" => reader.tap(&CallbackQuery::deserialize(content).map_err(unreadable)?),
        _ => reader.membership(&ChatMemberUpdated::deserialize(content).map_err(unreadable)?),
    })
}

/// The number of an update, by which its receipt is told.
pub(super) fn update_id(update: &Value) -> Option<i64> {
    update.get("update_id")?.as_i64()
}

/// The kind of an update, for the log: the first key beside its number.
pub(super) fn kind(update: &Value) -> &str {
    let keys = || update.as_object().into_iter().flat_map(serde_json::Map::keys);
    keys().find(|key| *key != "update_id").map_or("none", String::as_str)
}

struct Reader<'a> {
    bot: &'a Bot,
    staff_chat: Option<i64>,
    update: i64,
    now: Timestamp,
}

impl Reader<'_> {
    fn message(&self, message: &Message, edited: bool) -> Happening {
        if self.is_staffs(&message.chat) {
            return self.staff(message, edited);
        }
        // The old group tells where it went, the new one whence it came.
        let number = |name: &str| message.rest.get(name).and_then(Value::as_i64);
        if let Some(to) = number("migrate_to_chat_id") {
            return Happening::Moved { from: message.chat.id, to };
        }
        if let Some(from) = number("migrate_from_chat_id") {
            return Happening::Moved { from, to: message.chat.id };
        }
        if edited && self.now.as_second() - message.date > LAST_EDIT {
            return Happening::Nothing("a sign on a message so old that nobody can edit it");
        }
        let Some(public) = is_public(&message.chat) else { return Happening::Nothing("a channel post") };
        let Some(author) = author(message) else { return Happening::Nothing("from a bot or nobody") };
        let place = place(message, public, author);
        let said = message.text.as_deref().or(message.caption.as_deref()).unwrap_or_default();
        let entities = if message.text.is_some() { &message.entities } else { &message.caption_entities };
        let mentions = self.mentions(said, entities.as_deref().unwrap_or_default());
        let command = Command::read(said);
        if command.as_ref().is_some_and(|command| command.to.is_some_and(|to| !self.is_us(to))) {
            return Happening::Nothing("a command to another bot");
        }
        // In a group many bots may know a command without a name: of those only ours are taken.
        let commanded = command.as_ref().is_some_and(|command| command.to.is_some() || command.is_ours());
        if public && !commanded && mentions.is_empty() && !self.answers_us(message) {
            return Happening::Nothing("not addressed to us");
        }
        let attachments = attachments(&message.rest);
        if said.is_empty() && attachments.is_empty() {
            return Happening::Nothing("without words");
        }
        let mut text = without(said, mentions);
        if let Some(to) = command.as_ref().and_then(|command| command.to) {
            text = text.replacen(&format!("@{to}"), "", 1);
        }
        let command = command.as_ref().map(|command| command.name.as_str());
        let choice = match command {
            Some("stop") => None,
            Some("start" | "help") => Some(Choice::HELP),
            Some("agent") => Some(Choice::PERSON),
            // To be called by name and nothing else asks who we are; so does a command that we do not know.
            _ if text.is_empty() && attachments.is_empty() => Some(Choice::HELP),
            Some(_) if !text.trim().contains(char::is_whitespace) => Some(Choice::HELP),
            _ => None,
        };
        let original = self.message_id(message);
        let incoming = Incoming {
            message_id: if edited { format!("{original}@{}", self.update) } else { original.clone() },
            edits: edited.then(|| self.edit(original, message)),
            reply_to: public.then(|| message.message_id.to_string()),
            choice: choice.map(str::to_owned),
            stop: command == Some("stop"),
            quoted: quoted(message, self.bot.id, author),
            text,
            attachments,
            ..self.incoming(place, author)
        };
        Happening::Said { incoming, place, tap: None }
    }

    /// Which wording it is. The platform counts seconds, and updates within one in their order.
    fn edit(&self, of: String, message: &Message) -> Edit {
        const PLACES: u32 = 31;
        let order = self.update & ((1 << PLACES) - 1);
        let at = message.edit_date.unwrap_or(message.date).clamp(1, 1 << PLACES);
        Edit { of, version: (at << PLACES) | order }
    }

    fn is_staffs(&self, chat: &Chat) -> bool {
        self.staff_chat == Some(chat.id)
    }

    /// A message in the staff's forum.
    fn staff(&self, message: &Message, edited: bool) -> Happening {
        let Some(topic) = message.message_thread_id.filter(|_| message.is_topic_message) else {
            return Happening::Nothing("among the staff, in no topic");
        };
        // An anonymous admin is a person, but customers are to see who answers them.
        let anonymous = message.sender_chat.is_some() && !message.is_automatic_forward;
        let author = match &message.from {
            _ if anonymous => String::new(),
            Some(from) if !from.is_bot && !message.is_automatic_forward => name(from),
            _ => return Happening::Nothing("among the staff, from a bot or nobody"),
        };
        let files = !attachments(&message.rest).is_empty();
        let text = message.text.as_ref().or(message.caption.as_ref()).cloned().unwrap_or_default();
        if text.is_empty() && !files {
            return Happening::Nothing("among the staff, without words");
        }
        let original = self.message_id(message);
        Happening::Staff(StaffMessage {
            thread: topic.to_string(),
            // The same edit is told of again where somebody puts a sign on it.
            message_id: if edited {
                format!("{original}@{}", message.edit_date.unwrap_or(self.update))
            } else {
                original.clone()
            },
            edits: edited.then_some(original),
            author,
            text,
            files,
        })
    }

    fn tap(&self, query: &CallbackQuery) -> Happening {
        let empty = Tap { query: query.id.clone(), used_up: None };
        let Some(message) = query.message.as_ref().filter(|message| !self.is_staffs(&message.chat)) else {
            return Happening::EmptyTap(empty);
        };
        let Some(public) = is_public(&message.chat) else { return Happening::EmptyTap(empty) };
        let data = query.data.as_deref().unwrap_or_default();
        let label = message.reply_markup.as_ref().and_then(|keyboard| label(keyboard, data)).unwrap_or_default();
        let choice = (!data.is_empty() && !data.starts_with(LABEL_ALONE)).then(|| data.to_owned());
        // Answers in a group belong to the message that was asked there.
        let question = message.reply_to_message.as_deref();
        let asked_by = question.and_then(author);
        // Who asked in the name of a chat taps in their own: the conversation is that of the chat.
        let asked_as_chat = asked_by.filter(|_| question.is_some_and(|question| question.sender_chat.is_some()));
        let customer = asked_as_chat.unwrap_or(query.from.id);
        let others = public && asked_by.is_some_and(|asked_by| asked_by != customer);
        let used_up = (!others).then_some((message.chat.id, message.message_id));
        let tap = Tap { query: query.id.clone(), used_up };
        if query.from.is_bot || (choice.is_none() && label.is_empty()) {
            return Happening::EmptyTap(tap);
        }
        let place = place(message, public, customer);
        let incoming = Incoming {
            message_id: format!("{}/tap/{}", self.bot.id, query.id),
            reply_to: question.filter(|_| public && !others).map(|question| question.message_id.to_string()),
            text: label.to_owned(),
            choice,
            ..self.incoming(place, customer)
        };
        Happening::Said { incoming, place, tap: Some(tap) }
    }

    /// We were blocked, unblocked, added to a group or thrown out. In a group the next message that we send there tells us.
    fn membership(&self, change: &ChatMemberUpdated) -> Happening {
        if is_public(&change.chat) != Some(false)
            || !["kicked", "left"].contains(&change.new_chat_member.status.as_str())
        {
            return Happening::Nothing("a membership that changes nothing");
        }
        let place = Place { chat: change.chat.id, topic: None, customer: None };
        Happening::Blocked { place, at: (change.date, self.update) }
    }

    fn incoming(&self, place: Place, contact: i64) -> Incoming {
        Incoming {
            channel: super::Telegram::NAME.to_owned(),
            message_id: String::new(),
            edits: None,
            reply_to: None,
            place: place.to_string(),
            contact: contact.to_string(),
            public: place.public(),
            text: String::new(),
            quoted: None,
            choice: None,
            stop: false,
            attachments: Vec::new(),
            received_at: self.now,
        }
    }

    /// Messages are numbered for each bot and chat anew.
    fn message_id(&self, message: &Message) -> String {
        format!("{}/{}/{}", self.bot.id, message.chat.id, message.message_id)
    }

    fn is_us(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(&self.bot.username)
    }

    /// All that we write has words. In a topic that we made, each message answers the platform's own that tells of it.
    fn answers_us(&self, message: &Message) -> bool {
        let answered = message.reply_to_message.as_ref().filter(|message| message.text.is_some());
        answered.and_then(|message| message.from.as_ref()).is_some_and(|from| from.id == self.bot.id)
    }

    /// Where a text names us.
    fn mentions(&self, text: &str, entities: &[Entity]) -> Vec<(usize, usize)> {
        let names_us = |entity: &Entity, (start, end): (usize, usize)| match entity.kind.as_str() {
            "mention" => text[start..end].strip_prefix('@').is_some_and(|name| self.is_us(name)),
            "text_mention" => entity.user.as_ref().is_some_and(|user| user.id == self.bot.id),
            _ => false,
        };
        entities.iter().filter_map(|entity| bytes(text, entity).filter(|range| names_us(entity, *range))).collect()
    }
}

/// Where it was said.
fn place(message: &Message, public: bool, customer: i64) -> Place {
    Place {
        chat: message.chat.id,
        // Without the mark, the number is that of a thread of replies, which cannot be written to.
        topic: message.message_thread_id.filter(|_| message.is_topic_message),
        customer: public.then_some(customer),
    }
}

/// Whether others read along; `None` where nobody can answer.
fn is_public(chat: &Chat) -> Option<bool> {
    match chat.kind.as_str() {
        "private" => Some(false),
        "group" | "supergroup" => Some(true),
        _ => None,
    }
}

/// Who wrote it, unless a bot or a channel did.
pub(super) fn author(message: &Message) -> Option<i64> {
    if message.is_automatic_forward {
        return None;
    }
    // An anonymous admin, or a customer in the name of their channel: the sender is then a bot of Telegram's that stands for them.
    if let Some(chat) = &message.sender_chat {
        return Some(chat.id);
    }
    message.from.as_ref().filter(|from| !from.is_bot).map(|from: &User| from.id)
}

/// The name that people see.
pub(super) fn name(user: &User) -> String {
    let parts = [user.first_name.as_deref(), user.last_name.as_deref()];
    let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The bytes of an entity, if it lies within the text.
fn bytes(text: &str, entity: &Entity) -> Option<(usize, usize)> {
    let at = |units: usize| {
        let mut counted = 0;
        for (byte, char) in text.char_indices() {
            if counted == units {
                return Some(byte);
            }
            counted += char.len_utf16();
        }
        (counted == units).then_some(text.len())
    };
    Some((at(entity.offset)?, at(entity.offset.checked_add(entity.length)?)?)).filter(|(start, end)| start <= end)
}

/// A text without these parts, and without the comma or colon that a name at its start leaves behind.
fn without(text: &str, mut parts: Vec<(usize, usize)>) -> String {
    if parts.is_empty() {
        return text.to_owned();
    }
    parts.sort_unstable();
    let mut rest = String::with_capacity(text.len());
    let mut from = 0;
    for (start, end) in parts {
        let before = text.get(from..start).unwrap_or_default();
        rest.push_str(if rest.ends_with(' ') || rest.is_empty() { before.trim_start_matches(' ') } else { before });
        from = end;
    }
    let after = &text[from..];
    rest.push_str(if rest.ends_with(' ') || rest.is_empty() { after.trim_start_matches(' ') } else { after });
    rest.trim_start_matches([',', ':', ' ', '\n']).trim_end().to_owned()
}

fn label<'k>(keyboard: &'k Keyboard, data: &str) -> Option<&'k str> {
    let mut buttons = keyboard.inline_keyboard.iter().flatten();
    buttons.find(|button| button.callback_data.as_deref() == Some(data)).map(|button| button.text.as_str())
}

/// `/name@to` at the start of a text.
struct Command<'t> {
    name: String,
    to: Option<&'t str>,
}

impl<'t> Command<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let word = text.strip_prefix('/')?.split(char::is_whitespace).next()?;
        let (name, to) = word.split_once('@').map_or((word, None), |(name, to)| (name, Some(to)));
        let valid =
            |text: &str| !text.is_empty() && text.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
        (valid(name) && to.is_none_or(valid)).then(|| Self { name: name.to_ascii_lowercase(), to })
    }

    fn is_ours(&self) -> bool {
        ["start", "help", "agent", "stop"].contains(&self.name.as_str())
    }
}

#[cfg(test)]
mod tests;
