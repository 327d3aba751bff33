//! What this host sends, and what it is sent.

use super::super::fixture::*;
use super::super::{Flow, Origin, Verdict, Way};
use crate::host::{Container, Fact, Published, RouteKind, Socket, SocketState, Transport};
use crate::path::fib::fixture::{add_routes, add_rules, in_table, ip, of_kind, route, rule};

#[test]
fn the_kernel_chooses_the_source_and_the_container_answers() {
    let host = host("web1", 5);
    let trace = traced(&host, &tcp(from_here(), "172.17.0.2", 80));
    assert_eq!((trace.verdict, seen_source(&trace)), (Verdict::Delivered, Some(ip("172.17.0.1"))));
    assert_eq!(told(&trace, Way::Request), ["route: dev docker0 src 172.17.0.1"]);
    assert_eq!(told(&trace, Way::Reply), ["route: to this host"]);
}

#[test]
fn own_addresses_are_reached_by_the_loopback() {
    let mut host = host("web1", 5);
    table(&mut host, "filter", &[":INPUT DROP", ":FORWARD ACCEPT", ":OUTPUT ACCEPT", "-A INPUT -i lo -j ACCEPT"]);
    let trace = traced(&host, &tcp(from_here(), "10.0.0.5", 80));
    assert_eq!((trace.verdict, seen_source(&trace)), (Verdict::Delivered, Some(ip("10.0.0.5"))));
    assert_eq!(verdict(&host, &tcp(from_link("10.0.0.9", "eth0"), "10.0.0.5", 80)), Verdict::Dropped);
}

#[test]
fn a_published_port_is_reached_from_here_by_a_second_lookup() {
    let mut host = host("web1", 5);
    nat(
        &mut host,
        &[
            ":DOCKER -",
            "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
            "-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
            "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80",
        ],
    );
    let trace = traced(&host, &tcp(from_here(), "10.0.0.5", 8080));
    assert_eq!(trace.verdict, Verdict::Delivered);
    assert_eq!(
        told(&trace, Way::Request),
        [
            "route: to this host src 10.0.0.5",
            "nat/OUTPUT: goes into DOCKER",
            "nat/DOCKER: destination becomes 172.17.0.2:80",
            "route: dev docker0"
        ]
    );
    let arrival = trace.arrives.expect("it arrives");
    assert_eq!((arrival.link.as_deref(), arrival.packet.destination_port), (Some("docker0"), Some(80)));
    // The rule spares 127.0.0.0/8: that ends with a process here.
    let loopback = traced(&host, &tcp(from_here(), "127.0.0.1", 8080));
    assert_eq!((loopback.verdict, loopback.arrives.map(|a| a.link)), (Verdict::Delivered, Some(None)));
}

#[test]
fn a_mark_set_by_mangle_is_looked_up_again() {
    let mut host = host("web1", 5);
    let marked = crate::host::Rule { fwmark: 1, fwmask: u32::MAX, ..rule(100, 52) };
    add_rules(&mut host, vec![marked]);
    add_routes(&mut host, vec![in_table(52, route("198.51.100.0/24", Some("172.18.0.9"), 4))]);
    let rules = [":OUTPUT ACCEPT", "-A OUTPUT -p tcp -m tcp --dport 443 -j MARK --set-xmark 0x1/0xffffffff"];
    table(&mut host, "mangle", &rules);
    let trace = traced(&host, &tcp(from_here(), "198.51.100.7", 443));
    assert_eq!(
        told(&trace, Way::Request),
        [
            "route: via 10.0.0.254 dev eth0 src 10.0.0.5",
            "mangle/OUTPUT: mark becomes 0x1",
            "rule: table 52 answers",
            "route: via 172.18.0.9 dev br-web"
        ]
    );
    assert_eq!(trace.hops[2].rule.as_deref(), Some("100: from all fwmark 0x1 lookup 52"));
}

#[test]
fn no_route_for_a_mark_ends_it_before_the_filter_is_asked() {
    let mut host = host("web1", 5);
    let marked = crate::host::Rule { fwmark: 1, fwmask: u32::MAX, ..rule(100, 52) };
    add_rules(&mut host, vec![marked]);
    add_routes(&mut host, vec![in_table(52, of_kind(RouteKind::Unreachable, "0.0.0.0/0"))]);
    table(&mut host, "mangle", &[":OUTPUT ACCEPT", "-A OUTPUT -p tcp -j MARK --set-xmark 0x1/0xffffffff"]);
    table(&mut host, "filter", &[":OUTPUT ACCEPT", "-A OUTPUT -p tcp -j DROP"]);
    let trace = traced(&host, &tcp(from_here(), "198.51.100.7", 443));
    assert_eq!(trace.verdict, Verdict::Unroutable);
    let hops: Vec<&str> = trace.hops.iter().map(|hop| hop.at.as_str()).collect();
    assert_eq!(hops[..2], ["route", "mangle/OUTPUT"]);
    assert!(!hops.contains(&"filter/OUTPUT"), "{hops:?}");
}

#[test]
fn nothing_leaves_without_a_route() {
    let mut host = host("web1", 5);
    host.routes = crate::host::Fact::known(vec![crate::path::fib::fixture::local(2, "10.0.0.5")]);
    assert_eq!(verdict(&host, &tcp(from_here(), "198.51.100.7", 443)), Verdict::Unroutable);
}

