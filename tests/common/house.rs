//! A store in a house of its own, and what comes into it.

use std::path::PathBuf;

use evenkeel::{
    conversation::{Decision, Escalation, EscalationId, Memory, Reason, Standing, Turn, Urgency},
    message::{Author, Choice, ConversationId, Incoming, Outgoing},
    reading::{Danger, Language},
    store::{Leased, Store},
};
use jiff::Timestamp;
use tempfile::TempDir;

/// A store in a folder of its own, gone with it.
pub struct House {
    pub folder: TempDir,
    pub store: Store,
}

impl House {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("evenkeel.db")).await.unwrap();
        Self { folder, store }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("evenkeel.db")
    }

    /// As after a crash: nobody said goodbye.
    pub async fn crash(self) -> Self {
        let Self { folder, store } = self;
        drop(store);
        let store = Store::open(&folder.path().join("evenkeel.db")).await.unwrap();
        Self { folder, store }
    }

    /// A conversation in which these replies are queued.
    pub async fn with_replies(&self, place: &str, replies: &[&str]) -> ConversationId {
        let received = self.store.receive(&says(place, place, "when?")).await.unwrap();
        self.take_turn(received.conversation, answer(replies)).await;
        received.conversation
    }

    /// Records a turn on whatever is pending.
    pub async fn take_turn(&self, conversation: ConversationId, turn: Turn) -> Option<EscalationId> {
        let (found, pending) = self.store.pending(conversation).await.unwrap().unwrap();
        let ids: Vec<_> = pending.iter().map(|pending| pending.id).collect();
        self.store.record_turn(&found, &ids, &turn, "k1", at(10)).await.unwrap()
    }

    pub async fn lease(&self, limit: u32) -> Vec<Leased> {
        self.store.lease("web", at(1_000), limit, 0).await.unwrap()
    }

    pub async fn texts(&self, conversation: ConversationId) -> Vec<String> {
        self.store.transcript(conversation).await.unwrap().into_iter().map(|line| line.text).collect()
    }

    pub async fn notes(&self, escalation: EscalationId) -> Vec<String> {
        self.store.notes(escalation).await.unwrap().into_iter().map(|note| note.text).collect()
    }

    /// Looks or meddles behind the store's back.
    pub async fn sql(&self, sql: &'static str) -> sqlx::SqliteConnection {
        use sqlx::{ConnectOptions, Executor};
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.path());
        let mut connection = options.connect().await.unwrap();
        connection.execute(sql).await.unwrap();
        connection
    }
}

/// Seconds after the story begins.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

pub fn says(place: &str, message: &str, text: &str) -> Incoming {
    Incoming {
        edits: None,
        reply_to: None,
        channel: "web".into(),
        message_id: message.into(),
        place: place.into(),
        contact: format!("visitor of {place}"),
        public: false,
        text: text.into(),
        quoted: None,
        choice: None,
        stop: false,
        attachments: Vec::new(),
        received_at: at(0),
    }
}

pub fn reply(text: &str) -> Outgoing {
    Outgoing {
        text: text.into(),
        short: Some("short".into()),
        choices: vec![Choice { id: "a".into(), label: "A".into() }],
        author: Author::Bot,
        language: Language::SPANISH,
    }
}

pub fn answer(replies: &[&str]) -> Turn {
    Turn {
        decision: Decision::Answer(vec!["outage_status".into()]),
        replies: replies.iter().map(|text| reply(text)).collect(),
        escalation: None,
        promises: Vec::new(),
        memory: Memory { introduced: true, turns: 1, ..Memory::default() },
        readings: Vec::new(),
    }
}

pub fn hand_over(reason: Reason, urgency: Urgency) -> Turn {
    Turn {
        decision: Decision::Escalate(reason),
        escalation: Some(Escalation { reason, urgency, intents: vec!["billing".into()], due_at: None, look_at: None }),
        memory: Memory {
            standing: Standing::Waiting,
            warned: vec![Danger::Gas],
            offered: vec![Choice { id: "a".into(), label: "A".into() }],
            ..Memory::default()
        },
        ..answer(&["A person will write to you."])
    }
}
