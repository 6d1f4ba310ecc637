//! What webhooks' receivers are told: the audit trail is the queue, and each hook has a cursor in it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::Row;

use super::{
    Result, Store,
    rows::{moment, to_json},
};
use crate::conversation::EscalationId;

/// A row of the audit trail that is about an escalation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// The row's id: later rows have greater ones.
    pub audit: i64,
    pub at: Timestamp,
    /// The audit trail's word: `turn`, `reply`, `claim`, `resolve`, `undelivered`…
    pub kind: String,
    pub escalation: EscalationId,
    /// Whether the escalation began with it.
    pub opens: bool,
}

impl Store {
    /// How far the receiver of each of these hooks has been told. A hook that is new begins now; one that is no longer among them is
    /// forgotten, and begins anew should it come back.
    pub async fn webhook_cursors(&self, hooks: &[String]) -> Result<BTreeMap<String, i64>> {
        let hooks = to_json("hook", &hooks)?;
        self.writer
            .run(move |work| {
                Box::pin(async move {
                    for sql in [
                        "DELETE FROM webhook_cursors WHERE hook NOT IN (SELECT value FROM json_each(?))",
                        "INSERT OR IGNORE INTO webhook_cursors (hook, audit)
                         SELECT value, (SELECT ifnull(MAX(id), 0) FROM audit) FROM json_each(?)",
                    ] {
                        sqlx::query(sql).bind(&hooks).execute(&mut work.connection).await?;
                    }
                    let cursors: Vec<(String, i64)> = sqlx::query_as("SELECT hook, audit FROM webhook_cursors")
                        .fetch_all(&mut work.connection)
                        .await?;
                    Ok(cursors.into_iter().collect())
                })
            })
            .await
    }

    /// Records that a hook's receiver need not hear again of a row, nor of those before it.
    pub async fn advance_webhook(&self, hook: &str, audit: i64) -> Result<()> {
        let hook = hook.to_owned();
        self.writer
            .run(move |work| {
                Box::pin(async move {
                    sqlx::query("UPDATE webhook_cursors SET audit = max(audit, ?) WHERE hook = ?")
                        .bind(audit)
                        .bind(hook)
                        .execute(&mut work.connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// The next rows about escalations after one, in order.
    pub async fn audited_after(&self, audit: i64, limit: u32) -> Result<Vec<Audited>> {
        let rows = sqlx::query(
            "SELECT a.id, a.at, a.kind, a.escalation, a.id = (SELECT MIN(f.id) FROM audit f INDEXED BY audit_escalation
                WHERE f.escalation = a.escalation) AS opens
             FROM audit a INDEXED BY audit_escalated WHERE a.id > ? AND a.escalation IS NOT NULL ORDER BY a.id LIMIT ?",
        )
        .bind(audit)
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Audited {
                    audit: row.try_get("id")?,
                    at: moment(row.try_get("at")?)?,
                    kind: row.try_get("kind")?,
                    escalation: EscalationId(row.try_get("escalation")?),
                    opens: row.try_get("opens")?,
                })
            })
            .collect()
    }
}
