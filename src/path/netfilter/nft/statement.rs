//! Matches and statements as steps.

use serde_json::Value;

use super::super::rule::{Effect, Key, Step, Table, Test, Values};
use super::field::{self, Foreign, Left};
use super::value::{Kind, row, scalar, values};
use super::{Scope, mark, nat, only, text, word};

/// The steps of a rule, and what it counted.
pub(super) fn steps<'a>(rule: &'a Value, scope: &mut Scope<'a, '_>) -> (Vec<Step>, Option<(u64, u64)>) {
    let mut steps = Vec::new();
    let mut counters = None;
    let statements = rule.get("expr").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for (index, statement) in statements.iter().enumerate() {
        // Libnftables leaves `null` where it has no words for a statement.
        let Some((kind, body)) = only(statement) else {
            steps.push(Step::Do(Effect::Unknown("?".to_owned())));
            continue;
        };
        if kind == "counter" {
            counters = match body.as_str() {
                Some(name) => scope.table.counters.get(name).copied(),
                None => Some(super::counts(body)),
            };
            continue;
        }
        match kind {
            "match" => matches(statement, body, scope, &mut steps),
            "vmap" => verdict_map(statement, body, scope, &mut steps),
            "xt" => of_iptables(body, index + 1 == statements.len(), &mut steps),
            _ => does(statement, kind, body, scope, &mut steps),
        }
    }
    (steps, counters)
}

fn does<'a>(statement: &Value, kind: &str, body: &'a Value, scope: &mut Scope<'a, '_>, steps: &mut Vec<Step>) {
    let (family, style) = (scope.table.family, scope.style);
    let words = || text::statement(statement, family, style);
    let effect = match kind {
        "accept" | "drop" | "return" | "jump" | "goto" | "continue" | "queue" => {
            verdict(statement, scope).unwrap_or_else(|| Effect::Unknown(words()))
        }
        "reject" => {
            steps.extend(rejected(body, family).map(Step::If));
            Effect::Reject(reject(body, family))
        }
        // Nothing that a later rule or the packet's way depends on.
        "log" | "last" | "dup" | "ct helper" | "ct timeout" | "ct expectation" | "secmark" | "reset" | "map" => return,
        "set" if body.get("stmt").is_none() => return,
        "limit" | "quota" | "ct count" | "meter" | "set" => {
            steps.push(Step::If(Test::Undecidable(words())));
            return;
        }
        "mangle" => {
            let done = mark::mangle(body, scope);
            steps.extend(done.unwrap_or_else(|| vec![Step::Do(Effect::Unknown(words()))]));
            return;
        }
        "dnat" | "snat" | "masquerade" | "redirect" => {
            let done = nat::nat(kind, body, scope);
            steps.extend(done.unwrap_or_else(|| vec![Step::Do(Effect::Unknown(words()))]));
            return;
        }
        "notrack" => Effect::NoTrack,
        "flow" => Effect::Offload(word(body, "flowtable").trim_start_matches('@').to_owned()),
        _ => Effect::Unknown(words()),
    };
    steps.push(Step::Do(effect));
}

/// The rule ends there: what a map without that key does.
fn no_row() -> Effect {
    Effect::Choose { keys: Vec::new(), rows: Vec::new() }
}

/// A verdict, as a statement and as what a verdict map holds.
fn verdict(value: &Value, scope: &mut Scope) -> Option<Effect> {
    let (kind, body) = only(value)?;
    Some(match kind {
        "accept" => Effect::Accept,
        "drop" => Effect::Drop,
        "return" => Effect::Return,
        "continue" => Effect::Continue,
        "jump" => Effect::Jump(scope.chain(word(body, "target"))),
        "goto" => Effect::Goto(scope.chain(word(body, "target"))),
        _ => return None,
    })
}

/// An extension of iptables, of which the JSON has at most the name: the target is what a rule ends with.
fn of_iptables(body: &Value, last: bool, steps: &mut Vec<Step>) {
    let name = word(body, "name");
    let target = match word(body, "type") {
        "" => last,
        kind => kind == "target",
    };
    match name {
        // Says something to people, or changes nothing that a later rule or the packet's way depends on.
        "comment" | "LOG" | "NFLOG" | "TCPMSS" | "CHECKSUM" | "TRACE" | "AUDIT" => {}
        _ if target => steps.push(Step::Do(Effect::Unknown(format!("xt target \"{name}\"")))),
        _ => steps.push(Step::If(Test::Undecidable(format!("xt match \"{name}\"")))),
    }
}

