use std::net::SocketAddr;

use super::*;
use crate::host::{
    Address, Api, Cloud, EngineKind, Info, IpamConfig, Link, Network, NextHop, ResolvConf, Resolvers, Route, RouteKind,
    RouteRanges, RuntimeNetwork, Socket, SocketState, SwarmNode, Transport,
};

mod many;

fn net(prefix: &str) -> IpNet {
    prefix.parse().expect("a prefix")
}

/// `blackhole 10.0.0.0/8 table 7`, `10.0.0.0/8 via 10.1.0.1 dev 2 proto 2 linkdown`; links by their index.
fn route(said: &str) -> Route {
    let mut words = said.split_whitespace().peekable();
    let kind = match *words.peek().expect("words") {
        "blackhole" => RouteKind::Blackhole,
        "unreachable" => RouteKind::Unreachable,
        "throw" => RouteKind::Throw,
        "local" => RouteKind::Local,
        "broadcast" => RouteKind::Broadcast,
        _ => RouteKind::Unicast,
    };
    if kind != RouteKind::Unicast {
        words.next();
    }
    let mut route = Route { kind, ..Route::to(net(words.next().expect("a destination"))) };
    let mut hop = NextHop::default();
    while let Some(word) = words.next() {
        let mut value = || words.next().expect("a value");
        match word {
            "table" => route.table = value().parse().expect("a number"),
            "proto" => route.protocol = value().parse().expect("a number"),
            "via" => hop.via = Some(value().parse().expect("an address")),
            "dev" => hop.link = Some(value().parse().expect("a number")),
            "linkdown" => hop.linkdown = true,
            other => panic!("{other}?"),
        }
    }
    if hop != NextHop::default() {
        route.next_hops.push(hop);
    }
    route
}

fn address(link: u32, address: &str) -> Address {
    Address::on(link, net(address))
}

/// eth0 is 2, docker0 is 3, virbr0 is 4; nothing else is known, and everything was looked for.
fn host() -> Snapshot {
    let mut host = Snapshot::empty("web1");
    let link = |index, name: &str, kind: Option<&str>| Link {
        index,
        name: name.to_owned(),
        kind: kind.map(str::to_owned),
        up: true,
        loopback: name == "lo",
        ..Link::default()
    };
    host.links = Fact::known(vec![
        link(1, "lo", None),
        link(2, "eth0", None),
        link(3, "docker0", Some("bridge")),
        link(4, "virbr0", Some("bridge")),
    ]);
    host.addresses = Fact::known(vec![address(1, "127.0.0.1/8"), address(1, "::1/128")]);
    host.routes = Fact::known(Vec::new());
    host.neighbours = Fact::known(Vec::new());
    host.sockets = Fact::known(Vec::new());
    host.resolvers = Fact::known(Resolvers::default());
    host.cloud = Fact::known(None);
    host.runtimes = Fact::known(Vec::new());
    host.engine.package = Fact::known(None);
    host.engine.binary = Fact::known(None);
    host.engine.processes = Fact::known(Vec::new());
    host.engine.unit = Fact::known(None);
    host.engine.stored_networks = Fact::known(Vec::new());
    host
}

fn api(networks: Vec<Network>, swarm: SwarmNode) -> Fact<Api> {
    let mut api = Api {
        endpoint: "unix:///var/run/docker.sock".to_owned(),
        chosen_by: "default".to_owned(),
        version: crate::host::ApiVersion {
            kind: EngineKind::Docker,
            engine: "28.5.2".to_owned(),
            ..Default::default()
        },
        info: Fact::known(Info { swarm, ..Info::default() }),
        networks: Fact::known(networks),
        containers: Fact::known(Vec::new()),
        history: Fact::NotCollected,
    };
    api.version.os = "linux".to_owned();
    Fact::known(api)
}

