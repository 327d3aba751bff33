//! Whether a subnet looks like the engine's choice or like the admin's.

use ipnet::IpNet;

use crate::engine::pools::built_in;
use crate::engine::{Bridge, Version, next_version, running_version};
use crate::host::{Engine, Snapshot};

/// Whether the engine would give out this very subnet by itself: a block of its pools, and for docker0 no `bip` or `fixed-cidr`. No
/// API tells more: a subnet given by hand that is such a block counts as the engine's. Of pools that the admin configured, one that
/// lies strictly inside the route it would hide is a part that he set aside: his choice.
pub fn by_engine(host: &Snapshot, bridge: &Bridge, subnet: IpNet, hidden: IpNet) -> bool {
    if bridge.is_default() && ["bip", "fixed-cidr"].iter().any(|key| is_set(&host.engine, key)) {
        return false;
    }
    let block_of = |base: IpNet, size: u8| base.contains(&subnet) && subnet.prefix_len() == size;
    let configured = configured_pools(host);
    if configured.is_empty() {
        // The same in every engine since 1.9.
        let version = running_version(host).or_else(|| next_version(host).ok()).unwrap_or(Version::new(28, 0, 0));
        return built_in(version).iter().any(|pool| block_of(pool.base, pool.size));
    }
    let set_aside = |base: IpNet| hidden.contains(&base) && hidden != base;
    configured.iter().any(|(base, size)| block_of(base.trunc(), *size) && !set_aside(base.trunc()))
}

fn configured_pools(host: &Snapshot) -> Vec<(IpNet, u8)> {
    if let Some(info) = host.engine.api.ok().and_then(|api| api.info.ok()) {
        return info.default_address_pools.clone();
    }
    let Some(file) = host.engine.daemon_json.ok() else { return Vec::new() };
    let pool = |n: usize| {
        let (base, _) = file.string(&format!("/default-address-pools/{n}/base"))?;
        let size = file.key(&format!("/default-address-pools/{n}/size"))?;
        let crate::host::ConfigValue::Number(size) = &size.value else { return None };
        Some((base.parse().ok()?, size.parse().ok()?))
    };
    (0..).map_while(pool).collect()
}

fn is_set(engine: &Engine, key: &str) -> bool {
    let in_file = engine.daemon_json.ok().is_some_and(|file| file.key(&format!("/{key}")).is_some());
    let processes = engine.processes.ok().into_iter().flatten().flat_map(|process| &process.flags);
    let next = engine.next_command_line.ok().into_iter().flat_map(|line| &line.flags);
    in_file || processes.chain(next).any(|flag| flag.name == key)
}
