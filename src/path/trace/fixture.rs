//! Hosts with bridges and rules, written by hand for the tests of this module.

use std::net::IpAddr;

use super::{Flow, Hop, Origin, Trace, Tracer, Verdict, Way};
use crate::host::{Api, ApiVersion, Container, Endpoint, Fact, Family, IptablesDump, Link, Network, Snapshot};
use crate::path::fib::fixture::{address, ip, link, local, route, sysctls};

/// The sysctls that Docker leaves behind, without br_netfilter.
pub const SYSCTLS: [(&str, &str); 8] = [
    ("net.ipv4.ip_forward", "1"),
    ("net.ipv4.conf.all.rp_filter", "0"),
    ("net.ipv4.conf.eth0.forwarding", "1"),
    ("net.ipv4.conf.docker0.forwarding", "1"),
    ("net.ipv4.conf.br-web.forwarding", "1"),
    ("net.ipv6.conf.all.forwarding", "1"),
    ("net.ipv4.conf.eth0.rp_filter", "0"),
    ("net.ipv4.conf.docker0.rp_filter", "0"),
];

/// eth0 10.0.0.N/24 with a default route, docker0 172.17.0.1/16 with two ports, br-web 172.18.0.1/16 with one; no rules.
pub fn host(name: &str, own: u8) -> Snapshot {
    let mut host = crate::path::fib::fixture::host();
    host.name = name.to_owned();
    let eth0 = format!("10.0.0.{own}");
    host.links = Fact::known(vec![
        link(1, "lo"),
        link(2, "eth0"),
        bridge(3, "docker0"),
        bridge(4, "br-web"),
        port(10, "veth0000001", 3),
        port(11, "veth0000002", 3),
        port(12, "veth0000003", 4),
    ]);
    host.addresses = Fact::known(vec![
        address(1, "127.0.0.1/8"),
        address(2, &format!("{eth0}/24")),
        address(3, "172.17.0.1/16"),
        address(4, "172.18.0.1/16"),
    ]);
    host.routes = Fact::known(vec![
        local(1, "127.0.0.1"),
        local(2, &eth0),
        local(3, "172.17.0.1"),
        local(4, "172.18.0.1"),
        route("0.0.0.0/0", Some("10.0.0.254"), 2),
        route("10.0.0.0/24", None, 2),
        route("172.17.0.0/16", None, 3),
        route("172.18.0.0/16", None, 4),
    ]);
    sysctls(&mut host, &SYSCTLS);
    host.firewall.legacy = Fact::known(Vec::new());
    host.firewall.nft_compat = Fact::known(Vec::new());
    host.firewall.nft_base_chains = Fact::known(Vec::new());
    host.firewall.nft_ruleset = Fact::known(None);
    host.firewall.ipsets = Fact::known(Vec::new());
    host.firewall.programs = Fact::known(Vec::new());
    host
}

pub fn bridge(index: u32, name: &str) -> Link {
    Link { kind: Some("bridge".to_owned()), ..link(index, name) }
}

pub fn port(index: u32, name: &str, bridge: u32) -> Link {
    Link { kind: Some("veth".to_owned()), master: Some(bridge), peer_netnsid: Some(0), ..link(index, name) }
}

pub fn set(host: &mut Snapshot, key: &str, value: &str) {
    if let Fact::Known { value: all, .. } = &mut host.sysctls {
        all.insert(key.to_owned(), value.to_owned());
    }
}

/// Adds an IPv4 table of iptables-nft, as iptables-save prints it: `:FORWARD DROP`, `-A FORWARD -j ACCEPT`.
pub fn table(host: &mut Snapshot, name: &str, lines: &[&str]) {
    let chains = lines
        .iter()
        .filter_map(|line| line.strip_prefix(':')?.split_once(' '))
        .map(|(name, policy)| (name.to_owned(), policy.to_owned()));
    let rules = lines.iter().filter(|line| line.starts_with("-A")).map(|line| (*line).to_owned());
    let dump = IptablesDump {
        family: Family::V4,
        table: name.to_owned(),
        chains: chains.collect(),
        rules: rules.collect(),
        counters: Vec::new(),
    };
    if let Fact::Known { value, .. } = &mut host.firewall.nft_compat {
        value.push(dump);
    }
}

/// The nat table with nothing but these lines behind its own chains.
pub fn nat(host: &mut Snapshot, lines: &[&str]) {
    let own = [":PREROUTING ACCEPT", ":INPUT ACCEPT", ":OUTPUT ACCEPT", ":POSTROUTING ACCEPT"];
    table(host, "nat", &[&own[..], lines].concat());
}

/// A running container, on networks by name and with an address in each.
pub fn container(name: &str, places: &[(&str, &str)]) -> Container {
    let endpoint = |(network, address): &(&str, &str)| Endpoint {
        network: (*network).to_owned(),
        network_id: format!("{network}-id"),
        addresses: vec![ip(address)],
        ..Endpoint::default()
    };
    Container {
        name: name.to_owned(),
        state: "running".to_owned(),
        endpoints: places.iter().map(endpoint).collect(),
        ..Container::default()
    }
}

pub fn network(name: &str, link: &str, internal: bool) -> Network {
    let key = "com.docker.network.bridge.name".to_owned();
    Network {
        id: format!("{name}-id"),
        name: name.to_owned(),
        driver: "bridge".to_owned(),
        internal,
        options: [(key, link.to_owned())].into(),
        ..Network::default()
    }
}

/// What an engine said of its networks and containers.
pub fn api(networks: Vec<Network>, containers: Vec<Container>) -> Api {
    Api {
        endpoint: String::new(),
        chosen_by: "default".to_owned(),
        version: ApiVersion::default(),
        info: Fact::NotCollected,
        networks: Fact::known(networks),
        containers: Fact::known(containers),
        history: Fact::NotCollected,
    }
}

pub fn from_container(source: &str, bridge: &str) -> Origin {
    Origin::Bridge { bridge: bridge.to_owned(), port: None, source: ip(source) }
}

pub fn from_link(source: &str, link: &str) -> Origin {
    Origin::Link { link: link.to_owned(), source: ip(source) }
}

pub fn from_here() -> Origin {
    Origin::Host { source: None, uid: None }
}

pub fn tcp(from: Origin, destination: &str, port: u16) -> Flow {
    Flow { from, destination: ip(destination), protocol: 6, source_port: None, destination_port: Some(port) }
}

pub fn traced(host: &Snapshot, flow: &Flow) -> Trace {
    Tracer::new(host).expect("all facts").trace(flow)
}

pub fn verdict(host: &Snapshot, flow: &Flow) -> Verdict {
    traced(host, flow).verdict
}

/// `at: effect` of each hop of one way.
pub fn told(trace: &Trace, way: Way) -> Vec<String> {
    let line = |hop: &Hop| format!("{}: {}", hop.at, hop.effect.en);
    trace.hops.iter().filter(|hop| hop.way == way).map(line).collect()
}

pub fn seen_source(trace: &Trace) -> Option<IpAddr> {
    trace.arrives.as_ref().map(|arrival| arrival.packet.source)
}
