//! The people who wrote: found by what is known of them, and kept from deletion where the law asks for it.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    Result, Store, StoreError,
    handling::checked,
    rows::{self, Audit, micros, moment, uuid},
};
use crate::{
    conversation::{EscalationId, Urgency},
    message::ConversationId,
};

/// The longest reason of a hold, in bytes: a line with a file number.
const MAX_HOLD_BYTES: usize = 500;

/// The shortest words that people are looked for by, in characters: fewer are in everybody's messages.
const MIN_WORDS: usize = 3;

/// A person, as a channel names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contact {
    #[serde(skip)]
    pub id: i64,
    pub channel: String,
    /// The platform's id of them; of the web chat the hash of the visitor's key.
    pub contact: String,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    /// How many messages of theirs are kept.
    pub messages: u64,
    /// Why nothing of them may be deleted.
    pub hold: Option<Hold>,
    /// What waits for a person, or is with one.
    pub open: Vec<OpenMatter>,
}

/// Why nothing of a person may be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hold {
    pub why: String,
    /// None: from the command line.
    pub by: Option<String>,
    pub at: Timestamp,
}

/// An escalation that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenMatter {
    pub escalation: EscalationId,
    pub urgency: Urgency,
    pub claimed_by: Option<String>,
}

impl fmt::Display for OpenMatter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "escalation {}", self.escalation)?;
        if self.urgency == Urgency::Danger {
            f.write_str(" is about a danger")?;
        }
        match (&self.claimed_by, self.urgency) {
            (Some(agent), Urgency::Danger) => write!(f, " and with {agent}"),
            (Some(agent), _) => write!(f, " is with {agent}"),
            (None, Urgency::Danger) => f.write_str(" and nobody has taken it"),
            (None, _) => f.write_str(" waits for a person"),
        }
    }
}

impl OpenMatter {
    /// Whether erasing its customer takes something out of somebody's hands: a danger, or what an agent works on.
    #[must_use]
    pub fn asks_first(&self) -> bool {
        self.urgency == Urgency::Danger || self.claimed_by.is_some()
    }
}

impl Contact {
    /// The name by which the command line and the desk call them, such as `telegram:4711`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}:{}", self.channel, self.contact)
    }
}

/// Somebody who may be meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    pub contact: Contact,
    /// Where the words that were looked for stand in a message of theirs; None: they were found otherwise.
    pub words: Option<String>,
}

macro_rules! select_contacts {
    ($rest:literal) => {
        concat!(
            "SELECT *, (SELECT COUNT(*) FROM inbox i INDEXED BY inbox_contact WHERE i.contact = c.id) AS messages FROM contacts c ",
            $rest
        )
    };
}

