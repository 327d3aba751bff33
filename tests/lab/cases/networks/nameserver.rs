use super::{INTERNET, addresses, behind_gateway, carry_out, container_reaches, healthy, host_reaches, only, says};
use crate::harness::{Cases, Engine};

const CHECK: &str = "nameserver-in-docker-subnet";
const TOPIC: &str = "networks::nameserver-in-docker-subnet";
const ROUTE: &str = "172.16.0.0/15 via 10.0.0.1";

pub fn add(cases: &mut Cases) {
    cases.each_engine(TOPIC, "DHCP names a resolver inside docker0's subnet", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &["172.17.0.53/32", "203.0.113.7/32"]);
        let host = host.route(ROUTE).boot();
        assert!(host_reaches(&host, "172.17.0.53"));
        host.docker();
        assert_eq!(addresses(&host, "docker0"), "172.17.0.1/16");
        host.write("/etc/resolv.conf", "nameserver 172.17.0.53\n");
        let report = host.diagnose();
        let finding = only(&report, CHECK, "error", "resolver:172.17.0.53");
        says(finding, "resolver 172.17.0.53 of /etc/resolv.conf is looked for behind docker0 (network bridge)");
        assert_eq!(report.status("network-hides-route"), "hidden", "{report}");
        assert_eq!(finding["explains"][0], "network-hides-route", "{report}");
        assert!(!host_reaches(&host, "172.17.0.53"));
        carry_out(&host, finding, "bip");
        assert!(host_reaches(&host, "172.17.0.53"));
        host.container("web", "");
        assert!(container_reaches(&host, "web", "172.17.0.53") && container_reaches(&host, "web", INTERNET));
        healthy(&host);
        if engine == Engine::V26 {
            host.ok("docker network create --subnet 172.17.0.0/24 next");
            let report = host.diagnose();
            let finding = only(&report, CHECK, "error", "resolver:172.17.0.53");
            carry_out(&host, finding, "docker network create");
            assert!(host_reaches(&host, "172.17.0.53"));
            healthy(&host);
        }
    });
    cases.in_turn(TOPIC, "an engine that knows the resolver keeps off its subnet", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &["172.17.0.53/32"]);
        let host = host.route(ROUTE).resolver("172.17.0.53").boot();
        host.docker();
        assert_eq!(addresses(&host, "docker0"), "172.18.0.1/16");
        host.container("web", "");
        assert!(host_reaches(&host, "172.17.0.53") && container_reaches(&host, "web", "172.17.0.53"));
        healthy(&host);
    });
}
