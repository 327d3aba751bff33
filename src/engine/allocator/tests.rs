//! The fast walks against the engine's own steps, written out plainly, and against what they are meant to do.

#![allow(clippy::disallowed_methods)] // how many cases to try, the environment says

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};
use proptest::prelude::*;

use super::range::Range;
use super::*;

mod nested;
mod vectors;

fn net(said: &str) -> IpNet {
    said.parse().unwrap_or_else(|error| panic!("{said}: {error}"))
}

fn space(method: Method, pools: Vec<Pool>, taken: Vec<IpNet>, reserved: Vec<IpNet>) -> Space {
    Space { method, pools, taken, unbridged: Vec::new(), reserved, start: 0 }
}

#[test]
fn only_bridges_are_in_the_way_of_what_the_defect_finds() {
    // Seen on 28.5.2: a macvlan network over the pool's beginning and a resolver inside it.
    let pools = vec![Pool { base: net("192.168.0.0/16"), size: 20 }];
    let bridge = space(Method::FirstGap, pools, vec![net("192.168.0.0/17")], vec![net("192.168.20.51/32")]);
    let macvlan = Space { unbridged: bridge.taken.clone(), ..bridge.clone() };
    assert_eq!(bridge.clone().allocate(), None);
    assert_eq!(macvlan.clone().allocate(), Some(net("192.168.32.0/20")));
}

fn overlap(a: &IpNet, b: &IpNet) -> bool {
    a.contains(&b.network()) || b.contains(&a.network())
}

/// Every block, written out.
fn expand(pools: &[Pool]) -> Vec<IpNet> {
    pools.iter().flat_map(|pool| pool.base.subnets(pool.size).expect("size")).collect()
}

/// 18.06 to 26.1 step by step: the allocator's list, its start, and the leases that are kept until the search is over.
fn plain_round_robin(space: &mut Space) -> Option<IpNet> {
    let list = expand(&space.pools);
    let mut held: Vec<IpNet> = Vec::new();
    loop {
        let start = if space.start >= list.len() { 0 } else { space.start };
        let turned = list[start..].iter().chain(&list[..start]);
        let (k, block) = turned
            .enumerate()
            .find(|(_, block)| !space.taken.iter().chain(&held).any(|taken| overlap(taken, block)))?;
        space.start = if start + k + 1 >= list.len() { 0 } else { start + k + 1 };
        if !space.reserved.iter().any(|reserved| overlap(reserved, block)) {
            space.taken.push(*block);
            return Some(*block);
        }
        held.push(*block);
    }
}

fn bits(prefix: &IpNet) -> (u64, u64, u8) {
    let range = Range::of(prefix).expect("IPv4");
    (range.first, range.last, prefix.prefix_len())
}

