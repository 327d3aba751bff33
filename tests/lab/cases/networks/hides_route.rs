use super::{addresses, behind_gateway, carry_out, container_reaches, healthy, host_reaches, only, says, told};
use crate::harness::{Cases, Engine, HostBuilder};

const CHECK: &str = "network-hides-route";
const TOPIC: &str = "networks::network-hides-route";

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "a route with a gateway keeps no engine off: foretold, hidden, mended", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &["172.17.40.7/32"]);
        let host = host.route("172.16.0.0/12 via 10.0.0.1").boot();
        let report = host.diagnose();
        let finding = only(&report, CHECK, "warning", "172.17.0.0/16");
        says(finding, "would put docker0 on 172.17.0.0/16 and hide 172.17.0.0/16, which `172.16.0.0/12 via 10.0.0.1 dev eth0` leads to");
        assert_eq!(report.status("pool-blocked-by-route"), "pass", "from 20.10.15 on it blocks nothing\n{report}");
        host.docker();
        assert_eq!(addresses(&host, "docker0"), "172.17.0.1/16", "as foretold");
        assert!(!host_reaches(&host, "172.17.40.7"));
        // The neighbour that nobody is makes it one in use.
        let report = host.diagnose();
        let finding = only(&report, CHECK, "error", "network:bridge");
        carry_out(&host, finding, "bip");
        assert!(host_reaches(&host, "172.17.40.7"));
        // docker0 is cured, the next network is not.
        let report = host.diagnose();
        let finding = only(&report, CHECK, "warning", "172.17.0.0/16");
        says(finding, "the next `docker network create` would get 172.17.0.0/16 and hide");
        host.ok("docker network create next");
        assert!(host.ok("docker network inspect next").contains("172.17.0.0/16"), "as foretold");
        let hidden = host.diagnose();
        carry_out(&host, only(&hidden, CHECK, "warning", "network:next"), "docker network create");
        assert!(!host.ok("docker network inspect next").contains("172."));
        assert!(host_reaches(&host, "172.17.40.7"));
        host.ok("docker network rm next");
        carry_out(&host, finding, "default-address-pools");
        host.ok("docker network create next");
        assert!(!host.ok("docker network inspect next").contains("172."));
        assert!(host_reaches(&host, "172.17.40.7"));
        healthy(&host);
    });
    cases.engines([Engine::V28], TOPIC, "a bridge of the host's own, in the place of docker0", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &["172.17.40.7/32"]);
        let host =
            host.route("172.16.0.0/12 via 10.0.0.1").file("/etc/docker/daemon.json", r#"{"bridge": "lan0"}"#).boot();
        host.ok("ip link add lan0 type bridge && ip addr add 172.17.0.1/16 dev lan0 && ip link set lan0 up");
        host.docker();
        host.container("web", "");
        let report = host.diagnose();
        let finding = told(&report, CHECK, "warning", "network:bridge");
        let title = finding["remedies"][0]["title"].as_str().unwrap_or_default();
        let free = title.strip_prefix("give lan0 an address of a subnet that nobody uses, ");
        let free = free.and_then(|rest| rest.split(' ').next()).unwrap_or_else(|| panic!("{finding:#}"));
        let starts = |bridge: &str| {
            host.write("/etc/docker/daemon.json", &format!(r#"{{"bridge": "{bridge}"}}"#));
            host.restart_docker().unwrap_or_else(|log| panic!("bridge {bridge}: {log}"));
        };
        let address = free.replace(".0/", ".1/");
        let changes = format!("ip addr flush dev lan0 && ip addr add {address} dev lan0");
        host.ok(&changes);
        host.restart_docker().expect("a bridge");
        assert_eq!(addresses(&host, "lan0"), "172.17.0.1/16", "the engine remembers");
        starts("none");
        host.ok(&changes);
        starts("lan0");
        assert_eq!(addresses(&host, "lan0"), address);
        host.ok("docker start web");
        assert!(host_reaches(&host, "172.17.40.7") && container_reaches(&host, "web", "172.17.40.7"));
        let report = host.diagnose();
        assert!(report.findings_of(CHECK).iter().all(|finding| finding["subject"] != "network:bridge"), "{report}");
    });
    cases.in_turn(TOPIC, "docker0 hides a part of the old Aliyun image's routes", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &["172.17.40.7/32", "172.29.0.9/32"]);
        let host = aliyun(host).boot();
        assert!(host_reaches(&host, "172.17.40.7"), "the intranet is there");
        host.docker();
        assert_eq!(addresses(&host, "docker0"), "172.17.0.1/16", "no engine of these minds a route with a gateway");
        host.container("web", "");
        let report = host.diagnose();
        let finding = only(&report, CHECK, "warning", "network:bridge");
        says(finding, "network bridge (172.17.0.0/16 on docker0) hides 172.17.0.0/16");
        says(finding, "`172.16.0.0/12 via 10.0.0.1 dev eth0`");
        assert!(!container_reaches(&host, "web", "172.17.40.7"));
        assert!(container_reaches(&host, "web", "172.29.0.9"), "the rest of the route works");
        // The host's own attempt leaves a neighbour behind that nobody answered for: now it is in use.
        assert!(!host_reaches(&host, "172.17.40.7"));
        host.eventually(super::SOON, "ip neigh show dev docker0 | grep -q '172.17.40.7.*FAILED'");
        let report = host.diagnose();
        let finding = only(&report, CHECK, "error", "network:bridge");
        says(finding, "172.17.40.7, asked for behind docker0 in vain");
        // Every private range is routed: the admin picks one of his own.
        host.ok("docker rm -f web");
        let pools = r#""default-address-pools": [{"base": "10.201.0.0/16", "size": 24}]"#;
        host.write("/etc/docker/daemon.json", &format!(r#"{{"bip": "10.200.0.1/24", {pools}}}"#));
        host.restart_docker().expect("an engine looks at no route for its bip");
        host.container("web", "");
        assert!(host_reaches(&host, "172.17.40.7") && container_reaches(&host, "web", "172.17.40.7"));
        let report = healthy(&host);
        says(told(&report, CHECK, "info", "network:bridge"), "(10.200.0.0/24 on docker0) hides 10.200.0.0/24");
    });
    cases.each_engine(TOPIC, "a connection that docker0 cuts off", |lab, engine| {
        let (fabric, host) = behind_gateway(lab, engine, &[]);
        let host = aliyun(host).boot();
        let intranet =
            lab.host(Engine::V26).without_engine().named("intranet").on(&fabric, "eth0", "172.17.40.7/32 10.0.0.9/24");
        let intranet = intranet.boot();
        fabric.ok("ip route add 172.17.40.0/24 via 10.0.0.9 && echo 1 > /proc/sys/net/ipv4/ip_forward");
        intranet.ok("(sleep 30 | timeout 30 busybox nc -l -p 5432) > /dev/null 2>&1 &");
        intranet.eventually(super::SOON, "ss -Hnlt | grep -q :5432");
        host.ok("(sleep 30 | timeout 30 busybox nc 172.17.40.7 5432) > /dev/null 2>&1 &");
        host.eventually(super::SOON, "ss -Hnt state established | grep -q 172.17.40.7:5432");
        host.docker();
        let report = host.diagnose();
        let finding = only(&report, CHECK, "error", "network:bridge");
        says(finding, "172.17.40.7, connected to a program of this host");
        // A new one is not even answered.
        host.ok("ss -K dst 172.17.40.7 > /dev/null; killall busybox nc; true");
        host.ok("(timeout 20 busybox nc 172.17.40.7 5432) > /dev/null 2>&1 & sleep 0.1");
        assert!(!host.sh("ss -Hnt state established | grep 172.17.40.7").succeeded());
        let report = host.diagnose();
        let finding = only(&report, CHECK, "error", "network:bridge");
        says(finding, "172.17.40.7, tried by a program of this host just now");
    });
    cases.in_turn(TOPIC, "a route as wide as docker0 that was there first", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &["172.17.40.7/32"]);
        let host = host.route("172.17.0.0/16 via 10.0.0.1").boot();
        host.docker();
        assert_eq!(addresses(&host, "docker0"), "172.17.0.1/16");
        assert!(host_reaches(&host, "172.17.40.7"), "of two equal routes the older one wins");
        let report = host.diagnose();
        says(
            only(&report, CHECK, "warning", "network:bridge"),
            "takes the whole of network bridge (172.17.0.0/16 on docker0)",
        );
        host.container("web", "");
        assert!(!host_reaches(&host, "172.17.0.2") && !container_reaches(&host, "web", "172.17.0.1"));
        let report = host.diagnose();
        let finding = only(&report, CHECK, "error", "network:bridge");
        says(
            finding,
            "`172.17.0.0/16 via 10.0.0.1 dev eth0` takes packets for container web (172.17.0.2 on network bridge)",
        );
        carry_out(&host, finding, "bip");
        host.container("two", "");
        assert!(host_reaches(&host, "172.17.40.7") && container_reaches(&host, "two", "172.17.40.7"));
        let report = host.diagnose();
        let finding = only(&report, CHECK, "warning", "172.17.0.0/16");
        says(finding, "`172.17.0.0/16 via 10.0.0.1 dev eth0` takes packets for it away from its bridge");
        carry_out(&host, finding, "default-address-pools");
        healthy(&host);
    });
    cases.in_turn(TOPIC, "a more specific route takes containers away", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &["172.30.0.9/32"]);
        let host = host.boot();
        host.docker();
        host.container("web", "");
        host.ok("ip route add 172.30.0.0/24 via 10.0.0.1");
        assert!(host_reaches(&host, "172.30.0.9") && host_reaches(&host, "172.17.0.2"));
        healthy(&host);
        host.ok("ip route add 172.17.0.0/24 via 10.0.0.1");
        assert!(!host_reaches(&host, "172.17.0.2"), "the host asks its gateway for the container");
        let report = host.diagnose();
        let finding = only(&report, CHECK, "error", "network:bridge");
        says(
            finding,
            "`172.17.0.0/24 via 10.0.0.1 dev eth0` takes packets for container web (172.17.0.2 on network bridge)",
        );
        host.ok("docker rm -f web");
        let report = host.diagnose();
        let finding = only(&report, CHECK, "warning", "network:bridge");
        says(finding, "takes a part of network bridge (172.17.0.0/16 on docker0)");
        carry_out(&host, finding, "bip");
        host.container("web", "");
        let moved = host.container_address("web", "bridge");
        assert!(!moved.starts_with("172.17.") && host_reaches(&host, &moved), "{moved}");
        let report = host.diagnose();
        says(
            only(&report, CHECK, "warning", "172.17.0.0/16"),
            "`172.17.0.0/24 via 10.0.0.1 dev eth0` takes packets for it",
        );
        host.ok("ip route del 172.17.0.0/24");
        healthy(&host);
    });
}

/// The routes that cloud images of old bring along for the private ranges.
fn aliyun(host: HostBuilder) -> HostBuilder {
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
        .iter()
        .fold(host, |host, range| host.route(&format!("{range} via 10.0.0.1")))
}
