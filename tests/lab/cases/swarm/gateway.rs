//! docker_gwbridge: what keeps the engine from making it, and what makes it useless.

use super::cure::{all_is_well, applies, blames, photo, rolls_back};
use super::site::{SOON, Swarm, gets_out, is_shut_in, task_error};
use super::story;
use crate::cases::networks::{carry_out, healthy, only, says};
use crate::harness::{Cases, Engine, Host, Lab};
use std::time::Duration;

const FAILED: &str = "error creating external connectivity network: ";

const LOG: &str = "journalctl --sync; journalctl --no-pager -o cat -u docker.service";

const MEMBERS: &str = "docker network inspect -f '{{range .Containers}}{{.Name}} {{end}}' docker_gwbridge";

const MISSING: &str = "gwbridge-missing";
const WRONG: &str = "gwbridge-misconfigured";
const NETWORK: &str = "network:docker_gwbridge";

pub fn add(cases: &mut Cases) {
    story(cases, Engine::V26, "no address is left on a small docker_gwbridge", used_up);
    story(cases, Engine::V20, "every pool is held by a route on a link", pools_held);
    story(cases, Engine::V28, "the ingress network is not tried again", ingress_never_made);
    story(cases, Engine::V26, "a plain link has the bridge's name", plain_link);
    story(cases, Engine::V28, "another network has the bridge's name", name_of_another);
    story(
        cases,
        Engine::V28,
        "a bridge that was there is taken over, later given a foreign address, and switched off",
        foreign_address,
    );
    story(cases, Engine::V20, "the network's link was deleted", link_deleted);
    story(cases, Engine::V26, "made by hand without masquerading, without a name, open", options);
}

fn pools_held(lab: &Lab, engine: Engine) {
    let swarm = Swarm::pair(lab, engine);
    swarm.worker.ok("ip route add 172.16.0.0/12 dev eth0 && ip route add 192.168.0.0/16 dev eth0");
    swarm.init().join(&swarm.worker).serve();
    let none = if engine >= Engine::V28 {
        "all predefined address pools have been fully subnetted"
    } else {
        "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network"
    };
    swarm.fails(&task_error(engine, &format!("{FAILED}{none}")));
    misses(&swarm, none);
    // The replicas pile up on the one node that can have them.
    swarm.manager.ok("docker service create -d --no-resolve-image --name pile --replicas 2 --network across --restart-delay 500ms bb:1 sleep 100000");
    let where_to = "docker service ps pile --filter desired-state=running --format '{{.Node}} {{.CurrentState}}'";
    swarm.manager.eventually(SOON, &format!("test $({where_to} | grep -c '^manager Running') = 2"));
    let report = blames(&swarm.worker, "pool-blocked-by-route");
    assert!(report.findings().next().is_some_and(|f| f["explains"].to_string().contains(MISSING)), "{report}");
    let before = photo(&swarm.worker);
    // Its try at the ingress network leaves the sandbox without a way out, now and then: then the engine has to start again.
    let report = applies(&swarm.worker, &["gwbridge", "--allow", "disruptive"]);
    swarm.carries();
    gets_out(&swarm.worker);
    let members = swarm.worker.ok(MEMBERS);
    assert!(members.contains("gateway_ingress-sbox"), "on it: {members}\n{report}\n{}", swarm.worker.docker_log());
    rolls_back(&swarm.worker, &before);
    swarm.replace(&swarm.worker);
    swarm.fails(&task_error(engine, &format!("{FAILED}{none}")));

    swarm.worker.ok("ip route del 172.16.0.0/12 && ip route del 192.168.0.0/16");
    swarm.carries();
    gets_out(&swarm.worker);
}

/// docker_gwbridge can be made again, and the engine does not try the ingress network again by itself; it does when a manager touches the node.
fn ingress_never_made(lab: &Lab, engine: Engine) {
    let swarm = Swarm::pair(lab, engine);
    let worker = &swarm.worker;
    worker.ok("ip route add 172.16.0.0/12 dev eth0 && ip route add 192.168.0.0/16 dev eth0");
    swarm.init().join(worker);
    worker.eventually(SOON, &format!("{LOG} | grep -qF 'Failed creating ingress network: {FAILED}'"));
    worker.ok("ip route del 172.16.0.0/12 && ip route del 192.168.0.0/16");
    let report = healthy(worker);
    says(report.finding(MISSING), "the ingress network failed for it and is not on this node");

    applies(worker, &["gwbridge"]);
    // As long as docker_gwbridge is new, who needs it may be on its way.
    std::thread::sleep(Duration::from_secs(11));
    let report = worker.diagnose();
    let finding = only(&report, WRONG, "warning", "network:docker_gwbridge#members");
    says(finding, "the ingress network is not on this node: the engine could not make it");
    carry_out(&swarm.manager, finding, "docker node update");
    worker.eventually(SOON, &format!("{MEMBERS} | grep -q gateway_ingress-sbox"));
    swarm.serve();
    all_is_well(&swarm);
}

