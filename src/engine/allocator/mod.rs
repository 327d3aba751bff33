//! How the engine takes the next subnet out of its pools: arithmetic alone, IPv4.
//!
//! Sources: 1.9 to 22 `getPredefinedPool` in libnetwork/ipam/allocator.go (v1.9.1, v18.06.0-ce, v20.10.24, v26.1.5), with the host's own
//! prefixes looked at by `requestPoolHelper` in libnetwork/network.go (v26.1.5); since 27 `allocatePredefinedPool` in
//! libnetwork/ipams/defaultipam/address_space.go (v27.0.3 to docker-v29.7.2, the same steps in all).

mod blocks;
mod gap;
mod in_order;
mod range;

use ipnet::IpNet;

pub use blocks::Blocks;

use super::Version;
use super::pools::Pool;
use gap::Gaps;
use in_order::InOrder;

/// How a version looks for a free block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// 1.9 to 18.05: the first free block, always from the beginning.
    FirstFit,
    /// 18.06 to 26.1: from where the last one was found.
    RoundRobin,
    /// Since 27.0: the first gap between what is taken and reserved, in address order.
    FirstGap,
}

/// The local address space of one engine, at one moment.
#[derive(Clone, Debug)]
pub struct Space {
    pub method: Method,
    /// In the engine's order.
    pub pools: Vec<Pool>,
    /// Subnets of the engine's own local networks.
    pub taken: Vec<IpNet>,
    /// Those of them that are no bridges (macvlan, ipvlan): the bridge driver holds a new network against bridges alone.
    pub unbridged: Vec<IpNet>,
    /// What the engine goes round on this host (`engine::reserved`).
    pub reserved: Vec<IpNet>,
    /// Round robin only: the place in the list of all blocks ([`Space::blocks`]) from which it looks.
    pub start: usize,
}

/// Where a round robin may stand.
#[derive(Clone, Copy, Debug)]
pub enum Starts<'a> {
    Anywhere,
    OneOf(&'a [usize]),
}

/// The method of a version. `predefinedStartIndices` came with v18.06.0-ce, `allocatePredefinedPool` with v27.0.1.
pub fn method(version: Version) -> Method {
    if version.at_least(27, 0, 0) {
        Method::FirstGap
    } else if version.at_least(18, 6, 0) {
        Method::RoundRobin
    } else {
        Method::FirstFit
    }
}

impl Space {
    /// Takes the subnet that the next `docker network create` without `--subnet` gets (IPv4). None: it fails, and would fail again: no
    /// block is left, or (since 27) the one the allocator finds lies in another Docker bridge network, which the bridge driver refuses
    /// (`networks have overlapping IPv4`). A round robin's place moves even then.
    pub fn allocate(&mut self) -> Option<IpNet> {
        self.allocate_many(1).pop()
    }

    /// Takes the subnets of the next `count` such creates, in order. Fewer: the one after them fails.
    pub fn allocate_many(&mut self, count: usize) -> Vec<IpNet> {
        let mut found = Vec::new();
        match self.method {
            Method::FirstFit | Method::RoundRobin => {
                let mut walk = InOrder::new(self);
                while found.len() < count
                    && let Some(block) = walk.take()
                {
                    found.push(block);
                }
                if self.method == Method::RoundRobin {
                    self.start = walk.start;
                }
            }
            Method::FirstGap => {
                found.extend(
                    Gaps::new(&self.pools, &self.taken, &self.reserved, &self.unbridged)
                        .take_while(|gap| !gap.in_taken)
                        .take(count)
                        .map(|gap| gap.block),
                );
            }
        }
        self.taken.extend(&found);
        found
    }

    /// How many more such creates succeed, at most `limit`.
    pub fn remaining(&self, limit: usize) -> usize {
        match self.method {
            Method::FirstFit | Method::RoundRobin => {
                let mut walk = InOrder::new(self);
                // Where no pool lies in another, every free block is found once, whatever the order.
                walk.count_free()
                    .map_or_else(|| (0..limit).take_while(|_| walk.take().is_some()).count(), |n| n.min(limit))
            }
            Method::FirstGap => Gaps::new(&self.pools, &self.taken, &self.reserved, &self.unbridged)
                .take_while(|gap| !gap.in_taken)
                .take(limit)
                .count(),
        }
    }

    /// What the very next create may get, each once, at most `limit`, where it is not known from where a round robin looks. The other
    /// methods have one answer.
    pub fn candidates(&self, starts: Starts, limit: usize) -> Vec<IpNet> {
        match (self.method, starts) {
            (Method::RoundRobin, Starts::Anywhere) => InOrder::new(self).free(limit),
            (Method::RoundRobin, Starts::OneOf(starts)) => {
                let mut walk = InOrder::new(self);
                let mut found: Vec<IpNet> = starts.iter().filter_map(|start| walk.look(*start)).collect();
                found.sort_unstable();
                found.dedup();
                found.truncate(limit);
                found
            }
            _ => self.clone().allocate().into_iter().take(limit).collect(),
        }
    }

    /// The list of all blocks, in the order of the pools.
    pub fn blocks(&self) -> Blocks {
        Blocks::new(&self.pools)
    }
}

#[cfg(test)]
mod tests;
