//! X: mentions answered in public, direct messages in private. egg-mode signs, we speak HTTP ourselves.

mod client;
mod formatting;
mod listen;
mod meter;
mod names;
mod place;
mod progress;
mod requests;
mod settings;
mod updates;

use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use futures::future::{BoxFuture, FutureExt as _};
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use self::{
    client::{Client, skew},
    meter::{Meter, Read},
    names::Names,
    place::{Place, is_id},
};
use super::{Channel, Door, Parcel, Rate, SendError};
use crate::message::{Author, Outgoing, OutgoingId};

pub use self::{
    meter::Usd,
    requests::fits,
    settings::{ApiUrl, Settings},
};

/// What X takes in 15 minutes: 100 posts of one account, here 40 at once and one each 15 s.
const POSTS: Rate = Rate { burst: 40, every: Duration::from_secs(15) };
/// 15 direct messages in 15 minutes and 1,440 a day, over all customers: 5 at once and one each 90 s.
const DIRECT: Rate = Rate { burst: 5, every: Duration::from_secs(90) };
/// So long a limit without an end is kept.
const UNKNOWN_LIMIT: Duration = Duration::from_mins(1);
/// Threads of agents that are remembered so that their next post continues them.
const MAX_THREADS: usize = 256;

/// Whether somebody means to use X: its credentials are there, or it is set up in `evenkeel.toml`.
#[must_use]
pub fn is_wanted(settings: &Settings) -> bool {
    *settings != Settings::default() || settings::Keys::from_environment().is_ok()
}

/// X.
pub struct X {
    settings: Settings,
    client: Client,
    names: Names,
    meter: Meter,
    /// Our own user id.
    us: OnceCell<String>,
    /// Until when X takes nothing more, by the chat of [`X::chat`].
    limits: Mutex<HashMap<&'static str, Instant>>,
    /// The last post of each message that an agent writes in several.
    threads: Mutex<HashMap<OutgoingId, String>>,
}

impl X {
    pub const NAME: &'static str = "x";

    /// The channel, if its credentials are there.
    ///
    /// # Errors
    /// Why it is off, for the operator.
    pub fn open(settings: &Settings) -> Result<Self, String> {
        let keys = settings::Keys::from_environment()?;
        Ok(Self {
            client: Client::new(settings.base(), &keys)?,
            names: Names::default(),
            meter: Meter::new(settings.daily_cap_usd),
            us: OnceCell::new(),
            limits: Mutex::default(),
            threads: Mutex::default(),
            settings: settings.clone(),
        })
    }

    /// Our own user id, asked for once.
    async fn us(&self) -> Result<&str, SendError> {
        let us = self.us.get_or_try_init(|| async {
            let (body, _) = self.client.get("/2/users/me", &[]).await?;
            let us = body["data"]["id"].as_str().filter(|id| is_id(id));
            let us = us.ok_or_else(|| SendError::Uncertain("X does not say who we are".to_owned()))?.to_owned();
            self.meter.read(Read::Users, std::iter::once(us.as_str())).await;
            Ok(us)
        });
        us.await.map(String::as_str)
    }

    /// Posts and direct messages have limits of their own, each over all customers.
    fn chat(place: &str) -> (&'static str, Rate) {
        match Place::parse(place) {
            Some(Place::Direct { .. }) => ("dm", DIRECT),
            _ => ("posts", POSTS),
        }
    }

    async fn deliver(&self, parcel: &Parcel) -> Result<Option<String>, SendError> {
        let (chat, _) = Self::chat(&parcel.place);
        let thread = self.thread(parcel);
        match (self.post(parcel, thread.as_deref(), chat).await, &parcel.follows) {
            // X may hold an agent's words for a second automated reply to the same post: then they go below the first one.
            (Err(SendError::Forbidden(_)), Some(ours)) if thread.is_none() && is_by_agent(parcel) => {
                self.meter.reserve(requests::request(parcel, Some(ours), self.settings.links)?.price).await?;
                self.post(parcel, Some(ours), chat).await
            }
            (sent, _) => sent,
        }
    }

    /// Takes the money for it, unless X takes nothing now.
    async fn pay(&self, parcel: &Parcel) -> Result<(), SendError> {
        self.limited(Self::chat(&parcel.place).0)?;
        let request = requests::request(parcel, self.thread(parcel).as_deref(), self.settings.links)?;
        self.meter.reserve(request.price).await
    }

