//! `evenkeel run`: the service.

use std::{
    io::IsTerminal as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use tracing_subscriber::EnvFilter;

use super::{bars::Bars, load_knowledge};
use crate::{
    config::Config,
    service::{self, sentence_model},
};

#[derive(Debug, Default, clap::Args)]
pub(super) struct Args {
    /// Where to listen, instead of web.listen in evenkeel.toml
    #[arg(long, value_name = "ADDRESS:PORT", env = "EVENKEEL_LISTEN")]
    listen: Option<SocketAddr>,
    /// Whether to fetch the sentence model if it is missing, instead of model.fetch in evenkeel.toml
    #[arg(long, value_name = "BOOL", env = "EVENKEEL_MODEL_FETCH")]
    fetch_model: Option<bool>,
    /// The store's file, instead of store.path in evenkeel.toml
    #[arg(long, value_name = "FILE", env = "EVENKEEL_DATABASE")]
    database: Option<PathBuf>,
}

pub(super) fn run(args: &Args, dir: &Path) -> anyhow::Result<ExitCode> {
    let filter = EnvFilter::try_from_env("EVENKEEL_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // It writes customers' words and tokens into warnings; what an operator should know of Discord our channel says.
    let filter = filter.add_directive("serenity=off".parse()?);
    let bars = Arc::new(Bars::default());
    let above_bars = Arc::clone(&bars);
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || above_bars.log())
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    let mut config = Config::load(dir)?;
    if let Some(listen) = args.listen {
        config.web.listen = listen;
    }
    if let Some(database) = &args.database {
        config.store.path.clone_from(database);
    }
    if let Some(fetch) = args.fetch_model {
        config.model.fetch = fetch;
    }
    let knowledge = load_knowledge(dir)?;
    let progress = if std::io::stderr().is_terminal() {
        Arc::new(move |name: &str, there, whole| bars.show(name, there, whole))
    } else {
        sentence_model::logged()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(service::run(dir, config, knowledge, progress));
    // Learning may be under way, and nobody waits for it any more.
    runtime.shutdown_background();
    outcome.map(|()| ExitCode::SUCCESS)
}
