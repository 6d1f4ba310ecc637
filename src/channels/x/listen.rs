//! Reading mentions and direct messages, again and again.

use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::{join, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use super::{
    X,
    meter::Read,
    names,
    place::{Place, by_age, newer},
    progress::Progress,
    updates::{self, Update},
};
use crate::{
    channels::{Door, SendError, backoff::wait_after},
    store::{Silence, StoreError},
};

/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How often X is looked at when the day's money is spent: what people wrote is still brought to agents.
const SPENT_PAUSE: Duration = Duration::from_mins(10);
/// Pages of one look: 800 mentions are all that X gives; direct messages of a month may be more.
const MAX_PAGES: usize = 20;
/// How far back the places of someone who wrote "stop" are looked for.
const STOP_REACHES: SignedDuration = SignedDuration::from_hours(24 * 30);
/// The note with the last "stop" of a timeline: one that is read a second time does not silence who wrote again since.
const STOPPED: &str = "stopped";

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timeline {
    Mentions,
    Direct,
}

impl Timeline {
    /// The note with its mark.
    fn note(self) -> &'static str {
        match self {
            Self::Mentions => "mentions",
            Self::Direct => "direct",
        }
    }

    fn read(self) -> Read {
        match self {
            Self::Mentions => Read::Mentions,
            Self::Direct => Read::Direct,
        }
    }
}

/// Why a look failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Platform(#[from] SendError),
    #[error("the store cannot take it: {0}")]
    Store(#[from] StoreError),
}

impl Failure {
    /// In words for the operator.
    fn told(&self, timeline: Timeline) -> String {
        match (self, timeline) {
            (Self::Platform(SendError::Forbidden(problem)), Timeline::Direct) => format!(
                "X does not let us read direct messages ({problem}): give the app the permission \"Read and write and Direct \
                 message\" and make the access token anew, or set `direct_messages = false` below [x]"
            ),
            (Self::Platform(SendError::Forbidden(problem)), Timeline::Mentions) => {
                format!(
                    "X does not let us read mentions ({problem}): look at the app's permissions in the Developer Console"
                )
            }
            (Self::Platform(SendError::Limited { after, .. }), _) => {
                let wait = after.unwrap_or(LONGEST_PAUSE);
                format!("X takes no more looks from us for now: the next one is in {} s", wait.as_secs())
            }
            (Self::Platform(SendError::Uncertain(why) | SendError::Unreachable(why)), _) => why.clone(),
            (other, _) => other.to_string(),
        }
    }

    /// How long to wait before another try, after so many failures in a row.
    fn pause(&self, failures: u32) -> Duration {
        match self {
            Self::Platform(SendError::Limited { after: Some(after), .. }) => *after,
            Self::Platform(
                SendError::Limited { .. } | SendError::Unauthorized(_) | SendError::Forbidden(_) | SendError::Spent(_),
            ) => LONGEST_PAUSE,
            _ => wait_after(failures),
        }
    }
}

/// What does not work on which side, told as one.
struct Board<'a> {
    door: &'a Door,
    troubles: Mutex<BTreeMap<Timeline, String>>,
    spent: Mutex<Option<String>>,
}

impl Board<'_> {
    fn tell(&self, timeline: Timeline, trouble: Option<String>, spent: Option<String>) {
        let (Ok(mut troubles), Ok(mut known)) = (self.troubles.lock(), self.spent.lock()) else { return };
        *known = spent;
        match trouble {
            Some(what) => troubles.insert(timeline, what),
            None => troubles.remove(&timeline),
        };
        let all: Vec<&str> = known.iter().chain(troubles.values()).map(String::as_str).collect();
        match all.as_slice() {
            [] => self.door.works(),
            all => self.door.trouble(all.join("; ")),
        }
    }
}

/// Reads what customers write until `stop`.
pub async fn listen(x: &X, door: Door, stop: CancellationToken) {
    tokio::select! {
        () = run(x, &door) => {}
        () = stop.cancelled() => {}
    }
}

async fn run(x: &X, door: &Door) {
    while let Err(error) = x.meter.open(door).await {
        door.trouble(format!("the day's account cannot be read: {error}"));
        sleep(Duration::from_secs(1)).await;
    }
    let board = Board { door, troubles: Mutex::default(), spent: Mutex::default() };
    join!(follow(x, door, &board, Timeline::Mentions, x.settings.poll_interval), async {
        if x.settings.direct_messages {
            follow(x, door, &board, Timeline::Direct, x.settings.dm_poll_interval).await;
        }
    });
}

/// Looks at a timeline for ever.
async fn follow(x: &X, door: &Door, board: &Board<'_>, timeline: Timeline, interval: Duration) {
    let mut progress = None;
    let mut failures = 0;
    loop {
        let looked = look(x, door, timeline, &mut progress).await;
        let spent = x.meter.exhausted().await;
        let pause = match &looked {
            Ok(()) => {
                failures = 0;
                if spent.is_some() { interval.max(SPENT_PAUSE) } else { interval }
            }
            Err(failure) => {
                failures += 1;
                failure.pause(failures)
            }
        };
        board.tell(timeline, looked.err().map(|failure| failure.told(timeline)), spent);
        sleep(pause).await;
    }
}

