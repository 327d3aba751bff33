//! The old Aliyun image: /etc/network/interfaces brings up routes for all private ranges, and the engine has no room, or hides
//! what lies behind them.

use super::{SOON, commits, fetches, outcome, rolls_back};
use crate::cases::networks::{container_reaches, host_reaches};
use crate::harness::{Cases, Engine, Fabric, Host, Lab, Photo};

const TOPIC: &str = "apply::intranet";
pub(super) const FILE: &str = "/etc/network/interfaces";
/// Machines of the intranet, each with a web server.
pub(super) const MACHINE: &str = "172.17.40.7";
pub(super) const OTHER: &str = "192.168.40.7";
/// One that the built-in subnet of docker0 does not hide.
pub(super) const BESIDE: &str = "172.25.40.7";

const HEAD: &str = "# This file describes the network interfaces available on your system\n\
                    source /etc/network/interfaces.d/*\n\
                    \n\
                    auto lo\n\
                    iface lo inet loopback\n\
                    \n";
const PUBLIC: &str = "auto eth1\n\
                      iface eth1 inet static\n\
                      \taddress 121.40.83.10\n\
                      \tnetmask 255.255.252.0\n\
                      \tgateway 121.40.83.247\n";

/// As the image has it, or with 10.0.0.0/8 left to others.
pub(super) fn by_gateway(ten: bool) -> String {
    let ten = if ten { "\tup route add -net 10.0.0.0 netmask 255.0.0.0 gw 10.171.223.247 dev eth0\n" } else { "" };
    format!(
        "{HEAD}auto eth0\n\
         iface eth0 inet static\n\
         \taddress 10.171.216.2\n\
         \tnetmask 255.255.248.0\n\
         {ten}\
         \tup route add -net 172.16.0.0 netmask 255.240.0.0 gw 10.171.223.247 dev eth0\n\
         \tup route add -net 192.168.0.0 netmask 255.255.0.0 gw 10.171.223.247 dev eth0\n\
         \n{PUBLIC}"
    )
}

/// The same ranges as if all of them were on the link: the engine finds no free pool.
fn on_link(ten: bool) -> String {
    let ten = if ten { "\tup ip route add 10.0.0.0/8 dev eth0\n" } else { "" };
    format!(
        "{HEAD}auto eth0\n\
         iface eth0 inet static\n\
         \taddress 10.171.216.2/21\n\
         \t# intranet\n\
         {ten}\
         \tpost-up ip route add 172.16.0.0/12 \\\n\
         \t\tdev eth0\n\
         \tup route add -net 192.168.0.0 netmask 255.255.0.0 dev eth0\n\
         \n{PUBLIC}"
    )
}

/// A host whose links are brought up by ifupdown alone; the intranet is behind eth0, the internet behind eth1.
pub(super) fn host(lab: &Lab, engine: Engine, interfaces: &str) -> (Fabric, Fabric, Host) {
    let (intranet, internet) = (lab.fabric(), lab.fabric());
    intranet.gateway("10.171.223.247/21");
    for machine in [MACHINE, OTHER, BESIDE] {
        intranet.gateway(&format!("{machine}/32")).web(machine);
    }
    internet.gateway("121.40.83.247/22");
    // net-tools are of those days; busybox has the command in the same words.
    let host = lab.host(engine).on(&intranet, "eth0", "").on(&internet, "eth1", "").resolver("121.40.83.247");
    let mut host =
        host.file(FILE, interfaces).file("/usr/local/sbin/route", "#!/bin/sh\nexec busybox route \"$@\"\n").boot();
    host.ok("chmod 755 /usr/local/sbin/route");
    host.reboot();
    assert_eq!(host.unit_state("networking.service"), "active");
    host.ok("ip route show table main | grep '^172.16.0.0/12 ' && ip route show table main | grep '^192.168.0.0/16 '");
    for machine in [MACHINE, OTHER, BESIDE] {
        assert!(host_reaches(&host, machine) && fetches(&host, None, machine), "the intranet is there: {machine}");
    }
    (intranet, internet, host)
}

/// The engine runs, and the intranet is there for the host and for a container.
#[track_caller]
pub(super) fn works(host: &Host, machine: &str) {
    assert_eq!(host.unit_state("docker.service"), "active");
    if !host.sh("docker image inspect bb:1").succeeded() {
        host.image();
    }
    host.ok("docker rm -f probe > /dev/null 2>&1; true");
    host.container("probe", "");
    assert_reached(host, "probe", machine);
    host.ok("docker rm -f probe");
}

