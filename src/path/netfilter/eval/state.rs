//! A packet on its way through chains, and the ways that an undecided question may have taken it.

use super::super::packet::{Connection, Packet};
use super::super::{Taken, Verdict};
use crate::host::ipproto::{ICMP, ICMPV6, TCP};
use crate::text::Text;

#[derive(Clone, Debug)]
pub(super) struct State {
    pub packet: Packet,
    pub trail: Vec<Taken>,
    /// What was not decided on the way here, and which answer this way took.
    pub doubts: Vec<(Text, usize)>,
}

#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub verdict: Verdict,
    pub state: State,
}

impl State {
    pub fn new(packet: Packet) -> Self {
        State { packet, trail: Vec::new(), doubts: Vec::new() }
    }

    /// Behind conntrack (net/netfilter/nf_conntrack_core.c `nf_conntrack_in`).
    pub fn tracked(mut self) -> Self {
        let packet = &mut self.packet;
        if packet.is_neighbour_discovery() {
            packet.untracked = true;
        }
        if packet.untracked {
            packet.connection = None;
        } else if packet.connection.is_none() && packet.begins_connection() {
            packet.connection = Some(Connection::new(packet.tuple()));
        }
        self
    }

    /// Only the doubts in which both went the same way led both here.
    fn merge(&mut self, other: &State) {
        self.doubts.retain(|doubt| other.doubts.contains(doubt));
        if other.trail.len() < self.trail.len() {
            self.trail.clone_from(&other.trail);
        }
    }
}

impl Packet {
    /// Neighbour discovery and multicast listener messages, which conntrack leaves alone
    /// (net/netfilter/nf_conntrack_proto_icmpv6.c `noct_valid_new`).
    fn is_neighbour_discovery(&self) -> bool {
        self.protocol == ICMPV6 && self.icmp.is_some_and(|(kind, _)| matches!(kind, 130..=136 | 143))
    }

    /// Whether conntrack takes it for the first of a connection; what else belongs to none is invalid.
    fn begins_connection(&self) -> bool {
        const FIN_SYN_RST_ACK: u8 = 0x17;
        match (self.protocol, self.icmp) {
            // `tcp_conntracks`, the row of no connection: SYN begins one, a bare ACK is picked up.
            (TCP, _) => matches!(self.tcp_flags & FIN_SYN_RST_ACK, 0x02 | 0x10),
            (ICMP, Some((kind, _))) => matches!(kind, 8 | 13 | 15 | 17),
            (ICMPV6, Some((kind, _))) => matches!(kind, 128 | 139),
            _ => true,
        }
    }
}

/// Ways that lead to the same packet are one.
pub(super) fn settle(states: Vec<State>) -> Vec<State> {
    let mut kept: Vec<State> = Vec::with_capacity(states.len());
    for state in states {
        match kept.iter_mut().find(|same| same.packet == state.packet) {
            Some(same) => same.merge(&state),
            None => kept.push(state),
        }
    }
    kept
}

/// Outcomes that are the same are one; of a packet that ended it does not matter how it looked then.
pub(super) fn join(outcomes: Vec<Outcome>) -> Vec<Outcome> {
    let mut kept: Vec<Outcome> = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        let goes_on = matches!(outcome.verdict, Verdict::Accept | Verdict::Undetermined);
        let same = kept
            .iter_mut()
            .find(|same| same.verdict == outcome.verdict && (!goes_on || same.state.packet == outcome.state.packet));
        match same {
            // Of several things that are not known each has a part in it.
            Some(same) if outcome.verdict == Verdict::Undetermined => same.state.doubts.extend(outcome.state.doubts),
            Some(same) => same.state.merge(&outcome.state),
            None => kept.push(outcome),
        }
    }
    kept
}

/// What all of them did first.
pub(super) fn common<'t>(mut trails: impl Iterator<Item = &'t [Taken]>) -> Vec<Taken> {
    let Some(first) = trails.next() else { return Vec::new() };
    let mut length = first.len();
    for trail in trails {
        length = first[..length].iter().zip(trail).take_while(|(one, other)| one == other).count();
    }
    first[..length].to_vec()
}