/// One look: everything since the last one goes through the door, oldest first, and then the mark moves on.
async fn look(x: &X, door: &Door, timeline: Timeline, progress: &mut Option<Progress>) -> Result<(), Failure> {
    let us = x.us().await?;
    let progress = if let Some(progress) = progress {
        progress
    } else {
        let since = mark(x, door, us, timeline).await?;
        progress.insert(Progress::from(since))
    };
    let found = read(x, us, timeline, progress.since()).await?;
    for update in found {
        let Some(id) = updates::id(&update).filter(|id| progress.is_new(id)) else { continue };
        let update = match timeline {
            Timeline::Mentions => updates::post(&update, us, Timestamp::now()),
            Timeline::Direct => updates::direct(&update, us, Timestamp::now()),
        };
        match update {
            Update::Message(incoming) => {
                door.receive(*incoming).await?;
            }
            Update::Stop { place } => silence(door, timeline, &place, id).await?,
            Update::Skipped(why) => debug!(timeline = timeline.note(), why, "skipped"),
        }
        progress.done(id);
    }
    if let Some(since) = progress.looked(Instant::now()) {
        door.write_note(timeline.note(), since).await?;
    }
    Ok(())
}

/// How far the last run has read. At the first start: to the newest there is, so that what was written before is not answered.
async fn mark(x: &X, door: &Door, us: &str, timeline: Timeline) -> Result<String, Failure> {
    if let Some(since) = door.note(timeline.note()).await? {
        return Ok(since);
    }
    let (newest, _) = page(x, us, timeline, None, None, 5).await?;
    x.meter.read(timeline.read(), newest.iter().filter_map(updates::id)).await;
    let newest = newest.iter().filter_map(updates::id).max_by(|a, b| by_age(a, b));
    let newest = newest.unwrap_or("0").to_owned();
    door.write_note(timeline.note(), &newest).await?;
    info!(channel = X::NAME, timeline = timeline.note(), "the first start: reading from now on");
    Ok(newest)
}

/// Everything after `since`, oldest first.
async fn read(x: &X, us: &str, timeline: Timeline, since: &str) -> Result<Vec<Value>, SendError> {
    let mut found: Vec<Value> = Vec::new();
    let mut token: Option<String> = None;
    let mut outcome = Ok(());
    // Direct messages cannot be asked for by their age: a few at first, since each one is charged anew every day.
    let mut size = if timeline == Timeline::Direct { 20 } else { 100 };
    for _ in 0..MAX_PAGES {
        match page(x, us, timeline, Some(since), token.as_deref(), size).await {
            Ok((mut updates, next)) => {
                let all_new = updates.iter().filter_map(updates::id).all(|id| newer(id, since));
                found.append(&mut updates);
                if !all_new || next.is_none() || next == token {
                    break;
                }
                (token, size) = (next, 100);
            }
            Err(error) => {
                outcome = Err(error);
                break;
            }
        }
    }
    x.meter.read(timeline.read(), found.iter().filter_map(updates::id)).await;
    outcome?;
    found.retain(|update| updates::id(update).is_some_and(|id| newer(id, since)));
    found.sort_by(|a, b| by_age(updates::id(a).unwrap_or_default(), updates::id(b).unwrap_or_default()));
    Ok(found)
}

/// One page, newest first, and what to ask for the next one.
async fn page(
    x: &X,
    us: &str,
    timeline: Timeline,
    since: Option<&str>,
    token: Option<&str>,
    size: usize,
) -> Result<(Vec<Value>, Option<String>), SendError> {
    let mut query = vec![("max_results", size.to_string())];
    query.extend(token.map(|token| ("pagination_token", token.to_owned())));
    let path = match timeline {
        Timeline::Mentions => {
            // Before anybody wrote there is no id to begin behind.
            query.extend(since.filter(|since| *since != "0").map(|since| ("since_id", since.to_owned())));
            query.push(x.names.post_fields());
            format!("/2/users/{us}/mentions")
        }
        Timeline::Direct => {
            query.push(("event_types", "MessageCreate".to_owned()));
            query.push(("dm_event.fields", names::DIRECT_FIELDS.to_owned()));
            "/2/dm_events".to_owned()
        }
    };
    let answer = x.client.get(&path, &query).await;
    if let (Timeline::Mentions, Err(SendError::Malformed(_))) = (timeline, &answer) {
        // It may know the fields by their other names.
        x.names.swap();
    }
    let (mut body, _) = answer?;
    let next = body["meta"]["next_token"].as_str().map(ToOwned::to_owned);
    let updates = match body["data"].take() {
        Value::Array(updates) => updates,
        _ => Vec::new(),
    };
    Ok((updates, next))
}

/// "Stop": nothing more to this customer, wherever they wrote to us.
async fn silence(door: &Door, timeline: Timeline, place: &str, id: &str) -> Result<(), StoreError> {
    let note = format!("{STOPPED}:{}", timeline.note());
    if door.note(&note).await?.is_some_and(|last| !newer(id, &last)) {
        return Ok(());
    }
    door.silence(place, Silence::Stopped).await?;
    let customer = Place::parse(place).map(Place::customer);
    for seen in door.last_seen(Timestamp::now() - STOP_REACHES).await? {
        if seen.place != place && Place::parse(&seen.place).map(Place::customer) == customer {
            door.silence(&seen.place, Silence::Stopped).await?;
        }
    }
    door.write_note(&note, id).await
}
