//! The web chat on a free port with a store of its own; the test plays the responder.

use std::{collections::BTreeMap, time::Duration};

use evenkeel::{
    channels::{Board, Door},
    conversation::{Decision, Standing, Turn},
    message::{Author, Choice, ConversationId, Outgoing},
    reading::Language,
    store::Store,
    web::{self, ChatPage, Embedding, Health, Limits, Places, Site, WebState},
};
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusBuilder;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub struct ChatServer {
    pub address: String,
    pub store: Store,
    pub ready: watch::Sender<bool>,
    pub shutdown: CancellationToken,
    pub serving: JoinHandle<()>,
    _kept: (TempDir, watch::Sender<ChatPage>, watch::Sender<Health>),
}

pub fn page() -> ChatPage {
    ChatPage {
        company: "Harbor Light & Power".to_owned(),
        default_language: Language::ENGLISH,
        introductions: BTreeMap::from([
            (
                Language::ENGLISH,
                "I'm the **automated assistant** of Harbor Light & Power. Ask me about the outage after Storm Ingrid. \
                 When I am not sure, a person takes over."
                    .to_owned(),
            ),
            (Language::SPANISH, "Soy el **asistente automático** de Harbor Light & Power.".to_owned()),
        ]),
        phone: Some("555-0100".to_owned()),
    }
}

fn dir_of_sample() -> std::path::PathBuf {
    std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Who knows the sample crisis; made once, because learning takes a while.
fn sample() -> std::sync::Arc<evenkeel::responder::Responder> {
    use evenkeel::{classifier::Classifier, knowledge, policy::Policy, responder};
    static SAMPLE: std::sync::LazyLock<std::sync::Arc<responder::Responder>> = std::sync::LazyLock::new(|| {
        let knowledge =
            std::sync::Arc::new(knowledge::load(&dir_of_sample(), Timestamp::now()).unwrap().knowledge.unwrap());
        let classifier = std::sync::Arc::new(Classifier::train(&responder::lessons(&knowledge), None));
        std::sync::Arc::new(responder::Responder::new(knowledge, &Policy::default(), classifier, None))
    });
    SAMPLE.clone()
}

impl ChatServer {
    pub async fn start() -> Self {
        Self::with(Limits::default(), Embedding::anywhere()).await
    }

    pub async fn with(limits: Limits, embedding: Embedding) -> Self {
        Self::with_places(limits, embedding, Places { connections: 8_192, of_network: None, streams: 1_024 }).await
    }

    pub async fn with_places(limits: Limits, embedding: Embedding, places: Places) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("chat.db")).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (page_in, page) = watch::channel(page());
        let (health_in, health) =
            watch::channel(Health { knowledge: "k1".to_owned(), intents: 30, ..Health::default() });
        let (ready_in, ready) = watch::channel(true);
        let shutdown = CancellationToken::new();
        let state = WebState {
            store: store.clone(),
            door: Door::new("web", store.clone(), Board::default()),
            page,
            responder: watch::channel(sample()).1,
            knowledge_dir: dir_of_sample(),
            learn_from_x: false,
            channels: Vec::new(),
            embedding,
            limits,
            places,
            probes_apart: false,
            site: Site::new(None, false),
            behind_proxy: false,
            health,
            ready,
            metrics: PrometheusBuilder::new().build_recorder().handle(),
            shutdown: shutdown.clone(),
        };
        let router = web::routers(state, axum::Router::new()).open;
        let serving = tokio::spawn(web::serve(listener, router, places, shutdown.clone(), Duration::from_secs(5)));
        Self { address, store, ready: ready_in, shutdown, serving, _kept: (folder, page_in, health_in) }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// Waits for a visitor's words and gives their conversation.
    pub async fn heard(&self) -> ConversationId {
        for _ in 0..400 {
            let due = self.store.due(Timestamp::now(), Duration::ZERO, Duration::ZERO).await.unwrap();
            if let Some(&conversation) = due.ready.first() {
                return conversation;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("no message came in within 10 s");
    }

    /// Does what the responder and the delivery do: records a turn that says this, and sends it.
    pub async fn answer(&self, conversation: ConversationId, replies: Vec<Outgoing>, standing: Standing) {
        self.record(conversation, replies, standing).await;
        self.deliver().await;
    }

    /// Records a turn and leaves its replies in the outbox.
    pub async fn record(&self, conversation: ConversationId, replies: Vec<Outgoing>, standing: Standing) {
        let (found, pending) = self.store.pending(conversation).await.unwrap().unwrap();
        let messages: Vec<_> = pending.iter().map(|message| message.id).collect();
        let mut memory = found.memory.clone();
        memory.standing = standing;
        let turn = Turn {
            decision: Decision::Acknowledge,
            replies,
            escalation: None,
            promises: Vec::new(),
            memory,
            readings: Vec::new(),
        };
        self.store.record_turn(&found, &messages, &turn, "k1", Timestamp::now()).await.unwrap();
    }

    /// Sends everything in the outbox.
    pub async fn deliver(&self) {
        loop {
            let leased = self.store.lease("web", Timestamp::now(), 10, 0).await.unwrap();
            if leased.is_empty() {
                return;
            }
            for message in leased {
                self.store.sent(message.id, None, Timestamp::now()).await.unwrap();
            }
        }
    }
}

pub fn bot(text: &str, choices: &[(&str, &str)]) -> Outgoing {
    Outgoing {
        text: text.to_owned(),
        short: None,
        choices: choices
            .iter()
            .map(|(id, label)| Choice { id: (*id).to_owned(), label: (*label).to_owned() })
            .collect(),
        author: Author::Bot,
        language: Language::ENGLISH,
    }
}

pub fn agent(name: &str, text: &str) -> Outgoing {
    Outgoing { author: Author::Agent(name.to_owned()), ..bot(text, &[]) }
}
