//! Overlay networks against the links that carry them from node to node.

use std::net::IpAddr;

use super::{WayOut, way_to};
use crate::checks::Applies;
use crate::checks::Scene;
use crate::checks::configuration::quoted;
use crate::checks::here::Here;
use crate::checks::overlay_anew::{Change, commands, impact};
use crate::checks::overlays::{Overlay, in_a_swarm, overlays};
use crate::engine::running_version;
use crate::engine::swarm::{Peer, data_path_address, node, peers};
use crate::finding::{Evidence, Finding, Findings, Remedy, Severity};
use crate::host::{GWBRIDGE, MTU_OPTION, Missing, Network, Snapshot};
use crate::path::fib::Fib;
use crate::text::text;

/// Bytes that VXLAN adds to a container's packet: Ethernet 14, VXLAN 8, UDP 8, IPv4 20 (v28.5.2 libnetwork/drivers/overlay/overlay.go `vxlanEncap`). The engine
/// takes no more off where nodes talk IPv6.
const VXLAN: u32 = 50;
const IPV6_MORE: u32 = 20;

/// What encryption adds at most, before it is rounded to four bytes (encryption.go `pktExpansion`).
const ESP: u32 = 26;

/// What the option means if nobody sets it: the MTU of the link below (the same directory, encryption.go `maxMTU`).
const USUAL: u32 = 1500;

/// How this node reaches the others of an overlay at worst.
struct Narrowest {
    way: WayOut,
    /// Bytes of an outer packet.
    needed: u32,
    ipv6: bool,
}

pub fn judge(scene: &Scene, here: &Here, fib: &Fib, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    if host.engine.api.ok().is_none_or(|api| !api.info.is_known()) {
        // A node of a swarm has that link, sooner or later.
        if here.links.iter().any(|link| link.name == GWBRIDGE) {
            node(host)?;
        }
        return Ok(());
    }
    if matches!(in_a_swarm(scene), Applies::No(_)) {
        return Ok(());
    }
    let nodes = peers(host)?;
    for overlay in overlays(host)? {
        let with = |peer: &&Peer| overlay.network.peers.is_empty() || overlay.network.peers.contains(&peer.address);
        let configured = configured(overlay.network);
        let mut ways = Vec::new();
        for peer in nodes.iter().filter(with) {
            let Some((way, ipv6)) = way_of_data(scene, here, fib, peer)? else { continue };
            let needed = if ipv6 { configured + IPV6_MORE } else { configured };
            ways.push(Narrowest { way, needed, ipv6 });
        }
        let narrowest = ways.into_iter().filter(|one| one.way.mtu < one.needed).min_by_key(|one| one.way.mtu);
        match narrowest {
            // Then its traffic may go by another link.
            Some(_) if node(host)?.listen_port.is_none() => findings.lacks(own_way_unseen()),
            Some(narrowest) => findings.push(finding(scene, &overlay, &nodes, &narrowest)),
            None => {}
        }
    }
    Ok(())
}

fn own_way_unseen() -> Missing {
    Missing {
        fact: "engine.api.info.swarm.data_path_address",
        why: text!(
            "whether overlay traffic has an address of its own here (--data-path-addr) stands in docker-state.json, which was not read",
            "overlay 流量在本机是否另有专用地址（--data-path-addr）记录在 docker-state.json 中，该文件未能读取"
        ),
    }
}

/// How this node's overlay traffic goes to another, and whether that is by IPv6. Where the other's address for it is not told, they share the link on
/// which this node has its own.
///
/// # Errors
/// [`Missing`] where this node's own address for it is on no link here.
fn way_of_data(scene: &Scene, here: &Here, fib: &Fib, peer: &Peer) -> Result<Option<(WayOut, bool)>, Missing> {
    let this = node(scene.host)?;
    let told = data_path_address(scene.host, scene.others, peer);
    let (Some(own), None) = (this.data_path_address, told) else {
        return Ok(told.and_then(|address| Some((way_to(here, fib, address)?, address.is_ipv6()))));
    };
    let index = here.addresses.iter().find(|one| one.address.addr() == own).map(|one| one.link);
    let link = index.and_then(|index| here.link(index)).ok_or_else(|| Missing {
        fact: "addresses",
        why: text!(
            "the address {own}, which overlay traffic has here (--data-path-addr), is on no link",
            "本机 overlay 流量所用的地址 {own}（--data-path-addr）不在任何网络接口上"
        ),
    })?;
    Ok(Some((WayOut::by(link), own.is_ipv6())))
}

/// The MTU that an overlay counts on below it.
fn configured(network: &Network) -> u32 {
    let option = network.options.get(MTU_OPTION).and_then(|mtu| mtu.parse().ok());
    option.filter(|mtu| *mtu > 0).unwrap_or(USUAL)
}

