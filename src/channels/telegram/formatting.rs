//! Markdown of the bot and the agents as Telegram's HTML.
//!
//! Only the tags written below can come out; all else is text. Telegram turns bare addresses and telephone numbers into links by itself.

use askama::filters::{Escaper, Html};
use pulldown_cmark::{Event, Parser, Tag, TagEnd, TextMergeStream};

use crate::message::{Author, Outgoing};

/// The longest text of a message, in UTF-16 units as the reader sees it.
const LIMIT: usize = 4_096;

/// Keeps two characters apart without a trace, so that "@name" calls nobody.
const JOINER: char = '\u{2060}';

/// Whether a message fits into one of Telegram's, wherever it is sent.
pub(super) fn fits(author: &Author, text: &str) -> bool {
    let writer = write(author, text, true);
    writer.visible.encode_utf16().count() <= LIMIT
}

/// A message as Telegram's HTML. `public`: names in it call nobody.
pub(super) fn html(message: &Outgoing, public: bool) -> String {
    write(&message.author, &message.text, public).html
}

fn write(author: &Author, markdown: &str, public: bool) -> Writer {
    let mut writer = Writer { public, ..Writer::default() };
    if let Author::Agent(name) = author {
        // Customers see who writes: the bot's own name stands above every message.
        writer.open("<b>");
        writer.text(name);
        writer.close("</b>");
        writer.gap = 1;
        // An agent pressed Enter; the admins' editor only wrapped the line.
        writer.breaks_are_meant = true;
    }
    for event in TextMergeStream::new(Parser::new(markdown)) {
        writer.take(event);
    }
    writer
}

#[derive(Default)]
struct Writer {
    html: String,
    /// What the reader sees of it.
    visible: String,
    public: bool,
    breaks_are_meant: bool,
    /// New lines that are due before the next word.
    gap: usize,
    /// The next number of each open list, outermost first; `None` for bullets.
    lists: Vec<Option<u64>>,
    quotes: usize,
    /// Where the label of each open link begins in `visible`, and where it leads.
    links: Vec<(usize, String)>,
    /// Inside of code, where names call nobody and a joiner would be copied along.
    in_code: bool,
}

