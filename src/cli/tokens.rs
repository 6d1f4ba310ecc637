//! `evenkeel tokens`: who may use the API for other helpdesks. Works on the store's file, whether the service runs or not.

use std::{
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use super::{
    on_store::{Clock, Database},
    terminal::printable,
};
use crate::store::{Store, Token};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    database: Database,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make a token and print it, this once
    Add {
        /// Whose it is, such as `zammad`; customers see it where a bridge names no agent
        name: String,
    },
    /// All tokens, without what opens
    List,
    /// From now on the token opens nothing
    Revoke { name: String },
}

pub(super) fn run(args: &Args, dir: &Path) -> anyhow::Result<ExitCode> {
    // A bridge may be let in before the service ever ran.
    let work = async |store: &Store| execute(store, &args.command, dir).await;
    match args.command {
        Command::Add { .. } => args.database.with_new(dir, work),
        Command::List | Command::Revoke { .. } => args.database.with(dir, work),
    }?;
    Ok(ExitCode::SUCCESS)
}

async fn execute(store: &Store, command: &Command, dir: &Path) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    let now = Timestamp::now();
    match command {
        Command::Add { name } => {
            if name.chars().any(char::is_control) {
                bail!("a name is one line of text, such as `zammad`");
            }
            let token = Token::random().context("the system has no random numbers")?;
            store.add_api_token(name, &token, now).await?;
            writeln!(output, "{}", token.expose())?;
            eprintln!("This is the only time that it is shown: put it among the secrets of the bridge.");
        }
        Command::List => {
            let (tokens, clock) = (store.api_tokens().await?, Clock::of(dir));
            if tokens.is_empty() {
                writeln!(output, "there are no tokens; `evenkeel tokens add NAME` makes one")?;
            }
            for token in tokens {
                let revoked = token.revoked_at.map(|at| format!("  revoked {}", clock.second(at))).unwrap_or_default();
                writeln!(output, "{:<20}  made {}{revoked}", printable(&token.name), clock.second(token.made_at))?;
            }
        }
        Command::Revoke { name } => {
            if !store.revoke_api_token(name, now).await? {
                bail!("there is no token named {name} that opens anything; `evenkeel tokens list` shows them all");
            }
            writeln!(output, "the token {} opens nothing any more", printable(name))?;
        }
    }
    Ok(())
}
