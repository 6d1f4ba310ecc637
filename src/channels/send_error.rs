//! How sending fails, and what is done about it.

use std::time::Duration;

/// Why a message was not sent, or may not have been.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The platform takes no more from us for now; it named the time, or not. Nothing arrived.
    #[error("too many messages for the platform")]
    Limited {
        after: Option<Duration>,
        /// It holds for everything that we send there, not for this chat alone.
        everywhere: bool,
    },
    /// The platform cannot be reached or is out of order, and for certain nothing arrived.
    #[error("the platform cannot be reached: {0}")]
    Unreachable(String),
    /// The platform does not know our credentials.
    #[error("the platform does not accept our credentials: {0}")]
    Unauthorized(String),
    /// The chat is not there any more, or the customer blocked us.
    #[error("the chat is gone: {0}")]
    Gone(String),
    /// The platform does not allow this message, and never will.
    #[error("the platform refuses it: {0}")]
    Forbidden(String),
    /// The platform cannot read what we sent (too long, malformed): a fault of ours.
    #[error("the platform does not understand it: {0}")]
    Malformed(String),
    /// What may be spent today is spent.
    #[error("the daily cap is reached: {0}")]
    Spent(String),
    /// It may or may not have arrived.
    #[error("unknown whether it arrived: {0}")]
    Uncertain(String),
}

/// What is done about a failed message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// Sent again later; the platform is well.
    Again,
    /// Sent again later; several in a row and the whole channel pauses, and the operator is told.
    Trouble,
    /// Not sent again; an agent sees that it did not arrive.
    Failed,
    /// Not sent again, since it may be a second copy; an agent sees that it may not have arrived.
    Uncertain,
}

impl SendError {
    /// The one table of failures: what each leads to. All are logged as warnings, but for [`Treatment::Again`], which is common under load.
    #[must_use]
    pub fn treatment(&self) -> Treatment {
        match self {
            Self::Limited { .. } => Treatment::Again,
            Self::Unreachable(_) | Self::Unauthorized(_) => Treatment::Trouble,
            Self::Gone(_) | Self::Forbidden(_) | Self::Malformed(_) | Self::Spent(_) => Treatment::Failed,
            Self::Uncertain(_) => Treatment::Uncertain,
        }
    }
}
