//! Which language a text is written in, against the one that it stands under.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use super::{
    Loaded,
    intent::IntentFile,
    problem::{self, Problem, Source},
    response::Response,
};
use crate::reading::Language;

/// Lines of one intent, or one response, that stand under one language.
pub(super) struct Written {
    source: Arc<Source>,
    language: Language,
    lines: Vec<Range<usize>>,
    /// So many lines of another language are no borrowed words any more.
    bar: usize,
}

/// How many examples in another language are taken for a slip: one may be a borrowed word, or be misread.
const LINES: usize = 2;

pub(super) fn all(intents: &[IntentFile], responses: &BTreeMap<String, Response>) -> Vec<Written> {
    let mut written = Vec::new();
    for file in intents {
        let mut by_language: BTreeMap<Language, Vec<Range<usize>>> = BTreeMap::new();
        for line in &file.examples {
            if let Some(language) = line.language {
                by_language.entry(language).or_default().push(line.range.clone());
            }
        }
        written.extend(by_language.into_iter().map(|(language, lines)| Written {
            source: Arc::clone(&file.source),
            language,
            lines,
            bar: LINES,
        }));
    }
    for variant in responses.values().flat_map(|response| &response.variants) {
        let (language, variant) = variant;
        let (source, range) = (Arc::clone(&variant.source), variant.range.clone());
        written.push(Written { source, language: *language, lines: vec![range], bar: 1 });
    }
    written
}

impl Loaded {
    /// Texts that stand under one of the incident's languages and are written in another. `detect` tells a text's language where it can.
    #[must_use]
    pub fn in_another_language(&self, detect: &dyn Fn(&str) -> Option<Language>) -> Vec<Problem> {
        let mut problems: Vec<Problem> = self.written.iter().filter_map(|written| written.look(detect)).collect();
        problem::sort(&mut problems);
        problems
    }
}

impl Written {
    fn look(&self, detect: &dyn Fn(&str) -> Option<Language>) -> Option<Problem> {
        let mut others: BTreeMap<Language, Vec<&Range<usize>>> = BTreeMap::new();
        for line in &self.lines {
            let words = without_placeholders(&self.source.text[line.clone()]);
            if let Some(language) = detect(&words).filter(|language| *language != self.language) {
                others.entry(language).or_default().push(line);
            }
        }
        let (other, lines) = others.into_iter().max_by_key(|(_, lines)| lines.len())?;
        if lines.len() < self.bar {
            return None;
        }
        let (first, language) = ((*lines.first()?).clone(), self.language);
        let (message, suggestion) = if self.bar == 1 {
            (
                format!("this reads as `{other}`, but it is said to customers who write `{language}`"),
                "translate it, or name the file after its language".to_owned(),
            )
        } else {
            (
                format!("{} examples under `{language}` read as `{other}`; the first is this", lines.len()),
                format!("put them under `{other}:`"),
            )
        };
        Some(Problem::warning("another-language", &self.source, first, message).suggest(suggestion))
    }
}

/// What stands in braces and addresses is in no language.
fn without_placeholders(text: &str) -> String {
    let outside = text.split("{{").map(|piece| piece.split_once("}}").map_or(piece, |(_, after)| after));
    outside
        .collect::<Vec<_>>()
        .join(" ")
        .split_whitespace()
        .filter(|word| !word.contains("://"))
        .collect::<Vec<_>>()
        .join(" ")
}
