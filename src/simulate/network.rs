//! Networks of the engine that come and go: what the engine tells of them, their bridges, and the rules without which nothing gets through.

use ipnet::IpNet;

use crate::action::Presence;
use crate::engine::next::Kernel;
use crate::engine::{rules, running_version};
use crate::host::{Fact, Family, IptablesDump, MTU_OPTION, Member, Missing, Network, Snapshot};

/// # Errors
/// [`Missing`] when the engine did not tell its networks, or links, addresses or routes were not seen.
pub(super) fn set(after: &mut Snapshot, network: &Network, to: Presence) -> Result<(), Missing> {
    let networks = networks(after)?;
    let is_it = |there: &Network| there.name == network.name && there.scope != "swarm";
    // An action's network has no id, by which a bridge without a name of its own is called.
    let network = &match to {
        Presence::Absent => networks.iter().find(|there| is_it(there)).unwrap_or(network).clone(),
        Presence::Present => {
            // One that no other has.
            let id = format!("{:0<64}", network.name.bytes().map(|byte| format!("{byte:02x}")).collect::<String>());
            Network { id, members: Some(Vec::new()), ..network.clone() }
        }
    };
    networks.retain(|there| there.name != network.name || there.scope == "swarm");
    networks.extend((to == Presence::Present).then(|| network.clone()));
    if let Fact::Known { value: stored, .. } = &mut after.engine.stored_networks {
        stored.retain(|there| there.name != network.name);
        stored.extend((to == Presence::Present).then(|| network.clone()));
    }
    if network.driver == "bridge" {
        let link = network.link_name();
        lay(after, network, &link, to)?;
        forget_rules(after, &link);
        if to == Presence::Present {
            add_rules(after, network);
        }
    }
    Ok(())
}

/// Who was on the network of that name comes back to the one of now, with its first addresses.
///
/// # Errors
/// [`Missing`] when the engine did not tell its networks.
pub(super) fn members(
    before: &Snapshot,
    after: &mut Snapshot,
    name: &str,
    names: &[String],
    to: Presence,
) -> Result<(), Missing> {
    let is_it = |network: &&Network| network.name == name && network.scope != "swarm";
    let was = before.engine.api.ok().and_then(|api| api.networks.ok()).into_iter().flatten().find(is_it);
    let were: Vec<Member> = was.and_then(|network| network.members.clone()).unwrap_or_default();
    let Some(network) = networks(after)?.iter_mut().find(|network| is_it(&&**network)) else { return Ok(()) };
    let subnet = network.v4_subnet();
    let members = network.members.get_or_insert_default();
    members.retain(|member| !names.contains(&member.name));
    if to == Presence::Present {
        // The first address is the gateway's.
        let mut free = subnet.into_iter().flat_map(|subnet| subnet.hosts().skip(1).map(move |host| (host, subnet)));
        for member in were.into_iter().filter(|member| names.contains(&member.name)) {
            let address = free.next().and_then(|(host, subnet)| IpNet::new(host, subnet.prefix_len()).ok());
            members.push(Member { addresses: address.into_iter().collect(), ..member });
        }
    }
    Ok(())
}

fn networks(host: &mut Snapshot) -> Result<&mut Vec<Network>, Missing> {
    host.engine.api.get("engine.api")?.networks.get("engine.api.networks")?;
    match &mut host.engine.api {
        Fact::Known { value: api, .. } => match &mut api.networks {
            Fact::Known { value: networks, .. } => Ok(networks),
            other => Err(super::missing("engine.api.networks", other)),
        },
        other => Err(super::missing("engine.api", other)),
    }
}

/// A bridge that was there before the network has its addresses exchanged, and stays when the network goes; whether it was is not told, and it matters to
/// nobody.
fn lay(after: &mut Snapshot, network: &Network, link: &str, to: Presence) -> Result<(), Missing> {
    let mut kernel = Kernel::of(after)?;
    if to == Presence::Absent {
        kernel.delete(link);
        return Ok(());
    }
    kernel.add_bridge(link);
    for old in kernel.v4_of(link) {
        kernel.remove(link, IpNet::V4(old));
    }
    for ipam in &network.ipam {
        if let Some(own) = ipam.gateway.and_then(|gateway| IpNet::new(gateway, ipam.subnet.prefix_len()).ok()) {
            kernel.add(link, own);
        }
    }
    if let (Some(mtu), Fact::Known { value: links, .. }) =
        (network.options.get(MTU_OPTION).and_then(|mtu| mtu.parse().ok()), &mut after.links)
    {
        links.iter_mut().filter(|there| there.name == link).for_each(|there| there.mtu = mtu);
    }
    Ok(())
}

fn dumps(after: &mut Snapshot) -> impl Iterator<Item = &mut IptablesDump> {
    let firewall = &mut after.firewall;
    let facts = [&mut firewall.legacy, &mut firewall.nft_compat];
    facts.into_iter().filter_map(|fact| if let Fact::Known { value, .. } = fact { Some(value) } else { None }).flatten()
}

/// Those that the engine itself wrote for a bridge of this name.
fn forget_rules(after: &mut Snapshot, link: &str) {
    let out = format!("-i {link} ");
    let back = format!("-o {link} ");
    let translates = format!(" ! -o {link} -j MASQUERADE");
    let own = |rule: &String| {
        let chain = rule.split(' ').nth(1).unwrap_or_default();
        let of_it = rule.contains(&out) || rule.contains(&back);
        match chain {
            "DOCKER-USER" => false,
            "FORWARD" => of_it && !rule.contains("--comment") && rule.starts_with("-A FORWARD -"),
            "POSTROUTING" => rule.ends_with(&translates),
            _ => of_it && chain.starts_with("DOCKER"),
        }
    };
    dumps(after).for_each(|dump| dump.rules.retain(|rule| !own(rule)));
}

/// In front of the other rules of their chains, behind the jumps by which the engine comes first; only where its chains are.
fn add_rules(after: &mut Snapshot, network: &Network) {
    let Some(version) = running_version(after) else { return };
    for ipam in &network.ipam {
        let family = if ipam.subnet.addr().is_ipv4() { Family::V4 } else { Family::V6 };
        for rule in rules::of_network(version, network, ipam.subnet) {
            let engines = |dump: &&mut IptablesDump| {
                dump.family == family
                    && dump.table == rule.table
                    && dump.chains.iter().any(|(name, _)| name == "DOCKER")
            };
            for dump in dumps(after).filter(engines) {
                if !dump.rules.contains(&rule.line) {
                    let at = place(dump, &rule.line);
                    dump.rules.insert(at, rule.line.clone());
                }
            }
        }
    }
}

fn place(dump: &IptablesDump, line: &str) -> usize {
    let chain = line.split(' ').nth(1).unwrap_or_default();
    let of_it = |rule: &String| rule.split(' ').nth(1) == Some(chain);
    let first = dump.rules.iter().position(of_it).unwrap_or(dump.rules.len());
    let jumps = |rule: &&String| of_it(rule) && rule.split(' ').nth(2) == Some("-j") && rule.contains(" DOCKER");
    first + dump.rules[first..].iter().take_while(jumps).count()
}