impl Writer {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.text(&text),
            Event::Code(text) => {
                self.open("<code>");
                self.in_code = true;
                self.text(&text);
                self.in_code = false;
                self.close("</code>");
            }
            Event::SoftBreak if !self.breaks_are_meant => self.text(" "),
            Event::SoftBreak | Event::HardBreak => self.text("\n"),
            Event::Rule => {
                self.text("———");
                self.end_block();
            }
            Event::TaskListMarker(done) => self.text(if done { "☑ " } else { "☐ " }),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } | Tag::Strong => self.open("<b>"),
            Tag::Emphasis => self.open("<i>"),
            Tag::BlockQuote(_) => {
                // Quotes cannot be nested there.
                if self.quotes == 0 {
                    self.open("<blockquote>");
                }
                self.quotes += 1;
            }
            Tag::CodeBlock(_) => {
                self.open("<pre>");
                self.in_code = true;
            }
            Tag::List(first) => {
                self.gap = self.gap.max(usize::from(!self.lists.is_empty()));
                self.lists.push(first);
            }
            Tag::Item => {
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "• ".to_owned(),
                };
                self.text(&format!("{}{mark}", "   ".repeat(self.lists.len().saturating_sub(1))));
            }
            Tag::Link { dest_url, .. } => {
                if is_page(&dest_url) {
                    self.flush_gap();
                    self.html.push_str("<a href=\"");
                    escape(&mut self.html, &dest_url);
                    self.html.push_str("\">");
                }
                self.links.push((self.visible.len(), dest_url.into_string()));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.close("</b>");
                self.end_block();
            }
            TagEnd::Strong => self.close("</b>"),
            TagEnd::Emphasis => self.close("</i>"),
            TagEnd::BlockQuote(_) => {
                self.quotes -= 1;
                if self.quotes == 0 {
                    self.close("</blockquote>");
                }
                self.end_block();
            }
            TagEnd::CodeBlock => {
                self.in_code = false;
                self.end_line();
                self.close("</pre>");
                self.end_block();
            }
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.end_block(),
            TagEnd::Item => self.gap = self.gap.max(1),
            TagEnd::List(_) => {
                self.lists.pop();
                self.end_block();
            }
            TagEnd::Link => self.end_link(),
            _ => {}
        }
    }

    fn end_link(&mut self) {
        let Some((label, url)) = self.links.pop() else { return };
        if is_page(&url) {
            self.html.push_str("</a>");
            return;
        }
        // Telegram has no such links, but makes them of the bare number or address, so that has to be there.
        let Some(address) = ["tel:", "mailto:"].iter().find_map(|scheme| url.strip_prefix(scheme)) else { return };
        if !self.visible[label..].contains(address) {
            self.text(&format!(" ({address})"));
        }
    }

    /// The line end of code and raw HTML belongs to the gap after it.
    fn end_line(&mut self) {
        while self.html.ends_with('\n') && self.visible.ends_with('\n') {
            self.html.pop();
            self.visible.pop();
        }
    }

    /// A paragraph or the like ends.
    fn end_block(&mut self) {
        self.end_line();
        self.gap = self.gap.max(if self.lists.is_empty() { 2 } else { 1 });
    }

    fn flush_gap(&mut self) {
        let gap = std::mem::take(&mut self.gap);
        if !self.visible.is_empty() {
            self.html.extend(std::iter::repeat_n('\n', gap));
            self.visible.extend(std::iter::repeat_n('\n', gap));
        }
    }

    fn open(&mut self, tag: &str) {
        self.flush_gap();
        self.html.push_str(tag);
    }

    fn close(&mut self, tag: &str) {
        self.html.push_str(tag);
    }

    fn text(&mut self, text: &str) {
        self.flush_gap();
        let start = self.visible.len();
        for char in text.chars() {
            self.visible.push(char);
            if char == '@' && self.public && !self.in_code && self.would_call() {
                self.visible.push(JOINER);
            }
        }
        escape(&mut self.html, &self.visible[start..]);
    }

    /// Whether the '@' at the end would call somebody: not so in a mail address or a web address.
    fn would_call(&self) -> bool {
        let before = &self.visible[..self.visible.len() - 1];
        let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
        !before.ends_with(char::is_alphanumeric) && !word.contains("://")
    }
}

