//! Commands of iproute2 that show a fact, and what they print of it: substrings that Debian 12's and 13's `ip` print verbatim.

use std::net::IpAddr;

use ipnet::IpNet;

use super::here::Here;
use crate::finding::Evidence;
use crate::host::{Address, Family, Route, table_name};

/// `-4` or `-6`.
pub fn family_flag(prefix: IpNet) -> &'static str {
    match Family::of(prefix.addr()) {
        Family::V4 => "-4",
        Family::V6 => "-6",
    }
}

/// A route as `ip route` prints it, up to its link: `172.16.0.0/12 via 10.0.0.1 dev eth0`. Of multipath routes the first line.
pub fn route(route: &Route, here: &Here) -> String {
    route.words(|link| here.name(link))
}

/// What names a route's metric in a command; nothing for 0.
pub fn metric(route: &Route) -> String {
    if route.metric == 0 { String::new() } else { format!(" metric {}", route.metric) }
}

/// `ip route show table T`.
pub fn shows_route(said: &Route, here: &Here) -> Evidence {
    let command = format!("ip {} route show table {}", family_flag(said.destination), table_name(said.table));
    Evidence::new(command, route(said, here))
}

/// `ip addr show dev L`.
pub fn shows_address(address: &Address, here: &Here) -> Evidence {
    let command = format!("ip {} addr show dev {}", family_flag(address.address), here.name(address.link));
    let word = if address.address.addr().is_ipv4() { "inet" } else { "inet6" };
    let says = match address.peer {
        Some(peer) => format!("{word} {} peer {peer}", address.address.addr()),
        None => format!("{word} {}", address.address),
    };
    Evidence::new(command, says)
}

/// `ip neigh show`, up to the link: the state behind it changes by the second.
pub fn shows_neighbour(address: IpAddr, link: &str) -> Evidence {
    let family = if address.is_ipv4() { "-4" } else { "-6" };
    Evidence::new(format!("ip {family} neigh show"), format!("{address} dev {link}"))
}
