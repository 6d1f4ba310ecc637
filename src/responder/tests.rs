//! The promises of the decision, told with readings made by hand.

use std::fs;

use proptest::prelude::Strategy as _;

use super::{burst::Part, *};
use crate::{
    conversation::Urgency,
    desk::{hours::Hours, waiting::Waits},
    knowledge,
    message::{ConversationId, Outgoing, Quoted, Quotee},
    reading::{Concern, Danger, DangerSign, Ranked, Reading},
};

const THRESHOLD: f64 = 0.8;

const PHRASES: &str = r"
en:
  introduction: I am a bot.
  opening:
    worried: [Take a breath.]
    angry: [You want facts., Here is the plain state.]
    sad: [That is hard.]
  empathy:
    angry: [I hear you.]
  clarify: Which one?
  person: Talk to a person
  already_said: I said all I know. A person?
  keep_bot: No, that is all
  kept_bot: All right.
  hand_over:
    unsure: A person reads this (unsure).
    wish: |-
      A person comes.

      They answer by {{ desk.by }}.
    always: A person must do this.
    stale: My facts are old; a person comes.
    repeated: I did not help; a person comes.
    unclear: I do not understand; a person comes.
    attachment: A person looks at the file.
    undelivered: A person checks.
  private: Please write to us in private.
  waiting: I added this.
  danger: Get to safety.
  other_language: Only in English.
  no_words: Please use words.
  welcome: Ask away.
  joined: '{{ desk.agent }} is here.'
  still_waiting: |-
    You still wait.

    Until {{ desk.by }}.
  nobody: |-
    Nobody is here.

    Back {{ desk.opens }}.
  resolved: Closed.
  handed_back: The bot answers.
  promise_late: Not yet.
es:
  introduction: Soy un bot.
";

const INCIDENT: &str = r"
company: Harbor
name: Storm
timezone: UTC
languages: [en, es]
reason: a storm
started: 2026-11-14 02:00
next_update: daily at 08:00, 18:00
contacts:
  line: 555-0100
facts:
  crews:
    value: 40 crews
    as_of: 2026-11-14 06:00
    valid_for: 12h
";

/// Name, further keys of the intent, response.
const INTENTS: [(&str, &str, &str); 10] = [
    ("restoration", "priority: 10", "Power is back at noon."),
    ("refund", "", "Refunds take a week."),
    ("crews", "", "We have {{ incident.facts.crews }}."),
    ("account", "private: true", "Reset it on the page."),
    ("complaint", "escalate: always", "We hear your complaint."),
    ("gas", "danger: gas", "Leave the house. Call {{ incident.contacts.line }}."),
    ("talk_to_person", "escalate: always", "A person is called."),
    ("greeting", "priority: -1", "Hello."),
    ("bye", "priority: -1", "Goodbye."),
    ("water", "", "Water is safe."),
];

fn knowledge_of_the_test() -> Knowledge {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir_all(at("intents")).unwrap();
    fs::create_dir_all(at("responses")).unwrap();
    fs::write(at("incident.yaml"), INCIDENT).unwrap();
    fs::write(at("responses/phrases.yaml"), PHRASES).unwrap();
    for (name, keys, response) in INTENTS {
        let examples = (0..10).map(|n| format!("  - {name} example number {n}")).collect::<Vec<_>>().join("\n");
        fs::write(at(&format!("intents/{name}.yaml")), format!("title: About {name}\n{keys}\nexamples:\n{examples}\n"))
            .unwrap();
        fs::write(at(&format!("responses/{name}.md")), response).unwrap();
    }
    fs::write(at("responses/restoration.es.md"), "La luz vuelve a mediodía.").unwrap();
    let loaded = knowledge::load(dir.path(), morning()).unwrap();
    loaded.knowledge.unwrap_or_else(|| panic!("{:?}", loaded.problems))
}

fn morning() -> Timestamp {
    "2026-11-14T10:00:00Z".parse().unwrap()
}

fn reading(ranked: &[(&str, f64)]) -> Reading {
    let ranked =
        ranked.iter().map(|(intent, probability)| Ranked { intent: (*intent).into(), probability: *probability });
    Reading {
        ranked: ranked.collect(),
        language: Some(Language::ENGLISH),
        mood: Mood::Calm,
        danger: None,
        concern: None,
    }
}

fn message(ranked: &[(&str, f64)]) -> Message {
    Message {
        text: String::new(),
        whole: reading(ranked),
        parts: Vec::new(),
        halved: false,
        cut: false,
        cries: false,
        picked: None,
        declined: false,
        has_words: true,
        has_attachments: false,
        quoted_danger: None,
    }
}

fn sure(intent: &str) -> Message {
    message(&[(intent, 0.95)])
}

fn part(ranked: &[(&str, f64)]) -> Part {
    Part { reading: reading(ranked), courteous: false }
}

/// A conversation with one customer, one turn after the other.
struct Talk {
    knowledge: Knowledge,
    conversation: Conversation,
    outlook: Outlook,
    now: Timestamp,
}

