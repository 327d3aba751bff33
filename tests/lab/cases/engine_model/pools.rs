//! Pools to take subnets from, and prefixes near the edges of their blocks.

use super::random::Random;
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// An entry of `default-address-pools`, as written.
#[derive(Clone, Debug)]
pub struct Entry {
    pub base: String,
    pub size: i32,
}

/// What the engines have without a list.
pub const BUILT_IN: [(&str, u8); 7] = [
    ("172.17.0.0/16", 16),
    ("172.18.0.0/16", 16),
    ("172.19.0.0/16", 16),
    ("172.20.0.0/14", 16),
    ("172.24.0.0/14", 16),
    ("172.28.0.0/14", 16),
    ("192.168.0.0/16", 20),
];

/// Lists that people write, and some they should not.
const USUAL: [(&str, i32); 14] = [
    ("10.0.0.0/8", 24),
    ("10.0.0.0/8", 16),
    ("10.10.0.0/16", 24),
    ("10.200.0.0/16", 26),
    ("10.100.0.0/16", 20),
    ("172.16.0.0/12", 16),
    ("172.17.0.0/12", 20),
    ("172.30.0.0/16", 24),
    ("172.80.0.0/16", 24),
    ("192.168.0.0/16", 24),
    ("192.168.128.0/17", 22),
    ("192.168.64.0/18", 28),
    ("100.64.0.0/10", 24),
    ("198.18.0.0/15", 24),
];

/// A list that every engine takes.
pub fn usual(random: &mut Random) -> Vec<Entry> {
    let count = random.one(&[1, 1, 1, 2, 2, 3]);
    (0..count)
        .map(|_| {
            let (base, size) = random.one(&USUAL);
            Entry { base: base.to_owned(), size }
        })
        .collect()
}

/// One to four small pools: they run out; some overlap, lie in each other, have host bits, come in no order.
pub fn small(random: &mut Random) -> Vec<Entry> {
    let count = random.one(&[1, 2, 2, 3, 4]);
    let mut list: Vec<Entry> = Vec::new();
    for _ in 0..count {
        let length = random.one(&[20, 21, 22, 22, 23, 24, 26]);
        let size = (length + random.one(&[0, 1, 1, 1, 2, 2, 3])).min(30);
        let near = list.first().and_then(|entry| entry.base.parse().ok()).filter(|_| random.chance(50));
        let within: Ipv4Net = near.unwrap_or_else(|| v4("10.64.0.0/14"));
        let address = if near.is_some() && random.chance(70) {
            u32::from(within.network()) + (random.below(3) << (32 - length)) as u32
        } else {
            u32::from(v4("10.64.0.0/14").network()) + (random.below(16) << 10) as u32
        };
        let base = Ipv4Net::new(address.into(), length as u8).expect("a length that fits");
        let base = if random.chance(15) { base } else { base.trunc() };
        list.push(Entry { base: base.to_string(), size });
    }
    list
}

/// A list of which some engine or all of them have something to say.
pub fn doubtful(random: &mut Random) -> Vec<Entry> {
    let mut list = usual(random);
    let entry = match random.below(8) {
        0 => ("10.20.0.0/16", 8),
        1 => ("10.20.0.0/16", 0),
        2 => ("10.20.0.0", 24),
        3 => ("10.20.0.0/16", 15),
        4 => ("10.20.0.0/33", 34),
        5 => ("10.20.7.9/16", 24),
        6 => ("", 24),
        _ => ("fd12:3456:789a::/48", 64),
    };
    let place = random.below(list.len() + 1);
    list.insert(place, Entry { base: entry.0.to_owned(), size: entry.1 });
    list
}

/// The pools as the engines read them; those they would refuse left out.
pub fn effective(list: &[Entry]) -> Vec<(Ipv4Net, u8)> {
    let read = |entry: &Entry| {
        let base: Ipv4Net = entry.base.parse().ok()?;
        let size = u8::try_from(entry.size).ok().filter(|size| (base.prefix_len()..=32).contains(size))?;
        Some((base.trunc(), size))
    };
    let pools: Vec<_> = list.iter().filter_map(read).collect();
    if pools.is_empty() { BUILT_IN.map(|(base, size)| (v4(base), size)).to_vec() } else { pools }
}

/// A block of a pool, the first ones most of all.
pub fn block(random: &mut Random, pools: &[(Ipv4Net, u8)]) -> Ipv4Net {
    let (base, size) = random.one(pools);
    let blocks = 1_usize << (size - base.prefix_len());
    let index = if random.chance(80) { random.below(blocks.min(4)) } else { random.below(blocks) };
    let address = u64::from(u32::from(base.network())) + ((index as u64) << (32 - size));
    Ipv4Net::new(Ipv4Addr::from(address as u32), size).expect("a length that fits")
}

/// A prefix that matters to a pool: one of its blocks, a part of one, several, or more than the pool.
pub fn near(random: &mut Random, pools: &[(Ipv4Net, u8)]) -> Ipv4Net {
    let block = block(random, pools);
    let length = block.prefix_len();
    match random.below(20) {
        0..6 => block,
        6..12 => part(random, block),
        12..19 => wider(block, random.one(&[1, 1, 2, 2, 3, 4, 6])),
        _ => wider(block, length.saturating_sub(random.one(&[8, 9, 12]))),
    }
}

/// A longer prefix somewhere in it.
pub fn part(random: &mut Random, whole: Ipv4Net) -> Ipv4Net {
    let room = 30_u8.saturating_sub(whole.prefix_len());
    let length = whole.prefix_len() + if room == 0 { 0 } else { 1 + random.below(room as usize) as u8 };
    let count = 1_u64 << (length - whole.prefix_len());
    let index = if random.chance(50) { random.below(count as usize) as u64 } else { random.one(&[0, count - 1]) };
    let address = u64::from(u32::from(whole.network())) + (index << (32 - length));
    Ipv4Net::new(Ipv4Addr::from(address as u32), length).expect("a length that fits")
}

/// The prefix around it that is so many bits shorter.
pub fn wider(prefix: Ipv4Net, bits: u8) -> Ipv4Net {
    let length = prefix.prefix_len().saturating_sub(bits).max(1);
    Ipv4Net::new(prefix.addr(), length).expect("a length that fits").trunc()
}

/// An address in it that a host may have.
pub fn host_in(random: &mut Random, prefix: Ipv4Net) -> Ipv4Addr {
    let room = (1_u64 << (32 - prefix.prefix_len())).saturating_sub(2).max(1);
    let offset = if random.chance(40) { 1 } else { 1 + random.next() % room };
    Ipv4Addr::from((u64::from(u32::from(prefix.network())) + offset) as u32)
}

pub fn v4(written: &str) -> Ipv4Net {
    written.parse().expect("a prefix")
}
