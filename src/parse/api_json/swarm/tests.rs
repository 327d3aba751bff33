use std::fs;
use std::path::Path;

use super::super::{NetworkHere, info, network_here};
use super::*;
use crate::host::Member;
use crate::host::rfc3339::nanoseconds;

const ENGINES: [&str; 3] = ["20.10", "26.1", "28.5"];

/// A reply of a real engine of tests/lab; certificates, environments and labels of services are `PLANTED`.
#[allow(clippy::disallowed_methods)] // a fixture
fn reply(engine: &str, call: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/api/{engine}/{call}.json"));
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn node_of(engine: &str, call: &str) -> SwarmNode {
    let info = info(&reply(engine, call)).expect("info");
    assert!(!format!("{info:?}").contains("PLANTED"), "{engine}");
    info.swarm
}

#[test]
fn a_manager_tells_its_swarm_and_a_worker_its_part_of_it() {
    for engine in ENGINES {
        let manager = node_of(engine, "manager-info");
        assert!(manager.manager && manager.state == "active", "{engine}");
        assert_eq!((manager.node_id.len(), manager.data_path_port), (25, Some(4789)), "{engine}");
        // Since 23.0 the default pool is not told.
        assert_eq!(manager.default_pools.len(), usize::from(engine == "20.10"), "{engine}");
        let worker = node_of(engine, "worker-info");
        assert!(!worker.manager && worker.data_path_port.is_none() && worker.default_pools.is_empty(), "{engine}");
        assert_eq!(worker.node_address, "192.168.66.3".parse().ok(), "{engine}");
        assert_eq!(worker.managers, ["192.168.66.2:2377"], "{engine}");
    }
}

#[test]
fn the_nodes_as_a_manager_sees_them() {
    for engine in ENGINES {
        let peers = nodes(&reply(engine, "nodes")).expect("nodes");
        let seen: Vec<_> = peers
            .iter()
            .map(|peer| (peer.hostname.as_str(), peer.address.map(|address| address.to_string()), peer.manager))
            .collect();
        let at = |address: &str| Some(address.to_owned());
        assert_eq!(seen, [("one", at("192.168.66.2"), true), ("two", at("192.168.66.3"), false)], "{engine}");
        assert!(peers.iter().all(|peer| peer.state == "ready" && peer.availability == "active"), "{engine}");
        assert_eq!(quorum(&reply(engine, "nodes")), Ok(Managers { all: 1, reachable: 1 }), "{engine}");
        assert!(!format!("{peers:?}").contains("PLANTED"), "{engine}");
    }
    let odd = br#"[{"ID":"a","Status":{"Addr":"0.0.0.0"},"ManagerStatus":{"Addr":"10.0.0.5:2377"}},{"ID":"b","Status":{"Addr":"0.0.0.0"}}]"#;
    let odd: Vec<_> = nodes(odd).expect("nodes").into_iter().map(|peer| peer.address).collect();
    assert_eq!(odd, ["10.0.0.5".parse().ok(), None], "17.06 tells a manager's own address so");
}

fn tasks_of(engine: &str, own: &str) -> Vec<SwarmTask> {
    let names = service_names(&reply(engine, "services")).expect("services");
    let fact = tasks(&reply(engine, "tasks"), own, &names).expect("tasks");
    assert!(fact.gaps().is_empty() && !format!("{fact:?}").contains("PLANTED"), "{engine}");
    fact.ok().cloned().expect("known")
}

#[test]
fn tasks_that_should_be_here_and_the_newest_error_of_each_slot() {
    let manager = node_of("26.1", "manager-info").node_id;
    let seen = tasks_of("26.1", &manager);
    let [failed, here] = &seen[..] else { panic!("{seen:#?}") };
    assert_eq!((failed.service.as_str(), failed.slot, failed.state.as_str()), ("web", 1, "failed"));
    assert_eq!((failed.id.as_str(), failed.at), ("yja5q77l6a8dmpdlo69l8hmr2", 1_795_276_380_564_141));
    assert!(failed.error.starts_with("starting container failed: error creating external connectivity network: could"));
    assert_eq!((here.node_id.as_str(), here.state.as_str()), (manager.as_str(), "running"));
    assert_eq!((here.networks.as_slice(), here.error.as_str()), (&["own".to_owned()][..], ""));
    let worker = node_of("26.1", "worker-info").node_id;
    let states: Vec<String> = tasks_of("26.1", &worker).into_iter().map(|task| task.state).collect();
    assert_eq!(states, ["preparing", "failed"]);

    let old = tasks_of("20.10", "");
    assert!(old[0].error.contains("error creating vxlan interface: file exists"), "{old:#?}");
    assert_eq!(tasks_of("28.5", "").len(), 0, "nothing failed");
    assert!(tasks(br#"{"message":"This node is not a swarm manager."}"#, "", &BTreeMap::new()).is_err());
}

#[test]
fn a_global_service_has_a_place_on_each_node_and_of_many_tasks_the_newest_are_kept() {
    let task = |n: usize, node: &str| {
        format!(
            r#"{{"ID":"t{n:04}","ServiceID":"s","NodeID":"{node}","DesiredState":"shutdown","Status":{{"State":"failed",
            "Err":"no token=PLANTED","Timestamp":"2026-11-21T15:52:{:02}Z"}}}}"#,
            n % 60
        )
    };
    let of = |tasks: &[String]| format!("[{}]", tasks.join(","));
    let body = of(&[task(1, "a"), task(2, "a"), task(3, "b")]);
    let fact = tasks(body.as_bytes(), "own", &BTreeMap::new()).expect("tasks");
    let ids: Vec<&str> = fact.ok().expect("known").iter().map(|task| task.id.as_str()).collect();
    assert_eq!(ids, ["t0003", "t0002"]);
    assert!(!format!("{fact:?}").contains("PLANTED"));
    let many: Vec<String> = (0..1000).map(|n| task(n, &format!("n{n}"))).collect();
    let fact = tasks(of(&many).as_bytes(), "n7", &BTreeMap::new()).expect("tasks");
    let kept = fact.ok().expect("known");
    assert_eq!((kept.len(), kept.iter().any(|task| task.node_id == "n7")), (MAX_TASKS, true));
}

