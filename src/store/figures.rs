//! What happened in a span of time, counted.

use jiff::Timestamp;
use sqlx::{Row, sqlite::SqliteRow};

use super::{
    Outcome, Result, Store,
    promises::outcome,
    rows::{micros, moment},
};
use crate::policy::ASK_BACK;

/// What a turn is counted under that a person took because no intent was more probable than not. No intent has this name.
pub const NOT_UNDERSTOOD: &str = "not understood";

/// Whoever needs a person again within this was not helped; later it is probably another matter.
const COMES_BACK_WITHIN: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// A count of turns that have the same place in time and the same word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Steps since the start of the span.
    pub step: usize,
    /// Of whom: a channel, an intent; or the word counted.
    pub of: String,
    /// A decision (`answer`, `clarify`, `escalate`…) or a mood.
    pub word: String,
    pub count: u64,
}

/// When a person was called, and when one wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    pub opened_at: Timestamp,
    /// None: nobody has written.
    pub first_reply_at: Option<Timestamp>,
}

/// Promises of one owner that have come to the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromiseCount {
    /// None: the bot.
    pub owner: Option<String>,
    /// None: open.
    pub outcome: Option<Outcome>,
    pub count: u64,
}

/// What people resolved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resolved {
    pub all: u64,
    /// Of them, those whose customer needed a person again within a day.
    pub came_back: u64,
}

/// A span of time in equal steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: Timestamp,
    pub step: jiff::SignedDuration,
    pub steps: usize,
}

impl Span {
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.from + self.step * i32::try_from(self.steps).unwrap_or(i32::MAX)
    }
}

impl Store {
    /// Decisions of turns, by step.
    pub async fn decisions(&self, span: Span) -> Result<Vec<Counted>> {
        let sql = "SELECT (at - ?1) / ?2 AS step, '' AS name, decision AS word, COUNT(*) AS count FROM audit INDEXED BY audit_time
             WHERE at >= ?1 AND at < ?3 AND kind = 'turn' GROUP BY 1, 3";
        self.counted(sql, span).await
    }

    /// Decisions of turns, by channel; all in step 0.
    pub async fn decisions_by_channel(&self, span: Span) -> Result<Vec<Counted>> {
        let sql = "SELECT 0 AS step, c.channel AS name, a.decision AS word, COUNT(*) AS count
             FROM audit a INDEXED BY audit_time JOIN conversations c ON c.id = a.conversation
             WHERE a.at >= ?1 AND a.at < ?3 AND a.kind = 'turn' AND ?2 > 0 GROUP BY 2, 3";
        self.counted(sql, span).await
    }

    /// Decisions of turns, by the intents that were answered, offered, or held more probable than not where a person was called; all in
    /// step 0. What was held less probable is [`NOT_UNDERSTOOD`].
    pub async fn decisions_by_intent(&self, span: Span) -> Result<Vec<Counted>> {
        let sql = "SELECT 0 AS step, ifnull(i.value, '') AS name, a.decision AS word, COUNT(*) AS count
             FROM audit a INDEXED BY audit_time, json_each(ifnull(a.intents, json_array(CASE
                WHEN json_extract(a.readings, '$[0].ranked[0].probability') >= ?2 THEN json_extract(a.readings, '$[0].ranked[0].intent')
                WHEN a.decision = 'escalate' AND a.reason IN ('unsure', 'unclear', 'language') THEN ?4 ELSE '' END))) i
             WHERE a.at >= ?1 AND a.at < ?3 AND a.kind = 'turn' GROUP BY 2, 3";
        let rows = sqlx::query(sql)
            .bind(micros(span.from))
            .bind(ASK_BACK)
            .bind(micros(span.until()))
            .bind(NOT_UNDERSTOOD)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(count).collect()
    }

    /// The moods in which customers wrote, by step.
    pub async fn moods(&self, span: Span) -> Result<Vec<Counted>> {
        let sql = "SELECT (at - ?1) / ?2 AS step, '' AS name, json_extract(readings, '$[0].mood') AS word, COUNT(*) AS count
             FROM audit INDEXED BY audit_time
             WHERE at >= ?1 AND at < ?3 AND kind = 'turn' AND json_extract(readings, '$[0].mood') IS NOT NULL GROUP BY 1, 3";
        self.counted(sql, span).await
    }

    async fn counted(&self, sql: &'static str, span: Span) -> Result<Vec<Counted>> {
        let rows = sqlx::query(sql)
            .bind(micros(span.from))
            .bind(i64::try_from(span.step.as_micros()).unwrap_or(i64::MAX))
            .bind(micros(span.until()))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(count).collect()
    }

    /// What became of the promises that fell due in the span, and those that are open now, whenever they fall due.
    pub async fn promise_counts(&self, span: Span) -> Result<Vec<PromiseCount>> {
        let rows = sqlx::query(
            "SELECT owner, outcome, COUNT(*) AS count FROM promises
             WHERE (due_at >= ?1 AND due_at < ?2) OR (settled_at IS NULL AND outcome IS NULL) GROUP BY 1, 2 ORDER BY 1, 2",
        )
        .bind(micros(span.from))
        .bind(micros(span.until()))
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(PromiseCount {
                    owner: row.try_get("owner")?,
                    outcome: row.try_get::<Option<&str>, _>("outcome")?.map(outcome).transpose()?,
                    count: row.try_get::<i64, _>("count")?.unsigned_abs(),
                })
            })
            .collect()
    }

    /// Escalations that were resolved in the span, and whether that helped, as far as it can be told: who was helped less than a day ago may
    /// still come back.
    pub async fn resolved(&self, span: Span) -> Result<Resolved> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS resolved, ifnull(SUM(EXISTS (SELECT 1 FROM escalations n INDEXED BY escalations_conversation
                WHERE n.conversation = e.conversation AND n.id > e.id AND n.opened_at < e.resolved_at + ?3)), 0) AS came_back
             FROM escalations e INDEXED BY escalations_resolved WHERE e.resolved_at >= ?1 AND e.resolved_at < ?2",
        )
        .bind(micros(span.from))
        .bind(micros(span.until()))
        .bind(i64::try_from(COMES_BACK_WITHIN.as_micros()).unwrap_or(i64::MAX))
        .fetch_one(&self.readers)
        .await?;
        Ok(Resolved {
            all: row.try_get::<i64, _>("resolved")?.unsigned_abs(),
            came_back: row.try_get::<i64, _>("came_back")?.unsigned_abs(),
        })
    }

    /// How long customers waited for a person's first words, of the escalations that were opened in the span.
    pub async fn waits(&self, span: Span) -> Result<Vec<Wait>> {
        let rows = sqlx::query(
            "SELECT e.opened_at, (SELECT MIN(a.at) FROM audit a INDEXED BY audit_escalation
                WHERE a.escalation = e.id AND a.kind = 'reply') AS first_reply_at
             FROM escalations e INDEXED BY escalations_time WHERE e.opened_at >= ? AND e.opened_at < ? ORDER BY e.opened_at",
        )
        .bind(micros(span.from))
        .bind(micros(span.until()))
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let first: Option<i64> = row.try_get("first_reply_at")?;
                Ok(Wait {
                    opened_at: moment(row.try_get("opened_at")?)?,
                    first_reply_at: first.map(moment).transpose()?,
                })
            })
            .collect()
    }
}

fn count(row: &SqliteRow) -> Result<Counted> {
    Ok(Counted {
        step: row.try_get::<i64, _>("step")?.unsigned_abs() as usize,
        of: row.try_get("name")?,
        word: row.try_get("word")?,
        count: row.try_get::<i64, _>("count")?.unsigned_abs(),
    })
}
