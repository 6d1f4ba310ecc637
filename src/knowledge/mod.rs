//! What the admins wrote, read, checked and compiled into one immutable [`Knowledge`].

mod agreement;
mod builtin;
mod files;
mod incident;
mod intent;
mod language_codes;
mod leftovers;
mod markdown;
pub mod moment;
mod phrases;
mod problem;
mod response;
mod said;
mod service;
mod short;
mod starter;
mod template;
mod texts;
mod wording;
mod written;
mod yaml;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, tz::TimeZone};

pub use self::{
    files::{CannotLoad, MAX_FILE_BYTES, read_file as read_source},
    intent::{MAX_TITLE_CHARS, same_line},
    problem::{Place, Problem, Severity, Source, did_you_mean},
    response::{MAX_BODY_CHARS, MAX_SHORT_CHARS},
    said::Said,
    starter::{PLACEHOLDER_RESPONSE, starter_incident, starter_phrases},
};
use self::{
    incident::{Desk, Incident, Placeholder, WhyNot},
    intent::IntentFile,
    phrases::Phrases,
    response::{Response, Variant},
    template::{Compiler, Form, Gap, Template},
    written::Written,
};
use crate::{
    conversation::Reason,
    reading::{Danger, Language, Mood},
};

/// The intent by which customers ask for a person.
pub const WISH_INTENT: &str = "talk_to_person";

/// The contact that the built-in lines name in danger.
const EMERGENCY: &str = "emergency";

/// Everything the bot knows. Immutable: an edit makes a new one.
pub struct Knowledge {
    /// A short hash of all files' contents.
    pub version: String,
    pub intents: BTreeMap<String, Intent>,
    responses: BTreeMap<String, Response>,
    phrases: Phrases,
    incident: Incident,
}

/// One thing that customers mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    pub name: String,
    /// What choice buttons and agents see, at most [`MAX_TITLE_CHARS`] each.
    pub title: BTreeMap<Language, String>,
    /// How customers say it.
    pub examples: BTreeMap<Language, Vec<String>>,
    /// Lines that look alike and mean something else.
    pub not: Vec<String>,
    /// A person takes it every time.
    pub escalate: bool,
    /// Needs personal data: never settled where others read along.
    pub private: bool,
    /// The danger that its response is the emergency help for.
    pub danger: Option<Danger>,
    /// The name of its response.
    pub response: String,
    /// Of several questions in one message, the one with the higher number is answered first.
    pub priority: i32,
}

/// Why an answer cannot be said now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotSay {
    #[error("the intent has no response")]
    NoResponse,
    #[error("{file}:{line}: the fact `{placeholder}` is out of date")]
    Stale { placeholder: String, file: PathBuf, line: usize },
    #[error("{file}:{line}: the placeholder `{placeholder}` has no value")]
    Unfilled { placeholder: String, file: PathBuf, line: usize },
    #[error("the response is for agents only")]
    AgentsOnly,
}

/// A line that belongs to no intent (`responses/phrases.yaml`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phrase {
    Introduction,
    Clarify,
    /// The label of the choice that calls a person; plain text.
    Person,
    AlreadySaid,
    /// The label of the other choice; plain text.
    KeepBot,
    KeptBot,
    HandOver(Reason),
    Private,
    Waiting,
    /// Emergency help where the danger has no intent.
    Danger,
    /// Before the help for a danger, where nobody has answered for minutes.
    DangerAgain,
    /// Before a hand-over where somebody may be in danger: whom to call first.
    Urgent,
    OtherLanguage,
    NoWords,
    /// What to do here, for who has not asked anything yet.
    Welcome,
    /// An agent has taken the conversation.
    Joined,
    StillWaiting,
    /// Nobody is at the desk; said in place of the hand-over line.
    Nobody,
    Resolved,
    /// The bot answers again.
    HandedBack,
    /// The time that was promised has come, and there is nothing to tell yet.
    PromiseLate,
}

