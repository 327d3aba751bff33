//! No address pool of the engine is free, and routes of this host are why.

use ipnet::IpNet;

use super::here::Here;
use super::iproute::{self, shows_route};
use super::ledger::{Holder, Holding, Ledger};
use super::pool_state::{PoolState, says_nothing_is_free};
use super::{About, Applies, Check, Group, Scene, configuration, docs, room};
use crate::engine::gwbridge::{Need, failure, gwbridge, needs};
use crate::engine::settings::Outlook;
use crate::engine::startup::first_host;
use crate::engine::{Version, Whereabouts, own_process, whereabouts};
use crate::finding::{Evidence, Finding, Findings, Remedy, Severity};
use crate::host::{Family, Missing, Route, Snapshot};
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "pool-blocked-by-route",
    group: Group::Networks,
    about: About {
        en: "routes of this host leave the engine no subnet to choose",
        zh: "本机的路由使引擎没有可选的子网",
    },
    docs: docs!("pool-blocked-by-route"),
    applies: chooses_subnets,
    hidden_by: &["daemon-json-invalid", "address-pools-invalid"],
    run,
};

/// Judged where an engine of this host chooses subnets in this network namespace.
pub fn chooses_subnets(scene: &Scene) -> Applies {
    match (configuration::own_engine(scene), whereabouts(scene.host)) {
        (Applies::No(why), _) => Applies::No(why),
        // The engine on disk may well start here; that it is another one that answers says nothing of it.
        (Applies::Yes, Whereabouts::Elsewhere(why)) if own_process(scene.host).is_none() => Applies::No(why),
        _ => Applies::Yes,
    }
}

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let state = PoolState::of(scene)?;
    if !state.nothing_left() {
        return Ok(());
    }
    let here = Here::new(scene, findings)?;
    let ledger = state.ledger(&here);
    if routes_are_why(&ledger) {
        findings.push(finding(scene, &here, &state, &ledger));
    }
    Ok(())
}

/// Routes hold at least as many blocks as networks do. A LAN that lies in one of thirty blocks is not why the others are gone.
pub fn routes_are_why(ledger: &Ledger) -> bool {
    ledger.by_routes > 0 && ledger.by_routes >= ledger.by_networks
}

fn finding(scene: &Scene, here: &Here, state: &PoolState, ledger: &Ledger) -> Finding {
    let (version, host) = (state.version, scene.host);
    let Text { en: who, zh: who_zh } = who_holds_what(ledger, here);
    let Text { en: best, zh: best_zh } = frees_most(ledger, here);
    let failed = create_failed(host);
    let severity = if state.fails_with.is_some() || failed { Severity::Error } else { Severity::Warning };
    let message = if state.fails_with.is_some() {
        let Text { en, zh } = state.heading();
        text!(
            "{en}: no address pool is free, because of this host's routes: {who}{best}",
            "{zh}：没有空闲的地址池，原因是本机的路由：{who_zh}{best_zh}"
        )
    } else if failed {
        text!(
            "no address pool of engine {version} is free, and networks without `--subnet` failed for it; routes of this host \
             hold them: {who}{best}",
            "引擎 {version} 没有空闲的地址池，已有未指定 `--subnet` 的网络因此创建失败；占用它们的是本机的路由：{who_zh}{best_zh}"
        )
    } else {
        text!(
            "the next `docker network create` without `--subnet` fails: no address pool of engine {version} is free, because of \
             this host's routes: {who}{best}",
            "下一次未指定 `--subnet` 的 `docker network create` 会失败：引擎 {version} 没有空闲的地址池，原因是本机的路由：{who_zh}{best_zh}"
        )
    };
    let mut finding = Finding::new(severity, "pools", message).touches("pools");
    let shown = ledger.holdings.iter().filter_map(|holding| match holding.by {
        Holder::Route(route) => Some(shows_route(route, here)),
        Holder::Over(_, prefix) => Some(Evidence::new(format!("ip -4 route show exact {prefix}"), prefix.to_string())),
        _ => None,
    });
    finding.evidence.extend(shown.take(6));
    if state.fails_with.is_some() {
        finding = configuration::keeps_from_starting(finding, CHECK.id);
    }
    for remedy in remedies(scene, state, ledger, here) {
        finding = finding.remedy(remedy);
    }
    finding
}

