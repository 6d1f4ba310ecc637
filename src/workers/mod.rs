//! The loops that move data, one file each.

pub mod delivery;
pub mod turns;
