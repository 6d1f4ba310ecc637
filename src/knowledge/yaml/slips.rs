//! The slips behind YAML that cannot be read, or that is read as something else than was meant.

use std::ops::Range;

use crate::knowledge::problem::Source;

/// What somebody probably did, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Slip {
    pub code: &'static str,
    pub range: Range<usize>,
    pub message: String,
    pub hint: &'static str,
}

/// Characters that look like a blank or like nothing, and are neither to YAML.
const INVISIBLE: [(char, &str); 9] = [
    ('\u{a0}', "a no-break space"),
    ('\u{2007}', "a figure space"),
    ('\u{202f}', "a narrow no-break space"),
    ('\u{3000}', "an ideographic space"),
    ('\u{200b}', "a zero-width space"),
    ('\u{200e}', "a left-to-right mark"),
    ('\u{200f}', "a right-to-left mark"),
    ('\u{2060}', "a word joiner"),
    ('\u{feff}', "a byte order mark"),
];

/// Dashes that word processors put in the place of `-`.
const OTHER_DASHES: [char; 4] = ['–', '—', '•', '−'];

const BLANK_MISSING: &str = "write a blank after it";

/// The slip that explains why the YAML in `part` could not be read up to `line` (counted from 1 in the whole file), where one can be told.
pub fn behind(source: &Source, part: &Range<usize>, line: usize) -> Option<Slip> {
    let lines = lines(source, part, line);
    let first = |find: fn(&str) -> Option<Found>| lines.iter().find_map(|range| slip(source, range, find));
    // What stands where the parser gave up, or one line before.
    let near = |find: fn(&str) -> Option<Found>| {
        let filled = lines.iter().rev().filter(|range| !is_blank(&source.text[(*range).clone()]));
        filled.take(2).find_map(|range| slip(source, range, find))
    };
    // A text of several lines in quotes is fine as long as something else explains the trouble.
    (first(tab).or_else(|| first(invisible)).or_else(|| near(blank_missing)).or_else(|| near(other_dash)))
        .or_else(|| first(unclosed_quote))
}

/// The slip that makes one text of what was meant as keys or list items.
pub fn within_text(source: &Source, text: &Range<usize>) -> Option<Slip> {
    let line = source.position(text.end.saturating_sub(1).max(text.start)).0;
    let start = source.line(source.position(text.start).0).start;
    let lines = lines(source, &(start..text.end), line);
    let first = |find: fn(&str) -> Option<Found>| lines.iter().find_map(|range| slip(source, range, find));
    first(invisible).or_else(|| first(blank_missing)).or_else(|| first(other_dash))
}

/// A line that begins with `-` and is read as part of the text above it, because it is indented further.
pub fn swallowed(source: &Source, text: &Range<usize>) -> Option<Slip> {
    let written = &source.text[text.clone()];
    if written.starts_with(['"', '\'', '|', '>']) {
        return None;
    }
    let mut at = text.start;
    for (index, line) in written.split_inclusive('\n').enumerate() {
        let start = at + line.len() - line.trim_start().len();
        if index > 0 && line.trim_start().starts_with('-') {
            return Some(Slip {
                code: "swallowed-line",
                range: start..start + line.trim().len(),
                message: "this line is read as part of the text above it".to_owned(),
                hint: "begin it in the same column as the other items: it is indented too far",
            });
        }
        at += line.len();
    }
    None
}

/// What `#` took away: a value that is empty because of it, or the end of a text.
pub fn remark(source: &Source, after: usize) -> Option<Range<usize>> {
    let line = source.line(source.position(after).0);
    let rest = &source.text[after.min(line.end)..line.end];
    let begins = rest.len() - rest.trim_start_matches([' ', '\t', ':', '-']).len();
    let remark = &rest[begins..];
    // "# remark" is meant as one; "#311" is not.
    let is_text = remark.starts_with('#') && remark[1..].starts_with(|c: char| !c.is_whitespace() && c != '#');
    is_text.then(|| line.end - remark.len()..line.end)
}

/// The text between typographic quotes that stand around all of it.
pub fn unquoted(text: &str) -> Option<&str> {
    let pairs = [("“", "”"), ("”", "”"), ("„", "“"), ("„", "”"), ("‘", "’"), ("‚", "‘")];
    let (open, inner) = pairs.iter().find_map(|(open, close)| {
        let inner = text.strip_prefix(open)?.strip_suffix(close)?;
        Some((open, inner))
    })?;
    (!inner.contains(['“', '”', '„']) && !inner.contains(open)).then_some(inner.trim())
}

