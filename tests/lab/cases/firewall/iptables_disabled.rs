use super::super::networks::{INTERNET, behind_gateway, carry_out, container_reaches, healthy, only, says};
use crate::harness::{Cases, Host};

const CHECK: &str = "iptables-disabled";
const TOPIC: &str = "firewall::iptables-disabled";
const FILE: &str = "/etc/docker/daemon.json";

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "nothing translates what containers send out", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &["203.0.113.7/32"]);
        let host = host.file(FILE, "{\n  \"live-restore\": false, \"iptables\": false\n}\n").boot();
        host.docker();
        // With no container nobody misses it.
        healthy(&host);
        host.container("web", "-p 8080:80");
        assert!(!reaches(&host) && container_reaches(&host, "web", "10.0.0.2"), "this host, and nothing beyond");
        let report = host.diagnose();
        let finding = only(&report, CHECK, "warning", &format!("{FILE}#/iptables"));
        says(finding, "container web on network bridge sends out leaves by eth0 with its own address 172.17.0.2");

        carry_out(&host, finding, "MASQUERADE");
        assert!(reaches(&host));
        healthy(&host);
        host.ok("iptables -t nat -F POSTROUTING");
        assert!(!reaches(&host));

        carry_out(&host, finding, "sed -i");
        assert_eq!(host.read(FILE), "{\n  \"live-restore\": false, \"iptables\": true\n}\n");
        host.ok("docker start web");
        assert!(reaches(&host));
        healthy(&host);
    });
    cases.in_turn(TOPIC, "the flag, and a subnet that the router knows", |lab, engine| {
        let (fabric, host) = behind_gateway(lab, engine, &["203.0.113.7/32"]);
        let drop_in = "/etc/systemd/system/docker.service.d/ours.conf";
        let exec = "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// --iptables=false\n";
        let host = host.file(FILE, r#"{"bip": "10.30.0.1/24"}"#).file(drop_in, exec).boot();
        host.ok("systemctl daemon-reload");
        host.docker().container("web", "");
        fabric.ok("ip route add 10.30.0.0/24 via 10.0.0.2");
        assert!(reaches(&host), "routed, not translated");
        let report = healthy(&host);
        assert_eq!(report.finding(CHECK)["severity"], "info", "{report}");
        // A network that the engine takes of its own pools is another matter.
        host.ok("docker network create own");
        host.container("db", "--network own");
        assert!(!container_reaches(&host, "db", INTERNET));
        let report = host.diagnose();
        let finding = only(&report, CHECK, "warning", &format!("{drop_in}#--iptables"));
        says(finding, "container db on network own");
        carry_out(&host, finding, "MASQUERADE");
        assert!(container_reaches(&host, "db", INTERNET) && reaches(&host));
        healthy(&host);
    });
}

fn reaches(host: &Host) -> bool {
    container_reaches(host, "web", INTERNET)
}
