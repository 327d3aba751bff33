//! Routes that go, and routes that come, of hosts with /etc/network/interfaces.

use super::intranet::{BESIDE, FILE, FIX, MACHINE, OTHER, assert_reached, by_gateway, host, lasts};
use super::{commits, rolls_back};
use crate::cases::networks::{container_reaches, host_reaches};
use crate::harness::{Cases, Engine, Lab};

const TOPIC: &str = "apply::routes";
/// A service of the cloud's own, as far as this host knows.
const CLOUD: &str = "100.100.2.136";

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "a route by a gateway goes, those of the cloud stay", |lab, engine| {
        gateway_route_goes(lab, engine);
    });
    cases.in_turn(TOPIC, "a route that is asked for comes, for good", comes);
}

fn gateway_route_goes(lab: &Lab, engine: Engine) {
    let cloud = "\tup route add -net 100.64.0.0 netmask 255.192.0.0 gw 10.171.223.247 dev eth0\n";
    let interfaces =
        by_gateway(true).replacen("\tup route add -net 172", &format!("{cloud}\tup route add -net 172"), 1);
    let (intranet, _internet, mut host) = host(lab, engine, &interfaces);
    intranet.gateway(&format!("{CLOUD}/32")).web(CLOUD);
    host.docker();
    host.container("web", "--restart unless-stopped");
    let started = host.ok("docker inspect -f '{{.State.StartedAt}}' web");
    let drop = [&FIX[..], &["--prefer", "drop-route"]].concat();
    assert!(!host_reaches(&host, MACHINE), "docker0 took its place");
    assert_reached(&host, "web", BESIDE);
    let before = host.photo();
    commits(&host, &drop);
    assert_eq!(host.ok("docker inspect -f '{{.State.StartedAt}}' web"), started, "it runs on");
    let file = host.read(FILE);
    let gone: Vec<&str> = interfaces.lines().filter(|line| !file.contains(*line)).collect();
    assert_eq!(gone, ["\tup route add -net 172.16.0.0 netmask 255.240.0.0 gw 10.171.223.247 dev eth0"]);
    let routes = host.ok("ip -4 route show table main");
    assert!(!routes.contains("172.16.0.0/12") && routes.contains("100.64.0.0/10 via"), "{routes}");
    for machine in [OTHER, CLOUD] {
        assert_reached(&host, "web", machine);
    }
    // A connection that is tried would keep the route from being given up a second time.
    assert!(!host_reaches(&host, BESIDE) && !container_reaches(&host, "web", BESIDE), "given up");
    rolls_back(&host);
    before.same(&host.photo(), "rolled back");
    assert_reached(&host, "web", BESIDE);
    commits(&host, &drop);
    lasts(&mut host, OTHER);
    assert!(!host.ok("ip -4 route show table main").contains("172.16.0.0/12"), "at the next boot too");
    rolls_back(&host);
    before.same(&host.photo(), "rolled back after a reboot");

    // In the way of Docker, and still not for anybody to give up.
    host.write("/etc/docker/daemon.json", r#"{"default-address-pools": [{"base": "100.64.0.0/10", "size": 24}]}"#);
    host.restart_docker().expect("the engine goes round no gateway");
    let refused = host.told(&drop);
    assert_eq!(refused.finding("network-hides-route")["severity"], "warning", "{refused}");
    let (steps, left) =
        (refused.json["plans"][0]["steps"].to_string(), refused.json["plans"][0]["left_out"].to_string());
    assert!(!steps.contains("ip route del"), "{steps}");
    assert!(left.contains("100.64.0.0/10 via") && left.contains("clouds reach their own services"), "{left}");
}

fn comes(lab: &Lab, engine: Engine) {
    const PEER: &str = "172.30.5.5";
    // No way out: what is reached is reached by that route.
    let interfaces =
        "auto lo\niface lo inet loopback\n\n# the LAN\nauto eth0\niface eth0 inet static\n\taddress 10.0.0.2/24\n";
    let fabric = lab.fabric();
    fabric.gateway("10.0.0.7/24").gateway(&format!("{PEER}/32")).web(PEER);
    let mut host = lab.host(engine).on(&fabric, "eth0", "").file(FILE, interfaces).boot();
    host.reboot();
    host.docker();
    host.container("web", "--restart unless-stopped");
    assert!(!host_reaches(&host, PEER));
    let before = host.photo();
    let add = ["fix-routes", "--add", "172.30.0.0/16 via 10.0.0.7"];
    commits(&host, &add);
    assert_reached(&host, "web", PEER);
    let file = host.read(FILE);
    assert!(file.starts_with(interfaces.trim_end()) && file.contains("172.30.0.0/16"), "{file}");
    let again = host.told(&[&add[..], &["--apply", "--yes"]].concat());
    assert_eq!((again.exit, again.json["applied"].is_null()), (0, true), "it is there: {again}");
    host.reboot();
    assert!(host.ok("ip -4 route show").contains("172.30.0.0/16 via 10.0.0.7 dev eth0"), "at the next boot too");
    host.start_docker().expect("as before");
    host.eventually(super::SOON, "docker ps --format '{{.Names}}' | grep -q web");
    assert_reached(&host, "web", PEER);
    rolls_back(&host);
    assert!(!host_reaches(&host, PEER));
    before.same(&host.photo(), "rolled back");
}
