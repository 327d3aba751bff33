//! The remedy for a Docker network whose addresses are somebody else's: other addresses.

use ipnet::IpNet;

use super::Scene;
use super::chosen::is_set;
use super::configuration::quoted;
use super::daemon_json_key::{Member, by_edit, restart_all, set};
use super::docker0_differs_from_bip::kept_by_live_restore;
use super::here::Here;
use super::room::Room;
use crate::engine::Bridge;
use crate::engine::settings::{Outlook, running};
use crate::engine::startup::first_host;
use crate::finding::Remedy;
use crate::host::{Family, GWBRIDGE, GWBRIDGE_OPTIONS};
use crate::text::text;

/// Gives a network another subnet. docker0 by `bip`, others by making them again.
pub fn remedy(scene: &Scene, here: &Here, bridge: &Bridge, subnet: IpNet) -> Remedy {
    nth(scene, here, bridge, subnet, 0)
}

/// As [`remedy`], where `nth` networks of this host get others before it.
pub fn nth(scene: &Scene, here: &Here, bridge: &Bridge, subnet: IpNet, nth: usize) -> Remedy {
    let free = match Family::of(subnet.addr()) {
        Family::V4 => Room::of(scene).free_nth(Family::V4, 24, nth),
        Family::V6 => Room::of(scene).free_nth(Family::V6, 64, nth),
    };
    let impact = text!(
        "containers on {name} stop and get new addresses; whatever names the old ones must be changed",
        "{name} 上的容器会停止并获得新地址；凡是写死了旧地址的地方都需要修改",
        name = bridge.name
    );
    if bridge.is_default() && bridge.link_name != "docker0" {
        own_bridge(bridge, free, impact)
    } else if bridge.is_default() {
        default_bridge(scene, free, subnet, impact)
    } else if bridge.network.is_none() && bridge.link_name != GWBRIDGE {
        left_behind(bridge)
    } else {
        user_network(free, subnet, bridge, &members(here, bridge), impact)
    }
}

fn default_bridge(scene: &Scene, free: Option<IpNet>, subnet: IpNet, impact: crate::text::Text) -> Remedy {
    let key = if subnet.addr().is_ipv4() { "bip" } else { "fixed-cidr-v6" };
    let title = match free {
        Some(free) => text!(
            "give docker0 a subnet that nobody uses, {free} say, by `{key}` in the engine's configuration",
            "在引擎配置中通过 `{key}` 为 docker0 指定一个无人使用的子网，例如 {free}"
        ),
        None => text!(
            "give docker0 a subnet that nobody uses, by `{key}` in the engine's configuration: every private range is \
             routed here, so ask whoever runs the network for one",
            "在引擎配置中通过 `{key}` 为 docker0 指定一个无人使用的子网：所有私有地址段在本机都已有路由，请向网络管理员申请一段"
        ),
    };
    let Some(free) = free else { return Remedy::manual(title, impact, Vec::new()).restarts_engine() };
    let value = match free {
        IpNet::V4(free) => first_host(free),
        IpNet::V6(free) => free.to_string(),
    };
    let host = scene.host;
    let kept = kept_by_live_restore(host);
    let mut commands = Vec::new();
    if kept {
        commands.push("docker stop $(docker ps -q)".to_owned());
    }
    commands.extend(set(host, &[Member { key, value: value.clone().into() }]));
    commands.extend(restart_all(host));
    let remedy = Remedy::manual(title, impact, commands).restarts_engine();
    // What says a part of the old subnet has to go with it.
    let tied = ["fixed-cidr", "default-gateway"].iter().any(|key| is_set(&host.engine, key));
    let outlook = match running(host) {
        Ok(None) => Outlook::DoesNotStart,
        _ => Outlook::NotNextTime,
    };
    if kept || tied { remedy } else { by_edit(remedy, host, &[(key, Some(value.into()))], outlook) }
}

