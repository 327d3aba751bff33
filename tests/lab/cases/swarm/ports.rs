//! Nodes that do not let each other in. The engine says nothing of it: tasks run, nodes are ready, and nothing arrives.

use super::site::{MANAGER, SOON, Swarm, gets_out};
use super::story;
use crate::harness::{Cases, Engine, Host, Lab};

/// A server as it is hardened everywhere.
const HARDENED: &str = "iptables -A INPUT -i lo -j ACCEPT && iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT && \
                        iptables -A INPUT -p tcp --dport 22 -j ACCEPT && iptables -A INPUT -p icmp -j ACCEPT && iptables -A INPUT -j DROP";

pub fn add(cases: &mut Cases) {
    story(cases, Engine::V28, "iptables and ufw let nobody in", iptables_and_ufw);
    story(cases, Engine::V26, "firewalld lets nobody in", firewalld);
    story(cases, Engine::V20, "a manager that nobody can join", manager);
}

fn iptables_and_ufw(lab: &Lab, engine: Engine) {
    let swarm = Swarm::pair(lab, engine);
    swarm.init().join(&swarm.worker).serve().carries();
    swarm.worker.ok(HARDENED);
    stays_silent(&swarm);

    swarm.worker.ok("iptables -F INPUT");
    swarm.carries();
    swarm.worker.ok("ufw allow 22/tcp && ufw --force enable");
    stays_silent(&swarm);
    gets_out(&swarm.worker);

    swarm.worker.ok(&format!(
        "ufw allow from {MANAGER} to any port 4789 proto udp && ufw allow from {MANAGER} to any port 7946"
    ));
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

    swarm.worker.ok("firewall-cmd --permanent --add-service=docker-swarm && firewall-cmd --reload");
    swarm.carries();
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
    swarm.init();
    swarm.manager.ok(HARDENED);
    let refused = swarm.try_join(&swarm.worker);
    assert!(
        refused.stderr.contains(
            "Timeout was reached before node joined. The attempt to join the swarm will continue in the background."
        ),
        "{refused}"
    );
    let told = "docker info -f '{{.Swarm.LocalNodeState}} {{.Swarm.NodeAddr}} {{range .Swarm.RemoteManagers}}{{.Addr}}{{end}}'";
    assert_eq!(swarm.worker.ok(told).trim(), format!("pending 10.77.0.3 {MANAGER}:2377"));

    swarm.manager.ok("iptables -F INPUT");
    swarm.worker.eventually(SOON, "docker info -f '{{.Swarm.LocalNodeState}}' | grep -q active");
    swarm.serve().carries();
}
