//! Of a message that its customer edits, the last wording is read, once. What becomes of each that comes, in whatever order. Pure.

use super::inbox::Received;
use crate::message::{ConversationId, Incoming, MessageId};

/// A wording of a message that the store knows.
pub(super) struct Wording {
    pub cursor: i64,
    pub message: MessageId,
    pub conversation: ConversationId,
    /// The platform's id of it.
    pub message_id: String,
    pub version: i64,
    pub text: String,
    pub choice: Option<String>,
    /// The customer deleted the message.
    pub retracted: bool,
    pub settled: Settled,
}

/// What became of a wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    /// It waits for its turn.
    Not,
    /// A turn read it.
    Read,
    /// It asked us to stop, and we did.
    Stopped,
    /// A later one took its place before it was read.
    Dropped,
}

/// What is done about a message. Numbers are places in the chain of its wordings.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was here before, or something later was: nothing.
    Known(usize),
    /// It says the same as the last wording.
    Same(usize),
    /// It says again what was read last; what was to be read meanwhile is dropped.
    Back { to: usize, drops: usize },
    /// It is to be read, in the place of one that was not read yet.
    New { drops: Option<usize> },
}

impl Wording {
    fn says(&self, incoming: &Incoming) -> bool {
        let stops_again = self.settled == Settled::Stopped && incoming.stop;
        stops_again || (self.text == incoming.text && self.choice == incoming.choice)
    }

    /// It was here before.
    pub(super) fn received(&self) -> Received {
        Received { message: self.message, conversation: self.conversation, new: false, stopped: false }
    }
}

/// What is done about a message, of which these wordings are known in the order in which they came.
pub(super) fn fate(chain: &[Wording], incoming: &Incoming) -> Fate {
    if let Some(known) = chain.iter().position(|wording| wording.message_id == incoming.message_id) {
        return Fate::Known(known);
    }
    let newest = |filter: fn(&Wording) -> bool| {
        chain.iter().enumerate().filter(|(_, wording)| filter(wording)).max_by_key(|(_, wording)| wording.version)
    };
    let Some((last, wording)) = newest(|_| true) else { return Fate::New { drops: None } };
    let is_later = incoming.edits.as_ref().is_some_and(|edit| edit.version >= wording.version);
    if wording.retracted || !is_later {
        return Fate::Known(last);
    }
    if wording.says(incoming) {
        return Fate::Same(last);
    }
    if wording.settled != Settled::Not {
        return Fate::New { drops: None };
    }
    match newest(|wording| wording.settled == Settled::Read) {
        Some((read, wording)) if wording.says(incoming) => Fate::Back { to: read, drops: last },
        _ => Fate::New { drops: Some(last) },
    }
}
