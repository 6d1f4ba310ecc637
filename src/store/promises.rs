//! What customers were promised: recorded with the words that promise it, and settled as kept, broken or withdrawn.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    Result, Store, StoreError,
    escalations::open_or_raise,
    handling::{agent_name, speak},
    notes::note,
    rows::{Audit, corrupt, find_conversation, micros, moment, save_memory, uuid},
    writer::Work,
};
use crate::{
    conversation::{Escalation, EscalationId, Promise, PromiseId, Reason, Standing, Urgency},
    message::{ConversationId, Outgoing},
    reading::Language,
};

/// The longest words of a promise, in bytes: a line in a list.
pub const MAX_WORDS_BYTES: usize = 500;

/// A promise that an agent makes with a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPromise {
    /// What is promised, for the desk.
    pub words: String,
    pub due_at: Timestamp,
    /// When its owner is reminded.
    pub remind_at: Timestamp,
}

/// A promise as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromiseRecord {
    pub id: PromiseId,
    pub conversation: ConversationId,
    pub channel: String,
    /// The escalation in which an agent made it.
    pub escalation: Option<EscalationId>,
    /// The agent who keeps it; None: the bot.
    pub owner: Option<String>,
    /// Of the bot: the intent whose answer is said anew when it falls due.
    pub intent: Option<String>,
    pub words: String,
    /// The customer's, where it is known.
    pub language: Option<Language>,
    pub made_at: Timestamp,
    pub due_at: Timestamp,
    pub look_at: Option<Timestamp>,
    pub reminded_at: Option<Timestamp>,
    /// When the customer was told that it is not kept yet.
    pub told_at: Option<Timestamp>,
    pub settled_at: Option<Timestamp>,
    /// None: open.
    pub outcome: Option<Outcome>,
    /// How it was settled in the end: one that was broken may have been kept late. None where it is open.
    pub settled_as: Option<Outcome>,
}

impl PromiseRecord {
    /// What became of it, in a word or two for people.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> &'static str {
        match (self.settled_at, self.outcome, self.settled_as) {
            (None, ..) if self.due_at <= now => "late",
            (None, ..) => "open",
            (Some(_), Some(Outcome::Broken), Some(Outcome::Kept)) => "kept late",
            (Some(_), Some(Outcome::Broken), Some(Outcome::Withdrawn)) => "late, withdrawn",
            (Some(_), outcome, _) => outcome.map_or("settled", Outcome::as_str),
        }
    }
}

/// What became of a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Kept,
    /// Not kept by its time; it may still be settled later.
    Broken,
    Withdrawn,
}

impl Outcome {
    /// The word in the store, in pages and in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Broken => "broken",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// Which promises to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromiseFilter {
    /// Those that somebody still has to keep, also late.
    Open,
    All,
    /// Of one conversation.
    Of(ConversationId),
}

/// What the clocks do about a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromiseStep {
    /// Its owner is reminded by a note.
    Remind,
    /// The bot says its answer anew.
    Keep(Outgoing),
    /// It was not kept by its time: the customer hears so, and a person takes it up.
    Late(Outgoing),
}

macro_rules! select_promises {
    ($rest:literal) => {
        concat!(
            "SELECT p.*, c.channel, c.memory ->> '$.language' AS language FROM promises p
             JOIN conversations c ON c.id = p.conversation ",
            $rest
        )
    };
}

impl Store {
    /// Promises, the one due first on top.
    pub async fn promises(&self, filter: PromiseFilter) -> Result<Vec<PromiseRecord>> {
        let sql = match filter {
            PromiseFilter::Open => {
                select_promises!("WHERE p.settled_at IS NULL AND ?1 IS NULL ORDER BY p.due_at, p.id")
            }
            PromiseFilter::All => {
                select_promises!("WHERE ?1 IS NULL ORDER BY p.settled_at IS NOT NULL, p.due_at, p.id")
            }
            PromiseFilter::Of(_) => {
                select_promises!("WHERE p.conversation = ?1 ORDER BY p.settled_at IS NOT NULL, p.due_at, p.id")
            }
        };
        let conversation = match filter {
            PromiseFilter::Of(conversation) => Some(conversation.to_string()),
            _ => None,
        };
        sqlx::query(sql).bind(conversation).fetch_all(&self.readers).await?.iter().map(promise).collect()
    }

