//! How customers took an answer, from what they did next: nobody tells us whether it was right.

use crate::{classifier::protest::protests, conversation::Reason, reading::Mood, store::Followed};

/// Whether the customer's next turn is a sign that the answer missed: they ask the same again, protest, grow angry or want a person.
#[must_use]
pub fn is_doubted(answer: &Followed) -> bool {
    let Some(next) = &answer.next else { return false };
    let wants_person = matches!(next.reason, Some(Reason::Wish | Reason::Repeated | Reason::Unclear));
    let asks_again = next.intents.iter().any(|intent| answer.intents.contains(intent));
    let angrier = next.mood == Mood::Angry && answer.mood != Mood::Angry;
    wants_person || asks_again || angrier || protests(&next.text)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{message::ConversationId, store::Next};

    fn answered(mood: Mood, next: Next) -> Followed {
        Followed {
            conversation: ConversationId::new(),
            channel: "web".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            language: None,
            mood,
            intents: vec!["water".to_owned()],
            next: Some(next),
        }
    }

    #[test]
    fn signs_that_an_answer_missed() {
        let next = |text: &str| Next { mood: Mood::Calm, reason: None, intents: Vec::new(), text: text.to_owned() };
        let doubted = |next| is_doubted(&answered(Mood::Calm, next));
        assert!(!doubted(next("thanks, and where is the shelter")));
        assert!(doubted(next("that's not what I asked")));
        assert!(doubted(Next { mood: Mood::Angry, ..next("") }));
        assert!(doubted(Next { reason: Some(Reason::Wish), ..next("") }));
        assert!(doubted(Next { intents: vec!["water".to_owned()], ..next("") }), "the same again");
        assert!(!doubted(Next { reason: Some(Reason::Unsure), ..next("") }), "another question that we do not know");
        assert!(!is_doubted(&answered(Mood::Angry, Next { mood: Mood::Angry, ..next("") })));
    }
}
