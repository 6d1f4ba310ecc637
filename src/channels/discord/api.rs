//! Discord's HTTP interface: addresses and authorization are serenity's, answers are read here. serenity would lose the delay of a 429, and
//! would call a message that was posted an error when it cannot read the answer.

use std::{collections::HashMap, sync::Arc, sync::Mutex, sync::PoisonError, time::Duration, time::Instant};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::Value;
use serenity::{
    all::{ChannelId, LightMethod, Route},
    http::{Http, HttpBuilder, Request},
};

use super::{failures::Failure, limits};
use crate::channels::SendError;

/// A connection to Discord, or to another server that speaks its protocol. Cheap to clone.
#[derive(Clone)]
pub(super) struct Api(Arc<Inner>);

struct Inner {
    token: SecretString,
    /// `None`: Discord itself.
    url: Option<String>,
    client: reqwest::Client,
    http: Http,
    /// Channels that take nothing more until then.
    full: Mutex<HashMap<ChannelId, Instant>>,
}

/// What a success says.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: Value,
    /// How long the same request must wait, if it may not be repeated now.
    full_for: Option<Duration>,
}

impl Answer {
    pub(super) fn id(&self) -> Option<String> {
        self.body.get("id")?.as_str().map(ToOwned::to_owned)
    }
}

impl Api {
    /// # Errors
    /// The HTTP client cannot be made, in words for the operator.
    pub(super) fn new(token: SecretString, url: Option<String>) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(4))
            .timeout(limits::REQUEST_TIMEOUT)
            .pool_idle_timeout(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| format!("the HTTP client cannot be made: {error}"))?;
        let http = http(&token, url.as_deref(), &client);
        Ok(Self(Arc::new(Inner { token, url, client, http, full: Mutex::default() })))
    }

    /// For serenity's own use.
    pub(super) fn serenity(&self) -> Http {
        http(&self.0.token, self.0.url.as_deref(), &self.0.client)
    }

    /// Makes one request. A body that is no JSON is an answer that cannot be read; an empty one is `null`.
    pub(super) async fn call(
        &self,
        method: LightMethod,
        route: Route<'_>,
        body: Option<&(impl Serialize + Sync)>,
        params: Option<Vec<(&'static str, String)>>,
    ) -> Result<Answer, Failure> {
        let not_sent = |error: String| Failure::NotSent(error);
        let body = body.map(serde_json::to_vec).transpose().map_err(|error| not_sent(error.to_string()))?;
        let request = Request::new(route, method)
            .body(body)
            .params(params)
            .build(&self.0.client, self.0.http.token(), self.0.url.as_deref())
            .map_err(|_| not_sent("the address cannot be used; is discord.api_url right?".to_owned()))?;
        let response = request.send().await.map_err(Failure::of_transport)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await;
        if !status.is_success() {
            return Err(Failure::of_answer(status.as_u16(), &headers, &body.unwrap_or_default()));
        }
        let body = body.map_err(Failure::of_transport)?;
        let number = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()?.trim().parse::<f64>().ok());
        let full = number("x-ratelimit-remaining").is_some_and(|left| left <= 0.0);
        let full_for = number("x-ratelimit-reset-after").filter(|_| full);
        let full_for = full_for.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let read = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&body) };
        match read {
            Ok(body) => Ok(Answer { body, full_for }),
            Err(_) => Err(Failure::of_answer(status.as_u16(), &headers, &body)),
        }
    }

    pub(super) async fn get(&self, route: Route<'_>) -> Result<Answer, Failure> {
        self.call(LightMethod::Get, route, None::<&Value>, None).await
    }

    pub(super) async fn post(&self, route: Route<'_>, body: &(impl Serialize + Sync)) -> Result<Answer, Failure> {
        self.call(LightMethod::Post, route, Some(body), None).await
    }

    /// Says something in a channel, unless Discord let us know that the channel takes nothing for now.
    pub(super) async fn say(
        &self,
        channel: ChannelId,
        message: &(impl Serialize + Sync),
    ) -> Result<Option<String>, SendError> {
        if let Some(after) = self.full_for(channel) {
            return Err(SendError::Limited { after: Some(after), everywhere: false });
        }
        let outcome = self.post(Route::ChannelMessages { channel_id: channel }, message).await;
        let wait = match &outcome {
            Ok(answer) => answer.full_for,
            Err(failure) if failure.status() == Some(429) => failure.retry_after(),
            Err(_) => None,
        };
        if let Some(wait) = wait {
            self.lock().insert(channel, Instant::now() + wait);
        }
        outcome.map(|answer| answer.id()).map_err(Failure::send_error)
    }

    fn full_for(&self, channel: ChannelId) -> Option<Duration> {
        let now = Instant::now();
        let mut full = self.lock();
        full.retain(|_, until| *until > now);
        full.get(&channel).map(|until| *until - now)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ChannelId, Instant>> {
        self.0.full.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// "is typing" for some seconds. Nobody waits for it, and nothing is lost if it fails.
    pub(super) fn typing(&self, channel: ChannelId) {
        let api = self.clone();
        tokio::spawn(async move {
            let _ = api.post(Route::ChannelTyping { channel_id: channel }, &serde_json::json!({})).await;
        });
    }
}

/// serenity takes another address only without its rate limiter, which would also sleep for unknown times inside a request; the pace is
/// delivery's.
fn http(token: &SecretString, url: Option<&str>, client: &reqwest::Client) -> Http {
    let builder = HttpBuilder::new(token.expose_secret()).client(client.clone()).ratelimiter_disabled(true);
    match url {
        Some(url) => builder.proxy(url).build(),
        None => builder.build(),
    }
}
