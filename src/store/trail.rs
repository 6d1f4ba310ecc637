//! The audit trail as people read it: who did what, and who said what to whom.

use jiff::Timestamp;
use sqlx::Row;

use super::{Result, Store, rows::moment};
use crate::conversation::EscalationId;

/// Which rows of the trail to read, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrailFilter {
    /// What this person did, or what was done to their account.
    pub person: Option<String>,
    /// One kind alone; without it all that people did, and not the bot's turns.
    pub kind: Option<String>,
    /// Only what is older than this row.
    pub before: Option<i64>,
}

/// A row of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailEntry {
    pub id: i64,
    pub at: Timestamp,
    pub kind: String,
    /// Who did it; None: the bot, the service, or the command line.
    pub agent: Option<String>,
    /// Whose account it is about.
    pub subject: Option<String>,
    pub detail: Option<String>,
    /// Of turns.
    pub decision: Option<String>,
    pub reason: Option<String>,
    pub escalation: Option<EscalationId>,
    /// Where the customer is; None where no customer is concerned, or they were erased.
    pub channel: Option<String>,
    /// What the customer was told by it.
    pub words: Option<String>,
    /// Of turns: what the customer had written.
    pub asked: Option<String>,
}

impl Store {
    /// At most `limit` rows of the trail, newest first.
    pub async fn trail(&self, filter: &TrailFilter, limit: u32) -> Result<Vec<TrailEntry>> {
        macro_rules! select {
            ($kind:literal) => {
                concat!(
                    "SELECT a.id, a.at, a.kind, a.agent, a.subject, a.detail, a.decision, a.reason, a.escalation, c.channel,
                     (SELECT group_concat(o.text, char(10)) FROM outbox o WHERE o.audit = a.id) AS words,
                     (SELECT group_concat(i.text, char(10)) FROM inbox i INDEXED BY inbox_conversation
                      WHERE i.conversation = a.conversation AND i.audit = a.id) AS asked
                     FROM audit a LEFT JOIN conversations c ON c.id = a.conversation
                     WHERE ", $kind, " AND (?2 IS NULL OR a.agent = ?2 COLLATE NOCASE OR a.subject = ?2 COLLATE NOCASE)
                     AND (?3 IS NULL OR a.id < ?3) ORDER BY a.id DESC LIMIT ?4"
                )
            };
        }
        let sql = match filter.kind.as_deref() {
            Some("turn") => select!("a.kind = ?1"),
            // Told apart so that the index without the turns is used.
            Some(_) => select!("a.kind = ?1 AND a.kind <> 'turn'"),
            None => select!("a.kind <> 'turn' AND ?1 IS NULL"),
        };
        let rows = sqlx::query(sql)
            .bind(&filter.kind)
            .bind(&filter.person)
            .bind(filter.before)
            .bind(limit)
            .fetch_all(&self.readers)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(TrailEntry {
                    id: row.try_get("id")?,
                    at: moment(row.try_get("at")?)?,
                    kind: row.try_get("kind")?,
                    agent: row.try_get("agent")?,
                    subject: row.try_get("subject")?,
                    detail: row.try_get("detail")?,
                    decision: row.try_get("decision")?,
                    reason: row.try_get("reason")?,
                    escalation: row.try_get::<Option<i64>, _>("escalation")?.map(EscalationId),
                    channel: row.try_get("channel")?,
                    words: row.try_get("words")?,
                    asked: row.try_get("asked")?,
                })
            })
            .collect()
    }
}
