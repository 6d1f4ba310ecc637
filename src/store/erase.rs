//! Forgetting a person.

use std::sync::atomic::Ordering;

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::{
    Result, Store, StoreError, contacts,
    rows::{Audit, to_json},
    writer::Work,
};
use crate::{conversation::Memory, message::ConversationId};

/// The tables, and what an erasure does to each: one that is not named here fails a test, so that none is forgotten.
#[cfg(test)]
const TABLES: [(&str, &str); 24] = [
    ("contacts", "the person's row goes"),
    ("conversations", "those that are theirs alone go; of shared ones what the bot remembers"),
    ("inbox", "their messages go"),
    ("outbox", "what was said to them goes; in shared places what agents said stays"),
    ("escalations", "those of their own conversations go"),
    ("notes", "those of their conversations go, of shared ones too"),
    ("drafts", "those of their conversations go, of shared ones too"),
    ("promises", "those of their conversations go, of shared ones too"),
    ("kept_examples", "theirs go, and are told to whoever erases"),
    ("staff_threads", "those of their conversations are deleted on the platform"),
    ("staff_messages", "those of their threads go: what staff asked for there may hold words"),
    ("staff_erased", "holds the names of threads until they are deleted on the platform"),
    ("audit", "stays, without the conversation and without what was understood; it holds no words"),
    ("groups", "stay: they hold an agent's answer to many"),
    ("counter", "is a number"),
    ("channel_notes", "is how far channels have read"),
    ("users", "is about agents"),
    ("sessions", "is about agents"),
    ("invitations", "is about agents"),
    ("devices", "is about agents"),
    ("api_tokens", "is about programs"),
    ("webhook_cursors", "is how far receivers were told: the audit trail is the queue"),
    ("staff_places", "is where staff are and how far they were told"),
    ("sqlite_sequence", "is SQLite's own: numbers"),
];

/// Who erases a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Eraser {
    /// They themselves: they know what they have open.
    Themselves,
    /// Somebody for them; `name` is None from the command line.
    Admin {
        name: Option<String>,
        /// Also where a danger is open, or an agent works on something of theirs.
        although_open: bool,
    },
}

/// What an erasure did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// Rows that are gone.
    pub removed: u64,
    /// Intents among whose examples words of the person may stand: somebody has to read those files.
    pub examples_of: Vec<String>,
}

