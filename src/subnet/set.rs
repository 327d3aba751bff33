//! Sets of addresses as sorted ranges: exact, and fast for hundreds of thousands of prefixes.

use std::fmt::Debug;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// An address as a number: `u32` for IPv4, `u128` for IPv6.
pub trait Bits: Copy + Ord + Debug + 'static {
    /// Bits of an address.
    const WIDTH: u8;

    /// The next address; none behind the last one.
    fn next(self) -> Option<Self>;

    /// The previous address; none before the first one.
    fn previous(self) -> Option<Self>;

    /// The last address of the block of this prefix length that holds `self`.
    fn block_end(self, prefix_len: u8) -> Self;

    /// The first address of the block of this prefix length that holds `self`.
    fn block_start(self, prefix_len: u8) -> Self;

    /// The prefix that begins at `self`, which must be aligned to it.
    fn prefix(self, prefix_len: u8) -> IpNet;

    /// The first and last address of a prefix; none if it is of the other family.
    fn range(prefix: IpNet) -> Option<(Self, Self)>;
}

/// One place for the arithmetic of both widths.
macro_rules! bits {
    ($int:ty, $width:literal, $net:ident, $family:path) => {
        impl Bits for $int {
            const WIDTH: u8 = $width;

            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }

            fn previous(self) -> Option<Self> {
                self.checked_sub(1)
            }

            fn block_end(self, prefix_len: u8) -> Self {
                self | <$int>::MAX.checked_shr(u32::from(prefix_len)).unwrap_or(0)
            }

            fn block_start(self, prefix_len: u8) -> Self {
                self & !<$int>::MAX.checked_shr(u32::from(prefix_len)).unwrap_or(0)
            }

            fn prefix(self, prefix_len: u8) -> IpNet {
                IpNet::from($net::new_assert(self.into(), prefix_len.min(Self::WIDTH)))
            }

            fn range(prefix: IpNet) -> Option<(Self, Self)> {
                match prefix {
                    $family(net) => Some((net.network().into(), net.broadcast().into())),
                    _ => None,
                }
            }
        }
    };
}

bits!(u32, 32, Ipv4Net, IpNet::V4);
bits!(u128, 128, Ipv6Net, IpNet::V6);

/// Addresses of one family: ranges with both ends inside, sorted, that neither overlap nor touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set<A> {
    ranges: Vec<(A, A)>,
}

impl<A> Default for Set<A> {
    fn default() -> Self {
        Set { ranges: Vec::new() }
    }
}

impl<A: Bits> Set<A> {
    /// The union of ranges (first, last) in any order.
    pub fn from_ranges(mut ranges: Vec<(A, A)>) -> Self {
        // What comes in the order of prefixes needs no sorting.
        if !ranges.is_sorted_by_key(|range| range.0) {
            ranges.sort_unstable();
        }
        // Merged in place: `kept` ranges at the beginning are the result so far.
        let mut kept = 0;
        for at in 0..ranges.len() {
            let (first, last) = ranges[at];
            if kept > 0 && ranges[kept - 1].1.next().is_none_or(|behind| first <= behind) {
                ranges[kept - 1].1 = ranges[kept - 1].1.max(last);
            } else {
                ranges[kept] = (first, last);
                kept += 1;
            }
        }
        ranges.truncate(kept);
        Set { ranges }
    }

    /// The union of those prefixes that are of this family.
    pub fn from_prefixes(prefixes: impl IntoIterator<Item = IpNet>) -> Self {
        Set::from_ranges(prefixes.into_iter().filter_map(A::range).collect())
    }

    /// Adds a range, both ends inside.
    pub fn insert(&mut self, first: A, last: A) {
        let touches_from = first.previous().unwrap_or(first);
        let touches_to = last.next().unwrap_or(last);
        let from = self.ranges.partition_point(|range| range.1 < touches_from);
        let to = self.ranges.partition_point(|range| range.0 <= touches_to);
        let merged = match self.ranges.get(from..to) {
            Some([only]) => (first.min(only.0), last.max(only.1)),
            Some([head, .., tail]) => (first.min(head.0), last.max(tail.1)),
            _ => (first, last),
        };
        self.ranges.splice(from..to.max(from), [merged]);
    }

