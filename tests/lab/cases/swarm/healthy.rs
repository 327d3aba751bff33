//! Nodes on which nothing is wrong: no finding above info on any of them, alone or together.

use super::site::{MANAGER, SOON, Swarm, lan, node};
use super::story;
use crate::harness::{Cases, Engine, Host, Lab};

pub fn add(cases: &mut Cases) {
    story(cases, Engine::V28, "healthy: a manager alone", |lab, engine| {
        let fabric = lan(lab);
        let manager = node(lab, engine, &fabric, "manager", MANAGER).boot();
        manager.docker();
        manager.ok(&format!("docker swarm init --advertise-addr {MANAGER}"));
        // The engine makes it a moment after the swarm is there.
        manager.eventually(SOON, "docker network inspect docker_gwbridge");
        in_order(&manager);
        manager.ok("docker swarm leave --force");
        in_order(&manager);
    });
    story(cases, Engine::V20, "healthy: a swarm of one behind ufw", |lab, engine| {
        let fabric = lan(lab);
        let manager = node(lab, engine, &fabric, "manager", MANAGER).boot();
        manager.ok("ufw allow 22/tcp && ufw --force enable");
        manager.docker();
        manager.ok(&format!("docker swarm init --advertise-addr {MANAGER} && docker network create -d overlay across"));
        manager.ok("docker service create -d --no-resolve-image --name web --network across --endpoint-mode dnsrr bb:1 sleep 100000");
        manager.eventually(SOON, "docker ps -q -f name=web | grep -q .");
        in_order(&manager);
    });
    story(cases, Engine::V26, "healthy: a pair idle, at work, drained, locked, parted", pair);
    story(cases, Engine::V28, "healthy: three nodes with a docker_gwbridge of their own", three);
    story(cases, Engine::V20, "healthy: the swarm's pool lies in a route to nobody", |lab, engine| {
        let swarm = Swarm::with(lab, engine, |worker| worker.route("10.0.0.0/8 via 10.77.0.1"));
        swarm.init().join(&swarm.worker).serve().carries();
        together(&swarm.nodes());
    });
}

fn pair(lab: &Lab, engine: Engine) {
    let swarm = Swarm::pair(lab, engine);
    swarm.init().join(&swarm.worker);
    for host in swarm.nodes() {
        host.eventually(SOON, "docker network inspect docker_gwbridge");
    }
    together(&swarm.nodes());
    swarm.serve().carries();
    together(&swarm.nodes());
    swarm.manager.ok("docker node update --availability drain worker");
    swarm.worker.eventually(SOON, "! docker ps -q -f name=web | grep -q .");
    together(&swarm.nodes());
    swarm.manager.ok("docker swarm update --autolock=true");
    swarm.manager.restart_docker().expect("it waits for the key");
    assert_eq!(swarm.manager.ok("docker info -f '{{.Swarm.LocalNodeState}}'").trim(), "locked");
    in_order(&swarm.manager);
    in_order(&swarm.worker);
    swarm.worker.ok("docker swarm leave");
    in_order(&swarm.worker);
}

fn three(lab: &Lab, engine: Engine) {
    let fabric = lan(lab);
    let hosts = ["10.77.0.2", "10.77.0.3", "10.77.0.4"].map(|address| {
        let last = address.rsplit('.').next().unwrap_or_default();
        let host = node(lab, engine, &fabric, &format!("node{last}"), address).boot();
        host.docker();
        host.ok(&format!(
            "docker network create --subnet 172.30.{last}.0/24 -o com.docker.network.bridge.name=docker_gwbridge -o com.docker.network.bridge.enable_icc=false \
             -o com.docker.network.bridge.enable_ip_masquerade=true -o com.docker.network.driver.mtu=1450 docker_gwbridge"
        ));
        host
    });
    let [manager, one, two] = hosts;
    let swarm = Swarm { manager, worker: one, fabric };
    swarm.init().join(&swarm.worker).join(&two).serve().carries();
    two.eventually(SOON, "docker ps -q -f name=web | grep -q .");
    together(&[&swarm.manager, &swarm.worker, &two]);
}

/// Each by itself, and all of them seen at once.
#[track_caller]
fn together(hosts: &[&Host]) {
    let mut files = Vec::new();
    for (n, host) in hosts.iter().enumerate() {
        in_order(host);
        let file = format!("/tmp/node{n}.json");
        hosts[0].write(&file, &host.ok("dnetctl snapshot"));
        files.push(format!("--from={file}"));
    }
    let report = hosts[0].diagnose_with(&files.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(report.findings_above_info().is_empty(), "{report}");
    assert_eq!(report.exit, 0, "{report}");
}

#[track_caller]
fn in_order(host: &Host) {
    let report = host.diagnose();
    assert!(report.findings_above_info().is_empty(), "{:#?}\n{report}", report.findings_above_info());
    assert_eq!((report.exit, report.stderr.as_str()), (0, ""), "{report}");
}
