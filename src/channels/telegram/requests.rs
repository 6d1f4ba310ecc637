//! What we send, as requests of the Bot API. Pure.

use serde::Serialize;
use serde_json::Value;
use teloxide::{
    payloads::{AnswerCallbackQuery, EditMessageReplyMarkup, SendChatAction, SendMessage, SetMessageReaction},
    requests::Payload,
    types::{
        CallbackQueryId, ChatAction, ChatId, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, MessageId,
        ParseMode, ReactionType, Recipient, ReplyMarkup, ReplyParameters, ThreadId,
    },
};

use super::{formatting, place::Place, updates};
use crate::{
    channels::{Parcel, Post},
    message::Choice,
};

/// The longest data of a button, in bytes.
const MAX_DATA: usize = 64;

/// Asks for updates. Ours, because teloxide's counts updates with 32 bits and reads all of a batch or nothing.
#[derive(Debug, Serialize)]
pub(super) struct GetUpdates {
    /// Everything before it is known to us and need not be kept any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    /// Seconds that the platform waits for something to happen.
    pub timeout: u64,
    pub allowed_updates: [&'static str; 4],
}

impl Payload for GetUpdates {
    type Output = Vec<Value>;
    const NAME: &'static str = "GetUpdates";
}

/// Has the platform call us. Ours, because teloxide's may carry a file and is made for forms.
#[derive(Debug, Serialize)]
pub(super) struct SetWebhook {
    pub url: String,
    pub secret_token: String,
    pub allowed_updates: [&'static str; 4],
}

impl Payload for SetWebhook {
    type Output = bool;
    const NAME: &'static str = "SetWebhook";
}

/// The message of a parcel.
pub(super) fn message(parcel: &Parcel, place: &Place) -> SendMessage {
    let mut request = text(place.chat, formatting::html(&parcel.message, place.public()));
    request.message_thread_id = topic(place);
    let answered = parcel.reply_to.as_deref().and_then(|id| id.parse().ok());
    request.reply_parameters = answered.map(MessageId).map(answering);
    request.reply_markup = keyboard(&parcel.message.choices);
    request
}

/// A post in a topic of the staff's forum.
pub(super) fn to_staff(post: &Post, chat: i64, topic: ThreadId) -> SendMessage {
    let mut request = text(chat, formatting::html(&post.message, true));
    request.message_thread_id = Some(topic);
    request.reply_parameters = post.answers.as_deref().and_then(number).map(answering);
    request
}

/// The number of a message in its chat, which ends the id that `updates.rs` gave it (but for what tells an edit from it).
pub(super) fn number(id: &str) -> Option<MessageId> {
    id.rsplit('/').next()?.split('@').next()?.parse().ok().map(MessageId)
}

fn text(to: i64, html: String) -> SendMessage {
    let mut request = SendMessage::new(chat(to), html);
    request.parse_mode = Some(ParseMode::Html);
    request.link_preview_options = Some(without_previews());
    request
}

/// Whoever wrote the message may have deleted it meanwhile: then the answer is an ordinary message.
fn answering(message: MessageId) -> ReplyParameters {
    ReplyParameters::new(message).allow_sending_without_reply()
}

fn without_previews() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}

/// The same message for the supergroup that its group became, where messages have new numbers.
pub(super) fn migrated(mut request: SendMessage, to: i64) -> SendMessage {
    request.chat_id = chat(to);
    request.message_thread_id = None;
    request.reply_parameters = None;
    request
}

/// The same message for the chat itself, whose topic is gone.
pub(super) fn without_topic(mut request: SendMessage) -> SendMessage {
    request.message_thread_id = None;
    request.reply_parameters = None;
    request
}

/// The sign below a message that something was done: of those that every chat allows.
pub(super) fn done(chat: i64, message: MessageId) -> SetMessageReaction {
    let mut request = SetMessageReaction::new(ChatId(chat), message);
    request.reaction = Some(vec![ReactionType::Emoji { emoji: "👍".to_owned() }]);
    request
}

/// "… is typing", for some seconds.
pub(super) fn typing(place: &Place) -> SendChatAction {
    let mut request = SendChatAction::new(chat(place.chat), ChatAction::Typing);
    request.message_thread_id = topic(place);
    request
}

/// Ends the waiting sign on a tapped button.
pub(super) fn answer(query: &str) -> AnswerCallbackQuery {
    AnswerCallbackQuery::new(CallbackQueryId(query.to_owned()))
}

/// Takes the buttons of a message away, if its number is one that can be.
pub(super) fn without_buttons((chat_id, message): (i64, i64)) -> Option<EditMessageReplyMarkup> {
    Some(EditMessageReplyMarkup::new(chat(chat_id), MessageId(i32::try_from(message).ok()?)))
}

fn chat(id: i64) -> Recipient {
    Recipient::Id(ChatId(id))
}

fn topic(place: &Place) -> Option<ThreadId> {
    Some(ThreadId(MessageId(i32::try_from(place.topic?).ok()?)))
}

/// One button below the other: labels are too long to stand side by side on a phone.
fn keyboard(choices: &[Choice]) -> Option<ReplyMarkup> {
    let button = |(index, choice): (usize, &Choice)| {
        vec![InlineKeyboardButton::callback(choice.label.clone(), data(index, &choice.id))]
    };
    // The platform takes no button without a label.
    let buttons: Vec<_> =
        choices.iter().enumerate().filter(|(_, choice)| !choice.label.trim().is_empty()).map(button).collect();
    (!buttons.is_empty()).then(|| ReplyMarkup::InlineKeyboard(InlineKeyboardMarkup::new(buttons)))
}

fn data(index: usize, id: &str) -> String {
    if id.is_empty() || id.len() > MAX_DATA || id.starts_with(updates::LABEL_ALONE) {
        return format!("{}{index}", updates::LABEL_ALONE);
    }
    id.to_owned()
}

#[cfg(test)]
#[expect(clippy::invisible_characters, reason = "the mark that keeps a name from calling anybody")]
mod tests {
    use super::*;
    use crate::{
        message::{Author, Outgoing, OutgoingId},
        reading::Language,
    };

