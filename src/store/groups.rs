//! Groups of escalations that ask the same: who is in which, taken apart, put together, listed.
//!
//! Every escalation that may be grouped is in a group, if need be of its own; people are shown those of two and more. A group is alive as
//! long as one of its members is open or its answer has not expired.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    EscalationRecord, Result, Store, StoreError,
    escalations::{queue_order, record, select_records},
    group_answers::{self, Told},
    handling::agent_name,
    notes::note,
    rows::{Audit, corrupt, micros, moment, to_json},
    writer::Work,
};
use crate::{
    conversation::{EscalationId, GroupId},
    reading::Language,
};

/// Whom newcomers of a group are compared with: so many of its members, the first ones, which bounds time and memory.
const COMPARED: u32 = 32;

/// How many groups newcomers are compared with at most, the newest: bounds the time and memory of a look.
const GROUPS: u32 = 10_000;

/// Members' words shown in a list.
const SAMPLES: u32 = 3;

/// A group as people see it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct GroupRecord {
    pub id: GroupId,
    /// The members'.
    pub language: Option<Language>,
    /// Members that are open.
    pub open: u64,
    /// Those of them that nobody has claimed: an answer goes to these.
    pub unclaimed: u64,
    /// The open members by channel.
    pub channels: BTreeMap<String, u64>,
    /// Some members' words, the first to ask first.
    pub samples: Vec<String>,
    /// When the first of the open members asked.
    pub oldest: Option<Timestamp>,
    /// The first time by which one of them was promised to hear from a person.
    pub due_at: Option<Timestamp>,
    pub answer: Option<Answered>,
    pub delivery: GroupDelivery,
}

/// What an agent answered to a group.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Answered {
    pub text: String,
    pub by: String,
    pub at: Timestamp,
    /// Until when whoever joins is answered alike; None: nobody is.
    pub until: Option<Timestamp>,
}

/// What became of a group's answers, all that were ever given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct GroupDelivery {
    /// Waiting or on their way.
    pub queued: u64,
    pub sent: u64,
    /// They may have arrived; a person was told.
    pub uncertain: u64,
    /// They did not arrive; a person was told.
    pub failed: u64,
}

/// A group and one page of its members.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct GroupMembers {
    pub group: GroupRecord,
    /// Open ones first.
    pub members: Vec<EscalationRecord>,
    /// How many there are on all pages.
    pub all: u64,
}

/// An escalation whose words are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub escalation: EscalationRecord,
    /// The turn that its words are of.
    pub turn: i64,
    pub group: Option<GroupId>,
}

/// Where an escalation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assignment {
    pub escalation: EscalationId,
    /// The turn that was looked at ([`Member::turn`]).
    pub turn: i64,
    pub joins: Joins,
    /// Whether it gets the group's answer at once, if there is one that has not expired.
    pub served: bool,
}

/// Which group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joins {
    /// None: it is not one that is grouped.
    None,
    /// One of its own.
    Own,
    /// Whatever group this one is in by now.
    GroupOf(EscalationId),
}

/// What came of assignments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Assigned {
    /// Escalations that joined others.
    pub joined: u64,
    /// Those that got the group's answer at once.
    pub served: u64,
}

/// What becomes of members that an agent takes out of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Each is alone and put into no group again.
    Apart,
    /// They are a group of their own, which others may join.
    Together,
}

impl Store {
    /// Open escalations whose words were not compared with the groups yet, the oldest first.
    pub async fn not_looked_at(&self, limit: u32) -> Result<Vec<Member>> {
        let rows = sqlx::query(select_records!(
            "INDEXED BY escalations_unlooked
             WHERE e.resolved_at IS NULL AND e.apart = 0 AND e.turn IS NOT e.looked_at_turn ORDER BY e.id LIMIT ?"
        ))
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(member).collect()
    }

