//! The Docker Engine as a model, by version: what it accepts, what it does, what is its own. Pure.

pub mod allocator;
mod build;
pub mod config;
pub mod fatal;
pub mod file;
pub mod gwbridge;
pub mod legacy;
mod networks;
pub mod next;
pub mod pool;
pub mod pools;
pub mod reserved;
pub mod rules;
pub mod settings;
pub mod startup;
pub mod swarm;
mod version;
mod way_out;
mod whereabouts;

pub use build::{debians, is_debians};
pub use networks::{Bridge, bridge_addresses, bridges, is_local};
pub use version::Version;
pub use way_out::{attached, way_out};
pub use whereabouts::{
    Liveness, Whereabouts, liveness, next_version, own_process, restarts_in_a_loop, running_version, unit, whereabouts,
};
