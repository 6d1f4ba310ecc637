//! Durable inbox, outbox, conversations, escalations, contacts and audit trail, in one SQLite file.
//!
//! All writes go through one connection that commits in groups (`writer.rs`); reads have connections of their own and see
//! what is committed. A call that returns `Ok` has survived a crash. Another process may open the same file meanwhile, but
//! only one may run the service: [`Store::recover`] takes every lease that it finds for a dead one's.

mod api_tokens;
mod channels;
mod clocks;
mod contacts;
mod counts;
mod devices;
mod edits;
mod erase;
mod escalations;
mod export;
mod figures;
mod file;
mod followed;
mod group_answers;
mod groups;
mod handling;
mod happenings;
mod inbox;
mod invitations;
mod notes;
mod outbox;
mod promises;
mod queue;
mod retention;
mod rows;
mod sessions;
mod signals;
mod staff;
mod tokens;
mod trail;
mod transcript;
mod turn;
mod users;
mod webhooks;
mod writer;

use std::{path::Path, sync::Arc};

use sqlx::SqlitePool;
use tokio::sync::{Notify, watch};

pub use self::{
    api_tokens::ApiToken,
    channels::{LastSeen, Silence},
    clocks::{Claim, Looked, Waiting},
    contacts::{Contact, Found, Hold, OpenMatter},
    counts::{Counts, Status},
    erase::{Erased, Eraser},
    escalations::{EscalationFilter, EscalationRecord},
    export::{ExportedConversation, ExportedEscalation, PersonExport, Understood},
    figures::{Counted, PromiseCount, Resolved, Span, Wait},
    file::OpenError,
    followed::{Followed, Next},
    group_answers::{GroupAnswer, GroupReached},
    groups::{Answered, Assigned, Assignment, GroupDelivery, GroupMembers, GroupRecord, Joins, Member, Split},
    handling::{Handling, NewReply},
    happenings::Happening,
    inbox::{Due, Pending, Received},
    invitations::Invitation,
    notes::{Draft, Note},
    outbox::{Leased, Recovered},
    promises::{MAX_WORDS_BYTES, NewPromise, Outcome, PromiseFilter, PromiseRecord, PromiseStep},
    queue::{QueueCounts, QueueFilter, QueuePage, Whose},
    retention::Forgotten,
    sessions::Session,
    staff::{StaffOrder, StaffOutcome, StaffRow, Unanswered, Unopened},
    tokens::{Token, TokenHash},
    trail::{TrailEntry, TrailFilter},
    transcript::{Delivery, Line, LineAuthor},
    users::{Credentials, Role, User, name_key},
    webhooks::Audited,
};
use self::{signals::Signals, writer::Writer};
use crate::{
    conversation::{EscalationId, GroupId, PromiseId},
    message::{ConversationId, OutgoingId},
};

/// An open store. Clones share it; the last one to go closes it, [`Store::close`] waits for that.
#[derive(Clone)]
pub struct Store {
    readers: SqlitePool,
    writer: Writer,
    signals: Arc<Signals>,
}

