//! By which of its networks a container sends what.

use std::cmp::Reverse;
use std::net::IpAddr;

use super::{Version, running_version};
use crate::host::{Container, Endpoint, Family, GWBRIDGE, Network, Snapshot};

/// The networks on which a container has an address of that family, with it.
pub fn attached<'a>(
    networks: &'a [Network],
    container: &'a Container,
    family: Family,
) -> Vec<(&'a Network, &'a Endpoint, IpAddr)> {
    let on = |endpoint: &'a Endpoint| {
        let network = networks.iter().find(|network| network.id == endpoint.network_id)?;
        let address = endpoint.addresses.iter().find(|address| Family::of(**address) == family)?;
        Some((network, endpoint, *address))
    };
    container.endpoints.iter().filter_map(on).collect()
}

/// The network by which a container's own routes send a packet: the one that the destination is on, else the one of its default
/// route. None: it has no route there.
///
/// Routes that somebody set inside the container are not seen.
pub fn way_out<'a>(
    host: &Snapshot,
    networks: &'a [Network],
    container: &'a Container,
    destination: IpAddr,
) -> Option<(&'a Network, IpAddr)> {
    let family = Family::of(destination);
    let on_link = |network: &Network| {
        let around = network.ipam.iter().filter(|config| config.subnet.contains(&destination));
        around.map(|config| config.subnet.prefix_len()).max()
    };
    let attached = attached(networks, container, family);
    let nearest = attached.iter().filter_map(|(network, _, address)| Some((on_link(network)?, *network, *address)));
    if let Some((_, network, address)) = nearest.max_by_key(|(length, network, _)| (*length, Reverse(&network.name))) {
        return Some((network, address));
    }
    let gateway = gateway(host, networks, container, family)?;
    attached.into_iter().find(|(network, ..)| network.id == gateway.id).map(|(network, _, address)| (network, address))
}

/// The network whose gateway a container's default route of that family names. Since 28 the first that has both families, else the first
/// that has this one (moby v28.5.2 libnetwork/default_gateway.go `selectGatewayEndpoint`); before, the first with an IPv4 gateway, for both
/// (v26.1.5, the same file, `getGatewayEndpoint`).
fn gateway<'a>(
    host: &Snapshot,
    networks: &'a [Network],
    container: &'a Container,
    family: Family,
) -> Option<&'a Network> {
    let of = |endpoint: &'a Endpoint| {
        let network = networks.iter().find(|network| network.id == endpoint.network_id)?;
        let has = |family| has_gateway(network, endpoint, family);
        Some((network, endpoint, has(Family::V4), has(Family::V6)))
    };
    let mut order: Vec<_> = container.endpoints.iter().filter_map(of).collect();
    // moby v28.5.2 libnetwork/sandbox.go, `Less`; before 28 there is no priority, and an IPv6 gateway weighs more.
    order.sort_by_key(|(network, endpoint, v4, v6)| {
        let gateways = usize::from(*v4) + usize::from(*v6);
        let is_gwbridge = network.name == GWBRIDGE;
        (Reverse(endpoint.gateway_priority), is_gwbridge, network.internal, Reverse(gateways), network.name.as_str())
    });
    let since_28 = running_version(host).is_none_or(|version| version >= Version::new(28, 0, 0));
    let found = if since_28 {
        let both = order.iter().find(|(.., v4, v6)| *v4 && *v6);
        both.or_else(|| order.iter().find(|(.., v4, v6)| if family == Family::V4 { *v4 } else { *v6 }))
    } else {
        order.iter().find(|(.., v4, _)| *v4).filter(|(.., v6)| family == Family::V4 || *v6)
    };
    found.map(|(network, ..)| *network)
}

