//! Hand-overs to people: opened, raised, listed.

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    Result, Store, StoreError,
    notes::note,
    outbox::Undelivered,
    rows::{self, Audit, corrupt, find_conversation, from_json, micros, moment, save_memory, to_json, uuid},
};
use crate::{
    conversation::{Escalation, EscalationId, Reason, Standing, Urgency},
    message::ConversationId,
    reading::{Language, Mood},
};

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
    /// The customer's words, in the turn that opened it or raised it last; None where nobody wrote, or the words are erased.
    pub words: Option<String>,
    /// The customer's, in that turn.
    pub language: Option<Language>,
    pub mood: Option<Mood>,
    pub opened_at: Timestamp,
    /// By when the customer was promised to hear from a person.
    pub due_at: Option<Timestamp>,
    /// Since when the customer waits for an agent's words; None: an agent wrote last.
    pub waiting_since: Option<Timestamp>,
    /// The agent who has it.
    pub claimed_by: Option<String>,
    pub claimed_at: Option<Timestamp>,
    pub resolved_by: Option<String>,
    pub resolved_at: Option<Timestamp>,
    /// How often a claim went back to the queue because its agent left the customer waiting.
    pub lapses: u32,
    /// Whose claim it was the last time.
    pub lapsed_from: Option<String>,
    /// When the clocks look next whether the customer has heard from a person.
    pub look_at: Option<Timestamp>,
    /// How often the customer was told that they still wait.
    pub still_waiting: u32,
    /// When the customer was last told that an agent is with them.
    pub joined_at: Option<Timestamp>,
}

/// All that [`record`] reads; what follows it names the rows.
macro_rules! select_records {
    ($rest:literal) => {
        concat!(
            "SELECT e.*, (SELECT group_concat(i.text, char(10)) FROM inbox i INDEXED BY inbox_conversation
                WHERE i.conversation = e.conversation AND i.audit = e.turn AND i.text <> '') AS words
             FROM escalations e ",
            $rest
        )
    };
}
pub(super) use select_records;

/// The order in which agents are to take what is open: the more urgent first, then the oldest promise, then the oldest.
macro_rules! queue_order {
    () => {
        "e.urgency <> 'danger', e.urgency <> 'high', e.due_at IS NULL, e.due_at, e.id"
    };
}
pub(super) use queue_order;

/// Which escalations to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EscalationFilter {
    Open,
    /// The resolved ones too.
    All,
}

impl Store {
    /// The escalations: open ones first, in the order in which agents are to take them.
    pub async fn escalations(&self, filter: EscalationFilter) -> Result<Vec<EscalationRecord>> {
        // Both are told in full: a statement is a constant, and the open ones are found by their index.
        let sql = match filter {
            EscalationFilter::Open => concat!(select_records!("WHERE e.resolved_at IS NULL ORDER BY "), queue_order!()),
            EscalationFilter::All => concat!(select_records!("ORDER BY e.resolved_at IS NOT NULL, "), queue_order!()),
        };
        sqlx::query(sql).fetch_all(&self.readers).await?.iter().map(record).collect()
    }

    /// One escalation.
    ///
    /// # Errors
    /// [`StoreError::NoEscalation`]
    pub async fn escalation(&self, id: EscalationId) -> Result<EscalationRecord> {
        let mut reader = self.readers.acquire().await?;
        find(&mut reader, id).await
    }
}

/// Opens an escalation inside a job, or raises the one that is open: the higher urgency and its reason win, the intents are
/// merged. Gives its number, and whether it is about something new.
pub(super) async fn open_or_raise(
    connection: &mut SqliteConnection,
    conversation: ConversationId,
    wanted: &Escalation,
    now: Timestamp,
) -> Result<(EscalationId, bool)> {
    let open = sqlx::query(
        "SELECT id, reason, urgency, intents, due_at, look_at FROM escalations WHERE conversation = ? AND resolved_at IS NULL",
    )
    .bind(conversation.to_string())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(open) = open else {
        let id = sqlx::query_scalar(
            "INSERT INTO escalations (conversation, channel, reason, urgency, intents, opened_at, waiting_since, due_at, look_at)
             SELECT id, channel, ?2, ?3, ?4, ?5, ?5, ?6, ?7 FROM conversations WHERE id = ?1 RETURNING id",
        )
        .bind(conversation.to_string())
        .bind(rows::reason_word(wanted.reason))
        .bind(wanted.urgency.as_str())
        .bind(to_json("intent", &wanted.intents)?)
        .bind(micros(now))
        .bind(wanted.due_at.map(micros))
        .bind(wanted.look_at.map(micros))
        .fetch_one(connection)
        .await?;
        return Ok((EscalationId(id), true));
    };

    let id: i64 = open.try_get("id")?;
    let open = Escalation {
        reason: rows::reason(open.try_get("reason")?)?,
        urgency: rows::urgency(open.try_get("urgency")?)?,
        intents: from_json("intent", open.try_get("intents")?)?,
        due_at: open.try_get::<Option<i64>, _>("due_at")?.map(moment).transpose()?,
        look_at: open.try_get::<Option<i64>, _>("look_at")?.map(moment).transpose()?,
    };
    let before = open.urgency;
    let raised = raised(open, wanted);
    sqlx::query("UPDATE escalations SET reason = ?, urgency = ?, intents = ?, due_at = ?, look_at = ? WHERE id = ?")
        .bind(rows::reason_word(raised.reason))
        .bind(raised.urgency.as_str())
        .bind(to_json("intent", &raised.intents)?)
        .bind(raised.due_at.map(micros))
        .bind(raised.look_at.map(micros))
        .bind(id)
        .execute(connection)
        .await?;
    Ok((EscalationId(id), raised.urgency > before))
}

