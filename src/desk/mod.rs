//! Escalations as agents work on them: what is decided about the queue, groups of alike questions, promises and waiting times, and what
//! customers are told of it.

pub mod due;
pub mod hours;
pub mod settings;
pub mod tone;
pub mod transitions;
pub mod waiting;
