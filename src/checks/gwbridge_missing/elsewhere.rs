//! Nodes of the swarm that a manager knows to be without docker_gwbridge.

use super::quoted;
use crate::engine::gwbridge::failure;
use crate::finding::{Evidence, Finding};
use crate::host::{GWBRIDGE, Snapshot, SwarmNode, SwarmTask};
use crate::text::text;

/// One info for each node whose newest word on it is a failure: nothing is wrong with this host, and this is why tasks pile up here.
pub fn findings(host: &Snapshot) -> Vec<Finding> {
    let Some(info) = host.engine.api.ok().and_then(|api| api.info.ok()) else { return Vec::new() };
    let swarm = &info.swarm;
    let tasks: Vec<&SwarmTask> = swarm.tasks.ok().into_iter().flatten().collect();
    let mut found: Vec<Finding> = Vec::new();
    for (node, name) in nodes(swarm) {
        let of_it = || tasks.iter().filter(|task| task.node_id == node);
        let failed = of_it().filter_map(|task| Some((*task, failure(&task.error)?)));
        let Some((task, failure)) = failed.max_by_key(|(task, _)| task.at) else { continue };
        // One that runs there now did get it.
        if of_it().any(|other| other.state == "running" && other.at > task.at && !other.networks.is_empty()) {
            continue;
        }
        let (service, slot, words) = (&task.service, task.slot, &failure.words);
        let missing = text!(
            "task {service}.{slot} failed on node {name} because the engine there has no docker_gwbridge (`{words}`); run dnetctl on {name}",
            "任务 {service}.{slot} 在节点 {name} 上失败，因为该节点的引擎没有 docker_gwbridge（`{words}`）；请在 {name} 上运行 dnetctl"
        );
        let shut_out = text!(
            "task {service}.{slot} failed on node {name} because it did not come on docker_gwbridge there (`{words}`); run dnetctl on {name}",
            "任务 {service}.{slot} 在节点 {name} 上失败，因为未能接入该节点的 docker_gwbridge（`{words}`）；请在 {name} 上运行 dnetctl"
        );
        let message = if failure.is_of_the_network() { missing } else { shut_out };
        let shows = Evidence::new(format!("docker service ps --no-trunc {}", quoted(service)), words.clone());
        found.push(
            Finding::info(format!("node:{name}"), message).evidence(shows).touches(format!("network:{GWBRIDGE}")),
        );
    }
    found
}

/// The others, by id and name.
fn nodes(swarm: &SwarmNode) -> impl Iterator<Item = (&str, &str)> {
    let others = swarm.nodes.iter().filter(|node| node.id != swarm.node_id);
    others.map(|node| (node.id.as_str(), if node.hostname.is_empty() { &node.id } else { &node.hostname }.as_str()))
}