    /// With whom newcomers are compared: escalation, turn and group of the first members of each group that is alive.
    pub async fn compared(&self, now: Timestamp) -> Result<Vec<(EscalationId, i64, GroupId)>> {
        let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
            "SELECT e.id, e.turn, e.grp FROM (
                SELECT id FROM (
                    SELECT grp AS id FROM escalations INDEXED BY escalations_queue WHERE resolved_at IS NULL AND grp IS NOT NULL
                    UNION SELECT id FROM groups INDEXED BY groups_answered WHERE answer_until > ?1 AND merged_at IS NULL
                ) ORDER BY id DESC LIMIT ?2
             ) g JOIN escalations e ON e.id IN (
                SELECT m.id FROM escalations m INDEXED BY escalations_group WHERE m.grp = g.id ORDER BY m.id LIMIT ?3
             ) WHERE e.turn IS NOT NULL ORDER BY e.grp, e.id",
        )
        .bind(micros(now))
        .bind(GROUPS)
        .bind(COMPARED)
        .fetch_all(&self.readers)
        .await?;
        Ok(rows.into_iter().map(|(id, turn, group)| (EscalationId(id), turn, GroupId(group))).collect())
    }

    /// These escalations with their words; those that are gone are left out.
    pub async fn members(&self, ids: &[EscalationId]) -> Result<Vec<Member>> {
        let rows =
            sqlx::query(select_records!("WHERE e.id IN (SELECT value FROM json_each(?)) AND e.turn IS NOT NULL"))
                .bind(to_json("id", &ids)?)
                .fetch_all(&self.readers)
                .await?;
        rows.iter().map(member).collect()
    }

    /// Puts escalations into groups; whoever joins a group whose answer has not expired gets it in the same transaction. Those that were
    /// resolved or raised meanwhile are left as they are. A customer who got a group's answer before and needs a person again is told the
    /// same no second time: they stay alone.
    pub async fn assign(&self, assignments: Vec<Assignment>, now: Timestamp) -> Result<Assigned> {
        self.writer.run(move |work| Box::pin(assign(work, assignments, now))).await
    }

    /// Takes members out of a group.
    ///
    /// # Errors
    /// [`StoreError::NoGroup`], [`StoreError::Merged`], [`StoreError::NotInGroup`]; [`StoreError::Empty`] for a name or nobody.
    pub async fn split_group(
        &self,
        group: GroupId,
        members: &[EscalationId],
        agent: &str,
        split: Split,
        now: Timestamp,
    ) -> Result<Option<GroupId>> {
        let agent = agent_name(agent)?;
        let members = members.to_vec();
        if members.is_empty() {
            return Err(StoreError::Empty("list of members"));
        }
        self.writer.run(move |work| Box::pin(take_out(work, group, members, agent, split, now))).await
    }

    /// Puts all of one group into another one, whose answer counts from then on.
    ///
    /// # Errors
    /// [`StoreError::NoGroup`], [`StoreError::Merged`], [`StoreError::OtherLanguage`].
    pub async fn merge_groups(&self, from: GroupId, into: GroupId, agent: &str, now: Timestamp) -> Result<()> {
        let agent = agent_name(agent)?;
        self.writer.run(move |work| Box::pin(merge(work, from, into, agent, now))).await
    }

    /// The groups that agents should see, the largest first: those of two and more who wait, and those whose answer has not expired or
    /// is on its way.
    pub async fn groups(&self, limit: u32, now: Timestamp) -> Result<Vec<GroupRecord>> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT g.id FROM groups g LEFT JOIN (
                SELECT grp, COUNT(*) AS waiting FROM escalations INDEXED BY escalations_queue
                WHERE resolved_at IS NULL AND grp IS NOT NULL GROUP BY grp
             ) e ON e.grp = g.id
             WHERE g.id IN (
                SELECT grp FROM escalations INDEXED BY escalations_queue WHERE resolved_at IS NULL AND grp IS NOT NULL GROUP BY grp HAVING COUNT(*) > 1
                UNION SELECT id FROM groups INDEXED BY groups_answered WHERE answer_until > ?1
                UNION SELECT grp FROM outbox INDEXED BY outbox_state WHERE state IN ('queued', 'leased') AND state <> 'sent' AND grp IS NOT NULL
             ) AND g.merged_at IS NULL ORDER BY ifnull(e.waiting, 0) DESC, g.id LIMIT ?2",
        )
        .bind(micros(now))
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        let mut reader = self.readers.acquire().await?;
        let mut groups = Vec::with_capacity(ids.len());
        for id in ids {
            groups.push(find(&mut reader, GroupId(id)).await?);
        }
        Ok(groups)
    }

    /// One group with a page of its members.
    ///
    /// # Errors
    /// [`StoreError::NoGroup`], [`StoreError::Merged`] (with the group to look for instead).
    pub async fn group(&self, id: GroupId, skip: u32, limit: u32) -> Result<GroupMembers> {
        let mut reader = self.readers.acquire().await?;
        let group = find(&mut reader, id).await?;
        let all: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM escalations INDEXED BY escalations_group WHERE grp = ?")
                .bind(id.0)
                .fetch_one(&mut *reader)
                .await?;
        let rows = sqlx::query(concat!(
            select_records!("WHERE e.grp = ? ORDER BY e.resolved_at IS NOT NULL, "),
            queue_order!(),
            " LIMIT ? OFFSET ?"
        ))
        .bind(id.0)
        .bind(limit)
        .bind(skip)
        .fetch_all(&mut *reader)
        .await?;
        Ok(GroupMembers { group, members: rows.iter().map(record).collect::<Result<_>>()?, all: all.unsigned_abs() })
    }

    /// Which group an escalation is in.
    pub async fn group_of(&self, id: EscalationId) -> Result<Option<GroupId>> {
        let found: Option<Option<i64>> = sqlx::query_scalar("SELECT grp FROM escalations WHERE id = ?")
            .bind(id.0)
            .fetch_optional(&self.readers)
            .await?;
        Ok(found.flatten().map(GroupId))
    }
}

