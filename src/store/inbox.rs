//! Messages coming in, until their turn.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

use super::{
    Result, Store, StoreError, channels,
    edits::{self, Fate, Settled, Wording},
    rows::{self, Audit, from_json, micros, moment, to_json, uuid},
    writer::Work,
};
use crate::{
    conversation::{Conversation, Memory},
    message::{ConversationId, Edit, Incoming, MessageId},
};

/// What became of an accepted message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub message: MessageId,
    pub conversation: ConversationId,
    /// false if this message was here before
    pub new: bool,
    /// It is new, and asked us to stop.
    pub stopped: bool,
}

/// Conversations whose customers have been quiet long enough.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// Those with a sign of danger; who has been ready longest comes first.
    pub urgent: Vec<ConversationId>,
    /// The others, in the same order.
    pub ready: Vec<ConversationId>,
    /// when the next one will be
    pub next: Option<Timestamp>,
}

/// A message that waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    pub id: MessageId,
    pub incoming: Incoming,
}

impl Store {
    /// Takes a message in. When it returns, the message survives a crash.
    ///
    /// A second delivery (same channel and `message_id`) changes nothing and gives the ids of the first. Of a message that is edited the last
    /// wording is read, once: it takes the place of an earlier one that had no turn yet, and is a message like any other where that had
    /// one. Who writes may be written to again, unless they ask us to stop: then nothing more is sent to them, wherever they wrote.
    pub async fn receive(&self, incoming: &Incoming) -> Result<Received> {
        let incoming = incoming.clone();
        self.writer.run(move |work| Box::pin(receive(work, incoming))).await
    }

    /// Marks an accepted message as one with a sign of danger: its turn comes before all others.
    pub async fn mark_urgent(&self, message: MessageId) -> Result<()> {
        let marked = sqlx::query("UPDATE inbox SET urgent = 1 WHERE id = ? AND audit IS NULL");
        self.writer.execute(marked.bind(message.to_string())).await
    }

    /// The conversations whose last pending message is older than `quiet`, whose first is older than `patience`, or that
    /// hold a tapped choice. A sign of danger is put off by no further message.
    pub async fn due(&self, now: Timestamp, quiet: Duration, patience: Duration) -> Result<Due> {
        let rows = sqlx::query(
            "SELECT conversation, MIN(received_at) AS first, MAX(received_at) AS last, MAX(choice IS NOT NULL) AS tapped,
                MIN(iif(urgent, received_at, NULL)) AS urgent
             FROM inbox INDEXED BY inbox_pending WHERE audit IS NULL GROUP BY conversation",
        )
        .fetch_all(&self.readers)
        .await?;

        let now = micros(now);
        let mut ready = Vec::new();
        let mut urgent = Vec::new();
        let mut next: Option<i64> = None;
        for row in rows {
            let burst = Burst {
                first: row.try_get("first")?,
                last: row.try_get("last")?,
                tapped: row.try_get("tapped")?,
                urgent: row.try_get("urgent")?,
            };
            let at = burst.ready_at(quiet, patience);
            if at <= now || rows::is_ahead(burst.last, now) {
                let of = if burst.urgent.is_some() { &mut urgent } else { &mut ready };
                of.push((at, ConversationId(uuid(row.try_get("conversation")?)?)));
            } else {
                next = Some(next.map_or(at, |next| next.min(at)));
            }
        }
        let in_order = |mut found: Vec<(i64, ConversationId)>| {
            found.sort_unstable();
            found.into_iter().map(|(_, id)| id).collect()
        };
        Ok(Due { urgent: in_order(urgent), ready: in_order(ready), next: next.map(moment).transpose()? })
    }

