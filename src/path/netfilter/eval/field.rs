//! The fields of a packet at a hook.

use std::net::IpAddr;

use super::super::packet::{Connection, Direction, Packet, State, Tuple};
use super::super::rule::{Field, Hook, Layer, Leg, Side, as_number, state, status};
use super::chain::Walk;
use crate::host::Family;
use crate::host::ipproto::TCP;
use crate::path::fib::{Query, rtn};
use crate::text::{Text, text};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'p> {
    Number(u128),
    Name(&'p str),
    /// The packet has no such field.
    Absent,
    /// Some number from the first to the second.
    Within(u128, u128, Kind),
    Unknown(Text),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Ttl,
    Length,
}

impl Value<'_> {
    fn number(number: Option<impl Into<u128>>) -> Self {
        number.map_or(Value::Absent, |number| Value::Number(number.into()))
    }

    /// What is not known.
    pub fn what(&self) -> Text {
        match self {
            Value::Within(_, _, Kind::Ttl) => text!("the packet's TTL", "报文的 TTL"),
            Value::Within(_, _, Kind::Length) => text!("the packet's length", "报文的长度"),
            Value::Unknown(what) => what.clone(),
            _ => Text::verbatim(""),
        }
    }
}

impl<'a> Walk<'_, 'a> {
    pub fn value<'p>(&self, field: Field, packet: &'p Packet) -> Value<'p>
    where
        'a: 'p,
    {
        let connection = self.connection(packet);
        match field {
            Field::Address(side) => Value::Number(as_number(packet.address(side))),
            Field::Protocol => Value::Number(packet.protocol.into()),
            Field::Port(side) if packet.random_port == Some(side) => {
                Value::Unknown(text!("the port that NAT chooses", "NAT 选用的端口"))
            }
            Field::Port(side) => Value::number(packet.port(side)),
            Field::IcmpType => Value::number(packet.icmp.map(|(kind, _)| kind)),
            Field::IcmpCode => Value::number(packet.icmp.map(|(_, code)| code)),
            Field::TcpFlags => Value::number((packet.protocol == TCP).then_some(packet.tcp_flags)),
            Field::Family => Value::Number(if packet.family() == Family::V4 { 2 } else { 10 }),
            Field::Iif => Value::Name(self.link(Leg::In, packet)),
            Field::Oif => Value::Name(self.link(Leg::Out, packet)),
            Field::PhysicalIn => Value::Name(packet.physical_in.as_deref().unwrap_or_default()),
            Field::PhysicalOut => Value::Name(packet.physical_out.as_deref().unwrap_or_default()),
            Field::IifKind => self.kind(Leg::In, packet),
            Field::OifKind => self.kind(Leg::Out, packet),
            Field::Bridged => Value::Number(packet.bridged.into()),
            Field::Mark => Value::Number(packet.mark.into()),
            Field::State => Value::Number(self.state(packet)),
            Field::Status => Value::number(connection.map(status_of)),
            Field::Direction => Value::number(connection.map(|c| u8::from(c.direction == Direction::Reply))),
            Field::ConnectionMark => Value::number(connection.map(|c| c.mark)),
            Field::OriginalAddress(side) => Value::number(connection.map(|c| c.original.address(side))),
            Field::OriginalPort(side) => Value::number(connection.and_then(|c| c.original.port(side))),
            Field::ReplyAddress(side) => Value::number(connection.map(|c| c.reply.address(side))),
            Field::ReplyPort(side) => Value::number(connection.and_then(|c| c.reply.port(side))),
            Field::AddressType { of, on } => self.address_type(of, on, packet),
            Field::RouteLink { to, link, mark } => self.route_link((to, link, mark), packet),
            Field::Uid | Field::Gid => self.owner(field, packet),
            Field::PacketType => self.packet_type(packet),
            Field::Dscp if packet.dscp_written => {
                Value::Unknown(text!("the DSCP that a rule before it wrote", "前面某条规则改写的 DSCP"))
            }
            // What is asked about is sent without a DSCP, as almost everything is.
            Field::Dscp => Value::Number(0),
            Field::Ttl => Value::Within(1, 255, Kind::Ttl),
            Field::Length => Value::Within(20, 65535, Kind::Length),
        }
    }

    /// What conntrack knows of the packet here.
    fn connection<'p>(&self, packet: &'p Packet) -> Option<&'p Connection> {
        packet.connection.as_ref().filter(|c| self.here.tracked && c.state != State::Invalid)
    }

    fn state(&self, packet: &Packet) -> u128 {
        match self.connection(packet).map(|connection| connection.state) {
            _ if packet.untracked => state::UNTRACKED,
            Some(State::New) => state::NEW,
            Some(State::Established) => state::ESTABLISHED,
            Some(State::Related) => state::RELATED,
            Some(State::Invalid) | None => state::INVALID,
        }
    }

    /// The name of a link as the hook shows it; empty where it shows none.
    pub fn link<'p>(&self, leg: Leg, packet: &'p Packet) -> &'p str {
        let shown = match (self.here.hook, leg) {
            (Hook::Prerouting | Hook::Input | Hook::Ingress, Leg::Out) | (Hook::Output | Hook::Egress, Leg::In) => {
                false
            }
            // br_netfilter gives no link of arrival there (net/bridge/br_netfilter_hooks.c `br_nf_post_routing`).
            (Hook::Postrouting, Leg::In) => !packet.bridged && self.here.layer == Layer::Network,
            _ => true,
        };
        let name = match leg {
            Leg::In => &packet.iif,
            Leg::Out => &packet.oif,
        };
        name.as_deref().filter(|_| shown).unwrap_or_default()
    }

    fn kind<'p>(&self, leg: Leg, packet: &Packet) -> Value<'p>
    where
        'a: 'p,
    {
        self.netfilter.fib.kind_of(self.link(leg, packet)).map_or(Value::Absent, Value::Name)
    }

    fn address_type<'p>(&self, of: Side, on: Option<Leg>, packet: &Packet) -> Value<'p> {
        let on = on.map(|leg| self.link(leg, packet)).filter(|link| !link.is_empty());
        match self.netfilter.fib.address_type(packet.address(of), on) {
            Ok(kind) => Value::Number(kind.into()),
            Err(why) => Value::Unknown(why),
        }
    }

    fn route_link<'p>(&self, (to, leg, mark): (Side, Option<Leg>, bool), packet: &Packet) -> Value<'p> {
        let fib = &self.netfilter.fib;
        let here = self.link(Leg::In, packet);
        if matches!(self.here.hook, Hook::Prerouting | Hook::Input) && fib.is_loopback(here) {
            return Value::number(fib.index_of(here));
        }
        let out = self.link(Leg::Out, packet);
        let seen_from = (self.here.hook == Hook::Forward && to == Side::Source && leg == Some(Leg::In)).then_some(out);
        let query = Query {
            source: Some(packet.address(to.other())),
            iif: seen_from.filter(|link| !link.is_empty()).map(str::to_owned),
            mark: if mark { packet.mark } else { 0 },
            ..Query::to(packet.address(to))
        };
        let links = match fib.links_towards(&query) {
            Ok(links) => links,
            Err(why) => return Value::Unknown(why),
        };
        let wanted = leg.and_then(|leg| fib.index_of(self.link(leg, packet)));
        match (links.as_slice(), wanted) {
            ([], _) => Value::Number(0),
            ([one], Some(wanted)) => Value::Number(if *one == wanted { wanted.into() } else { 0 }),
            ([one], None) => Value::Number((*one).into()),
            // A route of IPv4 has all its hops at once (`fib_info_nh_uses_dev`).
            (many, Some(wanted)) if packet.family() == Family::V4 || !many.contains(&wanted) => {
                Value::Number(if many.contains(&wanted) { wanted.into() } else { 0 })
            }
            _ => Value::Unknown(text!("which of several hops a route takes", "路由会走多条下一跳中的哪一条")),
        }
    }

    /// Only what a socket of this host sends has an owner.
    fn owner<'p>(&self, field: Field, packet: &Packet) -> Value<'p> {
        if packet.iif.is_some() || packet.physical_in.is_some() || packet.bridged {
            return Value::Absent;
        }
        match (field, packet.uid) {
            (Field::Uid, Some(uid)) => Value::Number(uid.into()),
            _ => Value::Unknown(text!("who sends it", "由哪个用户发送")),
        }
    }

    fn packet_type<'p>(&self, packet: &Packet) -> Value<'p> {
        let number: u8 = match self.netfilter.fib.address_type(packet.destination, None) {
            _ if packet.iif.is_none() && !packet.bridged => 0,
            Ok(rtn::BROADCAST) => 1,
            Ok(rtn::MULTICAST) => 2,
            _ if self.here.layer == Layer::Bridge && packet.bridged => 3,
            _ => 0,
        };
        Value::Number(number.into())
    }
}

