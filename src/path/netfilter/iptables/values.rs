//! Numbers, addresses, ports and names in rules.

use std::net::IpAddr;

use crate::host::Family;
use crate::path::netfilter::rule::{Field, Key, Name, Test, Values, as_number};

/// Decimal, or hexadecimal with `0x`.
pub(super) fn number(text: &str) -> Option<u128> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u128::from_str_radix(hex, 16).ok(),
        None if text.starts_with('+') => None,
        None => text.parse().ok(),
    }
}

/// `5`, `5:9`, `:9`, `5:`, none beyond `max`.
pub(super) fn span(text: &str, separator: char, max: u128) -> Option<(u128, u128)> {
    let (first, last) = match text.split_once(separator) {
        Some((first, last)) => {
            (if first.is_empty() { 0 } else { number(first)? }, if last.is_empty() { max } else { number(last)? })
        }
        None => (number(text)?, number(text)?),
    };
    (last <= max).then_some((first, last))
}

/// `VALUE` or `VALUE/MASK`; all `bits` count without a mask.
pub(super) fn masked(text: &str, bits: u32) -> Option<(u128, u128)> {
    let all = u128::MAX >> (128 - bits);
    let (value, mask) = match text.split_once('/') {
        Some((value, mask)) => (number(value)?, number(mask)?),
        None => (number(text)?, all),
    };
    (value <= all && mask <= all).then_some((value, mask))
}

pub(super) fn address(text: &str, family: Family) -> Option<IpAddr> {
    text.parse().ok().filter(|address| Family::of(*address) == family)
}

pub(super) fn bits(family: Family) -> u32 {
    match family {
        Family::V4 => 32,
        Family::V6 => 128,
    }
}

/// `10.0.0.1`, `10.0.0.0/8`, `10.0.0.1/255.255.0.255`: the number and the bits of it that count.
pub(super) fn network(text: &str, family: Family) -> Option<(u128, u128)> {
    let all = u128::MAX >> (128 - bits(family));
    let (base, mask) = match text.split_once('/') {
        None => (text, all),
        Some((base, length)) => match length.parse::<u32>() {
            Ok(length) if length > bits(family) => return None,
            Ok(length) => (base, all & all.checked_shl(bits(family) - length).unwrap_or(0)),
            Err(_) => (base, as_number(address(length, family)?)),
        },
    };
    Some((as_number(address(base, family)?) & mask, mask))
}

/// First and last of `10.0.0.1`, `10.0.0.0/8` or `10.0.0.1-10.0.0.9`.
pub(super) fn addresses(text: &str, family: Family) -> Option<(u128, u128)> {
    if let Some((first, last)) = text.split_once('-') {
        return Some((as_number(address(first, family)?), as_number(address(last, family)?)));
    }
    let (base, mask) = network(text, family)?;
    let host = !mask & (u128::MAX >> (128 - bits(family)));
    (host & host.wrapping_add(1) == 0).then_some((base, base | host))
}

/// A test of an address against `network`.
pub(super) fn in_network(field: Field, text: &str, family: Family, invert: bool) -> Option<Test> {
    if let Some(range) = addresses(text, family) {
        return Some(one(field, vec![range], invert));
    }
    let (base, mask) = network(text, family)?;
    Some(Test::One { key: Key { field, mask: Some(mask) }, values: ranges(vec![(base, base)]), invert })
}

/// Sorted, and joined where they touch. What is the wrong way round holds nothing.
pub(super) fn ranges(mut all: Vec<(u128, u128)>) -> Values {
    all.retain(|(first, last)| first <= last);
    all.sort_unstable();
    all.dedup_by(|next, open| {
        let joins = next.0 <= open.1.saturating_add(1);
        if joins {
            open.1 = open.1.max(next.1);
        }
        joins
    });
    Values::Ranges(all)
}

pub(super) fn one(field: Field, values: Vec<(u128, u128)>, invert: bool) -> Test {
    Test::One { key: Key::of(field), values: ranges(values), invert }
}

pub(super) fn bit(field: Field, bits: u128, invert: bool) -> Test {
    Test::One { key: Key::of(field), values: Values::AnyBit(bits), invert }
}

/// True of no packet.
pub(super) fn never() -> Test {
    Test::Any(Vec::new())
}

/// `eth0`, `eth+`.
pub(super) fn link(text: &str) -> Name {
    match text.strip_suffix('+') {
        Some(start) => Name { text: start.to_owned(), prefix: true },
        None => Name { text: text.to_owned(), prefix: false },
    }
}

pub(super) fn names(field: Field, values: Vec<Name>, invert: bool) -> Test {
    Test::One { key: Key::of(field), values: Values::Names(values), invert }
}

/// Names of protocols(5) that iptables-save prints (its own table xtables_chain_protos, and /etc/protocols).
const PROTOCOLS: &[(&str, u128)] = &[
    ("icmp", 1),
    ("igmp", 2),
    ("ipencap", 4),
    ("ipv4", 4),
    ("tcp", 6),
    ("egp", 8),
    ("udp", 17),
    ("dccp", 33),
    ("ipv6", 41),
    ("ipv6-route", 43),
    ("ipv6-frag", 44),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ipv6-crypt", 50),
    ("ah", 51),
    ("ipv6-auth", 51),
    ("ipv6-icmp", 58),
    ("icmpv6", 58),
    ("icmp6", 58),
    ("ipv6-nonxt", 59),
    ("ipv6-opts", 60),
    ("eigrp", 88),
    ("ospf", 89),
    ("ipip", 94),
    ("pim", 103),
    ("ipcomp", 108),
    ("vrrp", 112),
    ("carp", 112),
    ("l2tp", 115),
    ("sctp", 132),
    ("mobility-header", 135),
    ("ipv6-mh", 135),
    ("mh", 135),
    ("udplite", 136),
    ("mptcp", 262),
];

/// IPPROTO_*; 0 is every protocol.
pub(super) fn protocol(text: &str) -> Option<u128> {
    if text.eq_ignore_ascii_case("all") {
        return Some(0);
    }
    let named = PROTOCOLS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, number)| *number);
    named.or_else(|| number(text)).filter(|number| *number <= 255)
}
