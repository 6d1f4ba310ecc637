//! YAML as a tree in which every value knows where it stands, so that all problems of a file can be told at once.

mod slips;

use std::{fmt, ops::Range, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{DuplicateKeyPolicy, Spanned};

use super::problem::{Problem, Source, nearest};

/// A value and the bytes of the file that it comes from (for lists and maps: where they begin).
#[derive(Debug, Clone)]
pub struct Node {
    pub value: Value,
    pub range: Range<usize>,
}

#[derive(Debug, Clone)]
pub enum Value {
    Empty,
    /// As written: `007`, `no` and `1.50` are text here.
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Debug, Clone)]
pub struct Key {
    pub name: String,
    pub range: Range<usize>,
}

impl Node {
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What stands here, in words.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Empty => "nothing",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "`key: value`",
        }
    }
}

/// Reads the YAML in `part` of a file. On broken YAML there is one problem and no tree.
pub fn parse(source: &Arc<Source>, part: Range<usize>, problems: &mut Vec<Problem>) -> Option<Node> {
    let text = &source.text[part.clone()];
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Some(Node { value: Value::Empty, range: part.start..part.start });
    }
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options) {
        Ok(raw) => Some(place(raw, text, part.start)),
        Err(error) => {
            problems.push(broken(source, &part, &error));
            None
        }
    }
}

/// What serde makes of YAML, before the places are worked in.
enum Raw {
    Empty,
    Text(String),
    /// A number or truth value: its text is taken from the file, as it was written.
    Plain,
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RawVisitor;

        impl<'de> Visitor<'de> for RawVisitor {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a list, or keys with values")
            }
            fn visit_unit<E>(self) -> Result<Raw, E> {
                Ok(Raw::Empty)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
                Ok(Raw::Plain)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
                Ok(Raw::Plain)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
                Ok(Raw::Plain)
            }
            fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
                Ok(Raw::Plain)
            }
            fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
                Ok(Raw::Plain)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
                Ok(Raw::Plain)
            }
            fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
                Ok(Raw::Text(text.to_owned()))
            }
            fn visit_string<E>(self, text: String) -> Result<Raw, E> {
                Ok(Raw::Text(text))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Raw, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Raw::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Raw::Map(entries))
            }
        }

        deserializer.deserialize_any(RawVisitor)
    }
}

fn place(raw: Spanned<Raw>, text: &str, base: usize) -> Node {
    let within = bytes_of(raw.defined, text);
    let value = match raw.value {
        Raw::Empty => Value::Empty,
        Raw::Text(text) => Value::Text(text),
        Raw::Plain => Value::Text(text[within.clone()].trim().to_owned()),
        Raw::List(items) => Value::List(items.into_iter().map(|item| place(item, text, base)).collect()),
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| {
                    let range = bytes_of(key.defined, text);
                    let key = Key { name: key.value, range: range.start + base..range.end + base };
                    (key, place(value, text, base))
                })
                .collect(),
        ),
    };
    Node { value, range: within.start + base..within.end + base }
}

fn bytes_of(location: serde_saphyr::Location, text: &str) -> Range<usize> {
    let span = location.span();
    let start = span.byte_offset().map_or(0, |offset| offset as usize).min(text.len());
    let end = start + span.byte_len().map_or(0, |length| length as usize).min(text.len() - start);
    let start = text.floor_char_boundary(start);
    start..text.floor_char_boundary(end).max(start)
}

