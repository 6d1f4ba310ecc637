//! The one door in: every platform's words go through it, so that they are cleaned, kept and counted in one way.

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use tracing::error;

use super::{Board, Side, WebChat, opt_out};
use crate::{
    classifier::danger,
    message::{Incoming, Quoted, StaffMessage},
    policy,
    store::{LastSeen, Received, Silence, Store, StoreError},
};

/// Does what a message of the staff asks for.
type Obey = dyn Fn(StaffMessage) -> BoxFuture<'static, Result<(), StoreError>> + Send + Sync;

/// A channel's door to the store.
#[derive(Clone)]
pub struct Door {
    channel: &'static str,
    store: Store,
    board: Board,
    /// None: staff do not write here.
    obey: Option<Arc<Obey>>,
}

impl Door {
    #[must_use]
    pub fn new(channel: &'static str, store: Store, board: Board) -> Self {
        board.enter(channel);
        Self { channel, store, board, obey: None }
    }

    /// The same door, through which staff write too: `obey` does what a message of theirs asks for, and fails where it must be asked again.
    #[must_use]
    pub fn with_staff(
        self,
        obey: impl Fn(StaffMessage) -> BoxFuture<'static, Result<(), StoreError>> + Send + Sync + 'static,
    ) -> Self {
        Self { obey: Some(Arc::new(obey)), ..self }
    }

    /// Keeps a message. When this returns `Ok`, it is on disk and may be acknowledged to the platform; a second delivery of the same
    /// message changes nothing. A text that is too long is cut: platforms have lower limits than we do.
    ///
    /// # Errors
    /// The store cannot take it now: do not acknowledge it, try again.
    pub async fn receive(&self, mut incoming: Incoming) -> Result<Received, StoreError> {
        clean(&mut incoming.text);
        if let Some(Quoted::Answered { text, .. }) = &mut incoming.quoted {
            clean(text);
        }
        incoming.stop |= asks_to_stop(&incoming);
        let urgent = shows_danger(&incoming);
        let received = self.store.receive(&incoming).await?;
        if urgent {
            self.store.mark_urgent(received.message).await?;
        }
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

    /// What was one chat is another now, with the same customers: their places began with `from`, and begin with `to` from now on.
    ///
    /// # Errors
    /// As of [`Door::receive`].
    pub async fn moved(&self, from: &str, to: &str) -> Result<(), StoreError> {
        self.store.move_places(self.channel, from, to).await
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

    /// One of the staff wrote in a thread: what it asks for is done, once, when this returns `Ok`. Its words are for the customer, so they
    /// are cleaned like a customer's.
    ///
    /// # Errors
    /// As of [`Door::receive`].
    pub async fn staff(&self, mut message: StaffMessage) -> Result<(), StoreError> {
        message.text = message.text.replace('\0', "\u{FFFD}");
        let Some(obey) = &self.obey else {
            error!(channel = self.channel, "one of the staff wrote where nobody does what they ask for");
            return Ok(());
        };
        obey(message).await
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

/// Whether a message says nothing but that its customer wants to hear no more. On the web chat nobody is written to who does not look, and
/// who wrote "stop" there would only wonder where the answer is.
fn asks_to_stop(incoming: &Incoming) -> bool {
    let forwarded = matches!(incoming.quoted, Some(Quoted::Forwarded { .. }));
    let words_alone = incoming.choice.is_none() && incoming.attachments.is_empty() && !forwarded;
    words_alone && incoming.channel != WebChat::NAME && opt_out::asks(&incoming.text)
}

/// Whether there is a sign of danger in the words, or in those of others that count with them.
fn shows_danger(incoming: &Incoming) -> bool {
    [Some(incoming.text.as_str()), incoming.words_of_others()]
        .into_iter()
        .flatten()
        .any(|text| danger::signs(text).danger.is_some())
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
