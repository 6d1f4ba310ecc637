//! What Discord tells us as what it means to us. Pure.

use jiff::Timestamp;
use serenity::all::{
    ActionRowComponent, Attachment as File, ButtonKind, ChannelId, CommandDataOptionValue, CommandInteraction,
    ComponentInteraction, ComponentInteractionDataKind, Event, GuildId, Interaction, InteractionContext, InteractionId,
    Message, MessageFlags, MessageId, MessageType, MessageUpdateEvent, StickerItem, User, UserId,
};

use super::{
    Discord,
    places::{Place, ReplyTo},
    requests::ButtonId,
};
use crate::message::{Attachment, Choice, Edit, Incoming, StaffMessage};

/// What happened on the platform, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Happening {
    /// A customer wrote, or changed what they wrote.
    Said(Incoming),
    /// A customer used a command or a button; the platform waits for a word from us.
    Asked { incoming: Incoming, acknowledge: Acknowledge },
    /// Messages were deleted.
    Deleted(Vec<String>),
}

/// How an interaction is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Acknowledge {
    pub(super) interaction: InteractionId,
    pub(super) token: String,
    pub(super) how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// A command: "is thinking", until the answer takes its place.
    Thinking { privately: bool },
    /// A button whose customer tapped it: the buttons go.
    ButtonsGone,
    /// A button that was meant for someone else: it stays for them.
    Seen,
}

/// What an event means. `me` is our own account. `None`: nothing to us.
pub(super) fn read(event: &Event, me: UserId, now: Timestamp) -> Option<Happening> {
    match event {
        Event::MessageCreate(event) => message(&event.message, event.message.guild_id.is_some(), me, now),
        Event::MessageUpdate(event) => edit(event, me, now),
        Event::MessageDelete(event) => Some(Happening::Deleted(vec![event.message_id.to_string()])),
        Event::MessageDeleteBulk(event) => {
            Some(Happening::Deleted(event.ids.iter().map(ToString::to_string).collect()))
        }
        Event::InteractionCreate(event) => match &event.interaction {
            Interaction::Command(command) => Some(asked(command, now)),
            Interaction::Component(component) => tapped(component, now),
            _ => None,
        },
        _ => None,
    }
}

/// The channel of a message in a server, written or edited.
pub(super) fn in_server(event: &Event) -> Option<ChannelId> {
    match event {
        Event::MessageCreate(event) => event.message.guild_id.map(|_| event.message.channel_id),
        Event::MessageUpdate(event) => event.guild_id.map(|_| event.channel_id),
        _ => None,
    }
}

/// What one of the staff wrote or changed, in the staff's channel or a thread of it.
pub(super) fn staff(event: &Event, me: UserId) -> Option<StaffMessage> {
    match event {
        Event::MessageCreate(event) => staff_message(&event.message, me),
        Event::MessageUpdate(event) => {
            let edited = event.edited_timestamp?;
            let author = event.author.as_ref().filter(|author| is_person(author, me))?;
            let original = event.id.to_string();
            Some(StaffMessage {
                thread: event.channel_id.to_string(),
                message_id: format!("{original}@{}", millis(edited)),
                edits: Some(original),
                author: author.display_name().to_owned(),
                text: event.content.clone()?,
                files: false,
            })
        }
        _ => None,
    }
}

/// What one of the staff wrote, from the gateway or from a thread's history. They are known by the name of their account: history does not
/// tell what they are called in the server.
pub(super) fn staff_message(message: &Message, me: UserId) -> Option<StaffMessage> {
    if !is_person(&message.author, me)
        || message.webhook_id.is_some()
        || !matches!(message.kind, MessageType::Regular | MessageType::InlineReply)
    {
        return None;
    }
    Some(StaffMessage {
        thread: message.channel_id.to_string(),
        message_id: message.id.to_string(),
        edits: None,
        author: message.author.display_name().to_owned(),
        text: plain(&message.content, me, &message.mentions),
        files: !message.attachments.is_empty()
            || !message.sticker_items.is_empty()
            || !message.message_snapshots.is_empty()
            || message.poll.is_some(),
    })
}

fn is_person(user: &User, me: UserId) -> bool {
    !(user.bot || user.system || user.id == me)
}

