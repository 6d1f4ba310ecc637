//! The desk's queue: what is open, filtered and in order, a page at a time.

use sqlx::Row;

use super::{
    EscalationRecord, Result, Store,
    escalations::{queue_order, record, select_records},
    rows::corrupt,
};
use crate::reading::{Language, Mood};

/// Which open escalations an agent wants to see; the default is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueFilter {
    pub channel: Option<String>,
    pub language: Option<Language>,
    pub mood: Option<Mood>,
    pub whose: Whose,
    /// Leaves out those that nobody has claimed and others ask too: they stand in their group. Danger, and whoever asked for a person since,
    /// is never left out.
    pub without_groups: bool,
}

/// Whose escalations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Whose {
    #[default]
    Anyones,
    /// Nobody's.
    Unassigned,
    Of(String),
}

/// One page of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuePage {
    pub escalations: Vec<EscalationRecord>,
    /// How many pass the filter.
    pub matching: u64,
}

/// What the head of the desk shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct QueueCounts {
    pub open: u64,
    pub unassigned: u64,
    pub danger: u64,
    /// The asking agent's own.
    pub mine: u64,
    /// The asking agent's own in which the customer waits for words.
    pub mine_waiting: u64,
    /// The number of the newest escalation: when it grows, there is new work.
    pub newest: i64,
}

/// The words that the filter binds: channel, language, mood, whose (NULL: anyone's, empty: nobody's), and whether groups are left out.
macro_rules! passing {
    () => {
        "FROM escalations e INDEXED BY escalations_queue WHERE e.resolved_at IS NULL
         AND (?1 IS NULL OR e.channel = ?1) AND (?2 IS NULL OR e.language = ?2) AND (?3 IS NULL OR e.mood = ?3)
         AND (?4 IS NULL OR ifnull(e.claimed_by, '') = ?4)
         AND (NOT ?5 OR e.grp IS NULL OR e.claimed_by IS NOT NULL OR e.urgency = 'danger'
            OR e.reason NOT IN ('unsure', 'unclear', 'stale', 'language', 'always', 'repeated') OR e.grp NOT IN (
            SELECT grp FROM escalations INDEXED BY escalations_queue WHERE resolved_at IS NULL AND grp IS NOT NULL
            GROUP BY grp HAVING COUNT(*) > 1))"
    };
}

impl Store {
    /// A page of the queue, in the order in which agents are to take it. Costs the same whatever is resolved, and reads words only for
    /// the rows that it gives.
    pub async fn queue(&self, filter: &QueueFilter, skip: u32, limit: u32) -> Result<QueuePage> {
        let whose = match &filter.whose {
            Whose::Anyones => None,
            Whose::Unassigned => Some(""),
            Whose::Of(agent) => Some(agent.as_str()),
        };
        let language = filter.language.map(|language| language.as_str().to_owned());
        let mood = filter.mood.map(Mood::as_str);
        let matching: i64 = sqlx::query_scalar(concat!("SELECT COUNT(*) ", passing!()))
            .bind(&filter.channel)
            .bind(&language)
            .bind(mood)
            .bind(whose)
            .bind(filter.without_groups)
            .fetch_one(&self.readers)
            .await?;
        let rows = sqlx::query(concat!(
            select_records!("JOIN (SELECT e.id "),
            passing!(),
            " ORDER BY ",
            queue_order!(),
            " LIMIT ?6 OFFSET ?7) wanted ON wanted.id = e.id ORDER BY ",
            queue_order!()
        ))
        .bind(&filter.channel)
        .bind(&language)
        .bind(mood)
        .bind(whose)
        .bind(filter.without_groups)
        .bind(limit)
        .bind(skip)
        .fetch_all(&self.readers)
        .await?;
        let escalations = rows.iter().map(record).collect::<Result<_>>()?;
        Ok(QueuePage { escalations, matching: matching.unsigned_abs() })
    }

    /// Counts what is open, for one agent.
    pub async fn queue_counts(&self, agent: &str) -> Result<QueueCounts> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS open, COUNT(*) FILTER (WHERE claimed_by IS NULL) AS unassigned,
                COUNT(*) FILTER (WHERE urgency = 'danger') AS danger, COUNT(*) FILTER (WHERE claimed_by = ?1) AS mine,
                COUNT(*) FILTER (WHERE claimed_by = ?1 AND waiting_since IS NOT NULL) AS mine_waiting,
                (SELECT ifnull(MAX(id), 0) FROM escalations) AS newest
             FROM escalations INDEXED BY escalations_queue WHERE resolved_at IS NULL",
        )
        .bind(agent)
        .fetch_one(&self.readers)
        .await?;
        Ok(QueueCounts {
            open: row.try_get::<i64, _>("open")?.unsigned_abs(),
            unassigned: row.try_get::<i64, _>("unassigned")?.unsigned_abs(),
            danger: row.try_get::<i64, _>("danger")?.unsigned_abs(),
            mine: row.try_get::<i64, _>("mine")?.unsigned_abs(),
            mine_waiting: row.try_get::<i64, _>("mine_waiting")?.unsigned_abs(),
            newest: row.try_get("newest")?,
        })
    }

    /// The languages of open escalations, for the filter.
    pub async fn open_languages(&self) -> Result<Vec<Language>> {
        let codes: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT language FROM escalations INDEXED BY escalations_queue
             WHERE resolved_at IS NULL AND language IS NOT NULL ORDER BY language",
        )
        .fetch_all(&self.readers)
        .await?;
        codes.iter().map(|code| code.parse().map_err(|error| corrupt("language", &error))).collect()
    }

    /// The channels that have open escalations, for the filter.
    pub async fn open_channels(&self) -> Result<Vec<String>> {
        let channels = sqlx::query_scalar(
            "SELECT DISTINCT channel FROM escalations INDEXED BY escalations_queue WHERE resolved_at IS NULL ORDER BY channel",
        );
        Ok(channels.fetch_all(&self.readers).await?)
    }
}
