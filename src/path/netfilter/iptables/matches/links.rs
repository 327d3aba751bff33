//! Links, kinds of addresses, and the way back.

use super::super::Context;
use super::super::values::{link, names, one};
use super::super::words::{Module, Opt};
use crate::host::Family;
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
const UNSPEC: u128 = 0;
const UNICAST: u128 = 1;
const LOCAL: u128 = 2;
const ANYCAST: u128 = 4;
const MULTICAST: u128 = 5;
const UNREACHABLE: u128 = 7;

/// `::`, ::ffff:0:0/96 and ff00::/8, which are no unicast addresses (net/ipv6/addrconf_core.c __ipv6_addr_type).
const ANY: (u128, u128) = (0, 0);
const MAPPED: (u128, u128) = (0xffff << 32, (0xffff << 32) | 0xffff_ffff);
const MULTICASTS: (u128, u128) = (0xff << 120, u128::MAX);

pub(super) fn addrtype(context: &Context, module: &Module) -> Option<Vec<Test>> {
    let has = |name: &str| module.options.iter().any(|option| option.name == name && !option.invert);
    let on = match (has("--limit-iface-in"), has("--limit-iface-out")) {
        (false, false) => None,
        (true, _) => Some(Leg::In),
        (_, true) => Some(Leg::Out),
    };
    let mut tests = Vec::new();
    for option in &module.options {
        let of = match option.name {
            "--src-type" => Side::Source,
            "--dst-type" => Side::Destination,
            "--limit-iface-in" | "--limit-iface-out" if option.values.is_empty() && !option.invert => continue,
            _ => return None,
        };
        let kinds = option
            .value()?
            .split(',')
            .map(|name| KINDS.iter().position(|kind| kind.eq_ignore_ascii_case(name)).map(|number| number as u128));
        let kinds: Vec<u128> = kinds.collect::<Option<_>>()?;
        match context.family() {
            Family::V4 => {
                let kinds = kinds.into_iter().map(|kind| (kind, kind)).collect();
                tests.push(one(Field::AddressType { of, on }, kinds, option.invert));
            }
            Family::V6 => tests.extend(addrtype6(of, on, &kinds, option.invert)?),
        }
    }
    Some(tests)
}

/// xt_addrtype.c match_type6: of the kinds that an address has by itself all must hold, whoever owns it; of those that routes give it,
/// any.
fn addrtype6(of: Side, on: Option<Leg>, kinds: &[u128], invert: bool) -> Option<Vec<Test>> {
    let address = |values: &[(u128, u128)], invert| one(Field::Address(of), values.to_vec(), invert);
    let (mut tests, mut routed) = (Vec::new(), Vec::new());
    for kind in kinds {
        match *kind {
            UNSPEC => tests.push(address(&[ANY], invert)),
            UNICAST => tests.push(address(&[ANY, MAPPED, MULTICASTS], !invert)),
            MULTICAST => tests.push(address(&[MULTICASTS], invert)),
            LOCAL | ANYCAST | UNREACHABLE => routed.push((*kind, *kind)),
            // The kernel refuses such a rule.
            _ => return None,
        }
    }
    if !routed.is_empty() {
        tests.push(one(Field::AddressType { of, on }, routed, invert));
    }
    Some(if invert { vec![Test::Any(tests.into_iter().map(|test| vec![test]).collect())] } else { tests })
}

fn no_link(field: Field, invert: bool) -> Test {
    names(field, vec![Name { text: String::new(), prefix: false }], invert)
}

/// xt_physdev.c physdev_mt.
pub(super) fn physdev(option: &Opt) -> Option<Vec<Test>> {
    let invert = option.invert;
    Some(match (option.name, option.value()) {
        ("--physdev-in", Some(name)) => vec![names(Field::PhysicalIn, vec![link(name)], invert)],
        ("--physdev-out", Some(name)) => {
            let named = names(Field::PhysicalOut, vec![link(name)], invert);
            // What came in by a port and leaves by none fails both ways; what has no ports at all, only the question itself
            // (tried on Linux 6.18).
            let no_half = vec![vec![no_link(Field::PhysicalIn, false)], vec![no_link(Field::PhysicalOut, true)]];
            if invert { vec![named, Test::Any(no_half)] } else { vec![named] }
        }
        ("--physdev-is-in", None) => vec![no_link(Field::PhysicalIn, !invert)],
        ("--physdev-is-out", None) => vec![no_link(Field::PhysicalOut, !invert)],
        ("--physdev-is-bridged", None) => vec![one(Field::Bridged, vec![(1, 1)], invert)],
        _ => return None,
    })
}

pub(super) fn pkttype(option: &Opt) -> Option<Vec<Test>> {
    let kind = match (option.name, option.value()?) {
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
        match option.name {
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
