//! What a customer hears when the desk does something, in the admins' words. Pure: who calls it queues the words together with the change.

use jiff::Timestamp;

use crate::{
    conversation::Reason,
    knowledge::{DeskValues, Knowledge, Phrase, Said},
    message::{Author, Outgoing},
    policy::JOINED_AGAIN,
    reading::{Danger, Language},
    store::EscalationRecord,
};

/// Something that a customer is told about their conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition<'a> {
    /// An agent is with them.
    Joined { agent: &'a str },
    /// They still wait, with a new time if one is known.
    StillWaiting { by: Option<Timestamp> },
    /// Nobody is there any more today.
    Nobody { opens: Timestamp, by: Option<Timestamp> },
    /// They wrote of this danger, and nobody has taken it yet: help is elsewhere. None: which one is not known.
    Danger(Option<Danger>),
    /// The agent is done, and the bot answers again.
    Resolved { agent: &'a str },
    /// What was promised for now is not there yet.
    Late,
}

/// The words for a transition, in the customer's language or the default one.
#[must_use]
pub fn say(
    knowledge: &Knowledge,
    language: Option<Language>,
    now: Timestamp,
    transition: &Transition<'_>,
) -> Option<Outgoing> {
    let language = language.unwrap_or_else(|| knowledge.default_language());
    let mut desk = DeskValues::default();
    let phrases: &[Phrase] = match *transition {
        Transition::Danger(danger) => {
            let again = danger.and_then(|danger| danger_again(knowledge, danger, language, now));
            if again.is_some() {
                return again;
            }
            &[Phrase::Danger]
        }
        Transition::Joined { agent } => {
            desk.agent = Some(agent);
            &[Phrase::Joined]
        }
        Transition::Resolved { agent } => {
            desk.agent = Some(agent);
            &[Phrase::Resolved, Phrase::HandedBack]
        }
        Transition::StillWaiting { by } => {
            desk.by = by;
            &[Phrase::StillWaiting]
        }
        Transition::Nobody { opens, by } => {
            (desk.opens, desk.by) = (Some(opens), by);
            &[Phrase::Nobody]
        }
        Transition::Late => &[Phrase::PromiseLate],
    };
    let said = phrases.iter().map(|phrase| knowledge.phrase_of_desk(*phrase, language, now, &desk));
    let body: Vec<Said> = said.filter(|said| !said.text.is_empty()).map(Said::with_short).collect();
    let language = body.first()?.language;
    let text = body.iter().map(|said| said.text.as_str()).collect::<Vec<_>>().join("\n\n");
    Some(outgoing(Said { text, short: Some(Said::short_of(&body)), language }))
}

/// The help for this very danger once more, in short; None where it has no help of its own.
fn danger_again(knowledge: &Knowledge, danger: Danger, language: Language, now: Timestamp) -> Option<Outgoing> {
    let help = knowledge.help_in_short(danger, language, now)?;
    let before = knowledge.phrase(Phrase::DangerAgain, language, now).with_short();
    // Where only one of them has room, it is the help.
    let short = Said::short_of(&[help.clone(), before.clone()]);
    let mut text = vec![before.text];
    if help.language != language {
        text.push(knowledge.phrase(Phrase::OtherLanguage, language, now).text);
    }
    text.push(help.text);
    Some(outgoing(Said { text: text.join("\n\n"), short: Some(short), language: help.language }))
}

/// Text that the service says by itself.
#[must_use]
pub fn outgoing(said: Said) -> Outgoing {
    let Said { text, short, language } = said;
    Outgoing { text, short, choices: Vec::new(), author: Author::Bot, language }
}

/// What the customer hears when an agent claims an escalation or takes it over: that they are there, if the customer waits and was not
/// told so a moment ago.
#[must_use]
pub fn on_claim(knowledge: &Knowledge, escalation: &EscalationRecord, agent: &str, now: Timestamp) -> Option<Outgoing> {
    let waits = escalation.waiting_since.is_some();
    let just_said = escalation.joined_at.is_some_and(|joined| now.duration_since(joined) < JOINED_AGAIN);
    // Claimed already, by oneself: nothing changes.
    let is_new = escalation.claimed_by.as_deref() != Some(agent);
    (waits && is_new && !just_said)
        .then(|| say(knowledge, escalation.language, now, &Transition::Joined { agent }))
        .flatten()
}

/// What the customer hears when an agent resolves an escalation: that it is closed and that the bot answers again. Nothing where they
/// never heard of a person: a reply did not arrive, and an agent has looked at it.
#[must_use]
pub fn on_resolve(
    knowledge: &Knowledge,
    escalation: &EscalationRecord,
    agent: &str,
    now: Timestamp,
) -> Option<Outgoing> {
    let unheard_of = escalation.reason == Reason::Undelivered
        && escalation.joined_at.is_none()
        && escalation.waiting_since == Some(escalation.opened_at);
    (!unheard_of).then(|| say(knowledge, escalation.language, now, &Transition::Resolved { agent })).flatten()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        conversation::{EscalationId, Urgency},
        knowledge::{MAX_SHORT_CHARS, load},
        message::ConversationId,
    };

    const NOW: &str = "2026-11-14T23:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    fn minutes_ago(minutes: i64) -> Timestamp {
        now() - jiff::SignedDuration::from_mins(minutes)
    }

    fn sample() -> Knowledge {
        load(std::path::Path::new(env!("CARGO_MANIFEST_DIR")), now()).unwrap().knowledge.unwrap()
    }

    pub fn waiting() -> EscalationRecord {
        EscalationRecord {
            id: EscalationId(1),
            conversation: ConversationId::new(),
            channel: "web".into(),
            reason: Reason::Unsure,
            urgency: Urgency::Normal,
            intents: Vec::new(),
            words: None,
            language: Some(Language::ENGLISH),
            mood: None,
            opened_at: minutes_ago(40),
            due_at: None,
            waiting_since: Some(minutes_ago(40)),
            claimed_by: None,
            claimed_at: None,
            resolved_by: None,
            resolved_at: None,
            lapses: 0,
            lapsed_from: None,
            look_at: None,
            still_waiting: 0,
            joined_at: None,
        }
    }

    #[test]
    fn every_transition_is_said_in_the_customers_language() {
        let knowledge = sample();
        let by = Some("2026-11-14T23:40:00Z".parse().unwrap());
        let opens = "2026-11-15T13:00:00Z".parse().unwrap();
        let mut page = String::new();
        for language in [Language::ENGLISH, Language::SPANISH] {
            for transition in [
                Transition::Joined { agent: "Dana" },
                Transition::StillWaiting { by },
                Transition::StillWaiting { by: None },
                Transition::Nobody { opens, by },
                Transition::Danger(None),
                Transition::Resolved { agent: "Dana" },
                Transition::Late,
            ] {
                let said = say(&knowledge, Some(language), now(), &transition).unwrap();
                assert_eq!(said.language, language);
                assert!(said.short.as_ref().unwrap().chars().count() <= MAX_SHORT_CHARS);
                page = page + said.text.as_str() + "\n-- short: " + said.short.as_deref().unwrap_or_default() + "\n\n";
            }
        }
        insta::assert_snapshot!(page);
    }

    #[test]
    fn who_is_in_danger_hears_again_what_helps_in_that_very_danger() {
        let knowledge = sample();
        for language in [Language::ENGLISH, Language::SPANISH] {
            for danger in Danger::ALL {
                let Some(help) = knowledge.help_in_short(danger, language, now()) else { continue };
                let said = say(&knowledge, Some(language), now(), &Transition::Danger(Some(danger))).unwrap();
                assert!(said.text.ends_with(&help.text), "{}", said.text);
                assert!(said.short.unwrap().starts_with(help.short.as_deref().unwrap()), "the help before all else");
                let of_lines = ["fallen lines", "cables caídos"].iter().any(|words| said.text.contains(words));
                assert!(!of_lines || danger == Danger::DownedLine, "{danger:?}: {}", said.text);
            }
        }
        let said =
            say(&knowledge, Some(Language::ENGLISH), now(), &Transition::Danger(Some(Danger::SelfHarm))).unwrap();
        assert!(said.text.starts_with("You are not forgotten") && said.text.contains("988"), "{}", said.text);
        let general = say(&knowledge, Some(Language::ENGLISH), now(), &Transition::Danger(None)).unwrap();
        assert!(!general.text.contains("fallen lines") && general.text.contains("911"), "{}", general.text);
    }

    #[test]
    fn help_in_another_language_is_announced() {
        let french = "fr".parse().unwrap();
        let said = say(&sample(), Some(french), now(), &Transition::Danger(Some(Danger::Gas))).unwrap();
        let paragraphs: Vec<&str> = said.text.split("\n\n").collect();
        assert!(paragraphs[0].starts_with("On ne vous oublie pas"), "{paragraphs:?}");
        assert_eq!(paragraphs[1], "Je ne peux dire ceci qu'en anglais.");
        assert!(paragraphs[2].starts_with("Get everyone out into fresh air now."), "{paragraphs:?}");
    }

    #[test]
    fn who_waits_hears_once_that_somebody_is_there() {
        let knowledge = sample();
        let said = |escalation: &EscalationRecord| on_claim(&knowledge, escalation, "Dana", now());
        assert!(said(&waiting()).unwrap().text.starts_with("Dana is with you now"));
        assert_eq!(said(&EscalationRecord { waiting_since: None, ..waiting() }), None);
        assert_eq!(said(&EscalationRecord { joined_at: Some(minutes_ago(5)), ..waiting() }), None);
        assert_eq!(said(&EscalationRecord { claimed_by: Some("Dana".into()), ..waiting() }), None);
        assert!(said(&EscalationRecord { joined_at: Some(minutes_ago(35)), ..waiting() }).is_some());
    }

    #[test]
    fn an_agents_name_is_data() {
        let said = say(&sample(), None, now(), &Transition::Joined { agent: "*Dana* [x](https://evil.example) <b>" });
        let text = said.unwrap().text;
        assert!(text.starts_with(r"\*Dana\* \[x\](https://evil.example) \<b> is with you"), "{text}");
    }

    #[test]
    fn who_never_heard_of_a_person_hears_nothing_of_one() {
        let knowledge = sample();
        let undelivered =
            EscalationRecord { reason: Reason::Undelivered, waiting_since: Some(minutes_ago(40)), ..waiting() };
        assert_eq!(on_resolve(&knowledge, &undelivered, "Dana", now()), None);
        assert!(on_resolve(&knowledge, &waiting(), "Dana", now()).unwrap().text.contains("automated assistant"));
        let joined = EscalationRecord { joined_at: Some(minutes_ago(5)), ..undelivered };
        assert!(on_resolve(&knowledge, &joined, "Dana", now()).is_some());
    }
}
