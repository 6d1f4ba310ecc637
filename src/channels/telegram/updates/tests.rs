use rstest::rstest;
use serde_json::json;

use super::*;

/// The staff's forum.
const STAFF: i64 = -1_009_999_999_999;

fn bot() -> Bot {
    Bot { id: 9_001, username: "HarborlightBot".into(), for_business: false }
}

fn happening(update: &Value) -> Happening {
    read(update, &bot(), Some(STAFF), Timestamp::UNIX_EPOCH).unwrap()
}

/// A message in a private chat, with more or other parts.
fn private(parts: Value) -> Value {
    message(
        "message",
        json!({ "id": 7_000_000_001_i64, "first_name": "Ada", "last_name": "B", "username": "ada", "type": "private" }),
        parts,
    )
}

/// A message in a supergroup.
fn in_group(parts: Value) -> Value {
    message("message", json!({ "id": -1_001_234_567_890_i64, "title": "Neighbours", "type": "supergroup" }), parts)
}

fn message(kind: &str, chat: Value, parts: Value) -> Value {
    let mut message = json!({
        "message_id": 42,
        "from": { "id": 7_000_000_001_i64, "is_bot": false, "first_name": "Ada", "username": "ada", "language_code": "en" },
        "date": 1_795_000_000,
    });
    message["chat"] = chat;
    json!({ "update_id": 815, kind: with(message, parts) })
}

/// A JSON object with more or other parts.
fn with(mut object: Value, parts: Value) -> Value {
    if let (Value::Object(object), Value::Object(parts)) = (&mut object, parts) {
        object.extend(parts);
    }
    object
}

fn said(update: &Value) -> Incoming {
    match happening(update) {
        Happening::Said { incoming, .. } => incoming,
        other => panic!("{other:?}"),
    }
}

fn mention(offset: usize) -> Value {
    json!([{ "type": "mention", "offset": offset, "length": 15 }])
}

#[test]
fn a_private_message_is_taken_as_it_is() {
    let incoming = said(&private(json!({ "text": "¿Hay agua? 😱 \u{202e}x" })));
    assert_eq!(
        incoming,
        Incoming {
            channel: "telegram".into(),
            message_id: "9001/7000000001/42".into(),
            edits: None,
            reply_to: None,
            place: "7000000001".into(),
            contact: "7000000001".into(),
            public: false,
            text: "¿Hay agua? 😱 \u{202e}x".into(),
            quoted: None,
            choice: None,
            stop: false,
            attachments: vec![],
            received_at: Timestamp::UNIX_EPOCH,
        }
    );
}

#[rstest]
#[case::start("/start", Some("help"))]
#[case::deep_link("/start promo_7", Some("help"))]
#[case::help("/help", Some("help"))]
#[case::by_name("/HELP@harborlightbot", Some("help"))]
#[case::agent("/agent", Some("person"))]
#[case::agent_with_words("/agent my meter burns", Some("person"))]
#[case::unknown("/water", Some("help"))]
#[case::unknown_with_words("/water is it safe", None)]
#[case::no_command("/ help", None)]
#[case::path("/etc/passwd", None)]
#[case::prefix("/", None)]
fn commands_become_choices(#[case] text: &str, #[case] choice: Option<&str>) {
    let incoming = said(&private(json!({ "text": text })));
    assert_eq!(incoming.choice.as_deref(), choice);
    assert!(incoming.text.starts_with(text.split('@').next().unwrap()), "{}", incoming.text);
}