/// What the engine says; where it said no gateway at all, as in snapshots of dnetctl 0.1, that every network has one but internal ones
/// and overlays, whose way out is docker_gwbridge.
pub(super) fn has_gateway(network: &Network, endpoint: &Endpoint, family: Family) -> bool {
    if matches!(network.driver.as_str(), "null" | "host") || network.internal {
        return false;
    }
    let of_family = |address: &IpAddr| Family::of(*address) == family;
    if endpoint.gateways.is_empty() {
        return network.driver != "overlay" && endpoint.addresses.iter().any(of_family);
    }
    endpoint.gateways.iter().any(of_family)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Api, ApiVersion, EngineKind, Fact, IpamConfig};

    fn network(name: &str, subnets: &[&str]) -> Network {
        let ipam =
            subnets.iter().map(|subnet| IpamConfig { subnet: subnet.parse().unwrap(), gateway: None, ip_range: None });
        Network {
            id: name.into(),
            name: name.into(),
            driver: "bridge".into(),
            ipam: ipam.collect(),
            ..Network::default()
        }
    }

    fn endpoint(network: &str, addresses: &[&str], gateways: &[&str], priority: i64) -> Endpoint {
        let parsed = |said: &[&str]| said.iter().map(|one| one.parse().unwrap()).collect();
        Endpoint {
            network: network.into(),
            network_id: network.into(),
            addresses: parsed(addresses),
            gateways: parsed(gateways),
            gateway_priority: priority,
        }
    }

    fn out(engine: &str, networks: &[Network], endpoints: &[Endpoint], to: &str) -> Option<String> {
        let mut host = Snapshot::empty("a");
        host.engine.api = Fact::known(Api {
            endpoint: String::new(),
            chosen_by: "default".into(),
            version: ApiVersion { kind: EngineKind::Docker, engine: engine.into(), ..ApiVersion::default() },
            info: Fact::NotCollected,
            networks: Fact::NotCollected,
            containers: Fact::NotCollected,
            history: Fact::NotCollected,
        });
        let container = Container { endpoints: endpoints.to_vec(), ..Container::default() };
        way_out(&host, networks, &container, to.parse().unwrap())
            .map(|(network, address)| format!("{} {address}", network.name))
    }

    #[test]
    fn a_container_of_several_networks_leaves_by_one() {
        let networks = [network("b", &["10.1.0.0/16"]), network("a", &["10.2.0.0/16"]), network("z", &["10.3.0.0/16"])];
        let endpoints = [
            endpoint("b", &["10.1.0.2"], &["10.1.0.1"], 0),
            endpoint("a", &["10.2.0.2"], &["10.2.0.1"], 0),
            endpoint("z", &["10.3.0.2"], &["10.3.0.1"], 7),
        ];
        assert_eq!(out("28.5.2", &networks, &endpoints, "10.1.9.9").as_deref(), Some("b 10.1.0.2"), "on-link");
        assert_eq!(out("28.5.2", &networks, &endpoints, "9.9.9.9").as_deref(), Some("z 10.3.0.2"), "by priority");
        let plain = endpoints.map(|one| Endpoint { gateway_priority: 0, ..one });
        assert_eq!(out("26.1.5", &networks, &plain, "9.9.9.9").as_deref(), Some("a 10.2.0.2"), "by name");
    }

    #[test]
    fn an_internal_network_is_no_way_out() {
        let closed = Network { internal: true, ..network("a", &["10.2.0.0/16"]) };
        let endpoints = [endpoint("a", &["10.2.0.2"], &[], 0)];
        assert_eq!(out("26.1.5", std::slice::from_ref(&closed), &endpoints, "9.9.9.9"), None);
        let both = [closed, network("b", &["10.1.0.0/16"])];
        let endpoints = [endpoints[0].clone(), endpoint("b", &["10.1.0.2"], &["10.1.0.1"], 0)];
        assert_eq!(out("26.1.5", &both, &endpoints, "9.9.9.9").as_deref(), Some("b 10.1.0.2"));
    }

    #[test]
    fn a_network_of_both_families_wins() {
        let networks = [network("a", &["10.1.0.0/16"]), network("six", &["10.2.0.0/16", "fd00::/64"])];
        let endpoints = [
            endpoint("a", &["10.1.0.2"], &["10.1.0.1"], 0),
            endpoint("six", &["10.2.0.2", "fd00::2"], &["10.2.0.1", "fd00::1"], 0),
        ];
        assert_eq!(out("28.5.2", &networks, &endpoints, "9.9.9.9").as_deref(), Some("six 10.2.0.2"));
        assert_eq!(out("28.5.2", &networks, &endpoints, "2001:db8::1").as_deref(), Some("six fd00::2"));
        let six_last = [endpoint("a", &["10.1.0.2"], &["10.1.0.1"], 3), endpoints[1].clone()];
        assert_eq!(
            out("28.5.2", &networks, &six_last, "9.9.9.9").as_deref(),
            Some("six 10.2.0.2"),
            "whatever the priority"
        );
    }
}
