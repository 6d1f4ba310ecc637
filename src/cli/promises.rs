//! `evenkeel promises`: what customers were promised. Works on the store's file, whether the service runs or not.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use jiff::Timestamp;

use super::{
    on_store::{Agent, Clock, Database, Format, json},
    terminal::printable,
};
use crate::{
    conversation::PromiseId,
    store::{Outcome, PromiseFilter, PromiseRecord, Store},
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
    /// What is still to be kept, the one due first on top
    List {
        /// Settled ones too
        #[arg(long)]
        all: bool,
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
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
    #[command(flatten)]
    agent: Agent,
}

pub(super) fn run(args: &Args, dir: &Path) -> anyhow::Result<ExitCode> {
    args.database.with(dir, async |store| execute(store, &args.command, dir).await)?;
    Ok(ExitCode::SUCCESS)
}

async fn execute(store: &Store, command: &Command, dir: &Path) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    let now = Timestamp::now();
    let (settle, outcome) = match command {
        Command::List { all, format } => {
            let filter = if *all { PromiseFilter::All } else { PromiseFilter::Open };
            let promises = store.promises(filter).await?;
            match format {
                Format::Json => json(&mut output, &promises)?,
                Format::Table => list(&mut output, &promises, &Clock::of(dir), now)?,
            }
            return Ok(());
        }
        Command::Keep(settle) => (settle, Outcome::Kept),
        Command::Withdraw(settle) => (settle, Outcome::Withdrawn),
    };
    store.settle_promise(PromiseId(settle.id), &settle.agent.name, outcome, now).await?;
    writeln!(output, "promise {} is {}", settle.id, outcome.as_str())?;
    Ok(())
}

fn list(output: &mut impl Write, promises: &[PromiseRecord], clock: &Clock, now: Timestamp) -> io::Result<()> {
    if promises.is_empty() {
        return writeln!(output, "nothing is promised");
    }
    writeln!(output, "{:>5}  {:<15}  {:<20}  {:<12}  promised", "no.", "state", "by", "owner")?;
    for promise in promises {
        let state = promise.state(now);
        let by = clock.minute(promise.due_at);
        let owner = promise.owner.as_deref().unwrap_or("the bot");
        writeln!(
            output,
            "{:>5}  {state:<15}  {by:<20}  {:<12}  {}",
            promise.id.0,
            printable(owner),
            printable(&promise.words)
        )?;
    }
    Ok(())
}