/// The largest packet of its containers: less by what is put around it (v28.5.2 libnetwork/drivers/overlay/overlay.go, encryption.go, `maxMTU`).
fn sent(network: &Network) -> u32 {
    let inside = configured(network).saturating_sub(VXLAN);
    match network.options.contains_key("encrypted") {
        true => inside.saturating_sub(ESP) / 4 * 4,
        false => inside,
    }
}

fn finding(scene: &Scene, overlay: &Overlay, nodes: &[Peer], narrowest: &Narrowest) -> Finding {
    let Narrowest { way, needed, ipv6 } = narrowest;
    let (name, link, carries) = (&overlay.network.name, &way.link, way.mtu);
    let sent = sent(overlay.network);
    let alike = all_alike(scene, nodes, carries);
    let severity = if overlay.here.is_empty() || alike { Severity::Info } else { Severity::Error };
    let message = if alike {
        text!(
            "containers of overlay network {name} send up to {sent} bytes, {needed} with VXLAN around them, and {link}, by which the other nodes are \
             reached, carries {carries}: as all nodes' links do so, packets are cut in pieces, or containers told to send less",
            "overlay 网络 {name} 的容器最多发送 {sent} 字节的数据包，加上 VXLAN 封装为 {needed} 字节，而通往其他节点的 {link} 的 MTU 只有 {carries}：\
             各节点的链路都是如此，因此数据包会被分片，或由内核通知容器发小一些"
        )
    } else {
        text!(
            "containers of overlay network {name} send up to {sent} bytes, {needed} with VXLAN around them, and {link}, by which the other nodes are \
             reached, carries {carries}: large packets between nodes are cut in pieces or lost",
            "overlay 网络 {name} 的容器最多发送 {sent} 字节的数据包，加上 VXLAN 封装为 {needed} 字节，而通往其他节点的 {link} 的 MTU 只有 {carries}：\
             节点之间的大包会被分片或丢失"
        )
    };
    let mut finding = Finding::new(severity, format!("network:{name}"), message).evidence(way.shown.clone());
    if overlay.network.options.contains_key(MTU_OPTION) {
        let shown_by = format!("docker network inspect {} -f '{{{{index .Options \"{MTU_OPTION}\"}}}}'", quoted(name));
        finding = finding.evidence(Evidence::new(shown_by, configured(overlay.network).to_string()));
    }
    let least = known_links(scene, nodes).into_iter().flatten().chain([carries]).min().unwrap_or(carries);
    let mtu = if *ipv6 { least.saturating_sub(IPV6_MORE) } else { least };
    finding.remedy(remedy(scene.host, overlay, mtu)).touches(format!("network:{name}"))
}

fn remedy(host: &Snapshot, overlay: &Overlay, mtu: u32) -> Remedy {
    let name = &overlay.network.name;
    let title = text!(
        "on a manager: make network {name} again for links that carry {mtu} (for a stack: in `driver_opts` of its file)",
        "在 manager 上按链路 MTU {mtu} 重建网络 {name}（stack 请写在其文件的 `driver_opts` 中）"
    );
    let impact = impact();
    let manager = node(host).is_ok_and(|node| node.manager);
    let change = Change { subnet: None, mtu: Some(mtu) };
    let commands = commands(overlay.network, change, running_version(host), manager);
    Remedy::manual(title, impact, commands.unwrap_or_default())
}

/// Whether every other node was seen, none has a link that carries more, and this kernel tells containers to send less (Linux 5.9,
/// net/ipv4/ip_tunnel_core.c `skb_tunnel_check_pmtu`): then nobody sends what does not arrive.
fn all_alike(scene: &Scene, nodes: &[Peer], carries: u32) -> bool {
    let hosts = || scene.others.iter().chain([scene.host]);
    let links = known_links(scene, nodes);
    hosts().all(tells_containers) && links.iter().all(|link| link.is_some_and(|mtu| mtu <= carries))
}

/// The MTU of the link on which each node has the address of its overlay traffic, where that node's facts are here.
fn known_links(scene: &Scene, nodes: &[Peer]) -> Vec<Option<u32>> {
    let address = |peer: &Peer| data_path_address(scene.host, scene.others, peer);
    let mtu = |address| scene.others.iter().find_map(|other| link_mtu(other, address));
    nodes.iter().map(|node| address(node).and_then(mtu)).collect()
}

fn link_mtu(host: &Snapshot, address: IpAddr) -> Option<u32> {
    let own = host.addresses.ok()?.iter().find(|one| one.address.addr() == address)?;
    host.links.ok()?.iter().find(|link| link.index == own.link).map(|link| link.mtu)
}

fn tells_containers(host: &Snapshot) -> bool {
    let mut numbers =
        host.kernel.ok().into_iter().flat_map(|release| release.split('.')).map(|n| n.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), Some(minor)) => (major, minor) >= (5, 9),
        _ => false,
    }
}