/// What a message means, from the gateway or from a channel's history (which does not say whether it is a server's).
pub(super) fn message(message: &Message, in_server: bool, me: UserId, now: Timestamp) -> Option<Happening> {
    let mut attachments = named(&message.attachments, &message.sticker_items);
    if message.poll.is_some() {
        attachments.push(attachment("a poll"));
    }
    for forwarded in &message.message_snapshots {
        attachments.push(attachment("a forwarded message"));
        attachments.extend(named(&forwarded.attachments, &forwarded.sticker_items));
    }
    let words = Words {
        id: message.id,
        channel: message.channel_id,
        in_server,
        author: &message.author,
        by_webhook: message.webhook_id.is_some(),
        kind: message.kind,
        content: &message.content,
        mentions: &message.mentions,
        answers: message.referenced_message.as_ref().map(|message| message.author.id),
        attachments,
    };
    words.incoming(me, now).map(Happening::Said)
}

fn edit(event: &MessageUpdateEvent, me: UserId, now: Timestamp) -> Option<Happening> {
    // Without this time it is not the customer who changed something: a preview was added, a message pinned.
    let edited = event.edited_timestamp?;
    let words = Words {
        id: event.id,
        channel: event.channel_id,
        in_server: event.guild_id.is_some(),
        author: event.author.as_ref()?,
        by_webhook: event.webhook_id.flatten().is_some(),
        kind: event.kind.unwrap_or(MessageType::Regular),
        content: event.content.as_ref()?,
        mentions: event.mentions.as_deref().unwrap_or_default(),
        answers: event.referenced_message.as_ref().and_then(Option::as_ref).map(|message| message.author.id),
        attachments: named(
            event.attachments.as_deref().unwrap_or_default(),
            event.sticker_items.as_deref().unwrap_or_default(),
        ),
    };
    let mut incoming = words.incoming(me, now)?;
    incoming.message_id = format!("{}@{}", event.id, millis(edited));
    incoming.edits = Some(Edit { of: event.id.to_string(), version: millis(edited).cast_signed() });
    Some(Happening::Said(incoming))
}

/// A moment of Discord's in milliseconds since 1970.
pub(super) fn millis(at: serenity::model::Timestamp) -> u64 {
    u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}

/// A message or its new wording.
struct Words<'m> {
    id: MessageId,
    channel: ChannelId,
    in_server: bool,
    author: &'m User,
    by_webhook: bool,
    kind: MessageType,
    content: &'m str,
    mentions: &'m [User],
    /// Who wrote the message that this one replies to.
    answers: Option<UserId>,
    attachments: Vec<Attachment>,
}

impl Words<'_> {
    fn incoming(self, me: UserId, now: Timestamp) -> Option<Incoming> {
        let by_customer = is_person(self.author, me)
            && !self.by_webhook
            && matches!(self.kind, MessageType::Regular | MessageType::InlineReply);
        let named_us = self.mentions.iter().any(|user| user.id == me);
        let to_us = !self.in_server || named_us || self.answers == Some(me);
        if !by_customer || !to_us {
            return None;
        }
        let mut attachments = self.attachments;
        if self.content.is_empty() && attachments.is_empty() {
            // In a server Discord shows us the words of a reply only if it mentions us.
            attachments.push(attachment(if self.in_server && !named_us {
                "a reply that does not mention us, so that Discord hides its words"
            } else {
                "a message without words"
            }));
        }
        let place = if self.in_server {
            Place::Shared { channel: self.channel, user: self.author.id }
        } else {
            Place::Direct(self.channel)
        };
        Some(Incoming {
            channel: Discord::NAME.to_owned(),
            message_id: self.id.to_string(),
            edits: None,
            reply_to: self.in_server.then(|| ReplyTo::Message(self.id).to_string()),
            place: place.to_string(),
            contact: self.author.id.to_string(),
            public: self.in_server,
            text: plain(self.content, me, self.mentions),
            quoted: None,
            choice: None,
            stop: false,
            attachments,
            received_at: now,
        })
    }
}

