//! Messages going out: queued, leased to whoever sends them, and what became of them.

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    Result, Store,
    escalations::undelivered,
    rows::{self, from_json, micros, moment, to_json, uuid},
    writer::Work,
};
use crate::{
    message::{Author, ConversationId, Outgoing, OutgoingId},
    reading::Language,
};

/// What is kept of a platform's error, in characters: enough to see what it is about.
const MAX_ERROR: usize = 500;

/// An outgoing message that this process may send until the lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    pub id: OutgoingId,
    pub conversation: ConversationId,
    pub channel: String,
    pub place: String,
    /// What it answers, as [`crate::message::Incoming::reply_to`] named it.
    pub reply_to: Option<String>,
    /// The platform's id of the last message that we sent in answer to the same.
    pub follows: Option<String>,
    pub outgoing: Outgoing,
    /// 1 = first
    pub attempt: u32,
    /// How many of the pieces into which its channel cuts it have arrived.
    pub pieces: usize,
    /// It goes to somebody in danger.
    pub urgent: bool,
    pub queued_at: Timestamp,
}

/// What a restart found half done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovered {
    /// safe to send again
    pub requeued: u64,
    /// may have been sent: not sent again, a person is told
    pub uncertain: u64,
}

/// How sending ended when nothing arrived for sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undelivered {
    Failed,
    Uncertain,
}

impl Undelivered {
    fn state(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
        }
    }
}

impl Store {
    /// Leases up to `limit` messages of a channel that are due: to people in danger first, then replies ahead of bulk, then the one due
    /// longest; the last `kept` places are for danger alone. A conversation has at most one message on its way, and its messages leave in
    /// this order, replies in the one in which they were queued.
    ///
    /// A lease says that nobody else sends it, not that it is on its way: see [`Store::begin`].
    pub async fn lease(&self, channel: &str, now: Timestamp, limit: u32, kept: u32) -> Result<Vec<Leased>> {
        let channel = channel.to_owned();
        self.writer.run(move |work| Box::pin(take(work, channel, now, limit, limit.saturating_sub(kept)))).await
    }

    /// Records that the next piece of a leased message is about to be handed to its platform: after a crash it may have arrived. `false`:
    /// it is not to be sent any more, because its customer asked for silence or was erased.
    pub async fn begin(&self, id: OutgoingId) -> Result<bool> {
        self.writer.run(move |work| Box::pin(begin(work, id))).await
    }

    /// When the next queued message of a channel is due (it may be in the past). Those that wait for an earlier one of their
    /// conversation do not count: [`Store::outbox_changed`] tells when that one is settled.
    pub async fn next_try(&self, channel: &str) -> Result<Option<Timestamp>> {
        let next: Option<i64> = sqlx::query_scalar(
            "SELECT MIN(at) FROM (
                SELECT (SELECT o.next_try_at FROM outbox o
                    WHERE o.state = 'queued' AND o.channel = ? AND o.urgent = r.urgent AND o.bulk = r.bulk AND NOT EXISTS (
                    SELECT 1 FROM outbox e
                    WHERE e.conversation = o.conversation AND e.state IN ('queued', 'leased')
                    AND (e.state = 'leased' OR e.urgent > o.urgent OR (e.urgent = o.urgent AND (e.bulk, e.seq) < (o.bulk, o.seq)))
                ) ORDER BY o.next_try_at LIMIT 1) AS at
                FROM (SELECT 1 AS urgent, 0 AS bulk UNION ALL SELECT 1, 1 UNION ALL SELECT 0, 0 UNION ALL SELECT 0, 1) r
            )",
        )
        .bind(channel)
        .fetch_one(&self.readers)
        .await?;
        next.map(moment).transpose()
    }

    /// Records that the platform took a message: from now on it is visible. Also right where the lease was lost meanwhile,
    /// and harmless when said twice.
    pub async fn sent(&self, id: OutgoingId, platform_id: Option<&str>, now: Timestamp) -> Result<()> {
        let platform_id = platform_id.map(ToOwned::to_owned);
        self.writer.run(move |work| Box::pin(sent(work, id, platform_id, now))).await
    }

    /// Records that one more piece of a leased message has arrived: after a crash or a failure it goes on behind it.
    pub async fn piece_sent(&self, id: OutgoingId) -> Result<()> {
        let sent = sqlx::query("UPDATE outbox SET pieces = pieces + 1, begun = 0 WHERE id = ? AND state = 'leased'");
        self.writer.execute(sent.bind(id.to_string())).await
    }

    /// Puts a leased message back for a later try. Does nothing where it is not leased.
    pub async fn retry(&self, id: OutgoingId, at: Timestamp, error: &str) -> Result<()> {
        let error = shortened(error);
        self.writer.run(move |work| Box::pin(put_back(work, id, at, Some(error)))).await
    }

    /// Puts a leased message back that was not tried, because its turn has not come: no attempt is counted.
    pub async fn postpone(&self, id: OutgoingId, at: Timestamp) -> Result<()> {
        self.writer.run(move |work| Box::pin(put_back(work, id, at, None))).await
    }

    /// Gives a message up; an escalation (`Undelivered`) tells a person, except for a mailing, whose failures are only counted.
    /// Does nothing where it is neither queued nor leased.
    pub async fn fail(&self, id: OutgoingId, error: &str, now: Timestamp) -> Result<()> {
        let error = shortened(error);
        self.writer.run(move |work| Box::pin(give_up(work, id, Undelivered::Failed, error, now))).await
    }

    /// It may or may not have arrived: not sent again; otherwise like [`Store::fail`].
    pub async fn uncertain(&self, id: OutgoingId, error: &str, now: Timestamp) -> Result<()> {
        let error = shortened(error);
        self.writer.run(move |work| Box::pin(give_up(work, id, Undelivered::Uncertain, error, now))).await
    }

    /// Before a channel's first lease: whatever is leased there was left by one who sends no more, in this process or one that died. What
    /// had not begun is queued again, the rest becomes uncertain. Only one process may run the service, and only one loop send for a channel.
    pub async fn recover(&self, channel: &str, now: Timestamp) -> Result<Recovered> {
        let channel = channel.to_owned();
        self.writer.run(move |work| Box::pin(recover(work, channel, now))).await
    }
}

