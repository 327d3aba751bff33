use super::{container_reaches, healthy, host_reaches, says, told};
use crate::harness::{Cases, Engine};

pub fn add(cases: &mut Cases) {
    cases.add("networks::mesh::26.1::a network with the addresses of another host's", |lab| {
        let fabric = lab.fabric();
        let host = |name, address, bip| {
            // Forwarding that is on before the engine starts leaves the FORWARD policy alone.
            let host = lab.host(Engine::V26).named(name).on(&fabric, "eth0", address);
            let host = host.file("/etc/docker/daemon.json", &format!("{{\"bip\": \"{bip}\"}}")).boot();
            host.ok("sysctl -w net.ipv4.ip_forward=1");
            host.docker();
            host
        };
        let (one, two) = (host("one", "10.0.0.2/24", "10.201.0.1/24"), host("two", "10.0.0.3/24", "10.202.0.1/24"));
        one.ok("ip route add 10.202.0.0/24 via 10.0.0.3 metric 100");
        two.ok("ip route add 10.201.0.0/24 via 10.0.0.2 metric 100");
        two.ok("docker network create --subnet 10.200.0.0/24 web");
        two.container("app", "--network web --ip 10.200.0.9");
        one.ok("ip route add 10.200.0.0/24 via 10.0.0.3 metric 100");
        one.container("app", "");
        assert!(host_reaches(&one, "10.200.0.9") && container_reaches(&one, "app", "10.200.0.9"));
        two.ok("dnetctl snapshot > /root/snapshot.json");
        one.write("/root/two.json", &two.read("/root/snapshot.json"));
        let among = |options: &[&str]| {
            one.ok("dnetctl snapshot > /root/one.json");
            let hosts = ["--from", "/root/one.json", "--from", "/root/two.json"];
            one.diagnose_with(&[&hosts[..], options].concat())
        };
        let before = among(&["--mesh"]);
        assert_eq!((before.exit, before.findings_above_info().len()), (0, 0), "{before}");
        one.ok("docker network create --subnet 10.200.0.0/24 web");
        // Alone it is an admin's choice inside a route.
        says(told(&healthy(&one), "network-hides-route", "info", "network:web"), "hides 10.200.0.0/24");
        let with = among(&["--mesh"]);
        let finding = with.findings().find(|f| f["check"] == "network-hides-route" && f["severity"] == "error");
        let finding = finding.unwrap_or_else(|| panic!("{with}"));
        assert_eq!((&finding["host"], &finding["subject"]), (&"one".into(), &"network:web".into()), "{with}");
        says(finding, "a container of peer two, declared by --mesh");
        let clash = with.findings_of("peer-subnet-clash");
        assert!(clash.iter().any(|f| f["host"] == "one" && f["subject"] == "network:web"), "{with}");
        let apart = among(&[]);
        assert!(apart.findings_above_info().is_empty(), "{apart}");
        assert!(!host_reaches(&one, "10.200.0.9") && !container_reaches(&one, "app", "10.200.0.9"));
    });
}
