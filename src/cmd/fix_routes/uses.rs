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
