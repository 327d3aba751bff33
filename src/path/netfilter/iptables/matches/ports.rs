//! Ports and TCP flags.

use super::super::values::{one, ranges, span};
use super::super::words::Opt;
use crate::path::netfilter::rule::{Field, Key, Side, Test};

/// Options of `tcp`, `udp`, `sctp`, `dccp`.
pub(super) fn of_protocol(option: &Opt) -> Option<Vec<Test>> {
    let test = match option.name {
        "--sport" | "--source-port" => port(Side::Source, option)?,
        "--dport" | "--destination-port" => port(Side::Destination, option)?,
        "--tcp-flags" => match option.values.as_slice() {
            [mask, set] => flags(tcp_flags(mask)?, tcp_flags(set)?, option.invert),
            _ => return None,
        },
        // SYN and none of ACK, RST, FIN.
        "--syn" if option.values.is_empty() => flags(0x17, 0x02, option.invert),
        _ => return None,
    };
    Some(vec![test])
}

fn port(side: Side, option: &Opt) -> Option<Test> {
    Some(one(Field::Port(side), vec![span(option.value()?, ':', 65535)?], option.invert))
}

fn flags(mask: u128, set: u128, invert: bool) -> Test {
    // A flag that is asked to be set and not looked at never compares equal (xt_tcpudp.c).
    let key = Key { field: Field::TcpFlags, mask: Some(mask) };
    let values = if set & !mask == 0 { vec![(set, set)] } else { Vec::new() };
    Test::One { key, values: ranges(values), invert }
}

fn tcp_flags(list: &str) -> Option<u128> {
    list.split(',').try_fold(0, |flags, name| {
        let flag = match name {
            "FIN" => 1,
            "SYN" => 2,
            "RST" => 4,
            "PSH" => 8,
            "ACK" => 16,
            "URG" => 32,
            "ALL" => 63,
            "NONE" => 0,
            _ => super::number(name).filter(|number| *number < 256)?,
        };
        Some(flags | flag)
    })
}

pub(super) fn multiport(option: &Opt) -> Option<Vec<Test>> {
    let ports: Vec<_> = option.value()?.split(',').map(|port| span(port, ':', 65535)).collect::<Option<_>>()?;
    let test = |side| one(Field::Port(side), ports.clone(), option.invert);
    Some(match option.name {
        "--sports" | "--source-ports" => vec![test(Side::Source)],
        "--dports" | "--destination-ports" => vec![test(Side::Destination)],
        // Neither of the two, where inverted.
        "--ports" if option.invert => vec![test(Side::Source), test(Side::Destination)],
        "--ports" => vec![Test::Any(vec![vec![test(Side::Source)], vec![test(Side::Destination)]])],
        _ => return None,
    })
}
