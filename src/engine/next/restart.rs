//! A host after the model's start of its engine.

use std::net::IpAddr;

use ipnet::IpNet;

use super::kernel::Kernel;
use super::start::{Start, start};
use super::world::told_networks;
use super::{failed_otherwise, fails_otherwise, has_engine, refusal};
use crate::engine::pools::{LocalPools, Pool};
use crate::engine::{Version, bridge_addresses};
use crate::host::{
    Api, ApiVersion, CommandLine, EngineKind, Fact, Info, IpamConfig, LogLine, Missing, Network, NetworkHistory,
    Process, Snapshot, date,
};
use crate::text::{Text, text};

/// The host after the model's start (or restart) of the engine: docker0, its routes and addresses, the engine's liveness; for simulation. Containers
/// and the firewall stay as they were.
///
/// # Errors
/// As [`super::next`].
pub fn restart(host: &Snapshot) -> Result<Snapshot, Missing> {
    has_engine(host)?;
    let version = refusal::version(host)?;
    let start = start(host, version)?;
    let mut after = host.clone();
    let bridge = super::world::default_bridge(host)?;
    let mut kernel = Kernel::of(&mut after)?;
    if !start.traces.kept && start.reached_the_network() {
        lay_default_bridge(&mut kernel, bridge.as_deref(), &start);
    }
    if start.reached_the_network() {
        for (name, address) in &start.traces.made_again {
            kernel.add_bridge(name);
            kernel.add(name, IpNet::V4(*address));
        }
        // Of each network it sets the bridge up, new or not, with its addresses (v28.5.2 libnetwork/drivers/bridge/bridge_linux.go `createNetwork`).
        for network in told_networks(host).into_iter().flatten().filter(|network| network.driver == "bridge") {
            let link = network.link_name();
            kernel.switch_on(&link);
            // The default one's stand above, or are those of the last run.
            for own in bridge_addresses(network).into_iter().filter(|_| network.name != "bridge") {
                if !kernel.addresses_of(&link).iter().any(|there| is_of_its_kind(*there, own)) {
                    kernel.add(&link, own);
                }
            }
        }
    }
    let networks = networks_after(host, bridge.as_deref(), &start);
    match &start.refused {
        Some(words) => failed(&mut after, words, networks),
        None => running(&mut after, version, networks, &start.traces.pools),
    }
    Ok(after)
}

/// Why the outcome of the next start is not certain; none where it is.
///
/// # Errors
/// As [`super::next`].
pub fn start_doubts(host: &Snapshot) -> Result<Vec<Text>, Missing> {
    has_engine(host)?;
    let start = start(host, refusal::version(host)?)?;
    let mut doubts = start.doubts;
    if start.refused.is_none() && fails_otherwise(host) {
        doubts.push(failed_otherwise());
    }
    Ok(doubts)
}

impl Start {
    /// Whether the start came as far as its networks.
    fn reached_the_network(&self) -> bool {
        self.refused.as_deref().is_none_or(|words| {
            words.starts_with(super::start::CONTROLLER) && !words.contains("error obtaining controller instance")
        })
    }
}

/// Of one family, and not the link-local address that each link has of IPv6.
fn is_of_its_kind(there: IpNet, wanted: IpNet) -> bool {
    match there {
        IpNet::V4(_) => wanted.addr().is_ipv4(),
        IpNet::V6(there) => wanted.addr().is_ipv6() && !there.addr().is_unicast_link_local(),
    }
}

fn lay_default_bridge(kernel: &mut Kernel, bridge: Option<&str>, start: &Start) {
    if start.traces.deletes_docker0 {
        kernel.delete("docker0");
    }
    let Some(name) = bridge else { return };
    if name == "docker0" && !start.addresses.is_empty() {
        kernel.add_bridge(name);
    }
    let wanted = &start.addresses;
    for gone in kernel.v4_of(name) {
        if !wanted.contains(&gone) {
            kernel.remove(name, IpNet::V4(gone));
        }
    }
    let there = kernel.v4_of(name);
    for own in wanted {
        if !there.contains(own) {
            kernel.add(name, IpNet::V4(*own));
        }
    }
}

