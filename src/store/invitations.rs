//! Links with which somebody sets a password: new users, and users who lost theirs.

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    Result, Store, StoreError,
    rows::{Audit, micros, moment},
    sessions,
    tokens::TokenHash,
    users::{self, Role},
    writer::Work,
};
use crate::policy::INVITATION_LIFE;

/// An invitation that is still good.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Invitation {
    /// Who is invited; None: the first admin, who chooses their name.
    pub name: Option<String>,
    pub role: Role,
    /// Whether it sets a user's password anew.
    pub reset: bool,
    /// None: from the command line, or at the first start.
    pub invited_by: Option<String>,
    pub ends_at: Timestamp,
}

/// What an invitation is for.
enum Purpose {
    FirstAdmin,
    NewUser { name: String, role: Role },
    Reset { name: String },
}

impl Store {
    /// If nobody has an account yet, makes this token the way in for the first admin, in place of any earlier one. Says whether it did.
    pub async fn invite_first_admin(&self, token: &TokenHash, now: Timestamp) -> Result<bool> {
        self.invite_for(Purpose::FirstAdmin, token, None, now).await
    }

    /// Invites somebody; an earlier invitation under that name is void. `by` is the admin, None the command line.
    ///
    /// # Errors
    /// [`StoreError::NotAName`], [`StoreError::NameTaken`].
    pub async fn invite(
        &self,
        name: &str,
        role: Role,
        token: &TokenHash,
        by: Option<&str>,
        now: Timestamp,
    ) -> Result<()> {
        let purpose = Purpose::NewUser { name: users::name(name)?, role };
        self.invite_for(purpose, token, by, now).await.map(drop)
    }

    /// A link with which a user sets their password anew. The present one counts until then.
    ///
    /// # Errors
    /// [`StoreError::NoUser`], also if the user is disabled.
    pub async fn invite_to_reset(&self, name: &str, token: &TokenHash, by: Option<&str>, now: Timestamp) -> Result<()> {
        self.invite_for(Purpose::Reset { name: name.to_owned() }, token, by, now).await.map(drop)
    }

    async fn invite_for(&self, purpose: Purpose, token: &TokenHash, by: Option<&str>, now: Timestamp) -> Result<bool> {
        let (token, by) = (token.clone(), by.map(str::to_owned));
        self.writer.run(move |work| Box::pin(make(work, purpose, token, by, now))).await
    }

    /// The invitations of new users that are still good, newest first.
    pub async fn invitations(&self, now: Timestamp) -> Result<Vec<Invitation>> {
        let rows = sqlx::query(
            "SELECT * FROM invitations WHERE used_at IS NULL AND ends_at > ? AND user IS NULL AND name IS NOT NULL
             ORDER BY id DESC",
        )
        .bind(micros(now))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(invitation).collect()
    }

    /// Makes the open invitation under this name void.
    ///
    /// # Errors
    /// [`StoreError::NoInvitation`]
    pub async fn withdraw(&self, name: &str, by: Option<&str>, now: Timestamp) -> Result<()> {
        let (name, by) = (name.to_owned(), by.map(str::to_owned));
        self.writer
            .run(move |work| {
                Box::pin(async move {
                    if !drop_open(&mut work.connection, &name, now).await? {
                        return Err(StoreError::NoInvitation);
                    }
                    let audit =
                        Audit { kind: "withdraw", agent: by.as_deref(), subject: Some(&name), ..Audit::default() };
                    audit.insert(&mut work.connection, now).await?;
                    Ok(())
                })
            })
            .await
    }

    /// What a token invites to.
    ///
    /// # Errors
    /// [`StoreError::NoInvitation`]: there is none, it was used, or it ended.
    pub async fn invitation(&self, token: &TokenHash, now: Timestamp) -> Result<Invitation> {
        let mut reader = self.readers.acquire().await?;
        find(&mut reader, token, now).await.map(|(_, invitation)| invitation)
    }

    /// Makes the user, or sets the password anew (then all the user's sessions end). The invitation is used up. `name` counts where
    /// the first admin chooses one. Gives the name.
    ///
    /// # Errors
    /// [`StoreError::NoInvitation`]; [`StoreError::NotAName`] and [`StoreError::NameTaken`] for a chosen name.
    pub async fn accept(&self, token: &TokenHash, name: Option<&str>, hash: &str, now: Timestamp) -> Result<String> {
        let name = name.map(users::name).transpose()?;
        let (token, hash) = (token.clone(), hash.to_owned());
        self.writer.run(move |work| Box::pin(accept(work, token, name, hash, now))).await
    }
}

async fn make(work: &mut Work, purpose: Purpose, token: TokenHash, by: Option<String>, now: Timestamp) -> Result<bool> {
    let connection = &mut work.connection;
    let (name, role, user, kind) = match purpose {
        Purpose::FirstAdmin => {
            let has_users: bool =
                sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM users)").fetch_one(&mut *connection).await?;
            if has_users {
                return Ok(false);
            }
            sqlx::query("DELETE FROM invitations WHERE name IS NULL").execute(&mut *connection).await?;
            (None, Role::Admin, None, "first_admin")
        }
        Purpose::NewUser { name, role } => {
            if users::find(connection, &name).await.is_ok() {
                return Err(StoreError::NameTaken(name));
            }
            users::looks_like_nobody(connection, &name).await?;
            drop_open(connection, &name, now).await?;
            (Some(name), role, None, "invite")
        }
        Purpose::Reset { name } => {
            let user = users::find(connection, &name).await?;
            if user.disabled_at.is_some() {
                return Err(StoreError::NoUser(user.name));
            }
            drop_resets(connection, user.id).await?;
            (Some(user.name), user.role, Some(user.id), "reset")
        }
    };
    sqlx::query(
        "INSERT INTO invitations (token, name, role, user, invited_by, made_at, ends_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(token.as_str())
    .bind(&name)
    .bind(role.as_str())
    .bind(user)
    .bind(&by)
    .bind(micros(now))
    .bind(micros(now + INVITATION_LIFE))
    .execute(&mut *connection)
    .await?;
    // A service that starts is no event for the trail; whoever becomes the first admin is.
    if name.is_some() {
        let detail = (kind == "invite").then_some(role.as_str());
        let audit = Audit { kind, agent: by.as_deref(), subject: name.as_deref(), detail, ..Audit::default() };
        audit.insert(connection, now).await?;
    }
    Ok(true)
}

