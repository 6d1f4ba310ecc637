//! `responses/phrases.yaml`: the lines that belong to no intent.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Phrase, builtin,
    incident::{Desk, Incident},
    intent::MAX_TITLE_CHARS,
    problem::{Problem, Source},
    response::MAX_BODY_CHARS,
    template::{Compiler, Form, Passage, Template},
    texts::Languages,
    yaml::{self, Fields, Key, Node},
};
use crate::{
    conversation::Reason,
    reading::{Language, Mood},
};

/// The single lines of a language.
const LINES: [&str; 20] = [
    "introduction",
    "clarify",
    "person",
    "already_said",
    "keep_bot",
    "kept_bot",
    "private",
    "waiting",
    "danger",
    "danger_again",
    "urgent",
    "other_language",
    "no_words",
    "welcome",
    "joined",
    "still_waiting",
    "nobody",
    "resolved",
    "handed_back",
    "promise_late",
];
const HAND_OVER: [&str; 9] =
    ["unsure", "wish", "always", "stale", "repeated", "unclear", "attachment", "undelivered", "language"];
/// Built in for every language, so none has to have them.
const BUILT_IN: [&str; 3] = ["hand_over.language", "danger_again", "urgent"];
const MOODS: [Mood; 3] = [Mood::Worried, Mood::Angry, Mood::Sad];

/// All phrases of all languages.
#[derive(Default)]
pub struct Phrases {
    by_language: BTreeMap<Language, Lines>,
}

#[derive(Default)]
#[allow(clippy::struct_field_names)]
struct Lines {
    /// By key; those of `hand_over` as `hand_over.unsure`.
    lines: BTreeMap<String, Template>,
    openings: BTreeMap<Mood, Vec<Template>>,
    empathy: BTreeMap<Mood, Vec<Template>>,
}

/// What the desk can fill in where a phrase is said.
fn desk(key: &str) -> &'static [Desk] {
    match key {
        "joined" | "resolved" | "handed_back" => &[Desk::Agent],
        "still_waiting" => &[Desk::By],
        "nobody" => &[Desk::Opens, Desk::By],
        _ if key.starts_with("hand_over.") => &[Desk::By],
        _ => &[],
    }
}

/// Labels are shown on buttons: plain text, as short as a title.
pub fn form(key: &str) -> Form {
    if matches!(key, "person" | "keep_bot") { Form::Plain } else { Form::Markdown }
}

/// The key in the file that holds a phrase.
pub fn key(phrase: Phrase) -> &'static str {
    match phrase {
        Phrase::Introduction => "introduction",
        Phrase::Clarify => "clarify",
        Phrase::Person => "person",
        Phrase::AlreadySaid => "already_said",
        Phrase::KeepBot => "keep_bot",
        Phrase::KeptBot => "kept_bot",
        Phrase::Private | Phrase::HandOver(Reason::Private) => "private",
        Phrase::Waiting => "waiting",
        Phrase::Danger | Phrase::HandOver(Reason::Danger(_)) => "danger",
        Phrase::DangerAgain => "danger_again",
        Phrase::Urgent => "urgent",
        Phrase::OtherLanguage => "other_language",
        Phrase::NoWords => "no_words",
        Phrase::Welcome => "welcome",
        Phrase::Joined => "joined",
        Phrase::StillWaiting => "still_waiting",
        Phrase::Nobody => "nobody",
        Phrase::Resolved => "resolved",
        Phrase::HandedBack => "handed_back",
        Phrase::PromiseLate | Phrase::HandOver(Reason::Promise) => "promise_late",
        Phrase::HandOver(Reason::Unsure) => "hand_over.unsure",
        Phrase::HandOver(Reason::Wish) => "hand_over.wish",
        Phrase::HandOver(Reason::Always) => "hand_over.always",
        Phrase::HandOver(Reason::Stale) => "hand_over.stale",
        Phrase::HandOver(Reason::Repeated) => "hand_over.repeated",
        Phrase::HandOver(Reason::Unclear) => "hand_over.unclear",
        Phrase::HandOver(Reason::Attachment) => "hand_over.attachment",
        Phrase::HandOver(Reason::Undelivered) => "hand_over.undelivered",
        Phrase::HandOver(Reason::Language) => "hand_over.language",
    }
}

impl Phrases {
    /// The phrase as it is written in this language.
    pub fn line(&self, key: &str, language: Language) -> Option<&Template> {
        self.by_language.get(&language)?.lines.get(key)
    }

    /// The opening lines for a mood; a language that leaves them out has none.
    pub fn openings(&self, mood: Mood, language: Language) -> &[Template] {
        self.by_language.get(&language).and_then(|lines| lines.openings.get(&mood)).map_or(&[], Vec::as_slice)
    }

    /// The lines for a mood before a hand-over or a question back, likewise.
    pub fn empathy(&self, mood: Mood, language: Language) -> &[Template] {
        self.by_language.get(&language).and_then(|lines| lines.empathy.get(&mood)).map_or(&[], Vec::as_slice)
    }