impl Talk {
    fn new() -> Self {
        let conversation = Conversation {
            id: ConversationId::default(),
            channel: "test".into(),
            place: "p".into(),
            public: false,
            version: 0,
            memory: Memory { introduced: true, ..Memory::default() },
        };
        Self { knowledge: knowledge_of_the_test(), conversation, outlook: Outlook::default(), now: morning() }
    }

    fn hears(&mut self, message: Message) -> Turn {
        let memory = wake(&self.conversation.memory, self.now);
        let language = message.whole.language.or(memory.language).unwrap_or_else(|| self.knowledge.default_language());
        let understood = tongue::understood(&self.knowledge);
        let scene = Scene {
            knowledge: &self.knowledge,
            threshold: THRESHOLD,
            understood: &understood,
            language,
            outlook: &self.outlook,
            now: self.now,
        };
        let turn = turn(&scene, &self.conversation, memory, message);
        self.conversation.memory = turn.memory.clone();
        turn
    }

    fn picks(&mut self, id: &str) -> Turn {
        let picked = self.conversation.memory.offered.iter().find(|choice| choice.id == id).cloned();
        assert!(picked.is_some(), "{id} was not offered");
        self.hears(Message { picked, ..message(&[]) })
    }
}

/// A tap on a choice, or a command that stands for one.
fn taps(choice: &str) -> Incoming {
    Incoming {
        channel: "test".to_owned(),
        message_id: choice.to_owned(),
        edits: None,
        reply_to: None,
        place: "p".to_owned(),
        contact: "c".to_owned(),
        public: false,
        text: String::new(),
        quoted: None,
        choice: Some(choice.to_owned()),
        stop: false,
        attachments: Vec::new(),
        received_at: morning(),
    }
}

fn said(turn: &Turn) -> &str {
    turn.replies.first().map_or("", |reply| reply.text.as_str())
}

fn choices(turn: &Turn) -> Vec<&str> {
    turn.replies.iter().flat_map(|reply: &Outgoing| &reply.choices).map(|choice| choice.id.as_str()).collect()
}

fn escalated(turn: &Turn) -> Option<Reason> {
    match turn.decision {
        Decision::Escalate(reason) => Some(reason),
        _ => None,
    }
}

fn in_half_an_hour() -> Outlook {
    Outlook { waits: Waits::all(Some(jiff::SignedDuration::from_mins(30))), ..Outlook::default() }
}

/// Open in the afternoon; the test's customers write in the morning.
fn closed() -> Outlook {
    Outlook { hours: Hours::parse(&["daily 12:00-18:00"]).unwrap(), ..in_half_an_hour() }
}

#[test]
fn who_needs_a_person_hears_by_when_and_the_escalation_knows() {
    let turn = Talk { outlook: in_half_an_hour(), ..Talk::new() }.hears(sure("talk_to_person"));
    assert_eq!(said(&turn), "A person comes.\n\nThey answer by 10:30.");
    let escalation = turn.escalation.unwrap();
    assert_eq!(escalation.due_at.unwrap().to_string(), "2026-11-14T10:30:00Z");
    assert_eq!(escalation.look_at.unwrap().to_string(), "2026-11-14T10:27:00Z");
    let unknown = Talk::new().hears(sure("talk_to_person"));
    assert_eq!((said(&unknown), unknown.escalation.as_ref().unwrap().due_at), ("A person comes.", None));
}

#[test]
fn outside_office_hours_nobody_is_promised_at_once() {
    let turn = Talk { outlook: closed(), ..Talk::new() }.hears(sure("talk_to_person"));
    assert_eq!(said(&turn), "Nobody is here.\n\nBack 12:00.");
    assert_eq!(turn.escalation.unwrap().due_at.unwrap().to_string(), "2026-11-14T12:30:00Z");
    let answer = Talk { outlook: closed(), ..Talk::new() }.hears(sure("restoration"));
    assert_eq!(said(&answer), "Power is back at noon.", "what the bot knows it says at any hour");
}

#[test]
fn in_danger_no_waiting_time_is_named_and_nobody_is_sent_away() {
    for outlook in [in_half_an_hour(), closed()] {
        let mut talk = Talk { outlook, ..Talk::new() };
        let known = talk.hears(sure("gas"));
        assert_eq!(known.escalation.as_ref().unwrap().due_at, None);
        assert!(!said(&known).contains("Nobody is here"), "{}", said(&known));
    }
}

#[test]
fn what_is_sure_is_answered() {
    let turn = Talk::new().hears(sure("restoration"));
    assert_eq!(turn.decision, Decision::Answer(vec!["restoration".into()]));
    assert_eq!(said(&turn), "Power is back at noon.");
    assert!(turn.escalation.is_none());
}

#[test]
fn a_person_is_one_tap_away_under_every_answer_and_no_words_pick_that_tap() {
    let mut talk = Talk::new();
    let turn = talk.hears(sure("restoration"));
    assert_eq!(choices(&turn), ["person"]);
    assert_eq!(turn.replies[0].choices[0].label, "Talk to a person");
    assert!(turn.memory.offered.is_empty(), "nothing was asked, so a `1` or a `yes` means nothing");
    let tapped = burst::read(&[taps("person")], &[], |_| reading(&[]));
    assert_eq!(escalated(&talk.hears(tapped)), Some(Reason::Wish));
}

