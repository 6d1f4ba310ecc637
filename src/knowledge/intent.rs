//! `intents/NAME.yaml`: what customers mean.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
    sync::Arc,
};

use super::{
    Intent, leftovers,
    problem::{Problem, Source, did_you_mean},
    texts::{Languages, Texts},
    yaml::{self, Fields, Node, Value},
};
use crate::reading::{Danger, Language};

/// The longest title, in characters: what a choice button shows on the narrowest channel.
pub const MAX_TITLE_CHARS: usize = 60;
/// Examples a language: with fewer the classifier guesses, with more they cost time and say nothing new.
const FEW_EXAMPLES: usize = 10;
const MANY_EXAMPLES: usize = 200;
/// The longest example, in characters: nobody opens a chat with more than a short paragraph.
const MAX_EXAMPLE_CHARS: usize = 500;

const KEYS: [&str; 8] = ["title", "examples", "not", "private", "escalate", "danger", "response", "priority"];

/// An intent with the places that problems between files point at.
pub struct IntentFile {
    pub intent: Intent,
    pub source: Arc<Source>,
    /// Whether `response` is written in the file, and where.
    pub response: Option<Range<usize>>,
    pub danger: Option<Range<usize>>,
    pub titles: Vec<(Language, Line)>,
    pub examples: Vec<Line>,
    pub not: Vec<Line>,
}

/// A line of an intent and where it stands.
pub struct Line {
    pub text: String,
    /// The language that it is written under, if one is named.
    pub language: Option<Language>,
    pub range: Range<usize>,
}

impl IntentFile {
    /// Reads one file. What is broken is reported and left out.
    pub fn read(name: &str, source: &Arc<Source>, languages: &Languages, problems: &mut Vec<Problem>) -> Option<Self> {
        let node = yaml::parse(source, 0..source.text.len(), problems)?;
        let fields = Fields::new(source, &node, "an intent", &KEYS, problems)?;
        let title =
            fields.need("title", "what choice buttons and agents see, such as `title: Refund status`", problems);
        let titles = title.map(|node| read_title(source, node, languages, problems)).unwrap_or_default();
        title.inspect(|node| leftovers::in_value(source, node, "the title", problems));
        let mut lines = Vec::new();
        let mut examples = BTreeMap::new();
        let suggestion = "write 10 to 30 ways in which customers say it, one a line after `- `";
        if let Some(node) = fields.need("examples", suggestion, problems) {
            let heading = fields.key("examples").unwrap_or_default();
            examples = read_examples(source, node, heading, languages, &mut lines, problems);
        }
        let not = fields.get("not").map(|node| read_lines(source, node, "`not`", problems)).unwrap_or_default();
        let danger = fields.get("danger");
        let response = fields.get("response");
        let intent = Intent {
            name: name.to_owned(),
            title: titles.iter().map(|(language, line)| (*language, line.text.clone())).collect(),
            examples,
            not: not.iter().map(|line| line.text.clone()).collect(),
            escalate: fields.get("escalate").is_some_and(|node| read_escalate(source, node, problems)),
            private: fields.get("private").is_some_and(|node| yaml::truth(source, node, "private", problems)),
            danger: danger.and_then(|node| read_danger(source, node, problems)),
            response: response
                .and_then(|node| yaml::text(source, node, "`response`", problems))
                .unwrap_or(name)
                .to_owned(),
            priority: fields.get("priority").and_then(|node| read_priority(source, node, problems)).unwrap_or_default(),
        };
        Some(Self {
            intent,
            source: Arc::clone(source),
            response: response.map(|node| node.range.clone()),
            danger: danger.map(|node| node.range.clone()),
            titles,
            examples: lines,
            not,
        })
    }
}

