//! Outbox to channel: every word to a customer leaves here, in order within its conversation, at the pace that the platform allows,
//! retried until it is clear what became of it. Each channel has a loop of its own, so that none slows another.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::{
    circuit::{Circuit, Passage},
    pace::Pace,
};
use crate::{
    channels::{Board, Channel, Parcel, SendError, Side, Treatment},
    message::Author,
    policy,
    store::{Leased, Silence, Store, StoreError},
};

/// Messages of one channel being sent at once.
const CONCURRENT: usize = 64;

/// How long a platform may take to accept one piece of a message.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a lease holds: comfortably longer than a send and its record.
const LEASE: Duration = Duration::from_mins(1);

/// Looks into the outbox at least this often. The store wakes us sooner when there is work; this is for what an error left behind.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// After this many tries, spread over about half an hour, a person is told instead.
const MAX_ATTEMPTS: u32 = 9;

/// Runs until `stop`, then delivers what is due at once and returns; what must wait longer stays in the outbox for the next start.
pub async fn run(store: Store, channel: Arc<dyn Channel>, board: Board, stop: CancellationToken) {
    let name = channel.name();
    let mut changed = store.outbox_changed(name);
    let mut pace = Pace::new(channel.rate(), Instant::now());
    let mut circuit = Circuit::default();
    let mut under_way = JoinSet::new();
    loop {
        let stopping = stop.is_cancelled();
        changed.mark_unchanged();
        let room = room(&circuit, &mut pace, under_way.len());
        let leased = match room {
            Ok(room) => store.lease(name, Timestamp::now(), LEASE, room as u32).await.unwrap_or_else(|error| {
                error!(channel = name, %error, "cannot look into the outbox; trying again");
                Vec::new()
            }),
            Err(_) => Vec::new(),
        };
        let full = room.is_ok_and(|room| leased.len() == room);
        for message in leased {
            match pace.take(channel.chat_rate(&message.place), Instant::now()) {
                Ok(()) => {
                    let (store, channel) = (store.clone(), Arc::clone(&channel));
                    under_way.spawn(async move { deliver(&store, channel.as_ref(), message).await });
                }
                Err(wait) => {
                    if let Err(error) = store.postpone(message.id, after(wait)).await {
                        error!(conversation = %message.conversation, %error, "a message was not put back");
                    }
                }
            }
        }
        if stopping && under_way.is_empty() {
            return;
        }
        // A full lease means that more may be due: go on at once, or as soon as a place is free.
        let pause = pause(&store, name, room, full).await;
        tokio::select! {
            Some(done) = under_way.join_next() => settle(done, name, &board, &mut circuit),
            () = woken(&mut changed), if room.is_ok() && !full => {}
            () = sleep(pause) => {}
            () = stop.cancelled(), if !stopping => {}
        }
        while let Some(done) = under_way.try_join_next() {
            settle(done, name, &board, &mut circuit);
        }
    }
}

/// How many more messages may be on their way, or how long none may.
fn room(circuit: &Circuit, pace: &mut Pace, under_way: usize) -> Result<usize, Duration> {
    let now = Instant::now();
    let allowed = match circuit.passage(now) {
        Passage::Free => CONCURRENT.min(pace.room(now)?),
        Passage::Probe => 1.min(pace.room(now)?),
        Passage::Closed(span) => return Err(span),
    };
    match allowed.saturating_sub(under_way) {
        0 => Err(MAX_PAUSE),
        room => Ok(room),
    }
}

/// Until the channel is looked at again, if nothing happens before.
async fn pause(store: &Store, channel: &str, room: Result<usize, Duration>, full: bool) -> Duration {
    match room {
        Err(span) => span.min(MAX_PAUSE),
        Ok(_) if full => Duration::ZERO,
        Ok(_) => {
            let next = store.next_try(channel).await.ok().flatten();
            let until = next
                .map_or(MAX_PAUSE, |at| Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default());
            until.clamp(Duration::from_millis(5), MAX_PAUSE)
        }
    }
}

