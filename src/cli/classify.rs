//! `evenkeel classify`: how each line of standard input would be understood and decided, as JSON.

use std::{
    io::{self, BufRead as _, Write as _},
    path::Path,
    process::ExitCode,
};

use jiff::Timestamp;
use serde::Serialize;

use super::{incoming, load_responder, share, terminal::printable_json};
use crate::{
    conversation::{Conversation, Decision, Memory},
    message::ConversationId,
    reading::{Language, Mood, Ranked},
    responder::Responder,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The share of answers that may be wrong, instead of `policy.max_wrong`
    #[arg(long, value_name = "SHARE", value_parser = share)]
    max_wrong: Option<f64>,
}

pub(super) fn run(args: &Args, dir: &Path) -> anyhow::Result<ExitCode> {
    let responder = load_responder(dir, args.max_wrong)?;
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        let verdict = verdict(&responder, text.trim_end_matches(['\r', '\n']), Timestamp::now());
        writeln!(output, "{}", printable_json(&serde_json::to_string(&verdict)?))?;
        output.flush()?;
        line.clear();
    }
    Ok(ExitCode::SUCCESS)
}

/// What becomes of one message as the first of its conversation.
#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    text: String,
    /// `answer`, `clarify` or `escalate`.
    decision: &'static str,
    /// Why a person is needed.
    reason: Option<&'static str>,
    /// The most probable intent, whatever the decision.
    pub intent: Option<String>,
    pub probability: f64,
    alternatives: Vec<Ranked>,
    language: Option<Language>,
    mood: Mood,
    #[serde(skip)]
    pub decided: Decision,
}

/// Decides about one message exactly as the service would.
pub(super) fn verdict(responder: &Responder, text: &str, now: Timestamp) -> Verdict {
    let turn = responder.respond(&stranger(), &[incoming(text, None, now)], now);
    let mut whole = turn.readings.into_iter().next();
    let mut ranked = whole.as_mut().map(|reading| std::mem::take(&mut reading.ranked)).unwrap_or_default().into_iter();
    let best = ranked.next();
    Verdict {
        text: text.to_owned(),
        decision: turn.decision.as_str(),
        reason: match turn.decision {
            Decision::Escalate(reason) => Some(reason.as_str()),
            _ => None,
        },
        probability: best.as_ref().map_or(0.0, |best| best.probability),
        intent: best.map(|best| best.intent),
        alternatives: ranked.collect(),
        language: whole.as_ref().and_then(|reading| reading.language),
        mood: whole.map_or(Mood::Calm, |reading| reading.mood),
        decided: turn.decision,
    }
}

/// A conversation in which nothing was said yet.
pub(super) fn stranger() -> Conversation {
    Conversation {
        id: ConversationId::default(),
        channel: "terminal".to_owned(),
        place: "terminal".to_owned(),
        public: false,
        version: 0,
        memory: Memory::default(),
    }
}
