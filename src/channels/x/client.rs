//! Requests to X, signed, and what its answers mean.

use std::time::Duration;

use egg_mode::{KeyPair, Token, raw};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder, header::HeaderMap, redirect::Policy};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::settings::Keys;
use crate::channels::SendError;

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(5);
/// Until an answer is there as a whole; delivery gives a send 20 s.
const ANSWER: Duration = Duration::from_secs(15);
/// The longest wait that we believe: X counts in windows of 15 minutes.
const LONGEST_WAIT: Duration = Duration::from_mins(15);
/// From here on a wrong clock is named as the cause of a refused signature. X forgives about five minutes.
const SKEW: i64 = 60;
/// The largest answer that we read: a hundred long posts are below 4 MiB.
const MAX_ANSWER: usize = 4 << 20;

/// Speaks to the platform for one account.
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Token,
}

/// What came back.
#[derive(Debug, Default)]
pub struct Answer {
    pub status: u16,
    /// When the limit ends, in seconds since 1970.
    pub reset: Option<i64>,
    /// The platform's clock.
    pub date: Option<Timestamp>,
    /// What the keys may do, such as `read-write-directmessages`.
    pub access: Option<String>,
    pub body: Vec<u8>,
}

impl Client {
    /// # Errors
    /// TLS cannot be set up on this machine.
    pub fn new(base: &str, keys: &Keys) -> Result<Self, String> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("evenkeel/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .pool_idle_timeout(Duration::from_secs(20))
            // What is signed is one address.
            .redirect(Policy::none())
            .build()
            .map_err(|error| format!("no HTTP client: {}", error.without_url()))?;
        let pair = |key: &SecretString, secret: &SecretString| {
            KeyPair::new(key.expose_secret().to_owned(), secret.expose_secret().to_owned())
        };
        let token = Token::Access {
            consumer: pair(&keys.consumer_key, &keys.consumer_secret),
            access: pair(&keys.access_token, &keys.access_secret),
        };
        Ok(Self { http, base: base.to_owned(), token })
    }

