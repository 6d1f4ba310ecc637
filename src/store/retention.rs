//! What is old enough is deleted, a little at a time, and its room in the file is given back.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::{
    Result, Store,
    rows::{Audit, micros, to_json, uuid},
    writer::Work,
};
use crate::message::ConversationId;

/// What one step found and deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Conversations of which something went.
    pub conversations: u64,
    /// Where the next step begins; None: all were looked at.
    pub next: Option<ConversationId>,
}

/// Whether nothing of a conversation `c` keeps it: no message without its turn, nothing on its way, no open escalation or promise, and
/// nobody in it under a legal hold.
macro_rules! settled {
    () => {
        "NOT EXISTS (SELECT 1 FROM inbox p INDEXED BY inbox_pending WHERE p.conversation = c.id AND p.audit IS NULL)
         AND NOT EXISTS (SELECT 1 FROM outbox u INDEXED BY outbox_unsent WHERE u.conversation = c.id AND u.state IN ('queued', 'leased'))
         AND NOT EXISTS (SELECT 1 FROM escalations e WHERE e.conversation = c.id AND e.resolved_at IS NULL)
         AND NOT EXISTS (SELECT 1 FROM promises m WHERE m.conversation = c.id AND m.settled_at IS NULL)
         AND c.id NOT IN (SELECT i.conversation FROM contacts h JOIN inbox i INDEXED BY inbox_contact ON i.contact = h.id WHERE h.hold IS NOT NULL)"
    };
}