impl Store {
    /// Remembers that words of these conversations may stand among the examples of an intent.
    pub async fn keep_examples(&self, intent: &str, of: &[ConversationId]) -> Result<()> {
        let of = to_json("id", &of.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let kept =
            sqlx::query("INSERT OR IGNORE INTO kept_examples (intent, conversation) SELECT ?, value FROM json_each(?)");
        self.writer.execute(kept.bind(intent.to_owned()).bind(of)).await
    }

    /// Removes a person and all their words on a channel.
    ///
    /// Conversations that are theirs alone go as a whole, with the replies, escalations, notes and promises. Where others wrote too,
    /// their lines and the bot's replies to them go, and so do the notes of its escalations and all that was promised there; what agents wrote there stays.
    /// The audit trail keeps that something was decided, and nothing about whom. Afterwards the words are in none of the
    /// database's files.
    ///
    /// # Errors
    /// [`StoreError::Held`]; [`StoreError::StillOpen`] for an admin who was not told; [`StoreError::InUse`] if the words are gone from the tables but
    /// remain in the write-ahead log, since another process reads the file: erasing again tries again.
    pub async fn erase(&self, channel: &str, contact: &str, by: Eraser) -> Result<Erased> {
        let (channel, contact) = (channel.to_owned(), contact.to_owned());
        let erased = self.writer.run(move |work| Box::pin(erase(work, channel, contact, by))).await?;
        if erased.removed > 0 {
            self.signals.unflushed.store(true, Ordering::Relaxed);
        }
        // Whoever asks for nothing (a made-up key) holds nobody up.
        if self.signals.unflushed.load(Ordering::Relaxed) {
            self.writer.flush().await?;
            self.signals.unflushed.store(false, Ordering::Relaxed);
        }
        Ok(erased)
    }
}

async fn erase(work: &mut Work, channel: String, contact: String, by: Eraser) -> Result<Erased> {
    let connection = &mut work.connection;
    let contact: Option<i64> = sqlx::query_scalar("SELECT id FROM contacts WHERE channel = ? AND contact = ?")
        .bind(&channel)
        .bind(contact)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(contact) = contact else {
        return Ok(Erased::default());
    };
    let known = contacts::find(connection, contact).await?;
    if let Some(hold) = known.hold {
        return Err(StoreError::Held(hold.why));
    }
    let agent = match by {
        Eraser::Themselves => None,
        Eraser::Admin { name, although_open } => {
            let open: Vec<_> = known.open.into_iter().filter(contacts::OpenMatter::asks_first).collect();
            if !although_open && !open.is_empty() {
                return Err(StoreError::StillOpen(open));
            }
            name
        }
    };
    let places: Vec<(String, bool)> = sqlx::query_as(
        "SELECT conversation, EXISTS (SELECT 1 FROM inbox o WHERE o.conversation = i.conversation AND o.contact <> ?1)
         FROM inbox i WHERE contact = ?1 GROUP BY conversation",
    )
    .bind(contact)
    .fetch_all(&mut *connection)
    .await?;
    let (shared, own): (Vec<_>, Vec<_>) = places.into_iter().partition(|(_, shared)| *shared);
    let names = |places: Vec<(String, bool)>| to_json("id", &places.into_iter().map(|(id, _)| id).collect::<Vec<_>>());
    let (shared, own) = (names(shared)?, names(own)?);
    let examples_of: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT intent FROM kept_examples
         WHERE conversation IN (SELECT value FROM json_each(?1) UNION ALL SELECT value FROM json_each(?2)) ORDER BY intent",
    )
    .bind(&own)
    .bind(&shared)
    .fetch_all(&mut *connection)
    .await?;

    // In an order that never leaves a row pointing at one that is gone.
    sqlx::query("UPDATE audit SET readings = NULL WHERE id IN (SELECT audit FROM inbox WHERE contact = ?1)")
        .bind(contact)
        .execute(&mut *connection)
        .await?;
    let mut removed = sqlx::query(
        "DELETE FROM outbox WHERE conversation IN (SELECT value FROM json_each(?1))
         OR (agent IS NULL AND audit IN (SELECT audit FROM inbox WHERE contact = ?2))",
    )
    .bind(&own)
    .bind(contact)
    .execute(&mut *connection)
    .await?
    .rows_affected();
    removed += conversations(connection, &own).await?;
    leave_shared(connection, &shared).await?;
    for sql in ["DELETE FROM inbox WHERE contact = ?", "DELETE FROM contacts WHERE id = ?"] {
        removed += sqlx::query(sql).bind(contact).execute(&mut *connection).await?.rows_affected();
    }
    let detail = told(&channel, &examples_of);
    let audit = Audit { kind: "erase", agent: agent.as_deref(), detail: Some(&detail), ..Audit::default() };
    audit.insert(connection, Timestamp::now()).await?;
    work.changes.desk = true;
    Ok(Erased { removed, examples_of })
}

/// What the trail tells of an erasure: the channel, and which files somebody has to read. Nothing about whom.
fn told(channel: &str, examples_of: &[String]) -> String {
    if examples_of.is_empty() {
        return channel.to_owned();
    }
    let files: Vec<String> = examples_of.iter().map(|intent| format!("intents/{intent}.yaml")).collect();
    format!("{channel}; an example in {} may be of their words", files.join(", "))
}

