//! The `evenkeel` binary: parses the command line and hands over.

use std::process::ExitCode;

use clap::Parser as _;
use evenkeel::cli::{self, Cli};

/// The exit code of a command that could not run.
const COULD_NOT_RUN: u8 = 2;

fn main() -> ExitCode {
    match cli::dispatch(Cli::parse()) {
        Ok(code) => code,
        Err(error) if cli::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}