    /// Reads the file. What is broken is reported and left out.
    pub fn read(source: &Arc<Source>, languages: &Languages, compiler: &mut Compiler<'_>) -> Self {
        let mut phrases = Self::default();
        let Some(node) = yaml::parse(source, 0..source.text.len(), &mut compiler.problems) else { return phrases };
        let what = "the phrases, one block a language,";
        let Some(blocks) = yaml::entries(source, &node, what, &mut compiler.problems) else { return phrases };
        for (key, block) in blocks {
            // Whoever writes a language that no intent has examples in may be told so in the admins' own words.
            let foreign = key.name.parse().ok().filter(|language| builtin::speaks(*language));
            let language = match foreign {
                Some(language) => Some(language),
                None => languages.read(source, &key.range, &key.name, &mut compiler.problems),
            };
            if let Some(language) = language {
                let required = languages.firm_default() == Some(language);
                phrases.by_language.insert(language, read_block(source, key, block, language, required, compiler));
            }
        }
        if let Some(default) = languages.firm_default()
            && !phrases.by_language.contains_key(&default)
        {
            let message = format!("there are no phrases in `{default}`, the default language");
            let problem = Problem::error("missing-phrase", source, source.line(1), message);
            compiler
                .problems
                .push(problem.suggest(format!("add a block `{default}:` with all phrases of docs/admins.md")));
        }
        phrases
    }
}

fn read_block(
    source: &Arc<Source>,
    heading: &Key,
    block: &Node,
    language: Language,
    required: bool,
    compiler: &mut Compiler<'_>,
) -> Lines {
    let mut lines = Lines::default();
    let known: Vec<&str> = LINES.into_iter().chain(["opening", "empathy", "hand_over"]).collect();
    let Some(fields) = Fields::new(source, block, "the phrases", &known, &mut compiler.problems) else { return lines };
    let missing = |key: &str, heading: std::ops::Range<usize>, compiler: &mut Compiler<'_>| {
        if required {
            let message = format!("the phrase `{key}` is missing in `{language}`, the default language");
            let problem = Problem::error("missing-phrase", source, heading, message);
            compiler.problems.push(problem.suggest("docs/admins.md says when each phrase is used"));
        }
    };
    for key in LINES {
        match fields.get(key) {
            Some(node) => read_line(source, node, key, language, compiler, &mut lines),
            None if BUILT_IN.contains(&key) || fields.is_meant(key) => {}
            None => missing(key, heading.range.clone(), compiler),
        }
    }
    match fields.get("hand_over") {
        Some(node) => {
            let at = node.range.start..node.range.start;
            if let Some(fields) = Fields::new(source, node, "`hand_over`", &HAND_OVER, &mut compiler.problems) {
                for key in HAND_OVER {
                    let name = format!("hand_over.{key}");
                    match fields.get(key) {
                        Some(node) => read_line(source, node, &name, language, compiler, &mut lines),
                        None if BUILT_IN.contains(&name.as_str()) || fields.is_meant(key) => {}
                        None => missing(&name, source.line(source.position(at.start).0), compiler),
                    }
                }
            }
        }
        None if fields.is_meant("hand_over") => {}
        None => missing("hand_over", heading.range.clone(), compiler),
    }
    for (key, is_required, into) in [("opening", true, &mut lines.openings), ("empathy", false, &mut lines.empathy)] {
        let Some(node) = fields.get(key) else {
            if is_required && !fields.is_meant(key) {
                missing(key, heading.range.clone(), compiler);
            }
            continue;
        };
        let moods = MOODS.map(Mood::as_str);
        let what = format!("`{key}`");
        let Some(fields) = Fields::new(source, node, &what, &moods, &mut compiler.problems) else {
            continue;
        };
        for mood in MOODS {
            let name = format!("{key}.{}", mood.as_str());
            match fields.get(mood.as_str()) {
                Some(node) => drop(into.insert(mood, read_openings(source, node, &name, language, compiler))),
                None if is_required => missing(&name, heading.range.clone(), compiler),
                None => {}
            }
        }
    }
    lines
}

fn read_line(
    source: &Arc<Source>,
    node: &Node,
    key: &str,
    language: Language,
    compiler: &mut Compiler<'_>,
    lines: &mut Lines,
) {
    let Some(template) = compile(source, node, key, language, compiler) else { return };
    if says_nothing_some_day(&template, compiler.incident, language) {
        let message = format!(
            "on some day nothing of `{key}` can be said: every paragraph depends on something that can go stale or is missing"
        );
        let problem = Problem::error("phrase-can-vanish", source, node.range.clone(), message);
        compiler
            .problems
            .push(problem.suggest("put the dated fact into a paragraph of its own, after a line without one"));
    }
    lines.lines.insert(key.to_owned(), template);
}

fn says_nothing_some_day(template: &Template, incident: &Incident, language: Language) -> bool {
    incident.is_known() && !template.always_says_something(incident, language)
}

fn compile(
    source: &Arc<Source>,
    node: &Node,
    key: &str,
    language: Language,
    compiler: &mut Compiler<'_>,
) -> Option<Template> {
    let text = yaml::text(source, node, &format!("the phrase `{key}`"), &mut compiler.problems)?;
    let passage = Passage { source, range: node.range.clone(), text };
    let form = form(key);
    let limit = if form == Form::Plain { MAX_TITLE_CHARS } else { MAX_BODY_CHARS };
    compiler.desk = desk(key);
    let template = compiler.compile(&passage, language, form, limit);
    compiler.desk = &[];
    Some(template)
}

fn read_openings(
    source: &Arc<Source>,
    node: &Node,
    key: &str,
    language: Language,
    compiler: &mut Compiler<'_>,
) -> Vec<Template> {
    let items = yaml::list(source, node, &format!("`{key}`"), &mut compiler.problems).unwrap_or_default();
    items.iter().filter_map(|item| compile(source, item, key, language, compiler)).collect()
}
