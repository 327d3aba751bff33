use std::net::IpAddr;

use ipnet::IpNet;

use super::here::{Here, engine_is_here, has_running_engine};
use super::{About, Check, Group, Scene, configuration, docs};
use crate::action::{Action, Presence};
use crate::engine::Bridge;
use crate::finding::{Evidence, Finding, Findings, Remedy, Safety};
use crate::host::{IpamConfig, Missing, Network, Snapshot};
use crate::text::text;

pub static CHECK: Check = Check {
    id: "bridge-link-missing",
    group: Group::Networks,
    about: About {
        en: "a network the engine knows has no bridge, or the bridge no address",
        zh: "引擎已知的网络没有对应的网桥，或网桥没有地址",
    },
    docs: docs!("bridge-link-missing"),
    applies: has_running_engine,
    hidden_by: &[],
    run,
};

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let api = findings.need("engine.api", &scene.host.engine.api)?;
    findings.need("engine.api.networks", &api.networks)?;
    engine_is_here(scene.host)?;
    let here = Here::new(scene, findings)?;
    for bridge in &here.bridges {
        let Some(network) = bridge.network else { continue };
        if bridge.link.is_none() {
            if let Some(other) = under_another_name(&here, network) {
                findings.lacks(other);
            } else if scene.host.links.gaps().is_empty() {
                // Among links that could not be read it may be.
                findings.push(no_link(scene.host, bridge));
            }
        } else if scene.host.addresses.gaps().is_empty()
            && let Some((subnet, gateway)) = missing_address(bridge, network)
        {
            findings.push(no_address(scene.host, bridge, subnet, gateway));
        }
    }
    Ok(())
}

/// Whether some other bridge carries the network's gateway: builds of others (a NAS's, say) may name their bridges in their own way.
fn under_another_name(here: &Here, network: &Network) -> Option<Missing> {
    let gateway = network.ipam.iter().find_map(|ipam| ipam.gateway)?;
    let carries = here.addresses.iter().filter(|address| address.address.addr() == gateway);
    let link = carries.filter_map(|address| here.link(address.link)).find(|link| link.is_bridge())?;
    Some(Missing {
        fact: "links",
        why: text!(
            "bridge {link} carries the gateway of network {name}: it is not known whether it is that network's",
            "网桥 {link} 带有网络 {name} 的网关地址，不知道它是否就是该网络的网桥",
            link = link.name,
            name = network.name
        ),
    })
}

/// The subnet of which the link has no address, and the gateway it should have. A network may ask for a bridge without addresses:
/// `inhibit_ipv4`, or the gateway mode `isolated` (moby v28.5.2 libnetwork/drivers/bridge/bridge_linux.go).
fn missing_address(bridge: &Bridge, network: &Network) -> Option<(IpNet, IpAddr)> {
    network.ipam.iter().find_map(|ipam| {
        let gateway = ipam.gateway.or_else(|| untold(bridge, ipam))?;
        let (mode, inhibited) = if gateway.is_ipv4() {
            (
                "gateway_mode_ipv4",
                network.bridge_option("inhibit_ipv4").is_some_and(|value| value.eq_ignore_ascii_case("true")),
            )
        } else {
            ("gateway_mode_ipv6", !network.ipv6)
        };
        let same_family = |subnet: &IpNet| subnet.addr().is_ipv4() == gateway.is_ipv4();
        let wanted = !inhibited && network.bridge_option(mode) != Some("isolated");
        (wanted && !bridge.connected.iter().any(same_family)).then_some((ipam.subnet, gateway))
    })
}

/// 20.10 does not tell the gateway of a docker0 whose subnet it elected itself; it is the first address (seen on 20.10.24).
fn untold(bridge: &Bridge, ipam: &IpamConfig) -> Option<IpAddr> {
    let elected = bridge.is_default() && ipam.ip_range.is_none() && ipam.subnet.addr().is_ipv4();
    ipam.subnet.hosts().next().filter(|_| elected)
}

fn no_link(host: &Snapshot, bridge: &Bridge) -> Finding {
    let (name, link) = (bridge.name, &bridge.link_name);
    let message = text!(
        "network {name} has no bridge: the engine expects {link}, which does not exist; containers on it cannot start or \
         have no network",
        "网络 {name} 没有网桥：引擎需要的 {link} 不存在；该网络上的容器无法启动，或没有网络"
    );
    told(Finding::error(format!("network:{name}"), message), bridge, "{{.Name}} {{.Driver}}", format!("{name} bridge"))
        .remedy(restart(host, bridge))
}

fn no_address(host: &Snapshot, bridge: &Bridge, subnet: IpNet, gateway: IpAddr) -> Finding {
    let (name, link) = (bridge.name, &bridge.link_name);
    let message = text!(
        "{link}, the bridge of network {name}, has lost its address {gateway}: containers on {subnet} reach neither this \
         host nor anything beyond it",
        "网络 {name} 的网桥 {link} 丢失了地址 {gateway}：{subnet} 上的容器既无法访问本机，也无法访问外部"
    );
    let length = subnet.prefix_len();
    let title = text!("give {link} its address back", "为 {link} 恢复地址");
    let impact = text!(
        "the network works at once; find what took the address (NetworkManager, networkd, dhcpcd), or it happens again",
        "网络立即恢复；请找出是什么删除了该地址（NetworkManager、networkd、dhcpcd），否则还会再次发生"
    );
    let back = Remedy::manual(title, impact, vec![format!("ip addr add {gateway}/{length} dev {link}")]);
    let carries = IpNet::new(gateway, length).map(|address| Action::Address {
        link: link.clone(),
        address,
        from: Presence::Absent,
        to: Presence::Present,
    });
    let back = match carries {
        Ok(action) => back.by(Safety::Safe, vec![action]),
        Err(_) => back,
    };
    let by_engine = bridge.network.is_some_and(|network| network.ipam.iter().any(|ipam| ipam.gateway == Some(gateway)));
    let (field, value) = if by_engine { ("Gateway", gateway.to_string()) } else { ("Subnet", subnet.to_string()) };
    let field = format!("{{{{range .IPAM.Config}}}}{{{{.{field}}}}} {{{{end}}}}");
    told(Finding::error(format!("network:{name}"), message), bridge, &field, value)
        .remedy(back.until_reboot())
        .remedy(restart(host, bridge))
}

/// What the engine says of the network; that the kernel lacks it shows in what `ip` does not print.
fn told(finding: Finding, bridge: &Bridge, field: &str, says: String) -> Finding {
    let name = bridge.name;
    finding
        .evidence(Evidence::new(format!("docker network inspect -f '{field}' {name}"), says))
        .touches(format!("network:{name}"))
        .touches(format!("link:{}", bridge.link_name))
}

fn restart(host: &Snapshot, bridge: &Bridge) -> Remedy {
    let link = &bridge.link_name;
    Remedy::manual(
        text!("restart the engine: it makes {link} again as it starts", "重启引擎：启动时会重新创建 {link}"),
        text!(
            "running containers stop, unless live-restore is on; with it, start the containers of this network again",
            "正在运行的容器会停止（启用 live-restore 时除外，但仍需重启该网络上的容器）"
        ),
        configuration::restart(host),
    )
    .safety(Safety::Disruptive)
    .restarts_engine()
}