/// 27 and later step by step, one walk for one block. `taken` is kept sorted.
fn plain_first_gap(space: &mut Space) -> Option<IpNet> {
    let mut merged: Vec<IpNet> = space.taken.iter().chain(&space.reserved).copied().collect();
    merged.sort_by_key(|prefix| (bits(prefix).0, prefix.prefix_len()));
    let after = |prefix: &IpNet, size: u8| {
        let (first, _, len) = bits(prefix);
        let next = (first + (1 << (32 - len.min(size)))) & 0xffff_ffff;
        (next != 0).then(|| Ipv4Net::new_assert(Ipv4Addr::from(next as u32), size).trunc().into())
    };
    let between = |a: &IpNet, b: &IpNet, size: u8| {
        let (a, b) = (bits(a).0, bits(b).0);
        if b < a { 0 } else { (b >> (32 - size)) - (a >> (32 - size)) }
    };
    let whole = |pool: &Pool| IpNet::new_assert(pool.base.network(), pool.size);
    let (mut i, mut partial, mut prev, mut at) = (0, false, None::<IpNet>, 0);
    let found: IpNet = loop {
        let pool = space.pools.get(i)?;
        let Some(c) = merged.get(at) else {
            if partial
                && let Some(next) = prev.and_then(|prev| after(&prev, pool.size))
                && overlap(&next, &pool.base)
            {
                break next;
            }
            break whole(space.pools.get(i + usize::from(partial))?);
        };
        if overlap(c, &pool.base) {
            if c.prefix_len() <= pool.base.prefix_len() {
                (i, partial, prev) = (i + 1, false, None);
                continue;
            }
            if !partial && between(&whole(pool), c, pool.size) >= 1 {
                break whole(pool);
            }
            if partial
                && let Some(next) = prev.and_then(|prev| after(&prev, pool.size))
                && between(&next, c, pool.size) >= 1
            {
                break next;
            }
            at += 1;
            if bits(c).1 == bits(&pool.base).1 {
                (i, partial, prev) = (i + 1, false, None);
            } else {
                (partial, prev) = (true, Some(*c));
            }
        } else if partial {
            partial = false;
            if let Some(next) = prev.and_then(|prev| after(&prev, pool.size))
                && overlap(&next, &pool.base)
            {
                break next;
            }
            i += 1;
        } else if bits(&pool.base).0 < bits(c).0 {
            break whole(pool);
        } else {
            at += 1;
            prev = Some(*c);
        }
    };
    if space.taken.iter().any(|taken| overlap(taken, &found)) {
        return None;
    }
    space.taken.push(found);
    Some(found)
}

/// What all of them are meant to do: the first block that overlaps nothing.
fn meant(space: &mut Space) -> Option<IpNet> {
    let free = |block: &IpNet| !space.taken.iter().chain(&space.reserved).any(|other| overlap(other, block));
    let found = expand(&space.pools).into_iter().find(free)?;
    space.taken.push(found);
    Some(found)
}

/// Small prefixes near each other, so that they meet: inside 10.0.0.0/20.
fn prefix(lengths: std::ops::RangeInclusive<u8>) -> impl Strategy<Value = IpNet> {
    (0_u32..1 << 12, lengths)
        .prop_map(|(low, length)| Ipv4Net::new_assert(Ipv4Addr::from(0x0a00_0000 | low), length).trunc().into())
}

fn prefixes(most: usize) -> impl Strategy<Value = Vec<IpNet>> {
    prop::collection::vec(prop_oneof![4 => prefix(22..=32), 1 => prefix(18..=24)], 0..most)
}

fn pool() -> impl Strategy<Value = Pool> {
    (prefix(20..=26), 0_u8..=5).prop_map(|(base, longer)| Pool { base, size: base.prefix_len() + longer })
}

/// Bases as 27 keeps them: sorted, none over another.
fn apart(mut pools: Vec<Pool>) -> Vec<Pool> {
    pools.sort_by_key(|pool| (pool.base.network(), pool.base.prefix_len()));
    let mut kept: Vec<Pool> = Vec::new();
    for pool in pools {
        if !kept.iter().any(|before| overlap(&before.base, &pool.base)) {
            kept.push(pool);
        }
    }
    kept
}

fn worlds(method: Method) -> impl Strategy<Value = Space> {
    (prop::collection::vec(pool(), 1..5), prefixes(8), prefixes(8), 0_usize..200).prop_map(
        move |(pools, taken, reserved, start)| {
            let pools = if method == Method::RoundRobin { pools } else { apart(pools) };
            Space {
                method,
                pools,
                taken,
                unbridged: Vec::new(),
                reserved,
                start: if method == Method::RoundRobin { start } else { 0 },
            }
        },
    )
}

/// A hundred times as many with `DNETCTL_FULL`.
fn cases(normally: u32) -> ProptestConfig {
    let factor = if std::env::var_os("DNETCTL_FULL").is_some() { 100 } else { 1 };
    ProptestConfig { cases: normally * factor, failure_persistence: None, ..ProptestConfig::default() }
}