fn asked(command: &CommandInteraction, now: Timestamp) -> Happening {
    let question = command.data.options.iter().find_map(|option| match &option.value {
        CommandDataOptionValue::String(text) => Some(text.trim()),
        _ => None,
    });
    let question = question.filter(|question| !question.is_empty());
    let place = place_of(command.guild_id, command.context, command.channel_id, &command.user, true);
    let privately = matches!(place, Place::Private(_));
    let reply_to =
        ReplyTo::Interaction { id: command.id, application: command.application_id, token: command.token.clone() };
    Happening::Asked {
        incoming: Incoming {
            channel: Discord::NAME.to_owned(),
            message_id: format!("interaction/{}", command.id),
            edits: None,
            reply_to: Some(reply_to.to_string()),
            place: place.to_string(),
            contact: command.user.id.to_string(),
            public: false,
            text: question.unwrap_or(&command.data.name).to_owned(),
            quoted: None,
            choice: question.is_none().then(|| Choice::HELP.to_owned()),
            stop: false,
            attachments: Vec::new(),
            received_at: now,
        },
        acknowledge: Acknowledge {
            interaction: command.id,
            token: command.token.clone(),
            how: How::Thinking { privately },
        },
    }
}

fn tapped(component: &ComponentInteraction, now: Timestamp) -> Option<Happening> {
    if !matches!(component.data.kind, ComponentInteractionDataKind::Button) {
        return None;
    }
    let message = &component.message;
    let for_one = message.flags.is_some_and(|flags| flags.contains(MessageFlags::EPHEMERAL));
    let place = place_of(component.guild_id, component.context, component.channel_id, &component.user, for_one);
    let button = ButtonId::parse(&component.data.custom_id);
    let label = label(message, &component.data.custom_id);
    let mine = button.owner.is_none_or(|owner| owner == component.user.id);
    let reply_to = match place {
        Place::Direct(_) => None,
        Place::Shared { .. } => Some(ReplyTo::Message(message.id)),
        Place::Private(_) => Some(ReplyTo::Interaction {
            id: component.id,
            application: component.application_id,
            token: component.token.clone(),
        }),
    };
    let text = label.or(button.choice.clone()).unwrap_or_default();
    Some(Happening::Asked {
        incoming: Incoming {
            channel: Discord::NAME.to_owned(),
            message_id: format!("interaction/{}", component.id),
            edits: None,
            reply_to: reply_to.map(|reply_to| reply_to.to_string()),
            place: place.to_string(),
            contact: component.user.id.to_string(),
            public: matches!(place, Place::Shared { .. }),
            text,
            quoted: None,
            choice: button.choice,
            stop: false,
            attachments: Vec::new(),
            received_at: now,
        },
        acknowledge: Acknowledge {
            interaction: component.id,
            token: component.token.clone(),
            how: if mine { How::ButtonsGone } else { How::Seen },
        },
    })
}

/// Where a command or button was used: in a server it is seen by all or, where `for_one`, by this customer alone.
fn place_of(
    server: Option<GuildId>,
    context: Option<InteractionContext>,
    channel: ChannelId,
    user: &User,
    for_one: bool,
) -> Place {
    // In a chat between other people we can answer nothing but the command itself.
    let between_others = context == Some(InteractionContext::PrivateChannel);
    match server {
        None if !between_others => Place::Direct(channel),
        Some(_) if !for_one => Place::Shared { channel, user: user.id },
        _ => Place::Private(user.id),
    }
}

/// What stands on a button of our message.
fn label(message: &Message, custom_id: &str) -> Option<String> {
    message.components.iter().flat_map(|row| &row.components).find_map(|component| match component {
        ActionRowComponent::Button(button) => match &button.data {
            ButtonKind::NonLink { custom_id: id, .. } if id == custom_id => button.label.clone(),
            _ => None,
        },
        _ => None,
    })
}

fn named(files: &[File], stickers: &[StickerItem]) -> Vec<Attachment> {
    let files =
        files.iter().map(|file| Attachment { name: file.filename.clone(), media_type: file.content_type.clone() });
    let stickers = stickers.iter().map(|sticker| attachment(&format!("sticker {}", sticker.name)));
    files.chain(stickers).collect()
}

fn attachment(name: &str) -> Attachment {
    Attachment { name: name.to_owned(), media_type: None }
}

