//! What a store promises, told through its public calls only: a second driver is held to the same story.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use evenkeel::{
    conversation::{Decision, Escalation, EscalationId, Memory, Reason, Standing, Turn, Urgency},
    message::{Attachment, ConversationId, Edit, Incoming},
    reading::Danger,
    store::{
        Delivery, Eraser, EscalationFilter, Handling, LastSeen, LineAuthor, Looked, NewPromise, NewReply, OpenError,
        Outcome, PromiseFilter, PromiseStep, QueueFilter, Recovered, Silence, Store, StoreError, Whose,
    },
};

use crate::common::house::{House, answer, at, hand_over, reply, says};

const QUIET: Duration = Duration::from_millis(1_500);
const PATIENCE: Duration = Duration::from_secs(8);

// The door in.

#[tokio::test]
async fn a_message_comes_back_as_it_was_written() {
    let house = House::new().await;
    let incoming = Incoming {
        edits: None,
        reply_to: None,
        public: true,
        text: "null \0, emoji 🕯️, right-to-left \u{202e}, '; DROP TABLE inbox; -- {{ incident }}".into(),
        choice: Some("yes".into()),
        attachments: vec![Attachment { name: "meter.jpg".into(), media_type: Some("image/jpeg".into()) }],
        received_at: "2026-11-21T20:00:00.123456Z".parse().unwrap(),
        ..says("here", "1", "")
    };
    let received = house.store.receive(&incoming).await.unwrap();
    let (conversation, pending) = house.store.pending(received.conversation).await.unwrap().unwrap();
    assert!(received.new);
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0].id, received.message);
    assert_eq!(pending[0].incoming, incoming);
    assert_eq!((conversation.channel.as_str(), conversation.place.as_str()), ("web", "here"));
    assert!(conversation.public);
    assert_eq!(conversation.memory, Memory::default());
    assert_eq!(house.store.conversation_at("web", "here").await.unwrap(), Some(received.conversation));
    assert_eq!(house.store.conversation_at("telegram", "here").await.unwrap(), None);
    assert!(house.store.pending(ConversationId::new()).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_deliveries_of_one_message_are_one_message() {
    let house = House::new().await;
    let deliveries = (0..100).map(|_| {
        let store = house.store.clone();
        tokio::spawn(async move { store.receive(&says("here", "1", "hello")).await.unwrap() })
    });
    let received: Vec<_> = futures::future::join_all(deliveries).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(received.iter().filter(|received| received.new).count(), 1);
    assert!(received.iter().all(|other| other.message == received[0].message));
    assert_eq!(house.store.counts().await.unwrap().inbox_pending, 1);

    let elsewhere = Incoming { channel: "telegram".into(), ..says("here", "1", "hello") };
    let elsewhere = house.store.receive(&elsewhere).await.unwrap();
    assert!(elsewhere.new);
    assert_ne!(elsewhere.conversation, received[0].conversation);
}

#[tokio::test]
async fn a_burst_is_due_when_it_ends_or_has_lasted_too_long_and_a_tap_at_once() {
    let house = House::new().await;
    let receive = async |place: &str, message: &str, second: i64, choice: Option<&str>| {
        let incoming =
            Incoming { received_at: at(second), choice: choice.map(Into::into), ..says(place, message, "x") };
        house.store.receive(&incoming).await.unwrap().conversation
    };
    let quiet = receive("quiet", "1", 0, None).await;
    let typing = receive("typing", "2", 0, None).await;
    for second in 1..10 {
        receive("typing", &format!("typing {second}"), second, None).await;
        let due = house.store.due(at(second), QUIET, PATIENCE).await.unwrap();
        match second {
            1 => assert_eq!((due.ready, due.next), (vec![], Some(at(1) + Duration::from_millis(500)))),
            7 => assert_eq!((due.ready, due.next), (vec![quiet], Some(at(8)))),
            _ => {}
        }
    }
    let due = house.store.due(at(9), QUIET, PATIENCE).await.unwrap();
    assert_eq!((due.ready, due.next), (vec![quiet, typing], None));

    let tapped = receive("tapped", "3", 10, Some("yes")).await;
    assert_eq!(house.store.due(at(10), QUIET, PATIENCE).await.unwrap().ready, [quiet, typing, tapped]);
    house.take_turn(quiet, answer(&[])).await;
    assert_eq!(house.store.due(at(10), QUIET, PATIENCE).await.unwrap().ready, [typing, tapped]);
}

#[tokio::test]
async fn whoever_waits_is_woken() {
    let house = House::new().await;
    let mut queue = house.store.outbox_changed("web");
    let other_queue = house.store.outbox_changed("telegram");
    let here = house.store.receive(&says("here", "1", "hello")).await.unwrap().conversation;
    house.store.inbox_changed().notified().await;
    let mut lines = house.store.watch(here);
    let elsewhere = house.store.watch(ConversationId::new());

    house.store.receive(&says("here", "2", "hello?")).await.unwrap();
    assert!(lines.has_changed().unwrap());
    lines.mark_unchanged();
    house.take_turn(here, answer(&["Hello."])).await;
    assert!(queue.has_changed().unwrap() && !other_queue.has_changed().unwrap(), "each channel has its own queue");
    queue.mark_unchanged();
    assert!(lines.has_changed().unwrap(), "whose turn it is has changed");
    lines.mark_unchanged();
    let leased = house.lease(1).await;
    house.store.sent(leased[0].id, None, at(11)).await.unwrap();
    assert!(lines.has_changed().unwrap());
    assert!(!elsewhere.has_changed().unwrap());
}

// What customers do on their platforms.

/// What waits for its turn, in order.
async fn waiting(house: &House, conversation: ConversationId) -> Vec<String> {
    let (_, pending) = house.store.pending(conversation).await.unwrap().unwrap();
    pending.into_iter().map(|pending| pending.incoming.text).collect()
}

#[tokio::test]
async fn an_edit_takes_the_place_of_a_message_that_had_no_turn_yet() {
    let house = House::new().await;
    let here = house.store.receive(&says("here", "1", "wen is it bakc")).await.unwrap().conversation;
    let edit = |version: i64, text: &str| Incoming {
        edits: Some(Edit { of: "1".into(), version }),
        ..says("here", &format!("1@{version}"), text)
    };
    assert!(!house.store.receive(&edit(1, "wen is it bakc")).await.unwrap().new, "only its looks changed");
    assert!(house.store.receive(&edit(2, "when is it back")).await.unwrap().new);
    assert!(!house.store.receive(&edit(2, "when is it back")).await.unwrap().new, "a second delivery");
    assert_eq!(waiting(&house, here).await, ["when is it back"]);

    house.take_turn(here, answer(&["Soon."])).await;
    house.store.receive(&edit(3, "when is the water back")).await.unwrap();
    assert_eq!(waiting(&house, here).await, ["when is the water back"], "after its turn it is a new question");
}

#[tokio::test]
async fn what_a_customer_took_back_is_forgotten() {
    let house = House::new().await;
    let here = house.store.receive(&says("here", "1", "my card is 4111")).await.unwrap().conversation;
    house.store.receive(&says("here", "2", "when is it back")).await.unwrap();
    house.store.retract("web", "1", at(2)).await.unwrap();
    house.store.retract("web", "unknown", at(2)).await.unwrap();
    assert_eq!(waiting(&house, here).await, ["when is it back"]);
    let lines = house.store.transcript(here).await.unwrap();
    assert!(lines.iter().all(|line| !line.text.contains("4111")), "{lines:?}");
}

#[tokio::test]
async fn nobody_who_asked_us_to_stop_is_written_to_until_they_write_again() {
    let house = House::new().await;
    let here = house.with_replies("here", &["Soon."]).await;
    house.store.silence("web", "here", Silence::Stopped, at(11)).await.unwrap();
    assert_eq!(house.lease(10).await, [], "what was queued is not sent");
    house.store.receive(&says("elsewhere", "e", "a person please")).await.unwrap();

    house.store.receive(&says("here", "again", "and now?")).await.unwrap();
    house.take_turn(here, answer(&["Tonight."])).await;
    assert_eq!(house.lease(10).await[0].outgoing.text, "Tonight.");
}

#[tokio::test]
async fn who_asks_us_to_stop_is_left_alone_wherever_they_wrote_and_agents_are_told_at_once() {
    let house = House::new().await;
    let wrote = |place: &str, id: &str, text: &str| Incoming { contact: "Ada".into(), ..says(place, id, text) };
    let group = house.store.receive(&wrote("group", "g", "a person please")).await.unwrap().conversation;
    let escalation = house.take_turn(group, hand_over(Reason::Wish, Urgency::High)).await.unwrap();
    let direct = house.store.receive(&wrote("direct", "d", "when?")).await.unwrap().conversation;
    house.take_turn(direct, answer(&["Soon."])).await;
    house.store.receive(&says("elsewhere", "e", "when?")).await.unwrap();

    let stops = Incoming { stop: true, ..wrote("direct", "stop", "stop") };
    assert!(house.store.receive(&stops).await.unwrap().new);
    assert_eq!(waiting(&house, direct).await, [""; 0], "it gets no turn");
    assert_eq!(house.lease(10).await, [], "what was queued is not sent");
    assert_eq!(house.texts(direct).await, ["when?", "Soon.", "stop"], "agents see it");
    let refused = house.store.reply(escalation, "Dana", "Are you there?", at(20)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Silenced { why: Silence::Stopped, .. }), "{refused}");
    assert!(refused.to_string().contains("asked not to be written to"), "{refused}");

    house.store.receive(&wrote("group", "again", "and now?")).await.unwrap();
    assert!(!house.store.receive(&stops).await.unwrap().new, "a second delivery");
    house.store.reply(escalation, "Dana", "I am here.", at(30)).await.unwrap();
    assert_eq!(house.lease(10).await.last().unwrap().outgoing.text, "I am here.");
}

