//! The engine's model started on a host, with what follows from it for containers, rules and forwarding.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::action::gateway;
use crate::engine::gwbridge::{INGRESS_SANDBOX, gwbridge, unattached};
use crate::engine::next::{Kernel, restart};
use crate::engine::settings::{setting, switched};
use crate::engine::{Liveness, Version, liveness, next_version};
use crate::host::{Container, Fact, Family, Firewall, IptablesDump, Member, Missing, Snapshot};

/// `before`: as it was seen; `staged`: with its files changed and its engine about to start.
///
/// # Errors
/// As [`restart`].
pub(super) fn restarted(before: &Snapshot, staged: &Snapshot) -> Result<Snapshot, Missing> {
    let mut after = restart(staged)?;
    if liveness(&after) != Liveness::Running {
        return Ok(after);
    }
    forward(&mut after)?;
    let moved = moved(before, &after);
    for (name, (_, to)) in &moved {
        readdress(&mut after, name, *to);
    }
    reattach(before, &mut after)?;
    rules(&mut after, &moved);
    attach(&mut after);
    Ok(after)
}

/// An engine that starts switches forwarding on, unless `ip-forward` is false, and sets the policy of FORWARD to DROP when it found it off
/// (`setupIPForwarding`, v20.10.24 and v28.5.2 libnetwork/drivers/bridge/setup_ip_forwarding.go).
fn forward(after: &mut Snapshot) -> Result<(), Missing> {
    if !switched(after, "ip-forward", true)? {
        return Ok(());
    }
    let is_off =
        |sysctls: &BTreeMap<String, String>| sysctls.get("net.ipv4.ip_forward").is_some_and(|said| said == "0");
    if after.sysctls.ok().is_some_and(is_off) {
        super::set_sysctl(after, "net.ipv4.ip_forward", "1")?;
        guard(after)?;
    }
    Ok(())
}

/// Since 1.13, where the engine keeps rules; since 28.0 unless `ip-forward-no-drop` is on. With nftables it sets none (29). Where its rules are not
/// there yet, the model puts in none either.
fn guard(after: &mut Snapshot) -> Result<(), Missing> {
    let version = next_version(after)?;
    let by_nftables = setting(after, "firewall-backend").ok().flatten().is_some_and(|said| said.value == "nftables");
    if version < Version::new(1, 13, 0)
        || by_nftables
        || !switched(after, "iptables", true)?
        || switched(after, "ip-forward-no-drop", false)?
    {
        return Ok(());
    }
    let legacy = after.firewall.iptables_variant.ok().is_some_and(|variant| variant.as_deref() == Some("legacy"));
    let Firewall { legacy: old, nft_compat: new, .. } = &mut after.firewall;
    let Fact::Known { value: dumps, .. } = (if legacy { old } else { new }) else { return Ok(()) };
    let engines = |dump: &&mut IptablesDump| {
        let jumps = dump.rules.iter().any(|rule| rule.starts_with("-A FORWARD ") && rule.contains(" -j DOCKER"));
        dump.family == Family::V4 && dump.table == "filter" && jumps
    };
    let forward =
        dumps.iter_mut().find(engines).and_then(|it| it.chains.iter_mut().find(|(name, _)| name == "FORWARD"));
    if let Some((_, policy)) = forward {
        "DROP".clone_into(policy);
    }
    Ok(())
}

/// Networks whose IPv4 subnet is another one: by name, from and to.
fn moved(before: &Snapshot, after: &Snapshot) -> BTreeMap<String, (IpNet, IpNet)> {
    let of = |host: &Snapshot| -> BTreeMap<String, IpNet> {
        let networks = host.engine.api.ok().and_then(|api| api.networks.ok()).into_iter().flatten();
        networks.filter_map(|network| Some((network.name.clone(), network.v4_subnet()?))).collect()
    };
    let was = of(before);
    let now = of(after).into_iter();
    now.filter_map(|(name, to)| was.get(&name).filter(|from| **from != to).map(|from| (name.clone(), (*from, to))))
        .collect()
}

