//! ICMP types and codes.

use super::super::values::{number, one};
use super::super::words::Opt;
use crate::host::Family;
use crate::path::netfilter::rule::{Field, Test};

/// Name, type and code, as `iptables -p icmp -h` lists them.
const V4: &[(&str, u8, Option<u8>)] = &[
    ("echo-reply", 0, None),
    ("pong", 0, None),
    ("destination-unreachable", 3, None),
    ("network-unreachable", 3, Some(0)),
    ("host-unreachable", 3, Some(1)),
    ("protocol-unreachable", 3, Some(2)),
    ("port-unreachable", 3, Some(3)),
    ("fragmentation-needed", 3, Some(4)),
    ("source-route-failed", 3, Some(5)),
    ("network-unknown", 3, Some(6)),
    ("host-unknown", 3, Some(7)),
    ("network-prohibited", 3, Some(9)),
    ("host-prohibited", 3, Some(10)),
    ("TOS-network-unreachable", 3, Some(11)),
    ("TOS-host-unreachable", 3, Some(12)),
    ("communication-prohibited", 3, Some(13)),
    ("host-precedence-violation", 3, Some(14)),
    ("precedence-cutoff", 3, Some(15)),
    ("source-quench", 4, None),
    ("redirect", 5, None),
    ("network-redirect", 5, Some(0)),
    ("host-redirect", 5, Some(1)),
    ("TOS-network-redirect", 5, Some(2)),
    ("TOS-host-redirect", 5, Some(3)),
    ("echo-request", 8, None),
    ("ping", 8, None),
    ("router-advertisement", 9, None),
    ("router-solicitation", 10, None),
    ("time-exceeded", 11, None),
    ("ttl-exceeded", 11, None),
    ("ttl-zero-during-transit", 11, Some(0)),
    ("ttl-zero-during-reassembly", 11, Some(1)),
    ("parameter-problem", 12, None),
    ("ip-header-bad", 12, Some(0)),
    ("required-option-missing", 12, Some(1)),
    ("timestamp-request", 13, None),
    ("timestamp-reply", 14, None),
    ("address-mask-request", 17, None),
    ("address-mask-reply", 18, None),
];

/// As `ip6tables -p icmpv6 -h` lists them.
const V6: &[(&str, u8, Option<u8>)] = &[
    ("destination-unreachable", 1, None),
    ("no-route", 1, Some(0)),
    ("communication-prohibited", 1, Some(1)),
    ("beyond-scope", 1, Some(2)),
    ("address-unreachable", 1, Some(3)),
    ("port-unreachable", 1, Some(4)),
    ("failed-policy", 1, Some(5)),
    ("reject-route", 1, Some(6)),
    ("packet-too-big", 2, None),
    ("time-exceeded", 3, None),
    ("ttl-exceeded", 3, None),
    ("ttl-zero-during-transit", 3, Some(0)),
    ("ttl-zero-during-reassembly", 3, Some(1)),
    ("parameter-problem", 4, None),
    ("bad-header", 4, Some(0)),
    ("unknown-header-type", 4, Some(1)),
    ("unknown-option", 4, Some(2)),
    ("echo-request", 128, None),
    ("ping", 128, None),
    ("echo-reply", 129, None),
    ("pong", 129, None),
    ("mld-listener-query", 130, None),
    ("mld-listener-report", 131, None),
    ("mld-listener-done", 132, None),
    ("mld-listener-reduction", 132, None),
    ("router-solicitation", 133, None),
    ("router-advertisement", 134, None),
    ("neighbor-solicitation", 135, None),
    ("neighbour-solicitation", 135, None),
    ("neighbor-advertisement", 136, None),
    ("neighbour-advertisement", 136, None),
    ("redirect", 137, None),
];

/// Type and code of a name or of `8`, `3/4`.
pub(in super::super) fn kind(family: Family, text: &str) -> Option<(u128, Option<u128>)> {
    let names = match family {
        Family::V4 => V4,
        Family::V6 => V6,
    };
    if let Some((_, kind, code)) = names.iter().find(|(name, ..)| name.eq_ignore_ascii_case(text)) {
        return Some(((*kind).into(), code.map(u128::from)));
    }
    let (kind, code) = match text.split_once('/') {
        Some((kind, code)) => (number(kind)?, Some(number(code)?)),
        None => (number(text)?, None),
    };
    (kind <= 255 && code.is_none_or(|code| code <= 255)).then_some((kind, code))
}

pub(super) fn test(family: Family, option: &Opt) -> Option<Vec<Test>> {
    if !matches!(option.name, "--icmp-type" | "--icmpv6-type") {
        return None;
    }
    let text = option.value()?;
    // Type 255 of ICMP is "any" (xt_tcpudp.c icmp_type_code_match).
    if family == Family::V4 && (text == "any" || text == "255" || text.starts_with("255/")) {
        return Some(if option.invert { vec![super::never()] } else { Vec::new() });
    }
    let (kind, code) = kind(family, text)?;
    let of_kind = |invert| one(Field::IcmpType, vec![(kind, kind)], invert);
    let of_code = |invert| code.map(|code| one(Field::IcmpCode, vec![(code, code)], invert));
    Some(match of_code(option.invert) {
        Some(other_code) if option.invert => {
            vec![Test::Any(vec![vec![of_kind(true)], vec![of_kind(false), other_code]])]
        }
        code => std::iter::once(of_kind(option.invert)).chain(code).collect(),
    })
}
