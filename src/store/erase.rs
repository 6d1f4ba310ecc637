//! Forgetting a person.

use jiff::Timestamp;

use super::{
    Result, Store,
    rows::{Audit, to_json},
    writer::Work,
};
use crate::conversation::Memory;

impl Store {
    /// Removes a person and all their words on a channel; gives the number of removed rows.
    ///
    /// Conversations that are theirs alone go as a whole, with the replies, escalations, notes and promises. Where others wrote too,
    /// their lines and the bot's replies to them go, and so do the notes of its escalations and all that was promised there; what agents wrote there stays.
    /// The audit trail keeps that something was decided, and nothing about whom. Afterwards the words are in none of the
    /// database's files.
    ///
    /// # Errors
    /// [`super::StoreError::InUse`] if the words are gone from the tables but remain in the write-ahead log, since another
    /// process reads the file; erasing again tries again.
    pub async fn erase(&self, channel: &str, contact: &str) -> Result<u64> {
        let (channel, contact) = (channel.to_owned(), contact.to_owned());
        let removed = self.writer.run(move |work| Box::pin(erase(work, channel, contact))).await?;
        self.writer.flush().await?;
        Ok(removed)
    }
}

async fn erase(work: &mut Work, channel: String, contact: String) -> Result<u64> {
    let connection = &mut work.connection;
    let contact: Option<i64> = sqlx::query_scalar("SELECT id FROM contacts WHERE channel = ? AND contact = ?")
        .bind(channel)
        .bind(contact)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(contact) = contact else {
        return Ok(0);
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
    for sql in [
        "UPDATE audit SET conversation = NULL, readings = NULL WHERE conversation IN (SELECT value FROM json_each(?))",
        "DELETE FROM inbox WHERE conversation IN (SELECT value FROM json_each(?))",
        "DELETE FROM escalations WHERE conversation IN (SELECT value FROM json_each(?))",
        "DELETE FROM conversations WHERE id IN (SELECT value FROM json_each(?))",
    ] {
        let touched = sqlx::query(sql).bind(&own).execute(&mut *connection).await?.rows_affected();
        if sql.starts_with("DELETE") {
            removed += touched;
        }
    }
    for sql in [
        "DELETE FROM notes WHERE escalation IN (SELECT id FROM escalations WHERE conversation IN (SELECT value FROM json_each(?)))",
        // By conversation: the bot's promises are of no escalation.
        "DELETE FROM promises WHERE conversation IN (SELECT value FROM json_each(?))",
        "DELETE FROM drafts WHERE escalation IN (SELECT id FROM escalations WHERE conversation IN (SELECT value FROM json_each(?)))",
    ] {
        sqlx::query(sql).bind(&shared).execute(&mut *connection).await?;
    }
    // The standing stays: an agent who has the conversation keeps it.
    sqlx::query(
        "UPDATE conversations SET version = version + 1, memory = json_set(?1, '$.standing', memory ->> '$.standing')
         WHERE id IN (SELECT value FROM json_each(?2))",
    )
    .bind(to_json("memory", &Memory::default())?)
    .bind(&shared)
    .execute(&mut *connection)
    .await?;
    for sql in ["DELETE FROM inbox WHERE contact = ?", "DELETE FROM contacts WHERE id = ?"] {
        removed += sqlx::query(sql).bind(contact).execute(&mut *connection).await?.rows_affected();
    }
    Audit { kind: "erase", ..Audit::default() }.insert(connection, Timestamp::now()).await?;
    work.changes.desk = true;
    Ok(removed)
}
