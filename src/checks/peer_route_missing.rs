mod remedy;

use super::here::Here;
use super::iproute::shows_route;
use super::peers::{Nearest, PeerSubnet, declared, is_open, second, subnets};
use super::{About, Check, Group, Scene, docs};
use crate::finding::{Evidence, Finding, Findings};
use crate::host::{Family, Link, Missing, NeighbourState, Route};
use crate::path::fib::{Lookup, Query, Verdict};
use crate::subnet::overlaps;
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "peer-route-missing",
    group: Group::Routes,
    about: About {
        en: "no route leads to a declared peer's containers, or one that leads elsewhere",
        zh: "没有通往已声明对端容器的路由，或路由指向了别处",
    },
    docs: docs!("peer-route-missing"),
    applies: declared,
    hidden_by: &["peer-subnet-clash"],
    run,
};

/// Where packets for a peer's containers go.
enum Way {
    ToPeer,
    /// To somebody who may know the way, which is not seen from here.
    Unseen(Text),
    Elsewhere,
}

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let here = Here::new(scene, findings)?;
    findings.need("routes", &scene.host.routes)?;
    let fib = scene.fib()?;
    let (peers, missing) = subnets(scene);
    missing.into_iter().for_each(|one| findings.lacks(one));
    for peer in &peers {
        // peer-subnet-clash tells of it, and no route would help.
        if here.bridges.iter().flat_map(|bridge| &bridge.connected).any(|subnet| overlaps(*subnet, peer.subnet)) {
            continue;
        }
        let nearest = peer.nearest(fib, &here);
        for query in queries(&here, peer) {
            let lookup = fib.lookup(&query);
            match way(&here, peer, nearest.as_ref(), &lookup) {
                Way::ToPeer => {}
                Way::Unseen(why) => findings.lacks(Missing { fact: "routes", why }),
                Way::Elsewhere => {
                    findings.push(finding(scene, &here, peer, nearest.as_ref(), &lookup, &query));
                    break;
                }
            }
        }
    }
    Ok(())
}

/// What containers of each network here send to a container there; without such a network what this host sends.
fn queries(here: &Here, peer: &PeerSubnet) -> Vec<Query> {
    let there = peer.container();
    let open = here.bridges.iter().filter(|bridge| is_open(bridge) && bridge.link.is_some());
    let forwarded = open.flat_map(|bridge| {
        let subnets = bridge.connected.iter().filter(|subnet| Family::of(subnet.addr()) == peer.family());
        subnets.map(|subnet| Query::forwarded(second(*subnet), there, &bridge.link_name))
    });
    let forwarded: Vec<Query> = forwarded.collect();
    if forwarded.is_empty() { vec![Query::to(there)] } else { forwarded }
}

fn way(here: &Here, peer: &PeerSubnet, nearest: Option<&Nearest>, lookup: &Lookup) -> Way {
    if let Verdict::Undetermined(why) = &lookup.verdict {
        return Way::Unseen(why.clone());
    }
    if !lookup.is_unicast() || lookup.link().is_some_and(|link| here.bridge(link).is_some()) {
        return Way::Elsewhere;
    }
    if peer.is_at(lookup) {
        return Way::ToPeer;
    }
    let link = lookup.link().and_then(|index| here.link(index));
    let specific = lookup.route.is_some_and(|route| !route.is_default() && !route.is_half_default());
    // A tunnel's other end, and what a routing daemon or a CNI plugin set up: theirs.
    let tunnel = link.is_some_and(is_tunnel) && lookup.gateway().is_none();
    if specific && (tunnel || lookup.route.is_some_and(is_daemons)) {
        return Way::ToPeer;
    }
    // On a LAN only proxy ARP makes this work, and then somebody has answered.
    if specific && lookup.gateway().is_none() && answers(here, peer, lookup) {
        return Way::ToPeer;
    }
    // Another address of the peer, its link-local one, a router that knows the way, or a mistake.
    if specific && let Some(gateways) = gateways(here, lookup) {
        return Way::Unseen(text!(
            "the route to {subnet} of peer {peer} leads to {gateways}, and whether that knows the way is not seen from here",
            "通往对端 {peer} 的 {subnet} 的路由指向 {gateways}，从本机无法得知它是否知道该怎么走",
            subnet = peer.subnet,
            peer = peer.peer
        ));
    }
    let Some(nearest) = nearest else {
        return Way::Elsewhere;
    };
    let behind_gateway = nearest.via != nearest.address;
    if behind_gateway && lookup.link() == Some(nearest.link) && lookup.gateway() == Some(nearest.via) {
        return Way::Unseen(text!(
            "{peer} is behind gateway {via}: whether that knows the way to {subnet} is not seen from here",
            "{peer} 位于网关 {via} 之后：从本机无法得知该网关是否知道 {subnet} 的路由",
            subnet = peer.subnet,
            via = nearest.via,
            peer = peer.peer
        ));
    }
    Way::Elsewhere
}