async fn woken(changed: &mut watch::Receiver<()>) {
    if changed.changed().await.is_err() {
        // The store is closed: the next look says so.
        sleep(MAX_PAUSE).await;
    }
}

fn after(span: Duration) -> Timestamp {
    Timestamp::now() + SignedDuration::try_from(span).unwrap_or(SignedDuration::from_hours(1))
}

/// What a finished delivery tells of the platform.
fn settle(
    done: Result<Result<(), SendError>, tokio::task::JoinError>,
    channel: &'static str,
    board: &Board,
    circuit: &mut Circuit,
) {
    let now = Instant::now();
    match done {
        Ok(Ok(())) => {
            circuit.works();
            board.works(channel, Side::Sending);
        }
        Ok(Err(SendError::Limited { after, everywhere: true })) => {
            circuit.pause(now, after.unwrap_or(Duration::from_secs(1)));
        }
        Ok(Err(error)) if error.treatment() == Treatment::Trouble => {
            if circuit.fails(now) {
                board.trouble(channel, Side::Sending, error.to_string());
            }
        }
        // It spoke, so it is there. Of a message that may not have arrived nothing is known.
        Ok(Err(error)) if error.treatment() == Treatment::Failed => circuit.works(),
        Ok(Err(_)) => {}
        Err(error) => {
            error!(channel, %error, "a delivery broke off; the message counts as uncertain at the next start");
        }
    }
}

/// Sends one message and records what became of it.
async fn deliver(store: &Store, channel: &dyn Channel, message: Leased) -> Result<(), SendError> {
    let outcome = send(store, channel, &message).await;
    let result = outcome.as_ref().map_or_else(ToString::to_string, |_| "sent".to_owned());
    debug!(conversation = %message.conversation, channel = channel.name(), attempt = message.attempt, result, "delivery");
    if let Err(error) = record(store, &message, &outcome).await {
        error!(conversation = %message.conversation, %error, "what became of a message was not recorded");
    }
    outcome.map(drop)
}

/// Sends the pieces that have not arrived yet; gives the platform's id of the last one.
async fn send(store: &Store, channel: &dyn Channel, message: &Leased) -> Result<Option<String>, SendError> {
    let pieces = channel.pieces(&message.place, &message.outgoing);
    let last = pieces.len().saturating_sub(1);
    let mut platform_id = None;
    for (index, piece) in pieces.into_iter().enumerate().skip(message.pieces) {
        let parcel = Parcel {
            id: message.id,
            piece: index,
            place: message.place.clone(),
            reply_to: message.reply_to.clone(),
            follows: message.follows.clone(),
            message: piece,
        };
        platform_id = match timeout(SEND_TIMEOUT, channel.send(&parcel)).await {
            Ok(result) => result,
            Err(_) => Err(SendError::Uncertain(format!("no answer within {} s", SEND_TIMEOUT.as_secs()))),
        }
        .map_err(|error| match error {
            SendError::Uncertain(reason) if channel.may_resend() => SendError::Unreachable(reason),
            other => other,
        })?;
        if index < last {
            let recorded = store.piece_sent(message.id).await;
            recorded.map_err(|error| SendError::Uncertain(format!("a piece arrived and was not recorded: {error}")))?;
        }
    }
    Ok(platform_id)
}