/// An open escalation after another was asked for. The time that was named first stands.
fn raised(open: Escalation, wanted: &Escalation) -> Escalation {
    let due_at = open.due_at.or(wanted.due_at);
    let look_at = [open.look_at, wanted.look_at].into_iter().flatten().min();
    let (mut first, second) = if wanted.urgency > open.urgency { (wanted.clone(), &open) } else { (open, wanted) };
    for intent in &second.intents {
        if !first.intents.contains(intent) {
            first.intents.push(intent.clone());
        }
    }
    Escalation { due_at, look_at, ..first }
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
    let wanted = Escalation {
        reason: Reason::Undelivered,
        urgency: Urgency::Normal,
        intents: Vec::new(),
        due_at: None,
        look_at: None,
    };
    let (id, _) = open_or_raise(connection, conversation, &wanted, now).await?;
    let told = match how {
        Undelivered::Failed => "A reply could not be delivered.",
        Undelivered::Uncertain => "A reply may not have arrived.",
    };
    // Said once, however many replies it is about.
    let said: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM notes WHERE escalation = ? AND text = ?)")
        .bind(id.0)
        .bind(told)
        .fetch_one(&mut *connection)
        .await?;
    if !said {
        note(connection, id, None, told, None, now).await?;
    }
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

pub(super) async fn find(connection: &mut SqliteConnection, id: EscalationId) -> Result<EscalationRecord> {
    let row = sqlx::query(select_records!("WHERE e.id = ?")).bind(id.0).fetch_optional(connection).await?;
    record(&row.ok_or(StoreError::NoEscalation(id))?)
}

pub(super) fn record(row: &SqliteRow) -> Result<EscalationRecord> {
    let time = |column| row.try_get::<Option<i64>, _>(column)?.map(moment).transpose();
    let word = |column| row.try_get::<Option<&str>, _>(column);
    Ok(EscalationRecord {
        id: EscalationId(row.try_get("id")?),
        conversation: ConversationId(uuid(row.try_get("conversation")?)?),
        channel: row.try_get("channel")?,
        reason: rows::reason(row.try_get("reason")?)?,
        urgency: rows::urgency(row.try_get("urgency")?)?,
        intents: from_json("intent", row.try_get("intents")?)?,
        words: row.try_get("words")?,
        language: word("language")?.map(str::parse).transpose().map_err(|error| corrupt("language", &error))?,
        mood: word("mood")?.map(rows::mood).transpose()?,
        opened_at: moment(row.try_get("opened_at")?)?,
        due_at: time("due_at")?,
        waiting_since: time("waiting_since")?,
        claimed_by: row.try_get("claimed_by")?,
        claimed_at: time("claimed_at")?,
        resolved_by: row.try_get("resolved_by")?,
        resolved_at: time("resolved_at")?,
        lapses: row.try_get("lapses")?,
        lapsed_from: row.try_get("lapsed_from")?,
        look_at: time("look_at")?,
        still_waiting: row.try_get("still_waiting")?,
        joined_at: time("joined_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::Danger;

    fn asked(reason: Reason, urgency: Urgency, intents: &[&str]) -> Escalation {
        let intents = intents.iter().map(ToString::to_string).collect();
        Escalation { reason, urgency, intents, due_at: None, look_at: None }
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
    fn the_time_that_was_named_first_stands() {
        let at = |minute: i64| Some(Timestamp::from_second(minute * 60).unwrap());
        let open = Escalation { due_at: at(40), look_at: at(37), ..asked(Reason::Wish, Urgency::High, &[]) };
        let danger = Escalation { look_at: at(20), ..asked(Reason::Danger(Danger::Gas), Urgency::Danger, &[]) };
        let raised = raised(open, &danger);
        assert_eq!((raised.due_at, raised.look_at), (at(40), at(20)));
    }

    #[test]
    fn at_equal_urgency_the_first_reason_stays() {
        let open = asked(Reason::Stale, Urgency::Normal, &[]);
        let other = asked(Reason::Unclear, Urgency::Normal, &["billing"]);
        assert_eq!(raised(open, &other), asked(Reason::Stale, Urgency::Normal, &["billing"]));
    }
}
