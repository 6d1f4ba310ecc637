//! What the clocks look at, found by indexes and not by reading all that is open; and what they did about it.

use jiff::Timestamp;
use sqlx::Row;

use super::{
    EscalationRecord, Result, Store,
    escalations::{record, select_records},
    handling::{note, speak},
    rows::{Audit, find_conversation, micros, moment},
    writer::Work,
};
use crate::{
    conversation::{EscalationId, Urgency},
    message::Outgoing,
    policy::LATEST_ANSWERS,
    store::rows,
};

/// The queue and what agents did lately: what a waiting time is told from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waiting {
    /// The latest first answers to an escalation: when it was opened, and when an agent first wrote.
    pub first_answers: Vec<(Timestamp, Timestamp)>,
    /// How many agents gave them.
    pub answered_by: usize,
    /// How many agents are at work now.
    pub active: usize,
    /// Open escalations that nobody has, of each urgency: normal, high, danger.
    pub unassigned: [u64; 3],
}

/// A claim whose customer waits for words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub id: EscalationId,
    pub agent: String,
    /// Since when the agent has neither answered nor written at a draft.
    pub since: Timestamp,
}

/// What came of a look at an escalation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    /// What the customer hears.
    pub say: Option<Outgoing>,
    /// What agents read.
    pub note: Option<String>,
    /// Whether the customer is told that they still wait.
    pub still_waiting: bool,
    /// From now on: by when a person answers, and when the clocks look again.
    pub due_at: Option<Timestamp>,
    pub look_at: Option<Timestamp>,
}

impl Store {
    /// What a waiting time is told from: first answers since `since`, agents who did something since `active`.
    pub async fn waiting(&self, since: Timestamp, active: Timestamp) -> Result<Waiting> {
        let mut waiting = Waiting::default();
        let rows = sqlx::query(
            "SELECT e.opened_at, a.at, a.agent FROM audit a INDEXED BY audit_agents JOIN escalations e ON e.id = a.escalation
             WHERE a.agent IS NOT NULL AND a.kind = 'reply' AND a.at > ? AND NOT EXISTS (
                SELECT 1 FROM audit f WHERE f.escalation = a.escalation AND f.kind = 'reply' AND f.id < a.id
             ) ORDER BY a.at DESC LIMIT ?",
        )
        .bind(micros(since))
        .bind(LATEST_ANSWERS)
        .fetch_all(&self.readers)
        .await?;
        let mut agents: Vec<String> = Vec::new();
        for row in rows {
            waiting.first_answers.push((moment(row.try_get("opened_at")?)?, moment(row.try_get("at")?)?));
            agents.push(row.try_get("agent")?);
        }
        agents.sort_unstable();
        agents.dedup();
        waiting.answered_by = agents.len();
        let at_work: i64 = sqlx::query_scalar(
            "SELECT COUNT(DISTINCT agent) FROM audit INDEXED BY audit_agents
             WHERE agent IS NOT NULL AND at > ? AND kind <> 'lapse'",
        )
        .bind(micros(active))
        .fetch_one(&self.readers)
        .await?;
        waiting.active = usize::try_from(at_work).unwrap_or_default();
        let rows = sqlx::query(
            "SELECT urgency, COUNT(*) AS number FROM escalations INDEXED BY escalations_open
             WHERE resolved_at IS NULL AND claimed_by IS NULL GROUP BY urgency",
        )
        .fetch_all(&self.readers)
        .await?;
        for row in rows {
            let urgency: Urgency = rows::urgency(row.try_get("urgency")?)?;
            waiting.unassigned[urgency as usize] = row.try_get::<i64, _>("number")?.unsigned_abs();
        }
        Ok(waiting)
    }

    /// The escalations that the clocks are to look at by `now`, the one due longest first.
    pub async fn looks(&self, now: Timestamp, limit: u32) -> Result<Vec<EscalationRecord>> {
        let rows = sqlx::query(select_records!(
            "INDEXED BY escalations_look WHERE e.look_at IS NOT NULL AND e.look_at <= ? AND e.resolved_at IS NULL
             ORDER BY e.look_at LIMIT ?"
        ))
        .bind(micros(now))
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(record).collect()
    }

