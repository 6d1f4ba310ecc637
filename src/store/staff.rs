//! Staff who answer in threads of their own: how far their place was told of the audit trail, its threads, and what they wrote there.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{Row, SqliteConnection};

use super::{
    EscalationRecord, Result, Store, StoreError,
    handling::{self, Handling, Words, agent_name, checked},
    notes,
    rows::{self, from_json, moment, to_json, uuid},
    writer::Work,
};
use crate::{
    conversation::{EscalationId, Reason},
    message::{ConversationId, Outgoing, OutgoingId, StaffMessage},
    policy::MAX_TEXT_BYTES,
};

/// What a message of the staff asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StaffOrder {
    /// Words to the customer.
    Say(String),
    /// A note for agents.
    Note(String),
    Claim,
    TakeOver,
    Release,
    Resolve {
        note: Option<String>,
    },
    /// Nothing is done; the writer is told this.
    Tell(StaffOutcome),
}

/// What became of it; the writer is told so in the thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffOutcome {
    Done,
    Resolved,
    /// Another agent has it.
    HeldBy(String),
    /// Nobody has it, so that nobody can give it away.
    Unclaimed,
    AlreadyResolved,
    Empty,
    /// It has more bytes than this.
    TooLong(usize),
    /// The customer stopped or blocked us.
    Unreachable,
    /// They asked how this works.
    Help,
    /// No such command.
    Unknown(String),
    /// A message was edited after it was sent to the customer.
    Edited,
    /// Files are not passed on.
    Files,
    /// The platform does not tell us who wrote it.
    Nameless,
    /// Their name on the platform is none that customers may read, with the reason.
    NotAName(String),
    /// The platform does not tell us what was written.
    Hidden,
}

/// A message of the staff that was not answered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    pub message_id: String,
    pub thread: String,
    pub outcome: StaffOutcome,
}

/// A thread that is not wholly opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unopened {
    pub escalation: EscalationId,
    /// None: not even begun.
    pub thread: Option<String>,
    /// How many of the opening posts have arrived.
    pub posts: usize,
}

/// A row of the audit trail that staff are to be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffRow {
    pub audit: i64,
    pub at: Timestamp,
    /// The audit trail's word: `turn`, `reply`, `claim`, `resolve`, `note`…
    pub kind: String,
    /// Why a person is wanted, if the row says so.
    pub reason: Option<Reason>,
    pub agent: Option<String>,
    pub escalation: EscalationId,
    /// None after an erasure.
    pub conversation: Option<ConversationId>,
    /// Whether somebody still has to see to it.
    pub open: bool,
    /// The note that came with it.
    pub note: Option<String>,
    /// Where it is to be told.
    pub thread: Option<String>,
    /// Whether the thread shows it already: it was opened later, or this was written there.
    pub known: bool,
    /// How many of the posts that tell of it have arrived.
    pub posts: usize,
}

impl Store {
    /// Begins to tell a channel's place of the staff. A place that is new hears of what is open, and of all that happens from now on.
    pub async fn staff_begin(&self, channel: &str, place: &str) -> Result<()> {
        let (channel, place) = (channel.to_owned(), place.to_owned());
        self.writer.run(move |work| Box::pin(begin(&mut work.connection, channel, place))).await
    }

    /// Does what a message of the staff asks for, once, and notes down what became of it; `say` is what the customer hears of a change. Does nothing where its thread is none of
    /// ours.
    pub async fn staff_order(
        &self,
        channel: &str,
        message: StaffMessage,
        order: StaffOrder,
        say: Option<Outgoing>,
        now: Timestamp,
    ) -> Result<()> {
        let channel = channel.to_owned();
        self.writer.run(move |work| Box::pin(obey(work, channel, message, order, say, now))).await
    }

    /// The escalation that a thread is about.
    pub async fn staff_escalation(&self, channel: &str, thread: &str) -> Result<Option<EscalationRecord>> {
        let id: Option<i64> =
            sqlx::query_scalar("SELECT escalation FROM staff_threads WHERE channel = ? AND thread = ?")
                .bind(channel)
                .bind(thread)
                .fetch_optional(&self.readers)
                .await?;
        match id {
            Some(id) => self.escalation(EscalationId(id)).await.map(Some),
            None => Ok(None),
        }
    }

