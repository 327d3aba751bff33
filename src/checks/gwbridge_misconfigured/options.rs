//! The options of docker_gwbridge against what the engine would make it with, and against other nodes'.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::{IpNet, Ipv4Net};

use super::egress::Bare;
use super::{Case, Use, inspect, subnet};
use crate::checks::chosen;
use crate::checks::gwbridge_remedy::{NAME, corrected, recreate};
use crate::engine::Bridge;
use crate::engine::gwbridge::gwbridge;
use crate::engine::settings::is_false;
use crate::engine::swarm::is_one_swarm;
use crate::finding::{Evidence, Finding, Severity};
use crate::host::{GWBRIDGE, Network};
use crate::text::{Text, text};

const ICC: &str = "com.docker.network.bridge.enable_icc";
const MASQUERADE: &str = "com.docker.network.bridge.enable_ip_masquerade";

/// Of a network, and no option.
const DRIVER: &str = "driver";
const INTERNAL: &str = "internal";

struct Fault {
    severity: Severity,
    says: Text,
    shows: Evidence,
}

/// One finding for all of them, for one network made again cures all.
pub fn finding(case: &Case, bridge: &Bridge, bare: Option<Bare>) -> Option<Finding> {
    let bare = bare.map(|bare| translates_not(case, bridge, &bare));
    let mut faults: Vec<Fault> =
        [internal(case), bare, together(case), other_name(case)].into_iter().flatten().collect();
    faults.sort_by_key(|fault| std::cmp::Reverse(fault.severity));
    let worst = faults.first()?.severity;
    let (en, zh): (Vec<_>, Vec<_>) = faults.iter().map(|fault| (fault.says.en.clone(), fault.says.zh.clone())).unzip();
    let message = Text {
        en: format!("docker_gwbridge {}", en.join("; it ")),
        zh: format!("docker_gwbridge {}", zh.join("；它")),
    };
    let finding = Finding::new(worst, case.subject(), message).touches(format!("network:{GWBRIDGE}"));
    let finding = faults.into_iter().fold(finding, |finding, fault| finding.evidence(fault.shows));
    // What works is not made again.
    let (host, network) = (case.scene.host, case.network);
    let again = (worst > Severity::Info).then(|| recreate(host, network, corrected(host, network, None)));
    Some(again.into_iter().fold(finding, Finding::remedy))
}

fn internal(case: &Case) -> Option<Fault> {
    case.network.internal.then(|| Fault {
        severity: case.use_.severity(),
        says: text!(
            "is an internal network: what is on overlay networks alone cannot leave this host by it",
            "是内部网络（internal）：只接入 overlay 网络的容器无法经它访问外部"
        ),
        shows: inspect("{{.Internal}}", "true"),
    })
}

fn translates_not(case: &Case, bridge: &Bridge, bare: &Bare) -> Fault {
    let (address, link) = (bare.address, bare.out.link.as_deref().unwrap_or_default());
    // One that an admin chose may be routed by the machines around; so may what leaves by a tunnel. The engine's own is the same on every node.
    let tunnel = case.here.links.iter().any(|known| known.name == link && known.point_to_point);
    let everything = IpNet::from(Ipv4Net::default());
    let engines = subnet(bridge).is_some_and(|subnet| chosen::by_engine(case.scene.host, bridge, subnet, everything));
    let severity = if engines && !tunnel { Severity::Error } else { Severity::Warning };
    Fault {
        severity: case.use_.at_most(severity),
        says: text!(
            "does not masquerade (`enable_ip_masquerade=false`), and no other rule translates what its tasks send out: it leaves by {link} with \
             the address {address}, and nothing here shows a way back for the answers",
            "不做源地址转换（`enable_ip_masquerade=false`），也没有其他规则代为转换：任务发往外部的数据包以 {address} 为源地址从 {link} 发出，本机上看不出应答有路可回"
        ),
        shows: shows_option(case.network, MASQUERADE),
    }
}

fn together(case: &Case) -> Option<Fault> {
    (!case.option("enable_icc").is_some_and(is_false)).then(|| Fault {
        severity: case.use_.at_most(Severity::Warning),
        says: text!(
            "does not keep its members apart (no `enable_icc=false`): tasks of different overlay networks reach each other by it",
            "没有隔离其成员（未设置 `enable_icc=false`）：不同 overlay 网络的任务可以经它互相访问"
        ),
        shows: shows_option(case.network, ICC),
    })
}

