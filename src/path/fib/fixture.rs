//! Hosts written by hand, for the tests of this module.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Fib, Lookup, Query};
use crate::host::{Address, Fact, Family, Link, NextHop, Route, RouteKind, Rule, Scope, Snapshot};

pub fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

pub fn route(destination: &str, via: Option<&str>, link: u32) -> Route {
    Route {
        destination: destination.parse().expect("a prefix"),
        table: 254,
        kind: RouteKind::Unicast,
        scope: if via.is_some() { Scope::Global } else { Scope::Link },
        protocol: 3,
        metric: 0,
        tos: 0,
        from: None,
        source: None,
        next_hops: vec![NextHop { via: via.map(ip), link: Some(link), weight: 1, ..NextHop::default() }],
        next_hop_object: None,
        mtu: None,
        preference: 0,
    }
}

pub fn link(index: u32, name: &str) -> Link {
    Link { index, name: name.to_owned(), up: true, carrier: true, loopback: index == 1, ..Link::default() }
}

pub fn address(link: u32, address: &str) -> Address {
    Address {
        link,
        address: address.parse().expect("an address"),
        peer: None,
        scope: if link == 1 { "host" } else { "global" }.to_owned(),
        unusable: false,
        secondary: false,
        deprecated: false,
        temporary: false,
    }
}

pub fn local(link: u32, address: &str) -> Route {
    Route {
        table: 255,
        kind: RouteKind::Local,
        scope: Scope::Host,
        protocol: 2,
        source: Some(ip(address)),
        ..route(&format!("{address}/32"), None, link)
    }
}

/// eth0 10.0.0.5/24, default via 10.0.0.1, docker0 172.17.0.1/16.
pub fn host() -> Snapshot {
    let mut host = Snapshot::empty("web1");
    host.links = Fact::known(vec![link(1, "lo"), link(2, "eth0"), link(3, "docker0")]);
    host.addresses =
        Fact::known(vec![address(1, "127.0.0.1/8"), address(2, "10.0.0.5/24"), address(3, "172.17.0.1/16")]);
    host.rules = Fact::known(vec![
        Rule::kernel(Family::V4, 0, 255),
        Rule::kernel(Family::V4, 32766, 254),
        Rule::kernel(Family::V4, 32767, 253),
        Rule::kernel(Family::V6, 0, 255),
        Rule::kernel(Family::V6, 32766, 254),
    ]);
    host.routes = Fact::known(vec![
        local(2, "10.0.0.5"),
        local(3, "172.17.0.1"),
        route("0.0.0.0/0", Some("10.0.0.1"), 2),
        route("10.0.0.0/24", None, 2),
        route("172.17.0.0/16", None, 3),
    ]);
    host
}

pub fn add_routes(host: &mut Snapshot, more: Vec<Route>) {
    if let Fact::Known { value, .. } = &mut host.routes {
        value.extend(more);
    }
}

pub fn add_links(host: &mut Snapshot, more: Vec<Link>) {
    if let Fact::Known { value, .. } = &mut host.links {
        value.extend(more);
    }
}

pub fn add_rules(host: &mut Snapshot, more: Vec<Rule>) {
    if let Fact::Known { value, .. } = &mut host.rules {
        value.extend(more);
    }
}

pub fn in_table(table: u32, route: Route) -> Route {
    Route { table, ..route }
}

pub fn of_kind(kind: RouteKind, destination: &str) -> Route {
    Route { kind, next_hops: Vec::new(), ..route(destination, None, 0) }
}

pub fn rule(priority: u32, table: u32) -> Rule {
    Rule { protocol: 0, ..Rule::kernel(Family::V4, priority, table) }
}

pub fn sysctls(host: &mut Snapshot, all: &[(&str, &str)]) {
    let all: BTreeMap<String, String> =
        all.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    host.sysctls = Fact::known(all);
}

pub fn look<'a>(host: &'a Snapshot, query: &Query) -> Lookup<'a> {
    Fib::new(host).expect("all facts").lookup(query)
}

pub fn link_to(host: &Snapshot, destination: &str) -> Option<u32> {
    look(host, &Query::to(ip(destination))).link()
}