#[rstest]
#[case::mention("@harborlightbot: is the water safe?", json!({ "entities": mention(0) }), "is the water safe?")]
#[case::in_the_middle("😀 hey @HarborlightBot is it safe", json!({ "entities": mention(7) }), "😀 hey is it safe")]
#[case::at_the_end("is it safe @HarborlightBot", json!({ "entities": mention(11) }), "is it safe")]
#[case::twice(
    "@HarborlightBot @HarborlightBot help",
    json!({ "entities": [
        { "type": "mention", "offset": 16, "length": 15 }, { "type": "mention", "offset": 0, "length": 15 },
    ] }),
    "help"
)]
#[case::by_id(
    "Harbor, is it safe",
    json!({ "entities": [
        { "type": "text_mention", "offset": 0, "length": 6, "user": { "id": 9001, "is_bot": true, "first_name": "H" } }
    ] }),
    "is it safe"
)]
#[case::reply("and the gas?", json!({ "reply_to_message": {
    "message_id": 41, "date": 1, "chat": { "id": -1_001_234_567_890_i64, "type": "supergroup" },
    "from": { "id": 9001, "is_bot": true, "first_name": "H" }, "text": "Boil it.",
} }), "and the gas?")]
#[case::command_with_name("/water@HarborlightBot is it safe", json!({}), "/water is it safe")]
fn in_a_group_what_is_said_to_us_is_heard(#[case] text: &str, #[case] mut parts: Value, #[case] heard: &str) {
    parts["text"] = text.into();
    let incoming = said(&in_group(parts));
    assert_eq!(incoming.text, heard);
    assert_eq!(incoming.place, "-1001234567890@7000000001");
    assert_eq!((incoming.public, incoming.reply_to.as_deref()), (true, Some("42")));
}

#[test]
fn to_be_called_by_name_alone_asks_who_we_are() {
    let incoming = said(&in_group(json!({ "text": "@HarborlightBot", "entities": mention(0) })));
    assert_eq!(incoming.choice.as_deref(), Some(Choice::HELP));
}

#[rstest]
#[case::talk_among_others(in_group(json!({ "text": "is the water safe?" })))]
#[case::another_name(in_group(json!({ "text": "@somebody_else_x", "entities": [{ "type": "mention", "offset": 0, "length": 16 }] })))]
#[case::name_without_an_entity(in_group(json!({ "text": "@HarborlightBot hi" })))]
#[case::entity_beyond_the_text(in_group(json!({ "text": "hi", "entities": mention(99) })))]
#[case::entity_within_an_emoji(in_group(json!({ "text": "😀@HarborlightBot", "entities": mention(1) })))]
#[case::entity_of_absurd_length(in_group(json!({ "text": "hi", "entities": [{ "type": "mention", "offset": 1, "length": usize::MAX }] })))]
#[case::command_to_another_bot(in_group(json!({ "text": "/help@OtherBot" })))]
#[case::command_that_is_not_ours(in_group(json!({ "text": "/ban 7" })))]
#[case::reply_to_another(in_group(json!({ "text": "yes", "reply_to_message": {
    "message_id": 1, "date": 1, "chat": { "id": -1, "type": "group" }, "from": { "id": 5, "is_bot": false, "first_name": "E" },
} })))]
#[case::in_a_topic_that_we_made(in_group(json!({ "text": "hi all", "message_thread_id": 5, "is_topic_message": true, "reply_to_message": {
    "message_id": 5, "date": 1, "chat": { "id": -1, "type": "supergroup" }, "from": { "id": 9001, "is_bot": true, "first_name": "H" },
    "forum_topic_created": { "name": "Water", "icon_color": 1 },
} })))]
#[case::another_bot(private(json!({ "text": "hi", "from": { "id": 5, "is_bot": true, "first_name": "B" } })))]
#[case::ourselves(in_group(json!({ "text": "@HarborlightBot", "entities": mention(0), "from": { "id": 9001, "is_bot": true, "first_name": "H" } })))]
#[case::post_of_a_channel(message("message", json!({ "id": -1, "type": "channel" }), json!({ "text": "/help" })))]
#[case::copied_from_a_channel(in_group(json!({ "text": "/help", "is_automatic_forward": true })))]
#[case::service_message(in_group(json!({ "new_chat_members": [{ "id": 5, "is_bot": false, "first_name": "E" }] })))]
#[case::service_in_private(private(json!({ "pinned_message": { "message_id": 1 } })))]
#[case::a_kind_of_later(json!({ "update_id": 1, "brand_new": { "x": 1 } }))]
#[case::a_channel_post(json!({ "update_id": 1, "channel_post": { "message_id": 1 } }))]
fn what_does_not_concern_us_is_left_alone(#[case] update: Value) {
    assert!(matches!(happening(&update), Happening::Nothing(_)), "{:?}", happening(&update));
}

