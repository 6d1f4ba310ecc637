//! What agents do with escalations: claim, release, hand over, reply, resolve.
//!
//! Each is one transaction, so that of two agents who do the same at the same moment one is refused and told who was faster.
//! What the customer is to hear of it is queued in the same transaction.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::{
    Result, Store, StoreError, channels,
    escalations::find,
    notes::{drop_draft, note},
    outbox,
    promises::{self, NewPromise},
    rows::{Audit, find_conversation, micros, save_memory},
    users,
    writer::Work,
};
use crate::{
    conversation::{Conversation, EscalationId, Standing},
    message::{Author, Outgoing, OutgoingId},
    policy::MAX_TEXT_BYTES,
    reading::Language,
};

/// The longest name of an agent that is looked at, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// How an open escalation gets to another owner, or to none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handling {
    /// The agent takes it from the queue; refused if another one has it.
    Claim,
    /// The agent takes it, whoever has it: they know of each other.
    TakeOver,
    /// The agent who has it puts it back into the queue.
    Release,
    /// The agent who has it gives it to another one.
    HandOver { to: String },
    /// Its agent left the customer waiting: back to the queue. The agent named is the one who had it.
    Lapse,
}

impl Handling {
    /// The word of the audit trail.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::TakeOver => "take_over",
            Self::Release => "release",
            Self::HandOver { .. } => "hand_over",
            Self::Lapse => "lapse",
        }
    }
}

/// An agent's words to a customer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewReply<'a> {
    /// Markdown, at most [`MAX_TEXT_BYTES`].
    pub text: &'a str,
    /// Chosen by who sends it: the same reply sent twice, after a lost connection say, is said once. None: it is a reply of its own.
    pub id: Option<OutgoingId>,
    /// What the words promise; the agent owns it.
    pub promise: Option<NewPromise>,
}

impl<'a> From<&'a str> for NewReply<'a> {
    fn from(text: &'a str) -> Self {
        Self { text, ..Self::default() }
    }
}

impl Store {
    /// Changes who has an escalation, and queues what the customer is to hear of it.
    ///
    /// # Errors
    /// [`StoreError::NoEscalation`], [`StoreError::AlreadyResolved`], [`StoreError::ClaimedBy`] (another agent has it) and
    /// [`StoreError::NotClaimed`] (to give away what one does not have); [`StoreError::Empty`] and [`StoreError::TooLong`] for names.
    pub async fn handle(
        &self,
        id: EscalationId,
        agent: &str,
        handling: Handling,
        say: Option<&Outgoing>,
        now: Timestamp,
    ) -> Result<()> {
        let agent = agent_name(agent)?;
        let say = say.cloned();
        self.writer.run(move |work| Box::pin(change_owner(work, id, agent, handling, say, now))).await
    }

    /// An agent's words to the customer: claims the escalation, if nobody has it yet, and queues them. What they promise is recorded with
    /// them, and the agent owns it. Gives whether this call said them, and not an earlier one with the same id.
    ///
    /// # Errors
    /// [`StoreError::NoEscalation`], [`StoreError::AlreadyResolved`], [`StoreError::ClaimedBy`] if another agent has it;
    /// [`StoreError::Silenced`] if the customer asked us to stop or blocked us; [`StoreError::IdTaken`] if the id is that of a message elsewhere; [`StoreError::Empty`] and [`StoreError::TooLong`] for the text (at most [`MAX_TEXT_BYTES`]) and the agent's name.
    pub async fn reply(
        &self,
        id: EscalationId,
        agent: &str,
        reply: impl Into<NewReply<'_>>,
        now: Timestamp,
    ) -> Result<bool> {
        let NewReply { text, id: own, promise } = reply.into();
        let agent = agent_name(agent)?;
        let text = checked("text", text, MAX_TEXT_BYTES)?;
        let promise = promise.map(|promise| {
            let words = checked("promise", &promise.words, promises::MAX_WORDS_BYTES)?;
            Ok::<_, StoreError>(NewPromise { words, ..promise })
        });
        let words = Words { text, id: own.unwrap_or_default(), promise: promise.transpose()? };
        self.writer.run(move |work| Box::pin(self::reply(work, id, agent, words, now))).await
    }

