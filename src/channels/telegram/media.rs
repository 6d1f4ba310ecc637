//! What comes with the words: named to agents, never opened.

use serde_json::{Map, Value};

use crate::message::Attachment;

/// The longest name that is kept, in characters.
pub(super) const MAX_NAME: usize = 120;

/// The attachments of a message.
pub(super) fn attachments(message: &Map<String, Value>) -> Vec<Attachment> {
    let has = |kind: &str| message.contains_key(kind);
    message
        .iter()
        // An animation is repeated as a document and a venue as a location, for old clients.
        .filter(|(kind, _)| !(*kind == "document" && has("animation") || *kind == "location" && has("venue")))
        .filter_map(|(kind, media)| attachment(kind, media))
        .collect()
}

fn attachment(kind: &str, media: &Value) -> Option<Attachment> {
    let text = |key: &str| media[key].as_str().filter(|text| !text.trim().is_empty());
    let named = |name: &str| text("file_name").or(text("title")).unwrap_or(name).to_owned();
    let beside = |name: &str, detail: Option<&str>| detail.map_or(name.to_owned(), |detail| format!("{name} {detail}"));
    let (name, media_type) = match kind {
        "photo" => ("photo".to_owned(), Some("image/jpeg")),
        "video" => (named("video"), Some("video/mp4")),
        "animation" => (named("animation"), Some("video/mp4")),
        "audio" => (named("audio"), Some("audio/mpeg")),
        "voice" => ("voice message".to_owned(), Some("audio/ogg")),
        "video_note" => ("video message".to_owned(), Some("video/mp4")),
        "document" => (named("document"), None),
        "sticker" => (beside("sticker", text("emoji")), Some(sticker_type(media))),
        "contact" => {
            let name = beside(&beside("contact", text("first_name")), text("last_name"));
            (beside(&name, text("phone_number")), None)
        }
        "location" => {
            let live = if media["live_period"].is_number() { "live location" } else { "location" };
            (format!("{live} {}, {}", media["latitude"], media["longitude"]), None)
        }
        "venue" => (beside(&beside("place", text("title")), text("address")), None),
        "poll" => (beside("poll", text("question")), None),
        "dice" => (beside("dice", text("emoji")), None),
        "checklist" => (beside("checklist", text("title")), None),
        "game" => (beside("game", text("title")), None),
        "story" => ("story".to_owned(), None),
        "paid_media" => ("paid media".to_owned(), None),
        _ => return None,
    };
    let media_type = text("mime_type").or(media_type).map(str::to_owned);
    Some(Attachment { name: name.chars().take(MAX_NAME).collect(), media_type })
}

fn sticker_type(sticker: &Value) -> &'static str {
    if sticker["is_video"] == true {
        "video/webm"
    } else if sticker["is_animated"] == true {
        "application/x-tgsticker"
    } else {
        "image/webp"
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!({ "sticker": { "emoji": "😱", "is_animated": false, "is_video": false } }), "sticker 😱 (image/webp)")]
    #[case(json!({ "sticker": { "is_video": true } }), "sticker (video/webm)")]
    #[case(json!({ "photo": [{ "file_id": "a" }, { "file_id": "b" }] }), "photo (image/jpeg)")]
    #[case(json!({ "document": { "file_name": "bill.pdf", "mime_type": "application/pdf" } }), "bill.pdf (application/pdf)")]
    #[case(json!({ "document": {} }), "document (-)")]
    #[case(
        json!({ "animation": { "file_name": "a.mp4", "mime_type": "video/mp4" }, "document": { "file_name": "a.mp4" } }),
        "a.mp4 (video/mp4)"
    )]
    #[case(json!({ "voice": { "mime_type": "audio/ogg" } }), "voice message (audio/ogg)")]
    #[case(json!({ "location": { "latitude": 52.5, "longitude": -13.25 } }), "location 52.5, -13.25 (-)")]
    #[case(json!({ "location": { "latitude": 52.5, "longitude": -13.25, "live_period": 900 } }), "live location 52.5, -13.25 (-)")]
    #[case(json!({ "contact": { "first_name": "Ada", "last_name": "L.", "phone_number": "+44 1" } }), "contact Ada L. +44 1 (-)")]
    #[case(
        json!({ "venue": { "title": "Pier", "address": "Dock 3" }, "location": { "latitude": 1, "longitude": 2 } }),
        "place Pier Dock 3 (-)"
    )]
    #[case(json!({ "audio": { "title": "Siren" } }), "Siren (audio/mpeg)")]
    #[case(json!({ "brand_new": { "file_name": "x" }, "effect_id": "1" }), "")]
    fn media_are_named(#[case] message: Value, #[case] expected: &str) {
        let named: Vec<_> = attachments(message.as_object().unwrap())
            .into_iter()
            .map(|media| format!("{} ({})", media.name, media.media_type.as_deref().unwrap_or("-")))
            .collect();
        assert_eq!(named.join(" + "), expected);
    }

    #[test]
    fn a_name_is_kept_short() {
        let message = json!({ "document": { "file_name": "é".repeat(5_000) } });
        assert_eq!(attachments(message.as_object().unwrap())[0].name.chars().count(), MAX_NAME);
    }
}
