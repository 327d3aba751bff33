//! From two places to the packet that goes from one to the other.

use std::net::IpAddr;

use super::address::{bridged, destination, neighbour, of_address};
use super::end::{End, Protocol};
use super::place::Place;
use super::world::World;
use crate::engine::way_out;
use crate::exit::Refusal;
use crate::host::{Container, Family, Link, ipproto};
use crate::path::fib::outside;
use crate::path::trace::{Flow, Origin};
use crate::text::{Text, text};

/// A packet, and on which host its way begins.
pub struct Begun {
    pub host: usize,
    pub flow: Flow,
    /// The source it begins with; none where the kernel chooses it and that is not known.
    pub source: Option<IpAddr>,
}

/// What was asked beside the ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// `-4`, `-6`.
    pub family: Option<Family>,
    pub uid: Option<u32>,
}

/// # Errors
/// Ends between which no packet can go, or of which one has no address.
pub fn begin(
    world: &World,
    (from, start): (&End, &Place),
    (to, goal): (&End, &Place),
    wish: Wish,
) -> Result<Begun, Refusal> {
    let family = family(world, start, goal, wish)?;
    let destination = destination(world, start, goal, family).map_err(|message| Refusal::usage("TO", message))?;
    let (host, origin, source) =
        origin(world, start, goal, destination, wish).map_err(|message| Refusal::usage("FROM", message))?;
    let (protocol, port) = protocol(from, to, goal, family)?;
    let flow = Flow { from: origin, destination, protocol, source_port: from.port, destination_port: port };
    Ok(Begun { host, flow, source })
}

/// TCP where a port is said, else ICMP.
fn protocol(from: &End, to: &End, goal: &Place, family: Family) -> Result<(u8, Option<u16>), Refusal> {
    if from.protocol.is_some() {
        return Err(Refusal::usage(
            "FROM",
            text!(
                "the protocol is said once, behind TO; leave it out of FROM {said}",
                "协议只在 TO 后面写一次；请从 FROM {said} 中去掉",
                said = from.said
            ),
        ));
    }
    let port = match goal {
        Place::Published { port, .. } => Some(*port),
        _ => to.port,
    };
    let icmp = if family == Family::V4 { ipproto::ICMP } else { ipproto::ICMPV6 };
    let number = match to.protocol {
        Some(Protocol::Icmp) => icmp,
        Some(Protocol::Tcp) => ipproto::TCP,
        Some(Protocol::Udp) => ipproto::UDP,
        Some(Protocol::Sctp) => ipproto::SCTP,
        None if port.is_some() => ipproto::TCP,
        None => icmp,
    };
    if from.port.is_some() && port.is_none() {
        return Err(Refusal::usage(
            "FROM",
            text!(
                "FROM {said} has a port and TO has none; ICMP has no ports",
                "FROM {said} 有端口而 TO 没有；ICMP 没有端口",
                said = from.said
            ),
        ));
    }
    Ok((number, port))
}

fn family(world: &World, start: &Place, goal: &Place, wish: Wish) -> Result<Family, Refusal> {
    let (of_from, of_to) = (families(world, start), families(world, goal));
    let both: Vec<Family> = of_from.iter().copied().filter(|family| of_to.contains(family)).collect();
    if let Some(asked) = wish.family {
        let (option, word) = if asked == Family::V4 { ("-4", "IPv4") } else { ("-6", "IPv6") };
        if both.contains(&asked) {
            return Ok(asked);
        }
        let role = if of_from.contains(&asked) { "TO" } else { "FROM" };
        return Err(Refusal::usage(option, text!("{role} has no {word} address", "{role} 没有 {word} 地址")));
    }
    let first = if both.contains(&Family::V4) { Some(Family::V4) } else { both.first().copied() };
    first.ok_or_else(|| {
        let word = |families: &[Family]| if families.contains(&Family::V4) { "IPv4" } else { "IPv6" };
        let (from, to) = (word(&of_from), word(&of_to));
        Refusal::usage("TO", text!("FROM has only {from} and TO only {to}", "FROM 只有 {from}，而 TO 只有 {to}"))
    })
}

/// Those in which a place can be spoken to.
fn families(world: &World, place: &Place) -> Vec<Family> {
    let both = [Family::V4, Family::V6];
    match place {
        Place::Container { address: Some(address), .. }
        | Place::Host { address: Some(address), .. }
        | Place::Behind { address: Some(address), .. }
        | Place::Elsewhere { address, .. } => vec![Family::of(*address)],
        Place::Container { container, .. } => {
            let addresses = container.endpoints.iter().flat_map(|endpoint| &endpoint.addresses);
            let found: Vec<Family> = addresses.map(|address| Family::of(*address)).collect();
            both.into_iter().filter(|family| found.contains(family)).collect()
        }
        Place::Published { bound, .. } => {
            both.into_iter().filter(|family| bound.iter().any(|one| Family::of(*one) == *family)).collect()
        }
        Place::Internet { host } => {
            let reached = |family: &Family| host.is_some_and(|host| world.uplink(host, *family).is_some());
            let found: Vec<Family> = both.into_iter().filter(reached).collect();
            if found.is_empty() { both.to_vec() } else { found }
        }
        Place::Host { .. } | Place::Behind { .. } => both.to_vec(),
    }
}

