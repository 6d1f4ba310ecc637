//! What customers did after the bot had answered them.

use jiff::Timestamp;
use sqlx::{Row, sqlite::SqliteRow};

use super::{
    Result, Store,
    rows::{self, from_json, micros, moment, uuid},
};
use crate::{
    conversation::Reason,
    message::ConversationId,
    reading::{Language, Mood, Reading},
};

/// An answer of the bot, and the customer's next turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Followed {
    pub conversation: ConversationId,
    pub channel: String,
    pub at: Timestamp,
    /// The language that the customer wrote in, where it could be told.
    pub language: Option<Language>,
    /// The mood in which they asked.
    pub mood: Mood,
    /// What was answered.
    pub intents: Vec<String>,
    pub next: Option<Next>,
}

/// What came after an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Next {
    pub mood: Mood,
    /// Why a person took over, if one did.
    pub reason: Option<Reason>,
    /// What was answered or offered then.
    pub intents: Vec<String>,
    /// The customer's words.
    pub text: String,
}

/// How many decisions are looked back upon at most, so that a look costs the same however much was recorded.
const LOOKED_AT: i64 = 20_000;

impl Store {
    /// The bot's answers since a moment, oldest first. Those of erased conversations are not among them.
    pub async fn followed(&self, since: Timestamp) -> Result<Vec<Followed>> {
        let rows = sqlx::query(
            "SELECT c.id AS conversation, c.channel, a.at, a.readings, a.intents, n.id AS next, n.reason,
                n.intents AS next_intents, n.readings AS next_readings,
                (SELECT group_concat(i.text, char(10)) FROM inbox i INDEXED BY inbox_conversation
                 WHERE i.conversation = c.id AND i.audit = n.id) AS text
             FROM audit a JOIN conversations c ON c.id = a.conversation
             LEFT JOIN audit n ON n.id = (SELECT MIN(m.id) FROM audit m INDEXED BY audit_conversation
                WHERE m.conversation = a.conversation AND m.id > a.id AND m.kind = 'turn')
             WHERE a.id > (SELECT COALESCE(MAX(id), 0) FROM audit) - ? AND a.at >= ? AND a.kind = 'turn' AND a.decision = 'answer'
             ORDER BY a.id",
        )
        .bind(LOOKED_AT)
        .bind(micros(since))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(followed).collect()
    }
}

fn followed(row: &SqliteRow) -> Result<Followed> {
    let asked = whole(row.try_get("readings")?)?;
    let next = match row.try_get::<Option<i64>, _>("next")? {
        None => None,
        Some(_) => Some(Next {
            mood: whole(row.try_get("next_readings")?)?.map_or(Mood::Calm, |reading| reading.mood),
            reason: row.try_get::<Option<&str>, _>("reason")?.map(rows::reason).transpose()?,
            intents: intents(row.try_get("next_intents")?)?,
            text: row.try_get::<Option<String>, _>("text")?.unwrap_or_default(),
        }),
    };
    Ok(Followed {
        conversation: ConversationId(uuid(row.try_get("conversation")?)?),
        channel: row.try_get("channel")?,
        at: moment(row.try_get("at")?)?,
        language: asked.as_ref().and_then(|reading| reading.language),
        mood: asked.map_or(Mood::Calm, |reading| reading.mood),
        intents: intents(row.try_get("intents")?)?,
        next,
    })
}

/// The reading of the whole message; none after an erasure.
fn whole(readings: Option<&str>) -> Result<Option<Reading>> {
    let readings: Vec<Reading> = readings.map_or_else(|| Ok(Vec::new()), |text| from_json("reading", text))?;
    Ok(readings.into_iter().next())
}

fn intents(names: Option<&str>) -> Result<Vec<String>> {
    names.map_or_else(|| Ok(Vec::new()), |text| from_json("intent", text))
}
