//! Text of strangers on a terminal: it must not move the cursor, colour the screen or turn the line around.

use std::fmt::Write as _;

/// The text with what a terminal obeys made visible; line ends stay.
pub(super) fn printable(text: &str) -> String {
    escaped(text, |shown, c| shown.extend(c.escape_unicode()))
}

/// A JSON document in which what a terminal obeys is escaped: the same document for programs, and harmless where a person looks at it.
pub(super) fn printable_json(document: &str) -> String {
    // Outside of strings JSON has none of these but line ends, and all of them lie in the first plane. Writing to a string cannot fail.
    escaped(document, |shown, c| {
        let _ = write!(shown, "\\u{:04x}", u32::from(c));
    })
}

fn escaped(text: &str, escape: impl Fn(&mut String, char)) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && is_obeyed(c) {
            escape(&mut shown, c);
        } else {
            shown.push(c);
        }
    }
    shown
}

/// What a terminal obeys and does not show: control characters (C0, DEL and C1), Unicode's line and paragraph separators, and what turns the
/// direction of writing (UAX #9).
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{61C}' | '\u{200E}' | '\u{200F}')
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBEYED: &str = "\u{1b}[2J \u{7f} \u{9b}31m \u{202E}evil \u{2066} \u{200F} \u{200E} \u{61C} \u{2028} \u{2029}";

    #[test]
    fn escape_sequences_are_shown_and_not_obeyed() {
        assert_eq!(printable("\u{1b}[2Jhi\u{202E}evil\nthere"), "\\u{1b}[2Jhi\\u{202e}evil\nthere");
        assert_eq!(printable("¿Cuándo? 電気 🙂 שלום"), "¿Cuándo? 電気 🙂 שלום");
        assert!(!printable(OBEYED).contains(is_obeyed));
    }

    #[test]
    fn json_is_the_same_document_and_nothing_in_it_is_obeyed() {
        let value = serde_json::json!({ "text": format!("{OBEYED}\nsecond line, 電気") });
        let shown = printable_json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!shown.contains(|c| c != '\n' && is_obeyed(c)), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
