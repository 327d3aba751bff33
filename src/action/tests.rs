use super::*;
use crate::host::{Family, Keeper, Member, NextHop, Place, RouteKind, RuleAction};

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

fn via(destination: &str, gateway: &str) -> Route {
    let hop = NextHop { via: Some(gateway.parse().unwrap()), link: Some(2), weight: 1, ..NextHop::default() };
    Route { next_hops: vec![hop], ..Route::to(net(destination)) }
}

fn removed(route: Route) -> Action {
    Action::Route {
        route: Box::new(route),
        link: Some("eth0".to_owned()),
        from: Presence::Present,
        to: Presence::Absent,
    }
}

#[test]
fn routes_are_told_apart_by_their_words() {
    let plain = removed(via("172.16.0.0/12", "10.0.0.1"));
    assert_eq!(plain.commands(), ["ip route del 172.16.0.0/12 via 10.0.0.1 dev eth0"]);
    assert_eq!(plain.undo_commands(), ["ip route add 172.16.0.0/12 via 10.0.0.1 dev eth0"]);
    assert_eq!(plain.resource(), plain.inverse().resource());
    let special = Route { table: 52, metric: 100, protocol: 4, mtu: Some(1400), ..via("10.0.0.0/8", "10.0.0.1") };
    assert_eq!(
        removed(special).commands(),
        ["ip route del 10.0.0.0/8 via 10.0.0.1 dev eth0 table 52 proto 4 metric 100 mtu 1400"]
    );
    let blackhole = Route { kind: RouteKind::Blackhole, ..Route::to(net("192.168.0.0/16")) };
    let blackhole =
        Action::Route { route: Box::new(blackhole), link: None, from: Presence::Absent, to: Presence::Present };
    assert_eq!(blackhole.commands(), ["ip route add blackhole 192.168.0.0/16"]);
    let six = Route { metric: 1024, ..via("fd00::/8", "fe80::1") };
    assert_eq!(removed(six).commands(), ["ip -6 route del fd00::/8 via fe80::1 dev eth0"]);
    let hops = via("10.9.0.0/16", "10.0.0.1").next_hops.into_iter().chain(via("10.9.0.0/16", "10.0.0.2").next_hops);
    let several = Route { next_hops: hops.collect(), ..Route::to(net("10.9.0.0/16")) };
    assert_eq!(
        removed(several).commands(),
        ["ip route del 10.9.0.0/16 nexthop via 10.0.0.1 weight 1 nexthop via 10.0.0.2 weight 1"]
    );
}

#[test]
fn rules_addresses_and_links() {
    let rule =
        Rule { to: Some(net("172.20.0.0/16")), action: RuleAction::Table(254), ..Rule::kernel(Family::V4, 90, 254) };
    let rule = Action::Rule { rule: Box::new(rule), from: Presence::Absent, to: Presence::Present };
    assert_eq!(rule.commands(), ["ip rule add from all to 172.20.0.0/16 lookup main priority 90"]);
    let address = Action::Address {
        link: "docker0".to_owned(),
        address: net("10.1.0.1/24"),
        from: Presence::Present,
        to: Presence::Absent,
    };
    assert_eq!(address.commands(), ["ip addr del 10.1.0.1/24 dev docker0"]);
    let bridge = Action::Bridge { link: "br-1".to_owned(), from: Presence::Present, to: Presence::Absent };
    assert_eq!(bridge.commands(), ["ip link delete br-1"]);
    assert_eq!(bridge.undo_commands(), ["ip link add br-1 type bridge", "ip link set br-1 up"]);
}

#[test]
fn rules_of_the_firewall_stand_at_their_place() {
    let spec = ["-i", "eth0", "-m", "comment", "--comment", "dnetctl:forward-policy-drop", "-j", "ACCEPT"];
    let rule = FirewallRule {
        tool: "iptables".to_owned(),
        table: "filter".to_owned(),
        chain: "DOCKER-USER".to_owned(),
        spec: spec.map(str::to_owned).to_vec(),
        position: Some(1),
        before: None,
    };
    let action = Action::Firewall { rule, from: Presence::Absent, to: Presence::Present };
    let said = "-i eth0 -m comment --comment dnetctl:forward-policy-drop -j ACCEPT";
    assert_eq!(action.commands(), [format!("iptables -t filter -I DOCKER-USER 1 {said}")]);
    assert_eq!(action.undo_commands(), [format!("iptables -t filter -D DOCKER-USER {said}")]);
}

