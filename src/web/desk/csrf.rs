//! Whether a request that changes something was meant by who is signed in, and not forged by another site.
//!
//! Two locks: the browser says which site it comes from, and it carries a token that only our own pages know (`<input type="hidden" name="csrf">` in
//! forms, the header `x-csrf` of scripts). The token comes from the session's, so it dies with it and no other session's fits.

use axum::{
    body::{Body, to_bytes},
    extract::{Form, FromRequest as _, Request},
    http::{HeaderMap, HeaderName, header},
};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use super::Refusal;

/// The longest body of a request to the desk, in bytes: a reply of the greatest length, each byte escaped, and some fields.
const MAX_BODY_BYTES: usize = 4 * crate::policy::MAX_TEXT_BYTES;

#[derive(Deserialize)]
struct Token {
    csrf: String,
}

/// Refuses what a browser sends for another site's page. A caller that says nothing is no browser: it has no cookies that it did not put
/// there itself.
pub(super) fn from_own_page(headers: &HeaderMap, own_url: Option<&str>) -> Result<(), Refusal> {
    let says =
        |name: &'static str| headers.get(HeaderName::from_static(name)).map(|value| value.to_str().unwrap_or("?"));
    let own = match (says("sec-fetch-site"), says("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => own_url == Some(origin) || is_host(origin, says("host")),
        (None, None) => true,
    };
    if own { Ok(()) } else { Err(Refusal::forbidden("this came from another site, so nothing was changed")) }
}

/// Whether an origin names the host that the request was sent to.
fn is_host(origin: &str, host: Option<&str>) -> bool {
    let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    authority.is_some() && authority == host
}

/// Refuses a request without the session's token. Gives the request back, its body unread.
pub(super) async fn with_token(request: Request, expected: &str) -> Result<Request, Refusal> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| Refusal::too_long(MAX_BODY_BYTES))?;
    let shown = match parts.headers.get("x-csrf") {
        Some(header) => header.to_str().ok().map(str::to_owned),
        None => in_form(&parts.headers, &body).await,
    };
    if shown.is_some_and(|shown| bool::from(shown.as_bytes().ct_eq(expected.as_bytes()))) {
        Ok(Request::from_parts(parts, Body::from(body)))
    } else {
        Err(Refusal::forbidden(
            "this page is out of date, so nothing was changed: go back, load it again and try once more",
        ))
    }
}

async fn in_form(headers: &HeaderMap, body: &axum::body::Bytes) -> Option<String> {
    let mut form = Request::post("/").body(Body::from(body.clone())).ok()?;
    form.headers_mut().insert(header::CONTENT_TYPE, headers.get(header::CONTENT_TYPE)?.clone());
    Form::<Token>::from_request(form, &()).await.ok().map(|Form(token)| token.csrf)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers.iter().map(|&(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        from_own_page(&headers.collect(), Some("https://desk.example")).is_err()
    }

    #[test]
    fn only_our_own_pages_may_send_forms() {
        assert!(!refused(&[("sec-fetch-site", "same-origin")]));
        assert!(refused(&[("sec-fetch-site", "cross-site")]));
        assert!(refused(&[("sec-fetch-site", "same-site"), ("origin", "https://desk.example")]));
        assert!(!refused(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        assert!(!refused(&[("origin", "https://desk.example"), ("host", "10.0.0.3:8080")]));
        assert!(refused(&[("origin", "https://evil.example"), ("host", "127.0.0.1:8080")]));
        assert!(refused(&[("origin", "null"), ("host", "127.0.0.1:8080")]));
        assert!(!refused(&[("host", "127.0.0.1:8080")]));
    }

    #[tokio::test]
    async fn the_token_counts_in_a_header_and_in_a_form_and_the_body_stays() {
        let form = |body: &'static str| {
            Request::post("/")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Body::from(body))
                .unwrap()
        };
        let passed = with_token(form("name=Dana&csrf=abc"), "abc").await.unwrap();
        assert_eq!(&to_bytes(passed.into_body(), 100).await.unwrap()[..], b"name=Dana&csrf=abc");
        for body in ["name=Dana", "csrf=", "csrf=abd", "csrf=abcd", ""] {
            assert!(with_token(form(body), "abc").await.is_err(), "{body}");
        }
        let header = |value: &str| Request::post("/").header("x-csrf", value).body(Body::empty()).unwrap();
        assert!(with_token(header("abc"), "abc").await.is_ok());
        assert!(with_token(header("x"), "abc").await.is_err());
        assert!(with_token(Request::post("/").body(Body::empty()).unwrap(), "abc").await.is_err());
    }
}
