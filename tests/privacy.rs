//! The rights of the people who write: a copy, an end, and nothing left behind.

use evenkeel::{
    conversation::{Reason, Urgency},
    message::{Attachment, Incoming},
    reading::Danger,
    store::{Eraser, NewPromise, NewReply, StaffOrder, StoreError},
};
use serde_json::Value;

use crate::common::{
    Home,
    house::{House, answer, at, hand_over, says},
    stderr, stdout, text,
};

/// Stands in every word that one person wrote, or that was written about them.
const SECRET: &str = "SECRETWORD";

fn admin(although_open: bool) -> Eraser {
    Eraser::Admin { name: Some("Ada".to_owned()), although_open }
}

/// Somebody with a danger that is open, and words of theirs and about them wherever words can stand.
async fn somebody(house: &House) -> evenkeel::conversation::EscalationId {
    let store = &house.store;
    store.staff_begin("telegram", "-100").await.unwrap();
    let file = Attachment { name: format!("{SECRET}.jpg"), media_type: Some(SECRET.to_owned()) };
    let said = Incoming {
        attachments: vec![file],
        reply_to: Some(SECRET.to_owned()),
        ..says(SECRET, SECRET, "smell of gas at SECRETWORD")
    };
    let conversation = store.receive(&said).await.unwrap().conversation;
    let turn = hand_over(Reason::Danger(Danger::Gas), Urgency::Danger);
    let id = house.take_turn(conversation, turn).await.unwrap();
    let promise = NewPromise { words: format!("{SECRET} by noon"), due_at: at(90), remind_at: at(80) };
    store
        .reply(id, "Ana", NewReply { text: "Dear SECRETWORD", id: None, promise: Some(promise) }, at(20))
        .await
        .unwrap();
    store.add_note(id, "Ana", "it is SECRETWORD", at(21)).await.unwrap();
    store.save_draft(id, "Ben", "SECRETWORD, one more thing", at(22)).await.unwrap();
    store.staff_want("telegram", id).await.unwrap();
    store.staff_opened("telegram", id, "77").await.unwrap();
    let order = evenkeel::message::StaffMessage {
        thread: "77".to_owned(),
        message_id: "1".to_owned(),
        edits: None,
        author: "Ana".to_owned(),
        text: String::new(),
        files: false,
    };
    let unknown = StaffOrder::Tell(evenkeel::store::StaffOutcome::Unknown(SECRET.to_owned()));
    store.staff_order("telegram", order, unknown, None, at(23)).await.unwrap();
    id
}

/// Each place in the database where a word stands, as `table.column`.
async fn places_of(house: &House, word: &str) -> Vec<String> {
    let mut sql = house.sql("").await;
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY 1, 2",
    )
    .fetch_all(&mut sql)
    .await
    .unwrap();
    let mut places = Vec::new();
    for (table, column) in columns {
        let found =
            format!("SELECT EXISTS (SELECT 1 FROM \"{table}\" WHERE CAST(\"{column}\" AS TEXT) LIKE '%{word}%')");
        if sqlx::query_scalar(sqlx::AssertSqlSafe(found)).fetch_one(&mut sql).await.unwrap() {
            places.push(format!("{table}.{column}"));
        }
    }
    places
}

#[tokio::test]
async fn whoever_is_erased_is_in_no_table_any_more() {
    let house = House::new().await;
    somebody(&house).await;
    let before = places_of(&house, SECRET).await;
    for place in [
        "contacts.contact",
        "conversations.place",
        "drafts.text",
        "inbox.text",
        "notes.text",
        "outbox.text",
        "promises.words",
        "staff_messages.outcome",
    ] {
        assert!(before.iter().any(|found| found == place), "{place} is not among {before:?}");
    }
    house.store.erase("web", "visitor of SECRETWORD", admin(true)).await.unwrap();
    assert_eq!(places_of(&house, SECRET).await, Vec::<String>::new());
    assert_eq!(house.store.staff_erased("telegram").await.unwrap().as_deref(), Some("77"), "the thread is deleted too");
}

