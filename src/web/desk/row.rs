//! An escalation as one line of a list.

use jiff::{Timestamp, tz::TimeZone};

use super::clock::{clock, span};
use crate::store::EscalationRecord;

/// What a line of the queue says; all of it is text, escaped by the page.
pub(super) struct Row {
    pub id: i64,
    pub channel: String,
    /// The class of the line: `danger`, `high` or `normal`.
    pub urgency: &'static str,
    pub reason: String,
    /// The customer's words, shortened.
    pub words: String,
    pub language: String,
    pub mood: &'static str,
    /// How long the customer has waited for words.
    pub waiting: Option<String>,
    /// By when they were promised to hear from a person.
    pub due: Option<String>,
    pub overdue: bool,
    pub claimed_by: Option<String>,
    pub mine: bool,
    /// How often its agent left it unanswered.
    pub lapses: u32,
}

/// As much of a customer's words as a line of the queue shows, in characters: about three lines of a narrow column.
const EXCERPT: usize = 140;

impl Row {
    pub fn new(record: &EscalationRecord, agent: &str, zone: &TimeZone, now: Timestamp) -> Self {
        Self {
            id: record.id.0,
            channel: record.channel.clone(),
            urgency: record.urgency.as_str(),
            reason: record.reason.to_string(),
            words: excerpt(record.words.as_deref().unwrap_or_default(), EXCERPT),
            language: record.language.map(|language| language.as_str().to_owned()).unwrap_or_default(),
            mood: record.mood.map_or("", crate::reading::Mood::as_str),
            waiting: record.waiting_since.map(|since| span(since, now)),
            due: record.due_at.map(|due| clock(due, zone, now)),
            overdue: record.due_at.is_some_and(|due| due <= now),
            mine: record.claimed_by.as_deref() == Some(agent),
            claimed_by: record.claimed_by.clone(),
            lapses: record.lapses,
        }
    }
}

/// One line of at most so many characters, cut at a word where there is one.
pub(super) fn excerpt(text: &str, limit: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((end, _)) = line.char_indices().nth(limit) else { return line };
    let cut = line[..end].rfind(' ').filter(|cut| *cut > end / 2).unwrap_or(end);
    format!("{}…", &line[..cut])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_line_cut_at_a_word() {
        assert_eq!(excerpt(" is the\n water  safe? ", 40), "is the water safe?");
        assert_eq!(excerpt("is the tap water safe to drink", 18), "is the tap water…");
        assert_eq!(excerpt(&"ü".repeat(50), 10), format!("{}…", "ü".repeat(10)));
    }
}
