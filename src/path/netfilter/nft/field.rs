//! The left side of a match: which field of a packet it looks at, and which packets have that field.

use serde_json::Value;

use super::super::rule::{Field, Key, Leg, Side, Table, Test, Values, state};
use super::names;
use super::value::{Kind, scalar};
use super::{listed, only, word};

/// A field, how its values are written, and what nft asks before it looks there: `tcp dport` is only of TCP, `ip saddr` only of
/// IPv4, and a listing leaves that out.
pub(super) struct Left {
    pub key: Key,
    pub kind: Kind,
    pub needs: Vec<Test>,
    /// Protocols whose packets have the field where nft does not ask: `th dport` reads any transport header's bytes.
    pub of: Option<&'static [u128]>,
}

/// A field that is not modelled: what nft asks before it looks there.
pub(super) struct Foreign {
    pub needs: Vec<Test>,
    /// What the field is of every packet asked of, a whole one without extension headers or options, and which of its bits are
    /// known.
    pub always: Option<(u128, u128)>,
}

/// Protocols whose header begins with two ports: TCP, UDP, DCCP, SCTP, UDP-Lite.
const WITH_PORTS: &[u128] = &[6, 17, 33, 132, 136];

pub(super) fn left(expression: &Value, table: Table) -> Result<Left, Foreign> {
    let Some((kind, body)) = only(expression) else { return Err(foreign(Vec::new())) };
    match kind {
        "payload" => payload(body, table),
        "meta" => meta(word(body, "key"), table).ok_or_else(|| foreign(Vec::new())),
        "ct" => conntrack(body),
        "fib" => fib(body).ok_or_else(|| foreign(Vec::new())),
        "exthdr" | "ip option" => Err(absent(body)),
        "tcp option" => Err(foreign(vec![protocol(6)])),
        "sctp chunk" => Err(foreign(vec![protocol(132)])),
        "&" => masked(body, table),
        _ => Err(foreign(Vec::new())),
    }
}

fn masked(operands: &Value, table: Table) -> Result<Left, Foreign> {
    let Some([of, masks @ ..]) = operands.as_array().map(Vec::as_slice) else { return Err(foreign(Vec::new())) };
    let mut inner = match left(of, table) {
        Ok(inner) => inner,
        Err(mut foreign) => {
            let mask = masks.iter().try_fold(u128::MAX, |all, mask| Some(all & scalar(Kind::Number, mask)?));
            foreign.always = foreign
                .always
                .zip(mask)
                .filter(|((_, known), mask)| mask & !known == 0)
                .map(|((value, _), mask)| (value & mask, u128::MAX));
            return Err(foreign);
        }
    };
    for mask in masks {
        match scalar(inner.kind, mask) {
            Some(bits) => inner.key.mask = Some(inner.key.mask.unwrap_or(u128::MAX) & bits),
            None => return Err(foreign(inner.needs)),
        }
    }
    Ok(inner)
}

fn payload(body: &Value, table: Table) -> Result<Left, Foreign> {
    let (header, field) = (word(body, "protocol"), word(body, "field"));
    match header {
        "ip" | "ip6" => network(header, field, table),
        "tcp" | "udp" | "sctp" | "dccp" | "udplite" | "th" => transport(header, field),
        "icmp" | "icmpv6" => {
            let (number, types, codes) = if header == "icmp" {
                (1, Kind::IcmpType, Kind::IcmpCode)
            } else {
                (58, Kind::Icmpv6Type, Kind::Icmpv6Code)
            };
            match field {
                "type" => Ok(of(Field::IcmpType, types, vec![protocol(number)])),
                "code" => Ok(of(Field::IcmpCode, codes, vec![protocol(number)])),
                _ => Err(foreign(vec![protocol(number)])),
            }
        }
        "ether" if field == "type" => Ok(of(Field::Family, Kind::EtherType, Vec::new())),
        // Every packet asked of is IPv4 or IPv6.
        "arp" => Err(foreign(vec![Test::Any(Vec::new())])),
        "ah" | "esp" | "comp" | "gre" | "igmp" => {
            Err(foreign(names::number(names::PROTOCOLS, header).map(protocol).into_iter().collect()))
        }
        _ => Err(foreign(Vec::new())),
    }
}

fn network(header: &str, field: &str, table: Table) -> Result<Left, Foreign> {
    let (version, kind) = if header == "ip" { (2, Kind::Ipv4) } else { (10, Kind::Ipv6) };
    let needs = if matches!(table, Table::Ip | Table::Ip6) { Vec::new() } else { vec![family(version)] };
    let (field, kind) = match (header, field) {
        (_, "saddr") => (Field::Address(Side::Source), kind),
        (_, "daddr") => (Field::Address(Side::Destination), kind),
        ("ip", "protocol") | ("ip6", "nexthdr") => (Field::Protocol, Kind::Protocol),
        ("ip", "ttl") | ("ip6", "hoplimit") => (Field::Ttl, Kind::Number),
        (_, "dscp") => (Field::Dscp, Kind::Dscp),
        ("ip", "length") => (Field::Length, Kind::Number),
        (_, "version") => return Err(Foreign { needs, always: Some((if version == 2 { 4 } else { 6 }, u128::MAX)) }),
        // Neither an offset nor "more fragments"; whether "don't fragment" is not known.
        ("ip", "frag-off") => return Err(Foreign { needs, always: Some((0, 0x3fff)) }),
        _ => return Err(foreign(needs)),
    };
    Ok(of(field, kind, needs))
}