#[test]
fn a_forum_topic_is_part_of_the_place_and_a_thread_of_replies_is_not() {
    let parts = json!({ "text": "/help", "message_thread_id": 5, "is_topic_message": true });
    assert_eq!(said(&in_group(parts)).place, "-1001234567890:5@7000000001");
    let parts = json!({ "text": "/help", "message_thread_id": 5 });
    assert_eq!(said(&in_group(parts)).place, "-1001234567890@7000000001");
}

#[test]
fn an_anonymous_admin_is_a_customer_too() {
    let parts = json!({
        "text": "/help",
        "from": { "id": 1_087_968_824, "is_bot": true, "first_name": "Group" },
        "sender_chat": { "id": -1_001_234_567_890_i64, "type": "supergroup" },
    });
    assert_eq!(said(&in_group(parts)).contact, "-1001234567890");
}

#[test]
fn an_edit_names_what_it_edits_and_has_an_id_of_its_own() {
    let chat = json!({ "id": 7, "type": "private" });
    let incoming = said(&message("edited_message", chat, json!({ "text": "gas!", "edit_date": 1_795_000_009 })));
    assert_eq!(incoming.edits, Some(Edit { of: "9001/7/42".into(), version: (1_795_000_009 << 31) + 815 }));
    assert_eq!(incoming.message_id, "9001/7/42@815");
}

#[test]
fn captions_are_words_and_media_are_named() {
    let incoming = said(&private(json!({
        "caption": "my meter", "photo": [{ "file_id": "a", "file_unique_id": "b", "width": 1, "height": 1 }],
    })));
    assert_eq!((incoming.text.as_str(), incoming.attachments[0].name.as_str()), ("my meter", "photo"));
    let incoming = said(&private(json!({ "sticker": { "emoji": "😱", "type": "brand_new" } })));
    assert_eq!((incoming.text.as_str(), incoming.attachments[0].name.as_str()), ("", "sticker 😱"));
    let parts = json!({ "caption": "@HarborlightBot is this safe", "caption_entities": mention(0), "photo": [] });
    assert_eq!(said(&in_group(parts)).text, "is this safe");
}

/// A tap on a button below a message of ours, in a chat of this kind.
fn tap(chat: Value, data: &str, parts: Value) -> Value {
    let mut message = json!({
        "message_id": 43,
        "from": { "id": 9001, "is_bot": true, "first_name": "H", "username": "HarborlightBot" },
        "date": 1_795_000_000,
        "text": "What is it about?",
        "reply_markup": { "inline_keyboard": [
            [{ "text": "The water", "callback_data": "intent:water" }],
            [{ "text": "A long one", "callback_data": "#1" }],
        ] },
    });
    message["chat"] = chat;
    let message = with(message, parts);
    json!({ "update_id": 816, "callback_query": {
        "id": "4382bfdwdsb323b2d9", "from": { "id": 7, "is_bot": false, "first_name": "Ada" }, "chat_instance": "-3",
        "data": data, "message": message,
    } })
}

#[rstest]
#[case::choice("intent:water", Some("intent:water"), "The water")]
#[case::label_alone("#1", None, "A long one")]
#[case::unknown_but_an_id("intent:gone", Some("intent:gone"), "")]
fn a_tap_brings_its_choice_and_its_label(#[case] data: &str, #[case] choice: Option<&str>, #[case] label: &str) {
    let update = tap(json!({ "id": 7, "type": "private" }), data, json!({}));
    let Happening::Said { incoming, tap: Some(tap), .. } = happening(&update) else { panic!() };
    assert_eq!((incoming.choice.as_deref(), incoming.text.as_str()), (choice, label));
    assert_eq!((incoming.message_id.as_str(), incoming.place.as_str()), ("9001/tap/4382bfdwdsb323b2d9", "7"));
    assert_eq!(tap, Tap { query: "4382bfdwdsb323b2d9".into(), used_up: Some((7, 43)) });
}

