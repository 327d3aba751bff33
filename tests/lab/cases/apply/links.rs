//! Links of Docker's that somebody switched off.

use super::{SOON, TOPIC, commits, rolls_back};
use crate::cases::networks::{INTERNET, behind_gateway, carry_out, container_reaches, healthy, only, says};
use crate::harness::{Cases, Engine, Host, Lab};

const CHECK: &str = "bridge-link-missing";

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "a bridge is switched off", switched_off);
    cases.in_turn(TOPIC, "a bridge that nobody is on is switched off", idle);
}

fn switched_off(lab: &Lab, engine: Engine) {
    let (_fabric, host) = behind_gateway(lab, engine, &["203.0.113.7/32"]);
    let mut host = host.boot();
    host.docker();
    host.ok("docker network create --ipv6 --subnet 172.30.0.0/24 --subnet fd00:30::/64 both");
    host.container("web", "");
    host.ok("docker run -d --name one --restart always --network both bb:1 sleep 100000");
    host.container("two", "--network both");
    let bridge = host.ok("docker network inspect -f 'br-{{slice .Id 0 12}}' both").trim().to_owned();
    works(&host);
    healthy(&host);
    let whole = host.photo();
    host.ok(&format!("ip link set {bridge} down"));
    for other in [INTERNET, "172.30.0.1", "172.30.0.3"] {
        assert!(!container_reaches(&host, "one", other), "{other}");
    }
    assert!(container_reaches(&host, "web", INTERNET), "docker0 is as it was");
    let report = host.diagnose();
    let finding = only(&report, CHECK, "error", "network:both");
    says(finding, &format!("{bridge}, the bridge of network both, is switched off"));
    let off = host.photo();
    commits(&host, &["diagnose"]);
    works(&host);
    healthy(&host);
    // Up to 26.1 the engine has a second route to each IPv6 subnet, of a worse metric. The kernel counts an anycast address twice, now and then (2 in
    // /proc/net/anycast6), and then does not make its route again.
    let others = ["fd00:30::/64 dev", "route6 anycast"];
    whole.without(&others).same(&host.photo().without(&others), "switched on again");
    rolls_back(&host);
    off.same(&host.photo(), "rolled back");
    carry_out(&host, finding, "ip link set");
    works(&host);
    host.ok(&format!("ip addr flush dev {bridge} scope global"));
    let report = host.diagnose();
    says(only(&report, CHECK, "error", "network:both"), "has lost its addresses 172.30.0.1, fd00:30::1");
    commits(&host, &["diagnose"]);
    works(&host);
    host.ok(&format!("ip link set {bridge} down"));
    commits(&host, &["diagnose"]);

    // The engine of the next boot makes the bridge by itself, and whoever regrets the change then does not switch that one off.
    host.reboot();
    host.docker();
    host.eventually(SOON, "docker ps -q -f name=one | grep -q .");
    rolls_back(&host);
    assert!(container_reaches(&host, "one", INTERNET));
    healthy(&host);
}

/// By IPv4 and IPv6, as soon as the kernel has seen that nobody else has the bridge's address.
#[track_caller]
fn works(host: &Host) {
    assert!(container_reaches(host, "one", INTERNET) && container_reaches(host, "one", "172.30.0.3"));
    host.eventually(SOON, "docker exec one ping -6 -c 1 -W 1 fd00:30::1");
}

fn idle(lab: &Lab, engine: Engine) {
    let (_fabric, host) = behind_gateway(lab, engine, &["203.0.113.7/32"]);
    let host = host.boot();
    host.docker();
    host.ok("ip link set docker0 down");
    let report = healthy(&host);
    let finding = report.finding(CHECK);
    assert_eq!((&finding["severity"], &finding["subject"]), (&"info".into(), &"network:bridge".into()), "{report}");
    host.container("early", "");
    assert!(!container_reaches(&host, "early", INTERNET), "the engine does not look");
    only(&host.diagnose(), CHECK, "error", "network:bridge");
    host.ok("docker rm -f early");
    carry_out(&host, finding, "ip link set docker0 up");
    host.container("web", "");
    assert!(container_reaches(&host, "web", INTERNET));
    healthy(&host);
    host.ok("ip link set docker0 down");
    host.restart_docker().expect("nothing hinders it");
    host.container("late", "");
    assert!(container_reaches(&host, "late", INTERNET), "it switches its bridges on as it starts");
}
