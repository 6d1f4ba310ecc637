//! The part of `evenkeel check --channels`: each channel's credentials, tried against its platform.

use std::{fmt::Write as _, time::Duration};

use anyhow::Context as _;
use futures::future::join_all;
use serde::Serialize;

use crate::{
    channels::{self, Opened},
    config::Config,
};

/// How long a platform may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What became of one channel's try.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Tried {
    channel: &'static str,
    state: State,
    /// Who we are there, why it is off, or everything that is wrong.
    details: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Works,
    Off,
    Faulty,
}

/// Tries all channels at once.
pub(super) fn try_all(config: &Config) -> anyhow::Result<Vec<Tried>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime")?;
    Ok(runtime.block_on(join_all(channels::all(config).into_iter().map(try_one))))
}

async fn try_one(opened: Opened) -> Tried {
    let channel = match opened {
        Ok(channel) => channel,
        Err((channel, why)) => return Tried { channel, state: State::Off, details: vec![why] },
    };
    let (state, details) = match tokio::time::timeout(PATIENCE, channel.verify()).await {
        Ok(Ok(who)) => (State::Works, vec![who]),
        Ok(Err(wrong)) => (State::Faulty, wrong),
        Err(_) => (State::Faulty, vec![format!("the platform did not answer within {} s", PATIENCE.as_secs())]),
    };
    Tried { channel: channel.name(), state, details }
}

/// Whether a channel that is on does not work.
pub(super) fn is_faulty(tried: &[Tried]) -> bool {
    tried.iter().any(|tried| tried.state == State::Faulty)
}

/// A line for each channel, and one for each further thing that is wrong.
pub(super) fn human(tried: &[Tried]) -> String {
    let mut text = "channels\n".to_owned();
    for Tried { channel, state, details } in tried {
        let state = match state {
            State::Works => "works",
            State::Off => "off",
            State::Faulty => "faulty",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {channel:<10}{state:<8}{}", details.join(&format!("\n{:20}", "")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_sees_what_works_and_everything_that_does_not() {
        let tried = |channel, state, details: &[&str]| Tried {
            channel,
            state,
            details: details.iter().map(ToString::to_string).collect(),
        };
        let all = [
            tried("web", State::Works, &["needs no credentials"]),
            tried("telegram", State::Off, &["EVENKEEL_TELEGRAM_TOKEN is not set"]),
            tried("x", State::Faulty, &["the keys are not accepted", "the clock is 7 minutes slow"]),
        ];
        insta::assert_snapshot!(human(&all), @"
        channels
          web       works   needs no credentials
          telegram  off     EVENKEEL_TELEGRAM_TOKEN is not set
          x         faulty  the keys are not accepted
                            the clock is 7 minutes slow
        ");
        assert!(is_faulty(&all) && !is_faulty(&all[..2]));
    }
}
