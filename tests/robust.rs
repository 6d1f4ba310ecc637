//! The sample crisis, asked the way people type on a telephone in the dark: the answer is that of the same question well written.

use std::{
    io::Write as _,
    sync::{Arc, LazyLock},
};

use evenkeel::{
    conversation::Decision,
    embedding::{Embedder, place::Place},
    responder::Responder,
};

use crate::common::engine::{N_GRAMS, responder, turn};

/// Nothing where the sentence model was not fetched. On CI it must be there.
static WITH_MODEL: LazyLock<Option<Responder>> = LazyLock::new(|| {
    let place = Place::find(None).unwrap();
    if matches!(place, Place::Cache(_)) && !place.folder().exists() {
        assert!(std::env::var_os("CI").is_none(), "the model is missing: run `evenkeel model fetch` first");
        // Straight to standard error: what `eprintln` says is hidden when a test passes.
        let _ = writeln!(std::io::stderr(), "SKIPPED: the model is missing; `evenkeel model fetch` gets it");
        return None;
    }
    Some(responder(Some(Arc::new(Embedder::open(place.folder()).unwrap()))))
});

/// Well written, and the very same to the classifier: shouted, tagged, addressed, abbreviated, with emoji for words.
const THE_SAME: &[(&str, &[&str])] = &[
    (
        "when will the power be back?",
        &[
            "WHEN WILL THE POWER BE BACK???",
            "wen will the power be back?",
            "@evenkeel_power when will the power be back?!",
            "#when will the #power be back❓",
            "when   will the pow\u{200b}er be back ?",
        ],
    ),
    (
        "where is my refund please",
        &["where is my refund plz", "Where is my refund, PLS!!", "where is my refund pls..."],
    ),
    ("do you have an outage map", &["do u have an outage map", "DO U HAVE AN OUTAGE MAP!", "do u have an #OutageMap"]),
    ("are you a bot", &["r u a bot", "are u a 🤖", "Are you a bot!!"]),
    ("por qué no hay luz", &["xq no hay luz", "PORQ NO HAY LUZ", "¡¡por qué no hay luz!!"]),
];

/// Well written, and what only differs by accents, an apostrophe, a link or a feeling beside it.
const AS_GOOD_AS: &[(&str, &[&str])] = &[
    (
        "when will the power be back",
        &[
            "wen will the pwr be back",
            "when will the power be back 😭😭",
            "sooooo when will the power be baaaack",
            "when will the power be back https://maps.example/elm?x=1",
        ],
    ),
    ("where is my refund", &["wheres my refund", "where is my refund 🤷"]),
    ("cuándo vuelve la luz", &["cuando vuelve la luz", "CUANDO VUELVE LA LUZ"]),
    ("is the water safe to drink", &["IS THE WATER SAFE TO DRINK 😰"]),
];

/// Well written and misspelt: the words that carry the question may be lost, and then it is asked back or a person takes it.
const MISSPELT: &[(&str, &[&str])] = &[
    ("when will the power be back", &["when wil the powr be back", "whenn will teh power be bcak"]),
    ("where is my refund", &["where is my refnud", "WHERE IS MY REFFUND 😡"]),
    ("cuándo vuelve la luz", &["CUANDO BUELVE LA LUZ", "cuando vuelbe la luz 🙏", "cdo vuelve la luz xfa"]),
    ("is the water safe to drink", &["is teh water safe to drink", "is the watter safe to drnk"]),
];

fn both() -> impl Iterator<Item = (&'static str, &'static Responder)> {
    [("n-grams", Some(&*N_GRAMS)), ("with the model", WITH_MODEL.as_ref())]
        .into_iter()
        .filter_map(|(name, responder)| Some((name, responder?)))
}

#[test]
fn the_same_words_are_the_same_question() {
    for (name, responder) in both() {
        for (well, others) in THE_SAME {
            let well = turn(responder, well);
            for other in *others {
                let turn = turn(responder, other);
                assert_eq!(turn.readings[0].ranked, well.readings[0].ranked, "{name}: {other}");
                assert_eq!(turn.decision, well.decision, "{name}: {other}");
            }
        }
    }
}

#[test]
fn a_question_badly_written_gets_the_answer_of_the_same_well_written() {
    for (name, responder) in both() {
        for (well, others) in AS_GOOD_AS {
            let answer = turn(responder, well).decision;
            assert!(matches!(answer, Decision::Answer(_)), "{name}: {well}: {answer:?}");
            for other in *others {
                let turn = turn(responder, other);
                assert_eq!(turn.decision, answer, "{name}: {other}: {:?}", turn.readings[0].ranked.first());
            }
        }
    }
}

#[test]
fn a_misspelt_question_is_never_answered_as_another() {
    for (name, responder) in both() {
        for (well, others) in MISSPELT {
            let answer = turn(responder, well).decision;
            for other in *others {
                let decision = turn(responder, other).decision;
                assert!(
                    !matches!(decision, Decision::Answer(_)) || decision == answer,
                    "{name}: {other}: {decision:?}"
                );
            }
        }
    }
}

/// Misspelt in words that the examples have, or that everybody knows: nothing is lost.
const MENDED: &[(&str, &str)] = &[
    ("when will the power be back", "wehn will the powr be bakc"),
    ("where is my refund", "WHERE IS MY REFUNND"),
    ("is the water safe to drink", "is the watter safe to drnk"),
    ("cuándo vuelve la luz", "cuando vuelbe la luz"),
];

#[test]
fn a_slip_of_the_finger_changes_nothing() {
    for (name, responder) in both() {
        for (well, slipped) in MENDED {
            assert_eq!(turn(responder, slipped).decision, turn(responder, well).decision, "{name}: {slipped}");
        }
    }
}

#[test]
fn praise_by_fire_raises_no_alarm_and_a_fire_does() {
    for text in ["this update is 🔥🔥🔥", "ur service is 🔥", "🔥", "🔥 thx"] {
        let turn = turn(&N_GRAMS, text);
        assert!(turn.readings.iter().all(|reading| reading.danger.is_none()), "{text}");
    }
    for text in ["🔥🔥 my house is on fire", "there is a fire 🔥 plz help", "my house is on fiiire 🆘"] {
        let turn = turn(&N_GRAMS, text);
        assert!(matches!(turn.decision, Decision::Escalate(evenkeel::conversation::Reason::Danger(_))), "{text}");
    }
}
