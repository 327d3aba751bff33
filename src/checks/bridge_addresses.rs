//! The addresses that a Docker bridge should carry, and does not.

use std::net::IpAddr;

use ipnet::IpNet;

use super::here::Here;
use crate::action::{Action, Presence};
use crate::engine::{self, Bridge};
use crate::host::{NeighbourState, Network, Snapshot};
use crate::subnet::overlaps;

/// Those of a family of which the link has none; nothing where addresses were not all seen.
pub fn missing(host: &Snapshot, bridge: &Bridge, network: &Network) -> Vec<IpNet> {
    let Some(addresses) = host.addresses.ok().filter(|_| host.addresses.gaps().is_empty()) else { return Vec::new() };
    let on_it = || addresses.iter().filter(|own| Some(own.link) == bridge.index()).map(|own| own.address.addr());
    let is_lacking = |wanted: &IpNet| {
        let same_family = |subnet: &IpNet| subnet.addr().is_ipv4() == wanted.addr().is_ipv4();
        // A subnet of link-local addresses is not among the global ones.
        !bridge.connected.iter().any(same_family) && !on_it().any(|own| wanted.contains(&own))
    };
    let possible = |wanted: &IpNet| wanted.addr().is_ipv4() || !is_without_ipv6(host, &bridge.link_name);
    engine::bridge_addresses(network).into_iter().filter(|wanted| possible(wanted) && is_lacking(wanted)).collect()
}

/// Then the kernel takes no such address on that link.
fn is_without_ipv6(host: &Snapshot, link: &str) -> bool {
    let switch = format!("net.ipv6.conf.{}.disable_ipv6", link.replace('.', "/"));
    host.sysctls.ok().and_then(|sysctls| sysctls.get(&switch)).is_some_and(|value| value == "1")
}

pub fn put_back(link: &str, address: IpNet) -> Action {
    Action::Address { link: link.to_owned(), address, from: Presence::Absent, to: Presence::Present }
}

/// Whether the network's subnets are not the bridge's alone: a card is in it, or another link has an address there, whose neighbours would be reached no more.
pub fn is_shared(here: &Here, bridge: &Bridge, network: &Network) -> bool {
    let others = here.addresses.iter().filter(|own| Some(own.link) != bridge.index());
    let mut inside = others.filter(|own| network.ipam.iter().any(|ipam| overlaps(ipam.subnet, own.address.trunc())));
    here.is_lan(bridge) || inside.any(|own| here.link(own.link).is_some_and(|link| link.up))
}

/// Whether somebody else on the bridge has that address.
pub fn answers(host: &Snapshot, bridge: &Bridge, address: IpAddr) -> bool {
    let neighbours = host.neighbours.ok().map_or(&[][..], Vec::as_slice);
    let is_it = |link: u32, known: IpAddr| Some(link) == bridge.index() && known == address;
    neighbours.iter().any(|one| is_it(one.link, one.address) && one.state == NeighbourState::Resolved)
}
