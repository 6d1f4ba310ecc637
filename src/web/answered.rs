//! Every request is counted, and all but event streams are answered within a bound.

use std::time::{Duration, Instant};

use axum::{
    extract::{MatchedPath, Request},
    http::{Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::error::ApiError;

/// The longest that a request may take, its body included. Far above what any of ours needs; below the 15 to 60 s at which
/// proxies give up, so that the caller hears from us.
const REQUEST_TIME: Duration = Duration::from_secs(10);

/// Answers 503 when a request takes longer than 10 s.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_TIME, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::unavailable("this took too long: send the same request again").into_response(),
    }
}

/// A method by name, if it is one that our addresses take: callers may send any word of any length.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// Counts requests and their seconds by route, method and status.
pub(super) async fn counted(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = known(request.method());
    // The pattern and never the address itself: what callers invent must not grow the metrics.
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "other".to_owned(), |p| p.as_str().to_owned());
    let response = next.run(request).await;
    let status = response.status();
    let method = if route == "other" || status == StatusCode::METHOD_NOT_ALLOWED { "other" } else { method };
    let labels = [("route", route), ("method", method.to_owned()), ("status", status.as_u16().to_string())];
    metrics::counter!("evenkeel_http_requests_total", &labels).increment(1);
    metrics::histogram!("evenkeel_http_request_seconds", &labels).record(started.elapsed().as_secs_f64());
    response
}
