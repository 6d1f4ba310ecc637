//! What X tells us, as messages of customers. Pure.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    X,
    names::either,
    place::{Place, by_age, is_id, newer},
};
use crate::message::{Attachment, Edit, Incoming};

/// What a post or a direct message is to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    Message(Box<Incoming>),
    /// The customer wants to hear nothing more.
    Stop {
        place: String,
    },
    /// None of ours; why, without a word of it.
    Skipped(&'static str),
}

/// What people write alone when they want no more messages.
const STOP: [&str; 26] = [
    "stop",
    "stopp",
    "unsubscribe",
    "parar",
    "pare",
    "alto",
    "detente",
    "deténgase",
    "basta",
    "arrête",
    "arrêtez",
    "stoppen",
    "aufhören",
    "fermati",
    "dur",
    "durdur",
    "стоп",
    "хватит",
    "توقف",
    "قف",
    "रुको",
    "रोको",
    "停止",
    "停",
    "ストップ",
    "그만",
];

/// The id of a post or event, if it has one.
pub fn id(update: &Value) -> Option<&str> {
    update["id"].as_str().filter(|id| is_id(id))
}

/// A post that mentions us, as the mentions timeline gives it. `us` is our own user id.
pub fn post(post: &Value, us: &str, now: Timestamp) -> Update {
    let Some(id) = id(post) else { return Update::Skipped("a post without an id") };
    let Some(author) = post["author_id"].as_str().filter(|author| is_id(author)) else {
        return Update::Skipped("a post without an author");
    };
    if author == us {
        return Update::Skipped("a post of our own");
    }
    let references = either(post, "referenced_tweets").as_array().map_or(&[][..], Vec::as_slice);
    if references.iter().any(|reference| reference["type"] == "retweeted" || reference["type"] == "reposted") {
        return Update::Skipped("a repost");
    }
    let conversation = post["conversation_id"].as_str().filter(|conversation| is_id(conversation)).unwrap_or(id);
    let place = Place::Thread { conversation, author }.to_string();
    // A long post has its whole text in a note.
    let note = either(post, "note_tweet");
    let (source, text) = match note["text"].as_str() {
        Some(text) => (note, text),
        None => (post, post["text"].as_str().unwrap_or_default()),
    };
    let text = words(text, source);
    if is_stop(&text) {
        return Update::Stop { place };
    }
    let (message_id, edits) = versions(either(post, "edit_history_tweet_ids"), id);
    Update::Message(Box::new(Incoming {
        channel: X::NAME.to_owned(),
        message_id,
        edits,
        reply_to: Some(id.to_owned()),
        place,
        contact: author.to_owned(),
        public: true,
        text: without_leading_names(&text).to_owned(),
        quoted: None,
        choice: None,
        stop: false,
        attachments: attachments(post),
        received_at: now,
    }))
}

/// A post's id as a message, and which wording it is. An edited post has an id of its own, of which later ones are higher; a message's edits
/// are named after its first version.
fn versions(history: &Value, id: &str) -> (String, Option<Edit>) {
    let ids = history.as_array().map_or(&[][..], Vec::as_slice).iter().filter_map(Value::as_str);
    let first = ids.filter(|other| is_id(other) && newer(id, other)).min_by(|a, b| by_age(a, b));
    let Some(first) = first else { return (id.to_owned(), None) };
    (format!("{first}@{id}"), Some(Edit { of: first.to_owned(), version: id.parse().unwrap_or(i64::MAX) }))
}

/// An event of our direct messages. Those of groups are left alone: who writes there talks to the others.
pub fn direct(event: &Value, us: &str, now: Timestamp) -> Update {
    let Some(id) = id(event) else { return Update::Skipped("an event without an id") };
    if event["event_type"] != "MessageCreate" {
        return Update::Skipped("an event that is no message");
    }
    let Some(customer) = event["sender_id"].as_str().filter(|sender| is_id(sender)) else {
        return Update::Skipped("a message without a sender");
    };
    if customer == us {
        return Update::Skipped("a message of our own");
    }
    // Between two people the id is made of both of theirs.
    if event["dm_conversation_id"].as_str().is_some_and(|conversation| !conversation.contains('-')) {
        return Update::Skipped("a message to a group");
    }
    let place = Place::Direct { customer }.to_string();
    let text = words(event["text"].as_str().unwrap_or_default(), event);
    if is_stop(&text) {
        return Update::Stop { place };
    }
    Update::Message(Box::new(Incoming {
        channel: X::NAME.to_owned(),
        message_id: format!("dm:{id}"),
        edits: None,
        reply_to: None,
        place,
        contact: customer.to_owned(),
        public: false,
        text,
        quoted: None,
        choice: None,
        stop: false,
        attachments: attachments(event),
        received_at: now,
    }))
}