fn network(name: &str, driver: &str, subnet: &str) -> Network {
    Network {
        id: "0123456789abcdef".to_owned(),
        name: name.to_owned(),
        driver: driver.to_owned(),
        scope: "local".to_owned(),
        ipam: vec![IpamConfig { subnet: net(subnet), gateway: None, ip_range: None }],
        ..Network::default()
    }
}

fn shown(host: &Snapshot) -> Vec<String> {
    let (found, _) = occupied(host, &Declared::default());
    found
        .iter()
        .map(|taken| {
            let live = if taken.live { " live" } else { "" };
            let dead = if taken.dead { " dead" } else { "" };
            format!("{} {}: {}{live}{dead}", taken.prefix, taken.kind.word(), taken.owner)
        })
        .collect()
}

#[test]
fn routes_of_every_table_count_and_the_kernels_own_do_not() {
    let mut host = host();
    let routes = [
        "0.0.0.0/0 via 10.1.0.1 dev 2",
        "::/0 via fe80::1 dev 2",
        "172.16.0.0/12 via 10.1.0.1 dev 2",
        "10.9.0.0/16 dev 9 table 51820",
        "blackhole 10.8.0.0/16",
        "unreachable fd00:1::/32 table 7",
        "10.7.0.0/16 via 10.1.0.1 dev 2 linkdown",
        "throw 192.168.0.0/24 table 52",
        "local 10.1.0.5/32 table 255 proto 2",
        "broadcast 10.1.0.255/32 table 255 proto 2",
        "local 10.66.0.0/16 table 255",
        "fe80::/64 dev 2 proto 2",
        "ff00::/8 dev 2 table 255",
        "local 127.0.0.0/8 table 255 proto 2",
    ];
    host.routes = Fact::known(routes.map(route).to_vec());
    assert_eq!(
        shown(&host),
        [
            "10.1.0.1/32 address: gateway 10.1.0.1 live",
            "10.7.0.0/16 route: 10.7.0.0/16 via 10.1.0.1 dev eth0 dead",
            "10.8.0.0/16 route: blackhole 10.8.0.0/16 dead",
            "10.9.0.0/16 route: 10.9.0.0/16 dev if9 table 51820",
            "10.66.0.0/16 route: local 10.66.0.0/16 table local",
            "172.16.0.0/12 route: 172.16.0.0/12 via 10.1.0.1 dev eth0",
            "fd00:1::/32 route: unreachable fd00:1::/32 table 7 dead",
        ]
    );
}

#[test]
fn halves_stand_for_a_default_route_only_together() {
    let mut host = host();
    let both = ["0.0.0.0/1 dev 9", "128.0.0.0/1 dev 9", "::/1 dev 9 table 7", "8000::/1 dev 9 table 7"];
    host.routes = Fact::known(both.map(route).to_vec());
    assert_eq!(shown(&host), [""; 0]);
    host.routes = Fact::known(vec![route("128.0.0.0/1 dev 9"), route("0.0.0.0/1 dev 9 table 7")]);
    assert_eq!(shown(&host).len(), 2);
}

#[test]
fn dockers_networks_come_from_the_api_the_disk_or_their_bridges_and_own_their_routes() {
    let mut host = host();
    let addresses = vec![address(2, "10.1.0.5/24"), address(3, "172.17.0.1/16")];
    host.addresses = Fact::known(addresses);
    host.routes = Fact::known(vec![route("172.17.0.0/16 dev 3 proto 2"), route("10.1.0.0/24 dev 2 proto 2")]);
    let lan = "10.1.0.0/24 address: 10.1.0.5/24 dev eth0 live";
    assert_eq!(shown(&host), [lan, "172.17.0.0/16 network: docker0 (bridge) live"]);

    let mut stopped = host.clone();
    stopped.engine.stored_networks = Fact::known(vec![network("web", "bridge", "172.20.0.0/16")]);
    assert!(shown(&stopped).contains(&"172.20.0.0/16 network: network web (bridge) live".to_owned()));

    let networks = vec![
        network("bridge", "bridge", "172.17.0.0/16"),
        network("lan", "macvlan", "10.1.0.0/24"),
        network("o", "overlay", "10.0.1.0/24"),
    ];
    host.engine.api = api(networks, SwarmNode::default());
    host.engine.own_netns = Fact::known(1);
    let found = shown(&host);
    assert!(found.contains(&"10.0.1.0/24 network: network o (overlay) live".to_owned()), "{found:?}");
    assert!(found.contains(&"10.1.0.0/24 network: network lan (macvlan) live".to_owned()), "{found:?}");
    assert!(found.contains(&lan.to_owned()), "{found:?}");
    assert!(!found.iter().any(|line| line.contains("route")), "{found:?}");
}

