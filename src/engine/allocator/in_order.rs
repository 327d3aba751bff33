//! First fit and round robin: the list of all blocks, from a place on.

use std::collections::BTreeMap;
use std::ops::Range as Places;

use ipnet::IpNet;

use super::blocks::{Blocks, Run};
use super::range::{Range, union};
use super::{Method, Space};

/// A search that remembers what it gave.
pub(super) struct InOrder {
    blocks: Blocks,
    method: Method,
    /// What the engine's own networks have: first address to last; apart from each other.
    taken: BTreeMap<u64, u64>,
    /// What the host has; sorted, apart from each other.
    reserved: Vec<Range>,
    /// Blocks that the allocator gave and the host's prefixes spoilt: they are kept until the search is over, so that the allocator does not
    /// give them again (`tmpPoolLeases` in v26.1.5:libnetwork/network.go). Where pools overlap they keep others from being found.
    held: BTreeMap<u64, u64>,
    pub(super) start: usize,
}

enum At {
    Free,
    /// Blocked up to before this block of the pool.
    Blocked {
        until: usize,
    },
    /// These blocks are the allocator's to give, and blocked by the host.
    Held {
        until: usize,
    },
}

impl InOrder {
    pub(super) fn new(space: &Space) -> InOrder {
        let taken = union(space.taken.iter().filter_map(Range::of).collect());
        let start = if space.method == Method::RoundRobin { space.start } else { 0 };
        InOrder {
            blocks: space.blocks(),
            method: space.method,
            taken: taken.into_iter().map(|range| (range.first, range.last)).collect(),
            reserved: union(space.reserved.iter().filter_map(Range::of).collect()),
            held: BTreeMap::new(),
            start,
        }
    }

    /// The next block, which is then taken.
    pub(super) fn take(&mut self) -> Option<IpNet> {
        if self.method == Method::FirstFit {
            self.start = 0;
        }
        let found = self.look_from_start();
        self.held.clear();
        let subnet = found?;
        if let Some(range) = Range::of(&subnet) {
            self.taken.insert(range.first, range.last);
        }
        Some(subnet)
    }

    /// What a search from `start` finds; nothing is taken.
    pub(super) fn look(&mut self, start: usize) -> Option<IpNet> {
        self.start = start;
        let found = self.look_from_start();
        self.held.clear();
        found
    }

    /// All free blocks, at most `limit`: what a search may find that begins anywhere.
    pub(super) fn free(&self, limit: usize) -> Vec<IpNet> {
        let mut found = Vec::new();
        for run in &self.blocks.runs {
            let mut number = 0;
            while number < run.count && run.base.is_some() && found.len() < limit {
                number = match self.at(run, number, run.count) {
                    At::Free => {
                        found.push(Blocks::subnet(run, number));
                        number + 1
                    }
                    At::Blocked { until } | At::Held { until } => until,
                };
            }
        }
        found
    }

    /// How many blocks are free. None: pools overlap, and a block is not one place in the list.
    pub(super) fn count_free(&self) -> Option<usize> {
        let mut bases: Vec<Range> = self.blocks.runs.iter().filter_map(|run| run.base).collect();
        bases.sort_unstable_by_key(|base| base.first);
        if bases.windows(2).any(|two| two[0].overlaps(two[1])) {
            return None;
        }
        let taken = self.taken.iter().map(|(first, last)| Range { first: *first, last: *last });
        let busy = union(taken.chain(self.reserved.iter().copied()).collect());
        Some(self.blocks.runs.iter().filter_map(|run| Some(run.count - touched(run, run.base?, &busy))).sum())
    }

    fn look_from_start(&mut self) -> Option<IpNet> {
        if self.start >= self.blocks.len() {
            self.start = 0;
        }
        let begin = self.start;
        self.look_in(begin..self.blocks.len()).or_else(|| self.look_in(0..begin))
    }

    fn look_in(&mut self, places: Places<usize>) -> Option<IpNet> {
        let first = self.blocks.runs.partition_point(|run| run.at + run.count <= places.start);
        for i in first..self.blocks.runs.len() {
            let run = self.blocks.runs[i];
            if run.at >= places.end {
                break;
            }
            if run.base.is_none() {
                continue;
            }
            let mut number = places.start.saturating_sub(run.at);
            let end = run.count.min(places.end - run.at);
            while number < end {
                match self.at(&run, number, end) {
                    At::Free => {
                        self.gave(run.at + number);
                        return Some(Blocks::subnet(&run, number));
                    }
                    At::Blocked { until } => number = until,
                    At::Held { until } => {
                        self.held.insert(run.block(number).first, run.block(until - 1).last);
                        self.gave(run.at + number);
                        if until > number + 1 {
                            self.gave(run.at + until - 1);
                        }
                        number = until;
                    }
                }
            }
        }
        None
    }

    /// What block `number` is, of the blocks before `end`.
    fn at(&self, run: &Run, number: usize, end: usize) -> At {
        let block = run.block(number);
        let before = |map: &BTreeMap<u64, u64>| map.range(..=block.last).next_back().map(|(_, last)| *last);
        let blocked =
            [&self.taken, &self.held].into_iter().filter_map(before).filter(|last| *last >= block.first).max();
        if let Some(last) = blocked {
            return At::Blocked { until: run.number(last).saturating_add(1) };
        }
        let i = self.reserved.partition_point(|range| range.last < block.first);
        let Some(host) = self.reserved.get(i).filter(|range| range.overlaps(block)) else { return At::Free };
        let after = |map: &BTreeMap<u64, u64>| map.range(block.last + 1..).next().map(|(first, _)| run.number(*first));
        let next = [&self.taken, &self.held].into_iter().filter_map(after).min().unwrap_or(end);
        At::Held { until: (run.number(host.last).saturating_add(1)).min(next).min(end) }
    }

    /// Where the allocator looks next after it gave the block at `place`: the distance from where it looked is added to that place, and
    /// what is behind the end is the beginning, not what is left over (`updateStartIndex` in v18.06.0-ce libnetwork/ipam/allocator.go).
    /// So after a search that passed the end it begins at the beginning, not behind what it gave.
    fn gave(&mut self, place: usize) {
        self.start = if place < self.start { 0 } else { self.blocks.start_after(place) };
    }
}

/// How many blocks of a pool these ranges (sorted, apart from each other) touch.
fn touched(run: &Run, base: Range, busy: &[Range]) -> usize {
    let from = busy.partition_point(|range| range.last < base.first);
    let (mut touched, mut next) = (0, 0);
    for range in busy[from..].iter().take_while(|range| range.first <= base.last) {
        let first = run.number(range.first).max(next);
        let behind = run.number(range.last.min(base.last)) + 1;
        touched += behind.saturating_sub(first);
        next = behind;
    }
    touched
}