/// The engine finds it by the network's name; other programs look for the link.
fn other_name(case: &Case) -> Option<Fault> {
    let link = case.network.link_name();
    (link != GWBRIDGE).then(|| Fault {
        severity: Severity::Info,
        says: text!(
            "has the bridge {link} (no `com.docker.network.bridge.name=docker_gwbridge`), which works; rules and scripts that name the link miss it",
            "的网桥是 {link}（未设置 `com.docker.network.bridge.name=docker_gwbridge`），可以正常工作，但按链路名编写的规则和脚本不会匹配到它"
        ),
        shows: shows_option(case.network, NAME),
    })
}

/// One option, or all of them where that one is not among them; Go sorts the keys of a map too.
fn shows_option(network: &Network, key: &str) -> Evidence {
    match network.options.get(key) {
        Some(value) => inspect(&format!("{{{{index .Options \"{key}\"}}}}"), value),
        None => inspect("{{json .Options}}", &serde_json::to_string(&network.options).unwrap_or_default()),
    }
}

/// What other nodes of the swarm have otherwise; nothing of it is wrong by itself.
pub fn unlike_others(case: &Case) -> Vec<Finding> {
    if case.use_ == Use::None {
        return Vec::new();
    }
    let others: Vec<(&str, &Network)> = case
        .scene
        .others
        .iter()
        .filter(|other| is_one_swarm(case.scene.host, other))
        .filter_map(|other| Some((other.name.as_str(), gwbridge(other).ok()??)))
        .collect();
    let all = others.iter().map(|(_, network)| *network).chain([case.network]);
    let keys: BTreeSet<&str> =
        all.flat_map(|network| network.options.keys()).map(String::as_str).filter(|key| *key != NAME).collect();
    [DRIVER, INTERNAL].into_iter().chain(keys).filter_map(|key| unlike(case.network, &others, key)).collect()
}

fn unlike(own: &Network, others: &[(&str, &Network)], key: &str) -> Option<Finding> {
    let said = |network: &Network| match key {
        DRIVER => Some(network.driver.clone()),
        INTERNAL => Some(network.internal.to_string()),
        option => network.options.get(option).cloned(),
    };
    // A switch that is not said is as the driver has it.
    let means = |network: &Network| match said(network) {
        said if key == ICC || key == MASQUERADE => Some((!said.is_some_and(|said| is_false(&said))).to_string()),
        said => said,
    };
    // Another driver has other options.
    let comparable = |other: &Network| key == DRIVER || other.driver == own.driver;
    let mut differ: BTreeMap<Option<String>, Vec<&str>> = BTreeMap::new();
    for (name, other) in others.iter().filter(|(_, other)| comparable(other) && means(other) != means(own)) {
        differ.entry(said(other)).or_default().push(name);
    }
    if differ.is_empty() {
        return None;
    }
    let word = |value: Option<String>| match value {
        Some(value) => Text::verbatim(format!("`{value}`")),
        None => text!("not set", "未设置"),
    };
    let theirs = differ.into_iter().map(|(value, names)| {
        let Text { en, zh } = word(value);
        (format!("on {} {en}", names.join(", ")), format!("在 {} 上为 {zh}", names.join("、")))
    });
    let (theirs, theirs_zh): (Vec<String>, Vec<String>) = theirs.unzip();
    let Text { en: ours, zh: ours_zh } = word(said(own));
    let message = text!(
        "of docker_gwbridge {key} is {ours} here, and {theirs}",
        "docker_gwbridge 的 {key} 在本机为 {ours_zh}，而{theirs_zh}",
        theirs = theirs.join(", "),
        theirs_zh = theirs_zh.join("，")
    );
    let shows = match key {
        DRIVER => inspect("{{.Driver}}", &own.driver),
        INTERNAL => inspect("{{.Internal}}", &own.internal.to_string()),
        option => shows_option(own, option),
    };
    let finding = Finding::info(format!("network:{GWBRIDGE}#{key}"), message).evidence(shows);
    Some(finding.touches(format!("network:{GWBRIDGE}")))
}
