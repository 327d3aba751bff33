//! Overlay networks that the whole swarm has to make again: one that hides a node's LAN, one that is too large for a node's link.

use super::cure::{all_is_well, blames, carry_out};
use super::site::{SOON, Swarm, fetched, gets_out, inside, is_shut_in, replica_address};
use super::story;
use crate::cases::networks::only;
use crate::harness::{Cases, Engine, Host, Lab};

pub fn add(cases: &mut Cases) {
    story(cases, Engine::V20, "an overlay hides the LAN of its nodes", hides_the_lan);
    story(cases, Engine::V26, "a node's link carries less than the overlay", small_link);
}

fn hides_the_lan(lab: &Lab, engine: Engine) {
    let swarm = Swarm::pair(lab, engine);
    let routes = "ip route show dev eth0";
    let before = swarm.worker.ok(routes);
    swarm.init().join(&swarm.worker).overlay("across", "--subnet 10.77.0.0/24");
    swarm.serve_on("across").runs();
    for host in swarm.nodes() {
        is_shut_in(host);
        // The gateway's address is the overlay's own in there.
        host.ok(&format!("{} ping -c 1 -W 2 10.77.0.1", inside()));
        assert!(replica_address(host).starts_with("10.77.0."));
    }
    assert_eq!(swarm.worker.ok(routes), before, "the node itself is as it was");

    blames(&swarm.manager, "overlay-overlaps-host");
    let report = blames(&swarm.worker, "overlay-overlaps-host");
    let finding = only(&report, "overlay-overlaps-host", "error", "network:across");
    carry_out(&swarm.manager, finding, "docker network create");
    all_is_well(&swarm);
    gets_out(&swarm.worker);
    gets_out(&swarm.manager);
}

fn small_link(lab: &Lab, engine: Engine) {
    let swarm = Swarm::pair(lab, engine);
    swarm.worker.ok("ip link set eth0 mtu 1400");
    swarm.init().join(&swarm.worker).serve().runs();
    swarm.manager.eventually(SOON, &ping(&swarm.worker, 100));
    piecemeal(&swarm);
    assert_eq!(fetched(&swarm.worker, &swarm.manager, "small"), "6");
    assert_eq!(fetched(&swarm.worker, &swarm.manager, "large"), "0", "it hangs");
    for (from, to) in [(&swarm.manager, &swarm.worker), (&swarm.worker, &swarm.manager)] {
        assert!(!from.sh(&ping(to, 1400)).succeeded(), "1400 bytes are lost on the worker's link, there or back");
    }

    let report = blames(&swarm.worker, "mtu-exceeds-uplink");
    let finding = only(&report, "mtu-exceeds-uplink", "error", "network:across");
    carry_out(&swarm.manager, finding, "docker network create");
    swarm.runs();
    piecemeal(&swarm);
    all_is_well(&swarm);
    swarm.manager.ok(&ping(&swarm.worker, 1400));
    swarm.worker.ok(&ping(&swarm.manager, 1400));
}

/// From one replica to that of another node, in as many pieces as the network wants.
fn ping(to: &Host, bytes: u32) -> String {
    format!("{} ping -n -c 1 -W 2 -M dont -s {bytes} {}", inside(), replica_address(to))
}

/// Links without offloads: a veth takes a batch of packets that is larger than its MTU, a network card does not.
#[track_caller]
fn piecemeal(swarm: &Swarm) {
    for host in swarm.nodes() {
        host.ok("ip link set eth0 gso_max_segs 1 gso_max_size 1600");
        host.ok(&format!("{} ip link set eth0 gso_max_segs 1 gso_max_size 1600", inside()));
    }
}
