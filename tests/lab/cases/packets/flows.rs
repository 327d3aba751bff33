//! Requests between all parties.

use super::frame::{TCP, UDP};
use super::random::Random;
use super::shot::{Shot, icmp};
use super::site::{Home, Site, near};
use super::wire::{PORTS, USER};
use std::net::IpAddr;

/// What the hosts publish.
const PUBLISHED: [u16; 5] = [8000, 8080, 3306, 5300, 5432];

impl Site {
    /// A request from somebody to somebody, by any protocol of either family.
    pub fn any(&self, random: &mut Random) -> Shot {
        loop {
            let v6 = random.chance(35);
            let (from, to) = (random.below(self.parties.len()), random.below(self.parties.len()));
            if from == to && random.chance(70) || !self.concerns_the_first(from, to) {
                continue;
            }
            let addresses: Vec<IpAddr> =
                self.parties[to].addresses.iter().copied().filter(|address| address.is_ipv6() == v6).collect();
            if addresses.is_empty() || self.parties[from].address(v6).is_none() {
                continue;
            }
            let host = matches!(self.parties[to].home, Home::Host(_));
            // Of a host's many addresses the first is the one that its neighbours know.
            let destination = if random.chance(60) { addresses[0] } else { random.one(&addresses) };
            if self.can_send(from, destination) {
                return shot(random, from, matches!(self.parties[from].home, Home::Host(_)), destination, host);
            }
        }
    }

    /// Beyond that, a packet only passes a host whose rules are the engine's own.
    fn concerns_the_first(&self, from: usize, to: usize) -> bool {
        let of = |party: usize| match &self.parties[party].home {
            Home::Host(host) | Home::Container { host, .. } => *host == 0,
            Home::Outside => false,
        };
        of(from) || of(to)
    }

    /// Containers of an internal network have no way out of it, which no host knows.
    pub fn can_send(&self, from: usize, destination: IpAddr) -> bool {
        let sender = &self.parties[from];
        // What one sends to oneself passes no host but one's own.
        if sender.home == Home::Outside && sender.addresses.contains(&destination) {
            return false;
        }
        match &sender.home {
            Home::Container { .. } if sender.addresses.contains(&destination) => false,
            Home::Container { bridge, .. } if bridge == "br-apart" => {
                sender.addresses.iter().any(|own| near(*own, destination))
            }
            _ => true,
        }
    }

    /// The host that the outside sends it to.
    pub fn host_towards(&self, destination: IpAddr) -> usize {
        let at = |host: usize| move |home: &Home| matches!(home, Home::Host(n) | Home::Container { host: n, .. } if *n == host);
        let of_second = self.parties.iter().filter(|party| at(1)(&party.home));
        usize::from(of_second.flat_map(|party| &party.addresses).any(|address| *address == destination))
    }
}

/// `host`: it is asked at a host, which publishes ports.
fn shot(random: &mut Random, from: usize, sent_by_host: bool, destination: IpAddr, host: bool) -> Shot {
    let protocol = match random.below(100) {
        0..25 => icmp(destination),
        25..65 => TCP,
        _ => UDP,
    };
    let destination_port = match protocol {
        TCP | UDP if host && random.chance(70) => random.one(&PUBLISHED),
        TCP | UDP => random.one(&PORTS),
        _ => 0,
    };
    let uid = if sent_by_host && random.chance(30) { USER } else { 0 };
    Shot { from, uid, destination, protocol, source_port: 20_000 + random.below(12_000) as u16, destination_port }
}
