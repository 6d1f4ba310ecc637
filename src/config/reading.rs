//! How `evenkeel.toml` is read: every problem at once, each at its line.

use std::{ops::Range, path::Path, sync::Arc};

use serde::Deserialize as _;
use toml::de::{DeTable, DeValue, Deserializer};

use super::{Config, FILE};
use crate::knowledge::{Problem, Source, did_you_mean, read_source};

/// Reads the file in `dir`; without one the defaults hold. With problems, what they touch is left at its default.
pub(super) fn read(dir: &Path) -> (Config, Vec<Problem>) {
    let mut problems = Vec::new();
    if !dir.join(FILE).exists() {
        return (Config::default(), problems);
    }
    let Some(source) = read_source(dir, FILE, &mut problems) else { return (Config::default(), problems) };
    let config = parse(&source, &mut problems);
    // What a value of its own section left at its default is not held against the others there.
    let sections: Vec<String> = problems.iter().filter_map(|problem| section_of(&source, problem)).collect();
    for message in config.wrong() {
        let key = message.split_whitespace().next().unwrap_or_default();
        if sections.iter().any(|section| key.split('.').next() == Some(section)) {
            continue;
        }
        let range = setting(&source, key).unwrap_or_default();
        problems.push(Problem::error("bad-setting", &source, range, message));
    }
    (config, problems)
}

/// Reads all that can be read: whatever is wrong is reported, blanked out, and the rest is read again.
fn parse(source: &Arc<Source>, problems: &mut Vec<Problem>) -> Config {
    let mut text = source.text.clone();
    loop {
        let table = match DeTable::parse(&text) {
            Ok(table) => table,
            Err(error) => {
                // The text that is blanked out can break only what was reported already.
                if text == source.text {
                    problems.push(unreadable(source, &error));
                }
                return Config::default();
            }
        };
        let error = match Config::deserialize(Deserializer::from(table.clone())) {
            Ok(config) => return config,
            Err(error) => error,
        };
        let span = error.span().unwrap_or_default();
        let item = item_at(table.get_ref(), &text, span.start, &mut Vec::new());
        problems.push(say(source, error.message(), &span, item.as_ref()));
        let Some(Item { range, .. }) = item else { return Config::default() };
        let blank: String = text[range.clone()].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
        if text[range.clone()] == blank {
            return Config::default();
        }
        text.replace_range(range, &blank);
    }
}

fn unreadable(source: &Arc<Source>, error: &toml::de::Error) -> Problem {
    let range = error.span().unwrap_or_default();
    let problem = Problem::error("bad-toml", source, range, format!("this is not TOML: {}", error.message()));
    problem.suggest("a setting is written as `key = value`, text in \"quotes\", a section as `[name]`")
}

/// A setting: the bytes to leave out so that the rest can be read, and where it is.
struct Item {
    range: Range<usize>,
    value: Option<Range<usize>>,
    /// The sections around it and its own name.
    path: Vec<String>,
}

/// The smallest item that holds a byte.
fn item_at(table: &DeTable<'_>, text: &str, at: usize, path: &mut Vec<String>) -> Option<Item> {
    for (key, value) in table {
        path.push(key.get_ref().to_string());
        let found = match value.get_ref() {
            // The name of a section stands in its header; what is in it may stand anywhere below.
            DeValue::Table(_) | DeValue::Array(_) if key.span().contains(&at) => {
                Some(Item { range: whole(text, key.span(), value.span()), value: None, path: path.clone() })
            }
            DeValue::Table(inner) => item_at(inner, text, at, path),
            DeValue::Array(items) => items.iter().find_map(|item| {
                let inner = item.get_ref().as_table().and_then(|table| item_at(table, text, at, path));
                let is_here = inner.is_none() && item.get_ref().is_table() && item.span().contains(&at);
                inner.or_else(|| {
                    is_here.then(|| Item { range: section(text, item.span().start), value: None, path: path.clone() })
                })
            }),
            _ => None,
        };
        let found = found.or_else(|| {
            let range = key.span().start.min(value.span().start)..value.span().end.max(key.span().end);
            let is_here = key.span().contains(&at) || value.span().contains(&at);
            is_here.then(|| Item { range: range.clone(), value: Some(value.span()), path: path.clone() })
        });
        if found.is_some() {
            return found;
        }
        path.pop();
    }
    None
}

/// All of a table or list: with its header the lines to the next one, otherwise `key = value`.
fn whole(text: &str, key: Range<usize>, value: Range<usize>) -> Range<usize> {
    let line = text[..key.start].rfind('\n').map_or(0, |at| at + 1);
    if text[line..].trim_start().starts_with('[') { section(text, line) } else { key.start..value.end.max(key.end) }
}

