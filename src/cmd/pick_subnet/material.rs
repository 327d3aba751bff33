//! What makes the engine use a proposal, ready to be written or run.

mod configuration;
mod trial;

use std::path::Path;

use ipnet::IpNet;

use super::request::BLOCK;
use crate::cli::Purpose;
use crate::engine::swarm::is_member;
use crate::host::{GWBRIDGE, GWBRIDGE_OPTIONS, Snapshot};
use crate::report::pick::Material;
use crate::subnet::Pick;
use crate::text::{Text, text};

/// Where the material will be used.
pub enum Place<'a> {
    /// This host, or one whose files are below `root`.
    Here { host: &'a Snapshot, root: Option<&'a Path> },
    /// A host of which a snapshot is at hand.
    Snapshot { host: &'a Snapshot },
    /// Several hosts.
    Several,
}

impl Place<'_> {
    fn host(&self) -> Option<&Snapshot> {
        match self {
            Place::Here { host, .. } | Place::Snapshot { host } => Some(host),
            Place::Several => None,
        }
    }
}

/// `all`: every subnet of the proposal; pools are set together.
pub fn material(purpose: Purpose, pick: &Pick, all: &[IpNet], place: &Place) -> Material {
    match purpose {
        Purpose::Bip => configuration::bip(pick, place),
        Purpose::Pools => configuration::pools(all, place),
        Purpose::Network => network(pick),
        Purpose::Gwbridge => gwbridge(pick, place),
        Purpose::Swarm => swarm(all, place),
    }
}

fn network(pick: &Pick) -> Material {
    let ipv6 = if pick.subnet.addr().is_ipv6() { "--ipv6 " } else { "" };
    Material {
        text: format!("docker network create {ipv6}--subnet {} --gateway {} NAME", pick.subnet, pick.gateway()),
        is_command: true,
        title: text!("create the network (NAME is yours to choose)", "创建网络（NAME 请自行取名）"),
        notes: Vec::new(),
    }
}

fn gwbridge(pick: &Pick, place: &Place) -> Material {
    let options = GWBRIDGE_OPTIONS.map(|(key, value)| format!("-o {key}={value}"));
    let mut notes = Vec::new();
    if let Some(there) = network_named(place, GWBRIDGE) {
        notes.push(text!(
            "docker_gwbridge exists already with {there}; before it can be made anew, this node's tasks have to leave it (docker node update \
             --availability drain) and it has to be removed (docker network rm docker_gwbridge)",
            "docker_gwbridge 已存在，子网为 {there}；重新创建之前，需先让本节点的任务撤离（docker node update --availability drain），\
             再将其删除（docker network rm docker_gwbridge）"
        ));
    }
    Material {
        text: format!(
            "docker network create --driver bridge --subnet {} --gateway {} {} docker_gwbridge",
            pick.subnet,
            pick.gateway(),
            options.join(" ")
        ),
        is_command: true,
        title: text!(
            "create docker_gwbridge before the host joins a swarm (docker swarm init or join)",
            "在主机加入 swarm（docker swarm init 或 join）之前创建 docker_gwbridge"
        ),
        notes,
    }
}

/// The subnets of a network that the engine of this host knows.
fn network_named(place: &Place, name: &str) -> Option<String> {
    let networks = place.host()?.engine.api.ok()?.networks.ok()?;
    let network = networks.iter().find(|network| network.name == name)?;
    let subnets: Vec<String> = network.ipam.iter().map(|ipam| ipam.subnet.to_string()).collect();
    Some(subnets.join(", "))
}

fn swarm(all: &[IpNet], place: &Place) -> Material {
    let pools: Vec<String> = all.iter().map(|pool| format!("--default-addr-pool {pool}")).collect();
    let has_one =
        place.host().and_then(|host| host.engine.api.ok()?.info.ok()).is_some_and(|info| is_member(&info.swarm));
    let mut notes = Vec::new();
    if has_one {
        notes.push(text!(
            "this host is in a swarm already; the pools of a swarm are fixed when it is made, so it takes a new one",
            "本机已在 swarm 中；swarm 的地址池在创建时即已固定，更换地址池需要新建 swarm"
        ));
    }
    Material {
        text: format!("docker swarm init {} --default-addr-pool-mask-length {BLOCK}", pools.join(" ")),
        is_command: true,
        title: text!("make the swarm with it", "用它创建 swarm"),
        notes,
    }
}

/// When the engine takes it up.
fn restart() -> Text {
    text!(
        "then restart the engine (systemctl restart docker); that stops the containers that run, unless live-restore is on",
        "然后重启引擎（systemctl restart docker）；除非启用了 live-restore，否则正在运行的容器会停止"
    )
}