#[test]
fn a_tap_in_a_group_belongs_to_the_question() {
    let question = |asked_by: i64| {
        json!({ "reply_to_message": {
            "message_id": 40, "date": 1, "chat": { "id": -5, "type": "group" },
            "from": { "id": asked_by, "is_bot": false, "first_name": "A" },
        } })
    };
    let chat = json!({ "id": -5, "type": "group" });
    let Happening::Said { incoming, tap: Some(own), .. } = happening(&tap(chat.clone(), "person", question(7))) else {
        panic!()
    };
    assert_eq!((incoming.place.as_str(), incoming.reply_to.as_deref()), ("-5@7", Some("40")));
    assert_eq!(own.used_up, Some((-5, 43)));
    let Happening::Said { incoming, tap: Some(others), .. } = happening(&tap(chat, "person", question(8))) else {
        panic!()
    };
    assert_eq!((incoming.place.as_str(), incoming.reply_to), ("-5@7", None));
    assert_eq!(others.used_up, None, "the buttons are still there for whom they were meant");
}

#[test]
fn a_tap_of_who_asked_in_the_name_of_a_chat_belongs_to_their_conversation() {
    let question = json!({ "reply_to_message": {
        "message_id": 40, "date": 1, "chat": { "id": -5, "type": "group" }, "sender_chat": { "id": -5, "type": "group" },
        "from": { "id": 1_087_968_824, "is_bot": true, "first_name": "Group" },
    } });
    let update = tap(json!({ "id": -5, "type": "group" }), "person", question);
    let Happening::Said { incoming, tap: Some(own), .. } = happening(&update) else { panic!() };
    assert_eq!((incoming.place.as_str(), incoming.contact.as_str()), ("-5@-5", "-5"));
    assert_eq!(incoming.choice.as_deref(), Some("person"));
    assert_eq!(own.used_up, Some((-5, 43)));
}

#[rstest]
#[case(message("message", json!({ "id": -5, "type": "group" }), json!({ "migrate_to_chat_id": -1_001_i64 })))]
#[case(message("message", json!({ "id": -1_001_i64, "type": "supergroup" }), json!({ "migrate_from_chat_id": -5 })))]
fn a_group_tells_where_it_went(#[case] update: Value) {
    assert_eq!(happening(&update), Happening::Moved { from: -5, to: -1_001 });
}

#[test]
fn a_reaction_to_an_old_message_is_no_edit() {
    let chat = json!({ "id": 7, "type": "private" });
    let update = message("edited_message", chat, json!({ "text": "/stop" }));
    let later = |hours: i64| Timestamp::from_second(1_795_000_000 + hours * 3_600).unwrap();
    assert!(matches!(read(&update, &bot(), None, later(49)), Ok(Happening::Nothing(_))));
    assert!(matches!(read(&update, &bot(), None, later(47)), Ok(Happening::Said { .. })));
}

#[test]
fn a_tap_that_says_nothing_is_still_answered() {
    let chat = json!({ "id": 7, "type": "private" });
    assert!(matches!(happening(&tap(chat, "#9", json!({}))), Happening::EmptyTap(_)));
    let bare = json!({ "update_id": 1, "callback_query": { "id": "q", "from": { "id": 7 }, "data": "person" } });
    assert!(matches!(happening(&bare), Happening::EmptyTap(_)));
}

#[rstest]
#[case("/stop", true)]
#[case("/stop@HarborlightBot", true)]
#[case("/STOP now", true)]
#[case("stop", false)]
fn the_command_to_stop_is_one_whatever_follows(#[case] text: &str, #[case] silenced: bool) {
    assert_eq!(said(&private(json!({ "text": text }))).stop, silenced);
}

#[rstest]
#[case::blocked("private", "kicked", true)]
#[case::unblocked("private", "member", false)]
#[case::thrown_out_of_a_group("group", "kicked", false)]
fn a_customer_who_blocked_us_is_left_alone(#[case] chat: &str, #[case] status: &str, #[case] silenced: bool) {
    let user = json!({ "id": 9001, "is_bot": true, "first_name": "H" });
    let happened = happening(&json!({ "update_id": 3, "my_chat_member": {
        "chat": { "id": 7, "type": chat }, "from": { "id": 7, "is_bot": false, "first_name": "A" }, "date": 5,
        "old_chat_member": { "user": user, "status": "member" },
        "new_chat_member": { "user": user, "status": status, "until_date": 0 },
    } }));
    assert_eq!(matches!(happened, Happening::Blocked { at: (5, 3), .. }), silenced, "{happened:?}");
}

