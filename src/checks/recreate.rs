//! Making a network of the engine again as it was, with further options: an engine changes none of a network that is there.

use super::configuration::quoted;
use super::here::Here;
use crate::engine::Bridge;
use crate::host::Family;

/// The commands; containers keep their addresses. `options`: keys below `com.docker.network.bridge.`. None: the engine does not tell this network.
pub fn commands(here: &Here, bridge: &Bridge, options: &[(&str, String)]) -> Option<Vec<String>> {
    let network = bridge.network?;
    let containers = here.containers().ok()?;
    let name = quoted(&network.name);
    let mut create = vec!["docker network create".to_owned()];
    create.extend(network.internal.then(|| "--internal".to_owned()));
    create.extend(network.ipv6.then(|| "--ipv6".to_owned()));
    for ipam in &network.ipam {
        create.push(format!("--subnet {}", ipam.subnet));
        create.extend(ipam.gateway.map(|gateway| format!("--gateway {gateway}")));
        create.extend(ipam.ip_range.map(|range| format!("--ip-range {range}")));
    }
    let full = |key: &str| format!("com.docker.network.bridge.{key}");
    let kept = network.options.iter().filter(|(key, _)| {
        key.starts_with("com.docker.network.") && !options.iter().any(|(other, _)| full(other) == **key)
    });
    create.extend(kept.map(|(key, value)| format!("-o {}", quoted(&format!("{key}={value}")))));
    create.extend(options.iter().map(|(key, value)| format!("-o {}", quoted(&format!("{}={value}", full(key))))));
    create.push(name.clone());
    let members = || {
        containers.iter().filter_map(|one| {
            let end = one.endpoints.iter().find(|end| end.network_id == network.id)?;
            Some((quoted(&one.name), end))
        })
    };
    let mut commands: Vec<String> =
        members().map(|(container, _)| format!("docker network disconnect -f {name} {container}")).collect();
    commands.push(format!("docker network rm {name}"));
    commands.push(create.join(" "));
    commands.extend(members().map(|(container, end)| {
        let addresses = end.addresses.iter().map(|address| match Family::of(*address) {
            Family::V4 => format!("--ip {address} "),
            Family::V6 => format!("--ip6 {address} "),
        });
        format!("docker network connect {}{name} {container}", addresses.collect::<String>())
    }));
    Some(commands)
}
