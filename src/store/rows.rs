//! How values stand in the rows.

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

use super::{Result, StoreError};
use crate::{
    conversation::{Conversation, Reason, Urgency},
    message::{ConversationId, Quoted},
    policy::CLOCK_SLACK,
    reading::Mood,
};

/// Microseconds since 1970: the precision that the store keeps.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// Whether a time that was written down lies in the future, by more than two looks at the clock can differ: the clock was set back since.
pub(super) fn is_ahead(micros: i64, now: i64) -> bool {
    micros > now.saturating_add(CLOCK_SLACK.as_micros() as i64)
}

pub(super) fn moment(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|error| corrupt("time", &error))
}

pub(super) fn uuid(text: &str) -> Result<Uuid> {
    text.parse().map_err(|error| corrupt("id", &error))
}

pub(super) fn corrupt(what: &'static str, problem: &dyn std::fmt::Display) -> StoreError {
    StoreError::Corrupt { what, problem: problem.to_string() }
}

pub(super) fn to_json<T: Serialize>(what: &'static str, value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| corrupt(what, &error))
}

pub(super) fn from_json<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| corrupt(what, &error))
}

/// What a message quotes, as it stands in its row.
pub(super) fn quoted(json: Option<&str>) -> Result<Option<Quoted>> {
    json.map(|json| from_json("quotation", json)).transpose()
}

/// `wish`, or `danger:gas`: words that an operator can read and search for.
pub(super) fn reason_word(reason: Reason) -> String {
    match reason {
        Reason::Danger(danger) => format!("{}:{}", reason.as_str(), danger.as_str()),
        other => other.as_str().to_owned(),
    }
}

pub(super) fn reason(word: &str) -> Result<Reason> {
    let value = match word.split_once(':') {
        Some((reason, danger)) => serde_json::json!({ reason: danger }),
        None => word.into(),
    };
    serde_json::from_value(value).map_err(|error| corrupt("reason", &error))
}

pub(super) fn urgency(word: &str) -> Result<Urgency> {
    serde_json::from_value(word.into()).map_err(|error| corrupt("urgency", &error))
}

pub(super) fn mood(word: &str) -> Result<Mood> {
    serde_json::from_value(word.into()).map_err(|error| corrupt("mood", &error))
}

pub(super) fn conversation(row: &SqliteRow) -> Result<Conversation> {
    Ok(Conversation {
        id: ConversationId(uuid(row.try_get("id")?)?),
        channel: row.try_get("channel")?,
        place: row.try_get("place")?,
        public: row.try_get("public")?,
        version: row.try_get("version")?,
        memory: from_json("memory", row.try_get("memory")?)?,
    })
}

/// Reads a conversation inside a job. None if it was erased.
pub(super) async fn find_conversation(
    connection: &mut SqliteConnection,
    id: ConversationId,
) -> Result<Option<Conversation>> {
    sqlx::query("SELECT id, channel, place, public, version, memory FROM conversations WHERE id = ?")
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?
        .as_ref()
        .map(conversation)
        .transpose()
}

/// Saves what a conversation remembers, if nobody changed it since it was read.
///
/// # Errors
/// [`StoreError::Conflict`] if somebody did, or if it was erased.
pub(super) async fn save_memory(connection: &mut SqliteConnection, conversation: &Conversation) -> Result<()> {
    let saved = sqlx::query("UPDATE conversations SET version = version + 1, memory = ? WHERE id = ? AND version = ?")
        .bind(to_json("memory", &conversation.memory)?)
        .bind(conversation.id.to_string())
        .bind(conversation.version)
        .execute(connection)
        .await?;
    if saved.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// The next number of the store-wide counter: for a line that becomes visible by this job.
pub(super) async fn take_cursor(connection: &mut SqliteConnection) -> Result<i64> {
    Ok(sqlx::query_scalar("UPDATE counter SET cursor = cursor + 1 RETURNING cursor").fetch_one(connection).await?)
}

/// One row of the audit trail.
#[derive(Default)]
pub(super) struct Audit<'a> {
    pub kind: &'static str,
    pub conversation: Option<ConversationId>,
    pub decision: Option<&'static str>,
    pub reason: Option<Reason>,
    /// JSON
    pub intents: Option<String>,
    /// JSON
    pub readings: Option<String>,
    pub knowledge: Option<&'a str>,
    pub escalation: Option<i64>,
    pub agent: Option<&'a str>,
    /// Of rows about accounts: whom it is about.
    pub subject: Option<&'a str>,
    pub detail: Option<&'a str>,
}

impl Audit<'_> {
    /// Writes it down; gives its row's id.
    pub async fn insert(self, connection: &mut SqliteConnection, at: Timestamp) -> Result<i64> {
        let row = sqlx::query_scalar(
            "INSERT INTO audit (at, kind, conversation, decision, reason, intents, readings, knowledge, escalation, agent, subject, detail)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        )
        .bind(micros(at))
        .bind(self.kind)
        .bind(self.conversation.map(|id| id.to_string()))
        .bind(self.decision)
        .bind(self.reason.map(reason_word))
        .bind(self.intents)
        .bind(self.readings)
        .bind(self.knowledge)
        .bind(self.escalation)
        .bind(self.agent)
        .bind(self.subject)
        .bind(self.detail)
        .fetch_one(connection)
        .await?;
        Ok(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::Danger;

    #[test]
    fn every_reason_and_urgency_comes_back_from_its_word() {
        let plain = [
            Reason::Wish,
            Reason::Always,
            Reason::Unsure,
            Reason::Stale,
            Reason::Repeated,
            Reason::Unclear,
            Reason::Private,
            Reason::Attachment,
            Reason::Undelivered,
            Reason::Language,
            Reason::Promise,
        ];
        for expected in plain.into_iter().chain(Danger::ALL.map(Reason::Danger)) {
            assert_eq!(reason(&reason_word(expected)).unwrap(), expected);
        }
        for expected in [Urgency::Normal, Urgency::High, Urgency::Danger] {
            assert_eq!(urgency(expected.as_str()).unwrap(), expected);
        }
        assert!(matches!(reason("whim"), Err(StoreError::Corrupt { what: "reason", .. })));
    }
}