    /// Promises that the clocks are to look at by `now`, the one due longest first.
    pub async fn promises_due(&self, now: Timestamp, limit: u32) -> Result<Vec<PromiseRecord>> {
        let rows =
            sqlx::query(select_promises!("WHERE p.look_at IS NOT NULL AND p.look_at <= ? ORDER BY p.look_at LIMIT ?"));
        rows.bind(micros(now)).bind(limit).fetch_all(&self.readers).await?.iter().map(promise).collect()
    }

    /// An agent says that it is kept, or withdraws it. One that was broken stays so, and nobody has to do anything any more.
    ///
    /// # Errors
    /// [`StoreError::NoPromise`], [`StoreError::AlreadySettled`]; [`StoreError::Empty`] and [`StoreError::TooLong`] for the name.
    pub async fn settle_promise(&self, id: PromiseId, agent: &str, outcome: Outcome, now: Timestamp) -> Result<()> {
        let agent = agent_name(agent)?;
        self.writer.run(move |work| Box::pin(settle(work, id, agent, outcome, now))).await
    }

    /// Records what the clocks did about a promise, and queues what is said, in one transaction. Does nothing, and gives false, if it was
    /// settled or looked at meanwhile.
    pub async fn step_promise(&self, promise: &PromiseRecord, step: &PromiseStep, now: Timestamp) -> Result<bool> {
        let (promise, step) = (promise.clone(), step.clone());
        self.writer.run(move |work| Box::pin(take_step(work, promise, step, now))).await
    }
}

