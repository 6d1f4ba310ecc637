//! HTTP: the web chat and its small API, the widget for other sites, the desk, health and metrics.
//!
//! `docs/http-api.md` describes every endpoint. A visitor's words enter through the store's inbox and every answer is
//! read back from the store's lines, so this room holds no conversation of its own.

mod answered;
mod assets;
mod bridge;
mod connections;
mod desk;
mod embedding;
mod error;
mod events;
mod headers;
mod limits;
mod lines;
mod markdown;
mod messages;
mod pace;
mod page;
mod places;
mod probes;
mod scrape;
mod tabs;
mod visitors;
mod words;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use axum::{
    Router, middleware,
    routing::{get, post},
};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use connections::serve;
pub use desk::{Site, invitation_link};
pub use embedding::{Embedding, NotAnOrigin};
pub use limits::{Limit, Limits};
pub use places::Places;
pub use probes::Health;
pub use scrape::measure;

use crate::{
    channels::{Channel, Door},
    knowledge::Knowledge,
    reading::Language,
    responder::Responder,
    store::Store,
};

/// The name of this channel in the store.
pub const CHANNEL: &str = "web";

/// What the pages and the API need; the service builds it.
#[derive(Clone)]
pub struct WebState {
    pub store: Store,
    /// Takes visitors' messages in.
    pub door: Door,
    /// What agents may say, and what is held alike.
    pub responder: watch::Receiver<Arc<Responder>>,
    /// The folder of the admins' files, into which drafts of intents are written.
    pub knowledge_dir: PathBuf,
    /// Whether words that were written on X may stand in such a draft.
    pub learn_from_x: bool,
    /// Platforms that show customers that an agent writes.
    pub channels: Vec<Arc<dyn Channel>>,
    /// What the chat page shows. The service sends a new value when the knowledge is reloaded.
    pub page: watch::Receiver<ChatPage>,
    /// Sites that may show the chat in a frame.
    pub embedding: Embedding,
    pub limits: Limits,
    /// What there is room for.
    pub places: Places,
    /// Whether probes have an address of their own; then the router has none.
    pub probes_apart: bool,
    /// Where browsers find the desk.
    pub site: Site,
    /// Whether the service runs behind a reverse proxy: then a visitor's address is the last one in `X-Forwarded-For`, not
    /// the peer's. Wrong either way it harms: behind a proxy all visitors would share one limit, without one anybody could
    /// invent addresses.
    pub behind_proxy: bool,
    /// What `/health` reports beside the store.
    pub health: watch::Receiver<Health>,
    /// True while the service takes messages: false before it has recovered and while it drains.
    pub ready: watch::Receiver<bool>,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
    /// Cancelled when the service stops: event streams end and no further message is taken.
    pub shutdown: CancellationToken,
}

/// What the chat page shows; all of it comes from the admins' files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatPage {
    /// Who speaks.
    pub company: String,
    /// Shown to visitors whose browser asks for no language that has an introduction.
    pub default_language: Language,
    /// The first words of the chat, in Markdown, for each language.
    pub introductions: BTreeMap<Language, String>,
    /// A telephone number for those whose browser cannot show the chat.
    pub phone: Option<String>,
}

/// The state with what the handlers share among themselves.
#[derive(Clone)]
struct Shared {
    state: Arc<WebState>,
    guards: Arc<limits::Guards>,
    /// Event streams of the chat, by network.
    streams: Arc<places::Holdings>,
    tabs: Arc<tabs::Tabs>,
    scrapes: Arc<scrape::Scrapes>,
    desk: Arc<desk::Desk>,
}

impl Shared {
    fn new(state: WebState) -> Self {
        Self {
            guards: Arc::new(limits::Guards::new(&state.limits)),
            streams: Arc::default(),
            tabs: Arc::new(tabs::Tabs::default()),
            scrapes: Arc::default(),
            desk: Arc::new(desk::Desk::new()),
            state: Arc::new(state),
        }
    }

    /// What the admins wrote, as it is now.
    fn knowledge(&self) -> Arc<Knowledge> {
        self.state.responder.borrow().knowledge_shared()
    }
}

/// What is served where. Serve it with [`serve`], which adds the limits on connections and headers and tells the peer's address.
pub struct Routers {
    /// For everybody.
    pub open: Router,
    /// For the operator's machines, where they have an address of their own; otherwise `open` has these too.
    pub probes: Router,
}

/// All routes, with those through which platforms call us.
pub fn routers(state: WebState, webhooks: Router) -> Routers {
    let shared = Shared::new(state);
    let desk = desk::routes(&shared);
    let is_https = shared.state.site.is_https();
    let chat = Router::new()
        .route("/", get(page::full))
        .route("/chat", get(page::embedded))
        .route("/widget.js", get(assets::widget))
        .route("/api/chat/visitors", post(visitors::create).delete(visitors::delete))
        .route("/api/chat/messages", post(messages::post).get(messages::history))
        .layer(middleware::from_fn(answered::in_time))
        .layer(middleware::from_fn(connections::unless_kept));
    // An event stream lives as long as its tab.
    let streams = Router::new()
        .route("/api/chat/events", get(events::stream))
        .layer(middleware::from_fn(connections::while_ample));
    let shared_with_the_desk = Router::new()
        .route("/assets/{version}/{name}", get(assets::asset))
        .merge(bridge::routes())
        .layer(middleware::from_fn(answered::in_time));
    let probes = Router::new()
        .route("/health", get(probes::health))
        .route("/ready", get(probes::ready))
        .route("/metrics", get(probes::metrics))
        .layer(middleware::from_fn(answered::in_time));
    let open = chat.merge(streams).merge(shared_with_the_desk).merge(desk);
    let (open, apart) = if shared.state.probes_apart { (open, probes) } else { (open.merge(probes), Router::new()) };
    let webhooks = webhooks.layer(middleware::from_fn(answered::in_time));
    let finished = |router: Router| {
        router
            .fallback(error::not_found)
            .method_not_allowed_fallback(error::method_not_allowed)
            .layer(middleware::from_fn(answered::counted))
            .layer(middleware::from_fn_with_state(is_https, headers::secured))
    };
    Routers {
        open: finished(open.with_state(shared.clone()).merge(webhooks)),
        probes: finished(apart.with_state(shared)),
    }
}
