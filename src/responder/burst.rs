//! Several messages in a quick burst, read as one, and the questions inside it.

use unicode_segmentation::UnicodeSegmentation;

use super::choice;
use crate::{
    classifier::danger,
    message::{Choice, Incoming},
    policy,
    reading::{Danger, Reading},
};

/// What the customer said in one turn, before anything is decided.
pub(super) struct Message {
    /// What was read of it.
    pub text: String,
    pub whole: Reading,
    /// The questions inside it, each with its own reading; empty when it is one piece.
    pub parts: Vec<Part>,
    /// The parts are two halves of one sentence, so only both together tell of two questions.
    pub halved: bool,
    /// The offered choice that it picks.
    pub picked: Option<Choice>,
    /// It has words that can be read.
    pub has_words: bool,
    pub has_attachments: bool,
    /// The gravest danger that words of others speak of, which the customer forwards or quotes.
    pub quoted_danger: Option<Danger>,
}

/// One sentence or line of a message.
pub(super) struct Part {
    pub reading: Reading,
    /// It is written as a question.
    pub asks: bool,
}

/// Longer messages are stories: beyond this many sentences only the whole is read, to bound the work.
const MAX_PARTS: usize = 12;

/// Words that join two questions in one sentence.
const JOINTS: [&str; 8] = [" and ", " also ", " plus ", " y ", " además ", " also, ", ", and ", " & "];

/// Shorter halves of a sentence are no question of their own.
const MIN_WORDS_OF_A_HALF: usize = 3;

/// Joins the burst, finds the choice it picks and reads it whole and in parts.
pub(super) fn read(burst: &[Incoming], offered: &[Choice], read: impl Fn(&str) -> Reading) -> Message {
    let text = whole(burst);
    let tapped = burst.iter().rev().find_map(|incoming| incoming.choice.as_deref());
    let whole = read(&text);
    let picked = tapped
        .and_then(choice::standing)
        .or_else(|| choice::picked(offered, tapped, &text, &whole).cloned())
        .or_else(|| tapped.and_then(choice::earlier));
    let (pieces, halved) = if picked.is_some() { (Vec::new(), false) } else { questions(&text) };
    let parts = pieces
        .into_iter()
        .map(|piece| Part { reading: read(piece), asks: piece.ends_with(['?', '？', '؟']) })
        .collect();
    Message {
        whole,
        parts,
        halved,
        picked,
        has_words: text.chars().any(char::is_alphanumeric),
        has_attachments: burst.iter().any(|incoming| !incoming.attachments.is_empty()),
        quoted_danger: burst
            .iter()
            .filter_map(Incoming::words_of_others)
            .filter_map(|words| danger::signs(words).danger)
            .map(|sign| sign.danger)
            .min(),
        text,
    }
}

/// All that [`read`] may ask to be read.
pub(super) fn texts(burst: &[Incoming]) -> Vec<String> {
    let whole = whole(burst);
    let parts: Vec<String> = questions(&whole).0.into_iter().map(str::to_owned).collect();
    std::iter::once(whole).chain(parts).collect()
}

/// The messages as one text.
fn whole(burst: &[Incoming]) -> String {
    let text = burst.iter().map(|incoming| incoming.text.trim()).filter(|text| !text.is_empty()).collect::<Vec<_>>();
    cut(&text.join("\n"), policy::MAX_READ_CHARS).to_owned()
}

/// At most `limit` characters from the start.
fn cut(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(end, _)| &text[..end])
}

/// The sentences of a message, or (`true`) the halves of one sentence that joins two questions. Empty when it is one piece.
fn questions(text: &str) -> (Vec<&str>, bool) {
    let sentences: Vec<&str> = text
        .lines()
        .flat_map(UnicodeSegmentation::unicode_sentences)
        .map(str::trim)
        .filter(|sentence| sentence.chars().any(char::is_alphanumeric))
        .collect();
    match sentences.len() {
        1 => halves(sentences[0]).map_or_else(|| (Vec::new(), false), |(left, right)| (vec![left, right], true)),
        2..=MAX_PARTS => (sentences, false),
        _ => (Vec::new(), false),
    }
}

/// Splits "how do I get a refund and when is the power back" at its joint.
fn halves(sentence: &str) -> Option<(&str, &str)> {
    JOINTS
        .iter()
        .filter_map(|joint| sentence.split_once(joint))
        .find(|(left, right)| [left, right].iter().all(|half| half.split_whitespace().count() >= MIN_WORDS_OF_A_HALF))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_falls_into_its_sentences_and_lines() {
        assert_eq!(
            questions("When is power back? I need a refund.\nthanks").0,
            ["When is power back?", "I need a refund.", "thanks"]
        );
    }

    #[test]
    fn one_piece_stays_one_piece() {
        assert!(questions("when will the power be back").0.is_empty());
        assert!(questions("salt and vinegar").0.is_empty());
        assert!(questions("").0.is_empty());
    }

    #[test]
    fn two_questions_joined_by_and_are_two() {
        assert_eq!(
            questions("when is the power back and how do I claim food").0,
            ["when is the power back", "how do I claim food"]
        );
    }

    #[test]
    fn a_long_story_is_read_only_whole() {
        assert!(questions(&"It is dark. ".repeat(50)).0.is_empty());
    }

    #[test]
    fn all_that_is_read_is_foreseen() {
        for text in ["hi", "When is power back? I need a refund.", "when is it back and how do I claim food", ""] {
            let incoming = |text: &str| Incoming {
                edits: None,
                reply_to: None,
                channel: "web".to_owned(),
                message_id: "1".to_owned(),
                place: "p".to_owned(),
                contact: "c".to_owned(),
                public: false,
                text: text.to_owned(),
                quoted: None,
                choice: None,
                stop: false,
                attachments: Vec::new(),
                received_at: jiff::Timestamp::UNIX_EPOCH,
            };
            let burst = [incoming(text), incoming(" please ")];
            let asked = std::cell::RefCell::new(Vec::new());
            read(&burst, &[], |text| {
                asked.borrow_mut().push(text.to_owned());
                Reading {
                    ranked: Vec::new(),
                    language: None,
                    mood: crate::reading::Mood::Calm,
                    danger: None,
                    concern: None,
                }
            });
            assert_eq!(asked.into_inner(), texts(&burst));
        }
    }

    #[test]
    fn cutting_respects_characters() {
        assert_eq!(cut("año", 2), "añ");
        assert_eq!(cut("año", 9), "año");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_split_without_loss_of_control(text in "\\PC{0,200}") {
            for part in questions(&text).0 {
                proptest::prop_assert!(text.contains(part));
            }
        }
    }
}
