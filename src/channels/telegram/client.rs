//! Calls of the Bot API.
//!
//! The payloads and their names are teloxide's; the requests are sent with a client of our own, because teloxide's sleeps for 10 s inside
//! the call on any 5xx and does not tell the status. Whether a message may be sent again depends on that status.

use std::time::Duration;

use reqwest::{StatusCode, header, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use teloxide::requests::Payload;

/// The platform itself.
const API_URL: &str = "https://api.telegram.org";

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a call may take: less than delivery waits for a send.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// An idle connection is closed before servers commonly close it: a request that crosses with their closing would be of unknown outcome.
const IDLE: Duration = Duration::from_secs(20);

/// Calls the Bot API as one bot.
pub(super) struct Client {
    http: reqwest::Client,
    /// The address before a method's name; the token is part of it.
    base: SecretString,
}

/// Why a call gave no result. Holds no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CallError {
    /// The API refuses it.
    Refused(Refusal),
    /// An answer came, and it is not one of the Bot API: from a proxy, another server, or cut off half-way.
    Foreign {
        status: u16,
        /// From its `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// No connection was made: the request never left.
    NotSent(String),
    /// The request left, and no answer came.
    NoAnswer(String),
}

/// What the API says when it refuses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    pub code: u16,
    /// In the platform's words; may quote ours.
    pub description: String,
    pub retry_after: Option<Duration>,
    /// The group became a supergroup with this id.
    pub migrated_to: Option<i64>,
}

/// The body of every answer.
#[derive(Deserialize)]
struct Answer {
    ok: bool,
    #[serde(default)]
    result: Value,
    error_code: Option<u16>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

impl Client {
    /// A client for the bot with this token, at `api_url` or the platform itself.
    ///
    /// # Errors
    /// What is wrong with the address or the token, for the operator.
    pub(super) fn new(api_url: Option<&str>, token: &SecretString) -> Result<Self, String> {
        let api_url = api_url.unwrap_or(API_URL).trim_end_matches('/');
        if !is_web_address(api_url) {
            return Err(format!("telegram.api_url is {api_url:?}: an address such as {API_URL:?} is expected"));
        }
        let allowed = |char: char| char.is_ascii_alphanumeric() || matches!(char, ':' | '_' | '-');
        if !token.expose_secret().chars().all(allowed) {
            return Err(
                "what EVENKEEL_TELEGRAM_TOKEN holds is not a token: one looks like 123456789:AAF…, as @BotFather \
                        gives it"
                    .to_owned(),
            );
        }
        // A redirect would carry the token to another server.
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| format!("the HTTP client cannot be made: {error}"))?;
        Ok(Self { http, base: format!("{api_url}/bot{}/", token.expose_secret()).into() })
    }

    /// Calls a method and waits at most `patience` for its result.
    pub(super) async fn call<P, T>(&self, payload: &P, patience: Duration) -> Result<T, CallError>
    where
        P: Payload + Serialize,
        T: DeserializeOwned,
    {
        let body = serde_json::to_vec(payload).map_err(|error| CallError::NotSent(error.to_string()))?;
        let url = format!("{}{}", self.base.expose_secret(), documented(P::NAME));
        let request = self.http.post(url).header(header::CONTENT_TYPE, "application/json").timeout(patience).body(body);
        let answer = request.send().await.map_err(no_answer)?;
        let (status, retry_after) = (answer.status(), retry_after(answer.headers()));
        let body = answer.bytes().await.map_err(no_answer)?;
        let result = read(status, retry_after, &body)?;
        serde_json::from_value(result).map_err(|_| CallError::Foreign { status: status.as_u16(), retry_after: None })
    }
}

/// A method as the documentation spells it, "getMe": the platform takes any spelling, other servers that one.
fn documented(name: &str) -> String {
    name.char_indices().map(|(at, char)| if at == 0 { char.to_ascii_lowercase() } else { char }).collect()
}

