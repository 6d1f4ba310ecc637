//! What stays in a text by mistake, so that customers read it: words such as `TODO`, and placeholders that are not filled in.

use std::{ops::Range, sync::Arc};

use super::{
    problem::{Problem, Source},
    template::Passage,
    yaml::{Node, Value},
};
use crate::reading::Language;

/// Words that their writer meant to come back to. In capitals, as whole words.
const UNFINISHED: [&str; 5] = ["TODO", "FIXME", "TBD", "TBA", "XXX"];
/// What stands in the place of a text in templates; in any case.
const FILLER: &str = "lorem ipsum";

/// What placeholders begin with, up to where their names differ.
const FRONTS: [&str; 11] = [
    "incident.company",
    "incident.name",
    "incident.reason",
    "incident.started",
    "incident.next_update",
    "incident.contacts.",
    "incident.facts.",
    "desk.agent",
    "desk.by",
    "desk.opens",
    "service.kept_for",
];

/// Warns of what stands in a text outside of its placeholders.
pub fn in_text(passage: &Passage<'_>, slots: &[Range<usize>], language: Option<Language>, problems: &mut Vec<Problem>) {
    let mut warn = |code, part: Range<usize>, message: String, suggestion: String| {
        let problem = Problem::warning(code, passage.source, passage.locate(part), message);
        problems.push(problem.suggest(suggestion));
    };
    for part in unfinished(passage.text, language) {
        let message = format!("customers read `{}`: the text seems to be unfinished", &passage.text[part.clone()]);
        warn("unfinished-text", part, message, "write what is meant, or take it out".to_owned());
    }
    let inside = |at: usize| slots.iter().any(|slot| slot.contains(&at));
    for (part, path) in unfilled(passage.text) {
        if !inside(part.start) {
            let message = format!("`{}` is not filled in: customers read it as it is", &passage.text[part.clone()]);
            warn("not-a-placeholder", part, message, format!("write `{{{{ {path} }}}}`, with two braces on each side"));
        }
    }
}

/// The same for a text that is filled into others, or shown as it is: nothing is filled in here.
pub fn in_value(source: &Arc<Source>, node: &Node, what: &str, problems: &mut Vec<Problem>) {
    if let Value::Map(entries) = &node.value {
        for (_, node) in entries {
            in_value(source, node, what, problems);
        }
    }
    let Some(text) = node.text() else { return };
    let passage = Passage { source, range: node.range.clone(), text };
    // Which language a text is in stands elsewhere: "TODO" may be Spanish.
    for part in unfinished(text, Some(Language::SPANISH)) {
        let message = format!("customers read `{}`: {what} seems to be unfinished", &text[part.clone()]);
        let problem = Problem::warning("unfinished-text", source, passage.locate(part), message);
        problems.push(problem.suggest("write what is meant, or take it out"));
    }
    if let Some((part, _)) = unfilled(text).into_iter().next() {
        let message = format!("`{}` is not filled in here: customers read it as it is", &text[part.clone()]);
        let problem = Problem::warning("not-a-placeholder", source, passage.locate(part), message);
        problems.push(problem.suggest("placeholders are filled in in responses and phrases only"));
    }
}

/// The words that were to be replaced. "TODO" is a word in Spanish and Portuguese: there it has to be followed by `:`.
fn unfinished(text: &str, language: Option<Language>) -> Vec<Range<usize>> {
    let todo_is_a_word = language.is_some_and(|language| matches!(language.as_str(), "es" | "pt" | "gl"));
    let mut found: Vec<Range<usize>> = UNFINISHED
        .into_iter()
        .flat_map(|word| text.match_indices(word).map(|(at, word)| at..at + word.len()))
        .filter(|range| {
            let before = text[..range.start].chars().next_back();
            let after = text[range.end..].chars().next();
            let free = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
            let is_word = &text[range.clone()] == "TODO" && todo_is_a_word && after != Some(':');
            free(before) && free(after) && !is_word
        })
        .collect();
    found.extend(text.to_ascii_lowercase().match_indices(FILLER).map(|(at, filler)| at..at + filler.len()));
    found.sort_by_key(|range| range.start);
    found
}

/// What looks like a placeholder, with what stands around it, and the words it names: `{incident.name}`, `[incident.name]`, `{name}`.
fn unfilled(text: &str) -> Vec<(Range<usize>, &str)> {
    let mut found: Vec<(Range<usize>, &str)> = Vec::new();
    for (start, front) in FRONTS.into_iter().flat_map(|front| text.match_indices(front)) {
        // Part of an address, or of another word.
        let before = text[..start].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '/' | '@' | '_' | '-')) {
            continue;
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        let length = text[start..].find(|c| !is_name(c)).unwrap_or(text.len() - start);
        let path = text[start..start + length].trim_end_matches('.');
        if path.len() < front.len() || (!front.ends_with('.') && path != front) {
            continue;
        }
        found.push((with_brackets(text, start..start + path.len()), path));
    }
    for (start, _) in text.match_indices('{') {
        let Some(length) = text[start..].find('}') else { continue };
        let path = text[start + 1..start + length].trim();
        let range = start..start + length + 1;
        let is_path = !path.is_empty() && path.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'.'));
        if is_path && !found.iter().any(|(other, _)| other.start <= range.start && range.end <= other.end) {
            found.push((range, path));
        }
    }
    found.sort_by_key(|(range, _)| range.start);
    found
}

/// The range with the signs of other template languages around it.
fn with_brackets(text: &str, range: Range<usize>) -> Range<usize> {
    let opening = |c: char| matches!(c, '{' | '[' | '<' | '$' | '%' | ' ');
    let closing = |c: char| matches!(c, '}' | ']' | '>' | '%' | ' ');
    let before = text[..range.start].trim_end_matches(opening);
    let after = text[range.end..].trim_start_matches(closing);
    let wide = before.len()..text.len() - after.len();
    // Blanks alone are those between words.
    let start = wide.start + text[wide.start..range.start].len() - text[wide.start..range.start].trim_start().len();
    let end = range.end + text[range.end..wide.end].trim_end().len();
    start..end
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Call {incident.contacts.line} now", &["{incident.contacts.line}"])]
    #[case("Call { incident.contacts.line } now", &["{ incident.contacts.line }"])]
    #[case("${incident.company}, [incident.name] and <incident.reason>", &["${incident.company}", "[incident.name]", "<incident.reason>"])]
    #[case("See incident.facts.crews.as_of.", &["incident.facts.crews.as_of"])]
    #[case("Ask {company}", &["{company}"])]
    #[case("The incident. Names follow; https://x.example/incident.name, incident.names, {1, 2}", &[])]
    fn what_looks_like_a_placeholder_is_found(#[case] text: &str, #[case] expected: &[&str]) {
        let found: Vec<&str> = unfilled(text).into_iter().map(|(range, _)| &text[range]).collect();
        assert_eq!(found, expected);
    }

    #[rstest]
    #[case("TODO: ask Ana", "en", 1)]
    #[case("Call 555-XXX, Lorem Ipsum", "en", 2)]
    #[case("ESTO ES TODO", "es", 0)]
    #[case("TODO: preguntar", "es", 1)]
    #[case("MASTODON, to do, xxx", "en", 0)]
    fn words_that_were_to_be_replaced_are_found(#[case] text: &str, #[case] language: &str, #[case] number: usize) {
        assert_eq!(unfinished(text, language.parse().ok()).len(), number);
    }
}
