//! Responses that a platform with tight limits cannot carry.

use jiff::Timestamp;

use super::{Knowledge, Problem, incident::Incident, problem, response::Variant, template::Form};
use crate::reading::Language;

impl Knowledge {
    /// The responses to customers that do not fit as they are said now, with the problem that `short` would solve. `fits` says whether a
    /// platform that takes one message for an answer can carry a text.
    #[must_use]
    pub fn without_fitting_short(&self, fits: &dyn Fn(&str) -> bool, now: Timestamp) -> Vec<Problem> {
        let variants = self.responses.values().flat_map(|response| &response.variants);
        let mut problems: Vec<Problem> = variants
            .filter(|(_, variant)| !variant.agents_only)
            .filter_map(|(language, variant)| look(&self.incident, variant, *language, fits, now))
            .collect();
        problem::sort(&mut problems);
        problems
    }
}

fn look(
    incident: &Incident,
    variant: &Variant,
    language: Language,
    fits: &dyn Fn(&str) -> bool,
    now: Timestamp,
) -> Option<Problem> {
    let said = |template: &super::template::Template, form| {
        template.fill_what_holds(form, |placeholder| incident.value(placeholder, language, now))
    };
    if fits(&said(&variant.body, Form::Markdown)) {
        return None;
    }
    let message = match &variant.short {
        None => "the answer is too long for X, and there is no `short`",
        Some(short) if !fits(&said(short, Form::Plain)) => "the answer is too long for X, and so is its `short`",
        Some(_) => return None,
    };
    let line = variant.source.line(variant.line);
    let problem = Problem::error("no-short", &variant.source, line, message);
    Some(problem.suggest("write `short:` into the front matter: the same in at most 280 characters"))
}