fn used_up(lab: &Lab, engine: Engine) {
    let swarm = Swarm::pair(lab, engine);
    swarm.worker.ok(
        "docker network create --subnet 10.11.0.0/30 -o com.docker.network.bridge.name=docker_gwbridge \
         -o com.docker.network.bridge.enable_icc=false -o com.docker.network.bridge.enable_ip_masquerade=true docker_gwbridge",
    );
    swarm.init().join(&swarm.worker);
    swarm.worker.eventually(SOON, &format!("{MEMBERS} | grep -q gateway_ingress-sbox"));
    swarm.serve();
    swarm.fails("no available IPv4 addresses on this network");
    let report = blames(&swarm.worker, WRONG);
    only(&report, WRONG, "error", "network:docker_gwbridge#addresses");
    let before = photo(&swarm.worker);
    applies(&swarm.worker, &["gwbridge", "--allow", "disruptive"]);
    all_is_well(&swarm);
    gets_out(&swarm.worker);
    rolls_back(&swarm.worker, &before);
    swarm.fails("no available IPv4 addresses on this network");
}

fn plain_link(lab: &Lab, engine: Engine) {
    let swarm = Swarm::pair(lab, engine);
    swarm.worker.ok("ip link add docker_gwbridge type veth peer name other && ip link set docker_gwbridge up");
    swarm.init().join(&swarm.worker).serve();
    let why = "existing interface docker_gwbridge is not a bridge";
    swarm.fails(&task_error(engine, &format!("{FAILED}{why}")));
    misses(&swarm, why);
    made_and_unmade(&swarm, || ());

    // Where it is wanted, and nowhere else.
    // The ingress network, which stayed when docker_gwbridge was taken back, is seconds old and needs it all the same.
    let report = applies(&swarm.worker, &["gwbridge", "--subnet", "10.123.0.0/24", "--allow", "disruptive"]);
    let members = swarm.worker.ok(MEMBERS);
    assert!(members.contains("gateway_ingress-sbox"), "on it: {members}\n{report}\n{}", swarm.worker.docker_log());
    all_is_well(&swarm);
    swarm
        .worker
        .ok("ip link show gwbridge-old && ip -4 -br addr show type bridge docker_gwbridge | grep -F 10.123.0.1/24");
}

fn name_of_another(lab: &Lab, engine: Engine) {
    let swarm = Swarm::pair(lab, engine);
    swarm.worker.ok("docker network create -o com.docker.network.bridge.name=docker_gwbridge other");
    swarm.init().join(&swarm.worker).serve();
    swarm.fails(&task_error(engine, &format!("{FAILED}cannot create network ")));
    misses(&swarm, "(docker_gwbridge): networks have same bridge name");
    made_and_unmade(&swarm, || {
        // Made again elsewhere, it does not want the name that is taken either.
        let of = "docker network inspect -f '{{json .IPAM.Config}} {{json .Options}}' docker_gwbridge";
        let made = swarm.worker.ok(of);
        applies(&swarm.worker, &["gwbridge", "--subnet", "10.123.0.0/24", "--allow", "disruptive"]);
        all_is_well(&swarm);
        gets_out(&swarm.worker);
        assert!(swarm.worker.ok(of).contains("10.123.0.0/24"));
        let output = swarm.worker.dnetctl(&["rollback", "--yes"]);
        assert!(output.succeeded(), "rollback: {output}");
        assert_eq!(swarm.worker.ok(of), made, "its link has the name of another id");
    });

    swarm.worker.ok("docker network rm other");
    swarm.carries();
    gets_out(&swarm.worker);
}

/// What hinders the engine is the one thing that is wrong. `gwbridge` makes the network none the less, and both replicas run and reach each other.
#[track_caller]
fn made_and_unmade(swarm: &Swarm, meanwhile: impl FnOnce()) {
    let report = blames(&swarm.worker, MISSING);
    only(&report, MISSING, "error", NETWORK);
    let before = photo(&swarm.worker);
    applies(&swarm.worker, &["gwbridge", "--allow", "disruptive"]);
    all_is_well(swarm);
    gets_out(&swarm.worker);
    meanwhile();
    rolls_back(&swarm.worker, &before);
    swarm.replace(&swarm.worker);
    swarm.fails(FAILED);
}

/// The worker has no docker_gwbridge, and its journal says why the ingress network has none either.
#[track_caller]
fn misses(swarm: &Swarm, why: &str) {
    let networks = swarm.worker.ok("docker network ls --format '{{.Name}}'");
    assert!(!networks.lines().any(|name| name == "docker_gwbridge"), "{networks}");
    swarm
        .worker
        .eventually(SOON, &format!("{LOG} | grep -F 'Failed creating ingress network: {FAILED}' | grep -F '{why}'"));
}

