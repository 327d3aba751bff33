//! Which rules of a long chain may concern a packet. A rule stands under one thing that it asks for sure: an address, a link, a
//! port; what asks for none of them is always looked at.

use std::collections::HashMap;

use super::rule::{Field, Name, Rule, Side, Step, Test, Values};

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

/// Addresses whose number is a power of two: the bits that they differ in, and the number that the others make.
type Block = (u32, u128);

/// Rules by block.
#[derive(Clone, Debug, Default)]
struct Prefixes {
    /// Each size of blocks.
    bits: Vec<u32>,
    /// Sorted.
    rules: Vec<(Block, usize)>,
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
enum Under<'r> {
    Iif(&'r [Name]),
    Oif(&'r [Name]),
    Address(Side, Block),
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
        index.source.rules.sort_unstable();
        index.destination.rules.sort_unstable();
        index
    }

    fn add(&mut self, at: usize, rule: &Rule) {
        let tests = rule.steps.iter().map_while(|step| match step {
            Step::If(test) => Some(test),
            Step::Do(_) => None,
        });
        match tests.filter_map(under).min_by_key(Under::rank) {
            None => self.any.push(at),
            Some(Under::Iif(names)) => put(&mut self.iif, names, at),
            Some(Under::Oif(names)) => put(&mut self.oif, names, at),
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
    fn add(&mut self, block: Block, at: usize) {
        if !self.bits.contains(&block.0) {
            self.bits.push(block.0);
        }
        self.rules.push((block, at));
    }

    fn containing(&self, address: u128, found: &mut Vec<usize>) {
        for bits in &self.bits {
            let block = (*bits, address.checked_shr(*bits).unwrap_or(0));
            let first = self.rules.partition_point(|(other, _)| *other < block);
            found.extend(self.rules[first..].iter().take_while(|(other, _)| *other == block).map(|(_, at)| *at));
        }
    }
}

fn put(rules: &mut HashMap<String, Vec<usize>>, names: &[Name], at: usize) {
    for name in names {
        let rules = rules.entry(name.text.clone()).or_default();
        // A name may be said twice.
        if rules.last() != Some(&at) {
            rules.push(at);
        }
    }
}

impl Under<'_> {
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

fn under(test: &Test) -> Option<Under<'_>> {
    let Test::One { key, values, invert: false } = test else { return None };
    match (key.field, values) {
        _ if key.mask.is_some() => None,
        (Field::Iif | Field::Oif, Values::Names(names)) if names.iter().any(|name| name.prefix) => None,
        (Field::Iif, Values::Names(names)) => Some(Under::Iif(names)),
        (Field::Oif, Values::Names(names)) => Some(Under::Oif(names)),
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

fn block(first: u128, last: u128) -> Option<Block> {
    let size = last.checked_sub(first)?.checked_add(1)?;
    (size.is_power_of_two() && first.is_multiple_of(size))
        .then(|| (size.trailing_zeros(), first >> size.trailing_zeros()))
}
