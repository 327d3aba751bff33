//! The address space of a running engine.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::history::{self, Standing};
use super::world::{as_stored, told_networks, unforeseen};
use crate::engine::allocator::{Method, Space, method};
use crate::engine::pools::running_pools;
use crate::engine::reserved::{Reserved, reserved};
use crate::engine::{Version, bridges, is_local, next_version, running_version};
use crate::host::{Missing, Network, Snapshot};
use crate::text::{Text, text};

/// The space, and where its round robin may stand.
pub(super) struct Running {
    pub space: Space,
    pub standing: Standing,
    pub doubts: Vec<Text>,
}

/// # Errors
/// [`Missing`] when routes or resolvers are not known, or nothing tells the version.
pub(super) fn running(host: &Snapshot) -> Result<Running, Missing> {
    let mut doubts = Vec::new();
    let version = match running_version(host) {
        Some(version) => version,
        None => {
            let version = next_version(host)?;
            if crate::engine::settings::upgraded(host) {
                doubts.push(text!(
                    "the running engine is not the version on disk, and which it is is not known",
                    "正在运行的引擎与磁盘上的版本不同，且无法得知其版本"
                ));
            }
            version
        }
    };
    let Some(networks) = told_networks(host) else {
        doubts.push(text!(
            "the running engine did not tell its networks; those without a bridge here are not counted",
            "正在运行的引擎没有告知其网络；在本机没有网桥的网络未计入"
        ));
        let seen = bridges(host)?;
        let taken = seen.iter().flat_map(|bridge| bridge.connected.iter().copied()).collect();
        return Ok(Running { space: space(host, version, taken, &mut doubts)?, standing: Standing::Anywhere, doubts });
    };
    let local: Vec<&Network> = networks.iter().filter(|network| is_local(network)).collect();
    if local.iter().any(|network| network.scope == "swarm") {
        doubts.push(super::world::swarm_of_local_driver());
    }
    let taken = local.iter().flat_map(|network| as_stored(network).subnets).map(IpNet::V4).collect();
    let unbridged = local.iter().filter(|network| network.driver != "bridge");
    let unbridged = unbridged.flat_map(|network| as_stored(network).subnets).map(IpNet::V4).collect();
    let space = Space { unbridged, ..space(host, version, taken, &mut doubts)? };
    let standing = match space.method {
        Method::RoundRobin => history::standing(host, version, &without_own_routes(host, version, &space)?, &local),
        _ => Standing::OneOf(BTreeSet::from([0])),
    };
    Ok(Running { space, standing, doubts })
}

fn space(host: &Snapshot, version: Version, taken: Vec<IpNet>, doubts: &mut Vec<Text>) -> Result<Space, Missing> {
    let pools = running_pools(host, version)?;
    doubts.extend(unforeseen(&pools));
    Ok(Space {
        method: method(version),
        pools: pools.pools,
        taken,
        unbridged: Vec::new(),
        reserved: reserved(host, version)?.into_iter().map(|reserved| reserved.prefix).collect(),
        start: 0,
    })
}

/// The space without what the routes of the engine's own bridges reserve: they came with networks that an earlier create did not meet.
fn without_own_routes(host: &Snapshot, version: Version, space: &Space) -> Result<Space, Missing> {
    let own: Vec<u32> = bridges(host)?.iter().filter_map(crate::engine::Bridge::index).collect();
    let foreign = |reserved: &Reserved| !own.iter().any(|link| reserved.is_over(host, *link));
    let reserved = reserved(host, version)?.into_iter().filter(foreign);
    Ok(Space { reserved: reserved.map(|reserved| reserved.prefix).collect(), ..space.clone() })
}
