//! Wires the rooms together: start, recover, serve, drain, stop.

mod condition;
pub mod sentence_model;

use std::{
    collections::BTreeMap,
    fs::File,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use axum::Router;
use futures::FutureExt as _;
use jiff::Timestamp;
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use condition::Condition;
use sentence_model::{Learner, Progress};

use crate::{
    channels::{self, Board, Door, WebChat},
    classifier::saved::Shelf,
    config::{self, Config},
    desk::waiting::Outlook,
    knowledge::{Knowledge, Phrase},
    responder::{self, Responder},
    store::{Store, Token},
    web::{self, ChatPage, Embedding, Limits, Places, Site, WebState},
    workers,
};

/// How long pending messages may take to be answered and delivered when the service is asked to stop. Container platforms commonly
/// kill after 30 s; whatever is left is safe in the store and is taken up at the next start.
const DRAIN: Duration = Duration::from_secs(15);

/// How long open connections may take to end after that.
const CLOSE: Duration = Duration::from_secs(3);

/// Runs the service on the knowledge of `dir` until SIGTERM or SIGINT, then drains and returns. `progress` is told how the fetching of the sentence model goes.
///
/// # Errors
/// Whatever keeps it from starting: the address is taken, the store cannot be opened, another service has it.
pub async fn run(dir: &Path, config: Config, knowledge: Knowledge, progress: Progress) -> anyhow::Result<()> {
    // Listening for signals first: a stop that is asked for during the start is not missed.
    let stop = stop_signal()?;
    let metrics = web::measure().context("installing the metrics recorder")?;
    let _lock = lock(&config.store.path)?;
    let store = Store::open(&config.store.path)
        .await
        .with_context(|| format!("cannot open the store {}", config.store.path.display()))?;
    let (mut channels, mut off) = (Vec::new(), Vec::new());
    for opened in channels::all(&config) {
        match opened {
            Ok(channel) => channels.push(channel),
            Err(why) => off.push(why),
        }
    }
    let started = Instant::now();
    let knowledge = Arc::new(knowledge);
    let shelf = Shelf::find(config.model.trained.as_deref());
    let (model, learnt, quick) = tokio::task::block_in_place(|| {
        let lessons = responder::lessons(&knowledge);
        let model = sentence_model::open(&config.model);
        let learnt = model.as_ref().ok().and_then(|embedder| shelf.take(&lessons, Some(embedder)));
        (model, learnt.map(Arc::new), Arc::new(shelf.classifier(&lessons, None)))
    });
    let is_learnt = learnt.is_some();
    let (best, spare) = learnt.map_or((Arc::clone(&quick), None), |learnt| (learnt, Some(Arc::clone(&quick))));
    let responder = watch::Sender::new(Arc::new(Responder::new(Arc::clone(&knowledge), &config.policy, best, spare)));
    info!(
        knowledge = %knowledge.version,
        intents = knowledge.intents.len(),
        understanding = if is_learnt { "sentence model" } else { "n-grams alone" },
        threshold = (responder.borrow().threshold() * 1000.0).round() / 1000.0,
        took_ms = started.elapsed().as_millis() as u64,
        "knowledge ready"
    );
    let lacking = watch::Sender::new((!is_learnt).then(|| "the service has just started".to_owned()));
    let overloaded = watch::Sender::new(false);
    let drift = watch::Sender::new(Vec::new());
    let short = watch::Sender::new(None);
    let board = Board::default();
    let hooks_board = Board::default();
    let hooks = workers::webhooks::open(&config.webhooks, &store, &hooks_board)
        .await
        .context("reading how far webhooks' receivers were told")?;
    let mut condition = Condition {
        knowledge: knowledge.version.clone(),
        intents: knowledge.intents.len(),
        lacking: lacking.subscribe(),
        overloaded: overloaded.subscribe(),
        drift: drift.subscribe(),
        short: short.subscribe(),
        channels: board.watch(),
        webhooks: hooks_board.watch(),
        off: off.iter().cloned().collect(),
    };
    let (health, health_for_web) = watch::channel(condition.health());
    tokio::spawn(condition.keep(health));

    let listener = TcpListener::bind(config.web.listen).await.with_context(|| {
        format!(
            "cannot listen on {}: is another program there? Choose another address with --listen",
            config.web.listen
        )
    })?;
    let address = listener.local_addr()?;
    let probes = match config.web.probes {
        Some(address) => Some(
            TcpListener::bind(address)
                .await
                .with_context(|| format!("cannot listen on {address} for the probes (web.probes)"))?,
        ),
        None => None,
    };
    let places = Places::find(config.web.behind_proxy);

    let (ready, is_ready) = watch::channel(true);
    let (_page, page) = watch::channel(chat_page(&knowledge));
    let close_connections = CancellationToken::new();
    let door = |name| {
        let (orders, responder) = (store.clone(), responder.subscribe());
        let obey = move |message| workers::orders::obey(orders.clone(), responder.clone(), name, message).boxed();
        Door::new(name, store.clone(), board.clone()).with_staff(obey)
    };
    let doors: Vec<Door> = channels.iter().map(|channel| door(channel.name())).collect();
    let webhooks = channels.iter().zip(&doors).filter_map(|(channel, door)| channel.routes(door));
    let webhooks = webhooks.fold(Router::new(), Router::merge);
    let state = WebState {
        store: store.clone(),
        door: Door::new(WebChat::NAME, store.clone(), board.clone()),
        responder: responder.subscribe(),
        knowledge_dir: dir.to_owned(),
        learn_from_x: config.desk.learn_from_x,
        channels: channels.clone(),
        page,
        embedding: embedding(&config.web)?,
        limits: limits(&config.web),
        places,
        probes_apart: probes.is_some(),
        site: Site::new(config.desk.url.as_deref(), config.web.behind_proxy),
        behind_proxy: config.web.behind_proxy,
        health: health_for_web,
        ready: is_ready,
        metrics,
        shutdown: close_connections.clone(),
    };
    let routers = web::routers(state, webhooks);
    if let Some(listener) = probes {
        tokio::spawn(web::serve(listener, routers.probes, places, close_connections.clone(), CLOSE));
    }
    let server = tokio::spawn(web::serve(listener, routers.open, places, close_connections.clone(), CLOSE));

    let stop_turns = CancellationToken::new();
    let stop_delivery = CancellationToken::new();
    let outlook = watch::Sender::new(Outlook { hours: config.desk.hours.clone(), ..Outlook::default() });
    let turns = tokio::spawn(workers::turns::run(
        store.clone(),
        responder.subscribe(),
        outlook.subscribe(),
        config.policy.clone(),
        overloaded,
        stop_turns.clone(),
    ));
    tokio::spawn(workers::clocks::run(
        store.clone(),
        config.desk.clone(),
        responder.subscribe(),
        outlook.subscribe(),
        stop_turns.clone(),
    ));
    tokio::spawn(workers::outlook::run(
        store.clone(),
        config.desk.hours.clone(),
        knowledge.zone().clone(),
        outlook,
        stop_turns.clone(),
    ));
    tokio::spawn(workers::drift::run(
        store.clone(),
        responder.subscribe(),
        config.policy.max_wrong,
        drift,
        stop_turns.clone(),
    ));
    if let Some(days) = config.store.keep_days {
        let zone = knowledge.zone().clone();
        tokio::spawn(workers::retention::run(store.clone(), days, zone, short.subscribe(), stop_turns.clone()));
    }
    tokio::spawn(workers::space::run(config.store.path.clone(), short, stop_turns.clone()));
    tokio::spawn(workers::grouping::run(store.clone(), responder.subscribe(), stop_turns.clone()));
    let stop_listening = CancellationToken::new();
    let mut listening = JoinSet::new();
    let mut delivery = JoinSet::new();
    for (channel, door) in channels.into_iter().zip(doors) {
        info!("channel {} is on", channel.name());
        let (listener, stop) = (Arc::clone(&channel), stop_listening.clone());
        listening.spawn(async move { listener.listen(door, stop).await });
        delivery.spawn(workers::staff::run(
            store.clone(),
            Arc::clone(&channel),
            Arc::clone(&knowledge),
            board.clone(),
            stop_delivery.clone(),
        ));
        delivery.spawn(workers::delivery::run(store.clone(), channel, board.clone(), stop_delivery.clone()));
    }
    for (hook, cursor) in hooks {
        delivery.spawn(workers::webhooks::run(hook, cursor, store.clone(), hooks_board.clone(), stop_delivery.clone()));
    }
    for (channel, why) in &off {
        info!("channel {channel} is off: {why}");
    }

    let learning = (!is_learnt).then(|| {
        let learner = Learner {
            config: config.model.clone(),
            policy: config.policy.clone(),
            shelf,
            knowledge,
            quick,
            responder,
            lacking,
        };
        tokio::spawn(learner.run(model, progress))
    });

    invite_first_admin(&store, &config.desk_url(address)).await?;
    if let Some(address) = config.web.probes {
        info!("probes and metrics are on http://{address}, and only there");
    }
    info!(store = %config.store.path.display(), "listening on http://{address}");
    eprintln!(
        "\n  Open http://{address} and write as a customer would. What needs a person waits at http://{address}/desk.\n"
    );

    stop.await;
    info!("stopping: no further messages are taken, pending ones are answered");
    ready.send_replace(false);
    if let Some(learning) = learning {
        learning.abort();
    }
    stop_listening.cancel();
    finish("leaving the platforms", all_of(listening), CLOSE).await;
    stop_turns.cancel();
    finish("answering what is pending", turns, DRAIN).await;
    stop_delivery.cancel();
    finish("delivering what is queued", all_of(delivery), DRAIN).await;
    close_connections.cancel();
    finish("closing the connections", server, CLOSE * 2).await;
    store.close().await;
    info!("stopped");
    Ok(())
}

/// Tells how to make the first account while there is none. A secret: it goes to the terminal and not through the log.
async fn invite_first_admin(store: &Store, base: &str) -> anyhow::Result<()> {
    let token = Token::random().context("the system has no random numbers")?;
    if store.invite_first_admin(&token.hash(), Timestamp::now()).await.context("inviting the first admin")? {
        let link = web::invitation_link(base, &token);
        eprintln!("\n  Nobody has an account at the desk yet. Make the first admin's (this works once):\n  {link}");
    }
    Ok(())
}

/// One task for several.
fn all_of(tasks: JoinSet<()>) -> JoinHandle<()> {
    tokio::spawn(async { drop(tasks.join_all().await) })
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