    /// Asks for something.
    ///
    /// # Errors
    /// What went wrong, in the terms of sending.
    pub async fn get(&self, path: &str, query: &[(&'static str, String)]) -> Result<(Value, Answer), SendError> {
        let params =
            query.iter().fold(raw::ParamList::new(), |list, (name, value)| list.add_param(*name, value.clone()));
        let signed = raw::request_get(&format!("{}{path}", self.base), &self.token, Some(&params));
        let request = self.http.request(Method::GET, signed.uri().to_string());
        let answer = exchange(request, text_of(signed.headers().get("authorization"))).await?;
        let body = read(&answer, Timestamp::now())?;
        Ok((body, answer))
    }

    /// Sends something. The answer is the platform's id of it.
    ///
    /// # Errors
    /// Whether it arrived, and why not.
    pub async fn post(
        &self,
        path: &str,
        body: &Value,
        id: impl Fn(&Value) -> Option<String>,
    ) -> Result<String, SendError> {
        // A body in JSON is no part of what is signed.
        let signed = raw::request_post_json(&format!("{}{path}", self.base), &self.token, body);
        let request = self.http.request(Method::POST, signed.uri().to_string());
        let request = request.header("content-type", "application/json").body(body.to_string());
        let answer = exchange(request, text_of(signed.headers().get("authorization"))).await?;
        let told = read(&answer, Timestamp::now())?;
        id(&told["data"]).ok_or_else(|| SendError::Uncertain("X took it and did not say as what".to_owned()))
    }
}

/// The header as text. egg-mode gives it in the types of an older HTTP library.
fn text_of(value: Option<&impl AsRef<[u8]>>) -> String {
    value.map(|value| String::from_utf8_lossy(value.as_ref()).into_owned()).unwrap_or_default()
}

async fn exchange(request: RequestBuilder, authorization: String) -> Result<Answer, SendError> {
    let mut response = request.header("authorization", authorization).send().await.map_err(failed)?;
    let headers = response.headers();
    let mut answer = Answer {
        status: response.status().as_u16(),
        reset: text(headers, "x-rate-limit-reset").and_then(|reset| reset.parse().ok()),
        date: text(headers, "date").and_then(date),
        access: text(headers, "x-access-level").map(ToOwned::to_owned),
        body: Vec::new(),
    };
    while answer.body.len() < MAX_ANSWER
        && let Some(chunk) = response.chunk().await.map_err(failed)?
    {
        answer.body.extend_from_slice(&chunk);
    }
    Ok(answer)
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// X writes `UTC` where the standard has `GMT`.
fn date(text: &str) -> Option<Timestamp> {
    let zoned = jiff::fmt::rfc2822::parse(&text.replace("UTC", "GMT")).ok()?;
    Some(zoned.timestamp())
}

fn failed(error: reqwest::Error) -> SendError {
    // The address is known and the words are for people.
    let error = error.without_url();
    if error.is_connect() || error.is_builder() {
        SendError::Unreachable("no connection to X".to_owned())
    } else if error.is_timeout() {
        SendError::Uncertain(format!("no answer from X within {} s", ANSWER.as_secs()))
    } else {
        SendError::Uncertain("the connection to X broke off".to_owned())
    }
}

/// What an answer means. Pure.
fn read(answer: &Answer, now: Timestamp) -> Result<Value, SendError> {
    let body = serde_json::from_slice::<Value>(&answer.body);
    let problem = body
        .as_ref()
        .ok()
        .and_then(|body| body["title"].as_str())
        .map_or_else(|| format!("status {}", answer.status), |title| title.chars().take(80).collect());
    match answer.status {
        200..=299 => body.map_err(|_| SendError::Uncertain("X's answer cannot be read".to_owned())),
        401 => Err(SendError::Unauthorized(unauthorized(answer.date, now))),
        402 => Err(SendError::Spent(format!("X says that the account has no credits left ({problem})"))),
        403 => {
            let duplicate =
                body.is_ok_and(|body| body["detail"].as_str().is_some_and(|detail| detail.contains("duplicate")));
            Err(SendError::Forbidden(if duplicate {
                format!("{problem}: it has the words of an earlier post")
            } else {
                problem
            }))
        }
        404 | 410 => Err(SendError::Gone(problem)),
        429 => Err(SendError::Limited { after: wait(answer, now), everywhere: false }),
        503 => Err(SendError::Unreachable(format!("X is out of order ({problem})"))),
        400..=499 => Err(SendError::Malformed(problem)),
        300..=399 => Err(SendError::Unreachable(format!("X sends us elsewhere ({problem}): is `x.api_url` right?"))),
        _ => Err(SendError::Uncertain(format!("X failed ({problem})"))),
    }
}

/// Until the limit ends by the platform's own clock.
fn wait(answer: &Answer, now: Timestamp) -> Option<Duration> {
    let left = answer.reset? - answer.date.unwrap_or(now).as_second();
    // Their second may end a moment after ours.
    let left = Duration::from_secs(u64::try_from(left).unwrap_or(0) + 1);
    Some(left.min(LONGEST_WAIT))
}

/// How far our clock is ahead of theirs, in seconds, if it is far.
pub fn skew(theirs: Option<Timestamp>, now: Timestamp) -> Option<String> {
    let ahead = now.as_second() - theirs?.as_second();
    (ahead.abs() > SKEW).then(|| {
        let direction = if ahead > 0 { "ahead of" } else { "behind" };
        format!(
            "this machine's clock is {} s {direction} X's: set it (signatures hold a few minutes only)",
            ahead.abs()
        )
    })
}

fn unauthorized(theirs: Option<Timestamp>, now: Timestamp) -> String {
    skew(theirs, now).unwrap_or_else(|| {
        "one of the four EVENKEEL_X_… keys is wrong or was made anew since; this machine's clock is right".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn answered(status: u16, body: &str) -> Result<Value, SendError> {
        read(&Answer { status, body: body.into(), date: Some(at(1_000)), ..Answer::default() }, at(1_000))
    }

    const PROBLEM: &str =
        r#"{"title":"Forbidden","detail":"You may not say <secret words>","type":"about:blank","status":403}"#;
    const HTML: &str = "<html><body>Over capacity</body></html>";

    #[rstest]
    #[case(400, r#"{"title":"Invalid Request"}"#, SendError::Malformed("Invalid Request".into()))]
    #[case(402, r#"{"title":"CreditsDepleted"}"#, SendError::Spent("X says that the account has no credits left (CreditsDepleted)".into()))]
    #[case(403, PROBLEM, SendError::Forbidden("Forbidden".into()))]
    #[case(403, HTML, SendError::Forbidden("status 403".into()))]
    #[case(403, r#"{"title":"Forbidden","detail":"You are not allowed to create a Tweet with duplicate content."}"#, SendError::Forbidden("Forbidden: it has the words of an earlier post".into()))]
    #[case(404, r#"{"title":"Not Found Error"}"#, SendError::Gone("Not Found Error".into()))]
    #[case(429, HTML, SendError::Limited { after: None, everywhere: false })]
    #[case(503, HTML, SendError::Unreachable("X is out of order (status 503)".into()))]
    #[case(301, "", SendError::Unreachable("X sends us elsewhere (status 301): is `x.api_url` right?".into()))]
    #[case(500, HTML, SendError::Uncertain("X failed (status 500)".into()))]
    #[case(504, "", SendError::Uncertain("X failed (status 504)".into()))]
    #[case(200, "", SendError::Uncertain("X's answer cannot be read".into()))]
    #[case(201, HTML, SendError::Uncertain("X's answer cannot be read".into()))]
    fn each_failure_is_told_for_what_it_is(#[case] status: u16, #[case] body: &str, #[case] expected: SendError) {
        assert_eq!(answered(status, body), Err(expected));
    }

    #[rstest]
    #[case(Some(1_090), Some(1_000), 1_000, Some(91))]
    #[case(Some(1_090), Some(1_000), 5_000, Some(91))]
    #[case(Some(1_090), None, 1_060, Some(31))]
    #[case(Some(990), Some(1_000), 1_000, Some(1))]
    #[case(Some(90_000), Some(1_000), 1_000, Some(900))]
    #[case(None, Some(1_000), 1_000, None)]
    fn a_limit_is_waited_for_by_the_platforms_clock(
        #[case] reset: Option<i64>,
        #[case] theirs: Option<i64>,
        #[case] ours: i64,
        #[case] seconds: Option<u64>,
    ) {
        let answer = Answer { status: 429, reset, date: theirs.map(at), ..Answer::default() };
        let after = seconds.map(Duration::from_secs);
        assert_eq!(read(&answer, at(ours)), Err(SendError::Limited { after, everywhere: false }));
    }

    #[test]
    fn a_wrong_clock_and_wrong_keys_are_told_apart() {
        let told = |theirs| match read(&Answer { status: 401, date: theirs, ..Answer::default() }, at(1_000)) {
            Err(SendError::Unauthorized(why)) => why,
            other => panic!("{other:?}"),
        };
        assert!(told(Some(at(990))).contains("EVENKEEL_X_"));
        assert!(told(None).contains("EVENKEEL_X_"));
        assert!(told(Some(at(100))).contains("900 s ahead of"));
        assert!(told(Some(at(2_000))).contains("1000 s behind"));
    }

    #[test]
    fn dates_are_read_as_x_writes_them() {
        assert_eq!(date("Tue, 25 Apr 2023 11:28:02 UTC"), date("Tue, 25 Apr 2023 11:28:02 GMT"));
        assert_eq!(date("Tue, 25 Apr 2023 11:28:02 GMT").unwrap().as_second(), 1_682_422_082);
    }
}