fn shortened(error: &str) -> String {
    error.chars().take(MAX_ERROR).collect()
}

/// Queues a reply inside a job; `audit` is the row of who wrote it.
pub(super) async fn queue(
    connection: &mut SqliteConnection,
    conversation: ConversationId,
    outgoing: &Outgoing,
    audit: i64,
    now: Timestamp,
) -> Result<()> {
    queue_as(connection, OutgoingId::new(), conversation, outgoing, audit, now).await
}

/// Queues a reply under an id that no other message has.
pub(super) async fn queue_as(
    connection: &mut SqliteConnection,
    id: OutgoingId,
    conversation: ConversationId,
    outgoing: &Outgoing,
    audit: i64,
    now: Timestamp,
) -> Result<()> {
    // Who stopped or blocked us is written to no more: it fails at once, and whoever looks sees why. Who is in danger is written to first.
    let agent = match &outgoing.author {
        Author::Bot => None,
        Author::Agent(name) => Some(name),
    };
    sqlx::query(
        "INSERT INTO outbox (id, conversation, agent, text, short, choices, language, queued_at, queued_after, next_try_at,
         audit, channel, state, error, reply_to, urgent)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, (SELECT cursor FROM counter), ?8, ?9, c.channel,
            iif(c.silenced IS NULL, 'queued', 'failed'), c.silenced,
            (SELECT reply_to FROM inbox WHERE conversation = ?2 ORDER BY (audit IS ?9) DESC, cursor DESC LIMIT 1),
            EXISTS (SELECT 1 FROM escalations WHERE conversation = ?2 AND resolved_at IS NULL AND urgency = 'danger')
         FROM conversations c WHERE c.id = ?2",
    )
    .bind(id.to_string())
    .bind(conversation.to_string())
    .bind(agent)
    .bind(&outgoing.text)
    .bind(&outgoing.short)
    .bind(to_json("choice", &outgoing.choices)?)
    .bind(outgoing.language.as_str())
    .bind(micros(now))
    .bind(audit)
    .execute(connection)
    .await?;
    Ok(())
}

async fn put_back(work: &mut Work, id: OutgoingId, at: Timestamp, error: Option<String>) -> Result<()> {
    let channel: Option<String> = sqlx::query_scalar(
        "UPDATE outbox SET state = 'queued', next_try_at = ?1, attempts = attempts - (?2 IS NULL),
         error = ifnull(?2, error), begun = 0 WHERE id = ?3 AND state = 'leased' RETURNING channel",
    )
    .bind(micros(at))
    .bind(error)
    .bind(id.to_string())
    .fetch_optional(&mut work.connection)
    .await?;
    work.changes.outbox.extend(channel);
    Ok(())
}

async fn begin(work: &mut Work, id: OutgoingId) -> Result<bool> {
    let begun = sqlx::query("UPDATE outbox SET begun = 1 WHERE id = ? AND state = 'leased'");
    Ok(begun.bind(id.to_string()).execute(&mut work.connection).await?.rows_affected() == 1)
}

