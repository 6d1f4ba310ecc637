//! Taking a visitor's messages in, and showing what was said so far.

use std::fmt;

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};

use super::{
    CHANNEL, Shared,
    error::ApiError,
    lines::{Page, ShownStatus},
    visitors::{Address, Visitor},
};
use crate::{message::Incoming, policy};

/// Bytes of a message's JSON: JSON may take six bytes for one of the text, and the other fields need some room.
const MAX_BODY_BYTES: usize = 6 * policy::MAX_TEXT_BYTES + 4 * 1024;

/// Characters of an idempotency key.
const MAX_ID_CHARS: usize = 64;

/// Characters of a choice's id. Ours are far shorter.
const MAX_CHOICE_CHARS: usize = 200;

/// What a visitor posts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Posted {
    id: String,
    #[serde(default, deserialize_with = "mended")]
    text: String,
    choice: Option<String>,
}

/// A text in which half an emoji is replaced by U+FFFD: browsers send one where an emoji was cut in two, and the rest is worth reading.
pub(super) fn mended<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Mended;
    impl de::Visitor<'_> for Mended {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<String, E> {
            let mut bytes = bytes.to_vec();
            for at in 0..bytes.len().saturating_sub(2) {
                // Only a lone surrogate has these two bytes; it is as long as U+FFFD.
                if bytes[at] == 0xed && bytes[at + 1] >= 0xa0 {
                    bytes[at..at + 3].copy_from_slice("\u{FFFD}".as_bytes());
                }
            }
            String::from_utf8(bytes).map_err(E::custom)
        }
    }
    // As bytes, because as a string JSON's reader refuses them.
    deserializer.deserialize_bytes(Mended)
}

/// `POST /api/chat/messages`: when it answers 202, the message is on disk.
pub(super) async fn post(
    State(shared): State<Shared>,
    visitor: Visitor,
    Address(address): Address,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    if shared.state.shutdown.is_cancelled() || !*shared.state.ready.borrow() {
        return Err(ApiError::unavailable("the service is starting or stopping: send the same message again"));
    }
    shared.guards.messages.check(&visitor.0)?;
    if !is_json(&headers) {
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not_json",
            "send the message with `Content-Type: application/json`",
        ));
    }
    let body = to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| too_large())?;
    let Posted { id, text, choice } = read(&body)?;
    let store = &shared.state.store;
    if store.conversation_at(CHANNEL, &visitor.0).await?.is_none() {
        shared.guards.first_messages.check(&address)?;
    }
    let received = shared
        .state
        .door
        .receive(Incoming {
            channel: CHANNEL.to_owned(),
            message_id: format!("{}:{id}", visitor.0),
            edits: None,
            reply_to: None,
            place: visitor.0.clone(),
            contact: visitor.0.clone(),
            public: false,
            text,
            quoted: None,
            choice,
            stop: false,
            attachments: Vec::new(),
            received_at: Timestamp::now(),
        })
        .await?;
    // A stream that was opened before the first message knows no conversation yet.
    shared.tabs.wake(&visitor.0);
    Ok((StatusCode::ACCEPTED, Json(json!({ "message": received.message }))))
}

/// Whether the caller says that the body is JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}

fn too_large() -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        format!("a message's text has at most {} bytes", policy::MAX_TEXT_BYTES),
    )
}

/// Reads and checks a posted message.
fn read(body: &[u8]) -> Result<Posted, ApiError> {
    let body = std::str::from_utf8(body).map_err(|_| ApiError::malformed("not_utf8", "the body is not valid UTF-8"))?;
    let posted: Posted = serde_json::from_str(body).map_err(|error| {
        ApiError::malformed(
            "not_a_message",
            format!("the body is not a message of {{\"id\", \"text\", \"choice\"?}}: {error}"),
        )
    })?;
    let printable = |text: &str| text.chars().all(|char| char.is_ascii_graphic());
    if posted.id.is_empty() || posted.id.len() > MAX_ID_CHARS || !printable(&posted.id) {
        return Err(ApiError::malformed("bad_id", "`id` is 1 to 64 printable ASCII characters, new for each message"));
    }
    if let Some(choice) = &posted.choice
        && (choice.is_empty() || choice.chars().count() > MAX_CHOICE_CHARS || choice.chars().any(char::is_control))
    {
        return Err(ApiError::malformed("bad_choice", "`choice` is the id of a choice that was offered"));
    }
    if posted.text.len() > policy::MAX_TEXT_BYTES {
        return Err(too_large());
    }
    if posted.choice.is_none() && posted.text.trim().is_empty() {
        return Err(ApiError::malformed("empty", "the message has neither `text` nor `choice`"));
    }
    Ok(posted)
}

