use super::{INTERNET, behind_gateway, carry_out, container_reaches, healthy, host_reaches, only, says};
use crate::harness::Cases;

const CHECK: &str = "default-route-via-docker";
const TOPIC: &str = "networks::default-route-via-docker";

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "a DHCP client takes Docker's links for uplinks", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &["203.0.113.7/32"]);
        let host = host.boot();
        host.docker();
        host.container("web", "");
        assert!(host_reaches(&host, INTERNET) && container_reaches(&host, "web", INTERNET));
        healthy(&host);
        let veth = host.ok("ip -o link show master docker0 | sed 's/^[0-9]*: //; s/@.*//'");
        // 172.17.0.2 is the container, which has no way out but through this host.
        let hops = [
            ("via 172.17.0.2", "docker0"),
            ("via 172.17.0.9", "docker0"),
            ("dev docker0", "docker0"),
            ("dev VETH", veth.trim()),
        ];
        for (route, link) in hops {
            host.ok(&format!("ip route add default {}", route.replace("VETH", veth.trim())));
            assert!(!host_reaches(&host, INTERNET), "{route}");
            assert!(!container_reaches(&host, "web", INTERNET), "{route}");
            let report = host.diagnose();
            let finding = only(&report, CHECK, "error", "route:0.0.0.0/0");
            says(finding, &format!("leaves by {link}"));
            carry_out(&host, finding, "route del");
            assert!(host_reaches(&host, INTERNET) && container_reaches(&host, "web", INTERNET), "{route}");
            healthy(&host);
        }
        // One that loses hurts nobody.
        host.ok("ip route add default dev docker0 metric 500");
        assert!(host_reaches(&host, INTERNET));
        healthy(&host);
    });
    cases.in_turn(TOPIC, "the engine's bridge is the one that the uplink is a port of", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &["203.0.113.7/32"]);
        let host = host.file(
            "/etc/docker/daemon.json",
            r#"{"bridge": "br0", "fixed-cidr": "10.0.0.128/25", "default-gateway": "10.0.0.1"}"#,
        );
        let host = host.boot();
        host.ok("ip link add br0 type bridge && ip link set br0 up && ip addr flush dev eth0 && ip link set eth0 master br0");
        host.ok("ip addr add 10.0.0.2/24 dev br0 && ip route add default via 10.0.0.1");
        host.docker();
        host.container("web", "");
        assert!(host_reaches(&host, INTERNET) && container_reaches(&host, "web", INTERNET));
        let report = healthy(&host);
        assert_eq!(report.status(CHECK), "pass", "{report}");
        // Unplugged, the same route leads nowhere.
        host.ok("ip link set eth0 nomaster");
        assert!(!host_reaches(&host, INTERNET));
        let report = host.diagnose();
        says(only(&report, CHECK, "error", "route:0.0.0.0/0"), "`default via 10.0.0.1 dev br0`, leaves by br0, a Docker bridge");
    });
}