/// From the header that stands in this line to the next header.
fn section(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let mut end = start;
    for (index, line) in text[start..].split_inclusive('\n').enumerate() {
        if index > 0 && line.trim_start().starts_with('[') {
            break;
        }
        end += line.len();
    }
    start..end
}

/// What the parser says, in the words of who writes the file.
fn say(source: &Arc<Source>, message: &str, span: &Range<usize>, item: Option<&Item>) -> Problem {
    let path: &[String] = item.map_or(&[], |item| &item.path);
    let (name, sections) = path.split_last().map_or(("", path), |(name, sections)| (name.as_str(), sections));
    let place = if sections.is_empty() { "this file".to_owned() } else { format!("[{}]", sections.join(".")) };
    let line = source.line(source.position(span.start).0);
    let shown = span.start..span.end.min(line.end).max(span.start);
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let error = |code, message: String| Problem::error(code, source, shown.clone(), message);
    if let (true, Some((key, known))) = (message.starts_with("unknown field"), quoted.split_first()) {
        let what = if sections.is_empty() {
            "no section or key of this file".to_owned()
        } else {
            format!("not a key of {place}")
        };
        let suggestion = did_you_mean(key, known.iter().copied())
            .unwrap_or_else(|| format!("known here are `{}`", known.join("`, `")));
        return error("unknown-key", format!("`{key}` is {what}")).suggest(suggestion);
    }
    if let (true, Some((word, known))) = (message.starts_with("unknown variant"), quoted.split_first()) {
        let suggestion = did_you_mean(word, known.iter().copied())
            .unwrap_or_else(|| format!("it is one of `{}`", known.join("`, `")));
        return error("bad-setting", format!("`{word}` is nothing that `{name}` can be")).suggest(suggestion);
    }
    if let (true, Some(key)) = (message.starts_with("missing field"), quoted.first()) {
        return error("missing-key", format!("`{}` needs `{key}`", path.join(".")));
    }
    let written = item.and_then(|item| item.value.clone()).map_or("", |value| source.text[value].trim());
    if let Some((_, expected)) = message.strip_prefix("invalid type: ").and_then(|rest| rest.rsplit_once(", expected "))
    {
        let expected = match expected {
            "f32" | "f64" => "a number",
            "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" => "a whole number",
            "a boolean" => "`true` or `false`",
            "a string" => "a text in quotes",
            "a sequence" => "a list in brackets",
            other => other,
        };
        let problem = error("bad-setting", format!("`{name}` is {expected}, not {}", first_line(written)));
        return match number_within(written, expected) {
            Some(suggestion) => problem.suggest(suggestion),
            None => problem,
        };
    }
    if message.contains("socket address") {
        let problem = error("bad-setting", format!("`{name}` is an address and a port, not {}", first_line(written)));
        return problem
            .suggest("for example `127.0.0.1:8080` (this machine only) or `0.0.0.0:8080`; names are not looked up");
    }
    error("bad-setting", message.to_owned())
}

/// What to write in the place of a number in quotes, or of a percentage.
fn number_within(written: &str, expected: &str) -> Option<String> {
    let text = written.trim_matches(['"', '\'']);
    if let Some(percent) = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok()) {
        return Some(format!("write `{}`: a share of 1, here {percent} in 100", percent / 100.0));
    }
    let fits = match expected {
        "a number" | "a whole number" => text.parse::<f64>().is_ok(),
        "`true` or `false`" => matches!(text, "true" | "false"),
        "a text in quotes" => return Some(format!("write `\"{}\"`", first_line(written))),
        "a list in brackets" => return Some(format!("write `[{}]`", first_line(written))),
        _ => false,
    };
    (fits && text != written).then(|| format!("write it without quotes: `{text}`"))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The section that a problem stands in.
fn section_of(source: &Source, problem: &Problem) -> Option<String> {
    let header =
        source.text.lines().take(problem.place.line).filter(|line| line.trim_start().starts_with('[')).last()?;
    let name = header.trim().trim_start_matches('[');
    Some(name.split([']', '.']).next().unwrap_or_default().trim().to_owned())
}

/// Where a setting such as `policy.max_wrong` stands.
fn setting(source: &Source, path: &str) -> Option<Range<usize>> {
    let document = DeTable::parse(&source.text).ok()?;
    let mut table = document.get_ref().clone();
    let mut parts = path.trim_end_matches(':').split('.').peekable();
    while let Some(part) = parts.next() {
        let (key, value) = table.iter().find(|(key, _)| key.get_ref() == part)?;
        let range = key.span().start..value.span().end.max(key.span().end);
        match value.get_ref() {
            DeValue::Table(inner) if parts.peek().is_some() => {
                let inner = inner.clone();
                table = inner;
            }
            _ => return Some(range.start..source.line(source.position(range.start).0).end.min(range.end)),
        }
    }
    None
}
