//! The fields of the engine's replies that are read, under the engine's own names. What is not here is never taken out of them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::swarm::RawSwarm;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RawVersion {
    pub(super) version: Option<String>,
    pub(super) api_version: Option<String>,
    #[serde(rename = "MinAPIVersion")]
    pub(super) min_api_version: Option<String>,
    pub(super) os: Option<String>,
    pub(super) kernel_version: Option<String>,
    pub(super) components: Option<Vec<RawComponent>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RawComponent {
    pub(super) name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RawInfo {
    #[serde(rename = "ID")]
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) operating_system: Option<String>,
    pub(super) docker_root_dir: Option<String>,
    pub(super) driver: Option<String>,
    #[serde(rename = "IPv4Forwarding")]
    pub(super) ipv4_forwarding: Option<Value>,
    pub(super) live_restore_enabled: Option<bool>,
    pub(super) containers_running: Option<u32>,
    pub(super) security_options: Option<Vec<String>>,
    pub(super) default_address_pools: Option<Vec<RawPool>>,
    pub(super) firewall_backend: Option<RawFirewallBackend>,
    pub(super) warnings: Option<Vec<String>>,
    pub(super) swarm: Option<RawSwarm>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RawPool {
    pub(super) base: Option<String>,
    pub(super) size: Option<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RawFirewallBackend {
    pub(super) driver: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RawNetwork {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) driver: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) internal: Option<bool>,
    pub(super) attachable: Option<bool>,
    pub(super) ingress: Option<bool>,
    pub(super) config_only: Option<bool>,
    #[serde(rename = "EnableIPv4")]
    pub(super) enable_ipv4: Option<bool>,
    #[serde(rename = "EnableIPv6")]
    pub(super) enable_ipv6: Option<bool>,
    pub(super) created: Option<String>,
    #[serde(rename = "IPAM")]
    pub(super) ipam: Option<RawIpam>,
    pub(super) options: Option<BTreeMap<String, Value>>,
    pub(super) labels: Option<BTreeMap<String, String>>,
}

/// What GET /networks/ID tells beyond GET /networks.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RawNetworkDetail {
    pub(super) created: Option<String>,
    pub(super) containers: Option<BTreeMap<String, RawMember>>,
    pub(super) peers: Option<Vec<RawPeer>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RawMember {
    pub(super) name: Option<String>,
    #[serde(rename = "IPv4Address")]
    pub(super) ipv4_address: Option<String>,
    #[serde(rename = "IPv6Address")]
    pub(super) ipv6_address: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct RawPeer {
    #[serde(rename = "IP")]
    pub(super) ip: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RawIpam {
    pub(super) driver: Option<String>,
    pub(super) config: Option<Vec<RawIpamConfig>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RawIpamConfig {
    pub(super) subnet: Option<String>,
    pub(super) gateway: Option<String>,
    #[serde(rename = "IPRange")]
    pub(super) ip_range: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RawContainer {
    pub(super) id: Option<String>,
    pub(super) names: Option<Vec<String>>,
    pub(super) state: Option<String>,
    pub(super) status: Option<String>,
    pub(super) host_config: Option<RawHostConfig>,
    pub(super) network_settings: Option<RawNetworkSettings>,
    pub(super) ports: Option<Vec<RawPort>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RawHostConfig {
    pub(super) network_mode: Option<String>,
    pub(super) auto_remove: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RawNetworkSettings {
    pub(super) networks: Option<BTreeMap<String, RawEndpoint>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RawEndpoint {
    #[serde(rename = "NetworkID")]
    pub(super) network_id: Option<String>,
    #[serde(rename = "IPAddress")]
    pub(super) ip_address: Option<String>,
    #[serde(rename = "GlobalIPv6Address")]
    pub(super) global_ipv6_address: Option<String>,
    pub(super) gateway: Option<String>,
    #[serde(rename = "IPv6Gateway")]
    pub(super) ipv6_gateway: Option<String>,
    pub(super) gw_priority: Option<i64>,
}

/// Of GET /containers/ID/json the process alone: the rest holds the environment.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RawInspected {
    pub(super) state: Option<RawState>,
    pub(super) host_config: Option<RawHostConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RawState {
    pub(super) pid: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RawPort {
    #[serde(rename = "IP")]
    pub(super) ip: Option<String>,
    pub(super) private_port: Option<u16>,
    pub(super) public_port: Option<u16>,
    #[serde(rename = "Type")]
    pub(super) kind: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct RawEvent {
    #[serde(rename = "Type")]
    pub(super) kind: Option<String>,
    #[serde(rename = "Action")]
    pub(super) action: Option<String>,
    #[serde(rename = "Actor")]
    pub(super) actor: Option<RawActor>,
    pub(super) scope: Option<String>,
    #[serde(rename = "timeNano")]
    pub(super) time_nano: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct RawActor {
    #[serde(rename = "ID")]
    pub(super) id: Option<String>,
    #[serde(rename = "Attributes")]
    pub(super) attributes: Option<BTreeMap<String, String>>,
}
