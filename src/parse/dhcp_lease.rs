//! Routes of DHCP leases: options 33, 121 and 249 (RFC 2132 section 5.8, RFC 3442) as clients keep them.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};

/// A route of a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased {
    pub destination: IpNet,
    /// None: on the link itself.
    pub gateway: Option<Ipv4Addr>,
    /// From 1; 0 in a file without lines.
    pub line: u32,
}

/// Options that dhclient keeps under these names, 121 and its elder 249 by their octets.
const CLASSLESS: [&str; 5] = [
    "rfc3442-classless-static-routes",
    "classless-static-routes",
    "ms-classless-static-routes",
    "unknown-121",
    "unknown-249",
];

/// dhclient.leases(5): of each interface the routes of its last lease.
pub fn dhclient(text: &str) -> Vec<(String, Vec<Leased>)> {
    let mut interfaces: Vec<(String, Vec<Leased>)> = Vec::new();
    let (mut name, mut routes) = (String::new(), Vec::new());
    for (line, number) in text.lines().map(str::trim).zip(1..) {
        if line.starts_with("lease") {
            (name, routes) = (String::new(), Vec::new());
        } else if let Some(value) = line.strip_prefix("interface ") {
            name = value.trim_matches(['"', ';', ' ']).to_owned();
        } else if let Some(option) = line.strip_prefix("option ") {
            routes.extend(option_routes(option.trim_end_matches(';'), number));
        } else if line == "}" && !name.is_empty() {
            interfaces.retain(|(other, _)| *other != name);
            interfaces.push((std::mem::take(&mut name), std::mem::take(&mut routes)));
        }
    }
    interfaces
}

fn option_routes(option: &str, line: u32) -> Vec<Leased> {
    let Some((name, value)) = option.split_once(' ') else { return Vec::new() };
    if name == "static-routes" {
        let addresses: Vec<Ipv4Addr> =
            value.split([',', ' ']).filter(|word| !word.is_empty()).filter_map(|word| word.parse().ok()).collect();
        return pairs(&addresses, line);
    }
    if !CLASSLESS.contains(&name) {
        return Vec::new();
    }
    let octets: Option<Vec<u8>> = match value.contains(':') {
        true => value.split(':').map(|octet| u8::from_str_radix(octet.trim(), 16).ok()).collect(),
        false => value.split([',', ' ']).filter(|word| !word.is_empty()).map(|octet| octet.parse().ok()).collect(),
    };
    classless(&octets.unwrap_or_default(), line)
}

/// The file of systemd-networkd (/run/systemd/netif/leases) and of NetworkManager's own client, up to its 1.20: `ROUTES=P,G P,G`.
pub fn systemd(text: &str) -> Vec<Leased> {
    let mut routes = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let Some((name, value)) = line.split_once('=') else { continue };
        if !matches!(name, "ROUTES" | "CLASSLESS_ROUTES" | "STATIC_ROUTES") {
            continue;
        }
        for pair in value.split_whitespace() {
            let Some((prefix, gateway)) = pair.split_once(',') else { continue };
            if let (Ok(prefix), Ok(gateway)) = (prefix.parse::<IpNet>(), gateway.parse()) {
                routes.push(Leased { destination: prefix.trunc(), gateway: known(gateway), line: number });
            }
        }
    }
    routes
}

/// dhcpcd's file: the message as it came (RFC 2131 section 2).
pub fn message(bytes: &[u8]) -> Vec<Leased> {
    const COOKIE: [u8; 4] = [99, 130, 83, 99];
    let Some(mut options) = bytes.get(236..).and_then(|rest| rest.strip_prefix(&COOKIE)) else { return Vec::new() };
    let mut routes = Vec::new();
    while let [code, rest @ ..] = options {
        match (code, rest) {
            (0, rest) => options = rest,
            (255, _) => break,
            (code, [length, rest @ ..]) => {
                let Some(value) = rest.get(..usize::from(*length)) else { break };
                options = &rest[value.len()..];
                match code {
                    121 | 249 => routes.extend(classless(value, 0)),
                    33 => {
                        let addresses: Vec<Ipv4Addr> = value
                            .chunks_exact(4)
                            .map(|four| Ipv4Addr::new(four[0], four[1], four[2], four[3]))
                            .collect();
                        routes.extend(pairs(&addresses, 0));
                    }
                    _ => {}
                }
            }
            _ => break,
        }
    }
    routes
}

