//! Containers and networks in the words of docker(1).

use std::collections::BTreeMap;

use super::quoted;
use crate::host::Network;

pub(super) fn all(verb: &str, names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    format!("docker {verb} {}", names.join(" "))
}

/// All that `docker network create` needs to make this very network.
pub(super) fn create(network: &Network) -> String {
    let mut words = vec![format!("docker network create --driver {}", quoted(&network.driver))];
    words.extend(
        [(network.internal, "--internal"), (network.ipv6, "--ipv6")].iter().filter(|it| it.0).map(|it| it.1.into()),
    );
    if !matches!(network.ipam_driver.as_str(), "" | "default") {
        words.push(format!("--ipam-driver {}", quoted(&network.ipam_driver)));
    }
    for ipam in &network.ipam {
        words.push(format!("--subnet {}", ipam.subnet));
        words.extend(ipam.gateway.map(|gateway| format!("--gateway {gateway}")));
        words.extend(ipam.ip_range.map(|range| format!("--ip-range {range}")));
    }
    let pairs = |option: &'static str, all: &BTreeMap<String, String>| -> Vec<String> {
        all.iter().map(|(key, value)| format!("{option} {}", quoted(&format!("{key}={value}")))).collect()
    };
    words.extend(pairs("-o", &network.options));
    words.extend(pairs("--label", &network.labels));
    words.push(quoted(&network.name));
    words.join(" ")
}

pub(super) fn remove(name: &str) -> String {
    format!("docker network rm {}", quoted(name))
}

/// The names of endpoints: those of the engine's own sandboxes are no containers'.
pub(super) fn disconnect(network: &str, names: &[String]) -> Vec<String> {
    let network = quoted(network);
    names.iter().map(|name| format!("docker network disconnect -f {network} {}", quoted(name))).collect()
}
