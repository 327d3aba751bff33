//! Whether a subnet looks like the engine's choice or like the admin's.

use ipnet::IpNet;

use crate::engine::pools::{LocalPools, built_in, running_pools};
use crate::engine::{Bridge, Version, next_version, running_version};
use crate::host::{Engine, Snapshot};

/// Whether the engine would give out this very subnet by itself: a block of its pools, and for docker0 no `bip` or `fixed-cidr`. No
/// API tells more: a subnet given by hand that is such a block counts as the engine's. Of pools that the admin configured, one that
/// lies strictly inside the route it would hide is a part that he set aside: his choice.
pub fn by_engine(host: &Snapshot, bridge: &Bridge, subnet: IpNet, hidden: IpNet) -> bool {
    if bridge.is_default() && ["bip", "fixed-cidr"].iter().any(|key| is_set(&host.engine, key)) {
        return false;
    }
    // The built-in pools are the same in every engine since 1.9.
    let version = running_version(host).or_else(|| next_version(host).ok()).unwrap_or(Version::new(28, 0, 0));
    let built_in = || LocalPools { pools: built_in(version), ..LocalPools::default() };
    let local = running_pools(host, version).unwrap_or_else(|_| built_in());
    let set_aside = |base: IpNet| local.configured && hidden.contains(&base) && hidden != base;
    local
        .pools
        .iter()
        .chain(&local.v6)
        .any(|pool| pool.base.contains(&subnet) && subnet.prefix_len() == pool.size && !set_aside(pool.base.trunc()))
}

/// Whether daemon.json or a command line says anything of a setting.
pub fn is_set(engine: &Engine, key: &str) -> bool {
    let in_file = engine.daemon_json.ok().is_some_and(|file| file.key(&format!("/{key}")).is_some());
    let processes = engine.processes.ok().into_iter().flatten().flat_map(|process| &process.flags);
    let next = engine.next_command_line.ok().into_iter().flat_map(|line| &line.flags);
    in_file || processes.chain(next).any(|flag| flag.name == key)
}
