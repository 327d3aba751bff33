//! Container subnets that should be reachable from here: those of `--peer`, and with `--mesh` those of the other hosts.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Scene;
use super::here::Here;
use crate::engine::{Bridge, bridges};
use crate::host::{Family, GWBRIDGE, Missing, Snapshot};
use crate::path::fib::{Fib, Lookup, Query};
use crate::text::text;

use super::Applies;

/// A subnet whose containers this host should reach.
pub struct PeerSubnet<'a> {
    /// The peer's address, or the name that its snapshot gives it.
    pub peer: String,
    pub subnet: IpNet,
    /// The option that declares it.
    pub declared_by: &'static str,
    /// Addresses of the peer itself.
    pub hosts: Vec<IpAddr>,
    /// The peer's snapshot, and the bridge there, by link name.
    pub seen: Option<(&'a Snapshot, String)>,
}

/// How this host reaches a peer itself.
pub struct Nearest {
    /// The peer's address.
    pub address: IpAddr,
    /// The link that leads there.
    pub link: u32,
    /// The next hop on that link: the peer, or the gateway before it.
    pub via: IpAddr,
}

/// Judged where the user declares peers.
pub fn declared(scene: &Scene) -> Applies {
    match scene.options.peers.is_empty() && !scene.options.mesh {
        true => Applies::No(text!(
            "no peers are declared (--peer HOST=CIDR, --mesh)",
            "未声明对端（--peer HOST=CIDR、--mesh）"
        )),
        false => super::here::has_bridges(scene),
    }
}

/// The subnets of all peers; what is not known of another host's bridges comes beside them.
pub fn subnets<'a>(scene: &Scene<'a>) -> (Vec<PeerSubnet<'a>>, Vec<Missing>) {
    let named = |peer: &super::Peer| PeerSubnet {
        peer: peer.host.to_string(),
        subnet: peer.subnet.trunc(),
        declared_by: "--peer",
        hosts: vec![peer.host],
        seen: None,
    };
    let mut subnets: Vec<PeerSubnet> = scene.options.peers.iter().map(named).collect();
    let mut missing = Vec::new();
    for other in scene.others.iter().filter(|_| scene.options.mesh) {
        let found = match bridges(other) {
            Ok(found) => found,
            Err(lacks) => {
                missing.push(lacks);
                continue;
            }
        };
        let hosts = own_addresses(other, &found);
        for bridge in found.iter().filter(|bridge| is_open(bridge)) {
            subnets.extend(bridge.connected.iter().map(|subnet| PeerSubnet {
                peer: other.name.clone(),
                subnet: *subnet,
                declared_by: "--mesh",
                hosts: hosts.clone(),
                seen: Some((other, bridge.link_name.clone())),
            }));
        }
    }
    (subnets, missing)
}

/// Whether other hosts may ask for containers on a bridge. Nobody outside asks for a container of an internal network, nor for one by its
/// address on docker_gwbridge, where it is on an overlay.
pub fn is_open(bridge: &Bridge) -> bool {
    bridge.link_name != GWBRIDGE && !bridge.network.is_some_and(|network| network.internal)
}

/// The addresses of a host by which others reach it.
fn own_addresses(host: &Snapshot, bridges: &[Bridge]) -> Vec<IpAddr> {
    let (links, addresses) = (host.links.ok(), host.addresses.ok());
    let own = |link: u32| {
        let link = links.into_iter().flatten().find(|one| one.index == link);
        link.is_some_and(|link| !link.loopback && !bridges.iter().any(|bridge| bridge.link_name == link.name))
    };
    let global = addresses.into_iter().flatten().filter(|one| one.scope == "global" && !one.unusable && own(one.link));
    global.map(|one| one.address.addr()).collect()
}

impl PeerSubnet<'_> {
    pub fn family(&self) -> Family {
        Family::of(self.subnet.addr())
    }

    /// An address that a container there has or may have.
    pub fn container(&self) -> IpAddr {
        self.running().unwrap_or_else(|| second(self.subnet))
    }

    fn running(&self) -> Option<IpAddr> {
        let (host, _) = self.seen.as_ref()?;
        let containers = host.engine.api.ok()?.containers.ok()?;
        let running = containers.iter().filter(|one| one.state == "running").flat_map(|one| &one.endpoints);
        running.flat_map(|end| &end.addresses).copied().find(|address| self.subnet.contains(address))
    }

    /// The peer's address of the subnet's family that is nearest to this host: one on a common link, else one that is routed to.
    pub fn nearest(&self, fib: &Fib, here: &Here) -> Option<Nearest> {
        let candidates = self.hosts.iter().filter(|host| Family::of(**host) == self.family());
        let ways = candidates.filter_map(|address| {
            let lookup = fib.lookup(&Query::to(*address));
            let link = lookup.link().filter(|link| lookup.is_unicast() && here.bridge(*link).is_none())?;
            Some(Nearest { address: *address, link, via: lookup.gateway().unwrap_or(*address) })
        });
        ways.min_by_key(|way| way.via != way.address)
    }

    /// Whether this next hop is the peer itself.
    pub fn is_at(&self, lookup: &Lookup) -> bool {
        let to_peer = |via: Option<IpAddr>| via.is_some_and(|via| self.hosts.contains(&via));
        !lookup.hops.is_empty() && lookup.hops.iter().all(|hop| to_peer(hop.via))
    }
}

/// The second address of a prefix: the first one that a container gets, behind the gateway.
pub fn second(prefix: IpNet) -> IpAddr {
    let mut hosts = prefix.hosts();
    let first = hosts.next();
    hosts.next().or(first).unwrap_or(prefix.addr())
}
