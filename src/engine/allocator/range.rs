//! IPv4 prefixes as numbers.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};

/// A prefix as its first and last address. Sorts as the engine sorts prefixes: by address, the shorter first (`PrefixCompare` in
/// v28.5.2:libnetwork/internal/netiputil/netiputil.go).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) first: u64,
    pub(super) last: u64,
}

impl Range {
    /// None: it is no IPv4 prefix.
    pub(super) fn of(prefix: &IpNet) -> Option<Range> {
        let IpNet::V4(prefix) = prefix else { return None };
        Some(Range { first: u64::from(prefix.network().to_bits()), last: u64::from(prefix.broadcast().to_bits()) })
    }

    /// The block of length `size` that begins at `first`.
    pub(super) fn block(first: u64, size: u8) -> Range {
        Range { first, last: first + step(size) - 1 }
    }

    pub(super) fn overlaps(self, other: Range) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// How the engine sorts prefixes.
    pub(super) fn order(self) -> impl Ord {
        (self.first, std::cmp::Reverse(self.last))
    }
}

/// How many addresses a block of length `size` has.
pub(super) fn step(size: u8) -> u64 {
    1 << (32 - size.min(32))
}

/// The prefix of length `size` that begins at `first`.
pub(super) fn prefix(first: u64, size: u8) -> IpNet {
    let address = Ipv4Addr::from(u32::try_from(first).unwrap_or(u32::MAX));
    IpNet::V4(Ipv4Net::new_assert(address, size))
}

/// The union of ranges: sorted, apart from each other.
pub(super) fn union(mut ranges: Vec<Range>) -> Vec<Range> {
    ranges.sort_unstable_by_key(|range| range.first);
    let mut merged: Vec<Range> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(before) if range.first <= before.last => before.last = before.last.max(range.last),
            _ => merged.push(range),
        }
    }
    merged
}
