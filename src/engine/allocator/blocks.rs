//! The flat list of all blocks, which no engine since 18.06 needs to be written out to be searched.

use ipnet::IpNet;

use super::range::{Range, prefix, step};
use crate::engine::pools::Pool;

/// All blocks of the pools in their order, each pool ascending (`splitNetworks` in v20.10.24 libnetwork/ipamutils/utils.go). Blocks of
/// IPv6 pools have places in it, too.
#[derive(Clone, Debug)]
pub struct Blocks {
    pub(super) runs: Vec<Run>,
    len: usize,
}

/// The blocks of one pool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// Place of the first.
    pub(super) at: usize,
    pub(super) count: usize,
    /// None: an IPv6 pool.
    pub(super) base: Option<Range>,
    pub(super) size: u8,
}

impl Run {
    /// The number of the block in which an address lies, counted in this pool.
    pub(super) fn number(&self, address: u64) -> usize {
        let first = self.base.map_or(0, |base| base.first);
        usize::try_from(address.saturating_sub(first) / step(self.size)).unwrap_or(usize::MAX)
    }

    pub(super) fn block(&self, number: usize) -> Range {
        let first = self.base.map_or(0, |base| base.first);
        Range::block(first + number as u64 * step(self.size), self.size)
    }
}

impl Blocks {
    pub(super) fn new(pools: &[Pool]) -> Blocks {
        let mut blocks = Blocks { runs: Vec::with_capacity(pools.len()), len: 0 };
        for pool in pools {
            let bits = u32::from(pool.size).saturating_sub(u32::from(pool.base.prefix_len()));
            let count = 1_usize.checked_shl(bits).unwrap_or(0);
            blocks.runs.push(Run { at: blocks.len, count, base: Range::of(&pool.base), size: pool.size });
            blocks.len = blocks.len.saturating_add(count);
        }
        blocks
    }

    /// How many blocks there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The places at which a subnet stands in the list: none where it is no block of a pool, several where pools overlap.
    pub fn places(&self, subnet: &IpNet) -> Vec<usize> {
        let Some(range) = Range::of(subnet) else { return Vec::new() };
        let in_run = |run: &Run| {
            let base = run.base?;
            let is_block = run.size == subnet.prefix_len() && base.first <= range.first && range.last <= base.last;
            is_block.then(|| run.at + run.number(range.first))
        };
        self.runs.iter().filter_map(in_run).collect()
    }

    /// Where a round robin looks next after it gave the block at `place` without having passed the end of the list (`updateStartIndex` in
    /// v20.10.24 libnetwork/ipam/allocator.go: behind the end is the beginning).
    pub fn start_after(&self, place: usize) -> usize {
        if place + 1 >= self.len { 0 } else { place + 1 }
    }

    pub(super) fn subnet(run: &Run, number: usize) -> IpNet {
        prefix(run.block(number).first, run.size)
    }
}
