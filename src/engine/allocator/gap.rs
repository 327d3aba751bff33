//! First gap: the walk of 27 and later.

use std::iter::Peekable;
use std::vec::IntoIter;

use ipnet::IpNet;

use super::range::{Range, prefix, step};
use crate::engine::pools::Pool;

/// A block that the walk found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    pub(super) block: IpNet,
    /// It lies in, or over, a subnet of the engine's own bridge networks: the walk has passed the end of a prefix inside a larger one and goes on there.
    pub(super) in_taken: bool,
}

/// All blocks that one create after the other gets. The engine begins its walk anew each time; what it found stands in the list of what is
/// taken just before the element at which it stopped, and up to there the new walk decides as the old one did. So this one goes on
/// with it as the next element, in the state it had there.
pub(super) struct Gaps {
    /// Base and size, in the engine's order.
    pools: Vec<(Range, u8)>,
    /// What is taken and reserved, sorted by address, the shorter first (`mergeIter` in v28.5.2:libnetwork/ipams/defaultipam/structures.go).
    elements: Peekable<IntoIter<Range>>,
    /// Subnets of bridge networks alone, sorted, apart from each other.
    taken: Vec<Range>,
    /// What was found last, as the element before all that are left.
    given: Option<Range>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// The pool in which the walk is.
    pool: usize,
    /// Elements have been seen in that pool.
    partial: bool,
    /// The last element. The end of the last is taken for the end of all before it: that is the defect.
    last: Option<Range>,
}

enum Step {
    /// The element is dealt with.
    Next,
    /// The same element again.
    Again,
    Found(Range),
    Full,
}

impl Gaps {
    pub(super) fn new(pools: &[Pool], taken: &[IpNet], reserved: &[IpNet], unbridged: &[IpNet]) -> Gaps {
        let bridged = taken.iter().filter(|subnet| !unbridged.contains(subnet));
        let mut elements: Vec<Range> = taken.iter().chain(reserved).filter_map(Range::of).collect();
        elements.sort_unstable_by_key(|range| range.order());
        Gaps {
            pools: pools.iter().filter_map(|pool| Some((Range::of(&pool.base)?, pool.size))).collect(),
            elements: elements.into_iter().peekable(),
            taken: super::range::union(bridged.filter_map(Range::of).collect()),
            given: None,
            state: State { pool: 0, partial: false, last: None },
        }
    }

    fn element(&mut self) -> Option<Range> {
        self.given.or_else(|| self.elements.peek().copied())
    }

    fn advance(&mut self) {
        if self.given.take().is_none() {
            self.elements.next();
        }
    }

    fn walk(&mut self) -> Option<Range> {
        while let Some(element) = self.element() {
            match self.step(element) {
                Step::Next => self.advance(),
                Step::Again => {}
                Step::Found(block) => return Some(block),
                Step::Full => return None,
            }
        }
        self.after_the_last()
    }

    /// One element against the pool of the moment.
    fn step(&mut self, element: Range) -> Step {
        let Some((base, size)) = self.pools.get(self.state.pool).copied() else { return Step::Full };
        let State { partial, last, .. } = self.state;
        if element.overlaps(base) {
            if element.first <= base.first && base.last <= element.last {
                self.next_pool();
                return Step::Again;
            }
            let from = if partial { last.and_then(|last| after(last, size)) } else { Some(base.first) };
            if let Some(from) = from
                && from <= element.first
                && blocks_between(from, element.first, size) > 0
            {
                return Step::Found(Range::block(from, size));
            }
            if element.last == base.last {
                self.next_pool();
            } else {
                self.state.partial = true;
                self.state.last = Some(element);
            }
            return Step::Next;
        }
        if partial {
            if let Some(block) = self.behind_the_last(base, size) {
                return Step::Found(block);
            }
            self.state.partial = false;
            self.state.pool += 1;
            return Step::Again;
        }
        if base.first < element.first {
            return Step::Found(Range::block(base.first, size));
        }
        self.state.last = Some(element);
        Step::Next
    }

    fn next_pool(&mut self) {
        self.state = State { pool: self.state.pool + 1, partial: false, last: None };
    }

    fn behind_the_last(&self, base: Range, size: u8) -> Option<Range> {
        let block = Range::block(after(self.state.last?, size)?, size);
        block.overlaps(base).then_some(block)
    }

    /// No element is left: the rest of this pool, then the next one as a whole.
    fn after_the_last(&self) -> Option<Range> {
        let State { mut pool, partial, .. } = self.state;
        if partial {
            let (base, size) = *self.pools.get(pool)?;
            if let Some(block) = self.behind_the_last(base, size) {
                return Some(block);
            }
            pool += 1;
        }
        let (base, size) = *self.pools.get(pool)?;
        Some(Range::block(base.first, size))
    }
}

impl Iterator for Gaps {
    type Item = Gap;

    fn next(&mut self) -> Option<Gap> {
        let block = self.walk()?;
        self.given = Some(block);
        let size = self.size_of(block);
        let i = self.taken.partition_point(|range| range.last < block.first);
        let in_taken = self.taken.get(i).is_some_and(|range| range.overlaps(block));
        Some(Gap { block: prefix(block.first, size), in_taken })
    }
}

impl Gaps {
    #[allow(clippy::cast_possible_truncation)] // 32 at most
    fn size_of(&self, block: Range) -> u8 {
        32 - (block.last - block.first + 1).trailing_zeros() as u8
    }
}

/// The first address of the block of length `size` right after a prefix (`PrefixAfter` in v28.5.2:libnetwork/internal/netiputil/netiputil.go).
/// None: there is none behind the last address.
fn after(range: Range, size: u8) -> Option<u64> {
    let step = step(size);
    let next = (range.last + 1).max(range.first + step);
    (next <= u64::from(u32::MAX)).then(|| next / step * step)
}

/// `SubnetsBetween` in v28.5.2:libnetwork/ipbits/ipbits.go.
fn blocks_between(from: u64, to: u64, size: u8) -> u64 {
    (to / step(size)).saturating_sub(from / step(size))
}