async fn take(work: &mut Work, channel: String, now: Timestamp, limit: u32, ordinary: u32) -> Result<Vec<Leased>> {
    let connection = &mut work.connection;
    let rows = sqlx::query(
        "SELECT o.seq, o.urgent, o.id, o.conversation, o.channel, c.place, o.reply_to, o.agent, o.text, o.short, o.choices, o.language,
            o.attempts, o.pieces, o.queued_at, (SELECT p.platform_id FROM outbox p WHERE p.conversation = o.conversation
                AND p.reply_to = o.reply_to AND p.state = 'sent' ORDER BY p.cursor DESC LIMIT 1) AS follows
         FROM outbox o JOIN conversations c ON c.id = o.conversation
         WHERE o.state = 'queued' AND o.channel = ? AND o.next_try_at <= ? AND NOT EXISTS (
            SELECT 1 FROM outbox e
            WHERE e.conversation = o.conversation AND e.state IN ('queued', 'leased')
            AND (e.state = 'leased' OR e.urgent > o.urgent OR (e.urgent = o.urgent AND (e.bulk, e.seq) < (o.bulk, o.seq)))
         )
         ORDER BY o.urgent DESC, o.bulk, o.next_try_at, o.seq LIMIT ?",
    )
    .bind(channel)
    .bind(micros(now))
    .bind(limit)
    .fetch_all(&mut *connection)
    .await?;

    let mut taken = Vec::with_capacity(rows.len());
    let mut numbers: Vec<i64> = Vec::with_capacity(rows.len());
    for row in rows {
        let message = leased(&row)?;
        if message.urgent || taken.len() < ordinary as usize {
            numbers.push(row.try_get("seq")?);
            taken.push(message);
        }
    }
    if !taken.is_empty() {
        sqlx::query(
            "UPDATE outbox SET state = 'leased', attempts = attempts + 1 WHERE seq IN (SELECT value FROM json_each(?))",
        )
        .bind(to_json("id", &numbers)?)
        .execute(&mut *connection)
        .await?;
    }
    Ok(taken)
}

fn leased(row: &SqliteRow) -> Result<Leased> {
    Ok(Leased {
        id: OutgoingId(uuid(row.try_get("id")?)?),
        conversation: ConversationId(uuid(row.try_get("conversation")?)?),
        channel: row.try_get("channel")?,
        place: row.try_get("place")?,
        reply_to: row.try_get("reply_to")?,
        follows: row.try_get("follows")?,
        outgoing: Outgoing {
            text: row.try_get("text")?,
            short: row.try_get("short")?,
            choices: from_json("choice", row.try_get("choices")?)?,
            author: row.try_get::<Option<String>, _>("agent")?.map_or(Author::Bot, Author::Agent),
            language: row
                .try_get::<&str, _>("language")?
                .parse::<Language>()
                .map_err(|error| rows::corrupt("language", &error))?,
        },
        attempt: row.try_get::<u32, _>("attempts")? + 1,
        pieces: row.try_get::<u32, _>("pieces")? as usize,
        urgent: row.try_get("urgent")?,
        queued_at: moment(row.try_get("queued_at")?)?,
    })
}

async fn sent(work: &mut Work, id: OutgoingId, platform_id: Option<String>, now: Timestamp) -> Result<()> {
    let connection = &mut work.connection;
    // Not there: it was erased while it was on its way.
    let row = sqlx::query("SELECT conversation, channel FROM outbox WHERE id = ? AND state <> 'sent'")
        .bind(id.to_string())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else {
        return Ok(());
    };
    let cursor = rows::take_cursor(&mut *connection).await?;
    sqlx::query(
        "UPDATE outbox SET state = 'sent', cursor = ?, platform_id = ?, sent_at = ?, error = NULL, begun = 0 WHERE id = ?",
    )
    .bind(cursor)
    .bind(platform_id)
    .bind(micros(now))
    .bind(id.to_string())
    .execute(&mut *connection)
    .await?;
    work.changes.conversations.push(ConversationId(uuid(row.try_get("conversation")?)?));
    work.changes.outbox.push(row.try_get("channel")?);
    Ok(())
}

pub(super) async fn give_up(
    work: &mut Work,
    id: OutgoingId,
    how: Undelivered,
    error: String,
    now: Timestamp,
) -> Result<()> {
    let connection = &mut work.connection;
    let row = sqlx::query(
        "UPDATE outbox SET state = ?, error = ?
         WHERE id = ? AND state IN ('queued', 'leased') RETURNING conversation, channel, bulk AND grp IS NULL AS mailing",
    )
    .bind(how.state())
    .bind(error)
    .bind(id.to_string())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else {
        return Ok(());
    };
    // A mailing that fails to reach thousands would bury the people who need an agent. A group's answer is one to a question.
    if !row.try_get::<bool, _>("mailing")? {
        let conversation = ConversationId(uuid(row.try_get("conversation")?)?);
        undelivered(&mut *connection, conversation, how, now).await?;
        work.changes.desk = true;
        work.changes.conversations.push(conversation);
    }
    work.changes.outbox.push(row.try_get("channel")?);
    Ok(())
}

async fn recover(work: &mut Work, channel: String, now: Timestamp) -> Result<Recovered> {
    // `<> 'sent'` is what the index is limited to: SQLite does not conclude it from `= 'leased'`.
    let rows = sqlx::query(
        "SELECT o.id, o.begun FROM outbox o INDEXED BY outbox_state
         WHERE o.state = 'leased' AND o.state <> 'sent' AND o.channel = ? ORDER BY o.seq",
    )
    .bind(&channel)
    .fetch_all(&mut work.connection)
    .await?;
    let mut recovered = Recovered::default();
    for row in rows {
        let id = OutgoingId(uuid(row.try_get("id")?)?);
        if row.try_get("begun")? {
            let error = "the service stopped while it was being sent".to_owned();
            give_up(work, id, Undelivered::Uncertain, error, now).await?;
            recovered.uncertain += 1;
        } else {
            put_back(work, id, now, None).await?;
            recovered.requeued += 1;
        }
    }
    Ok(recovered)
}