/// By ping and by HTTP, from the host and from a container.
#[track_caller]
pub(super) fn assert_reached(host: &Host, container: &str, machine: &str) {
    let routes = host.ok("ip route; cat /etc/docker/daemon.json 2> /dev/null; true");
    assert!(host_reaches(host, machine), "the host pings {machine}: {routes}");
    assert!(fetches(host, None, machine), "the host asks {machine}: {routes}");
    assert!(container_reaches(host, container, machine), "a container pings {machine}: {routes}");
    assert!(fetches(host, Some(container), machine), "a container asks {machine}: {routes}");
}

/// After a reboot it is as it was put right.
#[track_caller]
pub(super) fn lasts(host: &mut Host, machine: &str) {
    let routes = "ip -4 route show table main | grep -v docker0 | sort";
    let before = host.ok(routes);
    host.reboot();
    assert_eq!(host.ok(routes), before, "the routes of the next boot");
    host.start_docker().unwrap_or_else(|log| panic!("after a reboot:\n{log}"));
    works(host, machine);
}

pub(super) const FIX: [&str; 3] = ["fix-routes", "--allow", "disruptive"];

pub fn add(cases: &mut Cases) {
    cases
        .each_engine(TOPIC, "on-link routes keep the engine down: Docker moves", |lab, engine| moves(lab, engine, &[]));
    cases.in_turn(TOPIC, "on-link routes keep the engine down: Docker moves, as asked", |lab, engine| {
        moves(lab, engine, &["--prefer", "move-docker"]);
    });
    cases.in_turn(TOPIC, "on-link routes keep the engine down: a route goes", |lab, engine| {
        let interfaces = on_link(true);
        let (_intranet, _internet, mut host) = host(lab, engine, &interfaces);
        let before = down(&host);
        commits(&host, &[&FIX[..], &["--prefer", "drop-route"]].concat());
        let kept = host.ok("ip route show table main");
        // Both machines were pinged a moment ago: whichever range went, the other is still there.
        let machine = if kept.contains("172.16.0.0/12") { MACHINE } else { OTHER };
        let file = host.read(FILE);
        let gone: Vec<&str> = interfaces.lines().filter(|line| !file.contains(*line)).collect();
        assert!(!gone.is_empty() && gone.len() <= 2 && gone.iter().all(|line| !line.contains("10.")), "{gone:?}");
        works(&host, machine);
        lasts(&mut host, machine);
        rolls_back(&host);
        before.without(OF_THE_LAST_START).same(&host.photo().without(OF_THE_LAST_START), "rolled back");
    });
    cases.in_turn(TOPIC, "docker0 hides the intranet behind a gateway", |lab, engine| {
        let interfaces = by_gateway(false);
        let (_intranet, _internet, mut host) = host(lab, engine, &interfaces);
        host.docker();
        host.container("web", "--restart unless-stopped");
        assert!(!host_reaches(&host, MACHINE) && !container_reaches(&host, "web", MACHINE), "docker0 took its place");
        let before = host.photo();
        let cautious = host.told(&["fix-routes", "--apply", "--yes"]);
        assert_eq!(outcome(&cautious), "nothing applied", "a running container would stop: {cautious}");
        before.same(&host.photo(), "refused");
        commits(&host, &FIX);
        assert_eq!(host.ok("docker ps --format '{{.Names}}'").trim(), "web", "it runs again");
        assert!(container_reaches(&host, "web", MACHINE));
        assert_eq!(host.read(FILE), interfaces);
        works(&host, MACHINE);
        host.ok("docker network create later && docker network rm later");
        let later = host.diagnose();
        assert!(later.findings_above_info().is_empty(), "the next network hides nothing: {later}");
        back_and_there(&mut host, &before);
    });
    cases.in_turn(TOPIC, "every private range is behind the gateway", all_routed);
}

