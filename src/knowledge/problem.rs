//! What is wrong with the admins' files: where, why, and what to do about it.

use std::{ops::Range, sync::Arc};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;

/// One file as it was read. Lines end with `\n` only and there is no byte order mark.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The path below the knowledge folder, with `/` on every system.
    pub path: String,
    pub text: String,
}

impl Source {
    /// The line and column of a byte, both counted from 1; columns count characters.
    pub fn position(&self, byte: usize) -> (usize, usize) {
        let before = &self.text[..self.text.floor_char_boundary(byte)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// The bytes of a line (counted from 1) without its line end.
    pub fn line(&self, number: usize) -> Range<usize> {
        let start = self.text.split_inclusive('\n').take(number.saturating_sub(1)).map(str::len).sum();
        let length = self.text[start..].find('\n').unwrap_or(self.text.len() - start);
        start..start + length
    }
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Error,
    Warning,
}

/// A place in a file, with the text that stands there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The path below the knowledge folder.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// The offending text, at most its first line; empty where the whole file is meant.
    pub text: String,
    #[serde(skip)]
    shown: Option<(Arc<Source>, Range<usize>)>,
}

impl Place {
    fn new(source: &Arc<Source>, range: Range<usize>) -> Self {
        let end = source.text.floor_char_boundary(range.end);
        let start = source.text.floor_char_boundary(range.start).min(end);
        // Only the first line is drawn: a list of thirty lines would bury the message.
        let text = source.text[start..end].lines().next().unwrap_or_default();
        let (line, column) = source.position(start);
        Self {
            file: source.path.clone(),
            line,
            column,
            text: text.to_owned(),
            // The very beginning stands for the whole file: nothing in it is to be drawn.
            shown: (end > 0).then(|| (Arc::clone(source), start..start + text.len())),
        }
    }

    fn whole(file: &str) -> Self {
        Self { file: file.to_owned(), line: 1, column: 1, text: String::new(), shown: None }
    }

    fn snippet<'a>(
        &'a self,
        kind: AnnotationKind,
        label: Option<&'a str>,
    ) -> Option<Snippet<'a, annotate_snippets::Annotation<'a>>> {
        let (source, range) = self.shown.as_ref()?;
        let line = source.line(self.line);
        let within = range.start - line.start..range.end - line.start;
        let annotation = kind.span(within).label(label);
        Some(Snippet::source(&source.text[line]).line_start(self.line).path(&self.file).annotation(annotation))
    }
}

/// Something wrong or doubtful in the admins' files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub severity: Severity,
    /// A stable kebab-case word for the kind of problem.
    pub code: &'static str,
    #[serde(flatten)]
    pub place: Place,
    pub message: String,
    /// What to do about it.
    pub suggestion: Option<String>,
    /// A second place that has to do with it, such as the first of two equal lines.
    pub also: Option<Place>,
}

/// Errors that the running service lives with: what they touch is not said and a person takes over, or nothing is lost.
/// A crisis does not wait for them, so they do not keep the other edits from taking effect.
const TOLERATED: [&str; 7] = [
    "stale-fact",
    "unfilled-placeholder",
    "missing-translation",
    "duplicate-example",
    "contradicting-example",
    "intent-without-response",
    "response-without-intent",
];

impl Problem {
    /// A problem with one piece of text.
    pub fn error(code: &'static str, source: &Arc<Source>, range: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            place: Place::new(source, range),
            message: message.into(),
            suggestion: None,
            also: None,
        }
    }

    /// Like [`Problem::error`], for what should be looked at but may stay.
    pub fn warning(code: &'static str, source: &Arc<Source>, range: Range<usize>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, source, range, message) }
    }

    /// A problem with a whole file, or with one that is missing.
    pub fn with_file(code: &'static str, file: &str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            place: Place::whole(file),
            message: message.into(),
            suggestion: None,
            also: None,
        }
    }

    #[must_use]
    pub fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }

    #[must_use]
    pub fn also(mut self, source: &Arc<Source>, range: Range<usize>) -> Self {
        self.also = Some(Place::new(source, range));
        self
    }

    /// Whether the files cannot be used while this stands. A stale fact, for instance, is an error, but it only stops the
    /// answers that need it.
    #[must_use]
    pub fn prevents_loading(&self) -> bool {
        self.severity == Severity::Error && !TOLERATED.contains(&self.code)
    }

    /// The problem as people read it, with the text drawn; in colour for a terminal.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = level
            .primary_title(self.message.as_str())
            .id(self.code)
            .elements(None::<Snippet<'_, annotate_snippets::Annotation<'_>>>);
        group = match self.place.snippet(AnnotationKind::Primary, None) {
            Some(snippet) => group.element(snippet),
            None => group.element(Origin::path(self.place.file.as_str())),
        };
        if let Some(snippet) =
            self.also.as_ref().and_then(|also| also.snippet(AnnotationKind::Context, Some("see also here")))
        {
            group = group.element(snippet);
        }
        if let Some(suggestion) = &self.suggestion {
            group = group.element(Level::HELP.message(suggestion.as_str()));
        }
        let report: [Group<'_>; 1] = [group];
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&report)
    }
}

/// Brings problems into the order in which they are shown: by file, then from top to bottom.
pub fn sort(problems: &mut [Problem]) {
    problems.sort_by(|a, b| {
        let key = |p: &Problem| (p.place.file.clone(), p.place.line, p.place.column, p.severity, p.code);
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
}

/// "did you mean" for a word that is not among the known ones, if one of them is near.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, known).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// The known word that is nearest to one that is not known, if it is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        // Below 0.8 the "near" word is usually a different one.
        .filter(|(near, _)| *near >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Arc<Source> {
        Arc::new(Source { path: "intents/a.yaml".to_owned(), text: text.to_owned() })
    }

    #[test]
    fn columns_count_characters_not_bytes() {
        let source = source("title: ¿Qué\nexámples: x\n");
        assert_eq!(source.position(source.text.find("les").unwrap()), (2, 6));
        assert_eq!(&source.text[source.line(2)], "exámples: x");
        assert_eq!(&source.text[source.line(3)], "");
    }

    #[test]
    fn a_problem_draws_the_text_and_says_what_to_do() {
        let source = source("title: Power\nexmples: [a]\n");
        let problem = Problem::error("unknown-key", &source, 13..20, "`exmples` is not a key of an intent")
            .suggest("did you mean `examples`?")
            .also(&source, 0..5);
        insta::assert_snapshot!(problem.render(false));
    }

    #[test]
    fn only_near_words_are_suggested() {
        assert_eq!(did_you_mean("exmples", ["title", "examples"]).as_deref(), Some("did you mean `examples`?"));
        assert_eq!(did_you_mean("colour", ["title", "examples"]), None);
    }
}
