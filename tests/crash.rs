//! The service is killed again and again in a stream of messages: nothing that was accepted is lost, nothing is answered twice.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;

use crate::common::Home;

/// How often the process is killed.
const KILLS: u64 = 12;

/// Customers who write at the same time.
const WRITERS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_is_answered_twice_through_many_kills() {
    let home = Home::new();
    let mut service = home.start();
    let url = Arc::new(Mutex::new(service.url.clone()));
    let http = service.http.clone();
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));

    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let (url, http, done) = (Arc::clone(&url), http.clone(), Arc::clone(&done));
        writers.spawn(async move {
            let mut accepted = Vec::new();
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                if let Some(visitor) = new_visitor(&http, &url).await {
                    say_until_accepted(&visitor, &http, &url).await;
                    accepted.push(visitor);
                }
            }
            accepted
        });
    }

    for round in 0..KILLS {
        // Uneven pauses, so that the kill meets every stage of the work.
        tokio::time::sleep(Duration::from_millis(120 + (round * 97) % 400)).await;
        service.kill();
        service = home.start();
        url.lock().unwrap().clone_from(&service.url);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    let accepted: Vec<String> = writers.join_all().await.into_iter().flatten().collect();
    service.settled().await;

    println!("{} messages were accepted through {KILLS} kills", accepted.len());
    assert!(accepted.len() > KILLS as usize, "the stream never got going: {}", accepted.len());
    for key in accepted {
        let visitor = service.returning(key);
        let lines = visitor.lines().await;
        let authors: Vec<&str> = lines.iter().map(|line| line["author"].as_str().unwrap()).collect();
        assert_eq!(authors, ["customer", "bot"], "one message, one answer: {lines:?}");
    }
    let health = service.health().await;
    assert_eq!(health["store"]["outbox_uncertain"], 0, "{health}");
}

/// A visitor's key from whichever process runs now.
async fn new_visitor(http: &reqwest::Client, url: &Mutex<String>) -> Option<String> {
    let url = url.lock().unwrap().clone();
    let answer = http.post(format!("{url}/api/chat/visitors")).send().await.ok()?;
    Some(answer.json::<serde_json::Value>().await.ok()?["visitor"].as_str()?.to_owned())
}

/// Sends the same message again until it is accepted, as a browser does that lost its connection.
async fn say_until_accepted(key: &str, http: &reqwest::Client, url: &Mutex<String>) {
    loop {
        let url = url.lock().unwrap().clone();
        let body = json!({ "id": "only", "text": "is the tap water safe to drink" });
        let answer = http.post(format!("{url}/api/chat/messages")).bearer_auth(key).json(&body).send().await;
        if answer.is_ok_and(|answer| answer.status() == 202) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}
