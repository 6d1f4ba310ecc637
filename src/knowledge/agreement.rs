//! What the files have to agree on: each intent has its response, each response its intent, each danger one intent.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    WISH_INTENT,
    files::ResponseFile,
    incident::Incident,
    intent::{IntentFile, Line, check_duplicates, same_line},
    problem::{Problem, Severity, Source, nearest},
    response::Response,
    texts::{Languages, not_here},
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
    check_titles(intents, problems);
    check_wish(intents, unread, problems);
    check_dangers(intents, problems);
    check_responses(intents, responses, unread, &incident.languages, problems);
    check_emergency_help(intents, compiled, incident, problems);
}

/// Two choices that read alike cannot be told apart by a customer.
fn check_titles(intents: &[IntentFile], problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<(Language, String), (&IntentFile, &Line)> = BTreeMap::new();
    for file in intents {
        for (language, title) in &file.titles {
            let key = (*language, same_line(&title.text));
            let Some((first, first_title)) = seen.get(&key) else {
                seen.insert(key, (file, title));
                continue;
            };
            let message =
                format!("the intent `{}` has the same title: customers cannot choose between them", first.intent.name);
            let problem = Problem::warning("duplicate-title", &file.source, title.range.clone(), message)
                .suggest("say in each title what sets it apart");
            problems.push(problem.also(&first.source, first_title.range.clone()));
        }
    }
}

/// Whoever asks for a person is heard by an intent of its own.
fn check_wish(intents: &[IntentFile], unread: &BTreeSet<String>, problems: &mut Vec<Problem>) {
    let path = format!("intents/{WISH_INTENT}.yaml");
    if intents.is_empty() || unread.contains(&path) || intents.iter().any(|file| file.intent.name == WISH_INTENT) {
        return;
    }
    let message = format!("there is no intent `{WISH_INTENT}`: customers who ask for a person are not understood");
    let mut problem = Problem::with_file("no-way-to-a-person", &path, message);
    problem.severity = Severity::Warning;
    problems.push(problem.suggest("write it, with the ways in which people ask for a person, and `escalate: always`"));
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
    languages: &Languages,
    problems: &mut Vec<Problem>,
) {
    let default = languages.default_language();
    let all: BTreeSet<&str> = responses.iter().map(|file| file.name.as_str()).collect();
    let in_default = |name: &str| {
        responses.iter().any(|file| file.name == name && file.language.is_none_or(|language| language == default))
    };
    let wanted: BTreeSet<&str> = intents.iter().map(|file| file.intent.response.as_str()).collect();
    // The responses that a problem told of already speaks of.
    let mut meant: BTreeSet<&str> = BTreeSet::new();
    for file in intents {
        let name = file.intent.response.as_str();
        if all.contains(name) || unread.contains(&format!("responses/{name}.md")) {
            continue;
        }
        match &file.response {
            Some(range) => {
                let message = format!("there is no response `{name}`");
                let near = nearest(name, all.iter().copied());
                let own = all.get(file.intent.name.as_str()).copied();
                let suggestion = match own.or(near) {
                    Some(response) => {
                        meant.insert(response);
                        format!("did you mean `{response}` (responses/{response}.md)?")
                    }
                    None => format!("write responses/{name}.md, or name one of the responses that are there"),
                };
                problems
                    .push(Problem::error("unknown-response", &file.source, range.clone(), message).suggest(suggestion));
            }
            // The phrase `hand_over.always` speaks for these.
            None if file.intent.escalate && file.intent.danger.is_none() => {}
            None => {
                let message = format!("the intent `{name}` has no response: its customers get a person");
                let problem = Problem::error("intent-without-response", &file.source, 0..0, message);
                let orphans = all.iter().copied().filter(|response| !wanted.contains(response));
                let suggestion = match nearest(name, orphans) {
                    Some(response) => {
                        meant.insert(response);
                        format!(
                            "is it responses/{response}.md, which no intent uses? Give the two files one name, or write `response: {response}` here"
                        )
                    }
                    None => format!("write responses/{name}.md, or `response: …` or `escalate: always` here"),
                };
                problems.push(problem.suggest(suggestion));
            }
        }
    }
    // An intent that cannot be read may be the one that wants a response.
    let intents_known = !unread.iter().any(|path| path.starts_with("intents/"));
    let names: Vec<&str> = intents.iter().map(|file| file.intent.name.as_str()).collect();
    let mut reported = BTreeSet::new();
    for file in responses {
        if meant.contains(file.name.as_str()) {
            continue;
        }
        if intents_known && !wanted.contains(file.name.as_str()) && reported.insert(&file.name) {
            let message = format!("no intent uses the response `{}`: it is never said", file.name);
            let name = file.name.as_str();
            let own = intents.iter().find(|intent| intent.intent.name == name);
            let suggestion = match (own, nearest(name, names.iter().copied())) {
                (Some(own), _) => format!(
                    "intents/{name}.yaml says `response: {}`: take that line out there, or take this file out",
                    own.intent.response
                ),
                (None, Some(near)) => format!("did you mean `{near}`? Then the file is called as that intent is"),
                (None, None) => format!("write intents/{name}.yaml, or take the file out"),
            };
            problems.push(Problem::error("response-without-intent", &file.source, 0..0, message).suggest(suggestion));
        }
        // While a language cannot be read, nobody knows which one is the default.
        let unread_default =
            languages.firm_default().is_none() || unread.contains(&format!("responses/{}.md", file.name));
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
        problems.push(not_here(&file.source, 0..0, language, &incident.languages, "rename the file"));
        return None;
    }
    let first: Option<&Arc<Source>> = others
        .iter()
        .find(|other| {
            other.name == file.name && other.language.is_none() && incident.languages.firm_default() == Some(language)
        })
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
