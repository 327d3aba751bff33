//! One request, sent for real, and what became of it.

use super::frame::{Ends, ICMP, ICMPV6, Seen, What};
use super::site::{Home, Site};
use super::wire;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A request to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shot {
    /// Index in [`Site::parties`].
    pub from: usize,
    pub uid: u32,
    pub destination: IpAddr,
    /// IPPROTO_*.
    pub protocol: u8,
    pub source_port: u16,
    /// 0 for ICMP.
    pub destination_port: u16,
}

/// What really happened.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Where it was delivered, and as what.
    pub arrived: Option<(usize, Seen)>,
    /// The answer came back.
    pub answered: bool,
    /// Instead of an answer: a TCP reset or an ICMP error, or the kernel's refusal to send.
    pub refused: Option<Refusal>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    Reset,
    /// Type and code, and who says so.
    Error(u8, u8, IpAddr),
    /// sendto(2) failed.
    Unsent(Errno),
    /// The kernel has no source address for it.
    NoRoute,
}

impl Shot {
    /// Sends it with all conntrack forgotten, and waits so long for silence.
    pub fn fire(&self, site: &Site, silence: Duration) -> Outcome {
        static NEXT: AtomicU32 = AtomicU32::new(0x1000_0000);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        site.flush();
        let sender = &site.parties[self.from];
        let source = match sender.home {
            Home::Container { .. } => sender.address(self.destination.is_ipv6()),
            _ => wire::source(&sender.inside, self.destination, self.uid),
        };
        let Some(source) = source else { return Outcome { refused: Some(Refusal::NoRoute), ..Outcome::default() } };
        let (source_port, destination_port) = (self.source_port, self.destination_port);
        let ends = Ends { source, destination: self.destination, source_port, destination_port };
        let mut outcome = Outcome::default();
        if let Err(error) = sender.wire.send(self.protocol, ends, number, self.uid) {
            outcome.refused = Some(Refusal::Unsent(error));
        }
        self.watch(site, number, silence, &mut outcome);
        outcome
    }

    fn watch(&self, site: &Site, number: u32, silence: Duration, outcome: &mut Outcome) {
        let mut until = Instant::now() + silence;
        while !outcome.answered {
            let mut heard = false;
            for (party, somebody) in site.parties.iter().enumerate() {
                for seen in somebody.wire.seen().into_iter().filter(|seen| seen.number == number) {
                    heard = true;
                    self.note(site, party, seen, outcome);
                }
            }
            if heard {
                until = Instant::now() + silence;
                continue;
            }
            // A refusal is the last that one hears, but for a rule of one's own host, which may reject beside it.
            let refused = outcome.refused.as_ref().is_some_and(|refusal| *refusal != Refusal::Unsent(Errno::EPERM));
            if Instant::now() >= until || refused && outcome.arrived.is_none() {
                return;
            }
            let sockets = site.parties.iter().flat_map(|party| party.wire.sockets());
            let mut sockets: Vec<PollFd> = sockets.map(|socket| PollFd::new(socket, PollFlags::POLLIN)).collect();
            let left = until.saturating_duration_since(Instant::now()).as_millis() as u16;
            poll(&mut sockets, PollTimeout::from(left.max(1))).expect("poll(2) has no reason to fail");
        }
    }

    fn note(&self, site: &Site, party: usize, seen: Seen, outcome: &mut Outcome) {
        let to_sender = party == self.from;
        // What comes from elsewhere, no connection of the sender's takes.
        let from_asked = seen.source == self.destination
            && (self.destination_port == 0 || seen.source_port == self.destination_port);
        match seen.what {
            // The proxy of a host sends a datagram on, as its own: what counts is where it was delivered first.
            What::Request => {
                let first = matches!(site.parties[party].home, Home::Host(_)) || outcome.arrived.is_none();
                if first {
                    outcome.arrived = Some((party, seen));
                }
            }
            What::Reply if to_sender && from_asked => outcome.answered = true,
            What::Reset if to_sender && from_asked => outcome.refused = Some(Refusal::Reset),
            What::Error(kind, code) if to_sender => outcome.refused = Some(Refusal::Error(kind, code, seen.source)),
            _ => {}
        }
    }
}

pub fn icmp(destination: IpAddr) -> u8 {
    if destination.is_ipv4() { ICMP } else { ICMPV6 }
}