async fn record(
    store: &Store,
    message: &Leased,
    outcome: &Result<Option<String>, SendError>,
) -> Result<(), StoreError> {
    let now = Timestamp::now();
    let count = |result: &'static str| {
        metrics::counter!("evenkeel_deliveries_total", "channel" => message.channel.clone(), "result" => result)
            .increment(1);
    };
    let error = match outcome {
        Ok(platform_id) => {
            count("sent");
            let waited = now.duration_since(message.queued_at).as_secs_f64();
            metrics::histogram!("evenkeel_delivery_seconds", "channel" => message.channel.clone()).record(waited);
            return store.sent(message.id, platform_id.as_deref(), now).await;
        }
        Err(error) => error,
    };
    let reason = error.to_string();
    match error.treatment() {
        Treatment::Again | Treatment::Trouble => {
            let asked = if let SendError::Limited { after, .. } = error { *after } else { None };
            if let Some(wait) = wait_before(message, asked, now) {
                count("later");
                store.retry(message.id, after(wait), &reason).await
            } else {
                count("failed");
                warn!(conversation = %message.conversation, channel = message.channel, reason, "a message was given up; a person is told");
                store.fail(message.id, &reason, now).await
            }
        }
        Treatment::Failed => {
            count("failed");
            warn!(conversation = %message.conversation, channel = message.channel, reason, "a message was refused; a person is told");
            if matches!(error, SendError::Gone(_)) {
                store.silence(&message.channel, &message.place, Silence::Blocked, now).await?;
            }
            store.fail(message.id, &reason, now).await
        }
        Treatment::Uncertain => {
            count("uncertain");
            warn!(conversation = %message.conversation, channel = message.channel, reason, "a message may not have arrived; a person is told");
            store.uncertain(message.id, &reason, now).await
        }
    }
}

/// How long to wait after a failed attempt: 2 s, doubled each time, at most 5 minutes, and up to a quarter more, so that what failed together
/// does not come back together; but never less than the platform asks. `None` when it was tried often enough, or when what the bot
/// had to say is too old to be said.
fn wait_before(message: &Leased, asked: Option<Duration>, now: Timestamp) -> Option<Duration> {
    let too_old =
        message.outgoing.author == Author::Bot && now.duration_since(message.queued_at) > policy::ANSWER_TOO_OLD;
    if message.attempt >= MAX_ATTEMPTS || too_old {
        return None;
    }
    let doubled = (Duration::from_secs(1) * 2_u32.pow(message.attempt.min(9))).min(Duration::from_mins(5));
    // The last byte of the id is random.
    let jitter = doubled.mul_f64(f64::from(message.id.0.as_bytes()[15]) / 255.0 / 4.0);
    Some((doubled + jitter).max(asked.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        message::{ConversationId, Outgoing, OutgoingId},
        reading::Language,
    };

    fn tried(attempt: u32) -> Leased {
        Leased {
            id: OutgoingId(Uuid::nil()),
            conversation: ConversationId(Uuid::nil()),
            channel: "test".into(),
            place: "here".into(),
            reply_to: None,
            follows: None,
            outgoing: Outgoing {
                text: "yes".into(),
                short: None,
                choices: vec![],
                author: Author::Bot,
                language: Language::ENGLISH,
            },
            attempt,
            pieces: 0,
            queued_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn seconds(message: &Leased, asked: Option<u64>) -> Option<u64> {
        wait_before(message, asked.map(Duration::from_secs), Timestamp::UNIX_EPOCH).map(|wait| wait.as_secs())
    }

    #[test]
    fn waits_grow_and_end() {
        let waits: Vec<_> = (1..=MAX_ATTEMPTS).map(|attempt| seconds(&tried(attempt), None)).collect();
        let expected = [2, 4, 8, 16, 32, 64, 128, 256].map(Some).into_iter().chain([None]).collect::<Vec<_>>();
        assert_eq!(waits, expected);
    }

    #[test]
    fn what_failed_together_does_not_come_back_together() {
        let other = Leased { id: OutgoingId(Uuid::max()), ..tried(3) };
        assert_eq!((seconds(&tried(3), None), seconds(&other, None)), (Some(8), Some(10)));
    }

    #[test]
    fn a_platform_that_asks_for_more_time_gets_it() {
        assert_eq!(seconds(&tried(1), Some(90)), Some(90));
        assert_eq!(seconds(&tried(6), Some(1)), Some(64));
    }

    #[test]
    fn an_old_answer_of_the_bot_is_not_said_any_more_but_an_agents_is() {
        let later = Timestamp::UNIX_EPOCH + policy::ANSWER_TOO_OLD + SignedDuration::from_secs(1);
        let mut message = tried(1);
        assert_eq!(wait_before(&message, None, later), None);
        message.outgoing.author = Author::Agent("Kim".into());
        assert!(wait_before(&message, None, later).is_some());
    }
}
