//! `evenkeel run`: the service.

use std::{
    io::IsTerminal as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use tracing_subscriber::EnvFilter;

use super::load_knowledge;
use crate::{config::Config, service};

#[derive(Debug, Default, clap::Args)]
pub(super) struct Args {
    /// Where to listen, instead of web.listen in evenkeel.toml
    #[arg(long, value_name = "ADDRESS:PORT", env = "EVENKEEL_LISTEN")]
    listen: Option<SocketAddr>,
    /// The store's file, instead of store.path in evenkeel.toml
    #[arg(long, value_name = "FILE", env = "EVENKEEL_DATABASE")]
    database: Option<PathBuf>,
}

pub(super) fn run(args: &Args, dir: &Path) -> anyhow::Result<ExitCode> {
    let filter = EnvFilter::try_from_env("EVENKEEL_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
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
    let knowledge = load_knowledge(dir)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(service::run(config, knowledge))?;
    Ok(ExitCode::SUCCESS)
}