impl Store {
    /// People who may be meant by a text: the beginning of their id on the platform, the number of an escalation, or words that they wrote (three characters
    /// and more). At most `limit`, who wrote last comes first.
    pub async fn find_contacts(&self, text: &str, limit: u32) -> Result<Vec<Found>> {
        let text = text.trim();
        let mut reader = self.readers.acquire().await?;
        let mut found = Vec::new();
        if text.is_empty() {
            return Ok(found);
        }
        let id = text.split_once(':').map_or(text, |(_, contact)| contact);
        let rows = sqlx::query(select_contacts!(
            "WHERE c.contact LIKE ?1 ESCAPE '\\' OR c.id IN (SELECT i.contact FROM inbox i INDEXED BY inbox_conversation
                WHERE i.conversation = (SELECT conversation FROM escalations WHERE id = ?2))
             ORDER BY c.last_at DESC LIMIT ?3"
        ))
        .bind(format!("{}%", like(id)))
        .bind(text.strip_prefix('#').unwrap_or(text).parse::<i64>().ok())
        .bind(limit)
        .fetch_all(&mut *reader)
        .await?;
        for row in &rows {
            found.push(Found { contact: contact(&mut reader, row).await?, words: None });
        }
        if text.chars().count() < MIN_WORDS {
            return Ok(found);
        }
        // The whole inbox is read for it, by a connection that holds up nobody.
        let rows = sqlx::query(select_contacts!(
            "JOIN (SELECT contact AS who, MAX(cursor) AS last, text AS words FROM inbox WHERE text LIKE ?1 ESCAPE '\\' GROUP BY contact) w
             ON w.who = c.id ORDER BY w.last DESC LIMIT ?2"
        ))
        .bind(format!("%{}%", like(text)))
        .bind(limit)
        .fetch_all(&mut *reader)
        .await?;
        for row in &rows {
            let (id, words): (i64, Option<String>) = (row.try_get("id")?, row.try_get("words")?);
            if let Some(known) = found.iter_mut().find(|known| known.contact.id == id) {
                known.words = words;
            } else if found.len() < limit as usize {
                found.push(Found { contact: contact(&mut reader, row).await?, words });
            }
        }
        Ok(found)
    }

    /// The person of that name, such as `telegram:4711`; the beginning of it is enough where nobody else's begins so.
    ///
    /// # Errors
    /// [`StoreError::NoContact`], [`StoreError::ManyContacts`].
    pub async fn contact_named(&self, name: &str) -> Result<Contact> {
        let name = name.trim();
        let (channel, id) = name
            .split_once(':')
            .filter(|(_, id)| !id.is_empty())
            .ok_or_else(|| StoreError::NoContact(name.to_owned()))?;
        let mut reader = self.readers.acquire().await?;
        let rows = sqlx::query(select_contacts!(
            "WHERE c.channel = ?1 AND c.contact LIKE ?3 ESCAPE '\\' ORDER BY c.contact <> ?2 LIMIT 2"
        ))
        .bind(channel)
        .bind(id)
        .bind(format!("{}%", like(id)))
        .fetch_all(&mut *reader)
        .await?;
        match rows.as_slice() {
            [] => Err(StoreError::NoContact(name.to_owned())),
            [first, rest @ ..] if rest.is_empty() || first.try_get::<&str, _>("contact")? == id => {
                contact(&mut reader, first).await
            }
            _ => Err(StoreError::ManyContacts(name.to_owned())),
        }
    }

    /// The person with this number in the store.
    ///
    /// # Errors
    /// [`StoreError::NoContact`]
    pub async fn contact(&self, id: i64) -> Result<Contact> {
        let mut reader = self.readers.acquire().await?;
        find(&mut reader, id).await
    }

    /// From now on nothing of this person is deleted, by age or by wish; None: it may be again. `by` is the admin, None the command line.
    ///
    /// # Errors
    /// [`StoreError::NoContact`]; [`StoreError::Empty`] and [`StoreError::TooLong`] for the reason.
    pub async fn hold(&self, id: i64, why: Option<&str>, by: Option<&str>, now: Timestamp) -> Result<()> {
        let why = why.map(|why| checked("reason", why, MAX_HOLD_BYTES)).transpose()?;
        let by = by.map(str::to_owned);
        self.writer
            .run(move |work| {
                Box::pin(async move {
                    let connection = &mut work.connection;
                    let kind = if why.is_some() { "hold" } else { "end_hold" };
                    let held = sqlx::query(
                        "UPDATE contacts SET hold = ?1, held_by = iif(?1 IS NULL, NULL, ?2), held_at = iif(?1 IS NULL, NULL, ?3)
                         WHERE id = ?4",
                    )
                    .bind(why)
                    .bind(&by)
                    .bind(micros(now))
                    .bind(id)
                    .execute(&mut *connection)
                    .await?;
                    if held.rows_affected() == 0 {
                        return Err(StoreError::NoContact(id.to_string()));
                    }
                    let conversation = latest_conversation(connection, id).await?;
                    Audit { kind, conversation, agent: by.as_deref(), ..Audit::default() }.insert(connection, now).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Writes down that a person's data were given out as a copy.
    pub async fn exported(&self, id: i64, form: &str, by: Option<&str>, now: Timestamp) -> Result<()> {
        let (form, by) = (form.to_owned(), by.map(str::to_owned));
        self.writer
            .run(move |work| {
                Box::pin(async move {
                    let connection = &mut work.connection;
                    let conversation = latest_conversation(connection, id).await?;
                    let audit = Audit {
                        kind: "export",
                        conversation,
                        agent: by.as_deref(),
                        detail: Some(&form),
                        ..Audit::default()
                    };
                    audit.insert(connection, now).await?;
                    Ok(())
                })
            })
            .await
    }
}

/// What the audit trail knows a person by: where they wrote last.
async fn latest_conversation(connection: &mut SqliteConnection, id: i64) -> Result<Option<ConversationId>> {
    let last: Option<String> =
        sqlx::query_scalar("SELECT conversation FROM inbox WHERE contact = ? ORDER BY received_at DESC LIMIT 1")
            .bind(id)
            .fetch_optional(connection)
            .await?;
    last.map(|id| Ok(ConversationId(uuid(&id)?))).transpose()
}

/// A person, inside a job or not.
pub(super) async fn find(connection: &mut SqliteConnection, id: i64) -> Result<Contact> {
    let row = sqlx::query(select_contacts!("WHERE c.id = ?")).bind(id).fetch_optional(&mut *connection).await?;
    contact(connection, &row.ok_or_else(|| StoreError::NoContact(id.to_string()))?).await
}

async fn contact(connection: &mut SqliteConnection, row: &SqliteRow) -> Result<Contact> {
    let id: i64 = row.try_get("id")?;
    let hold = match (row.try_get::<Option<String>, _>("hold")?, row.try_get::<Option<i64>, _>("held_at")?) {
        (Some(why), Some(at)) => Some(Hold { why, by: row.try_get("held_by")?, at: moment(at)? }),
        _ => None,
    };
    let open: Vec<(i64, String, Option<String>)> = sqlx::query_as(
        "SELECT id, urgency, claimed_by FROM escalations WHERE resolved_at IS NULL AND conversation IN
            (SELECT conversation FROM inbox INDEXED BY inbox_contact WHERE contact = ?) ORDER BY urgency <> 'danger', id",
    )
    .bind(id)
    .fetch_all(connection)
    .await?;
    let matter = |(id, urgency, claimed_by): (i64, String, Option<String>)| {
        Ok(OpenMatter { escalation: EscalationId(id), urgency: rows::urgency(&urgency)?, claimed_by })
    };
    Ok(Contact {
        id,
        channel: row.try_get("channel")?,
        contact: row.try_get("contact")?,
        first_at: moment(row.try_get("first_at")?)?,
        last_at: moment(row.try_get("last_at")?)?,
        messages: row.try_get::<i64, _>("messages")?.unsigned_abs(),
        hold,
        open: open.into_iter().map(matter).collect::<Result<_>>()?,
    })
}

/// A text that LIKE takes for itself.
fn like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
