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
mod staff;
mod updates;
mod verify;

use std::{num::NonZeroU64, sync::Arc};

use futures::future::{BoxFuture, FutureExt as _};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::{api::Api, intake::Intake, interactions::Thinking, places::Place, staff::Room};
use super::{Channel, Door, Parcel, Rate, SendError, Staff};
use crate::{message::Outgoing, secret};

/// `[discord]` in `evenkeel.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Another server that speaks the platform's protocol. Unset: the platform itself.
    pub api_url: Option<String>,
    /// The channel in whose threads the staff work on escalations: the id of a text channel. Whoever writes there answers customers. Needs
    /// the intent Message Content, which nothing else does.
    pub staff_channel: Option<String>,
}

/// Discord.
pub struct Discord {
    api: Api,
    thinking: Arc<Thinking>,
    /// Where the staff are, if they are there.
    room: Option<Arc<Room>>,
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
        let room = match settings.staff_channel.as_deref().map(str::trim) {
            None => None,
            Some(id) => match id.parse::<NonZeroU64>() {
                Ok(id) => Some(Arc::new(Room::new(id.into(), api.clone()))),
                Err(_) => {
                    return Err(format!(
                        "discord.staff_channel is `{id}`: a channel's id is expected, such as \"1100000000000000001\""
                    ));
                }
            },
        };
        Ok(Self { api, thinking: Arc::default(), room })
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
            let intake = Intake::new(self.api.clone(), Arc::clone(&self.thinking), self.room.clone(), door.clone());
            let gateway = async {
                gateway::run(&self.api, self.room.is_some(), &door, &sender, &stop).await;
                closed.cancel();
            };
            tokio::join!(gateway, intake.run(events, &closed));
        }
        .boxed()
    }

    fn staff(&self) -> Option<&dyn Staff> {
        self.room.as_deref().map(|room| room as &dyn Staff)
    }

    fn verify(&self) -> BoxFuture<'_, Result<String, Vec<String>>> {
        verify::verify(&self.api, self.room.as_ref().map(|room| room.channel)).boxed()
    }
}
