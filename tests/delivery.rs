//! Delivery as a platform meets it: each message once and in order, whatever the platform answers.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use evenkeel::{
    channels::{Board, Channel, Parcel, Rate, SendError, Side, split},
    conversation::{Decision, Escalation, EscalationId, Memory, Reason, Turn, Urgency},
    message::{Author, ConversationId, Incoming, Outgoing},
    reading::{Danger, Language},
    store::{EscalationFilter, Store},
    workers::delivery,
};
use futures::future::{BoxFuture, FutureExt as _};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::common::PATIENCE;

/// A platform that does as it is told: for each text, what it answers at each try.
#[derive(Default)]
struct Platform {
    rate: Option<Rate>,
    chat_rate: Option<Rate>,
    one_chat: bool,
    script: HashMap<&'static str, Vec<Result<(), SendError>>>,
    /// What is never got ready, and what is never answered; until [`Platform::wakes`].
    unprepared: Option<&'static str>,
    unanswered: Option<&'static str>,
    awake: AtomicBool,
    tries: Mutex<HashMap<String, usize>>,
    arrived: Mutex<Vec<String>>,
}

impl Channel for Platform {
    fn name(&self) -> &'static str {
        "test"
    }

    fn rate(&self) -> Option<Rate> {
        self.rate
    }

    fn chat_rate<'a>(&self, place: &'a str) -> Option<(&'a str, Rate)> {
        self.chat_rate.map(|rate| (if self.one_chat { "" } else { place }, rate))
    }

    fn pieces(&self, _place: &str, outgoing: &Outgoing) -> Vec<Outgoing> {
        split(outgoing, |text| text.len() <= 20)
    }

    fn prepare<'a>(&'a self, parcel: &'a Parcel) -> BoxFuture<'a, Result<(), SendError>> {
        async move {
            self.hang(self.unprepared, &parcel.message.text).await;
            Ok(())
        }
        .boxed()
    }

    fn send<'a>(&'a self, parcel: &'a Parcel) -> BoxFuture<'a, Result<Option<String>, SendError>> {
        async move {
            let text = parcel.message.text.clone();
            let attempt = {
                let mut tries = self.tries.lock().unwrap();
                let attempt = tries.entry(text.clone()).or_default();
                *attempt += 1;
                *attempt
            };
            self.hang(self.unanswered, &text).await;
            let answer =
                self.script.get(text.as_str()).and_then(|script| script.get(attempt - 1)).cloned().unwrap_or(Ok(()));
            if answer.is_ok() {
                self.arrived.lock().unwrap().push(text);
            }
            answer.map(|()| Some("platform-id".to_owned()))
        }
        .boxed()
    }
}

impl Platform {
    async fn hang(&self, which: Option<&str>, text: &str) {
        if which == Some(text) && !self.awake.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }
}

