//! `-m set`: sets of ipset(8) as tests.

use super::Context;
use super::matches::icmp_kind;
use super::values::{addresses, link, masked, one, protocol, ranges, span};
use super::words::Module;
use crate::host::{Family, IpSet, ipproto};
use crate::path::netfilter::rule::{Field, Key, Name, Side, Test, Values};

/// What has ports that a set's `port` looks at (ip_set_getport.c).
const WITH_PORTS: &[u128] = &[6, 17, 132, 136];
const ICMP: u128 = ipproto::ICMP as u128;
const ICMP6: u128 = ipproto::ICMPV6 as u128;
/// Sets may hold sets that hold sets no further (list:set holds no list:set), but a snapshot is not to be trusted with that.
const DEEPEST: usize = 4;

pub(super) fn tests(context: &Context, module: &Module) -> Option<Vec<Test>> {
    let mut asked = None;
    for option in &module.options {
        match (option.name, option.values.as_slice()) {
            ("--match-set", [name, sides]) if asked.is_none() => asked = Some((name, sides, option.invert)),
            ("--update-counters" | "--update-subcounters", []) if option.invert => {}
            _ => return None,
        }
    }
    let (name, sides, invert) = asked?;
    let sides: Vec<Side> = sides
        .split(',')
        .map(|side| match side {
            "src" => Some(Side::Source),
            "dst" => Some(Side::Destination),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let all = context.sets?;
    let question = Question { all, family: context.family(), sides: &sides, words: module.words };
    let set = all.iter().find(|set| set.name == *name)?;
    Some(question.of(set, invert, 0))
}

struct Question<'a> {
    all: &'a [IpSet],
    family: Family,
    sides: &'a [Side],
    /// The match as printed.
    words: &'a str,
}

/// The parts of an element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Address,
    Port,
    Iface,
    Mark,
    Mac,
}