/// Why the store refused or failed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The conversation changed since it was read: read again.
    #[error("the conversation changed meanwhile")]
    Conflict,
    #[error("there is no escalation {0}")]
    NoEscalation(EscalationId),
    #[error("escalation {0} is already resolved")]
    AlreadyResolved(EscalationId),
    #[error("there is no promise {0}")]
    NoPromise(PromiseId),
    #[error("promise {0} is already settled")]
    AlreadySettled(PromiseId),
    #[error("{agent} has escalation {id}")]
    ClaimedBy { id: EscalationId, agent: String },
    #[error("there is no group {0}")]
    NoGroup(GroupId),
    #[error("group {0} was merged into group {1}")]
    Merged(GroupId, GroupId),
    /// One answer could not serve both.
    #[error("groups {0} and {1} are written in different languages")]
    OtherLanguage(GroupId, GroupId),
    #[error("escalation {0} is not in group {1}")]
    NotInGroup(EscalationId, GroupId),
    #[error("the id {0} is that of another message")]
    IdTaken(OutgoingId),
    /// Nothing reaches the customer until they write again.
    #[error("nothing was sent for escalation {id}: {}", why.told())]
    Silenced { id: EscalationId, why: Silence },
    #[error("nobody has claimed escalation {0}")]
    NotClaimed(EscalationId),
    /// An agent sent no name or no words.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// An agent's words are longer than [`crate::policy::MAX_TEXT_BYTES`].
    #[error("the {what} is longer than {limit} bytes")]
    TooLong { what: &'static str, limit: usize },
    #[error("there is no user {0}, or they are disabled")]
    NoUser(String),
    #[error("somebody has the name {0} already")]
    NameTaken(String),
    /// Customers could not tell the two apart.
    #[error("{name} looks like {other}, who works here: choose a name that nobody can mistake")]
    LooksLike { name: String, other: String },
    /// With what is wrong with it.
    #[error("this is no name: {0}")]
    NotAName(&'static str),
    /// Without them nobody could manage people any more.
    #[error("{0} is the last admin")]
    LastAdmin(String),
    #[error("this invitation was used, was replaced, or has ended")]
    NoInvitation,
    #[error("there is a token named {0} already")]
    TokenNameTaken(String),
    #[error("nobody is known as {0}: `evenkeel contacts find` looks for people")]
    NoContact(String),
    #[error("several people are known by names that begin with {0}: name one of them in full")]
    ManyContacts(String),
    /// A legal hold: with its reason.
    #[error("nothing of this person may be deleted: {0}")]
    Held(String),
    /// Erasing would take a matter from the desk that somebody is seeing to, or has to.
    #[error("{}", open_matters(.0))]
    StillOpen(Vec<OpenMatter>),
    #[error("the store is closed")]
    Closed,
    /// The change is made, but its traces cannot leave the file while another process reads it.
    #[error("another process is reading the database; try again when it is done")]
    InUse,
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The change could not be brought to the disk: a full disk, say, or another process that holds the file.
    #[error("the change could not be saved: {0}")]
    NotCommitted(Arc<sqlx::Error>),
    /// A row that this program did not write like that.
    #[error("the database holds a {what} that cannot be read: {problem}")]
    Corrupt { what: &'static str, problem: String },
    #[error(transparent)]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolClosed => Self::Closed,
            other => Self::Database(other),
        }
    }
}

fn open_matters(matters: &[OpenMatter]) -> String {
    let told: Vec<String> = matters.iter().map(ToString::to_string).collect();
    format!("this person still has something open: {}", told.join("; "))
}

type Result<T> = std::result::Result<T, StoreError>;

impl Store {
    /// Opens the file, or makes it (mode 0600 on Unix), and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Open`] names the path and what is wrong with it.
    pub async fn open(path: &Path) -> Result<Self> {
        let (connection, readers) = file::open(path).await?;
        let signals = Arc::new(Signals::default());
        let writer = Writer::start(connection, readers.clone(), signals.clone());
        Ok(Self { readers, writer, signals })
    }

    /// Changes whenever a line of this conversation becomes visible or its standing changes. Subscribe first, then read
    /// [`Store::lines_after`]: then no line is missed.
    pub fn watch(&self, conversation: ConversationId) -> watch::Receiver<()> {
        self.signals.watch(conversation)
    }

    /// Wakes whoever empties the inbox: one waiter, now or as soon as it waits. A write by another process wakes it within
    /// a quarter of a second.
    pub fn inbox_changed(&self) -> &Notify {
        &self.signals.inbox
    }

    /// Wakes whoever empties a channel's queue: when a message is queued, and when one on its way no longer holds up the next of its
    /// conversation. A write by another process wakes it within a quarter of a second.
    pub fn outbox_changed(&self, channel: &str) -> watch::Receiver<()> {
        self.signals.outbox(channel)
    }

    /// Changes whenever the desk's queue may look different: an escalation was opened, raised, handled or written to.
    pub fn desk_changed(&self) -> watch::Receiver<()> {
        self.signals.desk.subscribe()
    }

    /// Closes the file after what was handed in is committed. Later calls give [`StoreError::Closed`].
    pub async fn close(&self) {
        self.writer.close().await;
    }
}
