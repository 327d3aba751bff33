//! The engine's own networks have used up its address pools, or nearly.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::configuration::quoted;
use super::here::Here;
use super::ledger::{Holder, Holding, Ledger};
use super::pool_blocked_by_route::{chooses_subnets, routes_are_why};
use super::pool_state::PoolState;
use super::{About, Check, Group, Scene, configuration, docs, room};
use crate::engine::settings::Outlook;
use crate::finding::{Evidence, Finding, Findings, Remedy, Severity};
use crate::host::{GWBRIDGE, Missing, Snapshot};
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "pool-exhausted",
    group: Group::Networks,
    about: About {
        en: "the engine's networks have used up its address pools, or nearly",
        zh: "引擎的网络已用完或即将用完地址池",
    },
    docs: docs!("pool-exhausted"),
    applies: chooses_subnets,
    hidden_by: &["daemon-json-invalid", "address-pools-invalid"],
    run,
};

/// From so few on a warning is due, where there are more than [`MANY`] in all.
const FEW: usize = 3;
const MANY: u64 = 8;

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let state = PoolState::of(scene)?;
    if !state.nothing_left() && state.remaining.is_none_or(|left| left > FEW) {
        return Ok(());
    }
    let here = Here::new(scene, findings)?;
    let ledger = state.ledger(&here);
    if ledger.by_networks == 0 || routes_are_why(&ledger) {
        return Ok(());
    }
    let room = ledger.by_networks + state.remaining.unwrap_or(0) as u64;
    if state.nothing_left() || room > MANY {
        findings.push(finding(scene, &here, &state, &ledger, room));
    }
    Ok(())
}

fn finding(scene: &Scene, here: &Here, state: &PoolState, ledger: &Ledger, room: u64) -> Finding {
    let held = ledger.by_networks;
    let Text { en: most, zh: most_zh } = largest(ledger);
    let left = state.remaining.unwrap_or(0);
    let (severity, message) = if state.fails_with.is_some() {
        let Text { en, zh } = state.heading();
        let message = text!(
            "{en}: no subnet of its address pools is left for docker0, networks hold {held} of {room} ({most})",
            "{zh}：地址池中没有子网可供 docker0 使用，{room} 个中有 {held} 个被网络占用（{most_zh}）"
        );
        (Severity::Error, message)
    } else if left == 0 {
        let message = text!(
            "no subnet of the engine's address pools is left, and the next `docker network create` without `--subnet` fails: networks \
             hold {held} of {room} ({most})",
            "引擎的地址池已用完，下一次未指定 `--subnet` 的 `docker network create` 会失败：{room} 个子网中有 {held} 个被网络占用（{most_zh}）"
        );
        (Severity::Error, message)
    } else {
        let message = text!(
            "{left} of {room} subnets of the engine's address pools are left: networks hold {held} ({most})",
            "引擎的地址池中 {room} 个子网只剩 {left} 个：{held} 个被网络占用（{most_zh}）"
        );
        (Severity::Warning, message)
    };
    let mut finding = Finding::new(severity, "pools", message).touches("pools");
    for holding in
        ledger.holdings.iter().filter(|holding| matches!(holding.by, Holder::Network(..) | Holder::Bridge(..))).take(3)
    {
        finding.evidence.extend(shown(here, holding));
    }
    if state.fails_with.is_some() {
        finding = configuration::keeps_from_starting(finding, CHECK.id);
    }
    let kept: Vec<(IpNet, u8)> = match state.pools.configured {
        true => state.pools.pools.iter().map(|pool| (pool.base, pool.size)).collect(),
        false => Vec::new(),
    };
    if let Some(remedy) = room::other_pools(scene, state.version, &kept, state.outlook) {
        finding = finding.remedy(remedy);
    }
    if state.outlook != Outlook::DoesNotStart {
        finding = finding.remedy(prune(here));
    }
    finding
}

