//! `evenkeel users`: who may work at the desk. Works on the store's file, whether the service runs or not.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::Context as _;
use jiff::Timestamp;

use super::{
    on_store::{Clock, Database, Format, json},
    terminal::printable,
};
use crate::{
    config::Config,
    store::{Role, Store, Token, User},
    web::invitation_link,
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
    /// Invite somebody: prints a link with which they choose their password
    Add {
        /// What they sign in with, and what customers see
        name: String,
        #[arg(long, value_enum)]
        role: Role,
    },
    /// Everybody who has an account
    List {
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Keep somebody out, at once
    Disable { name: String },
    /// Let somebody in again
    Enable { name: String },
    /// Print a link with which a user sets their password anew
    Reset { name: String },
}

pub(super) fn run(args: &Args, dir: &Path) -> anyhow::Result<ExitCode> {
    let config = Config::load(dir)?;
    let base = config.desk_url(config.web.listen);
    let work = async |store: &Store| execute(store, &args.command, &base, dir).await;
    match args.command {
        // The first admin may be invited before the service ever ran.
        Command::Add { .. } => args.database.with_new(dir, work),
        _ => args.database.with(dir, work),
    }?;
    Ok(ExitCode::SUCCESS)
}

async fn execute(store: &Store, command: &Command, base: &str, dir: &Path) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    let now = Timestamp::now();
    match command {
        Command::Add { name, role } => {
            let token = Token::random().context("the system has no random numbers")?;
            store.invite(name, *role, &token.hash(), None, now).await?;
            tell(&mut output, name, base, &token)?;
        }
        Command::Reset { name } => {
            let token = Token::random().context("the system has no random numbers")?;
            store.invite_to_reset(name, &token.hash(), None, now).await?;
            tell(&mut output, name, base, &token)?;
        }
        Command::List { format } => {
            let users = store.users().await?;
            match format {
                Format::Json => json(&mut output, &users)?,
                Format::Table => list(&mut output, &users, &Clock::of(dir))?,
            }
        }
        Command::Disable { name } => {
            store.disable(name, None, now).await?;
            writeln!(output, "{} is disabled and signed out everywhere", printable(name))?;
        }
        Command::Enable { name } => {
            store.enable(name, None, now).await?;
            writeln!(output, "{} may sign in again", printable(name))?;
        }
    }
    Ok(())
}

fn tell(output: &mut impl Write, name: &str, base: &str, token: &Token) -> io::Result<()> {
    writeln!(output, "{}", invitation_link(base, token))?;
    // The link alone goes to standard output, so that a script can pass it on.
    eprintln!("Give this link to {} alone: it works once, for three days, and sets their password.", printable(name));
    Ok(())
}

fn list(output: &mut impl Write, users: &[User], clock: &Clock) -> io::Result<()> {
    if users.is_empty() {
        return writeln!(
            output,
            "nobody has an account; `evenkeel users add NAME --role admin` invites the first admin"
        );
    }
    writeln!(output, "{:<10}  {:<20}  name", "role", "last seen")?;
    for user in users {
        let seen = match (user.disabled_at, user.seen_at) {
            (Some(_), _) => "disabled".to_owned(),
            (None, Some(seen)) => clock.minute(seen),
            (None, None) => "not signed in".to_owned(),
        };
        writeln!(output, "{:<10}  {seen:<20}  {}", user.role.as_str(), printable(&user.name))?;
    }
    Ok(())
}
