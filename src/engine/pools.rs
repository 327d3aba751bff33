//! The pools from which the engine takes subnets that nobody gave it, by version.

use ipnet::IpNet;

use super::Version;
use crate::host::{Missing, Snapshot};

/// A base that the engine cuts into blocks of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pool {
    pub base: IpNet,
    /// Prefix length of a block.
    pub size: u8,
}

/// The pools of local networks as a start of the engine makes them, in the order in which it asks them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LocalPools {
    pub pools: Vec<Pool>,
    /// `default-address-pools` is in force; else the built-in list.
    pub configured: bool,
    pub faults: Vec<PoolFault>,
}

/// What a version does with an entry of `default-address-pools` otherwise than it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolFault {
    /// The engine does not start, with this text.
    Refused { entry: usize, error: String },
    /// The whole list is ignored and the built-in pools are used.
    Ignored { entry: usize, error: String },
    /// The base has host bits; it is used as this prefix.
    Masked { entry: usize, to: IpNet },
    /// Since 27 the list is sorted by address: its order says nothing.
    Sorted,
    /// Since 27 a base that overlaps one before it (after sorting) is dropped.
    Dropped { entry: usize, by: usize },
}

/// What the next start of `version` makes of the configuration.
///
/// # Errors
/// [`Missing`] when the configuration could not be read.
pub fn local_pools(_host: &Snapshot, _version: Version) -> Result<LocalPools, Missing> {
    todo!("engine/pools")
}

/// The pools that the running engine has (what its API says, else what it started with).
///
/// # Errors
/// As [`local_pools`].
pub fn running_pools(_host: &Snapshot, _version: Version) -> Result<LocalPools, Missing> {
    todo!("engine/pools")
}

/// The built-in list of a version, in its order.
pub fn built_in(_version: Version) -> Vec<Pool> {
    todo!("engine/pools")
}
