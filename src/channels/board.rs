//! What the operator is told of each channel and each webhook: `/health`, the log and the start screen read it here.

use std::{collections::BTreeMap, fmt, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;
use tracing::{info, warn};

/// Which way a channel works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Receiving,
    Sending,
    /// Telling the staff in their own place.
    Staff,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Receiving => "receiving",
            Self::Sending => "sending",
            Self::Staff => "telling the staff",
        })
    }
}

/// Something that does not work, since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    pub since: Timestamp,
    pub what: String,
}

/// All by name; what does not work on them.
pub type Report = BTreeMap<String, BTreeMap<Side, Trouble>>;

/// Where channels say that something does not work, and that it works again.
#[derive(Clone, Default)]
pub struct Board(Arc<watch::Sender<Report>>);

impl Board {
    /// A channel that is on, so far without trouble.
    pub fn enter(&self, channel: &str) {
        self.0.send_modify(|report| {
            report.entry(channel.to_owned()).or_default();
        });
    }

    /// It does not work. Said once in the log for as long as the reason stays the same. `what` is for the operator: no secret, no
    /// customer's words.
    pub fn trouble(&self, channel: &str, side: Side, what: impl Into<String>) {
        let what = what.into();
        self.0.send_if_modified(|report| {
            let sides = report.entry(channel.to_owned()).or_default();
            if sides.get(&side).is_some_and(|trouble| trouble.what == what) {
                return false;
            }
            warn!(channel, %side, "{what}");
            let since = sides.get(&side).map_or_else(Timestamp::now, |trouble| trouble.since);
            sides.insert(side, Trouble { since, what });
            true
        });
        self.count(channel, side);
    }

    /// It works (again).
    pub fn works(&self, channel: &str, side: Side) {
        let changed =
            self.0.send_if_modified(|report| report.entry(channel.to_owned()).or_default().remove(&side).is_some());
        if changed {
            info!(channel, %side, "works again");
        }
        self.count(channel, side);
    }

    /// What is said there, now and from now on.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Report> {
        self.0.subscribe()
    }

    fn count(&self, channel: &str, side: Side) {
        let troubled = self.0.borrow().get(channel).is_some_and(|sides| sides.contains_key(&side));
        metrics::gauge!("evenkeel_channel_trouble", "channel" => channel.to_owned(), "side" => side.to_string())
            .set(f64::from(u8::from(troubled)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_said_once_and_keeps_when_it_began() {
        let board = Board::default();
        let mut seen = board.watch();
        board.trouble("telegram", Side::Receiving, "no route");
        assert!(seen.has_changed().unwrap());
        let since = seen.borrow_and_update()["telegram"][&Side::Receiving].since;
        board.trouble("telegram", Side::Receiving, "no route");
        assert!(!seen.has_changed().unwrap(), "the same again is no news");
        board.trouble("telegram", Side::Receiving, "wrong token");
        let trouble = seen.borrow_and_update()["telegram"][&Side::Receiving].clone();
        assert_eq!((trouble.since, trouble.what.as_str()), (since, "wrong token"));
        board.works("telegram", Side::Sending);
        assert!(!seen.has_changed().unwrap(), "it never had trouble sending");
        board.works("telegram", Side::Receiving);
        assert!(seen.borrow_and_update()["telegram"].is_empty());
    }
}
