//! Hand-overs to people, and what agents do with them.

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    Result, Store, StoreError,
    outbox::{self, Undelivered},
    rows::{self, Audit, find_conversation, from_json, micros, moment, save_memory, to_json, uuid},
    writer::Work,
};
use crate::{
    conversation::{Conversation, Escalation, EscalationId, Reason, Standing, Urgency},
    message::{Author, ConversationId, Outgoing},
    policy::MAX_TEXT_BYTES,
    reading::Language,
};

/// The longest name of an agent, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// An escalation as people see it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct EscalationRecord {
    pub id: EscalationId,
    pub conversation: ConversationId,
    pub channel: String,
    pub reason: Reason,
    pub urgency: Urgency,
    /// What the customer probably wants, most probable first; may be empty.
    pub intents: Vec<String>,
    pub opened_at: Timestamp,
    /// The agent who has it.
    pub claimed_by: Option<String>,
    pub claimed_at: Option<Timestamp>,
    pub resolved_by: Option<String>,
    pub resolved_at: Option<Timestamp>,
    /// For agents: what went wrong on the way, and what was noted when it was resolved.
    pub note: Option<String>,
}

/// Which escalations to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EscalationFilter {
    Open,
    /// The resolved ones too.
    All,
}

impl Store {
    /// The escalations: open ones first, most urgent first, then oldest first.
    pub async fn escalations(&self, filter: EscalationFilter) -> Result<Vec<EscalationRecord>> {
        // Both are told in full: a statement is a constant, and the open ones are found by their index.
        let sql = match filter {
            EscalationFilter::Open => {
                "SELECT e.*, c.channel FROM escalations e JOIN conversations c ON c.id = e.conversation
                 WHERE e.resolved_at IS NULL ORDER BY e.id"
            }
            EscalationFilter::All => {
                "SELECT e.*, c.channel FROM escalations e JOIN conversations c ON c.id = e.conversation ORDER BY e.id"
            }
        };
        let rows = sqlx::query(sql).fetch_all(&self.readers).await?;
        let mut records = rows.iter().map(record).collect::<Result<Vec<_>>>()?;
        records.sort_by_key(|record| (record.resolved_at.is_some(), std::cmp::Reverse(record.urgency), record.id));
        Ok(records)
    }

    /// One escalation.
    ///
    /// # Errors
    /// [`StoreError::NoEscalation`]
    pub async fn escalation(&self, id: EscalationId) -> Result<EscalationRecord> {
        let mut reader = self.readers.acquire().await?;
        find(&mut reader, id).await
    }

    /// An agent's words to the customer: claims the escalation, if nobody has it yet, and queues them. Who claimed it first
    /// keeps it, but others may help.
    ///
    /// # Errors
    /// [`StoreError::NoEscalation`], [`StoreError::AlreadyResolved`]; [`StoreError::Empty`] and [`StoreError::TooLong`] for
    /// the text (at most [`MAX_TEXT_BYTES`]) and the agent's name.
    pub async fn reply(&self, id: EscalationId, agent: &str, text: &str, now: Timestamp) -> Result<()> {
        let agent = checked("agent's name", agent, MAX_NAME_BYTES)?;
        let text = checked("text", text, MAX_TEXT_BYTES)?;
        self.writer.run(move |work| Box::pin(reply(work, id, agent, text, now))).await
    }

    /// Closes it; the bot has the conversation again. The note is for agents.
    ///
    /// # Errors
    /// Like [`Store::reply`].
    pub async fn resolve(&self, id: EscalationId, agent: &str, note: Option<&str>, now: Timestamp) -> Result<()> {
        let agent = checked("agent's name", agent, MAX_NAME_BYTES)?;
        let note = note.filter(|note| !note.trim().is_empty());
        let note = note.map(|note| checked("note", note, MAX_TEXT_BYTES)).transpose()?;
        self.writer.run(move |work| Box::pin(resolve(work, id, agent, note, now))).await
    }
}

