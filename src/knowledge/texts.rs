//! A text that is the same in all languages, or written once for each.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use super::{
    problem::{Problem, Source},
    yaml::{self, Node, Value},
};
use crate::reading::Language;

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

/// The languages of the incident, the default first. While they are not known (their line is broken), any is taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Languages(pub Vec<Language>);

impl Languages {
    pub fn default_language(&self) -> Language {
        self.0.first().copied().unwrap_or(Language::ENGLISH)
    }

    pub fn contain(&self, language: Language) -> bool {
        self.0.is_empty() || self.0.contains(&language)
    }

    /// Reads the name of one of the incident's languages; `range` is where it stands.
    pub fn read(
        &self,
        source: &Arc<Source>,
        range: &Range<usize>,
        name: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<Language> {
        match name.parse() {
            Ok(language) if self.contain(language) => return Some(language),
            Ok(_) => {
                let known: Vec<&str> = self.0.iter().map(Language::as_str).collect();
                let message = format!("`{name}` is not one of this incident's languages");
                let suggestion = format!(
                    "they are {}; add `{name}` to `languages` in incident.yaml, or take this out",
                    yaml::listed(&known)
                );
                problems.push(Problem::error("unknown-language", source, range.clone(), message).suggest(suggestion));
            }
            Err(error) => {
                problems.push(Problem::error("unknown-language", source, range.clone(), format!("{error}")));
            }
        }
        None
    }
}