/// The bridge that `bridge` names: `bip` excludes it. The engine takes its address once, keeps it in local-kv.db, and puts it back over
/// another one at each start (seen on 20.10.24, 26.1.5 and 28.5.2; moby v28.5.2 libnetwork/drivers/bridge/bridge_store.go
/// `populateNetworks`). A start without a bridge forgets it (daemon/daemon_unix.go `initNetworkController`).
fn own_bridge(bridge: &Bridge, free: Option<IpNet>, impact: crate::text::Text) -> Remedy {
    let link = &bridge.link_name;
    let (such, such_zh) =
        free.map_or_else(Default::default, |free| (format!(", {free} say"), format!("（例如 {free}）")));
    let title = text!(
        "give {link} an address of a subnet that nobody uses{such}: start the engine once with `\"bridge\": \"none\"`, so that it forgets \
         the old one, set the address where the host's network configuration sets it, and start the engine with {link} again",
        "为 {link} 换用无人使用的子网中的地址{such_zh}：先用 `\"bridge\": \"none\"` 启动一次引擎，让它忘掉旧地址；然后在主机的网络配置中改好地址；\
         最后把 `bridge` 改回 {link} 并重启引擎"
    );
    Remedy::manual(title, impact, Vec::new()).restarts_engine()
}

fn user_network(
    free: Option<IpNet>,
    subnet: IpNet,
    bridge: &Bridge,
    on_it: &[&str],
    impact: crate::text::Text,
) -> Remedy {
    let name = bridge.name;
    let title = match free {
        Some(free) => text!(
            "make network {name} again with a subnet that nobody uses, {free} say (for compose: in `networks:` of its file)",
            "用无人使用的子网（例如 {free}）重建网络 {name}（compose 项目请写在其文件的 `networks:` 中）"
        ),
        None => text!(
            "make network {name} again with a subnet that nobody uses: every private range is routed here, so ask \
             whoever runs the network for one",
            "用无人使用的子网重建网络 {name}：所有私有地址段在本机都已有路由，请向网络管理员申请一段"
        ),
    };
    let commands = free.map(|free| {
        let options = as_it_was(bridge, Family::of(subnet.addr()));
        let name = quoted(name);
        let mut commands: Vec<String> =
            on_it.iter().map(|it| format!("docker network disconnect -f {name} {}", quoted(it))).collect();
        commands.push(format!("docker network rm {name}"));
        commands.push(format!("docker network create {options}--subnet {free} {name}"));
        commands.extend(on_it.iter().map(|it| format!("docker network connect {name} {}", quoted(it))));
        commands
    });
    Remedy::manual(title, impact, commands.unwrap_or_default())
}

/// What `docker network create` needs to make a network as it was, but for its subnet of one family.
fn as_it_was(bridge: &Bridge, family: Family) -> String {
    let name = bridge.name;
    let mut words: Vec<String> = Vec::new();
    if let Some(network) = bridge.network {
        if network.internal {
            words.push("--internal".to_owned());
        }
        if network.ipv6 {
            words.push("--ipv6".to_owned());
        }
        let others = network.ipam.iter().map(|ipam| ipam.subnet).filter(|other| Family::of(other.addr()) != family);
        words.extend(others.map(|other| format!("--subnet {other}")));
        let kept = network.options.iter().filter(|(key, _)| key.starts_with("com.docker.network."));
        words.extend(kept.map(|(key, value)| format!("-o {}", quoted(&format!("{key}={value}")))));
    } else if family == Family::V6 {
        words.push("--ipv6".to_owned());
    }
    if name == GWBRIDGE && bridge.network.is_none_or(|network| network.options.is_empty()) {
        words.extend(GWBRIDGE_OPTIONS.map(|(key, value)| format!("-o {key}={value}")));
    }
    words.iter().map(|word| format!("{word} ")).collect()
}

/// The names of the containers on a network, running or not: it cannot be removed under the ones, and the others would not start again.
fn members<'a>(here: &Here<'a>, bridge: &Bridge) -> Vec<&'a str> {
    let (Some(network), Ok(containers)) = (bridge.network, here.containers()) else { return Vec::new() };
    let on_it = containers.iter().filter(|one| one.endpoints.iter().any(|end| end.network_id == network.id));
    on_it.map(|one| one.name.as_str()).collect()
}

/// A link that looks like Docker's and that no network of the engine owns.
fn left_behind(bridge: &Bridge) -> Remedy {
    let link = &bridge.link_name;
    let title = text!(
        "if `docker network ls` knows no network with this id, remove the link that was left behind",
        "如果 `docker network ls` 中没有对应此 ID 的网络，请删除这个遗留的网桥"
    );
    let impact = text!(
        "{link} and its addresses are gone; containers attached to it lose their network",
        "{link} 及其地址将被删除；仍接在上面的容器会断网"
    );
    Remedy::manual(title, impact, vec![format!("ip link delete {link}")])
}
