//! Who may use the API: names, and the hashes of their tokens.

use jiff::Timestamp;
use sqlx::Row;

use super::{
    Result, Store, StoreError, Token, TokenHash,
    rows::{micros, moment},
    users,
};

/// What is known of a token for the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Whose it is, such as `zammad`.
    pub name: String,
    pub made_at: Timestamp,
    /// Since when it opens nothing any more.
    pub revoked_at: Option<Timestamp>,
}

impl Store {
    /// Lets the holder of a token in under a name. The name of a revoked token may be used again.
    ///
    /// # Errors
    /// [`StoreError::TokenNameTaken`] if a token of that name is in use; [`StoreError::NotAName`]: customers read it where a bridge names no agent.
    pub async fn add_api_token(&self, name: &str, token: &Token, now: Timestamp) -> Result<()> {
        let name = users::name(name)?;
        let hash = token.hash();
        self.writer
            .run(move |work| {
                Box::pin(async move {
                    let added = sqlx::query(
                        "INSERT INTO api_tokens (name, hash, made_at) VALUES (?, ?, ?)
                         ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, made_at = excluded.made_at, revoked_at = NULL
                         WHERE revoked_at IS NOT NULL",
                    )
                    .bind(&name)
                    .bind(hash.as_str())
                    .bind(micros(now))
                    .execute(&mut work.connection)
                    .await?;
                    if added.rows_affected() == 0 { Err(StoreError::TokenNameTaken(name)) } else { Ok(()) }
                })
            })
            .await
    }

    /// From now on the token of that name opens nothing. Gives whether there was one that did.
    pub async fn revoke_api_token(&self, name: &str, now: Timestamp) -> Result<bool> {
        let name = name.trim().to_owned();
        self.writer
            .run(move |work| {
                Box::pin(async move {
                    let revoked =
                        sqlx::query("UPDATE api_tokens SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL")
                            .bind(micros(now))
                            .bind(name)
                            .execute(&mut work.connection)
                            .await?;
                    Ok(revoked.rows_affected() > 0)
                })
            })
            .await
    }

    /// All tokens, the revoked ones too, by name.
    pub async fn api_tokens(&self) -> Result<Vec<ApiToken>> {
        let rows = sqlx::query("SELECT name, made_at, revoked_at FROM api_tokens ORDER BY name")
            .fetch_all(&self.readers)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(ApiToken {
                    name: row.try_get("name")?,
                    made_at: moment(row.try_get("made_at")?)?,
                    revoked_at: row.try_get::<Option<i64>, _>("revoked_at")?.map(moment).transpose()?,
                })
            })
            .collect()
    }

    /// Whose token this is; None if it is nobody's, or revoked.
    pub async fn api_token_name(&self, hash: &TokenHash) -> Result<Option<String>> {
        let name = sqlx::query_scalar("SELECT name FROM api_tokens WHERE hash = ? AND revoked_at IS NULL");
        Ok(name.bind(hash.as_str()).fetch_optional(&self.readers).await?)
    }
}
