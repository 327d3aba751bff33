use super::{INTERNET, behind_gateway, carry_out, container_reaches, healthy, only, says, told};
use crate::harness::{Cases, Engine};

const CHECK: &str = "bridge-link-missing";
const TOPIC: &str = "networks::bridge-link-missing";

pub fn add(cases: &mut Cases) {
    cases.each_engine(TOPIC, "two bridges deleted", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &["203.0.113.7/32"]);
        let host = host.boot();
        host.docker();
        host.ok("docker network create -o com.docker.network.bridge.name=br-web web && docker network create other");
        healthy(&host);
        host.ok("ip link del br-web && ip link del docker0");
        for (network, link) in [("web", "br-web"), ("bridge", "docker0")] {
            let refused = host.sh(&format!("docker run --rm --network {network} bb:1 true")).stderr;
            let text = match engine {
                Engine::V20 => format!("could not find bridge {link}: route ip+net: no such network interface"),
                _ => format!("to bridge {link} failed: Device does not exist"),
            };
            assert!(refused.contains(&format!("on network {network}: adding interface veth")), "{refused}");
            assert!(refused.contains(&text), "{refused}");
        }
        let report = host.diagnose();
        assert_eq!(report.findings_above_info().len(), 2, "{report}");
        says(told(&report, CHECK, "error", "network:web"), "the engine expects br-web, which does not exist");
        let finding = told(&report, CHECK, "error", "network:bridge");
        says(finding, "the engine expects docker0, which does not exist");
        carry_out(&host, finding, "restart docker");
        host.container("web", "");
        host.container("two", "--network web");
        assert!(container_reaches(&host, "web", INTERNET) && container_reaches(&host, "two", INTERNET));
        healthy(&host);
    });
    cases.in_turn(TOPIC, "a bridge loses its address", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &["203.0.113.7/32"]);
        let host = host.boot();
        host.docker();
        host.container("web", "");
        assert!(container_reaches(&host, "web", INTERNET));
        healthy(&host);
        host.ok("ip addr flush dev docker0");
        assert!(!container_reaches(&host, "web", INTERNET) && !container_reaches(&host, "web", "172.17.0.1"));
        let report = host.diagnose();
        let finding = only(&report, CHECK, "error", "network:bridge");
        says(finding, "docker0, the bridge of network bridge, has lost its address 172.17.0.1");
        carry_out(&host, finding, "ip addr add");
        assert!(container_reaches(&host, "web", INTERNET));
        healthy(&host);
    });
    cases.each_engine(TOPIC, "networks that want no address, and no default bridge", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &["203.0.113.7/32"]);
        let host = host.file("/etc/docker/daemon.json", r#"{"bridge": "none"}"#).boot();
        host.docker();
        assert!(!host.sh("ip link show docker0").succeeded());
        host.ok("docker network create --internal inside");
        let bare = "docker network create --internal -o com.docker.network.bridge.inhibit_ipv4=true bare";
        host.ok(bare);
        if engine == Engine::V28 {
            host.ok("docker network create --internal -o com.docker.network.bridge.gateway_mode_ipv4=isolated apart");
            host.container("far", "--network apart");
        }
        host.container("one", "--network inside");
        host.container("two", "--network bare");
        host.container("three", "--network inside");
        assert!(host.exec("one", "ping -c 1 -W 1 three").succeeded() && !container_reaches(&host, "one", INTERNET));
        let report = healthy(&host);
        assert_eq!(report.status(CHECK), "pass", "{report}");
    });
}
