//! The loops that move data, one file each.

mod circuit;
pub mod delivery;
pub mod drift;
pub mod grouping;
mod heed;
mod overload;
mod pace;
mod together;
pub mod turns;
