use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Fact, NetworkHistory, SwarmNode};

/// What an engine said over its API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Api {
    /// `unix:///var/run/docker.sock`, `tcp://10.0.0.5:2375`; without credentials.
    pub endpoint: String,
    /// How the endpoint was chosen: `default`, `--host`, `DOCKER_HOST`, `context NAME`.
    pub chosen_by: String,
    pub version: ApiVersion,
    #[serde(default)]
    pub info: Fact<Info>,
    #[serde(default)]
    pub networks: Fact<Vec<Network>>,
    /// Running and stopped.
    #[serde(default)]
    pub containers: Fact<Vec<Container>>,
    /// Asked of engines that choose subnets in turn (18.06 to 26.1).
    #[serde(default)]
    pub history: Fact<NetworkHistory>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    Docker,
    Podman,
    #[default]
    Unknown,
}

/// GET /version.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiVersion {
    pub kind: EngineKind,
    /// `20.10.24`, `28.5.2`.
    pub engine: String,
    pub api: String,
    pub minimum_api: Option<String>,
    /// The API version this run spoke.
    pub spoken: String,
    pub os: String,
    pub kernel: String,
}

impl ApiVersion {
    /// The first number of the engine's version.
    pub fn major(&self) -> Option<u32> {
        self.engine.split('.').next()?.parse().ok()
    }
}

/// GET /info: what networking needs of it.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Info {
    /// The host name the engine sees.
    pub name: String,
    pub engine_id: String,
    pub operating_system: String,
    /// DockerRootDir: where it keeps images and containers, without symbolic links; with userns-remap a directory of that user.
    pub docker_root: String,
    /// Driver: `overlay2`, …
    #[serde(skip_serializing_if = "String::is_empty")]
    pub storage_driver: String,
    pub ipv4_forwarding: Option<bool>,
    pub live_restore: bool,
    pub rootless: bool,
    pub containers_running: u32,
    /// DefaultAddressPools: base and size; empty: the built-in ones.
    pub default_address_pools: Vec<(IpNet, u8)>,
    /// `iptables`, `nftables`, with `+firewalld`; since API 1.49.
    pub firewall_backend: Option<String>,
    pub warnings: Vec<String>,
    pub swarm: SwarmNode,
}

/// The local network by which what is on overlay networks alone leaves its host, and the name of its link.
pub const GWBRIDGE: &str = "docker_gwbridge";

/// What the engine itself makes docker_gwbridge with, and nothing besides (v20.10.24
/// vendor/github.com/docker/libnetwork/default_gateway_linux.go, v28.5.2 libnetwork/default_gateway_linux.go, `createGWNetwork`; 1.9.1 to 29.7.2).
pub const GWBRIDGE_OPTIONS: [(&str, &str); 3] = [
    ("com.docker.network.bridge.name", GWBRIDGE),
    ("com.docker.network.bridge.enable_icc", "false"),
    ("com.docker.network.bridge.enable_ip_masquerade", "true"),
];

/// The option that gives a network's links their MTU.
pub const MTU_OPTION: &str = "com.docker.network.driver.mtu";

/// GET /networks.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    pub id: String,
    pub name: String,
    /// `bridge`, `overlay`, `macvlan`, `ipvlan`, `host`, `null`, or a plugin.
    pub driver: String,
    /// `local`, `swarm`, `global`.
    pub scope: String,
    pub internal: bool,
    /// Containers that are no service's may join it, though it is the swarm's.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub attachable: bool,
    pub ingress: bool,
    pub config_only: bool,
    /// `--ipv4=false` (EnableIPv4, since 28.0): IPv4 subnets that somebody gave are told all the same, and its bridge has no address of them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ipv4_disabled: bool,
    pub ipv6: bool,
    /// RFC 3339, as the engine prints it; empty on engines that do not say.
    pub created: String,
    pub ipam_driver: String,
    pub ipam: Vec<IpamConfig>,
    /// Those of [`Network::tells`] only.
    pub options: BTreeMap<String, String>,
    /// Of docker_gwbridge only; values that look like a secret are masked.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Who is on it on this host (Containers), by name; none where it was not asked for, as it is of overlay networks and docker_gwbridge only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<Member>>,
    /// The nodes of the swarm that take part in an overlay network, this one among them (Peers); empty where none is told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<IpAddr>,
}