/// For each pool the route that holds the most of it: `172.17.0.0/16, 172.18.0.0/16 by `…`; 192.168.0.0/16 by `…``.
pub(super) fn who_holds_what(ledger: &Ledger, here: &Here) -> Text {
    let mut by: Vec<(Text, Vec<String>)> = Vec::new();
    for (place, pool) in ledger.pools.iter().enumerate() {
        let of_this = |holding: &&Holding| holding.pools.iter().any(|(of, _)| *of == place);
        let most = |holding: &&Holding| holding.pools.iter().find(|(of, _)| *of == place).map_or(0, |(_, n)| *n);
        let holdings = || ledger.holdings.iter().filter(of_this);
        let is_route = |one: &&Holding| matches!(one.by, Holder::Route(_) | Holder::Over(..));
        let holder = holdings().filter(is_route).max_by_key(most);
        let Some(holder) = holder.or_else(|| holdings().max_by_key(most)) else { continue };
        let name = name(&holder.by, here);
        match by.iter_mut().find(|(known, _)| *known == name) {
            Some((_, pools)) => pools.push(pool.base.to_string()),
            None => by.push((name, vec![pool.base.to_string()])),
        }
    }
    let mut said = Text::verbatim("");
    for (place, (holder, pools)) in by.iter().enumerate() {
        let (shown, more) = (pools.iter().take(8).cloned().collect::<Vec<_>>(), pools.len().saturating_sub(8));
        let Text { en, zh } = holder;
        let between = if place == 0 { ("", "") } else { ("; ", "；") };
        let (rest, rest_zh) = if more > 0 {
            (format!(" and {more} more"), format!(" 等 {} 个", pools.len()))
        } else {
            Default::default()
        };
        said.en += &format!("{}{}{rest} by {en}", between.0, shown.join(", "));
        said.zh += &format!("{}{}{rest_zh}被 {zh} 占用", between.1, shown.join("、"));
    }
    said
}

fn name(holder: &Holder, here: &Here) -> Text {
    match holder {
        Holder::Route(route) => Text::verbatim(format!("`{}`", iproute::route(route, here))),
        Holder::Over(link, prefix) => Text::verbatim(format!("`{prefix} dev {link}`")),
        Holder::Nameserver { file, line, address } => {
            let address = address.addr();
            text!("nameserver {address} ({file}:{line})", "DNS 服务器 {address}（{file}:{line}）")
        }
        Holder::Network(network, subnet) => {
            let name = &network.name;
            text!("network {name} ({subnet})", "网络 {name}（{subnet}）")
        }
        Holder::Bridge(link, subnet) => text!("bridge {link} ({subnet})", "网桥 {link}（{subnet}）"),
    }
}

/// The route without which most blocks would be free.
fn best<'a>(ledger: &Ledger<'a>) -> Option<(&'a Route, u64)> {
    let alone = ledger.holdings.iter().filter(|holding| holding.alone > 0);
    let best = alone.filter_map(|holding| Some((holding.route()?, holding.alone))).max_by_key(|(_, alone)| *alone)?;
    Some(best)
}

fn frees_most(ledger: &Ledger, here: &Here) -> Text {
    match best(ledger) {
        Some((route, alone)) => {
            let said = iproute::route(route, here);
            text!(
                ". Without `{said}` {alone} subnets would be free, more than without any other",
                "。去掉 `{said}` 可以空出 {alone} 个子网，比去掉其他任何一条都多"
            )
        }
        None => text!(". No single route's removal frees a subnet", "。仅去掉其中任何一条路由都空不出子网"),
    }
}

/// Whether a network or a task failed for it: the running engine's log tells so, or a manager of one of its own tasks. What wanted docker_gwbridge has
/// what it wanted, where that is there now.
pub fn create_failed(host: &Snapshot) -> bool {
    let Some(process) = own_process(host) else { return false };
    let unit = host.engine.unit.ok().and_then(Option::as_ref).and_then(|unit| unit.log.ok());
    let mut log = unit.into_iter().chain(host.engine.swarm_log.ok()).flatten();
    let of_a_task = |need: &Need| matches!(need, Need::Task(_, failure) if says_nothing_is_free(&failure.words));
    let has_it = gwbridge(host).is_ok_and(|network| network.is_some());
    let is_over = |line: &str| has_it && failure(line).is_some();
    log.any(|line| {
        line.at / 1000 >= process.started_at && says_nothing_is_free(&line.message) && !is_over(&line.message)
    }) || (!has_it && needs(host).is_ok_and(|(needs, _)| needs.iter().any(of_a_task)))
}

fn remedies(scene: &Scene, state: &PoolState, ledger: &Ledger, here: &Here) -> Vec<Remedy> {
    let (host, version) = (scene.host, state.version);
    let mut remedies = Vec::new();
    let best = best(ledger).map(|(route, _)| route);
    let half = best.filter(|route| route.is_half_default());
    match room::other_pools(scene, version, &[], state.outlook) {
        // Where halves of a default route hold every range, whoever runs the network has none either.
        Some(remedy) if half.is_none() || !remedy.commands.is_empty() => remedies.push(remedy),
        None if state.fails_with.is_some() => remedies.extend(address_first(scene, version)),
        _ => {}
    }
    // Up to 20.10 the pools are asked even where bip is set (v20.10.24 daemon/daemon_unix.go `initBridgeDriver`).
    if state.fails_with.is_some() && version.at_least(23, 0, 0) {
        let title = |bip: &str| {
            text!(
                "set bip alone, to {bip} say: docker0 then needs no pool, and every `docker network create` still needs `--subnet`",
                "只设置 bip，例如 {bip}：docker0 便不再需要地址池，但每次 `docker network create` 仍须指定 `--subnet`"
            )
        };
        remedies.extend(room::bip_instead(scene, title, state.outlook));
    }
    let added = |route: &&Route| route.protocol != KERNEL;
    if let Some(half) = half {
        // Without it traffic goes past the VPN: it is not for deleting.
        remedies.push(while_down(half, here));
    } else if let Some(route) = best.filter(added) {
        remedies.push(without(host, route, here, state));
    }
    remedies
}

