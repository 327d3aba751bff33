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
        value.push(Address {
            link,
            address,
            peer: None,
            scope: "global".to_owned(),
            unusable: false,
            secondary: false,
            deprecated: false,
            temporary: false,
        });
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
        id: format!("{name:0<12}"),
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
        let name = crate::engine::networks::link_name(network);
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
        network_id: format!("{name:0<12}"),
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

#[test]
fn a_fresh_host() {
    for version in ALL {
        let host = host(version);
        assert_eq!(docker0(&host), DOCKER0, "{version}");
        assert_eq!(networks(&host), "172.18.0.0/16 172.19.0.0/16 172.20.0.0/16", "{version}");
        assert_eq!(of(&host).remaining, 30);
    }
}

#[test]
fn what_keeps_the_default_bridge_off() {
    for version in ALL {
        assert_eq!(docker0(&host(version).routed("172.16.0.0/15", None, 2)), "172.18.0.0/16", "{version}");
        assert_eq!(docker0(&host(version).routed("172.16.0.0/12", Some("10.1.0.1"), 2)), DOCKER0, "{version}");
        assert_eq!(docker0(&host(version).resolving("172.17.9.9")), "172.18.0.0/16", "{version}");
    }
    assert_eq!(docker0(&host("20.10.14").routed("172.16.0.0/12", Some("10.1.0.1"), 2)), "192.168.0.0/20");
}