/// The words without our own mention; other mentions and emoji as the customer sees them.
fn plain(content: &str, me: UserId, mentions: &[User]) -> String {
    let mut text = String::with_capacity(content.len());
    let mut rest = content;
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let Some((code, shown)) = from.find('>').and_then(|end| Some((&from[..=end], shown(&from[1..end], mentions)?)))
        else {
            text.push('<');
            rest = &from[1..];
            continue;
        };
        rest = &from[code.len()..];
        if user_in(&code[1..code.len() - 1]) == Some(me) {
            // "<@1>, is it safe?": the comma belonged to the address.
            let after = rest.trim_start_matches([' ', ',', ':']);
            rest = if text.trim().is_empty() { after } else { rest };
        } else {
            text.push_str(&shown);
        }
    }
    text.push_str(rest);
    text.trim().to_owned()
}

/// What Discord shows for a code such as `@123` or `:wave:456`; `None` if it is none.
fn shown(code: &str, mentions: &[User]) -> Option<String> {
    if let Some(id) = user_in(code) {
        let user = mentions.iter().find(|user| user.id == id);
        return Some(user.map_or_else(|| "@someone".to_owned(), |user| format!("@{}", user.display_name())));
    }
    let emoji = code.strip_prefix('a').unwrap_or(code).strip_prefix(':')?;
    let (name, id) = emoji.split_once(':')?;
    let is_emoji =
        id.parse::<u64>().is_ok() && !name.is_empty() && name.chars().all(|char| char.is_alphanumeric() || char == '_');
    is_emoji.then(|| format!(":{name}:"))
}

