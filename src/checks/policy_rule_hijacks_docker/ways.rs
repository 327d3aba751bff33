//! The ways that packets for containers, and their answers, take through the policy rules.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::checks::here::Here;
use crate::engine::Bridge;
use crate::host::ipproto::{SCTP, TCP, UDP};
use crate::host::{Address, Container, Family, Published};
use crate::path::fib::{Fib, Query, outside};
use crate::path::netfilter::packet::EPHEMERAL;
use crate::path::trace::{Flow, HTTPS, Origin};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What this host itself sends to a container.
    FromHost,
    /// Answers to what a container asked of the outside.
    FromOutside,
    /// What asks for a published port.
    Asked,
    /// What the container answers to that.
    Answer,
}

/// One lookup, and the connection it belongs to.
#[derive(Debug)]
pub struct Way {
    pub kind: Kind,
    pub query: Query,
    pub flow: Flow,
    /// The uplink it comes in by, or leaves by.
    pub link: Option<String>,
    /// A running container that it is for; none where the network has none.
    pub who: Option<String>,
}

/// All ways of one subnet of a bridge. Where its containers are not known, those of one that may be there.
pub fn of(here: &Here, fib: &Fib, bridge: &Bridge, subnet: IpNet) -> Vec<Way> {
    let residents = here.endpoints(bridge).unwrap_or_default();
    let resident = residents.iter().find(|(_, address)| subnet.contains(address));
    let who = resident.map(|(container, _)| container.name.clone());
    let Some(address) = resident.map(|(_, address)| *address).or_else(|| vacant(here, subnet)) else {
        return Vec::new();
    };
    let host = Flow::https(Origin::Host { source: None, uid: None }, address);
    let query = Query { protocol: TCP, destination_port: Some(HTTPS), ..Query::to(address) };
    let mut ways = vec![Way { kind: Kind::FromHost, query, flow: host, link: None, who: who.clone() }];
    if bridge.network.is_some_and(|network| network.internal) {
        return ways;
    }
    ways.extend(answers_from_outside(here, fib, bridge, address, who));
    for (container, address) in residents.iter().filter(|(_, address)| subnet.contains(address)) {
        ways.extend(of_published(here, fib, bridge, container, *address));
    }
    ways
}

/// What comes back to a container from the outside, once masquerading is undone.
fn answers_from_outside(here: &Here, fib: &Fib, bridge: &Bridge, address: IpAddr, who: Option<String>) -> Option<Way> {
    let there = outside(Family::of(address));
    let out = fib.lookup(&Query::forwarded(address, there, &bridge.link_name));
    let link = out.link().filter(|_| out.is_unicast()).and_then(|index| here.link(index))?;
    let query = Query {
        protocol: TCP,
        source_port: Some(HTTPS),
        destination_port: Some(EPHEMERAL),
        ..Query::forwarded(there, address, &link.name)
    };
    let from = Origin::Bridge { bridge: bridge.link_name.clone(), port: None, source: address };
    let flow = Flow { source_port: Some(EPHEMERAL), ..Flow::https(from, there) };
    Some(Way { kind: Kind::FromOutside, query, flow, link: Some(link.name.clone()), who })
}

/// By each link of the host itself on which a port is published, from a client there.
fn of_published(here: &Here, fib: &Fib, bridge: &Bridge, container: &Container, address: IpAddr) -> Vec<Way> {
    let of_family = |published: &&Published| published.host.is_some_and(|(ip, _)| ip.is_ipv4() == address.is_ipv4());
    let mut ways = Vec::new();
    // One port stands for all that are published alike: no rule but one of ports tells them apart.
    let mut told: Vec<IpAddr> = Vec::new();
    for published in container.ports.iter().filter(of_family) {
        let Some((on, port)) = published.host else { continue };
        if told.contains(&on) {
            continue;
        }
        told.push(on);
        for own in here.addresses.iter().filter(|own| is_published_on(here, own, on)) {
            for client in clients(here, fib, own) {
                ways.extend(to_and_fro(here, bridge, container, (address, published, port), own, client));
            }
        }
    }
    ways
}

fn is_published_on(here: &Here, own: &Address, on: IpAddr) -> bool {
    let address = own.address.addr();
    let asked = if on.is_unspecified() { on.is_ipv4() == address.is_ipv4() } else { on == address };
    let usable = own.scope == "global" && !own.unusable && !own.temporary;
    asked && usable && here.link(own.link).is_some_and(|link| link.up && here.is_real(link))
}

/// Who may ask there: a neighbour, and the world where this host answers it by that link.
fn clients(here: &Here, fib: &Fib, own: &Address) -> Vec<IpAddr> {
    let address = own.address.addr();
    let by_this_link = |client: &IpAddr| {
        let back = fib.lookup(&Query { source: Some(address), ..Query::to(*client) });
        back.is_unicast() && back.link() == Some(own.link)
    };
    let neighbour = vacant(here, own.address.trunc());
    let mut clients: Vec<IpAddr> = neighbour.into_iter().chain([outside(Family::of(address))]).collect();
    clients.retain(by_this_link);
    clients
}

fn to_and_fro(
    here: &Here,
    bridge: &Bridge,
    container: &Container,
    (address, published, port): (IpAddr, &Published, u16),
    own: &Address,
    client: IpAddr,
) -> Vec<Way> {
    let protocol = match published.protocol.as_str() {
        "udp" => UDP,
        "sctp" => SCTP,
        _ => TCP,
    };
    let uplink = here.name(own.link);
    let flow = Flow {
        from: Origin::Link { link: uplink.clone(), source: client },
        destination: own.address.addr(),
        protocol,
        source_port: Some(EPHEMERAL),
        destination_port: Some(port),
    };
    let asked = Query {
        protocol,
        source_port: Some(EPHEMERAL),
        destination_port: Some(published.container_port),
        ..Query::forwarded(client, address, &uplink)
    };
    let answer = Query {
        protocol,
        source_port: Some(published.container_port),
        destination_port: Some(EPHEMERAL),
        ..Query::forwarded(address, client, &bridge.link_name)
    };
    let way = |kind, query| Way {
        kind,
        query,
        flow: flow.clone(),
        link: Some(uplink.clone()),
        who: Some(container.name.clone()),
    };
    // Whom a whole table of the network's own sends elsewhere may still be asked by its neighbours: that is what counts.
    let near = own.address.trunc().contains(&client);
    let alone = vacant(here, own.address.trunc()).is_none();
    let mut ways = vec![way(Kind::Asked, asked)];
    if near || alone {
        ways.push(way(Kind::Answer, answer));
    }
    ways
}

/// An address of the prefix that is none of this host's, behind the first, which a gateway mostly has.
fn vacant(here: &Here, prefix: IpNet) -> Option<IpAddr> {
    let own = |address: &IpAddr| here.addresses.iter().any(|own| own.address.addr() == *address);
    let mut hosts = prefix.hosts().skip(1).take(16).filter(|address| !own(address));
    hosts.next().filter(|_| prefix.prefix_len() < prefix.max_prefix_len())
}