impl Network {
    /// Which options are kept: keys below `com.docker.network.` and `parent`, `macvlan_mode`, `ipvlan_mode`, `encrypted`.
    pub fn tells(option: &str) -> bool {
        option.starts_with("com.docker.network.")
            || matches!(option, "parent" | "macvlan_mode" | "ipvlan_mode" | "encrypted")
    }

    /// What a bridge network was told by the option `com.docker.network.bridge.KEY`.
    pub fn bridge_option(&self, key: &str) -> Option<&str> {
        self.options.get(&format!("com.docker.network.bridge.{key}")).map(String::as_str)
    }

    /// Its first IPv4 subnet: a bridge network has one at most.
    pub fn v4_subnet(&self) -> Option<IpNet> {
        self.ipam.iter().map(|ipam| ipam.subnet).find(|subnet| subnet.addr().is_ipv4())
    }

    /// The link that a bridge network uses: its `bridge.name` option, `docker0` for the default one, else `br-` and 12 digits of
    /// its id (moby v28.5.2 libnetwork/drivers/bridge/bridge_linux.go `parseNetworkOptions`).
    pub fn link_name(&self) -> String {
        if let Some(name) = self.bridge_option("name").filter(|name| !name.is_empty()) {
            return name.to_owned();
        }
        if self.name == "bridge" {
            return "docker0".to_owned();
        }
        let id: String = self.id.chars().take(12).collect();
        format!("br-{id}")
    }
}

/// An endpoint of a network on this host (GET /networks/ID, Containers).
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Member {
    /// The container's id, or the name of a sandbox of the engine's own, `ingress-sbox` or `lb-web`; `ep-` and the endpoint's id where the engine knows
    /// neither.
    pub id: String,
    /// The endpoint's name: the container's on its own networks, `gateway_0123456789ab` on docker_gwbridge, `ingress-endpoint`.
    pub name: String,
    pub addresses: Vec<IpNet>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpamConfig {
    pub subnet: IpNet,
    #[serde(default)]
    pub gateway: Option<IpAddr>,
    #[serde(default)]
    pub ip_range: Option<IpNet>,
}

/// GET /containers/json?all=1.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Container {
    pub id: String,
    pub name: String,
    /// `running`, `exited`, `created`, …
    pub state: String,
    /// HostConfig.NetworkMode: `default`, `bridge`, `host`, `none`, a network's name, `container:ID`.
    pub network_mode: String,
    pub endpoints: Vec<Endpoint>,
    pub ports: Vec<Published>,
}

impl Container {
    /// Whether it is a task's: called `SERVICE.SLOT.ID`, with 25 characters of an id (v28.5.2 daemon/cluster/executor/container/container.go
    /// `name`). The swarm starts and stops them.
    pub fn is_task(&self) -> bool {
        let id = self.name.rsplit('.').next().unwrap_or_default();
        self.name.matches('.').count() >= 2
            && id.len() == 25
            && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    }
}

/// A container's place on one network.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Endpoint {
    pub network: String,
    pub network_id: String,
    pub addresses: Vec<IpAddr>,
    /// Gateway and IPv6Gateway. Every endpoint has those of its network; which of them the container uses is another question.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<IpAddr>,
    /// GwPriority; since API 1.48.
    #[serde(skip_serializing_if = "is_zero")]
    pub gateway_priority: i64,
}

fn is_zero(value: &i64) -> bool {
    *value == 0
}

/// A published port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Published {
    /// Where it listens on the host; none when it is exposed and not published.
    pub host: Option<(IpAddr, u16)>,
    pub container_port: u16,
    /// `tcp`, `udp`, `sctp`.
    pub protocol: String,
}