type Start = (usize, Origin, Option<IpAddr>);

fn origin(world: &World, start: &Place, goal: &Place, destination: IpAddr, wish: Wish) -> Result<Start, Text> {
    match start {
        Place::Container { host, container, address } => from_container(world, *host, container, *address, destination),
        Place::Host { host, address } => {
            let chosen = address.or_else(|| match world.towards(*host, destination) {
                Some((_, source)) => source,
                None => world.owns(*host, destination).then_some(destination),
            });
            Ok((*host, Origin::Host { source: *address, uid: wish.uid }, chosen))
        }
        Place::Published { .. } => Err(text!("a published port is where packets go to", "已发布的端口是数据包的去处")),
        Place::Behind { host, link, address } => {
            let source = match address {
                Some(address) => *address,
                None => neighbour(world, *host, link, Family::of(destination))?,
            };
            Ok((*host, by_link(link, source), Some(source)))
        }
        Place::Internet { host } => {
            let source = outside(Family::of(destination));
            let host = which(world, *host, goal)?;
            let name = &world.names[host];
            let (link, _) = world.uplink(host, Family::of(destination)).ok_or_else(|| {
                text!(
                    "{name} has no default route by which packets of the internet come; say by which link, like link:eth0=203.0.113.9",
                    "{name} 没有默认路由，互联网的数据包无从到达；请写明网络接口，如 link:eth0=203.0.113.9"
                )
            })?;
            Ok((host, by_link(link, source), Some(source)))
        }
        Place::Elsewhere { host, address } => {
            let host = which(world, *host, goal)?;
            let name = &world.names[host];
            let (link, _) = world.towards(host, *address).ok_or_else(|| {
                text!(
                    "{name} has no route to {address}, so the link it comes by is not known; say it, like link:eth0={address}",
                    "{name} 没有到 {address} 的路由，因此不知道它从哪个网络接口进入；请写明，如 link:eth0={address}"
                )
            })?;
            Ok((host, by_link(link, *address), Some(*address)))
        }
    }
}

/// # Errors
/// Several hosts, and nothing says at which the packet arrives.
fn which(world: &World, said: Option<usize>, goal: &Place) -> Result<usize, Text> {
    let only = (world.names.len() == 1).then_some(0);
    said.or(goal.host()).or(only).ok_or_else(|| {
        let example = &world.names[0];
        text!(
            "nothing says at which host it arrives; write it in front, like {example}/internet",
            "不知道数据包到达哪台主机；请写在前面，如 {example}/internet"
        )
    })
}

/// What comes by a bridge comes by one of its ports.
fn by_link(link: &Link, source: IpAddr) -> Origin {
    if link.is_bridge() {
        Origin::Bridge { bridge: link.name.clone(), port: None, source }
    } else {
        Origin::Link { link: link.name.clone(), source }
    }
}

fn from_container(
    world: &World,
    host: usize,
    container: &Container,
    address: Option<IpAddr>,
    destination: IpAddr,
) -> Result<Start, Text> {
    let name = &container.name;
    let networks = world.networks(host)?;
    let way = match address {
        Some(said) => Some(of_address(world, host, container, said)?),
        None => way_out(world.host(host), networks, container, destination),
    };
    let Some((network, source)) = way else {
        if container
            .endpoints
            .iter()
            .any(|one| networks.iter().any(|net| net.id == one.network_id && net.driver == "overlay"))
        {
            return Err(text!(
                "{name} leaves an overlay by docker_gwbridge, and the engine does not tell its address there; give it, like ip:172.18.0.3",
                "{name} 经 docker_gwbridge 离开 overlay 网络，而引擎没有说明它在那里的地址；请直接给出，如 ip:172.18.0.3"
            ));
        }
        return Err(text!(
            "{name} has no route to {destination}: it is on none of its networks, and none of them gives it a default route (internal networks do not)",
            "{name} 没有到 {destination} 的路由：目的地址不在它的任何网络上，也没有网络为它提供默认路由（internal 网络不提供）"
        ));
    };
    bridged(network)?;
    let bridge = world.bridge(host, network).filter(|bridge| bridge.link.is_some()).ok_or_else(|| {
        let name = &network.name;
        text!(
            "the bridge of network {name} is not there; `dnetctl diagnose` says why",
            "网络 {name} 的网桥不存在；运行 `dnetctl diagnose` 可查看原因"
        )
    })?;
    Ok((host, Origin::Bridge { bridge: bridge.link_name, port: None, source }, Some(source)))
}
