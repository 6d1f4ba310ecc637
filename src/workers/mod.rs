//! The loops that move data, one file each.

mod circuit;
pub mod delivery;
pub mod drift;
mod heed;
mod overload;
mod pace;
pub mod staff;
mod together;
pub mod turns;