/// Opens an escalation inside a job, or raises the one that is open: the higher urgency and its reason win, the intents are
/// merged.
pub(super) async fn open_or_raise(
    connection: &mut SqliteConnection,
    conversation: ConversationId,
    wanted: &Escalation,
    now: Timestamp,
) -> Result<EscalationId> {
    let open = sqlx::query(
        "SELECT id, reason, urgency, intents FROM escalations WHERE conversation = ? AND resolved_at IS NULL",
    )
    .bind(conversation.to_string())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(open) = open else {
        let id = sqlx::query_scalar(
            "INSERT INTO escalations (conversation, reason, urgency, intents, opened_at) VALUES (?, ?, ?, ?, ?) RETURNING id",
        )
        .bind(conversation.to_string())
        .bind(rows::reason_word(wanted.reason))
        .bind(wanted.urgency.as_str())
        .bind(to_json("intent", &wanted.intents)?)
        .bind(micros(now))
        .fetch_one(connection)
        .await?;
        return Ok(EscalationId(id));
    };

    let id: i64 = open.try_get("id")?;
    let raised = raised(
        Escalation {
            reason: rows::reason(open.try_get("reason")?)?,
            urgency: rows::urgency(open.try_get("urgency")?)?,
            intents: from_json("intent", open.try_get("intents")?)?,
        },
        wanted,
    );
    sqlx::query("UPDATE escalations SET reason = ?, urgency = ?, intents = ? WHERE id = ?")
        .bind(rows::reason_word(raised.reason))
        .bind(raised.urgency.as_str())
        .bind(to_json("intent", &raised.intents)?)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(EscalationId(id))
}

/// An open escalation after another was asked for.
fn raised(open: Escalation, wanted: &Escalation) -> Escalation {
    let (mut first, second) = if wanted.urgency > open.urgency { (wanted.clone(), &open) } else { (open, wanted) };
    for intent in &second.intents {
        if !first.intents.contains(intent) {
            first.intents.push(intent.clone());
        }
    }
    first
}

/// Tells a person, inside a job, that a reply did not (or may not) have arrived: opens an escalation, or notes it on the
/// open one.
pub(super) async fn undelivered(
    connection: &mut SqliteConnection,
    conversation: ConversationId,
    how: Undelivered,
    now: Timestamp,
) -> Result<()> {
    let Some(mut found) = find_conversation(connection, conversation).await? else {
        return Ok(());
    };
    let wanted = Escalation { reason: Reason::Undelivered, urgency: Urgency::Normal, intents: Vec::new() };
    let id = open_or_raise(connection, conversation, &wanted, now).await?;
    let note = match how {
        Undelivered::Failed => "A reply could not be delivered.",
        Undelivered::Uncertain => "A reply may not have arrived.",
    };
    // Said once, however many replies it is about.
    sqlx::query(
        "UPDATE escalations SET note = concat_ws(char(10), note, ?1) WHERE id = ?2 AND instr(ifnull(note, ''), ?1) = 0",
    )
    .bind(note)
    .bind(id.0)
    .execute(&mut *connection)
    .await?;
    if found.memory.standing == Standing::Bot {
        found.memory.standing = Standing::Waiting;
        save_memory(connection, &found).await?;
    }
    let audit = Audit {
        kind: "undelivered",
        conversation: Some(conversation),
        reason: Some(Reason::Undelivered),
        escalation: Some(id.0),
        ..Audit::default()
    };
    audit.insert(connection, now).await?;
    Ok(())
}

async fn reply(work: &mut Work, id: EscalationId, agent: String, text: String, now: Timestamp) -> Result<()> {
    let connection = &mut work.connection;
    let mut conversation = find_open(connection, id).await?;
    sqlx::query("UPDATE escalations SET claimed_by = ?, claimed_at = ? WHERE id = ? AND claimed_by IS NULL")
        .bind(&agent)
        .bind(micros(now))
        .bind(id.0)
        .execute(&mut *connection)
        .await?;
    conversation.memory.standing = Standing::Agent;
    save_memory(connection, &conversation).await?;
    let audit = Audit {
        kind: "reply",
        conversation: Some(conversation.id),
        escalation: Some(id.0),
        agent: Some(&agent),
        ..Audit::default()
    };
    let audit = audit.insert(connection, now).await?;
    let language = conversation.memory.language.unwrap_or(Language::ENGLISH);
    let outgoing = Outgoing { text, short: None, choices: Vec::new(), author: Author::Agent(agent), language };
    outbox::queue(connection, conversation.id, &outgoing, audit, now).await?;
    work.changes.outbox.push(conversation.channel);
    work.changes.conversations.push(conversation.id);
    Ok(())
}

