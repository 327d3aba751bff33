use super::{SOON, addresses, behind_gateway, carry_out, container_reaches, healthy, host_reaches, only, says, told};
use crate::harness::{Cases, Engine};

const CHECK: &str = "network-overlaps-lan";
const TOPIC: &str = "networks::network-overlaps-lan";

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "a network made with the LAN's own subnet", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &["10.0.0.9/24", "172.17.40.7/32"]);
        let host = host.route("172.16.0.0/15 via 10.0.0.1").boot();
        host.docker();
        host.container("web", "");
        host.ok("docker network create --subnet 10.1.0.0/24 apart");
        host.container("neighbour", "--network apart");
        assert!(container_reaches(&host, "web", "10.0.0.9") && container_reaches(&host, "neighbour", "10.0.0.9"));
        let report = host.diagnose();
        only(&report, "network-hides-route", "warning", "network:bridge");
        host.ok("docker network create --subnet 10.0.0.0/24 clash");
        host.container("two", "--network clash");
        assert!(!container_reaches(&host, "two", "10.0.0.9"), "it looks for the LAN on its own bridge");
        // The engine gave the bridge 10.0.0.1: the host answers in its gateway's place.
        let gateway = host.ok("ip -4 route get 10.0.0.1");
        assert!(gateway.contains("dev lo"), "{gateway}");
        let report = host.diagnose();
        assert_eq!(report.findings_above_info().len(), 2, "{report}");
        let finding = told(&report, CHECK, "error", "network:clash");
        says(finding, "overlaps 10.0.0.0/24, to which this host is connected by eth0");
        told(&report, "network-hides-route", "warning", "network:bridge");
        // With its container on it: the commands take it off and put it back.
        carry_out(&host, finding, "docker network create");
        assert!(container_reaches(&host, "two", "10.0.0.9") && host_reaches(&host, "10.0.0.1"));
        only(&host.diagnose(), "network-hides-route", "warning", "network:bridge");
    });
    cases.in_turn(TOPIC, "a second LAN inside docker0's subnet, a VM bridge inside another's", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &[]);
        let lan = lab.fabric();
        lan.gateway("172.17.5.9/24").gateway("172.31.5.9/24");
        let host = host.on(&lan, "eth1", "").boot();
        host.docker();
        host.container("web", "");
        // DHCP would have given out the same.
        host.ok("ip addr add 172.31.5.2/24 dev eth1");
        assert!(host_reaches(&host, "172.31.5.9") && container_reaches(&host, "web", "172.31.5.9"));
        healthy(&host);
        host.ok("ip addr add 172.17.5.2/24 dev eth1");
        host.ok("docker network create --subnet 192.168.122.0/24 vms");
        host.ok("ip link add virbr0 type bridge && ip addr add 192.168.122.1/24 dev virbr0 && ip link set virbr0 up");
        assert!(host_reaches(&host, "172.17.5.9"), "the narrower route wins on the host");
        assert!(!container_reaches(&host, "web", "172.17.5.9"), "a container looks for it on docker0");
        let report = host.diagnose();
        assert_eq!(report.findings_above_info().len(), 2, "{report}");
        says(
            told(&report, CHECK, "error", "network:vms"),
            "overlaps 192.168.122.0/24, to which this host is connected by virbr0",
        );
        let finding = told(&report, CHECK, "error", "network:bridge");
        says(finding, "(172.17.0.0/16 on docker0) overlaps 172.17.5.0/24, to which this host is connected by eth1");
        host.ok("docker network rm vms");
        carry_out(&host, finding, "bip");
        host.container("two", "");
        assert!(container_reaches(&host, "two", "172.17.5.9"));
        healthy(&host);
    });
    cases.engines([Engine::V20, Engine::V28], TOPIC, "a LAN's IPv6 prefix on docker0", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &["fd00:9::9/64"]);
        let json = r#"{"ipv6": true, "fixed-cidr-v6": "fd00:9::/64"}"#;
        let host = host.file("/etc/docker/daemon.json", json).boot();
        host.ok("ip addr add fd00:9::5/64 dev eth0 nodad");
        host.docker();
        host.container("web", "");
        let report = host.diagnose();
        let finding = only(&report, CHECK, "error", "network:bridge");
        says(finding, "overlaps fd00:9::/64, to which this host is connected by eth0");
        carry_out(&host, finding, "fd00:9::/64");
        assert_eq!(host.ok("docker ps --format '{{.Names}}'").trim(), "web");
        host.eventually(SOON, "ping -n -c 1 -W 1 fd00:9::9");
        healthy(&host);
    });
    cases.each_engine(TOPIC, "a resolver inside the LAN makes engines since 27 forget the LAN", |lab, engine| {
        let fabric = lab.fabric();
        fabric.gateway("10.0.0.2/20").gateway("10.0.1.7/20");
        let host = lab.host(engine).on(&fabric, "eth0", "10.0.0.5/20").resolver("10.0.0.2").default_via("10.0.0.2");
        let host =
            host.file("/etc/docker/daemon.json", r#"{"default-address-pools": [{"base": "10.0.0.0/8", "size": 24}]}"#);
        let host = host.boot();
        assert!(host_reaches(&host, "10.0.1.7"));
        if engine < Engine::V28 {
            healthy(&host);
        } else {
            let report = host.diagnose();
            let finding = only(&report, CHECK, "error", "10.0.1.0/24");
            says(
                finding,
                "would put docker0 on 10.0.1.0/24, which overlaps 10.0.0.0/20, to which this host is connected by eth0",
            );
            says(finding, "With a resolver (10.0.0.2) inside the LAN engine 28.5.2 forgets the LAN around it");
        }
        host.docker();
        host.container("web", "");
        if engine < Engine::V28 {
            assert_eq!(addresses(&host, "docker0"), "10.0.16.1/24");
            assert!(host_reaches(&host, "10.0.1.7") && container_reaches(&host, "web", "10.0.1.7"));
            healthy(&host);
            return;
        }
        assert_eq!(addresses(&host, "docker0"), "10.0.1.1/24");
        let report = host.diagnose();
        let finding = only(&report, CHECK, "error", "network:bridge");
        says(finding, "(10.0.1.0/24 on docker0) overlaps 10.0.0.0/20, to which this host is connected by eth0");
        says(finding, "with a resolver (10.0.0.2) inside the LAN");
        assert!(!host_reaches(&host, "10.0.1.7") && !container_reaches(&host, "web", "10.0.1.7"));
        carry_out(&host, finding, "bip");
        assert!(host_reaches(&host, "10.0.1.7") && container_reaches(&host, "web", "10.0.1.7"));
        // The pool is still there, and so is what it does to networks to come.
        assert!(host.diagnose().findings_of(CHECK).iter().all(|finding| finding["subject"] != "network:bridge"));
    });
    cases.each_engine(
        TOPIC,
        "the next network would be a part of the LAN: on engines since 27 alone",
        |lab, engine| {
            let fabric = lab.fabric();
            fabric.gateway("10.0.0.2/20").gateway("10.0.1.7/20");
            let host = lab.host(engine).on(&fabric, "eth0", "10.0.0.5/20").resolver("10.0.0.2").default_via("10.0.0.2");
            let host = host.file(
                "/etc/docker/daemon.json",
                r#"{"bip": "10.200.0.1/24", "default-address-pools": [{"base": "10.0.0.0/8", "size": 24}]}"#,
            );
            let host = host.boot();
            host.docker();
            if engine < Engine::V28 {
                healthy(&host);
                host.ok("docker network create web");
                assert!(host.ok("docker network inspect web").contains("10.0.16.0/24"));
                healthy(&host);
                return;
            }
            let report = host.diagnose();
            let finding = only(&report, CHECK, "error", "10.0.1.0/24");
            says(finding, "the next `docker network create` would get 10.0.1.0/24");
            host.ok("docker network create web");
            assert!(host.ok("docker network inspect web").contains("10.0.1.0/24"), "as foretold");
            assert!(!host_reaches(&host, "10.0.1.7"));
            only(&host.diagnose(), CHECK, "error", "network:web");
            host.ok("docker network rm web");
            carry_out(&host, finding, "default-address-pools");
            host.ok("docker network create web");
            assert!(host_reaches(&host, "10.0.1.7"));
            healthy(&host);
        },
    );
}
