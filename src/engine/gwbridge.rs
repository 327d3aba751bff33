//! docker_gwbridge, by which leaves a host what is on overlay networks alone: who needs it here, and what keeps the engine from making it.
//!
//! The engine looks for a network of that name, whatever its driver and options, and uses it as it is; only where there is none it makes one, and takes its
//! subnet like that of any network without `--subnet` (v20.10.24 vendor/github.com/docker/libnetwork/default_gateway.go, v26.1.5 and v28.5.2
//! libnetwork/default_gateway.go, `setupDefaultGW`, `defaultGwNetwork`; default_gateway_linux.go, `createGWNetwork`).

mod attached;

pub use attached::{Unattached, ingress_never_made, unattached};

use super::rules::{OwnChain, chains};
use super::swarm::is_member;
use super::way_out::has_gateway;
use super::{Version, next, own_process};
use crate::host::{
    Container, Family, Firewall, GWBRIDGE, IptablesDump, Link, LogLine, Missing, Network, Snapshot, SwarmTask, rfc3339,
};
use crate::text::text;

/// The sandbox of published ports.
pub const INGRESS_SANDBOX: &str = "ingress-sbox";

/// Who cannot do without docker_gwbridge on this host.
#[derive(Clone, Debug, PartialEq)]
pub enum Need<'a> {
    /// A running container on this overlay network, and on none that gives it a way out.
    Container(&'a Container, &'a Network),
    /// The ingress network is on this node, and its sandbox has no other way out either.
    Ingress,
    /// Since it started the engine said that it could not make it, or not attach to it.
    Logged(Failure<'a>),
    /// A manager knows of a task of this node that failed for it.
    Task(&'a SwarmTask, Failure<'a>),
}

/// The engine's word about docker_gwbridge.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure<'a> {
    /// The whole line, or the task's error.
    pub line: &'a str,
    /// What stands behind the marker: the reason itself.
    pub words: String,
}

impl Failure<'_> {
    /// Whether the ingress network could not be made for it: the engine tries that again only when its managers tell it something new of its node (v28.5.2
    /// daemon/cluster/executor/container/executor.go `Configure`), while a task fails with the same words again and again.
    pub fn is_of_ingress(&self) -> bool {
        self.line.contains("ngress network")
    }

    /// Whether there was no docker_gwbridge; else it was there, and who needs it did not come on it.
    pub fn is_of_the_network(&self) -> bool {
        self.line.contains(MARKERS[0])
    }
}

/// What keeps the engine from making docker_gwbridge, in the order in which it meets them.
#[derive(Clone, Debug, PartialEq)]
pub enum Obstacle<'a> {
    /// No address pool is free.
    NothingFree,
    /// Another network of the bridge driver calls its bridge docker_gwbridge: `networks have same bridge name`.
    BridgeOf(&'a Network),
    /// A link of that name that is none of the kernel's bridges: `existing interface docker_gwbridge is not a bridge`.
    NotABridge(&'a Link),
    /// `enable_icc=false` needs br_netfilter, which is not loaded; whether it is among the kernel's modules.
    NoNetfilter { on_disk: bool },
    /// Chains in which it would put rules.
    NoChains(Vec<OwnChain>),
}

/// The network of that name. On a manager one of the swarm's, which is not on this node, does not count.
///
/// # Errors
/// [`Missing`] when the engine did not tell its networks.
pub fn gwbridge(host: &Snapshot) -> Result<Option<&Network>, Missing> {
    let networks = host.engine.api.get("engine.api")?.networks.get("engine.api.networks")?;
    Ok(networks.iter().find(|network| network.name == GWBRIDGE && network.scope != "swarm" && !network.config_only))
}

/// Everybody here who needs it. What only the engine's log tells is missing where it was not seen.
///
/// # Errors
/// [`Missing`] when the engine did not tell its networks, containers or part in a swarm.
pub fn needs<'a>(host: &'a Snapshot) -> Result<(Vec<Need<'a>>, Option<Missing>), Missing> {
    let api = host.engine.api.get("engine.api")?;
    let networks = api.networks.get("engine.api.networks")?;
    let containers = api.containers.get("engine.api.containers")?;
    let swarm = &api.info.get("engine.api.info")?.swarm;
    let running = containers.iter().filter(|container| container.state == "running");
    let mut needs: Vec<Need<'a>> = running
        .filter_map(|container| overlay_alone(networks, container).map(|network| Need::Container(container, network)))
        .collect();
    if ingress_here(host).is_some_and(|network| !is_younger(host, network, COMES_IN)) {
        needs.push(Need::Ingress);
    }
    let own = |task: &&SwarmTask| !swarm.node_id.is_empty() && task.node_id == swarm.node_id;
    let tasks = swarm.tasks.ok().into_iter().flatten().filter(own);
    needs.extend(
        tasks
            .filter(|task| since_start(host, task.at))
            .filter_map(|task| Some(Need::Task(task, failure(&task.error)?))),
    );
    let (logged, missing) = logged(host);
    needs.extend(logged.into_iter().map(Need::Logged));
    Ok((needs, missing.filter(|_| is_member(swarm))))
}