#[test]
fn who_asks_for_help_hears_what_this_is() {
    let mut talk = Talk::new();
    talk.conversation.memory.introduced = false;
    let turn = talk.hears(burst::read(&[taps("help")], &[], |_| reading(&[])));
    assert_eq!((turn.decision.as_str(), said(&turn)), ("acknowledge", "I am a bot.\n\nAsk away."));
}

#[test]
fn the_bot_says_that_it_is_one_before_its_first_answer_only() {
    let mut talk = Talk::new();
    talk.conversation.memory.introduced = false;
    assert_eq!(said(&talk.hears(sure("restoration"))), "I am a bot.\n\nPower is back at noon.");
    assert_eq!(said(&talk.hears(sure("refund"))), "Refunds take a week.");
    talk.now += jiff::SignedDuration::from_hours(30);
    assert_eq!(
        said(&talk.hears(sure("refund"))),
        "I am a bot.\n\nRefunds take a week.",
        "a day later it says so again"
    );
}

#[test]
fn what_is_not_sure_goes_to_a_person() {
    let turn = Talk::new().hears(message(&[("restoration", 0.3), ("refund", 0.1)]));
    assert_eq!(escalated(&turn), Some(Reason::Unsure));
    assert_eq!(said(&turn), "A person reads this (unsure).");
    assert_eq!(turn.escalation.unwrap().intents, ["restoration", "refund"]);
    assert_eq!(turn.memory.standing, Standing::Waiting);
}

#[test]
fn intents_that_are_probable_and_not_sure_are_asked_back() {
    let mut talk = Talk::new();
    let turn = talk.hears(message(&[("restoration", 0.5), ("refund", 0.4)]));
    assert_eq!(turn.decision, Decision::Clarify(vec!["restoration".into(), "refund".into()]));
    assert_eq!(choices(&turn), ["intent:restoration", "intent:refund", "person"]);
    let turn = talk.picks("intent:refund");
    assert_eq!(turn.decision, Decision::Answer(vec!["refund".into()]));
    assert!(turn.memory.offered.is_empty());
}

#[test]
fn a_single_probable_intent_is_asked_back_too() {
    let turn = Talk::new().hears(message(&[("restoration", 0.6), ("refund", 0.01), ("water", 0.01)]));
    assert_eq!(choices(&turn), ["intent:restoration", "person"], "what is less than a tenth as probable is no choice");
    let turn = Talk::new().hears(message(&[("restoration", 0.6), ("gas", 0.01)]));
    assert_eq!(choices(&turn), ["intent:restoration", "person"], "a danger is no choice");
    let turn = Talk::new().hears(message(&[("restoration", 0.6), ("greeting", 0.2)]));
    assert_eq!(choices(&turn), ["intent:restoration", "person"], "nor is a courtesy");
}

#[test]
fn after_two_questions_back_a_person_takes_over() {
    let mut talk = Talk::new();
    let muddled = || message(&[("restoration", 0.5), ("refund", 0.4)]);
    talk.hears(muddled());
    talk.hears(muddled());
    assert_eq!(escalated(&talk.hears(muddled())), Some(Reason::Unclear));
}

#[test]
fn a_wish_for_a_person_is_honoured_at_once() {
    let turn = Talk::new().hears(sure("talk_to_person"));
    assert_eq!(escalated(&turn), Some(Reason::Wish));
    assert_eq!(said(&turn), "A person comes.");
    assert_eq!(turn.escalation.unwrap().urgency, Urgency::High);
}

#[test]
fn a_wish_for_a_person_needs_less_certainty_than_an_answer() {
    assert_eq!(escalated(&Talk::new().hears(message(&[("talk_to_person", 0.4), ("refund", 0.3)]))), Some(Reason::Wish));
}

#[test]
fn danger_comes_first_whatever_else_is_asked() {
    let mut talk = Talk::new();
    talk.conversation.memory.introduced = false;
    let mut dangerous = sure("refund");
    dangerous.whole.danger = Some(DangerSign { danger: Danger::Gas, rule: "gas.smell".into() });
    let turn = talk.hears(dangerous);
    assert_eq!(escalated(&turn), Some(Reason::Danger(Danger::Gas)));
    assert_eq!(said(&turn), "Leave the house. Call 555-0100.\n\nI am a bot.", "help first");
    assert_eq!(turn.escalation.unwrap().urgency, Urgency::Danger);
}

#[test]
fn a_danger_intent_needs_less_certainty_than_an_answer() {
    assert_eq!(escalated(&Talk::new().hears(message(&[("gas", 0.5)]))), Some(Reason::Danger(Danger::Gas)));
}

#[test]
fn what_may_be_a_danger_calls_a_person_before_others_and_is_booked_as_none() {
    let turn = Talk::new().hears(message(&[("gas", 0.4), ("refund", 0.3), ("water", 0.05)]));
    assert_eq!(escalated(&turn), Some(Reason::Unsure));
    assert!(said(&turn).starts_with("If someone is in danger, call the emergency services."), "{}", said(&turn));
    assert!(said(&turn).ends_with("A person reads this (unsure)."), "{}", said(&turn));
    let escalation = turn.escalation.unwrap();
    assert_eq!((escalation.urgency, escalation.intents), (Urgency::High, vec!["refund".to_owned()]));
}

