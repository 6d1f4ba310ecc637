//! Outbox to channel: every word to a customer leaves here, in order within its conversation, at the pace that the platform allows,
//! retried until it is clear what became of it. Each channel has a loop of its own, so that none slows another.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::watch,
    task::{Id, JoinError, JoinSet},
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
    message::{Author, OutgoingId},
    policy::{self, KEPT_FOR_DANGER},
    store::{Leased, Recovered, Silence, Store, StoreError},
};

/// Messages of one channel being sent at once.
const CONCURRENT: usize = 64;

/// How long a platform may take to accept one piece of a message.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);

/// How long until it is tried again to record what became of a message, when the store cannot be written.
const RECORD_AGAIN: Duration = Duration::from_secs(1);

/// Looks into the outbox at least this often. The store wakes us sooner when there is work; this is for what an error left behind.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// After this many tries, spread over about half an hour, a person is told instead.
const MAX_ATTEMPTS: u32 = 9;

/// Runs until `stop`, then delivers what is due at once and returns; what must wait longer stays in the outbox for the next start.
pub async fn run(store: Store, channel: Arc<dyn Channel>, board: Board, stop: CancellationToken) {
    let name = channel.name();
    while let Err(error) = recover(&store, name).await {
        error!(channel = name, %error, "cannot see what was left half sent; trying again");
        tokio::select! {
            () = sleep(MAX_PAUSE) => {}
            () = stop.cancelled() => return,
        }
    }
    let mut changed = store.outbox_changed(name);
    let mut pace = Pace::new(channel.rate(), Instant::now());
    let mut circuit = Circuit::default();
    let mut under_way = UnderWay::default();
    loop {
        let stopping = stop.is_cancelled();
        changed.mark_unchanged();
        let room = room(&circuit, &mut pace, under_way.tasks.len());
        let leased = match room {
            Ok(room) => store.lease(name, Timestamp::now(), room.all, room.kept()).await.unwrap_or_else(|error| {
                error!(channel = name, %error, "cannot look into the outbox; trying again");
                Vec::new()
            }),
            Err(_) => Vec::new(),
        };
        let full = room.is_ok_and(|room| leased.len() >= room.all.min(room.ordinary.max(1)) as usize);
        for message in leased {
            match pace.take(channel.chat_rate(&message.place), message.urgent, Instant::now()) {
                Ok(()) => {
                    let (store, channel, stop) = (store.clone(), Arc::clone(&channel), stop.clone());
                    under_way.spawn(message.id, async move { deliver(&store, channel.as_ref(), message, &stop).await });
                }
                Err(wait) => {
                    if let Err(error) = store.postpone(message.id, after(wait)).await {
                        error!(conversation = %message.conversation, %error, "a message was not put back");
                    }
                }
            }
        }
        if stopping && under_way.tasks.is_empty() {
            return;
        }
        // A full lease means that more may be due: go on at once, or as soon as a place is free.
        let pause = pause(&store, name, room, full).await;
        let mut done = tokio::select! {
            Some(done) = under_way.tasks.join_next_with_id() => Some(done),
            () = woken(&mut changed), if room.is_ok() && !full => None,
            () = sleep(pause) => None,
            () = stop.cancelled(), if !stopping => None,
        };
        while let Some(ended) = done {
            match under_way.ended(ended) {
                Ok(result) => settle(result, name, &board, &mut circuit),
                Err((id, error)) => {
                    error!(channel = name, %error, "a delivery broke off");
                    if let Err(error) = store.uncertain(id, "sending it broke off", Timestamp::now()).await {
                        error!(channel = name, %error, "it was not recorded; the next start finds it");
                    }
                }
            }
            done = under_way.tasks.try_join_next_with_id();
        }
    }
}

/// Gives back what an earlier loop had leased and not begun to send; of the rest a person is told.
async fn recover(store: &Store, channel: &str) -> Result<(), StoreError> {
    let Recovered { requeued, uncertain } = store.recover(channel, Timestamp::now()).await?;
    if requeued + uncertain > 0 {
        warn!(channel, requeued, uncertain, "the last run ended while sending");
    }
    Ok(())
}

