//! Mappings (net/netfilter/nf_nat_core.c `nf_nat_setup_info`) and what they change of each packet (`nf_nat_packet`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::Did;
use super::super::packet::{Direction, Packet};
use super::super::rule::{Effect, Hook, Mapping, Side};
use crate::path::fib::Fib;
use crate::text::{Text, text};

pub(super) enum Set {
    Done(Did),
    /// There is no connection to map.
    Nothing,
    /// No address to map to: the kernel drops the packet.
    NoAddress,
}

/// A mapping becomes part of the connection.
///
/// # Errors
/// What is not known of it.
pub(super) fn set_up(fib: &Fib, hook: Hook, effect: &Effect, packet: &mut Packet) -> Result<Set, Text> {
    let (side, mapping, given) = match effect {
        Effect::Destination(mapping) => (Side::Destination, mapping, None),
        Effect::Source(mapping) => (Side::Source, mapping, None),
        Effect::Masquerade(mapping) => match masquerade(fib, packet)? {
            Some(address) => (Side::Source, mapping, Some(address)),
            None => return Ok(Set::NoAddress),
        },
        Effect::Redirect(mapping) => match redirect(fib, hook, packet) {
            Some(address) => (Side::Destination, mapping, Some(address)),
            None => return Ok(Set::NoAddress),
        },
        _ => return Ok(Set::Nothing),
    };
    let with_ports = has_ports(packet.protocol);
    let Some(connection) = &mut packet.connection else { return Ok(Set::Nothing) };
    let (address, port) = match side {
        Side::Destination => (&mut connection.reply.source, &mut connection.reply.source_port),
        Side::Source => (&mut connection.reply.destination, &mut connection.reply.destination_port),
    };
    *address = match given {
        Some(given) => given,
        None => choose_address(mapping, side, *address)?,
    };
    let mut random = false;
    if with_ports && let Some(current) = *port {
        let (chosen, by_chance) = choose_port(mapping, side, current);
        *port = Some(chosen);
        random = by_chance;
    }
    let to = (*address, port.filter(|_| with_ports));
    let did = match side {
        Side::Destination => {
            connection.destination_settled = true;
            Did::Destination(to.0, to.1)
        }
        Side::Source => {
            connection.source_settled = true;
            Did::Source(to.0, to.1)
        }
    };
    if random {
        packet.random_port = Some(side);
    }
    Ok(Set::Done(did))
}

fn masquerade(fib: &Fib, packet: &Packet) -> Result<Option<IpAddr>, Text> {
    let Some(out) = &packet.oif else {
        return Err(text!("by which link it leaves", "从哪个网络接口发出"));
    };
    fib.masquerade_source(out, &packet.query())
}

fn redirect(fib: &Fib, hook: Hook, packet: &Packet) -> Option<IpAddr> {
    match (hook, &packet.iif) {
        (Hook::Output, _) if packet.destination.is_ipv4() => Some(Ipv4Addr::LOCALHOST.into()),
        (Hook::Output, _) => Some(Ipv6Addr::LOCALHOST.into()),
        (_, Some(link)) => fib.redirect_target(link, packet.destination),
        (_, None) => None,
    }
}

fn choose_address(mapping: &Mapping, side: Side, current: IpAddr) -> Result<IpAddr, Text> {
    let Some((first, last)) = mapping.addresses else { return Ok(current) };
    if let Some(prefix) = mapping.prefix {
        return Ok(netmap(first, current, prefix));
    }
    // A source that is one of them stays (`get_unique_tuple`).
    let stays = side == Side::Source && !mapping.random && (first..=last).contains(&current);
    match () {
        () if first == last => Ok(first),
        () if stays => Ok(current),
        () => {
            Err(text!("which address from {first} to {last} NAT chooses", "NAT 会选用 {first} 到 {last} 中的哪个地址"))
        }
    }
}

fn netmap(network: IpAddr, current: IpAddr, prefix: u8) -> IpAddr {
    match (network, current) {
        (IpAddr::V4(network), IpAddr::V4(current)) => {
            let hosts = u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
            Ipv4Addr::from(u32::from(network) & !hosts | u32::from(current) & hosts).into()
        }
        (IpAddr::V6(network), IpAddr::V6(current)) => {
            let hosts = u128::MAX.checked_shr(prefix.into()).unwrap_or(0);
            Ipv6Addr::from(u128::from(network) & !hosts | u128::from(current) & hosts).into()
        }
        _ => current,
    }
}

/// The port, and whether it is a random one, which stands for the former then (`get_unique_tuple`, `nf_nat_l4proto_unique_tuple`).
/// That it is not in use by another connection is taken for granted.
fn choose_port(mapping: &Mapping, side: Side, current: u16) -> (u16, bool) {
    match (mapping.ports, side) {
        (Some((first, last)), _) if first == last => (first, false),
        (Some((first, last)), _) if !mapping.random && (first..=last).contains(&current) => (current, false),
        (Some((first, _)), Side::Destination) if !mapping.random => (first, false),
        (Some(_), _) => (current, true),
        (None, Side::Source) if mapping.random => (current, true),
        (None, _) => (current, false),
    }
}

/// TCP, UDP, DCCP, SCTP, UDP-Lite.
fn has_ports(protocol: u8) -> bool {
    matches!(protocol, 6 | 17 | 33 | 132 | 136)
}

/// NAT's work on one packet, at the end of NAT's place. What no chain mapped until then stays as it is.
pub(super) fn translate(hook: Hook, packet: &mut Packet) {
    let Some(connection) = &mut packet.connection else { return };
    let side = match hook {
        Hook::Prerouting | Hook::Output => Side::Destination,
        _ => Side::Source,
    };
    match side {
        Side::Destination => connection.destination_settled = true,
        Side::Source => connection.source_settled = true,
    }
    let (as_mapped, sources) = match connection.direction {
        Direction::Original => (connection.reply.turned(), side == Side::Source),
        Direction::Reply => (connection.original.turned(), side == Side::Destination),
    };
    if !(if sources { connection.has_snat() } else { connection.has_dnat() }) {
        return;
    }
    let (address, port) = match side {
        Side::Source => (as_mapped.source, as_mapped.source_port),
        Side::Destination => (as_mapped.destination, as_mapped.destination_port),
    };
    let back = connection.direction == Direction::Reply;
    let (own_address, own_port) = match side {
        Side::Source => (&mut packet.source, &mut packet.source_port),
        Side::Destination => (&mut packet.destination, &mut packet.destination_port),
    };
    *own_address = address;
    if own_port.is_some() && port.is_some() {
        *own_port = port;
        if back && packet.random_port == Some(side) {
            packet.random_port = None;
        }
    }
}