#[test]
fn what_must_not_wait_reaches_a_person_before_others_whatever_is_answered() {
    let concerned = |mut message: Message| {
        message.whole.concern = Some(Concern::Fear);
        Talk::new().hears(message)
    };
    let first = "If someone is in danger, call the emergency services. I am putting your message ahead of others.";
    let answered = concerned(sure("restoration"));
    assert_eq!(said(&answered), format!("{first}\n\nPower is back at noon.\n\nA person reads this (unsure)."));
    assert_eq!(answered.escalation.unwrap().urgency, Urgency::High);
    let mut cry = sure("restoration");
    cry.whole.concern = Some(Concern::Cry);
    assert_eq!(said(&Talk::new().hears(cry)), "Power is back at noon.", "it cries for what is answered");
    for other in [sure("greeting"), Message { has_words: false, ..message(&[]) }, message(&[("refund", 0.6)])] {
        let turn = concerned(other);
        assert_eq!(said(&turn), format!("{first}\n\nA person reads this (unsure)."));
        assert_eq!(turn.escalation.unwrap().urgency, Urgency::High);
    }
}

#[test]
fn a_cry_for_help_beside_what_was_not_understood_comes_before_others() {
    let cry =
        Message { cries: true, parts: vec![part(&[("water", 0.2)]), part(&[("greeting", 0.95)])], ..message(&[]) };
    let turn = Talk::new().hears(cry);
    assert_eq!((escalated(&turn), turn.escalation.unwrap().urgency), (Some(Reason::Unsure), Urgency::High));
}

#[test]
fn what_was_not_read_to_its_end_reaches_a_person_whatever_is_answered() {
    let cut = |ranked: &[(&str, f64)]| Talk::new().hears(Message { cut: true, ..message(ranked) });
    let answered = cut(&[("restoration", 0.95)]);
    assert_eq!(escalated(&answered), Some(Reason::Unsure));
    assert!(said(&answered).starts_with("Power is back at noon."));
    assert_eq!(escalated(&cut(&[("restoration", 0.5), ("refund", 0.4)])), Some(Reason::Unsure), "not asked back");
    assert_eq!(escalated(&cut(&[("greeting", 0.99)])), Some(Reason::Unsure), "no courtesy");
}

#[test]
fn several_courtesies_are_one() {
    let turn = Talk::new().hears(message(&[("greeting", 0.85), ("bye", 0.1)]));
    assert_eq!(said(&turn), "Hello.");
}

#[test]
fn a_danger_without_an_intent_gets_the_general_help() {
    let mut message = message(&[]);
    message.whole.danger = Some(DangerSign { danger: Danger::Fire, rule: "fire.burning".into() });
    assert_eq!(said(&Talk::new().hears(message)), "Get to safety.");
}

#[test]
fn danger_is_heard_even_while_an_agent_has_the_conversation() {
    let mut talk = Talk::new();
    talk.conversation.memory.standing = Standing::Agent;
    let turn = talk.hears(sure("gas"));
    assert_eq!(said(&turn), "Leave the house. Call 555-0100.");
    assert_eq!(turn.memory.standing, Standing::Agent);
    assert!(talk.hears(sure("gas")).replies.is_empty(), "once said, the agent has it");
}

#[test]
fn while_an_agent_has_the_conversation_the_bot_is_silent() {
    let mut talk = Talk::new();
    talk.conversation.memory.standing = Standing::Agent;
    for message in [sure("restoration"), message(&[]), sure("talk_to_person")] {
        let turn = talk.hears(message);
        assert_eq!(turn.decision, Decision::Silent);
        assert!(turn.replies.is_empty() && turn.escalation.is_none());
    }
}

#[test]
fn who_waits_for_a_person_still_gets_answers_and_otherwise_hears_that_it_was_added() {
    let mut talk = Talk::new();
    talk.hears(sure("talk_to_person"));
    assert_eq!(said(&talk.hears(sure("restoration"))), "Power is back at noon.");
    assert_eq!(said(&talk.hears(message(&[("refund", 0.5), ("water", 0.4)]))), "I added this.");
}

fn writes(text: &str) -> Message {
    Message { text: text.into(), ..message(&[]) }
}

#[test]
fn who_waits_and_asks_how_long_hears_the_time_that_was_named() {
    let mut talk = Talk { outlook: in_half_an_hour(), ..Talk::new() };
    talk.hears(sure("talk_to_person"));
    for text in ["hello?", "how long do i have to wait", "¿Hay alguien?"] {
        let turn = talk.hears(Message { text: text.into(), ..sure("greeting") });
        assert_eq!((turn.decision.as_str(), said(&turn)), ("acknowledge", "You still wait.\n\nUntil 10:30."));
        assert_eq!(turn.memory.standing, Standing::Waiting);
    }
    talk.now += jiff::SignedDuration::from_mins(28);
    assert_eq!(said(&talk.hears(writes("hello?"))), "You still wait.", "the clocks name a new time");
    let mut talk = Talk::new();
    talk.hears(sure("talk_to_person"));
    talk.outlook = closed();
    assert_eq!(said(&talk.hears(writes("hello?"))), "Nobody is here.\n\nBack 12:00.");
    assert_eq!(said(&Talk::new().hears(Message { text: "hello?".into(), ..sure("greeting") })), "Hello.");
}