impl Question<'_> {
    /// Tests that all hold where the set has the packet (`invert`: where it has not).
    fn of(&self, set: &IpSet, invert: bool, depth: usize) -> Vec<Test> {
        self.understood(set, invert, depth).unwrap_or_else(|| vec![Test::Undecidable(self.words.to_owned())])
    }

    fn understood(&self, set: &IpSet, invert: bool, depth: usize) -> Option<Vec<Test>> {
        if depth > DEEPEST {
            return None;
        }
        let nothing = if invert { Vec::new() } else { vec![super::values::never()] };
        if set.kind == "list:set" {
            return self.list(set, invert, depth);
        }
        let (_, parts) = set.kind.split_once(':')?;
        let parts: Vec<Part> = parts.split(',').map(part).collect::<Option<_>>()?;
        let expected = match self.family {
            Family::V4 => "inet",
            Family::V6 => "inet6",
        };
        // ip_set_core.c ip_set_test: too few directions, or another family, and nothing is in it.
        if self.sides.len() < parts.len()
            || (!set.family.is_empty() && set.family != expected)
            || set.entries.is_empty()
        {
            return Some(nothing);
        }
        if parts.contains(&Part::Mac) {
            return None;
        }
        let mut options = set.options.split_whitespace();
        match (options.find(|word| matches!(*word, "netmask" | "bitmask")), options.next()) {
            (None, _) => {}
            (Some("netmask"), Some(length)) if parts == [Part::Address] => {
                return Some(vec![self.widened(set, length, invert)?]);
            }
            _ => return None,
        }
        match parts.as_slice() {
            [Part::Address] => Some(vec![self.addresses(set, invert)?]),
            [Part::Port] => self.ports(set, invert),
            _ => self.rows(set, &parts, invert),
        }
    }

    fn list(&self, set: &IpSet, invert: bool, depth: usize) -> Option<Vec<Test>> {
        let members = set.entries.iter().map(|entry| {
            let name = entry.split_whitespace().next()?;
            Some(match self.all.iter().find(|set| set.name == name) {
                Some(member) => self.of(member, invert, depth + 1),
                None => vec![Test::Undecidable(self.words.to_owned())],
            })
        });
        let members: Vec<_> = members.collect::<Option<_>>()?;
        Some(if invert { members.into_iter().flatten().collect() } else { vec![Test::Any(members)] })
    }

    /// hash:ip and bitmap:ip with `netmask`: each entry is the network of that length.
    fn widened(&self, set: &IpSet, length: &str, invert: bool) -> Option<Test> {
        let networks = set.entries.iter().map(|entry| {
            let address = entry.split_whitespace().next()?;
            addresses(&format!("{}/{length}", address.split('/').next()?), self.family)
        });
        Some(one(Field::Address(self.sides[0]), networks.collect::<Option<_>>()?, invert))
    }

    /// Of several nets that hold an address the longest decides, and `nomatch` makes it an exception.
    fn addresses(&self, set: &IpSet, invert: bool) -> Option<Test> {
        let mut nets = Vec::with_capacity(set.entries.len());
        for entry in &set.entries {
            let mut words = entry.split_whitespace();
            let (first, last) = addresses(words.next()?, self.family)?;
            nets.push((last - first, first, last, words.any(|word| word == "nomatch")));
        }
        let field = Field::Address(self.sides[0]);
        if nets.iter().all(|(.., exception)| !exception) {
            return Some(one(field, nets.into_iter().map(|(_, first, last, _)| (first, last)).collect(), invert));
        }
        nets.sort_unstable_by_key(|net| std::cmp::Reverse(net.0));
        let mut held: Vec<(u128, u128)> = Vec::new();
        for (_, first, last, exception) in nets {
            held = held.into_iter().flat_map(|range| without(range, (first, last))).collect();
            if !exception {
                held.push((first, last));
            }
        }
        Some(one(field, held, invert))
    }

    /// bitmap:port asks TCP and UDP (ip_set_getport.c ip_set_get_ip_port), whichever of the two.
    fn ports(&self, set: &IpSet, invert: bool) -> Option<Vec<Test>> {
        let ports = set.entries.iter().map(|entry| {
            let ports = entry.split_whitespace().next()?;
            span(ports.rsplit(':').next()?, '-', 65535)
        });
        let carries = |invert| one(Field::Protocol, vec![(6, 6), (17, 17)], invert);
        let test = one(Field::Port(self.sides[0]), ports.collect::<Option<_>>()?, invert);
        Some(if invert { vec![Test::Any(vec![vec![carries(true)], vec![test]])] } else { vec![carries(false), test] })
    }

    fn rows(&self, set: &IpSet, parts: &[Part], invert: bool) -> Option<Vec<Test>> {
        let (mut by_port, mut by_kind) = (Vec::new(), Vec::new());
        for entry in &set.entries {
            let mut words = entry.split_whitespace();
            let element = words.next()?;
            let options: Vec<&str> = words.collect();
            if options.contains(&"nomatch") {
                return None;
            }
            let (row, icmp) = self.row(element, parts, options.contains(&"wildcard"))?;
            if icmp { by_kind.push(row) } else { by_port.push(row) }
        }
        let mut groups = Vec::new();
        if !by_port.is_empty() {
            let carriers = parts.contains(&Part::Port).then_some(WITH_PORTS);
            groups.push((Test::Rows { keys: self.keys(parts, false), rows: by_port, invert }, carriers));
        }
        if !by_kind.is_empty() {
            let carriers: &[u128] = if self.family == Family::V4 { &[ICMP] } else { &[ICMP6] };
            groups.push((Test::Rows { keys: self.keys(parts, true), rows: by_kind, invert }, Some(carriers)));
        }
        if !invert {
            return Some(vec![Test::Any(groups.into_iter().map(|(rows, _)| vec![rows]).collect())]);
        }
        // A packet without what the set looks at is not in it.
        Some(
            groups
                .into_iter()
                .map(|(rows, carriers)| match carriers {
                    Some(carriers) => {
                        let others =
                            one(Field::Protocol, carriers.iter().map(|number| (*number, *number)).collect(), true);
                        Test::Any(vec![vec![others], vec![rows]])
                    }
                    None => rows,
                })
                .collect(),
        )
    }

    fn keys(&self, parts: &[Part], icmp: bool) -> Vec<Key> {
        let mut keys = Vec::new();
        for (part, side) in parts.iter().zip(self.sides) {
            let fields: &[Field] = match (part, side) {
                (Part::Address, side) => &[Field::Address(*side)],
                (Part::Port, _) if icmp => &[Field::Protocol, Field::IcmpType, Field::IcmpCode],
                (Part::Port, side) => &[Field::Protocol, Field::Port(*side)],
                (Part::Iface, Side::Source) => &[Field::Iif],
                (Part::Iface, Side::Destination) => &[Field::Oif],
                (Part::Mark | Part::Mac, _) => &[Field::Mark],
            };
            keys.extend(fields.iter().map(|field| Key::of(*field)));
        }
        keys
    }

    /// The values of one element, and whether its port is an ICMP type.
    fn row(&self, element: &str, parts: &[Part], wildcard: bool) -> Option<(Vec<Values>, bool)> {
        let texts: Vec<&str> = element.split(',').collect();
        if texts.len() != parts.len() {
            return None;
        }
        let (mut row, mut icmp) = (Vec::new(), false);
        let exactly = |range| ranges(vec![range]);
        for (text, part) in texts.into_iter().zip(parts) {
            match part {
                Part::Address => row.push(exactly(addresses(text, self.family)?)),
                Part::Port => {
                    let (name, port) = text.split_once(':').unwrap_or(("tcp", text));
                    let number = protocol(name)?;
                    row.push(exactly((number, number)));
                    icmp = matches!(number, ICMP | ICMP6);
                    if icmp {
                        let (kind, code) = icmp_kind(self.family, port)?;
                        let code = code.unwrap_or(0);
                        row.extend([exactly((kind, kind)), exactly((code, code))]);
                    } else if WITH_PORTS.contains(&number) {
                        row.push(exactly(span(port, '-', 65535)?));
                    } else {
                        return None;
                    }
                }
                Part::Iface if text.contains(':') => return None,
                Part::Iface if wildcard => {
                    row.push(Values::Names(vec![Name { text: text.to_owned(), prefix: true }]));
                }
                Part::Iface => row.push(Values::Names(vec![Name { prefix: false, ..link(text) }])),
                Part::Mark => row.push(exactly(masked(text, 32).map(|(mark, _)| (mark, mark))?)),
                Part::Mac => return None,
            }
        }
        Some((row, icmp))
    }
}

fn part(name: &str) -> Option<Part> {
    Some(match name {
        "ip" | "net" => Part::Address,
        "port" => Part::Port,
        "iface" => Part::Iface,
        "mark" => Part::Mark,
        "mac" => Part::Mac,
        _ => return None,
    })
}

/// What is left of a range.
fn without(range: (u128, u128), hole: (u128, u128)) -> Vec<(u128, u128)> {
    let mut left = Vec::with_capacity(2);
    if hole.1 < range.0 || hole.0 > range.1 {
        return vec![range];
    }
    if hole.0 > range.0 {
        left.push((range.0, hole.0 - 1));
    }
    if hole.1 < range.1 {
        left.push((hole.1 + 1, range.1));
    }
    left
}