#[test]
fn a_ping_is_answered() {
    let mut host = host("web1", 5);
    table(
        &mut host,
        "filter",
        &[":INPUT DROP", ":FORWARD ACCEPT", ":OUTPUT ACCEPT", "-A INPUT -p icmp -m icmp --icmp-type 0 -j ACCEPT"],
    );
    let ping = |from| Flow { destination_port: None, protocol: 1, ..tcp(from, "172.17.0.2", 0) };
    assert_eq!(verdict(&host, &ping(from_here())), Verdict::Delivered);
    let into = Flow { destination: ip("10.0.0.5"), ..ping(from_link("10.0.0.9", "eth0")) };
    assert_eq!(verdict(&host, &into), Verdict::Dropped);
}

#[test]
fn who_sends_matters_to_rules_by_owner() {
    let mut host = host("web1", 5);
    let rules = [":OUTPUT ACCEPT", "-A OUTPUT -m owner --uid-owner 1000 -j DROP"];
    table(&mut host, "filter", &rules);
    let by = |uid| tcp(Origin::Host { source: None, uid: Some(uid) }, "198.51.100.7", 443);
    assert_eq!(verdict(&host, &by(1000)), Verdict::Dropped);
    assert_eq!(verdict(&host, &by(0)), Verdict::Forwarded);
}

#[test]
fn docker_proxy_carries_on_what_the_rules_spare() {
    let mut host = host("web1", 5);
    let published = Published { host: Some((ip("0.0.0.0"), 8080)), container_port: 80, protocol: "tcp".to_owned() };
    let web = Container { ports: vec![published], ..container("web", &[("bridge", "172.17.0.2")]) };
    host.engine.api = Fact::known(api(vec![network("bridge", "docker0", false)], vec![web]));
    let asked = tcp(from_here(), "127.0.0.1", 8080);
    host.sockets = Fact::known(Vec::new());
    assert_eq!(traced(&host, &asked).arrives.map(|a| a.link), Some(None));
    host.sockets = Fact::known(vec![Socket {
        transport: Transport::Tcp,
        state: SocketState::Listen,
        local: "0.0.0.0:8080".parse().expect("an address"),
        remote: "0.0.0.0:0".parse().expect("an address"),
    }]);
    let trace = traced(&host, &asked);
    assert_eq!((trace.verdict, seen_source(&trace)), (Verdict::Delivered, Some(ip("172.17.0.1"))));
    assert_eq!(
        told(&trace, Way::Request),
        [
            "route: to this host src 127.0.0.1",
            "docker-proxy: docker-proxy listens here and carries it on to web (172.17.0.2:80)",
            "route: dev docker0 src 172.17.0.1"
        ]
    );
    // Until 28.0 its UDP answers had the source of the way back, which a socket that asked another address does not take.
    let udp = Flow { protocol: 17, ..tcp(from_container("172.17.0.9", "docker0"), "10.0.0.5", 8080) };
    if let (Fact::Known { value: api, .. }, Fact::Known { value: sockets, .. }) =
        (&mut host.engine.api, &mut host.sockets)
    {
        api.version.engine = "26.1.5".to_owned();
        sockets[0].transport = Transport::Udp;
        if let Fact::Known { value, .. } = &mut api.containers {
            value[0].ports[0].protocol = "udp".to_owned();
        }
    }
    assert_eq!(verdict(&host, &udp), Verdict::Dropped);
    let gateway = Flow { destination: ip("172.17.0.1"), ..udp.clone() };
    assert_eq!(verdict(&host, &gateway), Verdict::Delivered);
    if let Fact::Known { value: api, .. } = &mut host.engine.api {
        api.version.engine = "28.0.0".to_owned();
    }
    assert_eq!(verdict(&host, &udp), Verdict::Delivered);
}

#[test]
fn what_docker_proxy_sends_on_meets_the_rules_itself() {
    let mut host = host("web1", 5);
    let published = Published { host: Some((ip("0.0.0.0"), 8080)), container_port: 80, protocol: "tcp".to_owned() };
    let web = Container { ports: vec![published], ..container("web", &[("bridge", "172.17.0.2")]) };
    host.engine.api = Fact::known(api(vec![network("bridge", "docker0", false)], vec![web]));
    host.sockets = Fact::known(vec![Socket {
        transport: Transport::Tcp,
        state: SocketState::Listen,
        local: "0.0.0.0:8080".parse().expect("an address"),
        remote: "0.0.0.0:0".parse().expect("an address"),
    }]);
    let asked = tcp(from_here(), "127.0.0.1", 8080);
    assert_eq!(verdict(&host, &asked), Verdict::Delivered);
    table(&mut host, "filter", &[":INPUT ACCEPT", ":FORWARD DROP", ":OUTPUT ACCEPT", "-A OUTPUT -o docker0 -j DROP"]);
    assert_eq!(verdict(&host, &asked), Verdict::Dropped);
}

#[test]
fn where_docker_proxy_sends_to_is_open_among_several_networks() {
    let mut host = host("web1", 5);
    let published = Published { host: Some((ip("0.0.0.0"), 8080)), container_port: 80, protocol: "tcp".to_owned() };
    let places = [("bridge", "172.17.0.2"), ("web", "172.18.0.2")];
    let web = Container { ports: vec![published], ..container("web", &places) };
    host.engine.api =
        Fact::known(api(vec![network("bridge", "docker0", false), network("web", "br-web", false)], vec![web]));
    host.sockets = Fact::known(vec![Socket {
        transport: Transport::Tcp,
        state: SocketState::Listen,
        local: "0.0.0.0:8080".parse().expect("an address"),
        remote: "0.0.0.0:0".parse().expect("an address"),
    }]);
    let trace = traced(&host, &tcp(from_here(), "127.0.0.1", 8080));
    assert_eq!((trace.verdict, trace.undecided.len()), (Verdict::Undetermined, 1));
}