impl Store {
    /// Deletes what was said, handed over and promised before a moment, in at most `limit` conversations behind `after`, the oldest conversation
    /// first. What is not settled stays whole. A conversation of which nothing is left goes too, with what the bot remembers of it.
    pub async fn forget(&self, before: Timestamp, after: Option<ConversationId>, limit: u32) -> Result<Forgotten> {
        // Ids are made in the order of time.
        let ids: Vec<String> = sqlx::query_scalar(concat!(
            "SELECT c.id FROM conversations c WHERE c.id > ?1 AND c.opened_at < ?2 AND (
                (SELECT f.received_at FROM inbox f INDEXED BY inbox_conversation WHERE f.conversation = c.id ORDER BY f.cursor LIMIT 1) < ?2
                OR (SELECT MIN(ifnull(f.sent_at, f.queued_at)) FROM outbox f WHERE f.conversation = c.id) < ?2
                OR NOT EXISTS (SELECT 1 FROM inbox f WHERE f.conversation = c.id)
             ) AND ",
            settled!(),
            " ORDER BY c.id LIMIT ?3"
        ))
        .bind(after.map(|id| id.to_string()).unwrap_or_default())
        .bind(micros(before))
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        let Some(last) = ids.last() else { return Ok(Forgotten::default()) };
        let next = (ids.len() >= limit as usize).then(|| uuid(last).map(ConversationId)).transpose()?;
        let conversations = self.writer.run(move |work| Box::pin(forget(work, ids, before))).await?;
        Ok(Forgotten { conversations, next })
    }

    /// Deletes at most `limit` people of whom no word is left and who did not write since `before`; gives how many went.
    pub async fn forget_contacts(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.writer
            .run(move |work| {
                Box::pin(async move {
                    let gone = sqlx::query(
                        "DELETE FROM contacts WHERE id IN (SELECT c.id FROM contacts c WHERE c.last_at < ? AND c.hold IS NULL
                         AND NOT EXISTS (SELECT 1 FROM inbox i INDEXED BY inbox_contact WHERE i.contact = c.id) LIMIT ?)",
                    )
                    .bind(micros(before))
                    .bind(limit)
                    .execute(&mut work.connection)
                    .await?;
                    Ok(gone.rows_affected())
                })
            })
            .await
    }

    /// Ends a round: groups that nobody is left of go, and so do answers in threads that are gone; the trail is told how many conversations the round was about.
    pub async fn forgotten(&self, before: Timestamp, conversations: u64, now: Timestamp) -> Result<()> {
        self.writer
            .run(move |work| {
                Box::pin(async move {
                    let connection = &mut work.connection;
                    sqlx::query(
                        "DELETE FROM groups WHERE opened_at < ?1 AND ifnull(answer_until, 0) < ?1
                         AND NOT EXISTS (SELECT 1 FROM escalations e WHERE e.grp = groups.id)
                         AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.grp = groups.id)
                         AND NOT EXISTS (SELECT 1 FROM groups m WHERE m.merged_into = groups.id)",
                    )
                    .bind(micros(before))
                    .execute(&mut *connection)
                    .await?;
                    sqlx::query(
                        "DELETE FROM staff_messages WHERE answered = 1 AND NOT EXISTS (SELECT 1 FROM staff_threads t
                         WHERE t.channel = staff_messages.channel AND t.thread = staff_messages.thread)",
                    )
                    .execute(&mut *connection)
                    .await?;
                    if conversations > 0 {
                        let detail = format!("older than {before:.0}, in {conversations} conversations");
                        let audit = Audit { kind: "forget", detail: Some(&detail), ..Audit::default() };
                        audit.insert(connection, now).await?;
                        work.changes.desk = true;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Gives at most so many free pages of the file (4 KiB each) back to the disk; gives how many are left. A file that was made before this was possible gives none
    /// back: its free pages are used again.
    pub async fn give_back(&self, pages: u32) -> Result<u64> {
        self.writer
            .run(move |work| {
                Box::pin(async move {
                    let connection = &mut work.connection;
                    let vacuum = format!("PRAGMA incremental_vacuum({pages})");
                    let before: i64 = sqlx::query_scalar("PRAGMA freelist_count").fetch_one(&mut *connection).await?;
                    if before > 0 {
                        sqlx::query(sqlx::AssertSqlSafe(vacuum)).execute(&mut *connection).await?;
                    }
                    let left: i64 = sqlx::query_scalar("PRAGMA freelist_count").fetch_one(&mut *connection).await?;
                    Ok(if left < before { left.unsigned_abs() } else { 0 })
                })
            })
            .await
    }
}

async fn forget(work: &mut Work, ids: Vec<String>, before: Timestamp) -> Result<u64> {
    let connection = &mut work.connection;
    // Some may have changed since they were read.
    let ids: Vec<String> = sqlx::query_scalar(concat!(
        "SELECT c.id FROM conversations c WHERE c.id IN (SELECT value FROM json_each(?)) AND ",
        settled!()
    ))
    .bind(to_json("id", &ids)?)
    .fetch_all(&mut *connection)
    .await?;
    let all = to_json("id", &ids)?;
    let mut touched = 0;
    for sql in [
        "DELETE FROM outbox WHERE conversation IN (SELECT value FROM json_each(?1)) AND ifnull(sent_at, queued_at) < ?2",
        "DELETE FROM staff_messages WHERE (channel, thread) IN (SELECT t.channel, t.thread FROM staff_threads t
            JOIN escalations e ON e.id = t.escalation WHERE e.conversation IN (SELECT value FROM json_each(?1)) AND e.resolved_at < ?2)",
        "DELETE FROM escalations WHERE conversation IN (SELECT value FROM json_each(?1)) AND resolved_at < ?2",
        "DELETE FROM promises WHERE conversation IN (SELECT value FROM json_each(?1)) AND settled_at < ?2",
        "UPDATE audit SET readings = NULL WHERE conversation IN (SELECT value FROM json_each(?1)) AND at < ?2 AND readings IS NOT NULL",
        "DELETE FROM inbox WHERE conversation IN (SELECT value FROM json_each(?1)) AND received_at < ?2",
    ] {
        touched += sqlx::query(sql).bind(&all).bind(micros(before)).execute(&mut *connection).await?.rows_affected();
    }
    let empty: Vec<String> = sqlx::query_scalar(
        "SELECT value FROM json_each(?1) v WHERE NOT EXISTS (SELECT 1 FROM inbox i WHERE i.conversation = v.value)
         AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.conversation = v.value)
         AND NOT EXISTS (SELECT 1 FROM escalations e WHERE e.conversation = v.value)
         AND NOT EXISTS (SELECT 1 FROM promises p WHERE p.conversation = v.value)",
    )
    .bind(&all)
    .fetch_all(&mut *connection)
    .await?;
    end(connection, &to_json("id", &empty)?).await?;
    for id in &ids {
        work.changes.conversations.push(ConversationId(uuid(id)?));
    }
    Ok(if touched == 0 { empty.len() as u64 } else { ids.len() as u64 })
}

/// Deletes conversations (a JSON list of ids) in which nothing is left.
async fn end(connection: &mut SqliteConnection, ids: &str) -> Result<()> {
    for sql in [
        "UPDATE audit SET conversation = NULL, readings = NULL WHERE conversation IN (SELECT value FROM json_each(?))",
        "DELETE FROM conversations WHERE id IN (SELECT value FROM json_each(?))",
    ] {
        sqlx::query(sql).bind(ids).execute(&mut *connection).await?;
    }
    Ok(())
}
