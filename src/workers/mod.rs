//! The loops that move data, one file each.

pub mod delivery;
mod overload;
mod together;
pub mod turns;
