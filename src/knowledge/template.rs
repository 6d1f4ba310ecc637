//! Text with `{{ … }}` in it: found and checked when it is read, filled when it is said.
//!
//! A placeholder names a value of the incident and nothing else. There are no conditions, loops or filters: an admin reads the text as
//! the customer will.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    incident::{Desk, Found, Incident, Placeholder, WhyNot},
    leftovers, markdown,
    problem::{Problem, Source},
};
use crate::reading::Language;

/// Text of the admins, cut into paragraphs so that one that cannot be said can be left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    paragraphs: Vec<Vec<Piece>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Slot(Slot),
}

/// A `{{ … }}` and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    placeholder: Placeholder,
    /// As written, such as `incident.reason`.
    pub path: String,
    pub line: usize,
}

/// A placeholder that keeps a text from being said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap<'a> {
    pub slot: &'a Slot,
    pub why: WhyNot,
}

/// How a value is put into the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Values are escaped: they are data.
    Markdown,
    /// Values stand as they are: for short texts and labels.
    Plain,
}

impl Template {
    /// The text with all values, or the first placeholder that has none.
    pub fn fill(&self, form: Form, value: impl Fn(&Placeholder) -> Result<String, WhyNot>) -> Result<String, Gap<'_>> {
        let paragraphs = self.paragraphs.iter().map(|paragraph| fill(paragraph, form, &value));
        Ok(paragraphs.collect::<Result<Vec<String>, _>>()?.join("\n\n"))
    }

    /// The paragraphs that have all their values; may be empty.
    pub fn fill_what_holds(&self, form: Form, value: impl Fn(&Placeholder) -> Result<String, WhyNot>) -> String {
        let paragraphs = self.paragraphs.iter().filter_map(|paragraph| fill(paragraph, form, &value).ok());
        paragraphs.collect::<Vec<String>>().join("\n\n")
    }

    /// Whether a placeholder stands in it.
    pub fn names(&self, placeholder: &Placeholder) -> bool {
        let is_it = |piece: &Piece| matches!(piece, Piece::Slot(slot) if slot.placeholder == *placeholder);
        self.paragraphs.iter().flatten().any(is_it)
    }

    /// Whether a paragraph is left on any day: one that needs no dated fact.
    pub fn always_says_something(&self, incident: &Incident, language: Language) -> bool {
        let gives_way = self.names(&Placeholder::Desk(Desk::By));
        let unsaid = |placeholder: &Placeholder| gives_way && *placeholder == Placeholder::person_wait();
        self.paragraphs.iter().any(|paragraph| {
            paragraph.iter().all(|piece| match piece {
                Piece::Text(_) => true,
                Piece::Slot(slot) => {
                    !unsaid(&slot.placeholder)
                        && incident.lasts(&slot.placeholder)
                        && incident.longest(&slot.placeholder, language).is_some()
                }
            })
        })
    }
}

fn fill<'a>(
    paragraph: &'a [Piece],
    form: Form,
    value: &impl Fn(&Placeholder) -> Result<String, WhyNot>,
) -> Result<String, Gap<'a>> {
    let mut text = String::new();
    for piece in paragraph {
        match piece {
            Piece::Text(piece) => text.push_str(piece),
            Piece::Slot(slot) => {
                let value = value(&slot.placeholder).map_err(|why| Gap { slot, why })?;
                match form {
                    Form::Markdown => markdown::push_escaped(&mut text, &value),
                    Form::Plain => text.push_str(&value.split_whitespace().collect::<Vec<_>>().join(" ")),
                }
            }
        }
    }
    Ok(text)
}

/// A text and where it stands in its file.
pub struct Passage<'a> {
    pub source: &'a Arc<Source>,
    pub range: Range<usize>,
    pub text: &'a str,
}

impl Passage<'_> {
    /// The bytes of the file that hold this part of the text: exact where the text is written as it is, the best guess in a
    /// quoted or folded YAML text.
    pub fn locate(&self, part: Range<usize>) -> Range<usize> {
        let written = &self.source.text[self.range.clone()];
        if written == self.text {
            return self.range.start + part.start..self.range.start + part.end;
        }
        let wanted = self.text[part.clone()].lines().next().unwrap_or_default();
        // The same words may stand there more than once: take the one of the same rank.
        let rank = self.text[..part.start].matches(wanted).count();
        match written.match_indices(wanted).nth(rank) {
            Some((at, _)) if !wanted.is_empty() => self.range.start + at..self.range.start + at + wanted.len(),
            _ => self.range.clone(),
        }
    }

    fn problem(&self, code: &'static str, part: Range<usize>, message: impl Into<String>) -> Problem {
        Problem::error(code, self.source, self.locate(part), message)
    }
}

