//! The choices that a customer is offered, and which of them an answer picks.

use super::{
    cues::{self, is_among, words},
    places,
};
use crate::{message::Choice, reading::Reading};

/// The choice that keeps the bot.
pub(super) const KEEP_BOT: &str = "keep_bot";
const INTENT: &str = "intent:";

/// After a clarifying question a shorter answer is enough: its best intent counts as picked from this probability on if it was
/// offered. Half of what an unasked question would commonly need, because only two or three intents are left to tell apart.
const PICK_PROBABILITY: f64 = 0.3;

pub(super) fn intent_choice(intent: &str, title: &str) -> Choice {
    Choice { id: format!("{INTENT}{intent}"), label: title.to_owned() }
}

/// The intent behind a choice.
pub(super) fn intent_of(choice: &Choice) -> Option<&str> {
    choice.id.strip_prefix(INTENT)
}

/// A choice that is understood at any time, offered or not.
pub(super) fn standing(tapped: &str) -> Option<Choice> {
    [Choice::PERSON, Choice::HELP].contains(&tapped).then(|| Choice { id: tapped.to_owned(), label: String::new() })
}

/// The choice of an intent that was offered earlier: on some platforms the buttons of old messages can still be tapped, and no label comes
/// with them.
pub(super) fn earlier(tapped: &str) -> Option<Choice> {
    tapped.starts_with(INTENT).then(|| Choice { id: tapped.to_owned(), label: String::new() })
}

/// Which of the offered choices is meant: the tapped one, a number, the words of a label, yes or no, or the best intent. The last only of
/// an answer that says nothing else (`alone`): a choice must not swallow what stands beside it.
pub(super) fn picked<'a>(
    offered: &'a [Choice],
    tapped: Option<&str>,
    text: &str,
    reading: &Reading,
    alone: bool,
) -> Option<&'a Choice> {
    if offered.is_empty() {
        return None;
    }
    if let Some(choice) = tapped.and_then(|id| offered.iter().find(|choice| choice.id == id)) {
        return Some(choice);
    }
    by_yes_or_no(offered, text)
        .or_else(|| places::named(text, offered.len().min(places::MAX)).and_then(|place| offered.get(place)))
        .or_else(|| by_label(offered, &words(text)))
        .or_else(|| by_intent(offered, reading).filter(|_| alone))
}

/// Whether an answer takes none of the offered choices.
pub(super) fn declines(offered: &[Choice], text: &str) -> bool {
    !offered.is_empty() && is_among(cues::NONE, text)
}

fn by_label<'a>(offered: &'a [Choice], said: &str) -> Option<&'a Choice> {
    if said.is_empty() {
        return None;
    }
    if let Some(choice) = offered.iter().find(|choice| words(&choice.label) == said) {
        return Some(choice);
    }
    // "the refund" picks "Ask for a refund" when no other label has that word.
    let telling: Vec<&str> = said.split(' ').filter(|word| word.chars().count() > 3).collect();
    if telling.is_empty() {
        return None;
    }
    let mut fitting = offered.iter().filter(|choice| {
        let label = words(&choice.label);
        telling.iter().all(|word| label.split(' ').any(|other| other == *word))
    });
    let only = fitting.next()?;
    fitting.next().is_none().then_some(only)
}

fn by_yes_or_no<'a>(offered: &'a [Choice], text: &str) -> Option<&'a Choice> {
    let [person, keep] = offered else { return None };
    if person.id != Choice::PERSON || keep.id != KEEP_BOT {
        return None;
    }
    let thumbs = cues::thumbs(text);
    if thumbs == Some(true) || is_among(cues::YES, text) {
        Some(person)
    } else if thumbs == Some(false) || is_among(cues::NO, text) || is_among(cues::NONE, text) {
        Some(keep)
    } else {
        None
    }
}

fn by_intent<'a>(offered: &'a [Choice], reading: &Reading) -> Option<&'a Choice> {
    let best = reading.best().filter(|best| best.probability >= PICK_PROBABILITY)?;
    offered.iter().find(|choice| intent_of(choice) == Some(&best.intent))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::reading::{Mood, Ranked};

    fn offered() -> Vec<Choice> {
        vec![
            intent_choice("refund", "Ask for a refund"),
            intent_choice("billing", "Understand my bill"),
            Choice { id: Choice::PERSON.into(), label: "Talk to a person".into() },
        ]
    }

    fn reading(intent: &str, probability: f64) -> Reading {
        Reading {
            ranked: vec![Ranked { intent: intent.into(), probability }],
            language: None,
            mood: Mood::Calm,
            danger: None,
            concern: None,
        }
    }

    #[rstest]
    #[case::number("2", "intent:billing")]
    #[case::number_with_dot(" 1. ", "intent:refund")]
    #[case::label("ask for a REFUND!", "intent:refund")]
    #[case::one_word("the bill", "intent:billing")]
    #[case::person("a person please", "")]
    #[case::person_word("person", "person")]
    #[case::too_large("7", "")]
    #[case::something_else("when is the power back", "")]
    fn an_answer_in_words_or_numbers_picks_its_choice(#[case] said: &str, #[case] id: &str) {
        let offered = offered();
        let picked = picked(&offered, None, said, &reading("outage", 0.9), true);
        assert_eq!(picked.map_or("", |choice| &choice.id), id);
    }

    #[test]
    fn a_tap_wins_over_the_words() {
        let offered = offered();
        assert_eq!(picked(&offered, Some("person"), "1", &reading("x", 0.0), true).unwrap().id, "person");
    }

    #[test]
    fn an_unknown_tap_is_read_as_words() {
        assert!(picked(&offered(), Some("intent:nuke"), "hello", &reading("x", 0.9), true).is_none());
    }

    #[test]
    fn the_best_intent_picks_only_if_offered_and_probable_enough() {
        let offered = offered();
        assert!(picked(&offered, None, "money back pls", &reading("refund", 0.5), true).is_some());
        assert!(picked(&offered, None, "money back pls", &reading("refund", 0.1), true).is_none());
        assert!(picked(&offered, None, "money back pls", &reading("water", 0.9), true).is_none());
    }

    #[test]
    fn a_choice_does_not_swallow_what_stands_beside_it() {
        let offered = offered();
        assert!(picked(&offered, None, "the money. and my house floods", &reading("refund", 0.9), false).is_none());
    }

    #[test]
    fn none_of_the_choices_is_an_answer() {
        assert!(declines(&offered(), "None of these.") && declines(&offered(), "ninguna de estas"));
        assert!(!declines(&offered(), "none of this works") && !declines(&[], "none of these"));
    }

    #[test]
    fn yes_calls_the_person_that_was_offered() {
        let offer = [
            Choice { id: Choice::PERSON.into(), label: "Talk to a person".into() },
            Choice { id: KEEP_BOT.into(), label: "No, that is all".into() },
        ];
        assert_eq!(picked(&offer, None, "Yes, please!", &reading("x", 0.0), true).unwrap().id, Choice::PERSON);
        assert_eq!(picked(&offer, None, "no", &reading("x", 0.0), true).unwrap().id, KEEP_BOT);
        assert_eq!(picked(&offer, None, "👍🏼", &reading("x", 0.0), true).unwrap().id, Choice::PERSON);
        assert_eq!(picked(&offer, None, "👎", &reading("x", 0.0), true).unwrap().id, KEEP_BOT);
        assert!(picked(&offered(), None, "👍", &reading("x", 0.0), true).is_none());
        assert!(picked(&offered(), None, "yes", &reading("x", 0.0), true).is_none());
    }
}
