//! RTM_NEWRULE (include/uapi/linux/fib_rules.h).

use super::Undecodable;
use super::attributes::{Attributes, family, family_number, prefix, split, word};
use super::dump::Request;
use crate::host::{Rule, RuleAction};

pub const RTM_NEWRULE: u16 = 32;
const RTM_GETRULE: u16 = 34;
pub const FRA_DST: u16 = 1;
pub const FRA_SRC: u16 = 2;
pub const FRA_IIFNAME: u16 = 3;
pub const FRA_GOTO: u16 = 4;
pub const FRA_PRIORITY: u16 = 6;
pub const FRA_FWMARK: u16 = 10;
const FRA_FLOW: u16 = 11;
pub const FRA_SUPPRESS_IFGROUP: u16 = 13;
pub const FRA_SUPPRESS_PREFIXLEN: u16 = 14;
pub const FRA_TABLE: u16 = 15;
pub const FRA_FWMASK: u16 = 16;
pub const FRA_OIFNAME: u16 = 17;
const FRA_PAD: u16 = 18;
pub const FRA_L3MDEV: u16 = 19;
pub const FRA_UID_RANGE: u16 = 20;
pub const FRA_PROTOCOL: u16 = 21;
pub const FRA_IP_PROTO: u16 = 22;
pub const FRA_SPORT_RANGE: u16 = 23;
pub const FRA_DPORT_RANGE: u16 = 24;
const FRA_SPORT_MASK: u16 = 28;
const FRA_DPORT_MASK: u16 = 29;
pub const FIB_RULE_INVERT: u32 = 2;

pub fn request(family: crate::host::Family) -> Request {
    let mut payload = vec![0; 12];
    payload[0] = family_number(family);
    // A kernel without policy routing has no rules; one without IPv6 none of that family.
    Request { kind: RTM_GETRULE, payload, may_be_unknown: true }
}

pub fn decode(kind: u16, payload: &[u8]) -> Result<Option<Rule>, Undecodable> {
    if kind != RTM_NEWRULE {
        return Ok(None);
    }
    let (header, attributes) = split::<12>(payload)?;
    if family(header[0]).is_none() {
        return Ok(None);
    }
    let priority = attributes.u32(FRA_PRIORITY)?.unwrap_or(0);
    rule(priority, &header, &attributes).map_err(|why| Undecodable(format!("rule {priority}: {}", why.0)))
}

fn rule(priority: u32, header: &[u8; 12], attributes: &Attributes) -> Result<Option<Rule>, Undecodable> {
    let [number, to_length, from_length, tos, table, _, _, action, ..] = *header;
    let Some(family) = family(number) else { return Ok(None) };
    let to = prefix(family, attributes.address(FRA_DST)?, to_length)?;
    let from = prefix(family, attributes.address(FRA_SRC)?, from_length)?;
    let table = attributes.u32(FRA_TABLE)?.unwrap_or(u32::from(table));
    let action = match action {
        1 => RuleAction::Table(table),
        2 => RuleAction::Goto(attributes.u32(FRA_GOTO)?.unwrap_or(0)),
        3 => RuleAction::Nop,
        6 => RuleAction::Blackhole,
        7 => RuleAction::Unreachable,
        8 => RuleAction::Prohibit,
        _ => RuleAction::Other,
    };
    let uids = attributes.bytes(FRA_UID_RANGE).filter(|bytes| bytes.len() == 8);
    let none = |value: &u32| *value != u32::MAX;
    Ok(Some(Rule {
        family,
        priority,
        invert: word(header, 8) & FIB_RULE_INVERT != 0,
        from: (from_length != 0).then_some(from),
        to: (to_length != 0).then_some(to),
        iif: attributes.string(FRA_IIFNAME),
        oif: attributes.string(FRA_OIFNAME),
        fwmark: attributes.u32(FRA_FWMARK)?.unwrap_or(0),
        fwmask: attributes.u32(FRA_FWMASK)?.unwrap_or(0),
        tos,
        ip_protocol: attributes.u8(FRA_IP_PROTO)?.unwrap_or(0),
        source_ports: ports(attributes, FRA_SPORT_RANGE)?,
        destination_ports: ports(attributes, FRA_DPORT_RANGE)?,
        uids: uids.map(|bytes| (word(bytes, 0), word(bytes, 4))),
        suppress_prefix_length: attributes.u32(FRA_SUPPRESS_PREFIXLEN)?.filter(none),
        suppress_interface_group: attributes.u32(FRA_SUPPRESS_IFGROUP)?.filter(none),
        l3mdev: attributes.u8(FRA_L3MDEV)?.unwrap_or(0) != 0,
        action,
        protocol: attributes.u8(FRA_PROTOCOL)?.unwrap_or(0),
        unknown: unknown(attributes)?,
    }))
}

/// struct fib_rule_port_range, in host byte order.
fn ports(attributes: &Attributes, kind: u16) -> Result<Option<(u16, u16)>, Undecodable> {
    match attributes.bytes(kind) {
        None => Ok(None),
        Some(&[a, b, c, d]) => Ok(Some((u16::from_ne_bytes([a, b]), u16::from_ne_bytes([c, d])))),
        Some(bytes) => Err(Undecodable(format!("attribute {kind} has {} bytes", bytes.len()))),
    }
}

/// What narrows the rule and is not evaluated: tunnel ids, DSCP, flow labels, masks over ports.
fn unknown(attributes: &Attributes) -> Result<Vec<u16>, Undecodable> {
    let mut unknown = Vec::new();
    for (kind, _) in attributes.iter() {
        match kind {
            FRA_DST
            | FRA_SRC
            | FRA_IIFNAME
            | FRA_GOTO
            | FRA_PRIORITY
            | FRA_FWMARK
            | FRA_FLOW
            | FRA_SUPPRESS_IFGROUP
            | FRA_SUPPRESS_PREFIXLEN
            | FRA_TABLE
            | FRA_FWMASK
            | FRA_OIFNAME
            | FRA_PAD
            | FRA_L3MDEV
            | FRA_UID_RANGE
            | FRA_PROTOCOL
            | FRA_IP_PROTO
            | FRA_SPORT_RANGE
            | FRA_DPORT_RANGE => {}
            // A full mask is what a single port comes with since Linux 6.15; 0 goes with a range.
            FRA_SPORT_MASK | FRA_DPORT_MASK if matches!(attributes.u16(kind)?, Some(0 | u16::MAX)) => {}
            other => unknown.push(other),
        }
    }
    Ok(unknown)
}