/// Turns the admins' texts into templates and keeps what is learnt on the way.
pub struct Compiler<'a> {
    pub incident: &'a Incident,
    pub incident_source: Option<&'a Arc<Source>>,
    pub now: Timestamp,
    /// What the desk fills in where the text that is read now is said.
    pub desk: &'static [Desk],
    pub problems: Vec<Problem>,
    /// Which placeholder stands in which files.
    pub used: BTreeMap<String, BTreeSet<String>>,
    /// What was already reported as not translated.
    untranslated: BTreeSet<(String, Language)>,
}

/// A `{{ … }}` in a text: its bytes, and what it names.
struct Mention<'t> {
    range: Range<usize>,
    path: &'t str,
}

impl<'a> Compiler<'a> {
    pub fn new(incident: &'a Incident, incident_source: Option<&'a Arc<Source>>, now: Timestamp) -> Self {
        Self {
            incident,
            incident_source,
            now,
            desk: &[],
            problems: Vec::new(),
            used: BTreeMap::new(),
            untranslated: BTreeSet::new(),
        }
    }

    /// Compiles a text that is said in `language`, and checks it: placeholders, Markdown, and its length in characters when filled in.
    pub fn compile(&mut self, passage: &Passage<'_>, language: Language, form: Form, max_chars: usize) -> Template {
        let slots = self.find_slots(passage);
        let mut template = Template::default();
        for paragraph in paragraphs(passage.text) {
            let mut pieces = Vec::new();
            let mut at = paragraph.start;
            for slot in slots.iter().filter(|slot| paragraph.contains(&slot.range.start)) {
                pieces.push(Piece::Text(passage.text[at..slot.range.start].to_owned()));
                at = slot.range.end;
                pieces.extend(self.slot(passage, slot, language).map(Piece::Slot));
            }
            pieces.push(Piece::Text(passage.text[at..paragraph.end].to_owned()));
            pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
            template.paragraphs.push(pieces);
        }
        let ranges: Vec<Range<usize>> = slots.iter().map(|slot| slot.range.clone()).collect();
        leftovers::in_text(passage, &ranges, Some(language), &mut self.problems);
        let longest = |placeholder: &Placeholder| self.incident.longest(placeholder, language);
        if form == Form::Markdown {
            let fillers: Vec<_> = slots
                .iter()
                .map(|slot| match self.incident.find(slot.path) {
                    Found::Placeholder(placeholder) => (slot.range.clone(), longest(&placeholder)),
                    Found::Broken | Found::Unknown => (slot.range.clone(), None),
                })
                .collect();
            markdown::check(passage, &fillers, &mut self.problems);
        }
        // Where a value is missing, the rest is measured: the gap has its own problem.
        let filled =
            template.fill(Form::Plain, |placeholder| Ok(longest(placeholder).unwrap_or_default())).unwrap_or_default();
        let chars = filled.chars().count();
        if chars > max_chars {
            let message =
                format!("the text is {chars} characters long when filled in; at most {max_chars} are allowed");
            let problem = passage.problem("text-too-long", 0..passage.text.len(), message);
            self.problems.push(problem.suggest(format!("take out {} characters", chars - max_chars)));
        }
        template
    }

