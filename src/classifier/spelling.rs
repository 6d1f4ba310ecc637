//! Misspelt words, read as the word that was meant.
//!
//! Only what is no word is touched: the examples do not have it, nor does the sentence model as a whole. It is read as the one word of the examples
//! that a slip of the finger makes it, or else, in English, as the commonest such word that the model knows. Names, numbers and what is short stay.
//! Danger, language and mood read what was typed.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{language, repeats::canonical, text};
use crate::{embedding::words::Words, reading::Language};

/// Shorter words are too near to each other: "fee", "see", "few".
const SHORTEST: usize = 4;
/// From this length on two slips are mended where one is not enough, if the examples have the word.
const LONG: usize = 8;
/// The shortest words that are taken for one that they may rarely be meant as, with two letters swapped, with a letter too few or too many, and with
/// another letter: rare words are a letter away from common ones ("swabs", "rebate", "ruble" from "swans", "relate", "rule"), hardly ever a
/// swap. So it is with a common word and an example's, where no model tells what is a word at all.
const SWAPPED: usize = 4;
const MORE_OR_LESS: usize = 6;
const CHANGED: usize = 8;
/// Longer runs of letters are no words.
const LONGEST: usize = 30;
/// So many words of one message are looked up, at most: a pasted novel must not cost more than a question.
const MOST: usize = 40;

/// The words of the examples.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Spelling {
    /// Sorted, each once.
    words: Vec<String>,
}

impl Spelling {
    /// Learns the words of these texts.
    pub fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut words: Vec<String> = Vec::new();
        for text in texts {
            let text = canonical(text);
            words.extend(pieces(&text).map(|(_, piece)| piece).filter(|piece| is_word(piece)).map(str::to_owned));
        }
        words.sort_unstable();
        words.dedup();
        Self { words }
    }

    /// A canonical text with its misspelt words mended. `common` are the words that the sentence model knows.
    pub fn mended<'a>(&self, text: &'a str, common: Option<&Words>) -> Cow<'a, str> {
        let strange = pieces(text).filter(|(_, piece)| is_word(piece) && !self.has(piece));
        let strange = strange.filter(|(_, piece)| !common.is_some_and(|words| is_common(words, piece)));
        let mut english = None;
        let mut mended = String::new();
        let mut done = 0;
        for (at, piece) in strange.take(MOST) {
            let commonest = |words| {
                let is_english = *english.get_or_insert_with(|| is_english(text));
                if is_english { nearest_common(words, piece) } else { None }
            };
            let meant = self.nearest(piece).filter(|word| common.is_some() || is_likely(piece, word));
            if let Some(word) = meant.or_else(|| common.and_then(commonest)) {
                mended.push_str(&text[done..at]);
                mended.push_str(word);
                done = at + piece.len();
            }
        }
        if done == 0 {
            return Cow::Borrowed(text);
        }
        mended.push_str(&text[done..]);
        Cow::Owned(mended)
    }

    fn has(&self, piece: &str) -> bool {
        self.words.binary_search_by(|word| word.as_str().cmp(piece)).is_ok()
    }

    /// The one word of the examples that is nearest. Hardly anyone mistypes the first letter.
    fn nearest(&self, strange: &str) -> Option<&str> {
        let first = strange.chars().next()?;
        let from = self.words.partition_point(|word| word.chars().next() < Some(first));
        let words = self.words[from..].iter().map(String::as_str).take_while(|word| word.starts_with(first));
        let mut least = if strange.chars().count() < LONG { 1 } else { 2 };
        let mut best = None;
        for word in words {
            let Some(slips) = slips(strange, word, least) else { continue };
            // Where two are as near it may be either.
            best = if slips < least || best.is_none() { Some(Some(word)) } else { Some(None) };
            least = slips;
        }
        best.flatten()
    }
}

/// The commonest word that one slip makes of it.
fn nearest_common<'a>(words: &'a Words, strange: &str) -> Option<&'a str> {
    let near = words.beginning_with(strange.chars().next()?).filter(|(word, _)| slips(strange, word, 1).is_some());
    near.filter(|(word, _)| is_likely(strange, word)).min_by_key(|(_, place)| *place).map(|(word, _)| word)
}

/// Whether what is near a word is hardly one itself.
fn is_likely(strange: &str, word: &str) -> bool {
    let length = strange.chars().count();
    let shortest = match word.chars().count() {
        other if other != length => MORE_OR_LESS,
        _ if letters(word) == letters(strange) => SWAPPED,
        _ => CHANGED,
    };
    length >= shortest
}

