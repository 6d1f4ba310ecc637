//! Wires the rooms together: start, recover, serve, drain, stop.

use std::{collections::BTreeMap, error::Error as _, fs::File, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    channels,
    config::{self, Config},
    embedding::{Embedder, FILES, place::Place},
    knowledge::{Knowledge, Phrase},
    responder::Responder,
    store::Store,
    web::{self, ChatPage, Embedding, Health, Limits, WebState},
    workers,
};

/// How long pending messages may take to be answered and delivered when the service is asked to stop. Container platforms commonly
/// kill after 30 s; whatever is left is safe in the store and is taken up at the next start.
const DRAIN: Duration = Duration::from_secs(15);

/// How long open connections may take to end after that.
const CLOSE: Duration = Duration::from_secs(3);

/// Runs the service until SIGTERM or SIGINT, then drains and returns.
///
/// # Errors
/// Whatever keeps it from starting: the address is taken, the store cannot be opened, another service has it.
pub async fn run(config: Config, knowledge: Knowledge) -> anyhow::Result<()> {
    // Listening for signals first: a stop that is asked for during the start is not missed.
    let stop = stop_signal()?;
    let metrics = PrometheusBuilder::new().install_recorder().context("installing the metrics recorder")?;
    let _lock = lock(&config.store.path)?;
    let store = Store::open(&config.store.path)
        .await
        .with_context(|| format!("cannot open the store {}", config.store.path.display()))?;
    let channels = channels::all();
    let resendable: Vec<&str> =
        channels.iter().filter(|channel| channel.may_resend()).map(|channel| channel.name()).collect();
    let recovered = store.recover(&resendable, Timestamp::now()).await.context("recovering the outbox")?;
    if recovered.requeued + recovered.uncertain > 0 {
        warn!(requeued = recovered.requeued, uncertain = recovered.uncertain, "the last run ended while sending");
    }

    let started = std::time::Instant::now();
    let (embedder, degraded) = match tokio::task::block_in_place(|| sentence_model(&config.model)) {
        Ok(embedder) => (Some(embedder), Vec::new()),
        Err(lacking) => {
            warn!("{lacking}");
            (None, vec![lacking])
        }
    };
    let responder = Arc::new(tokio::task::block_in_place(|| Responder::new(knowledge, &config.policy, embedder)));
    let knowledge = responder.knowledge();
    info!(
        knowledge = %knowledge.version,
        intents = knowledge.intents.len(),
        threshold = (responder.threshold() * 1000.0).round() / 1000.0,
        trained_ms = started.elapsed().as_millis() as u64,
        "knowledge ready"
    );

    let listener = TcpListener::bind(config.web.listen).await.with_context(|| {
        format!(
            "cannot listen on {}: is another program there? Choose another address with --listen",
            config.web.listen
        )
    })?;
    let address = listener.local_addr()?;

    let (ready, is_ready) = watch::channel(true);
    let (_page, page) = watch::channel(chat_page(knowledge));
    let (_health, health) =
        watch::channel(Health { knowledge: knowledge.version.clone(), intents: knowledge.intents.len(), degraded });
    let close_connections = CancellationToken::new();
    let router = web::router(WebState {
        store: store.clone(),
        page,
        embedding: embedding(&config.web)?,
        limits: limits(&config.web),
        behind_proxy: config.web.behind_proxy,
        health,
        ready: is_ready,
        metrics,
        shutdown: close_connections.clone(),
    });
    let server = tokio::spawn(web::serve(listener, router, close_connections.clone(), CLOSE));

    let stop_turns = CancellationToken::new();
    let stop_delivery = CancellationToken::new();
    let turns = tokio::spawn(workers::turns::run(
        store.clone(),
        Arc::clone(&responder),
        config.policy.clone(),
        stop_turns.clone(),
    ));
    let delivery = tokio::spawn(workers::delivery::run(store.clone(), channels, stop_delivery.clone()));

    info!(store = %config.store.path.display(), "listening on http://{address}");
    eprintln!(
        "\n  Open http://{address} and write as a customer would. What needs a person: `evenkeel escalations list`.\n"
    );

    stop.await;
    info!("stopping: no further messages are taken, pending ones are answered");
    ready.send_replace(false);
    stop_turns.cancel();
    finish("answering what is pending", turns, DRAIN).await;
    stop_delivery.cancel();
    finish("delivering what is queued", delivery, DRAIN).await;
    close_connections.cancel();
    finish("closing the connections", server, CLOSE * 2).await;
    store.close().await;
    info!("stopped");
    Ok(())
}

/// Opens the sentence model if it is there; else what people should know and do. Nothing is fetched.
///
/// # Errors
/// One line: why n-grams alone decide.
pub fn sentence_model(config: &config::Model) -> Result<Arc<Embedder>, String> {
    let place = Place::find(config.path.as_deref())
        .map_err(|error| format!("no folder for the sentence model ({error}): n-grams alone decide"))?;
    let folder = place.folder();
    if !FILES.iter().all(|file| folder.join(file).exists()) {
        return Err("the sentence model is missing: n-grams alone decide; run `evenkeel model fetch`".to_owned());
    }
    Embedder::open_with(folder, config.backend, config.device).map(Arc::new).map_err(|error| {
        let why = error.source().map(|source| format!(": {source}")).unwrap_or_default();
        format!("the sentence model cannot be used: n-grams alone decide; {error}{why}")
    })
}

/// Waits for a part of the service, within a bound.
async fn finish(what: &str, mut task: JoinHandle<()>, bound: Duration) {
    match timeout(bound, &mut task).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => warn!(%error, "{what} ended badly"),
        Err(_) => {
            task.abort();
            warn!("{what} took longer than {} s; what is left is taken up at the next start", bound.as_secs());
        }
    }
}

/// Completes at SIGTERM or SIGINT. A second SIGINT ends the process at once: who presses Ctrl-C twice means it.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tokio::spawn(async move {
            interrupt.recv().await;
            std::process::exit(130);
        });
    })
}

/// One service for one store: a second one would take the first one's leases for those of a dead process.
fn lock(store: &Path) -> anyhow::Result<File> {
    let path = store.with_extension("lock");
    let file = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => bail!(
            "another evenkeel serves the store {}: stop it first, or give this one another file with --database",
            store.display()
        ),
        Err(std::fs::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// What the chat page shows of the knowledge.
fn chat_page(knowledge: &Knowledge) -> ChatPage {
    let now = Timestamp::now();
    let introductions: BTreeMap<_, _> = knowledge
        .languages()
        .iter()
        .map(|language| (*language, knowledge.phrase(Phrase::Introduction, *language, now).text))
        .collect();
    ChatPage {
        company: knowledge.company().to_owned(),
        default_language: knowledge.default_language(),
        introductions,
        phone: None,
    }
}

fn embedding(web: &config::Web) -> anyhow::Result<Embedding> {
    if web.embed_origins.iter().any(|origin| origin == "*") {
        return Ok(Embedding::anywhere());
    }
    Embedding::only(&web.embed_origins).context("web.embed_origins")
}

fn limits(web: &config::Web) -> Limits {
    let mut limits = Limits::default();
    limits.messages.burst = web.visitor_burst;
    limits.newcomers.burst = web.address_burst;
    limits
}
