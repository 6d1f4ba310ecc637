//! What subcommands share that work on the store's file, whether the service runs or not.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::terminal::printable_json;
use crate::{config::Config, knowledge, store::Store};

/// Which store.
#[derive(Debug, clap::Args)]
pub(super) struct Database {
    /// The store's file, instead of store.path in evenkeel.toml
    #[arg(long, global = true, value_name = "FILE", env = "EVENKEEL_DATABASE")]
    database: Option<PathBuf>,
}

impl Database {
    /// Opens the store, which must be there, and works on it.
    pub(super) fn with<T>(&self, dir: &Path, work: impl AsyncFnOnce(&Store) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let path = self.path(dir)?;
        if !path.exists() {
            bail!("there is no store at {}: start the service once, or name its file with --database", path.display());
        }
        open(&path, work)
    }

    /// The same, making the store if it is not there: for what may be done before the service ever ran.
    pub(super) fn with_new<T>(
        &self,
        dir: &Path,
        work: impl AsyncFnOnce(&Store) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        open(&self.path(dir)?, work)
    }

    fn path(&self, dir: &Path) -> anyhow::Result<PathBuf> {
        self.database.clone().map_or_else(|| Config::load(dir).map(|config| config.store.path), Ok)
    }
}

fn open<T>(path: &Path, work: impl AsyncFnOnce(&Store) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open(path).await.with_context(|| format!("cannot open {}", path.display()))?;
        let result = work(&store).await;
        store.close().await;
        result
    })
}

/// Who acts.
#[derive(Debug, clap::Args)]
pub(super) struct Agent {
    /// Your name, as customers see it
    #[arg(id = "agent", long = "as", value_name = "NAME", env = "EVENKEEL_AGENT")]
    pub name: String,
}

/// For people or for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    Table,
    Json,
}

pub(super) fn json(output: &mut impl Write, value: &impl Serialize) -> anyhow::Result<()> {
    writeln!(output, "{}", printable_json(&serde_json::to_string_pretty(value)?))?;
    Ok(())
}

/// The clock on which times are told and taken: the incident's; this machine's where the folder has no incident that can be read.
pub(super) struct Clock {
    pub zone: TimeZone,
}

impl Clock {
    pub fn of(dir: &Path) -> Self {
        let knowledge = knowledge::load(dir, Timestamp::now()).ok().and_then(|loaded| loaded.knowledge);
        Self { zone: knowledge.map_or_else(TimeZone::system, |knowledge| knowledge.zone().clone()) }
    }

    /// A moment to the second, with the zone: `2026-11-14 18:00:05 EST`.
    pub fn second(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
    }

    /// The same to the minute.
    pub fn minute(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
    }
}

/// The words of an argument; `-` reads them from standard input, which `what` names if that fails.
pub(super) fn words_of(argument: &str, what: &str) -> anyhow::Result<String> {
    if argument == "-" {
        io::read_to_string(io::stdin()).with_context(|| format!("reading {what} from standard input"))
    } else {
        Ok(argument.to_owned())
    }
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
    fn a_time_is_told_on_the_incident_s_clock_which_is_named() {
        let clock = Clock::of(Path::new(env!("CARGO_MANIFEST_DIR")));
        let at: Timestamp = "2026-11-15T04:30:05Z".parse().unwrap();
        assert_eq!(clock.minute(at), "2026-11-14 23:30 EST");
        assert_eq!(clock.second(at), "2026-11-14 23:30:05 EST");
    }

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        let now: Timestamp = "2026-11-14T12:00:00Z".parse().unwrap();
        let ago = |seconds| age(now - jiff::SignedDuration::from_secs(seconds), now);
        assert_eq!([ago(5), ago(61), ago(7_300), ago(90_000), ago(-3)], ["5 s", "1 min", "2 h", "1 d", "0 s"]);
    }
}