    /// A message of the staff that waits for its answer.
    pub async fn staff_unanswered(&self, channel: &str) -> Result<Option<Unanswered>> {
        let row = sqlx::query(
            "SELECT message_id, thread, outcome FROM staff_messages INDEXED BY staff_messages_open
             WHERE channel = ? AND answered = 0 ORDER BY audit IS NULL, audit, message_id LIMIT 1",
        )
        .bind(channel)
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            Ok(Unanswered {
                message_id: row.try_get("message_id")?,
                thread: row.try_get("thread")?,
                outcome: from_json("outcome", row.try_get("outcome")?)?,
            })
        })
        .transpose()
    }

    /// Records that a message of the staff was answered.
    pub async fn staff_answered(&self, channel: &str, message_id: &str) -> Result<()> {
        let answered = sqlx::query("UPDATE staff_messages SET answered = 1 WHERE channel = ? AND message_id = ?");
        self.writer.execute(answered.bind(channel).bind(message_id)).await
    }

    /// The thread that is to be opened next.
    pub async fn staff_unopened(&self, channel: &str) -> Result<Option<Unopened>> {
        let row = sqlx::query(
            "SELECT t.escalation, t.thread, t.posts FROM staff_threads t JOIN escalations e ON e.id = t.escalation
             WHERE t.channel = ? AND t.told IS NULL ORDER BY e.urgency <> 'danger', e.id LIMIT 1",
        )
        .bind(channel)
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            Ok(Unopened {
                escalation: EscalationId(row.try_get("escalation")?),
                thread: row.try_get("thread")?,
                posts: row.try_get::<u32, _>("posts")? as usize,
            })
        })
        .transpose()
    }

    /// From now on an escalation has to have a thread.
    pub async fn staff_want(&self, channel: &str, id: EscalationId) -> Result<()> {
        let wanted = sqlx::query(
            "INSERT OR IGNORE INTO staff_threads (channel, escalation) SELECT ?, id FROM escalations WHERE id = ?",
        );
        self.writer.execute(wanted.bind(channel).bind(id.0)).await
    }

    /// Records that the platform made a thread.
    pub async fn staff_opened(&self, channel: &str, id: EscalationId, thread: &str) -> Result<()> {
        let opened = sqlx::query("UPDATE staff_threads SET thread = ? WHERE channel = ? AND escalation = ?");
        self.writer.execute(opened.bind(thread).bind(channel).bind(id.0)).await
    }

    /// Records that one more of the posts that open a thread has arrived.
    pub async fn staff_opening_posted(&self, channel: &str, id: EscalationId) -> Result<()> {
        let posted = sqlx::query("UPDATE staff_threads SET posts = posts + 1 WHERE channel = ? AND escalation = ?");
        self.writer.execute(posted.bind(channel).bind(id.0)).await
    }

    /// Records that a thread is wholly opened, and tells of everything up to this row of the audit trail.
    pub async fn staff_told(&self, channel: &str, id: EscalationId, audit: i64) -> Result<()> {
        let told = sqlx::query("UPDATE staff_threads SET told = ? WHERE channel = ? AND escalation = ?");
        self.writer.execute(told.bind(audit).bind(channel).bind(id.0)).await
    }

    /// Records that a thread is not there any more: it is opened anew, if somebody still has to see to its escalation.
    pub async fn staff_lost(&self, channel: &str, id: EscalationId) -> Result<()> {
        let again = sqlx::query(
            "UPDATE staff_threads SET thread = NULL, posts = 0, told = NULL WHERE channel = ? AND escalation = ?
             AND EXISTS (SELECT 1 FROM escalations e WHERE e.id = staff_threads.escalation AND e.resolved_at IS NULL)",
        );
        self.writer.execute(again.bind(channel).bind(id.0)).await?;
        let never = sqlx::query(
            "DELETE FROM staff_threads WHERE channel = ? AND escalation = ? AND EXISTS (SELECT 1 FROM escalations e
             WHERE e.id = staff_threads.escalation AND e.resolved_at IS NOT NULL)",
        );
        self.writer.execute(never.bind(channel).bind(id.0)).await
    }

    /// A thread that is to be deleted, because its customer was erased.
    pub async fn staff_erased(&self, channel: &str) -> Result<Option<String>> {
        let thread = sqlx::query_scalar("SELECT thread FROM staff_erased WHERE channel = ? LIMIT 1");
        Ok(thread.bind(channel).fetch_optional(&self.readers).await?)
    }

    /// Records that a thread was deleted, or cannot be.
    pub async fn staff_deleted(&self, channel: &str, thread: &str) -> Result<()> {
        let deleted = sqlx::query("DELETE FROM staff_erased WHERE channel = ? AND thread = ?");
        self.writer.execute(deleted.bind(channel).bind(thread)).await
    }

    /// What a channel's staff are to be told of next.
    pub async fn staff_next(&self, channel: &str) -> Result<Option<StaffRow>> {
        let row = sqlx::query(
            "SELECT a.id, a.at, a.kind, a.reason, a.agent, a.escalation, a.conversation, p.posts, t.thread,
                e.id IS NOT NULL AND e.resolved_at IS NULL AS open,
                ifnull(a.id <= t.told, 0) OR EXISTS (SELECT 1 FROM staff_messages m INDEXED BY staff_messages_audit
                    WHERE m.audit = a.id AND m.channel = p.channel) AS known,
                (SELECT group_concat(n.text, char(10)) FROM notes n WHERE n.escalation = a.escalation AND n.audit = a.id) AS note
             FROM staff_places p JOIN audit a INDEXED BY audit_escalated ON a.id > p.audit AND a.escalation IS NOT NULL
             LEFT JOIN escalations e ON e.id = a.escalation
             LEFT JOIN staff_threads t ON t.channel = p.channel AND t.escalation = a.escalation
             WHERE p.channel = ? ORDER BY a.id LIMIT 1",
        )
        .bind(channel)
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            let conversation: Option<&str> = row.try_get("conversation")?;
            Ok(StaffRow {
                audit: row.try_get("id")?,
                at: moment(row.try_get("at")?)?,
                kind: row.try_get("kind")?,
                reason: row.try_get::<Option<&str>, _>("reason")?.map(rows::reason).transpose()?,
                agent: row.try_get("agent")?,
                escalation: EscalationId(row.try_get("escalation")?),
                conversation: conversation.map(|id| uuid(id).map(ConversationId)).transpose()?,
                open: row.try_get("open")?,
                note: row.try_get("note")?,
                thread: row.try_get("thread")?,
                known: row.try_get("known")?,
                posts: row.try_get::<u32, _>("posts")? as usize,
            })
        })
        .transpose()
    }

    /// Records that one more of the posts that tell of a row has arrived.
    pub async fn staff_posted(&self, channel: &str, audit: i64) -> Result<()> {
        let posted = sqlx::query("UPDATE staff_places SET posts = posts + 1 WHERE channel = ? AND audit < ?");
        self.writer.execute(posted.bind(channel).bind(audit)).await
    }

    /// Records that a channel's staff need not hear of a row any more, nor of those before it.
    pub async fn staff_advance(&self, channel: &str, audit: i64) -> Result<()> {
        let told = sqlx::query("UPDATE staff_places SET posts = 0, audit = ?2 WHERE channel = ?1 AND audit < ?2");
        self.writer.execute(told.bind(channel).bind(audit)).await
    }

    /// The threads in which staff may be writing to customers.
    pub async fn staff_threads(&self, channel: &str) -> Result<Vec<String>> {
        let threads = sqlx::query_scalar(
            "SELECT t.thread FROM staff_threads t JOIN escalations e ON e.id = t.escalation
             WHERE t.channel = ? AND t.thread IS NOT NULL AND e.resolved_at IS NULL",
        );
        Ok(threads.bind(channel).fetch_all(&self.readers).await?)
    }

    /// The last row of the audit trail that is about an escalation; 0: none.
    pub async fn last_audited(&self, id: EscalationId) -> Result<i64> {
        let last =
            sqlx::query_scalar("SELECT ifnull(MAX(id), 0) FROM audit INDEXED BY audit_escalation WHERE escalation = ?");
        Ok(last.bind(id.0).fetch_one(&self.readers).await?)
    }
}