fn is_page(url: &str) -> bool {
    ["https://", "http://"]
        .iter()
        .any(|scheme| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

fn escape(html: &mut String, text: &str) {
    // Writing to a string cannot fail. Quotes become numeric entities, which Telegram knows.
    let _ = Html.write_escaped_str(html, text);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn bot(markdown: &str) -> String {
        write(&Author::Bot, markdown, false).html
    }

    fn in_group(markdown: &str) -> String {
        write(&Author::Bot, markdown, true).html.replace(JOINER, "|")
    }

    #[test]
    fn an_answer_keeps_its_form() {
        insta::assert_snapshot!(bot(
            "# Power\n\nMost homes will have power by **Saturday**,\nsome *later*.\n\n- Stay away from downed lines\n- Call \
             [the hotline](tel:555-0100) or [555-0101](tel:555-0101)\n  1. Once\n  2. Twice\n\n1. One\n2. Two\n\n> Be\n> well\n\n\
             ```\nlet a = b < c;\n```\n\nMore: [the map](https://harborlight.example/map?a=1&b=2)."
        ), @r#"
        <b>Power</b>

        Most homes will have power by <b>Saturday</b>, some <i>later</i>.

        • Stay away from downed lines
        • Call the hotline (555-0100) or 555-0101
           1. Once
           2. Twice

        1. One
        2. Two

        <blockquote>Be well</blockquote>

        <pre>let a = b &#60; c;</pre>

        More: <a href="https://harborlight.example/map?a=1&#38;b=2">the map</a>.
        "#);
    }

    #[test]
    fn an_agent_is_named_and_their_lines_stay() {
        let agent = Author::Agent("Dana <3".into());
        assert_eq!(write(&agent, "One\ntwo", false).html, "<b>Dana &#60;3</b>\nOne\ntwo");
        assert_eq!(write(&Author::Bot, "One\ntwo", false).html, "One two");
    }

    #[rstest]
    #[case("<script>alert(1)</script>", "&#60;script&#62;alert(1)&#60;/script&#62;")]
    #[case("a <b>b</b> & c", "a &#60;b&#62;b&#60;/b&#62; &#38; c")]
    #[case("[x](javascript:alert(1))", "x")]
    #[case("[x](tg://user?id=1)", "x")]
    #[case("![a cat](https://evil.example/pixel.png)", "a cat")]
    #[case("[x](<https://a.example/\"><b>>)", "[x](&#60;https://a.example/&#34;&#62;<b>")]
    fn what_is_hostile_comes_out_as_text(#[case] markdown: &str, #[case] expected: &str) {
        let html = bot(markdown);
        assert!(only_known_tags(&html), "{html}");
        if !expected.starts_with("[x]") {
            assert_eq!(html, expected);
        }
    }

    #[rstest]
    #[case("ask @everyone or (@mod)", "ask @|everyone or (@|mod)")]
    #[case("@**admin**", "@|<b>admin</b>")]
    #[case("mail a@b.example", "mail a@b.example")]
    #[case("see https://m.example/@us", "see https://m.example/@us")]
    #[case("`@code`", "<code>@code</code>")]
    fn names_call_nobody_in_a_group(#[case] markdown: &str, #[case] expected: &str) {
        assert_eq!(in_group(markdown), expected);
    }

    #[test]
    fn what_fits_is_counted_as_the_reader_sees_it() {
        assert!(fits(&Author::Bot, &"a".repeat(LIMIT)));
        assert!(!fits(&Author::Bot, &"a".repeat(LIMIT + 1)));
        assert!(fits(&Author::Bot, &"&".repeat(LIMIT)), "escaping is free");
        assert!(fits(&Author::Bot, &"😀".repeat(LIMIT / 2)) && !fits(&Author::Bot, &"😀".repeat(LIMIT / 2 + 1)));
        assert!(!fits(&Author::Agent("Dana".into()), &"a".repeat(LIMIT)), "the name counts");
        assert!(!fits(&Author::Bot, &"@a ".repeat(LIMIT / 3)), "and so do joiners");
    }

    /// Reads the HTML as Telegram does: tags that it knows, each closed in turn, and no other `<`, `>` or bare `&`.
    fn only_known_tags(html: &str) -> bool {
        let mut open = Vec::new();
        let mut pieces = html.split('<');
        let plain = |text: &str| {
            !text.contains('>')
                && text.split('&').skip(1).all(|rest| {
                    let name = rest.split(';').next().unwrap_or_default();
                    rest.contains(';') && (name.strip_prefix('#').is_some_and(|number| number.parse::<u32>().is_ok()))
                })
        };
        if !pieces.next().is_none_or(plain) {
            return false;
        }
        for piece in pieces {
            let Some((tag, text)) = piece.split_once('>') else { return false };
            let known = if let Some(name) = tag.strip_prefix('/') {
                open.pop() == Some(name)
            } else if let Some(url) = tag.strip_prefix("a href=\"").and_then(|rest| rest.strip_suffix('"')) {
                open.push("a");
                is_page(url) && !url.contains('"')
            } else {
                open.push(tag);
                ["b", "i", "code", "pre", "blockquote"].contains(&tag)
            };
            if !known || !plain(text) {
                return false;
            }
        }
        open.is_empty()
    }

    proptest! {
        #[test]
        fn only_known_tags_come_out_of_any_text(text in r#"([ -~\n\t]|[<>"'&\[\]()`*_#!:/@]|> |- |1\. |javascript:|https://|tel:|<b>|&#x0A;|[^\x00-\x7f]){0,60}"#) {
            let writer = write(&Author::Bot, &text, true);
            prop_assert!(only_known_tags(&writer.html), "{}", writer.html);
        }
    }
}
