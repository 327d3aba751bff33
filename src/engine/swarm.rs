//! A node's part in its swarm: the addresses that the swarm deals out to overlay networks, the port of their traffic, and the other
//! nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net};

use super::{Version, running_version};
use crate::host::{Missing, Snapshot, SocketState, SwarmNode, Transport};
use crate::text::text;

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
        // Managers tell since 18.09, and from 23.0 nothing where it is the default; before 18.09 there is only the default.
        let told = node.manager || running_version(host).is_some_and(|version| !version.at_least(18, 9, 0));
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

/// What the engine tells of its part in a swarm.
///
/// # Errors
/// [`Missing`] when it did not.
pub fn node(host: &Snapshot) -> Result<&SwarmNode, Missing> {
    let api = host.engine.api.get("engine.api")?;
    Ok(&api.info.get("engine.api.info")?.swarm)
}

/// The UDP port of overlay traffic where `docker swarm init` was not told another (v28.5.2 libnetwork/drivers/overlay/overlayutils/utils.go
/// `defaultVXLANUDPPort`).
pub const DEFAULT_DATA_PATH_PORT: u16 = 4789;

/// The UDP port of this swarm's overlay traffic. Managers tell it since 19.03 (`--data-path-port`), and a worker's engine logs it. Where that was not
/// seen, a worker shows it by the kernel's own socket, which stands in the host's network namespace as soon as one overlay network, ingress mostly, is up
/// here.
///
/// # Errors
/// [`Missing`] on a worker whose log and socket cannot be seen, or whose socket is at another port than the default: no socket tells whose it is.
pub fn data_path_port(host: &Snapshot) -> Result<u16, Missing> {
    if let Some(port) = node(host)?.data_path_port {
        return Ok(port);
    }
    if running_version(host).is_some_and(|version| !version.at_least(19, 3, 0)) {
        return Ok(DEFAULT_DATA_PATH_PORT);
    }
    let bound = host.sockets.get("sockets")?.iter().any(|socket| {
        socket.transport == Transport::Udp
            && socket.state == SocketState::Listen
            && socket.local == SocketAddr::from((Ipv4Addr::UNSPECIFIED, DEFAULT_DATA_PATH_PORT))
    });
    if bound {
        return Ok(DEFAULT_DATA_PATH_PORT);
    }
    Err(Missing {
        fact: "engine.api.info.swarm.data_path_port",
        why: text!(
            "only managers tell the port of overlay traffic, the engine's log here does not name it, and nothing is bound to the default one, UDP \
             {DEFAULT_DATA_PATH_PORT}",
            "overlay 流量的端口只有管理节点会给出，本机引擎的日志没有提及，默认的 UDP {DEFAULT_DATA_PATH_PORT} 也没有绑定"
        ),
    })
}

/// Whether these are nodes of one swarm, as far as their engines tell: such are told the same managers. Who is told none may be.
pub fn is_one_swarm(one: &Snapshot, other: &Snapshot) -> bool {
    let (Ok(one), Ok(other)) = (node(one), node(other)) else { return false };
    let untold = one.managers.is_empty() || other.managers.is_empty();
    is_member(one)
        && is_member(other)
        && (untold || one.managers.iter().any(|manager| other.managers.contains(manager)))
}

/// The TCP port at which this node takes what is for a manager: docker-state.json says so, or the address by which the others know it (`--advertise-addr`). None:
/// neither was seen.
pub fn listen_port(node: &SwarmNode) -> Option<u16> {
    let managers = node.managers.iter().filter_map(|manager| manager.parse::<SocketAddr>().ok());
    let own = managers.into_iter().find(|manager| Some(manager.ip()) == node.node_address);
    node.listen_port.or(own.map(|own| own.port()))
}

/// The address at which another node sends and takes in overlay traffic (v28.5.2 libnetwork/agent.go `dataPathAddress`): that node's facts tell it, where
/// they are among `others`. None: it is not told, and this node has one of its own for that (`--data-path-addr`), so the other may have one too.
pub fn data_path_address(host: &Snapshot, others: &[Snapshot], peer: &Peer) -> Option<IpAddr> {
    let mut nodes = others.iter().filter(|other| is_one_swarm(host, other)).filter_map(|other| node(other).ok());
    let theirs = nodes.find(|other| other.node_address == Some(peer.address));
    // ListenAddr stands in each docker-state.json that was read.
    match theirs.filter(|theirs| theirs.listen_port.is_some()) {
        Some(theirs) => theirs.data_path_address.or(Some(peer.address)),
        None => node(host).ok()?.data_path_address.is_none().then_some(peer.address),
    }
}

/// Another node of this swarm, as far as this one knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    pub address: IpAddr,
    /// Its host name; empty on workers, which are told addresses only.
    pub name: String,
    pub manager: bool,
    /// The managers do not hear from it: it is gone, or something keeps it from them.
    pub down: bool,
    /// The command by which a person sees that it is one: `docker node ls`, `docker info`, `docker network inspect NAME`.
    pub shown_by: String,
}

/// The other nodes, by address: of GET /nodes, the managers of GET /info, and who takes part in the overlay networks of this
/// node. Never this host.
///
/// # Errors
/// [`Missing`] when the engine did not say whether it is in a swarm.
pub fn peers(host: &Snapshot) -> Result<Vec<Peer>, Missing> {
    let node = node(host)?;
    if !is_member(node) {
        return Ok(Vec::new());
    }
    let local = host.addresses.ok().into_iter().flatten().map(|address| address.address.addr());
    let own: BTreeSet<IpAddr> = local.chain(node.node_address).collect();
    let mut peers: BTreeMap<IpAddr, Peer> = BTreeMap::new();
    let mut meet = |peer: Peer| {
        if !own.contains(&peer.address) && !peer.address.is_loopback() && !peer.address.is_unspecified() {
            let manager = peer.manager;
            peers.entry(peer.address).or_insert(peer).manager |= manager;
        }
    };
    for peer in node.nodes.iter().filter(|peer| peer.id != node.node_id) {
        let (name, manager, down) = (peer.hostname.clone(), peer.manager, peer.state == "down");
        let shown_by = format!("docker node inspect {} --format '{{{{.Status.Addr}}}}'", peer.id);
        if let Some(address) = peer.address {
            meet(Peer { address, name, manager, down, shown_by });
        }
    }
    let nameless = |address, manager, shown_by| Peer { address, name: String::new(), manager, down: false, shown_by };
    for manager in node.managers.iter().filter_map(|manager| manager.parse::<SocketAddr>().ok()) {
        meet(nameless(manager.ip(), true, "docker info".to_owned()));
    }
    for network in host.engine.api.ok().and_then(|api| api.networks.ok()).into_iter().flatten() {
        for address in &network.peers {
            meet(nameless(*address, false, format!("docker network inspect {}", network.name)));
        }
    }
    Ok(peers.into_values().collect())
}

#[cfg(test)]
mod tests;
