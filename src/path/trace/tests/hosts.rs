//! Over several hosts.

use super::super::fixture::*;
use super::super::{Flow, Trace, Tracer, Verdict, Way, across};
use crate::host::{Fact, Snapshot};
use crate::path::fib::fixture::{add_routes, address, ip, link, local, route};

/// Two hosts on one network: web1's containers in 172.17.0.0/16, web2's in 172.20.0.0/16; each routes to the other's.
fn pair() -> (Snapshot, Snapshot) {
    let mut one = host("web1", 5);
    let mut two = host("web2", 6);
    if let (Fact::Known { value: addresses, .. }, Fact::Known { value: routes, .. }) =
        (&mut two.addresses, &mut two.routes)
    {
        addresses.retain(|address| address.link != 3);
        addresses.push(address(3, "172.20.0.1/16"));
        routes.retain(|route| route.next_hops.iter().all(|hop| hop.link != Some(3)));
        routes.extend([local(3, "172.20.0.1"), route("172.20.0.0/16", None, 3)]);
        routes.push(route("172.17.0.0/16", Some("10.0.0.5"), 2));
    }
    add_routes(&mut one, vec![route("172.20.0.0/16", Some("10.0.0.6"), 2)]);
    (one, two)
}

fn over(hosts: &[&Snapshot], flow: &Flow) -> Trace {
    let tracers: Vec<Tracer> = hosts.iter().map(|host| Tracer::new(host).expect("all facts")).collect();
    across(&tracers, 0, flow)
}

#[test]
fn containers_of_two_hosts_reach_each_other() {
    let (one, two) = pair();
    let trace = over(&[&one, &two], &tcp(from_container("172.17.0.2", "docker0"), "172.20.0.2", 80));
    assert_eq!(trace.verdict, Verdict::Delivered);
    let hosts: Vec<(usize, Way)> = trace.hops.iter().map(|hop| (hop.host, hop.way)).collect();
    assert_eq!(hosts, [(0, Way::Request), (1, Way::Request), (1, Way::Reply), (0, Way::Reply)]);
    assert_eq!(seen_source(&trace), Some(ip("172.17.0.2")));
}

#[test]
fn the_second_hosts_policy_ends_it() {
    let (one, mut two) = pair();
    table(&mut two, "filter", &[":INPUT ACCEPT", ":FORWARD DROP", ":OUTPUT ACCEPT"]);
    let trace = over(&[&one, &two], &tcp(from_container("172.17.0.2", "docker0"), "172.20.0.2", 80));
    assert_eq!(trace.verdict, Verdict::Dropped);
    assert_eq!(trace.end.map(|end| trace.hops[end.hop].host), Some(1));
}

#[test]
fn the_sender_masquerades_and_the_reply_finds_back() {
    let (mut one, mut two) = pair();
    nat(&mut one, &["-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"]);
    table(
        &mut two,
        "filter",
        &[
            ":INPUT ACCEPT",
            ":FORWARD DROP",
            ":OUTPUT ACCEPT",
            "-A FORWARD -s 10.0.0.5/32 -o docker0 -j ACCEPT",
            "-A FORWARD -i docker0 -m conntrack --ctstate ESTABLISHED -j ACCEPT",
        ],
    );
    let trace = over(&[&one, &two], &tcp(from_container("172.17.0.2", "docker0"), "172.20.0.2", 80));
    assert_eq!((trace.verdict, seen_source(&trace)), (Verdict::Delivered, Some(ip("10.0.0.5"))));
}

#[test]
fn a_missing_route_on_the_way_back_is_seen() {
    let (one, mut two) = pair();
    if let Fact::Known { value, .. } = &mut two.routes {
        value.retain(|route| route.destination != "172.17.0.0/16".parse().expect("a prefix"));
    }
    // The reply goes to web2's default gateway, which nobody here knows.
    let trace = over(&[&one, &two], &tcp(from_container("172.17.0.2", "docker0"), "172.20.0.2", 80));
    assert_eq!(trace.verdict, Verdict::Undetermined);
    assert_eq!(trace.arrives.and_then(|arrival| arrival.link).as_deref(), Some("docker0"));
}

#[test]
fn without_a_route_it_leaves_for_whoever_the_gateway_is() {
    let (mut one, two) = pair();
    if let Fact::Known { value, .. } = &mut one.routes {
        value.retain(|route| route.destination != "172.20.0.0/16".parse().expect("a prefix"));
    }
    let trace = over(&[&one, &two], &tcp(from_container("172.17.0.2", "docker0"), "172.20.0.2", 80));
    assert_eq!(trace.verdict, Verdict::Forwarded);
    assert_eq!(trace.arrives.and_then(|arrival| arrival.via), Some(ip("10.0.0.254")));
}

#[test]
fn two_hosts_that_send_it_to_each_other_are_a_circle() {
    let (mut one, mut two) = pair();
    add_routes(&mut one, vec![route("192.0.2.0/24", Some("10.0.0.6"), 2)]);
    add_routes(&mut two, vec![route("192.0.2.0/24", Some("10.0.0.5"), 2)]);
    let lost = tcp(from_container("172.17.0.2", "docker0"), "192.0.2.1", 80);
    assert_eq!(over(&[&one, &two], &lost).verdict, Verdict::Unroutable);
    // What web1 sends itself it does not take back.
    assert_eq!(over(&[&one, &two], &tcp(from_here(), "192.0.2.1", 80)).verdict, Verdict::Dropped);
}

#[test]
fn routers_between_are_taken_to_know_the_hosts_own_addresses() {
    let (one, mut two) = pair();
    if let (Fact::Known { value: links, .. }, Fact::Known { value: addresses, .. }, Fact::Known { value: routes, .. }) =
        (&mut two.links, &mut two.addresses, &mut two.routes)
    {
        links.push(link(30, "eth1"));
        addresses.push(address(30, "10.7.0.6/24"));
        routes.extend([local(30, "10.7.0.6"), route("10.7.0.0/24", None, 30)]);
    }
    let trace = over(&[&one, &two], &tcp(from_here(), "10.7.0.6", 22));
    assert_eq!((trace.verdict, trace.hops.last().map(|hop| hop.host)), (Verdict::Delivered, Some(0)));
}
