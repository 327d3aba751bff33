mod overlay;

use std::net::IpAddr;

use super::daemon_json_key::{Member, set};
use super::gwbridge_remedy::{corrected, recreate};
use super::here::{Here, has_bridges};
use super::iproute::shows_route;
use super::{About, Check, Group, Scene, configuration, docs};
use crate::engine::Bridge;
use crate::finding::{Evidence, Finding, Findings, Remedy, Severity};
use crate::host::{Family, Firewall, GWBRIDGE, IptablesDump, Link, MTU_OPTION, Missing, Network, Snapshot};
use crate::path::fib::{Fib, Query, outside};
use crate::text::text;

pub static CHECK: Check = Check {
    id: "mtu-exceeds-uplink",
    group: Group::Networks,
    about: About {
        en: "containers send larger packets than the way out carries",
        zh: "容器发出的数据包大于出口链路的 MTU",
    },
    docs: docs!("mtu-exceeds-uplink"),
    applies: has_bridges,
    hidden_by: &[],
    run,
};

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let here = Here::new(scene, findings)?;
    findings.need("routes", &scene.host.routes)?;
    let fib = scene.fib()?;
    for bridge in here.bridges.iter().filter(|bridge| !bridge.network.is_some_and(|network| network.internal)) {
        let Some(subnet) = bridge.connected.iter().find(|subnet| subnet.addr().is_ipv4()).or(bridge.connected.first())
        else {
            continue;
        };
        let Some(out) = way_to(&here, fib, outside(Family::of(subnet.addr()))) else { continue };
        // An idle bridge of which no API tells the MTU has no container that could send too much.
        let Some(mtu) = mtu_of(&here, bridge) else { continue };
        let family = Family::of(subnet.addr());
        if mtu > out.mtu && !clamps_mss(&scene.host.firewall) {
            let lost = drops_own_icmp(&scene.host.firewall, family);
            findings.push(finding(scene.host, bridge, mtu, &out, lost));
        }
    }
    overlay::judge(scene, &here, fib, findings)
}

/// The way to the internet, or to another node.
struct WayOut {
    link: String,
    /// Bytes: the route's own, or the smallest of its links'.
    mtu: u32,
    shown: Evidence,
}

fn way_to(here: &Here, fib: &Fib, destination: IpAddr) -> Option<WayOut> {
    let lookup = fib.lookup(&Query::to(destination));
    if !lookup.is_unicast() {
        return None;
    }
    let link = lookup.hops.iter().filter_map(|hop| here.link(hop.link?)).min_by_key(|link| link.mtu)?;
    let name = &link.name;
    match lookup.route.and_then(|route| route.mtu.map(|mtu| (mtu, route))) {
        Some((mtu, route)) if mtu < link.mtu => Some(WayOut {
            link: name.clone(),
            mtu,
            shown: Evidence { says: format!("mtu {mtu}"), ..shows_route(route, here) },
        }),
        _ => Some(WayOut::by(link)),
    }
}

impl WayOut {
    /// With the MTU of that link.
    fn by(link: &Link) -> Self {
        let (name, mtu) = (&link.name, link.mtu);
        let shown = Evidence::new(format!("ip link show dev {name}"), format!("mtu {mtu}"));
        WayOut { link: name.clone(), mtu, shown }
    }
}

/// The MTU of a network's containers, in bytes: the network's option, else that of their veths, else what an engine since 1.7 gives
/// them. The bridge itself shows the least of its ports', and 1500 without any.
fn mtu_of(here: &Here, bridge: &Bridge) -> Option<u32> {
    let (containers, _) = here.ports(bridge.index()?);
    if let Some(mtu) = containers.iter().map(|veth| veth.mtu).max() {
        return Some(mtu);
    }
    let option = bridge.network?.options.get(MTU_OPTION);
    Some(option.and_then(|mtu| mtu.parse().ok()).filter(|mtu| *mtu > 0).unwrap_or(1500))
}

