//! Platforms that run on this machine and speak their protocols.
#![allow(dead_code, reason = "each test file uses its own share")]

pub mod x;
