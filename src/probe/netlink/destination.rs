//! RTM_NEWROUTE once more, for hosts with a million of them: only where a route leads and by whom, without allocating.

use std::net::IpAddr;

use super::Undecodable;
use super::attributes::{self, each, family, word, wrong_length};
use super::route::{
    RTA_DST, RTA_GATEWAY, RTA_MULTIPATH, RTA_NH_ID, RTA_OIF, RTA_TABLE, RTA_VIA, RTM_F_CLONED, RTM_NEWROUTE, hop_flags,
    route_kind, route_scope,
};
use crate::host::{Family, RouteOwner};

/// Whose route it is, and the first address of its destination.
pub fn decode(kind: u16, payload: &[u8]) -> Result<Option<(RouteOwner, IpAddr)>, Undecodable> {
    if kind != RTM_NEWROUTE {
        return Ok(None);
    }
    let (header, rest) = payload
        .split_first_chunk::<12>()
        .ok_or_else(|| Undecodable(format!("a message of {} bytes", payload.len())))?;
    let [_, prefix_len, _, _, table, protocol, scope, kind, ..] = *header;
    let Some(family) = family(header[0]).filter(|_| word(header, 8) & RTM_F_CLONED == 0) else { return Ok(None) };
    let mut owner = RouteOwner {
        family,
        table: u32::from(table),
        kind: route_kind(kind),
        scope: route_scope(scope),
        protocol,
        via: None,
        link: None,
        next_hop_object: None,
        several: false,
        lost: false,
        prefix_len,
    };
    let mut network = match family {
        Family::V4 => IpAddr::from([0; 4]),
        Family::V6 => IpAddr::from([0; 16]),
    };
    let mut hops = None;
    for attribute in each(rest) {
        let (kind, value) = attribute?;
        match kind {
            RTA_DST => network = address(kind, value)?,
            RTA_TABLE => owner.table = number(kind, value)?,
            RTA_NH_ID => owner.next_hop_object = Some(number(kind, value)?),
            RTA_MULTIPATH => hops = Some(value),
            _ => hop(&mut owner, kind, value)?,
        }
    }
    match hops {
        Some(hops) => multipath(&mut owner, hops)?,
        None => owner.lost = (owner.via.is_some() || owner.link.is_some()) && is_lost(word(header, 8)),
    }
    if network.is_ipv4() != (family == Family::V4) || prefix_len > if network.is_ipv4() { 32 } else { 128 } {
        return Err(Undecodable(format!("{network}/{prefix_len} is no prefix")));
    }
    Ok(Some((owner, network)))
}

fn hop(owner: &mut RouteOwner, kind: u16, value: &[u8]) -> Result<(), Undecodable> {
    match kind {
        RTA_OIF => owner.link = Some(number(kind, value)?),
        RTA_GATEWAY => owner.via = Some(address(kind, value)?),
        // The family stands before the address.
        RTA_VIA => owner.via = Some(address(kind, value.get(2..).unwrap_or(&[]))?),
        _ => {}
    }
    Ok(())
}

/// Several struct rtnexthop: length, flags, weight - 1, link; then attributes of its own. The first one is told.
fn multipath(owner: &mut RouteOwner, mut rest: &[u8]) -> Result<(), Undecodable> {
    let (mut count, mut lost) = (0, true);
    while let Some(header) = rest.first_chunk::<8>() {
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let inner = rest.get(8..length).ok_or_else(|| Undecodable("a multipath hop is cut off".to_owned()))?;
        if count == 0 {
            let link = word(header, 4);
            (owner.via, owner.link) = (None, (link != 0).then_some(link));
            for attribute in each(inner) {
                let (kind, value) = attribute?;
                hop(owner, kind, value)?;
            }
        }
        count += 1;
        lost &= is_lost(u32::from(header[2]));
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or(&[]);
    }
    (owner.several, owner.lost) = (count > 1, count > 0 && lost);
    Ok(())
}

fn is_lost(flags: u32) -> bool {
    let hop = hop_flags(flags);
    hop.dead || hop.linkdown
}

fn number(kind: u16, value: &[u8]) -> Result<u32, Undecodable> {
    value.try_into().map(u32::from_ne_bytes).map_err(|_| wrong_length(kind, value))
}

