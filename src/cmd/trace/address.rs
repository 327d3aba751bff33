//! The address by which an end is spoken to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::place::Place;
use super::world::World;
use crate::engine::{attached, way_out};
use crate::host::{Container, Family, Link, Network};
use crate::path::fib::outside;
use crate::text::{Text, text};

/// # Errors
/// An end without an address of that family, or one that is not reached over this host's hooks.
pub fn destination(world: &World, start: &Place, goal: &Place, family: Family) -> Result<IpAddr, Text> {
    match goal {
        Place::Host { address: Some(address), .. }
        | Place::Behind { address: Some(address), .. }
        | Place::Elsewhere { address, .. } => Ok(*address),
        Place::Container { host, container, address } => {
            let (network, address) = match address {
                Some(said) => of_address(world, *host, container, *said)?,
                None => into_container(world, start, *host, container, family)?,
            };
            bridged(network).map(|()| address)
        }
        Place::Internet { .. } => Ok(outside(family)),
        Place::Behind { host, link, .. } => neighbour(world, *host, link, family),
        Place::Host { host, .. } => host_as_seen(world, start, *host, family),
        Place::Published { host, bound, .. } => match bound.iter().filter(|one| Family::of(**one) == family).min() {
            Some(address) if !address.is_unspecified() => Ok(*address),
            _ => host_as_seen(world, start, *host, family),
        },
    }
}

/// The network on which a container has that address.
pub fn of_address<'a>(
    world: &World<'a>,
    host: usize,
    container: &'a Container,
    address: IpAddr,
) -> Result<(&'a Network, IpAddr), Text> {
    let on = attached(world.networks(host)?, container, Family::of(address));
    let found = on.into_iter().find(|(.., one)| *one == address).map(|(network, ..)| (network, address));
    found.ok_or_else(|| unknown_networks(container))
}

fn unknown_networks(container: &Container) -> Text {
    let name = &container.name;
    text!("the engine does not tell the networks of {name}", "引擎没有说明 {name} 所在的网络")
}

/// The address of a container that another place would use: on a network they share, else on that of its default route.
fn into_container<'a>(
    world: &World<'a>,
    start: &Place,
    host: usize,
    container: &'a Container,
    family: Family,
) -> Result<(&'a Network, IpAddr), Text> {
    let networks = world.networks(host)?;
    let on = attached(networks, container, family);
    if let Place::Container { host: other, container: sender, .. } = start
        && *other == host
    {
        let shared = |network: &Network| sender.endpoints.iter().any(|endpoint| endpoint.network_id == network.id);
        if let Some((network, _, address)) = on.iter().find(|(network, ..)| shared(network)) {
            return Ok((network, *address));
        }
    }
    let default = way_out(world.host(host), networks, container, outside(family));
    let bridge = || on.iter().find(|(network, ..)| network.driver == "bridge").or(on.first());
    default
        .or_else(|| bridge().map(|(network, _, address)| (*network, *address)))
        .ok_or_else(|| unknown_networks(container))
}

/// # Errors
/// Packets of that network do not come by this host's own hooks and routes.
pub fn bridged(network: &Network) -> Result<(), Text> {
    if network.driver == "bridge" {
        return Ok(());
    }
    let (name, driver) = (&network.name, &network.driver);
    Err(text!(
        "the way leads over {name}, a network of the {driver} driver: its packets do not pass this host's routes and firewall, so that there is nothing to trace",
        "路径经过 {name}（{driver} 驱动的网络）：其数据包不经过本机的路由和防火墙，没有可追踪的内容"
    ))
}

/// The address by which somebody speaks to a host.
fn host_as_seen(world: &World, start: &Place, host: usize, family: Family) -> Result<IpAddr, Text> {
    let name = &world.names[host];
    let found = match start {
        Place::Host { host: other, .. } if *other == host => Some(match family {
            Family::V4 => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Family::V6 => IpAddr::V6(Ipv6Addr::LOCALHOST),
        }),
        Place::Container { host: other, container, .. } if *other == host => {
            let networks = world.networks(host)?;
            let way = way_out(world.host(host), networks, container, outside(family)).map(|(network, _)| network);
            let first = attached(networks, container, family).first().map(|(network, ..)| *network);
            let bridge = way.or(first).and_then(|network| world.bridge(host, network)?.index());
            bridge.and_then(|bridge| world.address_on(host, bridge, family))
        }
        Place::Behind { host: other, link, .. } if *other == host => world.address_on(host, link.index, family),
        Place::Elsewhere { address, .. } => world.towards(host, *address).and_then(|(_, source)| source),
        _ => None,
    };
    let uplink =
        || world.uplink(host, family).and_then(|(link, source)| source.or(world.address_on(host, link.index, family)));
    found.or_else(uplink).ok_or_else(|| {
        let word = if family == Family::V4 { "IPv4" } else { "IPv6" };
        text!(
            "{name} has no {word} address by which it is reached from there; give one, like ip:10.0.0.7",
            "{name} 没有可从该处访问的 {word} 地址；请直接给出地址，如 ip:10.0.0.7"
        )
    })
}

/// A machine behind a link: the gateway of the default route by it, else another address of its subnet.
pub fn neighbour(world: &World, host: usize, link: &Link, family: Family) -> Result<IpAddr, Text> {
    let routes = world.host(host).routes.ok().map_or(&[][..], Vec::as_slice);
    let by_it = routes.iter().filter(|route| route.family() == family && route.is_default());
    let hops = by_it.flat_map(|route| &route.next_hops).filter(|hop| hop.link == Some(link.index));
    if let Some(gateway) = hops.filter_map(|hop| hop.via).find(|via| Family::of(*via) == family) {
        return Ok(gateway);
    }
    let own = world.host(host).addresses.ok().map_or(&[][..], Vec::as_slice);
    let on = own.iter().filter(|one| one.link == link.index && one.scope == "global");
    let mut near = on.filter_map(|one| {
        let net = one.peer.unwrap_or(one.address);
        let far = one.peer.map(|peer| peer.addr()).filter(|peer| *peer != one.address.addr());
        far.or_else(|| net.hosts().take(3).find(|address| !world.owns(host, *address)))
    });
    near.find(|address| Family::of(*address) == family).ok_or_else(|| {
        let name = &link.name;
        text!(
            "no machine behind {name} is known; say which, like link:{name}=10.0.0.9",
            "不知道 {name} 后面有哪些机器；请写明，如 link:{name}=10.0.0.9"
        )
    })
}