/// The ingress network, where this node takes part in it: it has its way in by docker_gwbridge, from the start or never.
pub fn ingress_here(host: &Snapshot) -> Option<&Network> {
    let api = host.engine.api.ok()?;
    let (swarm, networks) = (&api.info.ok()?.swarm, api.networks.ok()?);
    is_member(swarm).then_some(networks)?.iter().find(|network| network.ingress && is_here(network, swarm.manager))
}

/// How long the engine takes, in seconds, to attach who needs it to a docker_gwbridge that is new.
const SETTLES_IN: u64 = 10;

/// How long docker_gwbridge itself may be behind the ingress network, in seconds: the manager tells that network from `swarm init` on, the node takes part in it
/// some time later. On a host with a load of ten for each CPU it was more than ten seconds.
const COMES_IN: u64 = 30;

/// Whether a network was only just made.
fn is_new(host: &Snapshot, network: &Network) -> bool {
    is_younger(host, network, SETTLES_IN)
}

fn is_younger(host: &Snapshot, network: &Network, seconds: u64) -> bool {
    let since = host.taken_at.saturating_sub(seconds) * 1_000_000;
    rfc3339::microseconds(&network.created).is_some_and(|created| host.taken_at > 0 && created > since)
}

/// Whether the engine is still at what it does as it starts. The process tells milliseconds.
fn has_just_started(host: &Snapshot) -> bool {
    let since = host.taken_at.saturating_sub(SETTLES_IN) * 1000;
    own_process(host).is_some_and(|process| process.started_at > since)
}

/// The overlay network of a container that needs docker_gwbridge: the engine passes over internal networks, `null` and `host`, and asks whether any other
/// gives a gateway (`needDefaultGW` of the same files).
pub fn overlay_alone<'a>(networks: &'a [Network], container: &'a Container) -> Option<&'a Network> {
    let on = |endpoint: &'a crate::host::Endpoint| {
        let network = networks.iter().find(|network| network.id == endpoint.network_id)?;
        Some((network, endpoint))
    };
    // On a network that was not told it may have its way out.
    let mut on: Vec<_> = container.endpoints.iter().map(on).collect::<Option<_>>()?;
    on.retain(|(network, _)| {
        !network.internal && !matches!(network.driver.as_str(), "null" | "host") && network.name != GWBRIDGE
    });
    let leaves = |(network, endpoint): &(&Network, &crate::host::Endpoint)| {
        [Family::V4, Family::V6].into_iter().any(|family| has_gateway(network, endpoint, family))
    };
    if on.iter().any(leaves) {
        return None;
    }
    on.retain(|(network, _)| network.driver == "overlay");
    on.first().map(|(network, _)| *network)
}

/// Whether a network of the swarm is on this node: a worker lists no other, a manager all of them.
fn is_here(network: &Network, manager: bool) -> bool {
    match &network.members {
        Some(members) => members.iter().any(|member| member.id == INGRESS_SANDBOX || member.name == "ingress-endpoint"),
        None => !manager,
    }
}

