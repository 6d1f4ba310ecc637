//! `evenkeel tokens`: who may use the API for other helpdesks. Works on the store's file, whether the service runs or not.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use jiff::{Timestamp, tz::TimeZone};

use super::terminal::printable;
use crate::{
    config::Config,
    store::{Store, Token},
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
    let path = args.database.clone().map_or_else(|| Config::load(dir).map(|config| config.store.path), Ok)?;
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
            let tokens = store.api_tokens().await?;
            if tokens.is_empty() {
                writeln!(output, "there are no tokens; `evenkeel tokens add NAME` makes one")?;
            }
            for token in tokens {
                let revoked = token.revoked_at.map(|at| format!("  revoked {}", local(at))).unwrap_or_default();
                writeln!(output, "{:<20}  made {}{revoked}", printable(&token.name), local(token.made_at))?;
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

fn local(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
