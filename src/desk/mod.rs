//! Escalations as agents work on them: what is decided about the queue, groups of alike questions, promises and waiting times, and what
//! customers are told of it.

pub mod figures;
pub mod orders;
pub mod reactions;
pub mod suggestions;
pub mod telling;