#[test]
fn a_swarm_takes_its_pool_and_a_worker_is_not_told_which() {
    let mut host = host();
    let node = |state: &str, manager, pools: &[&str]| SwarmNode {
        state: state.to_owned(),
        manager,
        default_pools: pools.iter().map(|pool| net(pool)).collect(),
        ..SwarmNode::default()
    };
    host.engine.api = api(Vec::new(), node("active", true, &["10.201.0.0/16"]));
    assert_eq!(shown(&host), ["10.201.0.0/16 pool: swarm --default-addr-pool live"]);
    host.engine.api = api(Vec::new(), node("active", false, &[]));
    assert_eq!(shown(&host), ["10.0.0.0/8 pool: swarm --default-addr-pool (default, not told) live"]);
    host.engine.api = api(Vec::new(), node("inactive", false, &[]));
    assert_eq!(shown(&host), [""; 0]);
}

#[test]
fn resolvers_runtimes_cloud_and_what_the_user_declares() {
    let mut host = host();
    let file = |path: &str, servers: &[(&str, u32)]| ResolvConf {
        path: path.to_owned(),
        nameservers: servers.iter().map(|(server, line)| (server.parse().expect("an address"), *line)).collect(),
    };
    host.resolvers = Fact::known(Resolvers {
        host: Some(file("/etc/resolv.conf", &[("127.0.0.53", 1), ("::1", 2)])),
        systemd_resolved: Some(file("/run/systemd/resolve/resolv.conf", &[("10.0.0.2", 3)])),
    });
    host.runtimes = Fact::known(vec![RuntimeNetwork {
        runtime: "libvirt".to_owned(),
        name: "default".to_owned(),
        subnets: vec![net("192.168.122.0/24")],
        file: "/etc/libvirt/qemu/networks/default.xml".to_owned(),
    }]);
    host.addresses = Fact::known(vec![address(4, "192.168.122.1/24")]);
    host.routes = Fact::known(vec![route("192.168.122.0/24 dev 4 proto 2")]);
    host.cloud = Fact::known(Some(Cloud {
        name: "aliyun".to_owned(),
        ranges: vec![(net("172.16.0.0/12"), "vpc-cidr-block".to_owned())],
        file: None,
    }));
    let declared =
        Declared { avoid: vec![net("10.3.0.0/16")], peers: vec![("10.0.0.6".to_owned(), net("172.20.0.0/16"))] };
    let (found, missing) = occupied(&host, &declared);
    let lines: Vec<String> =
        found.iter().map(|taken| format!("{} {} {}", taken.prefix, taken.kind.word(), taken.owner)).collect();
    assert_eq!(
        lines,
        [
            "10.0.0.2/32 nameserver nameserver 10.0.0.2 (/run/systemd/resolve/resolv.conf:3)",
            "10.3.0.0/16 avoid --avoid",
            "100.64.0.0/10 cloud aliyun services",
            "100.100.0.0/16 cloud aliyun services",
            "100.100.100.200/32 cloud aliyun metadata",
            "169.254.0.0/16 cloud aliyun metadata (169.254.169.254)",
            "172.16.0.0/12 cloud vpc-cidr-block (aliyun)",
            "172.20.0.0/16 avoid peer 10.0.0.6",
            "192.168.122.0/24 runtime libvirt network default",
        ]
    );
    assert_eq!(missing, []);
    assert_eq!(cloud_blind_spot(&host, &Declared::default()), None);
}

