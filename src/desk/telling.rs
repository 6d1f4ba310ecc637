//! What the staff read in a thread, as Markdown: how an escalation stands when its thread is opened, and what happens from then on. What
//! people wrote is quoted; a customer's words stand there as text, whatever they hold.

use std::fmt::Write as _;

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    message::Choice,
    store::{Delivery, EscalationRecord, Line, LineAuthor, Note, StaffOutcome, StaffRow},
};

/// Lines of the conversation that a thread begins with: the others are at the desk.
pub const LINES: usize = 8;

/// Characters of a customer's line before it is broken, so that a post is always cut between lines: a mark and what it escapes stay
/// together.
const LINE: usize = 700;

/// How a thread works, for those who ask and at the beginning of each.
const HELP: &str = "What you write here goes to the customer, under your name. `!note …` is for colleagues alone; `!claim` makes it \
                    yours, `!takeover` takes it from somebody else, `!release` puts it back; `!resolve` (with a note, if you like) \
                    gives the conversation back to the bot. Edits and deletions do not reach the customer.";

/// The name of a thread.
#[must_use]
pub fn title(record: &EscalationRecord) -> String {
    format!("#{} {} · {}", record.id, record.reason, record.channel)
}

/// How an escalation stands: what its thread begins with. `titles` are what the engine read in it, `lines` the last of the conversation.
#[must_use]
pub fn opening(
    record: &EscalationRecord,
    titles: &[&str],
    notes: &[Note],
    lines: &[Line],
    zone: &TimeZone,
) -> String {
    let mut text = format!("**Escalation {}** · {} · urgency {}", record.id, record.reason, record.urgency.as_str());
    let mut fact = |words: String| {
        // Writing to a string cannot fail.
        let _ = write!(text, "  \n{words}");
    };
    fact(format!("on {}, since {}", plain(&record.channel), day(record.opened_at, zone)));
    if let Some(since) = record.waiting_since.filter(|since| *since != record.opened_at) {
        fact(format!("waiting for a person since {}", day(since, zone)));
    }
    if let Some(due) = record.due_at {
        fact(format!("was promised to hear from a person by {}", day(due, zone)));
    }
    if !titles.is_empty() {
        fact(format!("probably about: {}", plain(&titles.join(", "))));
    }
    if let Some(agent) = &record.claimed_by {
        fact(format!("**{}** has it", plain(agent)));
    }
    for note in notes {
        let who = note.agent.as_deref().map_or("Note".to_owned(), |agent| format!("{} notes", plain(agent)));
        let _ = write!(text, "\n\n**{who}**\n{}", quoted(&as_text(&note.text)));
    }
    let shown = &lines[lines.len().saturating_sub(LINES)..];
    let words = record.words.as_deref().unwrap_or_default();
    let is_shown = |words: &str| {
        shown.iter().any(|line| line.author == LineAuthor::Customer && words.contains(&line.text) && !line.text.is_empty())
    };
    if !words.is_empty() && !is_shown(words) {
        let _ = write!(text, "\n\n**It is about**\n{}", quoted(&as_text(words)));
    }
    for line in shown {
        let _ = write!(text, "\n\n{}", said(line, zone));
    }
    let _ = write!(text, "\n\n*{HELP}*");
    text
}

/// What a row of the audit trail and the lines that it wrote tell; `holder` is who has the escalation now. `None`: nothing that staff need
/// hear of.
#[must_use]
pub fn happening(row: &StaffRow, lines: &[Line], holder: Option<&str>, zone: &TimeZone) -> Option<String> {
    let agent = || plain(row.agent.as_deref().unwrap_or("somebody"));
    let what = match row.kind.as_str() {
        "turn" => row.reason.map(|reason| format!("**A person is needed: {reason}**")),
        "claim" => Some(format!("**{}** has it.", agent())),
        "take_over" => Some(format!("**{}** took it over.", agent())),
        "release" => Some(format!("**{}** put it back: whoever comes first takes it.", agent())),
        "hand_over" => {
            let to = holder.map_or(String::new(), |holder| format!(" to **{}**", plain(holder)));
            Some(format!("**{}** handed it over{to}.", agent()))
        }
        "lapse" => Some(format!("The customer was left waiting: **{}** does not have it any more.", agent())),
        "note" => Some(format!("**{} notes**", agent())),
        "undelivered" => Some("**A reply did not reach the customer, or may not have.**".to_owned()),
        "resolve" => Some(format!("**{}** resolved it: the bot has the conversation again.", agent())),
        _ => None,
    };
    let note = row.note.as_deref().map(|note| quoted(&as_text(note)));
    let head: Vec<String> = what.into_iter().chain(note).collect();
    let blocks: Vec<String> =
        Some(head.join("\n")).filter(|head| !head.is_empty()).into_iter().chain(lines.iter().map(|line| said(line, zone))).collect();
    (!blocks.is_empty()).then(|| blocks.join("\n\n"))
}