/// Length, the octets of the prefix that count, four of the gateway; what a cut off list ends with is left out.
fn classless(mut octets: &[u8], line: u32) -> Vec<Leased> {
    let mut routes = Vec::new();
    while let [length, rest @ ..] = octets {
        let significant = usize::from(length.div_ceil(8));
        let (Some(prefix), Some(gateway)) = (rest.get(..significant), rest.get(significant..significant + 4)) else {
            break;
        };
        let mut address = [0; 4];
        let Some(head) = address.get_mut(..significant) else { break };
        head.copy_from_slice(prefix);
        if let Ok(net) = Ipv4Net::new(address.into(), *length) {
            let gateway = Ipv4Addr::new(gateway[0], gateway[1], gateway[2], gateway[3]);
            routes.push(Leased { destination: net.trunc().into(), gateway: known(gateway), line });
        }
        octets = &rest[significant + 4..];
    }
    routes
}

/// Option 33: a destination and its router. Its mask is the class's, which clients take for a host unless its host bits are zero.
fn pairs(addresses: &[Ipv4Addr], line: u32) -> Vec<Leased> {
    let route = |pair: &[Ipv4Addr]| {
        let length = match pair[0].octets() {
            [1..128, 0, 0, 0] => 8,
            [128..192, _, 0, 0] => 16,
            [192..224, _, _, 0] => 24,
            _ => 32,
        };
        let net = Ipv4Net::new(pair[0], length).ok()?;
        Some(Leased { destination: net.into(), gateway: known(pair[1]), line })
    };
    addresses.chunks_exact(2).filter_map(route).collect()
}

fn known(gateway: Ipv4Addr) -> Option<Ipv4Addr> {
    Some(gateway).filter(|gateway| !gateway.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(routes: &[Leased]) -> Vec<String> {
        let one = |route: &Leased| match route.gateway {
            Some(gateway) => format!("{} via {gateway}", route.destination),
            None => route.destination.to_string(),
        };
        routes.iter().map(one).collect()
    }

    #[test]
    fn dhclient_keeps_every_lease_and_the_last_one_counts() {
        let text = "lease {\n  interface \"eth0\";\n  option rfc3442-classless-static-routes 8,10,10,47,3,247;\n}\n\
            lease {\n  interface \"eth0\";\n  option rfc3442-classless-static-routes 12,172,16,10,47,3,247,0,10,47,3,253,25,10,1,1,128,0,0,0,0,24,192;\n\
              option static-routes 10.9.8.7 10.47.3.247, 192.168.5.0 10.47.3.247;\n}\nlease {\n  interface \"eth1\";\n  option unknown-249 c:ac:10:a:2f:3:f7;\n}\n";
        let leases = dhclient(text);
        assert_eq!(leases[0].0, "eth0");
        assert_eq!(
            told(&leases[0].1),
            [
                "172.16.0.0/12 via 10.47.3.247",
                "0.0.0.0/0 via 10.47.3.253",
                "10.1.1.128/25",
                "10.9.8.7/32 via 10.47.3.247",
                "192.168.5.0/24 via 10.47.3.247"
            ]
        );
        assert_eq!((leases[0].1[0].line, told(&leases[1].1)), (7, vec!["172.16.0.0/12 via 10.47.3.247".to_owned()]));
    }

    #[test]
    fn files_of_systemd_and_messages_of_dhcpcd() {
        assert_eq!(
            told(&systemd("ADDRESS=10.47.0.5\nROUTES=172.16.0.0/12,10.47.3.247 10.0.0.0/8,0.0.0.0\n")),
            ["172.16.0.0/12 via 10.47.3.247", "10.0.0.0/8"]
        );
        let mut bytes = vec![0; 236];
        bytes.extend([99, 130, 83, 99, 0, 53, 1, 5, 121, 7, 12, 172, 16, 10, 47, 3, 247, 255]);
        assert_eq!(told(&message(&bytes)), ["172.16.0.0/12 via 10.47.3.247"]);
        bytes.truncate(248);
        assert!(message(&bytes).is_empty() && message(b"x").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let mut whole = vec![0; 236];
            whole.extend([99, 130, 83, 99]);
            whole.extend(&bytes);
            message(&whole);
            classless(&bytes, 0);
            dhclient(&String::from_utf8_lossy(&bytes));
        }
    }
}
