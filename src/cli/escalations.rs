//! `evenkeel escalations`: what waits for a person, for those who have no browser at hand. Works on the store's file, whether the service runs or not.

use std::{
    io::{self, Read as _, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, anyhow, bail};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::terminal::printable;
use crate::{
    config::Config,
    conversation::EscalationId,
    desk::{due, transitions},
    knowledge::{self, Knowledge, moment::Deadline},
    store::{
        Delivery, EscalationFilter, EscalationRecord, Handling, Line, LineAuthor, NewReply, Note, Store, StoreError,
    },
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The store's file, instead of store.path in evenkeel.toml
    #[arg(long, global = true, value_name = "FILE", env = "EVENKEEL_DATABASE")]
    database: Option<PathBuf>,
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
        /// Your name
        #[arg(long = "as", value_name = "NAME", env = "EVENKEEL_AGENT")]
        agent: String,
        /// Take it even if somebody else has it
        #[arg(long)]
        take_over: bool,
    },
    /// Put it back into the queue
    Release {
        #[arg(value_name = "NUMBER")]
        id: i64,
        /// Your name
        #[arg(long = "as", value_name = "NAME", env = "EVENKEEL_AGENT")]
        agent: String,
    },
    /// Write to the customer; the conversation is yours from then on
    Reply {
        #[arg(value_name = "NUMBER")]
        id: i64,
        /// What the customer reads (Markdown); `-` reads it from standard input
        text: String,
        /// Your name as the customer sees it
        #[arg(long = "as", value_name = "NAME", env = "EVENKEEL_AGENT")]
        agent: String,
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
        /// Your name
        #[arg(long = "as", value_name = "NAME", env = "EVENKEEL_AGENT")]
        agent: String,
        /// What came of it, for the record
        #[arg(long)]
        note: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    Table,
    Json,
}

pub(super) fn run(args: &Args, dir: &Path) -> anyhow::Result<ExitCode> {
    with_store(args.database.as_ref(), dir, async |store| execute(store, &args.command, dir).await)?;
    Ok(ExitCode::SUCCESS)
}

/// Opens the store that the settings or the command line name, and works on it.
pub(super) fn with_store<T>(
    database: Option<&PathBuf>,
    dir: &Path,
    work: impl AsyncFnOnce(&Store) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let path = database.cloned().map_or_else(|| Config::load(dir).map(|config| config.store.path), Ok)?;
    if !path.exists() {
        bail!("there is no store at {}: start the service once, or name its file with --database", path.display());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open(&path).await.with_context(|| format!("cannot open {}", path.display()))?;
        let result = work(&store).await;
        store.close().await;
        result
    })
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
                Format::Table => show(&mut output, &record, &notes, &lines, now)?,
            }
        }
        Command::Claim { id, agent, take_over } => {
            let handling = if *take_over { Handling::TakeOver } else { Handling::Claim };
            let record = store.escalation(EscalationId(*id)).await?;
            let say = words(dir).and_then(|knowledge| transitions::on_claim(&knowledge, &record, agent, now));
            let claimed = store.handle(record.id, agent, handling, say.as_ref(), now).await;
            claimed.map_err(|error| with_way_out(error, "claim it with --take-over if you must"))?;
            writeln!(output, "escalation {id} is yours; the bot stays silent until you resolve it")?;
        }
        Command::Release { id, agent } => {
            store.handle(EscalationId(*id), agent, Handling::Release, None, now).await?;
            writeln!(output, "escalation {id} is back in the queue")?;
        }
        Command::Reply { id, text, agent, promise, by } => {
            let promise = promise.as_deref().zip(by.as_ref()).map(|(promise, by)| {
                let zone = words(dir).map_or_else(TimeZone::system, |knowledge| knowledge.zone().clone());
                let due_at = by.due(now, &zone).context("that time has passed: promise a later one")?;
                anyhow::Ok(due::promise(promise, due_at, now))
            });
            let promise = promise.transpose()?;
            let mut text = text.clone();
            if text == "-" {
                text.clear();
                io::stdin().read_to_string(&mut text).context("reading your reply from standard input")?;
            }
            let reply = NewReply { text: text.trim(), promise, id: None };
            let replied = store.reply(EscalationId(*id), agent, reply, now).await;
            replied.map_err(|error| with_way_out(error, TAKE_OVER_FIRST))?;
            writeln!(
                output,
                "queued for the customer; escalation {id} is yours, and the bot stays silent until you resolve it"
            )?;
        }
        Command::Resolve { id, agent, note } => {
            let record = store.escalation(EscalationId(*id)).await?;
            let say = words(dir).and_then(|knowledge| transitions::on_resolve(&knowledge, &record, agent, now));
            let resolved = store.resolve(record.id, agent, note.as_deref(), say.as_ref(), now).await;
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

pub(super) fn json(output: &mut impl Write, value: &impl Serialize) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *output, value)?;
    writeln!(output)?;
    Ok(())
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
    writeln!(output, "opened   {} ({} ago)", local(record.opened_at), age(record.opened_at, now))?;
    if !record.intents.is_empty() {
        writeln!(output, "about    {}", printable(&record.intents.join(", ")))?;
    }
    if let Some(agent) = &record.claimed_by {
        writeln!(output, "with     {}", printable(agent))?;
    }
    if let Some(at) = record.resolved_at {
        writeln!(output, "resolved {}", local(at))?;
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
            None | Some(Delivery::Sent) => "",
            Some(Delivery::Queued | Delivery::Leased) => " [not sent yet]",
            Some(Delivery::Uncertain) => " [may not have arrived]",
            Some(Delivery::Failed) => " [not delivered]",
        };
        writeln!(output, "\n{}  {}{state}", local(line.at), printable(&who))?;
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

pub(super) fn local(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// How long ago, in the largest whole unit.
pub(super) fn age(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(since).as_secs().max(0);
    match seconds {
        0..=59 => format!("{seconds} s"),
        60..=3_599 => format!("{} min", seconds / 60),
        3_600..=86_399 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        let now: Timestamp = "2026-11-14T12:00:00Z".parse().unwrap();
        let ago = |seconds| age(now - jiff::SignedDuration::from_secs(seconds), now);
        assert_eq!([ago(5), ago(61), ago(7_300), ago(90_000), ago(-3)], ["5 s", "1 min", "2 h", "1 d", "0 s"]);
    }
}