fn foreign_address(lab: &Lab, engine: Engine) {
    let swarm = Swarm::pair(lab, engine);
    let bridge = "ip link add docker_gwbridge type bridge && ip link set docker_gwbridge up && ip addr add 10.99.0.1/24 dev docker_gwbridge";
    swarm.worker.ok(bridge);
    swarm.init().join(&swarm.worker).serve().carries();
    gets_out(&swarm.worker);
    let addresses = swarm.worker.ok("ip -4 -br addr show docker_gwbridge");
    assert!(addresses.contains("172.18.0.1/16") && !addresses.contains("10.99.0.1"), "the engine's own: {addresses}");

    // A network manager that brings its bridge up again.
    swarm.worker.ok("ip addr flush dev docker_gwbridge && ip addr add 10.99.0.1/24 dev docker_gwbridge");
    is_shut_in(&swarm.worker);
    swarm.carries();
    swarm.replace(&swarm.worker);
    swarm.carries();
    is_shut_in(&swarm.worker);
    let log = swarm.worker.docker_log();
    assert!(!log.contains("starting container failed"), "the engine does not notice: {log}");
    open_and_shut(&swarm, WRONG, "link:docker_gwbridge");

    swarm.worker.restart_docker().expect("nothing hinders it");
    swarm.carries();
    gets_out(&swarm.worker);

    swarm.worker.ok("ip link set docker_gwbridge down");
    is_shut_in(&swarm.worker);
    open_and_shut(&swarm, "bridge-link-missing", NETWORK);
}

/// The one thing that is wrong with the link is put right without a restart, and is wrong again behind the undo.
#[track_caller]
fn open_and_shut(swarm: &Swarm, check: &str, subject: &str) {
    let report = blames(&swarm.worker, check);
    only(&report, check, "error", subject);
    let before = photo(&swarm.worker);
    applies(&swarm.worker, &["gwbridge"]);
    all_is_well(swarm);
    gets_out(&swarm.worker);
    rolls_back(&swarm.worker, &before);
    is_shut_in(&swarm.worker);
}

fn link_deleted(lab: &Lab, engine: Engine) {
    let swarm = Swarm::pair(lab, engine);
    swarm.init().join(&swarm.worker).serve().carries();
    gets_out(&swarm.worker);
    swarm.worker.ok("ip link del docker_gwbridge");
    swarm.carries();
    is_shut_in(&swarm.worker);
    swarm.replace(&swarm.worker);
    let no_link = if engine >= Engine::V26 {
        "to bridge docker_gwbridge failed: Device does not exist"
    } else {
        "to bridge docker_gwbridge failed: could not find bridge docker_gwbridge: route ip+net: no such network interface"
    };
    swarm.fails("endpoint create on GW Network failed: failed to create endpoint gateway_").fails(no_link);
    assert_eq!(swarm.worker.ok(MEMBERS).trim(), "gateway_ingress-sbox", "the network is there");

    let report = blames(&swarm.worker, "bridge-link-missing");
    only(&report, "bridge-link-missing", "error", NETWORK);
    applies(&swarm.worker, &["diagnose", "--allow", "disruptive"]);
    all_is_well(&swarm);
    gets_out(&swarm.worker);
    swarm.worker.eventually(SOON, &format!("{MEMBERS} | grep -q gateway_ingress-sbox"));
}

fn options(lab: &Lab, engine: Engine) {
    const KEYS: &str = "com.docker.network.bridge";
    let create = |options: &str| format!("docker network create {options} docker_gwbridge");
    let swarm = Swarm::pair(lab, engine);
    let shut =
        format!("-o {KEYS}.name=docker_gwbridge -o {KEYS}.enable_icc=false -o {KEYS}.enable_ip_masquerade=false");
    swarm.worker.ok(&create(&shut));
    swarm.init().join(&swarm.worker).serve().carries();
    is_shut_in(&swarm.worker);
    let report = blames(&swarm.worker, WRONG);
    only(&report, WRONG, "error", NETWORK);
    let before = photo(&swarm.worker);
    applies(&swarm.worker, &["gwbridge", "--allow", "disruptive"]);
    all_is_well(&swarm);
    gets_out(&swarm.worker);
    rolls_back(&swarm.worker, &before);
    swarm.runs();
    is_shut_in(&swarm.worker);

    // Under a name of its own, and open between the tasks of all services: it works.
    swarm.part().worker.ok(&create(&format!("-o {KEYS}.enable_icc=true")));
    swarm.join(&swarm.worker).carries();
    gets_out(&swarm.worker);
    assert!(!swarm.worker.sh("ip link show docker_gwbridge").succeeded());
    assert!(opens(&swarm.worker), "{}", swarm.worker.ok("iptables -S"));
    let report = swarm.worker.diagnose();
    only(&report, WRONG, "warning", NETWORK);
    applies(&swarm.worker, &["gwbridge", "--allow", "disruptive"]);
    all_is_well(&swarm);
    gets_out(&swarm.worker);
    assert!(!opens(&swarm.worker), "{}", swarm.worker.ok("iptables -S"));
}

/// Whether the engine's rules let pass what stays on a bridge of an own name.
fn opens(host: &Host) -> bool {
    let rules = host.ok("iptables -S | grep -E -- '-[io] (br-[0-9a-f]|docker_gwbridge)'");
    rules.lines().any(|rule| rule.contains(" -i ") && rule.ends_with("-j ACCEPT") && !rule.contains("! -o"))
}