fn transport(header: &str, field: &str) -> Result<Left, Foreign> {
    let number = names::number(names::PROTOCOLS, header);
    let needs: Vec<_> = number.map(protocol).into_iter().collect();
    let (field, kind) = match (header, field) {
        (_, "sport") => (Field::Port(Side::Source), Kind::Number),
        (_, "dport") => (Field::Port(Side::Destination), Kind::Number),
        ("tcp", "flags") => (Field::TcpFlags, Kind::TcpFlags),
        _ => return Err(foreign(needs)),
    };
    let with_ports = if number.is_none() { Some(WITH_PORTS) } else { None };
    Ok(Left { of: with_ports, ..of(field, kind, needs) })
}

fn meta(key: &str, table: Table) -> Option<Left> {
    let bridge = table == Table::Bridge;
    let (field, kind) = match key {
        // A bridge's own hooks see its ports; everything else sees the bridge.
        "iif" | "iifname" => (if bridge { Field::PhysicalIn } else { Field::Iif }, Kind::Name),
        "oif" | "oifname" => (if bridge { Field::PhysicalOut } else { Field::Oif }, Kind::Name),
        "ibrname" | "ibridgename" => (Field::Iif, Kind::Name),
        "obrname" | "obridgename" => (Field::Oif, Kind::Name),
        "iifkind" => (Field::IifKind, Kind::Name),
        "oifkind" => (Field::OifKind, Kind::Name),
        "l4proto" => (Field::Protocol, Kind::Protocol),
        "nfproto" => (Field::Family, Kind::Family),
        "protocol" => (Field::Family, Kind::EtherType),
        "mark" => (Field::Mark, Kind::Number),
        "skuid" => (Field::Uid, Kind::Number),
        "skgid" => (Field::Gid, Kind::Number),
        "pkttype" => (Field::PacketType, Kind::PacketType),
        "length" => (Field::Length, Kind::Number),
        _ => return None,
    };
    Some(of(field, kind, Vec::new()))
}

fn conntrack(body: &Value) -> Result<Left, Foreign> {
    let reply = match word(body, "dir") {
        "" => None,
        direction => Some(direction == "reply"),
    };
    // `"key": "ip saddr"`, and of old nft `"key": "saddr", "family": "ip"`.
    let (version, key) = match word(body, "key").split_once(' ') {
        Some((version, key)) => (version, key),
        None => (word(body, "family"), word(body, "key")),
    };
    let (version, address) = match version {
        "ip" => (vec![family(2)], Some(Kind::Ipv4)),
        "ip6" => (vec![family(10)], Some(Kind::Ipv6)),
        _ => (Vec::new(), None),
    };
    let side = if key.ends_with("saddr") || key == "proto-src" { Side::Source } else { Side::Destination };
    let (field, kind, needs) = match (key, reply) {
        ("state", _) => (Field::State, Kind::State, Vec::new()),
        ("status", _) => (Field::Status, Kind::Status, vec![tracked()]),
        ("direction", _) => (Field::Direction, Kind::Direction, vec![tracked()]),
        ("mark", _) => (Field::ConnectionMark, Kind::Number, vec![tracked()]),
        ("saddr" | "daddr", Some(reply)) => {
            let field = if reply { Field::ReplyAddress(side) } else { Field::OriginalAddress(side) };
            let Some(kind) = address else { return Err(foreign(vec![tracked()])) };
            (field, kind, version)
        }
        ("proto-src" | "proto-dst", Some(reply)) => {
            let field = if reply { Field::ReplyPort(side) } else { Field::OriginalPort(side) };
            (field, Kind::Number, Vec::new())
        }
        ("protocol", _) => (Field::Protocol, Kind::Protocol, vec![tracked()]),
        ("l3proto", _) => (Field::Family, Kind::Family, vec![tracked()]),
        _ => return Err(foreign(Vec::new())),
    };
    Ok(of(field, kind, needs))
}

fn fib(body: &Value) -> Option<Left> {
    let flags = body.get("flags").map(listed).unwrap_or_default();
    let has = |flag| flags.contains(&flag);
    let side = if has("saddr") { Side::Source } else { Side::Destination };
    let leg = if has("iif") {
        Some(Leg::In)
    } else if has("oif") {
        Some(Leg::Out)
    } else {
        None
    };
    let route = Field::RouteLink { to: side, link: leg, mark: has("mark") };
    match word(body, "result") {
        "type" => Some(of(Field::AddressType { of: side, on: leg }, Kind::AddressType, Vec::new())),
        "oif" | "oifname" => Some(of(route, Kind::Name, Vec::new())),
        "check" => Some(of(route, Kind::Number, Vec::new())),
        _ => None,
    }
}

fn of(field: Field, kind: Kind, needs: Vec<Test>) -> Left {
    Left { key: Key::of(field), kind, needs, of: None }
}

/// A header or option that no packet asked of has: a field of it fails, and whether it exists is known.
fn absent(body: &Value) -> Foreign {
    match body.get("field") {
        Some(_) => foreign(vec![Test::Any(Vec::new())]),
        None => Foreign { needs: Vec::new(), always: Some((0, u128::MAX)) },
    }
}

fn foreign(needs: Vec<Test>) -> Foreign {
    Foreign { needs, always: None }
}

pub(super) fn family(number: u128) -> Test {
    one(Field::Family, number)
}

pub(super) fn protocol(number: u128) -> Test {
    one(Field::Protocol, number)
}

/// Only a packet that conntrack knows has the field.
fn tracked() -> Test {
    Test::One { key: Key::of(Field::State), values: Values::AnyBit(state::INVALID | state::UNTRACKED), invert: true }
}

fn one(field: Field, number: u128) -> Test {
    Test::One { key: Key::of(field), values: Values::Ranges(vec![(number, number)]), invert: false }
}
