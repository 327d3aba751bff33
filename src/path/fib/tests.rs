use std::net::IpAddr;

use super::{Fib, Query, Verdict};
use crate::host::{Address, Fact, Family, Link, NextHop, Route, RouteKind, Rule, Scope, Snapshot};

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn route(destination: &str, via: Option<&str>, link: u32) -> Route {
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

fn link(index: u32, name: &str) -> Link {
    Link { index, name: name.to_owned(), up: true, carrier: true, loopback: index == 1, ..Link::default() }
}

fn address(link: u32, address: &str) -> Address {
    Address {
        link,
        address: address.parse().expect("an address"),
        peer: None,
        scope: "global".to_owned(),
        unusable: false,
        secondary: false,
        deprecated: false,
        temporary: false,
    }
}

fn local(link: u32, address: &str) -> Route {
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
fn host() -> Snapshot {
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

#[test]
fn the_longest_prefix_wins_and_the_source_is_that_of_the_link() {
    let host = host();
    let fib = Fib::new(&host).expect("all facts");
    let found = fib.lookup(&Query::to(ip("8.8.8.8")));
    assert_eq!((found.link(), found.gateway(), found.source), (Some(2), Some(ip("10.0.0.1")), Some(ip("10.0.0.5"))));
    assert_eq!(fib.lookup(&Query::to(ip("172.17.0.9"))).link(), Some(3));
    assert_eq!(fib.lookup(&Query::to(ip("10.0.0.5"))).verdict, Verdict::Local);
}

#[test]
fn docker0_hides_a_corporate_route_and_without_it_the_route_shows() {
    let mut host = host();
    if let Fact::Known { value, .. } = &mut host.routes {
        value.push(route("172.16.0.0/12", Some("10.0.0.254"), 2));
    }
    let fib = Fib::new(&host).expect("all facts");
    assert_eq!(fib.lookup(&Query::to(ip("172.17.5.5"))).link(), Some(3));
    let without = fib.without_link(3);
    let found = without.lookup(&Query::to(ip("172.17.5.5")));
    assert_eq!((found.link(), found.gateway()), (Some(2), Some(ip("10.0.0.254"))));
    assert_eq!(without.lookup(&Query::to(ip("172.17.0.1"))).verdict, Verdict::Unicast);
}