async fn begin(connection: &mut SqliteConnection, channel: String, place: String) -> Result<()> {
    let known: Option<String> = sqlx::query_scalar("SELECT place FROM staff_places WHERE channel = ?")
        .bind(&channel)
        .fetch_optional(&mut *connection)
        .await?;
    if known.as_ref() == Some(&place) {
        return Ok(());
    }
    for sql in [
        "DELETE FROM staff_threads WHERE channel = ?",
        "DELETE FROM staff_messages WHERE channel = ?",
        "DELETE FROM staff_erased WHERE channel = ?",
        "INSERT INTO staff_threads (channel, escalation) SELECT ?, id FROM escalations WHERE resolved_at IS NULL",
    ] {
        sqlx::query(sql).bind(&channel).execute(&mut *connection).await?;
    }
    sqlx::query(
        "INSERT OR REPLACE INTO staff_places (channel, place, audit) SELECT ?, ?, ifnull(MAX(id), 0) FROM audit",
    )
    .bind(channel)
    .bind(place)
    .execute(connection)
    .await?;
    Ok(())
}

async fn obey(
    work: &mut Work,
    channel: String,
    message: StaffMessage,
    order: StaffOrder,
    say: Option<Outgoing>,
    now: Timestamp,
) -> Result<()> {
    let connection = &mut work.connection;
    let seen: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM staff_messages WHERE channel = ? AND message_id = ?)")
            .bind(&channel)
            .bind(&message.message_id)
            .fetch_one(&mut *connection)
            .await?;
    let id: Option<i64> = sqlx::query_scalar("SELECT escalation FROM staff_threads WHERE channel = ? AND thread = ?")
        .bind(&channel)
        .bind(&message.thread)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(id) = id.filter(|_| !seen).map(EscalationId) else { return Ok(()) };
    if let Some(original) = &message.edits {
        // Only of what went to the customer is there something to say, and only where they have other words.
        let sent: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM staff_messages m JOIN audit a ON a.id = m.audit JOIN outbox o ON o.audit = a.id
             WHERE m.channel = ? AND m.message_id = ? AND a.kind = 'reply' AND o.agent IS NOT NULL AND o.text <> ?)",
        )
        .bind(&channel)
        .bind(original)
        .bind(message.text.trim())
        .fetch_one(&mut *connection)
        .await?;
        if !sent {
            return Ok(());
        }
    }
    let before = last_row(connection).await?;
    let outcome = match act(work, id, &message.author, order, say, now).await {
        Ok(outcome) => outcome,
        Err(error) => refusal(error)?,
    };
    let connection = &mut work.connection;
    let audit = Some(last_row(connection).await?).filter(|last| *last > before);
    let refused: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM outbox WHERE audit = ? AND state = 'failed')")
        .bind(audit)
        .fetch_one(&mut *connection)
        .await?;
    let outcome = if refused { StaffOutcome::Unreachable } else { outcome };
    sqlx::query("INSERT INTO staff_messages (channel, message_id, thread, audit, outcome) VALUES (?, ?, ?, ?, ?)")
        .bind(channel)
        .bind(message.message_id)
        .bind(message.thread)
        .bind(audit)
        .bind(to_json("outcome", &outcome)?)
        .execute(connection)
        .await?;
    work.changes.desk = true;
    Ok(())
}

