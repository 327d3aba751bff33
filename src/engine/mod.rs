//! The Docker Engine as a model, by version: what it accepts, what it does, what is its own. Pure.

mod networks;
mod version;
mod whereabouts;

pub use networks::{Bridge, bridges};
pub use version::Version;
pub use whereabouts::{Liveness, Whereabouts, liveness, next_version, running_version, whereabouts};
