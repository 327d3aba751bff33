//! `nft -j list ruleset` (libnftables-json(5)) as rules.

mod field;
mod mark;
mod names;
mod nat;
mod statement;
mod text;
mod value;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde_json::Value;

use super::rule::{Backend, Base, Chain, ChainId, Chains, Effect, Hook, Rule, Step, Table, Test};

/// Adds the chains of every table of the ruleset that `wanted` (family and name, as nft writes them) wants. Dormant tables are
/// not in force and tables of family `arp` see no packet asked of: neither has chains here.
pub fn compile(ruleset: &Value, wanted: impl Fn(&str, &str) -> bool, into: &mut Chains) {
    let objects = ruleset.get("nftables").unwrap_or(ruleset).as_array().map(Vec::as_slice).unwrap_or_default();
    let tables = tables(objects, wanted);
    for (at, object) in objects.iter().filter_map(|object| placed(&tables, object, "chain")) {
        let id = into.id(Backend::Nft, at.family, at.name, word(object, "name"));
        into.all[id].base = base(object);
    }
    let unsaid = of_unsaid_links(&tables, objects, into);
    let style = text::Style::of(objects);
    for (at, object) in objects.iter().filter_map(|object| placed(&tables, object, "rule")) {
        let chain = into.id(Backend::Nft, at.family, at.name, word(object, "chain"));
        let text = text::rule(object, at.family, style);
        let (mut steps, counters) = statement::steps(object, &mut Scope { table: at, chains: into, style });
        if unsaid.contains(&chain) {
            steps.insert(0, Step::If(links_unsaid()));
        }
        into.all[chain].rules.push(Rule { text, counters, steps });
    }
    for chain in unsaid {
        policy_in_doubt(&mut into.all[chain]);
    }
}

/// Chains of links, of which the ruleset does not say which: nft 1.0.6 leaves that out.
fn of_unsaid_links(tables: &Tables, objects: &[Value], chains: &Chains) -> Vec<ChainId> {
    let all = objects.iter().filter_map(|object| placed(tables, object, "chain"));
    let ids = all.filter_map(|(at, chain)| chains.find(Backend::Nft, at.family, at.name, word(chain, "name")));
    let unsaid = |id: &ChainId| {
        let base = chains.all[*id].base.as_ref();
        base.is_some_and(|base| matches!(base.hook, Hook::Ingress | Hook::Egress) && base.devices.is_empty())
    };
    ids.filter(unsaid).collect()
}

fn links_unsaid() -> Test {
    Test::Undecidable("device".to_owned())
}

/// The policy of a chain of which it is not known whether it is asked.
fn policy_in_doubt(chain: &mut Chain) {
    if let Some(base) = chain.base.as_mut().filter(|base| base.drops) {
        base.drops = false;
        let steps = vec![Step::If(links_unsaid()), Step::Do(Effect::Drop)];
        chain.rules.push(Rule { text: "policy drop".to_owned(), counters: None, steps });
    }
}

/// One table in force.
struct TableOf<'a> {
    family: Table,
    name: &'a str,
    /// Sets and maps.
    sets: HashMap<&'a str, &'a Value>,
    /// Counters that several rules share.
    counters: HashMap<&'a str, (u64, u64)>,
}

type Tables<'a> = HashMap<(&'a str, &'a str), TableOf<'a>>;

/// What a rule refers to.
struct Scope<'a, 'b> {
    table: &'b TableOf<'a>,
    chains: &'b mut Chains,
    style: text::Style,
}

impl Scope<'_, '_> {
    fn chain(&mut self, name: &str) -> ChainId {
        self.chains.id(Backend::Nft, self.table.family, self.table.name, name)
    }
}

fn tables<'a>(objects: &'a [Value], wanted: impl Fn(&str, &str) -> bool) -> Tables<'a> {
    let mut tables = Tables::new();
    for table in objects.iter().filter_map(|object| object.get("table")) {
        let (family, name) = (word(table, "family"), word(table, "name"));
        if let Some(known) = family_of(family)
            && !dormant(table)
            && wanted(family, name)
        {
            let table = TableOf { family: known, name, sets: HashMap::new(), counters: HashMap::new() };
            tables.insert((family, name), table);
        }
    }
    for object in objects {
        for kind in ["set", "map", "counter"] {
            let Some(object) = object.get(kind) else { continue };
            let Some(table) = tables.get_mut(&(word(object, "family"), word(object, "table"))) else { continue };
            if kind == "counter" {
                table.counters.insert(word(object, "name"), counts(object));
            } else {
                table.sets.insert(word(object, "name"), object);
            }
        }
    }
    tables
}

/// The object of that kind, with its table, where the table is in force.
fn placed<'t, 'a>(tables: &'t Tables<'a>, object: &'a Value, kind: &str) -> Option<(&'t TableOf<'a>, &'a Value)> {
    let object = object.get(kind)?;
    Some((tables.get(&(word(object, "family"), word(object, "table")))?, object))
}

fn family_of(family: &str) -> Option<Table> {
    Some(match family {
        "ip" => Table::Ip,
        "ip6" => Table::Ip6,
        "inet" => Table::Inet,
        "bridge" => Table::Bridge,
        "netdev" => Table::Netdev,
        _ => return None,
    })
}

/// nft 1.0.6 cuts the word to `dorm`.
fn dormant(table: &Value) -> bool {
    table.get("flags").is_some_and(|flags| listed(flags).iter().any(|flag| flag.starts_with("dorm")))
}

fn base(chain: &Value) -> Option<Base> {
    let hook = match word(chain, "hook") {
        "ingress" => Hook::Ingress,
        "prerouting" => Hook::Prerouting,
        "input" => Hook::Input,
        "forward" => Hook::Forward,
        "output" => Hook::Output,
        "postrouting" => Hook::Postrouting,
        "egress" => Hook::Egress,
        _ => return None,
    };
    Some(Base {
        hook,
        priority: chain.get("prio").and_then(Value::as_i64).and_then(|at| i32::try_from(at).ok()).unwrap_or_default(),
        nat: word(chain, "type") == "nat",
        drops: word(chain, "policy") == "drop",
        devices: chain.get("dev").map(listed).unwrap_or_default().into_iter().map(str::to_owned).collect(),
    })
}

fn counts(counter: &Value) -> (u64, u64) {
    let count = |key| counter.get(key).and_then(Value::as_u64).unwrap_or_default();
    (count("packets"), count("bytes"))
}

fn word<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// One word, or an array of words: nft writes lists of one without the array.
fn listed(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

/// The only key of an object, with its value: how every expression and statement is written.
fn only(value: &Value) -> Option<(&str, &Value)> {
    let object = value.as_object()?;
    (object.len() == 1).then(|| object.iter().next().map(|(key, value)| (key.as_str(), value))).flatten()
}
