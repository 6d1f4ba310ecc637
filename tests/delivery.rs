//! Delivery as a platform meets it: each message once and in order, whatever the platform answers.
#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use evenkeel::{
    channels::{Channel, SendError},
    conversation::{Decision, EscalationId, Memory, Reason, Turn},
    message::{Author, ConversationId, Incoming, Outgoing, OutgoingId},
    reading::Language,
    store::{EscalationFilter, Store},
    workers::delivery,
};
use futures::future::{BoxFuture, FutureExt as _};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

/// A platform that does as it is told: for each text, what it answers at each try.
#[derive(Default)]
struct Platform {
    script: HashMap<&'static str, Vec<Result<(), SendError>>>,
    tries: Mutex<HashMap<String, usize>>,
    arrived: Mutex<Vec<String>>,
}

impl Channel for Platform {
    fn name(&self) -> &'static str {
        "test"
    }

    fn may_resend(&self) -> bool {
        false
    }

    fn send<'a>(
        &'a self,
        _id: OutgoingId,
        _place: &'a str,
        outgoing: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Option<String>, SendError>> {
        async move {
            let text = outgoing.text.clone();
            let attempt = {
                let mut tries = self.tries.lock().unwrap();
                let attempt = tries.entry(text.clone()).or_default();
                *attempt += 1;
                *attempt
            };
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

struct World {
    _dir: tempfile::TempDir,
    store: Store,
    platform: Arc<Platform>,
}

impl World {
    async fn new(script: &[(&'static str, Vec<Result<(), SendError>>)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("test.db")).await.unwrap();
        let platform = Arc::new(Platform { script: script.iter().cloned().collect(), ..Platform::default() });
        Self { _dir: dir, store, platform }
    }

    /// A customer writes and the replies are queued.
    async fn turn(&self, place: &str, replies: &[&str]) -> ConversationId {
        let now = Timestamp::now();
        let incoming = Incoming {
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
            received_at: now,
        };
        let received = self.store.receive(&incoming).await.unwrap();
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
            escalation: None,
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
        let channels: Vec<Arc<dyn Channel>> = vec![self.platform.clone()];
        let worker = tokio::spawn(delivery::run(self.store.clone(), channels, stop.clone()));
        let deadline = std::time::Instant::now() + within;
        while std::time::Instant::now() < deadline && self.store.counts().await.unwrap().outbox_queued > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.cancel();
        worker.await.unwrap();
    }

    fn arrived(&self) -> Vec<String> {
        self.platform.arrived.lock().unwrap().clone()
    }
}

fn later() -> Result<(), SendError> {
    Err(SendError::Later { reason: "busy".into(), after: None })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_now_is_tried_again_and_what_follows_waits_for_it() {
    let world = World::new(&[("one", vec![later()])]).await;
    world.turn("a", &["one", "two", "three"]).await;
    world.deliver(Duration::from_secs(30)).await;
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
    let world = World::new(&[("no", vec![Err(SendError::Refused("blocked".into()))])]).await;
    world.turn("a", &["no"]).await;
    world.deliver(Duration::from_secs(10)).await;
    assert_eq!(world.platform.tries.lock().unwrap()["no"], 1);
    let open = world.store.escalations(EscalationFilter::Open).await.unwrap();
    assert_eq!((open.len(), open[0].id, open[0].reason), (1, EscalationId(1), Reason::Undelivered));
    assert_eq!(world.store.counts().await.unwrap().outbox_failed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_arrived_is_never_sent_again_and_a_person_is_told() {
    let world = World::new(&[("maybe", vec![Err(SendError::Uncertain("cut off".into()))])]).await;
    world.turn("a", &["maybe"]).await;
    world.deliver(Duration::from_secs(10)).await;
    world.deliver(Duration::from_millis(100)).await;
    assert_eq!(world.platform.tries.lock().unwrap()["maybe"], 1);
    assert_eq!(world.store.counts().await.unwrap().outbox_uncertain, 1);
    assert_eq!(world.store.escalations(EscalationFilter::Open).await.unwrap().len(), 1);
}
