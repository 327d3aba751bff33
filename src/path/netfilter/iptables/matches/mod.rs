//! Matches as tests.

mod conntrack;
mod icmp;
mod links;
mod ports;

use super::values::{in_network, link, masked, names, never, number, one, protocol, ranges, span};
use super::words::{Module, Opt};
use super::{Context, sets};
use crate::host::Family;
use crate::path::netfilter::rule::{Field, Key, Name, Side, Test};

pub(super) use icmp::kind as icmp_kind;

/// None: something in it is not understood, or hangs on what no snapshot knows.
pub(super) fn tests(context: &Context, module: &Module) -> Option<Vec<Test>> {
    let each = |test: &dyn Fn(&Opt) -> Option<Vec<Test>>| match module.options.as_slice() {
        [only] => test(only),
        all => all.iter().try_fold(Vec::new(), |mut tests, option| {
            tests.extend(test(option)?);
            Some(tests)
        }),
    };
    match &*module.name {
        "" => each(&|option| general(context, option)),
        "comment" => each(&|option| (option.name == "--comment").then(Vec::new)),
        "tcp" | "udp" | "sctp" | "dccp" | "udplite" => each(&ports::of_protocol),
        "multiport" => each(&ports::multiport),
        "icmp" => each(&|option| icmp::test(Family::V4, option)),
        "icmp6" | "icmpv6" => each(&|option| icmp::test(Family::V6, option)),
        "iprange" => each(&|option| iprange(context, option)),
        "conntrack" => conntrack::conntrack(context, module),
        "state" => each(&conntrack::state),
        "addrtype" => links::addrtype(context, module),
        "physdev" => each(&links::physdev),
        "rpfilter" => links::rpfilter(module),
        "pkttype" => each(&links::pkttype),
        "mark" => each(&|option| mark(Field::Mark, option)),
        "connmark" => each(&|option| mark(Field::ConnectionMark, option)),
        "set" => sets::tests(context, module),
        "dscp" => each(&dscp),
        "tos" => each(&|option| tos(module.words, option)),
        "ttl" | "hl" => each(&ttl),
        "length" => each(&length),
        "owner" => each(&owner),
        "statistic" => statistic(module),
        "recent" => recent(module),
        // The packets that are asked about carry no IPv6 extension headers, which these look into, whatever else they say.
        "rt" | "hbh" | "dst" | "frag" | "mh" => Some(vec![never()]),
        _ => None,
    }
}

/// iptables(8) "PARAMETERS".
fn general(context: &Context, option: &Opt) -> Option<Vec<Test>> {
    let family = context.family();
    let test = match option.name {
        "-s" => in_network(Field::Address(Side::Source), option.value()?, family, option.invert)?,
        "-d" => in_network(Field::Address(Side::Destination), option.value()?, family, option.invert)?,
        "-i" => names(Field::Iif, vec![link(option.value()?)], option.invert),
        "-o" => names(Field::Oif, vec![link(option.value()?)], option.invert),
        "-p" => match (protocol(option.value()?)?, option.invert) {
            (0, false) => return Some(Vec::new()),
            (0, true) => never(),
            (number, invert) => one(Field::Protocol, vec![(number, number)], invert),
        },
        // Packets are asked about whole, and conntrack puts fragments together before any of these chains.
        "-f" if option.values.is_empty() && option.invert => return Some(Vec::new()),
        "-f" if option.values.is_empty() => never(),
        "-c" | "-4" | "-6" => return Some(Vec::new()),
        _ => return None,
    };
    Some(vec![test])
}

fn iprange(context: &Context, option: &Opt) -> Option<Vec<Test>> {
    let side = match option.name {
        "--src-range" => Side::Source,
        "--dst-range" => Side::Destination,
        _ => return None,
    };
    let range = super::values::addresses(option.value()?, context.family())?;
    Some(vec![one(Field::Address(side), vec![range], option.invert)])
}

