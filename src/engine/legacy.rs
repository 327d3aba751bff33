//! docker0 of engines 1.0 to 1.8, which had no pools but a list of addresses.
//!
//! Sources: v1.0.0 and v1.6.0 daemon/networkdriver/bridge/driver.go (`addrs`, `configureBridge`); v1.7.1 and v1.8.3 libnetwork
//! drivers/bridge/setup_ipv4.go (`bridgeNetworks`, `electBridgeIPv4`).

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

use super::Version;

/// The address that an engine older than 1.9 gives docker0 where neither bip nor an address on it says one: the first of its list whose prefix
/// overlaps neither a route of the main table (of any scope and kind; routes without a destination count for nothing) nor a nameserver. It is the gateway's
/// address, `172.17.42.1/16`, not the prefix's first.
///
/// # Errors
/// Its own words where nothing is free.
pub fn elect(version: Version, routes: &[IpNet], nameservers: &[IpAddr]) -> Result<Ipv4Net, &'static str> {
    let blocked = |candidate: &Ipv4Net| {
        let overlaps = |route: &IpNet| match route {
            IpNet::V4(route) => route.contains(&candidate.network()) || candidate.contains(&route.network()),
            IpNet::V6(_) => false,
        };
        let holds = |server: &IpAddr| matches!(server, IpAddr::V4(server) if candidate.contains(server));
        routes.iter().any(overlaps) || nameservers.iter().any(holds)
    };
    addresses(version).into_iter().find(|candidate| !blocked(candidate)).ok_or(if version.at_least(1, 7, 0) {
        "can't find an address range for interface \"docker0\""
    } else {
        "Could not find a free IP address range for interface 'docker0'. Please configure its address manually and run 'docker -b docker0'"
    })
}

/// 12 addresses up to 1.7.1, 274 in 1.8.
fn addresses(version: Version) -> Vec<Ipv4Net> {
    let address = |a, b, c, d, length| Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length);
    if version.at_least(1, 8, 0) {
        let of_172 = (17..=31).map(|i| address(172, i, 42, 1, 16));
        let of_10 = (0..=255).map(|i| address(10, i, 42, 1, 16));
        let of_192 = (42..=44).map(|i| address(192, 168, i, 1, 24));
        return of_172.chain(of_10).chain(of_192).collect();
    }
    vec![
        address(172, 17, 42, 1, 16),
        address(10, 0, 42, 1, 16),
        address(10, 1, 42, 1, 16),
        address(10, 42, 42, 1, 16),
        address(172, 16, 42, 1, 24),
        address(172, 16, 43, 1, 24),
        address(172, 16, 44, 1, 24),
        address(10, 0, 42, 1, 24),
        address(10, 0, 43, 1, 24),
        address(192, 168, 42, 1, 24),
        address(192, 168, 43, 1, 24),
        address(192, 168, 44, 1, 24),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elected(version: (u16, u16, u16), routes: &str, nameservers: &str) -> String {
        let routes: Vec<IpNet> = routes.split_whitespace().map(|said| said.parse().expect("prefix")).collect();
        let servers: Vec<IpAddr> = nameservers.split_whitespace().map(|said| said.parse().expect("address")).collect();
        match elect(Version::new(version.0, version.1, version.2), &routes, &servers) {
            Ok(address) => address.to_string(),
            Err(words) => words.to_owned(),
        }
    }

    #[test]
    fn lists_have_the_length_of_their_time() {
        for (version, length) in [((1, 0, 0), 12), ((1, 7, 1), 12), ((1, 8, 0), 274), ((1, 8, 3), 274)] {
            assert_eq!(addresses(Version::new(version.0, version.1, version.2)).len(), length);
        }
    }

    #[test]
    fn the_first_that_meets_neither_route_nor_nameserver() {
        let cases = [
            ((1, 0, 0), "", "", "172.17.42.1/16"),
            ((1, 6, 2), "192.168.1.0/24", "192.168.1.1", "172.17.42.1/16"),
            ((1, 6, 2), "172.17.0.0/16", "", "10.0.42.1/16"),
            // A resolver alone is enough, and a route with a gateway counts as one without.
            ((1, 6, 2), "", "172.17.0.2", "10.0.42.1/16"),
            ((1, 7, 1), "172.16.0.0/12", "10.1.0.2 10.0.0.2", "10.42.42.1/16"),
            ((1, 7, 1), "172.17.0.0/16 10.0.0.0/8", "", "172.16.42.1/24"),
            ((1, 7, 1), "172.16.0.0/12 10.0.0.0/8", "", "192.168.42.1/24"),
            ((1, 8, 3), "172.17.0.0/16", "", "172.18.42.1/16"),
            ((1, 8, 3), "172.16.0.0/12 10.0.0.0/15", "", "10.2.42.1/16"),
            ((1, 8, 3), "172.16.0.0/12 10.0.0.0/8", "192.168.42.53 fe80::1", "192.168.43.1/24"),
            ((1, 8, 3), "0.0.0.0/1", "", "172.17.42.1/16"),
            ((1, 8, 3), "0.0.0.0/1 128.0.0.0/1", "", "can't find an address range for interface \"docker0\""),
            (
                (1, 6, 2),
                "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16",
                "",
                "Could not find a free IP address range for interface 'docker0'. Please configure its address manually and run 'docker -b docker0'",
            ),
        ];
        for (version, routes, nameservers, expected) in cases {
            assert_eq!(elected(version, routes, nameservers), expected, "{version:?} {routes} {nameservers}");
        }
    }
}