/// What the writer of a message is told; `None`: a sign is enough.
#[must_use]
pub fn answer(outcome: &StaffOutcome) -> Option<String> {
    let text = match outcome {
        StaffOutcome::Done => return None,
        StaffOutcome::Resolved => "Resolved: the bot has the conversation again.".to_owned(),
        StaffOutcome::HeldBy(agent) => {
            format!("Nothing was sent or done: **{}** has it. Your words stand here; `!takeover` makes it yours.", plain(agent))
        }
        StaffOutcome::Unclaimed => "Nobody has it, so there is nothing to put back.".to_owned(),
        StaffOutcome::AlreadyResolved => {
            "Nothing was sent: this is resolved, and the bot has the conversation. If the customer needs a person again, a new thread \
             begins."
                .to_owned()
        }
        StaffOutcome::Empty => "Nothing was done: words are missing, such as `!note the line is broken`.".to_owned(),
        StaffOutcome::TooLong(limit) => format!("Nothing was sent: this is longer than {limit} bytes."),
        StaffOutcome::Unreachable => "This does not reach the customer: they asked to hear nothing more, or blocked us.".to_owned(),
        StaffOutcome::Help => HELP.to_owned(),
        StaffOutcome::Unknown(name) => format!("Nothing was sent: there is no command \"{}\". {HELP}", plain(name)),
        StaffOutcome::Edited => "The customer has the words as you wrote them first: an edit does not reach them.".to_owned(),
        StaffOutcome::Files => "Nothing was sent: files cannot be passed on. Write the words alone.".to_owned(),
        StaffOutcome::Nameless => {
            "Nothing was sent: customers see who answers them, so write under your own name (not as an anonymous admin).".to_owned()
        }
        StaffOutcome::Hidden => "Nothing was sent: the platform shows us no words here.".to_owned(),
    };
    Some(text)
}

/// A line with who wrote it and when.
fn said(line: &Line, zone: &TimeZone) -> String {
    let (who, words) = match &line.author {
        LineAuthor::Customer => ("Customer".to_owned(), as_text(&line.text)),
        LineAuthor::Bot => ("Bot".to_owned(), line.text.clone()),
        LineAuthor::Agent(name) => (plain(name), broken(&line.text)),
    };
    let state = match line.delivery {
        Some(Delivery::Uncertain) => " *(may not have arrived)*",
        Some(Delivery::Failed) => " *(not delivered)*",
        _ => "",
    };
    let mut parts = vec![words];
    parts.extend(line.attachments.iter().map(|file| plain(&format!("[file: {}]", file.name))));
    let choices: Vec<&str> =
        line.choices.iter().filter(|choice| choice.id != Choice::PERSON).map(|choice| choice.label.as_str()).collect();
    if !choices.is_empty() {
        parts.push(plain(&format!("[{}]", choices.join("] ["))));
    }
    parts.retain(|part| !part.is_empty());
    let time = line.at.to_zoned(zone.clone()).strftime("%H:%M").to_string();
    format!("**{who}** {time}{state}\n{}", quoted(&parts.join("\n\n")))
}

fn day(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%-d %b %H:%M").to_string()
}

/// Markdown as a quotation.
fn quoted(markdown: &str) -> String {
    let lines: Vec<String> =
        markdown.lines().map(|line| if line.is_empty() { ">".to_owned() } else { format!("> {line}") }).collect();
    lines.join("\n")
}

/// Markdown whose line breaks are meant.
fn broken(markdown: &str) -> String {
    markdown.lines().collect::<Vec<_>>().join("  \n")
}

/// Words as Markdown that shows them as they are, line by line.
fn as_text(words: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in words.lines() {
        let mut rest = line.trim();
        while let Some((cut, _)) = rest.char_indices().nth(LINE) {
            let cut = rest[..cut].rfind(char::is_whitespace).filter(|at| *at > 0).unwrap_or(cut);
            lines.push(plain(rest[..cut].trim_end()));
            rest = rest[cut..].trim_start();
        }
        lines.push(plain(rest));
    }
    broken(&lines.join("\n"))
}

/// Words as Markdown that shows them as they are, on one line.
fn plain(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for char in words.chars() {
        if char.is_ascii_punctuation() {
            text.push('\\');
        }
        text.push(if char.is_control() { ' ' } else { char });
    }
    text
}