fn member(row: &SqliteRow) -> Result<Member> {
    Ok(Member {
        escalation: record(row)?,
        turn: row.try_get("turn")?,
        group: row.try_get::<Option<i64>, _>("grp")?.map(GroupId),
    })
}

/// Reads a group, inside a job or not.
pub(super) async fn find(connection: &mut SqliteConnection, id: GroupId) -> Result<GroupRecord> {
    let row =
        sqlx::query("SELECT answer, answered_by, answered_at, answer_until, merged_into FROM groups WHERE id = ?")
            .bind(id.0)
            .fetch_optional(&mut *connection)
            .await?
            .ok_or(StoreError::NoGroup(id))?;
    if let Some(other) = row.try_get::<Option<i64>, _>("merged_into")? {
        return Err(StoreError::Merged(id, GroupId(other)));
    }
    let answer = match row.try_get::<Option<String>, _>("answer")? {
        None => None,
        Some(text) => Some(Answered {
            text,
            by: row.try_get("answered_by")?,
            at: moment(row.try_get("answered_at")?)?,
            until: row.try_get::<Option<i64>, _>("answer_until")?.map(moment).transpose()?,
        }),
    };
    let mut group = GroupRecord {
        id,
        language: language(connection, id).await?,
        open: 0,
        unclaimed: 0,
        channels: BTreeMap::new(),
        samples: Vec::new(),
        oldest: None,
        due_at: None,
        answer,
        delivery: GroupDelivery::default(),
    };
    let rows = sqlx::query(
        "SELECT channel, COUNT(*) AS open, COUNT(*) FILTER (WHERE claimed_by IS NULL) AS unclaimed, MIN(opened_at) AS oldest,
            MIN(due_at) AS due_at
         FROM escalations INDEXED BY escalations_group WHERE grp = ? AND resolved_at IS NULL GROUP BY channel",
    )
    .bind(id.0)
    .fetch_all(&mut *connection)
    .await?;
    for row in rows {
        let open = row.try_get::<i64, _>("open")?.unsigned_abs();
        group.open += open;
        group.unclaimed += row.try_get::<i64, _>("unclaimed")?.unsigned_abs();
        group.channels.insert(row.try_get("channel")?, open);
        let earlier = |before: Option<Timestamp>, column| -> Result<Option<Timestamp>> {
            let at = row.try_get::<Option<i64>, _>(column)?.map(moment).transpose()?;
            Ok(before.into_iter().chain(at).min())
        };
        group.oldest = earlier(group.oldest, "oldest")?;
        group.due_at = earlier(group.due_at, "due_at")?;
    }
    let samples: Vec<Option<String>> = sqlx::query_scalar(
        "SELECT (SELECT group_concat(i.text, char(10)) FROM inbox i INDEXED BY inbox_conversation
            WHERE i.conversation = e.conversation AND i.audit = e.turn AND i.text <> '') AS words
         FROM escalations e INDEXED BY escalations_group WHERE e.grp = ? AND words IS NOT NULL ORDER BY e.id LIMIT ?",
    )
    .bind(id.0)
    .bind(SAMPLES)
    .fetch_all(&mut *connection)
    .await?;
    group.samples = samples.into_iter().flatten().collect();
    group.delivery = delivery(connection, id).await?;
    Ok(group)
}

