//! What docker_gwbridge needs on a host, each with its state: what `dnetctl gwbridge` shows beside the findings.

use std::net::IpAddr;

use super::iptables_disabled::switched_off;
use super::overlays::no_part;
use crate::engine::gwbridge::{INGRESS_SANDBOX, Obstacle, gwbridge, obstacles, unattached};
use crate::engine::swarm::is_member;
use crate::engine::{Liveness, Whereabouts, bridge_addresses, liveness, next, running_version, whereabouts};
use crate::host::{GWBRIDGE, Link, Missing, Network, Snapshot};
use crate::text::{Text, text};

/// How a requirement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    Met,
    Unmet,
    Unknown,
    /// Nobody asks for it as things are.
    NotNeeded,
}

/// One thing that docker_gwbridge needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Need {
    /// Its word in the JSON report.
    pub id: &'static str,
    pub name: Text,
    pub stand: Stand,
    pub says: Text,
}

/// In the order in which the engine asks for them.
pub fn needs(host: &Snapshot) -> Vec<Need> {
    let network = gwbridge(host);
    let mut needs = vec![engine(host)];
    if needs[0].stand == Stand::Met {
        let (found, missing) = all_obstacles(host);
        needs.push(name(host, &found, &missing, network.as_ref().ok().copied().flatten()));
        needs.push(pool(host, &found, &missing, network.as_ref().ok().copied().flatten()));
        needs.push(netfilter(&found, &missing));
        needs.push(firewall(host, &found, &missing));
        if let Ok(Some(network)) = network {
            needs.push(link(host, network));
            needs.push(ingress(host, network));
        }
    }
    needs
}

fn need(id: &'static str, name: Text, stand: Stand, says: Text) -> Need {
    Need { id, name, stand, says }
}

fn engine(host: &Snapshot) -> Need {
    let title = text!("engine", "引擎");
    let (stand, says) = match (liveness(host), whereabouts(host)) {
        (Liveness::Running, Whereabouts::Elsewhere(Text { en, zh })) => {
            (Stand::Unmet, text!("the engine that answers is not this host's: {en}", "应答的引擎不属于本机：{zh}"))
        }
        (Liveness::Running, _) => {
            match host.engine.api.get("engine.api").and_then(|api| api.networks.get("engine.api.networks")) {
                Ok(_) => {
                    let version = running_version(host).map(|version| version.to_string()).unwrap_or_default();
                    (Stand::Met, text!("runs {version}", "运行中 {version}"))
                }
                Err(missing) => (Stand::Unknown, missing.why),
            }
        }
        (Liveness::Absent, _) => (Stand::Unmet, text!("there is none here", "本机没有引擎")),
        (Liveness::Stopped | Liveness::Failed, _) => (Stand::Unmet, text!("does not run", "未运行")),
        (Liveness::Unknown, _) => (Stand::Unknown, text!("whether it runs is not known", "无法得知是否在运行")),
    };
    need("engine", title, stand, says)
}

fn all_obstacles(host: &Snapshot) -> (Vec<Obstacle<'_>>, Vec<Missing>) {
    let Some(version) = running_version(host) else {
        return (Vec::new(), vec![Missing::not_collected("engine.api")]);
    };
    obstacles(host, version, !matches!(switched_off(host), Ok(Some(_))))
}

/// What was missed of the facts of this name, where nothing was found.
fn unknown(missing: &[Missing], facts: &[&str]) -> Option<(Stand, Text)> {
    let found = missing.iter().find(|missing| facts.iter().any(|fact| missing.fact.starts_with(fact)));
    found.map(|missing| (Stand::Unknown, missing.why.clone()))
}

fn name(host: &Snapshot, found: &[Obstacle], missing: &[Missing], network: Option<&Network>) -> Need {
    let taken = found.iter().find_map(|obstacle| match obstacle {
        Obstacle::BridgeOf(other) => Some(text!(
            "the bridge of network {name} is called docker_gwbridge",
            "网络 {name} 的网桥占用了 docker_gwbridge 这个名字",
            name = other.name
        )),
        Obstacle::NotABridge(link) => Some(match &link.kind {
            Some(kind) => text!("a link of kind {kind} has it", "已被类型为 {kind} 的链路占用"),
            None => text!("a network card has it", "已被网卡占用"),
        }),
        _ => None,
    });
    let there = || host.links.ok().is_some_and(|links| links.iter().any(|link| link.name == GWBRIDGE));
    let own = network.map(Network::link_name).filter(|own| own != GWBRIDGE);
    let (stand, says) = match (taken, network) {
        _ if own.is_some() => {
            let own = own.unwrap_or_default();
            (Stand::Met, text!("its link is {own}", "其链路为 {own}"))
        }
        (Some(taken), _) => (Stand::Unmet, taken),
        (None, Some(_)) => (Stand::Met, text!("is that of the network", "由该网络使用")),
        (None, None) => unknown(missing, &["links", "engine.api"]).unwrap_or_else(|| match there() {
            true => (
                Stand::Met,
                text!("an empty bridge has it, which the engine takes over", "已有同名的空网桥，引擎会直接使用它"),
            ),
            false => (Stand::Met, text!("free", "未被占用")),
        }),
    };
    need("link-name", text!("name of its link", "链路名称"), stand, says)
}

