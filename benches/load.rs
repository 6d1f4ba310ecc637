//! Load on the whole service: visitors who each open the chat, ask one question and wait for its answer.
//!
//! `cargo bench --bench load -- [--rate PER_SECOND] [--seconds N] [--quiet MS] [--model] [--fresh]` starts the real binary on a copy of
//! the sample crisis and prints latencies. With `--model` the sentence model of this machine is used, with `--fresh` no two messages are alike. The
//! load is open: visitors arrive at the given rate whether or not earlier ones have been answered, so a service that falls behind shows it. What
//! `/health` says is asked each second: what waits, and when n-grams alone decide. Client and service share the machine.
#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/common/mod.rs"]
mod common;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use common::{Home, Service, Visitor};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// What visitors ask, in turn: answers, questions back and hand-overs in a mix.
const QUESTIONS: [&str; 8] = [
    "when will my power be back",
    "is the tap water safe to drink",
    "still no lights on our street, any news??",
    "where can I charge my phone and stay warm tonight",
    "hi, is my food in the freezer still ok? and how do I claim for it",
    "I want to talk to a person",
    "my neighbour has a generator in the garage, is that safe",
    "what about the thing from last week",
];

/// How long the service may learn with the sentence model at most, on a busy machine, before the load begins.
const LEARNING: Duration = Duration::from_mins(10);

struct Options {
    rate: f64,
    seconds: u64,
    quiet: u64,
    model: bool,
    fresh: bool,
}

fn options() -> Options {
    let args: Vec<String> = std::env::args().collect();
    let value =
        |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1)?.parse::<f64>().ok());
    Options {
        rate: value("--rate").unwrap_or(200.0),
        seconds: value("--seconds").unwrap_or(15.0) as u64,
        quiet: value("--quiet").unwrap_or(0.0) as u64,
        model: args.iter().any(|arg| arg == "--model"),
        fresh: args.iter().any(|arg| arg == "--fresh"),
    }
}

/// How long one visitor's steps took.
struct Taken {
    accepted: Duration,
    answered: Duration,
}

#[tokio::main]
async fn main() {
    let Options { rate, seconds, quiet, model, fresh } = options();
    let home = Home::new();
    home.settings(&format!(
        "[policy]\nquiet_ms = {quiet}\npatience_ms = {}\n[web]\nvisitor_burst = 100\naddress_burst = 10000000\n",
        quiet.max(8_000)
    ));
    let mut command = home.command();
    if model {
        command.env_remove("EVENKEEL_MODEL");
    }
    let service = Arc::new(common::start(command, &[]));
    let learnt_by = Instant::now() + LEARNING;
    while model && service.health().await["health"]["understanding"] != "sentence model" {
        assert!(Instant::now() < learnt_by, "no sentence model: {}", service.health().await);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let observer = tokio::spawn(observe(Arc::clone(&service)));
    let total = (rate * seconds as f64) as usize;
    let started = Instant::now();
    let mut visits = JoinSet::new();
    for n in 0..total {
        let due = started + Duration::from_secs_f64(n as f64 / rate);
        tokio::time::sleep_until(due.into()).await;
        let service = Arc::clone(&service);
        let mut question = QUESTIONS[n % QUESTIONS.len()].to_owned();
        if fresh {
            question = format!("{question} (we live at number {n})");
        }
        visits.spawn(async move { visit(&service, &question).await });
    }
    let offered = started.elapsed();
    let taken: Vec<Option<Taken>> = visits.join_all().await;
    let elapsed = started.elapsed();
    observer.abort();
    let failed = taken.iter().filter(|taken| taken.is_none()).count();
    let taken: Vec<Taken> = taken.into_iter().flatten().collect();
    println!(
        "{total} visitors at {rate}/s over {:.1} s, quiet window {quiet} ms; {failed} failed",
        offered.as_secs_f64()
    );
    println!("{:.0} questions answered a second until the last answer", taken.len() as f64 / elapsed.as_secs_f64());
    print("message accepted (POST to 202)", taken.iter().map(|taken| taken.accepted).collect());
    print("answer on the visitor's screen (POST to event)", taken.iter().map(|taken| taken.answered).collect());
    let metrics = service.http.get(format!("{}/metrics", service.url)).send().await.unwrap().text().await.unwrap();
    for line in metrics.lines() {
        if ["evenkeel_turn_seconds", "evenkeel_overload", "evenkeel_turns_in_haste"]
            .iter()
            .any(|name| line.starts_with(name))
        {
            println!("{line}");
        }
    }
}

/// Prints, second by second, what waits; and each change of what decides.
async fn observe(service: Arc<Service>) {
    let started = Instant::now();
    let mut before = Value::Null;
    loop {
        let health = service.health().await;
        let (store, decides) = (&health["store"], &health["health"]["understanding"]);
        let change = if *decides == before { "" } else { decides.as_str().unwrap_or_default() };
        println!(
            "{:5.1} s: {:4} turns wait, the oldest for {} s {change}",
            started.elapsed().as_secs_f64(),
            store["inbox_pending"],
            store["inbox_oldest_seconds"]
        );
        before = decides.clone();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// A key, a message, and the stream until the answer.
async fn visit(service: &Service, question: &str) -> Option<Taken> {
    let visitor = service.visitor().await;
    let started = Instant::now();
    let answer = visitor.post(&json!({ "id": "1", "text": question })).await.ok()?;
    if answer.status() != 202 {
        return None;
    }
    let accepted = started.elapsed();
    tokio::time::timeout(common::PATIENCE, wait_for_answer(service, &visitor)).await.ok()??;
    Some(Taken { accepted, answered: started.elapsed() })
}

async fn wait_for_answer(service: &Service, visitor: &Visitor) -> Option<()> {
    let url = format!("{}/api/chat/events?after=0", service.url);
    let mut stream = service.http.get(url).bearer_auth(&visitor.key).send().await.ok()?.bytes_stream();
    let mut seen = String::new();
    while let Some(bytes) = stream.next().await {
        seen.push_str(&String::from_utf8_lossy(&bytes.ok()?));
        if seen.contains("\"author\":\"bot\"") {
            return Some(());
        }
    }
    None
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: f64| {
        times.get(((times.len() as f64 - 1.0) * share) as usize).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    println!("{what}: p50 {:.1} ms, p90 {:.1} ms, p99 {:.1} ms, max {:.1} ms", at(0.5), at(0.9), at(0.99), at(1.0));
}
