//! A packet's whole way: over bridges, through the hooks, by the tables, and back.
//!
//! The order is the kernel's (measured on Linux 6.18): of what arrives PREROUTING, the lookup, forwarding, rp_filter, INPUT or FORWARD,
//! POSTROUTING; of what this host sends the lookup, OUTPUT, a second lookup where NAT or a mark changed something, POSTROUTING. Frames
//! between ports of a bridge see the hooks of IP where br_netfilter calls them. What containers do inside of their own network
//! namespaces is not seen: they are taken to answer, without rules of their own.

mod ground;
mod hooks;
mod lookup;
mod proxy;
mod record;
mod reply;
mod request;
mod walk;

use std::net::IpAddr;
use std::rc::Rc;

use ground::Ground;

use super::fib::Fib;
use super::netfilter::{Backend, Netfilter, Packet};
use crate::host::ipproto::TCP;
use crate::host::{Missing, Snapshot};
use crate::text::Text;

/// One host, ready to be asked about packets.
#[derive(Clone, Debug)]
pub struct Tracer<'a> {
    pub host: &'a Snapshot,
    pub fib: Fib<'a>,
    /// Missing: rules were not seen, so that no packet that they could end has a verdict.
    pub netfilter: Result<Netfilter<'a>, Missing>,
    ground: Rc<Ground<'a>>,
}

/// A connection that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    pub from: Origin,
    pub destination: IpAddr,
    /// IPPROTO_*.
    pub protocol: u8,
    /// None: an ephemeral port (49152 to the rules).
    pub source_port: Option<u16>,
    /// Of TCP, UDP and the like.
    pub destination_port: Option<u16>,
}

/// Where a packet comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A process of this host; the kernel chooses the source where none is given.
    Host { source: Option<IpAddr>, uid: Option<u32> },
    /// A container, or anything behind a port of that bridge (by link name; `port` where it is known).
    Bridge { bridge: String, port: Option<String>, source: IpAddr },
    /// It arrives on that link.
    Link { link: String, source: IpAddr },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// To a process or a container of this host (of the last host traced).
    Delivered,
    /// It leaves the last host traced.
    Forwarded,
    Dropped,
    Rejected,
    /// No route, or one that refuses.
    Unroutable,
    Undetermined,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    Request,
    Reply,
}

/// What happens to the first packet of a flow, and to the first reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Of the whole: a request that arrives and whose reply does not has the reply's verdict.
    pub verdict: Verdict,
    pub hops: Vec<Hop>,
    /// What ended it, where something did.
    pub end: Option<End>,
    /// What is not known and decides.
    pub undecided: Vec<Text>,
    /// The request as it is delivered, or leaves this host: with the source that is seen there.
    pub arrives: Option<Arrival>,
}

/// The request at the end of its way over this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub packet: Packet,
    /// The link it leaves by; none: delivered to a process here.
    pub link: Option<String>,
    /// The gateway, or the destination itself where it is on-link.
    pub via: Option<IpAddr>,
}

/// One thing on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Hop {
    /// Index of the host among those traced.
    pub host: usize,
    pub way: Way,
    /// `route`, `filter/FORWARD`, `inet firewalld/filter_FORWARD`, `rp_filter`, `bridge`, `forwarding`, `neighbour`.
    pub at: String,
    /// The rule, route or policy, verbatim.
    pub rule: Option<String>,
    /// Packets and bytes that rule has met.
    pub counters: Option<(u64, u64)>,
    pub effect: Text,
}

/// What ended a packet.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    pub way: Way,
    /// Position of the hop in [`Trace::hops`].
    pub hop: usize,
    /// One sentence.
    pub says: Text,
    /// Where a rule or policy of a chain ended it.
    pub by: Option<By>,
}

/// A rule or a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    pub backend: Backend,
    /// `ip`, `ip6`, `inet`, `bridge`, `netdev`.
    pub family: String,
    pub table: String,
    pub chain: String,
    /// The base chain by which the packet came to `chain`: `FORWARD`.
    pub base: String,
    /// None: the chain's policy.
    pub rule: Option<String>,
    /// 0-based position in its chain.
    pub position: Option<usize>,
}

/// The port that is rarely filtered, which most containers ask the outside at.
pub const HTTPS: u16 = 443;

impl Flow {
    /// What a container asks of the outside most.
    pub fn https(from: Origin, destination: IpAddr) -> Self {
        Flow { from, destination, protocol: TCP, source_port: None, destination_port: Some(HTTPS) }
    }
}

impl<'a> Tracer<'a> {
    /// Arranges the facts once; asking is cheap then.
    ///
    /// # Errors
    /// [`Missing`] when links, addresses, routes or policy rules were not seen.
    pub fn new(host: &'a Snapshot) -> Result<Self, Missing> {
        Ok(Tracer::over(host, Fib::new(host)?))
    }

    /// The same over tables that are arranged already.
    pub fn over(host: &'a Snapshot, fib: Fib<'a>) -> Self {
        let netfilter = Netfilter::new(host, fib.clone());
        let ground = Rc::new(Ground::new(host, netfilter.as_ref().ok()));
        Tracer { host, fib, netfilter, ground }
    }

    /// What happens on this host, to the first packet and to the reply.
    pub fn trace(&self, flow: &Flow) -> Trace {
        across(std::slice::from_ref(self), 0, flow)
    }

    /// What happens on this host to the first packet alone.
    pub fn request(&self, flow: &Flow) -> Trace {
        request::request(std::slice::from_ref(self), 0, flow)
    }
}

#[cfg(feature = "internals")]
pub use request::followed;

/// What happens to a flow that begins on `hosts[first]`, on each of the hosts it comes to.
pub fn across(hosts: &[Tracer], first: usize, flow: &Flow) -> Trace {
    request::whole(hosts, first, flow)
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
