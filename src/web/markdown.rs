//! Markdown of the bot and the agents as HTML that a page can show without harm.
//!
//! Only the tags written below can come out, and none of them carries anything from the text but a checked link, so there is
//! nothing for a sanitizer to take away again. The page's Content-Security-Policy is the second lock.

use askama::filters::{Escaper, Html};
use pulldown_cmark::{Event, Parser, Tag, TagEnd, TextMergeStream};

use crate::channels::addresses;

/// What a single line break in the text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaks {
    /// The admins' editor wrapped the line: it is a space.
    Wrapped,
    /// An agent pressed Enter: it is a new line.
    Meant,
}

/// Schemes that a link may have. Everything else, relative addresses included, stays text.
const SCHEMES: [&str; 4] = ["https://", "http://", "mailto:", "tel:"];

/// Safe HTML: paragraphs, emphasis, lists, quotes, code and links. Headings become bold lines, images their description, raw HTML is
/// shown as the text it is.
pub(super) fn to_html(markdown: &str, breaks: Breaks) -> String {
    let mut html = String::with_capacity(markdown.len() * 3 / 2);
    // Whether each open link is shown as one, outermost first.
    let mut links = Vec::new();
    for event in TextMergeStream::new(Parser::new(markdown)) {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => {
                let allowed = allowed(&dest_url) && links.is_empty();
                if allowed {
                    open_link(&mut html, &dest_url);
                }
                links.push(allowed);
            }
            Event::End(TagEnd::Link) => {
                if links.pop() == Some(true) {
                    html.push_str("</a>");
                }
            }
            Event::Start(tag) => html.push_str(&start(&tag)),
            Event::End(tag) => html.push_str(end(tag)),
            Event::Text(text) if links.contains(&true) => escape(&mut html, &text),
            Event::Text(text) => with_links(&mut html, &text),
            Event::Code(text) => {
                html.push_str("<code>");
                escape(&mut html, &text);
                html.push_str("</code>");
            }
            Event::SoftBreak if breaks == Breaks::Wrapped => html.push('\n'),
            Event::SoftBreak | Event::HardBreak => html.push_str("<br>\n"),
            Event::Rule => html.push_str("<hr>\n"),
            Event::Html(text) | Event::InlineHtml(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                escape(&mut html, &text);
            }
            Event::FootnoteReference(text) => escape(&mut html, &text),
            Event::TaskListMarker(done) => html.push_str(if done { "☑ " } else { "☐ " }),
        }
    }
    html
}

fn start(tag: &Tag<'_>) -> String {
    match tag {
        Tag::Paragraph | Tag::HtmlBlock => "<p>".to_owned(),
        Tag::Heading { .. } => "<p><strong>".to_owned(),
        Tag::BlockQuote(_) => "<blockquote>\n".to_owned(),
        Tag::CodeBlock(_) => "<pre><code>".to_owned(),
        Tag::List(None) => "<ul>\n".to_owned(),
        Tag::List(Some(1)) => "<ol>\n".to_owned(),
        Tag::List(Some(first)) => format!("<ol start=\"{first}\">\n"),
        Tag::Item => "<li>".to_owned(),
        Tag::Emphasis => "<em>".to_owned(),
        Tag::Strong => "<strong>".to_owned(),
        _ => String::new(),
    }
}

fn end(tag: TagEnd) -> &'static str {
    match tag {
        TagEnd::Paragraph | TagEnd::HtmlBlock => "</p>\n",
        TagEnd::Heading(_) => "</strong></p>\n",
        TagEnd::BlockQuote(_) => "</blockquote>\n",
        TagEnd::CodeBlock => "</code></pre>\n",
        TagEnd::List(false) => "</ul>\n",
        TagEnd::List(true) => "</ol>\n",
        TagEnd::Item => "</li>\n",
        TagEnd::Emphasis => "</em>",
        TagEnd::Strong => "</strong>",
        _ => "",
    }
}

