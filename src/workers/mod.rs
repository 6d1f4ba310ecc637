//! The loops that move data, one file each.

pub mod delivery;
pub mod drift;
mod heed;
mod overload;
mod together;
pub mod turns;
