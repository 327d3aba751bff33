//! NAT statements, with what their maps hold.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::Value;

use super::super::rule::{Effect, Field, Key, Mapping, Step, Table, Test, Values};
use super::statement::choose;
use super::{Scope, listed, only, word};

/// None: what it does is not known.
pub(super) fn nat<'a>(kind: &str, body: &'a Value, scope: &mut Scope<'a, '_>) -> Option<Vec<Step>> {
    let of: fn(Mapping) -> Effect = match kind {
        "dnat" => Effect::Destination,
        "snat" => Effect::Source,
        "masquerade" => Effect::Masquerade,
        _ => Effect::Redirect,
    };
    let flags = body.get("flags").map(listed).unwrap_or_default();
    let random = flags.iter().any(|flag| flag.ends_with("random"));
    let whole = body.get("type_flags").map(listed).unwrap_or_default().contains(&"prefix");
    let (address, port) = (body.get("addr"), body.get("port"));
    let of_map = |value: Option<&'a Value>| value.and_then(only).filter(|(kind, _)| *kind == "map").map(|(_, map)| map);
    let version = match word(body, "family") {
        "ip" => Some(2),
        "ip6" => Some(10),
        _ => None,
    };
    let mut steps = Vec::new();
    // Packets of the other family go on.
    if let Some(version) = version.filter(|_| scope.table.family == Table::Inet) {
        let values = Values::Ranges(vec![(version, version)]);
        steps.push(Step::If(Test::One { key: Key::of(Field::Family), values, invert: false }));
    }
    match (of_map(address), of_map(port)) {
        (None, None) => steps.push(Step::Do(of(mapping(address, port, random, whole)?))),
        (Some(map), None) => {
            // `dnat to … map { … : address }` may have one port for all of them.
            let meant = |data: &Value, _: &mut Scope<'a, '_>| match only(data) {
                Some(("concat", parts)) => Some(of(mapping(parts.get(0), parts.get(1), random, whole)?)),
                _ => Some(of(mapping(Some(data), port, random, whole)?)),
            };
            push(choose(map.get("key")?, map.get("data")?, scope, meant)?, &mut steps);
        }
        (None, Some(map)) => {
            let meant = |data: &Value, _: &mut Scope<'a, '_>| Some(of(mapping(address, Some(data), random, whole)?));
            push(choose(map.get("key")?, map.get("data")?, scope, meant)?, &mut steps);
        }
        (Some(_), Some(_)) => return None,
    }
    Some(steps)
}

fn push((needs, effect): (Vec<Test>, Effect), steps: &mut Vec<Step>) {
    steps.extend(needs.into_iter().map(Step::If));
    steps.push(Step::Do(effect));
}

fn mapping(address: Option<&Value>, port: Option<&Value>, random: bool, whole: bool) -> Option<Mapping> {
    let mut mapping = Mapping { random, ..Mapping::default() };
    if let Some(address) = address {
        match only(address) {
            Some(("prefix", prefix)) => {
                let length = u8::try_from(prefix.get("len")?.as_u64()?).ok()?;
                let first: IpAddr = word(prefix, "addr").parse().ok()?;
                mapping.addresses = Some((first, last_of(first, length)?));
                // Without the word `prefix` it is a range to choose from.
                mapping.prefix = whole.then_some(length);
            }
            _ => mapping.addresses = Some(span(address, |end| end.as_str()?.parse().ok())?),
        }
    }
    if let Some(port) = port {
        mapping.ports = Some(span(port, |end| u16::try_from(end.as_u64()?).ok())?);
    }
    Some(mapping)
}

/// First and last of a range, or one value twice.
fn span<T>(value: &Value, end: impl Fn(&Value) -> Option<T>) -> Option<(T, T)> {
    match only(value) {
        Some(("range", ends)) => Some((end(ends.get(0)?)?, end(ends.get(1)?)?)),
        _ => Some((end(value)?, end(value)?)),
    }
}

fn last_of(first: IpAddr, length: u8) -> Option<IpAddr> {
    Some(match first {
        IpAddr::V4(first) => {
            let rest = u32::MAX.checked_shr(u32::from(length)).unwrap_or_default();
            (length <= 32).then(|| Ipv4Addr::from_bits(first.to_bits() | rest))?.into()
        }
        IpAddr::V6(first) => {
            let rest = u128::MAX.checked_shr(u32::from(length)).unwrap_or_default();
            (length <= 128).then(|| Ipv6Addr::from_bits(first.to_bits() | rest))?.into()
        }
    })
}
