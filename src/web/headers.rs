//! The headers that keep browsers from doing with our answers what nobody asked for.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use super::embedding::Embedding;

/// For all that is no page: nothing may be loaded from it, and no frame may show it.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";

/// Sets the security headers; a handler that needs another value has set it already. Over https browsers are told to come over it only.
pub(super) async fn secured(State(is_https): State<bool>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    unless_set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    unless_set(headers, header::REFERRER_POLICY, "no-referrer");
    unless_set(headers, header::CONTENT_SECURITY_POLICY, NO_PAGE);
    unless_set(headers, header::CACHE_CONTROL, "no-store");
    unless_set(headers, HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    unless_set(
        headers,
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    );
    // Proxies that gather answers before they pass them on (nginx, ATS) would hold an event back until the next.
    if headers.get(header::CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(b"text/event-stream")) {
        unless_set(headers, HeaderName::from_static("x-accel-buffering"), "no");
    }
    if is_https {
        // A year. Other hosts of the domain are not ours to speak for.
        unless_set(headers, header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}

fn unless_set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}

/// The policy of a chat page. It is the second lock behind the Markdown renderer: even if a script or style got into a line, the
/// browser would not run or apply it, nor load an image or post a form to a stranger.
pub(super) fn page_policy(frame_ancestors: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors {frame_ancestors}"
    )
}

/// The policy of the page in a frame.
pub(super) fn embedded_policy(embedding: &Embedding) -> String {
    page_policy(embedding.frame_ancestors())
}
