//! `responses/NAME.md`: what we say.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use jiff::civil::Date;

use super::{
    files::ResponseFile,
    moment::{self, Deadline, NotADeadline},
    problem::{Problem, Source},
    starter::PLACEHOLDER_RESPONSE,
    template::{Compiler, Form, Passage, Template},
    yaml::{self, Fields, Node},
};
use crate::reading::Language;

/// The longest answer, in characters when filled in: what people read on a phone in a crisis, and below every channel's limit but
/// those that take `short`.
pub const MAX_BODY_CHARS: usize = 1_500;
/// The longest short answer, in characters when filled in: X allows 280.
pub const MAX_SHORT_CHARS: usize = 280;

const KEYS: [&str; 4] = ["short", "review_by", "audience", "promise"];

/// A response in each of its languages.
#[derive(Default)]
pub struct Response {
    pub variants: BTreeMap<Language, Variant>,
}

/// A response in one language.
pub struct Variant {
    pub source: Arc<Source>,
    /// The first line of the body, counted from 1.
    pub line: usize,
    /// The bytes of the body.
    pub range: Range<usize>,
    pub body: Template,
    pub short: Option<Template>,
    /// Never sent by the bot.
    pub agents_only: bool,
    /// What the text promises.
    pub promise: Option<Promise>,
}

/// By when a response promises something.
pub struct Promise {
    pub deadline: Deadline,
    /// The line of the file, counted from 1.
    pub line: usize,
}

impl Variant {
    /// Reads one file that is said in `language`.
    pub fn read(file: &ResponseFile, language: Language, compiler: &mut Compiler<'_>) -> Option<Self> {
        let today = compiler.incident.today(compiler.now);
        let source = &file.source;
        let (front, body) = split(source, &mut compiler.problems)?;
        let mut short = None;
        let mut agents_only = false;
        let mut promise = None;
        if let Some(front) = front {
            let node = yaml::parse(source, front, &mut compiler.problems)?;
            let fields = Fields::new(source, &node, "a response", &KEYS, &mut compiler.problems)?;
            if let Some(node) = fields.get("short")
                && let Some(text) = yaml::text(source, node, "`short`", &mut compiler.problems)
            {
                let passage = Passage { source, range: node.range.clone(), text };
                short = Some(compiler.compile(&passage, language, Form::Plain, MAX_SHORT_CHARS));
            }
            if let Some(node) = fields.get("audience") {
                match yaml::text(source, node, "`audience`", &mut compiler.problems) {
                    Some("agents") => agents_only = true,
                    Some("customers") | None => {}
                    Some(other) => {
                        let message = format!("`audience` is `customers` or `agents`, not `{other}`");
                        compiler.problems.push(Problem::error("bad-value", source, node.range.clone(), message));
                    }
                }
            }
            if let Some(node) = fields.get("review_by")
                && let Some(text) = yaml::text(source, node, "`review_by`", &mut compiler.problems)
            {
                compiler.problems.extend(check_review(source, node.range.clone(), text, today));
            }
            if let Some(node) = fields.get("promise") {
                promise = read_promise(source, node, compiler);
            }
        }
        let text = &source.text[body.clone()];
        if text.is_empty() {
            let range = source.line(source.position(body.start).0);
            let problem = Problem::error("empty-text", source, range, "the response has no text");
            compiler.problems.push(problem.suggest("write what the customer reads below the front matter"));
            return None;
        }
        let line = source.position(body.start).0;
        if text.starts_with(PLACEHOLDER_RESPONSE) {
            let message = "this is still the placeholder that `evenkeel import` wrote";
            let problem = Problem::warning("placeholder-response", source, source.line(line), message);
            compiler.problems.push(problem.suggest("write what the customer should read"));
        }
        let range = body.clone();
        let body = compiler.compile(&Passage { source, range: body, text }, language, Form::Markdown, MAX_BODY_CHARS);
        Some(Self { source: Arc::clone(source), line, range, body, short, agents_only, promise })
    }
}

