use super::*;
use crate::host::{Address, Api, ApiVersion, EngineKind, Fact, Info, IpamConfig, Network, Socket, SwarmPeer};

fn node(engine: &str, swarm: SwarmNode, networks: Vec<Network>) -> Snapshot {
    let mut host = Snapshot::empty("h");
    host.engine.api = Fact::known(Api {
        endpoint: "unix:///var/run/docker.sock".to_owned(),
        chosen_by: "default".to_owned(),
        version: ApiVersion { kind: EngineKind::Docker, engine: engine.to_owned(), ..ApiVersion::default() },
        info: Fact::known(Info { swarm, ..Info::default() }),
        networks: Fact::known(networks),
        containers: Fact::NotCollected,
        history: Fact::NotCollected,
    });
    host
}

fn state(state: &str, pools: &[&str]) -> SwarmNode {
    let default_pools = pools.iter().map(|pool| pool.parse().unwrap()).collect();
    SwarmNode { state: state.to_owned(), default_pools, ..SwarmNode::default() }
}

fn shown(host: &Snapshot) -> Vec<(String, bool)> {
    swarm_ranges(host).unwrap().iter().map(|range| (range.prefix.to_string(), range.assumed)).collect()
}

#[test]
fn managers_tell_the_pool_and_workers_do_not() {
    let manager = node("28.5.2", state("active", &["10.20.0.0/16", "10.30.0.0/16"]), Vec::new());
    assert_eq!(shown(&manager), [("10.20.0.0/16".to_owned(), false), ("10.30.0.0/16".to_owned(), false)]);
    let worker = node("28.5.2", state("active", &[]), Vec::new());
    assert_eq!(shown(&worker), [("10.0.0.0/8".to_owned(), true)]);
    let untold = node("28.5.2", SwarmNode { manager: true, ..state("active", &[]) }, Vec::new());
    assert_eq!(shown(&untold), [("10.0.0.0/8".to_owned(), false)], "since 23.0 the default is not told");
    let old = node("17.06.0-ce", state("active", &[]), Vec::new());
    assert_eq!(shown(&old), [("10.0.0.0/8".to_owned(), false)]);
    assert!(shown(&node("28.5.2", state("inactive", &[]), Vec::new())).is_empty());
}

#[test]
fn the_ingress_network_as_the_node_has_it() {
    let ipam = IpamConfig { subnet: "10.255.0.0/16".parse().unwrap(), gateway: None, ip_range: None };
    let ingress = Network { name: "ingress".to_owned(), ingress: true, ipam: vec![ipam], ..Network::default() };
    let worker = node("20.10.24", state("active", &[]), vec![ingress]);
    assert_eq!(shown(&worker)[1], ("10.255.0.0/16".to_owned(), false));
}

#[test]
fn ingress_by_version() {
    let ingress = |version, pool: &str, block| {
        ingress_subnet(Version::parse(version).unwrap(), pool.parse().unwrap(), block).map(|net| net.to_string())
    };
    assert_eq!(ingress("19.03.4", "10.0.0.0/8", 24).as_deref(), Some("10.255.0.0/16"));
    assert_eq!(ingress("19.03.5", "10.0.0.0/8", 24).as_deref(), Some("10.0.0.0/24"));
    assert_eq!(ingress("28.5.2", "172.30.0.0/16", 26).as_deref(), Some("172.30.0.0/26"));
    assert_eq!(ingress("28.5.2", "172.30.0.0/16", 8), None);
}

fn peer(id: &str, address: &str, manager: bool, state: &str) -> SwarmPeer {
    let (id, hostname, availability) = (id.to_owned(), format!("host-{id}"), "active".to_owned());
    SwarmPeer { id, hostname, address: address.parse().ok(), manager, state: state.to_owned(), availability }
}

fn overlay(name: &str, peers: &[&str]) -> Network {
    let peers = peers.iter().map(|address| address.parse().unwrap()).collect();
    Network {
        id: format!("{name}-id"),
        name: name.to_owned(),
        driver: "overlay".to_owned(),
        peers,
        ..Network::default()
    }
}

