//! What the engine of this host will do next.

use ipnet::IpNet;

use super::Version;
use crate::host::{Missing, Snapshot};
use crate::text::Text;

/// The engine's next steps as its version takes them on this host.
#[derive(Clone, Debug, PartialEq)]
pub struct Next {
    /// The version on disk, which starts next.
    pub version: Version,
    /// Whether the next start succeeds, as far as addresses and configuration decide; none: not known.
    pub starts: Option<bool>,
    /// The engine's own words, without the time and level before them.
    pub start_error: Option<String>,
    /// The default bridge's IPv4 subnet after the next start; none: it has none (`bridge: none`), does not start, or it is not known.
    pub docker0: Option<IpNet>,
    /// The subnets of the next `docker network create`s without `--subnet`, in order: now, where an engine runs, else after its start. Fewer than
    /// asked for: then the pools are used up.
    pub networks: Vec<IpNet>,
    /// Nothing about `docker0` and `networks` depends on what could not be seen.
    pub certain: bool,
    /// Where it is not certain: what the very next network may get.
    pub candidates: Vec<IpNet>,
    /// Why it is not certain.
    pub doubts: Vec<Text>,
    /// How many more creates succeed; at most [`COUNT_LIMIT`].
    pub remaining: usize,
}

/// Further than this nobody counts.
pub const COUNT_LIMIT: usize = 65_536;

/// The next start and the next `networks` networks.
///
/// # Errors
/// [`Missing`] when there is no engine here, it is older than 1.13, or what decides was not seen.
pub fn next(_host: &Snapshot, _networks: usize) -> Result<Next, Missing> {
    todo!("engine/next")
}

/// The host after the model's start (or restart) of the engine: docker0, its routes and addresses, the engine's liveness; for simulation.
///
/// # Errors
/// As [`next`].
pub fn restart(_host: &Snapshot) -> Result<Snapshot, Missing> {
    todo!("engine/next")
}
