//! Platforms as protocol fakes on this machine, which misbehave on command.
#![allow(dead_code, reason = "each test file uses its own share")]

pub mod discord;
