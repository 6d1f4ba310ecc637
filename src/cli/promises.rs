//! `evenkeel promises`: what customers were promised. Works on the store's file, whether the service runs or not.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use jiff::{Timestamp, tz::TimeZone};

use super::terminal::printable;
use crate::{
    config::Config,
    conversation::PromiseId,
    store::{Outcome, PromiseFilter, PromiseRecord, Store},
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
    /// What is still to be kept, the one due first on top
    List {
        /// Settled ones too
        #[arg(long)]
        all: bool,
        /// As JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// It is kept
    Keep(Settle),
    /// It is not needed any more
    Withdraw(Settle),
}

#[derive(Debug, clap::Args)]
struct Settle {
    #[arg(value_name = "NUMBER")]
    id: i64,
    /// Your name
    #[arg(long = "as", value_name = "NAME", env = "EVENKEEL_AGENT")]
    agent: String,
}

pub(super) fn run(args: &Args, dir: &Path) -> anyhow::Result<ExitCode> {
    let path = args.database.clone().map_or_else(|| Config::load(dir).map(|config| config.store.path), Ok)?;
    if !path.exists() {
        bail!("there is no store at {}: start the service once, or name its file with --database", path.display());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open(&path).await.with_context(|| format!("cannot open {}", path.display()))?;
        let result = execute(&store, &args.command).await;
        store.close().await;
        result
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn execute(store: &Store, command: &Command) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    let now = Timestamp::now();
    let (settle, outcome) = match command {
        Command::List { all, json } => {
            let filter = if *all { PromiseFilter::All } else { PromiseFilter::Open };
            let promises = store.promises(filter).await?;
            if *json {
                serde_json::to_writer_pretty(&mut output, &promises)?;
                writeln!(output)?;
            } else {
                list(&mut output, &promises, now)?;
            }
            return Ok(());
        }
        Command::Keep(settle) => (settle, Outcome::Kept),
        Command::Withdraw(settle) => (settle, Outcome::Withdrawn),
    };
    store.settle_promise(PromiseId(settle.id), &settle.agent, outcome, now).await?;
    writeln!(output, "promise {} is {}", settle.id, outcome.as_str())?;
    Ok(())
}

fn list(output: &mut impl Write, promises: &[PromiseRecord], now: Timestamp) -> io::Result<()> {
    if promises.is_empty() {
        return writeln!(output, "nothing is promised");
    }
    writeln!(output, "{:>5}  {:<9}  {:<16}  {:<12}  promised", "no.", "state", "by", "owner")?;
    for promise in promises {
        let state = match promise.outcome {
            Some(outcome) => outcome.as_str(),
            None if promise.due_at <= now => "late",
            None => "open",
        };
        let by = promise.due_at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string();
        let owner = promise.owner.as_deref().unwrap_or("the bot");
        writeln!(
            output,
            "{:>5}  {state:<9}  {by:<16}  {:<12}  {}",
            promise.id.0,
            printable(owner),
            printable(&promise.words)
        )?;
    }
    Ok(())
}
