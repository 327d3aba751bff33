//! Choosing subnets.

use std::net::IpAddr;

use ipnet::IpNet;

use super::hiding::hiding;
use super::index::Ranges;
use super::quiet::{Part, parts};
use super::set::{Bits, FreeBlocks, Set};
use super::{Index, Kind, Occupied, ula};
use crate::host::{Family, Snapshot};
use crate::text::{Text, text};

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Wish {
    pub family: Family,
    /// Prefix length of each subnet.
    pub prefix_len: u8,
    pub count: usize,
    /// Where to look, in this order; all of the family. Empty: for IPv4 the private ranges, quiet parts first; for IPv6 unique local prefixes of
    /// this host's own (RFC 4193).
    pub pools: Vec<IpNet>,
    /// What an engine takes from on its own: left alone as long as something else is free. Not heeded in `pools`.
    pub outside: Vec<IpNet>,
    /// What tells this host, or this set of hosts, from others; unique local prefixes follow from it.
    pub identity: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    Free,
    /// Nobody is seen there, and a route leads there that it would hide.
    HidesRoute,
}

impl Grade {
    /// Its word in the JSON report.
    pub fn word(self) -> &'static str {
        match self {
            Grade::Free => "free",
            Grade::HidesRoute => "hides-route",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    pub subnet: IpNet,
    pub grade: Grade,
    pub why: Text,
    /// What it would hide.
    pub hides: Vec<Occupied>,
}

impl Pick {
    /// The first host address of the subnet, as the engine gives it to its bridge; of a /31, /32, /127 or /128 its first address.
    pub fn gateway(&self) -> IpAddr {
        match self.subnet {
            IpNet::V4(subnet) => subnet.hosts().next().unwrap_or(subnet.addr()).into(),
            // The first address is the subnet-router anycast address (RFC 4291 §2.6.1).
            IpNet::V6(subnet) => {
                subnet.hosts().nth(usize::from(subnet.prefix_len() < 127)).unwrap_or(subnet.addr()).into()
            }
        }
    }

    /// The value of `bip`: `10.24.0.1/24`.
    pub fn bip(&self) -> String {
        format!("{}/{}", self.gateway(), self.subnet.prefix_len())
    }
}

impl Wish {
    /// `count` subnets of `prefix_len` anywhere private.
    pub fn new(family: Family, prefix_len: u8, count: usize) -> Self {
        Wish { family, prefix_len, count, pools: Vec::new(), outside: Vec::new(), identity: String::new() }
    }

    /// For containers on these hosts: outside of their engines' own pools, and with unique local prefixes that are theirs.
    pub fn on(mut self, hosts: &[&Snapshot]) -> Self {
        self.outside = hosts.iter().flat_map(|host| super::pools::engine_pools(host)).collect();
        let mut identities: Vec<String> = hosts.iter().map(|host| ula::identity(host)).collect();
        // The same hosts get the same prefix in whichever order they are named.
        identities.sort();
        self.identity = identities.join("\n");
        self
    }
}

/// At most `count` subnets that overlap neither each other nor, as far as possible, anything occupied.
#[cfg(test)]
pub fn pick(wish: &Wish, occupied: &[Occupied]) -> Vec<Pick> {
    Index::new(occupied).pick(wish)
}

/// How many unique local prefixes are tried: each is free but for one chance in 2^40 unless somebody routes great parts of fd00::/8.
const ULA_TRIES: u32 = 8;

impl Index<'_> {
    /// At most `count` subnets that overlap neither each other nor, as far as possible, anything occupied.
    pub fn pick(&self, wish: &Wish) -> Vec<Pick> {
        match wish.family {
            Family::V4 => self.pick_in::<u32>(wish, |ranges| &ranges.v4),
            Family::V6 => self.pick_in::<u128>(wish, |ranges| &ranges.v6),
        }
    }

    fn pick_in<A: Bits>(&self, wish: &Wish, of: fn(&Ranges) -> &Set<A>) -> Vec<Pick> {
        if wish.prefix_len > A::WIDTH {
            return Vec::new();
        }
        let places = places(wish);
        let mut search = Search { len: wish.prefix_len, wanted: wish.count, chosen: Set::default(), found: Vec::new() };
        let (all, unnamed) = (of(&self.all), of(&self.unnamed));
        let outside = Set::<A>::from_prefixes(wish.outside.iter().copied());
        if wish.pools.is_empty() && !outside.is_empty() {
            search.run(&places, &[all, unnamed, &outside]);
        }
        search.run(&places, &[all, unnamed]);
        let mut picks: Vec<Pick> = std::mem::take(&mut search.found)
            .into_iter()
            .map(|(start, part)| {
                let subnet = start.prefix(wish.prefix_len);
                let in_engines_pool =
                    wish.pools.is_empty() && outside.overlaps(start, start.block_end(wish.prefix_len));
                let why = self.why_free(&places[part], in_engines_pool);
                Pick { subnet, grade: Grade::Free, why, hides: Vec::new() }
            })
            .collect();
        if picks.len() < wish.count {
            picks.extend(hiding(self, wish, &places, &search.chosen, wish.count - picks.len(), unnamed));
        }
        picks
    }

