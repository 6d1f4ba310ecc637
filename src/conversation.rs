//! What one exchange with a customer remembers, and what a turn of it decides.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    message::{Choice, ConversationId, Outgoing},
    reading::{Danger, Language, Reading},
};

/// One place on one channel: a web visitor, a direct chat, a public thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    pub id: ConversationId,
    pub channel: String,
    /// The platform's name of the place.
    pub place: String,
    /// Whether others can read along.
    pub public: bool,
    /// Counts the recorded changes. Who records a turn on an older version is refused and reads again.
    pub version: i64,
    pub memory: Memory,
}

/// What the responder remembers from one turn to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    pub standing: Standing,
    /// The language the customer last wrote in.
    pub language: Option<Language>,
    /// Whether the bot has said that it is one.
    pub introduced: bool,
    /// What was answered lately, oldest first.
    pub answered: Vec<Answered>,
    /// The choices last offered, while they wait for an answer.
    pub offered: Vec<Choice>,
    /// Clarifying questions asked in a row.
    pub clarifications: u8,
    /// Dangers whose emergency help was already given to the escalation that is open.
    pub warned: Vec<Danger>,
    /// By when a person answers, as the customer was told when the escalation was opened.
    pub due_at: Option<Timestamp>,
    /// When the last turn was.
    pub last_turn_at: Option<Timestamp>,
    /// How many turns there were.
    pub turns: u32,
}

/// Who has the conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The bot answers.
    #[default]
    Bot,
    /// An escalation is open and no agent has taken it yet. The bot still answers what it is sure of.
    Waiting,
    /// An agent has it: the bot is silent.
    Agent,
}

/// An intent that was answered, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    pub intent: String,
    pub at: Timestamp,
}

/// What the responder makes of a customer's burst of messages: all of it is recorded in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    pub decision: Decision,
    /// What is said, in order.
    pub replies: Vec<Outgoing>,
    /// Opened, or made more urgent where one is already open.
    pub escalation: Option<Escalation>,
    /// What the replies promise.
    pub promises: Vec<Promise>,
    /// What the conversation remembers from here on.
    pub memory: Memory,
    /// What was understood, one reading for each question of the burst; for the audit trail.
    pub readings: Vec<Reading>,
}

/// What the responder decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The questions of these intents are answered.
    Answer(Vec<String>),
    /// The customer is asked which of these intents they mean (none: to say it in words).
    Clarify(Vec<String>),
    /// A person takes over.
    Escalate(Reason),
    /// Nothing was asked that needs an answer: a courtesy from the phrases, such as "I have added this".
    Acknowledge,
    /// An agent has the conversation: the message reaches them and the bot says nothing.
    Silent,
}

impl Decision {
    /// The word used in logs, metrics and the audit trail.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Answer(_) => "answer",
            Self::Clarify(_) => "clarify",
            Self::Escalate(_) => "escalate",
            Self::Acknowledge => "acknowledge",
            Self::Silent => "silent",
        }
    }
}

/// Why a person takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A sign of danger.
    Danger(Danger),
    /// The customer asked for a person.
    Wish,
    /// The admins want a person for this intent, or its text is for agents only.
    Always,
    /// No intent is probable enough.
    Unsure,
    /// The answer needs a fact that is out of date or missing.
    Stale,
    /// The same question again after an answer.
    Repeated,
    /// Clarifying questions did not help.
    Unclear,
    /// A private matter raised where others read along.
    Private,
    /// Only files were sent, which the engine does not read.
    Attachment,
    /// The process died while sending, or the platform refused: a reply may not have arrived.
    Undelivered,
    /// It is written in a language that no intent has examples in.
    Language,
    /// A promise fell due and was not kept.
    Promise,
}

impl Reason {
    /// The danger, where it is one.
    #[must_use]
    pub fn danger(self) -> Option<Danger> {
        if let Self::Danger(danger) = self { Some(danger) } else { None }
    }

    /// The word used in files, logs and pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Danger(_) => "danger",
            Self::Wish => "wish",
            Self::Always => "always",
            Self::Unsure => "unsure",
            Self::Stale => "stale",
            Self::Repeated => "repeated",
            Self::Unclear => "unclear",
            Self::Private => "private",
            Self::Attachment => "attachment",
            Self::Undelivered => "undelivered",
            Self::Language => "language",
            Self::Promise => "promise",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Danger(danger) => write!(f, "danger ({})", danger.as_str()),
            other => f.write_str(other.as_str()),
        }
    }
}

/// How soon a person is needed. The queue is sorted by it, then by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    Normal,
    /// The customer asked for a person, or is angry.
    High,
    Danger,
}

impl Urgency {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::High => "high",
            Self::Danger => "danger",
        }
    }
}

/// A hand-over to a person, as the responder asks for it. A conversation has at most one open escalation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    pub reason: Reason,
    pub urgency: Urgency,
    /// What the customer probably wants, most probable first; may be empty.
    pub intents: Vec<String>,
    /// By when a person answers, as far as it is known: the customer is told where the admins' line says so.
    pub due_at: Option<Timestamp>,
    /// When the clocks look next whether a person has answered; None: they do not.
    pub look_at: Option<Timestamp>,
}

/// What the bot promises with an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// Whose answer it is: it is said anew when the promise falls due.
    pub intent: String,
    /// What agents read of it.
    pub words: String,
    pub due_at: Timestamp,
}

/// The number by which people name a promise: counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PromiseId(pub i64);

impl fmt::Display for PromiseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The number by which people name an escalation: short, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EscalationId(pub i64);

impl fmt::Display for EscalationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The number by which people name a group of escalations that ask the same: counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupId(pub i64);

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
