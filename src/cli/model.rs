//! `evenkeel model`: the sentence encoder, got and shown.

use std::{
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
};

use anyhow::Context as _;

use super::bars::Bars;
use crate::{
    config::{self, Config},
    embedding::{
        Backend, Embedder,
        fetch::fetch,
        place::{MINILM, Place, State, VARIABLE},
    },
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Fetch the model into the user's cache folder, unless it is there
    Fetch,
    /// Say where the model is looked for, and whether it is there and whole
    Show,
}

pub(super) fn run(args: &Args, dir: &Path) -> anyhow::Result<ExitCode> {
    let config = Config::load(dir)?;
    let place = Place::find(config.model.path.as_deref())
        .with_context(|| format!("nobody knows where to keep the model; name a folder by {VARIABLE}"))?;
    match args.command {
        Command::Fetch => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let bars = Bars::default();
            runtime.block_on(fetch(&place, &|name, there, whole| bars.show(name, there, whole)))?;
            show(&place, &config.model)
        }
        Command::Show => show(&place, &config.model),
    }
}

/// Prints what is in the model's folder. Exit code 1 if it cannot be used.
fn show(place: &Place, config: &config::Model) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let folder = place.folder();
    match place {
        Place::Given(_) => writeln!(out, "{} (named by {VARIABLE} or evenkeel.toml)", folder.display())?,
        Place::Cache(_) => {
            writeln!(out, "{} ({} in the cache folder)", folder.display(), MINILM.name)?;
            for pin in &MINILM.files {
                let state = match pin.state(folder)? {
                    State::Whole => "whole",
                    State::Missing => "missing",
                    State::Broken => "broken: its SHA-256 is not the expected one",
                };
                writeln!(out, "  {:<18} {state}", pin.name)?;
            }
        }
    }
    match Embedder::open_with(folder, config.backend, config.device) {
        Ok(embedder) => {
            let through = match config.backend {
                Backend::BuiltIn => "",
                Backend::RustBert => " through rust-bert",
            };
            writeln!(out, "The model can be used{through}; its embeddings have {} numbers.", embedder.width())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            let hint = match place {
                Place::Given(_) => "",
                Place::Cache(_) => " `evenkeel model fetch` gets it.",
            };
            writeln!(out, "The model cannot be used: {:#}.{hint}", anyhow::Error::new(error))?;
            Ok(ExitCode::FAILURE)
        }
    }
}