/// The networks that hold most: all that hold more than one block, else the first few.
fn largest(ledger: &Ledger) -> Text {
    let networks = || {
        ledger.holdings.iter().filter_map(|holding| match holding.by {
            Holder::Network(network, subnet) => Some((network.name.as_str(), subnet, holding.blocks)),
            Holder::Bridge(link, subnet) => Some((link, subnet, holding.blocks)),
            _ => None,
        })
    };
    let wide: Vec<(&str, ipnet::Ipv4Net, u64)> = networks().filter(|(.., blocks)| *blocks > 1).take(3).collect();
    if wide.is_empty() {
        let count = networks().count();
        let mut names: Vec<&str> = networks().map(|(name, ..)| name).take(4).collect();
        let more = count.saturating_sub(names.len());
        names.sort_unstable();
        let names = names.join(", ");
        return match more {
            0 => text!("one each: {names}", "每个网络一个：{names}"),
            _ => text!("one each: {names} and {more} more", "每个网络一个：{names} 等 {count} 个"),
        };
    }
    let said = |(name, subnet, blocks): &(&str, ipnet::Ipv4Net, u64)| {
        text!("{blocks} by {name}, {subnet}", "{name} 占 {blocks} 个，{subnet}")
    };
    let said: Vec<Text> = wide.iter().map(said).collect();
    Text {
        en: said.iter().map(|one| one.en.as_str()).collect::<Vec<_>>().join("; "),
        zh: said.iter().map(|one| one.zh.as_str()).collect::<Vec<_>>().join("；"),
    }
}

fn shown(here: &Here, holding: &Holding) -> Option<Evidence> {
    match holding.by {
        Holder::Network(network, subnet) if here.host.engine.api.is_known() => Some(Evidence::new(
            format!(
                "docker network inspect {} -f '{{{{range .IPAM.Config}}}}{{{{.Subnet}}}} {{{{end}}}}'",
                quoted(&network.name)
            ),
            subnet.to_string(),
        )),
        // The engine is down: its database holds the subnet as text.
        Holder::Network(_, subnet) => Some(Evidence::new(
            format!("grep -aoF {subnet} /var/lib/docker/network/files/local-kv.db"),
            subnet.to_string(),
        )),
        Holder::Bridge(link, subnet) => Some(configuration::address_shown(here.host, link, subnet.into())),
        Holder::Route(_) | Holder::Over(..) | Holder::Nameserver { .. } => None,
    }
}

fn prune(here: &Here) -> Remedy {
    let (en, zh) = match unused(here.host) {
        Some(0) | None => (String::new(), String::new()),
        Some(count) => (format!(" ({count} of them)"), format!("（{count} 个）")),
    };
    let title = text!(
        "remove the networks that no container uses{en}: the first command lists them, the second one asks",
        "删除没有容器使用的网络{zh}：第一条命令列出它们，第二条会先询问"
    );
    let impact = text!(
        "a container that is stopped and belongs to such a network will not start again",
        "属于这些网络的已停止容器将无法再次启动"
    );
    Remedy::manual(
        title,
        impact,
        vec!["docker network ls --filter dangling=true".to_owned(), "docker network prune".to_owned()],
    )
}

/// How many bridge networks of the user's have no container, running or not.
fn unused(host: &Snapshot) -> Option<usize> {
    let api = host.engine.api.ok()?;
    let used: BTreeSet<&str> = api
        .containers
        .ok()?
        .iter()
        .flat_map(|container| &container.endpoints)
        .flat_map(|end| [end.network_id.as_str(), end.network.as_str()])
        .collect();
    let own = api.networks.ok()?.iter().filter(|network| {
        network.scope == "local" && !["bridge", "host", "none", GWBRIDGE].contains(&network.name.as_str())
    });
    Some(own.filter(|one| !used.contains(one.id.as_str()) && !used.contains(one.name.as_str())).count())
}
