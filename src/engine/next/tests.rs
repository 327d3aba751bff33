//! Small hosts, and what the model says of them.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::{Next, next, restart};
use crate::host::{
    Address, Api, ApiVersion, CommandLine, Container, DaemonJson, EngineBinary, EngineKind, Fact, Info, IpamConfig,
    Link, Network, NetworkAction, NetworkEvent, NetworkHistory, NextHop, Process, ResolvConf, Resolvers, Route,
    RouteKind, Scope, Snapshot, Unit,
};
use crate::parse;

const V20: &str = "20.10.24";
const V26: &str = "26.1.5";
const V28: &str = "28.5.2";
const ALL: [&str; 3] = [V20, V26, V28];

/// When the hosts of these tests were looked at, in seconds since the Unix epoch.
const NOW: u64 = 1_795_226_584;

/// A host with one card (10.1.0.5/24) and an engine that is installed and was never started.
fn host(version: &str) -> Snapshot {
    let mut host = Snapshot::empty("h");
    host.taken_at = NOW;
    host.links = Fact::known(vec![link(2, "eth0", None)]);
    host.addresses = Fact::known(vec![]);
    host.routes = Fact::known(vec![]);
    host.resolvers = Fact::known(Resolvers::default());
    host.engine.own_netns = Fact::known(1);
    host.engine.package = Fact::known(None);
    host.engine.binary =
        Fact::known(Some(EngineBinary { path: "/usr/sbin/dockerd".to_owned(), version: Some(version.to_owned()) }));
    host.engine.processes = Fact::known(vec![]);
    host.engine.unit = Fact::known(Some(Unit {
        name: "docker.service".to_owned(),
        active_state: "inactive".to_owned(),
        sub_state: "dead".to_owned(),
        ..Unit::default()
    }));
    host.engine.next_command_line = Fact::known(CommandLine::default());
    host.engine.stored_networks = Fact::known(vec![]);
    configured(host, "").carrying(2, "10.1.0.5/24").routed("0.0.0.0/0", Some("10.1.0.1"), 2)
}

fn link(index: u32, name: &str, kind: Option<&str>) -> Link {
    Link { index, name: name.to_owned(), kind: kind.map(str::to_owned), up: true, ..Link::default() }
}

fn configured(mut host: Snapshot, json: &str) -> Snapshot {
    let path = "/etc/docker/daemon.json";
    let (state, masked_lines) = match json {
        "" => (crate::host::DaemonJsonState::Absent, Vec::new()),
        json => parse::daemon_json::parse(path, json.as_bytes()),
    };
    host.engine.daemon_json = Fact::known(DaemonJson {
        path: path.to_owned(),
        explicit: false,
        modified: Some((NOW - 100) * 1000),
        sha256: None,
        masked_lines,
        state,
    });
    host
}

trait Built: Sized {
    fn linked(self, index: u32, name: &str, kind: &str) -> Self;
    fn carrying(self, link: u32, address: &str) -> Self;
    fn routed(self, to: &str, via: Option<&str>, link: u32) -> Self;
    fn resolving(self, nameserver: &str) -> Self;
    fn storing(self, networks: Vec<Network>) -> Self;
}

impl Built for Snapshot {
    fn linked(mut self, index: u32, name: &str, kind: &str) -> Self {
        let Fact::Known { value, .. } = &mut self.links else { panic!("links") };
        value.push(link(index, name, Some(kind)));
        self
    }

    fn carrying(mut self, link: u32, address: &str) -> Self {
        let address: IpNet = address.parse().unwrap();
        let Fact::Known { value, .. } = &mut self.addresses else { panic!("addresses") };
        value.push(Address::on(link, address));
        self.routed(&address.trunc().to_string(), None, link)
    }

    fn routed(mut self, to: &str, via: Option<&str>, link: u32) -> Self {
        let via: Option<IpAddr> = via.map(|via| via.parse().unwrap());
        let Fact::Known { value, .. } = &mut self.routes else { panic!("routes") };
        value.push(Route {
            destination: to.parse().unwrap(),
            table: 254,
            kind: RouteKind::Unicast,
            scope: if via.is_some() { Scope::Global } else { Scope::Link },
            protocol: if via.is_some() { 3 } else { 2 },
            metric: 0,
            tos: 0,
            from: None,
            source: None,
            next_hops: vec![NextHop { via, link: Some(link), weight: 1, ..NextHop::default() }],
            next_hop_object: None,
            mtu: None,
            preference: 0,
        });
        self
    }

