//! Telegram, through the Bot API.

mod client;
mod failures;
mod formatting;
mod listening;
mod media;
mod menu;
mod place;
mod quotes;
mod requests;
mod staff;
mod updates;
mod webhook;
mod wire;

use std::{fmt::Write as _, sync::Arc, time::Duration};

use futures::future::{BoxFuture, FutureExt as _};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use self::{
    client::{CallError, Client, PATIENCE},
    failures::Crowd,
    listening::Listening,
    place::Place,
    staff::Forum,
    webhook::Webhook,
};
use super::{Channel, Door, Parcel, Rate, SendError, Staff, split};
use crate::{message::Outgoing, secret};

/// `[telegram]` in `evenkeel.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Another server that speaks the Bot API, such as a self-hosted one. Unset: the platform itself.
    pub api_url: Option<String>,
    /// How messages come to us.
    pub mode: Mode,
    /// The address of this service as the world reaches it; wanted by `mode = "webhook"`.
    pub webhook_url: Option<String>,
    /// The forum in which the staff work on escalations: the number of a supergroup with topics. Whoever writes there answers customers.
    pub staff_chat: Option<i64>,
}

/// How messages come to us.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// We ask for them. Needs no public address.
    #[default]
    Polling,
    /// Telegram calls us.
    Webhook,
}

/// Telegram.
pub struct Telegram {
    listening: Arc<Listening>,
    /// Set if Telegram calls us.
    webhook: Option<Webhook>,
    /// Where the staff are, if they are there.
    forum: Option<Forum>,
    crowd: Crowd,
}

impl Telegram {
    pub const NAME: &'static str = "telegram";

    /// The channel, if its credentials are there.
    ///
    /// # Errors
    /// Why it is off, for the operator.
    pub fn open(settings: &Settings) -> Result<Self, String> {
        const TOKEN: &str = "EVENKEEL_TELEGRAM_TOKEN";
        let token = secret::from_environment(TOKEN)?.ok_or_else(|| format!("{TOKEN} is not set"))?;
        let client = Client::new(settings.api_url.as_deref(), &token)?;
        let webhook = match (settings.mode, settings.webhook_url.as_deref()) {
            (Mode::Polling, _) => None,
            (Mode::Webhook, Some(url)) if client::is_web_address(url) => Some(Webhook::new(url, token.expose_secret())),
            (Mode::Webhook, url) => {
                return Err(format!(
                    "telegram.mode is \"webhook\", which needs telegram.webhook_url, the public address of this service, such \
                     as \"https://help.example.com\"; it is {}",
                    url.map_or("not set".to_owned(), |url| format!("{url:?}"))
                ));
            }
        };
        if let Some(chat) = settings.staff_chat.filter(|chat| *chat >= 0) {
            return Err(format!(
                "telegram.staff_chat is {chat}: the number of a supergroup is expected, such as -1001234567890 (docs/channels/telegram.md tells how \
                 to learn it)"
            ));
        }
        let listening = Arc::new(Listening::new(client, settings.staff_chat));
        let forum = settings.staff_chat.map(|chat| Forum::new(chat, Arc::clone(&listening)));
        Ok(Self { listening, webhook, forum, crowd: Crowd::default() })
    }

    async fn deliver(&self, parcel: &Parcel) -> Result<Option<String>, SendError> {
        let place: Place =
            parcel.place.parse().map_err(|_| SendError::Malformed("the place is not one of Telegram's".to_owned()))?;
        let request = requests::message(parcel, &place);
        let client = &self.listening.client;
        let answer = match client.call::<_, Value>(&request, PATIENCE).await {
            Err(CallError::Refused(refusal)) if let Some(to) = refusal.migrated_to => {
                client.call(&requests::migrated(request, to), PATIENCE).await
            }
            // The customer deleted the topic of their chat with us; they are still there.
            Err(CallError::Refused(refusal)) if !place.public() && failures::has_no_topic(&refusal) => {
                client.call(&requests::without_topic(request), PATIENCE).await
            }
            answer => answer,
        };
        match answer {
            // Whatever else is in there, it was accepted.
            Ok(message) => Ok(message["message_id"].as_i64().map(|id| id.to_string())),
            Err(error) => Err(failures::sending(&error, place.chat, &self.crowd)),
        }
    }

    async fn check(&self) -> Result<String, Vec<String>> {
        let wrong = |error: CallError| vec![failures::receiving(&error).0];
        let bot = self.listening.introduce().await.map_err(wrong)?;
        let set = self.listening.webhook().await.map_err(wrong)?;
        if let Some(forum) = &self.forum {
            let wrong = forum.check(bot.id).await;
            if !wrong.is_empty() {
                return Err(wrong);
            }
        }
        let mut says = format!("the bot @{}", bot.username);
        if let Some(forum) = &self.forum {
            // Writing to a string cannot fail.
            let _ = write!(says, "; the staff work in the group {}", forum.chat);
        }
        if bot.for_business {
            says.push_str("; business accounts can be connected to it, but their chats are not answered: switch that off at @BotFather");
        }
        match &self.webhook {
            None if !set.url.is_empty() => {
                says.push_str(
                    "; Telegram now calls another address, which ends when Evenkeel starts (mode = \"polling\")",
                );
            }
            Some(webhook) if set.url != webhook.url => says.push_str("; its webhook is set when Evenkeel starts"),
            _ => {}
        }
        if let (Some(_), Some(why)) = (&self.webhook, set.last_error_message) {
            says.push_str("; the last call of its webhook that failed: ");
            says.push_str(&failures::reason(&why));
        }
        Ok(says)
    }
}

impl Channel for Telegram {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    /// "About 30 messages a second to different chats."
    fn rate(&self) -> Option<Rate> {
        Some(Rate { burst: 30, every: Duration::from_secs(1) / 30 })
    }

    /// One a second in a chat, of which some may come at once; 20 a minute in a group, whose ids are negative.
    fn chat_rate<'a>(&self, place: &'a str) -> Option<(&'a str, Rate)> {
        let chat = place::chat_of(place);
        let (burst, every) =
            if chat.starts_with('-') { (5, Duration::from_secs(3)) } else { (3, Duration::from_secs(1)) };
        Some((chat, Rate { burst, every }))
    }

    fn pieces(&self, _place: &str, outgoing: &Outgoing) -> Vec<Outgoing> {
        split(outgoing, |text| formatting::fits(&outgoing.author, text))
    }

    fn send<'a>(&'a self, parcel: &'a Parcel) -> BoxFuture<'a, Result<Option<String>, SendError>> {
        self.deliver(parcel).boxed()
    }

    fn show_typing(&self, place: &str) {
        if let Ok(place) = place.parse() {
            self.listening.show_typing(place);
        }
    }

    fn listen(&self, door: Door, stop: CancellationToken) -> BoxFuture<'_, ()> {
        async move {
            match &self.webhook {
                None => self.listening.poll(&door, &stop).await,
                Some(webhook) => webhook.keep(&self.listening, &door, &stop).await,
            }
        }
        .boxed()
    }

    fn routes(&self, door: &Door) -> Option<axum::Router> {
        Some(self.webhook.as_ref()?.router(&self.listening, door))
    }

    fn staff(&self) -> Option<&dyn Staff> {
        self.forum.as_ref().map(|forum| forum as &dyn Staff)
    }

    fn verify(&self) -> BoxFuture<'_, Result<String, Vec<String>>> {
        self.check().boxed()
    }
}
