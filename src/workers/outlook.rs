//! What customers who need a person can expect, kept true: the queue is looked at every few seconds.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::{
    conversation::Urgency,
    desk::{
        hours::Hours,
        waiting::{Outlook, Waits},
    },
    policy::{AGENT_ACTIVE, ANSWERS_OF},
    store::Store,
};

/// How often we look. Waits are told in steps of five minutes and more.
const EVERY: Duration = Duration::from_secs(5);

/// Looks until `stop`, and tells `outlook` what has changed.
pub async fn run(store: Store, hours: Hours, zone: TimeZone, outlook: watch::Sender<Outlook>, stop: CancellationToken) {
    loop {
        let now = Timestamp::now();
        match store.waiting(now - ANSWERS_OF, now - AGENT_ACTIVE).await {
            Ok(queue) => {
                let waits = Waits::of(&queue, &hours, now, &zone);
                let normal = waits.of_urgency(Urgency::Normal);
                metrics::gauge!("evenkeel_wait_seconds").set(normal.map_or(f64::NAN, |wait| wait.as_secs_f64()));
                let seen = Outlook { hours: hours.clone(), waits };
                outlook.send_if_modified(|before| {
                    let changed = *before != seen;
                    *before = seen;
                    changed
                });
            }
            Err(error) => error!(%error, "cannot tell how long customers wait for a person"),
        }
        tokio::select! {
            () = sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}