    /// Sorted, neither overlapping nor touching.
    pub fn ranges(&self) -> &[(A, A)] {
        &self.ranges
    }

    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    pub fn contains(&self, address: A) -> bool {
        self.overlaps(address, address)
    }

    /// Whether some address of the range is in the set.
    pub fn overlaps(&self, first: A, last: A) -> bool {
        let at = self.ranges.partition_point(|range| range.1 < first);
        self.ranges.get(at).is_some_and(|range| range.0 <= last)
    }

    /// Whether every address of the range is in the set.
    pub fn covers(&self, first: A, last: A) -> bool {
        let at = self.ranges.partition_point(|range| range.1 < first);
        self.ranges.get(at).is_some_and(|range| range.0 <= first && last <= range.1)
    }

    /// What of the range is not in the set, in address order.
    #[cfg(test)]
    pub fn gaps(&self, first: A, last: A) -> Vec<(A, A)> {
        let mut gaps = Vec::new();
        let mut at = Some(first);
        let from = self.ranges.partition_point(|range| range.1 < first);
        for range in self.ranges[from..].iter().take_while(|range| range.0 <= last) {
            if let (Some(start), Some(end)) = (at, range.0.previous())
                && start <= end
            {
                gaps.push((start, end));
            }
            at = range.1.next();
        }
        gaps.extend(at.filter(|start| *start <= last).map(|start| (start, last)));
        gaps
    }

    /// The set in the fewest prefixes, in address order.
    pub fn prefixes(&self) -> Vec<IpNet> {
        self.ranges.iter().flat_map(|(first, last)| fewest_prefixes(*first, *last)).collect()
    }
}

/// A range in the fewest prefixes: from its beginning always the widest that is aligned and ends inside.
fn fewest_prefixes<A: Bits>(first: A, last: A) -> Vec<IpNet> {
    let mut prefixes = Vec::new();
    let mut at = Some(first);
    while let Some(start) = at.filter(|start| *start <= last) {
        let fits = |len: &u8| start.block_start(*len) == start && start.block_end(*len) <= last;
        let len = (0..=A::WIDTH).find(fits).unwrap_or(A::WIDTH);
        prefixes.push(start.prefix(len));
        at = start.block_end(len).next();
    }
    prefixes
}

/// The aligned blocks of one prefix length in a range that no address of several sets is in, in address order. They do not overlap each
/// other. Walking all of it takes one pass over the sets.
pub struct FreeBlocks<'a, A> {
    /// Of each set the ranges that are not wholly behind us.
    ahead: Vec<&'a [(A, A)]>,
    at: Option<A>,
    last: A,
    prefix_len: u8,
}

impl<'a, A: Bits> FreeBlocks<'a, A> {
    /// Blocks of `prefix_len` (at most the width of an address) within `range`, both ends inside.
    pub fn new(sets: &[&'a Set<A>], range: (A, A), prefix_len: u8) -> Self {
        let ahead = sets.iter().map(|set| {
            let behind = set.ranges.partition_point(|taken| taken.1 < range.0);
            &set.ranges[behind..]
        });
        let aligned = range.0.block_start(prefix_len);
        let at = if aligned == range.0 { Some(aligned) } else { range.0.block_end(prefix_len).next() };
        FreeBlocks { ahead: ahead.collect(), at, last: range.1, prefix_len }
    }

    /// The end of a taken range that reaches into the block.
    fn taken_until(&mut self, start: A, end: A) -> Option<A> {
        for ahead in &mut self.ahead {
            let behind = ahead.iter().take_while(|taken| taken.1 < start).count();
            *ahead = &ahead[behind..];
            if let Some(taken) = ahead.first().filter(|taken| taken.0 <= end) {
                return Some(taken.1);
            }
        }
        None
    }
}

impl<A: Bits> Iterator for FreeBlocks<'_, A> {
    type Item = A;

    fn next(&mut self) -> Option<A> {
        while let Some(start) = self.at {
            let end = start.block_end(self.prefix_len);
            if end > self.last {
                break;
            }
            match self.taken_until(start, end) {
                Some(taken) => self.at = taken.block_end(self.prefix_len).next(),
                None => {
                    self.at = end.next();
                    return Some(start);
                }
            }
        }
        self.at = None;
        None
    }
}

#[cfg(test)]
mod tests;
