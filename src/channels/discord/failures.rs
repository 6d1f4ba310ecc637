//! How requests to Discord fail, and what that means for a message. Pure.

use std::{fmt, time::Duration};

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::channels::SendError;

/// Why a request did not succeed. Without the address that was asked, which may hold a token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Failure {
    /// It was never sent.
    NotSent(String),
    /// It was sent, and what became of it is unknown.
    NoAnswer(String),
    /// Discord answered, not with success.
    Refused(Refusal),
}

/// An answer that is no success.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// Discord's own number for what is wrong; none where something in between answered, such as a proxy.
    pub(super) code: Option<i64>,
    message: String,
    pub(super) retry_after: Option<Duration>,
    /// The limit holds for all that we send.
    everywhere: bool,
}

/// Discord's numbers that mean that a customer cannot be reached there any more.
const GONE: [i64; 7] = [
    10003, // unknown channel
    10004, // unknown server
    10013, // unknown user
    50007, // this user takes no messages from us: blocked, or direct messages are off
    50278, // no server in common with this user
    10062, // unknown interaction
    10015, // unknown webhook: an interaction's time is over
];

impl Failure {
    pub(super) fn of_transport(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let what = if error.is_timeout() { "no answer in time".to_owned() } else { innermost(&error) };
        if error.is_connect() || error.is_builder() { Self::NotSent(what) } else { Self::NoAnswer(what) }
    }

    pub(super) fn of_answer(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let json: Option<Value> = serde_json::from_slice(body).ok().filter(Value::is_object);
        let field = |name: &str| json.as_ref().and_then(|json| json.get(name));
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        // The body is finer than the header, which counts whole seconds.
        let seconds = field("retry_after")
            .and_then(Value::as_f64)
            .or_else(|| header("retry-after").and_then(|value| value.trim().parse().ok()))
            .or_else(|| header("x-ratelimit-reset-after").and_then(|value| value.trim().parse().ok()));
        let message = field("message").and_then(Value::as_str).unwrap_or_default();
        Self::Refused(Refusal {
            status,
            code: field("code").and_then(Value::as_i64),
            message: message.chars().take(200).collect(),
            retry_after: seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            // What is not JSON comes from Discord's gatekeeper, and is about our address.
            everywhere: json.is_none()
                || field("global").and_then(Value::as_bool) == Some(true)
                || header("x-ratelimit-global").is_some()
                || header("x-ratelimit-scope") == Some("global"),
        })
    }

    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.status),
            _ => None,
        }
    }

    /// The interaction cannot be answered (any more); nothing was said.
    pub(super) fn is_over(&self) -> bool {
        matches!(self, Self::Refused(Refusal { status: 404 | 401 | 403, .. }))
            || matches!(self, Self::Refused(Refusal { code: Some(50027), .. }))
    }

    /// How long Discord asks us to wait.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after,
            _ => None,
        }
    }

    /// Worth another try later, as far as a request that does no harm twice is concerned.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::NoAnswer(_) => true,
            Self::Refused(refusal) => matches!(refusal.status, 408 | 429 | 500..),
        }
    }

    /// What it means for a message.
    pub(super) fn send_error(self) -> SendError {
        let what = self.to_string();
        match self {
            Self::NotSent(_) => SendError::Unreachable(what),
            Self::NoAnswer(_) => SendError::Uncertain(what),
            Self::Refused(refusal) => match (refusal.status, refusal.code) {
                (429, _) => SendError::Limited { after: refusal.retry_after, everywhere: refusal.everywhere },
                (401, _) => SendError::Unauthorized(what),
                // Not Discord spoke, but something before it: our address is kept out, or `api_url` is wrong.
                (403 | 404, None) => SendError::Unreachable(what),
                (_, Some(code)) if GONE.contains(&code) => SendError::Gone(what),
                (404, _) => SendError::Gone(what),
                (403, _) => SendError::Forbidden(what),
                (503, _) => SendError::Unreachable(what),
                (500.., _) => SendError::Uncertain(what),
                (..=299, _) => SendError::Uncertain("its answer cannot be read".to_owned()),
                (..=399, _) => SendError::Unreachable(what),
                _ => SendError::Malformed(what),
            },
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(what) | Self::NoAnswer(what) => f.write_str(what),
            Self::Refused(Refusal { status, code: Some(code), message, .. }) => {
                write!(f, "{message} (status {status}, code {code})")
            }
            Self::Refused(Refusal { status, .. }) => write!(f, "status {status}"),
        }
    }
}

/// The cause at the bottom, such as "Connection refused".
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn treated(status: u16, headers: &[(&'static str, &str)], body: &str) -> SendError {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Failure::of_answer(status, &map, body.as_bytes()).send_error()
    }

    #[rstest]
    #[case(401, r#"{"message":"401: Unauthorized","code":0}"#, "Unauthorized")]
    #[case(403, r#"{"message":"Cannot send messages to this user","code":50007}"#, "Gone")]
    #[case(403, r#"{"message":"Missing Permissions","code":50013}"#, "Forbidden")]
    #[case(403, "<html>Access denied</html>", "Unreachable")]
    #[case(404, r#"{"message":"Unknown Channel","code":10003}"#, "Gone")]
    #[case(404, "not found", "Unreachable")]
    #[case(400, r#"{"message":"Invalid Form Body","code":50035}"#, "Malformed")]
    #[case(400, r#"{"message":"Cannot send an empty message","code":50006}"#, "Malformed")]
    #[case(500, "", "Uncertain")]
    #[case(502, "<html>Bad gateway</html>", "Uncertain")]
    #[case(503, "<html>No server is available</html>", "Unreachable")]
    #[case(504, "", "Uncertain")]
    #[case(200, "<html>Welcome to this hotel</html>", "Uncertain")]
    fn each_answer_has_its_meaning(#[case] status: u16, #[case] body: &str, #[case] meaning: &str) {
        assert!(format!("{:?}", treated(status, &[], body)).starts_with(meaning));
    }

    #[rstest]
    #[case(&[], r#"{"message":"You are being rate limited.","retry_after":1.337,"global":false}"#, Some(1337), false)]
    #[case(&[], r#"{"message":"You are being rate limited.","retry_after":0.5,"global":true}"#, Some(500), true)]
    #[case(&[("retry-after", "65")], "<html>error 1015</html>", Some(65_000), true)]
    #[case(&[("x-ratelimit-reset-after", "2.5")], "{}", Some(2500), false)]
    #[case(&[], "<html></html>", None, true)]
    #[case(&[("retry-after", "soon")], "{}", None, false)]
    #[case(&[("retry-after", "-1")], "{}", None, false)]
    fn a_limit_names_its_time_where_it_does(
        #[case] headers: &[(&'static str, &str)],
        #[case] body: &str,
        #[case] after: Option<u64>,
        #[case] everywhere: bool,
    ) {
        let expected = SendError::Limited { after: after.map(Duration::from_millis), everywhere };
        assert_eq!(treated(429, headers, body), expected);
    }
}
