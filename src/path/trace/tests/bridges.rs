//! Between ports of a bridge.

use super::super::fixture::*;
use super::super::{Origin, Trace, Verdict, Way};
use crate::host::{ApiVersion, EngineKind, Fact, Snapshot};
use crate::path::fib::fixture::{address, ip, link, local, route};

const DROPS: [&str; 3] = [":INPUT ACCEPT", ":FORWARD DROP", ":OUTPUT ACCEPT"];

fn neighbours(host: &Snapshot) -> Trace {
    traced(host, &tcp(from_container("172.17.0.2", "docker0"), "172.17.0.3", 80))
}

#[test]
fn neighbours_meet_the_rules_only_where_br_netfilter_calls_them() {
    let mut host = host("web1", 5);
    table(&mut host, "filter", &DROPS);
    let trace = neighbours(&host);
    assert_eq!(trace.verdict, Verdict::Delivered);
    assert_eq!(told(&trace, Way::Request), ["bridge: from port to port of docker0"]);
    set(&mut host, "net.bridge.bridge-nf-call-iptables", "0");
    assert_eq!(neighbours(&host).verdict, Verdict::Delivered);
    set(&mut host, "net.bridge.bridge-nf-call-iptables", "1");
    assert_eq!(neighbours(&host).verdict, Verdict::Dropped);
}

#[test]
fn with_br_netfilter_both_links_are_the_bridge_and_replies_are_known() {
    let mut host = host("web1", 5);
    set(&mut host, "net.bridge.bridge-nf-call-iptables", "1");
    let mut rules = DROPS.to_vec();
    rules.push("-A FORWARD -i docker0 -o docker0 -m conntrack --ctstate NEW -s 172.17.0.2/32 -m physdev --physdev-is-bridged -j ACCEPT");
    rules.push("-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT");
    table(&mut host, "filter", &rules);
    assert_eq!(neighbours(&host).verdict, Verdict::Delivered);
    let back = tcp(from_container("172.17.0.3", "docker0"), "172.17.0.2", 80);
    assert_eq!(verdict(&host, &back), Verdict::Dropped);
}

#[test]
fn rules_that_tell_ports_apart_leave_it_open_unless_the_port_is_known() {
    let mut host = host("web1", 5);
    set(&mut host, "net.bridge.bridge-nf-call-iptables", "1");
    table(
        &mut host,
        "filter",
        &[
            ":INPUT ACCEPT",
            ":FORWARD ACCEPT",
            ":OUTPUT ACCEPT",
            "-A FORWARD -m physdev --physdev-in veth0000001 -j DROP",
        ],
    );
    let open = neighbours(&host);
    assert_eq!((open.verdict, open.undecided.len()), (Verdict::Undetermined, 1));
    let by = |port: &str| {
        let from = Origin::Bridge { bridge: "docker0".into(), port: Some(port.into()), source: ip("172.17.0.2") };
        traced(&host, &tcp(from, "172.17.0.3", 80))
    };
    assert_eq!(by("veth0000001").verdict, Verdict::Dropped);
    // To another network, where no such port is met on the way.
    let away = tcp(from_container("172.18.0.2", "br-web"), "198.51.100.7", 443);
    assert_eq!(verdict(&host, &away), Verdict::Forwarded);
}

#[test]
fn between_two_networks_it_is_routed() {
    let host = host("web1", 5);
    let trace = traced(&host, &tcp(from_container("172.17.0.2", "docker0"), "172.18.0.2", 80));
    assert_eq!(trace.verdict, Verdict::Delivered);
    assert_eq!(told(&trace, Way::Request), ["route: dev br-web"]);
    assert_eq!(trace.arrives.and_then(|arrival| arrival.link).as_deref(), Some("br-web"));
}

#[test]
fn a_bridge_with_an_uplink_leads_out() {
    let mut host = host("web1", 5);
    if let Fact::Known { value, .. } = &mut host.links {
        value.push(bridge(20, "br0"));
        value.push(crate::host::Link { master: Some(20), ..link(21, "eth1") });
    }
    if let (Fact::Known { value: addresses, .. }, Fact::Known { value: routes, .. }) =
        (&mut host.addresses, &mut host.routes)
    {
        addresses.push(address(20, "10.9.0.5/24"));
        routes.extend([local(20, "10.9.0.5"), route("10.9.0.0/24", None, 20)]);
    }
    let trace = traced(&host, &tcp(from_container("172.17.0.2", "docker0"), "10.9.0.7", 80));
    assert_eq!(trace.verdict, Verdict::Forwarded);
    assert_eq!(verdict(&host, &tcp(from_link("10.9.0.7", "eth1"), "10.9.0.5", 80)), Verdict::Delivered);
}

