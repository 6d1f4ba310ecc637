//! The staff's channel on Discord: a thread for each escalation.

use std::{
    collections::HashMap,
    num::NonZeroU64,
    sync::{Mutex, PoisonError},
};

use futures::future::{BoxFuture, FutureExt as _};
use serde_json::{Value, json};
use serenity::all::{ChannelId, LightMethod, MessageId, Route};

use super::{api::Api, failures::Failure, limits, requests};
use crate::channels::{Post, Rate, SendError, Staff};

/// The sign that something was done (✅), as it stands in an address.
const DONE: &str = "%E2%9C%85";

/// The channel, and how it is reached.
pub(super) struct Room {
    pub(super) channel: ChannelId,
    /// The same as text.
    place: String,
    api: Api,
    /// Of channels that were seen, whether they are threads of it.
    seen: Mutex<HashMap<ChannelId, bool>>,
}

impl Room {
    pub(super) fn new(channel: ChannelId, api: Api) -> Self {
        Self { channel, place: channel.to_string(), api, seen: Mutex::default() }
    }

    /// Whether a channel of the server is the staff's or a thread of it. An event does not say so: Discord is asked once for each.
    ///
    /// # Errors
    /// It cannot be known now.
    pub(super) async fn holds(&self, channel: ChannelId) -> Result<bool, Failure> {
        if channel == self.channel {
            return Ok(true);
        }
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&channel).copied();
        if let Some(seen) = seen {
            return Ok(seen);
        }
        let held = match self.api.get(Route::Channel { channel_id: channel }).await {
            Ok(answer) => answer.body["parent_id"].as_str() == Some(&self.place),
            Err(failure) if failure.may_pass() || failure.status() == Some(401) => return Err(failure),
            // What we may not see we do not answer in either.
            Err(_) => return Ok(false),
        };
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(channel, held);
        Ok(held)
    }

    async fn make_thread(&self, title: &str) -> Result<String, SendError> {
        let route = Route::ChannelThreads { channel_id: self.channel };
        let answer = self.api.post(route, &requests::thread(title)).await.map_err(Failure::send_error)?;
        answer.id().ok_or_else(|| SendError::Uncertain("its answer names no thread".to_owned()))
    }

    async fn say(&self, post: &Post) -> Result<(), SendError> {
        let thread = channel(&post.thread)?;
        self.api.say(thread, &requests::to_staff(post, thread)).await.map(drop)
    }

    async fn react(&self, thread: &str, message_id: &str) -> Result<(), SendError> {
        let message = message_id.parse::<NonZeroU64>().map(MessageId::from);
        let message_id = message.map_err(|_| SendError::Malformed("the message is none of Discord's".to_owned()))?;
        let route = Route::ChannelMessageReactionMe { channel_id: channel(thread)?, message_id, reaction: DONE };
        let outcome = self.api.call(LightMethod::Put, route, None::<&Value>, None).await;
        outcome.map(drop).map_err(Failure::send_error)
    }

    async fn archive(&self, thread: &str) -> Result<(), SendError> {
        let route = Route::Channel { channel_id: channel(thread)? };
        let outcome = self.api.call(LightMethod::Patch, route, Some(&json!({ "archived": true })), None).await;
        outcome.map(drop).map_err(Failure::send_error)
    }

    async fn erase(&self, thread: &str) -> Result<(), SendError> {
        let route = Route::Channel { channel_id: channel(thread)? };
        let outcome = self.api.call(LightMethod::Delete, route, None::<&Value>, None).await;
        outcome.map(drop).map_err(Failure::send_error)
    }
}

fn channel(thread: &str) -> Result<ChannelId, SendError> {
    let id = thread.parse::<NonZeroU64>().map(ChannelId::from);
    id.map_err(|_| SendError::Gone("the thread is none of Discord's".to_owned()))
}

impl Staff for Room {
    fn place(&self) -> &str {
        &self.place
    }

    fn rate(&self) -> Rate {
        limits::CHAT_RATE
    }

    fn open<'a>(&'a self, title: &'a str) -> BoxFuture<'a, Result<String, SendError>> {
        self.make_thread(title).boxed()
    }

    fn post<'a>(&'a self, post: &'a Post) -> BoxFuture<'a, Result<(), SendError>> {
        self.say(post).boxed()
    }

    fn approve<'a>(&'a self, thread: &'a str, message_id: &'a str) -> BoxFuture<'a, Result<(), SendError>> {
        self.react(thread, message_id).boxed()
    }

    fn close<'a>(&'a self, thread: &'a str) -> BoxFuture<'a, Result<(), SendError>> {
        self.archive(thread).boxed()
    }

    fn delete<'a>(&'a self, thread: &'a str) -> BoxFuture<'a, Result<(), SendError>> {
        self.erase(thread).boxed()
    }
}
