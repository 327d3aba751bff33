//! A swarm as its nodes tell it: GET /info, and on a manager /nodes, /services and /tasks. Tokens, certificates, keys, environments and
//! commands are never read.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

use super::{list, whole};
use crate::host::rfc3339;
use crate::host::{Fact, Managers, SwarmNode, SwarmPeer, SwarmTask};
use crate::parse::mask::mask;
use crate::text::Text;

/// The port of overlay traffic where none was chosen (moby v28.5.2 libnetwork/drivers/overlay/overlayutils `defaultVXLANUDPPort`).
const DATA_PATH_PORT: u16 = 4789;

/// A longer error is cut: it is quoted, not stored.
const MAX_ERROR: usize = 1000;

/// Tasks that are kept: those of this node first.
const MAX_TASKS: usize = 256;

pub(super) fn node(raw: RawSwarm) -> SwarmNode {
    let cluster = raw.cluster.unwrap_or_default();
    let encryption = cluster.spec.and_then(|spec| spec.encryption_config);
    SwarmNode {
        state: raw.local_node_state.unwrap_or_default(),
        node_id: raw.node_id.unwrap_or_default(),
        node_address: raw.node_addr.and_then(|address| address.parse().ok()),
        manager: raw.control_available.unwrap_or_default(),
        managers: raw.remote_managers.unwrap_or_default().into_iter().filter_map(|manager| manager.addr).collect(),
        quorum: None,
        autolock: encryption.and_then(|encryption| encryption.auto_lock_managers).unwrap_or_default(),
        default_pools: cluster
            .default_addr_pool
            .unwrap_or_default()
            .iter()
            .filter_map(|pool| pool.parse().ok())
            .collect(),
        data_path_port: cluster.data_path_port.and_then(|port| match port {
            0 => Some(DATA_PATH_PORT),
            port => u16::try_from(port).ok(),
        }),
        listen_port: None,
        data_path_address: None,
        nodes: Vec::new(),
        tasks: Fact::NotCollected,
        error: mask(&raw.error.unwrap_or_default()),
    }
}

/// GET /nodes: a swarm's managers. One that is told to be none any more has no ManagerStatus.
///
/// # Errors
/// A sentence when the body is no JSON or not what an engine replies.
pub fn quorum(body: &[u8]) -> Result<Managers, Text> {
    let nodes: Vec<RawNode> = whole(body, "/nodes")?;
    let managers: Vec<_> = nodes.into_iter().filter_map(|node| node.manager_status).collect();
    let reachable = managers.iter().filter(|it| it.reachability.as_deref() == Some("reachable")).count();
    Ok(Managers { all: managers.len(), reachable })
}

/// GET /nodes: all nodes, by host name.
///
/// # Errors
/// As [`quorum`].
pub fn nodes(body: &[u8]) -> Result<Vec<SwarmPeer>, Text> {
    let nodes: Vec<RawNode> = whole(body, "/nodes")?;
    let mut peers: Vec<SwarmPeer> = nodes.into_iter().map(peer).collect();
    peers.sort_by(|a, b| (&a.hostname, &a.id).cmp(&(&b.hostname, &b.id)));
    Ok(peers)
}

fn peer(raw: RawNode) -> SwarmPeer {
    let (spec, status) = (raw.spec.unwrap_or_default(), raw.status.unwrap_or_default());
    let specified = |address: &IpAddr| !address.is_unspecified();
    // A manager's own word of itself can be 0.0.0.0, or the loopback address by which its agent reaches it.
    let told = status.addr.and_then(|address| address.parse().ok()).filter(specified);
    let managed = raw.manager_status.and_then(|manager| manager.addr?.parse::<SocketAddr>().ok());
    let managed = managed.map(|address| address.ip()).filter(specified);
    SwarmPeer {
        id: raw.id.unwrap_or_default(),
        hostname: raw.description.and_then(|description| description.hostname).unwrap_or_default(),
        address: managed.or(told),
        manager: managed.is_some() || spec.role.as_deref() == Some("manager"),
        state: status.state.unwrap_or_default(),
        availability: spec.availability.unwrap_or_default(),
    }
}

/// GET /services: id → name.
///
/// # Errors
/// A sentence when the body is no JSON list.
pub fn service_names(body: &[u8]) -> Result<BTreeMap<String, String>, Text> {
    let services: Vec<RawService> = whole(body, "/services")?;
    Ok(services.into_iter().filter_map(|service| Some((service.id?, service.spec?.name?))).collect())
}

/// GET /tasks: those that the node `own` should run, and those with an error; of each slot (of a global service: node) the newest error only, and of each
/// node that such a one is of the newest that runs. Their services by `names`, sorted by service, slot and time.
///
/// # Errors
/// A sentence when the body is no JSON list; an element that does not decode is a gap.
pub fn tasks(body: &[u8], own: &str, names: &BTreeMap<String, String>) -> Result<Fact<Vec<SwarmTask>>, Text> {
    let order = |task: &SwarmTask| (task.service.clone(), task.slot, std::cmp::Reverse(task.at), task.id.clone());
    let all = list(body, "/tasks", order, |raw: RawTask| Some(task(raw, names)))?;
    Ok(all.map(|tasks| kept(tasks, own)))
}

