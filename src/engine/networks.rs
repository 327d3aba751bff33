//! Which links are Docker's, and what the engine means them to be.

use std::net::IpAddr;

use ipnet::IpNet;

use super::settings::{is_true, setting};
use super::{Whereabouts, whereabouts};
use crate::host::{GWBRIDGE, IpamConfig, Link, Missing, Network, Snapshot};

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

/// The addresses that a network's bridge is to have, each with its subnet's length, as far as they are told or certain. A network may ask for none:
/// `--ipv4=false`, `inhibit_ipv4`, or the gateway mode `isolated` (moby v28.5.2 libnetwork/drivers/bridge/bridge_linux.go).
pub fn bridge_addresses(network: &Network) -> Vec<IpNet> {
    let is_wanted = |own: &IpNet| match own {
        IpNet::V4(_) => {
            !network.ipv4_disabled
                && !network.bridge_option("inhibit_ipv4").is_some_and(is_true)
                && network.bridge_option("gateway_mode_ipv4") != Some("isolated")
        }
        IpNet::V6(_) => network.ipv6 && network.bridge_option("gateway_mode_ipv6") != Some("isolated"),
    };
    let own = |ipam: &IpamConfig| IpNet::new(gateway(network, ipam)?, ipam.subnet.prefix_len()).ok();
    network.ipam.iter().filter_map(own).filter(is_wanted).collect()
}

/// The engine tells none where somebody gave a subnet without a gateway (v28.5.2 daemon/network.go `buildIPAMResources`), nor 20.10 that of a docker0 whose
/// subnet it elected itself (seen on 20.10.24): its own IPAM takes the first address. What containers have as gateway may be another machine
/// (`default-gateway`).
fn gateway(network: &Network, ipam: &IpamConfig) -> Option<IpAddr> {
    let v4 = ipam.subnet.addr().is_ipv4();
    let is_certain = is_local(network) && ipam.ip_range.is_none() && (v4 || network.name != "bridge");
    // `hosts` of an IPv6 subnet begins with the subnet's own address.
    ipam.gateway.or_else(|| ipam.subnet.hosts().nth(usize::from(!v4)).filter(|_| is_certain))
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