/// Only a known scheme at the very start will do: browsers forgive spaces and control characters there, we do not.
fn allowed(url: &str) -> bool {
    SCHEMES.iter().any(|scheme| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

fn open_link(html: &mut String, url: &str) {
    html.push_str("<a href=\"");
    escape(html, url);
    html.push_str("\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">");
}

/// Text whose bare web addresses become links.
fn with_links(html: &mut String, text: &str) {
    let mut rest = text;
    while let Some((before, address, after)) = addresses::first(rest) {
        escape(html, before);
        open_link(html, address);
        escape(html, address);
        html.push_str("</a>");
        rest = after;
    }
    escape(html, rest);
}

fn escape(html: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = Html.write_escaped_str(html, text);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn bot(markdown: &str) -> String {
        to_html(markdown, Breaks::Wrapped)
    }

    #[test]
    fn an_answer_keeps_its_form() {
        insta::assert_snapshot!(bot(
            "Most homes will have power by **Saturday**.\n\n- Stay away from *downed* lines\n- Call [555-0100](tel:555-0100)\n\n\
             1. One\n2. Two\n\nMore: https://harborlight.example/map?a=1&b=2."
        ), @r#"
        <p>Most homes will have power by <strong>Saturday</strong>.</p>
        <ul>
        <li>Stay away from <em>downed</em> lines</li>
        <li>Call <a href="tel:555-0100" target="_blank" rel="noopener noreferrer nofollow">555-0100</a></li>
        </ul>
        <ol>
        <li>One</li>
        <li>Two</li>
        </ol>
        <p>More: <a href="https://harborlight.example/map?a=1&#38;b=2" target="_blank" rel="noopener noreferrer nofollow">https://harborlight.example/map?a=1&#38;b=2</a>.</p>
        "#);
    }

    #[rstest]
    #[case("<script>alert(1)</script>")]
    #[case("<img src=x onerror=alert(1)>")]
    #[case("a <b onclick=x>b</b>")]
    #[case("![x](https://evil.example/pixel.png)")]
    #[case("[x](javascript:alert(1))")]
    #[case("[x](JaVaScRiPt:alert(1))")]
    #[case("[x](java&#x0A;script:alert(1))")]
    #[case("[x](&#1;javascript:alert(1))")]
    #[case("[x](data:text/html,<script>alert(1)</script>)")]
    #[case("<javascript:alert(1)>")]
    #[case("[x](//evil.example)")]
    #[case("[x](/relative)")]
    #[case("```x\" onclick=\"y\n<script>\n```")]
    #[case("[x]: javascript:alert(1)\n\n[x]")]
    fn nothing_hostile_comes_out(#[case] markdown: &str) {
        let html = bot(markdown);
        assert!(!html.contains("href") && only_known_tags(&html), "{html}");
    }

    #[test]
    fn a_quote_cannot_leave_the_link() {
        let html = bot("[x](<https://a.example/\" onmouseover=\"alert(1)>)");
        assert!(only_known_tags(&html), "{html}");
    }

    #[test]
    fn an_agents_line_break_stays_and_an_editors_does_not() {
        assert_eq!(to_html("a\nb", Breaks::Meant), "<p>a<br>\nb</p>\n");
        assert_eq!(to_html("a\nb", Breaks::Wrapped), "<p>a\nb</p>\n");
    }

    /// Reads the HTML as a browser would split it and knows every tag by its exact form.
    fn only_known_tags(html: &str) -> bool {
        const PLAIN: [&str; 20] = [
            "p",
            "/p",
            "strong",
            "/strong",
            "em",
            "/em",
            "ul",
            "/ul",
            "ol",
            "/ol",
            "li",
            "/li",
            "blockquote",
            "/blockquote",
            "pre",
            "/pre",
            "code",
            "/code",
            "/a",
            "hr",
        ];
        html.split('<').skip(1).all(|piece| {
            let Some((tag, _)) = piece.split_once('>') else { return false };
            let link = tag
                .strip_prefix("a href=\"")
                .and_then(|rest| rest.strip_suffix("\" target=\"_blank\" rel=\"noopener noreferrer nofollow\""));
            PLAIN.contains(&tag)
                || tag == "br"
                || tag
                    .strip_prefix("ol start=\"")
                    .and_then(|rest| rest.strip_suffix('"'))
                    .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
                || link.is_some_and(|url| allowed(url) && !url.contains('"'))
        })
    }

    proptest! {
        #[test]
        fn only_known_tags_come_out_of_any_text(text in r#"([ -~\n\t]|[<>"'&\[\]()`*_#!:/]|javascript:|https://|<script|&#x0A;|[^\x00-\x7f]){0,60}"#) {
            let html = bot(&text);
            prop_assert!(only_known_tags(&html), "{}", html);
        }
    }
}
