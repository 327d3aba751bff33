//! Routes of every table.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::networks::Owned;
use super::{Gathering, Kind, Occupied, is_taken_space};
use crate::host::{Family, NextHop, Route, RouteKind, table_name};

/// Everything that a route of some table claims, but for default routes, the kernel's own entries, and routes that only repeat what a
/// network or an address of this host says already.
pub fn routes(gathering: &mut Gathering, owned: &Owned) {
    let host = gathering.host;
    let Some(routes) = gathering.seen("routes", &host.routes) else { return };
    let links = host.links.ok().map_or(&[][..], Vec::as_slice);
    let names: BTreeMap<u32, &str> = links.iter().map(|link| (link.index, link.name.as_str())).collect();
    let halves = halves(routes);
    let claims = routes.iter().filter(|route| is_claim(route, &halves) && !is_repetition(route, owned));
    gathering.found.extend(claims.map(|route| Occupied {
        host: host.name.clone(),
        prefix: route.destination.trunc(),
        owner: words(route, &names),
        kind: Kind::Route,
        live: false,
        dead: is_dead(route),
    }));
}

/// The tables in which `0.0.0.0/1` and `128.0.0.0/1` (or `::/1` and `8000::/1`) stand together for a default route, as `redirect-gateway def1`
/// of OpenVPN makes them. One of them alone is a route.
fn halves(routes: &[Route]) -> BTreeSet<(Family, u32)> {
    let half = |route: &&Route, upper: bool| {
        let is_upper = match route.destination.network() {
            IpAddr::V4(address) => !address.is_unspecified(),
            IpAddr::V6(address) => !address.is_unspecified(),
        };
        route.is_half_default() && is_upper == upper
    };
    let tables = |upper: bool| -> BTreeSet<(Family, u32)> {
        routes.iter().filter(|route| half(route, upper)).map(|route| (route.family(), route.table)).collect()
    };
    tables(false).intersection(&tables(true)).copied().collect()
}

/// Whether a route says that somebody is behind its destination, or that nobody shall be. `throw` says neither: the lookup goes on with the
/// next rule (ip-route(8)).
fn is_claim(route: &Route, halves: &BTreeSet<(Family, u32)>) -> bool {
    let counts = match route.kind {
        RouteKind::Broadcast | RouteKind::Anycast | RouteKind::Multicast | RouteKind::Throw => false,
        // The kernel has one for each address of this host (protocol 2); others are an admin's, for whole prefixes (AnyIP).
        RouteKind::Local => route.protocol != 2,
        _ => true,
    };
    let default = route.is_default() || (route.is_half_default() && halves.contains(&(route.family(), route.table)));
    // `::/n` and `0.0.0.0/n` have an unspecified network and are claims all the same.
    let first = route.destination.network();
    counts && !default && (first.is_unspecified() || is_taken_space(first))
}

/// The connected route of an address, or of a network that has this very prefix.
fn is_repetition(route: &Route, owned: &Owned) -> bool {
    let [hop] = route.next_hops.as_slice() else { return false };
    let Some(link) = hop.link.filter(|_| hop.via.is_none() && route.kind == RouteKind::Unicast) else { return false };
    let prefix = route.destination.trunc();
    owned.is_network(prefix) || owned.is_connected(link, prefix)
}

fn is_dead(route: &Route) -> bool {
    let lost = |hop: &NextHop| hop.dead || hop.linkdown;
    matches!(route.kind, RouteKind::Blackhole | RouteKind::Unreachable | RouteKind::Prohibit)
        || (!route.next_hops.is_empty() && route.next_hops.iter().all(lost))
}

/// The route as `ip route` prints it, with its table if that is not main: `10.0.0.0/8 via 10.171.223.247 dev eth0 table 100`.
fn words(route: &Route, names: &BTreeMap<u32, &str>) -> String {
    let mut words = String::new();
    if route.kind != RouteKind::Unicast {
        words = format!("{} ", route.kind.word());
    }
    words += &route.destination.to_string();
    if let Some(from) = route.from {
        words += &format!(" from {from}");
    }
    let several = route.next_hops.len() > 1;
    for hop in &route.next_hops {
        if several {
            words += " nexthop";
        }
        words += &hop_words(hop, route.family(), names);
    }
    if route.table != 254 {
        words += &format!(" table {}", table_name(route.table));
    }
    words
}

fn hop_words(hop: &NextHop, family: Family, names: &BTreeMap<u32, &str>) -> String {
    let mut words = match hop.via {
        Some(via) if Family::of(via) == family => format!(" via {via}"),
        Some(via) if via.is_ipv4() => format!(" via inet {via}"),
        Some(via) => format!(" via inet6 {via}"),
        None => String::new(),
    };
    if let Some(link) = hop.link {
        words += " dev ";
        match names.get(&link) {
            Some(name) => words += name,
            None => words += &format!("if{link}"),
        }
    }
    words
}
