//! What is taken, ready to be asked many times.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::set::{Bits, Set};
use super::{Kind, Occupied};

/// Ranges of both families.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges {
    pub v4: Set<u32>,
    pub v6: Set<u128>,
}

impl Ranges {
    pub fn new(prefixes: impl IntoIterator<Item = IpNet>) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for prefix in prefixes {
            v4.extend(u32::range(prefix));
            v6.extend(u128::range(prefix));
        }
        Ranges::from_spans(v4, v6)
    }

    /// Of spans with both ends inside, in any order.
    pub fn from_spans(v4: Vec<(u32, u32)>, v6: Vec<(u128, u128)>) -> Self {
        Ranges { v4: Set::from_ranges(v4), v6: Set::from_ranges(v6) }
    }

    pub fn overlaps(&self, prefix: IpNet) -> bool {
        let v4 = u32::range(prefix).is_some_and(|(first, last)| self.v4.overlaps(first, last));
        v4 || u128::range(prefix).is_some_and(|(first, last)| self.v6.overlaps(first, last))
    }
}

/// Everything occupied, as ranges for the search and as a list for the names. Building it sorts once; each question then is a walk along the
/// ranges.
pub struct Index<'a> {
    pub(super) occupied: &'a [Occupied],
    /// Whatever is taken.
    pub(super) all: Ranges,
    /// Of a million routes nobody wants a list of owners: those that came as ranges only. Nothing is ever put there.
    pub(super) unnamed: Ranges,
    /// How many of each kind there are.
    pub(super) kinds: BTreeMap<Kind, usize>,
}

impl<'a> Index<'a> {
    pub fn new(occupied: &'a [Occupied]) -> Self {
        let mut kinds = BTreeMap::new();
        for taken in occupied {
            *kinds.entry(taken.kind).or_default() += 1;
        }
        let all = Ranges::new(occupied.iter().map(|taken| taken.prefix));
        Index { occupied, all, unnamed: Ranges::default(), kinds }
    }

    /// With further ranges that are taken, whose owners nobody asks for.
    pub fn with(mut self, unnamed: Ranges) -> Self {
        self.unnamed = unnamed;
        self
    }

    /// Who holds some address of `prefix` (containing it, equal to it or inside it), in the order of the list.
    pub fn holders(&self, prefix: IpNet) -> Vec<&'a Occupied> {
        self.occupied.iter().filter(|taken| overlaps(taken.prefix, prefix)).collect()
    }
}

/// Whether two prefixes share an address.
pub fn overlaps(a: IpNet, b: IpNet) -> bool {
    a.contains(&b) || b.contains(&a)
}
