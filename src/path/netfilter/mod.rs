//! What netfilter does to a packet at each hook: iptables of both variants and native nft, compiled once into one form
//! ([`rule`]) and then asked ([`Netfilter::pass`]).

mod compile;
mod eval;
mod index;
mod iptables;
mod nft;
pub mod packet;
pub mod rule;

pub use compile::Netfilter;
pub use packet::{Connection, Packet, State, Tuple};
pub use rule::{Backend, Chain, ChainId, Hook, Layer};

use crate::text::Text;

/// What one hook did to a packet.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    pub verdict: Verdict,
    /// As it goes on (where it does): with what NAT and marks changed.
    pub packet: Packet,
    /// The rules and policies that did something, in order.
    pub trail: Vec<Taken>,
    /// Of an undetermined verdict: what decides it and is not known. Of another: what was met, not known, and does not matter.
    pub undecided: Vec<Text>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Accept,
    Drop,
    /// With what is sent back: `icmp-port-unreachable`, `tcp-reset`.
    Reject(String),
    /// The facts do not decide it; [`Passage::undecided`] says what.
    Undetermined,
}

/// Something a rule or a policy did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub chain: ChainId,
    /// Position in [`Chain::rules`]; none: the chain's policy.
    pub rule: Option<usize>,
    pub did: Did,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Did {
    Accepted,
    Dropped,
    Rejected(String),
    /// Went into that chain.
    Jumped(ChainId),
    Returned,
    /// The new destination (DNAT, REDIRECT), and port where it has one.
    Destination(std::net::IpAddr, Option<u16>),
    /// The new source (SNAT, MASQUERADE).
    Source(std::net::IpAddr, Option<u16>),
    /// The new firewall mark.
    Marked(u32),
    /// The new mark of the connection.
    ConnectionMarked(u32),
    Untracked,
    /// Later packets of the connection may pass netfilter by, by that flowtable.
    Offloaded(String),
}