async fn language(connection: &mut SqliteConnection, id: GroupId) -> Result<Option<Language>> {
    let word: Option<Option<String>> = sqlx::query_scalar(
        "SELECT language FROM escalations INDEXED BY escalations_group WHERE grp = ? ORDER BY language IS NULL, id LIMIT 1",
    )
    .bind(id.0)
    .fetch_optional(connection)
    .await?;
    word.flatten().map(|word| word.parse()).transpose().map_err(|error| corrupt("language", &error))
}

async fn delivery(connection: &mut SqliteConnection, id: GroupId) -> Result<GroupDelivery> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT state, COUNT(*) FROM outbox INDEXED BY outbox_group WHERE grp = ? GROUP BY state")
            .bind(id.0)
            .fetch_all(connection)
            .await?;
    let mut delivery = GroupDelivery::default();
    for (state, count) in rows {
        let place = match state.as_str() {
            "sent" => &mut delivery.sent,
            "uncertain" => &mut delivery.uncertain,
            "failed" => &mut delivery.failed,
            _ => &mut delivery.queued,
        };
        *place += count.unsigned_abs();
    }
    Ok(delivery)
}

async fn assign(work: &mut Work, assignments: Vec<Assignment>, now: Timestamp) -> Result<Assigned> {
    let mut outcome = Assigned::default();
    for assignment in assignments {
        let connection = &mut work.connection;
        let id = assignment.escalation;
        // The same turn, and open: else what was looked at is not what is there.
        let found: Option<(String, Option<i64>)> = sqlx::query_as(
            "SELECT conversation, grp FROM escalations WHERE id = ? AND turn = ? AND resolved_at IS NULL AND apart = 0",
        )
        .bind(id.0)
        .bind(assignment.turn)
        .fetch_optional(&mut *connection)
        .await?;
        let Some((conversation, before)) = found else { continue };
        let group = match assignment.joins {
            Joins::None => None,
            // Who was alone in a group stays in it.
            Joins::Own => match before {
                Some(before) if is_alone(connection, before).await? => Some(before),
                _ => Some(open_group(connection, now).await?.0),
            },
            Joins::GroupOf(other) => {
                let group: Option<Option<i64>> = sqlx::query_scalar("SELECT grp FROM escalations WHERE id = ?")
                    .bind(other.0)
                    .fetch_optional(&mut *connection)
                    .await?;
                match group.flatten() {
                    Some(group) => Some(group),
                    None => Some(open_group(connection, now).await?.0),
                }
            }
        };
        let again = match group {
            Some(group) => group_answers::was_told(connection, GroupId(group), &conversation).await?,
            None => false,
        };
        let group = group.filter(|_| !again);
        sqlx::query("UPDATE escalations SET grp = ?1, looked_at_turn = ?2 WHERE id = ?3")
            .bind(group)
            .bind(assignment.turn)
            .bind(id.0)
            .execute(&mut *connection)
            .await?;
        if again {
            note(connection, id, None, "They were given the answer to this before, and ask again.", None, now).await?;
        }
        work.changes.desk = true;
        let Some(group) = group else { continue };
        outcome.joined += u64::from(matches!(assignment.joins, Joins::GroupOf(_)));
        if assignment.served
            && let Some(answer) = group_answers::standing(&mut work.connection, GroupId(group), now).await?
            && group_answers::serve(work, id, GroupId(group), &answer, None, now).await? != Told::Not
        {
            outcome.served += 1;
        }
    }
    Ok(outcome)
}

