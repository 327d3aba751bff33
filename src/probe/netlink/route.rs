//! RTM_NEWROUTE (include/uapi/linux/rtnetlink.h).

use super::Undecodable;
use super::attributes::{Attributes, family, family_number, prefix, split, word};
use super::dump::Request;
use crate::host::{Family, NextHop, Route, RouteKind, Scope};

pub const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;
pub const RTA_DST: u16 = 1;
pub const RTA_SRC: u16 = 2;
pub const RTA_OIF: u16 = 4;
pub const RTA_GATEWAY: u16 = 5;
pub const RTA_PRIORITY: u16 = 6;
pub const RTA_PREFSRC: u16 = 7;
pub const RTA_METRICS: u16 = 8;
pub const RTA_MULTIPATH: u16 = 9;
pub const RTA_TABLE: u16 = 15;
pub const RTA_VIA: u16 = 18;
pub const RTA_PREF: u16 = 20;
pub const RTA_NH_ID: u16 = 30;
pub const RTAX_MTU: u16 = 2;
pub const RTM_F_CLONED: u32 = 0x200;

pub fn request(family: Family) -> Request {
    let mut payload = vec![0; 12];
    payload[0] = family_number(family);
    Request { kind: RTM_GETROUTE, payload, may_be_unknown: false }
}

/// Those of one table by one protocol, where the kernel looks at what is asked for (Linux 4.20); else all.
pub fn request_of(family: Family, table: u32, protocol: u8) -> Request {
    let Request { kind, mut payload, .. } = request(family);
    payload[5] = protocol;
    payload.extend(8u16.to_ne_bytes());
    payload.extend(RTA_TABLE.to_ne_bytes());
    payload.extend(table.to_ne_bytes());
    // A table that does not exist has none.
    Request { kind, payload, may_be_unknown: true }
}

pub fn decode(kind: u16, payload: &[u8]) -> Result<Option<Route>, Undecodable> {
    if kind != RTM_NEWROUTE {
        return Ok(None);
    }
    let (header, attributes) = split::<12>(payload)?;
    let flags = word(&header, 8);
    match family(header[0]) {
        // Exceptions (a path MTU, a redirect) are no routes of a table.
        Some(family) if flags & RTM_F_CLONED == 0 => route(family, &header, &attributes).map(Some).map_err(|why| {
            let destination = attributes.address(RTA_DST).ok().flatten();
            let destination = destination.map_or("default".to_owned(), |to| format!("{to}/{}", header[1]));
            Undecodable(format!("{destination}: {}", why.0))
        }),
        _ => Ok(None),
    }
}

fn route(family: Family, header: &[u8; 12], attributes: &Attributes) -> Result<Route, Undecodable> {
    let [_, destination_length, source_length, tos, table, protocol, scope, kind, ..] = *header;
    let from = prefix(family, attributes.address(RTA_SRC)?, source_length)?;
    let mtu = attributes.nested(RTA_METRICS)?.unwrap_or_default().u32(RTAX_MTU)?;
    Ok(Route {
        destination: prefix(family, attributes.address(RTA_DST)?, destination_length)?,
        table: attributes.u32(RTA_TABLE)?.unwrap_or(u32::from(table)),
        kind: route_kind(kind),
        scope: route_scope(scope),
        protocol,
        metric: attributes.u32(RTA_PRIORITY)?.unwrap_or(0),
        tos,
        from: (source_length != 0).then_some(from),
        source: attributes.address(RTA_PREFSRC)?,
        next_hops: next_hops(word(header, 8), attributes)?,
        next_hop_object: attributes.u32(RTA_NH_ID)?,
        mtu,
        preference: attributes.u8(RTA_PREF)?.unwrap_or(0),
    })
}

fn next_hops(flags: u32, attributes: &Attributes) -> Result<Vec<NextHop>, Undecodable> {
    let mut hops = Vec::new();
    if let Some(mut rest) = attributes.bytes(RTA_MULTIPATH) {
        // struct rtnexthop: length, flags, weight - 1, link; then attributes of its own.
        while let Some(header) = rest.first_chunk::<8>() {
            let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
            let inner = rest.get(8..length).ok_or_else(|| Undecodable("a multipath hop is cut off".to_owned()))?;
            let link = word(header, 4);
            hops.push(NextHop {
                via: gateway(&Attributes::new(inner)?)?,
                link: (link != 0).then_some(link),
                weight: u16::from(header[3]) + 1,
                ..hop_flags(u32::from(header[2]))
            });
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        }
        return Ok(hops);
    }
    let (via, link) = (gateway(attributes)?, attributes.u32(RTA_OIF)?);
    if via.is_some() || link.is_some() {
        hops.push(NextHop { via, link, weight: 1, ..hop_flags(flags) });
    }
    Ok(hops)
}

fn gateway(attributes: &Attributes) -> Result<Option<std::net::IpAddr>, Undecodable> {
    Ok(attributes.address(RTA_GATEWAY)?.or(attributes.via(RTA_VIA)?))
}

/// RTNH_F_DEAD, RTNH_F_ONLINK, RTNH_F_LINKDOWN.
pub fn hop_flags(flags: u32) -> NextHop {
    NextHop { dead: flags & 1 != 0, onlink: flags & 4 != 0, linkdown: flags & 16 != 0, ..NextHop::default() }
}

pub fn route_kind(number: u8) -> RouteKind {
    match number {
        1 => RouteKind::Unicast,
        2 => RouteKind::Local,
        3 => RouteKind::Broadcast,
        4 => RouteKind::Anycast,
        5 => RouteKind::Multicast,
        6 => RouteKind::Blackhole,
        7 => RouteKind::Unreachable,
        8 => RouteKind::Prohibit,
        9 => RouteKind::Throw,
        10 => RouteKind::Nat,
        _ => RouteKind::Other,
    }
}

pub fn route_scope(number: u8) -> Scope {
    match number {
        0 => Scope::Global,
        200 => Scope::Site,
        253 => Scope::Link,
        254 => Scope::Host,
        255 => Scope::Nowhere,
        _ => Scope::Other,
    }
}
