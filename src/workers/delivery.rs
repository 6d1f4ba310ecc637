//! Outbox to channel: every word to a customer leaves here, in order within its conversation, retried until it is clear what became of it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use crate::{
    channels::{Channel, SendError},
    store::{Leased, Store, StoreError},
};

/// Messages being sent at once.
const CONCURRENT: usize = 64;

/// How long a platform may take to accept one message.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a lease holds: comfortably longer than a send and its record.
const LEASE: Duration = Duration::from_mins(1);

/// Looks into the outbox at least this often. The store wakes us sooner when there is work; this is for what an error left behind.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// After this many tries, spread over about half an hour, a person is told instead.
const MAX_ATTEMPTS: u32 = 9;

/// Runs until `stop`, then delivers what is due at once and returns; what must wait longer stays in the outbox for the next start.
pub async fn run(store: Store, channels: Vec<Arc<dyn Channel>>, stop: CancellationToken) {
    let channels: Arc<HashMap<&'static str, Arc<dyn Channel>>> =
        Arc::new(channels.into_iter().map(|channel| (channel.name(), channel)).collect());
    let mut under_way = JoinSet::new();
    loop {
        let stopping = stop.is_cancelled();
        let free = CONCURRENT - under_way.len();
        let leased = if free == 0 {
            Vec::new()
        } else {
            store.lease(Timestamp::now(), LEASE, free as u32).await.unwrap_or_else(|error| {
                error!(%error, "cannot look into the outbox; trying again");
                Vec::new()
            })
        };
        let found = leased.len();
        for message in leased {
            let (store, channels) = (store.clone(), Arc::clone(&channels));
            under_way.spawn(async move { deliver(&store, &channels, message).await });
        }
        if stopping && under_way.is_empty() {
            return;
        }
        // A full lease means that more is due: go on as soon as a place is free.
        let more = found == free;
        tokio::select! {
            Some(_) = under_way.join_next() => {}
            () = store.outbox_changed().notified(), if !more => {}
            () = pause(&store), if !more => {}
            () = stop.cancelled(), if !stopping => {}
        }
        while under_way.try_join_next().is_some() {}
    }
}

/// Until the next retry is due, but not for long.
async fn pause(store: &Store) {
    let next = store.next_try().await.ok().flatten();
    let until =
        next.map_or(MAX_PAUSE, |at| Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default());
    sleep(until.clamp(Duration::from_millis(5), MAX_PAUSE)).await;
}

/// Sends one message and records what became of it.
async fn deliver(store: &Store, channels: &HashMap<&'static str, Arc<dyn Channel>>, message: Leased) {
    let outcome = match channels.get(message.channel.as_str()) {
        Some(channel) => send(channel.as_ref(), &message).await,
        None => Err(SendError::Later { reason: format!("no channel `{}` is running", message.channel), after: None }),
    };
    let result = outcome.as_ref().map_or_else(ToString::to_string, |_| "sent".to_owned());
    debug!(conversation = %message.conversation, channel = %message.channel, attempt = message.attempt, result, "delivery");
    if let Err(error) = record(store, &message, outcome).await {
        error!(conversation = %message.conversation, %error, "what became of a message was not recorded");
    }
}

async fn send(channel: &dyn Channel, message: &Leased) -> Result<Option<String>, SendError> {
    match timeout(SEND_TIMEOUT, channel.send(message.id, &message.place, &message.outgoing)).await {
        Ok(result) => result,
        Err(_) => Err(SendError::Uncertain(format!("no answer within {} s", SEND_TIMEOUT.as_secs()))),
    }
    .map_err(|error| match error {
        SendError::Uncertain(reason) if channel.may_resend() => SendError::Later { reason, after: None },
        other => other,
    })
}

async fn record(store: &Store, message: &Leased, outcome: Result<Option<String>, SendError>) -> Result<(), StoreError> {
    let now = Timestamp::now();
    let count = |result: &'static str| {
        metrics::counter!("evenkeel_deliveries_total", "channel" => message.channel.clone(), "result" => result)
            .increment(1);
    };
    match outcome {
        Ok(platform_id) => {
            count("sent");
            store.sent(message.id, platform_id.as_deref(), now).await
        }
        Err(SendError::Later { reason, after }) => {
            if let Some(wait) = wait_before(message.attempt, after) {
                count("later");
                store.retry(message.id, now + jiff::SignedDuration::try_from(wait).unwrap_or_default(), &reason).await
            } else {
                count("failed");
                warn!(conversation = %message.conversation, reason, "a message was given up; a person is told");
                store.fail(message.id, &reason, now).await
            }
        }
        Err(SendError::Refused(reason)) => {
            count("failed");
            warn!(conversation = %message.conversation, reason, "the platform refused a message; a person is told");
            store.fail(message.id, &reason, now).await
        }
        Err(SendError::Uncertain(reason)) => {
            count("uncertain");
            warn!(conversation = %message.conversation, reason, "a message may not have arrived; a person is told");
            store.uncertain(message.id, &reason, now).await
        }
    }
}

/// How long to wait after a failed attempt (counted from 1): 2 s, doubled each time, at most 5 minutes, but never less than the
/// platform asks. `None` when it was tried often enough.
fn wait_before(attempt: u32, asked: Option<Duration>) -> Option<Duration> {
    if attempt >= MAX_ATTEMPTS {
        return None;
    }
    let doubled = Duration::from_secs(1) * 2_u32.pow(attempt.min(9));
    Some(doubled.min(Duration::from_mins(5)).max(asked.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let waits: Vec<_> =
            (1..=MAX_ATTEMPTS).map(|attempt| wait_before(attempt, None).map(|wait| wait.as_secs())).collect();
        let expected = [2, 4, 8, 16, 32, 64, 128, 256].map(Some).into_iter().chain([None]).collect::<Vec<_>>();
        assert_eq!(waits, expected);
    }

    #[test]
    fn a_platform_that_asks_for_more_time_gets_it() {
        assert_eq!(wait_before(1, Some(Duration::from_secs(90))), Some(Duration::from_secs(90)));
        assert_eq!(wait_before(6, Some(Duration::from_secs(1))), Some(Duration::from_secs(64)));
    }
}
