//! Picking against a picker that tries every block: random worlds, both families.
#![allow(clippy::disallowed_methods)] // asks the environment how many worlds

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::*;
use crate::host::Family;

/// xorshift64* (Marsaglia 2003, Vigna 2016): small, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 33) % limit
    }
}

/// A world has 256 cells of 16 addresses; a block is `2^order` of them, aligned.
const CELLS: usize = 256;
const LARGEST: u64 = 8;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Block {
    first: usize,
    order: u8,
}

impl Block {
    fn random(random: &mut Random, largest: u64) -> Self {
        // Small ones more often: else nothing is ever free.
        let order = random.below(largest + 1).min(random.below(largest + 1)) as u8;
        let first = (random.below(CELLS as u64) as usize >> order) << order;
        Block { first, order }
    }

    fn end(self) -> usize {
        self.first + (1 << self.order)
    }

    fn overlaps(self, other: Block) -> bool {
        self.first < other.end() && other.first < self.end()
    }
}

/// Where the cells lie: within a private range, or at an end of the address space, where arithmetic overflows.
fn base(random: &mut Random, family: Family) -> IpNet {
    let edge = random.below(8);
    match family {
        Family::V4 => {
            let base = match edge {
                0 => 0,
                1 => u32::MAX << 12,
                _ => 0x0a18_0000 + ((random.below(64) as u32) << 12),
            };
            IpNet::new(Ipv4Addr::from(base).into(), 20).expect("a prefix")
        }
        Family::V6 => {
            let base = match edge {
                0 => 0,
                1 => u128::MAX << 12,
                _ => (0xfd12_3456_u128 << 96) | u128::from(random.below(1 << 30)) << 30 << 12,
            };
            IpNet::new(Ipv6Addr::from(base).into(), 116).expect("a prefix")
        }
    }
}

fn prefix(base: IpNet, block: Block) -> IpNet {
    let offset = (block.first as u32) << 4;
    match base {
        IpNet::V4(base) => IpNet::new(Ipv4Addr::from(u32::from(base.addr()) | offset).into(), 28 - block.order),
        IpNet::V6(base) => {
            IpNet::new(Ipv6Addr::from(u128::from(base.addr()) | u128::from(offset)).into(), 124 - block.order)
        }
    }
    .expect("a prefix")
}

struct World {
    base: IpNet,
    taken: Vec<(Block, Occupied)>,
    pools: Vec<Block>,
    order: u8,
    count: usize,
}

impl World {
    fn random(random: &mut Random) -> Self {
        let family = if random.below(2) == 0 { Family::V4 } else { Family::V6 };
        let base = base(random, family);
        let crowd = random.below(14);
        let largest = random.below(LARGEST + 1);
        // Some worlds are routed whole.
        let routed = random.below(3) == 0;
        let mut taken = Vec::new();
        for number in 0..crowd {
            let whole = routed && number == 0;
            let block = if whole { Block { first: 0, order: LARGEST as u8 } } else { Block::random(random, largest) };
            let kind = [Kind::Route, Kind::Route, Kind::Address, Kind::Avoid]
                [random.below(if whole { 2 } else { 4 }) as usize];
            let occupied = Occupied {
                host: String::new(),
                prefix: prefix(base, block),
                owner: number.to_string(),
                kind,
                live: kind != Kind::Route || random.below(4) == 0,
                dead: kind == Kind::Route && random.below(4) == 0,
            };
            taken.push((block, occupied));
        }
        let pools = (0..=random.below(3)).map(|_| {
            let order = LARGEST - random.below(4);
            Block { first: (random.below(CELLS as u64) as usize >> order) << order, order: order as u8 }
        });
        let pools = pools.collect();
        World { base, taken, pools, order: random.below(7) as u8, count: random.below(4) as usize + 1 }
    }

    fn wish(&self) -> Wish {
        let (family, cell) = if self.base.addr().is_ipv4() { (Family::V4, 28) } else { (Family::V6, 124) };
        let pools = self.pools.iter().map(|pool| prefix(self.base, *pool)).collect();
        Wish { pools, ..Wish::new(family, cell - self.order, self.count) }
    }

