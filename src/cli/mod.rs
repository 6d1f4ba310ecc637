//! The command line: one file for each subcommand.

mod bars;
mod chat;
mod check;
mod classify;
mod contacts;
mod credentials;
mod escalations;
mod eval;
mod groups;
mod import;
mod labelled;
mod model;
mod on_store;
mod promises;
mod run;
mod terminal;
mod tokens;
mod understanding;
mod users;

use std::{
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use jiff::Timestamp;

use crate::{
    classifier::saved::Shelf,
    config::Config,
    knowledge::{self, Knowledge},
    message::{ConversationId, Incoming},
    responder::{self, Responder},
    service::sentence_model,
};

/// Answers the common questions of a crisis from text that people wrote and checked, and hands the rest to people.
#[derive(Debug, Parser)]
#[command(version, about, propagate_version = true)]
pub struct Cli {
    /// The folder with intents/, responses/, incident.yaml and, if wanted, evenkeel.toml
    #[arg(long, global = true, value_name = "DIR", default_value = ".", env = "EVENKEEL_KNOWLEDGE")]
    knowledge: PathBuf,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the service (also what happens without a command)
    Run(run::Args),
    /// Talk to the bot in this terminal
    Chat(chat::Args),
    /// Check all files and print every problem at once
    Check(check::Args),
    /// Read messages from standard input, one a line, and print how each is understood as a line of JSON
    Classify(classify::Args),
    /// Measure the understanding on labelled messages
    Eval(eval::Args),
    /// Make intents and placeholder responses from labelled messages
    Import(import::Args),
    /// See, answer and resolve what waits for a person
    Escalations(escalations::Args),
    /// Who may work at the desk
    Users(users::Args),
    /// See who asks the same, answer them all at once, and make an intent of what they ask
    Groups(groups::Args),
    /// See what customers were promised, and say what became of it
    Promises(promises::Args),
    /// Find, show, copy, erase or hold what is kept of a person
    Contacts(contacts::Args),
    /// Let other helpdesks use the API
    Tokens(tokens::Args),
    /// Get the sentence encoder, or see where it is looked for
    Model(model::Args),
}

/// Runs one command.
///
/// # Errors
/// Whatever kept the command from running.
pub fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let dir = cli.knowledge.as_path();
    match cli.command.unwrap_or_else(|| Command::Run(run::Args::default())) {
        Command::Run(args) => run::run(&args, dir),
        Command::Chat(args) => chat::run(&args, dir),
        Command::Check(args) => check::run(&args, dir),
        Command::Classify(args) => classify::run(&args, dir),
        Command::Eval(args) => eval::run(&args, dir),
        Command::Import(args) => import::run(&args),
        Command::Escalations(args) => escalations::run(&args, dir),
        Command::Users(args) => users::run(&args, dir),
        Command::Groups(args) => groups::run(&args, dir),
        Command::Promises(args) => promises::run(&args, dir),
        Command::Contacts(args) => contacts::run(&args, dir),
        Command::Tokens(args) => tokens::run(&args, dir),
        Command::Model(args) => model::run(&args, dir),
    }
}

/// Whether the reader of our output went away (`evenkeel eval … | head`): no error of ours.
#[must_use]
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// Loads the knowledge of a folder. Problems go to standard error; unusable knowledge is an error.
fn load_knowledge(dir: &Path) -> anyhow::Result<Knowledge> {
    let loaded = knowledge::load(dir, Timestamp::now())?;
    if loaded.knowledge.is_none() {
        eprint!("{}", check::human(&loaded, io::stderr().is_terminal()));
    } else if !loaded.problems.is_empty() {
        eprintln!("{}; run `evenkeel check` for what they are", check::summary(&loaded));
    }
    loaded.knowledge.with_context(|| format!("the files in {} cannot be used as they are", dir.display()))
}

/// Loads and trains everything that a command needs to decide as the service would.
fn load_responder(dir: &Path, max_wrong: Option<f64>) -> anyhow::Result<Responder> {
    let config = Config::load(dir)?;
    let (responder, lacking) = learn(config, load_knowledge(dir)?, max_wrong);
    if let Some(why) = lacking {
        eprintln!("n-grams alone decide: {why}");
    }
    Ok(responder)
}

/// Learns what the knowledge's intents mean, or takes what was learnt before. With it comes why n-grams alone decide, if they do.
fn learn(config: Config, knowledge: Knowledge, max_wrong: Option<f64>) -> (Responder, Option<String>) {
    let Config { mut policy, model, .. } = config;
    policy.max_wrong = max_wrong.unwrap_or(policy.max_wrong);
    let (embedder, lacking) = match sentence_model::open(&model) {
        Ok(embedder) => (Some(embedder), None),
        Err(lacking) => (None, Some(lacking.to_string())),
    };
    let shelf = Shelf::find(model.trained.as_deref());
    let classifier = shelf.classifier(&responder::lessons(&knowledge), embedder.as_ref());
    (Responder::new(Arc::new(knowledge), &policy, Arc::new(classifier), None), lacking)
}

/// A message as a first-time visitor would send it.
fn incoming(text: &str, choice: Option<String>, now: Timestamp) -> Incoming {
    Incoming {
        edits: None,
        reply_to: None,
        channel: "terminal".to_owned(),
        message_id: ConversationId::new().to_string(),
        place: "terminal".to_owned(),
        contact: "terminal".to_owned(),
        public: false,
        text: text.to_owned(),
        quoted: None,
        choice,
        stop: false,
        attachments: Vec::new(),
        received_at: now,
    }
}

/// `--max-wrong`: a share, not a percentage.
fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.001..=0.5).contains(&share) => Ok(share),
        _ => Err("a share between 0.001 and 0.5 is expected, such as 0.05 for 5 in 100".to_owned()),
    }
}

/// Lines of a file or, for `-`, of standard input.
fn open(path: &Path) -> anyhow::Result<Box<dyn io::BufRead>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    Ok(Box::new(io::BufReader::new(file)))
}
