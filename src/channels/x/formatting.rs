//! Markdown as the plain text of X, and how long X counts it.

use pulldown_cmark::{Event, Parser, Tag, TagEnd, TextMergeStream};

/// The length of a post in X's weighted characters.
pub const MAX_POST: usize = 280;

/// The length of a direct message in characters.
pub const MAX_DIRECT: usize = 10_000;

/// Every link counts as much as X's own short form of it.
const LINK_LENGTH: i32 = 23;

/// Invisible and without width. Behind an `@` or the dot of an address it keeps X from making a name or link of it; browsers drop it from
/// an address that is copied.
const JOINER: char = '\u{2060}';

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// Addresses may become links.
    pub links: bool,
    /// `@name` may call somebody.
    pub names: bool,
    /// A single line break in the source is one for the reader: agents mean it so, files are only wrapped.
    pub breaks: bool,
}

/// The weighted length by X's published rules: 1 for Latin and its neighbours, 2 for other scripts and emoji, 23 for a link.
pub fn weight(text: &str) -> usize {
    egg_mode_text::character_count(text, LINK_LENGTH, LINK_LENGTH)
}

/// Whether X makes a link of anything in it.
pub fn has_link(text: &str) -> bool {
    !egg_mode_text::url_entities(text).is_empty()
}

/// Plain text: lists keep their marks, a link its address, everything else its words.
pub fn plain(markdown: &str, manner: Manner) -> String {
    let mut text = Writer::default();
    for event in TextMergeStream::new(Parser::new(markdown)) {
        text.write(event, manner);
    }
    harmless(text.out.trim(), manner)
}

/// Plain text without the links and names that `manner` does not allow.
pub fn harmless(text: &str, manner: Manner) -> String {
    let mut text = text.to_owned();
    // In this order: without its scheme an address may begin with a name, and behind a joiner may stand a domain.
    if !manner.links {
        text = without_schemes(text);
    }
    if !manner.names {
        text = without_names(&text);
    }
    if !manner.links {
        text = without_domains(&text);
    }
    text
}

#[derive(Default)]
struct Writer {
    out: String,
    /// The number of the next item of each open list; none in one with bullets.
    lists: Vec<Option<u64>>,
    /// Each open link's address, and where its words begin.
    links: Vec<(String, usize)>,
    /// Just behind the mark of an item.
    item: bool,
}

impl Writer {
    fn write(&mut self, event: Event<'_>, manner: Manner) {
        match event {
            Event::Start(Tag::Paragraph | Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::HtmlBlock) => {
                if !std::mem::take(&mut self.item) {
                    self.part(if self.lists.is_empty() { "\n\n" } else { "\n" });
                }
            }
            Event::Start(Tag::List(first)) => self.lists.push(first),
            Event::End(TagEnd::List(_)) => {
                self.lists.pop();
            }
            Event::Start(Tag::Item) => self.begin_item(),
            Event::End(TagEnd::Item) => self.item = false,
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                self.links.push((dest_url.into_string(), self.out.len()));
            }
            Event::End(TagEnd::Link) => self.end_link(),
            Event::End(TagEnd::Image) => {
                self.links.pop();
            }
            Event::Text(text)
            | Event::Code(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => {
                self.item = false;
                self.out.push_str(&text);
            }
            Event::SoftBreak if !manner.breaks => self.out.push(' '),
            Event::SoftBreak | Event::HardBreak => self.out.push('\n'),
            Event::TaskListMarker(done) => self.out.push_str(if done { "☑ " } else { "☐ " }),
            Event::Rule => self.part("\n\n"),
            Event::Start(_) | Event::End(_) => {}
        }
    }

    /// Ends what was written so far.
    fn part(&mut self, with: &str) {
        let end = self.out.trim_end().len();
        self.out.truncate(end);
        if end > 0 {
            self.out.push_str(with);
        }
    }

    fn begin_item(&mut self) {
        self.part("\n");
        self.out.push_str(&"  ".repeat(self.lists.len().saturating_sub(1)));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                self.out.push_str(&number.to_string());
                self.out.push_str(". ");
                *number = number.saturating_add(1);
            }
            _ => self.out.push_str("• "),
        }
        self.item = true;
    }

    /// The address goes behind the words, unless they are the address.
    fn end_link(&mut self) {
        let Some((url, start)) = self.links.pop() else { return };
        let address = url.trim_start_matches("mailto:").trim_start_matches("tel:").to_owned();
        let words = self.out.get(start..).unwrap_or_default();
        let known = ["https://", "http://", "mailto:", "tel:"].iter().any(|scheme| url.starts_with(scheme));
        if !known || bare(words) == bare(&address) {
            return;
        }
        let behind = if words.is_empty() { address } else { format!(" ({address})") };
        self.out.push_str(&behind);
    }
}

/// An address as people write it.
fn bare(address: &str) -> String {
    let address = address.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/');
    address.chars().filter(|char| !char.is_whitespace() && *char != '-').collect()
}

/// Addresses stay readable and can be copied.
fn without_schemes(mut text: String) -> String {
    for scheme in ["https://", "http://"] {
        while let Some(at) = text.to_ascii_lowercase().find(scheme) {
            let end = text[at..].find(char::is_whitespace).map_or(text.len(), |length| at + length);
            let address = text[at + scheme.len()..end].trim_end_matches('/').to_owned();
            text.replace_range(at..end, &address);
        }
    }
    text
}

