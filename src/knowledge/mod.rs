//! What the admins wrote, read, checked and compiled into one immutable [`Knowledge`].

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, civil::Date};

use crate::{
    conversation::Reason,
    reading::{Danger, Language, Mood},
};

/// Everything the bot knows. Immutable: an edit makes a new one.
pub struct Knowledge {
    /// A short hash of all files' contents.
    pub version: String,
    pub intents: BTreeMap<String, Intent>,
    // responses, phrases, incident: private
}

/// One thing that customers mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    pub name: String,
    pub title: BTreeMap<Language, String>,
    pub examples: BTreeMap<Language, Vec<String>>,
    pub not: Vec<String>,
    pub escalate: bool,
    pub private: bool,
    pub danger: Option<Danger>,
    pub response: String,
    pub priority: i32,
}

/// Text that is filled in and may be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Markdown.
    pub text: String,
    pub short: Option<String>,
    /// The language it is written in: the one asked for, or the default.
    pub language: Language,
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
    Person,
    AlreadySaid,
    KeepBot,
    KeptBot,
    HandOver(Reason),
    Private,
    Waiting,
    Danger,
    OtherLanguage,
    NoWords,
}

impl Knowledge {
    /// The language that answers fall back to.
    pub fn default_language(&self) -> Language {
        todo!()
    }
    /// The languages of this incident, the default first.
    pub fn languages(&self) -> &[Language] {
        todo!()
    }
    /// What choice buttons and agents see of an intent.
    pub fn title(&self, intent: &str, language: Language) -> &str {
        todo!()
    }
    /// The intent whose response is the emergency help for this danger.
    pub fn danger_intent(&self, danger: Danger) -> Option<&Intent> {
        todo!()
    }
    /// The intent's answer, in `language` if there is a variant and in the default language otherwise, with all placeholders filled.
    pub fn answer(&self, intent: &str, language: Language, now: Timestamp) -> Result<Said, CannotSay> {
        todo!()
    }
    /// Like `answer`, for text that must be said even where a fact is stale (emergency help, hand-overs): the paragraphs
    /// that cannot be filled are left out. `None` if nothing is left.
    pub fn answer_what_holds(&self, intent: &str, language: Language, now: Timestamp) -> Option<Said> {
        todo!()
    }
    /// A phrase, without the lines that cannot be filled now. Never empty: `check` sees to it that one line has no dated fact.
    pub fn phrase(&self, phrase: Phrase, language: Language, now: Timestamp) -> Said {
        todo!()
    }
    /// The opening lines for a mood that can be said now; empty for calm.
    pub fn openings(&self, mood: Mood, language: Language, now: Timestamp) -> Vec<String> {
        todo!()
    }
}
