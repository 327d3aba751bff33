//! Routes of every table.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::networks::Owned;
use super::split::split;
use super::{Gathering, Kind, Occupied, is_taken_space};
use crate::host::{Family, Link, NextHop, Route, RouteKind, RouteOwner, Snapshot, table_name};

/// Everything that a route of some table claims, but for default routes, the kernel's own entries, and routes that only repeat what a
/// network or an address of this host says already.
pub fn routes(gathering: &mut Gathering, owned: &Owned) {
    let host = gathering.host;
    let names = Names::new(host);
    let push = |gathering: &mut Gathering, prefix: IpNet, owner: String, dead: bool| {
        let host = host.name.clone();
        gathering.found.push(Occupied { host, prefix, owner, kind: Kind::Route, live: false, dead });
    };
    if let Some(ranges) = host.route_ranges.ok() {
        let wide = ranges.groups.iter().filter(|group| group.owner.prefix_len == 1);
        let halves = halves(wide.flat_map(|group| group.prefixes().map(|prefix| (prefix, group.owner.table))));
        for group in split(ranges).0 {
            for prefix in group.prefixes().filter(|prefix| !is_default(*prefix, group.owner.table, &halves)) {
                let hop = hop(&group.owner);
                if !is_repetition(prefix, group.owner.kind, std::slice::from_ref(&hop), owned) {
                    let dead = group.owner.lost || leads_nowhere(group.owner.kind);
                    push(gathering, prefix, group_words(prefix, &group.owner, &names), dead);
                }
            }
        }
        return;
    }
    let Some(routes) = gathering.seen("routes", &host.routes) else { return };
    let halves = halves(routes.iter().map(|route| (route.destination, route.table)));
    for route in routes {
        let prefix = route.destination.trunc();
        if is_claim(route.kind, route.protocol, prefix)
            && !is_default(prefix, route.table, &halves)
            && !is_repetition(prefix, route.kind, &route.next_hops, owned)
        {
            push(gathering, prefix, route_words(route, &names), is_dead(route));
        }
    }
}

/// The tables in which `0.0.0.0/1` and `128.0.0.0/1` (or `::/1` and `8000::/1`) stand together for a default route, as `redirect-gateway def1`
/// of OpenVPN makes them. One of them alone is a route.
fn halves(routes: impl Iterator<Item = (IpNet, u32)>) -> BTreeSet<(Family, u32)> {
    let (mut lower, mut upper) = (BTreeSet::new(), BTreeSet::new());
    for (prefix, table) in routes.filter(|(prefix, _)| prefix.prefix_len() == 1) {
        let half = if prefix.network().is_unspecified() { &mut lower } else { &mut upper };
        half.insert((Family::of(prefix.addr()), table));
    }
    lower.intersection(&upper).copied().collect()
}

fn is_default(prefix: IpNet, table: u32, halves: &BTreeSet<(Family, u32)>) -> bool {
    prefix.prefix_len() == 0 || (prefix.prefix_len() == 1 && halves.contains(&(Family::of(prefix.addr()), table)))
}

/// Whether a route says that somebody is behind its destination, or that nobody shall be. `throw` says neither: the lookup goes on with the
/// next rule (ip-route(8)).
fn is_claim(kind: RouteKind, protocol: u8, prefix: IpNet) -> bool {
    // `0.0.0.0/n` and `::/n` begin with an address that is nobody's and are claims all the same.
    let first = prefix.network();
    counts(kind, protocol) && (first.is_unspecified() || is_taken_space(first))
}

pub fn counts(kind: RouteKind, protocol: u8) -> bool {
    match kind {
        RouteKind::Broadcast | RouteKind::Anycast | RouteKind::Multicast | RouteKind::Throw => false,
        // The kernel has one for each address of this host (protocol 2); others are an admin's, for whole prefixes (AnyIP).
        RouteKind::Local => protocol != 2,
        _ => true,
    }
}

/// The connected route of an address, or of a network that has this very prefix.
fn is_repetition(prefix: IpNet, kind: RouteKind, hops: &[NextHop], owned: &Owned) -> bool {
    let [hop] = hops else { return false };
    let Some(link) = hop.link.filter(|_| hop.via.is_none() && kind == RouteKind::Unicast) else { return false };
    owned.is_network(prefix) || owned.is_connected(link, prefix)
}

fn leads_nowhere(kind: RouteKind) -> bool {
    matches!(kind, RouteKind::Blackhole | RouteKind::Unreachable | RouteKind::Prohibit)
}

fn is_dead(route: &Route) -> bool {
    let lost = |hop: &NextHop| hop.dead || hop.linkdown;
    leads_nowhere(route.kind) || (!route.next_hops.is_empty() && route.next_hops.iter().all(lost))
}

/// Names of links by their index.
pub struct Names<'a>(BTreeMap<u32, &'a str>);

impl<'a> Names<'a> {
    pub fn new(host: &'a Snapshot) -> Self {
        let name = |link: &'a Link| (link.index, link.name.as_str());
        Names(host.links.ok().into_iter().flatten().map(name).collect())
    }

    pub fn of(&self, link: u32) -> String {
        self.0.get(&link).map_or_else(|| format!("if{link}"), |name| (*name).to_owned())
    }
}

/// The route as `ip route` prints it, with its table if that is not main: `10.0.0.0/8 via 10.171.223.247 dev eth0 table 100`.
fn route_words(route: &Route, names: &Names) -> String {
    let from = route.from.map(|from| format!(" from {from}")).unwrap_or_default();
    let before = if route.next_hops.len() > 1 { " nexthop" } else { "" };
    let hop = |hop: &NextHop| format!("{before}{}", hop_words(hop, route.family(), names));
    let hops: String = route.next_hops.iter().map(hop).collect();
    words(route.kind, route.destination.trunc(), &(from + &hops), route.table)
}

/// A route of a group in the same words; of several hops the first is known.
pub fn group_words(prefix: IpNet, owner: &RouteOwner, names: &Names) -> String {
    let hop = hop_words(&hop(owner), owner.family, names);
    let hops = if owner.several { format!(" nexthop{hop} …") } else { hop };
    words(owner.kind, prefix, &hops, owner.table)
}

fn words(kind: RouteKind, prefix: IpNet, hops: &str, table: u32) -> String {
    let kind = if kind == RouteKind::Unicast { String::new() } else { format!("{} ", kind.word()) };
    let table = if table == 254 { String::new() } else { format!(" table {}", table_name(table)) };
    format!("{kind}{prefix}{hops}{table}")
}

fn hop(owner: &RouteOwner) -> NextHop {
    NextHop { via: owner.via, link: owner.link, ..NextHop::default() }
}

fn hop_words(hop: &NextHop, family: Family, names: &Names) -> String {
    let via = match hop.via {
        Some(via) if Family::of(via) == family => format!(" via {via}"),
        Some(via) if via.is_ipv4() => format!(" via inet {via}"),
        Some(via) => format!(" via inet6 {via}"),
        None => String::new(),
    };
    let dev = hop.link.map(|link| format!(" dev {}", names.of(link))).unwrap_or_default();
    via + &dev
}
