//! The loops that move data, one file each.

pub mod delivery;
mod heed;
mod overload;
mod together;
pub mod turns;