    fn why_free(&self, part: &Part, in_engines_pool: bool) -> Text {
        let Text { en, zh } = self.checked();
        let Text { en: part_en, zh: part_zh } = &part.why;
        if in_engines_pool {
            return text!(
                "{en}; {part_en}; an engine takes from there on its own, and nothing else is free",
                "{zh}；{part_zh}；引擎会自行从中分配子网，但除此之外已无空闲地址"
            );
        }
        text!("{en}; {part_en}", "{zh}；{part_zh}")
    }

    /// What a free block was held against: what was seen, by kind.
    fn checked(&self) -> Text {
        if self.kinds.is_empty() && self.unnamed == Ranges::default() {
            return text!("nothing is known to be taken", "没有发现任何已被占用的地址");
        }
        let mut kinds: Vec<Text> = self.kinds.iter().map(|(kind, count)| counted(*kind, *count)).collect();
        if self.unnamed != Ranges::default() {
            kinds.insert(0, text!("very many routes", "大量路由"));
        }
        let list = |words: fn(&Text) -> &str, comma: &str| kinds.iter().map(words).collect::<Vec<_>>().join(comma);
        text!(
            "overlaps nothing that is known to be taken: {en}",
            "与已知被占用的地址均不重叠：{zh}",
            en = list(|kind| &kind.en, ", "),
            zh = list(|kind| &kind.zh, "、")
        )
    }
}

fn counted(kind: Kind, count: usize) -> Text {
    match kind {
        Kind::Route => text!("routes ({count})", "路由（{count} 条）"),
        Kind::Address => text!("addresses in use ({count})", "在用地址（{count} 个）"),
        Kind::Network => text!("Docker networks ({count})", "Docker 网络（{count} 个）"),
        Kind::Nameserver => text!("nameservers ({count})", "DNS 服务器（{count} 个）"),
        Kind::Pool => text!("swarm pools ({count})", "swarm 地址池（{count} 个）"),
        Kind::Runtime => text!("networks of other runtimes ({count})", "其他运行时的网络（{count} 个）"),
        Kind::Cloud => text!("ranges of the cloud ({count})", "云平台网段（{count} 个）"),
        Kind::Avoid => text!("declared ranges ({count})", "用户声明的网段（{count} 个）"),
    }
}

/// Where to look, in order.
fn places(wish: &Wish) -> Vec<Part> {
    if !wish.pools.is_empty() {
        let named = wish.pools.iter().map(|pool| Part {
            range: pool.trunc(),
            why: text!("{pool} is the pool that was asked for", "{pool} 是指定的地址池"),
        });
        return named.collect();
    }
    match wish.family {
        Family::V4 => parts(),
        Family::V6 => (0..ULA_TRIES).map(|nth| ula_part(&wish.identity, nth)).collect(),
    }
}

fn ula_part(identity: &str, nth: u32) -> Part {
    let range = ula::prefix(identity, nth);
    Part {
        range,
        why: text!(
            "{range} is a unique local prefix (RFC 4193) whose global ID follows from the name of the host and the engine's id: no other network \
             is likely to have it",
            "{range} 是唯一本地地址前缀（RFC 4193），其全局 ID 由主机名和引擎 ID 推导得出，几乎不会与其他网络相同"
        ),
    }
}

/// Picks in the making.
struct Search<A> {
    len: u8,
    wanted: usize,
    /// What was picked, so that places which overlap each other do not give it twice.
    chosen: Set<A>,
    /// The first address of each, and the place it was found in.
    found: Vec<(A, usize)>,
}

impl<A: Bits> Search<A> {
    /// First fit in each place, in order, going round `taken`.
    fn run(&mut self, places: &[Part], taken: &[&Set<A>]) {
        for (number, place) in places.iter().enumerate() {
            let missing = self.wanted - self.found.len();
            let Some(range) = A::range(place.range).filter(|_| missing > 0) else { continue };
            let sets: Vec<&Set<A>> = taken.iter().copied().chain([&self.chosen]).collect();
            let starts: Vec<A> = FreeBlocks::new(&sets, range, self.len).take(missing).collect();
            for start in starts {
                self.chosen.insert(start, start.block_end(self.len));
                self.found.push((start, number));
            }
        }
    }
}

#[cfg(test)]
mod tests;