/// What the engine's networks are then.
fn networks_after(host: &Snapshot, bridge: Option<&str>, start: &Start) -> Vec<Network> {
    let known = told_networks(host).or_else(|| host.engine.stored_networks.ok().map(Vec::as_slice));
    let mut networks = known.map(<[Network]>::to_vec).unwrap_or_default();
    if start.traces.kept || !start.reached_the_network() {
        return networks;
    }
    networks.retain(|network| network.name != "bridge");
    if let (Some(made), Some(name)) = (&start.docker0, bridge) {
        let options = [("com.docker.network.bridge.name".to_owned(), name.to_owned())];
        networks.push(Network {
            id: "bridge".to_owned(),
            name: "bridge".to_owned(),
            driver: "bridge".to_owned(),
            scope: "local".to_owned(),
            ipam_driver: "default".to_owned(),
            ipam: vec![IpamConfig {
                subnet: IpNet::V4(made.subnet),
                gateway: Some(IpAddr::V4(made.address)),
                ip_range: None,
            }],
            created: rfc3339(started_at(host) / 1000),
            options: options.into(),
            ..Network::default()
        });
    }
    networks
}

/// The moment of the start in milliseconds: when the snapshot was taken, and behind the last change of daemon.json.
fn started_at(host: &Snapshot) -> u64 {
    let changed = host.engine.daemon_json.ok().and_then(|file| file.modified).map_or(0, |changed| changed + 1);
    changed.max(host.taken_at.saturating_mul(1000))
}

fn failed(after: &mut Snapshot, words: &str, networks: Vec<Network>) {
    let at = started_at(after).saturating_mul(1000);
    let before = if words.starts_with("unable to configure") { "" } else { "failed to start daemon: " };
    let engine = &mut after.engine;
    if let Fact::Known { value: Some(unit), .. } = &mut engine.unit {
        "failed".clone_into(&mut unit.active_state);
        "failed".clone_into(&mut unit.sub_state);
        "exit-code".clone_into(&mut unit.result);
        unit.main_status = Some(1);
        unit.log = Fact::known(vec![LogLine { at, message: format!("{before}{words}") }]);
    }
    let own = engine.own_netns.ok().copied();
    if let Fact::Known { value, .. } = &mut engine.processes {
        value.retain(|process| process.nested == Some(true) || (own.is_some() && process.netns != own));
    }
    engine.api = Fact::Unreadable(text!("the engine did not start", "引擎未能启动"));
    engine.stored_networks = Fact::known(networks);
}

fn running(after: &mut Snapshot, version: Version, networks: Vec<Network>, pools: &LocalPools) {
    let started_at = started_at(after);
    let name = after.name.clone();
    let engine = &mut after.engine;
    if let Fact::Known { value: Some(unit), .. } = &mut engine.unit {
        "active".clone_into(&mut unit.active_state);
        "running".clone_into(&mut unit.sub_state);
        "success".clone_into(&mut unit.result);
        unit.restarts = 0;
    }
    let own = engine.own_netns.ok().copied();
    let line = engine.next_command_line.ok().cloned().unwrap_or_default();
    let CommandLine { program, flags, .. } = line;
    let process = Process {
        pid: 1,
        started_at,
        exe: program,
        exe_replaced: false,
        flags,
        netns: own,
        uid: 0,
        nested: Some(false),
    };
    let others = engine.processes.ok().cloned().unwrap_or_default().into_iter();
    let others = others.filter(|process| process.nested == Some(true) || (own.is_some() && process.netns != own));
    engine.processes = Fact::known(std::iter::once(process).chain(others).collect());
    let mut api = engine.api.ok().cloned().unwrap_or_else(|| Api {
        endpoint: "unix:///var/run/docker.sock".to_owned(),
        chosen_by: "default".to_owned(),
        version: ApiVersion { kind: EngineKind::Docker, ..ApiVersion::default() },
        info: Fact::known(Info { name, ..Info::default() }),
        networks: Fact::NotCollected,
        containers: Fact::known(Vec::new()),
        history: Fact::NotCollected,
    });
    api.version.engine = version.to_string();
    if let Fact::Known { value: info, .. } = &mut api.info {
        let set: &[Pool] = if pools.configured { &pools.pools } else { &[] };
        info.default_address_pools = set.iter().map(|pool| (pool.base, pool.size)).collect();
    }
    api.networks = Fact::known(networks);
    api.history = Fact::known(NetworkHistory { complete: true, events: Vec::new() });
    engine.api = Fact::known(api);
    engine.stored_networks = Fact::NotCollected;
}

/// Seconds since the Unix epoch as RFC 3339 writes them.
pub(super) fn rfc3339(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn times() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_795_226_584), "2026-11-21T02:03:04Z");
        assert_eq!(rfc3339(1_709_251_199), "2024-02-29T23:59:59Z");
    }
}
