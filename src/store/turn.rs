//! What the responder made of a burst, recorded in one transaction.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::{
    Result, Store, StoreError,
    escalations::open_or_raise,
    outbox::queue,
    promises,
    rows::{Audit, micros, save_memory, to_json},
    writer::Work,
};
use crate::{
    conversation::{Conversation, Decision, EscalationId, Reason, Standing, Turn},
    message::{ConversationId, MessageId},
};

impl Store {
    /// Records a turn in one transaction: messages done, memory moved on, replies queued, escalation opened (or raised),
    /// decision audited. Gives the escalation that the turn asked for.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the conversation is not at the given version any more, or one of the messages has had
    /// its turn.
    pub async fn record_turn(
        &self,
        conversation: &Conversation,
        messages: &[MessageId],
        turn: &Turn,
        knowledge: &str,
        now: Timestamp,
    ) -> Result<Option<EscalationId>> {
        let conversation = Conversation { memory: turn.memory.clone(), ..conversation.clone() };
        let messages = messages.to_vec();
        let turn = turn.clone();
        let knowledge = knowledge.to_owned();
        self.writer.run(move |work| Box::pin(record(work, conversation, messages, turn, knowledge, now))).await
    }
}

async fn record(
    work: &mut Work,
    conversation: Conversation,
    messages: Vec<MessageId>,
    turn: Turn,
    knowledge: String,
    now: Timestamp,
) -> Result<Option<EscalationId>> {
    let connection = &mut work.connection;
    save_memory(connection, &conversation).await?;

    let (escalation, is_new) = match &turn.escalation {
        Some(escalation) => {
            open_or_raise(connection, conversation.id, escalation, now).await.map(|(id, new)| (Some(id), new))?
        }
        None => (None, false),
    };
    let (reason, intents) = match &turn.decision {
        Decision::Answer(intents) | Decision::Clarify(intents) => (None, Some(to_json("intent", intents)?)),
        Decision::Escalate(reason @ Reason::Danger(_)) => {
            let intents = turn.escalation.iter().flat_map(|escalation| &escalation.intents).collect::<Vec<_>>();
            (Some(*reason), Some(to_json("intent", &intents)?))
        }
        Decision::Escalate(reason) => (Some(*reason), None),
        Decision::Acknowledge | Decision::Silent => (None, None),
    };
    let audit = Audit {
        kind: "turn",
        conversation: Some(conversation.id),
        decision: Some(turn.decision.as_str()),
        reason: reason.or(turn.escalation.as_ref().map(|escalation| escalation.reason)),
        intents,
        readings: Some(to_json("reading", &turn.readings)?),
        knowledge: Some(&knowledge),
        escalation: match escalation {
            Some(id) => Some(id.0),
            None => open_escalation(connection, conversation.id).await?,
        },
        ..Audit::default()
    }
    .insert(connection, now)
    .await?;

    // Whoever has it, or will take it, sees what it is about and since when the customer waits for a person's words.
    sqlx::query(
        "UPDATE escalations SET waiting_since = ifnull(waiting_since, ?1), turn = iif(?2, ?3, turn),
         language = iif(?2, ?4, language), mood = iif(?2, ?5, mood) WHERE conversation = ?6 AND resolved_at IS NULL",
    )
    .bind(micros(now))
    .bind(is_new)
    .bind(audit)
    .bind(turn.memory.language.map(|language| language.as_str().to_owned()))
    .bind(turn.readings.first().map(|reading| reading.mood.as_str()))
    .bind(conversation.id.to_string())
    .execute(&mut *connection)
    .await?;
    work.changes.desk |= escalation.is_some() || conversation.memory.standing != Standing::Bot;

    let done = sqlx::query(
        "UPDATE inbox INDEXED BY inbox_pending SET audit = ? WHERE conversation = ? AND audit IS NULL AND id IN (SELECT value FROM json_each(?))",
    )
    .bind(audit)
    .bind(conversation.id.to_string())
    .bind(to_json("id", &messages)?)
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() != messages.len() as u64 {
        return Err(StoreError::Conflict);
    }

    for reply in &turn.replies {
        queue(connection, conversation.id, reply, audit, now).await?;
    }
    for promise in &turn.promises {
        promises::by_bot(connection, conversation.id, promise, now).await?;
        work.changes.desk = true;
    }
    if !turn.replies.is_empty() {
        work.changes.outbox.push(conversation.channel);
    }
    work.changes.conversations.push(conversation.id);
    Ok(escalation)
}

/// The open escalation of a conversation, which every turn is about while there is one.
pub(super) async fn open_escalation(
    connection: &mut SqliteConnection,
    conversation: ConversationId,
) -> Result<Option<i64>> {
    let open = sqlx::query_scalar("SELECT id FROM escalations WHERE conversation = ? AND resolved_at IS NULL");
    Ok(open.bind(conversation.to_string()).fetch_optional(connection).await?)
}