    fn find_slots<'t>(&mut self, passage: &Passage<'t>) -> Vec<Mention<'t>> {
        let text = passage.text;
        let mut slots = Vec::new();
        let mut at = 0;
        while let Some(start) = text[at..].find('{').map(|found| at + found) {
            let rest = &text[start..];
            if rest.starts_with("{{") {
                let line_end = rest.find('\n').unwrap_or(rest.len());
                let Some(end) = rest[..line_end].find("}}").map(|found| start + found + 2) else {
                    let problem =
                        passage.problem("broken-placeholder", start..start + line_end, "`{{` without `}}` in its line");
                    self.problems.push(problem.suggest("write `{{ incident.reason }}`"));
                    at = start + 2;
                    continue;
                };
                slots.push(Mention { range: start..end, path: text[start + 2..end - 2].trim() });
                at = end;
            } else {
                if rest.starts_with("{%") || rest.starts_with("{#") {
                    let message =
                        "only placeholders such as `{{ incident.reason }}` are filled in, no other template commands";
                    self.problems.push(passage.problem("broken-placeholder", start..start + 2, message));
                }
                at = start + 1;
            }
        }
        slots
    }

    fn slot(&mut self, passage: &Passage<'_>, found: &Mention<'_>, language: Language) -> Option<Slot> {
        let path = found.path;
        let placeholder = match self.incident.find(path) {
            Found::Placeholder(Placeholder::Desk(desk)) if !self.desk.contains(&desk) => {
                let problem = passage.problem(
                    "unknown-placeholder",
                    found.range.clone(),
                    format!("`{path}` is not known where this is said"),
                );
                let known: Vec<&str> = self.desk.iter().map(|desk| desk.path()).collect();
                let suggestion = if known.is_empty() {
                    "the desk fills in hand-over lines and the phrases that follow them, see docs/admins.md".to_owned()
                } else {
                    format!("here the desk fills in `{}`", known.join("` and `"))
                };
                self.problems.push(problem.suggest(suggestion));
                return None;
            }
            Found::Placeholder(placeholder) => placeholder,
            Found::Broken => return None,
            Found::Unknown => {
                let problem =
                    passage.problem("unknown-placeholder", found.range.clone(), format!("there is no `{path}`"));
                let suggestion = self.incident.suggest(path).unwrap_or_else(|| {
                    "what can be filled in stands in incident.yaml: `incident.reason`, `incident.contacts.…`, `incident.facts.…`".to_owned()
                });
                self.problems.push(problem.suggest(suggestion));
                return None;
            }
        };
        self.used.entry(path.to_owned()).or_default().insert(passage.source.path.clone());
        self.check_value(passage, found, &placeholder, language);
        let (line, _) = passage.source.position(passage.locate(found.range.clone()).start);
        Some(Slot { placeholder, path: path.to_owned(), line })
    }

    /// Reports a placeholder that has no value; stale ones are reported once, where the fact stands.
    fn check_value(
        &mut self,
        passage: &Passage<'_>,
        found: &Mention<'_>,
        placeholder: &Placeholder,
        language: Language,
    ) {
        let path = found.path;
        if matches!(placeholder, Placeholder::Desk(_)) {
            return;
        }
        if self.incident.invents_a_check(placeholder) {
            let message = format!(
                "`{path}` tells customers of a check that nobody made: the fact's `as_of` comes again by the clock"
            );
            let range = passage.locate(found.range.clone());
            let problem = Problem::warning("invented-check", passage.source, range, message);
            self.problems.push(problem.suggest("write the moment of the last check to the fact's `as_of`"));
        }
        if let (Some(entry), Some(incident)) = (self.incident.entry(placeholder), self.incident_source)
            && entry.texts.get(language).is_none()
        {
            if self.untranslated.insert((path.to_owned(), language)) {
                let message = format!("`{path}` has no text in `{language}`, and a text in `{language}` needs it");
                let problem = Problem::error("missing-translation", incident, entry.range.clone(), message);
                let problem = problem.suggest(format!("add `{language}: …`; until then a person answers in its place"));
                self.problems.push(problem.also(passage.source, passage.locate(found.range.clone())));
            }
        } else if self.incident.value(placeholder, language, self.now) == Err(WhyNot::Unfilled) {
            let problem =
                passage.problem("unfilled-placeholder", found.range.clone(), format!("`{path}` has no value"));
            let suggestion = if *placeholder == Placeholder::KeptFor {
                "set `keep_days` under `[store]` in evenkeel.toml, or say no time: without it everything is kept"
            } else {
                "fill it in incident.yaml; until then a person answers in its place"
            };
            self.problems.push(problem.suggest(suggestion));
        }
    }
}

/// The bytes of each paragraph: what lies between blank lines.
fn paragraphs(text: &str) -> Vec<Range<usize>> {
    let mut paragraphs: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    let mut open = false;
    for line in text.split_inclusive('\n') {
        let end = at + line.trim_end().len();
        match paragraphs.last_mut() {
            _ if line.trim().is_empty() => open = false,
            Some(paragraph) if open => paragraph.end = end,
            _ => {
                paragraphs.push(at..end);
                open = true;
            }
        }
        at += line.len();
    }
    paragraphs
}
