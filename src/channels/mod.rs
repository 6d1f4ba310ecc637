//! One file or folder for each platform: it speaks that platform and nothing else.
//!
//! A channel brings what customers write through the [`Door`], and what we say to its platform. What is the same for all of them is done
//! once, elsewhere: the store keeps every message and finds second deliveries, `workers/delivery.rs` keeps order, rates and retries.

pub(crate) mod addresses;
pub(crate) mod backoff;
mod board;
pub mod discord;
mod door;
mod opt_out;
mod pieces;
mod send_error;
mod staff;
pub mod telegram;
mod web_chat;
#[cfg(feature = "x")]
pub mod x;

use std::{sync::Arc, time::Duration};

use futures::future::{BoxFuture, FutureExt as _};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    message::{Outgoing, OutgoingId},
};

pub use board::{Board, Report, Side, Trouble};
pub use door::Door;
pub use pieces::split;
pub use send_error::{SendError, Treatment};
pub use staff::{Post, Staff};
pub use web_chat::WebChat;

/// A platform on which customers write.
pub trait Channel: Send + Sync {
    /// The name used in the store, in files and in logs.
    fn name(&self) -> &'static str;

    /// Whether sending the same message twice does no harm. Where it would, a send whose outcome is unknown is not repeated, and each is
    /// written down before it begins.
    fn may_resend(&self) -> bool {
        false
    }

    /// What the platform takes from us in all. `None`: as much as we can send.
    fn rate(&self) -> Option<Rate> {
        None
    }

    /// The chat in which a place lies (several customers may share one), and what the platform takes there.
    fn chat_rate<'a>(&self, place: &'a str) -> Option<(&'a str, Rate)> {
        let _ = place;
        None
    }

    /// The pieces in which a message is sent to a place, each within the platform's limits; choices belong to the last. A pure function:
    /// after a crash the same message must fall into the same pieces.
    fn pieces(&self, place: &str, outgoing: &Outgoing) -> Vec<Outgoing> {
        let _ = place;
        vec![outgoing.clone()]
    }

    /// What must be done before a piece may be sent, such as seeing that the money for it is there. Nothing of it reaches the customer: where
    /// the service is killed before [`Channel::send`], the message is sent after the next start.
    fn prepare<'a>(&'a self, parcel: &'a Parcel) -> BoxFuture<'a, Result<(), SendError>> {
        let _ = parcel;
        async { Ok(()) }.boxed()
    }

    /// Brings one piece of a message to the platform. The answer is the platform's id of it, if it has one.
    fn send<'a>(&'a self, parcel: &'a Parcel) -> BoxFuture<'a, Result<Option<String>, SendError>>;

    /// Shows the customer that somebody writes to them, for the few seconds that the platform shows it. Does not wait: nothing is lost if
    /// it fails.
    fn show_typing(&self, place: &str) {
        let _ = place;
    }

    /// Brings in what customers write, until `stop`. It never gives up: what fails is told to the door's board and tried again.
    fn listen(&self, door: Door, stop: CancellationToken) -> BoxFuture<'_, ()> {
        // The web chat's door is the web server.
        async move {
            drop(door);
            stop.cancelled().await;
        }
        .boxed()
    }

    /// The routes through which the platform calls us, if it does.
    fn routes(&self, door: &Door) -> Option<axum::Router> {
        let _ = door;
        None
    }

    /// The place of the staff there, if they have one.
    fn staff(&self) -> Option<&dyn Staff> {
        None
    }

    /// Tries the credentials. `Ok`: who we are there, and what is worth knowing; `Err`: everything that is wrong, with what to do.
    fn verify(&self) -> BoxFuture<'_, Result<String, Vec<String>>> {
        async { Ok("needs no credentials".to_owned()) }.boxed()
    }
}

/// One piece of a message on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The message that it belongs to.
    pub id: OutgoingId,
    /// Which piece of it, counted from 0.
    pub piece: usize,
    /// Where it goes, as [`crate::message::Incoming::place`] named it.
    pub place: String,
    /// What it answers, as [`crate::message::Incoming::reply_to`] named it.
    pub reply_to: Option<String>,
    /// The platform's id of the last message that we sent in answer to the same.
    pub follows: Option<String>,
    pub message: Outgoing,
}

/// So many at once, afterwards one in each span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub burst: u32,
    pub every: Duration,
}

/// A channel that is on, or its name and why it is off.
pub type Opened = Result<Arc<dyn Channel>, (&'static str, String)>;

/// All channels. A new one is a file or folder here and a line in this list. Opening one reads its settings and secrets and talks to
/// nobody.
#[must_use]
pub fn all(config: &Config) -> Vec<Opened> {
    vec![
        Ok(Arc::new(WebChat)),
        opened(telegram::Telegram::NAME, telegram::Telegram::open(&config.telegram)),
        opened(discord::Discord::NAME, discord::Discord::open(&config.discord)),
        #[cfg(feature = "x")]
        opened(x::X::NAME, x::X::open(&config.x)),
    ]
}

fn opened<C: Channel + 'static>(name: &'static str, channel: Result<C, String>) -> Opened {
    match channel {
        Ok(channel) => Ok(Arc::new(channel)),
        Err(why) => Err((name, why)),
    }
}
