//! `evenkeel check`: every problem of the admins' files at once.

use std::{
    cmp::Reverse,
    fmt::Write as _,
    io::{self, IsTerminal, Write},
    path::Path,
    process::ExitCode,
};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    credentials::{self, Tried},
    learn,
    terminal::printable_json,
    understanding::Understanding,
};
#[cfg(feature = "x")]
use crate::channels::x;
use crate::{
    classifier::language,
    config::Config,
    knowledge::{self, Loaded, Place, Problem, Severity},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How problems are printed.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Also try each channel's credentials against its platform
    #[arg(long)]
    channels: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// With the offending text drawn, for people.
    Human,
    /// One JSON document, for machines.
    Json,
}

/// Checks the files below `knowledge_dir` as of now and, if they can be used, tells how well they are understood. The exit code is 0 if
/// there is no error and, where channels are tried, none is faulty, 1 otherwise; `Err` means that there is nothing to check.
pub(super) fn run(args: &Args, knowledge_dir: &Path) -> anyhow::Result<ExitCode> {
    let mut loaded = knowledge::load(knowledge_dir, Timestamp::now())?;
    let (config, in_config) = Config::check(knowledge_dir);
    let in_another_language = loaded.in_another_language(&language::detect);
    loaded.problems.extend(in_config.into_iter().chain(in_another_language));
    #[cfg(feature = "x")]
    if let Some(knowledge) = &loaded.knowledge
        && x::is_wanted(&config.x)
    {
        loaded.problems.extend(knowledge.without_fitting_short(&x::fits, Timestamp::now()));
    }
    let has_errors = count(&loaded, Severity::Error) > 0;
    let mut out = io::stdout().lock();
    if args.format == Format::Human {
        // What is wrong is not kept back for what takes longer.
        out.write_all(human(&loaded, io::stdout().is_terminal()).as_bytes())?;
        out.flush()?;
    }
    let understanding = match loaded.knowledge.take().filter(|_| !has_errors) {
        Some(knowledge) => {
            let (responder, lacking) = learn(config, knowledge, None);
            Some(Understanding::of(&responder, lacking))
        }
        None => None,
    };
    let tried = args.channels.then(|| credentials::try_all(&Config::load(knowledge_dir)?)).transpose()?;
    match args.format {
        Format::Human => {
            let text = understanding.map(|understanding| understanding.human()).unwrap_or_default();
            out.write_all(text.as_bytes())?;
            out.write_all(tried.as_deref().map(credentials::human).unwrap_or_default().as_bytes())?;
        }
        Format::Json => out.write_all(json(&loaded, understanding, tried.as_deref())?.as_bytes())?,
    }
    out.flush()?;
    Ok(if has_errors || tried.as_deref().is_some_and(credentials::is_faulty) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The problems, with the offending text drawn, and a line that counts them. The errors come last, where the reader's eyes are; of many alike the
/// first is drawn, and the others are named by their places.
pub(super) fn human(loaded: &Loaded, colour: bool) -> String {
    let mut text = String::new();
    let mut told: Vec<&Problem> = loaded.problems.iter().collect();
    told.sort_by_key(|problem| Reverse(problem.severity));
    while !told.is_empty() {
        let first = told.remove(0);
        let (alike, others): (Vec<&Problem>, Vec<&Problem>) =
            told.into_iter().partition(|other| are_alike(first, other));
        told = others;
        text.push_str(&first.render(colour));
        text.push('\n');
        for problem in alike.iter().take(ALIKE) {
            let Place { file, line, column, .. } = &problem.place;
            let message = if problem.message == first.message { "the same" } else { &problem.message };
            let _ = writeln!(text, "  also {file}:{line}:{column}: {message}");
        }
        if let Some(more) = alike.len().checked_sub(ALIKE).filter(|more| *more > 0) {
            let _ = writeln!(text, "  and {more} more (`evenkeel check --format json` lists them all)");
        }
        text.push('\n');
    }
    text.push_str(&summary(loaded));
    text.push('\n');
    text
}

/// How many of the problems that are alike are named below the first.
const ALIKE: usize = 40;

/// Whether naming the place is enough after the first: for warnings of one kind, and for errors only if the same is to be done.
fn are_alike(first: &Problem, other: &Problem) -> bool {
    let same = (first.severity, first.code) == (other.severity, other.code);
    same && (first.severity == Severity::Warning || first.suggestion == other.suggestion && first.suggestion.is_some())
}

/// Such as "checked 33 intents, 51 responses: 2 errors, 1 warning".
pub(super) fn summary(loaded: &Loaded) -> String {
    let checked = format!("checked {}, {}", number(loaded.intents, "intent"), number(loaded.responses, "response"));
    let (errors, warnings) = (count(loaded, Severity::Error), count(loaded, Severity::Warning));
    let found = match (errors, warnings) {
        (0, 0) => "all good".to_owned(),
        (errors, 0) => number(errors, "error"),
        (0, warnings) => number(warnings, "warning"),
        (errors, warnings) => format!("{}, {}", number(errors, "error"), number(warnings, "warning")),
    };
    let sample =
        if loaded.is_sample { " (the sample: its times are made up, see `sample` in incident.yaml)" } else { "" };
    format!("{checked}: {found}{sample}")
}

fn number(number: usize, of: &str) -> String {
    if number == 1 { format!("1 {of}") } else { format!("{number} {of}s") }
}

fn count(loaded: &Loaded, severity: Severity) -> usize {
    loaded.problems.iter().filter(|problem| problem.severity == severity).count()
}

#[derive(Serialize)]
struct Report<'a> {
    problems: &'a [Problem],
    intents: usize,
    responses: usize,
    errors: usize,
    warnings: usize,
    /// None where there are errors.
    understanding: Option<Understanding>,
    /// None where they were not tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    channels: Option<&'a [Tried]>,
}

fn json(loaded: &Loaded, understanding: Option<Understanding>, channels: Option<&[Tried]>) -> anyhow::Result<String> {
    let report = Report {
        problems: &loaded.problems,
        intents: loaded.intents,
        responses: loaded.responses,
        errors: count(loaded, Severity::Error),
        warnings: count(loaded, Severity::Warning),
        understanding,
        channels,
    };
    Ok(printable_json(&serde_json::to_string_pretty(&report)?) + "\n")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::knowledge::{starter_incident, starter_phrases};

    fn checked(intent: &str) -> Loaded {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["intents", "responses"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        for (path, text) in [
            ("incident.yaml", starter_incident()),
            ("responses/phrases.yaml", starter_phrases()),
            ("responses/talk_to_person.md", "Yes."),
            ("intents/talk_to_person.yaml", intent),
        ] {
            fs::write(dir.path().join(path), text).unwrap();
        }
        knowledge::load(dir.path(), Timestamp::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn people_read_the_problems_and_a_summary() {
        insta::assert_snapshot!(human(&checked("title: A\nexamples: [a]\nprivat: true\n"), false));
        let good = format!("title: A\nexamples: [{}]\n", ('a'..='j').map(String::from).collect::<Vec<_>>().join(", "));
        assert_eq!(human(&checked(&good), false), "checked 1 intent, 1 response: all good\n");
    }

    #[test]
    fn a_problem_without_a_suggestion_is_told_once() {
        let mut loaded = checked("title: A\nexamples: [a]\n");
        loaded.problems = vec![Problem::with_file("unreadable-file", "intents/a.yaml", "it cannot be read"); 2];
        assert_eq!(human(&loaded, false).matches("it cannot be read").count(), 2);
    }

    #[test]
    fn machines_read_one_json_document() {
        insta::assert_snapshot!(json(&checked("title: A\nexamples: [a]\nprivat: true\n"), None, None).unwrap());
    }

    #[test]
    fn a_place_without_knowledge_is_no_exit_code_but_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let error = run(&Args { format: Format::Json, channels: false }, dir.path()).unwrap_err();
        assert!(error.to_string().contains("--knowledge DIR"), "{error}");
    }
}
