//! The first start: no sentence model yet, and nobody waits for it.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use axum::{Router, extract::Request, http::StatusCode, routing::get};
use evenkeel::embedding::place::Place;
use serde_json::Value;
use tokio::sync::watch;

use crate::common::{self, Home, PATIENCE, Service, text};

/// A command whose model would be fetched from `hub` into an empty cache folder.
fn newcomer(home: &Home, hub: &str) -> Command {
    let mut command = home.command();
    command.env_remove("EVENKEEL_MODEL").env("XDG_CACHE_HOME", home.path().join("cache"));
    command.env("HF_ENDPOINT", hub).env("PIP_INDEX_URL", format!("{hub}/simple")).env("NO_PROXY", "*");
    command
}

/// A hub that has the files in a folder, or none, and counts what it is asked.
async fn hub(files: Option<PathBuf>) -> (String, Arc<AtomicUsize>) {
    gated_hub(files, watch::Sender::new(true).subscribe()).await
}

/// A hub that answers nobody before its gate is open.
async fn gated_hub(files: Option<PathBuf>, gate: watch::Receiver<bool>) -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let serve = move |request: Request| {
        count.fetch_add(1, Ordering::Relaxed);
        let mut gate = gate.clone();
        let name = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        let file = files.as_ref().and_then(|files| fs::read(files.join(name)).ok());
        async move {
            let _ = gate.wait_for(|open| *open).await;
            file.ok_or(StatusCode::NOT_FOUND)
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(get(serve));
    tokio::spawn(async move {
        let mut tasks = tokio::task::JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let service = hyper_util::service::TowerToHyperService::new(router.clone());
            tasks.spawn(async move {
                let stream = hyper_util::rt::TokioIo::new(stream);
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await;
            });
        }
    });
    (address, asked)
}

/// Where the model is, or nothing where it was not fetched. On CI it must be there.
fn fetched_model() -> Option<PathBuf> {
    let place = Place::find(None).unwrap();
    let there = place.folder().join("model.safetensors").exists();
    assert!(there || std::env::var_os("CI").is_none(), "the model is missing: run `evenkeel model fetch` first");
    there.then(|| place.folder().to_owned())
}

/// How probable the best intent of each turn was, as the log tells it.
fn probabilities(log: &str) -> Vec<f64> {
    let told = log.split("probability=").skip(1);
    told.map(|rest| rest.split_whitespace().next().unwrap().parse().unwrap()).collect()
}

/// The same as `evenkeel classify` tells it, with the model in a folder or by n-grams where there is none.
fn classified(home: &Home, model: &Path, text: &str) -> f64 {
    let mut child = home.command();
    child.env("EVENKEEL_MODEL", model).arg("classify").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = child.spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{text}").unwrap();
    let verdict: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    (verdict["probability"].as_f64().unwrap() * 1000.0).round() / 1000.0
}

/// Waits until `/health` says something.
async fn says(service: &Service, what: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE * 5;
    loop {
        let health = service.health().await;
        if what(&health) {
            return health;
        }
        assert!(Instant::now() < deadline, "{health}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_source_it_answers_by_ngrams_and_says_why() {
    let home = Home::new();
    let (hub, asked) = hub(None).await;
    let service = common::start(newcomer(&home, &hub), &[]);
    let visitor = service.visitor().await;
    visitor.says("1", "is the tap water safe to drink").await;
    assert!(text(&visitor.reply(1).await).to_lowercase().contains("water"));

    let health = says(&service, |health| health.to_string().contains("could not be fetched")).await;
    assert_eq!((&health["status"], &health["health"]["understanding"]), (&"degraded".into(), &"n-grams alone".into()));
    let why = health["health"]["degraded"][0].as_str().unwrap();
    assert!(why.contains("404") && why.contains("evenkeel model fetch") && !why.contains('\n'), "{why}");
    assert!(asked.load(Ordering::Relaxed) >= 2, "both sources were asked");
    let (status, log) = service.terminate();
    assert!(status.success() && log.contains("could not be fetched"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_want_it_fetched_is_obeyed() {
    let home = Home::new();
    let (hub, asked) = hub(None).await;
    let quiet = |health: &Value| health["health"]["degraded"][0].as_str().unwrap_or_default().contains("model fetch");

    home.settings("[model]\nfetch = false\n");
    let service = common::start(newcomer(&home, &hub), &[]);
    says(&service, quiet).await;
    drop(service);

    home.settings("");
    let mut command = newcomer(&home, &hub);
    command.env("EVENKEEL_MODEL_FETCH", "false");
    says(&common::start(command, &[]), quiet).await;

    let mut command = newcomer(&home, &hub);
    command.env("EVENKEEL_MODEL", home.path().join("of-my-own"));
    let health = says(&common::start(command, &[]), |health| health.to_string().contains("of-my-own")).await;
    assert!(!health.to_string().contains("model fetch"), "fetching would not help: {health}");
    assert!(!home.path().join("of-my-own").exists(), "nothing is written to a folder that someone named");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_is_fetched_and_put_to_work_while_it_answers() {
    let Some(model) = fetched_model() else { return };
    let home = Home::new();
    home.only(&["water", "talk_to_person", "self_harm", "gas_smell"]);
    let (hub, _) = hub(Some(model)).await;
    let service = common::start(newcomer(&home, &hub), &[]);
    let visitor = service.visitor().await;
    visitor.says("1", "I want to talk to a person").await;
    visitor.reply(1).await;

    let health = says(&service, |health| health["status"] == "ok").await;
    assert_eq!(health["health"]["understanding"], "sentence model");
    let (_, log) = service.terminate();
    for line in ["is being fetched", "percent=100", "still learning", "the sentence model decides now"] {
        assert!(log.contains(line), "{line}: {log}");
    }
    let service = common::start(newcomer(&home, &hub), &[]);
    let health = service.health().await;
    assert_eq!(health["health"]["understanding"], "sentence model", "what was learnt is kept: {health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_very_next_turn_after_learning_is_read_with_the_sentence_model() {
    let Some(model) = fetched_model() else { return };
    let home = Home::new();
    home.only(&["water", "talk_to_person", "self_harm", "gas_smell"]);
    let gate = watch::Sender::new(false);
    let (hub, _) = gated_hub(Some(model.clone()), gate.subscribe()).await;
    let service = common::start(newcomer(&home, &hub), &[]);
    let question = "can my kids drink what comes out of the kitchen faucet";

    let early = service.visitor().await;
    early.says("1", question).await;
    early.reply(1).await;
    assert_eq!(service.health().await["health"]["understanding"], "n-grams alone");
    gate.send_replace(true);
    says(&service, |health| health["health"]["understanding"] == "sentence model").await;
    let late = service.visitor().await;
    late.says("1", question).await;
    late.reply(1).await;

    let (_, log) = service.terminate();
    let (ngrams, learnt) =
        (classified(&home, &home.path().join("no-model"), question), classified(&home, &model, question));
    assert!((ngrams - learnt).abs() > 0.01, "the question must tell them apart: {ngrams} and {learnt}");
    assert_eq!(probabilities(&log), [ngrams, learnt], "{log}");
}
