//! What happened around a conversation beside its lines, for agents.

use jiff::Timestamp;
use sqlx::Row;

use super::{
    Result, Store,
    rows::{self, from_json, moment},
};
use crate::{
    conversation::{EscalationId, Reason},
    message::ConversationId,
    reading::Reading,
};

/// Something that the audit trail tells of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    pub at: Timestamp,
    /// The audit trail's word: `turn` (the engine opened or raised an escalation), `claim`, `release`, `resolve`, `undelivered`…
    pub kind: String,
    pub reason: Option<Reason>,
    pub escalation: Option<EscalationId>,
    pub agent: Option<String>,
}

impl Store {
    /// What was done with a conversation's escalations, oldest first. Replies and notes are not among it: those are read as such.
    pub async fn happenings(&self, conversation: ConversationId) -> Result<Vec<Happening>> {
        let rows = sqlx::query(
            "SELECT at, kind, reason, escalation, agent FROM audit INDEXED BY audit_conversation
             WHERE conversation = ? AND kind NOT IN ('reply', 'note') AND (kind <> 'turn' OR decision = 'escalate') ORDER BY id",
        )
        .bind(conversation.to_string())
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Happening {
                    at: moment(row.try_get("at")?)?,
                    kind: row.try_get("kind")?,
                    reason: row.try_get::<Option<&str>, _>("reason")?.map(rows::reason).transpose()?,
                    escalation: row.try_get::<Option<i64>, _>("escalation")?.map(EscalationId),
                    agent: row.try_get("agent")?,
                })
            })
            .collect()
    }

    /// What the engine understood in the turn that an escalation is about: the whole first, then its parts. Empty where nobody wrote.
    pub async fn readings(&self, id: EscalationId) -> Result<Vec<Reading>> {
        let readings: Option<Option<String>> =
            sqlx::query_scalar("SELECT a.readings FROM escalations e JOIN audit a ON a.id = e.turn WHERE e.id = ?")
                .bind(id.0)
                .fetch_optional(&self.readers)
                .await?;
        readings.flatten().map_or(Ok(Vec::new()), |text| from_json("reading", &text))
    }
}