    /// A conversation with its pending messages in the order of arrival. None if there is no such conversation.
    pub async fn pending(&self, conversation: ConversationId) -> Result<Option<(Conversation, Vec<Pending>)>> {
        // The version is read before the messages: a turn recorded in between is found out by it.
        let mut reader = self.readers.acquire().await?;
        let Some(found) = rows::find_conversation(&mut reader, conversation).await? else {
            return Ok(None);
        };
        let rows = sqlx::query(
            "SELECT i.id, i.message_id, i.edits, i.version, i.reply_to, c.contact, i.public, i.text, i.quoted, i.choice, i.attachments, i.received_at
             FROM inbox i INDEXED BY inbox_pending JOIN contacts c ON c.id = i.contact
             WHERE i.conversation = ? AND i.audit IS NULL ORDER BY i.cursor",
        )
        .bind(conversation.to_string())
        .fetch_all(&mut *reader)
        .await?;
        let mut pending = Vec::with_capacity(rows.len());
        for row in rows {
            pending.push(Pending {
                id: MessageId(uuid(row.try_get("id")?)?),
                incoming: Incoming {
                    channel: found.channel.clone(),
                    message_id: row.try_get("message_id")?,
                    edits: row
                        .try_get::<Option<String>, _>("edits")?
                        .map(|of| Ok::<_, StoreError>(Edit { of, version: row.try_get("version")? }))
                        .transpose()?,
                    reply_to: row.try_get("reply_to")?,
                    place: found.place.clone(),
                    contact: row.try_get("contact")?,
                    public: row.try_get("public")?,
                    text: row.try_get("text")?,
                    quoted: rows::quoted(row.try_get("quoted")?)?,
                    choice: row.try_get("choice")?,
                    stop: false,
                    attachments: from_json("attachment", row.try_get("attachments")?)?,
                    received_at: moment(row.try_get("received_at")?)?,
                },
            });
        }
        Ok(Some((found, pending)))
    }

    /// The conversation at a place, if there is one.
    pub async fn conversation_at(&self, channel: &str, place: &str) -> Result<Option<ConversationId>> {
        let id: Option<String> = sqlx::query_scalar("SELECT id FROM conversations WHERE channel = ? AND place = ?")
            .bind(channel)
            .bind(place)
            .fetch_optional(&self.readers)
            .await?;
        id.map(|id| Ok(ConversationId(uuid(&id)?))).transpose()
    }
}

/// The pending messages of one conversation; times in microseconds.
struct Burst {
    first: i64,
    last: i64,
    tapped: bool,
    /// When the first with a sign of danger came.
    urgent: Option<i64>,
}

impl Burst {
    /// When they are read as one turn: a tapped choice is a finished thought and waits for nothing.
    fn ready_at(&self, quiet: Duration, patience: Duration) -> i64 {
        if self.tapped {
            return self.first;
        }
        let after =
            |from: i64, wait: Duration| from.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX));
        let at = after(self.last, quiet).min(after(self.first, patience));
        self.urgent.map_or(at, |urgent| at.min(after(urgent, quiet)))
    }
}

async fn receive(work: &mut Work, incoming: Incoming) -> Result<Received> {
    let original = incoming.edits.as_ref().map_or(&incoming.message_id, |edit| &edit.of);
    let chain = wordings(&mut work.connection, &incoming.channel, original).await?;
    let drops = match edits::fate(&chain, &incoming) {
        Fate::Known(known) => return Ok(chain[known].received()),
        Fate::Same(known) => return same(work, &chain[known], &incoming).await,
        Fate::Back { to, drops } => {
            settle(work, &chain[drops], "edit", incoming.received_at).await?;
            return same(work, &chain[to], &incoming).await;
        }
        Fate::New { drops } => drops,
    };
    if let Some(dropped) = drops {
        settle(work, &chain[dropped], "edit", incoming.received_at).await?;
    }
    insert(work, incoming).await
}

/// All wordings of a message that are known. Edits (`id@…`) lie beside their original in the index: '@' and 'A' are neighbours.
async fn wordings(connection: &mut SqliteConnection, channel: &str, original: &str) -> Result<Vec<Wording>> {
    let rows = sqlx::query(
        "SELECT i.cursor, i.id, i.conversation, i.message_id, i.version, i.text, i.choice, i.retracted_at IS NOT NULL AS retracted, a.kind
         FROM inbox i LEFT JOIN audit a ON a.id = i.audit
         WHERE i.channel = ?1 AND (i.message_id = ?2 OR (i.message_id >= ?2 || '@' AND i.message_id < ?2 || 'A'))
         ORDER BY i.cursor",
    )
    .bind(channel)
    .bind(original)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let settled = match row.try_get::<Option<&str>, _>("kind")? {
                None => Settled::Not,
                Some("edit") => Settled::Dropped,
                Some("stopped") => Settled::Stopped,
                Some(_) => Settled::Read,
            };
            Ok(Wording {
                cursor: row.try_get("cursor")?,
                message: MessageId(uuid(row.try_get("id")?)?),
                conversation: ConversationId(uuid(row.try_get("conversation")?)?),
                message_id: row.try_get("message_id")?,
                version: row.try_get("version")?,
                text: row.try_get("text")?,
                choice: row.try_get("choice")?,
                retracted: row.try_get("retracted")?,
                settled,
            })
        })
        .collect()
}

