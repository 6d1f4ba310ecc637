//! What happened in a conversation, in one row of time: lines, notes and what agents did.

use jiff::{Timestamp, tz::TimeZone};

use super::clock::clock;
use crate::{
    store::{Delivery, Happening, Line, LineAuthor, Note},
    web::markdown::{self, Breaks},
};

/// One entry of the history, ready for the page.
pub(super) struct Entry {
    at: Timestamp,
    pub clock: String,
    pub moment: String,
    pub what: What,
}

pub(super) enum What {
    /// The customer's words: text, never anything else.
    Customer {
        text: String,
        files: Vec<String>,
        /// Whose words came along, and these words.
        quoted: Option<(String, String)>,
        edited: bool,
    },
    /// Ours, as safe HTML.
    Ours {
        who: String,
        by_agent: bool,
        html: String,
        choices: Vec<String>,
        state: &'static str,
        failed: bool,
    },
    Note {
        who: String,
        text: String,
    },
    Happened(String),
}

/// Joins what the store gives; each list is in the order of time already, and stays in it.
pub(super) fn history(
    lines: &[Line],
    notes: &[Note],
    happenings: &[Happening],
    zone: &TimeZone,
    now: Timestamp,
) -> Vec<Entry> {
    let entry = |at: Timestamp, what| Entry { at, clock: clock(at, zone, now), moment: at.to_string(), what };
    let mut entries: Vec<Entry> = lines.iter().map(|line| entry(line.at, said(line))).collect();
    entries.extend(notes.iter().map(|note| {
        let who = note.agent.clone().unwrap_or_else(|| "Evenkeel".to_owned());
        entry(note.at, What::Note { who, text: note.text.clone() })
    }));
    entries.extend(
        happenings
            .iter()
            .filter_map(|happening| happened(happening).map(|sentence| entry(happening.at, What::Happened(sentence)))),
    );
    // Stable: a line stands before what was done because of it at the same moment.
    entries.sort_by_key(|entry| entry.at);
    entries
}

fn said(line: &Line) -> What {
    let (who, by_agent, breaks) = match &line.author {
        LineAuthor::Customer => {
            let files = line.attachments.iter().map(|file| file.name.clone()).collect();
            let quoted = line.quoted.as_ref();
            let quoted = quoted.map(|quoted| (quoted.told(), quoted.text().unwrap_or_default().to_owned()));
            return What::Customer { text: line.text.clone(), files, quoted, edited: line.edited };
        }
        LineAuthor::Bot => ("Bot".to_owned(), false, Breaks::Wrapped),
        LineAuthor::Agent(name) => (name.clone(), true, Breaks::Meant),
    };
    let state = match line.delivery {
        None | Some(Delivery::Sent) => "",
        Some(Delivery::Queued | Delivery::Leased) => "on its way",
        Some(Delivery::Uncertain) => "may not have arrived",
        Some(Delivery::Failed) => "not delivered",
    };
    What::Ours {
        who,
        by_agent,
        html: markdown::to_html(&line.text, breaks),
        choices: line.choices.iter().map(|choice| choice.label.clone()).collect(),
        state,
        failed: matches!(line.delivery, Some(Delivery::Uncertain | Delivery::Failed)),
    }
}

/// A sentence about what was done; None for what the lines and notes show already.
fn happened(happening: &Happening) -> Option<String> {
    let who = happening.agent.as_deref().unwrap_or("Evenkeel");
    let number = happening.escalation.map(|id| format!("escalation {id}")).unwrap_or_default();
    Some(match happening.kind.as_str() {
        "turn" => match happening.reason {
            Some(reason) => format!("The bot asked for a person: {reason} ({number})"),
            None => return None,
        },
        "claim" => format!("{who} took {number}"),
        "take_over" => format!("{who} took {number} over"),
        "release" => format!("{who} put {number} back into the queue"),
        "hand_over" => format!("{who} handed {number} over"),
        "lapse" => format!("{who} left the customer waiting: {number} is back in the queue"),
        "resolve" => format!("{who} resolved {number}; the bot answers again"),
        "group_answer" => format!("{who} answered all who ask the same ({number})"),
        "stopped" => "The customer asked us to stop writing".to_owned(),
        "blocked" => "The customer blocked us".to_owned(),
        "retract" => "The customer deleted a message".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::EscalationId;

    #[test]
    fn the_history_is_one_row_of_time_and_a_customer_s_words_are_text() {
        let at = |seconds| Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        let line = |seconds, author, text: &str| Line {
            cursor: seconds,
            id: uuid::Uuid::nil(),
            author,
            text: text.to_owned(),
            language: None,
            choices: Vec::new(),
            attachments: Vec::new(),
            quoted: None,
            edited: false,
            at: at(seconds),
            delivery: None,
        };
        let lines = [line(1, LineAuthor::Customer, "<b>hi"), line(5, LineAuthor::Agent("Ana".into()), "<b>hello")];
        let notes = [Note { agent: None, text: "noted".into(), at: at(3) }];
        let claim = Happening {
            at: at(4),
            kind: "claim".into(),
            reason: None,
            escalation: Some(EscalationId(7)),
            agent: Some("Ana".into()),
        };
        let entries = history(&lines, &notes, &[claim], &TimeZone::UTC, at(9));
        let told: Vec<&str> = entries
            .iter()
            .map(|entry| match &entry.what {
                What::Customer { text, .. } | What::Note { text, .. } | What::Happened(text) => text.as_str(),
                What::Ours { html, .. } => html.as_str(),
            })
            .collect();
        assert_eq!(told[..3], ["<b>hi", "noted", "Ana took escalation 7"]);
        assert!(told[3].contains("&#60;b&#62;hello"), "{}", told[3]);
    }
}
