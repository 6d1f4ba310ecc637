//! Telegram calls us: sets that up, watches that it works, and takes the calls.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode},
    routing::post,
};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{
    client::{CallError, PATIENCE},
    failures::{self, reason},
    listening::{Listening, unless},
    requests::SetWebhook,
    updates,
};
use crate::{
    channels::{Door, backoff::wait_after},
    hexadecimal,
};

/// Where Telegram calls.
pub(super) const PATH: &str = "/webhooks/telegram";

/// The header with the secret.
const SECRET_HEADER: &str = "X-Telegram-Bot-Api-Secret-Token";

/// The largest body that is read, in bytes: an update is far below it, all its texts and entities included.
const MAX_BODY: usize = 1024 * 1024;

/// How often we ask Telegram whether its calls reach us.
const LOOK: Duration = Duration::from_mins(1);

/// A webhook of ours.
#[derive(Debug, Clone)]
pub(super) struct Webhook {
    /// The address at which the platform reaches us.
    pub url: String,
    /// Telegram sends it along, so that nobody else can speak in its name.
    pub secret: String,
}

impl Webhook {
    /// At our public address. The secret follows from the token, so that there is nothing more to keep.
    pub(super) fn new(public_url: &str, token: &str) -> Self {
        let url = format!("{}{PATH}", public_url.trim_end_matches('/'));
        let digest = Sha256::digest(format!("evenkeel telegram webhook {token}"));
        Self { url, secret: hexadecimal::encode(&digest) }
    }

    /// Has Telegram call us, and watches it, until `stop`. The webhook stays: what is written meanwhile waits there.
    pub(super) async fn keep(&self, listening: &Arc<Listening>, door: &Door, stop: &CancellationToken) {
        let mut failures = 0;
        // Set anew at each start: the address may be right and the secret another one.
        let mut set = false;
        loop {
            let Some(outcome) = unless(stop, self.look(listening, &mut set)).await else { return };
            let wait = match outcome {
                Ok(None) => {
                    door.works();
                    failures = 0;
                    LOOK
                }
                Ok(Some(why)) => {
                    door.trouble(why);
                    LOOK
                }
                Err(error) => {
                    let (why, wait) = failures::receiving(&error);
                    door.trouble(why);
                    failures += 1;
                    wait.unwrap_or_default().max(wait_after(failures))
                }
            };
            if unless(stop, sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    /// Sets the webhook if it is not; what Telegram says is wrong with it.
    async fn look(&self, listening: &Arc<Listening>, set: &mut bool) -> Result<Option<String>, CallError> {
        listening.introduce().await?;
        let info = listening.webhook().await?;
        if info.url != self.url || !*set {
            let request = SetWebhook {
                url: self.url.clone(),
                secret_token: self.secret.clone(),
                allowed_updates: updates::KINDS,
            };
            listening.client.call::<_, Value>(&request, PATIENCE).await?;
            *set = true;
            listening.offer_menu();
            return Ok(None);
        }
        let since_error = info.last_error_date.map(|at| Timestamp::now().as_second() - at);
        let recent = since_error.is_some_and(|seconds| seconds < 2 * LOOK.as_secs().cast_signed());
        let why = info.last_error_message.unwrap_or_default();
        Ok(recent.then(|| format!("Telegram cannot reach us at {}: {}", self.url, reason(&why))))
    }

    /// The route on which Telegram calls.
    pub(super) fn router(&self, listening: &Arc<Listening>, door: &Door) -> Router {
        let (webhook, listening, door) = (self.clone(), Arc::clone(listening), door.clone());
        let handler = move |request: Request| {
            let (webhook, listening, door) = (webhook.clone(), Arc::clone(&listening), door.clone());
            async move { webhook.called(request, &listening, &door).await }
        };
        Router::new().route(PATH, post(handler))
    }

    async fn called(&self, request: Request<Body>, listening: &Arc<Listening>, door: &Door) -> StatusCode {
        let secret = request.headers().get(SECRET_HEADER).map(HeaderValue::as_bytes).unwrap_or_default();
        if !bool::from(secret.ct_eq(self.secret.as_bytes())) {
            return StatusCode::UNAUTHORIZED;
        }
        // Telegram calls again when it gets anything but a success.
        let Some(bot) = listening.bot() else { return StatusCode::SERVICE_UNAVAILABLE };
        let Ok(body) = axum::body::to_bytes(request.into_body(), MAX_BODY).await else {
            return StatusCode::PAYLOAD_TOO_LARGE;
        };
        let Ok(update) = serde_json::from_slice::<Value>(&body) else {
            warn!(bytes = body.len(), "a call of the webhook cannot be read; it is left out");
            return StatusCode::OK;
        };
        match listening.take(&update, &bot, door).await {
            Ok(()) => StatusCode::OK,
            Err(error) => {
                door.trouble(format!("messages cannot be stored: {error}"));
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_follows_from_the_token_and_is_what_the_platform_allows() {
        let webhook = Webhook::new("https://help.example/", "1:a");
        assert_eq!(webhook.url, "https://help.example/webhooks/telegram");
        assert!(webhook.secret.len() == 64 && webhook.secret.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(webhook.secret, Webhook::new("https://other.example", "1:a").secret);
        assert_ne!(webhook.secret, Webhook::new("https://help.example", "1:b").secret);
    }
}