async fn is_alone(connection: &mut SqliteConnection, group: i64) -> Result<bool> {
    let count: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM (SELECT 1 FROM escalations INDEXED BY escalations_group WHERE grp = ? LIMIT 2)",
    )
    .bind(group)
    .fetch_one(connection)
    .await?;
    Ok(count == 1)
}

async fn open_group(connection: &mut SqliteConnection, now: Timestamp) -> Result<GroupId> {
    let id = sqlx::query_scalar("INSERT INTO groups (opened_at) VALUES (?) RETURNING id")
        .bind(micros(now))
        .fetch_one(connection)
        .await?;
    Ok(GroupId(id))
}

async fn take_out(
    work: &mut Work,
    group: GroupId,
    members: Vec<EscalationId>,
    agent: String,
    split: Split,
    now: Timestamp,
) -> Result<Option<GroupId>> {
    let connection = &mut work.connection;
    find(connection, group).await?;
    let new = match split {
        Split::Apart => None,
        Split::Together => Some(open_group(connection, now).await?),
    };
    for id in members {
        let taken = sqlx::query("UPDATE escalations SET grp = ?1, apart = ?2 WHERE id = ?3 AND grp = ?4")
            .bind(new.map(|new| new.0))
            .bind(new.is_none())
            .bind(id.0)
            .bind(group.0)
            .execute(&mut *connection)
            .await?;
        if taken.rows_affected() == 0 {
            return Err(StoreError::NotInGroup(id, group));
        }
        audit(connection, "split", Some(id), group, &agent, now).await?;
    }
    work.changes.desk = true;
    Ok(new)
}

async fn merge(work: &mut Work, from: GroupId, into: GroupId, agent: String, now: Timestamp) -> Result<()> {
    let connection = &mut work.connection;
    let (one, other) = (find(connection, from).await?, find(connection, into).await?);
    if from == into {
        return Ok(());
    }
    if let (Some(one), Some(other)) = (one.language, other.language)
        && one != other
    {
        return Err(StoreError::OtherLanguage(from, into));
    }
    // Also what was sent: nobody is told twice.
    for sql in ["UPDATE escalations SET grp = ?1 WHERE grp = ?2", "UPDATE outbox SET grp = ?1 WHERE grp = ?2"] {
        sqlx::query(sql).bind(into.0).bind(from.0).execute(&mut *connection).await?;
    }
    sqlx::query("UPDATE groups SET merged_into = ?, merged_at = ?, answer_until = NULL WHERE id = ?")
        .bind(into.0)
        .bind(micros(now))
        .bind(from.0)
        .execute(&mut *connection)
        .await?;
    // Those that were merged into it before.
    sqlx::query("UPDATE groups SET merged_into = ? WHERE merged_into = ?")
        .bind(into.0)
        .bind(from.0)
        .execute(&mut *connection)
        .await?;
    audit(connection, "merge", None, from, &agent, now).await?;
    work.changes.desk = true;
    Ok(())
}

/// Writes down what an agent did with a group; gives the row's id.
pub(super) async fn audit(
    connection: &mut SqliteConnection,
    kind: &'static str,
    escalation: Option<EscalationId>,
    group: GroupId,
    agent: &str,
    now: Timestamp,
) -> Result<i64> {
    let audit = Audit { kind, escalation: escalation.map(|id| id.0), agent: Some(agent), ..Audit::default() };
    let row = audit.insert(connection, now).await?;
    sqlx::query(
        "UPDATE audit SET grp = ?1, conversation = (SELECT conversation FROM escalations WHERE id = ?2) WHERE id = ?3",
    )
    .bind(group.0)
    .bind(escalation.map(|id| id.0))
    .bind(row)
    .execute(connection)
    .await?;
    Ok(row)
}
