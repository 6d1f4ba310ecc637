//! Markdown of the bot and the agents as Discord's Markdown, where everything that was meant as text comes out as text.

use pulldown_cmark::{Event, Parser, Tag, TagEnd, TextMergeStream};

use crate::{channels::addresses, message::Author};

/// Bold, italics, lists, quotes, code and web links as Discord writes them. Headings become bold lines, images their description, raw
/// HTML is shown as the text it is. A line break is one where an agent pressed Enter; an admin's editor merely wrapped the line.
pub(super) fn to_discord(markdown: &str, author: &Author) -> String {
    let mut writer = Writer { wrapped: *author == Author::Bot, ..Writer::default() };
    for event in TextMergeStream::new(Parser::new(markdown)) {
        writer.event(event);
    }
    writer.text.trim_end().to_owned()
}

#[derive(Default)]
struct Writer {
    text: String,
    /// Whether a single line break is a space.
    wrapped: bool,
    /// The next number of each open list; none where it has no numbers.
    lists: Vec<Option<u64>>,
    quotes: usize,
    /// Where the text of the open link begins, and its address.
    link: Option<(usize, String)>,
    code: Option<String>,
    /// The line has only its marks so far, so that what looks like another mark must be shown as text.
    line_start: bool,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None if self.link.is_some() => self.escaped(&text),
                None => self.with_links(&text),
            },
            Event::Code(text) => self.inline_code(&text),
            Event::SoftBreak if self.wrapped => self.raw(" "),
            Event::SoftBreak | Event::HardBreak => self.line(),
            Event::Rule => {
                self.paragraph();
                self.raw("———");
            }
            Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.escaped(&text),
            Event::TaskListMarker(done) => self.raw(if done { "☑ " } else { "☐ " }),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.paragraph(),
            Tag::Heading { .. } => {
                self.paragraph();
                self.raw("**");
            }
            Tag::BlockQuote(_) => {
                self.paragraph();
                self.quotes += 1;
                self.raw("> ");
                self.line_start = true;
            }
            Tag::CodeBlock(_) => {
                self.paragraph();
                self.code = Some(String::new());
            }
            Tag::List(first) => {
                if self.lists.is_empty() {
                    self.paragraph();
                }
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            Tag::Emphasis => self.raw("*"),
            Tag::Strong => self.raw("**"),
            Tag::Link { dest_url, .. } if self.link.is_none() => {
                self.link = Some((self.text.len(), dest_url.into_string()));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) | TagEnd::Strong => self.raw("**"),
            TagEnd::Emphasis => self.raw("*"),
            TagEnd::BlockQuote(_) => self.quotes = self.quotes.saturating_sub(1),
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::Link => self.end_link(),
            TagEnd::CodeBlock => self.code_block(),
            _ => {}
        }
    }

    /// A blank line before what follows, unless nothing is written yet.
    fn paragraph(&mut self) {
        if self.text.is_empty() || self.line_start {
            self.line_start = true;
            return;
        }
        if self.lists.is_empty() {
            self.line();
        }
        self.line();
    }

    fn line(&mut self) {
        self.text.push('\n');
        if self.quotes > 0 {
            self.text.push_str("> ");
        }
        self.text.push_str(&"  ".repeat(self.lists.len().saturating_sub(1)));
        self.line_start = true;
    }

    fn item(&mut self) {
        if !self.text.is_empty() && !self.line_start {
            self.line();
        }
        match self.lists.last_mut() {
            Some(Some(number)) => {
                let mark = format!("{number}. ");
                *number += 1;
                self.text.push_str(&mark);
            }
            _ => self.text.push_str("- "),
        }
        self.line_start = true;
    }

    fn raw(&mut self, text: &str) {
        self.text.push_str(text);
        self.line_start = false;
    }

    fn inline_code(&mut self, code: &str) {
        if code.contains('`') || code.trim().is_empty() {
            self.escaped(code);
        } else {
            self.raw(&format!("`{code}`"));
        }
    }

    fn code_block(&mut self) {
        let code = self.code.take().unwrap_or_default();
        // A zero-width space keeps three backticks from ending the block.
        let code = code.trim_end().replace("``", "`\u{200B}`");
        self.raw("```\n");
        for (index, line) in code.split('\n').enumerate() {
            if index > 0 {
                self.line();
            }
            self.raw(line);
        }
        self.line();
        self.raw("```");
    }

    fn end_link(&mut self) {
        let Some((from, address)) = self.link.take() else { return };
        let words = self.text.split_off(from);
        let shown = unescaped(&words);
        if !is_web(&address) {
            // Discord links to nothing else: the address is said, unless the words say it already.
            let plain = address.strip_prefix("mailto:").or(address.strip_prefix("tel:")).unwrap_or(&address).to_owned();
            self.text.push_str(&words);
            if !shown.contains(&plain) && !plain.is_empty() {
                self.raw(" (");
                self.escaped(&plain);
                self.raw(")");
            }
        } else if shown.trim().is_empty() || shown.contains("://") || shown == address {
            // Discord shows no link whose words look like an address: the address itself is the honest one.
            self.raw(&format!("<{address}>"));
        } else {
            self.raw(&format!("[{words}](<{address}>)"));
        }
    }

    /// Text whose bare web addresses stay whole: a backslash inside one would break it. The angle brackets end it where it ends, and
    /// keep previews away.
    fn with_links(&mut self, text: &str) {
        let mut rest = text;
        while let Some((before, address, after)) = addresses::first(rest) {
            self.escaped(before);
            if is_web(address) {
                self.raw(&format!("<{address}>"));
            } else {
                self.escaped(address);
            }
            rest = after;
        }
        self.escaped(rest);
    }

    /// Text with a backslash before everything that Discord would read as a mark or a mention.
    fn escaped(&mut self, text: &str) {
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                self.line();
            }
            let mut digits = self.line_start;
            for char in line.chars() {
                let mark = match char {
                    '\\' | '*' | '_' | '~' | '`' | '|' | '<' | '>' | '[' | ']' | '@' => true,
                    '#' | '-' | '+' => self.line_start,
                    '.' | ')' => digits && !self.line_start,
                    _ => false,
                };
                if mark {
                    self.text.push('\\');
                }
                self.text.push(char);
                digits = digits && char.is_ascii_digit();
                self.line_start = self.line_start && char.is_whitespace();
            }
        }
    }
}

