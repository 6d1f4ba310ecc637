//! Discord.

use futures::future::{BoxFuture, FutureExt as _, ready};
use serde::Deserialize;

use super::{Channel, Parcel, SendError};

/// `[discord]` in `evenkeel.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Another server that speaks the platform's protocol. Unset: the platform itself.
    pub api_url: Option<String>,
}

/// Discord.
pub struct Discord;

impl Discord {
    pub const NAME: &'static str = "discord";

    /// The channel, if its credentials are there.
    ///
    /// # Errors
    /// Why it is off, for the operator.
    pub fn open(_settings: &Settings) -> Result<Self, String> {
        Err("not there yet".to_owned())
    }
}

impl Channel for Discord {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn send<'a>(&'a self, _parcel: &'a Parcel) -> BoxFuture<'a, Result<Option<String>, SendError>> {
        ready(Err(SendError::Unreachable("not there yet".to_owned()))).boxed()
    }
}
