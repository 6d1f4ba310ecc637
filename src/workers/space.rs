//! How much room is left on the store's disk: told while there is time to do something about it.

use std::{path::PathBuf, time::Duration};

use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::policy::{SHORT_BYTES, SHORT_SHARE};

/// How often the disk is asked.
const EVERY: Duration = Duration::from_mins(1);

/// Keeps `short` up to date until `stop`: why the disk is short of room; None: it is not.
pub async fn run(store: PathBuf, short: watch::Sender<Option<String>>, stop: CancellationToken) {
    loop {
        // A disk that cannot be asked is no news: writing to it will tell.
        if let Ok(disk) = rustix::fs::statvfs(&store) {
            let told =
                shortage(disk.f_bavail.saturating_mul(disk.f_frsize), disk.f_blocks.saturating_mul(disk.f_frsize));
            short.send_if_modified(|known| {
                if told.is_some() && known.is_none() {
                    warn!("{}", told.as_deref().unwrap_or_default());
                }
                let is_new = *known != told;
                *known = told;
                is_new
            });
        }
        tokio::select! {
            () = sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// What is told of a disk with so many free bytes, if there are too few.
fn shortage(free: u64, all: u64) -> Option<String> {
    let share = free as f64 / all.max(1) as f64;
    let is_short = share < SHORT_SHARE && free < SHORT_BYTES;
    // Whole numbers: what is told anew at each byte is no news.
    is_short.then(|| {
        format!(
            "the store's disk is nearly full: {:.0} % is free ({} GB); when it is full, no message can be taken",
            share * 100.0,
            free / 1_000_000_000
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_short_where_little_is_left_and_little_of_it() {
        const GB: u64 = 1_000_000_000;
        let told = shortage(4 * GB, 100 * GB).unwrap();
        assert!(told.contains("4 % is free (4 GB)"), "{told}");
        assert_eq!(shortage(40 * GB, 100 * GB), None);
        assert_eq!(shortage(90 * GB, 2_000 * GB), None, "a large disk has room for days");
        assert!(shortage(0, 0).is_some());
    }
}