#[test]
fn a_reply_that_is_bridged_past_the_nat_is_no_answer() {
    let mut host = host("web1", 5);
    nat(&mut host, &["-A PREROUTING -d 10.0.0.5/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.3:80"]);
    let hairpin = tcp(from_container("172.17.0.2", "docker0"), "10.0.0.5", 8080);
    let trace = traced(&host, &hairpin);
    assert_eq!((trace.verdict, trace.hops.last().map(|hop| hop.at.as_str())), (Verdict::Dropped, Some("conntrack")));
    // With br_netfilter the bridge turns the address back.
    set(&mut host, "net.bridge.bridge-nf-call-iptables", "1");
    assert_eq!(verdict(&host, &hairpin), Verdict::Delivered);
    // Which asks for forwarding, though nothing is routed.
    set(&mut host, "net.ipv4.conf.docker0.forwarding", "0");
    let trace = traced(&host, &hairpin);
    assert_eq!((trace.verdict, trace.hops.last().map(|hop| hop.at.as_str())), (Verdict::Dropped, Some("forwarding")));
}

#[test]
fn a_published_port_leads_back_to_its_own_container_only_with_a_source_that_is_not_its_own() {
    let mut host = host("web1", 5);
    let dnat = "-A PREROUTING -d 10.0.0.5/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80";
    let own = tcp(from_container("172.17.0.2", "docker0"), "10.0.0.5", 8080);
    nat(&mut host, &[dnat]);
    let trace = traced(&host, &own);
    assert_eq!((trace.verdict, trace.hops.last().map(|hop| hop.at.as_str())), (Verdict::Dropped, Some("container")));
    let masquerade = "-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -j MASQUERADE";
    host.firewall.nft_compat = Fact::known(Vec::new());
    nat(&mut host, &[dnat, masquerade]);
    assert_eq!(verdict(&host, &own), Verdict::Delivered);
    // On the bridge itself the frame would have to leave by the port it came by.
    set(&mut host, "net.bridge.bridge-nf-call-iptables", "1");
    assert_eq!(traced(&host, &own).hops.last().map(|hop| hop.at.as_str()), Some("bridge"));
    if let Fact::Known { value, .. } = &mut host.links {
        value.iter_mut().for_each(|link| link.hairpin = link.master.is_some());
    }
    assert_eq!(verdict(&host, &own), Verdict::Delivered);
}

#[test]
fn isolated_ports_do_not_hear_each_other() {
    let mut host = host("web1", 5);
    assert_eq!(neighbours(&host).verdict, Verdict::Delivered);
    let isolate = |host: &mut Snapshot, name: &str| {
        if let Fact::Known { value, .. } = &mut host.links {
            value.iter_mut().filter(|link| link.name == name).for_each(|link| link.isolated = true);
        }
    };
    isolate(&mut host, "veth0000001");
    assert_eq!(neighbours(&host).verdict, Verdict::Undetermined);
    isolate(&mut host, "veth0000002");
    assert_eq!(neighbours(&host).verdict, Verdict::Dropped);
}

#[test]
fn a_container_without_a_default_route_answers_neighbours_only() {
    let mut host = host("web1", 5);
    host.engine.api = Fact::known(api(
        vec![network("bridge", "docker0", true), network("web", "br-web", false)],
        vec![
            container("db", &[("bridge", "172.17.0.2")]),
            container("app", &[("bridge", "172.17.0.3"), ("web", "172.18.0.3")]),
        ],
    ));
    assert_eq!(verdict(&host, &tcp(from_link("10.0.0.9", "eth0"), "172.17.0.2", 80)), Verdict::Unroutable);
    assert_eq!(verdict(&host, &tcp(from_here(), "172.17.0.2", 80)), Verdict::Delivered);
    if let Fact::Known { value, .. } = &mut host.engine.api {
        value.version = ApiVersion { kind: EngineKind::Docker, engine: "20.10.24".to_owned(), ..ApiVersion::default() };
    }
    assert_eq!(verdict(&host, &tcp(from_link("10.0.0.9", "eth0"), "172.17.0.2", 80)), Verdict::Delivered);
    if let Fact::Known { value, .. } = &mut host.engine.api {
        value.version = ApiVersion::default();
    }
    // Its other network has a way out, by which the answer leaves.
    assert_eq!(verdict(&host, &tcp(from_link("10.0.0.9", "eth0"), "172.17.0.3", 80)), Verdict::Delivered);
    set(&mut host, "net.ipv4.conf.br-web.rp_filter", "1");
    assert_eq!(verdict(&host, &tcp(from_link("10.0.0.9", "eth0"), "172.17.0.3", 80)), Verdict::Dropped);
}

