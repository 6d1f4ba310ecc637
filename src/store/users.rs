//! Who may work at the desk.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use unicode_normalization::UnicodeNormalization as _;
use unicode_security::{MixedScript as _, skeleton};

use super::{
    Result, Store, StoreError, invitations,
    rows::{Audit, corrupt, micros, moment},
    sessions,
    tokens::TokenHash,
    writer::Work,
};

/// The longest name, in characters: it stands above each line that a customer reads.
const MAX_NAME_CHARS: usize = 50;

/// What somebody may do; a later one may all that an earlier one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Works on escalations.
    Agent,
    /// Sees everybody's work and gives it to others.
    Supervisor,
    /// Manages people and settings.
    Admin,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Agent, Self::Supervisor, Self::Admin];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(word: &str) -> std::result::Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == word);
        found.ok_or_else(|| format!("there is no role `{word}`"))
    }
}

/// Somebody who works at the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    #[serde(skip)]
    pub(super) id: i64,
    /// What they sign in with, and what customers read.
    pub name: String,
    pub role: Role,
    pub created_at: Timestamp,
    /// Since when they may not sign in.
    pub disabled_at: Option<Timestamp>,
    /// When a browser of theirs that is signed in was last used.
    pub seen_at: Option<Timestamp>,
}

/// What a sign-in is checked against.
#[derive(Clone)]
pub struct Credentials {
    /// The name as it is written.
    pub name: String,
    /// The argon2 hash, as a PHC string.
    pub password: String,
}

/// Names that nobody may have, as they are compared: above words of a person they would deceive.
const RESERVED: [&str; 7] = ["bot", "the bot", "system", "everyone", "here", "channel", "evenkeel"];

macro_rules! select_users {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, role, created_at, disabled_at,
             (SELECT MAX(seen_at) FROM sessions WHERE user = users.id) AS seen_at FROM users ",
            $rest
        )
    };
}

impl Store {
    /// Everybody, by name.
    pub async fn users(&self) -> Result<Vec<User>> {
        let rows = sqlx::query(select_users!("ORDER BY key")).fetch_all(&self.readers).await?;
        rows.iter().map(user).collect()
    }

