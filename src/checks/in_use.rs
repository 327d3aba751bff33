//! Addresses that this host uses now: resolvers, gateways, peers, the swarm's nodes, declared peers, and neighbours asked for in
//! vain.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::Scene;
use super::here::Here;
use super::iproute::{shows_neighbour, shows_route};
use super::peers::subnets;
use crate::engine::swarm::peers;
use crate::engine::{Bridge, running_version};
use crate::finding::Evidence;
use crate::host::{Fact, GWBRIDGE, NeighbourState, ResolvConf, SocketState};
use crate::subnet::overlaps;
use crate::text::{Text, text};

/// An address in use, and what shows it.
pub struct Use {
    pub address: IpAddr,
    pub how: Text,
    pub evidence: Option<Evidence>,
}

/// What this host uses of a bridge's subnet; `owned` are the addresses that somebody behind the bridge has.
pub fn in_use(
    scene: &Scene,
    here: &Here,
    bridge: &Bridge,
    subnet: IpNet,
    owned: Option<&BTreeSet<IpAddr>>,
) -> Vec<Use> {
    let mut uses = declared(scene, bridge);
    // Whose they are decides: a resolver or a gateway may well be a container.
    if let Some(owned) = owned {
        uses.splice(0..0, named(here, subnet));
        uses.extend(seen(here, bridge));
        uses.retain(|used| !owned.contains(&used.address));
    }
    uses.retain(|used| subnet.contains(&used.address));
    uses
}

/// What this host uses of the subnet of an overlay network, which has no link here: what configuration names, and live peers. An engine since 28
/// asks the host's resolvers from the host's own network namespace (v28.0.0 libnetwork/internal/resolvconf/resolvconf.go `TransformForIntNS`, `HostLoopback`),
/// where the overlay is not in the way.
pub fn beside(here: &Here, subnet: IpNet) -> Vec<Use> {
    let inside = running_version(here.host).is_none_or(|version| !version.at_least(28, 0, 0));
    let mut uses = if inside { resolvers(here) } else { Vec::new() };
    uses.extend(gateways(here, subnet));
    uses.extend(nodes(here));
    uses.extend(talks(here).filter(|(state, _)| *state == SocketState::Established).map(|(_, used)| used));
    uses.retain(|used| subnet.contains(&used.address));
    let mut seen = BTreeSet::new();
    uses.retain(|used| seen.insert(used.address));
    uses
}

/// Addresses of a subnet that configuration names.
fn named(here: &Here, subnet: IpNet) -> Vec<Use> {
    let mut uses = resolvers(here);
    uses.extend(gateways(here, subnet));
    uses.extend(nodes(here));
    uses
}

fn resolvers(here: &Here) -> Vec<Use> {
    let Some(resolvers) = here.host.resolvers.ok() else { return Vec::new() };
    let files = [&resolvers.host, &resolvers.systemd_resolved].into_iter().flatten();
    let of = |file: &ResolvConf| {
        file.nameservers
            .iter()
            .map(|(address, _)| Use {
                address: *address,
                how: text!("a resolver of {path}", "{path} 中的 DNS 服务器", path = file.path),
                evidence: Some(Evidence::new(format!("cat {}", file.path), address.to_string())),
            })
            .collect::<Vec<_>>()
    };
    files.flat_map(of).collect()
}

fn gateways(here: &Here, subnet: IpNet) -> Vec<Use> {
    let mut uses = Vec::new();
    for route in here.host.routes.ok().into_iter().flatten() {
        // A host may have a million routes: only those that matter are put into words.
        let gateways = route.next_hops.iter().filter_map(|hop| hop.via).filter(|via| subnet.contains(via));
        uses.extend(gateways.map(|address| Use {
            address,
            how: text!("a gateway of this host's routes", "本机路由的网关"),
            evidence: Some(shows_route(route, here)),
        }));
    }
    uses
}

