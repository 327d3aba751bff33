//! Nodes that do not let each other in. The engine says nothing of it: tasks run, nodes are ready, and nothing arrives.

use super::cure::{all_is_well, applies, blames, carry_out, photo, rolls_back};
use super::site::{MANAGER, SOON, Swarm, gets_out, node};
use super::story;
use crate::cases::networks::{only, says};
use crate::harness::{Cases, Engine, Host, Lab};

/// A server as it is hardened everywhere.
pub const HARDENED: &str = "iptables -A INPUT -i lo -j ACCEPT && iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT && \
                        iptables -A INPUT -p tcp --dport 22 -j ACCEPT && iptables -A INPUT -p icmp -j ACCEPT && iptables -A INPUT -j DROP";

pub const CHECK: &str = "swarm-port-blocked";
pub const CHAIN: &str = "chain:ip filter/INPUT";

pub fn add(cases: &mut Cases) {
    story(cases, Engine::V28, "iptables and ufw let nobody in", iptables_and_ufw);
    story(cases, Engine::V26, "firewalld lets nobody in", firewalld);
    story(cases, Engine::V20, "a manager that nobody can join", manager);
    story(cases, Engine::V20, "a data path port of the swarm's own, at which nobody is let in", own_port);
}

fn iptables_and_ufw(lab: &Lab, engine: Engine) {
    let swarm = Swarm::pair(lab, engine);
    swarm.init().join(&swarm.worker).serve().carries();
    swarm.worker.ok(HARDENED);
    stays_silent(&swarm);
    let report = blames(&swarm.worker, CHECK);
    says(only(&report, CHECK, "error", CHAIN), "4789");
    let before = photo(&swarm.worker);
    applies(&swarm.worker, &["diagnose"]);
    all_is_well(&swarm);
    rolls_back(&swarm.worker, &before);
    swarm.is_cut();

    swarm.worker.ok("iptables -F INPUT");
    swarm.carries();
    swarm.worker.ok("ufw allow 22/tcp && ufw --force enable");
    stays_silent(&swarm);
    gets_out(&swarm.worker);
    let report = blames(&swarm.worker, CHECK);
    only(&report, CHECK, "error", CHAIN);
    let before = photo(&swarm.worker);
    applies(&swarm.worker, &["diagnose"]);
    all_is_well(&swarm);
    rolls_back(&swarm.worker, &before);
    swarm.is_cut();
    carry_out(&swarm.worker, report.finding(CHECK), "ufw ");
    swarm.carries();
}

fn firewalld(lab: &Lab, engine: Engine) {
    let swarm = Swarm::pair(lab, engine);
    // As at boot: the firewall first.
    swarm.worker.ok("systemctl start firewalld");
    swarm.worker.restart_docker().expect("it knows firewalld");
    swarm.init().join(&swarm.worker).serve().runs();
    stays_silent(&swarm);
    gets_out(&swarm.worker);
    let report = blames(&swarm.worker, CHECK);
    let before = photo(&swarm.worker);
    applies(&swarm.worker, &["diagnose"]);
    all_is_well(&swarm);
    rolls_back(&swarm.worker, &before);
    swarm.is_cut();
    carry_out(&swarm.worker, report.finding(CHECK), "firewall-cmd ");
    swarm.carries();
}

fn own_port(lab: &Lab, engine: Engine) {
    let swarm = Swarm::pair(lab, engine);
    swarm.init_with("--data-path-port 7789").join(&swarm.worker).serve().carries();
    swarm.worker.ok(HARDENED);
    swarm.worker.ok("iptables -I INPUT -p udp --dport 4789 -j ACCEPT");
    stays_silent(&swarm);
    let report = blames(&swarm.worker, CHECK);
    says(only(&report, CHECK, "error", CHAIN), "7789");
    applies(&swarm.worker, &["diagnose"]);
    all_is_well(&swarm);
    // Where its engine has started again, its managers tell it anew.
    swarm.worker.restart_docker().expect("nothing hinders it");
    swarm.runs();
    all_is_well(&swarm);
}

/// The overlay is cut, and neither the journal of the worker nor the manager's list of nodes says so.
#[track_caller]
fn stays_silent(swarm: &Swarm) {
    swarm.is_cut();
    assert_eq!(nodes(&swarm.manager), "manager Ready\nworker Ready\n");
    let peers = swarm.worker.ok("docker network inspect -f '{{range .Peers}}{{.IP}} {{end}}' across");
    assert!(peers.contains(MANAGER), "gossip goes on over connections of the worker's own: {peers}");
    let log = swarm.worker.docker_log();
    assert!(!log.contains("starting container failed"), "{log}");
}

fn nodes(manager: &Host) -> String {
    manager.ok("docker node ls --format '{{.Hostname}} {{.Status}}' | sort")
}

fn manager(lab: &Lab, engine: Engine) {
    let swarm = Swarm::pair(lab, engine);
    let late = node(lab, engine, &swarm.fabric, "late", "10.77.0.4").boot();
    late.docker();
    swarm.init().join(&swarm.worker).serve().carries();
    swarm.manager.ok(HARDENED);
    let refused = swarm.try_join(&late);
    let in_vain =
        "Timeout was reached before node joined. The attempt to join the swarm will continue in the background.";
    assert!(refused.stderr.contains(in_vain), "{refused}");
    let told = "docker info -f '{{.Swarm.LocalNodeState}} {{.Swarm.NodeAddr}} {{range .Swarm.RemoteManagers}}{{.Addr}}{{end}}'";
    assert_eq!(late.ok(told).trim(), format!("pending 10.77.0.4 {MANAGER}:2377"));
    let report = blames(&swarm.manager, CHECK);
    says(only(&report, CHECK, "error", CHAIN), "2377");
    applies(&swarm.manager, &["diagnose"]);
    all_is_well(&swarm);

    // Of a node that it does not know the manager lets nobody in.
    assert!(late.ok(told).starts_with("pending"));
    swarm.manager.ok("iptables -F INPUT");
    late.eventually(SOON, "docker info -f '{{.Swarm.LocalNodeState}}' | grep -q active");
    late.eventually(SOON, "docker ps -q -f name=web | grep -q .");
}
