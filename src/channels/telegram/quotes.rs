//! Whose words a message brings along: forwarded, quoted, or those that it answers. Pure.

use serde_json::Value;

use super::{
    media::{MAX_NAME, attachments},
    updates::{author, name},
    wire::{Message, User},
};
use crate::message::{Quoted, Quotee};

/// Whose words came with a message of this customer; `bot` is who we are.
pub(super) fn quoted(message: &Message, bot: i64, customer: i64) -> Option<Quoted> {
    if let Some(origin) = message.rest.get("forward_origin") {
        return Some(Quoted::Forwarded { from: from(origin) });
    }
    // The part that they chose, where they chose one.
    let part =
        message.rest.get("quote").and_then(|quote| quote["text"].as_str()).filter(|text| !text.trim().is_empty());
    if let Some(answered) = &message.reply_to_message {
        let text = part.map_or_else(|| words(answered), |part| Some(part.to_owned()))?;
        let by = match (&answered.from, author(answered)) {
            (Some(from), _) if from.id == bot => Quotee::Us,
            (_, Some(author)) if author == customer => Quotee::Customer,
            (from, _) => {
                Quotee::Other(from.as_ref().map(name).filter(|name| !name.is_empty()).map(|name| short(&name)))
            }
        };
        return Some(Quoted::Answered { by, text });
    }
    // Of a message of another chat the platform tells no more than what was quoted.
    let origin = message.rest.get("external_reply").and_then(|reply| from(&reply["origin"]));
    Some(Quoted::Answered { by: Quotee::Other(origin), text: part?.to_owned() })
}

/// The words of a message, else what is in it; a message of the platform's own has neither.
fn words(message: &Message) -> Option<String> {
    let words = message.text.as_ref().or(message.caption.as_ref()).filter(|words| !words.trim().is_empty());
    words.cloned().or_else(|| {
        let named = attachments(&message.rest).into_iter().map(|media| format!("[{}]", media.name));
        Some(named.collect::<Vec<_>>().join(" ")).filter(|named| !named.is_empty())
    })
}

/// Who wrote first what was forwarded or quoted from elsewhere.
fn from(origin: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let person = |value: &Value| serde_json::from_value::<User>(value.clone()).ok().map(|user| name(&user));
    let named = person(&origin["sender_user"])
        .or_else(|| text(&origin["sender_user_name"]))
        .or_else(|| text(&origin["sender_chat"]["title"]))
        .or_else(|| text(&origin["chat"]["title"]));
    named.filter(|name| !name.trim().is_empty()).map(|name| short(&name))
}

fn short(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    const BOT: i64 = 9_001;

    fn person(id: i64, first_name: &str) -> Value {
        json!({ "id": id, "is_bot": id == BOT, "first_name": first_name })
    }

    fn wrote(id: i64, text: &str) -> Value {
        json!({ "reply_to_message": {
            "message_id": 1, "chat": { "id": -1, "type": "group" }, "from": person(id, "Ben"), "text": text,
        } })
    }

    #[allow(clippy::unnecessary_wraps)] // As it is compared with.
    fn answered(by: Quotee, text: &str) -> Option<Quoted> {
        Some(Quoted::Answered { by, text: text.into() })
    }

    #[allow(clippy::unnecessary_wraps)] // As it is compared with.
    fn forwarded(from: Option<&str>) -> Option<Quoted> {
        Some(Quoted::Forwarded { from: from.map(str::to_owned) })
    }

    #[rstest]
    #[case::nothing(json!({}), None)]
    #[case::of_a_person(json!({ "forward_origin": { "type": "user", "sender_user": person(8, "Ben") } }), forwarded(Some("Ben")))]
    #[case::of_somebody_hidden(json!({ "forward_origin": { "type": "hidden_user", "sender_user_name": "B." } }), forwarded(Some("B.")))]
    #[case::of_a_channel(json!({ "forward_origin": { "type": "channel", "chat": { "title": "City" } } }), forwarded(Some("City")))]
    #[case::of_a_kind_of_later(json!({ "forward_origin": { "type": "brand_new" } }), forwarded(None))]
    #[case::of_nonsense(json!({ "forward_origin": 5 }), forwarded(None))]
    #[case::our_answer(wrote(BOT, "Boil it."), answered(Quotee::Us, "Boil it."))]
    #[case::their_own(wrote(7, "I smell gas"), answered(Quotee::Customer, "I smell gas"))]
    #[case::a_neighbours(wrote(8, "I smell gas"), answered(Quotee::Other(Some("Ben".into())), "I smell gas"))]
    #[case::from_elsewhere(
        json!({ "external_reply": { "origin": { "type": "user", "sender_user": person(8, "Ben") } }, "quote": { "text": "gas!" } }),
        answered(Quotee::Other(Some("Ben".into())), "gas!")
    )]
    #[case::a_picture(
        json!({ "reply_to_message": { "message_id": 1, "chat": { "id": 7, "type": "private" }, "photo": [], "from": person(8, "Ben") } }),
        answered(Quotee::Other(Some("Ben".into())), "[photo]")
    )]
    #[case::the_start_of_a_topic(
        json!({ "reply_to_message": { "message_id": 1, "chat": { "id": -1, "type": "supergroup" }, "from": person(BOT, "H"), "forum_topic_created": {} } }),
        None
    )]
    fn whose_words_came_along_is_told(#[case] mut parts: Value, #[case] expected: Option<Quoted>) {
        parts["message_id"] = 2.into();
        parts["chat"] = json!({ "id": 7, "type": "private" });
        let message: Message = serde_json::from_value(parts).unwrap();
        assert_eq!(quoted(&message, BOT, 7), expected);
    }

    #[test]
    fn a_part_that_was_chosen_stands_for_the_whole() {
        let mut parts = wrote(8, "We are fine. I smell gas. Bye.");
        parts["quote"] = json!({ "text": "I smell gas." });
        parts["message_id"] = 2.into();
        parts["chat"] = json!({ "id": 7, "type": "private" });
        let message: Message = serde_json::from_value(parts).unwrap();
        assert_eq!(quoted(&message, BOT, 7), answered(Quotee::Other(Some("Ben".into())), "I smell gas."));
    }
}