/// A platform, and what it says when it is out of order.
fn platform(script: &[(&'static str, Vec<Result<(), SendError>>)]) -> Platform {
    Platform { script: script.iter().cloned().collect(), ..Platform::default() }
}

struct World {
    _dir: tempfile::TempDir,
    store: Store,
    platform: Arc<Platform>,
    board: Board,
}

impl World {
    async fn new(script: &[(&'static str, Vec<Result<(), SendError>>)]) -> Self {
        Self::with(platform(script)).await
    }

    async fn with(platform: Platform) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("test.db")).await.unwrap();
        Self { _dir: dir, store, platform: Arc::new(platform), board: Board::default() }
    }

    /// A customer writes and the replies are queued.
    async fn turn(&self, place: &str, replies: &[&str]) -> ConversationId {
        self.turn_about(place, replies, None).await
    }

    /// The same of a customer in danger.
    async fn danger(&self, place: &str, replies: &[&str]) {
        let (reason, urgency) = (Reason::Danger(Danger::Gas), Urgency::Danger);
        let escalation = Escalation { reason, urgency, intents: vec![], due_at: None, look_at: None };
        self.turn_about(place, replies, Some(escalation)).await;
    }

    async fn turn_about(&self, place: &str, replies: &[&str], escalation: Option<Escalation>) -> ConversationId {
        let now = Timestamp::now();
        let received = self.store.receive(&incoming(place)).await.unwrap();
        let (conversation, pending) = self.store.pending(received.conversation).await.unwrap().unwrap();
        let outgoing = |text: &&str| Outgoing {
            text: (*text).to_owned(),
            short: None,
            choices: vec![],
            author: Author::Bot,
            language: Language::ENGLISH,
        };
        let turn = Turn {
            decision: Decision::Answer(vec!["x".into()]),
            replies: replies.iter().map(outgoing).collect(),
            escalation,
            promises: Vec::new(),
            memory: Memory::default(),
            readings: vec![],
        };
        let messages: Vec<_> = pending.iter().map(|pending| pending.id).collect();
        self.store.record_turn(&conversation, &messages, &turn, "v", now).await.unwrap();
        received.conversation
    }

    /// Delivers until nothing is left that is due within `within`.
    async fn deliver(&self, within: Duration) {
        let stop = CancellationToken::new();
        let channel: Arc<dyn Channel> = self.platform.clone();
        let worker = tokio::spawn(delivery::run(self.store.clone(), channel, self.board.clone(), stop.clone()));
        let deadline = std::time::Instant::now() + within;
        let is_done = async || {
            let counts = self.store.counts().await.unwrap();
            counts.outbox_queued + counts.outbox_leased == 0
        };
        while std::time::Instant::now() < deadline && !is_done().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.cancel();
        worker.await.unwrap();
    }

    /// Waits until so many messages have arrived.
    async fn until_arrived(&self, count: usize) -> Vec<String> {
        let deadline = std::time::Instant::now() + PATIENCE;
        while self.arrived().len() < count {
            assert!(std::time::Instant::now() < deadline, "{count} should arrive: {:?}", self.arrived());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.arrived()
    }

    fn arrived(&self) -> Vec<String> {
        self.platform.arrived.lock().unwrap().clone()
    }
}

fn incoming(place: &str) -> Incoming {
    Incoming {
        edits: None,
        reply_to: None,
        channel: "test".into(),
        message_id: uuid::Uuid::now_v7().to_string(),
        place: place.into(),
        contact: place.into(),
        public: false,
        text: "hello".into(),
        choice: None,
        attachments: vec![],
        quoted: None,
        stop: false,
        received_at: Timestamp::now(),
    }
}

fn later() -> Result<(), SendError> {
    Err(SendError::Limited { after: None, everywhere: false })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_now_is_tried_again_and_what_follows_waits_for_it() {
    let world = World::new(&[("one", vec![later()])]).await;
    world.turn("a", &["one", "two", "three"]).await;
    world.deliver(PATIENCE).await;
    assert_eq!(world.arrived(), ["one", "two", "three"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_slow_conversation_holds_up_no_other() {
    let world = World::new(&[("stuck", vec![later(); 9])]).await;
    world.turn("a", &["stuck"]).await;
    world.turn("b", &["free"]).await;
    world.deliver(Duration::from_millis(500)).await;
    assert_eq!(world.arrived(), ["free"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_is_not_tried_again_and_a_person_is_told() {
    let world = World::new(&[("no", vec![Err(SendError::Forbidden("not here".into()))])]).await;
    world.turn("a", &["no"]).await;
    world.deliver(PATIENCE).await;
    assert_eq!(world.platform.tries.lock().unwrap()["no"], 1);
    let open = world.store.escalations(EscalationFilter::Open).await.unwrap();
    assert_eq!((open.len(), open[0].id, open[0].reason), (1, EscalationId(1), Reason::Undelivered));
    assert_eq!(world.store.counts().await.unwrap().outbox_failed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_arrived_is_never_sent_again_and_a_person_is_told() {
    let world = World::new(&[("maybe", vec![Err(SendError::Uncertain("cut off".into()))])]).await;
    world.turn("a", &["maybe"]).await;
    world.deliver(PATIENCE).await;
    world.deliver(Duration::from_millis(100)).await;
    assert_eq!(world.platform.tries.lock().unwrap()["maybe"], 1);
    assert_eq!(world.store.counts().await.unwrap().outbox_uncertain, 1);
    assert_eq!(world.store.escalations(EscalationFilter::Open).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_blocked_us_is_left_alone() {
    let world = World::new(&[("no", vec![Err(SendError::Gone("blocked".into()))])]).await;
    world.turn("a", &["no", "neither"]).await;
    world.deliver(PATIENCE).await;
    assert_eq!(world.arrived(), Vec::<String>::new());
    assert_eq!(world.platform.tries.lock().unwrap().get("neither"), None, "it was not even tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_message_arrives_in_pieces_and_none_of_them_twice() {
    let lost = Err(SendError::Unreachable("no route".into()));
    let world = World::new(&[("Call us if you can.", vec![lost])]).await;
    world.turn("a", &["Stay inside, please.\n\nCall us if you can.\n\nThank you.", "Bye."]).await;
    world.deliver(PATIENCE).await;
    assert_eq!(world.arrived(), ["Stay inside, please.", "Call us if you can.", "Thank you.", "Bye."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_takes_one_message_at_a_time_and_other_chats_do_not_wait_for_it() {
    let rate = Rate { burst: 1, every: Duration::from_millis(400) };
    let world = World::with(Platform { chat_rate: Some(rate), ..Platform::default() }).await;
    world.turn("a", &["one", "two", "three"]).await;
    world.turn("b", &["free"]).await;
    let started = std::time::Instant::now();
    world.deliver(PATIENCE).await;
    let arrived = world.arrived();
    let place = |text: &str| arrived.iter().position(|arrived| arrived == text).unwrap();
    assert!(
        place("one") < place("two") && place("two") < place("three") && place("free") < place("two"),
        "{arrived:?}"
    );
    assert!(started.elapsed() >= Duration::from_millis(800), "the third had to wait twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn help_in_danger_has_a_place_in_every_budget_and_goes_before_what_waits() {
    let rate = Some(Rate { burst: 5, every: Duration::from_hours(1) });
    for (rate, chat_rate) in [(rate, None), (None, rate)] {
        // All places lie in one chat.
        let world = World::with(Platform { rate, chat_rate, one_chat: true, ..Platform::default() }).await;
        for place in ["a", "b", "c", "d", "e", "f"] {
            world.turn(place, &["later"]).await;
        }
        let (channel, stop): (Arc<dyn Channel>, _) = (world.platform.clone(), CancellationToken::new());
        let worker = tokio::spawn(delivery::run(world.store.clone(), channel, world.board.clone(), stop.clone()));
        world.until_arrived(3).await;
        // One is of a customer to whom something else is due already.
        for (place, help) in [("f", "Leave the house."), ("g", "Leave at once.")] {
            world.danger(place, &[help]).await;
            let arrived = world.until_arrived(world.arrived().len() + 1).await;
            assert_eq!(arrived.last().unwrap(), help, "{arrived:?}");
        }
        stop.cancel();
        worker.await.unwrap();
        assert_eq!(world.arrived()[..3], ["later"; 3], "a part of the budget is not for the crowd");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_had_not_begun_when_the_service_was_killed_is_sent_after_the_start() {
    let (unprepared, unanswered) = (Some("not begun"), Some("perhaps"));
    let world = World::with(Platform { unprepared, unanswered, ..Platform::default() }).await;
    for (place, text) in [("a", "perhaps"), ("b", "not begun")] {
        world.turn(place, &[text]).await;
    }
    let (channel, stop): (Arc<dyn Channel>, _) = (world.platform.clone(), CancellationToken::new());
    let killed = tokio::spawn(delivery::run(world.store.clone(), channel, world.board.clone(), stop));
    let deadline = std::time::Instant::now() + PATIENCE;
    while world.platform.tries.lock().unwrap().is_empty() || world.store.counts().await.unwrap().outbox_leased < 2 {
        assert!(std::time::Instant::now() < deadline, "it does not begin");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    killed.abort();
    let _ = killed.await;

    world.platform.awake.store(true, Ordering::SeqCst);
    world.deliver(PATIENCE).await;
    assert_eq!(world.arrived(), ["not begun"]);
    assert_eq!(world.platform.tries.lock().unwrap()["perhaps"], 1, "it may have arrived");
    let counts = world.store.counts().await.unwrap();
    assert_eq!((counts.outbox_uncertain, counts.outbox_failed), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asked_for_silence_hears_nothing_that_had_not_begun() {
    let world = World::with(Platform { unprepared: Some("news"), ..Platform::default() }).await;
    world.turn("a", &["news"]).await;
    let leased = world.store.lease("test", Timestamp::now(), 10, 0).await.unwrap();
    world.store.silence("test", "a", evenkeel::store::Silence::Stopped, Timestamp::now()).await.unwrap();
    assert!(!world.store.begin(leased[0].id).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn danger_is_read_first_and_no_further_message_puts_it_off() {
    let world = World::new(&[]).await;
    let now = Timestamp::now();
    let ago = |millis| now - SignedDuration::from_millis(millis);
    let says = async |place: &str, at: Timestamp| {
        let incoming = Incoming { received_at: at, ..incoming(place) };
        world.store.receive(&incoming).await.unwrap()
    };
    let waits = says("waits", ago(9_000)).await;
    let danger = says("danger", ago(2_000)).await;
    world.store.mark_urgent(danger.message).await.unwrap();
    says("danger", ago(1)).await;
    says("types", ago(2_000)).await;
    says("types", ago(1)).await;
    let ahead = says("clock", now + SignedDuration::from_hours(3)).await;
    let due = world.store.due(now, Duration::from_millis(1_500), Duration::from_secs(8)).await.unwrap();
    assert_eq!(due.urgent, [danger.conversation]);
    assert_eq!(
        due.ready,
        [waits.conversation, ahead.conversation],
        "what is of the future, the clock having stepped back, is due"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_is_out_of_order_is_left_alone_and_the_operator_is_told() {
    let down = || Err(SendError::Unreachable("no route".into()));
    let texts = ["m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9"];
    let script: Vec<_> = texts.iter().map(|text| (*text, vec![down(); 9])).collect();
    let world = World::new(&script).await;
    for (index, text) in texts.iter().enumerate() {
        world.turn(&format!("place {index}"), &[text]).await;
    }
    world.deliver(Duration::from_millis(900)).await;
    let tries: usize = world.platform.tries.lock().unwrap().values().sum();
    assert!(tries <= 10, "ten were on their way together; after that it pauses: {tries}");
    let report = world.board.watch().borrow().clone();
    let trouble = &report["test"][&Side::Sending];
    assert_eq!(trouble.what, "the platform cannot be reached: no route");
}
