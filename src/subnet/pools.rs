//! Pools that an engine takes subnets from on its own.

use ipnet::IpNet;

use super::{Index, Pick, Wish, overlaps};
use crate::engine::allocator::{Space, method};
use crate::engine::pools::{LocalPools, Pool, built_in, local_pools, running_pools};
use crate::engine::reserved::reserved;
use crate::engine::settings::setting;
use crate::engine::swarm::ingress_subnet;
use crate::engine::{Version, next_version, running_version};
use crate::host::{Family, Missing, Network, Snapshot};

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

/// A base for `default-address-pools`, or for a swarm.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolPick {
    /// Its `subnet` is the base.
    pub base: Pick,
    /// Prefix length of the blocks.
    pub size: u8,
    /// How many networks without `--subnet` it holds, docker0 or ingress not counted where they take a block of it.
    pub capacity: usize,
    /// Where these stand, the engine could not be asked what it would make of the pool.
    pub doubts: Vec<Missing>,
}

/// More blocks than these are not handed out one by one for the proof; the rest are counted.
const PROVED: usize = 1024;

/// Bases for `default-address-pools` of all these hosts, `wish.count` of them, of `wish.prefix_len`, cut into blocks of `size`. What each engine, by
/// its version and with its ways of going round what is taken, would hand out of them lies in them and overlaps nothing.
pub fn pick_pools(hosts: &[&Snapshot], wish: &Wish, size: u8, index: &Index) -> Vec<PoolPick> {
    if size < wish.prefix_len {
        return Vec::new();
    }
    let engines: Vec<Result<Engine, Missing>> = hosts.iter().map(|host| Engine::of(host)).collect();
    let doubts: Vec<Missing> = engines.iter().filter_map(|engine| engine.as_ref().err().cloned()).collect();
    let engines: Vec<Engine> = engines.into_iter().flatten().collect();
    // A base that some engine would not use whole is no proposal: then the next one is looked at.
    let more = Wish { count: wish.count.saturating_add(16), ..wish.clone() };
    let mut picked: Vec<PoolPick> = Vec::new();
    for base in index.pick(&more) {
        if picked.len() == wish.count {
            break;
        }
        let pool = |subnet| Pool { base: subnet, size };
        let together: Vec<Pool> =
            picked.iter().map(|picked| pool(picked.base.subnet)).chain([pool(base.subnet)]).collect();
        let proved = |engine: &Engine| wish.family == Family::V6 || engine.uses_whole(&together);
        if engines.iter().all(proved) {
            let first = picked.is_empty();
            let taken = usize::from(first && wish.family == Family::V4 && engines.iter().any(|engine| engine.elects));
            let capacity = blocks(base.subnet, size).saturating_sub(taken);
            picked.push(PoolPick { base, size, capacity, doubts: doubts.clone() });
        }
    }
    picked
}

/// Bases for `docker swarm init --default-addr-pool`. The swarm looks at no host for what it deals out (v28.5.2
/// libnetwork/network.go `ipamAllocateVersion` excludes nothing in the global scope), so arithmetic is all there is. Ingress takes a block of the
/// first base.
pub fn pick_swarm_pools(version: Option<Version>, wish: &Wish, size: u8, index: &Index) -> Vec<PoolPick> {
    if size < wish.prefix_len {
        return Vec::new();
    }
    let pools = index.pick(wish).into_iter().enumerate().map(|(place, base)| {
        let subnet = base.subnet;
        let ingress = version.map_or_else(|| Some(subnet), |version| ingress_subnet(version, subnet, size));
        let taken = usize::from(place == 0 && ingress.is_some_and(|ingress| overlaps(ingress, subnet)));
        PoolPick { base, size, capacity: blocks(subnet, size).saturating_sub(taken), doubts: Vec::new() }
    });
    pools.collect()
}

/// How many blocks of a size a base has.
fn blocks(base: IpNet, size: u8) -> usize {
    1_usize.checked_shl(u32::from(size.saturating_sub(base.prefix_len()))).unwrap_or(usize::MAX)
}

/// What the next start of one host's engine goes round.
struct Engine {
    version: Version,
    taken: Vec<IpNet>,
    reserved: Vec<IpNet>,
    /// docker0 gets its subnet from the pools.
    elects: bool,
}

impl Engine {
    fn of(host: &Snapshot) -> Result<Self, Missing> {
        let version = next_version(host)?;
        let reserved = reserved(host, version)?.into_iter().map(|reserved| reserved.prefix).collect();
        let networks: Option<&[Network]> = match host.engine.api.ok().and_then(|api| api.networks.ok()) {
            Some(networks) => Some(networks),
            None => host.engine.stored_networks.ok().map(Vec::as_slice),
        };
        let own = networks.unwrap_or_default().iter().filter(|network| network.driver != "overlay");
        let taken = own.flat_map(|network| &network.ipam).map(|ipam| ipam.subnet).collect();
        Ok(Engine { version, taken, reserved, elects: elects(host, version) })
    }

    /// Whether the engine, had it these pools and no others, would hand out every block of them and nothing else: what it goes round may cost it
    /// blocks or (since 27) lead it astray.
    fn uses_whole(&self, pools: &[Pool]) -> bool {
        let mut space = Space {
            method: method(self.version),
            pools: pools.to_vec(),
            taken: self.taken.clone(),
            unbridged: Vec::new(),
            reserved: self.reserved.clone(),
            start: 0,
        };
        let wanted = pools.iter().map(|pool| blocks(pool.base, pool.size)).fold(0, usize::saturating_add).min(PROVED);
        let given = space.allocate_many(wanted);
        given.len() == wanted && given.iter().all(|subnet| pools.iter().any(|pool| pool.base.contains(subnet)))
    }
}

/// Whether docker0 takes a block of pools that are set: neither its address, nor another bridge, nor (since 23) a range is given for it. With pools
/// set docker0 is made anew at every start (`removeDefaultBridgeInterface` in daemon/daemon_unix.go, v18.06.0-ce to v28.5.2).
fn elects(host: &Snapshot, version: Version) -> bool {
    let given = |name| matches!(setting(host, name), Ok(Some(_)));
    !(given("bip") || given("bridge") || (version.at_least(23, 0, 0) && given("fixed-cidr")))
}

#[cfg(test)]
mod tests;
