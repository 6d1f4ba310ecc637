//! The one door in: every platform's words go through it, so that they are cleaned, kept and counted in one way.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use super::{Board, Side};
use crate::{
    desk::{orders::order, transitions},
    message::{Incoming, Outgoing, StaffMessage},
    policy,
    responder::Responder,
    store::{LastSeen, Received, Silence, StaffOrder, Store, StoreError},
};

/// A channel's door to the store.
#[derive(Clone)]
pub struct Door {
    channel: &'static str,
    store: Store,
    board: Board,
    /// Words the changes that staff make in threads; without it customers hear nothing of them.
    words: Option<watch::Receiver<Arc<Responder>>>,
}

impl Door {
    #[must_use]
    pub fn new(channel: &'static str, store: Store, board: Board) -> Self {
        board.enter(channel);
        Self { channel, store, board, words: None }
    }

    /// The same door, which tells customers of what staff do in threads in the words of the admins.
    #[must_use]
    pub fn with_words(self, words: watch::Receiver<Arc<Responder>>) -> Self {
        Self { words: Some(words), ..self }
    }

    /// Keeps a message. When this returns `Ok`, it is on disk and may be acknowledged to the platform; a second delivery of the same
    /// message changes nothing. A text that is too long is cut: platforms have lower limits than we do.
    ///
    /// # Errors
    /// The store cannot take it now: do not acknowledge it, try again.
    pub async fn receive(&self, mut incoming: Incoming) -> Result<Received, StoreError> {
        clean(&mut incoming.text);
        let received = self.store.receive(&incoming).await?;
        if received.new {
            metrics::counter!("evenkeel_received_total", "channel" => self.channel).increment(1);
        }
        Ok(received)
    }

    /// The customer deleted a message: its words are forgotten, and where it had no turn yet it gets none.
    ///
    /// # Errors
    /// As of [`Door::receive`].
    pub async fn retract(&self, message_id: &str) -> Result<(), StoreError> {
        self.store.retract(self.channel, message_id, Timestamp::now()).await
    }

    /// Nothing more is written to this place until its customer writes again.
    ///
    /// # Errors
    /// As of [`Door::receive`].
    pub async fn silence(&self, place: &str, why: Silence) -> Result<(), StoreError> {
        self.store.silence(self.channel, place, why, Timestamp::now()).await
    }

    /// A value that the channel wrote down, such as how far it has read.
    ///
    /// # Errors
    /// As of [`Door::receive`].
    pub async fn note(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.store.channel_note(self.channel, key).await
    }

    /// Writes a value down; it survives a crash.
    ///
    /// # Errors
    /// As of [`Door::receive`].
    pub async fn write_note(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.store.write_channel_note(self.channel, key, value).await
    }

    /// The places where customers wrote since `since`, each with the last message that we have of it: for platforms that do not repeat
    /// what we missed.
    ///
    /// # Errors
    /// As of [`Door::receive`].
    pub async fn last_seen(&self, since: Timestamp) -> Result<Vec<LastSeen>, StoreError> {
        self.store.last_seen(self.channel, since).await
    }

    /// One of the staff wrote in a thread: what it asks for is done, once. Its words are for the customer, so they are cleaned like a
    /// customer's.
    ///
    /// # Errors
    /// As of [`Door::receive`].
    pub async fn staff(&self, mut message: StaffMessage) -> Result<(), StoreError> {
        message.text = message.text.replace('\0', "\u{FFFD}");
        let (order, now) = (order(&message), Timestamp::now());
        let say = self.heard_of(&message, &order, now).await?;
        self.store.staff_order(self.channel, message, order, say, now).await
    }

    /// What the customer is to hear of an order, should it be carried out.
    async fn heard_of(
        &self,
        message: &StaffMessage,
        order: &StaffOrder,
        now: Timestamp,
    ) -> Result<Option<Outgoing>, StoreError> {
        let Some(words) = &self.words else { return Ok(None) };
        if !matches!(order, StaffOrder::Claim | StaffOrder::TakeOver | StaffOrder::Resolve { .. }) {
            return Ok(None);
        }
        let Some(record) = self.store.staff_escalation(self.channel, &message.thread).await? else { return Ok(None) };
        let responder = Arc::clone(&words.borrow());
        let (knowledge, agent) = (responder.knowledge(), message.author.as_str());
        Ok(match order {
            StaffOrder::Resolve { .. } => transitions::on_resolve(knowledge, &record, agent, now),
            _ => transitions::on_claim(knowledge, &record, agent, now),
        })
    }

    /// The threads in which staff may be writing to customers, for platforms that do not repeat what we missed.
    ///
    /// # Errors
    /// As of [`Door::receive`].
    pub async fn staff_threads(&self) -> Result<Vec<String>, StoreError> {
        self.store.staff_threads(self.channel).await
    }

    /// Receiving works (again).
    pub fn works(&self) {
        self.board.works(self.channel, Side::Receiving);
    }

    /// Receiving does not work; for the operator's eyes, without secrets and customers' words.
    pub fn trouble(&self, what: impl Into<String>) {
        self.board.trouble(self.channel, Side::Receiving, what);
    }
}

/// NUL becomes U+FFFD: not every database can hold it, and tools that people read the store with would cut the text there.
fn clean(text: &mut String) {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{FFFD}");
    }
    text.truncate(text.floor_char_boundary(policy::MAX_TEXT_BYTES));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_as_it_is_but_for_nul_and_excess() {
        let cleaned = |text: &str| {
            let mut text = text.to_owned();
            clean(&mut text);
            text
        };
        assert_eq!(cleaned("  ¿Qué\tpasa?\n"), "  ¿Qué\tpasa?\n");
        assert_eq!(cleaned("a\0b"), "a\u{FFFD}b");
        let long = cleaned(&"é".repeat(policy::MAX_TEXT_BYTES));
        assert_eq!(long.len(), policy::MAX_TEXT_BYTES);
        assert!(long.chars().all(|char| char == 'é'));
    }
}
