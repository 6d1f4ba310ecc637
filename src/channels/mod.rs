//! One file for each platform: it speaks that platform and nothing else.

mod web_chat;

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;

use crate::message::{Outgoing, OutgoingId};

pub use web_chat::WebChat;

/// A platform that we write to.
pub trait Channel: Send + Sync {
    /// The name used in the store, in files and in logs.
    fn name(&self) -> &'static str;

    /// Whether sending the same message twice does no harm. Where it would, a send whose outcome is unknown is not repeated.
    fn may_resend(&self) -> bool;

    /// Brings one message to a place. The answer is the platform's id of the message, if it has one.
    fn send<'a>(
        &'a self,
        id: OutgoingId,
        place: &'a str,
        outgoing: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Option<String>, SendError>>;
}

/// Why a message was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Not sent; it may work later (not before `after`, where the platform names a time).
    #[error("not sent for now: {reason}")]
    Later { reason: String, after: Option<Duration> },
    /// Not sent, and it never will be.
    #[error("refused: {0}")]
    Refused(String),
    /// It may or may not have arrived.
    #[error("unknown whether it arrived: {0}")]
    Uncertain(String),
}

/// All channels. A new one is a file in this folder and a line here.
#[must_use]
pub fn all() -> Vec<Arc<dyn Channel>> {
    vec![Arc::new(WebChat)]
}