fn read_title(
    source: &Arc<Source>,
    node: &Node,
    languages: &Languages,
    problems: &mut Vec<Problem>,
) -> Vec<(Language, Line)> {
    let titles = match Texts::read(source, node, "a title", languages, problems) {
        Some(Texts::Same(title)) => BTreeMap::from([(languages.default_language(), title)]),
        Some(Texts::ByLanguage(titles)) => titles,
        None => return Vec::new(),
    };
    for title in titles.values() {
        let chars = title.chars().count();
        if chars > MAX_TITLE_CHARS {
            let message =
                format!("the title is {chars} characters long; at most {MAX_TITLE_CHARS} fit a choice button");
            let range = range_of(node, title);
            problems.push(Problem::error("text-too-long", source, range, message).suggest("say it in fewer words"));
        }
    }
    if let Some(default) = languages.firm_default()
        && !titles.contains_key(&default)
    {
        let message = format!("the title has no text in `{default}`, the default language");
        problems.push(
            Problem::error("missing-key", source, node.range.clone(), message).suggest(format!("add `{default}: …`")),
        );
    }
    let place = |text: String| Line { range: range_of(node, &text), language: None, text };
    titles.into_iter().map(|(language, title)| (language, place(title))).collect()
}

/// Where one of the texts stands.
fn range_of(node: &Node, text: &str) -> Range<usize> {
    let entry = match &node.value {
        Value::Map(entries) => entries.iter().find(|(_, value)| value.text().map(str::trim) == Some(text)),
        _ => None,
    };
    entry.map_or(&node.range, |(_, value)| &value.range).clone()
}

