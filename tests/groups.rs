//! Many customers ask the same new thing: one agent's answer serves them all, and later the bot. Through the real binary.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{Home, PATIENCE, Visitor, desk::Desk, stderr, stdout, text, write};

fn groups(home: &Home) -> Vec<Value> {
    serde_json::from_str(&stdout(&home.run(&["groups", "list", "--format", "json"]))).unwrap()
}

fn open(home: &Home) -> Vec<Value> {
    serde_json::from_str(&stdout(&home.run(&["escalations", "list", "--format", "json"]))).unwrap()
}

/// Waits until a group has so many open members.
async fn grows(home: &Home, members: u64) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = groups(home);
        if let Some(group) = found.iter().find(|group| group["open"] == members) {
            return group.clone();
        }
        assert!(Instant::now() < deadline, "no group of {members}: {found:?}, open: {:?}", open(home));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until nobody waits for a person.
async fn nobody_waits(home: &Home) {
    let deadline = Instant::now() + PATIENCE;
    while !open(home).is_empty() {
        assert!(Instant::now() < deadline, "still open: {:?}", open(home));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The reply that an agent wrote, once it is there.
async fn from_agent(visitor: &Visitor) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(line) = visitor.replies().await.into_iter().find(|line| line["author"] == "agent") {
            return line;
        }
        assert!(Instant::now() < deadline, "no agent wrote: {:?}", visitor.lines().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn danger_stands_above_the_largest_group() {
    let home = Home::new();
    let service = home.start();
    for _ in 0..3 {
        service.visitor().await.says("1", "is the city zoo open on sunday").await;
    }
    grows(&home, 3).await;
    let endangered = service.visitor().await;
    endangered.says("1", "my mother is on home oxygen and the battery is low").await;
    endangered.reply(1).await;
    let page = Desk::first_admin(&service).await.page("/desk").await;
    let place = |words| page.find(words).unwrap_or_else(|| panic!("{words} is missing in {page}"));
    assert!(place("home oxygen") < place("3 customers"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_answer_serves_all_who_ask_the_same_and_becomes_an_intent() {
    let home = Home::new();
    let service = home.start();
    let mut visitors = Vec::new();
    for asked in [
        "is the city zoo open on sunday",
        "Is the city zoo open on Sunday???",
        "is the city zoo open on sunday, I am ana@mail.example",
        "pls is the city zoo open on sunday",
    ] {
        let visitor = service.visitor().await;
        visitor.says("1", asked).await;
        visitor.reply(1).await;
        visitors.push(visitor);
    }
    let other = service.visitor().await;
    other.says("1", "do you sell teddy bears in your gift shop").await;
    other.reply(1).await;
    let group = grows(&home, 4).await;
    let id = group["id"].to_string();
    assert!(stdout(&home.run(&["groups", "list"])).contains("4 customers wait (web 4)"));

    let unanswered = home.run(&["groups", "make-intent", &id, "city_zoo"]);
    assert!(stderr(&unanswered).contains("has no answer yet"), "{}", stderr(&unanswered));
    let answered = home.run(&["groups", "answer", &id, "The zoo is **open** on Sunday.", "--as", "Dana"]);
    assert!(stdout(&answered).contains("queued for 4 customers"), "{}{}", stdout(&answered), stderr(&answered));
    for visitor in &visitors {
        let line = from_agent(visitor).await;
        assert_eq!((text(&line), line["name"].as_str()), ("The zoo is **open** on Sunday.", Some("Dana")));
    }
    assert_eq!(open(&home).len(), 1, "the other question still waits");

    let late = service.visitor().await;
    late.says("1", "is the city zoo open on sunday?").await;
    let line = from_agent(&late).await;
    assert_eq!(line["choices"][0]["id"], "person", "who is served unseen can ask for a person: {line}");
    let tap = late.post(&json!({ "id": "2", "text": "", "choice": "person" })).await.unwrap();
    assert_eq!(tap.status(), 202);
    late.reply(3).await;
    service.settled().await;
    assert!(open(&home).iter().any(|escalation| escalation["reason"] == "wish"), "{:?}", open(&home));
    late.says("3", "is the city zoo open on sunday?").await;
    service.settled().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let told = late.replies().await.iter().filter(|line| line["author"] == "agent").count();
    assert_eq!(told, 1, "the same is not said to them again");

    let shown = stdout(&home.run(&["groups", "show", &id]));
    assert!(shown.contains("5 sent, 0 on the way") && shown.contains("[resolved]"), "{shown}");

    let made = home.run(&["groups", "make-intent", &id, "city_zoo", "--title", "Is the zoo open?"]);
    assert!(made.status.success(), "{}", stderr(&made));
    let intent = std::fs::read_to_string(home.path().join("intents/city_zoo.yaml")).unwrap();
    assert!(intent.contains("is the city zoo open on sunday") && !intent.contains("mail.example"), "{intent}");
    let response = std::fs::read_to_string(home.path().join("responses/city_zoo.md")).unwrap();
    assert!(response.contains("audience: agents") && response.contains("The zoo is **open** on Sunday."), "{response}");
    let again = home.run(&["groups", "make-intent", &id, "city_zoo"]);
    assert!(stderr(&again).contains("exists already"), "{}", stderr(&again));
    let checked = home.run(&["check", "--format", "json"]);
    assert!(checked.status.success(), "{}", stdout(&checked));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_in_another_language_passes_the_check_too() {
    let home = Home::new();
    let service = home.start();
    for _ in 0..2 {
        let visitor = service.visitor().await;
        visitor.says("1", "el zoológico de la ciudad abre los domingos por la mañana").await;
        visitor.reply(1).await;
    }
    let group = grows(&home, 2).await;
    let id = group["id"].to_string();
    assert_eq!(group["language"], "es");
    assert!(home.run(&["groups", "answer", &id, "Sí, abre a las 9.", "--as", "Dana"]).status.success());
    nobody_waits(&home).await;
    let made = home.run(&["groups", "make-intent", &id, "zoo"]);
    assert!(made.status.success(), "{}", stderr(&made));
    assert!(home.path().join("responses/zoo.es.md").exists());
    assert!(home.run(&["check", "--format", "json"]).status.success());

    // Who erases one of them is told where words of theirs may stand.
    let found = home.run(&["contacts", "find", "zoológico", "--format", "json"]);
    let found: Value = serde_json::from_slice(&found.stdout).unwrap();
    let who = format!("web:{}", found[0]["contact"]["contact"].as_str().unwrap());
    let erased = home.run(&["contacts", "erase", &who, "--yes", "--although-open"]);
    assert!(stdout(&erased).contains("intents/zoo.yaml"), "{}{}", stdout(&erased), stderr(&erased));
}

#[test]
fn a_draft_never_overwrites_what_an_admin_wrote() {
    let home = Home::new();
    let path = write(home.path(), "intents/mine.yaml", "title: Mine\nexamples: [a, b]\n");
    let draft = evenkeel::desk::intent_draft::Draft {
        intent: ("intents/mine.yaml".into(), "title: Other\n".into()),
        responses: vec![("responses/mine.md".into(), "x".into())],
        examples: 0,
    };
    let refused = evenkeel::desk::intent_draft::write(&draft, home.path(), jiff::Timestamp::now());
    assert!(refused.unwrap_err().to_string().contains("exists already"));
    assert!(std::fs::read_to_string(path).unwrap().contains("Mine"));
    assert!(!home.path().join("responses/mine.md").exists());

    let faulty = evenkeel::desk::intent_draft::Draft {
        intent: ("intents/zoo.yaml".into(), "title: Zoo\nexamples: []\n".into()),
        responses: vec![("responses/zoo.md".into(), "x".into())],
        examples: 0,
    };
    let refused = evenkeel::desk::intent_draft::write(&faulty, home.path(), jiff::Timestamp::now());
    assert!(refused.unwrap_err().to_string().contains("no example"));
    assert!(!home.path().join("intents/zoo.yaml").exists(), "half of a draft is worth nothing");
}
