//! `evenkeel escalations`: what waits for a person, for those who have no browser at hand. Works on the store's file, whether the service runs or not.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    on_store::{Agent, Clock, Database, Format, age, json, words_of},
    terminal::printable,
};
use crate::{
    conversation::EscalationId,
    desk::{due, transitions},
    knowledge::{self, Knowledge, moment::Deadline},
    store::{
        Delivery, EscalationFilter, EscalationRecord, Handling, Line, LineAuthor, NewReply, Note, Store, StoreError,
    },
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    database: Database,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// What waits for a person, the most urgent first
    List {
        /// Resolved ones too
        #[arg(long)]
        all: bool,
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// One escalation with its whole conversation
    Show {
        #[arg(value_name = "NUMBER")]
        id: i64,
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Make it yours: the bot is silent from then on, and other agents are refused
    Claim {
        #[arg(value_name = "NUMBER")]
        id: i64,
        #[command(flatten)]
        agent: Agent,
        /// Take it even if somebody else has it
        #[arg(long)]
        take_over: bool,
    },
    /// Put it back into the queue
    Release {
        #[arg(value_name = "NUMBER")]
        id: i64,
        #[command(flatten)]
        agent: Agent,
    },
    /// Write to the customer; the conversation is yours from then on
    Reply {
        #[arg(value_name = "NUMBER")]
        id: i64,
        /// What the customer reads (Markdown); `-` reads it from standard input
        text: String,
        #[command(flatten)]
        agent: Agent,
        /// What your words promise, for the list of promises; you are reminded before it falls due
        #[arg(long, value_name = "TEXT", requires = "by")]
        promise: Option<String>,
        /// By when: `18:00`, `2h` or `2026-11-14 18:00`, in the incident's timezone
        #[arg(long, value_name = "TIME", requires = "promise")]
        by: Option<Deadline>,
    },
    /// Close it; the bot has the conversation again
    Resolve {
        #[arg(value_name = "NUMBER")]
        id: i64,
        #[command(flatten)]
        agent: Agent,
        /// What came of it, for the record
        #[arg(long)]
        note: Option<String>,
    },
}

pub(super) fn run(args: &Args, dir: &Path) -> anyhow::Result<ExitCode> {
    args.database.with(dir, async |store| execute(store, &args.command, dir).await)?;
    Ok(ExitCode::SUCCESS)
}

/// The knowledge of the folder, for what customers are told; None where it cannot be used, and then they are told nothing.
fn words(dir: &Path) -> Option<Knowledge> {
    knowledge::load(dir, Timestamp::now()).ok()?.knowledge
}

async fn execute(store: &Store, command: &Command, dir: &Path) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    let now = Timestamp::now();
    match command {
        Command::List { all, format } => {
            let filter = if *all { EscalationFilter::All } else { EscalationFilter::Open };
            let records = store.escalations(filter).await?;
            match format {
                Format::Json => json(&mut output, &records)?,
                Format::Table => list(&mut output, &records, now)?,
            }
        }
        Command::Show { id, format } => {
            let record = store.escalation(EscalationId(*id)).await?;
            let lines = store.transcript(record.conversation).await?;
            let notes = store.notes(record.id).await?;
            match format {
                Format::Json => json(&mut output, &Shown { escalation: &record, notes: &notes, lines: &lines })?,
                Format::Table => show(&mut output, &record, &notes, &lines, &Clock::of(dir), now)?,
            }
        }
        Command::Claim { id, agent, take_over } => {
            let handling = if *take_over { Handling::TakeOver } else { Handling::Claim };
            let record = store.escalation(EscalationId(*id)).await?;
            let say = words(dir).and_then(|knowledge| transitions::on_claim(&knowledge, &record, &agent.name, now));
            let claimed = store.handle(record.id, &agent.name, handling, say.as_ref(), now).await;
            claimed.map_err(|error| with_way_out(error, "claim it with --take-over if you must"))?;
            writeln!(output, "escalation {id} is yours; the bot stays silent until you resolve it")?;
        }
        Command::Release { id, agent } => {
            store.handle(EscalationId(*id), &agent.name, Handling::Release, None, now).await?;
            writeln!(output, "escalation {id} is back in the queue")?;
        }
        Command::Reply { id, text, agent, promise, by } => {
            let promise = promise.as_deref().zip(by.as_ref()).map(|(promise, by)| {
                let due_at = by.due(now, &Clock::of(dir).zone).context("that time has passed: promise a later one")?;
                anyhow::Ok(due::promise(promise, due_at, now))
            });
            let promise = promise.transpose()?;
            let text = words_of(text, "your reply")?;
            let reply = NewReply { text: text.trim(), promise, id: None };
            let replied = store.reply(EscalationId(*id), &agent.name, reply, now).await;
            replied.map_err(|error| with_way_out(error, TAKE_OVER_FIRST))?;
            writeln!(
                output,
                "queued for the customer; escalation {id} is yours, and the bot stays silent until you resolve it"
            )?;
        }
        Command::Resolve { id, agent, note } => {
            let record = store.escalation(EscalationId(*id)).await?;
            let say = words(dir).and_then(|knowledge| transitions::on_resolve(&knowledge, &record, &agent.name, now));
            let resolved = store.resolve(record.id, &agent.name, note.as_deref(), say.as_ref(), now).await;
            resolved.map_err(|error| with_way_out(error, TAKE_OVER_FIRST))?;
            writeln!(output, "escalation {id} is resolved; the bot has the conversation again")?;
        }
    }
    Ok(())
}

const TAKE_OVER_FIRST: &str = "to act in their place, first `evenkeel escalations claim NUMBER --take-over`";

/// Tells whom somebody else forestalled what they can do.
fn with_way_out(error: StoreError, way_out: &'static str) -> anyhow::Error {
    if matches!(error, StoreError::ClaimedBy { .. }) { anyhow!("{error}; {way_out}") } else { error.into() }
}

#[derive(Serialize)]
struct Shown<'a> {
    escalation: &'a EscalationRecord,
    notes: &'a [Note],
    lines: &'a [Line],
}