    fn resolving(mut self, nameserver: &str) -> Self {
        let file =
            ResolvConf { path: "/etc/resolv.conf".to_owned(), nameservers: vec![(nameserver.parse().unwrap(), 1)] };
        self.resolvers = Fact::known(Resolvers { host: Some(file), systemd_resolved: None });
        self
    }

    fn storing(mut self, networks: Vec<Network>) -> Self {
        self.engine.stored_networks = Fact::known(networks);
        self
    }
}

/// A network as the engine shows it; `created` in seconds after [`NOW`], `gateway` if the engine tells one.
fn network(name: &str, driver: &str, subnet: &str, gateway: bool, created: u64) -> Network {
    let subnet: IpNet = subnet.parse().unwrap();
    let gateway = gateway.then(|| subnet.hosts().next().unwrap());
    Network {
        id: format!("{name:x<12}"),
        name: name.to_owned(),
        driver: driver.to_owned(),
        scope: "local".to_owned(),
        created: super::restart::rfc3339(NOW + created),
        ipam_driver: "default".to_owned(),
        ipam: vec![IpamConfig { subnet, gateway, ip_range: None }],
        ..Network::default()
    }
}

/// The host while its engine runs with these networks; the engine began at [`NOW`].
fn running(mut host: Snapshot, networks: Vec<Network>, events: Vec<NetworkEvent>) -> Snapshot {
    let version = host.engine.binary.ok().and_then(Option::as_ref).and_then(|binary| binary.version.clone()).unwrap();
    host.engine.processes = Fact::known(vec![Process {
        pid: 100,
        started_at: NOW * 1000 - 900,
        exe: None,
        exe_replaced: false,
        flags: vec![],
        netns: Some(1),
        uid: 0,
        nested: Some(false),
    }]);
    host.engine.stored_networks = Fact::NotCollected;
    let mut index = 10;
    for network in networks.iter().filter(|network| network.driver == "bridge") {
        let IpNet::V4(subnet) = network.ipam[0].subnet else { continue };
        let name = network.link_name();
        let first = subnet.hosts().next().unwrap();
        host = host.linked(index, &name, "bridge").carrying(index, &format!("{first}/{}", subnet.prefix_len()));
        index += 1;
    }
    host.engine.api = Fact::known(Api {
        endpoint: "unix:///var/run/docker.sock".to_owned(),
        chosen_by: "default".to_owned(),
        version: ApiVersion { kind: EngineKind::Docker, engine: version, ..ApiVersion::default() },
        info: Fact::known(Info::default()),
        networks: Fact::known(networks),
        containers: Fact::known(vec![]),
        history: Fact::known(NetworkHistory { complete: true, events }),
    });
    host
}

fn event(at: u64, action: NetworkAction, name: &str) -> NetworkEvent {
    NetworkEvent {
        at: (NOW + at) * 1_000_000_000,
        action,
        network_id: format!("{name:x<12}"),
        name: name.to_owned(),
        driver: "bridge".to_owned(),
    }
}

fn made(at: u64, name: &str) -> NetworkEvent {
    event(at, NetworkAction::Create, name)
}

fn gone(at: u64, name: &str) -> NetworkEvent {
    event(at, NetworkAction::Destroy, name)
}

fn of(host: &Snapshot) -> Next {
    next(host, 3).unwrap()
}

fn docker0(host: &Snapshot) -> String {
    let next = of(host);
    assert_eq!(next.doubts, [], "{next:?}");
    match (next.docker0, next.start_error) {
        (Some(docker0), None) => docker0.to_string(),
        (None, Some(words)) => words,
        (docker0, words) => format!("{docker0:?} {words:?}"),
    }
}

fn networks(host: &Snapshot) -> String {
    let next = of(host);
    let shown: Vec<String> = next.networks.iter().map(IpNet::to_string).collect();
    format!("{}{}", shown.join(" "), if next.certain { "" } else { "?" })
}

const DOCKER0: &str = "172.17.0.0/16";

mod replay;
mod running;
mod simulation;
mod starts;