/// The text as its writer typed it: X shortens links and writes three characters as HTML does.
fn words(text: &str, source: &Value) -> String {
    let mut text = text.to_owned();
    for url in source["entities"]["urls"].as_array().map_or(&[][..], Vec::as_slice) {
        let (Some(short), Some(long)) = (url["url"].as_str(), url["expanded_url"].as_str()) else { continue };
        if short.is_empty() {
            continue;
        }
        // A picture's link is no word of the customer; the picture itself is an attachment.
        text = text.replace(short, if url["media_key"].is_string() { "" } else { long });
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").trim().to_owned()
}

/// X puts the names of all whom a reply goes to in front of it.
fn without_leading_names(text: &str) -> &str {
    let mut rest = text.trim_start();
    while let Some(name) = rest.strip_prefix('@') {
        let end = name.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(name.len());
        if end == 0 {
            break;
        }
        rest = name[end..].trim_start_matches([',', ':', '.', '!']).trim_start();
    }
    rest.trim_end()
}

/// "Stop", alone or with names.
fn is_stop(text: &str) -> bool {
    let mut words = text.split_whitespace().filter(|word| !word.starts_with('@'));
    let (Some(word), None) = (words.next(), words.next()) else { return false };
    let word = word.trim_matches(|char: char| !char.is_alphabetic()).to_lowercase();
    STOP.contains(&word.as_str())
}

/// What came with the words. Looking at it would cost extra; its kind stands in its key.
fn attachments(update: &Value) -> Vec<Attachment> {
    let attached = &update["attachments"];
    let list = |name: &str| attached[name].as_array().cloned().unwrap_or_default();
    let media = list("media_keys").into_iter().map(|key| {
        let (name, media_type) = match key.as_str().and_then(|key| key.split_once('_')).map(|(kind, _)| kind) {
            Some("3") => ("photo", Some("image/*")),
            Some("7" | "13") => ("video", Some("video/*")),
            Some("16") => ("animation", Some("video/*")),
            _ => ("media", None),
        };
        Attachment { name: name.to_owned(), media_type: media_type.map(ToOwned::to_owned) }
    });
    let named = |name: &str| Attachment { name: name.to_owned(), media_type: None };
    let polls = list("poll_ids").into_iter().map(|_| named("poll"));
    let cards = list("card_ids").into_iter().map(|_| named("card"));
    let place = update["geo"].get("place_id").map(|_| named("location"));
    media.chain(polls).chain(cards).chain(place).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    const US: &str = "1700000000000000001";

    fn message(update: Update) -> Incoming {
        match update {
            Update::Message(incoming) => *incoming,
            other => panic!("{other:?}"),
        }
    }

    fn mention(text: &str) -> Value {
        json!({
            "id": "1991234567890123457",
            "author_id": "9007199254740993",
            "conversation_id": "1991234567890120000",
            "edit_history_tweet_ids": ["1991234567890123457"],
            "text": text,
        })
    }

    #[test]
    fn a_mention_is_a_message() {
        let incoming =
            message(post(&mention("@Harborlight  is the water safe? &lt;3 &amp;amp;"), US, Timestamp::UNIX_EPOCH));
        insta::assert_json_snapshot!(incoming, @r#"
        {
          "channel": "x",
          "message_id": "1991234567890123457",
          "edits": null,
          "reply_to": "1991234567890123457",
          "place": "post:1991234567890120000:9007199254740993",
          "contact": "9007199254740993",
          "public": true,
          "text": "is the water safe? <3 &amp;",
          "quoted": null,
          "choice": null,
          "stop": false,
          "attachments": [],
          "received_at": "1970-01-01T00:00:00Z"
        }
        "#);
    }

    #[test]
    fn a_direct_message_is_a_message() {
        let event = json!({
            "id": "1991234567890129999", "event_type": "MessageCreate", "sender_id": "9007199254740993",
            "dm_conversation_id": "1700000000000000001-9007199254740993", "text": "my account 🙏 مرحبا",
            "attachments": { "media_keys": ["3_1991234567890120001"] },
        });
        insta::assert_json_snapshot!(message(direct(&event, US, Timestamp::UNIX_EPOCH)), @r#"
        {
          "channel": "x",
          "message_id": "dm:1991234567890129999",
          "edits": null,
          "reply_to": null,
          "place": "dm:9007199254740993",
          "contact": "9007199254740993",
          "public": false,
          "text": "my account 🙏 مرحبا",
          "quoted": null,
          "choice": null,
          "stop": false,
          "attachments": [
            {
              "name": "photo",
              "media_type": "image/*"
            }
          ],
          "received_at": "1970-01-01T00:00:00Z"
        }
        "#);
        for (name, value) in [
            ("sender_id", json!(US)),
            ("event_type", json!("ParticipantsJoin")),
            ("id", json!(5)),
            ("dm_conversation_id", json!("1582103724607971332")),
        ] {
            let mut other = event.clone();
            other[name] = value;
            assert!(matches!(direct(&other, US, Timestamp::UNIX_EPOCH), Update::Skipped(_)), "{name}");
        }
    }

    #[rstest]
    #[case(json!({ "author_id": US }))]
    #[case(json!({ "author_id": null }))]
    #[case(json!({ "id": 1_991_234_567_890_123_457_u64 }))]
    #[case(json!({ "id": "../2/tweets" }))]
    #[case(json!({ "referenced_tweets": [{ "type": "retweeted", "id": "1" }] }))]
    #[case(json!({ "referenced_posts": [{ "type": "reposted", "id": "1" }] }))]
    fn what_is_none_of_ours_is_skipped(#[case] change: Value) {
        let mut mention = mention("@Harborlight hello");
        for (name, value) in change.as_object().unwrap() {
            mention[name] = value.clone();
        }
        assert!(matches!(post(&mention, US, Timestamp::UNIX_EPOCH), Update::Skipped(_)), "{mention}");
    }

    #[test]
    fn quotes_edits_long_posts_links_and_pictures_are_understood() {
        let mut mention = mention("@Harborlight look… https://t.co/a https://t.co/b");
        mention["referenced_posts"] = json!([{ "type": "quoted", "id": "1" }]);
        mention["edit_history_post_ids"] = json!(["1991234567890123455", "1991234567890123456", "1991234567890123457"]);
        mention["attachments"] = json!({ "media_keys": ["3_1", "7_1", "16_1", "99"], "poll_ids": ["1"] });
        mention["geo"] = json!({ "place_id": "1" });
        mention["note_tweet"] = json!({
            "text": "@Harborlight look at all of this https://t.co/a https://t.co/b",
            "entities": { "urls": [
                { "url": "https://t.co/a", "expanded_url": "https://news.example/story" },
                { "url": "https://t.co/b", "expanded_url": "https://x.com/i/photo/1", "media_key": "3_1" },
            ] },
        });
        let incoming = message(post(&mention, US, Timestamp::UNIX_EPOCH));
        assert_eq!(incoming.text, "look at all of this https://news.example/story");
        assert_eq!(incoming.message_id, "1991234567890123455@1991234567890123457");
        assert_eq!(incoming.edits, Some(Edit { of: "1991234567890123455".into(), version: 1_991_234_567_890_123_457 }));
        assert_eq!(incoming.reply_to.as_deref(), Some("1991234567890123457"));
        let names: Vec<_> = incoming.attachments.iter().map(|attachment| attachment.name.as_str()).collect();
        assert_eq!(names, ["photo", "video", "animation", "media", "poll", "location"]);
    }

    #[rstest]
    #[case("@Harborlight stop", true)]
    #[case("STOP!!!", true)]
    #[case("@a @b Stop @c", true)]
    #[case("@Harborlight ¡Alto!", true)]
    #[case("стоп.", true)]
    #[case("توقف", true)]
    #[case("停止", true)]
    #[case("@Harborlight stop the leak", false)]
    #[case("@Harborlight bus stop?", false)]
    #[case("@Harborlight", false)]
    #[case("", false)]
    fn stop_is_understood_when_it_stands_alone(#[case] text: &str, #[case] expected: bool) {
        let update = post(&mention(text), US, Timestamp::UNIX_EPOCH);
        let place = "post:1991234567890120000:9007199254740993".to_owned();
        assert_eq!(update == Update::Stop { place }, expected, "{update:?}");
    }
}