async fn resolve(work: &mut Work, id: EscalationId, agent: String, note: Option<String>, now: Timestamp) -> Result<()> {
    let connection = &mut work.connection;
    let mut conversation = find_open(connection, id).await?;
    sqlx::query(
        "UPDATE escalations SET resolved_by = ?, resolved_at = ?, note = nullif(concat_ws(char(10), note, ?), '') WHERE id = ?",
    )
    .bind(&agent)
    .bind(micros(now))
    .bind(note)
    .bind(id.0)
    .execute(&mut *connection)
    .await?;
    conversation.memory.standing = Standing::Bot;
    conversation.memory.offered.clear();
    conversation.memory.warned.clear();
    save_memory(connection, &conversation).await?;
    let audit = Audit {
        kind: "resolve",
        conversation: Some(conversation.id),
        escalation: Some(id.0),
        agent: Some(&agent),
        ..Audit::default()
    };
    audit.insert(connection, now).await?;
    work.changes.conversations.push(conversation.id);
    Ok(())
}

/// The conversation of an escalation that is still open.
async fn find_open(connection: &mut SqliteConnection, id: EscalationId) -> Result<Conversation> {
    let escalation = find(connection, id).await?;
    if escalation.resolved_at.is_some() {
        return Err(StoreError::AlreadyResolved(id));
    }
    find_conversation(connection, escalation.conversation).await?.ok_or(StoreError::NoEscalation(id))
}

async fn find(connection: &mut SqliteConnection, id: EscalationId) -> Result<EscalationRecord> {
    let row = sqlx::query(
        "SELECT e.*, c.channel FROM escalations e JOIN conversations c ON c.id = e.conversation WHERE e.id = ?",
    )
    .bind(id.0)
    .fetch_optional(connection)
    .await?;
    record(&row.ok_or(StoreError::NoEscalation(id))?)
}

fn record(row: &SqliteRow) -> Result<EscalationRecord> {
    let time = |column| row.try_get::<Option<i64>, _>(column)?.map(moment).transpose();
    Ok(EscalationRecord {
        id: EscalationId(row.try_get("id")?),
        conversation: ConversationId(uuid(row.try_get("conversation")?)?),
        channel: row.try_get("channel")?,
        reason: rows::reason(row.try_get("reason")?)?,
        urgency: rows::urgency(row.try_get("urgency")?)?,
        intents: from_json("intent", row.try_get("intents")?)?,
        opened_at: moment(row.try_get("opened_at")?)?,
        claimed_by: row.try_get("claimed_by")?,
        claimed_at: time("claimed_at")?,
        resolved_by: row.try_get("resolved_by")?,
        resolved_at: time("resolved_at")?,
        note: row.try_get("note")?,
    })
}

fn checked(what: &'static str, text: &str, limit: usize) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        Err(StoreError::Empty(what))
    } else if text.len() > limit {
        Err(StoreError::TooLong { what, limit })
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::Danger;

    fn asked(reason: Reason, urgency: Urgency, intents: &[&str]) -> Escalation {
        Escalation { reason, urgency, intents: intents.iter().map(ToString::to_string).collect() }
    }

    #[test]
    fn the_more_urgent_reason_wins_and_no_intent_is_lost() {
        let calm = asked(Reason::Unsure, Urgency::Normal, &["billing", "refund"]);
        let gas = asked(Reason::Danger(Danger::Gas), Urgency::Danger, &["gas_smell", "refund"]);
        let both = raised(calm.clone(), &gas);
        assert_eq!(both, asked(Reason::Danger(Danger::Gas), Urgency::Danger, &["gas_smell", "refund", "billing"]));
        assert_eq!(raised(both.clone(), &calm), both);
    }

    #[test]
    fn at_equal_urgency_the_first_reason_stays() {
        let open = asked(Reason::Stale, Urgency::Normal, &[]);
        let other = asked(Reason::Unclear, Urgency::Normal, &["billing"]);
        assert_eq!(raised(open, &other), asked(Reason::Stale, Urgency::Normal, &["billing"]));
    }
}