fn mark(field: Field, option: &Opt) -> Option<Vec<Test>> {
    let (value, mask) = (option.name == "--mark").then(|| masked(option.value()?, 32))??;
    Some(vec![Test::One {
        key: Key { field, mask: Some(mask) },
        values: ranges(vec![(value, value)]),
        invert: option.invert,
    }])
}

fn dscp(option: &Opt) -> Option<Vec<Test>> {
    let value = (option.name == "--dscp").then(|| number(option.value()?))??;
    Some(vec![one(Field::Dscp, vec![(value, value)], option.invert)])
}

/// The upper six bits are the DSCP; the others, congestion, are not known of a packet.
fn tos(words: &str, option: &Opt) -> Option<Vec<Test>> {
    let (value, mask) = (option.name == "--tos").then(|| masked(option.value()?, 8))??;
    let key = Key { field: Field::Dscp, mask: Some(mask >> 2) };
    // A bit that the mask leaves out never compares equal.
    let values = if value & !mask == 0 { vec![(value >> 2, value >> 2)] } else { Vec::new() };
    let mut tests = vec![Test::One { key, values: ranges(values), invert: option.invert }];
    if mask & 3 != 0 {
        tests.push(Test::Undecidable(words.to_owned()));
        if option.invert {
            return Some(vec![Test::Any(tests.into_iter().map(|test| vec![test]).collect())]);
        }
    }
    Some(tests)
}

fn ttl(option: &Opt) -> Option<Vec<Test>> {
    let value = number(option.value()?).filter(|value| *value <= 255)?;
    let range = match option.name {
        "--ttl-eq" | "--hl-eq" | "--ttl" | "--hl" => vec![(value, value)],
        "--ttl-lt" | "--hl-lt" => value.checked_sub(1).map(|last| (0, last)).into_iter().collect(),
        "--ttl-gt" | "--hl-gt" => vec![(value + 1, 255)],
        _ => return None,
    };
    Some(vec![one(Field::Ttl, range, option.invert)])
}

fn length(option: &Opt) -> Option<Vec<Test>> {
    let range = (option.name == "--length").then(|| span(option.value()?, ':', 65535))??;
    Some(vec![one(Field::Length, vec![range], option.invert)])
}

/// By number: who a name is, only the host's files say.
fn owner(option: &Opt) -> Option<Vec<Test>> {
    let field = match option.name {
        "--uid-owner" => Field::Uid,
        "--gid-owner" => Field::Gid,
        _ => return None,
    };
    let range = span(option.value()?, '-', u32::MAX.into())?;
    let test = one(field, vec![range], option.invert);
    if !option.invert {
        return Some(vec![test]);
    }
    // What is forwarded has no owner, and so not this one (xt_owner.c owner_mt).
    let arrived = names(Field::Iif, vec![Name { text: String::new(), prefix: false }], true);
    Some(vec![Test::Any(vec![vec![test], vec![arrived], vec![one(Field::Bridged, vec![(1, 1)], false)]])])
}

/// Decided where chance has no part in it.
fn statistic(module: &Module) -> Option<Vec<Test>> {
    let find = |name: &str| module.options.iter().find(|option| option.name == name);
    let always = match find("--mode")?.value()? {
        "random" => {
            let option = find("--probability")?;
            match option.value()?.parse::<f64>().ok()? {
                1.0 => !option.invert,
                0.0 => option.invert,
                _ => return None,
            }
        }
        "nth" => {
            let option = find("--every")?;
            (number(option.value()?)? == 1).then_some(!option.invert)?
        }
        _ => return None,
    };
    Some(if always { Vec::new() } else { vec![never()] })
}

/// `--set` notes the address and always holds (xt_recent.c recent_mt); the others ask who was noted.
fn recent(module: &Module) -> Option<Vec<Test>> {
    const NAMING: &[&str] = &["--set", "--name", "--rsource", "--rdest", "--mask"];
    let set = module.options.iter().find(|option| option.name == "--set")?;
    if !module.options.iter().all(|option| NAMING.contains(&option.name)) {
        return None;
    }
    Some(if set.invert { vec![never()] } else { Vec::new() })
}
