//! Two hundred customers on three platforms ask the same new thing. An agent answers their group at the desk, the service is killed while the
//! answers go out, and afterwards everybody has heard the answer once, or a person knows that they may not have.
#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod common;
mod fakes;
mod platforms;

use std::time::{Duration, Instant};

use common::{Home, PATIENCE, desk::Desk};
use futures::future::join_all;
use platforms::{Platform, all, reply, start};
use sqlx::{Connection as _, SqliteConnection};

/// Customers of each platform; X takes too few posts for this.
const CUSTOMERS: [(&str, u32); 3] = [("web", 80), ("telegram", 70), ("discord", 50)];

const ASKED: [&str; 4] = [
    "is the city zoo open on sunday",
    "Is the city zoo open on Sunday???",
    "pls is the city zoo open on sunday",
    "hello, is the city zoo open on sunday",
];

const ANSWER: &str = "The zoo is open on Sunday from 10 am.";

#[tokio::test(flavor = "multi_thread")]
async fn each_of_two_hundred_on_three_platforms_gets_one_answer_through_a_kill() {
    let home = Home::new();
    let platforms: Vec<Box<dyn Platform>> =
        all().await.into_iter().filter(|platform| CUSTOMERS.iter().any(|(name, _)| *name == platform.name())).collect();
    let mut service = start(&home, &platforms).await;
    join_all(platforms.iter().map(|platform| async move {
        for customer in 0..of(platform.as_ref()) {
            platform.writes(customer, ASKED[customer as usize % ASKED.len()]).await;
        }
        for customer in 0..of(platform.as_ref()) {
            reply(platform.as_ref(), customer, 1).await;
        }
    }))
    .await;
    let everybody: u32 = CUSTOMERS.iter().map(|(_, customers)| customers).sum();
    let group = grown(&home, everybody.into()).await;

    let dana = Desk::from_command_line(&service, &home, "Dana", "agent").await;
    let page = dana.page("/desk").await;
    assert!(page.contains(&format!("{everybody} customers wait")), "the queue shows the group: {page}");
    let answered = dana.post(&format!("/desk/groups/{group}/answer"), &[("text", ANSWER), ("hours", "12")]).await;
    assert_eq!(answered.status(), 303);
    let to = answered.headers()["location"].to_str().unwrap().to_owned();
    assert!(to.contains(&format!("resolved={everybody}")), "{to}");

    // Some answers are out, some on their way, some wait for their platform's pace.
    tokio::time::sleep(Duration::from_millis(700)).await;
    service.kill();
    service = start(&home, &platforms).await;
    all_settled(&home).await;

    let mut store = open(&home).await;
    let count = async |store: &mut SqliteConnection, sql: &'static str| -> i64 {
        sqlx::query_scalar(sql).fetch_one(store).await.unwrap()
    };
    let sent = count(&mut store, "SELECT COUNT(*) FROM outbox WHERE grp IS NOT NULL AND state = 'sent'").await;
    let uncertain =
        count(&mut store, "SELECT COUNT(*) FROM outbox WHERE grp IS NOT NULL AND state = 'uncertain'").await;
    println!("{sent} sent, {uncertain} uncertain of {everybody}");
    assert_eq!(sent + uncertain, i64::from(everybody), "one answer for each");
    let twice =
        "SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE grp IS NOT NULL GROUP BY conversation HAVING COUNT(*) > 1)";
    assert_eq!(count(&mut store, twice).await, 0);
    let unknown = "SELECT COUNT(*) FROM outbox o WHERE o.grp IS NOT NULL AND o.state = 'uncertain' AND NOT EXISTS
        (SELECT 1 FROM escalations e WHERE e.conversation = o.conversation AND e.resolved_at IS NULL)";
    assert_eq!(count(&mut store, unknown).await, 0, "what may not have arrived is before an agent");

    let mut unheard = 0;
    for platform in platforms.iter().filter(|platform| platform.name() != "web") {
        for customer in 0..of(platform.as_ref()) {
            let heard = platform.heard(customer).await.iter().filter(|text| text.contains("10 am")).count();
            assert!(heard <= 1, "{}: customer {customer} heard it {heard} times", platform.name());
            unheard += i64::from(heard == 0);
        }
    }
    assert!(unheard <= uncertain, "{unheard} heard nothing, and only {uncertain} are known");

    // The page counts them.
    let dana = Desk { url: service.url.clone(), ..dana };
    let page = dana.page(&format!("/desk/groups/{group}")).await;
    assert!(page.contains(&format!("{sent} sent")), "{page}");
}

fn of(platform: &dyn Platform) -> u32 {
    CUSTOMERS.iter().find(|(name, _)| *name == platform.name()).map_or(0, |(_, customers)| *customers)
}

/// Waits until so many wait in one group, and gives its number.
async fn grown(home: &Home, members: i64) -> i64 {
    let deadline = Instant::now() + PATIENCE * 2;
    loop {
        let sizes: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT grp, COUNT(*) FROM escalations WHERE resolved_at IS NULL AND grp IS NOT NULL GROUP BY grp ORDER BY 2 DESC",
        )
        .fetch_all(&mut open(home).await)
        .await
        .unwrap();
        if let Some((group, _)) = sizes.first().filter(|(_, size)| *size == members) {
            return *group;
        }
        assert!(Instant::now() < deadline, "no group of {members}: {sizes:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Waits until no answer waits or is on its way any more.
async fn all_settled(home: &Home) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM outbox WHERE state IN ('queued', 'leased')")
            .fetch_one(&mut open(home).await)
            .await
            .unwrap();
        if left == 0 {
            return;
        }
        assert!(Instant::now() < deadline, "{left} are not settled");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn open(home: &Home) -> SqliteConnection {
    let path = home.path().join("evenkeel.db");
    SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap()
}
