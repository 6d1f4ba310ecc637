//! Evenkeel answers people calmly when something has gone wrong.
//!
//! Customers write on a channel; one engine understands the message, answers the common questions from text that people
//! wrote and checked, and hands everything it is not sure of to a human agent. `docs/ARCHITECTURE.md` walks through the
//! rooms below; data flows through them one way.

pub mod channels;
pub mod classifier;
pub mod cli;
pub mod config;
pub mod conversation;
pub mod desk;
pub mod embedding;
pub mod knowledge;
pub mod message;
pub mod policy;
pub mod reading;
pub mod responder;
pub mod secret;
pub mod service;
pub mod store;
pub mod web;
pub mod workers;
