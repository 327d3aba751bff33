mod remedy;

use ipnet::IpNet;

use super::accept_rules::lists;
use super::forward_policy_drop::names;
use super::peer_flows::{Asker, Lost, Meeting, is_engines_chain};
use super::peers::declared;
use super::{About, Check, Group, Scene, docs};
use crate::engine::{Bridge, running_version};
use crate::finding::{Evidence, Finding, Findings};
use crate::host::Missing;
use crate::path::netfilter::Backend;
use crate::path::netfilter::rule::{Effect, Field, Key, Rule, Side, Step, Test, Values};
use crate::path::trace::By;
use crate::text::text;

pub static CHECK: Check = Check {
    id: "direct-routing-dropped",
    group: Group::Firewall,
    about: About {
        en: "the engine itself drops what declared peers send to containers by their addresses (28.0 and newer)",
        zh: "引擎自身的规则丢弃了已声明对端直接发往容器地址的数据包（28.0 及更新版本）",
    },
    docs: docs!("direct-routing-dropped"),
    applies: declared,
    hidden_by: &[],
    run,
};

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let asker = Asker::new(scene, findings)?;
    let mut dropped: Vec<(&Bridge, IpNet, Vec<Meeting>)> = Vec::new();
    for (bridge, subnet) in asker.networks() {
        let mut meetings = asker.meetings(bridge, subnet, findings)?;
        for meeting in &mut meetings {
            meeting.lost.retain(|lost| is_engines(&asker, bridge, lost));
        }
        meetings.retain(|meeting| !meeting.lost.is_empty());
        if !meetings.is_empty() {
            dropped.push((bridge, subnet, meetings));
        }
    }
    for (bridge, subnet, meetings) in &dropped {
        findings.push(finding(&asker, bridge, *subnet, meetings, &dropped));
    }
    Ok(())
}

/// Whether one of the engine's own rules ended the packet.
fn is_engines(asker: &Asker, bridge: &Bridge, lost: &Lost) -> bool {
    let Some(rule) = rule_of(asker, &lost.by) else { return false };
    let (chain, rule) = rule;
    is_engines_chain(chain) || (lost.by.table == "raw" && is_direct_access_drop(rule, bridge, lost))
}

/// The chain and rule that ended a packet.
fn rule_of<'a>(asker: &'a Asker, by: &By) -> Option<(&'a crate::path::netfilter::Chain, &'a Rule)> {
    let chain = asker.netfilter()?.chains().find(|chain| {
        chain.backend == by.backend
            && chain.table == by.table
            && chain.name == by.chain
            && chain.family.word() == by.family
    })?;
    Some((chain, chain.rules.get(by.position?)?))
}

/// `-A PREROUTING -d CONTAINER/32 ! -i BRIDGE … -j DROP` (moby v28.5.2 libnetwork/drivers/bridge/internal/iptabler/endpoint.go,
/// `filterDirectAccess`; with a port in 28.0 and 28.1).
fn is_direct_access_drop(rule: &Rule, bridge: &Bridge, lost: &Lost) -> bool {
    let address = match lost.address {
        std::net::IpAddr::V4(address) => u128::from(u32::from(address)),
        std::net::IpAddr::V6(address) => u128::from(address),
    };
    let to_container = |step: &Step| {
        matches!(step, Step::If(Test::One { key: Key { field: Field::Address(Side::Destination), .. }, values: Values::Ranges(ranges), invert: false })
            if ranges.as_slice() == [(address, address)])
    };
    let from_elsewhere = |step: &Step| {
        matches!(step, Step::If(Test::One { key: Key { field: Field::Iif, .. }, values: Values::Names(names), invert: true })
            if names.len() == 1 && names[0].text == bridge.link_name && !names[0].prefix)
    };
    let drops = |step: &Step| matches!(step, Step::Do(Effect::Drop));
    rule.steps.iter().any(to_container) && rule.steps.iter().any(from_elsewhere) && rule.steps.iter().any(drops)
}

fn finding(
    asker: &Asker,
    bridge: &Bridge,
    subnet: IpNet,
    meetings: &[Meeting],
    all: &[(&Bridge, IpNet, Vec<Meeting>)],
) -> Finding {
    let lost = &meetings[0].lost[0];
    let peers = names(&meetings.iter().collect::<Vec<_>>());
    let rule = lost.by.rule.clone().unwrap_or_default();
    let (name, container, address) = (bridge.name, lost.container, lost.address);
    let engine = running_version(asker.here.host).map_or_else(|| "28.0".to_owned(), |version| version.to_string());
    let message = text!(
        "engine {engine} itself drops what {en} send to network {name} ({subnet}): container {container} ({address}) is not \
         reached by its own address, ended by `{rule}`",
        "引擎 {engine} 自身丢弃了{zh}发往网络 {name}（{subnet}）的数据包：无法通过容器 {container} 自己的地址（{address}）访问它，由 `{rule}` 拦截",
        en = peers.en,
        zh = peers.zh
    );
    let mut finding = Finding::error(format!("network:{name}"), message)
        .evidence(shown(asker, lost))
        .touches(format!("network:{name}"))
        .touches("firewall:direct-routing");
    for remedy in remedy::remedies(asker, bridge, subnet, meetings, all) {
        finding = finding.remedy(remedy);
    }
    finding
}

fn shown(asker: &Asker, lost: &Lost) -> Evidence {
    let By { backend, family, table, chain, rule, .. } = &lost.by;
    let rule = rule.clone().unwrap_or_default();
    match backend {
        // Counters are printed between.
        Backend::Nft => Evidence::new(
            format!("nft list chain {family} {table} {chain}"),
            rule.split(" counter").next().unwrap_or_default(),
        ),
        backend => Evidence::new(lists(asker.here.host, lost.address, *backend, table, chain), rule),
    }
}
