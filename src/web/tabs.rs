//! The event streams that are open, by visitor.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Streams of one visitor at a time. Browsers open at most six connections to a site over HTTP/1.1, and sending must stay
/// possible: when a further tab opens, the oldest stream ends and its tab sleeps until it is looked at.
const MAX_STREAMS: usize = 4;

/// How long an agent counts as writing after the last sign of it: as long as messengers show it.
const WRITING: Duration = Duration::from_secs(6);

/// Who listens now. It wakes streams for what the store's own watch cannot tell: that a first conversation came to be, or that the
/// visitor was erased.
#[derive(Default)]
pub(super) struct Tabs {
    visitors: Mutex<HashMap<String, Listening>>,
}

struct Listening {
    changed: watch::Sender<()>,
    /// Until when an agent counts as writing to the visitor.
    written_to: Option<Instant>,
    /// Cancelled when a stream must make room; oldest first.
    streams: VecDeque<CancellationToken>,
}

/// One open stream. Dropping it takes it off the list.
pub(super) struct Seat {
    /// Changes when the visitor's conversation may have come to be or gone.
    pub changed: watch::Receiver<()>,
    /// Cancelled when newer tabs took its place.
    pub replaced: CancellationToken,
    visitor: String,
    tabs: Arc<Tabs>,
}

impl Tabs {
    fn visitors(&self) -> MutexGuard<'_, HashMap<String, Listening>> {
        self.visitors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn open(self: &Arc<Self>, visitor: &str) -> Seat {
        let mut visitors = self.visitors();
        let listening = visitors.entry(visitor.to_owned()).or_insert_with(|| Listening {
            changed: watch::Sender::new(()),
            written_to: None,
            streams: VecDeque::new(),
        });
        while listening.streams.len() >= MAX_STREAMS {
            if let Some(oldest) = listening.streams.pop_front() {
                oldest.cancel();
            }
        }
        let replaced = CancellationToken::new();
        listening.streams.push_back(replaced.clone());
        metrics::gauge!("evenkeel_web_streams").increment(1);
        Seat { changed: listening.changed.subscribe(), replaced, visitor: visitor.to_owned(), tabs: Arc::clone(self) }
    }

    /// An agent writes to the visitor: their tabs show it for a while.
    pub fn is_written_to(self: &Arc<Self>, visitor: &str) {
        let mut visitors = self.visitors();
        let Some(listening) = visitors.get_mut(visitor) else { return };
        listening.written_to = Some(Instant::now() + WRITING);
        listening.changed.send_replace(());
        let (tabs, visitor) = (Arc::clone(self), visitor.to_owned());
        tokio::spawn(async move {
            tokio::time::sleep(WRITING + WRITING / 20).await;
            tabs.wake(&visitor);
        });
    }

    /// Whether an agent writes to the visitor at the moment.
    pub fn shows_writing(&self, visitor: &str) -> bool {
        let until = self.visitors().get(visitor).and_then(|listening| listening.written_to);
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Makes the visitor's streams look for their conversation again.
    pub fn wake(&self, visitor: &str) {
        if let Some(listening) = self.visitors().get(visitor) {
            listening.changed.send_replace(());
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Marked first, so that exactly this one is found below; cancelled ones have left the list already.
        self.replaced.cancel();
        let mut visitors = self.tabs.visitors();
        if let Some(listening) = visitors.get_mut(&self.visitor) {
            listening.streams.retain(|stream| !stream.is_cancelled());
            if listening.streams.is_empty() {
                visitors.remove(&self.visitor);
            }
        }
        metrics::gauge!("evenkeel_web_streams").decrement(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_is_forgotten_with_their_last_tab() {
        let tabs = Arc::new(Tabs::default());
        let (one, two) = (tabs.open("v"), tabs.open("v"));
        drop(one);
        assert_eq!(tabs.visitors().len(), 1);
        drop(two);
        assert!(tabs.visitors().is_empty());
    }

    #[test]
    fn the_newest_tabs_are_served() {
        let tabs = Arc::new(Tabs::default());
        let seats: Vec<_> = (0..=MAX_STREAMS).map(|_| tabs.open("v")).collect();
        let replaced: Vec<_> = seats.iter().map(|seat| seat.replaced.is_cancelled()).collect();
        assert_eq!(replaced, [true, false, false, false, false]);
    }

    #[tokio::test]
    async fn an_agent_s_writing_shows_to_who_is_there_and_passes() {
        let tabs = Arc::new(Tabs::default());
        tabs.is_written_to("gone");
        assert!(!tabs.shows_writing("gone"));
        let seat = tabs.open("v");
        tabs.is_written_to("v");
        assert!(tabs.shows_writing("v") && seat.changed.has_changed().unwrap());
        tabs.visitors().get_mut("v").unwrap().written_to = Some(Instant::now());
        assert!(!tabs.shows_writing("v"));
    }

    #[test]
    fn only_the_visitor_s_own_tabs_wake() {
        let tabs = Arc::new(Tabs::default());
        let (mine, other) = (tabs.open("a"), tabs.open("b"));
        tabs.wake("a");
        assert!(mine.changed.has_changed().unwrap());
        assert!(!other.changed.has_changed().unwrap());
    }
}
