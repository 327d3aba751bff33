//! Choosing subnets.

use ipnet::IpNet;

use super::Occupied;
use crate::text::Text;

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Prefix length of each subnet.
    pub prefix_len: u8,
    pub count: usize,
    /// Where to look, in this order; all of one family. Empty: the private ranges, quiet parts first.
    pub pools: Vec<IpNet>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    Free,
    /// Nobody is seen there, and a route leads there that it would hide.
    HidesRoute,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    pub subnet: IpNet,
    pub grade: Grade,
    pub why: Text,
    /// What it would hide.
    pub hides: Vec<Occupied>,
}

/// At most `count` subnets that overlap neither each other nor, as far as possible, anything occupied.
pub fn pick(_wish: &Wish, _occupied: &[Occupied]) -> Vec<Pick> {
    todo!("subnet/pick")
}
