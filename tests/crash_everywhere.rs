//! The service is killed again and again while customers write on every platform and the platforms misbehave: each message has one answer or
//! one escalation, or a reply that is recorded as uncertain, and never two.
//!
//! `EVENKEEL_KILLS=50 cargo test --test outside crash_everywhere:: -- --nocapture` is the long run.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures::future::join_all;
use sqlx::{Connection as _, Row as _, SqliteConnection};

use crate::{
    common::Home,
    fakes::platforms::{Platform, all, reply, start},
};

/// How often the process is killed.
fn kills() -> u32 {
    std::env::var("EVENKEEL_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(4)
}

/// Customers of a platform who ask between two kills. X takes 100 posts in 15 minutes.
fn ask(platform: &dyn Platform) -> u32 {
    if platform.name() == "x" { 1 } else { 3 }
}

/// Discord repeats nothing of what was written while we were away: its customers must be known, so that we ask for it. They write once
/// before; so do the others, but on X, for the same reason as above.
fn greets(platform: &dyn Platform) -> bool {
    platform.name() != "x"
}

/// Of a hundred calls of each platform, so many go wrong.
const PERCENT: u32 = 15;

const WATER: &str = "is the tap water safe to drink";

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_forgotten_or_answered_twice_on_any_platform_through_many_kills() {
    let (home, platforms, kills) = (Home::new(), all().await, kills());
    let mut service = start(&home, &platforms).await;
    let greeting = platforms.iter().filter(|platform| greets(platform.as_ref()));
    join_all(greeting.map(|platform| async move {
        let customers = kills * ask(platform.as_ref());
        for customer in 0..customers {
            platform.writes(customer, "hello").await;
        }
        for customer in 0..customers {
            reply(platform.as_ref(), customer, 1).await;
        }
    }))
    .await;
    service.settled().await;
    // How far all of Discord is stored is written down some seconds later, because its events may overtake each other.
    tokio::time::sleep(Duration::from_secs(7)).await;

    for round in 0..kills {
        for (platform, seed) in platforms.iter().zip(0_u64..) {
            platform.misbehave(PERCENT, u64::from(round) * 10 + seed);
        }
        let asks = join_all(platforms.iter().map(|platform| async move {
            let each = ask(platform.as_ref());
            for customer in round * each..(round + 1) * each {
                platform.writes(customer, WATER).await;
                tokio::time::sleep(Duration::from_millis(40)).await;
            }
        }));
        // Uneven pauses, so that the kill meets every stage of the work.
        let dies = async {
            tokio::time::sleep(Duration::from_millis(60 + u64::from(round) * 97 % 700)).await;
            service.kill();
            service = start(&home, &platforms).await;
        };
        tokio::join!(asks, dies);
    }
    for platform in &platforms {
        platform.misbehave(0, 0);
    }
    let each = |platform: &dyn Platform| 1 + u32::from(greets(platform));
    let messages: u32 = platforms.iter().map(|platform| each(platform.as_ref()) * kills * ask(platform.as_ref())).sum();
    settled(&home, messages.into()).await;
    service.settled().await;
    drop(service);

    let rows = outbox(&home).await;
    for platform in &platforms {
        let (name, customers) = (platform.name(), kills * ask(platform.as_ref()));
        let each = each(platform.as_ref()) as usize;
        let mut heard = Vec::new();
        for customer in 0..customers {
            // The web chat is served by the service: what it says is in the store.
            heard.push(if name == "web" { each } else { platform.heard(customer).await.len() });
        }
        let of = |state: &str| rows.get(&(name.to_owned(), state.to_owned())).copied().unwrap_or_default();
        let (sent, uncertain, failed) = (of("sent"), of("uncertain"), of("failed"));
        let unheard = heard.iter().filter(|heard| **heard < each).count();
        println!(
            "{name}: {customers} customers, {sent} sent, {uncertain} uncertain, {failed} failed; {unheard} did not hear the answer"
        );
        assert_eq!(sent + uncertain + failed, each * customers as usize, "{name}: one reply to each message");
        assert!(
            heard.iter().all(|heard| (each - 1..=each).contains(heard)),
            "{name}: nobody hears an answer twice: {heard:?}"
        );
        assert!(unheard <= uncertain + failed, "{name}: whoever heard nothing is known to agents");
    }
    assert_eq!(lost(&home).await, 0, "each message had its turn, and what may not have arrived is before an agent");
}

/// Waits until all messages that the platforms took have come in.
async fn settled(home: &Home, expected: i64) {
    let deadline = Instant::now() + Duration::from_mins(3);
    loop {
        let mut store = open(home).await;
        let received: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM inbox").fetch_one(&mut store).await.unwrap();
        if received >= expected {
            assert_eq!(received, expected, "each message came in once");
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{received} of {expected} messages came in: {:?}",
            by_channel(&mut store).await
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn by_channel(store: &mut SqliteConnection) -> Vec<(String, i64)> {
    sqlx::query_as("SELECT channel, COUNT(*) FROM inbox GROUP BY channel").fetch_all(store).await.unwrap()
}

/// How many replies ended in which state, for each channel.
async fn outbox(home: &Home) -> BTreeMap<(String, String), usize> {
    let rows = sqlx::query("SELECT channel, state, COUNT(*) AS count FROM outbox GROUP BY channel, state")
        .fetch_all(&mut open(home).await)
        .await
        .unwrap();
    rows.iter().map(|row| ((row.get("channel"), row.get("state")), row.get::<i64, _>("count") as usize)).collect()
}

/// Messages without a turn, turns without a reply, and replies that may not have arrived without an open escalation.
async fn lost(home: &Home) -> i64 {
    sqlx::query_scalar(
        "SELECT (SELECT COUNT(*) FROM inbox WHERE audit IS NULL)
            + (SELECT COUNT(*) FROM audit a WHERE a.kind = 'turn' AND (SELECT COUNT(*) FROM outbox o WHERE o.audit = a.id) <> 1)
            + (SELECT COUNT(*) FROM outbox o WHERE o.state IN ('uncertain', 'failed')
               AND NOT EXISTS (SELECT 1 FROM escalations e WHERE e.conversation = o.conversation AND e.resolved_at IS NULL))",
    )
    .fetch_one(&mut open(home).await)
    .await
    .unwrap()
}

async fn open(home: &Home) -> SqliteConnection {
    let path = home.path().join("evenkeel.db");
    SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap()
}
