//! Which prefixes of the host keep an engine from choosing a subnet, by version.

use ipnet::IpNet;

use super::Version;
use crate::host::{Missing, Snapshot};

/// A prefix that the engine goes round, and what of the host it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Reserved {
    pub prefix: IpNet,
    pub by: ReservedBy,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ReservedBy {
    /// A route of the main table: its place in `Snapshot::routes`.
    Route(usize),
    /// A nameserver of this resolv.conf.
    Nameserver { file: String, line: u32 },
}

/// The prefixes that `version` reserves on this host (IPv4 and IPv6), in no order.
///
/// # Errors
/// [`Missing`] when routes or resolvers are not known.
pub fn reserved(_host: &Snapshot, _version: Version) -> Result<Vec<Reserved>, Missing> {
    todo!("engine/reserved")
}