/// The image as it was: nothing private is free, and Docker goes where it is missed least.
fn all_routed(lab: &Lab, engine: Engine) {
    let interfaces = by_gateway(true);
    let (_intranet, _internet, mut host) = host(lab, engine, &interfaces);
    host.docker();
    host.container("web", "--restart unless-stopped");
    assert!(!host_reaches(&host, MACHINE) && !fetches(&host, None, MACHINE), "docker0 took its place");
    assert!(!container_reaches(&host, "web", MACHINE) && !fetches(&host, Some("web"), MACHINE));
    let before = host.photo();
    // Who asks for everything to be put right gets it as a question.
    let asked = host.told(&["diagnose", "--allow", "disruptive", "--apply", "--yes"]);
    assert_eq!(outcome(&asked), "nothing applied", "{asked}");
    let cautious = host.told(&["fix-routes", "--apply", "--yes"]);
    assert_eq!(outcome(&cautious), "nothing applied", "{cautious}");
    before.same(&host.photo(), "refused");

    let report = commits(&host, &FIX);
    let hides = "no longer reach anything at 172.28.0.0/20, a part of what `172.16.0.0/12 via 10.171.223.247 dev eth0` leads to";
    // A terminal's lines are short.
    let told = report.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains(hides), "{told}");
    assert!(report.findings_above_info().is_empty(), "{report}");
    assert_eq!(host.read(FILE), interfaces, "the routes stay");
    assert_eq!(host.ok("docker ps --format '{{.Names}}'").trim(), "web", "it runs again");
    for machine in [MACHINE, OTHER, BESIDE] {
        assert_reached(&host, "web", machine);
    }
    // Networks to come hide nothing else.
    host.ok("docker network create later");
    let subnet = host.ok("docker network inspect -f '{{(index .IPAM.Config 0).Subnet}}' later");
    assert!(subnet.starts_with("172.28.") && subnet.trim().ends_with("/24"), "{subnet}");
    host.container("late", "--network later");
    for machine in [MACHINE, OTHER, BESIDE] {
        assert_reached(&host, "late", machine);
    }
    let again = host.diagnose();
    assert!(again.findings_of("network-hides-route").iter().all(|told| told["severity"] == "info"), "{again}");
    host.ok("docker rm -f late && docker network rm later");

    back_and_there(&mut host, &before);
    assert_reached(&host, "web", MACHINE);
    rolls_back(&host);
    before.without(OF_THE_LAST_START).same(&host.photo().without(OF_THE_LAST_START), "rolled back after a reboot");
}

/// Started once after a boot the engine leaves its bridge, forwarding and its socket, whoever takes back a change of an earlier boot.
const OF_THE_LAST_START: &[&str] = &["route4 ", "address4 docker0", "sysctl ", "unit docker.socket"];

/// The engine does not start for want of a pool; the host as it is then.
#[track_caller]
fn down(host: &Host) -> Photo {
    let log = host.start_docker().expect_err("no pool is free");
    assert!(log.contains("available") || log.contains("address pools"), "{log}");
    host.await_unit("docker.service", "failed");
    host.photo()
}

fn moves(lab: &Lab, engine: Engine, prefer: &[&str]) {
    let interfaces = on_link(false);
    let (_intranet, _internet, host) = host(lab, engine, &interfaces);
    let before = down(&host);
    let looked = host.told(&["fix-routes"]);
    assert_eq!((looked.exit, outcome(&looked)), (1, "nothing applied"), "{looked}");
    before.same(&host.photo(), "looking changes nothing");
    commits(&host, &[&FIX[..], prefer].concat());
    assert_eq!(host.read(FILE), interfaces, "Docker moves, the routes stay");
    works(&host, MACHINE);
    rolls_back(&host);
    before.same(&host.photo(), "rolled back");
    // This engine remembers where docker0 was, and would start: what lasts is shown on another one.
    let (_intranet, _internet, mut host) = self::host(lab, engine, &interfaces);
    let before = down(&host);
    commits(&host, &[&FIX[..], prefer].concat());
    lasts(&mut host, MACHINE);
    rolls_back(&host);
    before.without(OF_THE_LAST_START).same(&host.photo().without(OF_THE_LAST_START), "rolled back");
}

/// Taken back and done again, for good.
fn back_and_there(host: &mut Host, before: &Photo) {
    rolls_back(host);
    before.same(&host.photo(), "rolled back, docker0 too");
    assert_eq!(host.ok("docker ps --format '{{.Names}}'").trim(), "web");
    commits(host, &FIX);
    lasts(host, MACHINE);
    host.eventually(SOON, "docker ps --format '{{.Names}}' | grep -q web");
}
