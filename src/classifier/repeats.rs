//! Messages that came before: in a crisis most do, and what was made of one holds for the next.
//!
//! Two messages are the same when only case, spacing, invisible characters, @names, the shape of apostrophes and the full stops, commas,
//! exclamation and quotation marks between words differ, or when one abbreviates what the other spells out. Words, numbers, accents, question
//! marks, symbols and emoji all count: "no" or a digit changes what is meant. A message is always read in its [`canonical`] form, whether or
//! not it came before, so that what came first decides nothing.

use std::sync::Arc;

use super::{slang, text};
use crate::{
    embedding::cache::{self, Cache},
    reading::Ranked,
};

/// Messages whose intents are kept: some 5 MB. In a burst of 20 messages a second, the last ten minutes.
const KEPT: usize = 12_000;

/// The text that stands for all messages that say the same.
#[must_use]
pub fn canonical(text: &str) -> String {
    slang::spelt_out(&unpunctuated(&slang::emoji_in_words(&text::plain(text))))
}

/// A plain text without the punctuation that changes nothing.
fn unpunctuated(plain: &str) -> String {
    let chars: Vec<char> = plain.chars().collect();
    let mut unpunctuated = String::with_capacity(plain.len());
    for (i, &c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).map_or(' ', |i| chars[i]);
        let after = chars.get(i + 1).copied().unwrap_or(' ');
        // 5.5, 10:30 and 1,000 are numbers.
        let in_a_number = before.is_ascii_digit() && after.is_ascii_digit();
        let kept = match c {
            '.' | ',' | ':' => in_a_number,
            '!' | '¡' | '¿' | ';' | '"' | '…' | '«' | '»' | '“' | '”' | '„' | '。' | '，' | '！' | '、' => {
                false
            }
            _ => true,
        };
        let c = match c {
            _ if !kept => ' ',
            // Telephones type the round one.
            '’' | '‘' | '`' | '´' => '\'',
            c => c,
        };
        // "back ?" is "back?", and "? ?" is "?".
        if c == '?' {
            unpunctuated.truncate(unpunctuated.trim_end().len());
            if unpunctuated.ends_with('?') {
                continue;
            }
        }
        if c != ' ' || !(unpunctuated.is_empty() || unpunctuated.ends_with(' ')) {
            unpunctuated.push(c);
        }
    }
    unpunctuated.truncate(unpunctuated.trim_end().len());
    unpunctuated
}

/// The intents of messages that came lately. Shared by all threads.
#[derive(Debug)]
pub struct Repeats {
    lately: Cache<Arc<[Ranked]>>,
}

impl Default for Repeats {
    fn default() -> Self {
        Self { lately: Cache::new(KEPT) }
    }
}

impl Repeats {
    /// The intents of a text: what was found when it came lately, or what `read` makes of its canonical form.
    pub fn ranked(&self, text: &str, read: impl FnOnce(&str) -> Vec<Ranked>) -> Vec<Ranked> {
        let canonical = canonical(text);
        let key = cache::key(&canonical);
        if let Some(known) = self.lately.get(&key) {
            return known.to_vec();
        }
        let ranked = read(&canonical);
        self.lately.put(key, ranked.as_slice().into());
        ranked
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("When will the power be back?", "when will  the POWER be back ???")]
    #[case("Thanks!", "thanks.")]
    #[case("hello, is anybody there", "Hello is anybody there...")]
    #[case("@power_co no light", "no li\u{200b}ght!!!")]
    #[case("¿Cuándo vuelve la luz?", "cuándo vuelve la luz?")]
    #[case("I don’t have power", "i don't have power")]
    #[case("plz, when r u back?", "Please when are you back❓")]
    #[case("¿xq no hay luz?", "por qué no hay luz?")]
    #[case("no 💡 here", "no light, here!")]
    fn the_same_words_are_the_same_message(#[case] a: &str, #[case] b: &str) {
        assert_eq!(canonical(a), canonical(b));
    }

    #[rstest]
    #[case::negation("I smell gas", "I don't smell gas")]
    #[case::negation("is the water safe", "is the water not safe")]
    #[case::number("2 days", "3 days")]
    #[case::long_number("account 5550100", "account 5550101")]
    #[case::decimals("5.5 hours", "55 hours")]
    #[case::decimals("1,000 homes", "1 000 homes")]
    #[case::time("at 10:30", "at 1030")]
    #[case::question("power is back", "power is back?")]
    #[case::accents("el papa", "el papá")]
    #[case::apostrophe("we're here", "were here")]
    #[case::emoji("ok 👍", "ok 👎")]
    #[case::sign("it is -5 here", "it is 5 here")]
    #[case::money("$5 off", "5% off")]
    fn what_means_something_else_is_another_message(#[case] a: &str, #[case] b: &str) {
        assert_ne!(canonical(a), canonical(b));
    }

    fn ranked(intent: &str) -> Vec<Ranked> {
        vec![Ranked { intent: intent.to_owned(), probability: 0.9 }]
    }

    #[test]
    fn a_message_that_came_before_is_not_read_again() {
        let repeats = Repeats::default();
        let reads = AtomicUsize::new(0);
        let read = |_: &str| {
            reads.fetch_add(1, Ordering::Relaxed);
            ranked("refund")
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for text in ["Where is my refund?", "where is my REFUND??", "where is my refund?"] {
                        assert_eq!(repeats.ranked(text, read), ranked("refund"));
                    }
                });
            }
        });
        // Threads that come at the same moment may each read it once.
        assert!(reads.load(Ordering::Relaxed) <= 4);
        assert_eq!(
            repeats.ranked("where is my refund", |_| ranked("other")),
            ranked("other"),
            "without ? it is another"
        );
    }

    proptest! {
        #[test]
        fn no_digit_is_lost_or_joined(text in "\\PC{0,200}") {
            let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
            let plain = text::plain(&text);
            prop_assert_eq!(digits(&unpunctuated(&plain)), digits(&plain));
        }

        #[test]
        fn a_canonical_text_is_its_own(text in "[a-z '’.,?!0-9❓]{0,100}") {
            let once = canonical(&text);
            prop_assert_eq!(canonical(&once), once.as_str());
        }
    }
}
