//! Which rules of a long chain may concern a packet. A rule stands under one thing that it asks for sure: an address, a link, a
//! port; what asks for none of them is always looked at.

use std::collections::HashMap;

use super::rule::{Field, Rule, Side, Step, Test, Values};

/// Chains up to this length are walked.
const LEAST: usize = 16;

/// Positions of rules, ascending in each list.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    any: Vec<usize>,
    iif: HashMap<String, Vec<usize>>,
    oif: HashMap<String, Vec<usize>>,
    source: Prefixes,
    destination: Prefixes,
    /// By destination port.
    port: HashMap<u128, Vec<usize>>,
}

/// Blocks of addresses whose size is a power of two, as the bits that their addresses differ in and the number of the others.
#[derive(Clone, Debug, Default)]
struct Prefixes {
    bits: Vec<u32>,
    rules: HashMap<(u32, u128), Vec<usize>>,
}

/// What of a packet the index looks at.
pub(super) struct Asked<'p> {
    pub iif: &'p str,
    pub oif: &'p str,
    pub source: u128,
    pub destination: u128,
    pub port: Option<u128>,
}

/// Where a rule stands.
enum Under {
    Iif(Vec<String>),
    Oif(Vec<String>),
    Address(Side, (u32, u128)),
    Port(u128),
}

impl Index {
    /// None: the chain is short.
    pub fn of(rules: &[Rule]) -> Option<Self> {
        (rules.len() > LEAST).then(|| Index::whole(rules))
    }

    pub fn whole(rules: &[Rule]) -> Self {
        let mut index = Index::default();
        for (at, rule) in rules.iter().enumerate() {
            index.add(at, rule);
        }
        index
    }

    fn add(&mut self, at: usize, rule: &Rule) {
        let tests = rule.steps.iter().map_while(|step| match step {
            Step::If(test) => Some(test),
            Step::Do(_) => None,
        });
        match tests.filter_map(under).min_by_key(Under::rank) {
            None => self.any.push(at),
            Some(Under::Iif(names)) => {
                names.into_iter().for_each(|name| self.iif.entry(name).or_default().push(at));
            }
            Some(Under::Oif(names)) => {
                names.into_iter().for_each(|name| self.oif.entry(name).or_default().push(at));
            }
            Some(Under::Address(Side::Source, block)) => self.source.add(block, at),
            Some(Under::Address(Side::Destination, block)) => self.destination.add(block, at),
            Some(Under::Port(port)) => self.port.entry(port).or_default().push(at),
        }
    }

    /// The rules that may concern such a packet, in order; all others miss it.
    pub fn concerning(&self, asked: &Asked) -> Vec<usize> {
        let mut found = self.any.clone();
        found.extend(self.iif.get(asked.iif).into_iter().flatten());
        found.extend(self.oif.get(asked.oif).into_iter().flatten());
        self.source.containing(asked.source, &mut found);
        self.destination.containing(asked.destination, &mut found);
        found.extend(asked.port.and_then(|port| self.port.get(&port)).into_iter().flatten());
        found.sort_unstable();
        found
    }
}

impl Prefixes {
    fn add(&mut self, block: (u32, u128), at: usize) {
        if !self.bits.contains(&block.0) {
            self.bits.push(block.0);
        }
        self.rules.entry(block).or_default().push(at);
    }

    fn containing(&self, address: u128, found: &mut Vec<usize>) {
        for bits in &self.bits {
            let block = (*bits, address.checked_shr(*bits).unwrap_or(0));
            found.extend(self.rules.get(&block).into_iter().flatten());
        }
    }
}

impl Under {
    /// The narrowest first.
    fn rank(&self) -> u32 {
        match self {
            Under::Address(_, (0, _)) => 0,
            Under::Oif(_) => 1,
            Under::Iif(_) => 2,
            Under::Port(_) => 3,
            Under::Address(_, (bits, _)) => 3 + bits,
        }
    }
}

fn under(test: &Test) -> Option<Under> {
    let Test::One { key, values, invert: false } = test else { return None };
    match (key.field, values) {
        _ if key.mask.is_some() => None,
        (Field::Iif, Values::Names(_)) => names(values).map(Under::Iif),
        (Field::Oif, Values::Names(_)) => names(values).map(Under::Oif),
        (Field::Address(side), Values::Ranges(ranges)) => match ranges.as_slice() {
            [(first, last)] => block(*first, *last).map(|block| Under::Address(side, block)),
            _ => None,
        },
        (Field::Port(Side::Destination), Values::Ranges(ranges)) => match ranges.as_slice() {
            [(first, last)] if first == last => Some(Under::Port(*first)),
            _ => None,
        },
        _ => None,
    }
}

fn names(values: &Values) -> Option<Vec<String>> {
    let Values::Names(names) = values else { return None };
    if names.iter().any(|name| name.prefix) {
        return None;
    }
    let mut names: Vec<String> = names.iter().map(|name| name.text.clone()).collect();
    names.sort_unstable();
    names.dedup();
    Some(names)
}

fn block(first: u128, last: u128) -> Option<(u32, u128)> {
    let size = last.checked_sub(first)?.checked_add(1)?;
    (size.is_power_of_two() && first.is_multiple_of(size))
        .then(|| (size.trailing_zeros(), first >> size.trailing_zeros()))
}