fn read_examples(
    source: &Arc<Source>,
    node: &Node,
    heading: Range<usize>,
    languages: &Languages,
    lines: &mut Vec<Line>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<Language, Vec<String>> {
    let mut examples = BTreeMap::new();
    if !matches!(node.value, Value::Map(_)) {
        let read = read_language(source, node, heading, problems);
        examples.insert(languages.default_language(), read.iter().map(|line| line.text.clone()).collect());
        lines.extend(read);
        return examples;
    }
    for (key, value) in yaml::entries(source, node, "`examples`", problems).unwrap_or_default() {
        if let Some(language) = languages.read(source, &key.range, &key.name, problems) {
            let mut read = read_language(source, value, key.range.clone(), problems);
            for line in &mut read {
                line.language = Some(language);
            }
            examples.insert(language, read.iter().map(|line| line.text.clone()).collect());
            lines.extend(read);
        }
    }
    examples
}

/// The examples of one language; `heading` is where to point when their number is wrong.
fn read_language(source: &Arc<Source>, node: &Node, heading: Range<usize>, problems: &mut Vec<Problem>) -> Vec<Line> {
    let Some(items) = yaml::list(source, node, "`examples`", problems) else { return Vec::new() };
    if items.is_empty() {
        let problem = Problem::error("missing-examples", source, heading, "there is no example");
        problems.push(problem.suggest("write 10 to 30 ways in which customers say it, one a line after `- `"));
        return Vec::new();
    }
    let lines = read_items(source, items, "an example", problems);
    let number = items.len();
    if number < FEW_EXAMPLES {
        let problem = Problem::warning(
            "few-examples",
            source,
            heading,
            format!("only {number} example{}", if number == 1 { "" } else { "s" }),
        );
        problems.push(problem.suggest(format!("with fewer than {FEW_EXAMPLES} the bot misses much: add varied ones")));
    } else if number > MANY_EXAMPLES {
        let problem = Problem::warning("many-examples", source, heading, format!("{number} examples"));
        problems.push(
            problem
                .suggest(format!("more than {MANY_EXAMPLES} bring little: keep the varied ones, or split the intent")),
        );
    }
    lines
}

fn read_lines(source: &Arc<Source>, node: &Node, what: &str, problems: &mut Vec<Problem>) -> Vec<Line> {
    let items = yaml::list(source, node, what, problems).unwrap_or_default();
    read_items(source, items, "a line", problems)
}

fn read_items(source: &Arc<Source>, items: &[Node], what: &str, problems: &mut Vec<Problem>) -> Vec<Line> {
    let mut lines = Vec::with_capacity(items.len());
    for item in items {
        let Some(text) = yaml::text(source, item, what, problems) else { continue };
        let chars = text.chars().count();
        if chars > MAX_EXAMPLE_CHARS {
            let message = format!("{what} of {chars} characters");
            let problem = Problem::warning("example-too-long", source, item.range.clone(), message);
            problems.push(problem.suggest("write it as short as customers do, or as several lines"));
        }
        lines.push(Line { text: text.to_owned(), language: None, range: item.range.clone() });
    }
    lines
}

fn bad_value(source: &Arc<Source>, node: &Node, message: String, suggestion: String) -> Problem {
    Problem::error("bad-value", source, node.range.clone(), message).suggest(suggestion)
}

fn read_escalate(source: &Arc<Source>, node: &Node, problems: &mut Vec<Problem>) -> bool {
    match yaml::text(source, node, "`escalate`", problems) {
        Some("always") => true,
        Some(other) => {
            let message = format!("`escalate` is `always` or left out, not `{other}`");
            problems.push(bad_value(
                source,
                node,
                message,
                "write `escalate: always`, or take the line out".to_owned(),
            ));
            false
        }
        None => false,
    }
}

fn read_danger(source: &Arc<Source>, node: &Node, problems: &mut Vec<Problem>) -> Option<Danger> {
    let name = yaml::text(source, node, "`danger`", problems)?;
    let danger = Danger::ALL.into_iter().find(|danger| danger.as_str() == name);
    if danger.is_none() {
        let known = Danger::ALL.map(Danger::as_str);
        let suggestion =
            did_you_mean(name, known).unwrap_or_else(|| format!("the dangers are {}", yaml::listed(&known)));
        let message = format!("`{name}` is not a danger that is known here");
        problems.push(Problem::error("unknown-danger", source, node.range.clone(), message).suggest(suggestion));
    }
    danger
}

fn read_priority(source: &Arc<Source>, node: &Node, problems: &mut Vec<Problem>) -> Option<i32> {
    let text = yaml::text(source, node, "`priority`", problems)?;
    let number = text.parse().ok();
    if number.is_none() {
        let message = format!("`priority` is a whole number, not `{text}`");
        problems.push(bad_value(source, node, message, "for example `priority: 10`; the default is 0".to_owned()));
    }
    number
}

/// What two lines have in common when a customer would call them the same: no case, no punctuation, no doubled spaces.
pub fn same_line(text: &str) -> String {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’')
        .map(|word| word.replace(['\'', '’'], "").to_lowercase())
        .filter(|word| !word.is_empty())
        .collect();
    // Signs alone, such as an emoji, are compared as they are.
    if words.is_empty() { text.trim().to_owned() } else { words.join(" ") }
}

/// Reports lines that stand twice, in one intent or in two, and lines that an intent both has and denies.
pub fn check_duplicates(intents: &[IntentFile], problems: &mut Vec<Problem>) {
    let mut seen: HashMap<String, (&IntentFile, &Line)> = HashMap::new();
    for file in intents {
        for line in &file.examples {
            let Some((first, first_line)) = seen.get(&same_line(&line.text)) else {
                seen.insert(same_line(&line.text), (file, line));
                continue;
            };
            let problem = if first.intent.name == file.intent.name {
                let message = "the example stands in this intent a second time";
                Problem::warning("duplicate-example", &file.source, line.range.clone(), message)
                    .suggest("take one of them out")
            } else {
                let message = format!("the example also stands in the intent `{}`", first.intent.name);
                let problem = Problem::error("duplicate-example", &file.source, line.range.clone(), message);
                problem.suggest("a line means one thing: keep it in one of the two intents")
            };
            problems.push(problem.also(&first.source, first_line.range.clone()));
        }
    }
    for file in intents {
        for line in &file.not {
            if let Some((first, first_line)) = seen.get(&same_line(&line.text))
                && first.intent.name == file.intent.name
            {
                let message = "the line stands under `examples` and under `not`";
                let problem = Problem::error("contradicting-example", &file.source, line.range.clone(), message);
                problems
                    .push(problem.suggest("keep it in one of the two").also(&first.source, first_line.range.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("When will my power be back?", "when will  my power be back")]
    #[case("what's up", "Whats up!")]
    #[case("¿Cuándo regresa la luz?", "cuándo regresa la luz")]
    fn lines_that_a_customer_would_call_the_same_are_the_same(#[case] a: &str, #[case] b: &str) {
        assert_eq!(same_line(a), same_line(b));
    }

    #[rstest]
    #[case("no power", "power")]
    #[case("👍", "👎")]
    #[case("???", "!!!")]
    fn other_lines_are_not(#[case] a: &str, #[case] b: &str) {
        assert_ne!(same_line(a), same_line(b));
    }
}