#[tokio::test]
async fn a_channel_finds_again_what_it_wrote_down_and_where_it_was() {
    let house = House::new().await;
    assert_eq!(house.store.channel_note("x", "since").await.unwrap(), None);
    house.store.write_channel_note("x", "since", "1").await.unwrap();
    house.store.write_channel_note("x", "since", "2").await.unwrap();
    house.store.receive(&says("here", "1", "hello")).await.unwrap();
    house.store.receive(&says("here", "2", "hello?")).await.unwrap();
    let house = house.crash().await;
    assert_eq!(house.store.channel_note("x", "since").await.unwrap().as_deref(), Some("2"));
    assert_eq!(house.store.channel_note("discord", "since").await.unwrap(), None);
    let seen = house.store.last_seen("web", at(0)).await.unwrap();
    assert_eq!(seen, [LastSeen { place: "here".into(), public: false, message_id: "2".into() }]);
    assert_eq!(house.store.last_seen("web", at(1_000)).await.unwrap(), []);
}

#[tokio::test]
async fn an_answer_knows_what_it_answers() {
    let house = House::new().await;
    let asks = |id: &str| Incoming { reply_to: Some(format!("post {id}")), ..says("here", id, "when?") };
    let here = house.store.receive(&asks("1")).await.unwrap().conversation;
    let (found, pending) = house.store.pending(here).await.unwrap().unwrap();
    house.store.receive(&asks("2")).await.unwrap();
    house.store.record_turn(&found, &[pending[0].id], &answer(&["Soon."]), "k1", at(10)).await.unwrap();
    let first = house.lease(1).await.remove(0);
    assert_eq!(first.reply_to.as_deref(), Some("post 1"), "not the one that came meanwhile");
    assert_eq!(first.follows, None);
    house.store.sent(first.id, Some("reply 7"), at(11)).await.unwrap();

    let escalation = house.take_turn(here, hand_over(Reason::Wish, Urgency::High)).await.unwrap();
    let handed_over = house.lease(1).await.remove(0);
    assert_eq!((handed_over.reply_to.as_deref(), handed_over.follows), (Some("post 2"), None));
    house.store.sent(handed_over.id, Some("reply 8"), at(12)).await.unwrap();
    house.store.reply(escalation, "Ana", "Hello.", at(13)).await.unwrap();
    assert_eq!(house.lease(1).await[0].follows.as_deref(), Some("reply 8"), "an agent goes on below what was said");
}

