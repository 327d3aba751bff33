use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::Fact;

/// GET /info, Swarm: this node's part in a swarm; on a manager with what GET /nodes and GET /tasks tell.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmNode {
    /// `inactive`, `pending`, `active`, `error`, `locked`.
    pub state: String,
    /// This node's id in the swarm; empty where it is in none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub node_id: String,
    pub node_address: Option<IpAddr>,
    pub manager: bool,
    /// Addresses of the managers (RemoteManagers), `10.0.0.5:2377`.
    pub managers: Vec<String>,
    /// Of all managers; on a manager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quorum: Option<Managers>,
    /// Somebody has to unlock the swarm after each start of this manager (AutoLockManagers).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub autolock: bool,
    /// The swarm's address pools, on a manager.
    pub default_pools: Vec<IpNet>,
    /// The UDP port of overlay traffic that the swarm was made with (DataPathPort), on a manager since 19.03; 0 is the default there, 4789, and is
    /// told as that. On a worker what the engine logged of it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_path_port: Option<u16>,
    /// Of this node's own listener for cluster management (ListenAddr of docker-state.json): managers take connections at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen_port: Option<u16>,
    /// Of this node for overlay traffic, where it is another than the one for the rest (`--data-path-addr`, DataPathAddr of docker-state.json). No API tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_path_address: Option<IpAddr>,
    /// Every node of the swarm, this one among them, by host name; empty on a worker.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<SwarmPeer>,
    /// On a manager: the tasks that this node should run, and those of the whole swarm that tell an error, the newest of each slot.
    #[serde(skip_serializing_if = "Fact::is_not_collected")]
    pub tasks: Fact<Vec<SwarmTask>>,
    pub error: String,
}

/// A node of the swarm (GET /nodes).
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmPeer {
    pub id: String,
    pub hostname: String,
    /// As the managers see it (Status.Addr, or ManagerStatus.Addr where that is unspecified).
    pub address: Option<IpAddr>,
    pub manager: bool,
    /// `ready`, `down`, `unknown`, `disconnected`.
    pub state: String,
    /// `active`, `pause`, `drain`.
    pub availability: String,
}

/// A task of a service (GET /tasks).
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmTask {
    pub id: String,
    /// The service's name; its id where that is not told.
    pub service: String,
    /// From 1; 0: a global service's, which has one on each node.
    pub slot: u32,
    /// Empty where none was chosen yet.
    pub node_id: String,
    /// `running`, `rejected`, `failed`, `pending`, …
    pub state: String,
    /// What it should be: `running`, `shutdown`, …
    pub desired: String,
    /// Status.Err, or empty; strings that look like a secret are masked.
    pub error: String,
    /// When it came to this state: microseconds since the Unix epoch, 0 where that is not told.
    pub at: u64,
    /// Names of the networks of the swarm that it is on, the ingress network among them.
    pub networks: Vec<String>,
}

/// How many managers a swarm has, and how many of them answer each other (GET /nodes, ManagerStatus).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Managers {
    pub all: usize,
    pub reachable: usize,
}