/// What helps against a VPN's half of a default route.
fn while_down(half: &Route, here: &Here) -> Remedy {
    let said = iproute::route(half, here);
    let title = text!(
        "start the engine and create networks while the VPN that brings `{said}` is down, or give each network its `--subnet`: \
         networks that exist stay when it comes back",
        "在带来 `{said}` 的 VPN 断开时启动引擎并创建网络，或者为每个网络指定 `--subnet`：VPN 恢复后，已有的网络不受影响"
    );
    let impact = text!("while the VPN is down, traffic goes out without it", "VPN 断开期间，流量不经过 VPN 直接发出");
    Remedy::manual(title, impact, Vec::new())
}

/// rt_protos(5): the route follows from an address, and comes back with it.
const KERNEL: u8 = 2;

/// Deletes a route; what it is written in is named, and left to a person.
fn without(host: &Snapshot, route: &Route, here: &Here, state: &PoolState) -> Remedy {
    let said = iproute::route(route, here);
    let managers = host.managers.ok().map_or(&[][..], Vec::as_slice);
    let files: Vec<&str> = managers
        .iter()
        .filter(|manager| manager.active == Some(true))
        .flat_map(|manager| manager.files.iter().map(String::as_str))
        .take(4)
        .collect();
    let (named, named_zh) = if files.is_empty() {
        (String::new(), String::new())
    } else {
        let files = files.join(", ");
        (format!(" ({files})"), format!("（{files}）"))
    };
    let title = text!(
        "if nothing behind it is needed, delete `{said}`, and take it out of the host's network configuration{named}",
        "如果不再需要其后的任何机器，删除路由 `{said}`，并从主机的网络配置{named_zh}中去掉它"
    );
    let impact = text!(
        "whatever is reached by that route is reached no more, your own session perhaps; the engine then takes addresses there",
        "经该路由访问的一切都将无法访问，可能包括您当前的会话；此后引擎会使用其中的地址"
    );
    let metric = if route.metric == 0 { String::new() } else { format!(" metric {}", route.metric) };
    let mut commands = vec![format!("ip route del {said}{metric}")];
    if state.fails_with.is_some() && state.outlook == Outlook::DoesNotStart {
        commands.extend(configuration::restart(host));
    }
    Remedy::manual(title, impact, commands).until_reboot()
}

/// Engines without `default-address-pools`: a docker0 that has an address needs none of the pools.
fn address_first(scene: &Scene, version: Version) -> Option<Remedy> {
    let IpNet::V4(subnet) = room::Room::of(scene).free(Family::V4, 24)? else { return None };
    let address = first_host(subnet);
    let title = text!(
        "give docker0 an address before the engine starts, {address} say: engine {version} asks the pools even where bip is set, and has \
         no `default-address-pools` (18.06 brings it)",
        "在引擎启动之前先给 docker0 配置地址，例如 {address}：引擎 {version} 即使设置了 bip 也会查询地址池，且没有 `default-address-pools`（18.06 起提供）"
    );
    let mut commands = vec!["ip link add docker0 type bridge".to_owned(), format!("ip addr add {address} dev docker0")];
    commands.extend(configuration::restart(scene.host));
    let impact = text!("starts the engine; nothing that runs now is stopped", "启动引擎；不会停止当前运行的任何东西");
    Some(Remedy::manual(title, impact, commands).until_reboot())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::{Shared, fixture};

    #[test]
    fn half_of_a_vpns_default_is_not_to_be_deleted() {
        let path = fixture::root().join("checks/pool-blocked-by-route/fires-halves-of-a-vpns-default.toml");
        let fixture = fixture::load(&path);
        let shared = Shared::default();
        let scene = Scene { host: &fixture.host, others: &fixture.others, options: &fixture.options, shared: &shared };
        let mut findings = Findings::default();
        run(&scene, &mut findings).unwrap();
        let remedies = &findings.found[0].remedies;
        assert!(remedies[0].title.en.contains("while the VPN"), "{remedies:#?}");
        assert!(remedies.iter().all(|remedy| remedy.commands.is_empty()), "{remedies:#?}");
    }
}
