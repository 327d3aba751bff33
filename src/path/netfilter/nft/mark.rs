//! Marks of packets and connections: `meta mark set …`, `ct mark set …`; and the other fields that a rule may set.

use serde_json::Value;

use super::super::rule::{Effect, Step};
use super::statement::choose;
use super::{Scope, only, word};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Packet,
    Connection,
}

/// `(from & and) ^ xor`; without `from`: `xor`.
#[derive(Clone, Copy)]
struct Linear {
    from: Option<Mark>,
    and: u32,
    xor: u32,
}

/// None: what it does is not known.
pub(super) fn mangle<'a>(body: &'a Value, scope: &mut Scope<'a, '_>) -> Option<Vec<Step>> {
    let (kind, field) = only(body.get("key")?)?;
    let of = match (kind, word(field, "key")) {
        ("meta", "mark") => Mark::Packet,
        ("ct", "mark") => Mark::Connection,
        ("meta", "priority" | "nftrace" | "secmark") | ("ct", "label" | "event" | "helper" | "secmark") => {
            return Some(Vec::new());
        }
        ("tcp option", _) => return Some(Vec::new()),
        ("payload", _) => {
            return match word(field, "field") {
                "dscp" => Some(vec![Step::Do(Effect::SetDscp)]),
                "ecn" | "ttl" | "hoplimit" | "checksum" | "flowlabel" => Some(Vec::new()),
                _ => None,
            };
        }
        _ => return None,
    };
    let value = body.get("value")?;
    match only(value) {
        Some(("map", map)) => {
            let meant = |value: &Value, _: &mut Scope<'a, '_>| match linear(value)? {
                Linear { from: None, xor, .. } => Some(constant(of, xor)),
                _ => None,
            };
            let (needs, effect) = choose(map.get("key")?, map.get("data")?, scope, meant)?;
            Some(needs.into_iter().map(Step::If).chain([Step::Do(effect)]).collect())
        }
        Some(("numgen" | "jhash" | "symhash", spread)) => {
            let modulus = spread.get("mod")?.as_u64().filter(|&modulus| modulus <= 256)?;
            let offset = spread.get("offset").and_then(Value::as_u64).unwrap_or_default();
            let marks = (offset..offset.checked_add(modulus)?)
                .map(|mark| u32::try_from(mark).ok().map(|mark| constant(of, mark)));
            Some(vec![Step::Do(Effect::OneOf(marks.collect::<Option<_>>()?))])
        }
        _ => Some(set(of, value)?.into_iter().map(Step::Do).collect()),
    }
}

fn constant(of: Mark, mark: u32) -> Effect {
    match of {
        Mark::Packet => Effect::SetMark { and: 0, xor: mark },
        Mark::Connection => Effect::SetConnectionMark { and: 0, xor: mark },
    }
}

fn set(of: Mark, value: &Value) -> Option<Vec<Effect>> {
    let Some(Linear { from, and, xor }) = linear(value) else { return both(of, value).map(|effect| vec![effect]) };
    Some(match (of, from) {
        (_, None) => vec![constant(of, xor)],
        (Mark::Packet, Some(Mark::Packet)) => vec![Effect::SetMark { and, xor }],
        (Mark::Connection, Some(Mark::Connection)) => vec![Effect::SetConnectionMark { and, xor }],
        (Mark::Packet, Some(Mark::Connection)) => {
            let rest = (xor != 0).then_some(Effect::SetMark { and: u32::MAX, xor });
            [Effect::RestoreMark { nfmask: u32::MAX, ctmask: and }].into_iter().chain(rest).collect()
        }
        (Mark::Connection, Some(Mark::Packet)) => {
            let rest = (xor != 0).then_some(Effect::SetConnectionMark { and: u32::MAX, xor });
            [Effect::SaveMark { nfmask: and, ctmask: u32::MAX }].into_iter().chain(rest).collect()
        }
    })
}

/// Bits of both marks together, where none lies in both: `ct mark & 0xffff0000 | meta mark & 0x0000ffff`.
fn both(of: Mark, value: &Value) -> Option<Effect> {
    let (operator @ ("|" | "^"), operands) = only(value)? else { return None };
    let [one, other] = operands.as_array()?.as_slice() else { return None };
    let (one, other) = (linear(one)?, linear(other)?);
    let (own, foreign) = if one.from == Some(of) { (one, other) } else { (other, one) };
    if own.from != Some(of) || foreign.from.is_none_or(|from| from == of) || own.xor != 0 || foreign.xor != 0 {
        return None;
    }
    if operator == "|" && own.and & foreign.and != 0 {
        return None;
    }
    Some(match of {
        Mark::Connection => Effect::SaveMark { nfmask: foreign.and, ctmask: !own.and },
        Mark::Packet => Effect::RestoreMark { nfmask: !own.and, ctmask: foreign.and },
    })
}

fn linear(value: &Value) -> Option<Linear> {
    if let Some(number) = value.as_u64() {
        return Some(Linear { from: None, and: 0, xor: u32::try_from(number).ok()? });
    }
    let (kind, body) = only(value)?;
    match (kind, word(body, "key")) {
        ("meta", "mark") => return Some(Linear { from: Some(Mark::Packet), and: u32::MAX, xor: 0 }),
        ("ct", "mark") => return Some(Linear { from: Some(Mark::Connection), and: u32::MAX, xor: 0 }),
        _ => {}
    }
    let [first, rest @ ..] = body.as_array()?.as_slice() else { return None };
    rest.iter().try_fold(linear(first)?, |left, operand| {
        let number = u32::try_from(operand.as_u64()?).ok()?;
        Some(match kind {
            "&" => Linear { and: left.and & number, xor: left.xor & number, ..left },
            "|" => Linear { and: left.and & !number, xor: (left.xor & !number) | number, ..left },
            "^" => Linear { xor: left.xor ^ number, ..left },
            _ => return None,
        })
    })
}