    /// Closes it; the bot has the conversation again. The note is for agents, `say` for the customer.
    ///
    /// # Errors
    /// Like [`Store::reply`], but also where the customer is not written to.
    pub async fn resolve(
        &self,
        id: EscalationId,
        agent: &str,
        note: Option<&str>,
        say: Option<&Outgoing>,
        now: Timestamp,
    ) -> Result<()> {
        let agent = agent_name(agent)?;
        let note = note.filter(|note| !note.trim().is_empty());
        let note = note.map(|note| checked("note", note, MAX_TEXT_BYTES)).transpose()?;
        let say = say.cloned();
        self.writer.run(move |work| Box::pin(resolve(work, id, agent, note, say, now))).await
    }
}

pub(super) async fn change_owner(
    work: &mut Work,
    id: EscalationId,
    agent: String,
    handling: Handling,
    say: Option<Outgoing>,
    now: Timestamp,
) -> Result<()> {
    let owner = match &handling {
        Handling::Claim | Handling::TakeOver => Some(agent.clone()),
        Handling::HandOver { to } => Some(agent_name(to)?),
        Handling::Release | Handling::Lapse => None,
    };
    let connection = &mut work.connection;
    let (mut conversation, has_it, waits) = find_open(connection, id).await?;
    match (has_it, &handling) {
        (_, Handling::TakeOver) => {}
        (Some(other), _) if other != agent => return Err(StoreError::ClaimedBy { id, agent: other }),
        // A claim said twice changes nothing, and the customer hears of it once.
        (Some(_), Handling::Claim) => return Ok(()),
        (Some(_), _) | (None, Handling::Claim) => {}
        (None, _) => return Err(StoreError::NotClaimed(id)),
    }
    let lapsed = handling == Handling::Lapse;
    if lapsed {
        // Answered since it was looked at.
        if !waits {
            return Err(StoreError::Conflict);
        }
        let told = format!("{agent} left the customer waiting: back in the queue.");
        note(connection, id, None, &told, None, now).await?;
    }
    // Who waits and had an agent hears from the clocks at once how it goes on.
    sqlx::query(
        "UPDATE escalations SET claimed_by = ?1, claimed_at = iif(?1 IS NULL, NULL, ?2), lapses = lapses + ?3,
         lapsed_from = iif(?3, ?4, lapsed_from), joined_at = iif(?6, ?2, joined_at),
         look_at = iif(?1 IS NULL AND waiting_since IS NOT NULL, ?2, look_at) WHERE id = ?5",
    )
    .bind(&owner)
    .bind(micros(now))
    .bind(lapsed)
    .bind(&agent)
    .bind(id.0)
    .bind(say.is_some() && owner.is_some())
    .execute(&mut *connection)
    .await?;
    conversation.memory.standing = if owner.is_some() { Standing::Agent } else { Standing::Waiting };
    save_memory(connection, &conversation).await?;
    let audit = audit(connection, handling.as_str(), &conversation, id, &agent, now).await?;
    speak(work, &conversation, say, audit, now).await
}

/// A checked reply.
pub(super) struct Words {
    pub text: String,
    pub id: OutgoingId,
    pub promise: Option<NewPromise>,
}

pub(super) async fn reply(
    work: &mut Work,
    id: EscalationId,
    agent: String,
    words: Words,
    now: Timestamp,
) -> Result<bool> {
    let connection = &mut work.connection;
    let said: Option<Option<i64>> =
        sqlx::query_scalar("SELECT a.escalation FROM outbox o LEFT JOIN audit a ON a.id = o.audit WHERE o.id = ?")
            .bind(words.id.to_string())
            .fetch_optional(&mut *connection)
            .await?;
    match said {
        None => {}
        // Also where the escalation is resolved by now, or somebody else's.
        Some(of) if of == Some(id.0) => return Ok(false),
        Some(_) => return Err(StoreError::IdTaken(words.id)),
    }
    let Words { text, id: own, promise } = words;
    let (mut conversation, has_it, _) = find_open(connection, id).await?;
    if let Some(other) = has_it.filter(|other| *other != agent) {
        return Err(StoreError::ClaimedBy { id, agent: other });
    }
    if let Some(why) = channels::silence_of(connection, conversation.id).await? {
        return Err(StoreError::Silenced { id, why });
    }
    sqlx::query(
        "UPDATE escalations SET claimed_by = ?1, claimed_at = ifnull(claimed_at, ?2), waiting_since = NULL, due_at = NULL,
         look_at = NULL, still_waiting = 0 WHERE id = ?3",
    )
    .bind(&agent)
    .bind(micros(now))
    .bind(id.0)
    .execute(&mut *connection)
    .await?;
    conversation.memory.standing = Standing::Agent;
    save_memory(connection, &conversation).await?;
    let audit = audit(connection, "reply", &conversation, id, &agent, now).await?;
    if let Some(promise) = promise {
        promises::by_agent(connection, conversation.id, id, &agent, &promise, now).await?;
    }
    drop_draft(work, id, &agent).await?;
    let language = conversation.memory.language.unwrap_or(Language::ENGLISH);
    let outgoing = Outgoing { text, short: None, choices: Vec::new(), author: Author::Agent(agent), language };
    outbox::queue_as(&mut work.connection, own, conversation.id, &outgoing, audit, now).await?;
    work.changes.outbox.push(conversation.channel.clone());
    speak(work, &conversation, None, audit, now).await?;
    Ok(true)
}

