//! Who is signed in.

use jiff::{SignedDuration, Timestamp};
use sqlx::{Row, SqliteConnection};

use super::{
    Result, Store, StoreError,
    rows::{Audit, micros, moment},
    tokens::TokenHash,
    users::{self, Role},
};
use crate::policy::{SESSION_IDLE, SESSION_LONGEST};

/// How exactly it is kept when a session was last used: not each request is a write.
const SEEN_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Somebody's session, as it counts now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who is signed in.
    pub name: String,
    pub role: Role,
}

impl Store {
    /// Signs a user in whose password was checked. Sessions that ended are forgotten on the way.
    ///
    /// # Errors
    /// [`StoreError::NoUser`], also if the user is disabled.
    pub async fn open_session(&self, name: &str, session: &TokenHash, now: Timestamp) -> Result<()> {
        let (name, session) = (name.to_owned(), session.clone());
        self.writer
            .run(move |work| {
                Box::pin(async move {
                    let connection = &mut work.connection;
                    let user = users::find(connection, &name).await?;
                    if user.disabled_at.is_some() {
                        return Err(StoreError::NoUser(user.name));
                    }
                    sqlx::query("DELETE FROM sessions WHERE ends_at <= ?1 OR seen_at <= ?2")
                        .bind(micros(now))
                        .bind(micros(now - SESSION_IDLE))
                        .execute(&mut *connection)
                        .await?;
                    sqlx::query(
                        "INSERT INTO sessions (token, user, opened_at, seen_at, ends_at) VALUES (?1, ?2, ?3, ?3, ?4)",
                    )
                    .bind(session.as_str())
                    .bind(user.id)
                    .bind(micros(now))
                    .bind(micros(now + SESSION_LONGEST))
                    .execute(&mut *connection)
                    .await?;
                    let audit = Audit { kind: "sign_in", agent: Some(&user.name), ..Audit::default() };
                    audit.insert(connection, now).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Whose session it is; None if there is none, it ended, or its user is disabled. With `touch` it counts as used now.
    pub async fn session(&self, session: &TokenHash, touch: bool, now: Timestamp) -> Result<Option<Session>> {
        let row = sqlx::query(
            "SELECT u.name, u.role, s.seen_at FROM sessions s JOIN users u ON u.id = s.user
             WHERE s.token = ? AND s.ends_at > ? AND s.seen_at > ? AND u.disabled_at IS NULL",
        )
        .bind(session.as_str())
        .bind(micros(now))
        .bind(micros(now - SESSION_IDLE))
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        if touch && moment(row.try_get("seen_at")?)? + SEEN_EVERY < now {
            let session = session.clone();
            self.writer
                .run(move |work| {
                    Box::pin(async move {
                        sqlx::query("UPDATE sessions SET seen_at = max(seen_at, ?) WHERE token = ?")
                            .bind(micros(now))
                            .bind(session.as_str())
                            .execute(&mut work.connection)
                            .await?;
                        Ok(())
                    })
                })
                .await?;
        }
        Ok(Some(Session { name: row.try_get("name")?, role: users::role(row.try_get("role")?)? }))
    }

    /// Signs this browser out. A session that is gone already is no error.
    pub async fn end_session(&self, session: &TokenHash, now: Timestamp) -> Result<()> {
        let session = session.clone();
        self.writer
            .run(move |work| {
                Box::pin(async move {
                    let connection = &mut work.connection;
                    let name: Option<String> = sqlx::query_scalar(
                        "SELECT u.name FROM sessions s JOIN users u ON u.id = s.user WHERE s.token = ?",
                    )
                    .bind(session.as_str())
                    .fetch_optional(&mut *connection)
                    .await?;
                    let Some(name) = name else {
                        return Ok(());
                    };
                    sqlx::query("DELETE FROM sessions WHERE token = ?")
                        .bind(session.as_str())
                        .execute(&mut *connection)
                        .await?;
                    Audit { kind: "sign_out", agent: Some(&name), ..Audit::default() }.insert(connection, now).await?;
                    work.changes.desk = true;
                    Ok(())
                })
            })
            .await
    }

    /// Signs a user out of every browser; gives how many sessions ended.
    ///
    /// # Errors
    /// [`StoreError::NoUser`]
    pub async fn end_sessions(&self, name: &str, now: Timestamp) -> Result<u64> {
        let name = name.to_owned();
        self.writer
            .run(move |work| {
                Box::pin(async move {
                    let user = users::find(&mut work.connection, &name).await?;
                    let ended = end_all(&mut work.connection, user.id, None).await?;
                    let audit = Audit { kind: "sign_out_everywhere", agent: Some(&user.name), ..Audit::default() };
                    audit.insert(&mut work.connection, now).await?;
                    work.changes.desk = true;
                    Ok(ended)
                })
            })
            .await
    }
}

/// Ends all sessions of a user but one, inside a job.
pub(super) async fn end_all(connection: &mut SqliteConnection, user: i64, but: Option<&TokenHash>) -> Result<u64> {
    let ended = sqlx::query("DELETE FROM sessions WHERE user = ? AND token <> ?")
        .bind(user)
        .bind(but.map_or("", TokenHash::as_str))
        .execute(connection)
        .await?;
    Ok(ended.rows_affected())
}
