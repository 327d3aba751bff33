//! The link of docker_gwbridge: gone, down, with another address, or there without a network.

use super::{Case, Use, inspect};
use crate::action::{Action, gateway};
use crate::checks::Scene;
use crate::checks::bridge_addresses;
use crate::checks::configuration;
use crate::checks::here::Here;
use crate::checks::iproute::shows_address;
use crate::checks::link_down;
use crate::engine::swarm::is_member;
use crate::engine::{self, Bridge, unit};
use crate::finding::{Evidence, Finding, Remedy, Safety, Severity};
use crate::host::{GWBRIDGE, Snapshot};
use crate::text::text;

/// The network is there and its link is not: what runs has lost its way out, and no task starts.
pub fn gone(case: &Case, bridge: &Bridge) -> Finding {
    let link = &bridge.link_name;
    let message = text!(
        "docker_gwbridge has no bridge: the engine expects {link}, which does not exist; tasks that run cannot leave this host, and no other starts",
        "docker_gwbridge 没有网桥：引擎需要的 {link} 不存在；正在运行的任务无法访问外部，新任务也无法启动"
    );
    Finding::new(case.use_.severity().max(Severity::Warning), case.subject(), message)
        .evidence(inspect("{{.Name}} {{.Driver}}", "docker_gwbridge bridge"))
        .touches(format!("network:{GWBRIDGE}"))
        .touches(format!("link:{link}"))
        .remedy(restart(case.scene.host, bridge))
}

fn restart(host: &Snapshot, bridge: &Bridge) -> Remedy {
    let link = &bridge.link_name;
    Remedy::manual(
        text!(
            "restart the engine: it makes {link} again, and the swarm its tasks",
            "重启引擎：引擎会重新创建 {link}，swarm 会重建任务"
        ),
        text!("the restart stops running containers of this node", "重启会停止本节点上正在运行的容器"),
        configuration::restart(host),
    )
    .safety(Safety::Disruptive)
    .restarts_engine()
}

/// The link is down, or carries other addresses than the one that its containers send to. A link without any is `bridge-link-missing`'s.
pub fn wrong(case: &Case, bridge: &Bridge) -> Option<Finding> {
    let (link, name) = (bridge.link?, &bridge.link_name);
    let finding = if link.up {
        address(case, bridge)?
    } else {
        case.scene.host.links.gaps().is_empty().then(|| down(case, bridge))?
    };
    Some(finding.touches(format!("network:{GWBRIDGE}")).touches(format!("link:{name}")))
}

fn down(case: &Case, bridge: &Bridge) -> Finding {
    let link = &bridge.link_name;
    let wanted = case.use_ > Use::None;
    let message = text!(
        "{link}, the bridge of docker_gwbridge, is switched off: tasks on overlay networks cannot leave this host",
        "docker_gwbridge 的网桥 {link} 处于关闭状态：overlay 网络上的任务无法访问外部"
    );
    Finding::new(case.use_.severity(), format!("link:{link}"), message)
        .evidence(link_down::evidence(link))
        .remedy(link_down::remedy(case.scene.host, case.here, bridge, case.network, wanted))
}

fn address(case: &Case, bridge: &Bridge) -> Option<Finding> {
    // None where the network asks for none.
    let wanted = engine::bridge_addresses(case.network).into_iter().find(|wanted| wanted.addr().is_ipv4())?;
    let gateway = wanted.addr();
    let index = bridge.index()?;
    let own: Vec<_> =
        case.here.addresses.iter().filter(|own| own.link == index && own.address.addr().is_ipv4()).collect();
    let carries = own.iter().any(|own| own.address.addr() == gateway);
    let answers = || bridge_addresses::answers(case.scene.host, bridge, gateway);
    if own.is_empty() || carries || case.here.is_lan(bridge) || answers() {
        return None;
    }
    if !case.scene.host.addresses.gaps().is_empty() {
        return None;
    }
    let link = &bridge.link_name;
    let list = own.iter().map(|own| own.address.to_string()).collect::<Vec<_>>().join(", ");
    let message = text!(
        "{link} has the address {list}, and not {gateway}, to which tasks on overlay networks send what is for elsewhere: they cannot leave this host",
        "{link} 的地址是 {list}，而不是 {gateway}；overlay 网络上的任务以后者为网关，因此无法访问外部"
    );
    let action = bridge_addresses::put_back(link, wanted);
    let title = text!("give {link} its address back", "为 {link} 恢复地址");
    let impact = text!(
        "tasks reach the outside at once; find what changed the address (NetworkManager, networkd, dhcpcd), or it happens again",
        "任务立即可以访问外部；请找出是什么改动了该地址（NetworkManager、networkd、dhcpcd），否则还会再次发生"
    );
    let back = Remedy::manual(title, impact, action.commands()).by(Safety::Safe, vec![action]).until_reboot();
    let is_told = case.network.ipam.iter().any(|ipam| ipam.gateway == Some(gateway));
    let told = match is_told {
        true => inspect("{{range .IPAM.Config}}{{.Gateway}} {{end}}", &gateway.to_string()),
        false => inspect("{{range .IPAM.Config}}{{.Subnet}} {{end}}", &wanted.trunc().to_string()),
    };
    let mut finding = Finding::new(case.use_.severity(), format!("link:{link}"), message).evidence(told);
    for own in own.into_iter().take(3) {
        finding = finding.evidence(shows_address(own, case.here));
    }
    Some(finding.remedy(back))
}

