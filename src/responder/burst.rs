//! Several messages in a quick burst, read as one, and the questions inside it.

use unicode_segmentation::UnicodeSegmentation;

use super::{choice, courtesy};
use crate::{
    classifier::{
        danger::{self, Signs},
        text,
    },
    message::{Choice, Incoming},
    policy,
    reading::{Danger, Reading},
};

/// What the customer said in one turn, before anything is decided.
#[allow(clippy::struct_excessive_bools)] // Each is another thing that is true of it or not.
pub(super) struct Message {
    /// What was read of it.
    pub text: String,
    /// The reading of all of it; its danger is that of everything that was accepted, read or not.
    pub whole: Reading,
    /// The questions and statements inside it, each with its own reading and without the courtesies around it; empty when it is one piece.
    pub parts: Vec<Part>,
    /// The parts are two halves of one sentence, so only both together tell of two questions.
    pub halved: bool,
    /// Not all of it was read, or not all of it sentence by sentence.
    pub cut: bool,
    /// It cries for help in words that do not say what for.
    pub cries: bool,
    /// The offered choice that it picks.
    pub picked: Option<Choice>,
    /// It takes none of the offered choices.
    pub declined: bool,
    /// It has words that can be read.
    pub has_words: bool,
    pub has_attachments: bool,
    /// The gravest danger that words of others speak of, which the customer forwards or quotes.
    pub quoted_danger: Option<Danger>,
}

impl Message {
    /// The readings of the whole and of its parts.
    pub(super) fn readings(&self) -> impl Iterator<Item = &Reading> {
        std::iter::once(&self.whole).chain(self.parts.iter().map(|part| &part.reading))
    }
}

/// One sentence or line of a message.
pub(super) struct Part {
    pub reading: Reading,
    /// It has no words but those of a courtesy.
    pub courteous: bool,
}

/// Longer messages are stories: beyond this many sentences only the whole is read, to bound the work.
const MAX_PARTS: usize = 12;

/// Words that join two questions in one sentence.
const JOINTS: [&str; 10] =
    [" and ", " also ", " plus ", " but ", " y ", " pero ", " además ", " also, ", ", and ", " & "];

/// Shorter halves of a sentence are no question of their own.
const MIN_WORDS_OF_A_HALF: usize = 3;

/// What one piece of a message has beside a courtesy is read by itself from so many words on: "hello team" is a greeting.
const MIN_WORDS_BESIDE: usize = 2;

/// Joins the burst, finds the choice it picks and reads it whole and in parts.
pub(super) fn read(burst: &[Incoming], offered: &[Choice], read: impl Fn(&str) -> Reading) -> Message {
    let all = joined(burst);
    let text = cut(&all, policy::MAX_READ_CHARS).to_owned();
    let tapped = burst.iter().rev().find_map(|incoming| incoming.choice.as_deref());
    let mut whole = read(&text);
    Signs { danger: whole.danger, concern: whole.concern } = signs(burst, &all);
    let mut pieces = Pieces::of(&text);
    let alone = pieces.parts.len() <= 1;
    let picked = tapped
        .and_then(choice::standing)
        .or_else(|| choice::picked(offered, tapped, &text, &whole, alone).cloned())
        .or_else(|| tapped.and_then(choice::earlier));
    // What was written beside a tap is read too.
    let beside = burst.iter().filter(|incoming| incoming.choice.is_none()).cloned().collect::<Vec<_>>();
    let beside = joined(&beside);
    if picked.is_some() {
        pieces =
            if tapped.is_some() { Pieces::beside(cut(&beside, policy::MAX_READ_CHARS)) } else { Pieces::default() };
    }
    Message {
        whole,
        parts: pieces.parts.into_iter().map(|(piece, courteous)| Part { reading: read(piece), courteous }).collect(),
        halved: pieces.halved,
        cut: pieces.cut || text.len() < all.len(),
        cries: pieces.cries,
        picked,
        declined: choice::declines(offered, &text),
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
    let all = joined(burst);
    let whole = cut(&all, policy::MAX_READ_CHARS);
    let parts = Pieces::of(whole).parts.into_iter().map(|(piece, _)| piece);
    std::iter::once(whole).chain(parts).map(str::to_owned).collect()
}

/// The messages as one text, without what cannot be seen: it must not take the place of what can.
fn joined(burst: &[Incoming]) -> String {
    let texts = burst.iter().map(|incoming| text::seen(incoming.text.trim()));
    texts.filter(|text| !text.trim().is_empty()).collect::<Vec<_>>().join("\n")
}

/// The signs in each message and in all that was accepted, however long: the gravest danger, and the gravest of what is not danger yet.
fn signs(burst: &[Incoming], all: &str) -> Signs {
    let alone = burst.iter().filter(|_| burst.len() > 1).map(|incoming| danger::signs(&text::seen(&incoming.text)));
    alone.fold(danger::signs(all), |one, other| Signs {
        danger: one.danger.into_iter().chain(other.danger).min_by_key(|sign| sign.danger),
        concern: one.concern.or(other.concern),
    })
}

/// At most `limit` characters from the start.
fn cut(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(end, _)| &text[..end])
}