/// What the desk fills into a phrase; what is not known is left out with its paragraph.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeskValues<'a> {
    /// The agent's name.
    pub agent: Option<&'a str>,
    /// By when a person answers.
    pub by: Option<Timestamp>,
    /// When somebody is back.
    pub opens: Option<Timestamp>,
}

/// What [`load`] found.
pub struct Loaded {
    /// None if a problem [prevents loading](Problem::prevents_loading).
    pub knowledge: Option<Knowledge>,
    /// Sorted by file, line and column.
    pub problems: Vec<Problem>,
    /// How many intent files there are.
    pub intents: usize,
    /// How many response files there are, all languages counted.
    pub responses: usize,
    /// Whether the incident is the sample, with made-up times.
    pub is_sample: bool,
    written: Vec<Written>,
}

/// Reads and checks all files below `dir`, and compiles them if they can be used. All problems of all files are told at once;
/// `now` decides which facts are stale.
pub fn load(dir: &Path, now: Timestamp) -> Result<Loaded, CannotLoad> {
    let mut problems = Vec::new();
    let files = files::read(dir, &mut problems)?;
    let mut incident = Incident::read(files.incident.as_ref(), &mut problems);
    incident.keep_days = service::keep_days(dir);
    let languages = &incident.languages;
    let mut unread = files.unread;
    let mut intents = Vec::new();
    for (name, source) in &files.intents {
        match IntentFile::read(name, source, languages, &mut problems) {
            Some(file) => intents.push(file),
            None => drop(unread.insert(source.path.clone())),
        }
    }

    let mut compiler = Compiler::new(&incident, files.incident.as_ref(), now);
    let mut responses: BTreeMap<String, Response> = BTreeMap::new();
    for file in &files.responses {
        let language = agreement::language_of(file, &files.responses, &incident, &mut compiler.problems);
        // A file in an unknown language is checked nevertheless: the slip may be in its name only.
        let variant = Variant::read(file, language.unwrap_or(languages.default_language()), &mut compiler);
        if let (Some(language), Some(variant)) = (language, variant) {
            responses.entry(file.name.clone()).or_default().variants.insert(language, variant);
        }
    }
    let phrases =
        files.phrases.as_ref().map(|source| Phrases::read(source, languages, &mut compiler)).unwrap_or_default();
    let Compiler { problems: in_texts, used, .. } = compiler;
    problems.extend(in_texts);
    if let Some(source) = &files.incident {
        problems.extend(incident.stale_facts(source, &used, now));
    }
    agreement::check(&intents, &files.responses, &responses, &incident, &unread, &mut problems);
    problem::sort(&mut problems);

    let is_sample = incident.is_sample;
    let written = written::all(&intents, &responses);
    let usable = !problems.iter().any(Problem::prevents_loading);
    let knowledge = usable.then(|| Knowledge {
        version: files.version,
        intents: intents.into_iter().map(|file| (file.intent.name.clone(), file.intent)).collect(),
        responses,
        phrases,
        incident,
    });
    Ok(Loaded {
        knowledge,
        problems,
        intents: files.intents.len(),
        responses: files.responses.len(),
        is_sample,
        written,
    })
}

impl Knowledge {
    /// The language that answers fall back to.
    pub fn default_language(&self) -> Language {
        self.incident.languages.default_language()
    }

    /// The languages of this incident, the default first.
    pub fn languages(&self) -> &[Language] {
        &self.incident.languages.known
    }

    /// Where the clocks of this incident are.
    pub fn zone(&self) -> &TimeZone {
        self.incident.zone()
    }

    /// Who speaks, in the default language.
    pub fn company(&self) -> &str {
        let entry = self.incident.entry(&Placeholder::Company);
        entry.and_then(|entry| entry.texts.get(self.default_language())).unwrap_or_default()
    }

    /// What choice buttons and agents see of an intent; the name of one that is not known.
    pub fn title<'a>(&'a self, intent: &'a str, language: Language) -> &'a str {
        let Some(known) = self.intents.get(intent) else { return intent };
        known.title.get(&language).or_else(|| known.title.get(&self.default_language())).map_or(intent, String::as_str)
    }

