//! The loops that move data, one file each.

mod circuit;
pub mod clocks;
pub mod delivery;
pub mod drift;
pub mod grouping;
mod heed;
pub mod orders;
pub mod outlook;
mod overload;
mod pace;
pub mod retention;
pub mod space;
pub mod staff;
mod together;
pub mod turns;
pub mod webhooks;
