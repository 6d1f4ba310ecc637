//! `[desk]` in `evenkeel.toml`.

use anyhow::bail;
use jiff::SignedDuration;
use serde::Deserialize;

use super::hours::Hours;
use crate::policy;

/// How people work at the desk.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where browsers find the desk, such as `https://desk.example.com`; links in invitations begin with it. Without it, the address at which the
    /// service listens.
    pub url: Option<String>,
    /// When somebody is there, in the incident's timezone.
    pub hours: Hours,
    /// After so many minutes without words to a customer who waits for them, a claim goes back to the queue.
    pub claim_minutes: u32,
    /// Whether words that customers wrote on X may become examples of an intent: its rules ask for a decision.
    pub learn_from_x: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { url: None, hours: Hours::default(), claim_minutes: policy::CLAIM_MINUTES, learn_from_x: false }
    }
}

impl Settings {
    /// How long a claim may leave its customer waiting.
    #[must_use]
    pub fn claim(&self) -> SignedDuration {
        SignedDuration::from_mins(i64::from(self.claim_minutes))
    }

    /// Refuses what cannot be meant.
    pub fn verify(&self) -> anyhow::Result<()> {
        if let Some(url) = &self.url {
            let parsed = reqwest::Url::parse(url).ok();
            let is_web = |parsed: &reqwest::Url| matches!(parsed.scheme(), "http" | "https");
            if !parsed.is_some_and(|parsed| is_web(&parsed) && parsed.origin().ascii_serialization() == *url) {
                bail!(
                    "desk.url is {url:?}: scheme and host are expected and nothing more, such as \"https://desk.example.com\""
                );
            }
        }
        if !(1..=1_440).contains(&self.claim_minutes) {
            bail!(
                "desk.claim_minutes is {}: between 1 and 1440 (a day) is expected; after so long without words to a waiting customer an \
                 escalation goes back to the queue",
                self.claim_minutes
            );
        }
        Ok(())
    }
}