#[tokio::test]
async fn a_message_goes_on_behind_the_pieces_that_arrived() {
    let house = House::new().await;
    house.with_replies("here", &["A long answer."]).await;
    let leased = house.lease(1).await;
    assert_eq!((leased[0].pieces, leased[0].attempt), (0, 1));
    house.store.piece_sent(leased[0].id).await.unwrap();
    house.store.postpone(leased[0].id, at(12)).await.unwrap();
    let leased = house.lease(1).await;
    assert_eq!((leased[0].pieces, leased[0].attempt), (1, 1), "a message that was put off was not tried");
}

// A turn.

#[tokio::test]
async fn a_turn_is_recorded_once_and_whole() {
    let house = House::new().await;
    let here = house.store.receive(&says("here", "1", "when?")).await.unwrap().conversation;
    let (before, pending) = house.store.pending(here).await.unwrap().unwrap();
    let ids = [pending[0].id];
    let turn = answer(&["First.", "Second."]);
    assert!(house.store.status(here).await.unwrap().pending);
    assert_eq!(house.store.record_turn(&before, &ids, &turn, "k1", at(2)).await.unwrap(), None);

    let again = house.store.record_turn(&before, &ids, &turn, "k1", at(3)).await;
    assert!(matches!(again, Err(StoreError::Conflict)));
    let (after, pending) = house.store.pending(here).await.unwrap().unwrap();
    assert!(pending.is_empty());
    assert_eq!(after.memory, turn.memory);
    assert!(after.version > before.version);
    // The version is right, but the message has had its turn: nothing of this may stay.
    let again = house.store.record_turn(&after, &ids, &hand_over(Reason::Wish, Urgency::High), "k1", at(4)).await;
    assert!(matches!(again, Err(StoreError::Conflict)));
    assert_eq!(house.store.pending(here).await.unwrap().unwrap().0, after);
    assert_eq!(house.store.escalations(EscalationFilter::All).await.unwrap(), []);
    assert_eq!(house.texts(here).await, ["when?", "First.", "Second."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_take_the_same_turn_one_succeeds() {
    let house = House::new().await;
    let here = house.store.receive(&says("here", "1", "when?")).await.unwrap().conversation;
    let (conversation, pending) = house.store.pending(here).await.unwrap().unwrap();
    let ids = [pending[0].id];
    let turn = answer(&["Soon."]);
    let tries = (0..50).map(|_| house.store.record_turn(&conversation, &ids, &turn, "k1", at(2)));
    // The failing ones share commits with strangers, who notice nothing.
    let strangers = (0..50).map(|n| {
        let store = house.store.clone();
        async move { store.receive(&says("there", &format!("there {n}"), "hello")).await }
    });
    let (tries, strangers) = tokio::join!(futures::future::join_all(tries), futures::future::join_all(strangers));
    assert_eq!(tries.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(strangers.into_iter().all(|result| result.unwrap().new));
    assert_eq!(house.texts(here).await, ["when?", "Soon."]);
    assert_eq!(house.store.counts().await.unwrap().inbox_pending, 50);
}

// The door out.

#[tokio::test]
async fn lines_appear_in_the_order_in_which_they_were_sent() {
    let house = House::new().await;
    let here = house.with_replies("here", &["First.", "Second."]).await;
    let seen = house.store.lines_after(here, 0, 10).await.unwrap();
    assert_eq!(seen.len(), 1, "what is queued is not visible");
    assert_eq!(seen[0].author, LineAuthor::Customer);

    let first = house.lease(10).await;
    assert_eq!(first.len(), 1, "the second waits for the first");
    assert_eq!(first[0].outgoing, reply("First."));
    assert_eq!((first[0].attempt, first[0].channel.as_str(), first[0].place.as_str()), (1, "web", "here"));
    // The customer writes while we send: they see their own line first.
    house.store.receive(&says("here", "2", "hello?")).await.unwrap();
    house.store.sent(first[0].id, Some("p1"), at(20)).await.unwrap();
    house.store.sent(first[0].id, Some("p1"), at(21)).await.unwrap();
    let second = house.lease(10).await;
    house.store.sent(second[0].id, None, at(22)).await.unwrap();

    let lines = house.store.lines_after(here, seen[0].cursor, 10).await.unwrap();
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["hello?", "First.", "Second."]);
    assert!(lines.is_sorted_by(|a, b| a.cursor < b.cursor));
    assert_eq!((lines[1].delivery, lines[1].at), (Some(Delivery::Sent), at(20)));
    assert_eq!(lines[1].choices, reply("").choices);
    assert_eq!(house.store.lines_after(here, 0, 2).await.unwrap().len(), 2);
    assert_eq!(house.store.lines_after(here, lines[2].cursor, 10).await.unwrap(), []);
}

#[tokio::test]
async fn an_agent_sees_a_lost_line_where_it_was_meant_to_stand() {
    let house = House::new().await;
    let here = house.with_replies("here", &["Lost."]).await;
    let lost = house.lease(1).await;
    house.store.fail(lost[0].id, "forbidden", at(20)).await.unwrap();
    house.store.receive(&says("here", "2", "hello?")).await.unwrap();
    house.take_turn(here, answer(&["Here."])).await;
    assert_eq!(house.texts(here).await, ["when?", "Lost.", "hello?", "Here."]);
    let arrived = house.lease(1).await;
    house.store.sent(arrived[0].id, None, at(30)).await.unwrap();
    assert_eq!(house.texts(here).await, ["when?", "Lost.", "hello?", "Here."]);
    let visible: Vec<_> =
        house.store.lines_after(here, 0, 10).await.unwrap().into_iter().map(|line| line.text).collect();
    assert_eq!(visible, ["when?", "hello?", "Here."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_leased_to_one_sender_only() {
    let house = House::new().await;
    for place in 0..40 {
        house.with_replies(&place.to_string(), &["One.", "Two."]).await;
    }
    let senders = (0..20).map(|_| house.lease(3));
    let leased: Vec<_> = futures::future::join_all(senders).await.into_iter().flatten().collect();
    assert_eq!(leased.len(), 40);
    let conversations: HashSet<_> = leased.iter().map(|leased| leased.conversation).collect();
    assert_eq!(conversations.len(), 40);
    assert!(leased.iter().all(|leased| leased.outgoing.text == "One."));
}

#[tokio::test]
async fn a_message_that_waits_for_its_next_try_holds_up_its_own_conversation_only() {
    let house = House::new().await;
    house.with_replies("slow", &["One.", "Two."]).await;
    assert_eq!(house.store.next_try("web").await.unwrap(), Some(at(10)));
    let leased = house.lease(10).await;
    assert_eq!(house.store.next_try("web").await.unwrap(), None, "the second waits for the first, not for the clock");
    house.store.retry(leased[0].id, at(5_000), "503").await.unwrap();
    assert_eq!(house.store.next_try("web").await.unwrap(), Some(at(5_000)));
    house.with_replies("quick", &["Hello."]).await;

    let next = house.lease(10).await;
    assert_eq!(next.iter().map(|next| next.outgoing.text.as_str()).collect::<Vec<_>>(), ["Hello."]);
    let later = house.store.lease("web", at(5_000), 10, 0).await.unwrap();
    assert_eq!((later[0].outgoing.text.as_str(), later[0].attempt), ("One.", 2));
}

#[tokio::test]
async fn replies_go_ahead_of_bulk() {
    let house = House::new().await;
    for place in 0..5 {
        house.with_replies(&format!("bulk {place}"), &["Bulk."]).await;
    }
    house.sql("UPDATE outbox SET bulk = 1").await;
    let both = house.with_replies("both", &["Bulk here."]).await;
    house.sql("UPDATE outbox SET bulk = 1").await;
    house.store.receive(&says("both", "2", "and when?")).await.unwrap();
    house.take_turn(both, answer(&["Reply."])).await;

    let first = house.lease(3).await;
    let texts: Vec<_> = first.iter().map(|leased| leased.outgoing.text.as_str()).collect();
    assert_eq!(texts, ["Reply.", "Bulk.", "Bulk."]);
    assert_eq!(house.lease(10).await.len(), 3, "the conversation's own bulk waits for the reply on its way");
    house.store.sent(first[0].id, None, at(20)).await.unwrap();
    assert_eq!(house.lease(10).await[0].outgoing.text, "Bulk here.");

    // A mailing that fails does not call people.
    house.store.fail(first[1].id, "blocked", at(20)).await.unwrap();
    assert_eq!(house.store.counts().await.unwrap().escalations_open, 0);
}

#[tokio::test]
async fn what_may_not_have_arrived_is_not_sent_again_and_a_person_is_told() {
    let house = House::new().await;
    let here = house.with_replies("here", &["One.", "Two."]).await;
    let before = house.store.pending(here).await.unwrap().unwrap().0;
    let leased = house.lease(1).await;
    house.store.uncertain(leased[0].id, "timeout", at(20)).await.unwrap();
    house.store.uncertain(leased[0].id, "timeout", at(20)).await.unwrap();
    house.store.retry(leased[0].id, at(20), "too late").await.unwrap();

    let open = house.store.escalations(EscalationFilter::Open).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].reason, open[0].urgency), (Reason::Undelivered, Urgency::Normal));
    assert_eq!(house.notes(open[0].id).await, ["A reply may not have arrived."]);
    let after = house.store.pending(here).await.unwrap().unwrap().0;
    assert_eq!(after.memory.standing, Standing::Waiting);
    assert!(after.version > before.version, "a turn that knows nothing of it must be refused");

    let second = house.lease(10).await;
    assert_eq!(second[0].outgoing.text, "Two.", "it does not hold up the rest");
    house.store.fail(second[0].id, "forbidden", at(21)).await.unwrap();
    let open = house.store.escalations(EscalationFilter::Open).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(house.notes(open[0].id).await, ["A reply may not have arrived.", "A reply could not be delivered."]);
    let deliveries: Vec<_> =
        house.store.transcript(here).await.unwrap().into_iter().filter_map(|line| line.delivery).collect();
    assert_eq!(deliveries, [Delivery::Uncertain, Delivery::Failed]);
    let counts = house.store.counts().await.unwrap();
    assert_eq!((counts.outbox_uncertain, counts.outbox_failed, counts.outbox_queued), (1, 1, 0));

    // News that it arrived after all is welcome.
    house.store.sent(leased[0].id, None, at(30)).await.unwrap();
    assert_eq!(house.store.counts().await.unwrap().outbox_uncertain, 0);
}

// Crashes and restarts.

#[tokio::test]
async fn after_a_crash_nothing_is_lost_and_nothing_is_sent_blindly_again() {
    let house = House::new().await;
    house.with_replies("safe", &["One.", "Two."]).await;
    house.store.receive(&Incoming { channel: "x".into(), ..says("unsafe", "u", "when?") }).await.unwrap();
    house.store.receive(&Incoming { channel: "y".into(), ..says("waits", "w", "when?") }).await.unwrap();
    let away = house.store.conversation_at("x", "unsafe").await.unwrap().unwrap();
    let waits = house.store.conversation_at("y", "waits").await.unwrap().unwrap();
    house.take_turn(away, answer(&["Sent?"])).await;
    house.take_turn(waits, answer(&["Not begun."])).await;
    house.store.receive(&says("pending", "p", "still here")).await.unwrap();
    assert_eq!(house.lease(10).await.len(), 1);
    for channel in ["x", "y"] {
        let leased = house.store.lease(channel, at(1_000), 10, 0).await.unwrap().remove(0);
        assert!(channel == "y" || house.store.begin(leased.id).await.unwrap());
    }

    let house = house.crash().await;
    assert_eq!(house.lease(10).await, []);
    let mut recovered = Vec::new();
    for channel in ["web", "x", "y"] {
        let Recovered { requeued, uncertain } = house.store.recover(channel, at(11)).await.unwrap();
        recovered.push((channel, requeued, uncertain));
    }
    assert_eq!(recovered, [("web", 1, 0), ("x", 0, 1), ("y", 1, 0)], "what had not begun is sent after the start");
    let again = house.lease(10).await;
    assert_eq!(again.len(), 1);
    assert_eq!((again[0].outgoing.text.as_str(), again[0].attempt), ("One.", 1));
    let open = house.store.escalations(EscalationFilter::Open).await.unwrap();
    assert_eq!((open.len(), open[0].conversation, open[0].reason), (1, away, Reason::Undelivered));
    assert_eq!(house.store.counts().await.unwrap().inbox_pending, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_handed_in_before_the_end_is_kept() {
    let house = House::new().await;
    let store = house.store.clone();
    let mut handed_in: Vec<_> = (0..300).map(|n| (n.to_string(), store.clone())).collect();
    let received = handed_in
        .drain(..)
        .map(|(n, store)| tokio::spawn(async move { store.receive(&says("here", &n, "hello")).await }));
    let received: Vec<_> = received.collect();
    tokio::task::yield_now().await;
    store.close().await;
    store.close().await;
    let kept =
        futures::future::join_all(received).await.into_iter().filter(|result| matches!(result, Ok(Ok(_)))).count();
    assert!(matches!(store.receive(&says("here", "late", "hello")).await, Err(StoreError::Closed)));
    assert!(matches!(store.counts().await, Err(StoreError::Closed)));
    assert!(!house.folder.path().join("evenkeel.db-wal").exists(), "a clean end leaves one file");

    let house = house.crash().await;
    assert_eq!(usize::try_from(house.store.counts().await.unwrap().inbox_pending).unwrap(), kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_works_from_another_process_while_the_service_runs() {
    let house = House::new().await;
    let here = house.store.receive(&says("here", "1", "a person please")).await.unwrap().conversation;
    let id = house.take_turn(here, hand_over(Reason::Wish, Urgency::High)).await.unwrap();
    let agent = Store::open(&house.path()).await.unwrap();
    let mut queue = house.store.outbox_changed("web");

    let busy = (0..500).map(|n| {
        let store = house.store.clone();
        async move { store.receive(&says("there", &n.to_string(), "hello")).await.map(drop) }
    });
    let replies = (0..20).map(|n| {
        let agent = agent.clone();
        async move { agent.reply(id, "Ana", format!("line {n}").as_str(), at(20)).await.map(drop) }
    });
    let (busy, replies) = tokio::join!(futures::future::join_all(busy), futures::future::join_all(replies));
    assert!(busy.into_iter().chain(replies).all(|result| result.is_ok()));
    let woken = tokio::time::timeout(Duration::from_secs(5), queue.changed()).await;
    assert!(matches!(woken, Ok(Ok(()))), "the service learns of what the other process queued");
    assert_eq!(house.store.counts().await.unwrap().outbox_queued, 21);
    agent.close().await;
    house.store.receive(&says("here", "2", "thanks")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_may_make_the_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evenkeel.db");
    let opened = futures::future::join_all((0..8).map(|_| Store::open(&path))).await;
    for (n, store) in opened.into_iter().enumerate() {
        let store = store.unwrap();
        assert!(store.receive(&says("here", &n.to_string(), "hello")).await.unwrap().new);
    }
}

// People.

#[tokio::test]
async fn an_escalation_goes_from_the_bot_to_an_agent_and_back() {
    let house = House::new().await;
    let here = house.store.receive(&says("here", "1", "hm")).await.unwrap().conversation;
    let id = house.take_turn(here, hand_over(Reason::Unsure, Urgency::Normal)).await.unwrap();
    house.store.receive(&says("here", "2", "I smell gas")).await.unwrap();
    let mut gas = hand_over(Reason::Danger(Danger::Gas), Urgency::Danger);
    gas.escalation.as_mut().unwrap().intents = vec!["gas_smell".into(), "billing".into()];
    assert_eq!(house.take_turn(here, gas).await, Some(id), "one conversation has one open escalation");
    let open = house.store.escalation(id).await.unwrap();
    assert_eq!((open.reason, open.urgency), (Reason::Danger(Danger::Gas), Urgency::Danger));
    assert_eq!(open.intents, ["gas_smell", "billing"]);
    assert_eq!(house.store.status(here).await.unwrap().standing, Standing::Waiting);
    let counts = house.store.counts().await.unwrap();
    assert_eq!((counts.escalations_open, counts.escalations_unclaimed, counts.escalations_danger), (1, 1, 1));

    let turn_meanwhile = house.store.pending(here).await.unwrap().unwrap().0;
    house.store.reply(id, "Ana", "  We are on our way.  ", at(20)).await.unwrap();
    let second = house.store.reply(id, "Ben", "I help.", at(21)).await;
    assert_eq!(second.unwrap_err().to_string(), format!("Ana has escalation {id}"));
    let late = house.store.record_turn(&turn_meanwhile, &[], &answer(&["bot"]), "k1", at(22)).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "the bot does not talk into an agent's words");
    let claimed = house.store.escalation(id).await.unwrap();
    assert_eq!((claimed.claimed_by.as_deref(), claimed.claimed_at), (Some("Ana"), Some(at(20))));
    let lines = house.store.transcript(here).await.unwrap();
    let last = &lines[lines.len() - 2..];
    assert_eq!(last[1].author, LineAuthor::Agent("Ana".into()));
    assert_eq!(last[1].text, "We are on our way.");
    assert_eq!(house.store.status(here).await.unwrap().standing, Standing::Agent);

    // What the customer writes meanwhile is recorded, in silence.
    house.store.receive(&says("here", "3", "thank you")).await.unwrap();
    let memory = house.store.pending(here).await.unwrap().unwrap().0.memory;
    let silent = Turn { decision: Decision::Silent, memory, ..answer(&[]) };
    assert_eq!(house.take_turn(here, silent).await, None);

    house.store.resolve(id, "Ana", Some("crew sent"), None, at(30)).await.unwrap();
    let resolved = house.store.escalation(id).await.unwrap();
    assert_eq!(resolved.resolved_by.as_deref(), Some("Ana"));
    assert_eq!(house.notes(id).await, ["crew sent"]);
    let memory = house.store.pending(here).await.unwrap().unwrap().0.memory;
    assert_eq!((memory.standing, memory.offered.len(), memory.warned.len()), (Standing::Bot, 0, 0));
    assert_eq!(house.store.escalations(EscalationFilter::Open).await.unwrap(), []);
    assert_eq!(house.store.escalations(EscalationFilter::All).await.unwrap(), [resolved]);

    house.store.receive(&says("here", "4", "again")).await.unwrap();
    let next = house.take_turn(here, hand_over(Reason::Wish, Urgency::High)).await;
    assert_ne!(next, Some(id));
}

#[tokio::test]
async fn the_queue_is_sorted_by_urgency_then_promise_then_age() {
    let house = House::new().await;
    let mut ids = Vec::new();
    let promised = house.store.receive(&says("p", "p", "x")).await.unwrap().conversation;
    let mut turn = hand_over(Reason::Unsure, Urgency::Normal);
    turn.escalation.as_mut().unwrap().due_at = Some(at(60));
    for (place, urgency) in [("a", Urgency::Normal), ("b", Urgency::High), ("c", Urgency::Danger), ("d", Urgency::High)]
    {
        let conversation = house.store.receive(&says(place, place, "x")).await.unwrap().conversation;
        ids.push(house.take_turn(conversation, hand_over(Reason::Wish, urgency)).await.unwrap());
    }
    ids.push(house.take_turn(promised, turn).await.unwrap());
    let open = house.store.escalations(EscalationFilter::Open).await.unwrap();
    assert_eq!(open.iter().map(|open| open.id).collect::<Vec<_>>(), [ids[2], ids[1], ids[3], ids[4], ids[0]]);
}

#[tokio::test]
async fn agents_are_told_what_is_wrong() {
    let house = House::new().await;
    let here = house.store.receive(&says("here", "1", "hm")).await.unwrap().conversation;
    let id = house.take_turn(here, hand_over(Reason::Wish, Urgency::High)).await.unwrap();
    let said = async |id, agent: &str, text: &str| {
        house.store.reply(id, agent, text, at(1)).await.map_or_else(|error| error.to_string(), |_| "sent".into())
    };
    assert_eq!(said(EscalationId(99), "Ana", "hi").await, "there is no escalation 99");
    assert_eq!(said(id, "Ana", " \n").await, "the text is empty");
    assert_eq!(said(id, "", "hi").await, "the agent's name is empty");
    assert_eq!(said(id, "Ana", &"x".repeat(16_385)).await, "the text is longer than 16384 bytes");
    house.store.resolve(id, "Ana", Some("  "), None, at(2)).await.unwrap();
    assert!(house.notes(id).await.is_empty());
    assert_eq!(said(id, "Ana", "hi").await, format!("escalation {id} is already resolved"));
    let again = house.store.resolve(id, "Ana", None, None, at(3)).await;
    assert!(matches!(again, Err(StoreError::AlreadyResolved(_))));
}

#[tokio::test]
async fn what_follows_an_answer_is_found() {
    let house = House::new().await;
    let accepted = house.with_replies("calm", &["Soon."]).await;
    let doubted = house.with_replies("cross", &["Soon."]).await;
    for line in ["that is wrong", "a person please"] {
        house.store.receive(&says("cross", line, line)).await.unwrap();
    }
    house.take_turn(doubted, hand_over(Reason::Wish, Urgency::High)).await;

    let followed = house.store.followed(at(0)).await.unwrap();
    let answers: Vec<_> = followed.iter().map(|answer| (answer.conversation, answer.next.is_some())).collect();
    assert_eq!(answers, [(accepted, false), (doubted, true)]);
    assert_eq!((followed[1].channel.as_str(), followed[1].intents.concat()), ("web", "outage_status".to_owned()));
    let next = followed[1].next.as_ref().unwrap();
    assert_eq!((next.reason, next.text.as_str()), (Some(Reason::Wish), "that is wrong\na person please"));
    assert!(house.store.followed(at(11)).await.unwrap().is_empty(), "older than asked for");
}

#[tokio::test]
async fn an_erased_person_leaves_no_word_behind() {
    let house = House::new().await;
    let filler = "lorem ipsum ".repeat(60);
    for n in 0..60 {
        let words = format!("SECRETWORD {n} {filler}");
        let here = house.store.receive(&says("theirs", &format!("t{n}"), &words)).await.unwrap().conversation;
        house.take_turn(here, answer(&["Dear SECRETWORD."])).await;
        house.store.receive(&says("other", &format!("o{n}"), &filler)).await.unwrap();
    }
    let theirs = house.store.conversation_at("web", "theirs").await.unwrap().unwrap();
    house.store.receive(&says("theirs", "hm", "SECRETWORD?")).await.unwrap();
    let id = house.take_turn(theirs, hand_over(Reason::Wish, Urgency::High)).await.unwrap();
    let promise = NewPromise { words: "SECRETWORD by noon".into(), due_at: at(90), remind_at: at(80) };
    house
        .store
        .reply(id, "Ana", NewReply { text: "SECRETWORD, yes", id: None, promise: Some(promise) }, at(20))
        .await
        .unwrap();
    assert_eq!(house.store.promises(PromiseFilter::Open).await.unwrap().len(), 1);
    house.store.resolve(id, "Ana", Some("it was SECRETWORD"), None, at(21)).await.unwrap();
    // A place that others share: only their own lines go.
    let in_public = Incoming { contact: "visitor of theirs".into(), ..says("other", "shared", "SECRETWORD here") };
    house.store.receive(&in_public).await.unwrap();

    let leased = house.lease(1).await;
    let removed = house.store.erase("web", "visitor of theirs", Eraser::Themselves).await.unwrap().removed;
    // 62 incoming, 62 + 1 outgoing; conversation, contact, escalation.
    assert_eq!(removed, 62 + 62 + 3);
    assert_eq!(house.store.erase("web", "visitor of theirs", Eraser::Themselves).await.unwrap().removed, 0);
    house.store.sent(leased[0].id, None, at(30)).await.unwrap();
    for file in std::fs::read_dir(house.folder.path()).unwrap() {
        let file = file.unwrap().path();
        let bytes = std::fs::read(&file).unwrap();
        for word in ["SECRETWORD", "visitor of theirs"] {
            let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!found, "{word} in {}", file.display());
        }
    }
    assert_eq!(house.store.conversation_at("web", "theirs").await.unwrap(), None);
    let other = house.store.conversation_at("web", "other").await.unwrap().unwrap();
    assert_eq!(house.store.pending(other).await.unwrap().unwrap().1.len(), 60);

    let mut sql = house.sql("").await;
    let decisions: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM audit WHERE decision = 'answer'").fetch_one(&mut sql).await.unwrap();
    assert_eq!(decisions, 60);
}

// The clocks.

#[tokio::test]
async fn what_comes_of_a_look_is_said_once_and_not_to_who_was_answered_meanwhile() {
    let house = House::new().await;
    let here = house.store.receive(&says("here", "1", "a person, please")).await.unwrap().conversation;
    let mut turn = hand_over(Reason::Wish, Urgency::High);
    turn.escalation =
        turn.escalation.map(|escalation| Escalation { due_at: Some(at(60)), look_at: Some(at(50)), ..escalation });
    let id = house.take_turn(here, turn).await.unwrap();
    assert_eq!(house.store.looks(at(49), 10).await.unwrap(), Vec::new());
    assert_eq!(house.store.next_look().await.unwrap(), Some(at(50)));
    let seen = house.store.looks(at(50), 10).await.unwrap().remove(0);
    assert_eq!((seen.id, seen.due_at), (id, Some(at(60))));
    let still = Looked {
        say: Some(reply("You still wait.")),
        still_waiting: true,
        due_at: Some(at(120)),
        look_at: Some(at(110)),
        note: None,
    };
    assert!(house.store.looked(&seen, &still, at(50)).await.unwrap());
    assert!(!house.store.looked(&seen, &still, at(51)).await.unwrap(), "said once");
    let again = house.store.looks(at(110), 10).await.unwrap().remove(0);
    assert_eq!((again.still_waiting, again.due_at), (1, Some(at(120))));
    house.store.reply(id, "Ana", "I am here.", at(100)).await.unwrap();
    assert!(!house.store.looked(&again, &still, at(110)).await.unwrap(), "answered meanwhile");
    assert_eq!(house.store.next_look().await.unwrap(), None);
    let said = house.store.transcript(here).await.unwrap();
    assert_eq!(said.iter().filter(|line| line.text == "You still wait.").count(), 1);
}

#[tokio::test]
async fn a_claim_lapses_by_its_silence_and_not_while_its_agent_writes() {
    let house = House::new().await;
    let here = house.store.receive(&says("here", "1", "a person, please")).await.unwrap().conversation;
    let id = house.take_turn(here, hand_over(Reason::Wish, Urgency::High)).await.unwrap();
    house.store.handle(id, "Ana", Handling::Claim, None, at(20)).await.unwrap();
    assert_eq!(house.store.idle_claims(at(19), 10).await.unwrap(), Vec::new());
    let idle = house.store.idle_claims(at(20), 10).await.unwrap();
    assert_eq!((idle[0].id, idle[0].since), (id, at(20)));
    house.store.save_draft(id, "Ana", "Dear", at(30)).await.unwrap();
    assert_eq!(house.store.idle_claims(at(25), 10).await.unwrap(), Vec::new());
    house.store.handle(id, "Ana", Handling::Lapse, None, at(40)).await.unwrap();
    let lapsed = house.store.escalation(id).await.unwrap();
    assert_eq!((lapsed.claimed_by, lapsed.lapses, lapsed.look_at), (None, 1, Some(at(40))), "the clocks go on at once");
    assert!(house.store.notes(id).await.unwrap()[0].text.starts_with("Ana left the customer waiting"));

    house.store.reply(id, "Ben", "I am here.", at(50)).await.unwrap();
    let answered = house.store.handle(id, "Ben", Handling::Lapse, None, at(60)).await;
    assert!(matches!(answered, Err(StoreError::Conflict)));
}

#[tokio::test]
async fn a_late_promise_calls_a_person_once() {
    let house = House::new().await;
    let here = house.store.receive(&says("here", "1", "a person, please")).await.unwrap().conversation;
    let id = house.take_turn(here, hand_over(Reason::Wish, Urgency::High)).await.unwrap();
    let promise = NewPromise { words: "a crew comes".into(), due_at: at(90), remind_at: at(80) };
    house
        .store
        .reply(id, "Ana", NewReply { text: "A crew comes.", id: None, promise: Some(promise) }, at(20))
        .await
        .unwrap();
    house.store.resolve(id, "Ana", None, None, at(21)).await.unwrap();
    let due = house.store.promises_due(at(80), 10).await.unwrap().remove(0);
    assert!(house.store.step_promise(&due, &PromiseStep::Remind, at(80)).await.unwrap());
    assert_eq!(house.store.promises_due(at(89), 10).await.unwrap(), Vec::new());
    let due = house.store.promises_due(at(90), 10).await.unwrap().remove(0);
    let late = PromiseStep::Late(reply("Not yet."));
    assert!(house.store.step_promise(&due, &late, at(90)).await.unwrap());
    assert!(!house.store.step_promise(&due, &late, at(91)).await.unwrap());
    let open = house.store.escalations(EscalationFilter::Open).await.unwrap();
    assert_eq!((open.len(), open[0].reason, open[0].waiting_since), (1, Reason::Promise, Some(at(90))));
    let record = house.store.promises(PromiseFilter::Of(here)).await.unwrap().remove(0);
    assert_eq!((record.outcome, record.told_at, record.settled_at), (Some(Outcome::Broken), Some(at(90)), None));
    house.store.settle_promise(record.id, "Ana", Outcome::Kept, at(95)).await.unwrap();
    let again = house.store.settle_promise(record.id, "Ana", Outcome::Kept, at(96)).await;
    assert!(matches!(again, Err(StoreError::AlreadySettled(_))));
}

// The file.

#[tokio::test]
async fn a_file_that_is_no_store_is_refused_by_name_and_left_alone() {
    let house = House::new().await;
    let path = house.folder.path().join("note.txt");
    std::fs::write(&path, "not a database, but long enough to be taken for one".repeat(50)).unwrap();
    let refused = Store::open(&path).await.err().unwrap();
    assert_eq!(refused.to_string(), format!("{} is not a SQLite database", path.display()));

    let missing = house.folder.path().join("no/such/folder.db");
    assert!(matches!(Store::open(&missing).await, Err(StoreError::Open(OpenError::Create { .. }))));

    let other = House { store: house.store.clone(), folder: tempfile::tempdir().unwrap() };
    other.store.close().await;
    std::fs::write(other.path(), "").unwrap();
    other.sql("CREATE TABLE recipes (name TEXT)").await;
    assert!(matches!(Store::open(&other.path()).await, Err(StoreError::Open(OpenError::Foreign(_)))));

    house.sql("PRAGMA user_version = 99").await;
    let newer = Store::open(&house.path()).await.err().unwrap();
    let expected = format!("{} was written by a newer Evenkeel", house.path().display());
    assert!(newer.to_string().starts_with(&expected), "{newer}");
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let house = House::new().await;
    house.store.receive(&says("here", "1", "hello")).await.unwrap();
    let mut files = 0;
    for file in std::fs::read_dir(house.folder.path()).unwrap() {
        assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        files += 1;
    }
    assert_eq!(files, 3, "the database, its log and its index");
}

/// Prints figures, asserts none: `cargo test --test outside store::measures -- --nocapture`.
#[tokio::test(flavor = "multi_thread")]
async fn measures_how_fast_messages_are_taken_in() {
    let house = House::new().await;
    let start = Instant::now();
    let senders = (0..50).map(|sender| {
        let store = house.store.clone();
        tokio::spawn(async move {
            let mut waits = Vec::new();
            for n in 0..100 {
                let start = Instant::now();
                store.receive(&says(&format!("{sender}/{}", n % 10), &format!("{sender} {n}"), "when?")).await.unwrap();
                waits.push(start.elapsed());
            }
            waits
        })
    });
    let waits = futures::future::join_all(senders).await.into_iter().flat_map(Result::unwrap);
    let mut waits: Vec<_> = waits.collect();
    let took = start.elapsed();
    waits.sort_unstable();
    let rate = 5_000.0 / took.as_secs_f64();
    println!("5,000 received by 50 senders: {rate:.0}/s, p50 {:?}, p99 {:?}", waits[2_500], waits[4_950]);

    let start = Instant::now();
    let due = house.store.due(at(100), QUIET, PATIENCE).await.unwrap();
    println!("due among 5,000 pending in {} conversations: {:?}", due.ready.len(), start.elapsed());
    let start = Instant::now();
    house.store.counts().await.unwrap();
    println!("counts: {:?}", start.elapsed());
    assert_eq!(due.ready.len(), 500);

    let start = Instant::now();
    futures::future::join_all(due.ready.iter().map(|id| house.take_turn(*id, answer(&["Soon."])))).await;
    println!("500 turns of 10 messages: {:?}", start.elapsed());
    let start = Instant::now();
    let mut sent = 0;
    loop {
        let leased = house.lease(50).await;
        if leased.is_empty() {
            break;
        }
        sent += leased.len();
        futures::future::join_all(leased.iter().map(|leased| house.store.sent(leased.id, None, at(20)))).await;
    }
    println!("{sent} leased and sent, 50 at a time: {:?}", start.elapsed());
}

#[tokio::test]
async fn the_queue_is_filtered_and_given_in_pages() {
    let house = House::new().await;
    let mut ids = Vec::new();
    for place in ["a", "b", "c"] {
        let conversation =
            house.store.receive(&says(place, place, &format!("words of {place}"))).await.unwrap().conversation;
        ids.push(house.take_turn(conversation, hand_over(Reason::Unsure, Urgency::Normal)).await.unwrap());
    }
    house.store.handle(ids[1], "Ana", Handling::Claim, None, at(20)).await.unwrap();
    let shown = async |filter: QueueFilter, skip, limit| {
        let page = house.store.queue(&filter, skip, limit).await.unwrap();
        (page.escalations.iter().map(|open| open.id).collect::<Vec<_>>(), page.matching)
    };
    assert_eq!(shown(QueueFilter::default(), 1, 1).await, (vec![ids[1]], 3));
    let of = |whose| QueueFilter { whose, ..QueueFilter::default() };
    assert_eq!(shown(of(Whose::Unassigned), 0, 9).await, (vec![ids[0], ids[2]], 2));
    assert_eq!(shown(of(Whose::Of("Ana".into())), 0, 9).await, (vec![ids[1]], 1));
    assert_eq!(
        shown(QueueFilter { channel: Some("telegram".into()), ..QueueFilter::default() }, 0, 9).await,
        (vec![], 0)
    );
    let page = house.store.queue(&QueueFilter::default(), 0, 1).await.unwrap();
    assert_eq!(page.escalations[0].words.as_deref(), Some("words of a"));
    let counts = house.store.queue_counts("Ana").await.unwrap();
    assert_eq!((counts.open, counts.unassigned, counts.mine, counts.mine_waiting), (3, 2, 1, 1));
}

#[tokio::test]
async fn one_of_two_agents_gets_an_escalation_and_the_other_keeps_a_draft() {
    let house = House::new().await;
    let here = house.store.receive(&says("here", "1", "hm")).await.unwrap().conversation;
    let id = house.take_turn(here, hand_over(Reason::Wish, Urgency::High)).await.unwrap();
    let claim = |agent| house.store.handle(id, agent, Handling::Claim, None, at(20));
    let (ana, ben) = tokio::join!(claim("Ana"), claim("Ben"));
    assert!(ana.is_ok() != ben.is_ok(), "{ana:?} {ben:?}");
    let (first, second) = if ana.is_ok() { ("Ana", "Ben") } else { ("Ben", "Ana") };
    claim(first).await.unwrap();
    let late = house.store.reply(id, second, "I was slower", at(21)).await;
    assert!(matches!(late, Err(StoreError::ClaimedBy { agent, .. }) if agent == first));
    house.store.save_draft(id, second, "I was slower", at(22)).await.unwrap();
    assert_eq!(house.store.draft(id, second).await.unwrap().unwrap().text, "I was slower");
    assert_eq!(house.store.draft(id, first).await.unwrap(), None);

    house.store.handle(id, first, Handling::HandOver { to: second.to_owned() }, None, at(23)).await.unwrap();
    house.store.reply(id, second, "Now it is mine", at(24)).await.unwrap();
    assert_eq!(house.store.draft(id, second).await.unwrap(), None, "what is sent is no draft");
    assert_eq!(house.store.escalation(id).await.unwrap().waiting_since, None);

    let lapse = house.store.handle(id, second, Handling::Lapse, None, at(25)).await;
    assert!(matches!(lapse, Err(StoreError::Conflict)), "who has just answered left nobody waiting: {lapse:?}");
    house.store.handle(id, second, Handling::Release, None, at(25)).await.unwrap();
    assert_eq!(house.store.escalation(id).await.unwrap().claimed_by, None);
    assert_eq!(house.store.status(here).await.unwrap().standing, Standing::Waiting);
    let gone = house.store.handle(id, first, Handling::Release, None, at(26)).await;
    assert!(matches!(gone, Err(StoreError::NotClaimed(_))));
}
