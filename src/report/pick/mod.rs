//! `pick-subnet`: what it hands over to be printed.

mod json;

pub use json::PickV1;

use ipnet::IpNet;

use crate::engine::next::Next;
use crate::host::Missing;

/// The answer of `pick-subnet`.
pub struct Picked {
    /// One for each host, in the order of the hosts.
    pub next: Vec<HostNext>,
}

/// What the engine of one host does next, or why that cannot be said.
pub struct HostNext {
    /// As the report names it.
    pub host: String,
    pub next: Result<Next, Missing>,
    /// The subnets of the next networks that the report shows.
    pub networks: Vec<IpNet>,
}
