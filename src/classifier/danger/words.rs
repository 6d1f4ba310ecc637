//! The words of a message as the rules see them, and in which clause each stands.

use unicode_normalization::char::is_combining_mark;

use crate::classifier::text;

/// The emoji that a rule may name: each becomes a word that nobody writes.
pub const EMOJI: &[char] = &['🔥', '💥', '⛽', '🏠', '🏡', '🏢', '🏘', '🏚', '🆘', '🚨', '🚑', '🚒', '💀', '😂', '🤣'];

/// One word, and the number of the clause that it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub clause: u32,
}

/// The words of a text. `is_but` tells the words that begin a new thought.
pub fn of(text: &str, is_but: impl Fn(&str) -> bool) -> Vec<Word> {
    // A line is a thought of its own; plain text has none.
    let lines = text.replace('\n', " . ");
    let folded = text::folded(&text::plain_up_to(&lines, usize::MAX));
    let mut words: Vec<Word> = Vec::new();
    let mut clause = 0;
    for part in folded.split_inclusive(['.', '!', '?', ';', '…', '。', '！', '？', '؟', '।', '；']) {
        for text in pieces(part) {
            if is_but(&text) {
                clause += 1;
            }
            // Three flames are one fire.
            if text.len() > 2 && text.starts_with('<') && words.last().is_some_and(|last| last.text == text) {
                continue;
            }
            words.push(Word { text, clause });
        }
        clause += 1;
    }
    words
}

/// The pieces of a folded text: words, named emoji, and in scripts that are written without spaces, or with spaces that nobody agrees on, characters.
pub fn pieces(folded: &str) -> Vec<String> {
    let named = |c: char| EMOJI.contains(&c);
    let mut pieces = Vec::new();
    for part in folded.split_inclusive(named) {
        let emoji = part.chars().next_back().filter(|c| named(*c));
        let spaced: String = part.chars().filter(|c| !named(*c)).flat_map(apart).collect();
        pieces.extend(text::words(&without_elisions(&spaced)));
        pieces.extend(emoji.map(|c| format!("<{c}>")));
    }
    pieces
}

/// "l'eau" and "all'acqua" are two words; "girl's" is one.
fn without_elisions(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let is_letter = |at: usize| letters.get(at).is_some_and(|c| c.is_alphabetic());
    let elides = |at: usize| {
        let begins = at < 2 || !is_letter(at - 2);
        at > 0
            && is_letter(at + 1)
            && is_letter(at + 2)
            && (letters[at - 1] == 'l' || (begins && letters[at - 1] == 'd'))
    };
    letters.iter().enumerate().map(|(at, c)| if *c == '\'' && elides(at) { ' ' } else { *c }).collect()
}

/// One character as the rules spell it. Letters that people mix up are one letter; a syllable of Korean stands alone, because where it
/// has spaces is a matter of taste.
fn apart(c: char) -> impl Iterator<Item = char> {
    let c = match c {
        'ё' => 'е',
        'đ' => 'd',
        'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
        'ى' => 'ي',
        'ة' => 'ه',
        'ँ' => 'ं',
        other => other,
    };
    let dropped =
        matches!(c, 'ـ' | '़') || ('\u{64b}'..='\u{652}').contains(&c) || (is_combining_mark(c) && c < '\u{370}');
    let syllable = ('가'..='힣').contains(&c);
    let around = syllable.then_some(' ');
    around.into_iter().chain((!dropped).then_some(c)).chain(around)
}
