//! docker_gwbridge as something to be made: the local bridge by which a host leaves what is on overlay networks alone.

use ipnet::IpNet;

use super::{Action, Presence};
use crate::host::{GWBRIDGE, GWBRIDGE_OPTIONS, IpamConfig, Network};

/// In place of a label's value that looks like a secret.
pub const MASKED: &str = "***";

/// The endpoint of the sandbox of published ports. Its name is the same after each start of the engine.
pub const INGRESS: &str = "gateway_ingress-sbox";

/// Before the names of all endpoints that the engine itself puts there (moby v28.5.2 libnetwork/default_gateway.go `setupDefaultGW`).
const OWN: &str = "gateway_";

/// The endpoint of a sandbox there, by the first twelve characters of its id (as [`OWN`]).
pub fn of(sandbox: &str) -> String {
    OWN.to_owned() + sandbox.get(..12).unwrap_or(sandbox)
}

/// Whether the engine put this endpoint there.
pub fn is_own(endpoint: &str) -> bool {
    endpoint.starts_with(OWN)
}

/// As the engine makes it, in this subnet with its first address as gateway.
pub fn made(subnet: IpNet) -> Network {
    Network {
        name: GWBRIDGE.to_owned(),
        driver: "bridge".to_owned(),
        scope: "local".to_owned(),
        ipam_driver: "default".to_owned(),
        ipam: vec![IpamConfig { subnet, gateway: subnet.hosts().next(), ip_range: None }],
        options: GWBRIDGE_OPTIONS.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        ..Network::default()
    }
}

/// Makes it where there is none.
pub fn create(network: Network) -> Action {
    swap(network, Presence::Absent)
}

/// Another one in the place of this one. Who is on it comes back with a restart of the engine, whose unit this is.
pub fn recreate(old: &Network, new: Network, unit: &str) -> Vec<Action> {
    let names: Vec<String> = old.members.iter().flatten().map(|member| member.name.clone()).collect();
    let mut actions = if names.is_empty() { Vec::new() } else { attach_anew(old, &names, unit) };
    let between = actions.len() / 2;
    actions.splice(between..between, [swap(old.clone(), Presence::Present), swap(new, Presence::Absent)]);
    actions
}

/// These are taken off and put back; the engine, whose unit this is, does so with its own as it starts.
pub fn attach_anew(network: &Network, names: &[String], unit: &str) -> Vec<Action> {
    [Presence::Present, Presence::Absent].map(|from| members(&network.name, names, unit, from)).into()
}

/// The sandbox of published ports on it again: a restart of the engine, whose unit this is, for which is waited.
pub fn ingress_again(unit: &str) -> Action {
    members(GWBRIDGE, &[INGRESS.to_owned()], unit, Presence::Absent)
}

fn members(network: &str, names: &[String], unit: &str, from: Presence) -> Action {
    let (network, unit) = (network.to_owned(), unit.to_owned());
    Action::Members { network, names: names.to_vec(), unit, from, to: from.other() }
}

fn swap(network: Network, from: Presence) -> Action {
    // Who is on it, its id and its age are no part of what it is.
    let network = Network { id: String::new(), created: String::new(), members: None, peers: Vec::new(), ..network };
    Action::Network { network: Box::new(network), from, to: from.other() }
}