/// Which packets nft lets a rejection see, where the listing does not say so.
fn rejected(body: &Value, table: Table) -> Option<Test> {
    match word(body, "type") {
        "tcp reset" => Some(field::protocol(6)),
        "icmp" if table != Table::Ip => Some(field::family(2)),
        "icmpv6" if table != Table::Ip6 => Some(field::family(10)),
        _ => None,
    }
}

/// What is sent back, as iptables calls it.
fn reject(body: &Value, table: Table) -> String {
    match (word(body, "type"), word(body, "expr")) {
        ("tcp reset", _) => "tcp-reset".to_owned(),
        ("icmpv6", code) => format!("icmp6-{code}"),
        ("", _) if table == Table::Ip6 => "icmp6-port-unreachable".to_owned(),
        ("", _) => "icmp-port-unreachable".to_owned(),
        (_, code) => format!("icmp-{code}"),
    }
}

/// A field or a concatenation of some, with what nft asks before.
pub(super) struct Keys {
    pub keys: Vec<Key>,
    pub kinds: Vec<Kind>,
    pub needs: Vec<Test>,
}

pub(super) fn keys(expression: &Value, table: Table) -> Option<Keys> {
    let one = std::slice::from_ref(expression);
    let parts = match only(expression) {
        Some(("concat", parts)) => parts.as_array()?,
        _ => one,
    };
    let mut all = Keys { keys: Vec::new(), kinds: Vec::new(), needs: Vec::new() };
    for part in parts {
        let Left { key, kind, needs, of: _ } = field::left(part, table).ok()?;
        all.keys.push(key);
        all.kinds.push(kind);
        all.needs.extend(needs);
    }
    Some(all)
}

/// Elements of a set or map: of a literal, or of one with a name; none where it is not there.
pub(super) fn elements<'a>(set: &'a Value, scope: &Scope<'a, '_>) -> Option<&'a [Value]> {
    let elements = match set.as_str() {
        Some(name) => match scope.table.sets.get(name.strip_prefix('@')?)?.get("elem") {
            Some(elements) => elements,
            None => return Some(&[]),
        },
        None => set.get("set")?,
    };
    Some(match elements {
        Value::Array(all) => all,
        one => std::slice::from_ref(one),
    })
}

fn matches(statement: &Value, body: &Value, scope: &Scope, steps: &mut Vec<Step>) {
    let undecidable = || Test::Undecidable(text::statement(statement, scope.table.family, scope.style));
    let (Some(left), Some(right)) = (body.get("left"), body.get("right")) else {
        steps.push(Step::If(undecidable()));
        return;
    };
    let operation = word(body, "op");
    if matches!(only(left), Some(("concat", _))) {
        let tests = concatenation(left, right, operation, scope).unwrap_or_else(|| vec![undecidable()]);
        steps.extend(tests.into_iter().map(Step::If));
        return;
    }
    match field::left(left, scope.table.family) {
        Ok(Left { key, kind, needs, of }) => {
            steps.extend(needs.into_iter().map(Step::If));
            let test = compare(key, kind, operation, right, scope).unwrap_or_else(undecidable);
            steps.push(Step::If(match of {
                Some(protocols) => where_it_is(test, protocols, undecidable()),
                None => test,
            }));
        }
        Err(Foreign { needs, always }) => {
            steps.extend(needs.into_iter().map(Step::If));
            steps.push(Step::If(match always.and_then(|known| constant(known, operation, right)) {
                Some(true) => Test::Any(vec![Vec::new()]),
                Some(false) => Test::Any(Vec::new()),
                None => undecidable(),
            }));
        }
    }
}

/// Bytes of other headers in the field's place are not known.
fn where_it_is(test: Test, protocols: &[u128], otherwise: Test) -> Test {
    let is = |invert| Test::One {
        key: Key::of(super::super::rule::Field::Protocol),
        values: Values::Ranges(protocols.iter().map(|&number| (number, number)).collect()),
        invert,
    };
    Test::Any(vec![vec![is(false), test], vec![is(true), otherwise]])
}

/// A comparison of a field that every packet has alike.
fn constant((value, known): (u128, u128), operation: &str, right: &Value) -> Option<bool> {
    let right = scalar(Kind::Number, right).filter(|_| known == u128::MAX)?;
    Some(match operation {
        "==" => value == right,
        "!=" => value != right,
        "<" => value < right,
        ">" => value > right,
        "<=" => value <= right,
        ">=" => value >= right,
        _ => return None,
    })
}

