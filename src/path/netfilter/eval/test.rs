//! Questions to a packet, three-valued.

use super::super::packet::Packet;
use super::super::rule::{Field, Key, Name, Test, Values};
use super::chain::Walk;
use super::field::Value;
use crate::text::Text;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Truth {
    Yes,
    No,
    /// And what is not known.
    Unknown(Text),
}

impl Truth {
    fn of(holds: bool) -> Self {
        if holds { Truth::Yes } else { Truth::No }
    }

    fn turned(self, invert: bool) -> Self {
        match self {
            Truth::Yes if invert => Truth::No,
            Truth::No if invert => Truth::Yes,
            same => same,
        }
    }
}

impl Walk<'_, '_> {
    pub fn truth(&self, test: &Test, packet: &Packet) -> Truth {
        match test {
            Test::One { key, values, invert } => match self.value(key.field, packet) {
                Value::Absent => Truth::No,
                value => holds(&self.as_asked(value, *key, values), *key, values).turned(*invert),
            },
            Test::Rows { keys, rows, invert } => {
                let found: Vec<Value> = keys.iter().map(|key| self.value(key.field, packet)).collect();
                if found.contains(&Value::Absent) {
                    return Truth::No;
                }
                let row = |row: &Vec<Values>| {
                    all(keys.iter().zip(&found).zip(row).map(|((key, value), values)| holds(value, *key, values)))
                };
                any(rows.iter().map(row)).turned(*invert)
            }
            Test::Any(ways) => any(ways.iter().map(|way| all(way.iter().map(|test| self.truth(test, packet))))),
            Test::Undecidable(what) => Truth::Unknown(Text::verbatim(what)),
        }
    }

    /// The link of a route is asked for by its name, or by its index.
    fn as_asked<'p>(&self, value: Value<'p>, key: Key, values: &Values) -> Value<'p>
    where
        Self: 'p,
    {
        match (&value, key.field, values) {
            (Value::Number(0), Field::RouteLink { .. }, Values::Names(_)) => Value::Name(""),
            (Value::Number(index), Field::RouteLink { .. }, Values::Names(_)) => u32::try_from(*index)
                .ok()
                .and_then(|index| self.netfilter.fib.name_of(index))
                .map_or(Value::Absent, Value::Name),
            _ => value,
        }
    }

    /// Whether the fields lie in the values of that row.
    pub fn row(&self, keys: &[Key], row: &[Values], packet: &Packet) -> Truth {
        all(keys.iter().zip(row).map(|(key, values)| match self.value(key.field, packet) {
            Value::Absent => Truth::No,
            value => holds(&value, *key, values),
        }))
    }
}

fn all(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut unknown = None;
    for truth in truths {
        match truth {
            Truth::Yes => {}
            Truth::No => return Truth::No,
            Truth::Unknown(what) => unknown = unknown.or(Some(what)),
        }
    }
    unknown.map_or(Truth::Yes, Truth::Unknown)
}

fn any(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut unknown = None;
    for truth in truths {
        match truth {
            Truth::No => {}
            Truth::Yes => return Truth::Yes,
            Truth::Unknown(what) => unknown = unknown.or(Some(what)),
        }
    }
    unknown.map_or(Truth::No, Truth::Unknown)
}

fn holds(value: &Value, key: Key, values: &Values) -> Truth {
    match (value, values) {
        (Value::Absent, _) => Truth::No,
        (Value::Unknown(what), _) => Truth::Unknown(what.clone()),
        (Value::Number(number), Values::Ranges(ranges)) => {
            let number = key.mask.map_or(*number, |mask| number & mask);
            let next = ranges.partition_point(|(_, last)| *last < number);
            Truth::of(ranges.get(next).is_some_and(|(first, _)| *first <= number))
        }
        (Value::Number(number), Values::AnyBit(bits)) => {
            let number = key.mask.map_or(*number, |mask| number & mask);
            Truth::of(number & bits != 0)
        }
        (Value::Name(name), Values::Names(names)) => Truth::of(names.iter().any(|wanted| wanted.is(name))),
        (Value::Within(first, last, _), Values::Ranges(ranges)) if key.mask.is_none() => {
            let next = ranges.partition_point(|(_, end)| end < first);
            match ranges.get(next) {
                Some((from, to)) if from <= first && last <= to => Truth::Yes,
                Some((from, _)) if from <= last => Truth::Unknown(value.what()),
                _ => Truth::No,
            }
        }
        (Value::Within(..), _) => Truth::Unknown(value.what()),
        // A name is no number: no such test is compiled.
        (Value::Number(_), Values::Names(_)) | (Value::Name(_), _) => Truth::No,
    }
}

impl Name {
    pub fn is(&self, name: &str) -> bool {
        if self.prefix { name.starts_with(&self.text) } else { name == self.text }
    }
}
