//! The addresses that a swarm deals out to its overlay networks.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};

use super::{Version, running_version};
use crate::host::{Missing, Snapshot, SwarmNode};

/// A range of the swarm that this host belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwarmRange {
    pub prefix: IpNet,
    pub part: SwarmPart,
    /// The engine's default: workers are not told what the swarm was made with.
    pub assumed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SwarmPart {
    /// From which overlay networks get their subnets (`--default-addr-pool`).
    Pool,
    /// The network of published ports.
    Ingress,
}

/// What a swarm is made with if nobody says otherwise: 10.0.0.0/8 in blocks of /24 (v20.10.24
/// vendor/github.com/docker/swarmkit/manager/controlapi/cluster.go `inbuiltDefaultAddressPool`; up to 18.06 nothing else is possible).
pub const DEFAULT_POOL: IpNet = IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 8));

/// The ranges of the swarm of this node; empty where it is in none.
///
/// # Errors
/// [`Missing`] when the engine did not say whether it is in a swarm.
pub fn swarm_ranges(host: &Snapshot) -> Result<Vec<SwarmRange>, Missing> {
    let api = host.engine.api.get("engine.api")?;
    let node = &api.info.get("engine.api.info")?.swarm;
    if !is_member(node) {
        return Ok(Vec::new());
    }
    let mut ranges: Vec<SwarmRange> = node
        .default_pools
        .iter()
        .map(|pool| SwarmRange { prefix: *pool, part: SwarmPart::Pool, assumed: false })
        .collect();
    if ranges.is_empty() {
        // Managers tell since 18.09; before, there is only the default.
        let told = running_version(host).is_some_and(|version| !version.at_least(18, 9, 0));
        ranges.push(SwarmRange { prefix: DEFAULT_POOL, part: SwarmPart::Pool, assumed: !told });
    }
    let networks = api.networks.ok().into_iter().flatten();
    let ingress = networks.filter(|network| network.ingress).flat_map(|network| &network.ipam);
    let seen: Vec<SwarmRange> =
        ingress.map(|ipam| SwarmRange { prefix: ipam.subnet, part: SwarmPart::Ingress, assumed: false }).collect();
    ranges.extend(seen);
    Ok(ranges)
}

/// Whether this node is in a swarm: `locked` is a member whose store waits for its key, `pending` one that is about to be let in.
pub fn is_member(node: &SwarmNode) -> bool {
    matches!(node.state.as_str(), "active" | "pending" | "locked")
}

/// The subnet that `docker swarm init` gives to the ingress network: 10.255.0.0/16 up to 19.03.4, since then the first block of the pool (v19.03.4 and
/// v19.03.5 vendor/github.com/docker/swarmkit/manager/manager.go `newIngressNetwork`). A swarm keeps what it was made with. None: a block that
/// is no part of the pool.
pub fn ingress_subnet(version: Version, pool: IpNet, block: u8) -> Option<IpNet> {
    if !version.at_least(19, 3, 5) {
        return IpNet::new(Ipv4Addr::new(10, 255, 0, 0).into(), 16).ok();
    }
    if block < pool.prefix_len() {
        return None;
    }
    IpNet::new(pool.network(), block).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Api, ApiVersion, EngineKind, Fact, Info, IpamConfig, Network};

    fn node(engine: &str, swarm: SwarmNode, networks: Vec<Network>) -> Snapshot {
        let mut host = Snapshot::empty("h");
        host.engine.api = Fact::known(Api {
            endpoint: "unix:///var/run/docker.sock".to_owned(),
            chosen_by: "default".to_owned(),
            version: ApiVersion { kind: EngineKind::Docker, engine: engine.to_owned(), ..ApiVersion::default() },
            info: Fact::known(Info { swarm, ..Info::default() }),
            networks: Fact::known(networks),
            containers: Fact::NotCollected,
            history: Fact::NotCollected,
        });
        host
    }

    fn state(state: &str, pools: &[&str]) -> SwarmNode {
        let default_pools = pools.iter().map(|pool| pool.parse().unwrap()).collect();
        SwarmNode { state: state.to_owned(), default_pools, ..SwarmNode::default() }
    }

    fn shown(host: &Snapshot) -> Vec<(String, bool)> {
        swarm_ranges(host).unwrap().iter().map(|range| (range.prefix.to_string(), range.assumed)).collect()
    }

    #[test]
    fn managers_tell_the_pool_and_workers_do_not() {
        let manager = node("28.5.2", state("active", &["10.20.0.0/16", "10.30.0.0/16"]), Vec::new());
        assert_eq!(shown(&manager), [("10.20.0.0/16".to_owned(), false), ("10.30.0.0/16".to_owned(), false)]);
        let worker = node("28.5.2", state("active", &[]), Vec::new());
        assert_eq!(shown(&worker), [("10.0.0.0/8".to_owned(), true)]);
        let old = node("17.06.0-ce", state("active", &[]), Vec::new());
        assert_eq!(shown(&old), [("10.0.0.0/8".to_owned(), false)]);
        assert!(shown(&node("28.5.2", state("inactive", &[]), Vec::new())).is_empty());
    }

    #[test]
    fn the_ingress_network_as_the_node_has_it() {
        let ipam = IpamConfig { subnet: "10.255.0.0/16".parse().unwrap(), gateway: None, ip_range: None };
        let ingress = Network { name: "ingress".to_owned(), ingress: true, ipam: vec![ipam], ..Network::default() };
        let worker = node("20.10.24", state("active", &[]), vec![ingress]);
        assert_eq!(shown(&worker)[1], ("10.255.0.0/16".to_owned(), false));
    }

    #[test]
    fn ingress_by_version() {
        let ingress = |version, pool: &str, block| {
            ingress_subnet(Version::parse(version).unwrap(), pool.parse().unwrap(), block).map(|net| net.to_string())
        };
        assert_eq!(ingress("19.03.4", "10.0.0.0/8", 24).as_deref(), Some("10.255.0.0/16"));
        assert_eq!(ingress("19.03.5", "10.0.0.0/8", 24).as_deref(), Some("10.0.0.0/24"));
        assert_eq!(ingress("28.5.2", "172.30.0.0/16", 26).as_deref(), Some("172.30.0.0/26"));
        assert_eq!(ingress("28.5.2", "172.30.0.0/16", 8), None);
    }
}
