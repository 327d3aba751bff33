//! What a run kept with `--save` is told again by `--from`, byte for byte; but for plans, which need the bytes of files that no snapshot holds.

use crate::harness::{Cases, Engine, Fabric, Host, Lab, keep};

/// Ways to be told.
const WAYS: &[&[&str]] = &[
    &["-o", "json"],
    &["-o", "table"],
    &["-o", "table", "-v", "--lang", "zh"],
    &["-o", "short"],
    &["-o", "short", "-v", "--lang", "zh"],
];

pub fn add(cases: &mut Cases) {
    cases.each_engine("bundle", "a healthy host with a swarm and networks", |lab, engine| {
        let (_fabric, host) = on_a_lan(lab, engine, "10.0.0.2/24", "{}");
        host.docker();
        host.ok("docker swarm init --advertise-addr 10.0.0.2 && docker network create -d overlay --attachable over");
        host.ok("docker network create --subnet 10.88.0.0/24 chosen && ip route add 10.0.0.0/8 via 10.0.0.1");
        host.container("web", "--network chosen -p 8080:80");
        told_again(&host, 0);
    });
    cases.each_engine("bundle", "an engine that does not start", |lab, engine| {
        let (_fabric, host) = on_a_lan(lab, engine, "10.0.0.2/24", r#"{"bip": "10.1.0.0/24"}"#);
        host.start_docker().expect_err("10.1.0.0 is no host address");
        told_again(&host, 1);
        assert!(host.diagnose().failed().contains("bip-not-a-host-address"));
        if engine == Engine::V26 {
            keep(&host, "bip-network-address", "bip is a network address, and the engine does not start", false);
        }
    });
    cases.each_engine("bundle", "docker0 in the LAN", |lab, engine| {
        let (_fabric, host) = on_a_lan(lab, engine, "172.31.5.2/24", r#"{"bip": "172.31.0.1/16"}"#);
        host.docker().container("web", "-p 8080:80");
        told_again(&host, 1);
        assert!(host.diagnose().failed().contains("network-overlaps-lan"));
        if engine == Engine::V20 {
            keep(&host, "lan-in-docker0", "bip covers the LAN of the host", false);
        }
    });
}

fn on_a_lan(lab: &Lab, engine: Engine, address: &str, daemon: &str) -> (Fabric, Host) {
    let fabric = lab.fabric();
    let host = lab.host(engine).on(&fabric, "eth0", address).file("/etc/docker/daemon.json", daemon).boot();
    (fabric, host)
}

/// A report in JSON without its plans; any other as it is.
fn but_for_plans(report: &str) -> String {
    let Ok(mut document) = serde_json::from_str::<serde_json::Value>(report) else { return report.to_owned() };
    document["plans"].take();
    document.to_string()
}

#[track_caller]
fn told_again(host: &Host, exit: i32) {
    for way in WAYS {
        let live = host.dnetctl(&[&["diagnose", "--save", "/root/kept.json"], *way].concat());
        let again = host.dnetctl(&[&["diagnose", "--from", "/root/kept.json"], *way].concat());
        assert_eq!(but_for_plans(&live.stdout), but_for_plans(&again.stdout), "{way:?}");
        assert_eq!((live.status, again.status), (exit, exit), "{way:?}\n{live}\n{again}");
        assert_eq!((live.stderr.as_str(), again.stderr.as_str()), ("", ""), "{way:?}");
    }
    let two = host.diagnose_with(&["--from", "/root/kept.json", "--from", "/root/kept.json"]);
    let names: Vec<&str> =
        two.json["hosts"].as_array().into_iter().flatten().filter_map(|h| h["name"].as_str()).collect();
    assert_eq!(names, ["host", "host#2"]);
    let of = |name: &str| two.findings().filter(|finding| finding["host"] == name).count();
    assert_eq!(of("host"), of("host#2"), "{two}");
}
