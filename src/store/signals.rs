//! Who is told when something changed.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
};

use tokio::sync::{Notify, watch};

use crate::message::ConversationId;

/// What a job changed; told to others once it is committed.
#[derive(Default)]
pub(super) struct Changes {
    pub inbox: bool,
    /// Channels whose queue changed.
    pub outbox: Vec<String>,
    /// Conversations in which a line became visible, or whose standing changed.
    pub conversations: Vec<ConversationId>,
    /// The desk's queue, or something that agents see of an escalation.
    pub desk: bool,
    /// Another process wrote: any conversation may have changed.
    pub elsewhere: bool,
}

impl Changes {
    pub fn add(&mut self, other: Self) {
        self.inbox |= other.inbox;
        self.outbox.extend(other.outbox);
        self.conversations.extend(other.conversations);
        self.desk |= other.desk;
        self.elsewhere |= other.elsewhere;
    }
}

/// The wake-ups of one opened store.
#[derive(Default)]
pub(super) struct Signals {
    pub inbox: Notify,
    pub desk: watch::Sender<()>,
    /// Erased words may still stand in the write-ahead log.
    pub unflushed: AtomicBool,
    outbox: Mutex<HashMap<String, watch::Sender<()>>>,
    watched: Mutex<Watched>,
}

/// One sender for each conversation that someone listens to.
#[derive(Default)]
struct Watched {
    senders: HashMap<ConversationId, watch::Sender<()>>,
    /// The number of entries at which those without listeners are swept out.
    sweep_at: usize,
}

impl Signals {
    pub fn tell(&self, changes: &Changes) {
        if changes.inbox {
            self.inbox.notify_one();
        }
        if changes.desk || changes.elsewhere {
            self.desk.send_replace(());
        }
        if changes.elsewhere || !changes.outbox.is_empty() {
            for (channel, sender) in &*locked(&self.outbox) {
                if changes.elsewhere || changes.outbox.contains(channel) {
                    sender.send_replace(());
                }
            }
        }
        if changes.elsewhere {
            // Sending fails when nobody listens any more.
            self.watched().senders.retain(|_, sender| sender.send(()).is_ok());
        } else if !changes.conversations.is_empty() {
            let mut watched = self.watched();
            for conversation in &changes.conversations {
                if watched.senders.get(conversation).is_some_and(|sender| sender.send(()).is_err()) {
                    watched.senders.remove(conversation);
                }
            }
        }
    }

    pub fn outbox(&self, channel: &str) -> watch::Receiver<()> {
        locked(&self.outbox).entry(channel.to_owned()).or_default().subscribe()
    }

    pub fn watch(&self, conversation: ConversationId) -> watch::Receiver<()> {
        let mut watched = self.watched();
        // Each sweep pays for as many new entries as it left: entries of listeners who went never pile up.
        if watched.senders.len() >= watched.sweep_at {
            watched.senders.retain(|_, sender| sender.receiver_count() > 0);
            watched.sweep_at = 64.max(watched.senders.len() * 2);
        }
        watched.senders.entry(conversation).or_insert_with(|| watch::Sender::new(())).subscribe()
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        locked(&self.watched)
    }
}

/// Nothing under these locks can leave it half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_are_told_and_the_departed_are_forgotten() {
        let signals = Signals::default();
        let here = ConversationId::new();
        let mut listener = signals.watch(here);
        for _ in 0..10_000 {
            drop(signals.watch(ConversationId::new()));
        }
        assert!(signals.watched().senders.len() < 100);

        signals.tell(&Changes { conversations: vec![ConversationId::new()], ..Changes::default() });
        assert!(!listener.has_changed().unwrap());
        signals.tell(&Changes { conversations: vec![here], ..Changes::default() });
        assert!(listener.has_changed().unwrap());
        listener.mark_unchanged();

        signals.tell(&Changes { elsewhere: true, ..Changes::default() });
        assert!(listener.has_changed().unwrap(), "what another process wrote may be about anyone");

        drop(listener);
        signals.tell(&Changes { conversations: vec![here], ..Changes::default() });
        assert!(!signals.watched().senders.contains_key(&here));
    }
}
