//! What channels keep: how far they have read, messages that were taken back, and customers who want to hear nothing more.

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

use super::{
    Result, Store,
    rows::{Audit, micros, uuid},
    turn,
    writer::Work,
};
use crate::message::ConversationId;

/// Why nothing more is written to a place, until its customer writes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// They asked us to stop.
    Stopped,
    /// They blocked us, or closed the chat.
    Blocked,
}

impl Silence {
    /// The word in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Blocked => "blocked",
        }
    }

    /// What who writes to them is told.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::Stopped => "this customer asked not to be written to, which holds until they write again",
            Self::Blocked => "this customer blocked us, which holds until they write again",
        }
    }
}

/// A place, and the last message that we have from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastSeen {
    pub place: String,
    pub public: bool,
    /// The platform's id of it.
    pub message_id: String,
}

impl Store {
    /// What a channel wrote down under `key`.
    pub async fn channel_note(&self, channel: &str, key: &str) -> Result<Option<String>> {
        Ok(sqlx::query_scalar("SELECT value FROM channel_notes WHERE channel = ? AND key = ?")
            .bind(channel)
            .bind(key)
            .fetch_optional(&self.readers)
            .await?)
    }

    /// Writes a channel's value down.
    pub async fn write_channel_note(&self, channel: &str, key: &str, value: &str) -> Result<()> {
        let written = sqlx::query(
            "INSERT INTO channel_notes (channel, key, value) VALUES (?, ?, ?)
             ON CONFLICT (channel, key) DO UPDATE SET value = excluded.value",
        );
        self.writer.execute(written.bind(channel).bind(key).bind(value)).await
    }

    /// The places of a channel where a customer wrote since `since`, with the last message of each.
    pub async fn last_seen(&self, channel: &str, since: Timestamp) -> Result<Vec<LastSeen>> {
        let rows = sqlx::query(
            "SELECT c.place, i.public, i.message_id FROM conversations c JOIN inbox i ON i.cursor =
                (SELECT MAX(cursor) FROM inbox l WHERE l.conversation = c.id)
             WHERE c.channel = ? AND i.received_at >= ? ORDER BY i.cursor",
        )
        .bind(channel)
        .bind(micros(since))
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(LastSeen {
                    place: row.try_get("place")?,
                    public: row.try_get("public")?,
                    message_id: row.try_get("message_id")?,
                })
            })
            .collect()
    }

    /// A customer deleted a message on the platform: its words go, and if it had no turn yet, it gets none. Does nothing where it is
    /// not known.
    pub async fn retract(&self, channel: &str, message_id: &str, now: Timestamp) -> Result<()> {
        let (channel, message_id) = (channel.to_owned(), message_id.to_owned());
        self.writer.run(move |work| Box::pin(retract(work, channel, message_id, now))).await
    }

    /// Conversations whose places begin with `from` are held where they begin with `to`. Messages have other numbers there, so nothing is
    /// answered by them any more. A place where a conversation began meanwhile keeps its own.
    pub async fn move_places(&self, channel: &str, from: &str, to: &str) -> Result<()> {
        let (channel, from, to) = (channel.to_owned(), from.to_owned(), to.to_owned());
        self.writer.run(move |work| Box::pin(move_places(work, channel, from, to))).await
    }

    /// Why nothing that is written to a conversation now would reach its customer; None: it would be sent.
    pub async fn silenced(&self, conversation: ConversationId) -> Result<Option<Silence>> {
        let mut reader = self.readers.acquire().await?;
        silence_of(&mut reader, conversation).await
    }

    /// From now on nothing is sent to a place until its customer writes again; what is queued for it is given up without a word to
    /// agents, since nobody could be told. Does nothing where the place is not known.
    pub async fn silence(&self, channel: &str, place: &str, why: Silence, now: Timestamp) -> Result<()> {
        let (channel, place) = (channel.to_owned(), place.to_owned());
        self.writer.run(move |work| Box::pin(silence(work, channel, place, why, now))).await
    }
}

/// Why nothing is sent in a conversation, if so.
pub(super) async fn silence_of(
    connection: &mut SqliteConnection,
    conversation: ConversationId,
) -> Result<Option<Silence>> {
    let word: Option<Option<String>> = sqlx::query_scalar("SELECT silenced FROM conversations WHERE id = ?")
        .bind(conversation.to_string())
        .fetch_optional(connection)
        .await?;
    Ok(word.flatten().map(|word| if word == Silence::Blocked.as_str() { Silence::Blocked } else { Silence::Stopped }))
}

