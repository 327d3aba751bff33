//! Engines of a time before networks had names (1.0 to 1.8): docker0 is all they have.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{Next, refusal};
use crate::engine::reserved::{ReservedBy, reserved};
use crate::engine::settings::setting;
use crate::engine::startup::parse_cidr;
use crate::engine::{Version, legacy};
use crate::host::{Missing, Snapshot};

/// The address of docker0 stays, else bip's, else one of the list (v1.0.0 and v1.6.0 daemon/networkdriver/bridge/driver.go; v1.7.1 libnetwork
/// drivers/bridge/setup_ipv4.go). No more of such an engine is foretold.
///
/// # Errors
/// [`Missing`] when links, addresses, routes, resolvers or the command line are not known.
pub(super) fn next(host: &Snapshot, version: Version) -> Result<Next, Missing> {
    let links = host.links.get("links")?;
    let addresses = host.addresses.get("addresses")?;
    let bridge = setting(host, "bridge")?.map_or("docker0", |bridge| bridge.value);
    let index = links.iter().find(|link| link.name == bridge).map(|link| link.index);
    let there = addresses.iter().find(|own| Some(own.link) == index && own.address.addr().is_ipv4());
    let said = setting(host, "bip")?.and_then(|bip| parse_cidr(bip.value).ok());
    let docker0 = match there.map(|own| own.address).or(said) {
        _ if bridge == "none" => None,
        Some(own) => Some(own.trunc()),
        None => {
            let reserved = reserved(host, version)?;
            let is_server = |by: &ReservedBy| matches!(by, ReservedBy::Nameserver { .. });
            let routes: Vec<IpNet> = reserved.iter().filter(|one| !is_server(&one.by)).map(|one| one.prefix).collect();
            let servers: Vec<IpAddr> =
                reserved.iter().filter(|one| is_server(&one.by)).map(|one| one.prefix.addr()).collect();
            legacy::elect(version, &routes, &servers).ok().map(|own| IpNet::V4(own.trunc()))
        }
    };
    Ok(Next {
        version,
        starts: None,
        start_error: None,
        docker0,
        networks: Vec::new(),
        certain: false,
        candidates: Vec::new(),
        doubts: vec![refusal::unsupported(version)],
        remaining: 0,
        remaining_certain: false,
    })
}
