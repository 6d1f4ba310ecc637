//! Of a message that its customer edits, the last wording is read, once: whatever comes, how often and in which order.

use evenkeel::message::{Edit, Incoming};
use proptest::prelude::*;

use crate::common::house::{House, answer, says};

/// What can happen to a message.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// This wording comes; 0 is the first.
    Comes(usize),
    Deleted,
    /// What waits gets its turn.
    Turn,
}

/// What the customer wrote, wording by wording; they often come back to what they wrote before.
fn wordings() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(vec!["I smell gas", "I smell grass", "asdf"]), 1..6)
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        8 => (0..6_usize).prop_map(Event::Comes),
        4 => Just(Event::Turn),
        1 => Just(Event::Deleted),
    ];
    prop::collection::vec(event, 1..16)
}

fn wording(texts: &[&str], version: usize) -> Incoming {
    let text = texts[version];
    if version == 0 {
        return says("here", "1", text);
    }
    let version = i64::try_from(version).unwrap();
    let edits = Some(Edit { of: "1".into(), version });
    Incoming { edits, ..says("here", &format!("1@{version}"), text) }
}

/// What was read, turn by turn.
async fn read(texts: &[&'static str], events: &[Event]) -> Vec<String> {
    let house = House::new().await;
    let here = house.store.receive(&says("here", "before", "hello")).await.unwrap().conversation;
    house.take_turn(here, answer(&[])).await;
    let mut read = Vec::new();
    for event in events.iter().chain([&Event::Turn]) {
        match event {
            Event::Comes(version) => {
                let incoming = wording(texts, version % texts.len());
                house.store.receive(&incoming).await.unwrap();
            }
            Event::Deleted => house.store.retract("web", "1", says("here", "", "").received_at).await.unwrap(),
            Event::Turn => {
                let (_, waiting) = house.store.pending(here).await.unwrap().unwrap();
                assert!(waiting.len() <= 1, "two wordings of one message: {waiting:?}");
                read.extend(waiting.into_iter().map(|waiting| waiting.incoming.text));
                house.take_turn(here, answer(&[])).await;
            }
        }
    }
    read
}

/// The last wording that came before the message was deleted. A deletion of what never came says nothing.
fn last<'t>(texts: &[&'t str], events: &[Event]) -> (Option<&'t str>, bool) {
    let mut newest = None;
    for event in events {
        match event {
            Event::Comes(version) => newest = newest.max(Some(version % texts.len())),
            Event::Deleted if newest.is_some() => return (newest.map(|version| texts[version]), true),
            Event::Deleted | Event::Turn => {}
        }
    }
    (newest.map(|version| texts[version]), false)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn the_last_wording_is_read_once(texts in wordings(), events in events()) {
        let read = tokio::runtime::Runtime::new().unwrap().block_on(read(&texts, &events));
        prop_assert!(read.windows(2).all(|two| two[0] != two[1]), "said again without a change: {:?}", read);
        let (last, deleted) = last(&texts, &events);
        if !deleted {
            prop_assert_eq!(read.last().map(String::as_str), last, "{:?}", read);
        }
    }
}

async fn chain(texts: &[&'static str], turns_after: &[usize]) -> Vec<String> {
    let mut events = Vec::new();
    for version in 0..texts.len() {
        events.push(Event::Comes(version));
        if turns_after.contains(&version) {
            events.push(Event::Turn);
        }
    }
    read(texts, &events).await
}

#[tokio::test]
async fn a_danger_that_was_edited_away_and_back_is_read() {
    let texts = ["I smell gas", "I smell grass", "I smell gas"];
    assert_eq!(chain(&texts, &[]).await, ["I smell gas"]);
    assert_eq!(chain(&texts, &[0]).await, ["I smell gas"], "it was read before");
    assert_eq!(chain(&texts, &[0, 1]).await, texts);
}

#[tokio::test]
async fn of_many_edits_before_a_turn_the_last_one_is_read() {
    assert_eq!(chain(&["asdf", "when is it bakc", "when is it back"], &[]).await, ["when is it back"]);
}

#[tokio::test]
async fn the_same_edit_again_is_nothing() {
    let texts = ["when is it bakc", "when is it back", "when is it back"];
    assert_eq!(chain(&texts, &[0, 1]).await, ["when is it bakc", "when is it back"]);
}

#[tokio::test]
async fn a_stop_that_was_obeyed_is_not_obeyed_again_and_another_is() {
    let house = House::new().await;
    let version = |version: i64, text: &str, stop: bool| Incoming {
        edits: (version > 0).then(|| Edit { of: "1".into(), version }),
        stop,
        ..says("here", &if version > 0 { format!("1@{version}") } else { "1".into() }, text)
    };
    let here = house.store.receive(&version(0, "/stop", true)).await.unwrap().conversation;
    house.store.receive(&says("here", "2", "when is it back")).await.unwrap();
    for (number, text) in [(1, "/stop"), (2, "/stop please"), (3, "/stop")] {
        assert!(!house.store.receive(&version(number, text, true)).await.unwrap().new, "{text}");
    }
    house.take_turn(here, answer(&["Soon."])).await;
    assert_eq!(house.lease(10).await.len(), 1, "they wrote again, and are answered");

    let waiting = async || house.store.pending(here).await.unwrap().unwrap().1.len();
    assert!(house.store.receive(&version(4, "is the water safe", false)).await.unwrap().new);
    assert_eq!(waiting().await, 1, "it is a question by now");
    assert!(house.store.receive(&version(5, "stop", true)).await.unwrap().new);
    assert_eq!(waiting().await, 0);
    house.with_replies("elsewhere", &["Soon."]).await;
    assert_eq!(house.lease(10).await.len(), 1, "they stopped once more");
}

#[tokio::test]
async fn where_a_customer_goes_is_kept_without_a_turn() {
    use evenkeel::message::Attachment;
    let house = House::new().await;
    let at = |place: &str, incoming: Incoming| {
        let attachments = vec![Attachment { name: place.into(), media_type: None }];
        Incoming { attachments, ..incoming }
    };
    let moves = |version, place| at(place, wording(&["", "", ""], version));
    let here = house.store.receive(&moves(0, "pier")).await.unwrap().conversation;
    house.take_turn(here, answer(&[])).await;
    assert!(!house.store.receive(&moves(2, "bridge")).await.unwrap().new);
    assert!(!house.store.receive(&moves(1, "street")).await.unwrap().new, "it comes late");
    let lines = house.store.transcript(here).await.unwrap();
    assert_eq!(lines[0].attachments[0].name, "bridge");
    assert!(house.store.pending(here).await.unwrap().unwrap().1.is_empty());
}
