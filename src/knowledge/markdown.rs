//! The Markdown that every channel can show: checked in the admins' texts, and kept out of filled-in values.

use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag};

use super::{
    problem::{Problem, Severity},
    template::Passage,
};

/// Appends a value so that Markdown shows it as it is. Addresses (`https://…`, `name@host`) stay as they are written: a channel
/// may find them by their looks, and an `_` inside a word means nothing to Markdown.
pub fn push_escaped(out: &mut String, value: &str) {
    for (index, word) in value.split_whitespace().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        if is_address(word) {
            out.push_str(word);
            continue;
        }
        let starts_line = starts_line(out);
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        for (at, c) in word.char_indices() {
            let next = word[at + c.len_utf8()..].chars().next();
            let special = match c {
                '\\' | '`' | '*' | '_' | '[' | ']' | '~' => true,
                '&' => next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '#'),
                '<' => next.is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?')),
                _ => false,
            };
            // At the start of a line these begin a list, a heading or a quotation.
            let block = starts_line && at == 0 && matches!(c, '#' | '-' | '+' | '=' | '>')
                || starts_line && at > 0 && at == digits && matches!(c, '.' | ')');
            if special || block {
                out.push('\\');
            }
            out.push(c);
        }
    }
}

/// Whether what follows stands where Markdown looks for lists and headings: nothing but their signs before it in its line.
fn starts_line(out: &str) -> bool {
    let line = out.rsplit('\n').next().unwrap_or_default();
    line.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '*' | '+' | '.' | ')' | '>'))
}

fn is_address(word: &str) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-._/:?=&#%+@,;".contains(c);
    (word.contains("://") || word.contains('@'))
        && word.chars().all(safe)
        && !word.starts_with('_')
        && !word.ends_with('_')
}

/// Reports Markdown that not every channel can show, and links that lead nowhere. `values` are the placeholders of the
/// passage with what will stand there.
pub fn check(passage: &Passage<'_>, values: &[(Range<usize>, Option<String>)], problems: &mut Vec<Problem>) {
    let (text, fillers) = with_fillers(passage.text, values);
    let real =
        |target: &str| fillers.iter().fold(target.to_owned(), |target, (filler, value)| target.replace(filler, value));
    let mut links = 0;
    let parser = Parser::new_ext(&text, Options::ENABLE_TABLES);
    let mut last_shown = 0;
    for (event, range) in parser.into_offset_iter() {
        let mut report = |code, severity, message: &str, suggestion: &str| {
            // One problem a place: a table is also rows and cells.
            if range.start >= last_shown {
                last_shown = range.end;
                let mut problem =
                    Problem::error(code, passage.source, passage.locate(range.clone()), message).suggest(suggestion);
                problem.severity = severity;
                problems.push(problem);
            }
        };
        let not_shown = "unsupported-markdown";
        match event {
            Event::Start(Tag::Heading { .. }) => {
                let message = "headings cannot be shown on every channel";
                let suggestion =
                    "write a line in **bold**; a line of `---` or `===` right below a text makes it a heading too";
                report(not_shown, Severity::Error, message, suggestion);
            }
            Event::Start(Tag::Table(_)) => {
                report(not_shown, Severity::Error, "tables cannot be shown on every channel", "write a list");
            }
            Event::Start(Tag::Image { .. }) => {
                report(
                    not_shown,
                    Severity::Error,
                    "images cannot be shown on every channel",
                    "write a link: without the `!`",
                );
            }
            Event::Html(_) | Event::InlineHtml(_) => {
                report(
                    not_shown,
                    Severity::Error,
                    "raw HTML is not shown",
                    "take it out, or write `\\<` if the sign itself is meant",
                );
            }
            Event::Start(Tag::CodeBlock(_)) => {
                let message = "a block of code looks different on every channel";
                report(
                    not_shown,
                    Severity::Warning,
                    message,
                    "four spaces at the start of a line make one: take them out",
                );
            }
            Event::Start(Tag::BlockQuote(_)) => {
                report(
                    not_shown,
                    Severity::Warning,
                    "a quotation looks different on every channel",
                    "write a plain paragraph",
                );
            }
            Event::Rule => {
                report(not_shown, Severity::Warning, "a ruled line is not shown on every channel", "take it out");
            }
            Event::Start(Tag::Link { link_type, dest_url, .. }) => {
                links += 1;
                let target = real(&dest_url);
                if let Some((message, suggestion)) = bad_target(&target, link_type) {
                    report("broken-link", Severity::Error, &message, &suggestion);
                }
            }
            Event::End(pulldown_cmark::TagEnd::Link) => links -= 1,
            Event::Text(_) if links == 0 => {
                let shown = &text[range.clone()];
                let escaped = text[..range.start].ends_with('\\');
                if let Some(at) = shown.find(['[', ']']).filter(|at| *at > 0 || !escaped) {
                    let line_end = text[range.start + at..].find('\n').map_or(text.len(), |end| range.start + at + end);
                    if range.start + at >= last_shown {
                        last_shown = line_end;
                        let part = passage.locate(range.start + at..line_end);
                        let message = "a bracket that belongs to no link";
                        let suggestion = "write a link as `[text](https://…)`, without spaces in the address; write `\\[` if the sign itself is meant";
                        problems.push(Problem::error("broken-link", passage.source, part, message).suggest(suggestion));
                    }
                }
            }
            _ => {}
        }
    }
}

