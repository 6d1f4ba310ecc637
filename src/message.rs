//! What crosses the two doors: a customer's words coming in, ours going out.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::reading::Language;

/// One customer message as its channel delivered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incoming {
    /// Name of the channel, such as `web`.
    pub channel: String,
    /// The platform's own id of this message, unique within the channel: a second delivery is the same message.
    pub message_id: String,
    /// Set when it is a new wording of an earlier message: that message's id. It has an id of its own, the
    /// original's followed by `@` and more.
    pub edits: Option<String>,
    /// How an answer to this very message is addressed, in the platform's terms; opaque to all but its channel.
    pub reply_to: Option<String>,
    /// Where it was written, in the platform's terms (a chat, a thread, a visitor). One place is one conversation.
    pub place: String,
    /// Who wrote it, in the platform's terms. Opaque.
    pub contact: String,
    /// Whether others can read along.
    pub public: bool,
    /// The words, as written.
    pub text: String,
    /// The id of the choice that the customer tapped, if they tapped one.
    pub choice: Option<String>,
    /// What came with the words. The engine does not read it; agents are told of it.
    pub attachments: Vec<Attachment>,
    /// When we accepted it.
    pub received_at: Timestamp,
}

/// A file that a customer sent along: named to agents, never opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub name: String,
    pub media_type: Option<String>,
}

/// What one of the staff wrote in a thread of the staff's place on a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffMessage {
    /// The platform's name of the thread.
    pub thread: String,
    /// The platform's own id of the message, unique within the channel: a second delivery is the same message.
    pub message_id: String,
    /// Set when it is a new wording of an earlier message: that message's id.
    pub edits: Option<String>,
    /// The name that the platform shows, and that customers will see; empty where it does not tell us who wrote.
    pub author: String,
    pub text: String,
    /// Whether files came with it.
    pub files: bool,
}

/// One message to a customer, in Markdown. Each channel brings it into its own form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Markdown: paragraphs, emphasis, lists and links.
    pub text: String,
    /// The same for channels with tight limits (plain text, at most 280 characters).
    pub short: Option<String>,
    /// Answers that the customer can tap.
    pub choices: Vec<Choice>,
    pub author: Author,
    pub language: Language,
}

/// An answer that the customer can tap, type as a number, or say in its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Comes back in [`Incoming::choice`].
    pub id: String,
    /// What the customer reads, at most 60 characters.
    pub label: String,
}

impl Choice {
    /// Calls a person. Understood at any time, offered or not.
    pub const PERSON: &'static str = "person";
    /// Asks what this is and how it works, as platforms' start and help commands do. Understood at any time.
    pub const HELP: &'static str = "help";
}

/// Who wrote an outgoing message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    Bot,
    /// An agent, by the name that customers see.
    Agent(String),
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id; ids made later sort later.
            #[must_use]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

uuid_id!(
    /// Our id of an accepted incoming message.
    MessageId
);
uuid_id!(
    /// Our id of a conversation: one place on one channel.
    ConversationId
);
uuid_id!(
    /// Our id of an outgoing message.
    OutgoingId
);
