//! From a snapshot's dumps to chains that can be asked.

use super::rule::{Chain, ChainId, Chains, Hook, Layer};
use super::{Packet, Passage};
use crate::host::{Missing, Snapshot};
use crate::path::fib::Fib;

/// The firewall of one host, ready to be asked.
#[derive(Clone, Debug)]
pub struct Netfilter<'a> {
    pub(super) host: &'a Snapshot,
    pub(super) fib: Fib<'a>,
    pub(super) chains: Chains,
}

impl<'a> Netfilter<'a> {
    /// # Errors
    /// [`Missing`] when rules were not seen.
    pub fn new(host: &'a Snapshot, fib: Fib<'a>) -> Result<Self, Missing> {
        let _ = (host, fib);
        todo!("helper A")
    }

    pub fn chain(&self, id: ChainId) -> &Chain {
        &self.chains.all[id]
    }

    pub fn chains(&self) -> &[Chain] {
        &self.chains.all
    }

    /// What the base chains of one hook do to a packet, conntrack's own work and NAT included.
    pub fn pass(&self, layer: Layer, hook: Hook, packet: Packet) -> Passage {
        let _ = (layer, hook, packet);
        todo!("helper A")
    }
}
