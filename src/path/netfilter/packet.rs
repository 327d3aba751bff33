//! A packet as netfilter sees it.

use std::net::IpAddr;

use super::rule::Side;
use crate::host::Family;
use crate::host::ipproto::{ICMP, ICMPV6, TCP};
use crate::path::fib::Query;

/// What a source port is where none is given: the first of IANA's dynamic ports (RFC 6335).
pub const EPHEMERAL: u16 = 49152;

/// A packet at a hook. The first packet of its connection, or the first reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    pub source: IpAddr,
    pub destination: IpAddr,
    /// IPPROTO_*.
    pub protocol: u8,
    /// Of TCP, UDP, SCTP, DCCP, UDP-Lite.
    pub source_port: Option<u16>,
    pub destination_port: Option<u16>,
    /// Type and code of ICMP and ICMPv6.
    pub icmp: Option<(u8, u8)>,
    /// The TCP flags as in the header's 14th byte: 2 is SYN, 18 SYN and ACK.
    pub tcp_flags: u8,
    /// The link it arrived on: the bridge, of what came in by a bridge port; none: this host sends it.
    pub iif: Option<String>,
    /// The link it leaves by; none before routing and for this host itself.
    pub oif: Option<String>,
    /// Bridge ports, as `physdev` sees them: set where br_netfilter carries a packet through.
    pub physical_in: Option<String>,
    pub physical_out: Option<String>,
    /// It is bridged, not routed, between those ports.
    pub bridged: bool,
    pub mark: u32,
    /// A rule wrote its DSCP. As it is sent it has none (0).
    pub dscp_written: bool,
    /// Who sends it, of what this host sends; none: not said.
    pub uid: Option<u32>,
    /// None: conntrack has not seen it yet, or never will ([`Packet::untracked`]). At PREROUTING and OUTPUT what is said here is
    /// what conntrack will find at its place there (a new connection where nothing is said), and chains before it see nothing of
    /// it; but a packet that comes by the loopback brings its connection along.
    pub connection: Option<Connection>,
    pub untracked: bool,
    /// That port is one that NAT chooses at random: the one said is what it was before.
    pub random_port: Option<Side>,
}

/// What conntrack knows of a packet's connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    pub state: State,
    /// Which way this packet goes.
    pub direction: Direction,
    /// As the first packet was before any NAT.
    pub original: Tuple,
    /// As the reply is expected: `original` turned round, and what NAT changed of it.
    pub reply: Tuple,
    pub mark: u32,
    /// A destination (source) mapping was set up, be it an empty one: NAT chains of that kind are not asked again.
    pub destination_settled: bool,
    pub source_settled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    New,
    Established,
    Related,
    Invalid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Original,
    Reply,
}

/// Addresses and ports (of ICMP: the identifier, in `source_port`) of one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tuple {
    pub source: IpAddr,
    pub destination: IpAddr,
    pub source_port: Option<u16>,
    pub destination_port: Option<u16>,
}

impl Packet {
    /// A packet without ports, marks, links and connection.
    pub fn new(source: IpAddr, destination: IpAddr, protocol: u8) -> Self {
        Packet {
            source,
            destination,
            protocol,
            source_port: None,
            destination_port: None,
            icmp: None,
            tcp_flags: 0,
            iif: None,
            oif: None,
            physical_in: None,
            physical_out: None,
            bridged: false,
            mark: 0,
            dscp_written: false,
            uid: None,
            connection: None,
            untracked: false,
            random_port: None,
        }
    }

    /// The first packet of a connection: a SYN, an echo request, a datagram. `ports`: from and to; an ephemeral one where the first is not
    /// said. What has no ports gets none.
    pub fn first(source: IpAddr, destination: IpAddr, protocol: u8, (from, to): (Option<u16>, Option<u16>)) -> Self {
        const SYN: u8 = 2;
        let packet = Packet::new(source, destination, protocol);
        match protocol {
            ICMP => Packet { icmp: Some((8, 0)), ..packet },
            ICMPV6 => Packet { icmp: Some((128, 0)), ..packet },
            _ => Packet {
                source_port: from.or(to.map(|_| EPHEMERAL)),
                destination_port: to,
                tcp_flags: if protocol == TCP { SYN } else { 0 },
                ..packet
            },
        }
    }

    /// What the kernel looks up for it.
    pub fn query(&self) -> Query {
        Query {
            source: Some(self.source),
            iif: self.iif.clone(),
            mark: self.mark,
            uid: self.uid.unwrap_or(0),
            protocol: self.protocol,
            source_port: self.source_port,
            destination_port: self.destination_port,
            ..Query::to(self.destination)
        }
    }

    pub fn family(&self) -> Family {
        Family::of(self.destination)
    }

    pub fn tuple(&self) -> Tuple {
        Tuple {
            source: self.source,
            destination: self.destination,
            source_port: self.source_port,
            destination_port: self.destination_port,
        }
    }
}

impl Tuple {
    pub fn turned(&self) -> Tuple {
        Tuple {
            source: self.destination,
            destination: self.source,
            source_port: self.destination_port,
            destination_port: self.source_port,
        }
    }
}

impl Connection {
    /// That of a first packet, before any rule saw it.
    pub fn new(original: Tuple) -> Self {
        Connection {
            state: State::New,
            direction: Direction::Original,
            reply: original.turned(),
            original,
            mark: 0,
            destination_settled: false,
            source_settled: false,
        }
    }

    /// As the first reply finds it, which goes the way that `reply` says.
    pub fn answered(&self) -> Self {
        Connection {
            state: State::Established,
            direction: Direction::Reply,
            destination_settled: true,
            source_settled: true,
            ..self.clone()
        }
    }

    pub fn has_dnat(&self) -> bool {
        self.reply.source != self.original.destination || self.reply.source_port != self.original.destination_port
    }

    pub fn has_snat(&self) -> bool {
        self.reply.destination != self.original.source || self.reply.destination_port != self.original.source_port
    }
}
