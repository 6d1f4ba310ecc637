//! A customer's text made plain: the same words, whatever the keyboard, the mood or the platform did to them.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::policy::MAX_READ_CHARS;

/// What stands in the plain text for a link.
pub const LINK: &str = "weblink";

/// Normalised text for reading: NFKC, lower case, one space between words, at most [`MAX_READ_CHARS`] characters. Invisible and
/// control characters and @names are gone, links have become [`LINK`], hashtags are split into their words, and letters
/// repeated three times or more are squeezed to one ("sooooo" reads as "so"). Accents and punctuation stay.
#[must_use]
pub fn plain(text: &str) -> String {
    plain_up_to(text, MAX_READ_CHARS)
}

/// The same of at most so many characters.
#[must_use]
pub fn plain_up_to(text: &str, most: usize) -> String {
    // The first cut bounds the work, the second the text: one character may become eighteen under NFKC.
    let visible: String = text.chars().filter_map(visible).take(most).nfkc().take(most).collect();
    let mut plain = String::with_capacity(visible.len());
    for word in visible.split_whitespace() {
        if !plain.is_empty() && !plain.ends_with(' ') {
            plain.push(' ');
        }
        if is_link(word) {
            plain.push_str(LINK);
        } else if word.strip_prefix('@').is_some_and(|name| name.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        {
            // A name says nothing of what is meant; what follows it ("@power_co, when…") is the next word.
        } else if let Some(tag) = word.strip_prefix('#') {
            push_squeezed(&mut plain, &split_hashtag(tag).to_lowercase());
        } else {
            push_squeezed(&mut plain, &word.to_lowercase());
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

/// A text without what cannot be seen; its lines stay.
#[must_use]
pub fn seen(text: &str) -> String {
    text.chars().filter_map(|c| if c == '\n' { Some(c) } else { visible(c) }).collect()
}

/// The same text without the accents of Latin letters ("cuándo" becomes "cuando"); other scripts stay as they are.
#[must_use]
pub fn folded(plain: &str) -> String {
    let mut folded = String::with_capacity(plain.len());
    let mut after_latin = false;
    for c in plain.nfd() {
        if is_combining_mark(c) && after_latin {
            continue;
        }
        after_latin = c.is_ascii_alphabetic();
        match c {
            'ß' => folded.push_str("ss"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'ı' => folded.push('i'),
            '’' | '‘' | '`' | '´' => folded.push('\''),
            other => folded.push(other),
        }
    }
    // Marks of other scripts (й, が) go back onto their letters.
    folded.nfc().collect()
}

/// The words of a folded text. An apostrophe joins ("don't" is `dont`), each character of a script without spaces
/// is a word of its own, and numbers of more than four digits all read alike.
#[must_use]
pub fn words(folded: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in folded.chars() {
        if is_unspaced(c) {
            finish(&mut word, &mut words);
            words.push(c.to_string());
        } else if c.is_alphanumeric() || is_combining_mark(c) {
            word.push(c);
        } else if c != '\'' {
            finish(&mut word, &mut words);
        }
    }
    finish(&mut word, &mut words);
    words
}

fn finish(word: &mut String, words: &mut Vec<String>) {
    if word.is_empty() {
        return;
    }
    if word.len() > 4 && word.bytes().all(|b| b.is_ascii_digit()) {
        "00000".clone_into(word);
    }
    words.push(std::mem::take(word));
}

/// White space for what merely separates, nothing for what cannot be seen.
fn visible(c: char) -> Option<char> {
    match c {
        c if c.is_whitespace() => Some(' '),
        c if c.is_control() => None,
        // Whatever keyboards and word processors have for an apostrophe, before NFKC makes a space and an accent of some.
        '\u{60}' | '\u{b4}' | '\u{2b9}' | '\u{2bb}' | '\u{2bc}' | '\u{2bd}' | '\u{2c8}' | '\u{55a}' | '\u{2018}'
        | '\u{2019}' | '\u{201b}' | '\u{2032}' | '\u{2035}' | '\u{a78c}' | '\u{ff07}' | '\u{ff40}' => Some('\''),
        // Soft hyphen, zero-width characters and joiners, bidi marks, overrides and isolates, word joiner and the
        // invisible operators, variation selectors, byte order mark, interlinear anchors, tags.
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => None,
        c => Some(c),
    }
}

fn is_link(word: &str) -> bool {
    ["http://", "https://", "www."]
        .iter()
        .any(|start| word.get(..start.len()).is_some_and(|w| w.eq_ignore_ascii_case(start)) && word.len() > start.len())
}

/// `PowerOutage_now` becomes `Power Outage now`.
fn split_hashtag(tag: &str) -> String {
    let mut split = String::with_capacity(tag.len() + 4);
    let mut before = ' ';
    for c in tag.chars() {
        if c == '_' || c == '#' {
            split.push(' ');
        } else {
            if (before.is_lowercase() && c.is_uppercase()) || (before.is_alphabetic() && c.is_ascii_digit()) {
                split.push(' ');
            }
            split.push(c);
        }
        before = c;
    }
    split
}

fn push_squeezed(plain: &mut String, word: &str) {
    let mut chars = word.chars().peekable();
    while let Some(c) = chars.next() {
        let mut run = 1;
        while chars.peek() == Some(&c) {
            chars.next();
            run += 1;
        }
        let kept = if c.is_alphabetic() && !is_unspaced(c) && run > 2 { 1 } else { run };
        for _ in 0..kept {
            plain.push(c);
        }
    }
}

/// Scripts that are written without spaces between words: Chinese, Japanese, Thai, Lao, Khmer, Burmese.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
        && !is_combining_mark(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("When   WILL\tit\nbe back", "when will it be back")]
    #[case("sooooo daaaark", "so dark")]
    #[case("still good, 1000 and 2000", "still good, 1000 and 2000")]
    #[case("po\u{200b}wer \u{202e}out\u{202c}", "power out")]
    #[case("\u{0}\u{1b}[31mhelp\u{7}", "[31mhelp")]
    #[case("ｐｏｗｅｒ ｏｕｔ ﬁre", "power out fire")]
    #[case("@PowerCo when?", "when?")]
    #[case("mail me @ home", "mail me @ home")]
    #[case("#PowerOutage #still_dark", "power outage still dark")]
    #[case("see https://x.example/a?b=c now", "see weblink now")]
    #[case("¿Cuándo VUELVE la luz?", "¿cuándo vuelve la luz?")]
    #[case("", "")]
    #[case("@bot", "")]
    fn says_the_same_in_plain_words(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(plain(text), expected);
    }

    #[rstest]
    #[case("cuándo mañana über groß", "cuando manana uber gross")]
    #[case("мой свет", "мой свет")]
    #[case("が ガス", "が ガス")]
    fn folds_the_accents_of_latin_letters_only(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(folded(text), expected);
    }

    #[test]
    fn finds_words_in_any_script() {
        assert_eq!(words("don't call 5550100 or 911!"), ["dont", "call", "00000", "or", "911"]);
        assert_eq!(words("停电了"), ["停", "电", "了"]);
        assert_eq!(words("बिजली कब"), ["बिजली", "कब"]);
        assert!(words("🤷 ... !!").is_empty());
    }

    #[test]
    fn a_megabyte_is_cut() {
        assert!(plain(&"\u{fdfa}".repeat(400_000)).chars().count() <= MAX_READ_CHARS);
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "\\PC{0,200}|[\\x00-\\x7f\u{300}\u{202e}\u{200d}]{0,200}") {
            let plain = plain(&text);
            prop_assert!(plain.chars().all(|c| !c.is_control()));
            prop_assert!(words(&folded(&plain)).iter().all(|w| !w.is_empty()));
        }
    }
}