#[test]
fn a_node_is_no_peer_of_its_own() {
    let mut swarm = state("active", &[]);
    swarm.node_id = "a".to_owned();
    swarm.node_address = "203.0.113.9".parse().ok();
    swarm.managers = vec!["10.0.0.2:2377".to_owned(), "[fd00::7]:2377".to_owned(), "203.0.113.9:2377".to_owned()];
    swarm.nodes = vec![
        peer("a", "10.0.0.99", true, "ready"),
        peer("b", "10.0.0.3", false, "down"),
        peer("c", "10.0.0.2", false, "ready"),
    ];
    let mut host = node("28.5.2", swarm, vec![overlay("own", &["10.0.0.4", "10.0.0.3", "10.0.0.1", "127.0.0.1"])]);
    host.addresses = Fact::known(vec![Address::on(2, "10.0.0.1/24".parse().unwrap())]);
    let seen: Vec<(String, String, bool, bool)> = peers(&host)
        .unwrap()
        .into_iter()
        .map(|peer| (peer.address.to_string(), peer.name, peer.manager, peer.down))
        .collect();
    let told = |address: &str, name: &str, manager, down| (address.to_owned(), name.to_owned(), manager, down);
    assert_eq!(
        seen,
        [
            told("10.0.0.2", "host-c", true, false),
            told("10.0.0.3", "host-b", false, true),
            told("10.0.0.4", "", false, false),
            told("fd00::7", "", true, false),
        ]
    );
    let outside = node("28.5.2", state("inactive", &[]), Vec::new());
    assert_eq!(peers(&outside), Ok(Vec::new()));
}

#[test]
fn the_port_of_overlay_traffic() {
    let mut manager = state("active", &[]);
    manager.data_path_port = Some(7789);
    assert_eq!(data_path_port(&node("28.5.2", manager, Vec::new())), Ok(7789));
    assert_eq!(data_path_port(&node("18.09.9", state("active", &[]), Vec::new())), Ok(4789));
    let mut worker = node("28.5.2", state("active", &[]), Vec::new());
    assert_eq!(data_path_port(&worker).unwrap_err().fact, "sockets");
    let bound = |local: &str| Socket {
        transport: Transport::Udp,
        state: SocketState::Listen,
        local: local.parse().unwrap(),
        remote: "0.0.0.0:0".parse().unwrap(),
    };
    worker.sockets = Fact::known(vec![bound("0.0.0.0:4789")]);
    assert_eq!(data_path_port(&worker), Ok(4789));
    worker.sockets = Fact::known(vec![bound("0.0.0.0:7789"), bound("127.0.0.1:4789")]);
    assert!(data_path_port(&worker).unwrap_err().why.en.contains("only managers tell"));
}

#[test]
fn where_overlay_traffic_comes_from() {
    let address = |said: &str| said.parse::<IpAddr>().unwrap();
    let own = |node_address: &str, data: Option<&str>, read: bool| SwarmNode {
        node_address: Some(address(node_address)),
        managers: vec!["10.0.0.5:2377".to_owned()],
        listen_port: read.then_some(2377),
        data_path_address: data.map(address),
        ..state("active", &[])
    };
    let other = Peer {
        address: address("10.0.0.6"),
        name: String::new(),
        manager: false,
        down: false,
        shown_by: String::new(),
    };
    let told = |this: &SwarmNode, theirs: &[SwarmNode]| {
        let others: Vec<Snapshot> = theirs.iter().map(|theirs| node("28.5.2", theirs.clone(), Vec::new())).collect();
        data_path_address(&node("28.5.2", this.clone(), Vec::new()), &others, &other).map(|address| address.to_string())
    };
    let (plain, apart) = (own("10.0.0.5", None, true), own("10.0.0.5", Some("10.1.0.5"), true));
    let here = Some("10.0.0.6".to_owned());
    assert_eq!((told(&plain, &[]), told(&apart, &[])), (here.clone(), None));
    let theirs = own("10.0.0.6", Some("10.1.0.6"), true);
    assert_eq!(told(&apart, std::slice::from_ref(&theirs)).as_deref(), Some("10.1.0.6"));
    assert_eq!(told(&plain, std::slice::from_ref(&theirs)).as_deref(), Some("10.1.0.6"));
    assert_eq!(told(&apart, &[own("10.0.0.6", None, true)]), here, "on it all goes by one");
    assert_eq!(told(&apart, &[own("10.0.0.6", None, false)]), None, "its file was not read");
    let elsewhere = SwarmNode { managers: vec!["10.9.0.5:2377".to_owned()], ..theirs };
    assert_eq!(told(&plain, &[elsewhere]), here, "another swarm's node of that address");
}

#[test]
fn a_manager_listens_where_its_own_file_says_or_the_others_find_it() {
    let manager = SwarmNode {
        node_address: Some("10.0.0.5".parse().unwrap()),
        managers: vec!["10.0.0.4:2377".to_owned(), "10.0.0.5:2399".to_owned()],
        ..state("active", &[])
    };
    assert_eq!(listen_port(&manager), Some(2399));
    assert_eq!(listen_port(&SwarmNode { listen_port: Some(2400), ..manager.clone() }), Some(2400));
    assert_eq!(listen_port(&SwarmNode { managers: Vec::new(), ..manager }), None);
}
