//! How much work lies where.

use jiff::Timestamp;
use sqlx::Row;

use super::{
    Result, Store,
    rows::{from_json, moment},
};
use crate::{
    conversation::{Memory, Standing},
    message::ConversationId,
};

/// How much work lies where; for `/health`, `/metrics` and tests that leave nothing behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub inbox_pending: i64,
    pub outbox_queued: i64,
    pub outbox_leased: i64,
    pub outbox_uncertain: i64,
    pub outbox_failed: i64,
    pub escalations_open: i64,
    /// Open ones that no agent has claimed.
    pub escalations_unclaimed: i64,
    /// Open ones about a danger.
    pub escalations_danger: i64,
    /// When the incoming message that waits longest for its turn was received.
    pub oldest_pending_at: Option<Timestamp>,
    /// When the outgoing message that waits longest was queued.
    pub oldest_queued_at: Option<Timestamp>,
    /// When the escalation that waits longest for an agent was opened.
    pub oldest_unclaimed_at: Option<Timestamp>,
}

/// What a chat shows beside its lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Status {
    pub standing: Standing,
    /// A message waits for its turn, or a reply is about to be sent.
    pub pending: bool,
}

impl Store {
    /// Counts what is unfinished; cheap, however much is finished.
    pub async fn counts(&self) -> Result<Counts> {
        let row = sqlx::query(
            "SELECT i.*, o.*, e.* FROM
             (SELECT COUNT(*) AS pending, MIN(received_at) AS pending_at FROM inbox INDEXED BY inbox_pending WHERE audit IS NULL) i,
             (SELECT COUNT(*) FILTER (WHERE state = 'queued') AS queued,
                COUNT(*) FILTER (WHERE state = 'leased') AS leased,
                COUNT(*) FILTER (WHERE state = 'uncertain') AS uncertain,
                COUNT(*) FILTER (WHERE state = 'failed') AS failed,
                MIN(queued_at) FILTER (WHERE state = 'queued') AS queued_at
              FROM outbox WHERE state <> 'sent') o,
             (SELECT COUNT(*) AS open, COUNT(*) FILTER (WHERE claimed_by IS NULL) AS unclaimed,
                COUNT(*) FILTER (WHERE urgency = 'danger') AS danger,
                MIN(opened_at) FILTER (WHERE claimed_by IS NULL) AS unclaimed_at
              FROM escalations WHERE resolved_at IS NULL) e",
        )
        .fetch_one(&self.readers)
        .await?;
        let time = |column| row.try_get::<Option<i64>, _>(column)?.map(moment).transpose();
        Ok(Counts {
            inbox_pending: row.try_get("pending")?,
            outbox_queued: row.try_get("queued")?,
            outbox_leased: row.try_get("leased")?,
            outbox_uncertain: row.try_get("uncertain")?,
            outbox_failed: row.try_get("failed")?,
            escalations_open: row.try_get("open")?,
            escalations_unclaimed: row.try_get("unclaimed")?,
            escalations_danger: row.try_get("danger")?,
            oldest_pending_at: time("pending_at")?,
            oldest_queued_at: time("queued_at")?,
            oldest_unclaimed_at: time("unclaimed_at")?,
        })
    }

    /// Who has a conversation and whether something is on its way to the customer. An unknown one is the bot's and quiet.
    pub async fn status(&self, conversation: ConversationId) -> Result<Status> {
        let row = sqlx::query(
            "SELECT memory, EXISTS (SELECT 1 FROM inbox INDEXED BY inbox_pending WHERE conversation = ?1 AND audit IS NULL)
                OR EXISTS (SELECT 1 FROM outbox WHERE conversation = ?1 AND bulk = 0 AND state IN ('queued', 'leased'))
                AS pending
             FROM conversations WHERE id = ?1",
        )
        .bind(conversation.to_string())
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else {
            return Ok(Status::default());
        };
        let memory: Memory = from_json("memory", row.try_get("memory")?)?;
        Ok(Status { standing: memory.standing, pending: row.try_get("pending")? })
    }
}
