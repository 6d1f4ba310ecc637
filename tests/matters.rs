//! What customers write beside a courtesy, on the sample crisis: nothing of it is lost, and nobody is handed over for being polite.

use evenkeel::conversation::{Decision, Reason, Turn, Urgency};
use rstest::rstest;

use crate::common::engine;

fn turn(text: &str) -> Turn {
    engine::turn(&engine::N_GRAMS, text)
}

fn said(turn: &Turn) -> String {
    turn.replies.iter().map(|reply| reply.text.as_str()).collect()
}

#[rstest]
#[case::a_child("I can't find my son. Help!")]
#[case::a_gun("There is a man with a gun outside. Help!")]
#[case::a_pump("My daughter needs her feeding pump. Thank you")]
#[case::a_flood("My house is flooding. Help!")]
#[case::hunger("We have nothing left to eat. Thank you")]
#[case::spanish("Se inundó mi casa. Gracias")]
#[case::spanish_cry("Se inundó mi casa. ¡Ayuda!")]
#[case::a_car("Can your crew move my car. Thank you")]
#[case::a_wish("I need to talk to a real person about a lost item. Help!")]
#[case::courtesy_first("Hello. My house is flooding")]
#[case::one_sentence("help my house is flooding")]
#[case::beside_an_answer("When will the power be back? A man is breaking into my house.")]
#[case::before_an_answer("A man is breaking into my house. When will the power be back? Thanks")]
#[case::in_spanish_beside_an_answer("¿Cuándo vuelve la luz? Hay un hombre entrando a mi casa.")]
fn a_courtesy_does_not_swallow_the_matter(#[case] text: &str) {
    let turn = turn(text);
    assert!(turn.escalation.is_some(), "{text}: {}", said(&turn));
    if text.contains("Help") || text.contains("Ayuda") {
        assert!(turn.escalation.unwrap().urgency >= Urgency::High, "{text}");
    }
}

#[test]
fn of_two_matters_the_one_that_is_understood_is_answered() {
    let turn = turn("When will the power be back? My neighbour took my bicycle.");
    assert_eq!(turn.decision, Decision::Escalate(Reason::Unsure));
    assert_eq!(turn.memory.answered[0].intent, "restoration_time", "{}", said(&turn));
}

#[rstest]
#[case::thanks("Thanks, that's all I needed", "thanks")]
#[case::quick("Thank you for the quick answer", "thanks")]
#[case::nod("Thank you. I will do that", "thanks")]
#[case::you_too("Thanks! You too.", "thanks")]
#[case::several("Ok. Got it. Thanks!", "thanks")]
#[case::greeting("hello team", "greeting")]
#[case::around("good morning, when will the power be back? thanks in advance", "restoration_time")]
#[case::spanish("Hola, ¿cuándo vuelve la luz? Muchas gracias", "restoration_time")]
#[case::name("Hello. My name is Dana Miller. When will the power be back?", "restoration_time")]
fn nobody_is_handed_over_for_being_polite(#[case] text: &str, #[case] intent: &str) {
    let turn = turn(text);
    assert_eq!(turn.decision, Decision::Answer(vec![intent.to_owned()]), "{text}: {}", said(&turn));
}

#[rstest]
#[case::cut_off("are you going to cut me off")]
#[case::unknown("my violin is out of tune")]
fn what_is_no_danger_is_booked_as_none(#[case] text: &str) {
    let turn = turn(text);
    assert_ne!(turn.decision.as_str(), "answer");
    let intents = turn.escalation.unwrap().intents;
    let dangers = engine::KNOWLEDGE.intents.values().filter(|intent| intent.danger.is_some());
    assert!(dangers.into_iter().all(|danger| !intents.contains(&danger.name)), "{intents:?}");
}

#[rstest]
#[case::real_person("are you a real person", "are_you_a_bot")]
#[case::praise("you guys rock", "thanks")]
#[case::restored("My power has been restored!! 🎉", "thanks")]
fn what_asks_for_nothing_gets_a_fitting_line(#[case] text: &str, #[case] intent: &str) {
    let turn = turn(text);
    assert_eq!(turn.decision, Decision::Answer(vec![intent.to_owned()]), "{text}: {}", said(&turn));
    assert!(!said(&turn).starts_with("Yes"));
}

#[test]
fn a_hand_over_is_kind_to_who_is_angry() {
    let said = said(&turn("I want my money back!! this is outrageous, you incompetent idiots"));
    assert!(said.contains("angry") || said.contains("anger"), "{said}");
}

#[test]
fn danger_behind_four_thousand_characters_is_seen() {
    let polite = "I hope that all of you are well and that this is soon over for everybody. ".repeat(58);
    let turn = turn(&format!("{polite}I smell gas in the kitchen"));
    assert_eq!(turn.escalation.unwrap().urgency, Urgency::Danger);
}