async fn act(
    work: &mut Work,
    id: EscalationId,
    agent: &str,
    order: StaffOrder,
    say: Option<Outgoing>,
    now: Timestamp,
) -> Result<StaffOutcome> {
    let agent = agent_name(&without_pictures(agent));
    let handling = match order {
        // Also who has no name is told something.
        StaffOrder::Tell(outcome) => return Ok(outcome),
        StaffOrder::Say(text) => {
            let (agent, text) = (agent?, checked("text", &text, MAX_TEXT_BYTES)?);
            // A message of the thread that comes twice is known by now: its order is done once.
            let words = Words { text, id: OutgoingId::new(), promise: None };
            handling::reply(work, id, agent, words, now).await?;
            return Ok(StaffOutcome::Done);
        }
        StaffOrder::Note(text) => {
            let (agent, text) = (agent?, checked("note", &text, MAX_TEXT_BYTES)?);
            notes::leave_note(work, id, &agent, &text, now).await?;
            return Ok(StaffOutcome::Done);
        }
        StaffOrder::Resolve { note } => {
            let agent = agent?;
            let note = note.map(|note| checked("note", &note, MAX_TEXT_BYTES)).transpose()?;
            handling::resolve(work, id, agent, note, say, now).await?;
            return Ok(StaffOutcome::Resolved);
        }
        StaffOrder::Claim => Handling::Claim,
        StaffOrder::TakeOver => Handling::TakeOver,
        StaffOrder::Release => Handling::Release,
    };
    handling::change_owner(work, id, agent?, handling, say, now).await?;
    Ok(StaffOutcome::Done)
}

/// A name of a platform without emoji and their joiners, which many people put beside it.
fn without_pictures(name: &str) -> String {
    let is_picture = |c: char| matches!(c, '\u{200D}' | '\u{FE0F}' | '\u{2190}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}' | '\u{E0020}'..='\u{E007F}');
    name.chars().filter(|c| !is_picture(*c)).collect()
}

/// What the writer is told of a refusal, which comes before anything was changed; what else failed is passed on.
fn refusal(error: StoreError) -> Result<StaffOutcome> {
    match error {
        StoreError::ClaimedBy { agent, .. } => Ok(StaffOutcome::HeldBy(agent)),
        StoreError::Silenced { .. } => Ok(StaffOutcome::Unreachable),
        StoreError::NotClaimed(_) => Ok(StaffOutcome::Unclaimed),
        StoreError::AlreadyResolved(_) => Ok(StaffOutcome::AlreadyResolved),
        StoreError::Empty(_) => Ok(StaffOutcome::Empty),
        StoreError::NotAName(why) => Ok(StaffOutcome::NotAName(why.to_owned())),
        StoreError::TooLong { limit, .. } => Ok(StaffOutcome::TooLong(limit)),
        other => Err(other),
    }
}

async fn last_row(connection: &mut SqliteConnection) -> Result<i64> {
    Ok(sqlx::query_scalar("SELECT ifnull(MAX(id), 0) FROM audit").fetch_one(connection).await?)
}