    fn parcel(place: &str, reply_to: Option<&str>, choices: &[(&str, &str)]) -> Parcel {
        Parcel {
            id: OutgoingId::default(),
            piece: 0,
            place: place.into(),
            reply_to: reply_to.map(str::to_owned),
            follows: None,
            message: Outgoing {
                text: "Boil it for *one* minute, @all.".into(),
                short: None,
                choices: choices
                    .iter()
                    .map(|(id, label)| Choice { id: (*id).into(), label: (*label).into() })
                    .collect(),
                author: Author::Bot,
                language: Language::ENGLISH,
            },
        }
    }

    fn request(parcel: &Parcel) -> SendMessage {
        message(parcel, &parcel.place.parse().unwrap())
    }

    #[test]
    fn a_private_message_is_only_its_text_and_choices() {
        let long = "i".repeat(65);
        let choices =
            [("intent:water", "Is the water safe?"), (long.as_str(), "Too long an id"), ("#x", "Odd"), ("x", " ")];
        insta::assert_json_snapshot!(request(&parcel("7000000001", None, &choices)), @r##"
        {
          "chat_id": 7000000001,
          "text": "Boil it for <i>one</i> minute, @all.",
          "parse_mode": "HTML",
          "link_preview_options": {
            "is_disabled": true
          },
          "reply_markup": {
            "inline_keyboard": [
              [
                {
                  "text": "Is the water safe?",
                  "callback_data": "intent:water"
                }
              ],
              [
                {
                  "text": "Too long an id",
                  "callback_data": "#1"
                }
              ],
              [
                {
                  "text": "Odd",
                  "callback_data": "#2"
                }
              ]
            ]
          }
        }
        "##);
    }

    #[test]
    fn in_a_topic_of_a_group_it_answers_its_question_and_calls_nobody() {
        insta::assert_json_snapshot!(request(&parcel("-1001234567890:5@777", Some("42"), &[])), @r##"
        {
          "chat_id": -1001234567890,
          "text": "Boil it for <i>one</i> minute, @⁠all.",
          "message_thread_id": 5,
          "parse_mode": "HTML",
          "link_preview_options": {
            "is_disabled": true
          },
          "reply_parameters": {
            "message_id": 42,
            "allow_sending_without_reply": true
          }
        }
        "##);
    }

    #[test]
    fn a_group_that_became_a_supergroup_has_new_numbers() {
        insta::assert_json_snapshot!(migrated(request(&parcel("-5:9@777", Some("42"), &[])), -1_001_234_567_890), @r##"
        {
          "chat_id": -1001234567890,
          "text": "Boil it for <i>one</i> minute, @⁠all.",
          "parse_mode": "HTML",
          "link_preview_options": {
            "is_disabled": true
          }
        }
        "##);
    }

    #[test]
    fn the_small_requests_are_as_the_platform_wants_them() {
        let place = "-100:5@7".parse().unwrap();
        let requests = (typing(&place), answer("4711"), without_buttons((-100, 8)), without_buttons((1, i64::MAX)));
        insta::assert_json_snapshot!(requests, @r##"
        [
          {
            "chat_id": -100,
            "action": "typing",
            "message_thread_id": 5
          },
          {
            "callback_query_id": "4711"
          },
          {
            "chat_id": -100,
            "message_id": 8
          },
          null
        ]
        "##);
        let set =
            SetWebhook { url: "https://a.example/x".into(), secret_token: "s".into(), allowed_updates: updates::KINDS };
        insta::assert_json_snapshot!((GetUpdates { offset: None, timeout: 10, allowed_updates: updates::KINDS }, set), @r##"
        [
          {
            "timeout": 10,
            "allowed_updates": [
              "message",
              "edited_message",
              "callback_query",
              "my_chat_member"
            ]
          },
          {
            "url": "https://a.example/x",
            "secret_token": "s",
            "allowed_updates": [
              "message",
              "edited_message",
              "callback_query",
              "my_chat_member"
            ]
          }
        ]
        "##);
    }

    #[test]
    fn a_post_to_the_staff_lies_in_its_topic_and_calls_nobody() {
        let post = Post {
            thread: "5".into(),
            message: Outgoing {
                text: "**Customer** 07:44\n> \\@dana \\<b\\>  \n> two".into(),
                ..parcel("7", None, &[]).message
            },
            answers: Some("9001/-1001234567890/77".into()),
            mark: "r4711-0".into(),
        };
        let request = to_staff(&post, -1_001_234_567_890, ThreadId(MessageId(5)));
        insta::assert_json_snapshot!(request, @r#"
        {
          "chat_id": -1001234567890,
          "text": "<b>Customer</b> 07:44\n\n<blockquote>@⁠dana &#60;b&#62;\ntwo</blockquote>",
          "message_thread_id": 5,
          "parse_mode": "HTML",
          "link_preview_options": {
            "is_disabled": true
          },
          "reply_parameters": {
            "message_id": 77,
            "allow_sending_without_reply": true
          }
        }
        "#);
    }
}