/// A bridge of that name that no network owns, on a node of a swarm: the engine takes it over when it makes the network, and puts its own address in the
/// place of the first that is there (v28.5.2 libnetwork/drivers/bridge/setup_ipv4_linux.go `setupBridgeIPv4`).
pub fn alone(scene: &Scene, here: &Here) -> Option<Finding> {
    let bridge = here.bridges.iter().find(|bridge| bridge.link_name == GWBRIDGE && bridge.network.is_none())?;
    let member = scene.host.engine.api.ok()?.info.ok().is_some_and(|info| is_member(&info.swarm));
    let shows = here.addresses.iter().filter(|own| Some(own.link) == bridge.index() && own.address.addr().is_ipv4());
    let first = shows.clone().next().map(|own| own.address);
    let lan = here.is_lan(bridge);
    let finding = match first {
        Some(address) if lan && member => Finding::warning(
            format!("link:{GWBRIDGE}"),
            text!(
                "docker_gwbridge is a bridge of this host with a network card in it and the address {address}: when the engine makes its network of \
                 that name, it takes that address away",
                "docker_gwbridge 是本机自己的网桥，其中接有网卡，地址为 {address}：引擎创建同名网络时会把这个地址删除"
            ),
        ),
        _ => Finding::info(
            format!("link:{GWBRIDGE}"),
            text!(
                "the bridge docker_gwbridge belongs to no network: the engine takes it over when it makes the network of that name, and gives it \
                 another address",
                "网桥 docker_gwbridge 不属于任何网络：引擎创建同名网络时会接管它，并为它换上另一个地址"
            ),
        ),
    };
    let finding = shows.take(2).fold(finding, |finding, own| finding.evidence(shows_address(own, here)));
    let finding = finding.evidence(Evidence::new(format!("ip -d link show {GWBRIDGE}"), "bridge"));
    Some(finding.touches(format!("link:{GWBRIDGE}")).remedy(renamed(lan)))
}

fn renamed(lan: bool) -> Remedy {
    if lan {
        let title = text!(
            "give the bridge another name in the host's network configuration",
            "在主机的网络配置中为该网桥改用其他名称"
        );
        let impact = text!("this host is cut off while its bridge is made anew", "重新创建网桥期间本机会断网");
        return Remedy::manual(title, impact, Vec::new());
    }
    let title = text!("delete the bridge, if nothing of yours uses it", "如果没有其他程序在使用它，删除该网桥");
    let impact = text!("what is attached to it loses its network", "仍接在上面的设备会断网");
    Remedy::manual(title, impact, vec![format!("ip link del {GWBRIDGE}")])
}

/// Off the network by force, and the engine started again, which attaches it anew.
pub fn taken_off(case: &Case, endpoint: &str) -> Remedy {
    let host = case.scene.host;
    let title = text!(
        "take {endpoint} off docker_gwbridge and restart the engine, which attaches another",
        "将 {endpoint} 从 docker_gwbridge 上移除，并重启引擎，由引擎重新接入"
    );
    let impact = text!("the restart stops running containers of this node", "重启会停止本节点上正在运行的容器");
    let actions = gateway::attach_anew(case.network, &[endpoint.to_owned()], unit(host));
    let commands = actions.iter().flat_map(Action::commands).collect();
    Remedy::manual(title, impact, commands).by(Safety::Disruptive, actions).restarts_engine()
}

impl Use {
    /// Nobody is in a hurry where nobody is on it.
    pub fn at_most(self, severity: Severity) -> Severity {
        severity.min(self.severity())
    }
}
