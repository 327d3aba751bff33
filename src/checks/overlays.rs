//! The overlay networks of a swarm as this node has them and who is on them here.

use std::collections::BTreeSet;

use super::configuration::{quoted, unit};
use super::here::has_running_engine;
use super::{Applies, Scene};
use crate::engine::gwbridge::Failure;
use crate::engine::swarm::{is_member, node};
use crate::finding::Evidence;
use crate::host::{Container, Missing, Network, Snapshot, SwarmNode};
use crate::text::{Text, text};

/// An overlay network that this node knows.
pub struct Overlay<'a> {
    pub network: &'a Network,
    /// Names of the containers and tasks that are on it on this node, or should be.
    pub here: BTreeSet<&'a str>,
    /// Whether one of these has a way out, so that it asks for addresses outside: one on internal networks alone has not.
    pub asks_outside: bool,
}

/// Judged on a node of a swarm.
pub fn in_a_swarm(scene: &Scene) -> Applies {
    if let Applies::No(why) = has_running_engine(scene) {
        return Applies::No(why);
    }
    match scene.host.engine.api.ok().and_then(|api| api.info.ok()) {
        Some(info) if !is_member(&info.swarm) => Applies::No(no_part(&info.swarm)),
        _ => Applies::Yes,
    }
}

/// Why a host is no node of a swarm: it is in none, or its engine could not take part in its own (LocalNodeState `error`).
pub fn no_part(node: &SwarmNode) -> Text {
    match node.error.lines().next() {
        Some(error) => text!("this node takes no part in its swarm: {error}", "本节点未能参与其 swarm 集群：{error}"),
        None => text!("this host is in no swarm", "本机不属于任何 swarm 集群"),
    }
}

/// The overlay networks that this node knows: on a manager all of the swarm, on a worker those that it takes part in.
///
/// # Errors
/// [`Missing`] when the engine did not tell its networks or containers.
pub fn overlays(host: &Snapshot) -> Result<Vec<Overlay<'_>>, Missing> {
    let api = host.engine.api.get("engine.api")?;
    let networks = api.networks.get("engine.api.networks")?;
    let containers = api.containers.get("engine.api.containers")?;
    let node = node(host)?;
    let overlays = networks.iter().filter(|network| network.driver == "overlay" && !network.config_only);
    Ok(overlays.map(|network| overlay(networks, containers, node, network)).collect())
}

fn overlay<'a>(
    networks: &'a [Network],
    containers: &'a [Container],
    node: &'a SwarmNode,
    network: &'a Network,
) -> Overlay<'a> {
    let on_it = |container: &&Container| {
        container.state == "running" && container.endpoints.iter().any(|end| end.network_id == network.id)
    };
    let open = |name: &str| networks.iter().any(|one| one.name == name && !one.internal);
    let running: Vec<&Container> = containers.iter().filter(on_it).collect();
    let tasks = node.tasks.ok().into_iter().flatten().filter(|task| {
        task.node_id == node.node_id && task.desired == "running" && task.networks.contains(&network.name)
    });
    let tasks: Vec<_> = tasks.collect();
    let asks_outside = running.iter().any(|one| one.endpoints.iter().any(|end| open(&end.network)))
        || tasks.iter().any(|task| task.networks.iter().any(|name| open(name)));
    let started = running.iter().map(|one| one.name.as_str());
    // A task that runs is told by its container; one that fails has none.
    let wanted = tasks.iter().filter(|task| task.state != "running").map(|task| task.service.as_str());
    Overlay { network, here: started.chain(wanted).collect(), asks_outside }
}

/// How many besides the one that is named, of so many.
pub fn and_more(all: usize) -> Text {
    match all.saturating_sub(1) {
        0 => Text::verbatim(""),
        1 => text!(" (and one more)", "（另有 1 个）"),
        more => text!(" (and {more} more)", "（另有 {more} 个）"),
    }
}

/// That a container is on a network.
pub fn shows_member(container: &Container, network: &Network) -> Evidence {
    let field = "'{{range .Containers}}{{.Name}} {{end}}'";
    Evidence::new(format!("docker network inspect -f {field} {}", quoted(&network.name)), container.name.clone())
}

/// That the engine logged this of docker_gwbridge since the host booted.
pub fn shows_logged(host: &Snapshot, failure: &Failure) -> Evidence {
    // In the line itself quotes are escaped.
    let says = failure.words.split('"').max_by_key(|part| part.len()).unwrap_or_default();
    Evidence::new(format!("journalctl -u {} -o cat --no-pager -b", unit(host)), says)
}
