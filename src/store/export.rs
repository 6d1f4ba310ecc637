//! A copy of all that is kept of a person, for themselves: what an erasure would delete is what they get.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::Serialize;
use sqlx::Row;

use super::{
    EscalationRecord, PromiseRecord, Result, Store,
    contacts::Contact,
    escalations::{record, select_records},
    notes::Note,
    promises::PromiseFilter,
    rows::{from_json, moment, uuid},
    transcript::Line,
};
use crate::{message::ConversationId, reading::Reading};

/// All that is kept of a person on a channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PersonExport {
    pub made_at: Timestamp,
    pub person: Contact,
    pub conversations: Vec<ExportedConversation>,
}

/// A place where they wrote.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportedConversation {
    pub id: ConversationId,
    /// In the platform's terms.
    pub place: String,
    /// Whether others can read along.
    pub public: bool,
    /// Whether others wrote there too: then only the person's own lines, and the bot's answers to them, are here.
    pub shared: bool,
    pub opened_at: Timestamp,
    /// Why nothing is written to them any more.
    pub silenced: Option<String>,
    pub lines: Vec<Line>,
    /// What was understood of their messages, and what was decided.
    pub understood: Vec<Understood>,
    pub escalations: Vec<ExportedEscalation>,
    pub promises: Vec<PromiseRecord>,
    /// Intents among whose examples words of theirs may stand.
    pub examples_of: Vec<String>,
}

/// An escalation with what agents noted down.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportedEscalation {
    #[serde(flatten)]
    pub escalation: EscalationRecord,
    pub notes: Vec<Note>,
}

/// What the engine made of messages that it read together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Understood {
    pub at: Timestamp,
    pub decision: Option<String>,
    pub reason: Option<String>,
    /// The whole first, then its parts.
    pub readings: Vec<Reading>,
}

impl Store {
    /// A copy of all that is kept of a person.
    ///
    /// # Errors
    /// [`super::StoreError::NoContact`]
    pub async fn export(&self, id: i64, now: Timestamp) -> Result<PersonExport> {
        let person = self.contact(id).await?;
        let rows = sqlx::query(
            "SELECT c.id, c.place, c.public, c.opened_at, c.silenced,
                EXISTS (SELECT 1 FROM inbox o WHERE o.conversation = c.id AND o.contact <> ?1) AS shared
             FROM conversations c WHERE c.id IN (SELECT conversation FROM inbox WHERE contact = ?1) ORDER BY c.id",
        )
        .bind(id)
        .fetch_all(&self.readers)
        .await?;
        let mut conversations = Vec::with_capacity(rows.len());
        for row in rows {
            let conversation: &str = row.try_get("id")?;
            let shared: bool = row.try_get("shared")?;
            let mut exported = ExportedConversation {
                id: ConversationId(uuid(conversation)?),
                place: row.try_get("place")?,
                public: row.try_get("public")?,
                shared,
                opened_at: moment(row.try_get("opened_at")?)?,
                silenced: row.try_get("silenced")?,
                lines: self.lines_with(id, ConversationId(uuid(conversation)?), shared).await?,
                understood: self.understood(id, conversation).await?,
                escalations: Vec::new(),
                promises: Vec::new(),
                examples_of: self.examples_of(conversation).await?,
            };
            // Of a shared place nobody can tell whom its escalations are about.
            if !shared {
                exported.escalations = self.escalations_of(conversation).await?;
                exported.promises = self.promises(PromiseFilter::Of(exported.id)).await?;
            }
            conversations.push(exported);
        }
        Ok(PersonExport { made_at: now, person, conversations })
    }

    /// The lines in their order; of a shared place the person's own, and the bot's answers to them.
    async fn lines_with(&self, contact: i64, conversation: ConversationId, shared: bool) -> Result<Vec<Line>> {
        let mut lines = self.transcript(conversation).await?;
        if shared {
            let own: Vec<String> = sqlx::query_scalar(
                "SELECT id FROM inbox WHERE conversation = ?1 AND contact = ?2
                 UNION ALL SELECT id FROM outbox WHERE conversation = ?1 AND agent IS NULL
                 AND audit IN (SELECT audit FROM inbox WHERE contact = ?2)",
            )
            .bind(conversation.to_string())
            .bind(contact)
            .fetch_all(&self.readers)
            .await?;
            let own: HashSet<String> = own.into_iter().collect();
            lines.retain(|line| own.contains(&line.id.to_string()));
        }
        Ok(lines)
    }

    async fn understood(&self, contact: i64, conversation: &str) -> Result<Vec<Understood>> {
        let rows = sqlx::query(
            "SELECT at, decision, reason, readings FROM audit WHERE kind = 'turn' AND readings IS NOT NULL
             AND id IN (SELECT audit FROM inbox WHERE contact = ? AND conversation = ?) ORDER BY id",
        )
        .bind(contact)
        .bind(conversation)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Understood {
                    at: moment(row.try_get("at")?)?,
                    decision: row.try_get("decision")?,
                    reason: row.try_get("reason")?,
                    readings: from_json("reading", row.try_get("readings")?)?,
                })
            })
            .collect()
    }

    async fn escalations_of(&self, conversation: &str) -> Result<Vec<ExportedEscalation>> {
        let rows = sqlx::query(select_records!("WHERE e.conversation = ? ORDER BY e.id"))
            .bind(conversation)
            .fetch_all(&self.readers)
            .await?;
        let mut exported = Vec::with_capacity(rows.len());
        for row in &rows {
            let escalation = record(row)?;
            let notes = self.notes(escalation.id).await?;
            exported.push(ExportedEscalation { escalation, notes });
        }
        Ok(exported)
    }

    /// The intents among whose examples words of a conversation may stand.
    async fn examples_of(&self, conversation: &str) -> Result<Vec<String>> {
        let intents = sqlx::query_scalar("SELECT intent FROM kept_examples WHERE conversation = ? ORDER BY intent");
        Ok(intents.bind(conversation).fetch_all(&self.readers).await?)
    }
}
