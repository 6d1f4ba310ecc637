//! Answers that an agent may take over: those that the engine holds likely, and all others that the admins wrote.

use jiff::Timestamp;
use unicode_normalization::UnicodeNormalization as _;

use crate::{
    knowledge::{CannotSay, Knowledge},
    policy::LIKELY,
    reading::{Language, Reading},
    store::EscalationRecord,
};

/// A response as an agent may send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    pub intent: String,
    pub title: String,
    /// Markdown with all placeholders filled, or why it must not be said now.
    pub text: Result<String, CannotSay>,
    /// The language that it is written in.
    pub language: Language,
}

/// What the customer probably wants: as the escalation says, then as the last reading does. Nothing that is hardly probable, and no
/// danger but the one that a person was called for.
#[must_use]
pub fn likely(knowledge: &Knowledge, record: &EscalationRecord, reading: Option<&Reading>) -> Vec<String> {
    let ranked = reading.into_iter().flat_map(|reading| &reading.ranked);
    let probable = ranked.filter(|ranked| ranked.probability >= LIKELY).map(|ranked| &ranked.intent);
    let mut likely: Vec<String> = Vec::new();
    for intent in record.intents.iter().chain(probable) {
        let danger = knowledge.intents.get(intent).and_then(|intent| intent.danger);
        if !likely.contains(intent) && (danger.is_none() || danger == record.reason.danger()) {
            likely.push(intent.clone());
        }
    }
    likely
}

/// All responses in the customer's language where there is one: the likely ones first, most likely first, the others by title.
#[must_use]
pub fn suggestions(knowledge: &Knowledge, likely: &[String], language: Language, now: Timestamp) -> Vec<Suggestion> {
    let suggestion = |intent: &String| {
        let said = knowledge.canned(intent, language, now);
        if said == Err(CannotSay::NoResponse) {
            return None;
        }
        Some(Suggestion {
            intent: intent.clone(),
            title: knowledge.title(intent, language).to_owned(),
            language: said.as_ref().map_or(language, |said| said.language),
            text: said.map(|said| said.text),
        })
    };
    let mut others: Vec<Suggestion> =
        knowledge.intents.keys().filter(|intent| !likely.contains(intent)).filter_map(suggestion).collect();
    others.sort_by_key(|other| place(&other.title));
    likely
        .iter()
        .filter(|intent| knowledge.intents.contains_key(*intent))
        .filter_map(suggestion)
        .chain(others)
        .collect()
}

/// Where a title stands in a list for people: by its letters, whatever sign it begins with (`¿`) and accents they bear.
fn place(title: &str) -> String {
    let letters = title.nfd().filter(|c| c.is_alphanumeric() || c.is_whitespace());
    letters.flat_map(char::to_lowercase).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        conversation::Reason,
        desk::transitions::tests::waiting,
        knowledge,
        reading::{Danger, Mood, Ranked},
    };

    #[test]
    fn what_is_hardly_probable_is_not_suggested_and_no_danger_that_nobody_is_in() {
        let now = Timestamp::now();
        let sample = knowledge::load(Path::new(env!("CARGO_MANIFEST_DIR")), now).unwrap().knowledge.unwrap();
        let ranked = [("self_harm", 0.3), ("refund", 0.1), ("water", 0.02)];
        let ranked = ranked.map(|(intent, probability)| Ranked { intent: intent.to_owned(), probability });
        let reading = Reading { ranked: ranked.into(), language: None, mood: Mood::Calm, danger: None, concern: None };
        assert_eq!(likely(&sample, &waiting(), Some(&reading)), ["refund"]);
        let danger = EscalationRecord { reason: Reason::Danger(Danger::SelfHarm), ..waiting() };
        assert_eq!(likely(&sample, &danger, Some(&reading)), ["self_harm", "refund"]);
    }

    #[test]
    fn the_likely_ones_come_first_and_every_response_is_there_once() {
        let now = Timestamp::now();
        let sample = knowledge::load(Path::new(env!("CARGO_MANIFEST_DIR")), now).unwrap().knowledge.unwrap();
        let last = sample.intents.keys().next_back().unwrap().clone();
        let likely = [last, "no_such_intent".to_owned()];
        let all = suggestions(&sample, &likely, Language::SPANISH, now);
        assert_eq!(all[0].intent, likely[0]);
        let mut names: Vec<_> = all.iter().map(|one| one.intent.as_str()).collect();
        assert!(names.len() > 20);
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all.len());
        assert!(all[1..].windows(2).all(|pair| place(&pair[0].title) <= place(&pair[1].title)));
    }

    #[test]
    fn a_title_stands_where_its_first_letter_says() {
        let mut titles = ["Reembolsos", "¿Cuándo vuelve la luz?", "Huele a gas", "Árboles caídos"];
        titles.sort_by_key(|title| place(title));
        assert_eq!(titles, ["Árboles caídos", "¿Cuándo vuelve la luz?", "Huele a gas", "Reembolsos"]);
    }
}