    /// Claims whose customers wait since `before` or longer, the longest first. Writing at a draft counts as being there.
    pub async fn idle_claims(&self, before: Timestamp, limit: u32) -> Result<Vec<Claim>> {
        let rows = sqlx::query(
            "SELECT e.id, e.claimed_by, max(e.claimed_at, e.waiting_since, ifnull(
                (SELECT d.at FROM drafts d WHERE d.escalation = e.id AND d.agent = e.claimed_by), 0)) AS since
             FROM escalations e INDEXED BY escalations_claims
             WHERE e.claimed_by IS NOT NULL AND e.waiting_since IS NOT NULL AND e.resolved_at IS NULL
             AND max(e.claimed_at, e.waiting_since) <= ?1 AND since <= ?1 ORDER BY max(e.claimed_at, e.waiting_since) LIMIT ?2",
        )
        .bind(micros(before))
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        let claim = |row: &sqlx::sqlite::SqliteRow| {
            Ok(Claim {
                id: EscalationId(row.try_get("id")?),
                agent: row.try_get("claimed_by")?,
                since: moment(row.try_get("since")?)?,
            })
        };
        rows.iter().map(claim).collect()
    }

    /// When the clocks have to look next, at escalations or promises; it may be in the past.
    pub async fn next_look(&self) -> Result<Option<Timestamp>> {
        let next: Option<i64> = sqlx::query_scalar(
            "SELECT MIN(at) FROM (
                SELECT MIN(look_at) AS at FROM escalations INDEXED BY escalations_look WHERE look_at IS NOT NULL
                UNION ALL SELECT MIN(look_at) FROM promises INDEXED BY promises_look WHERE look_at IS NOT NULL
             )",
        )
        .fetch_one(&self.readers)
        .await?;
        next.map(moment).transpose()
    }

    /// Since when the customer waits whose agent is silent longest.
    pub async fn oldest_claim(&self) -> Result<Option<Timestamp>> {
        let since: Option<i64> = sqlx::query_scalar(
            "SELECT max(claimed_at, waiting_since) FROM escalations INDEXED BY escalations_claims
             WHERE claimed_by IS NOT NULL AND waiting_since IS NOT NULL AND resolved_at IS NULL
             ORDER BY max(claimed_at, waiting_since) LIMIT 1",
        )
        .fetch_optional(&self.readers)
        .await?
        .flatten();
        since.map(moment).transpose()
    }

    /// Records what came of a look, and queues what is said, in one transaction. Does nothing, and gives false, if the escalation was
    /// answered, resolved, claimed or looked at meanwhile: said once is said once, whatever restarts.
    pub async fn looked(&self, escalation: &EscalationRecord, looked: &Looked, now: Timestamp) -> Result<bool> {
        let (escalation, looked) = (escalation.clone(), looked.clone());
        self.writer.run(move |work| Box::pin(settle_look(work, escalation, looked, now))).await
    }
}

async fn settle_look(work: &mut Work, escalation: EscalationRecord, looked: Looked, now: Timestamp) -> Result<bool> {
    let connection = &mut work.connection;
    let changed = sqlx::query(
        "UPDATE escalations SET due_at = ?1, look_at = ?2, still_waiting = still_waiting + ?3
         WHERE id = ?4 AND look_at IS ?5 AND claimed_by IS ?6 AND resolved_at IS NULL",
    )
    .bind(looked.due_at.map(micros))
    .bind(looked.look_at.map(micros))
    .bind(looked.still_waiting)
    .bind(escalation.id.0)
    .bind(escalation.look_at.map(micros))
    .bind(&escalation.claimed_by)
    .execute(&mut *connection)
    .await?;
    let conversation = find_conversation(connection, escalation.conversation).await?;
    let Some(conversation) = conversation.filter(|_| changed.rows_affected() == 1) else { return Ok(false) };
    if let Some(told) = &looked.note {
        note(connection, escalation.id, None, told, None, now).await?;
    }
    let audit = Audit {
        kind: "clock",
        conversation: Some(conversation.id),
        escalation: Some(escalation.id.0),
        ..Audit::default()
    };
    let audit = audit.insert(connection, now).await?;
    speak(work, &conversation, looked.say, audit, now).await?;
    Ok(true)
}
