//! Links, kinds of addresses, and the way back.

use super::super::values::{link, names, one};
use super::super::words::{Module, Opt};
use crate::path::netfilter::rule::{Field, Leg, Name, Side, Test};

/// RTN_* by name (xt_addrtype.h).
const KINDS: &[&str] = &[
    "UNSPEC",
    "UNICAST",
    "LOCAL",
    "BROADCAST",
    "ANYCAST",
    "MULTICAST",
    "BLACKHOLE",
    "UNREACHABLE",
    "PROHIBIT",
    "THROW",
    "NAT",
    "XRESOLVE",
];
const UNICAST: u128 = 1;

pub(super) fn addrtype(module: &Module) -> Option<Vec<Test>> {
    let has = |name: &str| module.options.iter().any(|option| option.name == name && !option.invert);
    let on = match (has("--limit-iface-in"), has("--limit-iface-out")) {
        (false, false) => None,
        (true, _) => Some(Leg::In),
        (_, true) => Some(Leg::Out),
    };
    let mut tests = Vec::new();
    for option in &module.options {
        let of = match option.name.as_str() {
            "--src-type" => Side::Source,
            "--dst-type" => Side::Destination,
            "--limit-iface-in" | "--limit-iface-out" if option.values.is_empty() && !option.invert => continue,
            _ => return None,
        };
        let kinds = option.value()?.split(',').map(|name| {
            let number = KINDS.iter().position(|kind| kind.eq_ignore_ascii_case(name))? as u128;
            Some((number, number))
        });
        tests.push(one(Field::AddressType { of, on }, kinds.collect::<Option<_>>()?, option.invert));
    }
    Some(tests)
}

fn no_link(field: Field, invert: bool) -> Test {
    names(field, vec![Name { text: String::new(), prefix: false }], invert)
}

/// xt_physdev.c physdev_mt.
pub(super) fn physdev(option: &Opt) -> Option<Vec<Test>> {
    let invert = option.invert;
    Some(match (option.name.as_str(), option.value()) {
        ("--physdev-in", Some(name)) => vec![names(Field::PhysicalIn, vec![link(name)], invert)],
        ("--physdev-out", Some(name)) => {
            let named = names(Field::PhysicalOut, vec![link(name)], invert);
            // What came in by a port and leaves by none is not asked for the port's name.
            let routed = vec![no_link(Field::PhysicalIn, true), no_link(Field::PhysicalOut, false)];
            if invert { vec![named] } else { vec![Test::Any(vec![vec![named], routed])] }
        }
        ("--physdev-is-in", None) => vec![no_link(Field::PhysicalIn, !invert)],
        ("--physdev-is-out", None) => vec![no_link(Field::PhysicalOut, !invert)],
        ("--physdev-is-bridged", None) => vec![one(Field::Bridged, vec![(1, 1)], invert)],
        _ => return None,
    })
}

pub(super) fn pkttype(option: &Opt) -> Option<Vec<Test>> {
    let kind = match (option.name.as_str(), option.value()?) {
        ("--pkt-type", "unicast" | "host") => 0,
        ("--pkt-type", "broadcast") => 1,
        ("--pkt-type", "multicast") => 2,
        _ => return None,
    };
    Some(vec![one(Field::PacketType, vec![(kind, kind)], option.invert)])
}

/// ipt_rpfilter.c: the route back to a source that is not this host's own leaves by the link the packet came by.
pub(super) fn rpfilter(module: &Module) -> Option<Vec<Test>> {
    let (mut loose, mut mark, mut own, mut invert) = (false, false, false, false);
    for option in &module.options {
        match option.name.as_str() {
            "--loose" => loose = true,
            "--validmark" => mark = true,
            "--accept-local" => own = true,
            "--invert" => invert = true,
            _ => return None,
        }
    }
    let looped = |invert| names(Field::Iif, vec![link("lo")], invert);
    let field = Field::RouteLink { to: Side::Source, link: (!loose).then_some(Leg::In), mark };
    let routed = one(field, vec![(1, u32::MAX.into())], invert);
    let foreign =
        (!own).then(|| one(Field::AddressType { of: Side::Source, on: None }, vec![(UNICAST, UNICAST)], invert));
    let back = std::iter::once(routed).chain(foreign);
    Some(if invert {
        vec![looped(true), Test::Any(back.map(|test| vec![test]).collect())]
    } else {
        vec![Test::Any(vec![vec![looped(false)], back.collect()])]
    })
}