#[test]
fn who_is_in_danger_and_asks_what_to_do_hears_the_help_again() {
    let mut talk = Talk::new();
    talk.hears(sure("gas"));
    assert_eq!(said(&talk.hears(writes("what do i do now?"))), "Leave the house. Call 555-0100.");
    assert_eq!(said(&talk.hears(writes("hello?"))), "Leave the house. Call 555-0100.\n\nYou still wait.");
    assert_eq!(said(&talk.hears(message(&[("refund", 0.3)]))), "I added this.");
}

#[test]
fn who_takes_it_back_needs_nobody() {
    let turn = Talk::new().hears(writes("Forget it."));
    assert_eq!((turn.decision.as_str(), said(&turn)), ("acknowledge", "All right."));
}

#[test]
fn who_means_none_of_the_choices_is_asked_for_words_and_then_a_person_comes() {
    let mut talk = Talk::new();
    talk.hears(message(&[("restoration", 0.5), ("refund", 0.4)]));
    let none = || Message { declined: true, ..writes("none of these") };
    let turn = talk.hears(none());
    assert_eq!((said(&turn), choices(&turn)), ("Ask away.", vec!["person"]));
    assert_eq!(escalated(&talk.hears(none())), Some(Reason::Unclear));
}

#[test]
fn what_is_written_beside_a_tap_is_read_too() {
    let mut talk = Talk::new();
    talk.hears(message(&[("restoration", 0.5), ("refund", 0.4)]));
    let beside = |text: &str| {
        let written = Incoming { text: text.to_owned(), choice: None, message_id: "2".into(), ..taps("") };
        burst::read(&[taps("intent:refund"), written], &talk.conversation.memory.offered, |_| reading(&[]))
    };
    let (thanks, more) = (beside("thanks"), beside("my house is flooding"));
    let memory = talk.conversation.memory.clone();
    assert_eq!(said(&talk.hears(thanks)), "Refunds take a week.");
    talk.conversation.memory = memory;
    assert_eq!(said(&talk.hears(more)), "Refunds take a week.\n\nA person reads this (unsure).");
}

#[test]
fn the_same_question_again_offers_a_person_and_then_brings_one() {
    let mut talk = Talk::new();
    talk.hears(sure("restoration"));
    let turn = talk.hears(sure("restoration"));
    assert_eq!(said(&turn), "I said all I know. A person?");
    assert_eq!(choices(&turn), ["person", "keep_bot"]);
    assert_eq!(escalated(&talk.hears(sure("restoration"))), Some(Reason::Repeated));
}

#[test]
fn the_offer_of_a_person_can_be_taken_or_declined() {
    let mut talk = Talk::new();
    talk.hears(sure("restoration"));
    talk.hears(sure("restoration"));
    let declined = talk.picks("keep_bot");
    assert_eq!((declined.decision.clone(), said(&declined)), (Decision::Acknowledge, "All right."));

    let mut talk = Talk::new();
    talk.hears(sure("restoration"));
    talk.hears(sure("restoration"));
    assert_eq!(escalated(&talk.picks("person")), Some(Reason::Wish));
}

#[test]
fn hours_later_the_same_question_is_a_new_one() {
    let mut talk = Talk::new();
    talk.hears(sure("restoration"));
    talk.now += jiff::SignedDuration::from_hours(3);
    assert_eq!(said(&talk.hears(sure("restoration"))), "Power is back at noon.");
}

#[test]
fn greetings_may_be_repeated() {
    let mut talk = Talk::new();
    for _ in 0..3 {
        assert_eq!(said(&talk.hears(sure("greeting"))), "Hello.");
    }
}

#[test]
fn a_stale_fact_is_not_said() {
    let mut talk = Talk::new();
    assert_eq!(said(&talk.hears(sure("crews"))), "We have 40 crews.");
    let mut talk = Talk::new();
    talk.now += jiff::SignedDuration::from_hours(20);
    let turn = talk.hears(sure("crews"));
    assert_eq!(escalated(&turn), Some(Reason::Stale));
    assert_eq!(said(&turn), "My facts are old; a person comes.");
}

#[test]
fn a_private_matter_in_public_moves_to_private() {
    let mut talk = Talk::new();
    talk.conversation.public = true;
    let turn = talk.hears(sure("account"));
    assert_eq!(escalated(&turn), Some(Reason::Private));
    assert_eq!(said(&turn), "Please write to us in private.");
    assert_eq!(said(&Talk::new().hears(sure("account"))), "Reset it on the page.", "in private it is answered");
}

#[test]
fn an_intent_that_always_needs_a_person_says_its_own_line() {
    let turn = Talk::new().hears(sure("complaint"));
    assert_eq!(escalated(&turn), Some(Reason::Always));
    assert_eq!(said(&turn), "We hear your complaint.");
}

#[test]
fn what_a_person_takes_anyway_is_not_asked_back_first() {
    assert_eq!(escalated(&Talk::new().hears(message(&[("complaint", 0.6), ("refund", 0.2)]))), Some(Reason::Always));
}