#[tokio::test]
async fn an_admin_is_asked_where_a_danger_is_open_and_refused_where_the_law_keeps_it() {
    let house = House::new().await;
    somebody(&house).await;
    let contact = house.store.contact_named("web:visitor of SEC").await.unwrap();
    let erase = async |by| house.store.erase("web", &contact.contact, by).await;
    let asked = erase(admin(false)).await.unwrap_err();
    assert!(matches!(&asked, StoreError::StillOpen(open) if open[0].urgency == Urgency::Danger));
    assert_eq!(asked.to_string(), "this person still has something open: escalation 1 is about a danger and with Ana");

    house.store.hold(contact.id, Some("court file 12/26"), Some("Ada"), at(30)).await.unwrap();
    for by in [Eraser::Themselves, admin(true)] {
        assert!(matches!(erase(by).await, Err(StoreError::Held(why)) if why == "court file 12/26"));
    }
    house.store.hold(contact.id, None, Some("Ada"), at(31)).await.unwrap();
    assert!(erase(admin(true)).await.unwrap().removed > 0);
    let told = house.store.trail(&evenkeel::store::TrailFilter::default(), 3).await.unwrap();
    let kinds: Vec<_> = told.iter().map(|entry| (entry.kind.as_str(), entry.agent.as_deref())).collect();
    assert_eq!(kinds, [("erase", Some("Ada")), ("end_hold", Some("Ada")), ("hold", Some("Ada"))]);
    assert_eq!(told[0].detail.as_deref(), Some("web"), "the trail has no words and no names of customers");
}

#[tokio::test]
async fn in_a_place_that_others_share_only_ones_own_words_go_and_are_given_out() {
    let house = House::new().await;
    let ana = Incoming { contact: "ana".into(), ..says("square", "1", "ANASWORD") };
    let ben = Incoming { contact: "ben".into(), ..says("square", "2", "BENSWORD") };
    let conversation = house.store.receive(&ana).await.unwrap().conversation;
    house.take_turn(conversation, answer(&["to ANASWORD"])).await;
    house.store.receive(&ben).await.unwrap();
    let id = house.take_turn(conversation, hand_over(Reason::Wish, Urgency::High)).await.unwrap();
    house.store.staff_begin("telegram", "-100").await.unwrap();
    house.store.staff_opened("telegram", id, "77").await.unwrap();

    let contact = house.store.contact_named("web:ana").await.unwrap();
    let export = serde_json::to_string(&house.store.export(contact.id, at(30)).await.unwrap()).unwrap();
    assert!(export.contains("ANASWORD") && !export.contains("BENSWORD"), "{export}");
    house.store.erase("web", "ana", admin(true)).await.unwrap();
    assert_eq!(places_of(&house, "ANASWORD").await, Vec::<String>::new());
    assert_eq!(places_of(&house, "BENSWORD").await, ["inbox.text"]);
    assert_eq!(
        house.store.staff_erased("telegram").await.unwrap().as_deref(),
        Some("77"),
        "the staff's thread shows her words"
    );
    assert!(house.store.staff_unopened("telegram").await.unwrap().is_some(), "and is opened anew with what is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_found_copied_held_and_erased_from_the_command_line() {
    let home = Home::new();
    let service = home.start();
    let (visitor, other) = (service.visitor().await, service.visitor().await);
    visitor.says("1", "i smell gas <b>SECRETWORD</b> \u{202e}\u{9b}31m").await;
    other.says("1", "when will the power be back").await;
    visitor.reply(1).await;
    other.reply(1).await;
    service.settled().await;

    let run = |args: &[&str]| home.run(args);
    let found: Value =
        serde_json::from_slice(&run(&["contacts", "find", "secretword", "--format", "json"]).stdout).unwrap();
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    let who = format!("web:{}", found[0]["contact"]["contact"].as_str().unwrap());
    assert!(stdout(&run(&["contacts", "find", "1"])).contains(&who), "by the number of the escalation");
    let shown = stdout(&run(&["contacts", "show", &who[..14]]));
    assert!(shown.contains("messages 1") && shown.contains("about a danger and nobody has taken it"), "{shown}");

    let page = stdout(&run(&["contacts", "export", &who]));
    assert!(page.contains("SECRETWORD") && !page.contains("<b>"), "{page}");
    assert!(page.contains("&#60;b&#62;"), "{page}");
    let raw = run(&["contacts", "export", &who, "--format", "json"]);
    assert!(!stdout(&raw).contains(['\u{202e}', '\u{9b}']), "harmless on a terminal");
    let copy: Value = serde_json::from_slice(&raw.stdout).unwrap();
    let lines = copy["conversations"][0]["lines"].as_array().unwrap();
    assert!(text(&lines[0]).contains("SECRETWORD") && lines.len() > 1, "{copy}");
    assert_eq!(copy["conversations"][0]["escalations"][0]["urgency"], "danger");
    let file = home.path().join("copy.html");
    assert!(run(&["contacts", "export", &who, "--output", file.to_str().unwrap()]).status.success());
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions()) & 0o777, 0o600);
    assert!(
        !run(&["contacts", "export", &who, "--output", file.to_str().unwrap()]).status.success(),
        "nothing is overwritten"
    );

    let asked = run(&["contacts", "erase", &who]);
    assert!(!asked.status.success() && stdout(&asked).contains("--yes --although-open"), "{}", stdout(&asked));
    let refused = stderr(&run(&["contacts", "erase", &who, "--yes"]));
    assert!(refused.contains("escalation 1 is about a danger and nobody has taken it"), "{refused}");
    assert!(run(&["contacts", "hold", &who, "--why", "court file 12/26"]).status.success());
    let held = stderr(&run(&["contacts", "erase", &who, "--yes", "--although-open"]));
    assert!(held.contains("court file 12/26"), "{held}");
    assert!(run(&["contacts", "hold", &who, "--end"]).status.success());
    let erased = run(&["contacts", "erase", &who, "--yes", "--although-open"]);
    assert!(erased.status.success(), "{}", stderr(&erased));

    assert!(visitor.lines().await.is_empty());
    assert!(!other.lines().await.is_empty());
    assert!(stderr(&run(&["contacts", "show", &who])).contains("nobody is known as web:"), "and is known no more");
}

