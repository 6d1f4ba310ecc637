//! The other side of a platform: a place of the staff, in which each escalation has a thread.

use futures::future::BoxFuture;

use super::{Rate, SendError};
use crate::message::Outgoing;

/// A place of the staff on a platform.
pub trait Staff: Send + Sync {
    /// The platform's name of it.
    fn place(&self) -> &str;

    /// What the platform takes there.
    fn rate(&self) -> Rate;

    /// Opens a thread; gives the platform's name of it.
    fn open<'a>(&'a self, title: &'a str) -> BoxFuture<'a, Result<String, SendError>>;

    /// Says something in a thread. Nobody is pinged by it.
    fn post<'a>(&'a self, post: &'a Post) -> BoxFuture<'a, Result<(), SendError>>;

    /// Shows whoever wrote a message that it was done.
    fn approve<'a>(&'a self, thread: &'a str, message_id: &'a str) -> BoxFuture<'a, Result<(), SendError>>;

    /// Nobody need look into a thread any more.
    fn close<'a>(&'a self, thread: &'a str) -> BoxFuture<'a, Result<(), SendError>>;

    /// Deletes a thread with all that was said there.
    fn delete<'a>(&'a self, thread: &'a str) -> BoxFuture<'a, Result<(), SendError>>;
}

/// Something to say in a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    pub thread: String,
    /// Within the platform's limits.
    pub message: Outgoing,
    /// The message of the staff that it answers.
    pub answers: Option<String>,
    /// The same for each try of the same post, where the platform can make use of it. At most 20 letters, digits and hyphens.
    pub mark: String,
}
