//! The platforms on 127.0.0.1, each by its own rules, able to misbehave.
#![allow(dead_code, reason = "each test file uses its own share")]

pub mod discord;
pub mod telegram;
pub mod x;
