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
    /// Set when it is a new wording of an earlier message. It has an id of its own, the original's followed by `@` and more.
    pub edits: Option<Edit>,
    /// How an answer to this very message is addressed, in the platform's terms; opaque to all but its channel.
    pub reply_to: Option<String>,
    /// Where it was written, in the platform's terms (a chat, a thread, a visitor). One place is one conversation.
    pub place: String,
    /// Who wrote it, in the platform's terms. Opaque.
    pub contact: String,
    /// Whether others can read along.
    pub public: bool,
    /// The words, as written; of a forwarded message, those that were forwarded.
    pub text: String,
    /// Whose words came along.
    pub quoted: Option<Quoted>,
    /// The id of the choice that the customer tapped, if they tapped one.
    pub choice: Option<String>,
    /// They ask us to write no more: it is not answered, and nothing is sent to them until they write again.
    pub stop: bool,
    /// What came with the words. The engine does not read it; agents are told of it.
    pub attachments: Vec<Attachment>,
    /// When we accepted it.
    pub received_at: Timestamp,
}

impl Incoming {
    /// Words of others that came along and count when it comes to danger. The customer's own were read when they wrote them, unless that
    /// was among others and not to us; ours tell of dangers to all who ask.
    #[must_use]
    pub fn words_of_others(&self) -> Option<&str> {
        match self.quoted.as_ref()? {
            Quoted::Answered { by: Quotee::Other(_), text } => Some(text),
            Quoted::Answered { by: Quotee::Customer, text } if self.public => Some(text),
            Quoted::Answered { .. } | Quoted::Forwarded { .. } => None,
        }
    }
}

/// Which wording of a message it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The id of the message as it was written first.
    pub of: String,
    /// Later wordings have higher numbers, whatever the order in which they come; above 0, which is the first wording.
    pub version: i64,
}

/// Somebody's words that a message brings along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quoted {
    /// The message's own text was forwarded; by this name, where the platform tells who wrote it first.
    Forwarded { from: Option<String> },
    /// It answers or quotes these words of an earlier message.
    Answered { by: Quotee, text: String },
}

/// Who wrote what is quoted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quotee {
    /// The bot or an agent.
    Us,
    /// The customer who quotes it.
    Customer,
    /// Somebody else, by name where it is known.
    Other(Option<String>),
}

impl Quoted {
    /// What agents are told of it, such as "forwarded from Ben".
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            Self::Forwarded { from: None } => "forwarded from somebody".to_owned(),
            Self::Forwarded { from: Some(name) } => format!("forwarded from {name}"),
            Self::Answered { by, .. } => match by {
                Quotee::Us => "answers our words".to_owned(),
                Quotee::Customer => "answers their own words".to_owned(),
                Quotee::Other(None) => "answers somebody's words".to_owned(),
                Quotee::Other(Some(name)) => format!("answers {name}'s words"),
            },
        }
    }

    /// The words that are not the message's own.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Forwarded { .. } => None,
            Self::Answered { text, .. } => Some(text),
        }
    }
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
