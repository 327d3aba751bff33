//! iptables-save lines as rules.
//!
//! What a match or a target does is that of the kernel's net/netfilter/xt_*.c, net/ipv4/netfilter/ipt_*.c and the extensions' man
//! page. What is not understood to the last word becomes [`Test::Undecidable`] or [`Effect::Unknown`] with those words.

mod matches;
mod sets;
mod targets;
#[cfg(test)]
pub(super) mod tests;
mod values;
mod words;

use std::collections::HashMap;

use self::words::{Line, Part};
use super::rule::{Backend, Base, ChainId, Chains, Hook, Rule, Step, Table, Test};
use crate::host::{Family, IpSet, IptablesDump};

/// Adds the chains of one table. `sets`: the host's ipsets, none where they were not seen.
pub fn compile(dump: &IptablesDump, backend: Backend, sets: Option<&[IpSet]>, into: &mut Chains) {
    let family = match dump.family {
        Family::V4 => Table::Ip,
        Family::V6 => Table::Ip6,
    };
    let mut chains = HashMap::new();
    for (name, policy) in &dump.chains {
        let id = into.id(backend, family, &dump.table, name);
        into.all[id].base = base(&dump.table, name, policy);
        chains.insert(name.as_str(), id);
    }
    let context = Context { dump, chains, sets };
    for (index, text) in dump.rules.iter().enumerate() {
        let line = words::split(text);
        let Some(chain) = line.chain.as_deref() else { continue };
        let steps = steps(&context, chain, &line);
        let counters = dump.counters.get(index).copied();
        let known = context.chains.get(chain).copied();
        let id = known.unwrap_or_else(|| into.id(backend, family, &dump.table, chain));
        into.all[id].rules.push(Rule { text: text.clone(), counters, steps });
    }
}

/// What the words of a rule mean depends on.
struct Context<'a> {
    dump: &'a IptablesDump,
    /// The chains of the dump, by name.
    chains: HashMap<&'a str, ChainId>,
    sets: Option<&'a [IpSet]>,
}

impl Context<'_> {
    fn family(&self) -> Family {
        self.dump.family
    }
}

/// All tests, then what is done.
fn steps(context: &Context, chain: &str, line: &Line) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::with_capacity(line.parts.len());
    for part in &line.parts {
        if let Part::Match(module) = part {
            match matches::tests(context, module) {
                Some(tests) => steps.extend(tests.into_iter().map(Step::If)),
                None => steps.push(Step::If(Test::Undecidable(module.words.to_owned()))),
            }
        }
    }
    for part in &line.parts {
        if let Part::Target(target) = part {
            steps.extend(targets::effects(context, chain, target).map(Step::Do));
        }
    }
    steps
}

/// Where a table's built-in chain sits (include/uapi/linux/netfilter_ipv4.h, enum nf_ip_hook_priorities; those of IPv6 are the same).
fn base(table: &str, chain: &str, policy: &str) -> Option<Base> {
    if policy == "-" {
        return None;
    }
    let hook = match chain {
        "PREROUTING" => Hook::Prerouting,
        "INPUT" => Hook::Input,
        "FORWARD" => Hook::Forward,
        "OUTPUT" => Hook::Output,
        "POSTROUTING" => Hook::Postrouting,
        _ => return None,
    };
    let priority = match (table, hook) {
        ("raw", _) => -300,
        ("mangle", _) => -150,
        ("nat", Hook::Prerouting | Hook::Output) => -100,
        ("nat", _) => 100,
        ("security", _) => 50,
        _ => 0,
    };
    Some(Base { hook, priority, nat: table == "nat", drops: policy == "DROP", devices: Vec::new() })
}