/// The messages that are being sent.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<Result<(), SendError>>,
    messages: HashMap<Id, OutgoingId>,
}

impl UnderWay {
    fn spawn(&mut self, message: OutgoingId, sending: impl Future<Output = Result<(), SendError>> + Send + 'static) {
        self.messages.insert(self.tasks.spawn(sending).id(), message);
    }

    /// How a task ended, or which message it left behind.
    fn ended(
        &mut self,
        ended: Result<(Id, Result<(), SendError>), JoinError>,
    ) -> Result<Result<(), SendError>, (OutgoingId, JoinError)> {
        let task = ended.as_ref().map_or_else(JoinError::id, |(task, _)| *task);
        let message = self.messages.remove(&task);
        match (ended, message) {
            (Ok((_, result)), _) => Ok(result),
            (Err(error), Some(message)) => Err((message, error)),
            // Each has its message.
            (Err(_), None) => Ok(Ok(())),
        }
    }
}

/// How many more messages may be on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Room {
    /// To people in danger.
    all: u32,
    /// To others.
    ordinary: u32,
    /// How long until others find room, where they find none.
    wait: Duration,
}

impl Room {
    fn kept(self) -> u32 {
        self.all - self.ordinary
    }
}

/// How many more messages may be on their way, or how long none may.
fn room(circuit: &Circuit, pace: &mut Pace, under_way: usize) -> Result<Room, Duration> {
    let now = Instant::now();
    let (most, kept) = match circuit.passage(now) {
        Passage::Free => (CONCURRENT, CONCURRENT / KEPT_FOR_DANGER),
        Passage::Probe => (1, 0),
        Passage::Closed(span) => return Err(span),
    };
    let all = most.saturating_sub(under_way).min(pace.room(true, now)?);
    if all == 0 {
        return Err(MAX_PAUSE);
    }
    let (room, wait) = pace.room(false, now).map_or_else(|wait| (0, wait), |room| (room, MAX_PAUSE));
    let ordinary = (most - kept).saturating_sub(under_way).min(room).min(all);
    Ok(Room { all: all as u32, ordinary: ordinary as u32, wait })
}

