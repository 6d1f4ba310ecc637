//! What is measured, as it is collected and as Prometheus reads it.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse as _, Response},
};
use futures::stream;
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use metrics_util::MetricKindMask;
use tokio::sync::Semaphore;

use super::error::ApiError;

/// A counted series that nothing was added to for this long ends: longer than a quiet night. Gauges stay, because many are set once.
const IDLE: Duration = Duration::from_hours(24);

/// How often samples become sums: without it they would wait in memory for a scrape that may never come.
const UPKEEP: Duration = Duration::from_secs(5);

/// Scrapes under way at a time: each holds the whole text until it is read.
const SCRAPES: usize = 4;

/// Bytes that are handed to a connection at a time.
const PIECE: usize = 64 * 1024;

/// Collects what the process measures from now on.
///
/// # Errors
/// The process has a recorder already.
pub fn measure() -> Result<PrometheusHandle, BuildError> {
    let metrics = PrometheusBuilder::new()
        .idle_timeout(MetricKindMask::COUNTER | MetricKindMask::HISTOGRAM, Some(IDLE))
        .install_recorder()?;
    let kept = metrics.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            kept.run_upkeep();
        }
    });
    Ok(metrics)
}

/// The scrapes under way.
#[derive(Debug)]
pub(super) struct Scrapes(Arc<Semaphore>);

impl Default for Scrapes {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(SCRAPES)))
    }
}

impl Scrapes {
    /// The text as an answer, or a refusal while too many others are unread.
    pub fn answer(&self, metrics: &PrometheusHandle) -> Result<Response, ApiError> {
        let place = Arc::clone(&self.0)
            .try_acquire_owned()
            .map_err(|_| ApiError::unavailable("enough others read the metrics at the moment"))?;
        let text = Bytes::from(metrics.render());
        let pieces = stream::unfold((text, place), |(mut rest, place)| async {
            let piece = rest.split_to(rest.len().min(PIECE));
            (!piece.is_empty()).then(|| (Ok::<_, Infallible>(piece), (rest, place)))
        });
        Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], Body::from_stream(pieces))
            .into_response())
    }
}
