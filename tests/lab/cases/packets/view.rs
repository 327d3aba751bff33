//! A request, and its reply, as the rules of the first host see them: what generated rules are aimed at.

use super::frame::{ICMP, ICMPV6};
use super::shot::Shot;
use super::site::{Home, Site};
use super::wire;
use std::net::IpAddr;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hook {
    Prerouting,
    Input,
    Forward,
    Output,
    Postrouting,
}

impl Hook {
    /// As iptables calls its chains.
    pub fn chain(self) -> &'static str {
        match self {
            Hook::Prerouting => "PREROUTING",
            Hook::Input => "INPUT",
            Hook::Forward => "FORWARD",
            Hook::Output => "OUTPUT",
            Hook::Postrouting => "POSTROUTING",
        }
    }

    /// Rules may ask for the link it arrived on (leaves by).
    pub fn has_in(self) -> bool {
        matches!(self, Hook::Prerouting | Hook::Input | Hook::Forward)
    }

    pub fn has_out(self) -> bool {
        matches!(self, Hook::Forward | Hook::Output | Hook::Postrouting)
    }
}

/// A packet at a hook.
#[derive(Clone, Debug)]
pub struct View {
    pub hook: Hook,
    pub source: IpAddr,
    pub destination: IpAddr,
    pub protocol: u8,
    /// None for ICMP.
    pub ports: Option<(u16, u16)>,
    pub iif: Option<String>,
    pub oif: Option<String>,
    pub port_in: Option<String>,
    pub port_out: Option<String>,
    /// Of what the host sends itself.
    pub uid: Option<u32>,
    pub reply: bool,
    /// The destination and its port, as the request had them when it was sent.
    pub original: (IpAddr, u16),
    /// A published port leads it there.
    pub mapped: bool,
}

impl View {
    pub fn v6(&self) -> bool {
        self.destination.is_ipv6()
    }

    pub fn icmp(&self) -> bool {
        matches!(self.protocol, ICMP | ICMPV6)
    }
}

/// Where an address leads to from the first host.
struct Leg {
    link: String,
    port: Option<String>,
}

impl Site {
    /// Every hook of the first host that the request and its reply come by, as far as one need know to aim.
    pub fn views(&self, shot: &Shot) -> Vec<View> {
        let sender = &self.parties[shot.from];
        let source = match sender.home {
            Home::Container { .. } => sender.address(shot.destination.is_ipv6()),
            _ => wire::source(&sender.inside, shot.destination, shot.uid),
        };
        let Some(source) = source else { return Vec::new() };
        let here = sender.home == Home::Host(0);
        let (destination, port) = self.mapped(shot);
        let first = self.parties.iter().find(|party| party.home == Home::Host(0)).expect("it is one of the parties");
        let to_host = first.addresses.contains(&destination);
        let (from, to) = (self.leg(source), self.leg(destination));
        let ports = (shot.destination_port != 0).then_some((shot.source_port, shot.destination_port));
        let raw = View {
            hook: if here { Hook::Output } else { Hook::Prerouting },
            source,
            destination: shot.destination,
            protocol: shot.protocol,
            ports,
            iif: (!here).then(|| from.link.clone()),
            oif: here.then(|| self.leg(shot.destination).link),
            port_in: None,
            port_out: None,
            uid: here.then_some(shot.uid),
            reply: false,
            original: (shot.destination, shot.destination_port),
            mapped: destination != shot.destination,
        };
        let landed = View { destination, ports: ports.map(|(source, _)| (source, port)), ..raw.clone() };
        let mut views = vec![raw];
        if here {
            views.push(View { hook: Hook::Postrouting, oif: Some(to.link), ..landed.clone() });
            views.push(View {
                hook: Hook::Input,
                oif: None,
                uid: None,
                iif: Some(self.leg(destination).link),
                ..turned(&landed)
            });
        } else if to_host {
            views.push(View { hook: Hook::Input, ..landed.clone() });
            views.push(View { hook: Hook::Output, iif: None, oif: Some(from.link), ..turned(&landed) });
        } else {
            let bridged = from.link == to.link && from.port.is_some() && to.port.is_some();
            let (port_in, port_out) = if bridged { (from.port, to.port) } else { (None, None) };
            let forward = View { hook: Hook::Forward, oif: Some(to.link.clone()), port_in, port_out, ..landed.clone() };
            let (iif, oif) = (forward.oif.clone(), forward.iif.clone());
            let (port_in, port_out) = (forward.port_out.clone(), forward.port_in.clone());
            views.push(View { iif, oif, port_in, port_out, ..turned(&forward) });
            views.push(View { hook: Hook::Postrouting, iif: None, ..forward.clone() });
            views.push(forward);
        }
        views
    }

    /// Where the engine's rules lead it on the first host, if its ports are published there.
    fn mapped(&self, shot: &Shot) -> (IpAddr, u16) {
        let same = (shot.destination, shot.destination_port);
        let first = self.parties.iter().find(|party| party.home == Home::Host(0)).expect("it is one of the parties");
        if !first.addresses.contains(&shot.destination) {
            return same;
        }
        let (name, port) = match (shot.protocol, shot.destination_port) {
            (6, 8000) => ("zero", 80),
            (17, 5300) => ("zero", 53),
            (6, 8080) => ("web", 80),
            (17, 5432) => ("web", 5432),
            (6, 3306) if shot.destination == first.addresses[0] => ("db", 3306),
            _ => return same,
        };
        let party = self.parties.iter().find(|party| party.name == name).expect("it is one of the parties");
        party.address(shot.destination.is_ipv6()).map_or(same, |address| (address, port))
    }

    fn leg(&self, address: IpAddr) -> Leg {
        for party in self.parties.iter().filter(|party| party.addresses.contains(&address)) {
            match &party.home {
                Home::Container { host: 0, bridge, port } => {
                    return Leg { link: bridge.clone(), port: Some(port.clone()) };
                }
                Home::Host(0) => return Leg { link: "lo".to_owned(), port: None },
                _ => {}
            }
        }
        Leg { link: "eth0".to_owned(), port: None }
    }
}

/// The reply to it, at a hook that is yet to be said.
fn turned(view: &View) -> View {
    View {
        source: view.destination,
        destination: view.source,
        ports: view.ports.map(|(source, destination)| (destination, source)),
        uid: None,
        reply: true,
        ..view.clone()
    }
}
