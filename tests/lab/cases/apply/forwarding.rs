//! Forwarding that somebody switched off under a running container.

use super::{SOON, TOPIC, behind_a_gateway, commits, rolls_back};
use crate::cases::networks::{INTERNET, container_reaches};
use crate::harness::{Cases, Host};

const GUARD: &str = "iptables -S FORWARD | head -n 1";

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "forwarding is switched on, with the engine's guard at each boot", |lab, engine| {
        let (fabric, mut host) = behind_a_gateway(lab, lab.host(engine));
        fabric.gateway(&format!("{INTERNET}/32"));
        host.docker();
        host.container("web", "");
        host.ok("sysctl -w net.ipv4.ip_forward=0 && iptables -P FORWARD ACCEPT");
        assert!(!container_reaches(&host, "web", INTERNET));
        let (before, guard) = (host.photo(), host.ok(GUARD));
        let report = commits(&host, &["diagnose"]);
        assert!(report.findings_above_info().is_empty(), "{report}");
        assert!(container_reaches(&host, "web", INTERNET), "now");
        assert_eq!(host.ok("docker ps --format '{{.Names}}'").trim(), "web", "it was not stopped");
        assert_eq!(host.ok(GUARD).trim(), "-P FORWARD DROP", "as the engine would have done it");
        // With it in a file the engine would find it on at the next boot, and set no guard.
        assert!(!host.sh("grep -rsE '^[^#]*(ip_forward|forwarding)' /etc/sysctl.d /etc/sysctl.conf").succeeded());
        rolls_back(&host);
        before.same(&host.photo(), "rolled back");
        assert_eq!(host.ok(GUARD), guard);
        commits(&host, &["diagnose"]);
        host.reboot();
        assert_eq!(forwards(&host), "0", "at the next boot, without an engine");
        host.start_docker().expect("the engine starts again");
        assert_eq!((forwards(&host).as_str(), host.ok(GUARD).trim()), ("1", "-P FORWARD DROP"));
        host.ok("docker start web");
        host.eventually(SOON, "docker ps --format '{{.Names}}' | grep -q web");
        assert!(container_reaches(&host, "web", INTERNET));
    });
}

fn forwards(host: &Host) -> String {
    host.read("/proc/sys/net/ipv4/ip_forward").trim().to_owned()
}
