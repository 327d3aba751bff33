//! Networks of the engine, of the swarm and of other runtimes, and the addresses of this host.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::routes::Names;
use super::{Gathering, Kind, is_taken_space};
use crate::engine::swarm::{SwarmPart, swarm_ranges};
use crate::engine::{Liveness, bridges, liveness};
use crate::host::Network;

/// Docker networks of every scope and driver: as the API tells them, else as the engine keeps them on disk; and bridges of Docker's that
/// no such network has.
pub fn docker(gathering: &mut Gathering) {
    let engine = &gathering.host.engine;
    let told = engine.api.ok().and_then(|api| api.networks.ok());
    let stored = engine.stored_networks.ok();
    for network in told.into_iter().chain(stored).flatten() {
        for ipam in &network.ipam {
            gathering.push(ipam.subnet, owner(network), Kind::Network);
        }
    }
    match bridges(gathering.host) {
        Ok(found) => {
            for bridge in found {
                let owner = match bridge.network {
                    Some(network) => owner(network),
                    None => format!("{} (bridge)", bridge.link_name),
                };
                for prefix in bridge.connected {
                    gathering.push(prefix, owner.clone(), Kind::Network);
                }
            }
        }
        Err(missing) => gathering.missing.push(missing),
    }
    if told.is_none() && stored.is_none() && liveness(gathering.host) != Liveness::Absent {
        let missing = engine.api.get("engine.api").and_then(|api| api.networks.get("engine.api.networks")).err();
        gathering.missing.extend(missing);
    }
}

fn owner(network: &Network) -> String {
    format!("network {} ({})", network.name, network.driver)
}

/// What the swarm of this node deals out to its overlay networks, ingress among them. Where the pool is not told the engine's default counts.
pub fn swarm(gathering: &mut Gathering) {
    match swarm_ranges(gathering.host) {
        Ok(ranges) => {
            for range in ranges.iter().filter(|range| range.part == SwarmPart::Pool) {
                let assumed = if range.assumed { " (default, not told)" } else { "" };
                gathering.push(range.prefix, format!("swarm --default-addr-pool{assumed}"), Kind::Pool);
            }
        }
        Err(_) if liveness(gathering.host) == Liveness::Absent => {}
        Err(missing) => gathering.missing.push(missing),
    }
}

/// Networks of Podman, CNI, libvirt, LXD and the like, running or not: they come back with their addresses.
pub fn runtimes(gathering: &mut Gathering) {
    let Some(runtimes) = gathering.seen("runtimes", &gathering.host.runtimes) else { return };
    for network in runtimes {
        for subnet in &network.subnets {
            gathering.push(*subnet, format!("{} network {}", network.runtime, network.name), Kind::Runtime);
        }
    }
}

/// What links belong to a Docker network, and which prefixes have an owner that is more than a route.
pub struct Owned {
    docker_links: BTreeSet<u32>,
    prefixes: BTreeSet<IpNet>,
    runtimes: BTreeSet<IpNet>,
    /// Of each link the prefixes that its addresses make on-link.
    on_link: BTreeMap<u32, BTreeSet<IpNet>>,
}

impl Owned {
    pub fn new(gathering: &Gathering) -> Self {
        let host = gathering.host;
        let docker_links = bridges(host).unwrap_or_default().iter().filter_map(|bridge| bridge.index()).collect();
        let mut on_link: BTreeMap<u32, BTreeSet<IpNet>> = BTreeMap::new();
        for address in host.addresses.ok().into_iter().flatten() {
            on_link.entry(address.link).or_default().insert(address.peer.unwrap_or(address.address).trunc());
        }
        let prefixes = gathering.found.iter().map(|taken| taken.prefix).collect();
        let of_runtimes = gathering.found.iter().filter(|taken| taken.kind == Kind::Runtime);
        let runtimes = of_runtimes.map(|taken| taken.prefix).collect();
        Owned { docker_links, prefixes, runtimes, on_link }
    }

    pub fn is_docker_link(&self, link: u32) -> bool {
        self.docker_links.contains(&link)
    }

    /// A network of Docker or of another runtime has exactly this prefix.
    pub fn is_network(&self, prefix: IpNet) -> bool {
        self.prefixes.contains(&prefix)
    }

    /// An address of the link makes this prefix its own.
    pub fn is_connected(&self, link: u32, prefix: IpNet) -> bool {
        self.on_link.get(&link).is_some_and(|prefixes| prefixes.contains(&prefix))
    }
}

/// The prefixes in which this host has an address, of links that are down too: nothing routes there then, and they come back.
pub fn addresses(gathering: &mut Gathering, owned: &Owned) {
    let host = gathering.host;
    let Some(addresses) = gathering.seen("addresses", &host.addresses) else { return };
    let names = Names::new(host);
    for address in addresses {
        let own = address.address;
        let is_runtimes = address.peer.is_none() && owned.runtimes.contains(&own.trunc());
        if !is_taken_space(own.addr()) || owned.is_docker_link(address.link) || is_runtimes {
            continue;
        }
        let link = names.of(address.link);
        match address.peer {
            Some(peer) => {
                let owner = format!("{} peer {peer} dev {link}", own.addr());
                gathering.push(IpNet::from(own.addr()), owner.clone(), Kind::Address);
                if is_taken_space(peer.addr()) && peer.prefix_len() > 0 {
                    gathering.push(peer, owner, Kind::Address);
                }
            }
            None if own.prefix_len() == 0 => {
                gathering.push(IpNet::from(own.addr()), format!("{own} dev {link}"), Kind::Address)
            }
            None => gathering.push(own, format!("{own} dev {link}"), Kind::Address),
        }
    }
}
