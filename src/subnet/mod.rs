//! Free address space: who holds what, what is free, and what to propose. Pure.

mod occupied;
mod pick;

pub use occupied::{Declared, Kind, Occupied, occupied};
pub use pick::{Grade, Pick, Wish, pick};
