//! Pools that an engine takes subnets from on its own.

use ipnet::IpNet;

use crate::engine::pools::{LocalPools, built_in, local_pools, running_pools};
use crate::engine::{next_version, running_version};
use crate::host::Snapshot;

/// The bases from which the engine of this host takes subnets, now and after its next start; empty where there is none, or none is known.
pub fn engine_pools(host: &Snapshot) -> Vec<IpNet> {
    let next = next_version(host).ok().map(|version| (version, local_pools(host, version)));
    let running = running_version(host).map(|version| (version, running_pools(host, version)));
    let mut bases = Vec::new();
    for (version, pools) in next.into_iter().chain(running) {
        let pools = pools.map_or_else(|_| built_in(version), |LocalPools { pools, .. }| pools);
        bases.extend(pools.iter().map(|pool| pool.base));
    }
    bases.sort();
    bases.dedup();
    bases
}