#[test]
fn a_cloud_that_hides_its_ranges_is_told_unless_the_user_names_some() {
    let mut host = host();
    assert_eq!(cloud_blind_spot(&host, &Declared::default()), None);
    let cloud = |name: &str, ranges: &[(&str, &str)]| {
        let ranges = ranges.iter().map(|(range, key)| (net(range), (*key).to_owned())).collect();
        Fact::known(Some(Cloud { name: name.to_owned(), ranges, file: None }))
    };
    host.cloud = cloud("gce", &[]);
    let said = cloud_blind_spot(&host, &Declared::default()).expect("a blind spot");
    assert!(said.en.contains("gce") && said.zh.contains("--avoid"));
    let declared = Declared { avoid: vec![net("10.128.0.0/9")], peers: Vec::new() };
    assert_eq!(cloud_blind_spot(&host, &declared), None);
    host.cloud = cloud("aliyun", &[("172.16.5.0/24", "vswitch-cidr-block")]);
    assert!(cloud_blind_spot(&host, &Declared::default()).is_some());
    host.cloud = cloud("hetzner", &[("10.1.0.0/16", "private-networks/network")]);
    assert_eq!(cloud_blind_spot(&host, &Declared::default()), None);
    host.cloud = cloud("lxd", &[]);
    assert_eq!(cloud_blind_spot(&host, &Declared::default()), None);
}

#[test]
fn somebody_seen_behind_a_route_makes_it_live_and_a_peer_behind_the_default_route_is_taken() {
    let mut host = host();
    host.addresses = Fact::known(vec![address(2, "10.171.223.5/21"), address(3, "172.17.0.1/16")]);
    let routes = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
        .map(|prefix| route(&format!("{prefix} via 10.171.223.247 dev 2")));
    host.routes = Fact::known(routes.to_vec());
    let socket = |remote: &str, state| Socket {
        transport: Transport::Tcp,
        state,
        local: "10.171.223.5:40000".parse().expect("an address"),
        remote: remote.parse::<SocketAddr>().expect("an address"),
    };
    // A container of docker0 proves nothing of 172.16.0.0/12, nor does a listener.
    host.sockets = Fact::known(vec![
        socket("172.17.0.2:80", SocketState::Established),
        socket("192.168.1.1:80", SocketState::Listen),
        socket("[::ffff:100.72.0.9]:443", SocketState::Established),
        socket("203.0.113.7:443", SocketState::Established),
    ]);
    let found = shown(&host);
    let live = |prefix: &str| {
        let line = format!("{prefix} route: {prefix} via 10.171.223.247 dev eth0");
        found.iter().any(|found| *found == format!("{line} live")) && !found.contains(&line)
    };
    assert_eq!(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(live), [true, false, false], "{found:?}");
    assert!(found.contains(&"100.72.0.9/32 address: 100.72.0.9:443 (ESTAB) live".to_owned()), "{found:?}");
    assert!(!found.iter().any(|line| line.starts_with("203.")), "{found:?}");
}

#[test]
fn what_was_not_seen_is_listed_and_nothing_is_made_of_it() {
    let (found, missing) = occupied(&Snapshot::empty("web1"), &Declared::default());
    assert_eq!(found, []);
    let facts: Vec<&str> = missing.iter().map(|missing| missing.fact).collect();
    for fact in
        ["addresses", "cloud", "engine.api", "links", "neighbours", "resolvers", "routes", "runtimes", "sockets"]
    {
        assert!(facts.contains(&fact), "{fact} in {facts:?}");
    }
}
