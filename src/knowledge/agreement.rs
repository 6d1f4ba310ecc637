//! What the files have to agree on: each intent has its response, each response its intent, each danger one intent.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    files::ResponseFile,
    incident::Incident,
    intent::{IntentFile, check_duplicates},
    problem::{Problem, Source, did_you_mean},
    response::Response,
    yaml,
};
use crate::reading::{Danger, Language};

/// Checks all files against each other. `unread` are those that could not be read, so that nothing is said about them twice.
pub fn check(
    intents: &[IntentFile],
    responses: &[ResponseFile],
    compiled: &BTreeMap<String, Response>,
    incident: &Incident,
    unread: &BTreeSet<String>,
    problems: &mut Vec<Problem>,
) {
    check_duplicates(intents, problems);
    check_dangers(intents, problems);
    check_responses(intents, responses, unread, incident.languages.default_language(), problems);
    check_emergency_help(intents, compiled, incident, problems);
}

fn check_dangers(intents: &[IntentFile], problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<&str, &IntentFile> = BTreeMap::new();
    for file in intents {
        let (Some(danger), Some(range)) = (file.intent.danger, &file.danger) else { continue };
        match seen.get(danger.as_str()) {
            Some(first) => {
                let message =
                    format!("the danger `{}` already has the intent `{}`", danger.as_str(), first.intent.name);
                let mut problem = Problem::error("duplicate-danger", &file.source, range.clone(), message)
                    .suggest("its emergency help is one text: put the examples of both into one intent");
                if let Some(range) = &first.danger {
                    problem = problem.also(&first.source, range.clone());
                }
                problems.push(problem);
            }
            None => drop(seen.insert(danger.as_str(), file)),
        }
    }
}

fn check_responses(
    intents: &[IntentFile],
    responses: &[ResponseFile],
    unread: &BTreeSet<String>,
    default: Language,
    problems: &mut Vec<Problem>,
) {
    let all: BTreeSet<&str> = responses.iter().map(|file| file.name.as_str()).collect();
    let in_default = |name: &str| {
        responses.iter().any(|file| file.name == name && file.language.is_none_or(|language| language == default))
    };
    for file in intents {
        let name = file.intent.response.as_str();
        if all.contains(name) || unread.contains(&format!("responses/{name}.md")) {
            continue;
        }
        match &file.response {
            Some(range) => {
                let message = format!("there is no response `{name}`");
                let suggestion = did_you_mean(name, all.iter().copied()).unwrap_or_else(|| {
                    format!("write responses/{name}.md, or name one of the responses that are there")
                });
                problems
                    .push(Problem::error("unknown-response", &file.source, range.clone(), message).suggest(suggestion));
            }
            // The phrase `hand_over.always` speaks for these.
            None if file.intent.escalate && file.intent.danger.is_none() => {}
            None => {
                let message = format!("the intent `{name}` has no response: its customers get a person");
                let problem = Problem::error("intent-without-response", &file.source, 0..0, message);
                problems.push(
                    problem.suggest(format!("write responses/{name}.md, or `response: …` or `escalate: always` here")),
                );
            }
        }
    }
    // An intent that cannot be read may be the one that wants a response.
    let intents_known = !unread.iter().any(|path| path.starts_with("intents/"));
    let wanted: BTreeSet<&str> = intents.iter().map(|file| file.intent.response.as_str()).collect();
    let names: Vec<&str> = intents.iter().map(|file| file.intent.name.as_str()).collect();
    let mut reported = BTreeSet::new();
    for file in responses {
        if intents_known && !wanted.contains(file.name.as_str()) && reported.insert(&file.name) {
            let message = format!("no intent uses the response `{}`: it is never said", file.name);
            let without = names.iter().copied().filter(|name| !all.contains(name));
            let suggestion = did_you_mean(&file.name, without)
                .unwrap_or_else(|| format!("write intents/{}.yaml, or take the file out", file.name));
            problems.push(Problem::error("response-without-intent", &file.source, 0..0, message).suggest(suggestion));
        }
        let unread_default = unread.contains(&format!("responses/{}.md", file.name));
        if !in_default(&file.name) && !unread_default && reported.insert(&file.name) {
            let message = format!("the response `{}` is not written in `{default}`, the default language", file.name);
            let problem = Problem::error("missing-default-response", &file.source, 0..0, message);
            problems.push(problem.suggest(format!("write responses/{}.md", file.name)));
        }
    }
}

/// Emergency help is said even where facts are stale, without the paragraphs that need them: one has to be left.
fn check_emergency_help(
    intents: &[IntentFile],
    responses: &BTreeMap<String, Response>,
    incident: &Incident,
    problems: &mut Vec<Problem>,
) {
    if !incident.is_known() {
        return;
    }
    for file in intents.iter().filter(|file| file.intent.danger.is_some()) {
        let Some(response) = responses.get(&file.intent.response) else { continue };
        for (language, variant) in &response.variants {
            let line = variant.source.line(variant.line);
            let danger = file.intent.danger.map_or("", Danger::as_str);
            if variant.agents_only {
                let message = format!("this is the emergency help for `{danger}`, so it cannot be for agents only");
                let problem = Problem::error("emergency-help-can-vanish", &variant.source, line, message);
                problems.push(problem.suggest("take `audience: agents` out"));
            } else if !variant.body.always_says_something(incident, *language) {
                let message = format!(
                    "on some day nothing of this emergency help for `{danger}` can be said: every paragraph depends on a dated fact"
                );
                let problem = Problem::error("emergency-help-can-vanish", &variant.source, line, message);
                problems
                    .push(problem.suggest("put what always holds into a paragraph of its own, without a dated fact"));
            }
        }
    }
}

/// Sorts the response files into their languages; two files for one language are reported.
pub fn language_of(
    file: &ResponseFile,
    others: &[ResponseFile],
    incident: &Incident,
    problems: &mut Vec<Problem>,
) -> Option<Language> {
    let default = incident.languages.default_language();
    let Some(language) = file.language else { return Some(default) };
    if !incident.languages.contain(language) {
        let known: Vec<&str> = incident.languages.0.iter().map(Language::as_str).collect();
        let message = format!("`{language}` is not one of this incident's languages");
        let problem = Problem::error("unknown-language", &file.source, 0..0, message);
        let known = yaml::listed(&known);
        problems.push(problem.suggest(format!(
            "they are {known}; add `{language}` to `languages` in incident.yaml, or rename the file"
        )));
        return None;
    }
    let first: Option<&Arc<Source>> = others
        .iter()
        .find(|other| other.name == file.name && other.language.is_none() && language == default)
        .map(|other| &other.source);
    if let Some(first) = first {
        let message = format!("`{}` is the same response in the same language", first.path);
        let problem = Problem::error("duplicate-response", &file.source, 0..0, message);
        problems.push(
            problem
                .suggest(format!("`{default}` is the default language: keep one of the two files"))
                .also(first, 0..0),
        );
        return None;
    }
    Some(language)
}