fn finding(host: &Snapshot, bridge: &Bridge, mtu: u32, way: &WayOut, lost: bool) -> Finding {
    let (name, docker, link, out) = (bridge.name, &bridge.link_name, &way.link, way.mtu);
    let severity = if lost { Severity::Warning } else { Severity::Info };
    let message = if lost {
        text!(
            "network {name} has MTU {mtu} and the way out by {link} only {out}, and this host drops the ICMP messages that \
             would tell containers so: large packets vanish",
            "网络 {name} 的 MTU 为 {mtu}，而出口 {link} 只有 {out}，并且本机丢弃了用来告知容器的 ICMP 报文：大包会无声丢失"
        )
    } else {
        text!(
            "network {name} has MTU {mtu} and the way out by {link} only {out}: each connection works as long as path MTU \
             discovery does",
            "网络 {name} 的 MTU 为 {mtu}，而出口 {link} 只有 {out}：只有路径 MTU 发现正常工作时，连接才不受影响"
        )
    };
    let clamp = Remedy::manual(
        text!("let the host lower the segment size of TCP connections", "让主机下调 TCP 连接的分段大小（MSS）"),
        text!(
            "helps TCP only, stops nothing, lasts until the rules are loaded anew",
            "只对 TCP 有效；不中断任何连接；规则重新加载后失效"
        ),
        vec!["iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu".to_owned()],
    );
    Finding::new(severity, format!("network:{name}"), message)
        .evidence(way.shown.clone())
        .remedy(lowered(host, bridge, out))
        .remedy(clamp.until_reboot())
        .touches(format!("network:{name}"))
        .touches(format!("link:{docker}"))
}

/// The network with the MTU of its way out.
fn lowered(host: &Snapshot, bridge: &Bridge, mtu: u32) -> Remedy {
    let name = bridge.name;
    if let Some(old) = bridge.network.filter(|network| network.name == GWBRIDGE) {
        return gwbridge(host, old, mtu);
    }
    let title = text!("give {name} the MTU of the way out, {mtu}", "将 {name} 的 MTU 设为出口的 {mtu}");
    let impact = text!(
        "containers on {name} stop and are made again with the new MTU",
        "{name} 上的容器需要停止，并以新的 MTU 重新创建"
    );
    if bridge.is_default() {
        let member = Member { key: "mtu", value: mtu.into() };
        let commands = set(host, &[member]).into_iter().chain(configuration::restart(host)).collect();
        return Remedy::manual(title, impact, commands).restarts_engine();
    }
    let commands = vec![
        format!("docker network rm {name}"),
        format!("docker network create -o com.docker.network.driver.mtu={mtu} {name}"),
    ];
    Remedy::manual(title, impact, commands)
}

/// With all else that it has: the engine's own options, the subnet, and who is on it.
fn gwbridge(host: &Snapshot, old: &Network, mtu: u32) -> Remedy {
    let mut new = corrected(host, old, None);
    new.options.insert(MTU_OPTION.to_owned(), mtu.to_string());
    let title = text!(
        "make docker_gwbridge again for a way out that carries {mtu}",
        "按出口的 MTU（{mtu}）重建 docker_gwbridge"
    );
    Remedy { title, ..recreate(host, old, new) }
}

fn dumps(firewall: &Firewall) -> impl Iterator<Item = &IptablesDump> {
    [&firewall.legacy, &firewall.nft_compat].into_iter().filter_map(|dumps| dumps.ok()).flatten()
}

/// Whether a rule lowers the segment size of forwarded TCP connections, so that only other protocols meet the smaller MTU.
fn clamps_mss(firewall: &Firewall) -> bool {
    let forwards = |rule: &&String| rule.starts_with("-A FORWARD ") || rule.starts_with("-A POSTROUTING ");
    dumps(firewall).flat_map(|dump| &dump.rules).filter(forwards).any(|rule| rule.contains("--clamp-mss-to-pmtu"))
}

/// Whether this host provably drops its own "fragmentation needed" (ICMP type 3 code 4, ICMPv6 type 2): a rule of OUTPUT drops all
/// of its kind and nothing before it can let them pass.
fn drops_own_icmp(firewall: &Firewall, family: Family) -> bool {
    let whole: &[&str] = match family {
        Family::V4 => &["-p icmp", "-p icmp -m icmp --icmp-type 3", "-p icmp -m icmp --icmp-type 3/4"],
        Family::V6 => &["-p ipv6-icmp", "-p ipv6-icmp -m icmp6 --icmpv6-type 2"],
    };
    let drops = |rule: &str| {
        let matches = rule.strip_suffix("-j DROP").map(str::trim);
        matches.is_some_and(|matches| matches.is_empty() || whole.contains(&matches))
    };
    let harmless =
        |rule: &str| rule.starts_with("-p tcp ") || rule.starts_with("-p udp ") || rule.starts_with("-o lo ");
    dumps(firewall).filter(|dump| dump.family == family && dump.table == "filter").any(|dump| {
        let mut output = dump.rules.iter().filter_map(|rule| rule.strip_prefix("-A OUTPUT "));
        output.find(|rule| !harmless(rule)).is_some_and(drops)
    })
}