fn address(kind: u16, value: &[u8]) -> Result<IpAddr, Undecodable> {
    attributes::address(value).ok_or_else(|| wrong_length(kind, value))
}

#[cfg(test)]
mod tests {
    use super::super::route;
    use super::super::tests::attribute;
    use super::*;

    /// A route of table main by protocol `static`.
    fn message(family: u8, length: u8, kind: u8, attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![family, length, 0, 0, 254, 4, 0, kind, 0, 0, 0, 0];
        bytes.extend(attributes.concat());
        bytes
    }

    fn hop(link: u32, flags: u8, attributes: &[Vec<u8>]) -> Vec<u8> {
        let inner = attributes.concat();
        let mut bytes = (8 + inner.len() as u16).to_ne_bytes().to_vec();
        bytes.extend([flags, 0]);
        bytes.extend(link.to_ne_bytes());
        bytes.extend(inner);
        bytes
    }

    #[test]
    fn says_of_every_route_what_the_whole_decoding_says() {
        let number = |kind, value: u32| attribute(kind, &value.to_ne_bytes());
        let gateway = || attribute(RTA_GATEWAY, &[10, 0, 0, 1]);
        let (first, second) = (hop(3, 16, &[gateway()]), hop(4, 0, &[attribute(RTA_VIA, &[2, 0, 10, 0, 0, 2])]));
        let v6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let messages = [
            message(2, 0, 1, &[gateway(), number(RTA_OIF, 2)]),
            message(
                2,
                24,
                1,
                &[attribute(RTA_DST, &[10, 1, 2, 0]), gateway(), number(RTA_TABLE, 1000), number(RTA_OIF, 7)],
            ),
            message(2, 8, 6, &[attribute(RTA_DST, &[10, 0, 0, 0]), number(6, 20)]),
            message(
                2,
                24,
                1,
                &[attribute(RTA_DST, &[10, 1, 2, 0]), attribute(RTA_MULTIPATH, &[first.clone(), second].concat())],
            ),
            message(2, 24, 1, &[attribute(RTA_DST, &[10, 1, 2, 0]), attribute(RTA_MULTIPATH, &first)]),
            message(2, 24, 1, &[attribute(RTA_DST, &[10, 1, 2, 0]), number(RTA_NH_ID, 9)]),
            message(10, 32, 1, &[attribute(RTA_DST, &v6), number(RTA_OIF, 2), attribute(99, b"newer")]),
            message(2, 32, 1, &[attribute(RTA_DST, &[10, 1, 2, 3]), attribute(RTA_VIA, &[&[10, 0][..], &v6].concat())]),
        ];
        let mut lost = messages[0].clone();
        lost[8] = 1;
        for message in messages.iter().chain([&lost]) {
            let whole = route::decode(RTM_NEWROUTE, message).expect("decodes").expect("a route");
            let brief = decode(RTM_NEWROUTE, message).expect("decodes").expect("a route");
            assert_eq!(brief, (RouteOwner::of(&whole), whole.destination.addr()));
        }
    }

    #[test]
    fn refuses_and_leaves_out_what_the_whole_decoding_does() {
        let mut cloned = message(2, 32, 1, &[attribute(RTA_DST, &[10, 1, 2, 3])]);
        cloned[8..12].copy_from_slice(&RTM_F_CLONED.to_ne_bytes());
        let bad = [
            message(2, 33, 1, &[attribute(RTA_DST, &[10, 1, 2, 3])]),
            message(2, 24, 1, &[attribute(RTA_DST, &[10, 1])]),
            message(2, 24, 1, &[attribute(RTA_TABLE, &[1])]),
            message(2, 24, 1, &[vec![200, 0, 4, 0]]),
            vec![2, 24],
        ];
        for message in bad.iter().chain([&cloned, &message(7, 0, 1, &[])]) {
            let (whole, brief) = (route::decode(RTM_NEWROUTE, message), decode(RTM_NEWROUTE, message));
            assert_eq!((brief.is_err(), brief == Ok(None)), (whole.is_err(), whole == Ok(None)), "{message:?}");
        }
    }
}