/// No domain is found any more.
fn without_domains(text: &str) -> String {
    let mut written: String = text.split_inclusive(char::is_whitespace).map(without_domain).collect();
    // What X's own rules still find: each round breaks one.
    while let Some(entity) = egg_mode_text::url_entities(&written).first() {
        let (start, end) = entity.range;
        let broken = written[start..end].replace('.', &format!(".{JOINER}"));
        if broken.len() == end - start {
            break;
        }
        written.replace_range(start..end, &broken);
    }
    written
}

/// A word with a joiner behind each dot that a domain could follow. E-mail addresses are no links on X and stay whole.
fn without_domain(word: &str) -> String {
    let mut written = String::with_capacity(word.len());
    let mut before = None;
    for (at, char) in word.char_indices() {
        written.push(char);
        let rest = &word[at + char.len_utf8()..];
        if char == '.'
            && before.is_some_and(|before: char| before.is_alphanumeric())
            && rest.chars().take(2).filter(|char| char.is_alphabetic()).count() == 2
            && !is_mail(&word[..at])
        {
            written.push(JOINER);
        }
        before = Some(char);
    }
    written
}

/// Whether what is before a dot is the beginning of an e-mail address.
fn is_mail(before: &str) -> bool {
    before.rsplit_once('@').is_some_and(|(name, _)| name.ends_with(|char: char| char.is_ascii_alphanumeric()))
}

/// Nobody is called by our text.
fn without_names(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for (at, char) in text.char_indices() {
        written.push(char);
        let (before, rest) = (&text[..at], &text[at + char.len_utf8()..]);
        let called = rest.starts_with(|char: char| char.is_ascii_alphanumeric() || char == '_');
        // In an e-mail address the sign calls nobody, but X reads "RT@name" as a name.
        let mail = before.ends_with(|char: char| char.is_ascii_alphanumeric())
            && !["rt", "RT", "rT", "Rt"].iter().any(|repost| before.ends_with(repost));
        if matches!(char, '@' | '＠') && called && !mail {
            written.push(JOINER);
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const POST: Manner = Manner { links: false, names: false, breaks: false };
    const DIRECT: Manner = Manner { links: true, names: true, breaks: false };

    /// The joiner made visible.
    fn post(markdown: &str) -> String {
        plain(markdown, POST).replace(JOINER, "|")
    }

    #[test]
    fn an_answer_keeps_its_form() {
        let answer = "Most homes will have power by **Saturday**\n(checked today).\n\n- Stay away from *downed* lines\n- Call \
                      [555-0100](tel:5550100)\n  - day and night\n\n1. One\n2. Two\n\n> Quoted `code`\n\nMore: \
                      https://harborlight.example/map?a=1&b=2. Or [the map](https://harborlight.example/map/).";
        insta::assert_snapshot!(post(answer), @r"
        Most homes will have power by Saturday (checked today).
        • Stay away from downed lines
        • Call 555-0100
          • day and night
        1. One
        2. Two

        Quoted code

        More: harborlight.|example/map?a=1&b=2. Or the map (harborlight.|example/map/).
        ");
        assert!(
            plain(answer, DIRECT).contains("the map (https://harborlight.example/map/)"),
            "in private it is a link"
        );
    }

    #[rstest]
    #[case("@everyone look", "@|everyone look")]
    #[case("write to help@harborlight.com", "write to help@harborlight.com")]
    #[case("RT@name", "RT@|name")]
    #[case("see harborlight.com.", "see harborlight.|com.")]
    #[case("HTTPS://harborlight.com/", "harborlight.|com")]
    #[case("hthttps://tps://evil.com", "evil.|com")]
    #[case("http[s://ev](x)il.com", "evil.|com")]
    #[case("It is safe.Now, e.g. at 3.5 p.m.", "It is safe.|Now, e.g. at 3.5 p.m.")]
    #[case("<script>alert(1)</script>", "<script>alert(1)</script>")]
    #[case("[x](javascript:alert(1))", "x")]
    #[case("![a map](https://evil.example/pixel.png)", "a map")]
    #[case("مرحبا 🙏 **שלום**", "مرحبا 🙏 שלום")]
    fn nothing_calls_or_links(#[case] markdown: &str, #[case] expected: &str) {
        assert_eq!(post(markdown), expected);
    }

    #[test]
    fn an_agents_line_break_stays() {
        assert_eq!(plain("a\nb", Manner { breaks: true, ..POST }), "a\nb");
        assert_eq!(plain("a\nb", POST), "a b");
    }

    #[rstest]
    #[case("This is a test.", 15)]
    #[case("停电", 4)]
    #[case("🙏", 2)]
    #[case("https://harborlight.com/a/very/long/address/that/counts/as/short", 23)]
    fn length_is_counted_as_x_does(#[case] text: &str, #[case] expected: usize) {
        assert_eq!(weight(text), expected);
    }

    proptest! {
        #[test]
        fn no_text_becomes_a_link_or_calls_anybody(text in r"([ -~\n]|https?://|[a-z]{1,5}\.(com|org|co\.uk|de)|@[a-z]{1,8}|[＠。\u{2060}é中🙏]){0,40}") {
            let written = plain(&text, POST);
            prop_assert!(!has_link(&written), "{:?}", written);
            prop_assert!(egg_mode_text::mention_list_entities(&written).is_empty(), "{:?}", written);
        }
    }
}
