//! Browsers in which somebody signed in before. Their token gives no way in; it only keeps their owner from being kept out.

use jiff::Timestamp;

use super::{
    Result, Store,
    rows::micros,
    tokens::TokenHash,
    users::{self, name_key},
};
use crate::policy::{DEVICE_LIFE, DEVICES_KEPT};

impl Store {
    /// Remembers that this user signed in with this browser.
    ///
    /// # Errors
    /// [`super::StoreError::NoUser`]
    pub async fn remember_device(&self, name: &str, device: &TokenHash, now: Timestamp) -> Result<()> {
        let (name, device) = (name.to_owned(), device.clone());
        self.writer
            .run(move |work| {
                Box::pin(async move {
                    let connection = &mut work.connection;
                    let user = users::find(connection, &name).await?;
                    sqlx::query("INSERT OR REPLACE INTO devices (token, user, used_at) VALUES (?, ?, ?)")
                        .bind(device.as_str())
                        .bind(user.id)
                        .bind(micros(now))
                        .execute(&mut *connection)
                        .await?;
                    sqlx::query(
                        "DELETE FROM devices WHERE user = ?1 AND (used_at <= ?2 OR token NOT IN
                         (SELECT token FROM devices WHERE user = ?1 ORDER BY used_at DESC LIMIT ?3))",
                    )
                    .bind(user.id)
                    .bind(micros(now - DEVICE_LIFE))
                    .bind(DEVICES_KEPT)
                    .execute(&mut *connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Whether this user signed in with this browser before.
    pub async fn knows_device(&self, name: &str, device: &TokenHash, now: Timestamp) -> Result<bool> {
        let known = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM devices d JOIN users u ON u.id = d.user WHERE d.token = ? AND u.key = ? AND d.used_at > ?)",
        );
        let known = known.bind(device.as_str()).bind(name_key(name)).bind(micros(now - DEVICE_LIFE));
        Ok(known.fetch_one(&self.readers).await?)
    }
}