fn bridge_chain(host: &mut Snapshot, hook: &str, expr: serde_json::Value) {
    host.firewall.nft_ruleset = Fact::known(Some(serde_json::json!({ "nftables": [
        { "table": { "family": "bridge", "name": "t", "handle": 1 } },
        { "chain": { "family": "bridge", "table": "t", "name": "c", "handle": 1, "type": "filter", "hook": hook, "prio": 0,
            "policy": "accept" } },
        { "rule": { "family": "bridge", "table": "t", "chain": "c", "handle": 2, "expr": [expr, { "drop": null }] } },
    ]})));
}

fn meta(key: &str, value: &str) -> serde_json::Value {
    serde_json::json!({ "match": { "op": "==", "left": { "meta": { "key": key } }, "right": value } })
}

#[test]
fn bridge_tables_see_the_ports_and_the_bridge() {
    let by = |host: &Snapshot, port: &str, to: &str| {
        let from = Origin::Bridge { bridge: "docker0".into(), port: Some(port.into()), source: ip("172.17.0.2") };
        verdict(host, &tcp(from, to, 80))
    };
    for br_netfilter in ["0", "1"] {
        let mut host = host("web1", 5);
        set(&mut host, "net.bridge.bridge-nf-call-iptables", br_netfilter);
        for hook in ["prerouting", "forward"] {
            bridge_chain(&mut host, hook, meta("iifname", "veth0000001"));
            assert_eq!(by(&host, "veth0000001", "172.17.0.3"), Verdict::Dropped, "{hook} {br_netfilter}");
            assert_eq!(neighbours(&host).verdict, Verdict::Undetermined, "{hook} {br_netfilter}");
            bridge_chain(&mut host, hook, meta("iifname", "docker0"));
            assert_eq!(neighbours(&host).verdict, Verdict::Delivered, "{hook} {br_netfilter}");
            bridge_chain(&mut host, hook, meta("ibrname", "docker0"));
            assert_eq!(neighbours(&host).verdict, Verdict::Dropped, "{hook} {br_netfilter}");
            bridge_chain(&mut host, hook, meta("ibrname", "br-web"));
            assert_eq!(neighbours(&host).verdict, Verdict::Delivered, "{hook} {br_netfilter}");
        }
        bridge_chain(&mut host, "input", meta("iifname", "veth0000001"));
        assert_eq!(by(&host, "veth0000001", "198.51.100.7"), Verdict::Dropped, "{br_netfilter}");
        bridge_chain(&mut host, "output", meta("oifname", "veth0000003"));
        assert_eq!(verdict(&host, &tcp(from_here(), "172.18.0.2", 80)), Verdict::Dropped, "{br_netfilter}");
        bridge_chain(&mut host, "postrouting", meta("obrname", "br-web"));
        assert_eq!(verdict(&host, &tcp(from_here(), "172.18.0.2", 80)), Verdict::Dropped, "{br_netfilter}");
    }
}

#[test]
fn frames_between_ports_are_for_another_host() {
    for br_netfilter in ["0", "1"] {
        let mut host = host("web1", 5);
        set(&mut host, "net.bridge.bridge-nf-call-iptables", br_netfilter);
        for hook in ["prerouting", "forward", "postrouting"] {
            bridge_chain(&mut host, hook, meta("pkttype", "other"));
            assert_eq!(neighbours(&host).verdict, Verdict::Dropped, "{hook} {br_netfilter}");
            let up = tcp(from_container("172.17.0.2", "docker0"), "198.51.100.7", 443);
            assert_eq!(verdict(&host, &up), Verdict::Forwarded, "{hook} {br_netfilter}");
        }
    }
}

#[test]
fn a_bridge_without_ipv6_takes_none_from_its_containers() {
    let mut host = host("web1", 5);
    set(&mut host, "net.ipv6.conf.docker0.disable_ipv6", "1");
    let trace = traced(&host, &tcp(from_container("fd00::2", "docker0"), "2001:db8::7", 443));
    let says = trace.end.map(|end| end.says.en);
    assert_eq!(says.as_deref(), Some("IPv6 is switched off on docker0"));
}
