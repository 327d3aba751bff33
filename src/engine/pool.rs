//! The subnet that the default bridge will have.

use ipnet::{IpNet, Ipv4Net};

use super::settings::{Setting, setting};
use super::startup::parse_cidr;
use super::{Version, next};
use crate::host::{Missing, Snapshot};
use crate::text::text;

/// Where the default bridge's subnet comes from.
#[derive(Clone, Debug)]
pub enum PoolSource<'a> {
    Bip(Setting<'a>),
    /// The address that the link has already.
    Link(String),
}

/// The default bridge's IPv4 subnet at the next start, where it follows from bip or from the link's address (`initBridgeDriver` in
/// daemon/daemon_unix.go). None: the engine will choose one.
///
/// # Errors
/// [`Missing`] when a setting, links or addresses are not known.
pub fn default_pool(host: &Snapshot, version: Version) -> Result<Option<(Ipv4Net, PoolSource<'_>)>, Missing> {
    if let Some(bip) = setting(host, "bip")? {
        return Ok(match parse_cidr(bip.value) {
            Ok(IpNet::V4(prefix)) => Some((prefix.trunc(), PoolSource::Bip(bip))),
            _ => None,
        });
    }
    let bridge = setting(host, "bridge")?;
    let name = bridge.map_or("docker0", |bridge| bridge.value);
    if name == "none" {
        return Ok(None);
    }
    if bridge.is_none() && pools_are_set(host)? && version.at_least(18, 6, 0) && next::deletes_docker0(host)? {
        // Its subnet is chosen anew (`removeDefaultBridgeInterface`).
        return Err(Missing {
            fact: "engine.daemon_json",
            why: text!(
                "with default-address-pools the engine chooses the subnet of docker0 anew at every start",
                "设置了 default-address-pools 时，引擎每次启动都会重新选择 docker0 的子网"
            ),
        });
    }
    let links = host.links.get("links")?;
    let addresses = host.addresses.get("addresses")?;
    let Some(link) = links.iter().find(|link| link.name == name) else { return Ok(None) };
    let own = addresses.iter().filter(|address| address.link == link.index).find_map(|address| match address.address {
        IpNet::V4(prefix) => Some(prefix),
        IpNet::V6(_) => None,
    });
    Ok(own.map(|prefix| (prefix.trunc(), PoolSource::Link(name.to_owned()))))
}

/// Whether `default-address-pools` says something, of use or not.
pub(super) fn pools_are_set(host: &Snapshot) -> Result<bool, Missing> {
    let file = super::settings::readable_file(host)?;
    let in_flags = host
        .engine
        .next_command_line
        .ok()
        .is_some_and(|line| line.flags.iter().any(|flag| flag.name == "default-address-pool"));
    Ok(in_flags || file.key("/default-address-pools/0").is_some())
}