/// Of a node on which a task failed, so that a manager sees when that is over.
#[test]
fn what_runs_where_a_task_failed_is_kept() {
    let task = |id: &str, node: &str, status: &str| {
        format!(
            r#"{{"ID":"{id}","ServiceID":"s","NodeID":"{node}","DesiredState":"running","Status":{{{status}}},
            "NetworksAttachments":[{{"Network":{{"ID":"n","Spec":{{"Name":"own"}}}}}}]}}"#
        )
    };
    let failed = r#""State":"failed","Err":"why","Timestamp":"2026-11-21T15:52:01Z""#;
    let runs = |at: u8| format!(r#""State":"running","Timestamp":"2026-11-21T15:52:{at:02}Z""#);
    let all = [
        task("t1", "a", failed),
        task("t2", "a", &runs(2)),
        task("t3", "a", &runs(9)),
        task("t4", "b", &runs(3)),
        task("t5", "own", &runs(4)),
    ];
    let fact = tasks(format!("[{}]", all.join(",")).as_bytes(), "own", &BTreeMap::new()).expect("tasks");
    let ids: Vec<&str> = fact.ok().expect("known").iter().map(|task| task.id.as_str()).collect();
    assert_eq!(ids, ["t3", "t5", "t1"]);
}

#[test]
fn who_is_on_docker_gwbridge_and_on_an_overlay_network() {
    for engine in ENGINES {
        let on = |network: &str| network_here(&reply(engine, &format!("network-{network}"))).expect("a network");
        let NetworkHere { members, peers, created } = on("docker_gwbridge");
        let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
        assert!(names[0].starts_with("gateway_") && names[0].len() == 20, "{engine}: {names:?}");
        let ingress = Member {
            id: "ingress-sbox".to_owned(),
            name: "gateway_ingress-sbox".to_owned(),
            addresses: vec!["172.18.0.2/16".parse().expect("an address")],
        };
        assert_eq!((&members[1], members.len(), peers.len()), (&ingress, 2, 0), "{engine}");
        assert!(created.is_some_and(|it| nanoseconds(&it).is_some()), "{engine}");
        let NetworkHere { members, peers, .. } = on("own");
        let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
        assert_eq!((names[0], names[1].starts_with("web.")), ("own-endpoint", true), "{engine}");
        let expected: Vec<IpAddr> = ["192.168.66.2", "192.168.66.3"].map(|it| it.parse().expect("ip")).to_vec();
        assert_eq!(peers, expected, "{engine}");
    }
}
