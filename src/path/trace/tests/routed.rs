//! What comes in by a link, or goes from a container to elsewhere.

use super::super::fixture::*;
use super::super::{Verdict, Way};
use crate::host::{Address, AttachedProgram, Fact, NextHop, Route, RouteKind};
use crate::path::fib::fixture::{add_routes, address, ip, of_kind, route};

#[test]
fn a_container_reaches_the_world_and_is_answered() {
    let host = host("web1", 5);
    let trace = traced(&host, &tcp(from_container("172.17.0.2", "docker0"), "198.51.100.7", 443));
    assert_eq!(trace.verdict, Verdict::Forwarded);
    assert_eq!(told(&trace, Way::Request), ["route: via 10.0.0.254 dev eth0"]);
    assert_eq!(told(&trace, Way::Reply), ["route: dev docker0"]);
    let arrival = trace.arrives.expect("it arrives");
    assert_eq!((arrival.link.as_deref(), arrival.via), (Some("eth0"), Some(ip("10.0.0.254"))));
}

#[test]
fn the_source_seen_outside_is_that_of_the_masquerade() {
    let mut host = host("web1", 5);
    nat(&mut host, &["-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"]);
    let trace = traced(&host, &tcp(from_container("172.17.0.2", "docker0"), "198.51.100.7", 443));
    assert_eq!((trace.verdict, seen_source(&trace)), (Verdict::Forwarded, Some(ip("10.0.0.5"))));
    assert_eq!(told(&trace, Way::Reply), ["route: dev docker0"]);
}

#[test]
fn a_policy_that_drops_is_named() {
    let mut host = host("web1", 5);
    table(
        &mut host,
        "filter",
        &[
            ":INPUT ACCEPT",
            ":FORWARD DROP",
            ":OUTPUT ACCEPT",
            ":DOCKER-USER -",
            "-A FORWARD -j DOCKER-USER",
            "-A FORWARD -i docker0 ! -o docker0 -j ACCEPT",
            "-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            "-A DOCKER-USER -j RETURN",
        ],
    );
    let out = tcp(from_container("172.17.0.2", "docker0"), "198.51.100.7", 443);
    assert_eq!(verdict(&host, &out), Verdict::Forwarded);
    let trace = traced(&host, &tcp(from_link("10.0.0.9", "eth0"), "172.17.0.2", 80));
    assert_eq!(trace.verdict, Verdict::Dropped);
    let end = trace.end.clone().expect("an end");
    assert_eq!((end.way, trace.hops[end.hop].rule.as_deref()), (Way::Request, Some("-P FORWARD DROP")));
    let by = end.by.expect("a policy");
    assert_eq!((by.table.as_str(), by.chain.as_str(), by.rule), ("filter", "FORWARD", None));
    assert_eq!(told(&trace, Way::Request), ["route: dev docker0", "filter/FORWARD: dropped"]);
}

#[test]
fn jumps_are_told_where_they_lead_to_something() {
    let mut host = host("web1", 5);
    table(
        &mut host,
        "filter",
        &[
            ":INPUT ACCEPT",
            ":FORWARD ACCEPT",
            ":OUTPUT ACCEPT",
            ":IDLE -",
            ":DOCKER-USER -",
            "-A FORWARD -j IDLE",
            "-A FORWARD -j DOCKER-USER",
            "-A DOCKER-USER -j IDLE",
            "-A DOCKER-USER -s 10.0.0.9/32 -j DROP",
            "-A IDLE -j RETURN",
        ],
    );
    let trace = traced(&host, &tcp(from_link("10.0.0.9", "eth0"), "172.17.0.2", 80));
    assert_eq!(
        told(&trace, Way::Request),
        ["route: dev docker0", "filter/FORWARD: goes into DOCKER-USER", "filter/DOCKER-USER: dropped"]
    );
    let by = trace.end.and_then(|end| end.by).expect("a rule");
    assert_eq!((by.chain.as_str(), by.base.as_str(), by.position), ("DOCKER-USER", "FORWARD", Some(1)));
}

#[test]
fn a_reply_that_does_not_come_back_is_the_verdict() {
    let mut host = host("web1", 5);
    table(&mut host, "filter", &[":INPUT ACCEPT", ":FORWARD ACCEPT", ":OUTPUT ACCEPT", "-A FORWARD -i eth0 -j DROP"]);
    let trace = traced(&host, &tcp(from_container("172.17.0.2", "docker0"), "198.51.100.7", 443));
    assert_eq!(trace.verdict, Verdict::Dropped);
    assert_eq!(trace.end.map(|end| end.way), Some(Way::Reply));
    assert!(trace.arrives.is_some());
}

#[test]
fn forwarding_counts_on_the_link_of_arrival() {
    let mut host = host("web1", 5);
    set(&mut host, "net.ipv4.conf.eth0.forwarding", "0");
    let into = tcp(from_link("10.0.0.9", "eth0"), "172.17.0.2", 80);
    let trace = traced(&host, &into);
    assert_eq!((trace.verdict, trace.hops.last().map(|hop| hop.at.as_str())), (Verdict::Dropped, Some("forwarding")));
    // To this host itself it does not matter.
    assert_eq!(verdict(&host, &tcp(from_link("10.0.0.9", "eth0"), "172.17.0.1", 80)), Verdict::Delivered);
    host.sysctls = Fact::NotCollected;
    assert_eq!(verdict(&host, &into), Verdict::Undetermined);
}