pub(super) async fn resolve(
    work: &mut Work,
    id: EscalationId,
    agent: String,
    words: Option<String>,
    say: Option<Outgoing>,
    now: Timestamp,
) -> Result<()> {
    let connection = &mut work.connection;
    let (mut conversation, has_it, _) = find_open(connection, id).await?;
    if let Some(other) = has_it.filter(|other| *other != agent) {
        return Err(StoreError::ClaimedBy { id, agent: other });
    }
    sqlx::query(
        "UPDATE escalations SET resolved_by = ?, resolved_at = ?, waiting_since = NULL, due_at = NULL, look_at = NULL
         WHERE id = ?",
    )
    .bind(&agent)
    .bind(micros(now))
    .bind(id.0)
    .execute(&mut *connection)
    .await?;
    conversation.memory.standing = Standing::Bot;
    conversation.memory.offered.clear();
    conversation.memory.warned.clear();
    save_memory(connection, &conversation).await?;
    let audit = audit(connection, "resolve", &conversation, id, &agent, now).await?;
    if let Some(words) = words {
        note(connection, id, Some(&agent), &words, Some(audit), now).await?;
    }
    drop_draft(work, id, &agent).await?;
    speak(work, &conversation, say, audit, now).await
}

/// Queues what the customer is to hear and tells those who look on.
pub(super) async fn speak(
    work: &mut Work,
    conversation: &Conversation,
    say: Option<Outgoing>,
    audit: i64,
    now: Timestamp,
) -> Result<()> {
    if let Some(outgoing) = say {
        outbox::queue(&mut work.connection, conversation.id, &outgoing, audit, now).await?;
        work.changes.outbox.push(conversation.channel.clone());
    }
    work.changes.desk = true;
    work.changes.conversations.push(conversation.id);
    Ok(())
}

async fn audit(
    connection: &mut SqliteConnection,
    kind: &'static str,
    conversation: &Conversation,
    id: EscalationId,
    agent: &str,
    now: Timestamp,
) -> Result<i64> {
    let audit = Audit {
        kind,
        conversation: Some(conversation.id),
        escalation: Some(id.0),
        agent: Some(agent),
        ..Audit::default()
    };
    audit.insert(connection, now).await
}

/// The conversation of an escalation that is still open, who has it, and whether the customer waits for words.
async fn find_open(
    connection: &mut SqliteConnection,
    id: EscalationId,
) -> Result<(Conversation, Option<String>, bool)> {
    let escalation = find(connection, id).await?;
    if escalation.resolved_at.is_some() {
        return Err(StoreError::AlreadyResolved(id));
    }
    let conversation = find_conversation(connection, escalation.conversation).await?;
    let waits = escalation.waiting_since.is_some();
    Ok((conversation.ok_or(StoreError::NoEscalation(id))?, escalation.claimed_by, waits))
}

/// An agent's name, wherever they act from: what an account may be called, and nothing else, since customers read it.
pub(super) fn agent_name(name: &str) -> Result<String> {
    users::name(&checked("agent's name", name, MAX_NAME_BYTES)?)
}

pub(super) fn checked(what: &'static str, text: &str, limit: usize) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        Err(StoreError::Empty(what))
    } else if text.len() > limit {
        Err(StoreError::TooLong { what, limit })
    } else {
        Ok(text.to_owned())
    }
}
