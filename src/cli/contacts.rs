//! `evenkeel contacts`: the rights of the people who wrote. Works on the store's file, whether the service runs or not.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use super::{
    on_store::{Clock, Database, Format, json},
    terminal::printable,
};
use crate::{
    desk::person_page,
    store::{Contact, Eraser, Found, OpenMatter, Store, StoreError},
};

/// People shown by `find`: more words narrow it down.
const SHOWN: u32 = 50;

/// The longest part of a message that `find` shows, in characters.
const MAX_SHOWN_CHARS: usize = 80;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    database: Database,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Look for somebody: the beginning of their id on the platform, the number of an escalation, or words that they wrote
    Find {
        text: String,
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// What is kept of somebody, in numbers
    Show {
        #[command(flatten)]
        who: Who,
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// A copy of all that is kept of somebody, for them
    Export {
        #[command(flatten)]
        who: Who,
        /// A page for people, or JSON for programs
        #[arg(long, value_enum, default_value_t = Form::Html)]
        format: Form,
        /// The file to write, which must not be there; without it the copy goes to standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Delete somebody and all their words, for good
    Erase {
        #[command(flatten)]
        who: Who,
        /// Do it; without this you are told what would be deleted
        #[arg(long)]
        yes: bool,
        /// Also where a danger is open, or an agent works on something of theirs
        #[arg(long)]
        although_open: bool,
    },
    /// A legal hold: nothing of somebody is deleted, whatever its age and whoever asks
    Hold {
        #[command(flatten)]
        who: Who,
        /// Why, such as the number of a court's file
        #[arg(long, value_name = "TEXT", required_unless_present = "end")]
        why: Option<String>,
        /// It may be deleted again
        #[arg(long, conflicts_with = "why")]
        end: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Who {
    /// As `find` names them, such as `telegram:4711`; the beginning is enough where nobody else's is the same
    #[arg(id = "who", value_name = "PERSON")]
    name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    Html,
    Json,
}

pub(super) fn run(args: &Args, dir: &Path) -> anyhow::Result<ExitCode> {
    args.database.with(dir, async |store| execute(store, &args.command, dir).await)
}

async fn execute(store: &Store, command: &Command, dir: &Path) -> anyhow::Result<ExitCode> {
    let mut output = io::stdout().lock();
    let now = Timestamp::now();
    match command {
        Command::Find { text, format } => {
            let found = store.find_contacts(text, SHOWN).await?;
            match format {
                Format::Json => json(&mut output, &found)?,
                Format::Table => list(&mut output, &found, &Clock::of(dir))?,
            }
        }
        Command::Show { who, format } => {
            let contact = store.contact_named(&who.name).await?;
            match format {
                Format::Json => json(&mut output, &contact)?,
                Format::Table => show(&mut output, &contact, &Clock::of(dir))?,
            }
        }
        Command::Export { who, format, output: file } => {
            let contact = store.contact_named(&who.name).await?;
            let export = store.export(contact.id, now).await?;
            let mut copy = Vec::new();
            match format {
                Form::Html => copy.extend(person_page::html(&export)?.into_bytes()),
                Form::Json => json(&mut copy, &export)?,
            }
            let form = if *format == Form::Html { "html" } else { "json" };
            store.exported(contact.id, form, None, now).await?;
            match file {
                Some(path) => private_file(path, &copy).with_context(|| format!("cannot write {}", path.display()))?,
                None => output.write_all(&copy)?,
            }
        }
        Command::Erase { who, yes, although_open } => {
            let contact = store.contact_named(&who.name).await?;
            return erase(store, &mut output, &contact, &Clock::of(dir), *yes, *although_open).await;
        }
        Command::Hold { who, why, end } => {
            let contact = store.contact_named(&who.name).await?;
            let why = why.as_deref().filter(|_| !end);
            store.hold(contact.id, why, None, now).await?;
            let name = printable(&contact.name());
            match why {
                Some(_) => {
                    writeln!(output, "nothing of {name} is deleted until `evenkeel contacts hold {name} --end`")?;
                }
                None => writeln!(output, "{name} may be deleted again")?,
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn erase(
    store: &Store,
    output: &mut impl Write,
    contact: &Contact,
    clock: &Clock,
    yes: bool,
    although_open: bool,
) -> anyhow::Result<ExitCode> {
    let name = printable(&contact.name());
    if !yes {
        show(output, contact, clock)?;
        let open = if contact.open.iter().any(OpenMatter::asks_first) { " --although-open" } else { "" };
        writeln!(
            output,
            "\nnothing was deleted; `evenkeel contacts erase {name} --yes{open}` deletes all of it for good"
        )?;
        return Ok(ExitCode::FAILURE);
    }
    let by = Eraser::Admin { name: None, although_open };
    let erased = match store.erase(&contact.channel, &contact.contact, by).await {
        Err(error @ StoreError::StillOpen(_)) => bail!("{error}; to erase them all the same, add --although-open"),
        Err(error @ StoreError::Held(_)) => {
            bail!("{error} (a legal hold); `evenkeel contacts hold {name} --end` ends it")
        }
        other => other?,
    };
    writeln!(output, "{name} is erased: {} rows are gone, and the trail keeps no word of them", erased.removed)?;
    for intent in erased.examples_of {
        writeln!(
            output,
            "an example in intents/{intent}.yaml may be made of their words: read it, and take it out if it tells who they are"
        )?;
    }
    writeln!(
        output,
        "what was sent to them stands on the platform, and older copies of the store still hold their words"
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a file that only its owner may read, where there is none.
fn private_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

fn list(output: &mut impl Write, found: &[Found], clock: &Clock) -> io::Result<()> {
    if found.is_empty() {
        return writeln!(output, "nobody is known by that");
    }
    for Found { contact, words } in found {
        let held = if contact.hold.is_some() { ", held" } else { "" };
        writeln!(
            output,
            "{}\n    last wrote {}, {} messages{held}",
            printable(&contact.name()),
            clock.minute(contact.last_at),
            contact.messages
        )?;
        if let Some(words) = words {
            let line: String =
                words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_SHOWN_CHARS).collect();
            writeln!(output, "    {}", printable(&line))?;
        }
    }
    Ok(())
}

fn show(output: &mut impl Write, contact: &Contact, clock: &Clock) -> io::Result<()> {
    writeln!(output, "{}", printable(&contact.name()))?;
    writeln!(output, "wrote    {} to {}", clock.minute(contact.first_at), clock.minute(contact.last_at))?;
    writeln!(output, "messages {}", contact.messages)?;
    if let Some(hold) = &contact.hold {
        let by = hold.by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
        let since = clock.minute(hold.at);
        writeln!(output, "held     {}", printable(&format!("since {since}{by}: {}", hold.why)))?;
    }
    for matter in &contact.open {
        writeln!(output, "open     {}", printable(&matter.to_string()))?;
    }
    Ok(())
}