#[rstest]
#[case(json!({ "update_id": 1, "message": "junk" }), "message")]
#[case(json!({ "update_id": 1, "message": { "message_id": "x" } }), "message")]
#[case(json!({ "update_id": 1, "callback_query": { "id": 5 } }), "callback_query")]
#[case(json!({ "update_id": 1, "my_chat_member": null }), "my_chat_member")]
fn what_cannot_be_read_is_named(#[case] update: Value, #[case] kind: &str) {
    assert_eq!(read(&update, &bot(), Some(STAFF), Timestamp::UNIX_EPOCH), Err(Unreadable(kind.into())));
}

#[test]
fn an_update_has_its_number_and_kind_whatever_is_in_it() {
    let update = json!({ "update_id": 5_000_000_000_i64, "brand_new": 1 });
    assert_eq!((update_id(&update), kind(&update)), (Some(5_000_000_000), "brand_new"));
    assert_eq!((update_id(&json!([1])), kind(&json!("x"))), (None, "none"));
}

/// A message in the staff's forum, with more or other parts.
fn among_staff(kind: &str, parts: Value) -> Value {
    message(kind, json!({ "id": STAFF, "title": "Desk", "type": "supergroup", "is_forum": true }), parts)
}

#[test]
fn in_a_topic_of_their_forum_staff_write_to_a_customer() {
    let parts = json!({
        "text": "@HarborlightBot A crew comes.", "entities": mention(0), "message_thread_id": 5, "is_topic_message": true,
        "from": { "id": 4, "is_bot": false, "first_name": "Dana", "last_name": " Reyes" },
    });
    let message = StaffMessage {
        thread: "5".into(),
        message_id: "9001/-1009999999999/42".into(),
        edits: None,
        author: "Dana Reyes".into(),
        text: "@HarborlightBot A crew comes.".into(),
        files: false,
    };
    assert_eq!(happening(&among_staff("message", parts.clone())), Happening::Staff(message.clone()));
    let edited = StaffMessage {
        message_id: "9001/-1009999999999/42@815".into(),
        edits: Some(message.message_id.clone()),
        ..message
    };
    assert_eq!(happening(&among_staff("edited_message", parts)), Happening::Staff(edited));
}

#[rstest]
#[case::photo(json!({ "caption": "look", "photo": [] }), "Ada", "look", true)]
#[case::anonymous(
    json!({ "text": "hi", "from": { "id": 1_087_968_824, "is_bot": true, "first_name": "Group" }, "sender_chat": { "id": STAFF, "type": "supergroup" } }),
    "", "hi", false
)]
#[case::command(json!({ "text": "/stop" }), "Ada", "/stop", false)]
fn staff_are_told_what_cannot_be_passed_on(
    #[case] parts: Value,
    #[case] author: &str,
    #[case] text: &str,
    #[case] files: bool,
) {
    let parts = with(json!({ "message_thread_id": 5, "is_topic_message": true }), parts);
    let Happening::Staff(message) = happening(&among_staff("message", parts)) else { panic!() };
    assert_eq!((message.author.as_str(), message.text.as_str(), message.files), (author, text, files));
}

#[rstest]
#[case::general(json!({ "text": "/agent" }))]
#[case::mention_in_general(json!({ "text": "@HarborlightBot hi", "entities": mention(0) }))]
#[case::thread_of_replies(json!({ "text": "/agent", "message_thread_id": 5 }))]
#[case::another_bot(json!({ "text": "hi", "message_thread_id": 5, "is_topic_message": true, "from": { "id": 5, "is_bot": true, "first_name": "B" } }))]
#[case::topic_closed(json!({ "forum_topic_closed": {}, "message_thread_id": 5, "is_topic_message": true }))]
#[case::of_a_channel(json!({ "text": "hi", "message_thread_id": 5, "is_topic_message": true, "is_automatic_forward": true, "sender_chat": { "id": -7, "type": "channel" } }))]
fn nobody_among_the_staff_is_a_customer(#[case] parts: Value) {
    let happened = happening(&among_staff("message", parts));
    assert!(matches!(happened, Happening::Nothing(_)), "{happened:?}");
    let tapped = happening(&tap(json!({ "id": STAFF, "type": "supergroup" }), "person", json!({})));
    assert!(matches!(tapped, Happening::EmptyTap(_)), "{tapped:?}");
}