/// What of the log of the running engine is about docker_gwbridge, newest first; each reason once for tasks, and once for the ingress network.
fn logged(host: &Snapshot) -> (Vec<Failure<'_>>, Option<Missing>) {
    let unit = host.engine.unit.ok().and_then(Option::as_ref).and_then(|unit| unit.log.ok());
    let (own, missing) = match host.engine.swarm_log.get("engine.swarm_log") {
        Ok(log) => (Some(log), None),
        Err(missing) => (None, Some(missing)),
    };
    let lines = own.into_iter().chain(unit).flatten().filter(|line: &&LogLine| since_start(host, line.at));
    let mut lines: Vec<(u64, Failure)> = lines.filter_map(|line| Some((line.at, failure(&line.message)?))).collect();
    lines.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let mut told: Vec<Failure> = Vec::new();
    for (_, line) in lines {
        if !told.iter().any(|known| (&known.words, known.is_of_ingress()) == (&line.words, line.is_of_ingress())) {
            told.push(line);
        }
    }
    (told, missing)
}

/// Of the engine that runs: microseconds since the epoch, against the milliseconds of its start.
fn since_start(host: &Snapshot, at: u64) -> bool {
    own_process(host).is_some_and(|process| at / 1000 >= process.started_at)
}

/// Before what the engine says of why it could not make docker_gwbridge, and of why a container or the ingress sandbox is not on it.
const MARKERS: [&str; 3] = [
    "error creating external connectivity network: ",
    "endpoint create on GW Network failed: ",
    "endpoint join on GW Network failed: ",
];

/// What a line of the log, or a task's error, says of docker_gwbridge.
pub fn failure(line: &str) -> Option<Failure<'_>> {
    let words = MARKERS.iter().find_map(|marker| line.split_once(marker))?.1;
    let mut said = String::new();
    let mut escaped = false;
    for character in words.chars() {
        match character {
            '\\' if !escaped => escaped = true,
            // The field of logrus ends; one that is part of the words is escaped.
            '"' if !escaped && line.contains("=\"") => break,
            other => {
                said.push(other);
                escaped = false;
            }
        }
    }
    Some(Failure { line, words: said.trim_end().to_owned() })
}

/// What stops the running engine of that version, and what of it could not be told. `keeps_rules`: its firewall rules are not switched off.
pub fn obstacles(host: &Snapshot, version: Version, keeps_rules: bool) -> (Vec<Obstacle<'_>>, Vec<Missing>) {
    let mut answers = vec![nothing_free(host), bridge_of(host), not_a_bridge(host)];
    if keeps_rules {
        answers.extend([no_netfilter(host, version), no_chains(host, version)]);
    }
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for answer in answers {
        match answer {
            Ok(obstacle) => found.extend(obstacle),
            Err(why) => missing.push(why),
        }
    }
    (found, missing)
}

/// Whether another network's bridge, or a link that is none, is called docker_gwbridge: then a network of that bridge cannot be made.
pub fn is_name_taken(host: &Snapshot) -> bool {
    matches!(bridge_of(host), Ok(Some(_))) || matches!(not_a_bridge(host), Ok(Some(_)))
}

fn nothing_free(host: &Snapshot) -> Result<Option<Obstacle<'_>>, Missing> {
    let next = next::next(host, 0)?;
    if next.remaining > 0 && !next.remaining_certain {
        let why = next.doubts.into_iter().next();
        let why = why.unwrap_or_else(|| text!("the engine's address pools are not known", "无法得知引擎的地址池"));
        return Err(Missing { fact: "engine.pools", why });
    }
    Ok((next.remaining == 0).then_some(Obstacle::NothingFree))
}

