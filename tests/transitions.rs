//! What customers hear while they wait for a person, and of what they were promised: over the web chat and the command line. Time is made
//! to pass by moving the times in the store.

use std::time::{Duration, Instant};

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use sqlx::Connection as _;

use crate::common::{self, Home, PATIENCE, Service, Visitor, stdout, text};

/// A word that the bot surely takes for the wish for a person.
const WISH: &str = "I want to talk to a human please";

async fn sql(home: &Home, statement: &str) {
    let path = format!("sqlite:{}", home.path().join("evenkeel.db").display());
    let mut connection = sqlx::SqliteConnection::connect(&path).await.unwrap();
    let now = Timestamp::now().as_microsecond();
    let statement = statement.replace("NOW", &now.to_string()).replace("MINUTE", "60000000");
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

fn cli(home: &Home, args: &[&str]) -> String {
    let output = home.run(args);
    assert!(output.status.success(), "{args:?}: {}", common::stderr(&output));
    stdout(&output)
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what} did not happen");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A customer who waits for a person, after the first reply.
async fn waiting(service: &Service) -> Visitor {
    let visitor = service.visitor().await;
    visitor.says("1", WISH).await;
    visitor.reply(1).await;
    visitor
}

/// Whoever has nothing more to say says nothing for a moment.
async fn silent(service: &Service, visitor: &Visitor, replies: usize) {
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    service.settled().await;
    assert_eq!(visitor.replies().await.len(), replies, "{:?}", visitor.replies().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_office_hours_the_customer_hears_when_somebody_is_back() {
    let home = Home::new();
    let there = Timestamp::now().to_zoned(TimeZone::get("America/New_York").unwrap());
    let day = there.date().checked_add(2.days()).unwrap().strftime("%a").to_string().to_lowercase();
    home.settings(&format!("[policy]\nquiet_ms = 20\n[desk]\nhours = [\"{day} 08:00-12:00\"]\n"));
    let service = home.start();
    let visitor = waiting(&service).await;
    let reply = visitor.reply(1).await;
    let said = text(&reply);
    assert!(said.contains("Nobody is at the desk") && said.contains("at 8:00 am") && said.contains("911"), "{said}");
    assert!(!said.contains("within 30 minutes"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_who_comes_and_goes_is_announced_once_each() {
    let home = Home::new();
    let service = home.start();
    let visitor = waiting(&service).await;
    assert!(text(&visitor.reply(1).await).contains("usually within 30 minutes"), "no data: the admins' own words");
    cli(&home, &["escalations", "claim", "1", "--as", "Dana"]);
    assert!(text(&visitor.reply(2).await).starts_with("Dana is with you now"));
    cli(&home, &["escalations", "claim", "1", "--as", "Dana"]);
    cli(&home, &["escalations", "claim", "1", "--as", "Ben", "--take-over"]);
    cli(&home, &["escalations", "reply", "1", "The line is repaired.", "--as", "Ben"]);
    assert_eq!(text(&visitor.reply(3).await), "The line is repaired.");
    cli(&home, &["escalations", "resolve", "1", "--as", "Ben"]);
    let closed = visitor.reply(4).await;
    assert!(
        text(&closed).starts_with("Ben has closed this") && text(&closed).contains("automated assistant"),
        "{closed}"
    );
    silent(&service, &visitor, 4).await;
    visitor.says("2", "is the tap water safe to drink").await;
    visitor.reply(5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_still_waits_is_told_before_the_time_and_once_through_a_restart() {
    let home = Home::new();
    let mut service = home.start();
    let visitor = waiting(&service).await;
    sql(&home, "UPDATE escalations SET due_at = NOW + 3 * MINUTE, look_at = NOW").await;
    assert!(text(&visitor.reply(2).await).starts_with("You are still in line"));
    service.kill();
    let service = home.start();
    let visitor = service.returning(visitor.key);
    silent(&service, &visitor, 2).await;
    // The last of several, and its time has come.
    sql(&home, "UPDATE escalations SET still_waiting = 3, due_at = NOW, look_at = NOW").await;
    assert!(text(&visitor.reply(3).await).starts_with("We said that you would hear from us by now"));
    silent(&service, &visitor, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_answers_of_the_day_tell_the_next_how_long_it_takes() {
    let home = Home::new();
    let service = home.start();
    for number in 1..=3 {
        waiting(&service).await;
        cli(&home, &["escalations", "reply", &number.to_string(), "I am here.", "--as", "Dana"]);
    }
    // Each waited some 17 minutes.
    sql(&home, "UPDATE escalations SET opened_at = opened_at - 17 * MINUTE").await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let visitor = waiting(&service).await;
        let reply = visitor.reply(1).await;
        if text(&reply).contains("You will hear from them by ") {
            assert!(!text(&reply).contains("usually within"), "{reply}");
            break;
        }
        assert!(Instant::now() < deadline, "{reply}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let list = cli(&home, &["escalations", "list", "--format", "json"]);
    assert!(list.contains("\"due_at\": \"2"), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_leaves_the_customer_waiting_goes_back() {
    let home = Home::new();
    let service = home.start();
    let visitor = waiting(&service).await;
    cli(&home, &["escalations", "claim", "1", "--as", "Dana"]);
    visitor.reply(2).await;
    silent(&service, &visitor, 2).await;
    sql(&home, "UPDATE escalations SET claimed_at = NOW - 16 * MINUTE, waiting_since = NOW - 20 * MINUTE").await;
    assert!(text(&visitor.reply(3).await).starts_with("You are still in line"));
    let shown = cli(&home, &["escalations", "show", "1"]);
    assert!(shown.contains("Dana left the customer waiting") && !shown.contains("with     Dana"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_promise_is_reminded_of_and_told_of_when_it_is_late() {
    let home = Home::new();
    let mut service = home.start();
    let visitor = waiting(&service).await;
    let reply = [
        "escalations",
        "reply",
        "1",
        "A crew comes by 18:00.",
        "--as",
        "Dana",
        "--promise",
        "a crew comes",
        "--by",
        "2h",
    ];
    cli(&home, &reply);
    visitor.reply(2).await;
    let listed = cli(&home, &["promises", "list"]);
    assert!(listed.contains("open") && listed.contains("Dana") && listed.contains("a crew comes"), "{listed}");
    sql(&home, "UPDATE promises SET look_at = NOW").await;
    eventually("the reminder", || cli(&home, &["escalations", "show", "1"]).contains("A promise falls due soon")).await;
    service.kill();
    sql(&home, "UPDATE promises SET due_at = NOW, look_at = NOW").await;
    let service = home.start();
    let visitor = service.returning(visitor.key);
    assert!(text(&visitor.reply(3).await).starts_with("We said that you would hear from us by now"));
    silent(&service, &visitor, 3).await;
    assert!(cli(&home, &["promises", "list"]).contains("late"));
    cli(&home, &["promises", "keep", "1", "--as", "Dana"]);
    assert!(cli(&home, &["promises", "list"]).contains("nothing is promised"));
    assert!(cli(&home, &["promises", "list", "--all"]).contains("kept late"), "late is late");
    assert!(!home.run(&["promises", "withdraw", "1", "--as", "Dana"]).status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bots_promise_is_kept_with_the_answer_as_it_is_then() {
    let home = Home::new();
    let path = home.path().join("responses/water.md");
    let written = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, written.replacen("---\n", "---\npromise: 2h\n", 1)).unwrap();
    let service = home.start();
    let visitor = service.visitor().await;
    visitor.says("1", "is the tap water safe to drink").await;
    let first = visitor.reply(1).await;
    let listed = cli(&home, &["promises", "list"]);
    assert!(listed.contains("the bot"), "{listed} after {first}");
    sql(&home, "UPDATE promises SET due_at = NOW, look_at = NOW").await;
    let again = visitor.reply(2).await;
    assert!(text(&first).contains(text(&again)), "{again}");
    assert!(cli(&home, &["promises", "list", "--all"]).contains("kept"));
    silent(&service, &visitor, 2).await;
}