/// Containers that start again on a network get its first free addresses.
fn readdress(after: &mut Snapshot, network: &str, to: IpNet) {
    let Fact::Known { value: api, .. } = &mut after.engine.api else { return };
    let gateway = api.networks.ok().into_iter().flatten().find(|one| one.name == network);
    let gateway = gateway.and_then(|one| one.ipam.iter().find(|ipam| ipam.subnet == to)).and_then(|ipam| ipam.gateway);
    let Fact::Known { value: containers, .. } = &mut api.containers else { return };
    let mut free = hosts(to).filter(|address| Some(*address) != gateway);
    let running = |one: &&mut Container| matches!(one.state.as_str(), "running" | "paused" | "restarting");
    for end in containers.iter_mut().filter(running).flat_map(|one| &mut one.endpoints) {
        if end.network != network {
            continue;
        }
        for address in end.addresses.iter_mut().filter(|address| address.is_ipv4()) {
            if let Some(next) = free.next() {
                *address = next;
            }
        }
        for old in end.gateways.iter_mut().filter(|address| address.is_ipv4()) {
            *old = gateway.unwrap_or(*old);
        }
    }
}

fn hosts(subnet: IpNet) -> impl Iterator<Item = IpAddr> {
    subnet.hosts().take(4096)
}

/// Ports of bridges that were made again: the containers behind them are started again.
fn reattach(before: &Snapshot, after: &mut Snapshot) -> Result<(), Missing> {
    let links = before.links.get("links")?;
    let bridges: Vec<(&str, Vec<u32>)> = links
        .iter()
        .filter(|link| link.is_bridge())
        .map(|bridge| {
            let ports = links.iter().filter(|port| port.master == Some(bridge.index) && port.is_container_veth());
            (bridge.name.as_str(), ports.map(|port| port.index).collect())
        })
        .collect();
    let mut kernel = Kernel::of(after)?;
    for (bridge, ports) in bridges {
        if !ports.is_empty() && kernel.ports_of(bridge).is_empty() {
            kernel.enslave(&ports, bridge);
        }
    }
    Ok(())
}

/// What is on overlay networks alone, and the sandbox of published ports, are on docker_gwbridge once they have started anew.
fn attach(after: &mut Snapshot) {
    let Ok(Some(network)) = gwbridge(after) else { return };
    let lacking = unattached(after, network);
    let endpoint = |id: &str, name: String| Member { id: id.to_owned(), name, addresses: Vec::new() };
    let containers = lacking.containers.iter().map(|(one, _)| endpoint(&one.id, gateway::of(&one.id)));
    let sandbox = lacking.ingress.then(|| endpoint(INGRESS_SANDBOX, gateway::INGRESS.to_owned()));
    let (id, members): (_, Vec<Member>) = (network.id.clone(), containers.chain(sandbox).collect());
    if members.is_empty() {
        return;
    }
    let Fact::Known { value: api, .. } = &mut after.engine.api else { return };
    let Fact::Known { value: networks, .. } = &mut api.networks else { return };
    for network in networks.iter_mut().filter(|network| network.id == id) {
        network.members.get_or_insert_default().extend(members.iter().cloned());
    }
}

/// The engine's own rules follow its networks' subnets.
fn rules(after: &mut Snapshot, moved: &BTreeMap<String, (IpNet, IpNet)>) {
    let firewall = &mut after.firewall;
    for fact in [&mut firewall.legacy, &mut firewall.nft_compat] {
        let Fact::Known { value: dumps, .. } = fact else { continue };
        for rule in dumps.iter_mut().flat_map(|dump| &mut dump.rules) {
            for (from, to) in moved.values() {
                let old = format!(" {from} ");
                if rule.contains(&old) && rule.contains(" -j MASQUERADE") {
                    *rule = rule.replace(&old, &format!(" {to} "));
                }
            }
        }
    }
}
