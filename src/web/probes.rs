//! What machines ask: does it live, does it take messages, how much work lies where.

use std::{collections::BTreeMap, time::Duration};

use axum::{Json, extract::State, http::StatusCode, response::Response};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Shared, error::ApiError};
use crate::{channels::Report, store::Counts};

/// What the service knows of itself; the store's counts are added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Health {
    /// The version of the knowledge in use.
    pub knowledge: String,
    /// How many intents it has.
    pub intents: usize,
    /// What decides what customers mean: `sentence model` or `n-grams alone`.
    pub understanding: String,
    /// What does not work as it should, in words for the person on duty. Empty: all is well.
    pub degraded: Vec<String>,
    /// The channels that are on, and what does not work on them.
    pub channels: Report,
    /// The webhooks of the settings, and what does not work with them.
    pub webhooks: Report,
    /// Why the other channels are off.
    pub off: BTreeMap<&'static str, String>,
}

/// The store must count its work within this time, or it is not healthy.
const STORE_TIME: Duration = Duration::from_secs(2);

async fn counts(shared: &Shared) -> Option<Counts> {
    match tokio::time::timeout(STORE_TIME, shared.state.store.counts()).await {
        Ok(Ok(counts)) => Some(counts),
        Ok(Err(error)) => {
            tracing::error!(%error, "the store cannot count its work");
            None
        }
        Err(_) => {
            tracing::error!("the store takes too long to count its work");
            None
        }
    }
}

/// Seconds since the oldest of something; 0 if there is none.
fn age(oldest: Option<Timestamp>) -> f64 {
    oldest.map_or(0.0, |at| Timestamp::now().duration_since(at).as_secs_f64().max(0.0))
}

/// `GET /health`: 200 while the process works, 503 when it cannot reach its store.
pub(super) async fn health(State(shared): State<Shared>) -> (StatusCode, Json<Value>) {
    let mut health = shared.state.health.borrow().clone();
    health.degraded.extend(shared.desk.trouble());
    let Some(counts) = counts(&shared).await else {
        let body = json!({ "status": "failing", "health": health, "store": null });
        return (StatusCode::SERVICE_UNAVAILABLE, Json(body));
    };
    let status = if health.degraded.is_empty() { "ok" } else { "degraded" };
    let store = json!({
        "inbox_pending": counts.inbox_pending,
        "inbox_oldest_seconds": age(counts.oldest_pending_at).round(),
        "outbox_queued": counts.outbox_queued,
        "outbox_leased": counts.outbox_leased,
        "outbox_oldest_seconds": age(counts.oldest_queued_at).round(),
        "outbox_uncertain": counts.outbox_uncertain,
        "outbox_failed": counts.outbox_failed,
        "escalations_open": counts.escalations_open,
        "escalations_danger": counts.escalations_danger,
        "escalations_unclaimed": counts.escalations_unclaimed,
        "unclaimed_oldest_seconds": age(counts.oldest_unclaimed_at).round(),
    });
    (StatusCode::OK, Json(json!({ "status": status, "health": health, "store": store })))
}

/// `GET /ready`: 200 only while messages are taken.
pub(super) async fn ready(State(shared): State<Shared>) -> (StatusCode, Json<Value>) {
    let ready = *shared.state.ready.borrow() && !shared.state.shutdown.is_cancelled();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": ready })))
}

/// `GET /metrics`: Prometheus text.
pub(super) async fn metrics(State(shared): State<Shared>) -> Result<Response, ApiError> {
    if let Some(counts) = counts(&shared).await {
        metrics::gauge!("evenkeel_inbox_pending").set(counts.inbox_pending as f64);
        metrics::gauge!("evenkeel_inbox_oldest_seconds").set(age(counts.oldest_pending_at));
        metrics::gauge!("evenkeel_outbox_queued").set(counts.outbox_queued as f64);
        metrics::gauge!("evenkeel_outbox_oldest_seconds").set(age(counts.oldest_queued_at));
        metrics::gauge!("evenkeel_outbox_uncertain").set(counts.outbox_uncertain as f64);
        metrics::gauge!("evenkeel_outbox_failed").set(counts.outbox_failed as f64);
        metrics::gauge!("evenkeel_escalations_open").set(counts.escalations_open as f64);
        metrics::gauge!("evenkeel_escalations_danger").set(counts.escalations_danger as f64);
        metrics::gauge!("evenkeel_escalations_unclaimed").set(counts.escalations_unclaimed as f64);
        metrics::gauge!("evenkeel_unclaimed_oldest_seconds").set(age(counts.oldest_unclaimed_at));
    }
    shared.scrapes.answer(&shared.state.metrics)
}
