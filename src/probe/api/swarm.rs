//! What only nodes of a swarm are asked, all at once: who is on their overlay networks and on docker_gwbridge, and of managers the nodes and the
//! tasks. An engine that has neither such a network nor a swarm is asked nothing.

use std::collections::BTreeMap;
use std::future::Future;

use super::client::Reply;
use super::endpoint::Chosen;
use super::{read, together};
use crate::host::{Container, Fact, GWBRIDGE, Info, Network, SwarmNode};
use crate::parse::api_json;
use crate::text::Text;

/// Of more networks the members are not asked for.
const MAX_NETWORKS: usize = 64;

/// Asks with `get`, and puts what is told into the facts.
pub async fn ask<F>(
    chosen: &Chosen,
    get: impl Fn(String) -> F,
    info: &mut Fact<Info>,
    networks: &mut Fact<Vec<Network>>,
) where
    F: Future<Output = Result<Reply, Text>>,
{
    let node = match info {
        Fact::Known { value: Info { swarm, .. }, .. } => Some(swarm),
        _ => None,
    };
    let node = node.filter(|node| node.manager);
    let mut here = match networks {
        Fact::Known { value, .. } => value.iter_mut().filter(|network| has_members(network)).collect(),
        _ => Vec::new(),
    };
    here.sort_by_key(|network| network.name != GWBRIDGE);
    here.truncate(MAX_NETWORKS);
    let of_managers = ["/nodes", "/services", "/tasks"].iter().filter(|_| node.is_some());
    let mut paths: Vec<String> = of_managers.map(|path| (*path).to_owned()).collect();
    paths.extend(here.iter().map(|network| format!("/networks/{}", network.id)));
    let mut replies = together(paths.into_iter().map(get).collect()).await.into_iter();
    if let Some(node) = node {
        let [nodes, services, tasks] = [replies.next(), replies.next(), replies.next()];
        take_nodes(node, nodes);
        let names = match services {
            Some(Ok(reply)) => api_json::service_names(&reply.body).unwrap_or_default(),
            _ => BTreeMap::new(),
        };
        node.tasks = read(tasks, chosen, |body| api_json::tasks(body, &node.node_id, &names));
    }
    for (network, reply) in here.into_iter().zip(replies) {
        if let Ok((members, peers)) = reply.and_then(|reply| api_json::network_members(&reply.body)) {
            network.members = Some(members);
            network.peers = peers;
        }
    }
}

/// Whether a container on overlay networks alone is said to run, and not to be on docker_gwbridge. It may be about to stop: then it leaves its networks one
/// by one, and counts as running until it has left all.
pub fn is_unsettled(networks: &Fact<Vec<Network>>, containers: &Fact<Vec<Container>>) -> bool {
    let (Some(networks), Some(containers)) = (networks.ok(), containers.ok()) else { return false };
    let gwbridge = networks.iter().find(|network| network.name == GWBRIDGE && network.scope != "swarm");
    let Some(members) = gwbridge.and_then(|network| network.members.as_ref()) else { return false };
    let is_overlay = |id: &str| networks.iter().any(|network| network.id == id && network.driver == "overlay");
    let mut outside =
        containers.iter().filter(|one| one.state == "running" && !members.iter().any(|member| member.id == one.id));
    outside.any(|one| !one.endpoints.is_empty() && one.endpoints.iter().all(|end| is_overlay(&end.network_id)))
}

fn has_members(network: &Network) -> bool {
    network.driver == "overlay" || network.name == GWBRIDGE
}

fn take_nodes(node: &mut SwarmNode, reply: Option<Result<Reply, Text>>) {
    if let Some(Ok(reply)) = reply {
        node.quorum = api_json::quorum(&reply.body).ok();
        node.nodes = api_json::nodes(&reply.body).unwrap_or_default();
    }
}
