//! How the engine takes the next subnet out of its pools: arithmetic alone.

use ipnet::IpNet;

use super::Version;
use super::pools::Pool;

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
    /// What the engine goes round on this host (`engine::reserved`).
    pub reserved: Vec<IpNet>,
    /// Round robin only: the place in the list of all blocks from which it looks.
    pub start: usize,
}

/// The method of a version.
pub fn method(_version: Version) -> Method {
    todo!("engine/allocator")
}

impl Space {
    /// Takes the subnet that the next `docker network create` without `--subnet` gets (IPv4); none: it fails.
    pub fn allocate(&mut self) -> Option<IpNet> {
        todo!("engine/allocator")
    }

    /// How many more such creates succeed, at most `limit`.
    pub fn remaining(&self, _limit: usize) -> usize {
        todo!("engine/allocator")
    }
}