async fn retract(work: &mut Work, channel: String, message_id: String, now: Timestamp) -> Result<()> {
    // Its edits (`id@…`) go with it: '@' and 'A' are neighbours, so this is a range of the index.
    let rows = sqlx::query(
        "UPDATE inbox SET text = '', quoted = NULL, attachments = '[]', retracted_at = ?1
         WHERE channel = ?2 AND (message_id = ?3 OR (message_id >= ?3 || '@' AND message_id < ?3 || 'A'))
         RETURNING conversation, cursor, audit IS NULL AS pending",
    )
    .bind(micros(now))
    .bind(channel)
    .bind(message_id)
    .fetch_all(&mut work.connection)
    .await?;
    for row in rows {
        let conversation = ConversationId(uuid(row.try_get("conversation")?)?);
        if row.try_get("pending")? {
            let audit = Audit { kind: "retract", conversation: Some(conversation), ..Audit::default() };
            let audit = audit.insert(&mut work.connection, now).await?;
            sqlx::query("UPDATE inbox SET audit = ? WHERE cursor = ?")
                .bind(audit)
                .bind(row.try_get::<i64, _>("cursor")?)
                .execute(&mut work.connection)
                .await?;
        }
        work.changes.conversations.push(conversation);
    }
    Ok(())
}

/// A customer asked us to stop, in the message at this cursor of this conversation: nothing more is sent to them, wherever they wrote.
pub(super) async fn stop(
    work: &mut Work,
    channel: &str,
    contact: i64,
    (cursor, conversation): (i64, ConversationId),
    now: Timestamp,
) -> Result<()> {
    let others: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT conversation FROM inbox INDEXED BY inbox_contact WHERE contact = ? AND conversation <> ?",
    )
    .bind(contact)
    .bind(conversation.to_string())
    .fetch_all(&mut work.connection)
    .await?;
    for other in others {
        close(work, channel, ConversationId(uuid(&other)?), Silence::Stopped, now).await?;
    }
    let audit = close(work, channel, conversation, Silence::Stopped, now).await?;
    sqlx::query("UPDATE inbox SET audit = ? WHERE cursor = ?")
        .bind(audit)
        .bind(cursor)
        .execute(&mut work.connection)
        .await?;
    Ok(())
}

async fn move_places(work: &mut Work, channel: String, from: String, to: String) -> Result<()> {
    let moved: Vec<String> = sqlx::query_scalar(
        "UPDATE OR IGNORE conversations SET place = ?3 || substr(place, length(?2) + 1)
         WHERE channel = ?1 AND substr(place, 1, length(?2)) = ?2 RETURNING id",
    )
    .bind(channel)
    .bind(from)
    .bind(to)
    .fetch_all(&mut work.connection)
    .await?;
    for id in moved {
        for sql in [
            "UPDATE inbox SET reply_to = NULL WHERE conversation = ?",
            "UPDATE outbox SET reply_to = NULL WHERE conversation = ?",
        ] {
            sqlx::query(sql).bind(&id).execute(&mut work.connection).await?;
        }
        work.changes.conversations.push(ConversationId(uuid(&id)?));
    }
    Ok(())
}

async fn silence(work: &mut Work, channel: String, place: String, why: Silence, now: Timestamp) -> Result<()> {
    let id: Option<String> = sqlx::query_scalar("SELECT id FROM conversations WHERE channel = ? AND place = ?")
        .bind(&channel)
        .bind(place)
        .fetch_optional(&mut work.connection)
        .await?;
    let Some(id) = id else { return Ok(()) };
    close(work, &channel, ConversationId(uuid(&id)?), why, now).await.map(drop)
}

/// Nothing is sent in a conversation any more; gives the row of the audit trail, which those who work on it are told of.
async fn close(
    work: &mut Work,
    channel: &str,
    conversation: ConversationId,
    why: Silence,
    now: Timestamp,
) -> Result<i64> {
    let id = conversation.to_string();
    sqlx::query("UPDATE conversations SET silenced = ? WHERE id = ?")
        .bind(why.as_str())
        .bind(&id)
        .execute(&mut work.connection)
        .await?;
    sqlx::query(
        "UPDATE outbox SET state = 'failed', error = ?
         WHERE conversation = ? AND (state = 'queued' OR (state = 'leased' AND NOT begun))",
    )
    .bind(why.as_str())
    .bind(&id)
    .execute(&mut work.connection)
    .await?;
    let escalation = turn::open_escalation(&mut work.connection, conversation).await?;
    let audit = Audit { kind: why.as_str(), conversation: Some(conversation), escalation, ..Audit::default() };
    let audit = audit.insert(&mut work.connection, now).await?;
    work.changes.conversations.push(conversation);
    work.changes.outbox.push(channel.to_owned());
    work.changes.desk |= escalation.is_some();
    Ok(audit)
}
