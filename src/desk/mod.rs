//! Escalations as agents work on them: what is decided about the queue, groups of alike questions, promises and waiting times, and what
//! customers are told of it.

pub mod bridge;
pub mod due;
pub mod figures;
pub mod grouping;
pub mod hours;
pub mod intent_draft;
pub mod languages;
pub mod make_intent;
pub mod orders;
pub mod passwords;
pub mod person_page;
pub mod reactions;
pub mod redaction;
pub mod settings;
pub mod suggestions;
pub mod telling;
pub mod tone;
pub mod transitions;
pub mod waiting;