/// Whether it is the address of a server on the web.
pub(super) fn is_web_address(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// What an answer says.
fn read(status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> Result<Value, CallError> {
    let foreign = CallError::Foreign { status: status.as_u16(), retry_after };
    let Ok(answer) = serde_json::from_slice::<Answer>(body) else { return Err(foreign) };
    if answer.ok {
        return if status.is_success() { Ok(answer.result) } else { Err(foreign) };
    }
    Err(CallError::Refused(Refusal {
        code: answer.error_code.unwrap_or(status.as_u16()),
        description: answer.description,
        retry_after: answer.parameters.retry_after.map(Duration::from_secs).or(retry_after),
        migrated_to: answer.parameters.migrate_to_chat_id,
    }))
}

/// The seconds of a `Retry-After`; its form with a date is not worth reading, since clocks differ.
fn retry_after(headers: &header::HeaderMap) -> Option<Duration> {
    headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

fn no_answer(error: reqwest::Error) -> CallError {
    // The address carries the token.
    let error = error.without_url();
    if error.is_connect() {
        return CallError::NotSent(innermost(&error));
    }
    if error.is_timeout() {
        return CallError::NoAnswer("no answer in time".to_owned());
    }
    CallError::NoAnswer(innermost(&error))
}

/// The cause that says most, such as "connection refused".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn refused(code: u16, retry_after: Option<u64>, migrated_to: Option<i64>) -> Result<Value, CallError> {
        let description = "why".to_owned();
        let retry_after = retry_after.map(Duration::from_secs);
        Err(CallError::Refused(Refusal { code, description, retry_after, migrated_to }))
    }

    fn foreign(status: u16) -> Result<Value, CallError> {
        Err(CallError::Foreign { status, retry_after: None })
    }

    #[rstest]
    #[case::result(200, r#"{"ok":true,"result":{"message_id":7}}"#, Ok(serde_json::json!({ "message_id": 7 })))]
    #[case::refusal(400, r#"{"ok":false,"error_code":400,"description":"why"}"#, refused(400, None, None))]
    #[case::delay(
        429,
        r#"{"ok":false,"error_code":429,"description":"why","parameters":{"retry_after":8}}"#,
        refused(429, Some(8), None)
    )]
    #[case::migration(
        400,
        r#"{"ok":false,"error_code":400,"description":"why","parameters":{"migrate_to_chat_id":-1001234567890123}}"#,
        refused(400, None, Some(-1_001_234_567_890_123))
    )]
    #[case::without_a_code(403, r#"{"ok":false,"description":"why"}"#, refused(403, None, None))]
    #[case::half_an_answer(200, r#"{"ok":true,"resu"#, foreign(200))]
    #[case::page(502, "<html><h1>502 Bad Gateway</h1></html>", foreign(502))]
    #[case::empty(504, "", foreign(504))]
    #[case::other_json(200, r#"{"error":"no"}"#, foreign(200))]
    #[case::contradiction(500, r#"{"ok":true,"result":true}"#, foreign(500))]
    fn an_answer_is_read_with_its_status(
        #[case] status: u16,
        #[case] body: &str,
        #[case] expected: Result<Value, CallError>,
    ) {
        assert_eq!(read(StatusCode::from_u16(status).unwrap(), None, body.as_bytes()), expected);
    }

    #[test]
    fn a_delay_in_the_head_counts_too() {
        let mut headers = header::HeaderMap::new();
        headers.insert(header::RETRY_AFTER, "12".parse().unwrap());
        let delay = retry_after(&headers);
        assert_eq!(delay, Some(Duration::from_secs(12)));
        let page = read(StatusCode::TOO_MANY_REQUESTS, delay, b"<html>");
        assert_eq!(page, Err(CallError::Foreign { status: 429, retry_after: delay }));
        headers.insert(header::RETRY_AFTER, "Sun, 22 Nov 2026 03:48:32 GMT".parse().unwrap());
        assert_eq!(retry_after(&headers), None);
    }

    #[tokio::test]
    async fn the_token_is_in_no_error() {
        let token = SecretString::from("123:SECRET");
        let client = Client::new(Some("http://127.0.0.1:1/"), &token).unwrap();
        let error = client.call::<_, Value>(&teloxide::payloads::GetMe::new(), PATIENCE).await.unwrap_err();
        assert!(matches!(&error, CallError::NotSent(why) if why.contains("refused")), "{error:?}");
        assert!(!format!("{error:?}").contains("SECRET"));
    }

    #[test]
    fn a_wrong_address_or_token_is_named() {
        let open = |url, token: &str| Client::new(url, &SecretString::from(token)).err().unwrap();
        assert!(open(Some("api.telegram.org"), "1:a").contains("\"api.telegram.org\""));
        let why = open(None, "1:a/../x");
        assert!(why.contains("EVENKEEL_TELEGRAM_TOKEN") && !why.contains("1:a"), "{why}");
    }
}