/// The parser's word for what is wrong, with a hint: it names the place where it gave up, not what to do.
fn broken(source: &Arc<Source>, part: &Range<usize>, error: &serde_saphyr::Error) -> Problem {
    let text = &source.text[part.clone()];
    let at = error.location().map_or(0, |location| {
        let line = source_line_start(text, location.line() as usize);
        let column = (location.column() as usize).saturating_sub(1);
        line + text[line..].char_indices().nth(column).map_or(text.len() - line, |(byte, _)| byte)
    });
    let (line, _) = source.position(part.start + at);
    if let Some(slip) = slips::behind(source, part, line) {
        return slipped(source, slip);
    }
    let range = source.line(line);
    let start = (part.start + at).clamp(range.start, range.end);
    // What the parser says of these speaks to programmers; the rest is plain, but for a place counted from the front matter's start.
    let message = match error.without_snippet() {
        serde_saphyr::Error::MultipleDocuments { .. } => "a line `---` begins a second document".to_owned(),
        serde_saphyr::Error::Budget { .. } => "it holds more values than any of these files needs".to_owned(),
        other => other.to_string(),
    };
    let message = message.split(" at line ").next().unwrap_or(&message).trim_end_matches([',', ':', '.']).to_owned();
    let (code, hint) = hint(source, part, line);
    Problem::error(code, source, start..range.end.max(start), format!("the YAML cannot be read: {message}"))
        .suggest(hint)
}

fn source_line_start(text: &str, line: usize) -> usize {
    text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum()
}

fn slipped(source: &Arc<Source>, slip: slips::Slip) -> Problem {
    Problem::error(slip.code, source, slip.range, slip.message).suggest(slip.hint)
}

/// Guesses the slip behind broken YAML from the line where the parser gave up and the one before it.
fn hint(source: &Arc<Source>, part: &Range<usize>, line: usize) -> (&'static str, &'static str) {
    let first = source.position(part.start).0;
    let lines: Vec<&str> = (first..=line).map(|number| &source.text[source.line(number)]).collect();
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    if lines.iter().skip(1).any(|line| line.trim_end() == "---") {
        return ("bad-yaml", "take the line `---` out: it stands only around the front matter of a response");
    }
    let mut filled = lines.iter().rev().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let (this, before) = (filled.next().copied().unwrap_or(""), filled.next().copied().unwrap_or(""));
    let value = |line: &str| {
        let line = line.trim_start().trim_start_matches("- ");
        line.split_once(": ").map_or(line, |(_, value)| value).trim().to_owned()
    };
    for line in [this, before] {
        let value = value(line);
        if value.starts_with("{{") {
            return ("bad-yaml", "put the text in quotes: YAML takes `{` for the start of something else");
        }
        if value.starts_with(['@', '`', '%', '*', '&', '!', '{', '[', '|', '>'])
            && !value.ends_with(['|', '>', '}', ']'])
        {
            return ("bad-yaml", "put the text in quotes: its first character has a meaning of its own in YAML");
        }
        if value.starts_with('"') && !value[1..].ends_with('"')
            || value.starts_with('\'') && !value[1..].ends_with('\'')
        {
            return (
                "bad-yaml",
                "a quote is opened and not closed, or text follows it: put the whole text in one pair of quotes",
            );
        }
        if value.contains(": ") {
            return ("bad-yaml", "put the text in quotes: `: ` has a meaning of its own in YAML");
        }
    }
    if indent(this) != indent(before) {
        return ("bad-indentation", "check the indentation: keys that belong together begin in the same column");
    }
    ("bad-yaml", "check this line and the one before it: a missing `:`, `-` or quote is the usual slip")
}

/// The keys of a map, checked: unknown and repeated ones are reported, and the first of each is kept.
pub struct Fields<'a> {
    source: &'a Arc<Source>,
    what: &'a str,
    range: Range<usize>,
    entries: Vec<(&'a Key, &'a Node)>,
    /// The known keys that unknown ones probably mean.
    meant: Vec<String>,
}