#[test]
fn units_and_containers() {
    let unit = |name: &str| Action::Unit { name: name.to_owned(), from: Running::Running, to: Running::Stopped };
    assert_eq!(unit("docker.service").commands(), ["systemctl stop docker.service"]);
    assert_eq!(unit("docker").undo_commands(), ["service docker start"]);
    let names = vec!["web".to_owned(), "a b".to_owned()];
    let paused = vec!["a b".to_owned()];
    let containers = Action::Containers { names, paused, from: Running::Stopped, to: Running::Running };
    assert_eq!(containers.commands(), ["docker start web 'a b'", "docker pause 'a b'"]);
    assert_eq!(containers.undo_commands(), ["# they stop with the engine, and start again behind it: web, a b"]);
    let enable = Action::Enable { unit: "x.service".to_owned(), from: false, to: true };
    assert_eq!(enable.undo_commands(), ["systemctl disable x.service"]);
    assert!(enable.persists() && !unit("docker").persists());
}

#[test]
fn edits_say_what_to_write_where() {
    let file = "/etc/docker/daemon.json";
    let intent = Intent::Json { key: "bip".to_owned(), from: None, to: Some("10.1.0.1/24".into()) };
    let edit = Action::Edit { file: file.to_owned(), intents: vec![intent] };
    assert_eq!(edit.commands(), ["# in /etc/docker/daemon.json: \"bip\": \"10.1.0.1/24\""]);
    assert_eq!(edit.undo_commands(), ["# in /etc/docker/daemon.json, without: \"bip\""]);
    let place = Place { file: "/etc/network/interfaces".to_owned(), line: 7, column: 1 };
    let route = SavedRoute {
        place,
        keeper: Keeper::Ifupdown,
        says: "up route add -net 172.16.0.0 netmask 255.240.0.0 gw 10.0.0.1".to_owned(),
        destination: net("172.16.0.0/12"),
        gateway: Some("10.0.0.1".parse().unwrap()),
        link: Some("eth0".to_owned()),
        table: None,
        metric: None,
        kind: RouteKind::Unicast,
        active: true,
        editable: crate::host::Editable::Yes,
    };
    let gone = Action::Edit { file: route.place.file.clone(), intents: vec![Intent::NoRoute(Box::new(route))] };
    assert_eq!(
        gone.commands(),
        ["# in /etc/network/interfaces, line 7, without: up route add -net 172.16.0.0 netmask 255.240.0.0 gw 10.0.0.1"]
    );
}

#[test]
fn a_network_in_the_words_of_docker() {
    let mut old = gateway::made("172.18.0.0/16".parse().expect("a subnet"));
    old.id = "d87930667c82".to_owned();
    old.options.insert("com.docker.network.driver.mtu".to_owned(), "1400".to_owned());
    let ingress = Member { id: "ingress-sbox".to_owned(), name: gateway::INGRESS.to_owned(), ..Member::default() };
    old.members = Some(vec![ingress]);
    let mut new = old.clone();
    new.ipam = gateway::made("10.11.0.0/24".parse().expect("a subnet")).ipam;
    let mut actions = gateway::recreate(&old, new, "docker.service");
    let Action::Network { network, .. } = &mut actions[2] else { panic!("the new one") };
    assert_eq!((network.id.as_str(), network.members.as_ref()), ("", None));
    network.labels.insert("owner".to_owned(), "ops team".to_owned());
    let made = |subnet: &str, gateway: &str| {
        format!(
            "docker network create --driver bridge --subnet {subnet} --gateway {gateway} -o com.docker.network.bridge.enable_icc=false \
             -o com.docker.network.bridge.enable_ip_masquerade=true -o com.docker.network.bridge.name=docker_gwbridge \
             -o com.docker.network.driver.mtu=1400"
        )
    };
    let commands: Vec<String> = actions.iter().flat_map(Action::commands).collect();
    let new = made("10.11.0.0/24", "10.11.0.1") + " --label 'owner=ops team' docker_gwbridge";
    let off = "docker network disconnect -f docker_gwbridge gateway_ingress-sbox";
    assert_eq!(commands, [off, "docker network rm docker_gwbridge", new.as_str(), "systemctl restart docker.service"]);
    let undo: Vec<String> = actions.iter().rev().flat_map(Action::undo_commands).collect();
    let old = made("172.18.0.0/16", "172.18.0.1") + " docker_gwbridge";
    assert_eq!(undo, [off, "docker network rm docker_gwbridge", old.as_str(), "systemctl restart docker.service"]);
    for action in actions {
        let line = serde_json::to_string(&action).expect("a line of a journal");
        assert_eq!(serde_json::from_str::<Action>(&line).expect("it reads it"), action);
    }
}