/// Records inside a job what an agent's reply promises.
pub(super) async fn by_agent(
    connection: &mut SqliteConnection,
    conversation: ConversationId,
    escalation: EscalationId,
    agent: &str,
    promise: &NewPromise,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO promises (conversation, escalation, owner, words, made_at, due_at, look_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(conversation.to_string())
    .bind(escalation.0)
    .bind(agent)
    .bind(&promise.words)
    .bind(micros(now))
    .bind(micros(promise.due_at))
    .bind(micros(promise.remind_at))
    .execute(connection)
    .await?;
    Ok(())
}

/// Records inside a job what an answer promises. Promised again by the same answer, the newer time stands.
pub(super) async fn by_bot(
    connection: &mut SqliteConnection,
    conversation: ConversationId,
    promise: &Promise,
    now: Timestamp,
) -> Result<()> {
    let again = sqlx::query(
        "UPDATE promises SET due_at = ?1, look_at = ?1, words = ?2
         WHERE conversation = ?3 AND intent = ?4 AND owner IS NULL AND settled_at IS NULL AND outcome IS NULL",
    )
    .bind(micros(promise.due_at))
    .bind(&promise.words)
    .bind(conversation.to_string())
    .bind(&promise.intent)
    .execute(&mut *connection)
    .await?;
    if again.rows_affected() > 0 {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO promises (conversation, intent, words, made_at, due_at, look_at) VALUES (?, ?, ?, ?, ?5, ?5)",
    )
    .bind(conversation.to_string())
    .bind(&promise.intent)
    .bind(&promise.words)
    .bind(micros(now))
    .bind(micros(promise.due_at))
    .execute(connection)
    .await?;
    Ok(())
}

async fn settle(work: &mut Work, id: PromiseId, agent: String, outcome: Outcome, now: Timestamp) -> Result<()> {
    let connection = &mut work.connection;
    let row = sqlx::query(select_promises!("WHERE p.id = ?")).bind(id.0).fetch_optional(&mut *connection).await?;
    let found = promise(&row.ok_or(StoreError::NoPromise(id))?)?;
    if found.settled_at.is_some() {
        return Err(StoreError::AlreadySettled(id));
    }
    sqlx::query("UPDATE promises SET settled_at = ?1, outcome = ifnull(outcome, ?2), settled_as = ?2, look_at = NULL WHERE id = ?3")
        .bind(micros(now))
        .bind(outcome.as_str())
        .bind(id.0)
        .execute(&mut *connection)
        .await?;
    let kind = if outcome == Outcome::Withdrawn { "withdraw_promise" } else { "keep_promise" };
    let audit = Audit {
        kind,
        conversation: Some(found.conversation),
        escalation: found.escalation.map(|id| id.0),
        agent: Some(&agent),
        ..Audit::default()
    };
    audit.insert(connection, now).await?;
    work.changes.desk = true;
    work.changes.conversations.push(found.conversation);
    Ok(())
}

async fn take_step(work: &mut Work, promise: PromiseRecord, step: PromiseStep, now: Timestamp) -> Result<bool> {
    let connection = &mut work.connection;
    macro_rules! step {
        ($set:literal) => {
            concat!("UPDATE promises SET ", $set, " WHERE id = ?2 AND look_at IS ?3 AND settled_at IS NULL")
        };
    }
    let sql = match step {
        PromiseStep::Remind => step!("look_at = due_at, reminded_at = ?1"),
        PromiseStep::Keep(_) => step!("look_at = NULL, settled_at = ?1, outcome = 'kept', settled_as = 'kept'"),
        PromiseStep::Late(_) => step!("look_at = NULL, told_at = ?1, outcome = 'broken'"),
    };
    let changed = sqlx::query(sql)
        .bind(micros(now))
        .bind(promise.id.0)
        .bind(promise.look_at.map(micros))
        .execute(&mut *connection)
        .await?;
    let conversation = find_conversation(connection, promise.conversation).await?;
    let Some(mut conversation) = conversation.filter(|_| changed.rows_affected() == 1) else { return Ok(false) };
    let (escalation, told, say) = match step {
        PromiseStep::Remind => (promise.escalation, "A promise falls due soon", None),
        PromiseStep::Keep(say) => (None, "", Some(say)),
        PromiseStep::Late(say) => {
            let wanted = Escalation {
                reason: Reason::Promise,
                urgency: Urgency::High,
                intents: promise.intent.iter().cloned().collect(),
                due_at: None,
                look_at: None,
            };
            let (id, _) = open_or_raise(connection, conversation.id, &wanted, now).await?;
            sqlx::query("UPDATE escalations SET waiting_since = ifnull(waiting_since, ?) WHERE id = ?")
                .bind(micros(now))
                .bind(id.0)
                .execute(&mut *connection)
                .await?;
            if conversation.memory.standing == Standing::Bot {
                conversation.memory.standing = Standing::Waiting;
                save_memory(connection, &conversation).await?;
            }
            (Some(id), "A promise fell due and is not kept; the customer was told so", Some(say))
        }
    };
    if let Some(id) = escalation {
        let owner = promise.owner.as_deref().unwrap_or("the bot");
        note(connection, id, None, &format!("{told}: {} ({owner})", promise.words), None, now).await?;
    }
    let audit = Audit {
        kind: "clock",
        conversation: Some(conversation.id),
        escalation: escalation.map(|id| id.0),
        ..Audit::default()
    };
    let audit = audit.insert(connection, now).await?;
    speak(work, &conversation, say, audit, now).await?;
    Ok(true)
}

fn promise(row: &SqliteRow) -> Result<PromiseRecord> {
    let time = |column| row.try_get::<Option<i64>, _>(column)?.map(moment).transpose();
    let language: Option<&str> = row.try_get("language")?;
    Ok(PromiseRecord {
        id: PromiseId(row.try_get("id")?),
        conversation: ConversationId(uuid(row.try_get("conversation")?)?),
        channel: row.try_get("channel")?,
        escalation: row.try_get::<Option<i64>, _>("escalation")?.map(EscalationId),
        owner: row.try_get("owner")?,
        intent: row.try_get("intent")?,
        words: row.try_get("words")?,
        language: language.map(str::parse).transpose().map_err(|error| corrupt("language", &error))?,
        made_at: moment(row.try_get("made_at")?)?,
        due_at: moment(row.try_get("due_at")?)?,
        look_at: time("look_at")?,
        reminded_at: time("reminded_at")?,
        told_at: time("told_at")?,
        settled_at: time("settled_at")?,
        outcome: row.try_get::<Option<&str>, _>("outcome")?.map(outcome).transpose()?,
        settled_as: row.try_get::<Option<&str>, _>("settled_as")?.map(outcome).transpose()?,
    })
}

/// The outcome that a word in the store stands for.
pub(super) fn outcome(word: &str) -> Result<Outcome> {
    let known = [Outcome::Kept, Outcome::Broken, Outcome::Withdrawn];
    known.into_iter().find(|outcome| outcome.as_str() == word).ok_or_else(|| corrupt("outcome", &word))
}
