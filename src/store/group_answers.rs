//! One answer for all who ask the same, and for those who will.

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

use super::{
    Result, Store,
    groups::{audit, find},
    handling::{MAX_NAME_BYTES, checked, note},
    outbox::{self, Undelivered},
    rows::{find_conversation, micros, save_memory, uuid},
    writer::Work,
};
use crate::{
    conversation::{EscalationId, GroupId, Standing},
    message::{Author, Choice, ConversationId, Outgoing, OutgoingId},
    policy::MAX_TEXT_BYTES,
    reading::Language,
};

/// The longest label of a choice, in bytes.
const MAX_LABEL_BYTES: usize = 240;

/// What an agent answers to a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupAnswer {
    /// Markdown.
    pub text: String,
    /// What the choice under it is called that leads to a person, in the group's language.
    pub person: String,
    /// Until when it is true: whoever joins until then is answered alike, and what could not be delivered until then is not said any
    /// more. None: it is for those who wait now.
    pub until: Option<Timestamp>,
    /// Members that the answering agent has claimed get it too. Those of other agents are left to them in any case.
    pub also_mine: bool,
}

/// Whom a group's answer went to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct GroupReached {
    /// Escalations that it resolved.
    pub resolved: u64,
    /// Those that stay open all the same, because their customers wrote more since.
    pub wrote_more: u64,
    /// Those that are left to the agents who have them.
    pub left: u64,
}

/// What came of telling a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Resolved,
    /// It stays open, because the customer wrote more since.
    WroteMore,
    Not,
}

impl Store {
    /// Answers all of a group in one transaction: the answer is queued for each open member that nobody has claimed, behind the replies to
    /// others, and resolves it; each is audited. A member whose customer wrote more since stays open for an agent.
    ///
    /// # Errors
    /// [`super::StoreError::NoGroup`], [`super::StoreError::Merged`], [`super::StoreError::Empty`], [`super::StoreError::TooLong`].
    pub async fn answer_group(
        &self,
        group: GroupId,
        agent: &str,
        answer: GroupAnswer,
        now: Timestamp,
    ) -> Result<GroupReached> {
        let agent = checked("agent's name", agent, MAX_NAME_BYTES)?;
        let answer = GroupAnswer {
            text: checked("text", &answer.text, MAX_TEXT_BYTES)?,
            person: checked("choice of a person", &answer.person, MAX_LABEL_BYTES)?,
            ..answer
        };
        self.writer.run(move |work| Box::pin(answer_all(work, group, agent, answer, now))).await
    }

    /// From now on nobody who joins is answered alike, and what was not sent yet of the answer is not said any more: those customers go
    /// back to a person.
    ///
    /// # Errors
    /// [`super::StoreError::NoGroup`], [`super::StoreError::Merged`], [`super::StoreError::Empty`].
    pub async fn withdraw_group_answer(&self, group: GroupId, agent: &str, now: Timestamp) -> Result<()> {
        let agent = checked("agent's name", agent, MAX_NAME_BYTES)?;
        self.writer
            .run(move |work| {
                Box::pin(async move {
                    find(&mut work.connection, group).await?;
                    sqlx::query("UPDATE groups SET answer_until = ?1 WHERE id = ?2")
                        .bind(micros(now))
                        .bind(group.0)
                        .execute(&mut work.connection)
                        .await?;
                    audit(&mut work.connection, "withdraw_answer", None, group, &agent, now).await?;
                    work.changes.desk = true;
                    expire(work, now).await.map(drop)
                })
            })
            .await
    }

    /// Gives up what is queued of answers that have expired, so that nothing stale is said; a person is told of each. Gives how many.
    pub async fn expire_group_answers(&self, now: Timestamp) -> Result<u64> {
        self.writer.run(move |work| Box::pin(expire(work, now))).await
    }
}

/// A group's answer as it is said.
pub(super) struct Standard {
    pub text: String,
    pub agent: String,
    pub person: String,
}

/// The answer that newcomers of a group get now.
pub(super) async fn standing(
    connection: &mut SqliteConnection,
    group: GroupId,
    now: Timestamp,
) -> Result<Option<Standard>> {
    let row = sqlx::query("SELECT answer, answered_by, person FROM groups WHERE id = ? AND answer_until > ?")
        .bind(group.0)
        .bind(micros(now))
        .fetch_optional(connection)
        .await?;
    row.map(|row| {
        Ok(Standard {
            text: row.try_get("answer")?,
            agent: row.try_get("answered_by")?,
            person: row.try_get("person")?,
        })
    })
    .transpose()
}

/// Whether a conversation was given this group's answer before.
pub(super) async fn was_told(connection: &mut SqliteConnection, group: GroupId, conversation: &str) -> Result<bool> {
    let told = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM outbox INDEXED BY outbox_group WHERE grp = ? AND conversation = ?)",
    );
    Ok(told.bind(group.0).bind(conversation).fetch_one(connection).await?)
}