impl<'a> Fields<'a> {
    /// `what` names the thing in messages, such as "an intent".
    pub fn new(
        source: &'a Arc<Source>,
        node: &'a Node,
        what: &'a str,
        known: &[&str],
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let entries = entries(source, node, what, problems)?;
        let (fields, others): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|(key, _)| known.contains(&key.name.as_str()));
        let mut meant = Vec::new();
        for (key, _) in others {
            let message = format!("`{}` is not a key of {what}", key.name);
            // What is there already is not meant a second time.
            let free = known.iter().copied().filter(|name| fields.iter().all(|(key, _)| key.name != *name));
            let word = slips::unquoted(&key.name).unwrap_or(&key.name);
            let suggestion = match nearest(word, free) {
                Some(name) => {
                    meant.push(name.to_owned());
                    format!("did you mean `{name}`?")
                }
                None => format!("its keys are {}", listed(known)),
            };
            problems.push(Problem::error("unknown-key", source, key.range.clone(), message).suggest(suggestion));
        }
        Some(Self { source, what, range: node.range.start..node.range.start, entries: fields, meant })
    }

    /// The value of a key; None if it is not there or nothing follows it.
    pub fn get(&self, name: &str) -> Option<&'a Node> {
        let (_, node) = self.entries.iter().find(|(key, _)| key.name == name)?;
        (!matches!(node.value, Value::Empty)).then_some(*node)
    }

    /// Where a key stands.
    pub fn key(&self, name: &str) -> Option<Range<usize>> {
        self.entries.iter().find(|(key, _)| key.name == name).map(|(key, _)| key.range.clone())
    }

    /// Whether a key is there, if only misspelt.
    pub fn mentions(&self, name: &str) -> bool {
        self.key(name).is_some() || self.is_meant(name)
    }

    /// Whether an unknown key is probably this one, misspelt.
    pub fn is_meant(&self, name: &str) -> bool {
        self.meant.iter().any(|meant| meant == name)
    }

    /// Like [`Fields::get`], and its absence is an error, unless a misspelt key explains it.
    pub fn need(&self, name: &str, suggestion: &str, problems: &mut Vec<Problem>) -> Option<&'a Node> {
        let found = self.get(name);
        if found.is_none() && !self.is_meant(name) {
            let key = self.key(name);
            if let Some(remark) = key.as_ref().and_then(|key| slips::remark(self.source, key.end)) {
                problems.push(taken_for_a_remark(self.source, remark, &format!("`{name}` of {}", self.what)));
                return None;
            }
            let message = match key {
                Some(_) => format!("`{name}` of {} is empty", self.what),
                None => format!("{} needs `{name}`", self.what),
            };
            let range = key.unwrap_or_else(|| self.source.line(self.source.position(self.range.start).0));
            problems.push(Problem::error("missing-key", self.source, range, message).suggest(suggestion));
        }
        found
    }
}

/// The entries of a map, the first of each key; repeated keys are reported.
pub fn entries<'a>(
    source: &Arc<Source>,
    node: &'a Node,
    what: &str,
    problems: &mut Vec<Problem>,
) -> Option<Vec<(&'a Key, &'a Node)>> {
    let entries = match &node.value {
        Value::Map(entries) => entries.as_slice(),
        Value::Empty => &[],
        _ => {
            problems.push(slip_of_text(source, node).unwrap_or_else(|| {
                let message = format!("{what} is written as `key: value` lines, but this is {}", node.kind());
                Problem::error("wrong-kind", source, node.range.clone(), message)
            }));
            return None;
        }
    };
    let mut kept: Vec<(&Key, &Node)> = Vec::new();
    for (key, value) in entries {
        if let Some((first, _)) = kept.iter().find(|(other, _)| other.name == key.name) {
            let message = format!("`{}` stands here a second time", key.name);
            let problem = Problem::error("duplicate-key", source, key.range.clone(), message);
            problems.push(problem.suggest("keep one of the two").also(source, first.range.clone()));
        } else {
            kept.push((key, value));
        }
    }
    Some(kept)
}