fn read_promise(source: &Arc<Source>, node: &Node, compiler: &mut Compiler<'_>) -> Option<Promise> {
    let text = yaml::text(source, node, "`promise`", &mut compiler.problems)?;
    let line = source.position(node.range.start).0;
    match text.parse::<Deadline>() {
        Ok(deadline) => {
            if deadline.due(compiler.now, compiler.incident.zone()).is_none() {
                let message = "the time that is promised has passed, and the answer is not said: a person answers";
                let problem = Problem::error("stale-fact", source, node.range.clone(), message);
                compiler.problems.push(problem.suggest("write the new time here and into the text"));
            }
            Some(Promise { deadline, line })
        }
        Err(NotADeadline(text)) => {
            let message = format!("`{text}` does not say by when");
            let problem = Problem::error("bad-moment", source, node.range.clone(), message);
            compiler.problems.push(problem.suggest(moment::suggest_deadline(&text)));
            None
        }
    }
}

fn check_review(source: &Arc<Source>, range: Range<usize>, text: &str, today: Date) -> Option<Problem> {
    match text.parse::<Date>() {
        Ok(date) if date < today => {
            let problem = Problem::warning("review-due", source, range, format!("this was to be read again by {date}"));
            Some(problem.suggest("read it; if it is still right, write a later day"))
        }
        Ok(_) => None,
        Err(_) => {
            let problem = Problem::error("bad-value", source, range, format!("`{text}` is not a day"));
            Some(problem.suggest("write it as `2027-03-01`"))
        }
    }
}

/// The front matter (if there is one) and the body without the blank lines around it.
fn split(source: &Arc<Source>, problems: &mut Vec<Problem>) -> Option<(Option<Range<usize>>, Range<usize>)> {
    let text = &source.text;
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    if first.trim_end() != "---" {
        let body = trimmed(text, 0);
        if let Some(problem) = misplaced(source, &body) {
            problems.push(problem);
            return None;
        }
        return Some((None, body));
    }
    let mut at = first.len();
    for line in lines {
        if line.trim_end() == "---" {
            return Some((Some(first.len()..at), trimmed(text, at + line.len())));
        }
        at += line.len();
    }
    let problem = Problem::error("bad-front-matter", source, 0..3, "the front matter that begins here does not end");
    problems.push(problem.suggest("write `---` on a line of its own before the text that customers read"));
    None
}

/// Front matter that is taken for text: below a blank line, or between lines of other dashes.
fn misplaced(source: &Arc<Source>, body: &Range<usize>) -> Option<Problem> {
    let text = &source.text[body.clone()];
    let (first, rest) = text.split_once('\n')?;
    let dashes = |line: &str| {
        let line = line.trim();
        !line.is_empty() && (line.chars().all(|c| matches!(c, '-' | '–' | '—')) && line != "-")
    };
    let key = rest.split(':').next().unwrap_or_default().trim();
    if !dashes(first) || !rest.lines().any(dashes) || !KEYS.contains(&key) {
        return None;
    }
    let range = body.start..body.start + first.len();
    let (message, suggestion) = if first.trim() == "---" {
        ("the front matter begins in the first line of the file", "take out what stands above this line, blanks too")
    } else {
        (
            "the front matter begins and ends with a line of three hyphens",
            "write `---`; word processors make other dashes of it",
        )
    };
    Some(Problem::error("bad-front-matter", source, range, message).suggest(suggestion))
}

fn trimmed(text: &str, start: usize) -> Range<usize> {
    let rest = &text[start..];
    // Spaces at the start of the first line belong to the text: four of them mean something.
    let blank: usize = rest.split_inclusive('\n').take_while(|line| line.trim().is_empty()).map(str::len).sum();
    let end = start + rest.trim_end().len();
    (start + blank).min(end.max(start))..end.max(start)
}
