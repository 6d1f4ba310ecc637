//! One webhook: where it goes, what it tells, and its requests.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use reqwest::{Response, StatusCode, Url, header, redirect};
use serde::Deserialize;

use super::{Secret, outcome::Outcome};
use crate::{
    desk::bridge::{Event, EventKind},
    secret,
};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a receiver may take to accept an event; the scheme's specification advises 15 to 30 s.
const PATIENCE: Duration = Duration::from_secs(15);

/// What is read of an answer's body, so that its connection can be used again; and for how long. What it says is of no interest.
const MAX_BODY_BYTES: usize = 16 * 1024;
const BODY_TIME: Duration = Duration::from_secs(1);

/// The longest name, in bytes.
const MAX_NAME_BYTES: usize = 40;

/// `[[webhooks]]`: a receiver that is told what happens to escalations.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Names it in `/health`, and its secret `EVENKEEL_WEBHOOK_SECRET_<NAME>`: lower-case letters, digits and `_`.
    pub name: String,
    /// Where events are posted to. Any address that this machine can reach: whoever writes this file runs the service.
    pub url: String,
    /// What it is told of; all, if nothing is said.
    #[serde(default = "all_events")]
    pub events: BTreeSet<EventKind>,
}

fn all_events() -> BTreeSet<EventKind> {
    EventKind::ALL.into()
}

impl Settings {
    /// Checks them together.
    ///
    /// # Errors
    /// What is wrong, with the webhook's name.
    pub fn verify(all: &[Self]) -> Result<(), String> {
        let mut names = BTreeSet::new();
        for Self { name, url, events } in all {
            let well_formed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
            if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(well_formed) {
                return Err(format!(
                    "webhooks.name is {name:?}: 1 to {MAX_NAME_BYTES} lower-case letters, digits and `_` are expected, such as \"zammad\""
                ));
            }
            if !names.insert(name) {
                return Err(format!("two webhooks are named {name:?}"));
            }
            if events.is_empty() {
                return Err(format!(
                    "the webhook {name:?} has `events = []`: leave the line out to tell it everything"
                ));
            }
            let parsed = Url::parse(url).ok();
            if !parsed.as_ref().is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
                return Err(format!(
                    "the webhook {name:?} has no address in `url`: one such as \"https://bridge.example/evenkeel\" is expected"
                ));
            }
            if parsed.is_some_and(|url| !url.username().is_empty() || url.password().is_some()) {
                return Err(format!(
                    "the webhook {name:?} has a password in `url`: this file is no place for secrets, and the signature tells the receiver who we are"
                ));
            }
        }
        Ok(())
    }

    /// The variable that holds the secret.
    #[must_use]
    pub fn secret_variable(&self) -> String {
        format!("EVENKEEL_WEBHOOK_SECRET_{}", self.name.to_ascii_uppercase())
    }
}

/// The name under which the operator sees it.
pub(super) fn board_name(name: &str) -> String {
    format!("webhook {name}")
}

/// A webhook that is ready to send.
pub struct Hook {
    pub name: String,
    pub(super) board_name: String,
    pub(super) events: BTreeSet<EventKind>,
    url: Url,
    secret: Secret,
    http: reqwest::Client,
}

impl Hook {
    /// Reads the secret and makes the client; talks to nobody.
    ///
    /// # Errors
    /// Why it is off, for the operator.
    pub fn open(settings: &Settings) -> Result<Self, String> {
        let variable = settings.secret_variable();
        let secret = secret::from_environment(&variable)?.ok_or_else(|| format!("{variable} is not set"))?;
        let secret = Secret::parse(&secret).map_err(|why| format!("{variable}: {why}"))?;
        let url = Url::parse(&settings.url).map_err(|error| format!("its url: {error}"))?;
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(PATIENCE)
            // An address that only the receiver names is not one that an operator allowed.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("evenkeel/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("the HTTP client cannot be made: {error}"))?;
        let Settings { name, events, .. } = settings.clone();
        Ok(Self { board_name: board_name(&name), name, events, url, secret, http })
    }

    /// Scheme, host and port: the rest of an address may be secret.
    #[must_use]
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Sends an event once.
    pub(super) async fn post(&self, id: &str, event: &Event) -> Outcome {
        let Ok(body) = serde_json::to_vec(event) else {
            return Outcome::NoAnswer("the event cannot be written as JSON");
        };
        // Of this try, not of the event: receivers refuse what was signed long ago.
        let timestamp = Timestamp::now().as_second();
        let Ok(signature) = self.secret.sign(id, timestamp, &body) else {
            return Outcome::NoAnswer("the event cannot be signed");
        };
        let request = self
            .http
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(body);
        match request.send().await {
            Ok(answer) => {
                let (status, retry_after) = (answer.status(), retry_after(&answer));
                discard(answer).await;
                Outcome::Status { status: status.as_u16(), retry_after }
            }
            Err(error) if error.is_timeout() => Outcome::NoAnswer("the receiver does not answer in time"),
            Err(error) if error.is_connect() => Outcome::NoAnswer("the receiver cannot be reached"),
            Err(_) => Outcome::NoAnswer("the connection to the receiver broke"),
        }
    }
}

fn retry_after(answer: &Response) -> Option<Duration> {
    let busy = matches!(answer.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    let value = answer.headers().get(header::RETRY_AFTER).filter(|_| busy)?;
    value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

async fn discard(mut answer: Response) {
    let all = async {
        let mut read = 0;
        while let Ok(Some(chunk)) = answer.chunk().await {
            read += chunk.len();
            if read > MAX_BODY_BYTES {
                return;
            }
        }
    };
    // What was accepted stays so, however the body ends.
    let _ = tokio::time::timeout(BODY_TIME, all).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verified(toml: &str) -> Result<(), String> {
        #[derive(Deserialize)]
        struct File {
            webhooks: Vec<Settings>,
        }
        let file: File = toml::from_str(toml).map_err(|error| error.to_string())?;
        Settings::verify(&file.webhooks)
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_the_name_of_the_hook() {
        let hook = |rest: &str| format!("[[webhooks]]\nname = \"zammad\"\n{rest}\n");
        assert_eq!(verified(&hook("url = \"http://10.0.0.7:3000/in?x=1\"\nevents = [\"escalation.opened\"]")), Ok(()));
        for (rest, expected) in [
            ("url = \"bridge.example\"", "no address"),
            ("url = \"file:///etc/passwd\"", "no address"),
            ("url = \"https://me:secret@bridge.example\"", "no place for secrets"),
            ("url = \"https://bridge.example\"\nevents = []", "leave the line out"),
            ("url = \"https://bridge.example\"\nevents = [\"escalation.open\"]", "escalation.opened"),
            ("url = \"https://bridge.example\"\nsecret = \"whsec_x\"", "unknown field"),
        ] {
            let error = verified(&hook(rest)).unwrap_err();
            assert!(error.contains(expected) && !error.contains("me:secret"), "{rest}: {error}");
        }
        assert!(
            verified("[[webhooks]]\nname = \"My Hook\"\nurl = \"https://a.example\"")
                .unwrap_err()
                .contains("lower-case")
        );
        let twice = hook("url = \"https://a.example\"").repeat(2);
        assert!(verified(&twice).unwrap_err().contains("two webhooks"));
    }

    #[test]
    fn a_hook_hears_of_everything_unless_told_otherwise() {
        let settings: Settings = toml::from_str("name = \"a\"\nurl = \"https://a.example\"").unwrap();
        assert_eq!(settings.events, EventKind::ALL.into());
        assert_eq!(settings.secret_variable(), "EVENKEEL_WEBHOOK_SECRET_A");
    }
}
