//! The source address of what this host sends.

use std::net::{IpAddr, Ipv6Addr};

use super::v4::scope_number;
use super::{Fib, Flow};
use crate::host::{Address, Link, NextHop, Route, RouteKind};

const HOST_SCOPE: u8 = 254;
const LINK_SCOPE: u8 = 253;

impl<'a> Fib<'a> {
    /// `fib_result_prefsrc` (net/ipv4/fib_semantics.c); for local destinations the destination itself.
    pub(super) fn source_v4(&self, flow: &Flow, route: &Route, hop: &NextHop) -> Option<IpAddr> {
        if route.source.is_some() {
            return route.source;
        }
        if route.kind == RouteKind::Local {
            return Some(flow.destination);
        }
        let select = |scope| self.select_v4(hop.link?, hop.via.filter(IpAddr::is_ipv4), scope);
        let source = select(scope_number(route.scope)?);
        // A nexthop object keeps what it chose by its own scope until an address changes (fib_info_update_nhc_saddr).
        let kept = route.next_hop_object.is_none() || (source == select(LINK_SCOPE) && source == select(HOST_SCOPE));
        source.filter(|_| kept)
    }

    /// `inet_select_addr` (net/ipv4/devinet.c): a primary address of the link, in the gateway's prefix if there is one.
    pub(super) fn select_v4(&self, link: u32, towards: Option<IpAddr>, scope: u8) -> Option<IpAddr> {
        let primary = |address: &&Address| address.address.addr().is_ipv4() && !address.secondary;
        let localnet =
            self.link(link).and_then(|l| self.link_sysctl("ipv4", &l.name, "route_localnet")).unwrap_or(0) != 0;
        let widest = if localnet { LINK_SCOPE } else { HOST_SCOPE };
        let fits = |address: &&Address| address_scope(&address.scope).min(widest) <= scope;
        let mut first = None;
        for address in self.addresses_of(link).filter(primary).filter(fits) {
            // The peer's prefix is the one on-link, where there is a peer.
            let prefix = address.peer.unwrap_or(address.address);
            match towards {
                Some(towards) if !prefix.contains(&towards) => first = first.or(Some(address)),
                _ => return Some(address.address.addr()),
            }
        }
        if let Some(first) = first {
            return Some(first.address.addr());
        }
        // None on the link: the first of any link of the same VRF, the VRF itself before others.
        let vrf = self.link(link).map_or(0, |link| self.vrf_of(link));
        let other =
            |address: &Address| address_scope(&address.scope) != LINK_SCOPE && address_scope(&address.scope) <= scope;
        let on = |index: u32| self.addresses_of(index).filter(primary).find(|a| other(a));
        if vrf != 0
            && let Some(address) = on(vrf)
        {
            return Some(address.address.addr());
        }
        let same = self.links().filter(|link| self.vrf_of(link) == vrf);
        same.filter_map(|link| on(link.index)).map(|address| address.address.addr()).next()
    }

    /// `ip6_route_get_saddr` (include/net/ip6_route.h).
    pub(super) fn source_v6(&self, route: &Route, hop: &NextHop, destination: Ipv6Addr) -> Option<IpAddr> {
        if route.source.is_some() {
            return route.source;
        }
        self.select_v6(hop.link.and_then(|index| self.link(index)), destination).map(IpAddr::V6)
    }

    /// `ipv6_dev_get_saddr` (net/ipv6/addrconf.c), RFC 6724 section 5 with the kernel's default address labels.
    pub(super) fn select_v6(&self, link: Option<&Link>, destination: Ipv6Addr) -> Option<Ipv6Addr> {
        let narrow = link.is_some_and(|link| {
            destination.is_multicast()
                || scope_v6(destination) <= SCOPE_LINK
                || self.link_sysctl("ipv6", &link.name, "use_oif_addrs_only").unwrap_or(0) != 0
        });
        let vrf = link.map_or(0, |link| self.vrf_of(link));
        let mut best: Option<(&Address, Score)> = None;
        for from in self.links() {
            let here = link.is_some_and(|link| link.index == from.index);
            if (narrow && !here) || self.vrf_of(from) != vrf {
                continue;
            }
            let mut own = self.addresses_of(from.index).peekable();
            if own.peek().is_none() {
                continue;
            }
            let temporary = self.link_sysctl("ipv6", &from.name, "use_tempaddr").unwrap_or(0) >= 2;
            for address in own {
                let Some(score) = score(address, destination, here || link.is_none(), temporary) else { continue };
                if best.as_ref().is_none_or(|(_, best)| score > *best) {
                    best = Some((address, score));
                }
            }
        }
        match best?.0.address.addr() {
            IpAddr::V6(address) => Some(address),
            IpAddr::V4(_) => None,
        }
    }
}

/// `ifa_scope`.
fn address_scope(name: &str) -> u8 {
    match name {
        "global" => 0,
        "site" => 200,
        "link" => LINK_SCOPE,
        "host" => HOST_SCOPE,
        "nowhere" => 255,
        number => number.parse().unwrap_or(0),
    }
}

/// The rules of RFC 6724 in the kernel's order (`ipv6_get_saddr_eval`); larger is better.
type Score = (bool, i32, bool, bool, bool, bool, bool, u8);

fn score(address: &Address, to: Ipv6Addr, outgoing: bool, prefers_temporary: bool) -> Option<Score> {
    let IpAddr::V6(own) = address.address.addr() else { return None };
    // Tentative addresses, and those that failed duplicate address detection, are no candidates.
    if address.unusable && !address.deprecated {
        return None;
    }
    let scope = scope_v6(own);
    let near = if scope >= scope_v6(to) { -scope } else { scope - 128 };
    let preferred = own.is_loopback() || !address.deprecated;
    let bits = (u128::from(own) ^ u128::from(to)).leading_zeros() as u8;
    Some((
        own == to,
        near,
        preferred,
        outgoing,
        label(own) == label(to),
        address.temporary == prefers_temporary,
        is_orchid(own) == is_orchid(to),
        bits.min(address.address.prefix_len()),
    ))
}

const SCOPE_LINK: i32 = 2;

/// `__ipv6_addr_src_scope`.
fn scope_v6(address: Ipv6Addr) -> i32 {
    let [first, second, ..] = address.octets();
    match (first, second) {
        (0xff, flags) => i32::from(flags & 0xf),
        (0xfe, second) if second & 0xc0 == 0x80 => SCOPE_LINK,
        (0xfe, second) if second & 0xc0 == 0xc0 => 5,
        _ if address.is_loopback() => SCOPE_LINK,
        _ => 14,
    }
}

/// The kernel's table of labels (net/ipv6/addrlabel.c), longest prefix first.
fn label(address: Ipv6Addr) -> u8 {
    let bits = u128::from(address);
    let within = |prefix: u128, length: u32| (bits ^ prefix) >> (128 - length) == 0;
    match () {
        () if address.is_loopback() => 0,
        () if within(0xffff_0000_0000, 96) => 4,
        () if within(0, 96) => 3,
        () if is_orchid(address) => 7,
        () if within(0x2001 << 112, 32) => 6,
        () if within(0x2002 << 112, 16) => 2,
        () if within(0xfc00 << 112, 7) => 5,
        () => 1,
    }
}

/// 2001:10::/28 (RFC 4843).
fn is_orchid(address: Ipv6Addr) -> bool {
    u128::from(address) >> 100 == 0x0200_1001
}
