//! What goes over a route now, as far as this host shows it.

use std::net::{IpAddr, SocketAddr};

use crate::checks::Options;
use crate::host::{Missing, NeighbourState, Route, Snapshot, SocketState};
use crate::path::fib::{Fib, Query};
use crate::text::{Text, text};

/// An address that is looked for by this route, and what it is.
///
/// # Errors
/// [`Missing`] when what would show it was not seen.
pub fn in_use(
    host: &Snapshot,
    fib: &Fib,
    declared: &Options,
    route: &Route,
) -> Result<Option<(IpAddr, Text)>, Missing> {
    let over_it = |address: &IpAddr| {
        route.destination.contains(address) && fib.lookup(&Query::to(*address)).route.is_some_and(|it| it == route)
    };
    Ok(known(host, declared, route)?.into_iter().find(|(address, _)| over_it(address)))
}

/// What containers are connected to, by their own sockets and by what the kernel follows of them.
///
/// # Errors
/// [`Missing`] when their network namespaces could not be seen.
fn of_guests(host: &Snapshot, route: &Route) -> Result<Vec<(IpAddr, Text)>, Missing> {
    let guests = host.guest_sockets.get("guest_sockets")?;
    if let Some(gap) = host.guest_sockets.gaps().first() {
        return Err(Missing { fact: "guest_sockets", why: gap.what.clone() });
    }
    let containers = host.engine.api.ok().and_then(|api| api.containers.ok()).map_or(&[][..], Vec::as_slice);
    let mut known = Vec::new();
    for guest in guests {
        let named = guest.container.as_ref().and_then(|id| containers.iter().find(|one| one.id == *id));
        let name = named.map_or(guest.name.as_str(), |container| &container.name);
        let connected = text!("connected to container {name}", "与容器 {name} 保持连接的地址");
        let tried = text!("tried by container {name} just now", "容器 {name} 正在尝试连接的地址");
        for socket in &guest.sockets {
            let said = if socket.state == SocketState::SynSent { &tried } else { &connected };
            known.push((socket.remote.ip().to_canonical(), said.clone()));
        }
    }
    for socket in host.tracked.ok().into_iter().flatten() {
        let said = text!(
            "at one end of a connection that the kernel follows: {from} → {to}",
            "内核正在跟踪的连接 {from} → {to} 的一端",
            from = socket.local,
            to = socket.remote
        );
        let ends = [socket.local.ip(), socket.remote.ip()];
        known.extend(ends.into_iter().filter(|end| route.destination.contains(end)).map(|end| (end, said.clone())));
    }
    Ok(known)
}

fn known(host: &Snapshot, declared: &Options, route: &Route) -> Result<Vec<(IpAddr, Text)>, Missing> {
    let mut known = Vec::new();
    for peer in &declared.peers {
        known.push((peer.host, text!("the peer of --peer", "--peer 声明的对端")));
        if route.destination.contains(&peer.subnet) {
            known.push((peer.subnet.addr(), text!("a peer's containers (--peer)", "--peer 声明的对端容器")));
        }
    }
    let resolvers = host.resolvers.get("resolvers")?;
    for file in [&resolvers.host, &resolvers.systemd_resolved].into_iter().flatten() {
        let path = &file.path;
        let said = text!("a resolver of {path}", "{path} 中的 DNS 服务器");
        known.extend(file.nameservers.iter().map(|(address, _)| (*address, said.clone())));
    }
    let gateways = host.routes.get("routes")?.iter().flat_map(|route| &route.next_hops).filter_map(|hop| hop.via);
    let said = text!("a gateway of this host's routes", "本机路由的网关");
    known.extend(gateways.filter(|via| route.destination.contains(via)).map(|via| (via, said.clone())));
    for socket in host.sockets.get("sockets")?.iter().filter(|socket| socket.state != SocketState::Listen) {
        let said = match socket.state {
            SocketState::SynSent => text!("tried by a program of this host just now", "本机程序正在尝试连接的地址"),
            _ => text!("connected to a program of this host", "与本机程序保持连接的地址"),
        };
        known.push((socket.remote.ip().to_canonical(), said));
    }
    known.extend(of_guests(host, route)?);
    let links: Vec<u32> = route.next_hops.iter().filter(|hop| hop.via.is_none()).filter_map(|hop| hop.link).collect();
    for neighbour in host.neighbours.get("neighbours")?.iter().filter(|neighbour| links.contains(&neighbour.link)) {
        if neighbour.state == NeighbourState::Resolved {
            known.push((neighbour.address, text!("a neighbour that answered", "有应答的邻居")));
        }
    }
    if let Some(swarm) = host.engine.api.ok().and_then(|api| api.info.ok()).map(|info| &info.swarm) {
        let managers = swarm.managers.iter().filter_map(|manager| manager.parse::<SocketAddr>().ok());
        let nodes = swarm.node_address.into_iter().chain(managers.map(|manager| manager.ip()));
        known.extend(nodes.map(|address| (address, text!("a node of the swarm", "swarm 节点"))));
    }
    Ok(known)
}