#[test]
fn several_questions_are_answered_together_the_important_one_first() {
    let mut talk = Talk::new();
    let turn = talk.hears(Message {
        parts: vec![part(&[("greeting", 0.9)]), part(&[("refund", 0.9)]), part(&[("restoration", 0.9)])],
        ..message(&[("refund", 0.5)])
    });
    assert_eq!(turn.decision, Decision::Answer(vec!["restoration".into(), "refund".into()]));
    assert_eq!(said(&turn), "Power is back at noon.\n\nRefunds take a week.");
}

#[test]
fn at_most_three_questions_are_answered_together() {
    let names = ["restoration", "refund", "water", "crews"];
    let turn = Talk::new().hears(Message {
        parts: names.iter().map(|name| part(&[(name, 0.9)])).collect(),
        ..message(&[("refund", 0.5)])
    });
    assert_eq!(escalated(&turn), Some(Reason::Unsure), "a person takes the fourth");
    assert_eq!(turn.memory.answered.len(), 3);
}

#[test]
fn a_question_left_open_beside_an_answered_one_brings_a_person() {
    let turn = Talk::new().hears(Message {
        parts: vec![part(&[("restoration", 0.9)]), part(&[("water", 0.2)])],
        ..message(&[("restoration", 0.5)])
    });
    assert_eq!(escalated(&turn), Some(Reason::Unsure));
    assert_eq!(said(&turn), "Power is back at noon.\n\nA person reads this (unsure).");
}

#[test]
fn a_statement_left_open_beside_an_answered_question_brings_a_person() {
    let turn = Talk::new().hears(Message {
        parts: vec![part(&[("restoration", 0.95)]), part(&[("refund", 0.1)])],
        ..message(&[("restoration", 0.95)])
    });
    assert_eq!(said(&turn), "Power is back at noon.\n\nA person reads this (unsure).");
}

#[test]
fn a_story_around_a_question_does_not_hide_it() {
    let turn = Talk::new().hears(Message {
        parts: vec![part(&[("water", 0.3), ("restoration", 0.2)]), part(&[("restoration", 0.9)])],
        ..message(&[("restoration", 0.5)])
    });
    assert_eq!(turn.decision, Decision::Answer(vec!["restoration".into()]));
}

#[test]
fn a_courtesy_does_not_answer_what_was_not_understood() {
    for whole in [vec![], vec![("greeting", 0.95)]] {
        let turn = Talk::new()
            .hears(Message { parts: vec![part(&[("water", 0.1)]), part(&[("greeting", 0.99)])], ..message(&whole) });
        assert_eq!(escalated(&turn), Some(Reason::Unsure));
        let asked_back = Talk::new()
            .hears(Message { parts: vec![part(&[("greeting", 0.99)]), part(&[("water", 0.6)])], ..message(&whole) });
        assert_eq!(asked_back.decision, Decision::Clarify(vec!["water".into()]));
    }
}

#[test]
fn thanks_for_one_matter_do_not_hide_the_next() {
    let turn = Talk::new().hears(Message {
        parts: vec![part(&[("greeting", 0.99)]), part(&[("refund", 0.95)])],
        ..message(&[("greeting", 0.95)])
    });
    assert_eq!(said(&turn), "Refunds take a week.");
}

/// What customers may write, one sentence each, and how it is read.
const SENTENCES: [(&str, &str); 5] = [
    ("Thank you so much.", "greeting"),
    ("When is the power back?", "restoration"),
    ("The blue wagon stands at the corner.", ""),
    ("I smell gas in my kitchen.", ""),
    ("Let staff call me.", "talk_to_person"),
];

proptest::proptest! {
    #[test]
    fn nothing_in_a_message_is_lost_in_any_order(
        order in proptest::sample::subsequence(vec![0_usize, 1, 2, 3, 4], 1..=5).prop_shuffle(),
        whole in 0_usize..5,
        in_lines in proptest::bool::ANY,
    ) {
        let text = order.iter().map(|place| SENTENCES[*place].0).collect::<Vec<_>>().join(if in_lines { "\n" } else { " " });
        let incoming = Incoming { text: text.clone(), choice: None, ..taps("") };
        // The whole may be read as any one of its sentences, and surely so.
        let as_whole = SENTENCES[order[whole % order.len()]].1;
        let read = |piece: &str| {
            let said = SENTENCES.iter().filter(|(sentence, _)| piece.contains(sentence.trim_end_matches(['.', '?'])));
            let intent = match said.collect::<Vec<_>>()[..] {
                [(_, intent)] => intent,
                _ => as_whole,
            };
            if intent.is_empty() { reading(&[("refund", 0.04)]) } else { reading(&[(intent, 0.99)]) }
        };
        let turn = Talk::new().hears(burst::read(&[incoming], &[], read));
        let has = |place: usize| order.contains(&place);
        if has(3) {
            proptest::prop_assert_eq!(escalated(&turn), Some(Reason::Danger(Danger::Gas)));
        } else if has(4) {
            proptest::prop_assert_eq!(escalated(&turn), Some(Reason::Wish));
        } else {
            proptest::prop_assert_eq!(turn.escalation.is_some(), has(2), "{}: {}", text, said(&turn));
            proptest::prop_assert_eq!(said(&turn).contains("noon"), has(1), "{}: {}", text, said(&turn));
            proptest::prop_assert!(said(&turn) != "Hello." || order == [0]);
        }
    }
}