/// Of the swarm.
fn nodes(here: &Here) -> Vec<Use> {
    let Some(info) = here.host.engine.api.ok().and_then(|api| api.info.ok()) else { return Vec::new() };
    let others = peers(here.host).unwrap_or_default().into_iter();
    let shown = info.swarm.node_address.map(|own| (own, "docker info".to_owned()));
    let all = shown.into_iter().chain(others.map(|peer| (peer.address, peer.shown_by)));
    all.map(|(address, shown_by)| Use {
        address,
        how: text!("a node of the swarm", "swarm 节点"),
        evidence: Some(Evidence::new(shown_by, address.to_string())),
    })
    .collect()
}

/// Of each declared peer's subnet an address in the part that the bridge shares with it.
fn declared(scene: &Scene, bridge: &Bridge) -> Vec<Use> {
    let mut uses = Vec::new();
    for peer in subnets(scene).0 {
        for subnet in bridge.connected.iter().filter(|subnet| overlaps(**subnet, peer.subnet)) {
            let part = if subnet.contains(&peer.subnet) { peer.subnet } else { *subnet };
            let how = text!(
                "a container of peer {host}, declared by {option}",
                "{option} 声明的对端 {host} 上的容器",
                host = peer.peer,
                option = peer.declared_by
            );
            uses.extend(samples(part).pop().map(|address| Use { address, how, evidence: None }));
        }
    }
    uses
}

/// Addresses that stand for a prefix: its first, some low ones, its middle and its last.
pub fn samples(prefix: IpNet) -> Vec<IpAddr> {
    let size = 1_u128 << (prefix.max_prefix_len() - prefix.prefix_len()).min(127);
    let mut offsets: Vec<u128> =
        [0, 1, 2, 7, size / 2 + 1, size.saturating_sub(2)].into_iter().filter(|n| *n < size).collect();
    offsets.sort_unstable();
    offsets.dedup();
    let add = |offset: u128| match prefix.network() {
        IpAddr::V4(base) => IpAddr::V4((u32::from(base) | offset as u32).into()),
        IpAddr::V6(base) => IpAddr::V6((u128::from(base) | offset).into()),
    };
    offsets.into_iter().map(add).collect()
}

/// The remote ends of this host's own connections.
fn talks(here: &Here) -> impl Iterator<Item = (SocketState, Use)> {
    let sockets = here.host.sockets.ok().map_or(&[][..], Vec::as_slice);
    let talks =
        sockets.iter().filter(|socket| socket.state != SocketState::Listen && !socket.remote.ip().is_unspecified());
    talks.map(|socket| {
        let address = socket.remote.ip().to_canonical();
        let how = match socket.state {
            SocketState::SynSent => text!("tried by a program of this host just now", "本机程序正在尝试连接的地址"),
            _ => text!("connected to a program of this host", "与本机程序保持连接的地址"),
        };
        (socket.state, Use { address, how, evidence: Some(Evidence::new("ss -Hntu", socket.remote.to_string())) })
    })
}

/// Addresses that traffic shows: with them it matters who owns what.
fn seen(here: &Here, bridge: &Bridge) -> Vec<Use> {
    let mut uses: Vec<Use> = talks(here).map(|(_, used)| used).collect();
    // A container that stopped leaves such a neighbour behind too: then it says nothing. Nor does it on docker_gwbridge, whose
    // containers the engine does not list.
    let stopped = bridge.link_name == GWBRIDGE
        || here.containers().is_ok_and(|containers| {
            containers.iter().filter(|container| container.state != "running").any(|container| {
                bridge.network.is_some_and(|network| {
                    container.endpoints.iter().any(|end| end.network_id == network.id || end.network == network.name)
                })
            })
        });
    if let (Fact::Known { value: neighbours, .. }, false) = (&here.host.neighbours, stopped) {
        let vain = neighbours.iter().filter(|neighbour| {
            Some(neighbour.link) == bridge.index()
                && matches!(neighbour.state, NeighbourState::Failed | NeighbourState::Incomplete)
        });
        uses.extend(vain.map(|neighbour| Use {
            address: neighbour.address,
            how: text!(
                "asked for behind {link} in vain",
                "本机在 {link} 上寻找却无人应答的地址",
                link = bridge.link_name
            ),
            evidence: Some(shows_neighbour(neighbour.address, &bridge.link_name)),
        }));
    }
    uses
}
