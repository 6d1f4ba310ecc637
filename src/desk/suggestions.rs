//! Answers that an agent may take over: those that the engine holds likely, and all others that the admins wrote.

use jiff::Timestamp;

use crate::{
    knowledge::{CannotSay, Knowledge},
    reading::Language,
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
    others.sort_by_key(|other| other.title.to_lowercase());
    likely
        .iter()
        .filter(|intent| knowledge.intents.contains_key(*intent))
        .filter_map(suggestion)
        .chain(others)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::knowledge;

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
        assert!(all[1..].windows(2).all(|pair| pair[0].title.to_lowercase() <= pair[1].title.to_lowercase()));
    }
}
