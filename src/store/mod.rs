//! Durable inbox, outbox, conversations, escalations, contacts and audit trail, in one SQLite file.

use crate::{
    conversation::{Conversation, EscalationId, Reason, Standing, Turn, Urgency},
    message::{Choice, ConversationId, Incoming, MessageId, Outgoing, OutgoingId},
};
use jiff::Timestamp;
use std::{path::Path, time::Duration};
use tokio::sync::watch;

#[derive(Clone)]
pub struct Store {}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The conversation changed since it was read: read again.
    #[error("the conversation changed meanwhile")]
    Conflict,
    #[error("there is no escalation {0}")]
    NoEscalation(EscalationId),
    #[error("escalation {0} is already resolved")]
    AlreadyResolved(EscalationId),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
type Result<T> = std::result::Result<T, StoreError>;

/// What became of an accepted message.
pub struct Received {
    pub message: MessageId,
    pub conversation: ConversationId,
    /// false if this message was here before
    pub new: bool,
}

/// Conversations whose customers have been quiet long enough.
pub struct Due {
    pub ready: Vec<ConversationId>,
    /// when the next one will be
    pub next: Option<Timestamp>,
}

/// A message that waits for its turn.
pub struct Pending {
    pub id: MessageId,
    pub incoming: Incoming,
}

/// An outgoing message that this process may send until the lease ends.
pub struct Leased {
    pub id: OutgoingId,
    pub conversation: ConversationId,
    pub channel: String,
    pub place: String,
    pub outgoing: Outgoing,
    /// 1 = first
    pub attempt: u32,
}

/// What a restart found half done.
pub struct Recovered {
    /// safe to send again
    pub requeued: u64,
    /// may have been sent: not sent again, a person is told
    pub uncertain: u64,
}

/// One line of a conversation, as its people saw it.
pub struct Line {
    /// sorts the lines of all conversations by the time they became visible; 0 while not yet sent
    pub cursor: i64,
    pub id: uuid::Uuid,
    pub author: LineAuthor,
    pub text: String,
    pub choices: Vec<Choice>,
    pub attachments: Vec<crate::message::Attachment>,
    pub at: Timestamp,
    /// only for outgoing lines
    pub delivery: Option<Delivery>,
}
pub enum LineAuthor {
    Customer,
    Bot,
    Agent(String),
}
pub enum Delivery {
    Queued,
    Leased,
    Sent,
    Uncertain,
    Failed,
}

/// An escalation as people see it.
pub struct EscalationRecord {
    pub id: EscalationId,
    pub conversation: ConversationId,
    pub channel: String,
    pub reason: Reason,
    pub urgency: Urgency,
    pub intents: Vec<String>,
    pub opened_at: Timestamp,
    pub claimed_by: Option<String>,
    pub claimed_at: Option<Timestamp>,
    pub resolved_at: Option<Timestamp>,
    pub note: Option<String>,
}
pub enum EscalationFilter {
    Open,
    All,
}

/// How much work lies where; for `/health`, `/metrics` and tests that leave nothing behind.
pub struct Counts {
    pub inbox_pending: i64,
    pub outbox_queued: i64,
    pub outbox_uncertain: i64,
    pub outbox_failed: i64,
    pub escalations_open: i64,
    pub oldest_pending_at: Option<Timestamp>,
}

impl Store {
    /// Opens or makes the file, runs migrations.
    pub async fn open(path: &Path) -> Result<Self> {
        todo!()
    }
    /// Takes a message in. When it returns, the message survives a crash.
    pub async fn receive(&self, incoming: &Incoming) -> Result<Received> {
        todo!()
    }
    /// The conversations whose last pending message is older than `quiet`, whose first is older than `patience`, or that hold a tapped choice.
    pub async fn due(&self, now: Timestamp, quiet: Duration, patience: Duration) -> Result<Due> {
        todo!()
    }
    /// A conversation with its pending messages in the order of arrival.
    pub async fn pending(&self, conversation: ConversationId) -> Result<Option<(Conversation, Vec<Pending>)>> {
        todo!()
    }
    /// Records a turn in one transaction: messages done, memory moved on, replies queued, escalation opened (or raised), decision audited.
    pub async fn record_turn(
        &self,
        conversation: &Conversation,
        messages: &[MessageId],
        turn: &Turn,
        knowledge: &str,
        now: Timestamp,
    ) -> Result<Option<EscalationId>> {
        todo!()
    }
    /// Leases up to `limit` messages that are due: replies ahead of bulk, and none whose conversation has an earlier one unsent.
    pub async fn lease(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<Leased>> {
        todo!()
    }
    /// When the next queued message is due.
    pub async fn next_try(&self) -> Result<Option<Timestamp>> {
        todo!()
    }
    pub async fn sent(&self, id: OutgoingId, platform_id: Option<&str>, now: Timestamp) -> Result<()> {
        todo!()
    }
    /// Puts a leased message back for a later try.
    pub async fn retry(&self, id: OutgoingId, at: Timestamp, error: &str) -> Result<()> {
        todo!()
    }
    /// Gives a message up; an escalation (`Undelivered`) tells a person.
    pub async fn fail(&self, id: OutgoingId, error: &str, now: Timestamp) -> Result<()> {
        todo!()
    }
    /// It may or may not have arrived: not sent again, an escalation (`Undelivered`) tells a person.
    pub async fn uncertain(&self, id: OutgoingId, error: &str, now: Timestamp) -> Result<()> {
        todo!()
    }
    /// At start: leases of a process that died. Channels in `resendable` get them queued again, others become uncertain.
    pub async fn recover(&self, resendable: &[&str], now: Timestamp) -> Result<Recovered> {
        todo!()
    }
    /// The conversation at a place, if there is one.
    pub async fn conversation_at(&self, channel: &str, place: &str) -> Result<Option<ConversationId>> {
        todo!()
    }
    /// Visible lines after a cursor, oldest first: the customer's own and those sent to them.
    pub async fn lines_after(&self, conversation: ConversationId, cursor: i64, limit: u32) -> Result<Vec<Line>> {
        todo!()
    }
    /// The whole conversation for an agent, unsent lines included.
    pub async fn transcript(&self, conversation: ConversationId) -> Result<Vec<Line>> {
        todo!()
    }
    /// Changes whenever a line of this conversation becomes visible (in this process).
    pub fn watch(&self, conversation: ConversationId) -> watch::Receiver<()> {
        todo!()
    }
    /// Wakes whoever empties the inbox / the outbox.
    pub fn inbox_changed(&self) -> &tokio::sync::Notify {
        todo!()
    }
    pub fn outbox_changed(&self) -> &tokio::sync::Notify {
        todo!()
    }
    pub async fn escalations(&self, filter: EscalationFilter) -> Result<Vec<EscalationRecord>> {
        todo!()
    }
    pub async fn escalation(&self, id: EscalationId) -> Result<EscalationRecord> {
        todo!()
    }
    /// An agent's words to the customer: claims the escalation and queues them.
    pub async fn reply(&self, id: EscalationId, agent: &str, text: &str, now: Timestamp) -> Result<()> {
        todo!()
    }
    /// Closes it; the bot has the conversation again.
    pub async fn resolve(&self, id: EscalationId, agent: &str, note: Option<&str>, now: Timestamp) -> Result<()> {
        todo!()
    }
    pub async fn counts(&self) -> Result<Counts> {
        todo!()
    }
    /// Removes a person and all their words on a channel.
    pub async fn erase(&self, channel: &str, contact: &str) -> Result<u64> {
        todo!()
    }
    /// Ends the writer after what was handed in is committed.
    pub async fn close(&self) {
        todo!()
    }
}