/// v20.10.24 vendor/github.com/docker/libnetwork/drivers/bridge/bridge.go, v26.1.5 and v28.5.2 libnetwork/drivers/bridge/bridge_linux.go, `Conflicts`.
fn bridge_of(host: &Snapshot) -> Result<Option<Obstacle<'_>>, Missing> {
    let networks = host.engine.api.get("engine.api")?.networks.get("engine.api.networks")?;
    let of_that_bridge = |network: &&Network| {
        let here = network.driver == "bridge" && network.scope != "swarm" && !network.config_only;
        here && network.name != GWBRIDGE && network.link_name() == GWBRIDGE
    };
    Ok(networks.iter().find(of_that_bridge).map(Obstacle::BridgeOf))
}

/// v20.10.24 vendor/github.com/docker/libnetwork/drivers/bridge/interface.go, v26.1.5 and v28.5.2 libnetwork/drivers/bridge/interface_linux.go, `newInterface`.
/// A bridge that is there is taken over: its first IPv4 address makes place for the engine's (`setupBridgeIPv4`).
fn not_a_bridge(host: &Snapshot) -> Result<Option<Obstacle<'_>>, Missing> {
    let links = host.links.get("links")?;
    Ok(links.iter().find(|link| link.name == GWBRIDGE && !link.is_bridge()).map(Obstacle::NotABridge))
}

/// Only where the host forwards, and not inside a container of Docker's. Since 27.3 the engine loads the module itself (v27.2.1 and v27.3.0
/// libnetwork/drivers/bridge/setup_bridgenetfiltering.go, `enableBridgeNetFiltering`); before, only as it started (v26.1.5 bridge_linux.go, `configure`).
fn no_netfilter(host: &Snapshot, version: Version) -> Result<Option<Obstacle<'_>>, Missing> {
    let forwards = host.sysctls.get("sysctls")?.get("net.ipv4.ip_forward").is_some_and(|value| value == "1");
    if !forwards || host.profile.container.as_deref() == Some("docker") {
        return Ok(None);
    }
    let modules = host.modules.get("modules")?;
    let unknown = || Missing {
        fact: "modules",
        why: text!("whether br_netfilter can be loaded is not known", "无法得知能否加载内核模块 br_netfilter"),
    };
    if *modules.loaded.get("br_netfilter").ok_or_else(unknown)? {
        return Ok(None);
    }
    let on_disk = modules.on_disk.as_ref().and_then(|on_disk| on_disk.get("br_netfilter")).copied();
    if version.at_least(27, 3, 0) && on_disk.ok_or_else(unknown)? {
        return Ok(None);
    }
    Ok(Some(Obstacle::NoNetfilter { on_disk: on_disk.unwrap_or(false) }))
}

/// A rule for a chain that is not there fails, and with it the network: `Failed to Setup IP tables`, `No chain/target/match by that name`. DOCKER-USER
/// gets no rule of a network's.
fn no_chains(host: &Snapshot, version: Version) -> Result<Option<Obstacle<'_>>, Missing> {
    if !version.at_least(1, 13, 0) || writes_nftables(host) {
        return Ok(None);
    }
    let Some(theirs) = theirs(&host.firewall)? else { return Ok(None) };
    let mut gone: Vec<OwnChain> = chains(version);
    gone.retain(|chain| chain.name != "DOCKER-USER" && !theirs.iter().any(|dump| chain.is_in(dump)));
    Ok((!gone.is_empty()).then_some(Obstacle::NoChains(gone)))
}

fn writes_nftables(host: &Snapshot) -> bool {
    let info = host.engine.api.ok().and_then(|api| api.info.ok());
    info.and_then(|info| info.firewall_backend.as_deref()).is_some_and(|backend| backend.starts_with("nftables"))
}

/// The IPv4 tables of the variant of iptables that dockerd uses; none: it finds no iptables.
fn theirs(firewall: &Firewall) -> Result<Option<Vec<&IptablesDump>>, Missing> {
    let Some(variant) = firewall.iptables_variant.get("firewall.iptables_variant")? else { return Ok(None) };
    let dumps = match variant.as_str() {
        "legacy" => firewall.legacy.get("firewall.legacy")?,
        _ => firewall.nft_compat.get("firewall.nft_compat")?,
    };
    Ok(Some(dumps.iter().filter(|dump| dump.family == Family::V4).collect()))
}

#[cfg(test)]
mod tests;
