//! Discord: direct messages, mentions and replies in servers, the command `/ask` and buttons, through its gateway and HTTP interface.
//!
//! It works without the privileged intent Message Content: Discord shows us the words of direct messages, of messages that mention us, and
//! of what is asked by commands.

mod api;
mod catch_up;
mod failures;
mod formatting;
mod gateway;
mod intake;
mod interactions;
mod limits;
mod places;
mod progress;
mod requests;
mod sending;
mod updates;
mod verify;

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::{api::Api, intake::Intake, interactions::Thinking, places::Place};
use super::{Channel, Door, Parcel, Rate, SendError};
use crate::{message::Outgoing, secret};

/// `[discord]` in `evenkeel.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Another server that speaks the platform's protocol. Unset: the platform itself.
    pub api_url: Option<String>,
}

/// Discord.
pub struct Discord {
    api: Api,
    thinking: Arc<Thinking>,
}

impl Discord {
    pub const NAME: &'static str = "discord";

    /// The variable that holds the bot's token, or with `_FILE` the name of its file.
    const TOKEN: &'static str = "EVENKEEL_DISCORD_TOKEN";

    /// The channel, if its credentials are there.
    ///
    /// # Errors
    /// Why it is off, for the operator.
    pub fn open(settings: &Settings) -> Result<Self, String> {
        let token = secret::from_environment(Self::TOKEN)?.ok_or_else(|| format!("{} is not set", Self::TOKEN))?;
        let url = settings.api_url.as_deref().map(|url| url.trim().trim_end_matches('/'));
        if let Some(url) = url
            && !reqwest::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
        {
            return Err(format!("discord.api_url is `{url}`: an address such as https://discord.example is expected"));
        }
        let api = Api::new(token, url.map(ToOwned::to_owned))?;
        Ok(Self { api, thinking: Arc::default() })
    }
}

impl Channel for Discord {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn rate(&self) -> Option<Rate> {
        Some(limits::RATE)
    }

    fn chat_rate<'a>(&self, place: &'a str) -> Option<(&'a str, Rate)> {
        let chat = match Place::parse(place) {
            Some(Place::Shared { .. }) => place.split_once('/').map_or(place, |(channel, _)| channel),
            _ => place,
        };
        Some((chat, limits::CHAT_RATE))
    }

    fn pieces(&self, _place: &str, outgoing: &Outgoing) -> Vec<Outgoing> {
        requests::pieces(outgoing)
    }

    fn send<'a>(&'a self, parcel: &'a Parcel) -> BoxFuture<'a, Result<Option<String>, SendError>> {
        sending::send(&self.api, &self.thinking, parcel).boxed()
    }

    fn show_typing(&self, place: &str) {
        if let Some(channel) = Place::parse(place).and_then(Place::channel) {
            self.api.typing(channel);
        }
    }

    fn listen(&self, door: Door, stop: CancellationToken) -> BoxFuture<'_, ()> {
        async move {
            let (sender, events) = mpsc::unbounded_channel();
            // What was received is worked off after the gateway is closed.
            let closed = CancellationToken::new();
            let intake = Intake::new(self.api.clone(), Arc::clone(&self.thinking), door.clone());
            let gateway = async {
                gateway::run(&self.api, &door, &sender, &stop).await;
                closed.cancel();
            };
            tokio::join!(gateway, intake.run(events, &closed));
        }
        .boxed()
    }

    fn verify(&self) -> BoxFuture<'_, Result<String, Vec<String>>> {
        verify::verify(&self.api).boxed()
    }
}