    /// Tries every block of every pool, as the rules say it.
    fn brute_force(&self) -> Vec<(IpNet, Grade)> {
        // A route can be hidden if nobody is behind it and it is no more specific than the block.
        let is_soft = |block: &Block, held: &Occupied| !held.is_firm() && block.order >= self.order;
        let (soft, firm): (Vec<_>, Vec<_>) = self.taken.iter().partition(|(block, held)| is_soft(block, held));
        let firm = Cells::of(firm.iter().map(|(block, _)| *block));
        let covered = Cells::of(soft.iter().map(|(block, _)| *block));
        let mut all: Vec<((usize, bool, u8), usize, Block)> = Vec::new();
        for (place, pool) in self.pools.iter().enumerate() {
            for first in (pool.first..pool.end()).step_by(1 << self.order) {
                let block = Block { first, order: self.order };
                if block.end() > pool.end() || firm.touches(block) {
                    continue;
                }
                let mut footprint = (0, false, 0);
                if covered.touches(block) {
                    for (at, held) in soft.iter().filter(|(at, _)| at.overlaps(block)) {
                        footprint =
                            (footprint.0 + 1, footprint.1 | !held.dead, footprint.2.max(LARGEST as u8 + 1 - at.order));
                    }
                }
                all.push((footprint, place, block));
            }
        }
        // Nothing hidden before something hidden; dead before alive, wide before narrow, few before many; then the pool's place and the address.
        all.sort_by_key(|((routes, carries, narrowest), place, block)| {
            (*routes > 0, *carries, *narrowest, *routes, *place, block.first)
        });
        let mut chosen = Cells::default();
        let mut picked = Vec::new();
        for ((routes, ..), _, block) in all {
            if picked.len() < self.count && !chosen.touches(block) {
                chosen.add(block);
                picked.push((prefix(self.base, block), if routes == 0 { Grade::Free } else { Grade::HidesRoute }));
            }
        }
        picked
    }
}

/// The cells of a world, one bit each.
#[derive(Default)]
struct Cells([u128; 2]);

impl Cells {
    fn of(blocks: impl Iterator<Item = Block>) -> Self {
        let mut cells = Cells::default();
        blocks.for_each(|block| cells.add(block));
        cells
    }

    fn bits(block: Block) -> [u128; 2] {
        let low = |from: usize, to: usize| if from >= to { 0 } else { u128::MAX >> (128 - (to - from)) << from };
        [low(block.first.min(128), block.end().min(128)), low(block.first.max(128) - 128, block.end().max(128) - 128)]
    }

    fn add(&mut self, block: Block) {
        let [low, high] = Self::bits(block);
        self.0 = [self.0[0] | low, self.0[1] | high];
    }

    fn touches(&self, block: Block) -> bool {
        let [low, high] = Self::bits(block);
        self.0[0] & low != 0 || self.0[1] & high != 0
    }
}

#[test]
fn picks_what_a_picker_that_tries_every_block_picks() {
    let worlds = if std::env::var_os("DNETCTL_FULL").is_some() { 1_000_000 } else { 5_000 };
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut free, mut hiding, mut nothing) = (0, 0, 0);
    for number in 0..worlds {
        let world = World::random(&mut random);
        let occupied: Vec<Occupied> = world.taken.iter().map(|(_, held)| held.clone()).collect();
        let index = Index::new(&occupied);
        let picks = index.pick(&world.wish());
        let found: Vec<(IpNet, Grade)> = picks.iter().map(|pick| (pick.subnet, pick.grade)).collect();
        assert_eq!(found, world.brute_force(), "world {number}: {occupied:?} {:?}", world.wish());
        for pick in &picks {
            let held = index.holders(pick.subnet);
            assert_eq!(held, pick.hides.iter().collect::<Vec<_>>(), "world {number}: what {} hides", pick.subnet);
        }
        match found.first() {
            None => nothing += 1,
            Some((_, Grade::Free)) => free += 1,
            Some((_, Grade::HidesRoute)) => hiding += 1,
        }
    }
    // The worlds are of all kinds.
    for kind in [free, hiding, nothing] {
        assert!(kind * 50 > worlds, "{free} free, {hiding} hiding, {nothing} without an answer");
    }
}