    /// The post of ours that this one continues.
    fn thread(&self, parcel: &Parcel) -> Option<String> {
        self.threads.lock().ok().and_then(|threads| threads.get(&parcel.id).cloned())
    }

    /// Sends what is paid for, below the post `after` or as a reply to the customer's.
    async fn post(
        &self,
        parcel: &Parcel,
        after: Option<&str>,
        chat: &'static str,
    ) -> Result<Option<String>, SendError> {
        let request = requests::request(parcel, after, self.settings.links)?;
        let id = |data: &Value| -> Option<String> {
            let id = data["id"].as_str().or(data["dm_event_id"].as_str());
            id.map(ToOwned::to_owned)
        };
        let sent = self.client.post(&request.path, &request.body, id).await;
        match &sent {
            Ok(id) => self.continues(parcel, id),
            Err(SendError::Uncertain(_)) => {}
            Err(error) => {
                self.meter.give_back(request.price).await;
                if let SendError::Limited { after, .. } = error
                    && let Ok(mut limits) = self.limits.lock()
                {
                    limits.insert(chat, Instant::now() + after.unwrap_or(UNKNOWN_LIMIT));
                }
            }
        }
        sent.map(Some)
    }

    /// While a limit holds, nobody asks for less.
    fn limited(&self, chat: &str) -> Result<(), SendError> {
        let until = self.limits.lock().ok().and_then(|limits| limits.get(chat).copied());
        match until.map(|until| until.saturating_duration_since(Instant::now())) {
            Some(left) if !left.is_zero() => Err(SendError::Limited { after: Some(left), everywhere: false }),
            _ => Ok(()),
        }
    }

    /// What an agent says in several posts is a thread: each replies to the one before. After a restart the rest replies to the customer.
    fn continues(&self, parcel: &Parcel, id: &str) {
        if is_by_agent(parcel)
            && let Ok(mut threads) = self.threads.lock()
        {
            if threads.len() >= MAX_THREADS {
                threads.clear();
            }
            threads.insert(parcel.id, id.to_owned());
        }
    }

    async fn who(&self) -> Result<String, Vec<String>> {
        let (body, answer) = self.client.get("/2/users/me", &[]).await.map_err(|error| vec![error.to_string()])?;
        let mut wrong: Vec<String> = skew(answer.date, Timestamp::now()).into_iter().collect();
        // X says what the keys may do; another implementation may not.
        let lacking = match answer.access.as_deref() {
            Some("read") => Some(("the keys may only read", "")),
            Some("read-write") if self.settings.direct_messages => {
                Some(("the keys may not see direct messages", ", or set `direct_messages = false` below [x]"))
            }
            _ => None,
        };
        wrong.extend(lacking.map(|(what, or)| {
            format!("{what}: choose \"Read and write and Direct message\" in the app's user authentication settings, then make the access token and secret anew{or}")
        }));
        if wrong.is_empty() {
            let (name, id) = (body["data"]["username"].as_str(), body["data"]["id"].as_str());
            Ok(format!("@{} (user {})", name.unwrap_or("?"), id.unwrap_or("?")))
        } else {
            Err(wrong)
        }
    }
}

fn is_by_agent(parcel: &Parcel) -> bool {
    matches!(parcel.message.author, Author::Agent(_))
}

impl Channel for X {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn chat_rate<'a>(&self, place: &'a str) -> Option<(&'a str, Rate)> {
        Some(Self::chat(place))
    }

    fn pieces(&self, place: &str, outgoing: &Outgoing) -> Vec<Outgoing> {
        requests::pieces(place, outgoing)
    }

    fn prepare<'a>(&'a self, parcel: &'a Parcel) -> BoxFuture<'a, Result<(), SendError>> {
        self.pay(parcel).boxed()
    }

    fn send<'a>(&'a self, parcel: &'a Parcel) -> BoxFuture<'a, Result<Option<String>, SendError>> {
        self.deliver(parcel).boxed()
    }

    fn listen(&self, door: Door, stop: CancellationToken) -> BoxFuture<'_, ()> {
        listen::listen(self, door, stop).boxed()
    }

    fn verify(&self) -> BoxFuture<'_, Result<String, Vec<String>>> {
        self.who().boxed()
    }
}