fn pool(host: &Snapshot, found: &[Obstacle], missing: &[Missing], network: Option<&Network>) -> Need {
    let title = text!("address pool", "地址池");
    if network.is_some_and(|network| !network.ipam.is_empty()) {
        return need("address-pool", title, Stand::NotNeeded, text!("it has its subnet", "已有子网"));
    }
    let none = found.iter().any(|obstacle| matches!(obstacle, Obstacle::NothingFree));
    let (stand, says) = match none {
        true => (
            Stand::Unmet,
            text!("none is free: dnetctl names a subnet itself", "没有空闲的地址池：dnetctl 会自行指定子网"),
        ),
        false => unknown(missing, &["engine.pools", "routes", "engine"]).unwrap_or_else(|| {
            let next = next::next(host, 1).ok().and_then(|next| next.networks.first().copied());
            let says = next.map_or_else(
                || text!("one is free", "有空闲的地址池"),
                |next| text!("the engine would take {next}", "引擎会选用 {next}"),
            );
            (Stand::Met, says)
        }),
    };
    need("address-pool", title, stand, says)
}

fn netfilter(found: &[Obstacle], missing: &[Missing]) -> Need {
    let (stand, says) = match found.iter().any(|obstacle| matches!(obstacle, Obstacle::NoNetfilter { .. })) {
        true => (Stand::Unmet, text!("not loaded", "未加载")),
        false => unknown(missing, &["modules", "sysctls"])
            .unwrap_or((Stand::Met, text!("there, or not needed here", "已就绪，或在本机上不需要"))),
    };
    need("br-netfilter", text!("br_netfilter", "br_netfilter"), stand, says)
}

fn firewall(host: &Snapshot, found: &[Obstacle], missing: &[Missing]) -> Need {
    let title = text!("engine's chains", "引擎的防火墙链");
    if matches!(switched_off(host), Ok(Some(_))) {
        let says =
            text!("the engine keeps no rules (`iptables`: false)", "引擎不管理防火墙规则（`iptables` 为 false）");
        return need("firewall", title, Stand::NotNeeded, says);
    }
    let gone =
        found.iter().find_map(|obstacle| if let Obstacle::NoChains(gone) = obstacle { Some(gone) } else { None });
    let (stand, says) = match gone {
        Some(gone) => {
            let names: Vec<&str> = gone.iter().map(|chain| chain.name).collect();
            let names = names.join(", ");
            (Stand::Unmet, text!("gone: {names}", "已丢失：{names}"))
        }
        None => unknown(missing, &["firewall"]).unwrap_or((Stand::Met, text!("there", "完整"))),
    };
    need("firewall", title, stand, says)
}

fn link(host: &Snapshot, network: &Network) -> Need {
    let wanted = network.link_name();
    let title = text!("link", "链路");
    let links = match host.links.get("links") {
        Ok(links) => links,
        Err(missing) => return need("link", title, Stand::Unknown, missing.why),
    };
    let found = links.iter().find(|link| link.name == wanted);
    let has = |link: &Link, address: IpAddr| {
        let mut own = host.addresses.ok().into_iter().flatten().filter(|own| own.link == link.index);
        own.any(|own| own.address.addr() == address)
    };
    let mut gateways = bridge_addresses(network).into_iter().map(|wanted| wanted.addr());
    let (stand, says) = match found {
        None => (Stand::Unmet, text!("{wanted} is gone", "{wanted} 不存在")),
        Some(link) if !link.up => (Stand::Unmet, text!("{wanted} is down", "{wanted} 未启用")),
        Some(link) => {
            let lacks = gateways.find(|gateway| !has(link, *gateway));
            match lacks.filter(|_| host.addresses.is_known()) {
                Some(gateway) => (Stand::Unmet, text!("{wanted} lacks {gateway}", "{wanted} 缺少地址 {gateway}")),
                None => (Stand::Met, text!("{wanted} is up", "{wanted} 已启用")),
            }
        }
    };
    need("link", title, stand, says)
}

/// Published ports come in by it.
fn ingress(host: &Snapshot, network: &Network) -> Need {
    let title = text!("ingress", "ingress 沙箱");
    let node = host.engine.api.ok().and_then(|api| api.info.ok()).map(|info| &info.swarm);
    let (stand, says) = match (&network.members, node) {
        (_, Some(node)) if !is_member(node) => (Stand::NotNeeded, no_part(node)),
        (None, _) | (_, None) => (Stand::Unknown, text!("who is on the network was not told", "引擎没有告知网络成员")),
        (Some(members), _) if members.iter().any(|member| member.id == INGRESS_SANDBOX) => {
            (Stand::Met, text!("attached", "已接入"))
        }
        (Some(_), _) if unattached(host, network).ingress => (
            Stand::Unmet,
            text!("not attached: published ports do not answer here", "未接入：本机上发布的端口没有应答"),
        ),
        (Some(_), _) => {
            (Stand::NotNeeded, text!("the ingress network is not on this node", "本节点上没有 ingress 网络"))
        }
    };
    need("ingress", title, stand, says)
}