fn compare(key: Key, kind: Kind, operation: &str, right: &Value, scope: &Scope) -> Option<Test> {
    let at = |first: Option<u128>, last: Option<u128>| Some(Values::Ranges(first.zip(last).into_iter().collect()));
    let (values, invert) = match operation {
        "in" | "!" => (Values::AnyBit(scalar(kind, right)?), operation == "!"),
        "<" => (at(Some(0), scalar(kind, right)?.checked_sub(1))?, false),
        "<=" => (at(Some(0), Some(scalar(kind, right)?))?, false),
        ">" => (at(scalar(kind, right)?.checked_add(1), Some(u128::MAX))?, false),
        ">=" => (at(Some(scalar(kind, right)?), Some(u128::MAX))?, false),
        "==" | "!=" => return equal(key, kind, right, operation == "!=", scope),
        _ => return None,
    };
    Some(Test::One { key, values, invert })
}

fn equal(key: Key, kind: Kind, right: &Value, invert: bool, scope: &Scope) -> Option<Test> {
    // `fib … oif missing` and `exists`: no route's link has the index 0.
    if let Value::Bool(exists) = right {
        let values = Values::Ranges(vec![(0, 0)]);
        return Some(Test::One { key, values, invert: *exists != invert });
    }
    let is_set = right.get("set").is_some() || right.as_str().is_some_and(|name| name.starts_with('@'));
    let values = if is_set { values(kind, elements(right, scope)?)? } else { one_value(kind, right)? };
    Some(Test::One { key, values, invert })
}

/// A value that is no set: an array is of flags.
fn one_value(kind: Kind, right: &Value) -> Option<Values> {
    match right {
        Value::Array(_) => scalar(kind, right).map(|all| Values::Ranges(vec![(all, all)])),
        _ => values(kind, [right]),
    }
}

fn concatenation(left: &Value, right: &Value, operation: &str, scope: &Scope) -> Option<Vec<Test>> {
    let invert = match operation {
        "==" => false,
        "!=" => true,
        _ => return None,
    };
    let Keys { keys, kinds, needs: mut tests } = keys(left, scope.table.family)?;
    let elements = match only(right) {
        Some(("concat", _)) => std::slice::from_ref(right),
        _ => elements(right, scope)?,
    };
    let rows = elements.iter().map(|element| row(&kinds, element)).collect::<Option<_>>()?;
    tests.push(Test::Rows { keys, rows, invert });
    Some(tests)
}

fn verdict_map<'a>(statement: &Value, body: &'a Value, scope: &mut Scope<'a, '_>, steps: &mut Vec<Step>) {
    let chosen = body.get("key").zip(body.get("data")).and_then(|(key, data)| choose(key, data, scope, verdict));
    let Some((needs, effect)) = chosen else {
        let words = text::statement(statement, scope.table.family, scope.style);
        steps.push(Step::Do(Effect::Unknown(words)));
        return;
    };
    steps.extend(needs.into_iter().map(Step::If));
    steps.push(Step::Do(effect));
}

/// All that may be chosen by chance; nothing too, where the map does not hold every number.
fn any_of(spread: &Value, pairs: Vec<(&Value, Effect)>) -> Option<Vec<Effect>> {
    let held = values(Kind::Number, pairs.iter().map(|&(from, _)| from))?;
    let offset = u128::from(spread.get("offset").and_then(Value::as_u64).unwrap_or_default());
    let last = (offset + u128::from(spread.get("mod")?.as_u64()?)).checked_sub(1)?;
    let whole = matches!(&held, Values::Ranges(spans) if spans.iter().any(|&(from, to)| from <= offset && last <= to));
    Some(pairs.into_iter().map(|(_, effect)| effect).chain((!whole).then(no_row)).collect())
}

/// What a map says by a key, `meant` being what its data does; with what nft asks before.
pub(super) fn choose<'a>(
    key: &Value,
    data: &'a Value,
    scope: &mut Scope<'a, '_>,
    meant: impl Fn(&Value, &mut Scope<'a, '_>) -> Option<Effect>,
) -> Option<(Vec<Test>, Effect)> {
    let elements = elements(data, scope)?;
    let mut pairs = Vec::with_capacity(elements.len());
    for element in elements {
        let [from, to] = element.as_array()?.as_slice() else { return None };
        pairs.push((from, meant(to, scope)?));
    }
    if let Some(("numgen" | "jhash" | "symhash", spread)) = only(key) {
        return Some((Vec::new(), Effect::OneOf(any_of(spread, pairs)?)));
    }
    let Keys { keys, kinds, needs } = keys(key, scope.table.family)?;
    // The element for all others comes last.
    pairs.sort_by_key(|(from, _)| from.as_str() == Some("*"));
    let rows = pairs.into_iter().map(|(from, effect)| Some((row(&kinds, from)?, effect))).collect::<Option<_>>()?;
    Some((needs, Effect::Choose { keys, rows }))
}