    /// What a sign-in under this name is checked against; None: nobody may sign in under it.
    pub async fn credentials(&self, name: &str) -> Result<Option<Credentials>> {
        let row = sqlx::query("SELECT name, password FROM users WHERE key = ? AND disabled_at IS NULL")
            .bind(name_key(name))
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| Ok(Credentials { name: row.try_get("name")?, password: row.try_get("password")? })).transpose()
    }

    /// Writes down that somebody tried to sign in under a name and was refused. A name that nobody has is left out: it may be a password,
    /// typed into the wrong field.
    pub async fn sign_in_failed(&self, name: &str, now: Timestamp) -> Result<()> {
        let key = name_key(name);
        self.writer
            .run(move |work| {
                Box::pin(async move {
                    let name: Option<String> = sqlx::query_scalar("SELECT name FROM users WHERE key = ?")
                        .bind(key)
                        .fetch_optional(&mut work.connection)
                        .await?;
                    let audit = Audit { kind: "sign_in_failed", subject: name.as_deref(), ..Audit::default() };
                    audit.insert(&mut work.connection, now).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Writes down that too many sign-ins were tried, for an account or (None) for names that nobody has, and that further ones are refused.
    pub async fn sign_in_refused(&self, name: Option<&str>, now: Timestamp) -> Result<()> {
        let name = name.map(str::to_owned);
        self.writer
            .run(move |work| {
                Box::pin(async move {
                    let audit = Audit { kind: "sign_in_refused", subject: name.as_deref(), ..Audit::default() };
                    audit.insert(&mut work.connection, now).await?;
                    Ok(())
                })
            })
            .await
    }

    /// A user's own new password. All their other sessions end: whoever knew the old one is out.
    ///
    /// # Errors
    /// [`StoreError::NoUser`]
    pub async fn set_password(&self, name: &str, hash: &str, stays: &TokenHash, now: Timestamp) -> Result<()> {
        let (name, hash, stays) = (name.to_owned(), hash.to_owned(), stays.clone());
        self.writer
            .run(move |work| {
                Box::pin(async move {
                    let user = find(&mut work.connection, &name).await?;
                    store_password(&mut work.connection, user.id, &hash).await?;
                    sessions::end_all(&mut work.connection, user.id, Some(&stays)).await?;
                    // A link to yet another password, which somebody else may hold, is as good as the old one.
                    invitations::drop_resets(&mut work.connection, user.id).await?;
                    let audit = Audit { kind: "password", agent: Some(&user.name), ..Audit::default() };
                    audit.insert(&mut work.connection, now).await?;
                    work.changes.desk = true;
                    Ok(())
                })
            })
            .await
    }

    /// Gives a user another role; it counts from their next request on. `by` is the admin, None the command line.
    ///
    /// # Errors
    /// [`StoreError::NoUser`], [`StoreError::LastAdmin`].
    pub async fn set_role(&self, name: &str, role: Role, by: Option<&str>, now: Timestamp) -> Result<()> {
        self.change(name, Change::Role(role), by, now).await
    }

    /// Keeps a user out, at once: all their sessions end.
    ///
    /// # Errors
    /// [`StoreError::NoUser`], [`StoreError::LastAdmin`].
    pub async fn disable(&self, name: &str, by: Option<&str>, now: Timestamp) -> Result<()> {
        self.change(name, Change::Disable, by, now).await
    }

    /// Lets a user in again who was kept out.
    ///
    /// # Errors
    /// [`StoreError::NoUser`]
    pub async fn enable(&self, name: &str, by: Option<&str>, now: Timestamp) -> Result<()> {
        self.change(name, Change::Enable, by, now).await
    }

    async fn change(&self, name: &str, change: Change, by: Option<&str>, now: Timestamp) -> Result<()> {
        let (name, by) = (name.to_owned(), by.map(str::to_owned));
        self.writer.run(move |work| Box::pin(apply(work, name, change, by, now))).await
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Role(Role),
    Disable,
    Enable,
}

async fn apply(work: &mut Work, name: String, change: Change, by: Option<String>, now: Timestamp) -> Result<()> {
    let connection = &mut work.connection;
    let user = find(connection, &name).await?;
    let enabled = user.disabled_at.is_none();
    let nothing_new = match change {
        Change::Role(role) => role == user.role,
        Change::Disable => !enabled,
        Change::Enable => enabled,
    };
    if nothing_new {
        return Ok(());
    }
    if user.role == Role::Admin && enabled {
        let admins: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM users WHERE role = 'admin' AND disabled_at IS NULL")
            .fetch_one(&mut *connection)
            .await?;
        if admins <= 1 {
            return Err(StoreError::LastAdmin(user.name));
        }
    }
    let (role, disabled_at, kind, detail) = match change {
        Change::Role(role) => (role, user.disabled_at, "role", Some(format!("{} → {role}", user.role))),
        Change::Disable => (user.role, Some(now), "disable", None),
        Change::Enable => (user.role, None, "enable", None),
    };
    sqlx::query("UPDATE users SET role = ?, disabled_at = ? WHERE id = ?")
        .bind(role.as_str())
        .bind(disabled_at.map(micros))
        .bind(user.id)
        .execute(&mut *connection)
        .await?;
    if change == Change::Disable {
        sessions::end_all(connection, user.id, None).await?;
        // A link to a new password would outlive the disabling and work once the user is let in again.
        invitations::drop_resets(connection, user.id).await?;
    }
    let is_admin_no_more = change == Change::Disable || matches!(change, Change::Role(role) if role < Role::Admin);
    if user.role == Role::Admin && is_admin_no_more {
        // Nobody gets in by the word of somebody who may not invite any more.
        invitations::drop_made_by(connection, &user.name, by.as_deref(), now).await?;
    }
    let audit =
        Audit { kind, agent: by.as_deref(), subject: Some(&user.name), detail: detail.as_deref(), ..Audit::default() };
    audit.insert(connection, now).await?;
    // Pages that this user has open are to notice.
    work.changes.desk = true;
    Ok(())
}

/// A user, inside a job.
pub(super) async fn find(connection: &mut SqliteConnection, name: &str) -> Result<User> {
    let row = sqlx::query(select_users!("WHERE key = ?")).bind(name_key(name)).fetch_optional(connection).await?;
    user(&row.ok_or_else(|| StoreError::NoUser(name.to_owned()))?)
}

/// That customers can tell this new name from those of all users, who stand in old conversations too.
pub(super) async fn looks_like_nobody(connection: &mut SqliteConnection, name: &str) -> Result<()> {
    let names: Vec<String> = sqlx::query_scalar("SELECT name FROM users").fetch_all(connection).await?;
    match names.into_iter().find(|other| name_key(other) != name_key(name) && look_alike(name, other)) {
        Some(other) => Err(StoreError::LooksLike { name: name.to_owned(), other }),
        None => Ok(()),
    }
}

pub(super) async fn store_password(connection: &mut SqliteConnection, user: i64, hash: &str) -> Result<()> {
    sqlx::query("UPDATE users SET password = ? WHERE id = ?").bind(hash).bind(user).execute(connection).await?;
    Ok(())
}

pub(super) fn user(row: &SqliteRow) -> Result<User> {
    let time = |column| row.try_get::<Option<i64>, _>(column)?.map(moment).transpose();
    Ok(User {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        role: role(row.try_get("role")?)?,
        created_at: moment(row.try_get("created_at")?)?,
        disabled_at: time("disabled_at")?,
        seen_at: time("seen_at")?,
    })
}

pub(super) fn role(word: &str) -> Result<Role> {
    word.parse().map_err(|error| corrupt("role", &error))
}

/// The name as it is compared, by the store and by limits alike: whoever writes it in other capitals, widths, spaces or composition is the same
/// person.
#[must_use]
pub fn name_key(name: &str) -> String {
    let folded: String = name.nfkc().flat_map(char::to_lowercase).nfkc().collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether two names look alike to a reader: by the Unicode Consortium's table of confusable signs, whatever stands between the letters.
fn look_alike(one: &str, other: &str) -> bool {
    let shape = |text: &str| {
        let letters: String = text.nfkc().filter(|c| c.is_alphanumeric()).collect();
        skeleton(&letters).collect::<String>()
    };
    // As written, and in small letters: `I` is like `l`, and `i` is not.
    shape(one) == shape(other) || shape(&name_key(one)) == shape(&name_key(other))
}

/// A name as it is kept.
///
/// # Errors
/// [`StoreError::NotAName`] says what a name is. Signs that could pass for markup, for another direction of writing or for nothing at all are
/// none: customers read names in places that we do not draw.
pub fn name(text: &str) -> Result<String> {
    let composed: String = text.nfc().collect();
    let name = composed.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        return Err(StoreError::NotAName("it is empty"));
    }
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(StoreError::NotAName("it is longer than 50 characters"));
    }
    if !name.chars().any(char::is_alphanumeric) {
        return Err(StoreError::NotAName("it has no letter"));
    }
    if name.split(' ').any(|word| !word.is_single_script()) {
        return Err(StoreError::NotAName("one of its words mixes letters of several scripts, which look alike"));
    }
    let mark = unicode_normalization::char::is_combining_mark;
    if !name.chars().all(|c| c.is_alphanumeric() || mark(c) || " .,-'’()".contains(c)) {
        return Err(StoreError::NotAName("it may hold letters, digits, spaces and . , - ' ’ ( )"));
    }
    if RESERVED.iter().any(|reserved| look_alike(&name, reserved)) {
        return Err(StoreError::NotAName("customers would take it for a machine, or for everybody"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_as_people_write_them() {
        for (written, kept) in [
            ("  Dana   Ortiz ", "Dana Ortiz"),
            ("O’Brien-Łuk (night)", "O’Brien-Łuk (night)"),
            ("陳小美", "陳小美"),
            ("नेहा", "नेहा"),
        ] {
            assert_eq!(name(written).unwrap(), kept);
        }
    }

    #[test]
    fn what_could_deceive_a_reader_is_no_name() {
        let long = "x".repeat(51);
        for text in ["Bot", "ＢＯＴ", "@everyone", "everyone", "[your refund](https://evil.example)"] {
            assert!(matches!(name(text), Err(StoreError::NotAName(_))), "{text:?}");
        }
        for text in ["", "  ", "...", "<b>Dana</b>", "Dana\u{202E}", "Da\u{200B}na", "a\nb@c", "{{x}}", "a\u{7}", &long]
        {
            assert!(matches!(name(text), Err(StoreError::NotAName(_))), "{text:?}");
        }
    }

    #[test]
    fn a_name_that_could_be_mistaken_for_another_is_no_name() {
        for text in ["D\u{430}na", "Evenkeel", "evenkee1", "\u{415}venkeel", "B\u{43e}t", "BOT", "Even keel"] {
            assert!(matches!(name(text), Err(StoreError::NotAName(_))), "{text}");
        }
        // All of it in one script, and yet the same to look at.
        assert!(look_alike("\u{421}\u{41e}\u{420}\u{410}", "COPA") && look_alike("AIan", "Alan"));
        assert!(!look_alike("Dana", "Dina") && !look_alike("Анна", "Anna Berg"));
        for good in ["Анна", "Ана Petrova", "山田 花子", "Bo Tran"] {
            assert!(name(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_name_in_another_spelling_is_the_same_name() {
        for other in ["dana ortiz", "DANA  ORTIZ", "Dana\u{3000}Ortiz", "Ｄａｎａ Ortiz"] {
            assert_eq!(name_key(other), name_key("Dana Ortiz"), "{other}");
        }
        assert_eq!(name_key("A\u{308}nne"), name_key("änne"));
        assert_ne!(name_key("Dana"), name_key("Dan"));
    }

    #[test]
    fn each_role_may_what_the_one_below_may() {
        assert!(Role::Agent < Role::Supervisor && Role::Supervisor < Role::Admin);
        for role in Role::ALL {
            assert_eq!(role.as_str().parse::<Role>().unwrap(), role);
        }
    }
}
