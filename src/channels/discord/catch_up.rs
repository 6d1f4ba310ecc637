//! What was written while we were away, fetched from the channels' history: a new session brings nothing of it.

use std::{collections::BTreeMap, num::NonZeroU64, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serenity::all::{ChannelId, LightMethod, Message, Route, UserId};
use tokio::time::sleep;
use tracing::debug;

use super::{
    api::Api,
    failures::Failure,
    intake::Intake,
    limits,
    places::Place,
    updates::{self, Happening},
};
use crate::store::LastSeen;

/// Where nobody wrote for longer, nothing is fetched.
const REACH: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Fetches everything after `complete`, up to which all is stored, from the channels where customers wrote. Returns when all of it is
/// stored, or gone.
pub(super) async fn run(intake: Intake, api: Api, me: UserId, complete: Option<u64>) {
    let places = loop {
        match intake.door().last_seen(Timestamp::now() - REACH).await {
            Ok(places) => break places,
            Err(error) => {
                intake.door().trouble(format!("it is not known what was missed: {error}"));
                sleep(Duration::from_secs(2)).await;
            }
        }
    };
    let mut channels = channels(&places, complete);
    if let Some(after) = complete {
        let threads = intake.staff_threads().await;
        let threads = threads.iter().filter_map(|thread| thread.parse::<NonZeroU64>().ok());
        channels.extend(threads.map(|thread| (thread.into(), Missed { after, in_server: true })));
    }
    for (channel, Missed { after, in_server }) in channels {
        let staffs = in_server && intake.is_staffs(channel).await;
        let mut after = after;
        let mut troubled = false;
        let mut wait = Duration::from_secs(1);
        loop {
            sleep(limits::CATCH_UP_PAUSE).await;
            match page(&api, channel, after).await {
                Ok(page) => {
                    if std::mem::take(&mut troubled) {
                        intake.door().works();
                    }
                    wait = Duration::from_secs(1);
                    let full = page.count >= limits::PAGE;
                    for message in page.messages {
                        if staffs {
                            if let Some(message) = updates::staff_message(&message, me) {
                                intake.obey(&message).await;
                            }
                        } else if let Some(Happening::Said(incoming)) =
                            updates::message(&message, in_server, me, Timestamp::now())
                        {
                            intake.keep(&incoming).await;
                        }
                    }
                    if !full || page.last <= after {
                        break;
                    }
                    after = page.last;
                }
                Err(failure) if failure.may_pass() || failure.status() == Some(401) => {
                    troubled = true;
                    intake
                        .door()
                        .trouble(format!("what was written while we were away cannot be fetched yet: {failure}"));
                    sleep(failure.retry_after().unwrap_or_default().max(wait)).await;
                    wait = (wait * 2).min(Duration::from_mins(1));
                }
                Err(failure) => {
                    debug!(%failure, "a channel's history cannot be read");
                    break;
                }
            }
        }
    }
}

/// Where a channel is read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Missed {
    after: u64,
    in_server: bool,
}

/// The channels of these places. Without a mark of our own, each is read after the last message that we have of it.
fn channels(places: &[LastSeen], complete: Option<u64>) -> BTreeMap<ChannelId, Missed> {
    let mut channels = BTreeMap::new();
    for seen in places {
        let Some(place) = Place::parse(&seen.place) else { continue };
        let Some(channel) = place.channel() else { continue };
        // An edit is `id@time`; the id of an interaction is none of a message.
        let last = seen.message_id.split('@').next().and_then(|id| id.parse::<u64>().ok());
        let Some(after) = complete.or(last) else { continue };
        let in_server = matches!(place, Place::Shared { .. });
        let missed = channels.entry(channel).or_insert(Missed { after, in_server });
        missed.after = missed.after.min(after);
    }
    channels
}

/// A page of history, oldest first.
struct Page {
    messages: Vec<Message>,
    /// How many there were, those that cannot be read included.
    count: usize,
    last: u64,
}

async fn page(api: &Api, channel_id: ChannelId, after: u64) -> Result<Page, Failure> {
    let params = vec![("after", after.to_string()), ("limit", limits::PAGE.to_string())];
    let route = Route::ChannelMessages { channel_id };
    let answer = api.call(LightMethod::Get, route, None::<&serde_json::Value>, Some(params)).await?;
    let serde_json::Value::Array(found) = answer.body else {
        return Ok(Page { messages: Vec::new(), count: 0, last: after });
    };
    let id = |message: &serde_json::Value| message.get("id")?.as_str()?.parse::<u64>().ok();
    let (count, last) = (found.len(), found.iter().filter_map(id).max().unwrap_or(after));
    let mut messages: Vec<Message> =
        found.into_iter().filter_map(|message| serde_json::from_value(message).ok()).collect();
    messages.sort_by_key(|message| message.id);
    Ok(Page { messages, count, last })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_is_read_once_after_what_is_stored() {
        let seen = |place: &str, message_id: &str| LastSeen {
            place: place.to_owned(),
            public: false,
            message_id: message_id.to_owned(),
        };
        let places = [
            seen("1", "500"),
            seen("2/7", "400"),
            seen("2/8", "300@1700000000000"),
            seen("3", "interaction/900"),
            seen("private/7", "interaction/901"),
            seen("nonsense/", "1"),
        ];
        let read = |complete| {
            channels(&places, complete)
                .into_iter()
                .map(|(channel, missed)| (channel.get(), missed.after, missed.in_server))
                .collect::<Vec<_>>()
        };
        assert_eq!(read(None), [(1, 500, false), (2, 300, true)]);
        assert_eq!(read(Some(450)), [(1, 450, false), (2, 450, true), (3, 450, false)]);
    }
}
