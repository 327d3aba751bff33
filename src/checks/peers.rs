//! Container subnets that should be reachable from here: those of `--peer`, and with `--mesh` those of the other hosts.

use ipnet::IpNet;

use super::Scene;
use crate::engine::bridges;
use crate::host::Missing;

/// A subnet whose containers this host should reach.
pub struct PeerSubnet {
    /// The peer's address, or the name that its snapshot gives it.
    pub peer: String,
    pub subnet: IpNet,
    /// The option that declares it.
    pub declared_by: &'static str,
}

/// The subnets of all peers; what is not known of another host's bridges comes beside them.
pub fn subnets(scene: &Scene) -> (Vec<PeerSubnet>, Vec<Missing>) {
    let named =
        |peer: &super::Peer| PeerSubnet { peer: peer.host.to_string(), subnet: peer.subnet, declared_by: "--peer" };
    let mut subnets: Vec<PeerSubnet> = scene.options.peers.iter().map(named).collect();
    let mut missing = Vec::new();
    for other in scene.others.iter().filter(|_| scene.options.mesh) {
        let found = match bridges(other) {
            Ok(found) => found,
            Err(lacks) => {
                missing.push(lacks);
                continue;
            }
        };
        // Nobody outside asks for a container of an internal network, nor for one by its address on docker_gwbridge, where it is on
        // an overlay.
        let reachable = found.iter().filter(|bridge| {
            bridge.link_name != "docker_gwbridge" && !bridge.network.is_some_and(|network| network.internal)
        });
        subnets.extend(reachable.flat_map(|bridge| &bridge.connected).map(|subnet| PeerSubnet {
            peer: other.name.clone(),
            subnet: *subnet,
            declared_by: "--mesh",
        }));
    }
    (subnets, missing)
}