/// The text with a word of the same length in each placeholder's place, so that Markdown is read as the customer's will be and every place
/// stays what it is; and the words with their values.
fn with_fillers(text: &str, values: &[(Range<usize>, Option<String>)]) -> (String, Vec<(String, String)>) {
    let mut text = text.to_owned();
    let mut fillers = Vec::new();
    for (index, (range, value)) in values.iter().enumerate() {
        let filler = format!("{:x<width$}", format!("q{index}q"), width = range.len());
        if filler.len() == range.len() {
            text.replace_range(range.clone(), &filler);
            // Without a value the gap is already reported: any address will do.
            fillers.push((filler, value.clone().unwrap_or_else(|| "https://unknown.example".to_owned())));
        }
    }
    (text, fillers)
}

fn bad_target(target: &str, link_type: LinkType) -> Option<(String, String)> {
    let form = "a link leads to `https://…`, `mailto:…` or `tel:…`".to_owned();
    let target = if link_type == LinkType::Email { format!("mailto:{target}") } else { target.to_owned() };
    if target.is_empty() {
        return Some(("the link has no address".to_owned(), form));
    }
    if target.contains(char::is_whitespace) {
        return Some((format!("the link's address `{target}` contains a space"), form));
    }
    let rest = ["https://", "http://", "mailto:", "tel:"].iter().find_map(|scheme| target.strip_prefix(scheme));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') => None,
        Some(_) => Some((format!("the link's address `{target}` is not complete"), form)),
        None if target.starts_with("www.") => Some((
            format!("the link's address `{target}` leads nowhere outside a web page"),
            format!("write `https://{target}`"),
        )),
        None => Some((format!("the link's address `{target}` leads nowhere in a chat"), form)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::knowledge::problem::Source;

    fn problems(text: &str) -> Vec<String> {
        let source = Arc::new(Source { path: "responses/a.md".to_owned(), text: text.to_owned() });
        let mut problems = Vec::new();
        check(&Passage { source: &source, range: 0..text.len(), text }, &[], &mut problems);
        problems.into_iter().map(|problem| format!("{}: {}", problem.code, problem.place.text)).collect()
    }

    #[rstest]
    #[case("Call **now** or [write](mailto:help@example.com).\n\n- one\n- two\n\n1. first\n2. second")]
    #[case("See <https://example.com/a_b> or [the map](https://example.com/map). \\[sic\\]")]
    #[case("Call [555-0100](tel:555-0100) & keep 5 < 6 in mind.")]
    fn what_every_channel_shows_is_fine(#[case] text: &str) {
        assert_eq!(problems(text), Vec::<String>::new());
    }

    #[rstest]
    #[case("[map]()", "broken-link: [map]()")]
    #[case("a [map](/map) b", "broken-link: [map](/map)")]
    #[case("[map](www.example.com)", "broken-link: [map](www.example.com)")]
    #[case("[map](javascript:alert)", "broken-link: [map](javascript:alert)")]
    #[case("[map](https://)", "broken-link: [map](https://)")]
    #[case("one\ntwo [map](https://example.com\nthree", "broken-link: [map](https://example.com")]
    #[case("[map(https://example.com)", "broken-link: [map(https://example.com)")]
    #[case("[map][ref]", "broken-link: [map][ref]")]
    #[case("Hello\n\n# Power", "unsupported-markdown: # Power")]
    #[case("Power\n---\nmore", "unsupported-markdown: Power")]
    #[case("a <b>c</b>", "unsupported-markdown: <b>")]
    #[case("![map](https://example.com/a.png)", "unsupported-markdown: ![map](https://example.com/a.png)")]
    #[case("|a|b|\n|-|-|\n|1|2|", "unsupported-markdown: |a|b|")]
    fn what_some_channel_cannot_show_is_reported(#[case] text: &str, #[case] problem: &str) {
        assert_eq!(problems(text).first().map(String::as_str), Some(problem));
    }

    fn shown(markdown: &str) -> String {
        let mut shown = String::new();
        for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
            match event {
                Event::Text(text) => shown.push_str(&text),
                Event::SoftBreak => shown.push('\n'),
                Event::Start(Tag::Paragraph) | Event::End(_) => {}
                other => shown.extend(["?", &format!("{other:?}")]),
            }
        }
        shown
    }

    #[test]
    fn an_address_survives_as_it_is_written() {
        let mut out = String::new();
        push_escaped(&mut out, "see https://example.com/a_b?c=d&e=f or mail press_office@example.com");
        assert_eq!(out, "see https://example.com/a_b?c=d&e=f or mail press_office@example.com");
    }

    proptest! {
        #[test]
        fn a_value_is_shown_as_it_is_written(
            before in prop::sample::select(vec!["", "Say: ", "One\n"]),
            value in "[a-z0-9*_#<>&;!.()\\[\\]\\\\`~|+=: -]{1,30}",
        ) {
            let expected = value.split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assume!(!expected.is_empty());
            let mut text = before.to_owned();
            push_escaped(&mut text, &value);
            prop_assert_eq!(shown(&text), format!("{before}{expected}").trim().to_owned(), "{}", text);
        }
    }
}