/// The text of a node; anything else, and an empty text, is an error.
pub fn text<'a>(source: &Arc<Source>, node: &'a Node, what: &str, problems: &mut Vec<Problem>) -> Option<&'a str> {
    match node.text().map(str::trim) {
        Some("") => {
            problems.push(Problem::error("empty-text", source, node.range.clone(), format!("{what} is empty")));
            None
        }
        Some(text) => {
            if let Some(slip) = slips::swallowed(source, &node.range) {
                problems.push(slipped(source, slip));
            }
            if let Some(remark) = slips::remark(source, node.range.end) {
                let message = "what follows `#` is a remark and not part of the text";
                let problem = Problem::warning("remark-in-text", source, remark, message);
                problems.push(problem.suggest("put the whole text in quotes; a remark is written with a blank: `# …`"));
            }
            let Some(inner) = slips::unquoted(text) else { return Some(text) };
            let message = "typographic quotes are no quotes in YAML: they are taken off here";
            let problem = Problem::warning("typographic-quotes", source, node.range.clone(), message);
            problems.push(problem.suggest("use \""));
            Some(inner)
        }
        None if matches!(node.value, Value::Empty) => {
            problems.push(empty(source, node, what));
            None
        }
        None => {
            let line_end = source.line(source.position(node.range.start).0).end;
            let range = node.range.start..line_end;
            let message = format!("{what} is a text, but this is {}", node.kind());
            let suggestion = if source.text[range.clone()].starts_with(['“', '”', '„']) {
                "typographic quotes are no quotes in YAML: use \""
            } else {
                "if this is meant as text, put all of it in quotes: `: `, `{` and `[` have a meaning in YAML"
            };
            problems.push(Problem::error("wrong-kind", source, range, message).suggest(suggestion));
            None
        }
    }
}

/// Nothing in the place of a text: because of a `#`, a word that means nothing in YAML, or because nothing is there.
fn empty(source: &Arc<Source>, node: &Node, what: &str) -> Problem {
    // Where nothing is, the parser names the end of the line, or a place after it.
    let line = source.line(source.position(node.range.start).0);
    let after_key = source.text[line.clone()].find(':').map_or(line.start, |at| line.start + at);
    let remark = [node.range.start, line.start, after_key].into_iter().find_map(|at| slips::remark(source, at));
    if let Some(remark) = remark {
        return taken_for_a_remark(source, remark, what);
    }
    let written = source.text[node.range.clone()].trim();
    if written.is_empty() {
        return Problem::error("empty-text", source, node.range.clone(), format!("{what} is empty"));
    }
    let message = format!("{what} is empty: `{written}` means nothing in YAML");
    Problem::error("empty-text", source, node.range.clone(), message)
        .suggest("put it in quotes if it is meant as text, or take the line out")
}

fn taken_for_a_remark(source: &Arc<Source>, remark: Range<usize>, what: &str) -> Problem {
    let message = format!("{what} is empty: `#` begins a remark");
    Problem::error("empty-text", source, remark, message).suggest("put the text in quotes")
}

/// `true` or `false`; anything else is an error.
pub fn truth(source: &Arc<Source>, node: &Node, key: &str, problems: &mut Vec<Problem>) -> bool {
    match text(source, node, &format!("`{key}`"), problems) {
        Some("true") => true,
        Some("false") | None => false,
        Some(other) => {
            let message = format!("`{key}` is `true` or `false`, not `{other}`");
            let problem = Problem::error("bad-value", source, node.range.clone(), message);
            problems.push(problem.suggest(format!("write `{key}: true`, or take the line out")));
            false
        }
    }
}

/// The items of a list; anything else is an error.
pub fn list<'a>(source: &Arc<Source>, node: &'a Node, what: &str, problems: &mut Vec<Problem>) -> Option<&'a [Node]> {
    match &node.value {
        Value::List(items) => Some(items),
        Value::Empty => Some(&[]),
        _ => {
            problems.push(slip_of_text(source, node).unwrap_or_else(|| {
                let message = format!("{what} is a list, but this is {}", node.kind());
                let problem = Problem::error("wrong-kind", source, node.range.clone(), message);
                problem.suggest("write one item a line, each after `- `")
            }));
            None
        }
    }
}

fn slip_of_text(source: &Arc<Source>, node: &Node) -> Option<Problem> {
    node.text()?;
    slips::within_text(source, &node.range).map(|slip| slipped(source, slip))
}

/// "`a`, `b` and `c`".
pub fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