/// One create after the other, until one fails.
fn all_of(space: &Space, one: fn(&mut Space) -> Option<IpNet>) -> Vec<IpNet> {
    let mut space = space.clone();
    std::iter::from_fn(|| one(&mut space)).collect()
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn round_robin_takes_the_engines_steps(mut world in worlds(Method::RoundRobin)) {
        world.start %= world.blocks().len();
        let (mut ours, mut plain) = (world.clone(), world.clone());
        // Beyond the first failure too: a round robin's place moves with it.
        let mut failures = 0;
        while failures < 3 {
            let expected = plain_round_robin(&mut plain);
            failures += usize::from(expected.is_none());
            prop_assert_eq!(ours.allocate(), expected);
            prop_assert_eq!(ours.start, plain.start);
        }
        let expected = all_of(&world, plain_round_robin);
        prop_assert_eq!(world.clone().allocate_many(10_000), expected.clone());
        prop_assert_eq!(world.remaining(10_000), expected.len());
        prop_assert_eq!(world.remaining(3), expected.len().min(3));
    }

    #[test]
    fn first_gap_takes_the_engines_steps(world in worlds(Method::FirstGap)) {
        let expected = all_of(&world, plain_first_gap);
        prop_assert_eq!(all_of(&world, |space| space.allocate()), expected.clone());
        prop_assert_eq!(world.clone().allocate_many(10_000), expected.clone());
        prop_assert_eq!(world.remaining(10_000), expected.len());
    }

    #[test]
    fn first_fit_is_what_is_meant(world in worlds(Method::FirstFit)) {
        let expected = all_of(&world, meant);
        prop_assert_eq!(world.clone().allocate_many(10_000), expected.clone());
        prop_assert_eq!(world.remaining(10_000), expected.len());
    }

    #[test]
    fn round_robin_from_the_beginning_is_what_is_meant(mut world in worlds(Method::RoundRobin)) {
        world.pools = apart(world.pools);
        world.start = 0;
        prop_assert_eq!(world.clone().allocate_many(10_000), all_of(&world, meant));
    }

    #[test]
    fn places_are_those_of_the_list(world in worlds(Method::RoundRobin), subnet in prefix(20..=30)) {
        let list = expand(&world.pools);
        prop_assert_eq!(world.blocks().len(), list.len());
        let expected: Vec<usize> = list.iter().enumerate().filter(|(_, block)| **block == subnet).map(|(i, _)| i).collect();
        prop_assert_eq!(world.blocks().places(&subnet), expected);
    }
}

proptest! {
    #![proptest_config(cases(50))]

    #[test]
    fn candidates_are_what_any_start_finds(world in worlds(Method::RoundRobin), some in prop::collection::vec(0_usize..200, 0..5)) {
        let from = |start: usize| plain_round_robin(&mut Space { start, ..world.clone() });
        let sorted = |mut found: Vec<IpNet>| { found.sort_unstable(); found.dedup(); found };
        let expected = sorted((0..world.blocks().len()).filter_map(from).collect());
        prop_assert_eq!(sorted(world.candidates(Starts::Anywhere, 10_000)), expected);
        let expected = sorted(some.iter().filter_map(|start| from(*start)).collect());
        prop_assert_eq!(world.candidates(Starts::OneOf(&some), 10_000), expected);
    }
}

/// Some milliseconds in the build that ships; this one is slower, and the machine may be busy. A walk for each block would take hours.
#[test]
fn sixty_five_thousand_blocks_among_a_hundred_thousand_prefixes_are_no_work() {
    let reserved: Vec<IpNet> =
        (0..100_000_u32).map(|i| Ipv4Net::new_assert(Ipv4Addr::from(0x0a80_0000 | (i * 83)), 32).into()).collect();
    for method in [Method::RoundRobin, Method::FirstGap] {
        let world = space(method, vec![Pool { base: net("10.0.0.0/8"), size: 24 }], Vec::new(), reserved.clone());
        let before = std::time::Instant::now();
        assert_eq!(world.remaining(65_536), 33_114);
        assert_eq!(world.clone().allocate_many(65_536).len(), 33_114);
        let took = before.elapsed();
        assert!(took.as_secs() < 60, "{method:?}: {took:?}");
    }
}
