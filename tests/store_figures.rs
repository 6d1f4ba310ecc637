//! What the store counts for the figures.

use evenkeel::{
    conversation::{Reason, Turn, Urgency},
    reading::{Danger, Mood, Ranked, Reading},
    store::{NewPromise, NewReply, Outcome, PromiseCount, PromiseFilter, PromiseStep, Resolved, Span},
};
use jiff::SignedDuration;

use crate::common::house::{House, at, hand_over, reply, says};

/// The hour in which the story begins.
fn hour() -> Span {
    Span { from: at(0), step: SignedDuration::from_mins(10), steps: 6 }
}

#[tokio::test]
async fn promises_count_where_they_fell_due_and_open_ones_always() {
    let house = House::new().await;
    let here = house.store.receive(&says("here", "1", "a person, please")).await.unwrap().conversation;
    let id = house.take_turn(here, hand_over(Reason::Wish, Urgency::High)).await.unwrap();
    for (words, due) in [("broken", 90), ("kept", 95), ("next week", 600_000), ("kept next week", 600_000)] {
        let promise = NewPromise { words: words.into(), due_at: at(due), remind_at: at(due - 10) };
        let reply = NewReply { text: words, id: None, promise: Some(promise) };
        house.store.reply(id, "Ana", reply, at(20)).await.unwrap();
    }
    for promise in house.store.promises(PromiseFilter::Open).await.unwrap() {
        match promise.words.as_str() {
            "broken" => {
                house.store.step_promise(&promise, &PromiseStep::Late(reply("Not yet.")), at(90)).await.unwrap();
            }
            "next week" => {}
            _ => house.store.settle_promise(promise.id, "Ana", Outcome::Kept, at(30)).await.unwrap(),
        }
    }
    let count = |outcome| PromiseCount { owner: Some("Ana".into()), outcome, count: 1 };
    let counts = house.store.promise_counts(hour()).await.unwrap();
    assert_eq!(counts, [count(None), count(Some(Outcome::Broken)), count(Some(Outcome::Kept))]);
}

#[tokio::test]
async fn what_was_not_understood_is_booked_as_that_and_no_danger_is_invented() {
    let house = House::new().await;
    let read = |intent: &str, probability: f64| Reading {
        ranked: vec![Ranked { intent: intent.into(), probability }],
        language: None,
        mood: Mood::Calm,
        danger: None,
        concern: None,
    };
    for (place, intent, probability) in [("ana", "self_harm", 0.3), ("bo", "refund", 0.6)] {
        let here = house.store.receive(&says(place, place, "a riddle")).await.unwrap().conversation;
        let turn = Turn { readings: vec![read(intent, probability)], ..hand_over(Reason::Unsure, Urgency::Normal) };
        house.take_turn(here, turn).await.unwrap();
    }
    let here = house.store.receive(&says("cy", "cy", "gas")).await.unwrap().conversation;
    let mut danger = hand_over(Reason::Danger(Danger::Gas), Urgency::Danger);
    danger.escalation.as_mut().unwrap().intents = vec!["gas_smell".into()];
    house.take_turn(here, Turn { readings: vec![read("refund", 0.1)], ..danger }).await.unwrap();
    let mut counted: Vec<String> =
        house.store.decisions_by_intent(hour()).await.unwrap().into_iter().map(|count| count.of).collect();
    counted.sort();
    assert_eq!(counted, ["gas_smell", "not understood", "refund"]);
}

#[tokio::test]
async fn who_needs_a_person_again_within_a_day_was_not_helped() {
    let house = House::new().await;
    for (place, again_at) in [("ana", Some(3_600)), ("bo", Some(100_000)), ("cy", None)] {
        let here = house.store.receive(&says(place, place, "a person, please")).await.unwrap().conversation;
        let id = house.take_turn(here, hand_over(Reason::Wish, Urgency::High)).await.unwrap();
        house.store.resolve(id, "Ana", None, None, at(60)).await.unwrap();
        if let Some(again) = again_at {
            house.store.receive(&says(place, &format!("{place} again"), "it is worse")).await.unwrap();
            let (found, pending) = house.store.pending(here).await.unwrap().unwrap();
            let turn = hand_over(Reason::Wish, Urgency::High);
            house.store.record_turn(&found, &[pending[0].id], &turn, "k1", at(again)).await.unwrap();
        }
    }
    assert_eq!(house.store.resolved(hour()).await.unwrap(), Resolved { all: 3, came_back: 1 });
    let later = Span { from: at(3_600), ..hour() };
    assert_eq!(house.store.resolved(later).await.unwrap(), Resolved::default());
}