#[test]
fn half_a_sentence_is_not_answered_for_the_whole() {
    let turn = Talk::new().hears(Message {
        parts: vec![part(&[("restoration", 0.9)]), part(&[("water", 0.3)])],
        halved: true,
        ..message(&[("water", 0.3)])
    });
    assert_eq!(escalated(&turn), Some(Reason::Unsure));
}

#[test]
fn the_mood_chooses_the_opening_line() {
    let mut talk = Talk::new();
    let mut angry = sure("restoration");
    angry.whole.mood = Mood::Angry;
    let first = said(&talk.hears(angry)).to_owned();
    let mut angry = sure("refund");
    angry.whole.mood = Mood::Angry;
    let second = said(&talk.hears(angry)).to_owned();
    let openings = ["You want facts.", "Here is the plain state."];
    assert!(openings.iter().any(|opening| first.starts_with(opening)), "{first}");
    assert_ne!(first.split('.').next(), second.split('.').next(), "no line twice in a row");
}

#[test]
fn a_hand_over_and_a_question_back_begin_with_empathy() {
    let angry = |mut message: Message| {
        message.whole.mood = Mood::Angry;
        message
    };
    assert_eq!(said(&Talk::new().hears(angry(message(&[])))), "I hear you.\n\nA person reads this (unsure).");
    let asked = Talk::new().hears(angry(message(&[("restoration", 0.5), ("refund", 0.4)])));
    assert_eq!(said(&asked), "I hear you.\n\nWhich one?");
    let urgent = Talk::new().hears(angry(message(&[("gas", 0.4)])));
    assert!(!said(&urgent).contains("I hear you"), "whom to call comes first: {}", said(&urgent));
}

#[test]
fn an_angry_customer_who_needs_a_person_comes_sooner() {
    let mut angry = message(&[]);
    angry.whole.mood = Mood::Angry;
    assert_eq!(Talk::new().hears(angry).escalation.unwrap().urgency, Urgency::High);
}

#[test]
fn the_answer_follows_the_customers_language_and_says_so_where_it_cannot() {
    let mut talk = Talk::new();
    let mut spanish = sure("restoration");
    spanish.whole.language = Some(Language::SPANISH);
    assert_eq!(said(&talk.hears(spanish)), "La luz vuelve a mediodía.");
    let mut short = sure("refund");
    short.whole.language = None;
    let turn = talk.hears(short);
    let expected = "Esto solo puedo decirlo en inglés.\n\nRefunds take a week.";
    assert_eq!(said(&turn), expected, "the language of the conversation is kept");
    assert_eq!(turn.replies[0].language, Language::ENGLISH);
}

fn in_language(code: &str, message: Message) -> Message {
    Message { whole: Reading { language: Some(code.parse().unwrap()), ..message.whole }, ..message }
}

#[test]
fn who_writes_a_language_without_examples_is_told_so_in_it_and_gets_a_person() {
    let mut talk = Talk::new();
    talk.conversation.memory.introduced = false;
    let turn = talk.hears(in_language("fr", message(&[("restoration", 0.5), ("refund", 0.4)])));
    assert_eq!(escalated(&turn), Some(Reason::Language), "not asked back in a language they may not read");
    assert_eq!(
        said(&turn),
        "Je suis l'assistant automatique de Harbor.\n\nPour le moment, je ne peux répondre qu'en anglais. Une personne lira votre \
         message et vous répondra ici."
    );
    assert_eq!((turn.escalation.unwrap().urgency, turn.memory.standing), (Urgency::Normal, Standing::Waiting));
    let turn = talk.hears(in_language("fr", message(&[])));
    assert_eq!(said(&turn), "Merci, je l'ai ajouté. Une personne lira tout et vous répondra ici.");
}

#[test]
fn who_is_surely_understood_is_answered_whatever_language_they_seem_to_write() {
    let turn = Talk::new().hears(in_language("nl", sure("restoration")));
    assert_eq!(turn.decision, Decision::Answer(vec!["restoration".into()]));
    assert_eq!(said(&turn), "Dit kan ik alleen in het Engels zeggen.\n\nPower is back at noon.");
}

#[test]
fn help_in_danger_begins_in_the_customers_language() {
    let mut dangerous = in_language("de", message(&[]));
    dangerous.whole.danger = Some(DangerSign { danger: Danger::Gas, rule: "gas.smell".into() });
    let turn = Talk::new().hears(dangerous);
    assert_eq!(escalated(&turn), Some(Reason::Danger(Danger::Gas)));
    let paragraphs: Vec<&str> = said(&turn).split("\n\n").collect();
    assert!(paragraphs[0].starts_with("Wenn jemand in Gefahr sein könnte"), "{paragraphs:?}");
    assert_eq!(paragraphs[1..], ["Das kann ich nur auf Englisch sagen.", "Leave the house. Call 555-0100."]);
}

#[test]
fn an_agent_who_has_the_conversation_is_not_interrupted_in_any_language() {
    let mut talk = Talk::new();
    talk.conversation.memory.standing = Standing::Agent;
    assert_eq!(talk.hears(in_language("ja", message(&[]))).decision, Decision::Silent);
}

