//! The loops that move data, one file each.

mod circuit;
pub mod delivery;
pub mod drift;
mod heed;
mod overload;
mod pace;
mod together;
pub mod turns;
pub mod webhooks;