/// The letters of a word, sorted.
fn letters(word: &str) -> Vec<char> {
    let mut letters: Vec<char> = word.chars().collect();
    letters.sort_unstable();
    letters
}

/// How many letters were left out, put in, changed or swapped, if not more than so many.
fn slips(strange: &str, word: &str, most: usize) -> Option<usize> {
    let difference = strange.chars().count().abs_diff(word.chars().count());
    if difference > most {
        return None;
    }
    Some(strsim::osa_distance(strange, word)).filter(|slips| *slips <= most)
}

/// Models without capitals are mostly without accents too.
fn is_common(words: &Words, piece: &str) -> bool {
    words.has(piece) || words.has(&text::folded(piece))
}

/// The lists of words that models have are English first; in other languages they would turn one word into another.
fn is_english(text: &str) -> bool {
    language::detect(text).is_none_or(|language| language == Language::ENGLISH)
}

/// What stands between spaces and signs, and where. An apostrophe or a digit in it makes it no word.
fn pieces(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    text.split(|c: char| !(c.is_alphanumeric() || c == '\'')).map(move |piece| {
        let at = from + text[from..].find(piece).unwrap_or(0);
        from = at + piece.len();
        (at, piece)
    })
}

fn is_word(piece: &str) -> bool {
    (SHORTEST..=LONGEST).contains(&piece.chars().count()) && piece.chars().all(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn spelling() -> Spelling {
        Spelling::of(
            [
                "when will the power be back",
                "where is my refund for the restaurant",
                "cuándo vuelve la luz",
                "feel free, fell",
                "transaction",
            ]
            .into_iter(),
        )
    }

    fn common() -> Words {
        let words = ["the", "want", "card", "house", "relate", "receive", "currency"];
        Words::of(words.map(str::to_owned).into_iter().zip(0..).collect::<Vec<_>>())
    }

    #[rstest]
    #[case::a_letter_left_out("where is my refnd?", "where is my refund?")]
    #[case::a_letter_put_in("when will the powwer be back", "when will the power be back")]
    #[case::a_letter_changed("when will the pover be back", "when will the power be back")]
    #[case::two_letters_swapped("wehn is it bakc", "when is it back")]
    #[case::two_slips_in_a_long_word("my tranzacton", "my transaction")]
    #[case::a_missing_accent("cuando vuelve", "cuándo vuelve")]
    #[case::two_that_fit("feell", "feell")]
    #[case::too_short("fi the pwer", "fi the power")]
    #[case::another_first_letter("cower", "cower")]
    #[case::a_number("power2 5550100", "power2 5550100")]
    #[case::an_apostrophe("powe'r", "powe'r")]
    #[case::nothing("", "")]
    fn a_slip_is_mended_where_one_word_was_meant(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(spelling().mended(text, Some(&common())), expected);
    }

    #[rstest]
    #[case::swapped("i wnat to recieve a card", "i want to receive a card")]
    #[case::too_few_letters("i receve", "i receive")]
    #[case::another_letter_of_a_long_word("currancy", "currency")]
    #[case::perhaps_a_rare_word("rebate cord hose", "rebate cord hose")]
    #[case::the_examples_first("my rexund", "my refund")]
    #[case::another_language(
        "¿cómo puedo recieve la fatcura de esta casa?",
        "¿cómo puedo recieve la fatcura de esta casa?"
    )]
    fn a_word_of_the_language_may_be_meant(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(spelling().mended(text, Some(&common())), expected);
    }

    #[test]
    fn what_the_model_knows_is_no_mistake() {
        let spelling = Spelling::of(["the wheel of my cart"].into_iter());
        assert_eq!(spelling.mended("carf", Some(&common())), "cart");
        assert_eq!(spelling.mended("card", Some(&common())), "card");
    }

    #[rstest]
    #[case::swapped("wehn is the pwoer bakc", "when is the power back")]
    #[case::too_few_letters("my tranzaction at the restaurnt", "my transaction at the restaurant")]
    #[case::perhaps_other_words("feed my pover and my refine in a tower", "feed my pover and my refine in a tower")]
    fn without_a_model_only_what_is_hardly_a_word_is_mended(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(spelling().mended(text, None), expected);
    }

    proptest! {
        #[test]
        fn only_words_change(text in "(power|pover|wil|refnd|feel|[a-zé]{1,9}|[0-9?'🙂 ]{1,3}| ){0,20}") {
            let text = canonical(&text);
            let mended = spelling().mended(&text, Some(&common())).into_owned();
            let rest = |text: &str| text.chars().filter(|c| !c.is_alphabetic()).collect::<String>();
            prop_assert_eq!(rest(&mended), rest(&text));
        }
    }
}