fn kept(tasks: Vec<SwarmTask>, own: &str) -> Vec<SwarmTask> {
    let running = running_elsewhere(&tasks, own);
    let mut told: Vec<(String, u32, String)> = Vec::new();
    let mut kept: Vec<SwarmTask> = Vec::new();
    for task in tasks {
        let here = task.node_id == own && matches!(task.desired.as_str(), "running" | "ready");
        if !task.error.is_empty() && !here {
            let place =
                (task.service.clone(), task.slot, if task.slot == 0 { task.node_id.clone() } else { String::new() });
            if told.contains(&place) {
                continue;
            }
            told.push(place);
        } else if !here {
            continue;
        }
        kept.push(task);
    }
    let failing: BTreeSet<String> = kept.iter().map(|task| task.node_id.clone()).collect();
    kept.extend(running.into_iter().filter(|task| failing.contains(&task.node_id)));
    if kept.len() > MAX_TASKS {
        kept.sort_by_key(|task| (task.node_id != own, std::cmp::Reverse(task.at)));
        kept.truncate(MAX_TASKS);
    }
    kept.sort_by(|a, b| (&a.service, a.slot, b.at, &a.id).cmp(&(&b.service, b.slot, a.at, &b.id)));
    kept
}

/// Of each other node the newest task that is on networks and runs: what failed there before is over.
fn running_elsewhere(tasks: &[SwarmTask], own: &str) -> Vec<SwarmTask> {
    let runs = |task: &&SwarmTask| task.state == "running" && task.error.is_empty() && !task.networks.is_empty();
    let mut newest: BTreeMap<&str, &SwarmTask> = BTreeMap::new();
    for task in tasks.iter().filter(|task| task.node_id != own).filter(runs) {
        let known = newest.entry(&task.node_id).or_insert(task);
        if task.at > known.at {
            *known = task;
        }
    }
    newest.into_values().cloned().collect()
}

fn task(raw: RawTask, names: &BTreeMap<String, String>) -> SwarmTask {
    let service = raw.service_id.unwrap_or_default();
    let status = raw.status.unwrap_or_default();
    let attached = raw.networks_attachments.unwrap_or_default().into_iter();
    let mut networks: Vec<String> = attached.filter_map(|it| it.network?.spec?.name).collect();
    networks.sort();
    let error: String = status.err.unwrap_or_default().chars().take(MAX_ERROR).collect();
    SwarmTask {
        id: raw.id.unwrap_or_default(),
        service: names.get(&service).cloned().unwrap_or(service),
        slot: raw.slot.unwrap_or_default(),
        node_id: raw.node_id.unwrap_or_default(),
        state: status.state.unwrap_or_default(),
        desired: raw.desired_state.unwrap_or_default(),
        error: mask(&error),
        at: status.timestamp.as_deref().and_then(rfc3339::microseconds).unwrap_or_default(),
        networks,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RawSwarm {
    #[serde(rename = "NodeID")]
    node_id: Option<String>,
    node_addr: Option<String>,
    local_node_state: Option<String>,
    control_available: Option<bool>,
    error: Option<String>,
    remote_managers: Option<Vec<RawManager>>,
    cluster: Option<RawCluster>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawManager {
    addr: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawCluster {
    spec: Option<RawSpec>,
    default_addr_pool: Option<Vec<String>>,
    data_path_port: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawSpec {
    encryption_config: Option<RawEncryption>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawEncryption {
    auto_lock_managers: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawNode {
    #[serde(rename = "ID")]
    id: Option<String>,
    spec: Option<RawNodeSpec>,
    description: Option<RawDescription>,
    status: Option<RawNodeStatus>,
    manager_status: Option<RawManagerStatus>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawNodeSpec {
    role: Option<String>,
    availability: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawDescription {
    hostname: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawNodeStatus {
    state: Option<String>,
    addr: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawManagerStatus {
    addr: Option<String>,
    reachability: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawService {
    #[serde(rename = "ID")]
    id: Option<String>,
    spec: Option<RawNamed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawNamed {
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawTask {
    #[serde(rename = "ID")]
    id: Option<String>,
    #[serde(rename = "ServiceID")]
    service_id: Option<String>,
    slot: Option<u32>,
    #[serde(rename = "NodeID")]
    node_id: Option<String>,
    status: Option<RawTaskStatus>,
    desired_state: Option<String>,
    networks_attachments: Option<Vec<RawAttachment>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawTaskStatus {
    timestamp: Option<String>,
    state: Option<String>,
    err: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawAttachment {
    network: Option<RawAttached>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawAttached {
    spec: Option<RawNamed>,
}

#[cfg(test)]
mod tests;