/// What of a message is read by itself.
#[derive(Default)]
struct Pieces<'t> {
    /// With whether they are nothing but courtesy.
    parts: Vec<(&'t str, bool)>,
    halved: bool,
    cut: bool,
    cries: bool,
}

impl<'t> Pieces<'t> {
    /// Of what stands beside something else: a single piece is read by itself.
    fn beside(text: &'t str) -> Self {
        let pieces = Self::of(text);
        if !pieces.parts.is_empty() || !text.chars().any(char::is_alphanumeric) {
            return pieces;
        }
        Self { parts: vec![(text, courtesy::within(text).0.is_empty())], ..pieces }
    }

    fn of(text: &'t str) -> Self {
        let (sentences, halved) = questions(text);
        if sentences.is_empty() {
            let (rest, cries) = courtesy::within(text);
            let beside = rest.split_whitespace().count() >= MIN_WORDS_BESIDE && rest.len() < text.trim().len();
            let parts = if beside && is_one_piece(text) { vec![(rest, false)] } else { Vec::new() };
            return Self { parts, halved, cut: !is_one_piece(text), cries };
        }
        let mut cries = false;
        let part = |sentence: &'t str| {
            let (rest, cry) = courtesy::within(sentence);
            cries |= cry;
            if rest.is_empty() { (sentence, true) } else { (rest, false) }
        };
        Self { parts: sentences.into_iter().map(part).collect(), halved, cut: false, cries }
    }
}

/// The sentences and lines that have words. The question mark inside a link ends none.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .flat_map(|line| {
            let bounds = line.split_sentence_bound_indices().map(|(start, _)| start);
            let starts: Vec<usize> = bounds.filter(|start| !is_inside_link(line, *start)).chain([line.len()]).collect();
            starts.windows(2).map(|ends| &line[ends[0]..ends[1]]).collect::<Vec<_>>()
        })
        .map(str::trim)
        .filter(|sentence| sentence.chars().any(char::is_alphanumeric))
}

fn is_inside_link(line: &str, at: usize) -> bool {
    let word = line[..at].rsplit(char::is_whitespace).next().unwrap_or_default();
    word.contains("://") || word.starts_with("www.")
}

/// Whether a text has so few sentences that each of them can be read.
fn is_one_piece(text: &str) -> bool {
    sentences(text).nth(MAX_PARTS).is_none()
}

/// The sentences of a message, or (`true`) the halves of one sentence that joins two questions. Empty when it is one piece.
fn questions(text: &str) -> (Vec<&str>, bool) {
    let sentences: Vec<&str> = sentences(text).collect();
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
    fn a_link_is_not_torn_apart() {
        assert!(questions("when is it back https://maps.example/elm?x=1").0.is_empty());
        assert_eq!(questions("see www.a.example/?x=1. And now?").0.len(), 2);
    }

    #[test]
    fn a_long_story_is_read_only_whole() {
        assert!(questions(&"It is dark. ".repeat(50)).0.is_empty());
    }

    fn incoming(text: &str) -> Incoming {
        Incoming {
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
        }
    }

    fn nothing() -> Reading {
        Reading { ranked: Vec::new(), language: None, mood: crate::reading::Mood::Calm, danger: None, concern: None }
    }

    #[test]
    fn danger_is_seen_wherever_it_stands_in_what_was_accepted() {
        let long = "We are fine so far and hope that you are too. ".repeat(93);
        let hidden = "\u{200b}".repeat(4_001);
        let bursts: [Vec<Incoming>; 6] = [
            vec![incoming(&long), incoming("I smell gas in the kitchen")],
            vec![incoming(&format!("{long}and my father is not breathing"))],
            vec![incoming(&"🙂".repeat(4_000)), incoming("I smell gas")],
            vec![incoming(&format!("{hidden}I smell gas"))],
            (0..19).map(|_| incoming(&long[..280])).chain([incoming("I smell gas")]).collect(),
            vec![incoming(&format!("{}I smell gas{}", "a ".repeat(1_995), " b".repeat(1_995)))],
        ];
        for burst in bursts {
            let message = read(&burst, &[], |_| nothing());
            assert!(message.whole.danger.is_some(), "{} messages", burst.len());
        }
        let message = read(&[incoming(&format!("{hidden}hello"))], &[], |_| nothing());
        assert_eq!((message.text.as_str(), message.cut), ("hello", false), "what cannot be seen takes no room");
    }

    #[test]
    fn what_is_too_long_to_be_read_is_known_to_be() {
        let cut = |text: &str| read(&[incoming(text)], &[], |_| nothing()).cut;
        assert!(cut(&"long ".repeat(801)) && cut(&"It is dark. ".repeat(13)));
        assert!(!cut(&"long ".repeat(799)) && !cut(&"It is dark. ".repeat(12)));
    }

    #[test]
    fn all_that_is_read_is_foreseen() {
        for text in [
            "hi",
            "When is power back? I need a refund.",
            "when is it back and how do I claim food",
            "",
            "hi, when is it back",
        ] {
            let burst = [incoming(text), incoming(" please ")];
            let asked = std::cell::RefCell::new(Vec::new());
            read(&burst, &[], |text| {
                asked.borrow_mut().push(text.to_owned());
                nothing()
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