fn list(output: &mut impl Write, records: &[EscalationRecord], now: Timestamp) -> io::Result<()> {
    if records.is_empty() {
        return writeln!(output, "nobody waits for a person");
    }
    writeln!(output, "{:>5}  {:<7}  {:>7}  {:<10}  {:<20}  about", "no.", "urgency", "age", "channel", "reason")?;
    for record in records {
        let about = record.intents.first().map_or("–", String::as_str);
        let who = match (&record.claimed_by, record.resolved_at) {
            (_, Some(_)) => " (resolved)".to_owned(),
            (Some(agent), None) => format!(" (with {agent})"),
            (None, None) => String::new(),
        };
        writeln!(
            output,
            "{:>5}  {:<7}  {:>7}  {:<10}  {:<20}  {}",
            record.id,
            record.urgency.as_str(),
            age(record.opened_at, now),
            record.channel,
            record.reason.to_string(),
            printable(&format!("{about}{who}")),
        )?;
    }
    Ok(())
}

fn show(
    output: &mut impl Write,
    record: &EscalationRecord,
    notes: &[Note],
    lines: &[Line],
    clock: &Clock,
    now: Timestamp,
) -> io::Result<()> {
    writeln!(
        output,
        "escalation {} on {}: {}, urgency {}",
        record.id,
        record.channel,
        record.reason,
        record.urgency.as_str()
    )?;
    writeln!(output, "opened   {} ({} ago)", clock.second(record.opened_at), age(record.opened_at, now))?;
    if !record.intents.is_empty() {
        writeln!(output, "about    {}", printable(&record.intents.join(", ")))?;
    }
    if let Some(agent) = &record.claimed_by {
        writeln!(output, "with     {}", printable(agent))?;
    }
    if let Some(at) = record.resolved_at {
        writeln!(output, "resolved {}", clock.second(at))?;
    }
    for note in notes {
        let agent = note.agent.as_deref().map(|agent| format!(" ({agent})")).unwrap_or_default();
        writeln!(output, "note     {}", printable(&format!("{}{agent}", note.text)))?;
    }
    for line in lines {
        let who = match &line.author {
            LineAuthor::Customer => "customer".to_owned(),
            LineAuthor::Bot => "bot".to_owned(),
            LineAuthor::Agent(name) => format!("{name} (agent)"),
        };
        let state = match line.delivery {
            None if line.edited => " [edited]",
            None | Some(Delivery::Sent) => "",
            Some(Delivery::Queued | Delivery::Leased) => " [not sent yet]",
            Some(Delivery::Uncertain) => " [may not have arrived]",
            Some(Delivery::Failed) => " [not delivered]",
        };
        writeln!(output, "\n{}  {}{state}", clock.second(line.at), printable(&who))?;
        if let Some(quoted) = &line.quoted {
            writeln!(output, "    [{}]", printable(&quoted.told()))?;
            for text in quoted.text().unwrap_or_default().lines() {
                writeln!(output, "    > {}", printable(text))?;
            }
        }
        for text in line.text.lines() {
            writeln!(output, "    {}", printable(text))?;
        }
        for (number, choice) in line.choices.iter().enumerate() {
            writeln!(output, "    {}. {}", number + 1, printable(&choice.label))?;
        }
        for attachment in &line.attachments {
            writeln!(output, "    [file: {}]", printable(&attachment.name))?;
        }
    }
    Ok(())
}