async fn answer_all(
    work: &mut Work,
    group: GroupId,
    agent: String,
    answer: GroupAnswer,
    now: Timestamp,
) -> Result<GroupReached> {
    find(&mut work.connection, group).await?;
    sqlx::query(
        "UPDATE groups SET answer = ?, answered_by = ?, answered_at = ?, answer_until = ?, person = ? WHERE id = ?",
    )
    .bind(&answer.text)
    .bind(&agent)
    .bind(micros(now))
    .bind(answer.until.map(micros))
    .bind(&answer.person)
    .bind(group.0)
    .execute(&mut work.connection)
    .await?;
    let members: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM escalations INDEXED BY escalations_group WHERE grp = ? AND resolved_at IS NULL ORDER BY id",
    )
    .bind(group.0)
    .fetch_all(&mut work.connection)
    .await?;
    let mine = answer.also_mine.then(|| agent.clone());
    let answer = Standard { text: answer.text, agent, person: answer.person };
    let mut reached = GroupReached::default();
    for id in members {
        let place = match serve(work, EscalationId(id), group, &answer, mine.as_deref(), now).await? {
            Told::Resolved => &mut reached.resolved,
            Told::WroteMore => &mut reached.wrote_more,
            Told::Not => &mut reached.left,
        };
        *place += 1;
    }
    work.changes.desk = true;
    Ok(reached)
}

/// Gives a group's answer to a member, inside a job, unless somebody (but `mine`) has claimed it or it was told the same already.
pub(super) async fn serve(
    work: &mut Work,
    id: EscalationId,
    group: GroupId,
    answer: &Standard,
    mine: Option<&str>,
    now: Timestamp,
) -> Result<Told> {
    let connection = &mut work.connection;
    // Danger, and what turned private, is a person's: it may have been raised since it joined.
    let found: Option<(String, bool)> = sqlx::query_as(
        "SELECT e.conversation, EXISTS (
            SELECT 1 FROM inbox i INDEXED BY inbox_conversation
            WHERE i.conversation = e.conversation AND ifnull(i.audit, ?3) > e.turn AND i.retracted_at IS NULL
         ) FROM escalations e
         WHERE e.id = ?1 AND e.resolved_at IS NULL AND e.urgency <> 'danger' AND e.reason NOT IN ('wish', 'private')
         AND (e.claimed_by IS NULL OR e.claimed_by = ?2)",
    )
    .bind(id.0)
    .bind(mine)
    .bind(i64::MAX)
    .fetch_optional(&mut *connection)
    .await?;
    let Some((conversation, wrote_more)) = found else { return Ok(Told::Not) };
    let told_before: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM outbox INDEXED BY outbox_group WHERE grp = ? AND conversation = ? AND text = ?)",
    )
    .bind(group.0)
    .bind(&conversation)
    .bind(&answer.text)
    .fetch_one(&mut *connection)
    .await?;
    let conversation = find_conversation(connection, ConversationId(uuid(&conversation)?)).await?;
    let Some(mut conversation) = conversation.filter(|_| !told_before) else { return Ok(Told::Not) };

    let choice = Choice { id: Choice::PERSON.to_owned(), label: answer.person.clone() };
    if !wrote_more {
        sqlx::query(
            "UPDATE escalations SET resolved_by = ?, resolved_at = ?, waiting_since = NULL, due_at = NULL, look_at = NULL WHERE id = ?",
        )
        .bind(&answer.agent)
        .bind(micros(now))
        .bind(id.0)
        .execute(&mut *connection)
        .await?;
        conversation.memory.standing = Standing::Bot;
        conversation.memory.warned.clear();
        conversation.memory.clarifications = 0;
        conversation.memory.offered = vec![choice.clone()];
        save_memory(connection, &conversation).await?;
    }
    let words = if wrote_more {
        format!("Answered with group {group}. They wrote more since: see whether the answer covers it.")
    } else {
        format!("Answered with group {group}.")
    };
    let audit = audit(connection, "group_answer", Some(id), group, &answer.agent, now).await?;
    note(connection, id, Some(&answer.agent), &words, Some(audit), now).await?;
    let outgoing = Outgoing {
        text: answer.text.clone(),
        short: None,
        choices: vec![choice],
        author: Author::Agent(answer.agent.clone()),
        language: conversation.memory.language.unwrap_or(Language::ENGLISH),
    };
    outbox::queue(connection, conversation.id, &outgoing, audit, now).await?;
    sqlx::query("UPDATE outbox SET bulk = 1, grp = ? WHERE seq = last_insert_rowid()")
        .bind(group.0)
        .execute(&mut *connection)
        .await?;
    work.changes.outbox.push(conversation.channel);
    work.changes.conversations.push(conversation.id);
    Ok(if wrote_more { Told::WroteMore } else { Told::Resolved })
}

async fn expire(work: &mut Work, now: Timestamp) -> Result<u64> {
    let late: Vec<String> = sqlx::query_scalar(
        "SELECT o.id FROM outbox o INDEXED BY outbox_state JOIN groups g ON g.id = o.grp
         WHERE o.state = 'queued' AND o.state <> 'sent' AND g.answer_until <= ?",
    )
    .bind(micros(now))
    .fetch_all(&mut work.connection)
    .await?;
    for id in &late {
        let error = "the answer expired before it could be delivered".to_owned();
        outbox::give_up(work, OutgoingId(uuid(id)?), Undelivered::Failed, error, now).await?;
    }
    Ok(late.len() as u64)
}
