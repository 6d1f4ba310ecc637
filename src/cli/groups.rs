//! `evenkeel groups`: who asks the same, one answer for all of them, and a new intent of what they ask. Works on the store's file, whether
//! the service runs or not.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    load_knowledge, load_responder,
    on_store::{Agent, Clock, Database, Format, age, json, words_of},
    terminal::printable,
};
use crate::{
    config::Config,
    conversation::{EscalationId, GroupId},
    desk::make_intent,
    knowledge::Phrase,
    store::{GroupAnswer, GroupRecord, Split, Store},
};

/// Groups in a list, and members of one that is shown.
const SHOWN: u32 = 50;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    database: Database,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// The groups, the largest first
    List {
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// One group with its members
    Show {
        #[arg(value_name = "GROUP")]
        id: i64,
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Answer all who wait in a group, and resolve their escalations
    Answer {
        #[arg(value_name = "GROUP")]
        id: i64,
        /// What the customers read (Markdown); `-` reads it from standard input
        text: String,
        #[command(flatten)]
        agent: Agent,
        /// For so many hours whoever asks the same is given the same answer; 0: nobody is
        #[arg(long, value_name = "HOURS", default_value_t = 12, value_parser = clap::value_parser!(u32).range(0..=720))]
        hours: u32,
        /// Also those that you have claimed
        #[arg(long)]
        also_mine: bool,
    },
    /// The answer is not true any more: nobody else is given it
    Withdraw {
        #[arg(value_name = "GROUP")]
        id: i64,
        #[command(flatten)]
        agent: Agent,
    },
    /// Take escalations out of a group
    Split {
        #[arg(value_name = "GROUP")]
        id: i64,
        #[arg(value_name = "ESCALATION", required = true)]
        members: Vec<i64>,
        #[command(flatten)]
        agent: Agent,
        /// Make a group of them that others may join
        #[arg(long)]
        together: bool,
    },
    /// Put all of one group into another one
    Merge {
        #[arg(value_name = "GROUP")]
        from: i64,
        #[arg(value_name = "INTO")]
        into: i64,
        #[command(flatten)]
        agent: Agent,
    },
    /// Write intents/NAME.yaml and responses/NAME.md from an answered group, as a draft for an admin
    MakeIntent {
        #[arg(value_name = "GROUP")]
        id: i64,
        /// Lower-case letters, digits and `_`
        name: String,
        /// What buttons show; the name in words if left out
        #[arg(long)]
        title: Option<String>,
    },
}

pub(super) fn run(args: &Args, dir: &Path) -> anyhow::Result<ExitCode> {
    args.database.with(dir, async |store| execute(store, &args.command, dir).await)?;
    Ok(ExitCode::SUCCESS)
}

async fn execute(store: &Store, command: &Command, dir: &Path) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    let now = Timestamp::now();
    match command {
        Command::List { format } => {
            let groups = store.groups(SHOWN, now).await?;
            match format {
                Format::Json => json(&mut output, &groups)?,
                Format::Table => list(&mut output, &groups, &Clock::of(dir), now)?,
            }
        }
        Command::Show { id, format } => {
            let members = store.group(GroupId(*id), 0, SHOWN).await?;
            match format {
                Format::Json => json(&mut output, &members)?,
                Format::Table => {
                    show(&mut output, &members.group, &Clock::of(dir), now)?;
                    for record in &members.members {
                        let state = match (&record.claimed_by, record.resolved_at) {
                            (_, Some(_)) => " [resolved]".to_owned(),
                            (Some(agent), None) => format!(" [with {agent}]"),
                            (None, None) => String::new(),
                        };
                        let words = record.words.as_deref().unwrap_or("–").replace('\n', " / ");
                        let line = format!("{:>5}  {:<10}  {words}{state}", record.id, record.channel);
                        writeln!(output, "{}", printable(&line))?;
                    }
                    if members.all > members.members.len() as u64 {
                        writeln!(output, "… and {} more", members.all - members.members.len() as u64)?;
                    }
                }
            }
        }
        Command::Answer { id, text, agent, hours, also_mine } => {
            let group = store.group(GroupId(*id), 0, 0).await?.group;
            let knowledge = load_knowledge(dir)?;
            let language = group.language.unwrap_or_else(|| knowledge.default_language());
            let answer = GroupAnswer {
                text: words_of(text, "your answer")?,
                person: knowledge.phrase(Phrase::Person, language, now).text,
                until: (*hours > 0).then(|| now + SignedDuration::from_hours(i64::from(*hours))),
                also_mine: *also_mine,
            };
            let reached = store.answer_group(GroupId(*id), &agent.name, answer, now).await?;
            writeln!(output, "queued for {}, whose escalations are resolved", customers(reached.resolved))?;
            if reached.wrote_more > 0 {
                writeln!(
                    output,
                    "also for {}, who wrote more since: see those yourself",
                    customers(reached.wrote_more)
                )?;
            }
            if reached.left > 0 {
                writeln!(output, "left to others: {} (claimed, or told the same already)", reached.left)?;
            }
            if *hours > 0 {
                writeln!(output, "for {hours} h whoever asks the same is given this answer, and can ask for a person")?;
            }
        }
        Command::Withdraw { id, agent } => {
            store.withdraw_group_answer(GroupId(*id), &agent.name, now).await?;
            writeln!(output, "nobody else is given the answer of group {id}")?;
        }
        Command::Split { id, members, agent, together } => {
            let members: Vec<EscalationId> = members.iter().copied().map(EscalationId).collect();
            let split = if *together { Split::Together } else { Split::Apart };
            match store.split_group(GroupId(*id), &members, &agent.name, split, now).await? {
                Some(new) => writeln!(output, "they are group {new} now")?,
                None => writeln!(output, "each of them is on its own now")?,
            }
        }
        Command::Merge { from, into, agent } => {
            store.merge_groups(GroupId(*from), GroupId(*into), &agent.name, now).await?;
            writeln!(output, "all of group {from} are in group {into} now")?;
        }
        Command::MakeIntent { id, name, title } => {
            let responder = load_responder(dir, None)?;
            let title = title.clone().unwrap_or_else(|| name.replace('_', " "));
            let wanted = make_intent::Wanted {
                group: GroupId(*id),
                name,
                title: &title,
                learn_from_x: Config::load(dir)?.desk.learn_from_x,
            };
            let draft =
                make_intent::make(store, responder.knowledge(), responder.classifier(), &wanted, dir, now).await?;
            for (path, _) in draft.files() {
                writeln!(output, "wrote {}", path.display())?;
            }
            writeln!(
                output,
                "{} examples; the bot does not say the response before you make it `audience: customers`\nnext: read every line, run `evenkeel \
                 check`, and commit",
                draft.examples
            )?;
        }
    }
    Ok(())
}

