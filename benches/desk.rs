//! The desk with ten thousand people waiting: how long the server takes for its pages.
//!
//! `cargo bench --bench desk -- [--open N] [--alike N]` fills a store with N open escalations, of which so many ask the same, starts the real binary on
//! it, signs in and asks for each page 40 times over HTTP. Client and service share the machine.
#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/common/mod.rs"]
mod common;

use std::time::{Duration, Instant};

use common::{Home, desk::Desk};
use evenkeel::{
    conversation::{Decision, Escalation, EscalationId, Memory, Reason, Standing, Turn, Urgency},
    message::Incoming,
    reading::{Language, Mood, Ranked, Reading},
    store::{Assignment, Joins, Store},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;

fn argument(name: &str, default: usize) -> usize {
    let args: Vec<String> = std::env::args().collect();
    args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1)?.parse().ok()).unwrap_or(default)
}

/// One customer who wrote something that calls a person.
async fn calls(store: &Store, number: usize) -> Result<EscalationId, evenkeel::store::StoreError> {
    let now = Timestamp::now();
    let incoming = Incoming {
        channel: ["web", "telegram", "discord"][number % 3].to_owned(),
        message_id: number.to_string(),
        edits: None,
        reply_to: None,
        place: number.to_string(),
        contact: number.to_string(),
        public: false,
        text: format!("my question number {number} is about the pier and what happens to the boats there tonight"),
        quoted: None,
        choice: None,
        stop: false,
        attachments: Vec::new(),
        received_at: now,
    };
    let received = store.receive(&incoming).await?;
    let (conversation, pending) = store.pending(received.conversation).await?.unwrap();
    let reading = Reading {
        ranked: vec![Ranked { intent: "outage_map".to_owned(), probability: 0.3 }],
        language: Some(Language::ENGLISH),
        mood: [Mood::Calm, Mood::Worried, Mood::Angry][number % 3],
        danger: None,
        concern: None,
    };
    let urgency = if number.is_multiple_of(50) { Urgency::High } else { Urgency::Normal };
    let turn = Turn {
        decision: Decision::Escalate(Reason::Unsure),
        replies: Vec::new(),
        escalation: Some(Escalation {
            reason: Reason::Unsure,
            urgency,
            intents: vec!["outage_map".to_owned()],
            due_at: None,
            look_at: None,
        }),
        memory: Memory {
            standing: Standing::Waiting,
            language: Some(Language::ENGLISH),
            ..conversation.memory.clone()
        },
        readings: vec![reading],
        promises: Vec::new(),
    };
    let ids: Vec<_> = pending.iter().map(|message| message.id).collect();
    Ok(store.record_turn(&conversation, &ids, &turn, "k", now).await?.unwrap())
}

async fn fill(home: &Home, open: usize, alike: usize) {
    let store = Store::open(&home.path().join("evenkeel.db")).await.unwrap();
    let started = Instant::now();
    let mut ids: Vec<EscalationId> =
        stream::iter(0..open).map(|number| calls(&store, number)).buffer_unordered(128).try_collect().await.unwrap();
    ids.sort_unstable();
    let members = store.not_looked_at(u32::try_from(open).unwrap()).await.unwrap();
    let assignment = |(place, member): (usize, evenkeel::store::Member)| Assignment {
        escalation: member.escalation.id,
        turn: member.turn,
        joins: if place == 0 || place >= alike { Joins::Own } else { Joins::GroupOf(ids[0]) },
        served: false,
    };
    store.assign(members.into_iter().enumerate().map(assignment).collect(), Timestamp::now()).await.unwrap();
    store.close().await;
    println!("{open} open escalations, {alike} of them alike; filled in {:.1} s", started.elapsed().as_secs_f64());
}

#[tokio::main]
async fn main() {
    let (open, alike) = (argument("--open", 10_000), argument("--alike", 400));
    let home = Home::new();
    fill(&home, open, alike).await;
    let service = home.start();
    let dana = Desk::from_command_line(&service, &home, "Dana", "agent").await;
    for (name, path) in [
        ("queue", "/desk"),
        ("queue, filtered", "/desk?channel=telegram&mood=worried&whose=unassigned"),
        ("queue, last page", "/desk?page=190"),
        ("conversation", "/desk/escalations/5000"),
        ("groups", "/desk/groups"),
        ("group", "/desk/groups/1"),
        ("figures", "/desk/figures"),
    ] {
        let mut took: Vec<Duration> = Vec::new();
        for _ in 0..40 {
            let started = Instant::now();
            dana.page(path).await;
            took.push(started.elapsed());
        }
        took.sort_unstable();
        let ms = |at: usize| took[at].as_secs_f64() * 1e3;
        println!("{name:<18} p50 {:>6.1} ms   p95 {:>6.1} ms   slowest {:>6.1} ms", ms(20), ms(37), ms(39));
    }
}