/// What is shown of escaped text.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        plain.extend(if char == '\\' { chars.next() } else { Some(char) });
    }
    plain
}

/// An address that cannot leave its angle brackets.
fn is_web(address: &str) -> bool {
    let known = ["https://", "http://"].iter().any(|scheme| {
        address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            && address.len() > scheme.len()
    });
    known
        && !address.contains(|char: char| char.is_whitespace() || char.is_control() || matches!(char, '<' | '>' | '\\'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn bot(markdown: &str) -> String {
        to_discord(markdown, &Author::Bot)
    }

    #[test]
    fn an_answer_keeps_its_form() {
        insta::assert_snapshot!(bot(
            "# Power\n\nMost homes will have power\nby **Saturday**.\n\n- Stay away from *downed* lines\n- Call [555-0100](tel:555-0100)\n  - or [write](mailto:help@harborlight.example)\n\n\
             1. One\n2. Two\n\n> It is safe\n> to wait.\n\nMore: https://harborlight.example/a_map?a=1&b=2, [the map](https://harborlight.example/map).\n\n`code` and\n\n```sh\nls *\n```"
        ), @r"
        **Power**

        Most homes will have power by **Saturday**.

        - Stay away from *downed* lines
        - Call 555-0100
          - or write (help\@harborlight.example)

        1. One
        2. Two

        > It is safe to wait.

        More: <https://harborlight.example/a_map?a=1&b=2>, [the map](<https://harborlight.example/map>).

        `code` and

        ```
        ls *
        ```
        ");
    }

    #[rstest]
    #[case("@everyone", r"\@everyone")]
    #[case("&lt;@&amp;123&gt;", r"\<\@&123\>")]
    #[case("<@123>", r"\<\@123\>")]
    #[case("a \\* b \\_c\\_", r"a \* b \_c\_")]
    #[case("||spoiler||", r"\|\|spoiler\|\|")]
    #[case("~~gone~~", r"\~\~gone\~\~")]
    #[case("\\# no heading", r"\# no heading")]
    #[case("\\- no list", r"\- no list")]
    #[case("-# small", r"\-# small")]
    #[case("2024\\. A year", r"2024\. A year")]
    #[case("in 2024. A year", "in 2024. A year")]
    #[case("<script>alert(1)</script>", r"\<script\>alert(1)\</script\>")]
    #[case("![a picture](https://evil.example/pixel.png)", "a picture")]
    #[case("[https://bank.example](https://evil.example)", "<https://evil.example>")]
    #[case("[x](javascript:alert(1))", "x (javascript:alert(1))")]
    #[case("`` a`b ``", r"a\`b")]
    fn hostile_text_is_shown_as_text(#[case] markdown: &str, #[case] written: &str) {
        assert_eq!(bot(markdown), written);
    }

    #[test]
    fn an_agents_line_break_stays() {
        let agent = Author::Agent("Kim".to_owned());
        assert_eq!(to_discord("one\ntwo", &agent), "one\ntwo");
        assert_eq!(to_discord("one\n\\> two", &agent), "one\n\\> two");
    }

    #[test]
    fn a_code_block_cannot_be_left() {
        let text = bot("````\n```\n@everyone\n````");
        assert_eq!(text.matches("```").count(), 2, "{text}");
    }

    /// What Discord would show of a text that has no marks left but backslashes; `None` if a mark is still one.
    fn shown(text: &str) -> Option<String> {
        let mut plain = String::new();
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            match char {
                '\\' => plain.extend(chars.next()),
                '*' | '_' | '~' | '`' | '|' | '<' | '>' | '[' | ']' | '@' => return None,
                _ => plain.push(char),
            }
        }
        Some(plain)
    }

    proptest! {
        #[test]
        fn escaped_text_is_shown_as_it_is(text in r"([ -~\n]|[^\x00-\x7f]){0,60}") {
            let mut writer = Writer { line_start: true, ..Writer::default() };
            writer.escaped(&text);
            prop_assert_eq!(shown(&writer.text), Some(text));
        }

        #[test]
        fn no_text_mentions_anyone(text in r#"([ -~\n\t]|[<>"'&\[\]()`*_#!:/@|~-]|@everyone|<@1>|https://|```|[^\x00-\x7f]){0,60}"#) {
            let written = bot(&text);
            // Inside code and addresses nothing is read as a mark.
            let mut outside = String::new();
            let mut inside: Option<&str> = None;
            let mut rest = written.as_str();
            while let Some(char) = rest.chars().next() {
                let step = match inside {
                    None if rest.starts_with('\\') => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
                    None if rest.starts_with("```") => { inside = Some("```"); 3 }
                    None if rest.starts_with('`') => { inside = Some("`"); 1 }
                    None if rest.starts_with("<http") => { inside = Some(">"); 1 }
                    None => { outside.push(char); char.len_utf8() }
                    Some(end) if rest.starts_with(end) => { inside = None; end.len() }
                    Some(_) => char.len_utf8(),
                };
                rest = &rest[step..];
            }
            prop_assert!(!outside.contains(['@', '<', '|', '~']), "{}\n{}", written, outside);
        }
    }
}
