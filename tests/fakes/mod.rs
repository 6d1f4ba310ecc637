//! The platforms on 127.0.0.1, each by its own rules, able to misbehave.
#![allow(
    clippy::needless_pass_by_value,
    clippy::result_large_err,
    clippy::cmp_owned,
    clippy::bool_to_int_with_if,
    reason = "JSON in place, ids as the platform writes them"
)]

pub mod discord;
pub mod platforms;
pub mod receiver;
pub mod telegram;
pub mod x;
