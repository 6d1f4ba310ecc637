//! The sample crisis holds on any day: a newcomer next year meets no stale fact and no gap.

use evenkeel::{knowledge, reading::Language};
use jiff::{Timestamp, civil::datetime, tz::TimeZone};

/// Moments that have broken calendars before: year's end, a leap day, both changes of the clocks, just before and after an update.
fn moments() -> Vec<Timestamp> {
    let zone = TimeZone::get("America/New_York").unwrap();
    [
        datetime(2026, 11, 21, 12, 0, 0, 0),
        datetime(2026, 12, 31, 23, 59, 59, 0),
        datetime(2027, 1, 1, 0, 0, 0, 0),
        datetime(2027, 3, 14, 2, 30, 0, 0),
        datetime(2027, 11, 7, 1, 30, 0, 0),
        datetime(2028, 2, 29, 6, 59, 59, 0),
        datetime(2031, 7, 4, 18, 0, 1, 0),
    ]
    .into_iter()
    .map(|moment| moment.to_zoned(zone.clone()).unwrap().timestamp())
    .collect()
}

#[test]
fn the_sample_has_no_problem_on_any_day() {
    for now in moments() {
        let loaded = knowledge::load(env!("CARGO_MANIFEST_DIR").as_ref(), now).unwrap();
        assert!(loaded.problems.is_empty(), "{now}: {:?}", loaded.problems);
        let another = loaded.in_another_language(&evenkeel::classifier::language::detect);
        assert!(another.is_empty(), "{another:?}");
    }
}

#[test]
fn every_answer_can_be_said_on_any_day_in_both_languages() {
    for now in moments() {
        let knowledge = knowledge::load(env!("CARGO_MANIFEST_DIR").as_ref(), now).unwrap().knowledge.unwrap();
        assert!(knowledge.intents.len() >= 30);
        for intent in knowledge.intents.keys() {
            for language in [Language::ENGLISH, Language::SPANISH] {
                let said =
                    knowledge.answer(intent, language, now).unwrap_or_else(|error| panic!("{now} {intent}: {error}"));
                assert!(!said.text.contains("{{"), "{intent}: {}", said.text);
                for claim in ["checked today", "hecked yesterday", "revisión: ", "evisado hoy"] {
                    assert!(!said.text.contains(claim), "nobody checks the sample's facts: {intent}: {}", said.text);
                }
            }
        }
    }
}