fn user_in(code: &str) -> Option<UserId> {
    let id = code.strip_prefix('@')?;
    id.strip_prefix('!').unwrap_or(id).parse::<std::num::NonZeroU64>().ok().map(UserId::from)
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "tables read better with `json!` in place")]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    const ME: u64 = 1_146_812_345_678_901_234;
    const ADA: u64 = 80_351_110_224_678_912;

    fn user(id: u64, more: Value) -> Value {
        let user = json!({ "id": id.to_string(), "username": "ada", "discriminator": "0", "global_name": "Ada", "avatar": null });
        merged(user, more)
    }

    fn merged(mut base: Value, more: Value) -> Value {
        if let (Some(base), Value::Object(more)) = (base.as_object_mut(), more) {
            base.extend(more);
        }
        base
    }

    /// A direct message as the gateway tells it, with changes.
    fn written(more: Value) -> Value {
        let message = json!({
            "type": 0, "tts": false, "timestamp": "2026-11-20T10:00:00.123000+00:00", "pinned": false, "nonce": "1",
            "mentions": [], "mention_roles": [], "mention_everyone": false, "id": "1440000000000000001", "flags": 0,
            "embeds": [], "edited_timestamp": null, "content": "is it safe?", "components": [],
            "channel_id": "1430000000000000001", "channel_type": 1, "author": user(ADA, json!({})), "attachments": [],
        });
        merged(message, more)
    }

    fn happening(kind: &str, data: Value) -> Option<Happening> {
        let event: Event = serde_json::from_value(json!({ "t": kind, "d": data })).unwrap();
        read(&event, UserId::new(ME), Timestamp::UNIX_EPOCH)
    }

    fn said(kind: &str, data: Value) -> Option<Incoming> {
        match happening(kind, data)? {
            Happening::Said(incoming) => Some(incoming),
            other => panic!("{other:?}"),
        }
    }

    const SERVER: &str = "1099999999999999999";

    #[test]
    fn a_direct_message_is_for_us() {
        insta::assert_debug_snapshot!(said("MESSAGE_CREATE", written(json!({}))), @r##"
        Some(
            Incoming {
                channel: "discord",
                message_id: "1440000000000000001",
                edits: None,
                reply_to: None,
                place: "1430000000000000001",
                contact: "80351110224678912",
                public: false,
                text: "is it safe?",
                quoted: None,
                choice: None,
                stop: false,
                attachments: [],
                received_at: 1970-01-01T00:00:00Z,
            },
        )
        "##);
    }

    #[test]
    fn a_mention_in_a_server_is_for_us_and_stays_with_its_customer() {
        let mention = json!({
            "guild_id": SERVER, "content": format!("<@{ME}>, is <@7> safe? <:wave:12> <3"),
            "mentions": [user(ME, json!({ "bot": true })), user(7, json!({ "global_name": "Ben" }))],
        });
        insta::assert_debug_snapshot!(said("MESSAGE_CREATE", written(mention)), @r##"
        Some(
            Incoming {
                channel: "discord",
                message_id: "1440000000000000001",
                edits: None,
                reply_to: Some(
                    "message/1440000000000000001",
                ),
                place: "1430000000000000001/80351110224678912",
                contact: "80351110224678912",
                public: true,
                text: "is @Ben safe? :wave: <3",
                quoted: None,
                choice: None,
                stop: false,
                attachments: [],
                received_at: 1970-01-01T00:00:00Z,
            },
        )
        "##);
    }

    #[rstest]
    #[case::by_a_bot(json!({ "author": { "id": "5", "username": "b", "bot": true } }))]
    #[case::by_ourselves(json!({ "author": { "id": ME.to_string(), "username": "us" } }))]
    #[case::by_a_webhook(json!({ "webhook_id": "5" }))]
    #[case::by_discord(json!({ "author": { "id": "643945264868098049", "username": "Discord", "system": true } }))]
    #[case::that_someone_joined(json!({ "type": 7, "guild_id": SERVER }))]
    #[case::that_someone_pinned(json!({ "type": 6 }))]
    #[case::of_a_kind_nobody_knows(json!({ "type": 250 }))]
    #[case::to_others(json!({ "guild_id": SERVER }))]
    #[case::to_all(json!({ "guild_id": SERVER, "mention_everyone": true, "content": "@everyone" }))]
    #[case::to_another(json!({ "guild_id": SERVER, "mentions": [user(7, json!({}))], "content": "<@7>" }))]
    fn a_message_is_ignored(#[case] more: Value) {
        assert_eq!(happening("MESSAGE_CREATE", written(more)), None);
    }

    #[test]
    fn a_reply_to_us_counts_and_says_so_where_discord_hides_its_words() {
        let ours = written(json!({ "author": user(ME, json!({ "bot": true })) }));
        let reply = |content: &str, mentions: Value| {
            let more = json!({
                "type": 19, "guild_id": SERVER, "content": content, "mentions": mentions, "referenced_message": ours,
            });
            said("MESSAGE_CREATE", written(more)).unwrap()
        };
        let shown = reply("and now?", json!([user(ME, json!({ "bot": true }))]));
        assert_eq!((shown.text.as_str(), shown.attachments.len()), ("and now?", 0));
        let hidden = reply("", json!([]));
        assert!(hidden.text.is_empty() && hidden.attachments[0].name.contains("hides"), "{hidden:?}");
    }

    #[test]
    fn what_comes_with_the_words_is_named() {
        let file = json!({
            "id": "1", "filename": "meter 🔥.jpg", "size": 7, "url": "https://x/", "proxy_url": "https://x/",
            "content_type": "image/jpeg",
        });
        let sticker = json!({ "id": "2", "name": "Wave", "format_type": 1 });
        let incoming = said(
            "MESSAGE_CREATE",
            written(json!({ "content": "", "attachments": [file], "sticker_items": [sticker] })),
        );
        let named: Vec<_> = incoming.unwrap().attachments.into_iter().map(|it| (it.name, it.media_type)).collect();
        let expected = [("meter 🔥.jpg".to_owned(), Some("image/jpeg".to_owned())), ("sticker Wave".to_owned(), None)];
        assert_eq!(named, expected);
    }

    #[test]
    fn an_edit_has_an_id_of_its_own_and_a_preview_is_no_edit() {
        let edit = json!({ "content": "is it safe now?", "edited_timestamp": "2026-11-20T10:00:05.000000+00:00" });
        let incoming = said("MESSAGE_UPDATE", written(edit)).unwrap();
        assert_eq!(incoming.message_id, "1440000000000000001@1795168805000");
        assert_eq!(incoming.edits, Some(Edit { of: "1440000000000000001".into(), version: 1_795_168_805_000 }));
        assert_eq!(happening("MESSAGE_UPDATE", written(json!({}))), None);
        let bare = json!({ "id": "1", "channel_id": "2", "embeds": [] });
        assert_eq!(happening("MESSAGE_UPDATE", bare), None);
    }

    #[test]
    fn deletions_name_their_messages() {
        let deleted = happening("MESSAGE_DELETE", json!({ "id": "18446744073709551615", "channel_id": "2" }));
        assert_eq!(deleted, Some(Happening::Deleted(vec!["18446744073709551615".to_owned()])));
        let bulk = happening("MESSAGE_DELETE_BULK", json!({ "ids": ["3", "4"], "channel_id": "2", "guild_id": "5" }));
        assert_eq!(bulk, Some(Happening::Deleted(vec!["3".to_owned(), "4".to_owned()])));
    }

    #[rstest]
    #[case("TYPING_START", json!({ "channel_id": "1", "user_id": "2", "timestamp": 1 }))]
    #[case("SOMETHING_NEW", json!({ "what": [1, { "x": null }] }))]
    fn other_events_are_nothing_to_us(#[case] kind: &str, #[case] data: Value) {
        assert_eq!(happening(kind, data), None);
    }

    /// An interaction as the gateway tells it; `more` says in which chat.
    fn interaction(kind: u8, data: Value, more: Value) -> Value {
        let interaction = json!({
            "version": 1, "type": kind, "token": "a-token", "locale": "en-US", "id": "1440000000000000009",
            "entitlements": [], "data": data, "channel_id": "1430000000000000001", "attachment_size_limit": 10_485_760,
            "authorizing_integration_owners": {}, "application_id": ME.to_string(), "app_permissions": "442368",
        });
        merged(interaction, more)
    }

    fn in_server() -> Value {
        let member = json!({
            "user": user(ADA, json!({})), "roles": [], "nick": null, "avatar": null, "deaf": false, "mute": false,
            "joined_at": "2024-05-01T12:00:00.000000+00:00", "flags": 0, "pending": false, "permissions": "442368",
        });
        json!({ "guild_id": SERVER, "guild_locale": "en-US", "context": 0, "member": member })
    }

    fn in_direct_chat() -> Value {
        json!({ "context": 1, "user": user(ADA, json!({})) })
    }

    fn ask(question: &str) -> Value {
        json!({ "id": "9", "name": "ask", "type": 1, "options": [{ "name": "question", "type": 3, "value": question }] })
    }

    fn asked(data: Value) -> (Incoming, Acknowledge) {
        match happening("INTERACTION_CREATE", data) {
            Some(Happening::Asked { incoming, acknowledge }) => (incoming, acknowledge),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_command_in_a_server_is_between_us_and_its_customer() {
        insta::assert_debug_snapshot!(asked(interaction(2, ask(" is it safe? "), in_server())), @r##"
        (
            Incoming {
                channel: "discord",
                message_id: "interaction/1440000000000000009",
                edits: None,
                reply_to: Some(
                    "interaction/1440000000000000009/1146812345678901234/a-token",
                ),
                place: "private/80351110224678912",
                contact: "80351110224678912",
                public: false,
                text: "is it safe?",
                quoted: None,
                choice: None,
                stop: false,
                attachments: [],
                received_at: 1970-01-01T00:00:00Z,
            },
            Acknowledge {
                interaction: InteractionId(
                    1440000000000000009,
                ),
                token: "a-token",
                how: Thinking {
                    privately: true,
                },
            },
        )
        "##);
    }

    #[test]
    fn a_command_in_a_direct_chat_belongs_to_that_chat() {
        let (incoming, acknowledge) = asked(interaction(2, ask("is it safe?"), in_direct_chat()));
        assert_eq!(incoming.place, "1430000000000000001");
        assert_eq!(acknowledge.how, How::Thinking { privately: false });
    }

    #[test]
    fn a_command_without_a_question_asks_for_help() {
        let (incoming, _) = asked(interaction(2, json!({ "id": "9", "name": "help", "type": 1 }), in_direct_chat()));
        assert_eq!((incoming.text.as_str(), incoming.choice.as_deref()), ("help", Some(Choice::HELP)));
    }

    fn tap(custom_id: &str, flags: u64, more: Value) -> (Incoming, Acknowledge) {
        let row = json!([{ "type": 1, "components": [{ "type": 2, "style": 1, "label": "Refunds 💶", "custom_id": custom_id }] }]);
        let author = user(ME, json!({ "bot": true }));
        let ours = written(json!({ "author": author, "components": row, "flags": flags }));
        let data = json!({ "custom_id": custom_id, "component_type": 2 });
        asked(interaction(3, data, merged(more, json!({ "message": ours }))))
    }

    #[test]
    fn a_button_is_its_choice_and_what_stands_on_it() {
        let (incoming, acknowledge) = tap("/choice/refund_status", 0, in_direct_chat());
        assert_eq!((incoming.text.as_str(), incoming.choice.as_deref()), ("Refunds 💶", Some("refund_status")));
        assert_eq!((incoming.reply_to, acknowledge.how), (None, How::ButtonsGone));

        let (incoming, _) = tap("/label/3", 0, in_direct_chat());
        assert_eq!((incoming.text.as_str(), incoming.choice), ("Refunds 💶", None));
    }

    #[test]
    fn a_button_in_a_channel_stays_for_its_owner() {
        let mine = format!("{ADA}/choice/person");
        let (incoming, acknowledge) = tap(&mine, 0, in_server());
        assert_eq!(incoming.place, format!("1430000000000000001/{ADA}"));
        assert_eq!((incoming.public, acknowledge.how), (true, How::ButtonsGone));
        let (_, acknowledge) = tap("7/choice/person", 0, in_server());
        assert_eq!(acknowledge.how, How::Seen);
    }

    #[test]
    fn a_button_that_one_customer_sees_is_answered_for_them_alone() {
        let (incoming, _) = tap("/choice/person", 64, in_server());
        assert_eq!(incoming.place, format!("private/{ADA}"));
        assert_eq!(incoming.reply_to, Some(format!("interaction/1440000000000000009/{ME}/a-token")));
        assert!(!incoming.public);
    }

    fn by_staff(kind: &str, more: Value) -> Option<StaffMessage> {
        let event: Event =
            serde_json::from_value(json!({ "t": kind, "d": written(merged(json!({ "guild_id": SERVER }), more)) }))
                .unwrap();
        assert_eq!(super::in_server(&event), Some(ChannelId::new(1_430_000_000_000_000_001)));
        staff(&event, UserId::new(ME))
    }

    #[test]
    fn staff_write_to_a_customer_by_the_name_of_their_account() {
        let expected = StaffMessage {
            thread: "1430000000000000001".into(),
            message_id: "1440000000000000001".into(),
            edits: None,
            author: "Ada".into(),
            text: "is it safe?".into(),
            files: false,
        };
        let member = json!({ "member": { "nick": "Boss", "roles": [], "deaf": false, "mute": false, "flags": 0 } });
        assert_eq!(by_staff("MESSAGE_CREATE", member), Some(expected.clone()));
        let edited = by_staff("MESSAGE_UPDATE", json!({ "edited_timestamp": "2026-11-20T10:00:01.500000+00:00" }));
        let changed = StaffMessage {
            message_id: "1440000000000000001@1795168801500".into(),
            edits: Some(expected.message_id.clone()),
            ..expected
        };
        assert_eq!(edited, Some(changed));
    }

    #[rstest]
    #[case::bot("MESSAGE_CREATE", json!({ "author": user(5, json!({ "bot": true })) }))]
    #[case::ourselves("MESSAGE_CREATE", json!({ "author": user(ME, json!({})) }))]
    #[case::webhook("MESSAGE_CREATE", json!({ "webhook_id": "5" }))]
    #[case::thread_renamed("MESSAGE_CREATE", json!({ "type": 4 }))]
    #[case::thread_opened("MESSAGE_CREATE", json!({ "type": 18 }))]
    #[case::preview_added("MESSAGE_UPDATE", json!({}))]
    fn what_no_person_wrote_is_for_nobody(#[case] kind: &str, #[case] more: Value) {
        assert_eq!(by_staff(kind, more), None);
    }
}