/// A known wording is the last one (again). What else changed, such as where somebody is, is kept for agents without a turn.
async fn same(work: &mut Work, wording: &Wording, incoming: &Incoming) -> Result<Received> {
    let version = incoming.edits.as_ref().map_or(0, |edit| edit.version);
    sqlx::query("UPDATE inbox SET version = MAX(version, ?), attachments = ? WHERE cursor = ?")
        .bind(version)
        .bind(to_json("attachment", &incoming.attachments)?)
        .bind(wording.cursor)
        .execute(&mut work.connection)
        .await?;
    work.changes.conversations.push(wording.conversation);
    work.changes.desk = true;
    Ok(wording.received())
}

/// A message gets no turn any more, or needs none.
async fn settle(work: &mut Work, wording: &Wording, kind: &'static str, now: Timestamp) -> Result<()> {
    let audit = Audit { kind, conversation: Some(wording.conversation), ..Audit::default() };
    let audit = audit.insert(&mut work.connection, now).await?;
    sqlx::query("UPDATE inbox SET audit = ? WHERE cursor = ?")
        .bind(audit)
        .bind(wording.cursor)
        .execute(&mut work.connection)
        .await?;
    Ok(())
}

async fn insert(work: &mut Work, incoming: Incoming) -> Result<Received> {
    let connection = &mut work.connection;
    let received_at = micros(incoming.received_at);
    let contact: i64 = sqlx::query_scalar(
        "INSERT INTO contacts (channel, contact, first_at, last_at) VALUES (?1, ?2, ?3, ?3)
         ON CONFLICT (channel, contact) DO UPDATE SET last_at = excluded.last_at RETURNING id",
    )
    .bind(&incoming.channel)
    .bind(&incoming.contact)
    .bind(received_at)
    .fetch_one(&mut *connection)
    .await?;
    let conversation: String = sqlx::query_scalar(
        "INSERT INTO conversations (id, channel, place, public, memory, opened_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (channel, place) DO UPDATE SET public = excluded.public, silenced = NULL RETURNING id",
    )
    .bind(ConversationId::new().to_string())
    .bind(&incoming.channel)
    .bind(&incoming.place)
    .bind(incoming.public)
    .bind(to_json("memory", &Memory::default())?)
    .bind(received_at)
    .fetch_one(&mut *connection)
    .await?;
    let message = MessageId::new();
    let cursor = rows::take_cursor(&mut *connection).await?;
    let quoted = incoming.quoted.as_ref().map(|quoted| to_json("quotation", quoted)).transpose()?;
    let (edits, version) = incoming.edits.map_or((None, 0), |edit| (Some(edit.of), edit.version));
    sqlx::query(
        "INSERT INTO inbox (cursor, id, channel, message_id, edits, version, reply_to, conversation, contact, public, text, quoted, choice,
         attachments, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(cursor)
    .bind(message.to_string())
    .bind(&incoming.channel)
    .bind(incoming.message_id)
    .bind(edits)
    .bind(version)
    .bind(incoming.reply_to)
    .bind(&conversation)
    .bind(contact)
    .bind(incoming.public)
    .bind(incoming.text)
    .bind(quoted)
    .bind(incoming.choice)
    .bind(to_json("attachment", &incoming.attachments)?)
    .bind(received_at)
    .execute(&mut *connection)
    .await?;

    let conversation = ConversationId(uuid(&conversation)?);
    let stopped = incoming.stop;
    if stopped {
        let said = (cursor, conversation);
        channels::stop(work, &incoming.channel, contact, said, incoming.received_at).await?;
    }
    work.changes.inbox = true;
    work.changes.conversations.push(conversation);
    Ok(Received { message, conversation, new: true, stopped })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_burst_waits_for_quiet_but_never_beyond_patience(
            first in -1_000_000_000_i64..1_000_000_000,
            spread in 0_i64..20_000_000,
            quiet in 0_i64..5_000,
            patience in 0_i64..20_000,
        ) {
            let burst = Burst { first, last: first + spread, tapped: false, urgent: None };
            let millis = |count: i64| Duration::from_millis(count.unsigned_abs());
            let at = burst.ready_at(millis(quiet), millis(patience));
            let (quiet, patience) = (quiet * 1_000, patience * 1_000);
            prop_assert!(at >= first);
            prop_assert!(at <= first + patience);
            prop_assert!(at == first + patience || at == burst.last + quiet);
            let urgent = Burst { urgent: Some(first), ..burst };
            prop_assert_eq!(urgent.ready_at(millis(quiet / 1_000), millis(patience / 1_000)), at.min(first + quiet));
            let tapped = Burst { tapped: true, ..burst };
            prop_assert!(tapped.ready_at(Duration::MAX, Duration::MAX) <= first);
        }
    }
}
