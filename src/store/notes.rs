//! What agents write about escalations and customers do not read: notes for each other, and replies that are not sent.

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

use super::{
    Result, Store,
    escalations::find,
    handling::{agent_name, checked},
    rows::{Audit, micros, moment},
    writer::Work,
};
use crate::{conversation::EscalationId, policy::MAX_TEXT_BYTES};

/// What an agent, or the service, wrote about an escalation for agents.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Note {
    /// None: the service.
    pub agent: Option<String>,
    pub text: String,
    pub at: Timestamp,
}

/// A reply that is not sent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Draft {
    pub agent: String,
    pub text: String,
    pub at: Timestamp,
}

impl Store {
    /// Writes a note down for agents; also where the escalation is resolved.
    ///
    /// # Errors
    /// [`super::StoreError::NoEscalation`], [`super::StoreError::Empty`], [`super::StoreError::TooLong`].
    pub async fn add_note(&self, id: EscalationId, agent: &str, text: &str, now: Timestamp) -> Result<()> {
        let agent = agent_name(agent)?;
        let text = checked("note", text, MAX_TEXT_BYTES)?;
        self.writer.run(move |work| Box::pin(async move { leave_note(work, id, &agent, &text, now).await })).await
    }

    /// The notes of an escalation, oldest first.
    pub async fn notes(&self, id: EscalationId) -> Result<Vec<Note>> {
        let rows = sqlx::query("SELECT agent, text, at FROM notes WHERE escalation = ? ORDER BY id")
            .bind(id.0)
            .fetch_all(&self.readers)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Note { agent: row.try_get("agent")?, text: row.try_get("text")?, at: moment(row.try_get("at")?)? })
            })
            .collect()
    }

    /// Keeps what an agent has written and not sent, in place of what was kept before; no words: forgets it.
    ///
    /// # Errors
    /// [`super::StoreError::NoEscalation`], [`super::StoreError::TooLong`].
    pub async fn save_draft(&self, id: EscalationId, agent: &str, text: &str, now: Timestamp) -> Result<()> {
        let agent = agent_name(agent)?;
        if text.trim().is_empty() {
            return self.writer.run(move |work| Box::pin(async move { drop_draft(work, id, &agent).await })).await;
        }
        let text = checked("text", text, MAX_TEXT_BYTES)?;
        self.writer
            .run(move |work| {
                Box::pin(async move {
                    find(&mut work.connection, id).await?;
                    sqlx::query("INSERT OR REPLACE INTO drafts (escalation, agent, text, at) VALUES (?, ?, ?, ?)")
                        .bind(id.0)
                        .bind(agent)
                        .bind(text)
                        .bind(micros(now))
                        .execute(&mut work.connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// What an agent has written and not sent.
    pub async fn draft(&self, id: EscalationId, agent: &str) -> Result<Option<Draft>> {
        let row = sqlx::query("SELECT agent, text, at FROM drafts WHERE escalation = ? AND agent = ?")
            .bind(id.0)
            .bind(agent)
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| {
            Ok(Draft { agent: row.try_get("agent")?, text: row.try_get("text")?, at: moment(row.try_get("at")?)? })
        })
        .transpose()
    }
}

/// Writes a note down with its row of the audit trail.
pub(super) async fn leave_note(
    work: &mut Work,
    id: EscalationId,
    agent: &str,
    text: &str,
    now: Timestamp,
) -> Result<()> {
    let connection = &mut work.connection;
    let conversation = find(connection, id).await?.conversation;
    let audit = Audit {
        kind: "note",
        conversation: Some(conversation),
        escalation: Some(id.0),
        agent: Some(agent),
        ..Audit::default()
    };
    let audit = audit.insert(connection, now).await?;
    note(connection, id, Some(agent), text, Some(audit), now).await?;
    work.changes.desk = true;
    work.changes.conversations.push(conversation);
    Ok(())
}

/// Writes a note inside a job; `audit` is the row that came with it.
pub(super) async fn note(
    connection: &mut SqliteConnection,
    id: EscalationId,
    agent: Option<&str>,
    text: &str,
    audit: Option<i64>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("INSERT INTO notes (escalation, agent, text, audit, at) VALUES (?, ?, ?, ?, ?)")
        .bind(id.0)
        .bind(agent)
        .bind(text)
        .bind(audit)
        .bind(micros(now))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn drop_draft(work: &mut Work, id: EscalationId, agent: &str) -> Result<()> {
    sqlx::query("DELETE FROM drafts WHERE escalation = ? AND agent = ?")
        .bind(id.0)
        .bind(agent)
        .execute(&mut work.connection)
        .await?;
    Ok(())
}