async fn accept(
    work: &mut Work,
    token: TokenHash,
    chosen: Option<String>,
    hash: String,
    now: Timestamp,
) -> Result<String> {
    let connection = &mut work.connection;
    let (id, invitation) = find(connection, &token, now).await?;
    let (name, kind) = if invitation.reset {
        let name = invitation.name.ok_or(StoreError::NoInvitation)?;
        let user = users::find(connection, &name).await?;
        users::store_password(connection, user.id, &hash).await?;
        sessions::end_all(connection, user.id, None).await?;
        (name, "accept_reset")
    } else {
        let name = invitation.name.or(chosen).ok_or(StoreError::NotAName("it is empty"))?;
        users::looks_like_nobody(connection, &name).await?;
        let made = sqlx::query(
            "INSERT INTO users (name, key, role, password, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(&name)
        .bind(users::name_key(&name))
        .bind(invitation.role.as_str())
        .bind(&hash)
        .bind(micros(now))
        .execute(&mut *connection)
        .await?;
        if made.rows_affected() == 0 {
            return Err(StoreError::NameTaken(name));
        }
        // Whoever else holds a link for a first admin comes too late.
        sqlx::query("DELETE FROM invitations WHERE name IS NULL AND id <> ?")
            .bind(id)
            .execute(&mut *connection)
            .await?;
        (name, "accept")
    };
    sqlx::query("UPDATE invitations SET used_at = ? WHERE id = ?")
        .bind(micros(now))
        .bind(id)
        .execute(&mut *connection)
        .await?;
    let detail = Some(invitation.role.as_str());
    Audit { kind, agent: Some(&name), detail, ..Audit::default() }.insert(connection, now).await?;
    work.changes.desk = true;
    Ok(name)
}

async fn find(connection: &mut SqliteConnection, token: &TokenHash, now: Timestamp) -> Result<(i64, Invitation)> {
    let row = sqlx::query(
        "SELECT i.*, EXISTS (SELECT 1 FROM users) AS has_users FROM invitations i
         WHERE token = ? AND used_at IS NULL AND ends_at > ?",
    )
    .bind(token.as_str())
    .bind(micros(now))
    .fetch_optional(connection)
    .await?
    .ok_or(StoreError::NoInvitation)?;
    let invitation = invitation(&row)?;
    // The first admin is the first user: the link is dead once somebody came in another way.
    if invitation.name.is_none() && row.try_get("has_users")? {
        return Err(StoreError::NoInvitation);
    }
    Ok((row.try_get("id")?, invitation))
}

/// Removes open invitations of a new user under this name, inside a job; says whether there was one.
async fn drop_open(connection: &mut SqliteConnection, name: &str, now: Timestamp) -> Result<bool> {
    let open: Vec<(i64, String)> = sqlx::query_as(
        "SELECT id, name FROM invitations WHERE used_at IS NULL AND user IS NULL AND name IS NOT NULL AND ends_at > ?",
    )
    .bind(micros(now))
    .fetch_all(&mut *connection)
    .await?;
    let key = users::name_key(name);
    let mut dropped = false;
    for (id, open) in open {
        if users::name_key(&open) == key {
            sqlx::query("DELETE FROM invitations WHERE id = ?").bind(id).execute(&mut *connection).await?;
            dropped = true;
        }
    }
    Ok(dropped)
}

/// Makes open links to a new password of this user void, inside a job.
pub(super) async fn drop_resets(connection: &mut SqliteConnection, user: i64) -> Result<()> {
    sqlx::query("DELETE FROM invitations WHERE user = ? AND used_at IS NULL").bind(user).execute(connection).await?;
    Ok(())
}

/// Makes all open links void that an admin made, inside a job, and tells the trail of each: `by` is who took the right away.
pub(super) async fn drop_made_by(
    connection: &mut SqliteConnection,
    admin: &str,
    by: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let dropped: Vec<Option<String>> = sqlx::query_scalar(
        "DELETE FROM invitations WHERE invited_by = ? AND used_at IS NULL AND ends_at > ? RETURNING name",
    )
    .bind(admin)
    .bind(micros(now))
    .fetch_all(&mut *connection)
    .await?;
    let detail = format!("{admin} is no admin any more");
    for name in dropped {
        let audit =
            Audit { kind: "withdraw", agent: by, subject: name.as_deref(), detail: Some(&detail), ..Audit::default() };
        audit.insert(&mut *connection, now).await?;
    }
    Ok(())
}

fn invitation(row: &SqliteRow) -> Result<Invitation> {
    Ok(Invitation {
        name: row.try_get("name")?,
        role: users::role(row.try_get("role")?)?,
        reset: row.try_get::<Option<i64>, _>("user")?.is_some(),
        invited_by: row.try_get("invited_by")?,
        ends_at: moment(row.try_get("ends_at")?)?,
    })
}
