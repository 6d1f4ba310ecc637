//! A text that is the same in all languages, or written once for each.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use super::{
    language_codes,
    problem::{Problem, Source},
    yaml::{self, Node, Value},
};
use crate::reading::{Language, NotALanguage};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Texts {
    Same(String),
    ByLanguage(BTreeMap<Language, String>),
}

impl Texts {
    pub fn get(&self, language: Language) -> Option<&str> {
        match self {
            Self::Same(text) => Some(text),
            Self::ByLanguage(texts) => texts.get(&language).map(String::as_str),
        }
    }

    /// Reads one text, or one per language. `what` names it in messages.
    pub fn read(
        source: &Arc<Source>,
        node: &Node,
        what: &str,
        languages: &Languages,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        if !matches!(node.value, Value::Map(_)) {
            return yaml::text(source, node, what, problems).map(|text| Self::Same(text.to_owned()));
        }
        let mut texts = BTreeMap::new();
        for (key, value) in yaml::entries(source, node, what, problems)? {
            if let Some(language) = languages.read(source, &key.range, &key.name, problems)
                && let Some(text) = yaml::text(source, value, what, problems)
            {
                texts.insert(language, text.to_owned());
            }
        }
        Some(Self::ByLanguage(texts))
    }
}

/// The languages of the incident, the default first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Languages {
    pub known: Vec<Language>,
    /// Whether there may be others: a line that names one cannot be read, so that any is taken.
    pub open: bool,
}

impl Languages {
    pub fn default_language(&self) -> Language {
        self.known.first().copied().unwrap_or(Language::ENGLISH)
    }

    pub fn contain(&self, language: Language) -> bool {
        self.open || self.known.is_empty() || self.known.contains(&language)
    }

    /// The default language as far as it can be relied on: while a language cannot be read, nothing is missed in it.
    pub fn firm_default(&self) -> Option<Language> {
        (!self.open).then(|| self.default_language())
    }

    /// Reads the name of one of the incident's languages; `range` is where it stands.
    pub fn read(
        &self,
        source: &Arc<Source>,
        range: &Range<usize>,
        name: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<Language> {
        let problem = match name.parse() {
            Ok(language) if self.contain(language) => return Some(language),
            Ok(language) => not_here(source, range.clone(), language, self, "take this out"),
            Err(NotALanguage(_)) => not_a_code(source, range.clone(), name),
        };
        problems.push(problem);
        None
    }
}

/// A language that is not one of the incident's; `or` is what else can be done.
pub fn not_here(
    source: &Arc<Source>,
    range: Range<usize>,
    language: Language,
    languages: &Languages,
    or: &str,
) -> Problem {
    let known: Vec<&str> = languages.known.iter().map(Language::as_str).collect();
    let message = format!("`{language}` is not one of this incident's languages");
    let suggestion =
        format!("they are {}; add `{language}` to `languages` in incident.yaml, or {or}", yaml::listed(&known));
    Problem::error("unknown-language", source, range, message).suggest(suggestion)
}

/// A text in the place of a language's code that is none.
pub fn not_a_code(source: &Arc<Source>, range: Range<usize>, text: &str) -> Problem {
    let message = format!("`{text}` is not the code of a language");
    Problem::error("unknown-language", source, range, message).suggest(language_codes::suggest(text))
}
