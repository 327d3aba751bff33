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
    let here = with_members(networks);
    let of_managers = ["/nodes", "/services", "/tasks"].iter().filter(|_| node.is_some());
    let paths = of_managers.map(|path| (*path).to_owned()).chain(here.iter().map(|network| path(network)));
    let mut replies = together(paths.map(get).collect()).await.into_iter();
    if let Some(node) = node {
        let [nodes, services, tasks] = [replies.next(), replies.next(), replies.next()];
        take_nodes(node, nodes);
        let names = match services {
            Some(Ok(reply)) => api_json::service_names(&reply.body).unwrap_or_default(),
            _ => BTreeMap::new(),
        };
        node.tasks = read(tasks, chosen, |body| api_json::tasks(body, &node.node_id, &names));
    }
    take_members(here, replies);
}

/// Who is on the networks now; of one that is not told what was told before stays.
pub async fn ask_members<F>(get: impl Fn(String) -> F, networks: &mut Fact<Vec<Network>>)
where
    F: Future<Output = Result<Reply, Text>>,
{
    let here = with_members(networks);
    let replies = together(here.iter().map(|network| get(path(network))).collect()).await;
    take_members(here, replies);
}

fn path(network: &Network) -> String {
    format!("/networks/{}", network.id)
}

/// docker_gwbridge first.
fn with_members(networks: &mut Fact<Vec<Network>>) -> Vec<&mut Network> {
    let has_members = |network: &&mut Network| network.driver == "overlay" || network.name == GWBRIDGE;
    let mut here: Vec<&mut Network> = match networks {
        Fact::Known { value, .. } => value.iter_mut().filter(has_members).collect(),
        _ => Vec::new(),
    };
    here.sort_by_key(|network| network.name != GWBRIDGE);
    here.truncate(MAX_NETWORKS);
    here
}

fn take_members(here: Vec<&mut Network>, replies: impl IntoIterator<Item = Result<Reply, Text>>) {
    for (network, reply) in here.into_iter().zip(replies) {
        if let Ok(here) = reply.and_then(|reply| api_json::network_here(&reply.body)) {
            network.members = Some(here.members);
            network.peers = here.peers;
            network.created = here.created.unwrap_or_else(|| std::mem::take(&mut network.created));
        }
    }
}

/// Whether a container on overlay networks alone is said to run, and not to be on docker_gwbridge. It may be about to stop: then it leaves its networks one
/// by one, and counts as running until it has left all.
pub fn is_unsettled(networks: &Fact<Vec<Network>>, containers: &Fact<Vec<Container>>) -> bool {
    let (Some(networks), Some(containers)) = (networks.ok(), containers.ok()) else { return false };
    let gwbridge = networks.iter().find(|network| network.name == GWBRIDGE && network.scope != "swarm");
    let Some(members) = gwbridge.and_then(|network| network.members.as_ref()) else { return false };
    let outside =
        containers.iter().filter(|one| one.state == "running" && !members.iter().any(|member| member.id == one.id));
    outside.into_iter().any(|one| {
        let on = one.endpoints.iter().filter_map(|end| networks.iter().find(|network| network.id == end.network_id));
        let mut open = on.filter(|network| !network.internal).peekable();
        open.peek().is_some() && open.all(|network| network.driver == "overlay")
    })
}

fn take_nodes(node: &mut SwarmNode, reply: Option<Result<Reply, Text>>) {
    if let Some(Ok(reply)) = reply {
        node.quorum = api_json::quorum(&reply.body).ok();
        node.nodes = api_json::nodes(&reply.body).unwrap_or_default();
    }
}