    /// The intent whose response is the emergency help for this danger.
    pub fn danger_intent(&self, danger: Danger) -> Option<&Intent> {
        self.intents.values().find(|intent| intent.danger == Some(danger))
    }

    /// The intent's answer, in `language` if there is a variant and in the default language otherwise, with all placeholders filled.
    pub fn answer(&self, intent: &str, language: Language, now: Timestamp) -> Result<Said, CannotSay> {
        let (variant, language) = self.variant(intent, language).ok_or(CannotSay::NoResponse)?;
        if variant.agents_only {
            return Err(CannotSay::AgentsOnly);
        }
        self.filled(variant, language, now)
    }

    /// Like `answer`, for an agent to send: also what is for agents only.
    pub fn canned(&self, intent: &str, language: Language, now: Timestamp) -> Result<Said, CannotSay> {
        let (variant, language) = self.variant(intent, language).ok_or(CannotSay::NoResponse)?;
        self.filled(variant, language, now)
    }

    fn filled(&self, variant: &Variant, language: Language, now: Timestamp) -> Result<Said, CannotSay> {
        let value = |placeholder: &Placeholder| self.incident.value(placeholder, language, now);
        let cannot = |gap: Gap<'_>| {
            let (placeholder, file, line) = (gap.slot.path.clone(), PathBuf::from(&variant.source.path), gap.slot.line);
            match gap.why {
                WhyNot::Stale => CannotSay::Stale { placeholder, file, line },
                WhyNot::Unfilled => CannotSay::Unfilled { placeholder, file, line },
            }
        };
        let text = variant.body.fill(Form::Markdown, value).map_err(cannot)?;
        let short = variant.short.as_ref().map(|short| short.fill(Form::Plain, value)).transpose().map_err(cannot)?;
        if let Some(promise) = &variant.promise
            && promise.deadline.due(now, self.zone()).is_none()
        {
            let (file, line) = (PathBuf::from(&variant.source.path), promise.line);
            return Err(CannotSay::Stale { placeholder: "promise".to_owned(), file, line });
        }
        Ok(Said { text, short, language })
    }

    /// By when the intent's answer promises something, if it does.
    pub fn promise(&self, intent: &str, language: Language, now: Timestamp) -> Option<Timestamp> {
        let (variant, _) = self.variant(intent, language)?;
        variant.promise.as_ref()?.deadline.due(now, self.zone())
    }

    /// Like `answer`, for text that must be said even where a fact is stale (emergency help, hand-overs): the paragraphs
    /// that cannot be filled are left out. `None` if nothing is left.
    pub fn answer_what_holds(&self, intent: &str, language: Language, now: Timestamp) -> Option<Said> {
        let (variant, language) = self.variant(intent, language).filter(|(variant, _)| !variant.agents_only)?;
        let value = |placeholder: &Placeholder| self.incident.value(placeholder, language, now);
        let text = variant.body.fill_what_holds(Form::Markdown, value);
        let short = variant.short.as_ref().and_then(|short| short.fill(Form::Plain, value).ok());
        (!text.is_empty()).then_some(Said { text, short, language })
    }

    /// The emergency help for a danger in as few words as it has: its `short`, or else all of it. None where the danger has no intent.
    pub fn help_in_short(&self, danger: Danger, language: Language, now: Timestamp) -> Option<Said> {
        let help = self.answer_what_holds(&self.danger_intent(danger)?.name, language, now)?;
        let Some(short) = &help.short else { return Some(help) };
        let mut text = String::new();
        markdown::push_escaped(&mut text, short);
        Some(Said { text, ..help })
    }

    /// The languages that intents have examples in, in the order of the incident's.
    pub fn languages_with_examples(&self) -> Vec<Language> {
        let has_examples = |language: &Language| {
            self.intents.values().any(|intent| intent.examples.get(language).is_some_and(|lines| !lines.is_empty()))
        };
        self.languages().iter().copied().filter(has_examples).collect()
    }

    /// A phrase, without the lines that cannot be filled now. Never empty: `check` sees to it that one line has no dated fact. What the
    /// admins wrote in the language comes before what is built in, and both before the default language.
    pub fn phrase(&self, phrase: Phrase, language: Language, now: Timestamp) -> Said {
        self.phrase_of_desk(phrase, language, now, &DeskValues::default())
    }

    /// The same, with what the desk knows.
    pub fn phrase_of_desk(&self, phrase: Phrase, language: Language, now: Timestamp, desk: &DeskValues<'_>) -> Said {
        let key = phrases::key(phrase);
        let default = self.default_language();
        let said = |key: &str, language: Language| {
            let written = self.phrases.line(key, language);
            let written = written.map(|line| self.line_of_desk(line, phrases::form(key), language, now, desk));
            let text = written.filter(|text| !text.is_empty()).or_else(|| self.built_in(key, language))?;
            Some(Said { text, short: None, language })
        };
        // In a language that the files do not speak, one line says for every reason that a person answers.
        let hands_over = matches!(phrase, Phrase::HandOver(_)) && !self.languages().contains(&language);
        said(key, language)
            .or_else(|| hands_over.then(|| said(phrases::key(Phrase::HandOver(Reason::Language)), language)).flatten())
            .or_else(|| said(key, default))
            .or_else(|| said(key, Language::ENGLISH))
            .unwrap_or(Said { text: String::new(), short: None, language: default })
    }

    fn line_of_desk(
        &self,
        line: &Template,
        form: Form,
        language: Language,
        now: Timestamp,
        desk: &DeskValues<'_>,
    ) -> String {
        let says_when = desk.by.is_some() && line.names(&Placeholder::Desk(Desk::By));
        let clock = |moment: Option<Timestamp>| {
            moment.map(|moment| wording::clock(moment, now, self.zone(), language)).ok_or(WhyNot::Unfilled)
        };
        line.fill_what_holds(form, |placeholder| match placeholder {
            Placeholder::Desk(Desk::Agent) => desk.agent.map(str::to_owned).ok_or(WhyNot::Unfilled),
            Placeholder::Desk(Desk::By) => clock(desk.by),
            Placeholder::Desk(Desk::Opens) => clock(desk.opens),
            // The true time takes the place of the usual one.
            other if says_when && *other == Placeholder::person_wait() => Err(WhyNot::Stale),
            other => self.incident.value(other, language, now),
        })
    }

    fn built_in(&self, key: &str, language: Language) -> Option<String> {
        let emergency = self.incident.entry(&Placeholder::Contact(EMERGENCY.to_owned())).map(|entry| &entry.texts);
        let told = builtin::Told {
            company: self.company(),
            emergency: emergency.and_then(|texts| texts.get(language).or_else(|| texts.get(self.default_language()))),
            understood: &self.languages_with_examples(),
            default: self.default_language(),
        };
        builtin::line(key, language, &told)
    }

    /// The opening lines for a mood that can be said now; empty for calm.
    pub fn openings(&self, mood: Mood, language: Language, now: Timestamp) -> Vec<String> {
        self.lines_that_hold(self.phrases.openings(mood, language), language, now)
    }

    /// The lines for a mood before a hand-over or a question back, which announce no answer; empty for calm.
    pub fn empathy(&self, mood: Mood, language: Language, now: Timestamp) -> Vec<String> {
        self.lines_that_hold(self.phrases.empathy(mood, language), language, now)
    }

    fn lines_that_hold(&self, templates: &[Template], language: Language, now: Timestamp) -> Vec<String> {
        let lines = templates.iter().map(|template| self.what_holds(template, Form::Markdown, language, now));
        lines.filter(|line| !line.is_empty()).collect()
    }

    fn what_holds(&self, template: &Template, form: Form, language: Language, now: Timestamp) -> String {
        template.fill_what_holds(form, |placeholder| self.incident.value(placeholder, language, now))
    }

    fn variant(&self, intent: &str, language: Language) -> Option<(&Variant, Language)> {
        let response = self.responses.get(&self.intents.get(intent)?.response)?;
        let in_language = |language| Some((response.variants.get(&language)?, language));
        in_language(language).or_else(|| in_language(self.default_language()))
    }
}

#[cfg(test)]
mod tests;