fn status_of(connection: &Connection) -> u128 {
    const SOURCE_DONE: u128 = 128;
    const DESTINATION_DONE: u128 = 256;
    let bits = [
        (connection.state == State::Related, status::EXPECTED),
        (connection.direction == Direction::Reply, status::SEEN_REPLY),
        (connection.state == State::Established, status::CONFIRMED),
        (connection.has_snat(), status::SNAT),
        (connection.has_dnat(), status::DNAT),
        (connection.source_settled, SOURCE_DONE),
        (connection.destination_settled, DESTINATION_DONE),
    ];
    bits.iter().filter(|(set, _)| *set).fold(0, |all, (_, bit)| all | bit)
}

impl Side {
    pub fn other(self) -> Self {
        match self {
            Side::Source => Side::Destination,
            Side::Destination => Side::Source,
        }
    }
}

impl Packet {
    pub fn address(&self, side: Side) -> IpAddr {
        match side {
            Side::Source => self.source,
            Side::Destination => self.destination,
        }
    }

    pub fn port(&self, side: Side) -> Option<u16> {
        match side {
            Side::Source => self.source_port,
            Side::Destination => self.destination_port,
        }
    }
}

impl Tuple {
    fn address(&self, side: Side) -> u128 {
        as_number(match side {
            Side::Source => self.source,
            Side::Destination => self.destination,
        })
    }

    fn port(&self, side: Side) -> Option<u16> {
        match side {
            Side::Source => self.source_port,
            Side::Destination => self.destination_port,
        }
    }
}
