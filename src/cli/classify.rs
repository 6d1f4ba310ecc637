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
    conversation::{Conversation, Decision, Memory, Reason},
    message::ConversationId,
    reading::{DangerSign, Language, Mood, Ranked},
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
    /// How soon a person is needed.
    urgency: Option<&'static str>,
    /// The intent that was answered or offered first, or by which a person was called; else the most probable one.
    intent: Option<String>,
    /// The highest that the message or a part of it gives this intent.
    probability: f64,
    /// All that were answered or offered.
    intents: Vec<String>,
    /// The most probable other intents of the whole message.
    alternatives: Vec<Ranked>,
    /// The danger that fired, and by which rule or intent.
    danger: Option<DangerSign>,
    language: Option<Language>,
    mood: Mood,
    #[serde(skip)]
    pub decided: Decision,
    /// The most probable intent of the whole message, whatever was decided.
    #[serde(skip)]
    pub best: Option<Ranked>,
}

/// Decides about one message exactly as the service would.
pub(super) fn verdict(responder: &Responder, text: &str, now: Timestamp) -> Verdict {
    let turn = responder.respond(&stranger(), &[incoming(text, None, now)], now);
    let whole = turn.readings.first();
    let ranked = whole.map_or(&[][..], |reading| &reading.ranked);
    let best = ranked.first().cloned();
    let (reason, intents) = match &turn.decision {
        Decision::Answer(intents) | Decision::Clarify(intents) => (None, intents.clone()),
        Decision::Escalate(reason) => (Some(*reason), Vec::new()),
        Decision::Acknowledge | Decision::Silent => (None, Vec::new()),
    };
    let by_danger = turn.escalation.as_ref().filter(|_| reason.and_then(Reason::danger).is_some());
    let decided = intents.first().or_else(|| by_danger.and_then(|escalation| escalation.intents.first()));
    let intent = decided.cloned().or_else(|| best.as_ref().map(|best| best.intent.clone()));
    let of_it = turn.readings.iter().flat_map(|reading| &reading.ranked);
    let of_it = of_it.filter(|ranked| Some(&ranked.intent) == intent.as_ref()).map(|ranked| ranked.probability);
    let sign = turn.readings.iter().filter_map(|reading| reading.danger.clone()).min_by_key(|sign| sign.danger);
    let by_intent = || {
        let danger = reason.and_then(Reason::danger)?;
        Some(DangerSign { danger, rule: format!("intent {}", intent.as_deref()?) })
    };
    Verdict {
        text: text.to_owned(),
        decision: turn.decision.as_str(),
        reason: reason.map(Reason::as_str),
        urgency: turn.escalation.as_ref().map(|escalation| escalation.urgency.as_str()),
        probability: of_it.fold(0.0, f64::max),
        alternatives: ranked.iter().filter(|ranked| Some(&ranked.intent) != intent.as_ref()).cloned().collect(),
        language: whole.and_then(|reading| reading.language),
        mood: whole.map_or(Mood::Calm, |reading| reading.mood),
        danger: sign.or_else(by_intent),
        decided: turn.decision.clone(),
        intents,
        intent,
        best,
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