#[test]
fn a_source_that_belongs_elsewhere_ends_at_rp_filter() {
    let mut host = host("web1", 5);
    set(&mut host, "net.ipv4.conf.eth0.rp_filter", "1");
    let trace = traced(&host, &tcp(from_link("172.18.0.9", "eth0"), "172.17.0.2", 80));
    let hop = trace.hops.last().expect("a hop");
    assert_eq!((trace.verdict, hop.at.as_str()), (Verdict::Dropped, "rp_filter"));
    assert_eq!(hop.rule.as_deref(), Some("172.18.0.0/16 dev br-web"));
}

#[test]
fn routes_that_refuse_are_unroutable() {
    let mut host = host("web1", 5);
    add_routes(&mut host, vec![of_kind(RouteKind::Unreachable, "192.0.2.0/24")]);
    let trace = traced(&host, &tcp(from_container("172.17.0.2", "docker0"), "192.0.2.1", 80));
    assert_eq!((trace.verdict, trace.hops[0].rule.as_deref()), (Verdict::Unroutable, Some("unreachable 192.0.2.0/24")));
}

#[test]
fn the_reply_of_a_published_port_that_is_led_elsewhere_does_not_arrive() {
    let mut host = host("web1", 5);
    // The network of the client is hidden by a bridge's.
    add_routes(&mut host, vec![route("10.0.0.8/29", None, 4)]);
    let trace = traced(&host, &tcp(from_link("10.0.0.9", "eth0"), "172.17.0.2", 80));
    assert_eq!(trace.verdict, Verdict::Unroutable);
    assert_eq!(trace.end.map(|end| end.way), Some(Way::Reply));
}

#[test]
fn a_program_on_the_way_leaves_it_open_and_one_elsewhere_does_not() {
    let mut host = host("web1", 5);
    let program = |link: &str| AttachedProgram { link: link.to_owned(), at: "xdp".to_owned(), name: "lb".to_owned() };
    host.firewall.programs = Fact::known(vec![program("eth0")]);
    let from_outside = tcp(from_link("10.0.0.9", "eth0"), "172.17.0.2", 80);
    let trace = traced(&host, &from_outside);
    assert_eq!((trace.verdict, trace.undecided.len()), (Verdict::Undetermined, 1));
    assert!(trace.undecided[0].en.contains("eBPF program on eth0 sees the packet (xdp, lb)"));
    host.firewall.programs = Fact::known(vec![program("br-web")]);
    assert_eq!(verdict(&host, &from_outside), Verdict::Delivered);
}

#[test]
fn rules_that_were_not_seen_leave_it_open_and_the_route_is_told() {
    let mut host = host("web1", 5);
    host.firewall = Default::default();
    let trace = traced(&host, &tcp(from_container("172.17.0.2", "docker0"), "198.51.100.7", 443));
    assert_eq!(trace.verdict, Verdict::Undetermined);
    assert_eq!(told(&trace, Way::Request), ["route: via 10.0.0.254 dev eth0"]);
}

#[test]
fn of_several_hops_each_must_come_to_the_same() {
    let mut host = host("web1", 5);
    let via = |gateway: &str, link: u32| NextHop { via: Some(ip(gateway)), link: Some(link), ..NextHop::default() };
    let both = Route { next_hops: vec![via("10.0.0.7", 2), via("172.18.0.9", 4)], ..route("192.0.2.0/24", None, 2) };
    add_routes(&mut host, vec![both]);
    let flow = tcp(from_container("172.17.0.2", "docker0"), "192.0.2.1", 80);
    assert_eq!(verdict(&host, &flow), Verdict::Forwarded);
    table(&mut host, "filter", &[":FORWARD ACCEPT", "-A FORWARD -i docker0 -o br-web -j DROP"]);
    let trace = traced(&host, &flow);
    assert_eq!((trace.verdict, trace.undecided.len()), (Verdict::Undetermined, 1));
}

#[test]
fn a_tentative_address_of_a_bridge_is_routed_to_like_its_neighbours_and_answered_by_nobody() {
    let mut host = host("web1", 5);
    add_routes(&mut host, vec![route("fd00:1::/64", None, 3)]);
    let Fact::Known { value: addresses, .. } = &mut host.addresses else { panic!("known") };
    addresses.push(Address { unusable: true, ..address(3, "fd00:1::1/64") });
    let trace = traced(&host, &tcp(from_link("2001:db8::9", "eth0"), "fd00:1::1", 80));
    assert_eq!(trace.verdict, Verdict::Dropped);
    let hops: Vec<&str> = trace.hops.iter().map(|hop| hop.at.as_str()).collect();
    assert_eq!(hops, ["route", "neighbour"]);
    assert_ne!(verdict(&host, &tcp(from_link("2001:db8::9", "eth0"), "fd00:1::2", 80)), Verdict::Dropped);
}

#[test]
fn a_deprecated_address_is_answered_for() {
    let mut host = host("web1", 5);
    let own = Route { table: 255, kind: RouteKind::Local, ..route("fd00:1::1/128", None, 3) };
    add_routes(&mut host, vec![route("fd00:1::/64", None, 3), own, route("::/0", Some("fe80::1"), 2)]);
    let Fact::Known { value: addresses, .. } = &mut host.addresses else { panic!("known") };
    addresses.push(Address { unusable: true, deprecated: true, ..address(3, "fd00:1::1/64") });
    assert_eq!(verdict(&host, &tcp(from_link("2001:db8::9", "eth0"), "fd00:1::1", 80)), Verdict::Delivered);
}