/// The gateways of all hops, where each has one on a link that leads to other hosts.
fn gateways(here: &Here, lookup: &Lookup) -> Option<String> {
    let leads_out = |index: u32| {
        let link = here.link(index)?;
        let out = !link.loopback && link.kind.as_deref() != Some("dummy") && here.bridge(index).is_none();
        out.then_some(())
    };
    let mut gateways: Vec<String> = Vec::new();
    for hop in &lookup.hops {
        leads_out(hop.link?)?;
        let via = hop.via?.to_string();
        if !gateways.contains(&via) {
            gateways.push(via);
        }
    }
    (!gateways.is_empty()).then(|| gateways.join(", "))
}

fn is_tunnel(link: &Link) -> bool {
    link.point_to_point
        || matches!(
            link.kind.as_deref(),
            Some("wireguard" | "tun" | "vxlan" | "geneve" | "gre" | "ipip" | "sit" | "ip6tnl")
        )
}

/// Protocols of routing daemons (etc/iproute2/rt_protos and its directory): gated 8 to isis, rip, ospf, bgp, eigrp.
fn is_daemons(route: &Route) -> bool {
    matches!(route.protocol, 8 | 10..=15 | 17 | 18 | 42 | 80 | 186..=192)
}

/// Whether a neighbour of the peer's subnet has answered on the link of the lookup.
fn answers(here: &Here, peer: &PeerSubnet, lookup: &Lookup) -> bool {
    here.host.neighbours.ok().into_iter().flatten().any(|one| {
        Some(one.link) == lookup.link() && one.state == NeighbourState::Resolved && peer.subnet.contains(&one.address)
    })
}

fn finding(
    scene: &Scene,
    here: &Here,
    peer: &PeerSubnet,
    nearest: Option<&Nearest>,
    lookup: &Lookup,
    query: &Query,
) -> Finding {
    let (subnet, name, option) = (peer.subnet, &peer.peer, peer.declared_by);
    let from = match &query.iif {
        Some(bridge) => Text { en: bridge.clone(), zh: format!(" {bridge} ") },
        None => text!("this host", "本机"),
    };
    let message = match lookup.route.filter(|route| !route.is_default() && !route.is_half_default()) {
        Some(route) => text!(
            "containers of peer {name} ({subnet}, declared by {option}) are not reached from {en}: `{said}` leads elsewhere",
            "从{zh}到不了对端 {name} 的容器（{option} 声明的 {subnet}）：路由 `{said}` 指向了别处",
            said = super::iproute::route(route, here),
            en = from.en,
            zh = from.zh
        ),
        None if lookup.is_unicast() => text!(
            "no route leads to the containers of peer {name} ({subnet}, declared by {option}): packets for them go to the \
             default gateway",
            "没有通往对端 {name} 的容器（{option} 声明的 {subnet}）的路由：发往那里的数据包会交给默认网关"
        ),
        None => text!(
            "no route leads to the containers of peer {name} ({subnet}, declared by {option})",
            "没有通往对端 {name} 的容器（{option} 声明的 {subnet}）的路由"
        ),
    };
    let message = match scene.host.cloud.ok().and_then(Option::as_ref) {
        Some(cloud) => text!(
            "{en}; on {cloud} the network between the hosts needs the route too (and must let a host send for other addresses), \
             which is not seen from here",
            "{zh}；在 {cloud} 上，主机之间的云网络也需要这条路由（并允许主机转发其他源地址的数据包），这从本机无法看到",
            en = message.en,
            zh = message.zh,
            cloud = cloud.name
        ),
        None => message,
    };
    let shown = lookup.route.map(|route| shows_route(route, here)).unwrap_or_else(|| no_route(query));
    Finding::error(format!("peer:{subnet}"), message)
        .evidence(shown)
        .remedy(remedy::remedy(here, peer, nearest, lookup))
        .touches(format!("peer:{subnet}"))
}

/// Where nothing answers the lookup.
fn no_route(query: &Query) -> Evidence {
    let family = if query.destination.is_ipv4() { "-4" } else { "-6" };
    Evidence::new(format!("ip {family} route get {} 2>&1 || true", query.destination), "unreachable")
}