fn customers(count: u64) -> String {
    format!("{count} customer{}", if count == 1 { "" } else { "s" })
}

fn list(output: &mut impl Write, groups: &[GroupRecord], clock: &Clock, now: Timestamp) -> io::Result<()> {
    if groups.is_empty() {
        return writeln!(output, "no two customers ask the same");
    }
    for group in groups {
        show(output, group, clock, now)?;
    }
    Ok(())
}

fn show(output: &mut impl Write, group: &GroupRecord, clock: &Clock, now: Timestamp) -> io::Result<()> {
    let channels: Vec<String> = group.channels.iter().map(|(channel, count)| format!("{channel} {count}")).collect();
    let channels = if channels.is_empty() { String::new() } else { format!(" ({})", channels.join(", ")) };
    let since = group.oldest.map(|oldest| format!(", waiting for {}", age(oldest, now))).unwrap_or_default();
    writeln!(output, "group {}: {}{channels}{since}", group.id, waiting(group))?;
    for sample in &group.samples {
        writeln!(output, "       “{}”", printable(&sample.replace('\n', " / ")))?;
    }
    if let Some(answer) = &group.answer {
        let until = match answer.until {
            Some(until) if until > now => format!("; whoever asks the same is given it until {}", clock.second(until)),
            _ => String::new(),
        };
        writeln!(output, "    answered by {} {} ago{until}", printable(&answer.by), age(answer.at, now))?;
        writeln!(output, "       {}", printable(&answer.text.replace('\n', " / ")))?;
        let told = group.delivery;
        writeln!(
            output,
            "       {} sent, {} on the way, {} uncertain, {} failed",
            told.sent, told.queued, told.uncertain, told.failed
        )?;
    }
    Ok(())
}

fn waiting(group: &GroupRecord) -> String {
    match group.open {
        0 => "nobody waits".to_owned(),
        open => format!("{} wait{}", customers(open), if open == 1 { "s" } else { "" }),
    }
}