#[test]
fn examples_in_a_language_make_it_understood_wherever_they_stand() {
    let mut knowledge = knowledge_of_the_test();
    assert_eq!(tongue::understood(&knowledge), [Language::ENGLISH]);
    let water = knowledge.intents.get_mut("water").unwrap();
    let lines = [
        "se puede beber el agua",
        "el agua está sucia",
        "qué pasa con el agua",
        "no hay agua en mi casa",
        "hay que hervir el agua",
        "el agua tiene mal olor",
        "cuándo vuelve el agua",
    ];
    water.examples.get_mut(&Language::ENGLISH).unwrap().extend(lines.map(str::to_owned));
    assert_eq!(tongue::understood(&knowledge), [Language::ENGLISH, Language::SPANISH]);
}

#[test]
fn a_message_without_words_is_asked_for_in_words_and_a_file_goes_to_a_person() {
    let wordless = |has_attachments| Message { has_words: false, has_attachments, ..message(&[]) };
    assert_eq!(said(&Talk::new().hears(wordless(false))), "Please use words.");
    assert_eq!(escalated(&Talk::new().hears(wordless(true))), Some(Reason::Attachment));
}

#[test]
fn a_message_that_breaks_the_reading_still_reaches_a_person() {
    let knowledge = Arc::new(knowledge_of_the_test());
    let classifier = Arc::new(Classifier::train(&lessons(&knowledge), None));
    let responder = Responder::new(knowledge, &Policy::default(), classifier, None);
    let mut talk = Talk::new();
    let turn = responder.give_to_person(&talk.conversation, talk.now);
    assert_eq!((escalated(&turn), said(&turn)), (Some(Reason::Unsure), "A person reads this (unsure)."));
    talk.conversation.memory.standing = Standing::Agent;
    assert_eq!(responder.give_to_person(&talk.conversation, talk.now).decision, Decision::Silent);
}

#[test]
fn a_choice_that_was_offered_long_ago_is_understood_without_its_label() {
    let mut talk = Talk::new();
    let turn = talk.hears(burst::read(&[taps("intent:restoration")], &[], |_| reading(&[])));
    assert_eq!(turn.decision, Decision::Answer(vec!["restoration".into()]));
    let mut talk = Talk::new();
    let turn = talk.hears(burst::read(&[taps("intent:gone")], &[], |_| reading(&[])));
    assert_eq!(turn.decision, Decision::Escalate(Reason::Unsure), "a person, where it is not known any more");
}

#[test]
fn in_a_hurry_the_quicker_classifier_reads() {
    let knowledge = Arc::new(knowledge_of_the_test());
    let best = Arc::new(Classifier::train(&lessons(&knowledge), None));
    let knows_nothing = Arc::new(Classifier::train(&[], None));
    let talk = Talk::new();
    let asks = Incoming { text: "refund".to_owned(), choice: None, ..taps("") };
    let ranked = |turn: Turn| turn.readings[0].ranked.len();
    let both = Responder::new(Arc::clone(&knowledge), &Policy::default(), Arc::clone(&best), Some(knows_nothing));
    let of_both = |quickly: bool| {
        let respond = if quickly { Responder::respond_quickly } else { Responder::respond };
        ranked(respond(&both, &talk.conversation, std::slice::from_ref(&asks), talk.now))
    };
    assert!(both.can_hurry() && of_both(false) > 0);
    assert_eq!(of_both(true), 0);
    let one = Responder::new(knowledge, &Policy::default(), best, None);
    assert!(!one.can_hurry());
    assert!(ranked(one.respond_quickly(&talk.conversation, &[asks], talk.now)) > 0, "there is no quicker one");
}

#[test]
fn danger_in_words_of_others_that_came_along_is_danger_and_our_own_are_not() {
    let knowledge = Arc::new(knowledge_of_the_test());
    let responder = Responder::new(knowledge, &Policy::default(), Arc::new(Classifier::train(&[], None)), None);
    let decided = |public: bool, by: Quotee| {
        let quoted = Some(Quoted::Answered { by, text: "I smell gas in the kitchen".to_owned() });
        let asks = Incoming { text: "what should they do?".to_owned(), choice: None, public, quoted, ..taps("") };
        let talk = Talk::new();
        responder.respond(&talk.conversation, &[asks], talk.now).decision
    };
    let danger = Decision::Escalate(Reason::Danger(Danger::Gas));
    assert_eq!(decided(false, Quotee::Other(None)), danger);
    assert_eq!(decided(true, Quotee::Customer), danger, "they wrote it to others");
    assert_ne!(decided(false, Quotee::Customer), danger, "it was read when they wrote it");
    assert_ne!(decided(false, Quotee::Us), danger);
}

#[test]
fn the_same_turn_is_decided_the_same_way() {
    let mut talk = Talk::new();
    let memory = talk.conversation.memory.clone();
    let first = talk.hears(message(&[("restoration", 0.5), ("refund", 0.4)]));
    talk.conversation.memory = memory;
    assert_eq!(first, talk.hears(message(&[("restoration", 0.5), ("refund", 0.4)])));
}
