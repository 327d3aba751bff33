//! Which links are Docker's, and what the engine means them to be.

use ipnet::IpNet;

use super::settings::setting;
use super::{Whereabouts, whereabouts};
use crate::host::{GWBRIDGE, Link, Missing, Network, Snapshot};

/// A bridge of the engine: what the engine says of it, what the kernel has of it, or both.
#[derive(Clone, Debug)]
pub struct Bridge<'a> {
    /// The network's name (`bridge`, `web`), or the link's where no API told the network.
    pub name: &'a str,
    pub link_name: String,
    /// As the engine says; none without an API.
    pub network: Option<&'a Network>,
    /// None: the engine knows the network, the kernel has no such link.
    pub link: Option<&'a Link>,
    /// Prefixes connected on the link (its global addresses, masked), both families.
    pub connected: Vec<IpNet>,
}

/// Whether a network takes its subnets of the local address space: the built-in IPAM deals them out, whatever the driver. Overlays have a space
/// of their own.
pub fn is_local(network: &Network) -> bool {
    let built_in = matches!(network.ipam_driver.as_str(), "" | "default");
    built_in && !network.config_only && !matches!(network.driver.as_str(), "overlay" | "host" | "null")
}

/// Whether a link is Docker's by its name alone: `docker0`, `docker_gwbridge`, `br-` and 12 hexadecimal digits. `br-lan` is not.
fn is_dockers_by_name(link: &Link) -> bool {
    let id = |rest: &str| rest.len() == 12 && rest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    link.is_bridge()
        && (link.name == "docker0" || link.name == GWBRIDGE || link.name.strip_prefix("br-").is_some_and(id))
}

/// The link that the configuration's `bridge` gives to Docker, which its name does not show.
fn is_dockers_by_configuration(host: &Snapshot, link: &Link) -> bool {
    link.is_bridge() && matches!(setting(host, "bridge"), Ok(Some(bridge)) if bridge.value == link.name)
}

/// The engine's bridges of this network namespace. With an API that speaks for this host: its bridge networks, with or without
/// a link, and links that only their name shows to be Docker's (left behind). Without: those links alone, and the one that the
/// configuration names.
///
/// # Errors
/// [`Missing`] when links or addresses are not known.
pub fn bridges(host: &Snapshot) -> Result<Vec<Bridge<'_>>, Missing> {
    let links = host.links.get("links")?;
    let addresses = host.addresses.get("addresses")?;
    let connected = |link: &Link| {
        let mut prefixes: Vec<IpNet> = addresses
            .iter()
            .filter(|address| address.link == link.index && address.scope == "global")
            .map(|address| address.address.trunc())
            .collect();
        prefixes.sort();
        prefixes.dedup();
        prefixes
    };
    let networks: &[Network] = match host.engine.api.ok().and_then(|api| api.networks.ok()) {
        // Of an engine that may be elsewhere a missing link would prove nothing.
        Some(networks) if whereabouts(host) == Whereabouts::Here => networks,
        _ => &[],
    };
    let is_dockers =
        |link: &Link| is_dockers_by_name(link) || (networks.is_empty() && is_dockers_by_configuration(host, link));
    let mut found = Vec::new();
    for network in networks.iter().filter(|network| network.driver == "bridge" && !network.config_only) {
        let name = network.link_name();
        let link = links.iter().find(|link| link.name == name);
        // A network of the swarm gets its bridge on a node when a task of it comes there.
        if network.scope == "swarm" && link.is_none() {
            continue;
        }
        found.push(Bridge {
            name: &network.name,
            link_name: name,
            network: Some(network),
            link,
            connected: link.map(connected).unwrap_or_default(),
        });
    }
    for link in links.iter().filter(|link| is_dockers(link)) {
        if !found.iter().any(|bridge: &Bridge| bridge.link_name == link.name) {
            found.push(Bridge {
                name: &link.name,
                link_name: link.name.clone(),
                network: None,
                link: Some(link),
                connected: connected(link),
            });
        }
    }
    Ok(found)
}

impl Bridge<'_> {
    /// The default bridge network (`docker0`, or what `bridge` names).
    pub fn is_default(&self) -> bool {
        let by_configuration = || self.link.is_some_and(|link| !is_dockers_by_name(link));
        self.network
            .map_or_else(|| self.link_name == "docker0" || by_configuration(), |network| network.name == "bridge")
    }

    pub fn index(&self) -> Option<u32> {
        self.link.map(|link| link.index)
    }
}
