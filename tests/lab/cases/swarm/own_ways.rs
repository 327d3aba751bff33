//! Nodes that carry overlay traffic on a link of its own (`--data-path-addr`), and a manager that listens at a port of its own (`--listen-addr`). No API
//! tells of either.

use super::cure::{all_is_well, applies, blames, carry_out};
use super::ports::{CHAIN, CHECK, HARDENED};
use super::site::{MANAGER, Swarm, lan, node};
use super::story;
use crate::cases::networks::{healthy, only, says};
use crate::harness::{Cases, Engine, Fabric, Lab, Report};

pub fn add(cases: &mut Cases) {
    story(cases, Engine::V28, "overlay traffic on a link of its own, a manager at a port of its own", own_ways);
}

fn own_ways(lab: &Lab, engine: Engine) {
    let (swarm, _behind) = pair(lab, engine);
    let own = "--listen-addr 0.0.0.0:2399 --data-path-addr eth1";
    swarm.manager.ok(&format!("docker swarm init --advertise-addr {MANAGER}:2399 {own}"));
    let joined = swarm.try_join_at(&swarm.worker, "2399", "--data-path-addr 10.78.0.3");
    assert!(joined.succeeded(), "{joined}");
    swarm.serve().carries();
    let report = healthy(&swarm.worker);
    assert_eq!(report.status(CHECK), "skipped", "{report}");
    assert!(report.reason(CHECK).contains("--data-path-addr"), "{report}");
    let report = together(&swarm);
    assert!(report.findings_above_info().is_empty(), "{report}");

    swarm.worker.ok("iptables -A INPUT -i eth0 -p udp --dport 4789 -j DROP");
    swarm.carries();
    let report = together(&swarm);
    assert!(report.findings_above_info().is_empty(), "nothing of it goes by eth0: {report}");
    swarm.worker.ok("iptables -A INPUT -i eth1 -p udp --dport 4789 -j DROP");
    swarm.is_cut();
    let report = together(&swarm);
    assert_eq!(report.findings_above_info().len(), 1, "{report}");
    let finding = report.finding(CHECK);
    assert_eq!((&finding["host"], &finding["subject"]), (&"worker".into(), &CHAIN.into()), "{report}");
    says(finding, "send here: 4789/udp");
    carry_out(&swarm.worker, finding, "-s 10.78.0.2/32");
    swarm.carries();
    swarm.worker.ok("iptables -F INPUT");

    swarm.manager.ok(&HARDENED.replace("-A INPUT -p icmp", "-A INPUT -i eth1"));
    let report = blames(&swarm.manager, CHECK);
    says(only(&report, CHECK, "error", CHAIN), "2399/tcp");
    applies(&swarm.manager, &["diagnose"]);
    all_is_well(&swarm);

    swarm.worker.ok("ip link set eth1 mtu 1400");
    let report = blames(&swarm.worker, "mtu-exceeds-uplink");
    says(
        only(&report, "mtu-exceeds-uplink", "error", "network:across"),
        "and eth1, by which the other nodes are reached, carries 1400",
    );
}

/// Two nodes that share two networks.
fn pair(lab: &Lab, engine: Engine) -> (Swarm, Fabric) {
    let (fabric, behind) = (lan(lab), lab.fabric());
    let host = |name: &str, last: u8| {
        let host = node(lab, engine, &fabric, name, &format!("10.77.0.{last}"));
        let host = host.on(&behind, "eth1", &format!("10.78.0.{last}/24")).boot();
        host.docker();
        host
    };
    let (manager, worker) = (host("manager", 2), host("worker", 3));
    (Swarm { manager, worker, fabric }, behind)
}

/// Of the worker, with the manager's snapshot beside its own.
#[track_caller]
fn together(swarm: &Swarm) -> Report {
    for (name, host) in [("manager", &swarm.manager), ("worker", &swarm.worker)] {
        swarm.worker.write(&format!("/tmp/{name}.json"), &host.ok("dnetctl snapshot"));
    }
    swarm.worker.diagnose_with(&["--from", "/tmp/worker.json", "--from", "/tmp/manager.json"])
}