/// From where on a visitor wants to read.
#[derive(Debug, Deserialize)]
pub(super) struct After {
    /// The last cursor they have seen.
    #[serde(default)]
    pub after: i64,
}

/// `after` or what is wrong with it.
pub(super) fn after(query: Result<Query<After>, QueryRejection>) -> Result<i64, ApiError> {
    query
        .map(|Query(After { after })| after)
        .map_err(|_| ApiError::malformed("bad_cursor", "`after` is the cursor of a line, a whole number"))
}

/// `GET /api/chat/messages?after=CURSOR`: what was said after it, oldest first.
pub(super) async fn history(
    State(shared): State<Shared>,
    visitor: Visitor,
    query: Result<Query<After>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    let after = after(query)?;
    shared.guards.readings.check(&visitor.0)?;
    let store = &shared.state.store;
    let Some(conversation) = store.conversation_at(CHANNEL, &visitor.0).await? else {
        return Ok(Json(json!({ "lines": [], "more": false, "status": ShownStatus::default() })));
    };
    let Page { lines, more } = Page::read(store, conversation, after).await?;
    let status = ShownStatus::from(store.status(conversation).await?);
    Ok(Json(json!({ "lines": lines, "more": more, "status": status })))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn code(body: &[u8]) -> String {
        let error = read(body).unwrap_err();
        let shown = format!("{error:?}");
        shown.split("code: \"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    #[rstest]
    #[case(b"", "not_a_message")]
    #[case(b"[]", "not_a_message")]
    #[case(br#"{"text":"no id"}"#, "not_a_message")]
    #[case(br#"{"id":"1","txt":"a slip of the pen"}"#, "not_a_message")]
    #[case(b"{\"id\":\"1\",\"text\":\"\xff\"}", "not_utf8")]
    #[case(br#"{"id":"1"}"#, "empty")]
    #[case(br#"{"id":"1","text":" \n "}"#, "empty")]
    #[case(br#"{"id":"","text":"a"}"#, "bad_id")]
    #[case(br#"{"id":"a b","text":"a"}"#, "bad_id")]
    #[case(br#"{"id":"1","text":"a","choice":""}"#, "bad_choice")]
    #[case(br#"{"id":"1","text":"a","choice":"\n"}"#, "bad_choice")]
    fn what_is_no_message_is_named(#[case] body: &[u8], #[case] expected: &str) {
        assert_eq!(code(body), expected);
    }

    #[test]
    fn the_longest_text_is_taken_and_one_byte_more_is_not() {
        let body = |length: usize| json!({ "id": "1", "text": "x".repeat(length) }).to_string();
        assert!(read(body(policy::MAX_TEXT_BYTES).as_bytes()).is_ok());
        assert_eq!(code(body(policy::MAX_TEXT_BYTES + 1).as_bytes()), "too_large");
    }

    #[test]
    fn the_longest_text_fits_the_body_however_it_is_escaped() {
        let escaped = "\\u0001".repeat(policy::MAX_TEXT_BYTES);
        let body = format!(r#"{{"id":"{}","text":"{escaped}","choice":"{}"}}"#, "i".repeat(64), "c".repeat(200));
        assert!(body.len() <= MAX_BODY_BYTES);
        assert!(read(body.as_bytes()).is_ok());
    }

    #[rstest]
    #[case(r"cut \ud83d", "cut \u{FFFD}")]
    #[case(r"\udd25 cut \ud83d\ud83d\udd25", "\u{FFFD} cut \u{FFFD}🔥")]
    #[case(r"\ud7ff\ue000", "\u{d7ff}\u{e000}")]
    fn half_an_emoji_is_replaced_and_the_rest_is_kept(#[case] escaped: &str, #[case] text: &str) {
        let body = format!(r#"{{"id":"1","text":"{escaped}"}}"#);
        assert_eq!(read(body.as_bytes()).unwrap().text, text);
    }

    proptest! {
        #[test]
        fn a_text_stays_as_it_was_sent(text in "[^\0]{1,200}") {
            prop_assume!(!text.trim().is_empty());
            let body = json!({ "id": "1", "text": text }).to_string();
            prop_assert_eq!(read(body.as_bytes()).unwrap().text, text);
        }

        #[test]
        fn no_bytes_bring_it_down(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&body);
        }
    }
}
