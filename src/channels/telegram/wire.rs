//! What Telegram tells us, as far as we read it.
//!
//! Types of our own, and not teloxide's: there a message with one part that the crate does not know yet (a new kind of entity, say)
//! becomes an empty message without an error, an update id above 32 bits fails, and an entity that is off by one panics. A customer's words
//! must not be lost to any of these, so only what is needed is read, and all that can be missing may be.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};

#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub id: i64,
    #[serde(default)]
    pub is_bot: bool,
    pub username: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    #[serde(default)]
    pub can_connect_to_business: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Chat {
    pub id: i64,
    #[serde(rename = "type", default)]
    pub kind: String,
}

#[derive(Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the platform's names")]
pub(super) struct Message {
    pub message_id: i64,
    pub message_thread_id: Option<i64>,
    #[serde(default)]
    pub is_topic_message: bool,
    #[serde(default)]
    pub is_automatic_forward: bool,
    /// Unix time.
    #[serde(default)]
    pub date: i64,
    /// Unix time of the last change.
    pub edit_date: Option<i64>,
    pub chat: Chat,
    #[serde(default, deserialize_with = "if_known")]
    pub from: Option<User>,
    /// Set where somebody writes in the name of a chat, such as an anonymous admin.
    #[serde(default, deserialize_with = "if_known")]
    pub sender_chat: Option<Chat>,
    pub text: Option<String>,
    pub caption: Option<String>,
    #[serde(default, deserialize_with = "if_known")]
    pub entities: Option<Vec<Entity>>,
    #[serde(default, deserialize_with = "if_known")]
    pub caption_entities: Option<Vec<Entity>>,
    #[serde(default, deserialize_with = "if_known")]
    pub reply_to_message: Option<Box<Message>>,
    #[serde(default, deserialize_with = "if_known")]
    pub reply_markup: Option<Keyboard>,
    /// Media and all that is new.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A part of a text with a meaning, counted in UTF-16 units.
#[derive(Debug, Deserialize)]
pub(super) struct Entity {
    #[serde(rename = "type")]
    pub kind: String,
    pub offset: usize,
    pub length: usize,
    #[serde(default, deserialize_with = "if_known")]
    pub user: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Keyboard {
    #[serde(default)]
    pub inline_keyboard: Vec<Vec<Button>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Button {
    #[serde(default)]
    pub text: String,
    pub callback_data: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CallbackQuery {
    pub id: String,
    pub from: User,
    #[serde(default, deserialize_with = "if_known")]
    pub message: Option<Message>,
    pub data: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ChatMemberUpdated {
    pub chat: Chat,
    /// Unix time.
    #[serde(default)]
    pub date: i64,
    pub new_chat_member: ChatMember,
}

#[derive(Debug, Deserialize)]
pub(super) struct ChatMember {
    pub status: String,
}

/// How the platform calls us, if it does.
#[derive(Debug, Deserialize)]
pub(super) struct WebhookInfo {
    #[serde(default)]
    pub url: String,
    /// Unix time of the last call that failed.
    pub last_error_date: Option<i64>,
    pub last_error_message: Option<String>,
}

/// A part that is left out when it has a form that we do not know.
fn if_known<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with_a_new_entity() -> Value {
        json!({
            "message_id": 1, "date": 1, "chat": { "id": 7, "type": "private" }, "text": "help",
            "from": { "id": 7, "is_bot": false, "first_name": "A" },
            "entities": [{ "type": "brand_new", "offset": 0, "length": 4 }],
            "sender_chat": "not an object at all",
        })
    }

    #[test]
    fn a_part_that_we_do_not_know_costs_no_words() {
        let message: Message = serde_json::from_value(with_a_new_entity()).unwrap();
        assert_eq!(message.text.as_deref(), Some("help"));
        assert!(message.sender_chat.is_none());
    }

    /// Why these types are ours. When this fails, teloxide's may do.
    #[test]
    fn teloxide_loses_the_words_beside_an_entity_that_it_does_not_know() {
        let mut message = with_a_new_entity();
        message.as_object_mut().unwrap().remove("sender_chat");
        let message: teloxide::types::Message = serde_json::from_value(message).unwrap();
        assert_eq!(message.text(), None);
    }
}
