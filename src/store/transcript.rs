//! A conversation as its people see it.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::{Row, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    Result, Store,
    rows::{corrupt, find_conversation, from_json, moment, quoted, uuid},
};
use crate::{
    conversation::Conversation,
    message::{Attachment, Choice, ConversationId, Quoted},
    reading::Language,
};

/// One line of a conversation, as its people saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// sorts the lines of all conversations by the time they became visible; 0 while not yet sent
    pub cursor: i64,
    /// The id of the incoming or the outgoing message.
    pub id: Uuid,
    pub author: LineAuthor,
    /// Of customers as written, otherwise Markdown.
    pub text: String,
    /// Of what we say; a customer's is not known by line.
    pub language: Option<Language>,
    pub choices: Vec<Choice>,
    pub attachments: Vec<Attachment>,
    /// Whose words a customer's message brought along.
    pub quoted: Option<Quoted>,
    /// A customer's new wording of an earlier message.
    pub edited: bool,
    /// When it was received or sent; queued, while it is not sent.
    pub at: Timestamp,
    /// only for outgoing lines
    pub delivery: Option<Delivery>,
}

/// Who wrote a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineAuthor {
    Customer,
    Bot,
    /// An agent, by name.
    Agent(String),
}

/// Where an outgoing line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    Queued,
    /// Being sent right now.
    Leased,
    Sent,
    /// May have arrived; it is not sent again.
    Uncertain,
    /// Given up.
    Failed,
}

impl Store {
    /// A conversation, such as it is now. None: it was erased.
    pub async fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>> {
        let mut reader = self.readers.acquire().await?;
        find_conversation(&mut reader, id).await
    }

    /// What was written by a row of the audit trail, in order: the customer's messages that a turn settled, and what we say of it.
    pub async fn lines_of(&self, audit: i64, conversation: ConversationId) -> Result<Vec<Line>> {
        let rows = sqlx::query(
            "SELECT * FROM (
                SELECT cursor, id, text, attachments, quoted, edits IS NOT NULL AS edited, NULL AS choices, NULL AS agent, NULL AS state,
                    NULL AS language, received_at AS at, cursor AS place
                FROM inbox INDEXED BY inbox_conversation
                WHERE conversation = ?2 AND audit = ?1 AND retracted_at IS NULL ORDER BY place
             ) UNION ALL SELECT * FROM (
                SELECT ifnull(cursor, 0), id, text, NULL, NULL, 0, choices, agent, state, language, ifnull(sent_at, queued_at), seq
                FROM outbox INDEXED BY outbox_audit WHERE audit = ?1 AND conversation = ?2 ORDER BY seq
             )",
        )
        .bind(audit)
        .bind(conversation.to_string())
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(line).collect()
    }

    /// Visible lines after a cursor, oldest first: the customer's own and those sent to them.
    pub async fn lines_after(&self, conversation: ConversationId, cursor: i64, limit: u32) -> Result<Vec<Line>> {
        let rows = sqlx::query(
            "SELECT * FROM (
                SELECT cursor, id, text, attachments, quoted, edits IS NOT NULL AS edited, NULL AS choices, NULL AS agent, NULL AS state,
                    NULL AS language, received_at AS at
                FROM inbox WHERE conversation = ?1 AND cursor > ?2 ORDER BY cursor LIMIT ?3
             ) UNION ALL SELECT * FROM (
                SELECT cursor, id, text, NULL, NULL, 0, choices, agent, state, language, sent_at
                FROM outbox WHERE conversation = ?1 AND cursor > ?2 ORDER BY cursor LIMIT ?3
             ) ORDER BY cursor LIMIT ?3",
        )
        .bind(conversation.to_string())
        .bind(cursor)
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(line).collect()
    }

    /// The whole conversation for an agent. A line that is not sent stands where it was queued.
    pub async fn transcript(&self, conversation: ConversationId) -> Result<Vec<Line>> {
        let rows = sqlx::query(
            "SELECT cursor, id, text, attachments, quoted, edits IS NOT NULL AS edited, NULL AS choices, NULL AS agent, NULL AS state,
                NULL AS language, received_at AS at, cursor AS place, 0 AS unsent, 0 AS seq
             FROM inbox WHERE conversation = ?1
             UNION ALL
             SELECT ifnull(cursor, 0), id, text, NULL, NULL, 0, choices, agent, state, language, ifnull(sent_at, queued_at),
                ifnull(cursor, queued_after), cursor IS NULL, seq
             FROM outbox WHERE conversation = ?1
             ORDER BY place, unsent, seq",
        )
        .bind(conversation.to_string())
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(line).collect()
    }
}

/// Reads a row of cursor, id, text, attachments, quoted, edited, choices, agent, state, language and at.
pub(super) fn line(row: &SqliteRow) -> Result<Line> {
    let delivery = row.try_get::<Option<&str>, _>("state")?.map(delivery).transpose()?;
    let author = match (delivery, row.try_get("agent")?) {
        (None, _) => LineAuthor::Customer,
        (Some(_), None) => LineAuthor::Bot,
        (Some(_), Some(name)) => LineAuthor::Agent(name),
    };
    let choices: Option<&str> = row.try_get("choices")?;
    let attachments: Option<&str> = row.try_get("attachments")?;
    Ok(Line {
        cursor: row.try_get("cursor")?,
        id: uuid(row.try_get("id")?)?,
        author,
        text: row.try_get("text")?,
        language: row
            .try_get::<Option<&str>, _>("language")?
            .map(|code| code.parse().map_err(|error| corrupt("language", &error)))
            .transpose()?,
        choices: choices.map_or(Ok(Vec::new()), |text| from_json("choice", text))?,
        attachments: attachments.map_or(Ok(Vec::new()), |text| from_json("attachment", text))?,
        quoted: quoted(row.try_get("quoted")?)?,
        edited: row.try_get("edited")?,
        at: moment(row.try_get("at")?)?,
        delivery,
    })
}

fn delivery(word: &str) -> Result<Delivery> {
    match word {
        "queued" => Ok(Delivery::Queued),
        "leased" => Ok(Delivery::Leased),
        "sent" => Ok(Delivery::Sent),
        "uncertain" => Ok(Delivery::Uncertain),
        "failed" => Ok(Delivery::Failed),
        other => Err(corrupt("delivery state", &other)),
    }
}