struct Found {
    code: &'static str,
    /// Within the line.
    range: Range<usize>,
    message: String,
    hint: &'static str,
}

fn slip(source: &Source, line: &Range<usize>, find: fn(&str) -> Option<Found>) -> Option<Slip> {
    let Found { code, range, message, hint } = find(&source.text[line.clone()])?;
    Some(Slip { code, range: line.start + range.start..line.start + range.end, message, hint })
}

fn lines(source: &Source, part: &Range<usize>, last: usize) -> Vec<Range<usize>> {
    (source.position(part.start).0..=last).map(|number| source.line(number)).collect()
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with('#')
}

/// How many bytes of white space a line begins with, whatever white space that is.
fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(|c: char| c.is_whitespace() || name_of(c).is_some()).len()
}

fn name_of(c: char) -> Option<&'static str> {
    INVISIBLE.iter().find(|(invisible, _)| *invisible == c).map(|(_, name)| *name)
}

fn tab(line: &str) -> Option<Found> {
    let at = line[..indent(line)].find('\t').filter(|_| !is_blank(line))?;
    Some(Found {
        code: "bad-indentation",
        range: at..at + 1,
        message: "a tab stands where the line is indented".to_owned(),
        hint: "indent with spaces: YAML does not allow tabs",
    })
}

/// An invisible character before the first word, or right after a `-` or a `key:`.
fn invisible(line: &str) -> Option<Found> {
    let content = indent(line);
    let key = line[content..].find(':').filter(|length| is_key(&line[content..content + length]));
    let after = [Some(content).filter(|at| line[*at..].starts_with('-')), key.map(|length| content + length)];
    let after = after.into_iter().flatten().map(|at| at + 1);
    let mut spots = line[..content].char_indices().chain(after.filter_map(|at| Some((at, line[at..].chars().next()?))));
    let (at, c, name) = spots.find_map(|(at, c)| Some((at, c, name_of(c)?)))?;
    Some(Found {
        code: "invisible-character",
        range: at..at + c.len_utf8(),
        message: format!("{name} (U+{:04X}) stands here: it looks like a blank and is none", u32::from(c)),
        hint: "delete it and write a blank; text copied from a web page or a word processor brings such characters along",
    })
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.len() <= 40 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `key:value` or `-item`.
fn blank_missing(line: &str) -> Option<Found> {
    let content = indent(line);
    let text = &line[content..];
    if text.starts_with('-') && text[1..].starts_with(|c: char| c.is_alphabetic()) {
        let message = "a blank is missing after `-`".to_owned();
        return Some(Found { code: "bad-yaml", range: content..line.len(), message, hint: BLANK_MISSING });
    }
    let length = text.find(':').filter(|length| is_key(&text[..*length]))?;
    // `https://…` has none either.
    let missing = text[length + 1..].starts_with(|c: char| !c.is_whitespace() && c != '/' && c != ':');
    let message = format!("a blank is missing after `{}:`", &text[..length]);
    missing.then_some(Found { code: "bad-yaml", range: content..line.len(), message, hint: BLANK_MISSING })
}

fn other_dash(line: &str) -> Option<Found> {
    let content = indent(line);
    let dash = line[content..].chars().next().filter(|c| OTHER_DASHES.contains(c))?;
    let message = format!("`{dash}` is not the `-` that begins an item of a list");
    let hint = "write `- ` there; word processors put other signs in its place";
    Some(Found { code: "bad-yaml", range: content..content + dash.len_utf8(), message, hint })
}

fn unclosed_quote(line: &str) -> Option<Found> {
    let content = indent(line);
    if line[content..].starts_with('#') {
        return None;
    }
    let text = line[content..].trim_start_matches("- ");
    let value = match text.find(':').filter(|length| is_key(&text[..*length])) {
        Some(length) => text[length + 1..].trim_start(),
        None => text,
    };
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inner = &value[1..];
    let closes = |at: usize| quote == '\'' || !inner[..at].ends_with('\\');
    if inner.match_indices(quote).any(|(at, _)| closes(at)) {
        return None;
    }
    let start = line.len() - value.len();
    Some(Found {
        code: "bad-yaml",
        range: start..line.trim_end().len(),
        message: format!("the quote {quote} is opened here and not closed"),
        hint: "close it at the end of the text, or take it out",
    })
}
