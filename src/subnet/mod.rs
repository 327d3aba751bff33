//! Free address space: who holds what, what is free, and what to propose. Pure.

mod hiding;
mod index;
mod joined;
mod occupied;
mod pick;
mod pools;
mod quiet;
mod set;
mod ula;

pub use index::{Index, Ranges, overlaps};
pub use joined::{joined, largest_first};
pub use occupied::{Declared, Kind, Occupied, Unnamed, beside_signs, cloud_blind_spot, occupied};
pub use pick::{Grade, Pick, Wish};
pub use pools::{PoolPick, engine_pools, pick_pools, pick_swarm_pools};
pub use quiet::PRIVATE;

#[cfg(test)]
mod tests;
