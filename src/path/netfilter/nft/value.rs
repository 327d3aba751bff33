//! The right side of a match: values of one field, and of concatenations.

use std::net::IpAddr;

use serde_json::Value;

use super::super::rule::{Name, Values};
use super::names::{self, number};
use super::only;

/// How nft writes the values of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Ipv4,
    Ipv6,
    Name,
    Protocol,
    IcmpType,
    IcmpCode,
    Icmpv6Type,
    Icmpv6Code,
    TcpFlags,
    State,
    Status,
    Direction,
    /// NFPROTO_*.
    Family,
    /// EtherTypes, as the family whose packets they carry.
    EtherType,
    PacketType,
    AddressType,
    Dscp,
}

/// No packet has it.
const NEVER: u128 = u128::MAX;

/// One number; none where it is none, or not known. Lists of flags are the flags together.
pub(super) fn scalar(kind: Kind, value: &Value) -> Option<u128> {
    match value {
        Value::Number(number) => number.as_u64().map(u128::from),
        Value::Bool(exists) => Some(u128::from(*exists)),
        Value::String(text) => word(kind, text),
        Value::Array(flags) => flags.iter().try_fold(0, |all, flag| Some(all | scalar(kind, flag)?)),
        Value::Object(_) => match only(value)? {
            ("|", flags) => scalar(kind, flags),
            ("elem", element) => scalar(kind, element.get("val")?),
            _ => None,
        },
        Value::Null => None,
    }
}

fn word(kind: Kind, text: &str) -> Option<u128> {
    let table = match kind {
        Kind::Ipv4 | Kind::Ipv6 => {
            let address: IpAddr = text.parse().ok()?;
            return (address.is_ipv4() == (kind == Kind::Ipv4)).then(|| bits(address));
        }
        Kind::EtherType => {
            return match text {
                "ip" => Some(2),
                "ip6" => Some(10),
                "arp" => Some(NEVER),
                // A tag that a link's own VLAN device takes off later.
                _ => None,
            };
        }
        Kind::Name => return None,
        Kind::Number => &[],
        Kind::Protocol => names::PROTOCOLS,
        Kind::IcmpType => names::ICMP_TYPES,
        Kind::IcmpCode => names::ICMP_CODES,
        Kind::Icmpv6Type => names::ICMPV6_TYPES,
        Kind::Icmpv6Code => names::ICMPV6_CODES,
        Kind::TcpFlags => names::TCP_FLAGS,
        Kind::State => names::STATES,
        Kind::Status => names::STATUSES,
        Kind::Direction => names::DIRECTIONS,
        Kind::Family => names::FAMILIES,
        Kind::PacketType => names::PACKET_TYPES,
        Kind::AddressType => names::ADDRESS_TYPES,
        Kind::Dscp => names::DSCP,
    };
    number(table, text).or_else(|| match text.strip_prefix("0x") {
        Some(hexadecimal) => u128::from_str_radix(hexadecimal, 16).ok(),
        None => text.parse().ok(),
    })
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// First and last of one value, a prefix or a range; `*` is everything.
fn span(kind: Kind, value: &Value) -> Option<(u128, u128)> {
    if value.as_str() == Some("*") {
        return Some((0, u128::MAX));
    }
    match only(value) {
        Some(("range", ends)) => {
            let ends = ends.as_array()?;
            Some((scalar(kind, ends.first()?)?, scalar(kind, ends.get(1)?)?))
        }
        Some(("prefix", prefix)) => {
            let length = u32::try_from(prefix.get("len")?.as_u64()?).ok()?;
            let width: u32 = if kind == Kind::Ipv4 { 32 } else { 128 };
            let rest = if length == 0 {
                u128::MAX >> (128 - width)
            } else {
                (1u128 << width.checked_sub(length)?).wrapping_sub(1)
            };
            let first = scalar(kind, prefix.get("addr")?)? & !rest;
            Some((first, first | rest))
        }
        Some(("elem", element)) => span(kind, element.get("val")?),
        _ => scalar(kind, value).map(|number| (number, number)),
    }
}

/// Values of one field: one element, or each of a set's.
pub(super) fn values<'a>(kind: Kind, elements: impl IntoIterator<Item = &'a Value>) -> Option<Values> {
    if kind == Kind::Name {
        return elements.into_iter().map(name).collect::<Option<_>>().map(Values::Names);
    }
    let mut spans: Vec<_> = elements.into_iter().map(|element| span(kind, element)).collect::<Option<_>>()?;
    spans.sort_unstable();
    let mut joined: Vec<(u128, u128)> = Vec::with_capacity(spans.len());
    for (first, last) in spans {
        match joined.last_mut() {
            Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
            _ => joined.push((first, last)),
        }
    }
    Some(Values::Ranges(joined))
}

/// A link's name; a star behind it stands for anything, one behind a backslash for itself.
fn name(value: &Value) -> Option<Name> {
    let text = match only(value) {
        Some(("elem", element)) => element.get("val")?.as_str()?,
        _ => value.as_str()?,
    };
    Some(match text.strip_suffix('*') {
        Some(literal) if literal.ends_with('\\') => {
            Name { text: format!("{}*", &literal[..literal.len() - 1]), prefix: false }
        }
        Some(begins) => Name { text: begins.to_owned(), prefix: true },
        None => Name { text: text.to_owned(), prefix: false },
    })
}

/// One element of a concatenation: the values of each field.
pub(super) fn row(kinds: &[Kind], element: &Value) -> Option<Vec<Values>> {
    if let Some(("elem", element)) = only(element) {
        return row(kinds, element.get("val")?);
    }
    if let [kind] = kinds {
        return Some(vec![values(*kind, [element])?]);
    }
    if element.as_str() == Some("*") {
        return kinds.iter().map(|&kind| values(kind, [element])).collect();
    }
    let ("concat", parts) = only(element)? else { return None };
    let parts = parts.as_array()?;
    (parts.len() == kinds.len()).then(|| kinds.iter().zip(parts).map(|(&kind, part)| values(kind, [part])).collect())?
}
