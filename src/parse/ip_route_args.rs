//! The words behind `ip route add` (ip-route(8), iproute2 6.1 ip/iproute.c and lib/utils.c `get_prefix_1`).

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

use crate::host::{Family, RouteKind};

/// A route as its words tell it.
#[derive(Clone, Debug, PartialEq)]
pub struct Args {
    /// Host bits masked.
    pub destination: IpNet,
    pub gateway: Option<IpAddr>,
    pub link: Option<String>,
    pub table: Option<u32>,
    pub metric: Option<u32>,
    pub kind: RouteKind,
    /// It has more than one next hop.
    pub multipath: bool,
    /// ip(8) takes all of the words; otherwise it adds nothing.
    pub valid: bool,
}

/// Words that take one more and say nothing that is kept here.
const WITH_VALUE: [&str; 21] = [
    "proto", "protocol", "scope", "src", "mtu", "advmss", "window", "rtt", "rttvar", "rto_min", "hoplimit", "initcwnd",
    "initrwnd", "cwnd", "realm", "realms", "tos", "dsfield", "pref", "quickack", "features",
];

const ALONE: [&str; 2] = ["onlink", "pervasive"];

/// None: no destination can be made out.
pub fn read<S: AsRef<str>>(words: &[S], family: Family) -> Option<Args> {
    let mut args = Args {
        destination: IpNet::V4(Ipv4Net::default()),
        gateway: None,
        link: None,
        table: None,
        metric: None,
        kind: RouteKind::Unicast,
        multipath: false,
        valid: true,
    };
    let mut destination = None;
    let mut words = words.iter().map(AsRef::as_ref);
    while let Some(word) = words.next() {
        if let Some(kind) = RouteKind::of_word(word).filter(|_| destination.is_none()) {
            args.kind = kind;
            continue;
        }
        match word {
            "via" => {
                let address = words.by_ref().find(|next| !matches!(*next, "inet" | "inet6")).map(str::parse);
                args.gateway = address.and_then(Result::ok);
                args.valid &= args.gateway.is_some();
            }
            "dev" | "oif" => {
                args.link = words.next().map(str::to_owned);
                args.valid &= args.link.as_ref().is_some_and(|link| !link.contains(char::is_whitespace));
            }
            "metric" | "priority" | "preference" => {
                args.metric = words.next().and_then(number);
                args.valid &= args.metric.is_some();
            }
            "table" => {
                let table = words.next().and_then(table_number);
                args.valid &= table.is_some();
                args.table = table.filter(|table| *table != 254);
            }
            "nexthop" => {
                // What follows is of that hop alone.
                args.multipath = true;
                break;
            }
            "to" => {
                destination = words.next().and_then(|word| prefix(word, family));
                args.valid &= destination.is_some();
            }
            _ if WITH_VALUE.contains(&word) => {
                let value = words.next();
                // `mtu lock 1400`
                args.valid &= if value == Some("lock") { words.next().is_some() } else { value.is_some() };
            }
            _ if ALONE.contains(&word) => {}
            _ if destination.is_none() => destination = Some(prefix(word, family)?),
            _ => args.valid = false,
        }
    }
    args.destination = destination?;
    Some(args)
}

fn number(word: &str) -> Option<u32> {
    match word.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => word.parse().ok(),
    }
}

/// A table's number; of names only those that are the same on every host.
pub fn table_number(word: &str) -> Option<u32> {
    match word {
        "main" => Some(254),
        "default" => Some(253),
        "local" => Some(255),
        other => number(other),
    }
}

/// `default`, `ADDRESS`, `ADDRESS/LENGTH`, `ADDRESS/NETMASK`; of an IPv4 address parts that are 0 may be missing at the end.
pub fn prefix(word: &str, family: Family) -> Option<IpNet> {
    if matches!(word, "default" | "any" | "all") {
        let all = if family == Family::V4 { "0.0.0.0/0" } else { "::/0" };
        return all.parse().ok();
    }
    let (address, length) = match word.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (word, None),
    };
    let address = match family {
        Family::V4 => IpAddr::V4(partial(address)?),
        Family::V6 => IpAddr::V6(address.parse().ok()?),
    };
    let length = match length {
        None => address_bits(address),
        Some(length) if length.contains('.') && family == Family::V4 => mask_length(length.parse().ok()?)?,
        Some(length) => length.parse().ok()?,
    };
    Some(IpNet::new(address, length).ok()?.trunc())
}

fn address_bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn partial(word: &str) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let parts: Vec<&str> = word.split('.').collect();
    if parts.len() > octets.len() {
        return None;
    }
    for (octet, part) in octets.iter_mut().zip(parts) {
        *octet = part.parse().ok()?;
    }
    Some(Ipv4Addr::from(octets))
}

/// The length of a contiguous netmask.
pub fn mask_length(mask: Ipv4Addr) -> Option<u8> {
    ipnet::ipv4_mask_to_prefix(mask).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn args(line: &str) -> Args {
        let words: Vec<&str> = line.split_whitespace().collect();
        read(&words, Family::V4).unwrap()
    }

    #[test]
    fn what_ip_takes() {
        let route = args("172.16/12 via 10.47.3.247 dev eth0 metric 100 table main proto static");
        assert_eq!(route.destination, "172.16.0.0/12".parse().unwrap());
        assert_eq!((route.gateway, route.link.as_deref()), (Some("10.47.3.247".parse().unwrap()), Some("eth0")));
        assert_eq!((route.metric, route.table, route.valid), (Some(100), None, true));
        assert_eq!(args("to 10.0.0.0/255.0.0.0 dev eth0").destination, "10.0.0.0/8".parse().unwrap());
        assert_eq!(args("default via 10.0.0.1").destination, "0.0.0.0/0".parse().unwrap());
        assert_eq!(args("blackhole 10.1.2.3").kind, RouteKind::Blackhole);
        assert_eq!(args("10.1.2.3 dev x").destination, "10.1.2.3/32".parse().unwrap());
        assert!(args("10.0.0.0/8 nexthop via 10.1.1.1 nexthop via 10.1.1.2").multipath);
    }

    #[test]
    fn what_ip_refuses() {
        assert!(!args("192.168.0.0/16 via 10.47.3.247 # once").valid);
        assert!(!args("192.168.0.0/16 via 10.47.3.247,").valid);
        assert!(!args("192.168.0.0/16 via 10.47.3.247 metric low").valid);
        assert_eq!(read(&["garbage"], Family::V4), None);
        assert_eq!(read::<&str>(&[], Family::V4), None);
        assert_eq!(read(&["10.0.0.0/33"], Family::V4), None);
    }
}
