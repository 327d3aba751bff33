//! What a snapshot says of a swarm's nodes: held against their engines' own words, and kept as fixtures.

use serde_json::Value;

use super::site::{SOON, Swarm};
use super::story;
use crate::harness::{Cases, Engine, Host, Lab, keep};

pub fn add(cases: &mut Cases) {
    story(cases, Engine::V28, "a snapshot tells of nodes, tasks and who is on the networks", healthy);
    story(cases, Engine::V26, "a snapshot tells of failing tasks and why they fail", failing);
}

fn healthy(lab: &Lab, engine: Engine) {
    let swarm = Swarm::pair(lab, engine);
    swarm.init().join(&swarm.worker);
    for host in swarm.nodes() {
        host.eventually(SOON, "docker network inspect docker_gwbridge | grep -q gateway_ingress-sbox");
        host.eventually(SOON, "test $(docker network inspect -f '{{len .Peers}}' ingress) = 2");
        tells(host);
    }
    keep(&swarm.manager, "swarm-manager-idle", "the manager of a swarm of two without services", true);
    keep(&swarm.worker, "swarm-worker-idle", "the worker of a swarm of two without services", true);

    swarm.serve().carries();
    for host in swarm.nodes() {
        tells(host);
    }
    let tasks = known(&swarm_of(&snapshot(&swarm.manager))["tasks"]).clone();
    let [task] = tasks.as_array().expect("a list").as_slice() else { panic!("{tasks:#}") };
    assert_eq!((&task["service"], &task["slot"], &task["state"]), (&"web".into(), &0.into(), &"running".into()));
    assert_eq!((&task["networks"][0], &task["error"]), (&"across".into(), &"".into()));
    keep(&swarm.manager, "swarm-manager", "the manager of a swarm of two, with a replica of a service", true);
    keep(&swarm.worker, "swarm-worker", "the worker of a swarm of two, with a replica of a service", true);
}

/// The snapshot against `docker info`, `docker network inspect` and `docker node ls`.
#[track_caller]
fn tells(host: &Host) {
    let seen = snapshot(host);
    let swarm = swarm_of(&seen);
    let info = |format: &str| host.ok(&format!("docker info -f '{{{{{format}}}}}'")).trim().to_owned();
    assert_eq!(swarm["node_id"], info(".Swarm.NodeID"));
    let manager = info(".Swarm.ControlAvailable") == "true";
    assert_eq!(swarm["data_path_port"], 4789, "the manager is told it, the worker's engine logs it");
    if manager {
        let names = host.ok("docker node ls --format '{{.Hostname}}' | sort");
        assert_eq!(texts(&swarm["nodes"], "hostname"), names.lines().collect::<Vec<_>>());
        assert_eq!(texts(&swarm["nodes"], "address"), ["10.77.0.2", "10.77.0.3"]);
    }
    for key in ["nodes", "tasks"] {
        assert_eq!(swarm.get(key).is_some(), manager, "{key} of a {swarm:#}");
    }
    let networks = known(&seen["engine"]["api"]["known"]["value"]["networks"]);
    for network in networks.as_array().expect("a list") {
        let name = network["name"].as_str().expect("a name");
        let asked = network["driver"] == "overlay" || name == "docker_gwbridge";
        assert_eq!(network.get("members").is_some(), asked, "{name}");
        let told = |format: &str| {
            let mut told: Vec<String> = host
                .ok(&format!("docker network inspect -f '{{{{range {format}}}}} {{{{end}}}}' {name}"))
                .split_whitespace()
                .map(str::to_owned)
                .collect();
            told.sort();
            told
        };
        if asked {
            assert_eq!(texts(&network["members"], "name"), told(".Containers}}{{.Name"), "{name}");
        }
        let peers: Vec<&str> = network["peers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert_eq!(peers, told(".Peers}}{{.IP"), "{name}");
    }
    // The kernel's socket for overlay traffic has no program, and is one of this network namespace.
    let sockets = known(&seen["sockets"]).as_array().expect("a list").iter();
    let bound = sockets.filter(|socket| socket["transport"] == "udp" && socket["local"] == "0.0.0.0:4789").count();
    assert_eq!(bound, 1, "on {}", host.id());
    assert_eq!(known(&seen["engine"]["swarm_log"]), &Value::Array(Vec::new()), "nothing failed");
}

fn failing(lab: &Lab, engine: Engine) {
    let swarm = Swarm::pair(lab, engine);
    swarm.worker.ok("ip route add 172.16.0.0/12 dev eth0 && ip route add 192.168.0.0/16 dev eth0");
    swarm.init().join(&swarm.worker).serve();
    let why = "error creating external connectivity network";
    swarm.fails(why);

    let seen = snapshot(&swarm.manager);
    let node = swarm.worker.ok("docker info -f '{{.Swarm.NodeID}}'");
    let tasks = known(&swarm_of(&seen)["tasks"]).as_array().expect("a list").clone();
    let failed: Vec<&Value> = tasks.iter().filter(|task| task["node_id"] == node.trim()).collect();
    let [failed] = failed[..] else { panic!("the newest of its failures alone: {tasks:#?}") };
    assert!(failed["error"].as_str().is_some_and(|error| error.contains(why)), "{failed:#}");

    let seen = snapshot(&swarm.worker);
    let log = texts(known(&seen["engine"]["swarm_log"]), "message");
    for words in ["Failed creating ingress network: ", "fatal task error"] {
        assert!(log.iter().any(|line| line.contains(words) && line.contains(why)), "{words}: {log:#?}");
    }
    assert!(log.len() <= 40 && log.iter().all(|line| line.contains(why)), "{log:#?}");
    // What the engine before logged is not the running one's.
    swarm.worker.ok("ip route del 172.16.0.0/12 && ip route del 192.168.0.0/16 && systemctl restart docker");
    swarm.carries();
    swarm.worker.ok("journalctl --sync");
    let seen = snapshot(&swarm.worker);
    assert_eq!(known(&seen["engine"]["swarm_log"]), &Value::Array(Vec::new()));
    // An ordinary user in the group docker is told the rest.
    let user = swarm.worker.dnetctl_as_user(&["snapshot"]);
    let user: Value = serde_json::from_str(&user.stdout).unwrap_or_else(|_| panic!("{user}"));
    assert!(user["engine"].get("swarm_log").is_none_or(|log| log.get("known").is_none()), "{:#}", user["engine"]);
}

#[track_caller]
fn snapshot(host: &Host) -> Value {
    let said = host.dnetctl(&["snapshot"]);
    serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said}"))
}

fn swarm_of(snapshot: &Value) -> &Value {
    &known(&snapshot["engine"]["api"]["known"]["value"]["info"])["swarm"]
}

#[track_caller]
fn known(fact: &Value) -> &Value {
    let Some(value) = fact.pointer("/known/value") else { panic!("not known: {fact:#}") };
    value
}

/// That key of each.
fn texts<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    list.as_array().into_iter().flatten().filter_map(|one| one[key].as_str()).collect()
}