#[test]
fn no_pool_left() {
    let full = |version| host(version).routed("172.16.0.0/12", None, 2).routed("192.168.0.0/16", None, 2);
    let words = docker0(&full(V20));
    assert!(words.starts_with("Error initializing network controller: list bridge addresses failed: PredefinedLocalScopeDefaultNetworks List: [172.17.0.0/16 172.18.0.0/16 "), "{words}");
    assert!(words.ends_with(" 192.168.240.0/20]: no available network"), "{words}");
    assert_eq!(
        docker0(&full(V26)),
        "Error initializing network controller: error creating default \"bridge\" network: could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network"
    );
    assert_eq!(
        docker0(&full(V28)),
        "Error initializing network controller: error creating default \"bridge\" network: all predefined address pools have been fully subnetted"
    );
    // bip is of no help up to 20.10, unless docker0 has an address.
    let with_bip = |version| configured(full(version), r#"{"bip": "10.9.0.1/24"}"#);
    assert!(docker0(&with_bip(V20)).contains("no available network"));
    assert_eq!(docker0(&with_bip(V26)), "10.9.0.0/24");
    assert_eq!(docker0(&with_bip(V28)), "10.9.0.0/24");
    assert_eq!(docker0(&with_bip(V20).linked(3, "docker0", "bridge").carrying(3, "172.17.0.1/16")), "10.9.0.0/24");
}

#[test]
fn the_address_of_docker0_sticks() {
    for version in ALL {
        let there = host(version).linked(3, "docker0", "bridge").carrying(3, "10.55.0.1/16");
        assert_eq!(docker0(&there), "10.55.0.0/16", "{version}");
        // The engine's own record of its bridge is older than the link.
        let stored = vec![network("bridge", "bridge", "172.20.0.0/16", true, 0)];
        assert_eq!(docker0(&there.clone().storing(stored.clone())), "172.20.0.0/16", "{version}");
        assert_eq!(docker0(&host(version).storing(stored.clone())), "172.20.0.0/16", "{version}");
        // With pools set the link goes and a new subnet is chosen, if there is a record of it.
        let pools = r#"{"default-address-pools": [{"base": "10.70.0.0/16", "size": 24}]}"#;
        assert_eq!(docker0(&configured(there.clone(), pools)), "10.55.0.0/16", "{version}");
        assert_eq!(docker0(&configured(there.clone().storing(stored.clone()), pools)), "10.70.0.0/24", "{version}");
        let live = r#"{"default-address-pools": [{"base": "10.70.0.0/16", "size": 24}], "live-restore": true}"#;
        assert_eq!(docker0(&configured(there.storing(stored), live)), "172.20.0.0/16", "{version}");
    }
}

#[test]
fn several_addresses_and_fixed_cidr() {
    let two =
        |version| host(version).linked(3, "docker0", "bridge").carrying(3, "10.55.0.1/16").carrying(3, "10.66.0.1/16");
    for version in ALL {
        assert_eq!(docker0(&two(version)), "10.55.0.0/16", "{version}");
        assert_eq!(
            docker0(&configured(two(version), r#"{"fixed-cidr": "10.66.0.0/24"}"#)),
            "10.66.0.0/16",
            "{version}"
        );
    }
    let one = |version| host(version).linked(3, "docker0", "bridge").carrying(3, "10.55.0.1/24");
    let outside = r#"{"fixed-cidr": "10.77.0.0/24"}"#;
    assert_eq!(docker0(&configured(one(V20), outside)), "10.55.0.0/24");
    assert_eq!(docker0(&configured(one(V26), outside)), "10.55.0.0/24");
    assert_eq!(docker0(&configured(one(V28), outside)), "10.77.0.0/24");
    assert_eq!(docker0(&configured(one(V28), r#"{"fixed-cidr": "10.55.0.0/16"}"#)), "10.55.0.0/16");
    assert_eq!(docker0(&configured(host(V20), outside)), DOCKER0);
    assert_eq!(docker0(&configured(host(V26), outside)), "10.77.0.0/24");
}

#[test]
fn a_bridge_of_ones_own() {
    for version in ALL {
        let own = configured(host(version), r#"{"bridge": "br0"}"#);
        let there = own.clone().linked(3, "br0", "bridge");
        assert_eq!(docker0(&there.clone().carrying(3, "10.55.0.1/24")), "10.55.0.0/24", "{version}");
        assert_eq!(docker0(&there), DOCKER0, "{version}");
        let words = docker0(&own);
        assert!(words.ends_with("bridge device with non default name br0 must be created manually"), "{words}");
        let words = docker0(&own.linked(3, "br0", "dummy"));
        assert!(words.ends_with("existing interface br0 is not a bridge"), "{words}");
        let none = of(&configured(host(version), r#"{"bridge": "none"}"#));
        assert_eq!((none.starts, none.docker0, none.certain), (Some(true), None, true), "{version}");
        assert_eq!(none.networks[0].to_string(), DOCKER0);
    }
}

#[test]
fn what_the_engine_refuses() {
    let words = |version, json: &str| docker0(&configured(host(version), json));
    for version in ALL {
        let ends = |json: &str, expected: &str| {
            let words = words(version, json);
            assert!(words.ends_with(expected), "{version} {json}: {words}");
        };
        ends(r#"{"bip": "10.1.1.0/24"}"#, "network: failed to allocate gateway (10.1.1.0): Address already in use");
        ends(r#"{"bip": "10.1.1.255/24"}"#, "network: failed to allocate gateway (10.1.1.255): Address already in use");
        ends(r#"{"bip": "10.1.1.1"}"#, "invalid CIDR address: 10.1.1.1");
        ends(
            r#"{"bip": "10.1.1.1/24", "default-gateway": "10.2.0.1"}"#,
            "auxiliary address: (DefaultGatewayIPv4:10.2.0.1) must belong to the master pool: 10.1.1.0/24",
        );
        ends(
            r#"{"bip": "10.1.1.1/24", "default-gateway": "10.1.1.1"}"#,
            "failed to allocate secondary ip address (DefaultGatewayIPv4:10.1.1.1): Address already in use",
        );
        ends(
            r#"{"bip": "10.1.1.1/24", "bridge": "br0"}"#,
            "You specified -b & --bip, mutually exclusive options. Please specify only one",
        );
        ends(
            r#"{"bap": "10.1.1.1/24"}"#,
            "unable to configure the Docker daemon with file /etc/docker/daemon.json: the following directives don't match any configuration option: bap",
        );
        ends(r#"{"icc": false, "iptables": false}"#, "Please set --icc or --iptables to true");
    }
    assert!(words(V20, r#"{"bip": "10.1.1.0/31"}"#).ends_with("No available addresses on this pool"));
    assert_eq!(words(V26, r#"{"bip": "10.1.1.0/31"}"#), "10.1.1.0/31");
    assert!(words(V28, r#"{"bip": "10.1.1.1"}"#).contains("parse bip failed"));
}

#[test]
fn other_networks_are_taken_up_first() {
    for version in ALL {
        let web = network("web", "bridge", "10.1.1.0/24", false, 0);
        let host = host(version).storing(vec![web]);
        assert_eq!(networks(&host), "172.18.0.0/16 172.19.0.0/16 172.20.0.0/16");
        let words = docker0(&configured(host, r#"{"bip": "10.1.1.129/25"}"#));
        assert!(words.ends_with("Pool overlaps with other one on this address space"), "{version} {words}");
        assert_eq!(words.contains("invalid pool request"), version == V28);
    }
    // Its bridge is made before the election, so that the election sees its route; nothing shows it a macvlan.
    let stored = |driver| host(V20).storing(vec![network("web", driver, DOCKER0, false, 0)]);
    assert_eq!(docker0(&stored("bridge")), "172.18.0.0/16");
    assert!(docker0(&stored("macvlan")).ends_with("Pool overlaps with other one on this address space"));
}

#[test]
fn a_running_engine_goes_on_from_what_it_has() {
    let both =
        || vec![network("bridge", "bridge", DOCKER0, true, 0), network("web", "bridge", "172.18.0.0/16", true, 10)];
    for version in ALL {
        let host = running(host(version), both(), vec![made(11, "web")]);
        assert_eq!(networks(&host), "172.19.0.0/16 172.20.0.0/16 172.21.0.0/16", "{version}");
        // A network of another engine's kind of driver takes its subnet too, an overlay does not.
        let more = [
            network("lan", "macvlan", "172.19.0.0/16", false, 20),
            network("ov", "overlay", "172.20.0.0/16", true, 20),
        ];
        let host = running(super::tests::host(version), both().into_iter().chain(more).collect(), vec![]);
        assert_eq!(networks(&host), "172.20.0.0/16 172.21.0.0/16 172.22.0.0/16", "{version}");
    }
}

#[test]
fn a_round_robin_that_gave_and_took_back() {
    let bridge = || network("bridge", "bridge", DOCKER0, true, 0);
    for (version, sure) in [(V20, false), (V26, false), (V28, true)] {
        let host = running(host(version), vec![bridge()], vec![made(10, "x"), gone(11, "x")]);
        let next = of(&host);
        assert_eq!(next.certain, sure, "{version}");
        if !sure {
            let candidates: Vec<String> = next.candidates.iter().map(IpNet::to_string).collect();
            assert_eq!(candidates, ["172.18.0.0/16", "172.19.0.0/16"], "{version}");
        }
    }
    // One that stayed tells where it was when it came.
    let web = network("web", "bridge", "172.19.0.0/16", true, 20);
    let events = vec![made(10, "x"), gone(11, "x"), made(21, "web")];
    let host20 = running(host(V20), vec![bridge(), web], events.clone());
    assert_eq!(networks(&host20), "172.20.0.0/16 172.21.0.0/16 172.22.0.0/16");
    // Without a gateway an admin gave it.
    let web = network("web", "bridge", "172.19.0.0/16", false, 20);
    let host20 = running(host(V20), vec![bridge(), web], events);
    let next = of(&host20);
    assert!(!next.certain);
    assert_eq!(next.candidates.len(), 2, "{next:?}");
}

#[test]
fn a_round_robin_whose_past_is_not_known() {
    let bridge = network("bridge", "bridge", DOCKER0, true, 0);
    let mut host = running(host(V26), vec![bridge], vec![]);
    let Fact::Known { value: api, .. } = &mut host.engine.api else { panic!() };
    api.history = Fact::NotCollected;
    let next = of(&host);
    assert!(!next.certain);
    assert_eq!(next.candidates.len(), 30);
    assert_eq!(next.remaining, 30);
}

#[test]
fn containers_that_run_on() {
    for version in ALL {
        let json = r#"{"live-restore": true, "bip": "10.9.0.1/24"}"#;
        let mut host =
            running(configured(host(version), json), vec![network("bridge", "bridge", DOCKER0, true, 0)], vec![]);
        assert_eq!(docker0(&host), "10.9.0.0/24", "{version}");
        let Fact::Known { value: api, .. } = &mut host.engine.api else { panic!() };
        let Fact::Known { value: info, .. } = &mut api.info else { panic!() };
        info.live_restore = true;
        api.containers = Fact::known(vec![Container { state: "running".to_owned(), ..Container::default() }]);
        assert_eq!(docker0(&host), DOCKER0, "{version}");
    }
}

#[test]
fn what_was_not_seen_makes_no_certainty() {
    let mut unknown = host(V28);
    unknown.engine.stored_networks = Fact::NotCollected;
    assert!(!of(&unknown).certain);
    unknown.routes = Fact::NotCollected;
    assert!(next(&unknown, 1).is_err());
    assert!(next(&host("1.12.6"), 1).is_err());
}

#[test]
fn after_the_restart_the_host_is_as_foretold() {
    let jsons = [
        "",
        r#"{"bip": "10.9.0.1/24"}"#,
        r#"{"default-address-pools": [{"base": "10.70.0.0/16", "size": 24}]}"#,
        r#"{"bridge": "none"}"#,
    ];
    for version in ALL {
        for json in jsons {
            let bare = configured(host(version), json);
            let linked = bare.clone().linked(3, "docker0", "bridge").carrying(3, "10.55.0.1/16");
            let stored = vec![
                network("bridge", "bridge", "10.55.0.0/16", true, 0),
                network("web", "bridge", "172.18.0.0/16", true, 0),
            ];
            let up = running(bare.clone(), stored.clone(), vec![]);
            for before in [bare, linked.clone(), linked.storing(stored), up] {
                let foretold = of(&before);
                let after = restart(&before).unwrap();
                let then = of(&after);
                // A link that no run of the engine left stays at the first start with pools, and goes at the second.
                let first = json.contains("pools") && before.engine.stored_networks.ok().is_some_and(Vec::is_empty);
                if !first {
                    assert_eq!(then.docker0, foretold.docker0, "{version} {json}");
                }
                assert_eq!((then.starts, &then.doubts), (Some(true), &foretold.doubts), "{version} {json}");
                if crate::engine::own_process(&before).is_none() {
                    assert_eq!(then.networks, foretold.networks, "{version} {json}");
                }
                let link = after.links.ok().unwrap().iter().find(|link| link.name == "docker0");
                let carried = link.map(|link| {
                    let own = after.addresses.ok().unwrap().iter().filter(|address| address.link == link.index);
                    own.map(|address| address.address.trunc()).collect::<Vec<_>>()
                });
                assert_eq!(carried, foretold.docker0.map(|docker0| vec![docker0]), "{version} {json}");
            }
        }
    }
}

#[test]
fn a_start_that_fails_leaves_its_last_word() {
    let host = configured(host(V26), r#"{"bip": "10.1.1.0/24"}"#);
    let after = restart(&host).unwrap();
    let unit = after.engine.unit.ok().unwrap().as_ref().unwrap();
    assert_eq!(unit.active_state, "failed");
    let log = unit.log.ok().unwrap();
    let lines: Vec<&str> = log.iter().map(|line| line.message.as_str()).collect();
    let fatal = crate::engine::fatal::last_fatal(&lines).unwrap();
    assert!(fatal.starts_with("failed to start daemon: Error initializing network controller: "), "{fatal}");
    assert_eq!(of(&after).start_error, of(&host).start_error);
}

#[test]
fn addresses_are_those_of_the_kernel() {
    let after = restart(&host(V28)).unwrap();
    let routes = after.routes.ok().unwrap();
    let index = after.links.ok().unwrap().iter().find(|link| link.name == "docker0").unwrap().index;
    let own: Vec<(String, u32)> = routes
        .iter()
        .filter(|route| route.next_hops.iter().any(|hop| hop.link == Some(index)))
        .map(|route| (route.destination.to_string(), route.table))
        .collect();
    assert_eq!(
        own,
        [
            (DOCKER0.to_owned(), 254),
            (IpNet::from(IpAddr::V4(Ipv4Addr::new(172, 17, 0, 1))).to_string(), 255),
            ("172.17.255.255/32".to_owned(), 255)
        ]
    );
}

#[test]
fn the_networks_behind_a_start_meet_the_new_docker0() {
    for version in ALL {
        let linked = host(version).linked(3, "docker0", "bridge").carrying(3, "172.17.0.1/16");
        // Its old subnet is free again behind the start.
        let moved = configured(linked.clone(), r#"{"bip": "10.9.0.1/24"}"#);
        assert_eq!(networks(&moved), "172.17.0.0/16 172.18.0.0/16 172.19.0.0/16", "{version}");
        let none = configured(linked, r#"{"bridge": "none"}"#);
        assert_eq!(networks(&none), "172.17.0.0/16 172.18.0.0/16 172.19.0.0/16", "{version}");
    }
}

#[test]
fn what_fails_for_another_reason_is_not_foretold() {
    let mut host = host(V28);
    let word = "failed to start daemon: Error initializing network controller: error obtaining controller instance: failed to register \"bridge\" driver: failed to create NAT chain DOCKER: iptables not found";
    let Fact::Known { value: Some(unit), .. } = &mut host.engine.unit else { panic!() };
    unit.active_state = "failed".to_owned();
    unit.log = Fact::known(vec![crate::host::LogLine { at: 1, message: word.to_owned() }]);
    let next = of(&host);
    assert_eq!((next.starts, next.start_error, next.certain), (None, None, true));
}
