//! `evenkeel chat`: talk to the bot in the terminal, to try an edit out or to train with it. Nothing is stored.

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::Path,
    process::ExitCode,
};

use jiff::Timestamp;

use super::{classify::stranger, incoming, load_responder, terminal::printable};
use crate::{
    config::Config,
    conversation::{Conversation, Decision, Memory, Standing, Turn},
    desk::waiting::Outlook,
    reading::Reading,
    responder::Responder,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Show for each message the intents, their probabilities and the decision
    #[arg(long)]
    explain: bool,
}

pub(super) fn run(args: &Args, dir: &Path) -> anyhow::Result<ExitCode> {
    let hours = Config::load(dir)?.desk.hours;
    let responder = load_responder(dir, None)?.expecting(Outlook { hours, ..Outlook::default() });
    let mut conversation = stranger();
    let mut output = io::stdout().lock();
    let prompting = io::stdin().is_terminal();
    if prompting {
        writeln!(output, "Write as a customer would. /resolve: the person is done. /new: start afresh. /quit: leave.")?;
    }
    loop {
        if prompting {
            write!(output, "\nyou> ")?;
            output.flush()?;
        }
        let mut line = String::new();
        if io::stdin().read_line(&mut line)? == 0 {
            return Ok(ExitCode::SUCCESS);
        }
        match line.trim() {
            "/quit" => return Ok(ExitCode::SUCCESS),
            "/new" => conversation = stranger(),
            "/resolve" => {
                conversation.memory = Memory { standing: Standing::Bot, warned: Vec::new(), ..conversation.memory }
            }
            text => take(&responder, &mut conversation, text, args.explain, &mut output)?,
        }
    }
}

fn take(
    responder: &Responder,
    conversation: &mut Conversation,
    text: &str,
    explain: bool,
    output: &mut impl io::Write,
) -> io::Result<()> {
    let now = Timestamp::now();
    let turn = responder.respond(conversation, &[incoming(text, None, now)], now);
    if explain {
        explain_turn(&turn, responder.threshold(), output)?;
    }
    for reply in &turn.replies {
        writeln!(output, "\n{}", printable(&reply.text))?;
        for (number, choice) in reply.choices.iter().enumerate() {
            writeln!(output, "  {}. {}", number + 1, printable(&choice.label))?;
        }
    }
    if let Some(escalation) = &turn.escalation {
        writeln!(
            output,
            "\n[a person is called: reason {}, urgency {}]",
            escalation.reason,
            escalation.urgency.as_str()
        )?;
    } else if turn.decision == Decision::Silent {
        writeln!(output, "\n[the bot is silent: a person has the conversation]")?;
    }
    conversation.memory = turn.memory;
    Ok(())
}

fn explain_turn(turn: &Turn, threshold: f64, output: &mut impl io::Write) -> io::Result<()> {
    let detail = match &turn.decision {
        Decision::Answer(intents) | Decision::Clarify(intents) => intents.join(", "),
        Decision::Escalate(reason) => reason.to_string(),
        Decision::Acknowledge | Decision::Silent => String::new(),
    };
    writeln!(output, "  decision  {} {detail}", turn.decision.as_str())?;
    writeln!(output, "  threshold {threshold:.3}")?;
    for (number, reading) in turn.readings.iter().enumerate() {
        let name = if number == 0 { "whole".to_owned() } else { format!("part {number}") };
        explain_reading(&name, reading, output)?;
    }
    Ok(())
}

fn explain_reading(name: &str, reading: &Reading, output: &mut impl io::Write) -> io::Result<()> {
    let language = reading.language.map_or_else(|| "?".to_owned(), |language| language.to_string());
    let danger = reading
        .danger
        .as_ref()
        .map_or_else(String::new, |sign| format!(", danger {} ({})", sign.danger.as_str(), sign.rule));
    writeln!(output, "  {name}: language {language}, mood {}{danger}", reading.mood.as_str())?;
    for ranked in &reading.ranked {
        writeln!(output, "    {:.3}  {}", ranked.probability, ranked.intent)?;
    }
    Ok(())
}
