//! docker0 lacks the address that bip says, although the engine started after the change.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{About, Check, Group, Scene, configuration, docs};
use crate::engine::settings::{Outlook, outlook, running, setting, upgraded};
use crate::engine::startup::parse_cidr;
use crate::finding::{Evidence, Finding, Findings, Remedy, Safety};
use crate::host::{Missing, Snapshot};
use crate::text::text;

pub static CHECK: Check = Check {
    id: "docker0-differs-from-bip",
    group: Group::Networks,
    about: About {
        en: "docker0 does not carry the address that bip says", zh: "docker0 上的地址与 bip 不一致"
    },
    docs: docs!("docker0-differs-from-bip"),
    applies: configuration::own_engine,
    hidden_by: &["daemon-json-invalid", "bip-not-a-host-address", "bip-unusable", "bridge-link-missing"],
    run,
};

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    let Some(bip) = setting(host, "bip")? else { return Ok(()) };
    if setting(host, "bridge")?.is_some() {
        return Ok(());
    }
    let Ok(wanted) = parse_cidr(bip.value) else { return Ok(()) };
    // Without an engine docker0 is what the last one left, and the next start puts bip on it. A change that no start has seen yet is
    // told by config-not-applied.
    if running(host)?.is_none() || upgraded(host) || outlook(host, &[bip.said])?.is_some() {
        return Ok(());
    }
    let links = findings.need("links", &host.links)?;
    let addresses = findings.need("addresses", &host.addresses)?;
    // No docker0 at all: bridge-link-missing.
    let Some(docker0) = links.iter().find(|link| link.name == "docker0" && link.is_bridge()) else { return Ok(()) };
    let carried: Vec<IpNet> = addresses
        .iter()
        .filter(|address| address.link == docker0.index && address.address.addr().is_ipv4())
        .map(|address| address.address)
        .collect();
    if carried.contains(&wanted) {
        return Ok(());
    }
    findings.push(differs(host, &carried, &bip));
    Ok(())
}

fn differs(host: &Snapshot, carried: &[IpNet], bip: &crate::engine::settings::Setting) -> Finding {
    let value = bip.value;
    let words: Vec<String> = carried.iter().map(ToString::to_string).collect();
    let has = words.join(", ");
    let kept = kept_by_live_restore(host);
    let message = match (carried.is_empty(), kept) {
        (true, _) => text!(
            "docker0 carries no IPv4 address, bip says {value}, and the engine started after that was written",
            "docker0 上没有 IPv4 地址，bip 为 {value}，且引擎是在写入该值之后启动的"
        ),
        (false, true) => text!(
            "docker0 keeps {has} and not {value} of bip: live-restore kept containers running over the engine's start, and then it leaves the bridge as it is",
            "docker0 仍为 {has}，而不是 bip 的 {value}：引擎启动时 live-restore 保留了运行中的容器，此时引擎不会改动网桥"
        ),
        (false, false) => text!(
            "docker0 carries {has} and not {value} of bip, although the engine started after that was written",
            "docker0 上是 {has}，而不是 bip 的 {value}，尽管引擎是在写入该值之后启动的"
        ),
    };
    // Containers work on whatever address the engine knows as their gateway.
    let finding = if carried.is_empty() || gateway(host).is_some_and(|it| carried.iter().all(|one| one.addr() != it)) {
        Finding::error("link:docker0", message)
    } else {
        Finding::warning("link:docker0", message)
    };
    let shown = match words.first() {
        Some(first) => Evidence::new("ip -4 -o addr show dev docker0", first.clone()),
        None => Evidence::new("ip -4 addr show dev docker0 | grep -c inet", "0"),
    };
    let mut commands = Vec::new();
    if kept {
        commands.push("docker stop $(docker ps -q)".to_owned());
    }
    commands.extend(configuration::restart(host));
    configuration::touching(finding, bip.said)
        .evidence(configuration::shown(host, bip.said))
        .evidence(shown)
        .remedy(
            Remedy::manual(
                text!("restart the engine with no container running", "在没有容器运行时重启引擎"),
                configuration::impact(Outlook::NotNextTime),
                commands,
            )
            // The engine's stop leaves the containers that have to stop.
            .safety(if kept { Safety::Manual } else { Safety::Disruptive })
            .restarts_engine(),
        )
        .touches("link:docker0")
        .touches("network:bridge")
}

/// What containers on docker0 have as their gateway.
fn gateway(host: &Snapshot) -> Option<IpAddr> {
    let networks = host.engine.api.ok()?.networks.ok()?;
    let default = networks.iter().find(|network| network.name == "bridge" && network.driver == "bridge")?;
    default.ipam.iter().filter_map(|ipam| ipam.gateway).find(IpAddr::is_ipv4)
}

/// With live-restore and containers that run, a start leaves networks as they are (daemon_unix.go `initNetworkController`).
pub fn kept_by_live_restore(host: &Snapshot) -> bool {
    let Some(api) = host.engine.api.ok() else { return false };
    let on = api.info.ok().is_some_and(|info| info.live_restore);
    let runs = api.containers.ok().is_some_and(|all| {
        all.iter()
            .any(|one| one.state == "running" && one.endpoints.iter().any(|e| e.addresses.iter().any(IpAddr::is_ipv4)))
    });
    on && runs
}