/// Deletes conversations (a JSON list of ids) inside a job, whose outgoing lines are gone already; gives how many rows that were.
async fn conversations(connection: &mut SqliteConnection, ids: &str) -> Result<u64> {
    let mut removed = 0;
    for sql in [
        "DELETE FROM staff_messages WHERE (channel, thread) IN (SELECT t.channel, t.thread FROM staff_threads t
            JOIN escalations e ON e.id = t.escalation WHERE e.conversation IN (SELECT value FROM json_each(?)))",
        "UPDATE audit SET conversation = NULL, readings = NULL WHERE conversation IN (SELECT value FROM json_each(?))",
        "DELETE FROM inbox WHERE conversation IN (SELECT value FROM json_each(?))",
        "DELETE FROM escalations WHERE conversation IN (SELECT value FROM json_each(?))",
        "DELETE FROM conversations WHERE id IN (SELECT value FROM json_each(?))",
    ] {
        let touched = sqlx::query(sql).bind(ids).execute(&mut *connection).await?.rows_affected();
        if sql.starts_with("DELETE") && !sql.contains("staff_messages") {
            removed += touched;
        }
    }
    Ok(removed)
}

/// Takes out of conversations (a JSON list of ids), which others have too, what may be about the person.
async fn leave_shared(connection: &mut SqliteConnection, ids: &str) -> Result<()> {
    for sql in [
        "DELETE FROM notes WHERE escalation IN (SELECT id FROM escalations WHERE conversation IN (SELECT value FROM json_each(?)))",
        // By conversation: the bot's promises are of no escalation.
        "DELETE FROM promises WHERE conversation IN (SELECT value FROM json_each(?))",
        "DELETE FROM drafts WHERE escalation IN (SELECT id FROM escalations WHERE conversation IN (SELECT value FROM json_each(?)))",
        "DELETE FROM kept_examples WHERE conversation IN (SELECT value FROM json_each(?))",
        "DELETE FROM staff_messages WHERE (channel, thread) IN (SELECT t.channel, t.thread FROM staff_threads t
            JOIN escalations e ON e.id = t.escalation WHERE e.conversation IN (SELECT value FROM json_each(?)))",
        // The staff's thread shows their words: it is deleted, and opened anew with what is left where somebody still has to see to it.
        "INSERT OR IGNORE INTO staff_erased (channel, thread) SELECT t.channel, t.thread FROM staff_threads t
            JOIN escalations e ON e.id = t.escalation
            WHERE t.thread IS NOT NULL AND e.conversation IN (SELECT value FROM json_each(?))",
        "DELETE FROM staff_threads WHERE escalation IN (SELECT id FROM escalations
            WHERE resolved_at IS NOT NULL AND conversation IN (SELECT value FROM json_each(?)))",
        "UPDATE staff_threads SET thread = NULL, posts = 0, told = NULL WHERE escalation IN (SELECT id FROM escalations
            WHERE conversation IN (SELECT value FROM json_each(?)))",
    ] {
        sqlx::query(sql).bind(ids).execute(&mut *connection).await?;
    }
    // The standing stays: an agent who has the conversation keeps it.
    sqlx::query(
        "UPDATE conversations SET version = version + 1, memory = json_set(?1, '$.standing', memory ->> '$.standing')
         WHERE id IN (SELECT value FROM json_each(?2))",
    )
    .bind(to_json("memory", &Memory::default())?)
    .bind(ids)
    .execute(&mut *connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[tokio::test]
    async fn no_table_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("store.db")).await.unwrap();
        let there: Vec<String> =
            sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'sqlite_stat1'")
                .fetch_all(&store.readers)
                .await
                .unwrap();
        let there: BTreeSet<&str> = there.iter().map(String::as_str).collect();
        let named: BTreeSet<&str> = TABLES.iter().map(|(table, _)| *table).collect();
        assert_eq!(there, named, "say in TABLES what an erasure does to each table, and let it do so");
    }
}