/// Until the channel is looked at again, if nothing happens before.
async fn pause(store: &Store, channel: &str, room: Result<Room, Duration>, full: bool) -> Duration {
    match room {
        Err(span) => span.min(MAX_PAUSE),
        Ok(_) if full => Duration::ZERO,
        // Danger wakes us; others would find no room.
        Ok(Room { ordinary: 0, wait, .. }) => wait.min(MAX_PAUSE),
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
fn settle(result: Result<(), SendError>, channel: &'static str, board: &Board, circuit: &mut Circuit) {
    let now = Instant::now();
    match result {
        Ok(()) => {
            circuit.works();
            board.works(channel, Side::Sending);
        }
        Err(SendError::Limited { after, everywhere: true }) => {
            circuit.pause(now, after.unwrap_or(Duration::from_secs(1)));
        }
        Err(error) if error.treatment() == Treatment::Trouble => {
            if circuit.fails(now) {
                board.trouble(channel, Side::Sending, error.to_string());
            }
        }
        // It spoke, so it is there. Of a message that may not have arrived nothing is known.
        Err(error) if error.treatment() == Treatment::Failed => circuit.works(),
        Err(_) => {}
    }
}

/// Sends one message and records what became of it.
async fn deliver(
    store: &Store,
    channel: &dyn Channel,
    message: Leased,
    stop: &CancellationToken,
) -> Result<(), SendError> {
    let outcome = match send(store, channel, &message).await {
        Ok(Sent::Arrived(platform_id)) => Ok(platform_id),
        Ok(Sent::Withdrawn) => return Ok(()),
        Err(error) => Err(error),
    };
    let result = outcome.as_ref().map_or_else(ToString::to_string, |_| "sent".to_owned());
    debug!(conversation = %message.conversation, channel = channel.name(), attempt = message.attempt, result, "delivery");
    count(&message, &outcome);
    // What is not recorded holds up its conversation. Once the service stops it is tried once more; the next start finds what is left.
    while let Err(error) = record(store, &message, &outcome).await {
        error!(conversation = %message.conversation, %error, "what became of a message was not recorded; trying again");
        if stop.is_cancelled() {
            break;
        }
        tokio::select! {
            () = sleep(RECORD_AGAIN) => {}
            () = stop.cancelled() => {}
        }
    }
    outcome.map(drop)
}

/// What became of a message, where nothing went wrong.
enum Sent {
    /// With the platform's id of the last piece.
    Arrived(Option<String>),
    /// Its customer asked for silence, or was erased, before it began.
    Withdrawn,
}

/// Sends the pieces that have not arrived yet.
async fn send(store: &Store, channel: &dyn Channel, message: &Leased) -> Result<Sent, SendError> {
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
        channel.prepare(&parcel).await?;
        if !channel.may_resend() {
            let begun = store.begin(message.id).await;
            if !begun
                .map_err(|error| SendError::Unreachable(format!("it could not be noted that it begins: {error}")))?
            {
                return Ok(Sent::Withdrawn);
            }
        }
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
    Ok(Sent::Arrived(platform_id))
}

/// The numbers of it, and a line in the log where a person is told.
fn count(message: &Leased, outcome: &Result<Option<String>, SendError>) {
    let (result, told) = match fate(message, outcome, Timestamp::now()) {
        Fate::Sent(_) => ("sent", None),
        Fate::Later(_) => ("later", None),
        Fate::GivenUp => ("failed", Some("a message was given up; a person is told")),
        Fate::Refused { .. } => ("failed", Some("a message was refused; a person is told")),
        Fate::Uncertain => ("uncertain", Some("a message may not have arrived; a person is told")),
    };
    metrics::counter!("evenkeel_deliveries_total", "channel" => message.channel.clone(), "result" => result)
        .increment(1);
    match outcome {
        Ok(_) => {
            let waited = Timestamp::now().duration_since(message.queued_at).as_secs_f64();
            metrics::histogram!("evenkeel_delivery_seconds", "channel" => message.channel.clone()).record(waited);
        }
        Err(reason) => {
            if let Some(told) = told {
                warn!(conversation = %message.conversation, channel = message.channel, %reason, "{told}");
            }
        }
    }
}

async fn record(
    store: &Store,
    message: &Leased,
    outcome: &Result<Option<String>, SendError>,
) -> Result<(), StoreError> {
    let now = Timestamp::now();
    let reason = outcome.as_ref().err().map(ToString::to_string).unwrap_or_default();
    match fate(message, outcome, now) {
        Fate::Sent(platform_id) => store.sent(message.id, platform_id, now).await,
        Fate::Later(wait) => store.retry(message.id, after(wait), &reason).await,
        Fate::Refused { gone } => {
            if gone {
                store.silence(&message.channel, &message.place, Silence::Blocked, now).await?;
            }
            store.fail(message.id, &reason, now).await
        }
        Fate::GivenUp => store.fail(message.id, &reason, now).await,
        Fate::Uncertain => store.uncertain(message.id, &reason, now).await,
    }
}

/// What is done about a message that was sent, or was not.
enum Fate<'a> {
    Sent(Option<&'a str>),
    Later(Duration),
    /// It was tried often enough.
    GivenUp,
    /// The platform does not want it; `gone`: nor anything else for this customer.
    Refused {
        gone: bool,
    },
    Uncertain,
}

fn fate<'a>(message: &Leased, outcome: &'a Result<Option<String>, SendError>, now: Timestamp) -> Fate<'a> {
    let error = match outcome {
        Ok(platform_id) => return Fate::Sent(platform_id.as_deref()),
        Err(error) => error,
    };
    match error.treatment() {
        Treatment::Again | Treatment::Trouble => {
            let asked = if let SendError::Limited { after, .. } = error { *after } else { None };
            wait_before(message, asked, now).map_or(Fate::GivenUp, Fate::Later)
        }
        Treatment::Failed => Fate::Refused { gone: matches!(error, SendError::Gone(_)) },
        Treatment::Uncertain => Fate::Uncertain,
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
            urgent: false,
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
