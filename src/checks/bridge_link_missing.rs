use std::net::IpAddr;

use ipnet::IpNet;

use super::here::{Here, engine_is_here, has_running_engine};
use super::{About, Check, Group, Scene, bridge_addresses, configuration, docs, link_down};
use crate::action::Action;
use crate::engine::Bridge;
use crate::finding::{Evidence, Finding, Findings, Remedy, Safety, Severity};
use crate::host::{Missing, Network, Snapshot};
use crate::text::text;

pub static CHECK: Check = Check {
    id: "bridge-link-missing",
    group: Group::Networks,
    about: About {
        en: "a network the engine knows has no bridge, or the bridge is switched off or has no address",
        zh: "引擎已知的网络没有对应的网桥，或网桥被关闭、没有地址",
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
        } else if bridge.link.is_some_and(|link| !link.up) {
            if scene.host.links.gaps().is_empty() {
                findings.push(down(scene, &here, bridge, network));
            }
        } else {
            let lost = bridge_addresses::missing(scene.host, bridge, network);
            findings.found.extend(no_address(scene.host, &here, bridge, network, &lost));
        }
    }
    Ok(())
}

/// Whether some other bridge carries the network's gateway, or an address in its subnet where no gateway is told: builds of others (a NAS's, say) may name
/// their bridges in their own way.
fn under_another_name(here: &Here, network: &Network) -> Option<Missing> {
    let is_its = |own: IpAddr| {
        network
            .ipam
            .iter()
            .any(|ipam| ipam.gateway.map_or_else(|| ipam.subnet.contains(&own), |gateway| gateway == own))
    };
    let carries = here.addresses.iter().filter(|address| is_its(address.address.addr()));
    let link = carries.filter_map(|address| here.link(address.link)).find(|link| link.is_bridge())?;
    Some(Missing {
        fact: "links",
        why: text!(
            "bridge {link} carries an address of network {name}: it is not known whether it is that network's",
            "网桥 {link} 带有网络 {name} 的地址，不知道它是否就是该网络的网桥",
            link = link.name,
            name = network.name
        ),
    })
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

/// Where no container is on it, it may be down because somebody wants it so: in a subnet that others use, say.
fn down(scene: &Scene, here: &Here, bridge: &Bridge, network: &Network) -> Finding {
    let (name, link) = (bridge.name, &bridge.link_name);
    let used = link_down::is_used(here, bridge);
    let message = if used {
        text!(
            "{link}, the bridge of network {name}, is switched off: containers on it reach neither each other, nor this host, nor anything beyond it",
            "网络 {name} 的网桥 {link} 处于关闭状态：该网络上的容器之间无法互通，也无法访问本机和外部"
        )
    } else {
        text!(
            "{link}, the bridge of network {name}, is switched off: no container is on it, and one that starts there reaches nobody",
            "网络 {name} 的网桥 {link} 处于关闭状态：目前没有容器接在上面，之后在该网络上启动的容器将无法联网"
        )
    };
    let severity = if used { Severity::Error } else { Severity::Info };
    let finding = Finding::new(severity, format!("network:{name}"), message).evidence(link_down::evidence(link));
    about(finding, bridge).remedy(link_down::remedy(scene.host, here, bridge, network, used))
}

fn no_address(host: &Snapshot, here: &Here, bridge: &Bridge, network: &Network, lost: &[IpNet]) -> Option<Finding> {
    let (name, link) = (bridge.name, &bridge.link_name);
    let (subnet, gateway) = (lost.first()?.trunc(), lost.first()?.addr());
    let list = |of: fn(&IpNet) -> String| lost.iter().map(of).collect::<Vec<_>>().join(", ");
    let (gateways, subnets) = (list(|own| own.addr().to_string()), list(|own| own.trunc().to_string()));
    let what = if lost.len() == 1 { "address" } else { "addresses" };
    let message = text!(
        "{link}, the bridge of network {name}, has lost its {what} {gateways}: containers on {subnets} reach neither this \
         host nor anything beyond it",
        "网络 {name} 的网桥 {link} 丢失了地址 {gateways}：{subnets} 上的容器既无法访问本机，也无法访问外部"
    );
    let title = text!("give {link} its address back", "为 {link} 恢复地址");
    let impact = text!(
        "the network works at once; find what took the address (NetworkManager, networkd, dhcpcd), or it happens again",
        "网络立即恢复；请找出是什么删除了该地址（NetworkManager、networkd、dhcpcd），否则还会再次发生"
    );
    let actions: Vec<Action> = lost.iter().map(|own| bridge_addresses::put_back(link, *own)).collect();
    let back = Remedy::manual(title, impact, actions.iter().flat_map(Action::commands).collect());
    let others = bridge_addresses::is_shared(here, bridge, network)
        || lost.iter().any(|own| bridge_addresses::answers(host, bridge, own.addr()));
    let back = if others { back } else { back.by(Safety::Safe, actions) };
    let by_engine = bridge.network.is_some_and(|network| network.ipam.iter().any(|ipam| ipam.gateway == Some(gateway)));
    let (field, value) = if by_engine { ("Gateway", gateway.to_string()) } else { ("Subnet", subnet.to_string()) };
    let field = format!("{{{{range .IPAM.Config}}}}{{{{.{field}}}}} {{{{end}}}}");
    let finding = told(Finding::error(format!("network:{name}"), message), bridge, &field, value);
    Some(finding.remedy(back.until_reboot()).remedy(restart(host, bridge)))
}

/// What the engine says of the network; that the kernel lacks it shows in what `ip` does not print.
fn told(finding: Finding, bridge: &Bridge, field: &str, says: String) -> Finding {
    let name = bridge.name;
    about(finding.evidence(Evidence::new(format!("docker network inspect -f '{field}' {name}"), says)), bridge)
}

fn about(finding: Finding, bridge: &Bridge) -> Finding {
    finding.touches(format!("network:{}", bridge.name)).touches(format!("link:{}", bridge.link_name))
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
