//! What is older than `[store] keep_days` and settled is deleted: at the start, each night, and as soon as the disk gets short of room.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, ToSpan as _, tz::TimeZone};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::{
    policy::FORGET_AT,
    store::{Store, StoreError},
};

/// Conversations in one transaction: customers' messages wait for no longer than some milliseconds.
const BATCH: u32 = 50;
/// Free pages of the file that are given back at once, of 4 KiB.
const PAGES: u32 = 500;
/// Between two of them, so that customers' messages come first.
const PAUSE: Duration = Duration::from_millis(50);
/// How long until a round that failed is taken up again.
const AGAIN: Duration = Duration::from_mins(10);

/// Runs until `stop`. `short` says why the disk is short of room, if it is.
pub async fn run(
    store: Store,
    keep_days: u32,
    zone: TimeZone,
    mut short: watch::Receiver<Option<String>>,
    stop: CancellationToken,
) {
    loop {
        let pause = match round(&store, keep_days, &stop).await {
            Ok(()) => until_night(Timestamp::now(), &zone),
            Err(error) => {
                error!(%error, "what is older than keep_days could not all be deleted; trying again");
                AGAIN
            }
        };
        let woken = async {
            // Once a shortage: what there is to delete is gone then.
            if short.wait_for(Option::is_none).await.is_ok() && short.wait_for(Option::is_some).await.is_ok() {
                return;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = woken => {}
            () = stop.cancelled() => return,
        }
    }
}

/// One round, which may end anywhere: the next one goes on with what is left.
async fn round(store: &Store, keep_days: u32, stop: &CancellationToken) -> Result<(), StoreError> {
    let (started, now) = (Instant::now(), Timestamp::now());
    let Ok(before) = now.checked_sub(SignedDuration::from_hours(24 * i64::from(keep_days))) else { return Ok(()) };
    let (mut conversations, mut after) = (0, None);
    loop {
        let batch = store.forget(before, after, BATCH).await?;
        conversations += batch.conversations;
        after = batch.next;
        if after.is_none() || paused(stop).await {
            break;
        }
    }
    while store.forget_contacts(before, BATCH).await? > 0 && !paused(stop).await {}
    store.forgotten(before, conversations, now).await?;
    while store.give_back(PAGES).await? > 0 && !paused(stop).await {}
    if conversations > 0 {
        info!(
            conversations,
            took_ms = started.elapsed().as_millis() as u64,
            "deleted what is older than {keep_days} days"
        );
    }
    Ok(())
}

/// Lets others go first; says whether it is time to stop.
async fn paused(stop: &CancellationToken) -> bool {
    tokio::select! {
        () = sleep(PAUSE) => false,
        () = stop.cancelled() => true,
    }
}

/// How long it is until the next night.
fn until_night(now: Timestamp, zone: &TimeZone) -> Duration {
    let here = now.to_zoned(zone.clone());
    let tonight = here.date().to_zoned(zone.clone()).and_then(|day| day.with().time(FORGET_AT).build());
    let next = tonight.and_then(|night| if night > here { Ok(night) } else { night.checked_add(1.day()) });
    let wait = next.ok().and_then(|night| Duration::try_from(night.timestamp().duration_since(now)).ok());
    wait.unwrap_or(Duration::from_hours(24))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_night_is_the_incidents() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let wait = |now: &str| until_night(now.parse().unwrap(), &zone).as_secs() / 60;
        assert_eq!(wait("2026-11-14T07:00:00Z"), 60, "2:00 there");
        assert_eq!(wait("2026-11-14T08:00:00Z"), 24 * 60, "3:00 there: tonight's is this one");
        assert_eq!(wait("2026-11-14T20:00:00Z"), 12 * 60);
    }
}
