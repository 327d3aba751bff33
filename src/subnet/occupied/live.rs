//! Behind which routes somebody was seen.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::networks::Owned;
use super::{Gathering, Kind, Occupied, is_taken_space, nameservers};
use crate::host::{NeighbourState, Snapshot, SocketState};
use crate::subnet::Ranges;

/// An address that shows life, and in what words it is taken itself where nothing narrower than the default route covers it.
struct Sign {
    address: IpAddr,
    owner: Option<String>,
}

/// Marks the routes that have a live address inside, and takes live private addresses that no other owner covers: behind the default route of a
/// cloud's host lies its whole VPC.
pub fn mark(gathering: &mut Gathering, owned: &Owned) {
    let mut signs = signs(gathering, owned);
    let networks = gathering.found.iter().filter(|taken| taken.kind == Kind::Network);
    let containers = Ranges::new(networks.map(|taken| taken.prefix));
    // The engine's own networks hide what may lie behind a route and are no sign of life there.
    signs.retain(|sign| is_taken_space(sign.address) && !containers.overlaps(IpNet::from(sign.address)));
    signs.sort_by_key(|sign| sign.address);
    for taken in gathering.found.iter_mut().filter(|taken| taken.kind == Kind::Route) {
        let (first, last) = (taken.prefix.network(), taken.prefix.broadcast());
        let from = signs.partition_point(|sign| sign.address < first);
        taken.live = signs.get(from).is_some_and(|sign| sign.address <= last);
    }
    let covered = Ranges::new(gathering.found.iter().map(|taken| taken.prefix));
    signs.retain(|sign| is_private(sign.address) && !covered.overlaps(IpNet::from(sign.address)));
    for Sign { address, owner } in signs {
        if let Some(owner) = owner {
            gathering.push(IpNet::from(address), owner, Kind::Address);
        }
    }
}

/// RFC 1918, RFC 6598 and RFC 4193: where proposals come from, and so do others.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let shared = u32::from(address) & 0xffc0_0000 == 0x6440_0000;
            address.is_private() || shared
        }
        IpAddr::V6(address) => address.is_unique_local(),
    }
}

/// What is taken, with each address that shows life held by itself, so that a route may be hidden beside them.
pub fn beside_signs(hosts: &[&Snapshot], occupied: &[Occupied]) -> Vec<Occupied> {
    let mut taken = occupied.to_vec();
    for route in taken.iter_mut().filter(|taken| taken.kind == Kind::Route) {
        route.live = false;
    }
    for host in hosts {
        let mut gathering = Gathering { host, found: Vec::new(), missing: Vec::new() };
        nameservers(&mut gathering);
        let owned = Owned::new(&gathering);
        for Sign { address, owner } in signs(&mut gathering, &owned) {
            gathering.push(IpNet::from(address), owner.unwrap_or_else(|| address.to_string()), Kind::Address);
        }
        taken.extend(gathering.found);
    }
    taken.sort_by(|a, b| (a.prefix, a.kind, &a.owner).cmp(&(b.prefix, b.kind, &b.owner)));
    taken
}

fn signs(gathering: &mut Gathering, owned: &Owned) -> Vec<Sign> {
    let host = gathering.host;
    let mut signs: Vec<Sign> = gathering
        .found
        .iter()
        .filter(|taken| matches!(taken.kind, Kind::Nameserver))
        .map(|taken| Sign { address: taken.prefix.addr(), owner: None })
        .collect();
    for address in host.addresses.ok().into_iter().flatten().filter(|address| !owned.is_docker_link(address.link)) {
        signs.push(Sign { address: address.address.addr(), owner: None });
    }
    let single = host.routes.ok().into_iter().flatten().flat_map(|route| &route.next_hops);
    let single = single.filter_map(|hop| Some((hop.via?, hop.link)));
    let groups = host.route_ranges.ok().into_iter().flat_map(|ranges| &ranges.groups);
    let grouped = groups.filter_map(|group| Some((group.owner.via?, group.owner.link)));
    let not_dockers = |link: Option<u32>| !link.is_some_and(|link| owned.is_docker_link(link));
    let gateways: BTreeSet<IpAddr> =
        single.chain(grouped).filter(|(_, link)| not_dockers(*link)).map(|(via, _)| via).collect();
    signs.extend(gateways.into_iter().map(|via| Sign { address: via, owner: Some(format!("gateway {via}")) }));
    // Without them a proposal is not wrong, only less well informed.
    for neighbour in gathering.seen("neighbours", &host.neighbours).into_iter().flatten() {
        if neighbour.state == NeighbourState::Resolved && !owned.is_docker_link(neighbour.link) {
            signs.push(Sign { address: neighbour.address, owner: None });
        }
    }
    for socket in gathering.seen("sockets", &host.sockets).into_iter().flatten() {
        if socket.state != SocketState::Listen {
            let address = socket.remote.ip().to_canonical();
            let state = if socket.state == SocketState::SynSent { "SYN-SENT" } else { "ESTAB" };
            let remote = SocketAddr::new(address, socket.remote.port());
            signs.push(Sign { address, owner: Some(format!("{remote} ({state})")) });
        }
    }
    // Nor without these.
    let guests = host.guest_sockets.ok().into_iter().flatten().flat_map(|guest| &guest.sockets);
    for socket in guests.chain(host.tracked.ok().into_iter().flatten()) {
        for end in [socket.local.ip(), socket.remote.ip()] {
            signs.push(Sign { address: end, owner: Some(format!("{} → {}", socket.local, socket.remote)) });
        }
    }
    for named in host.named_hosts.ok().into_iter().flatten() {
        signs.push(Sign { address: named.address, owner: Some(format!("/etc/hosts:{}", named.line)) });
    }
    if let Some(info) = host.engine.api.ok().and_then(|api| api.info.ok()) {
        let managers = info.swarm.managers.iter().filter_map(|manager| manager.parse::<SocketAddr>().ok());
        for address in info.swarm.node_address.into_iter().chain(managers.map(|manager| manager.ip())) {
            signs.push(Sign { address, owner: Some(format!("swarm node {address}")) });
        }
    }
    signs
}