#[tokio::test]
async fn what_is_old_and_settled_goes_and_the_rest_stays() {
    let house = House::new().await;
    let store = &house.store;
    let long_ago = |place: &str| says(place, place, "OLDWORD");
    let settled = store.receive(&long_ago("settled")).await.unwrap().conversation;
    house.take_turn(settled, answer(&["OLDWORD?"])).await;
    for message in house.lease(10).await {
        store.sent(message.id, None, at(11)).await.unwrap();
    }
    let handed = store.receive(&long_ago("handed over")).await.unwrap().conversation;
    house.take_turn(handed, hand_over(Reason::Danger(Danger::Gas), Urgency::Danger)).await.unwrap();
    let held = store.receive(&long_ago("held")).await.unwrap().conversation;
    house.take_turn(held, answer(&[])).await;
    let who = store.contact_named("web:visitor of held").await.unwrap();
    store.hold(who.id, Some("court file 12/26"), None, at(12)).await.unwrap();
    store.receive(&long_ago("pending")).await.unwrap();
    // Old and new words in one place.
    let lasting = store.receive(&long_ago("lasting")).await.unwrap().conversation;
    house.take_turn(lasting, answer(&[])).await;
    let new = Incoming { received_at: at(1_000), ..says("lasting", "new", "NEWWORD") };
    store.receive(&new).await.unwrap();
    house.take_turn(lasting, answer(&[])).await;

    let mut conversations = 0;
    let mut after = None;
    loop {
        // A round may be cut off anywhere and goes on with what is left.
        let step = store.forget(at(500), after, 1).await.unwrap();
        conversations += step.conversations;
        after = step.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(conversations, 2);
    assert_eq!(store.forget_contacts(at(500), 10).await.unwrap(), 1);
    store.forgotten(at(500), conversations, at(1_001)).await.unwrap();
    assert_eq!(store.conversation_at("web", "settled").await.unwrap(), None);
    assert_eq!(house.texts(lasting).await, ["NEWWORD"]);
    for (place, conversation) in [("handed over", handed), ("held", held)] {
        assert!(house.texts(conversation).await.contains(&"OLDWORD".to_owned()), "{place}");
    }
    assert_eq!(store.counts().await.unwrap().inbox_pending, 1);
    assert_eq!(store.forget(at(500), None, 10).await.unwrap().conversations, 0, "nothing is left to do");

    // Once it is settled it goes.
    let id = store.escalations(evenkeel::store::EscalationFilter::Open).await.unwrap()[0].id;
    for message in house.lease(10).await {
        store.sent(message.id, None, at(20)).await.unwrap();
    }
    store.resolve(id, "Ana", None, None, at(21)).await.unwrap();
    assert_eq!(store.forget(at(500), None, 10).await.unwrap().conversations, 1);
    assert_eq!(store.conversation_at("web", "handed over").await.unwrap(), None);
}

#[tokio::test]
async fn what_is_deleted_is_given_back_to_the_disk() {
    let house = House::new().await;
    let filler = "lorem ipsum ".repeat(1_000);
    for n in 0..200 {
        let here = house.store.receive(&says(&format!("p{n}"), &format!("m{n}"), &filler)).await.unwrap().conversation;
        house.take_turn(here, answer(&[])).await;
    }
    let pages =
        async || -> i64 { sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut house.sql("").await).await.unwrap() };
    let before = pages().await;
    while house.store.forget(at(500), None, 50).await.unwrap().next.is_some() {}
    while house.store.give_back(100).await.unwrap() > 0 {}
    let after = pages().await;
    assert!(after * 2 < before, "{after} of {before} pages");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_deletes_what_is_older_than_its_setting_and_says_for_how_long_it_keeps() {
    let home = Home::new();
    let store = evenkeel::store::Store::open(&home.path().join("evenkeel.db")).await.unwrap();
    let now = jiff::Timestamp::now();
    let days_ago = |days: i64| now - jiff::SignedDuration::from_hours(24 * days);
    for (place, days) in [("old", 91), ("young", 89)] {
        let said = Incoming { received_at: days_ago(days), ..says(place, place, "hello") };
        let conversation = store.receive(&said).await.unwrap().conversation;
        let (found, pending) = store.pending(conversation).await.unwrap().unwrap();
        let ids: Vec<_> = pending.iter().map(|pending| pending.id).collect();
        store.record_turn(&found, &ids, &answer(&[]), "k1", days_ago(days)).await.unwrap();
    }
    store.close().await;
    let response = home.path().join("responses/data_use.md");
    std::fs::write(&response, "We keep what you write for {{ service.kept_for }}.\n").unwrap();
    let checked = stdout(&home.run(&["check"]));
    assert!(checked.contains("`service.kept_for` has no value") && checked.contains("keep_days"), "{checked}");

    home.settings("[policy]\nquiet_ms = 20\n[store]\nkeep_days = 90\n");
    let checked = stdout(&home.run(&["check"]));
    assert!(!checked.contains("kept_for"), "{checked}");
    let service = home.start();
    let visitor = service.visitor().await;
    visitor.says("1", "what do you do with my data").await;
    let reply = visitor.reply(1).await;
    assert!(text(&reply).contains("We keep what you write for 90 days."), "{reply}");
    let store = evenkeel::store::Store::open(&home.path().join("evenkeel.db")).await.unwrap();
    let deadline = std::time::Instant::now() + crate::common::PATIENCE;
    while store.conversation_at("web", "old").await.unwrap().is_some() {
        assert!(std::time::Instant::now() < deadline, "the old conversation is still there");
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    }
    assert!(store.conversation_at("web", "young").await.unwrap().is_some());
    assert!(store.contact_named("web:visitor of old").await.is_err());
}

#[test]
fn a_time_that_cannot_be_meant_is_refused() {
    let home = Home::new();
    home.settings("[store]\nkeep_days = 0\n");
    let output = home.run(&["run", "--listen", "127.0.0.1:0"]);
    assert!(!output.status.success() && stderr(&output).contains("store.keep_days is 0"), "{}", stderr(&output));
}
