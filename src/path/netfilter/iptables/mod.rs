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

use std::collections::HashSet;

use self::words::{Line, Part};
use super::rule::{Backend, Base, Chains, Effect, Hook, Rule, Step, Table, Test};
use crate::host::{Family, IpSet, IptablesDump};

/// Adds the chains of one table. `sets`: the host's ipsets, none where they were not seen.
pub fn compile(dump: &IptablesDump, backend: Backend, sets: Option<&[IpSet]>, into: &mut Chains) {
    let family = match dump.family {
        Family::V4 => Table::Ip,
        Family::V6 => Table::Ip6,
    };
    for (name, policy) in &dump.chains {
        let id = into.id(backend, family, &dump.table, name);
        into.all[id].base = base(&dump.table, name, policy);
    }
    let names = dump.chains.iter().map(|(name, _)| name.as_str()).collect();
    let context = Context { dump, names, sets };
    for (index, text) in dump.rules.iter().enumerate() {
        let line = words::split(text);
        let Some(chain) = line.chain.as_deref() else { continue };
        let chain_id = into.id(backend, family, &dump.table, chain);
        let mut jump = |name: &str| into.id(backend, family, &dump.table, name);
        let steps = steps(&context, chain, &line, &mut jump);
        let counters = dump.counters.get(index).copied();
        into.all[chain_id].rules.push(Rule { text: text.clone(), counters, steps });
    }
}

/// What the words of a rule mean depends on.
struct Context<'a> {
    dump: &'a IptablesDump,
    names: HashSet<&'a str>,
    sets: Option<&'a [IpSet]>,
}

impl Context<'_> {
    fn family(&self) -> Family {
        self.dump.family
    }
}

fn steps(context: &Context, chain: &str, line: &Line, jump: &mut dyn FnMut(&str) -> usize) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut effects: Vec<Effect> = Vec::new();
    for part in &line.parts {
        match part {
            Part::Match(module) => {
                let tests =
                    matches::tests(context, module).unwrap_or_else(|| vec![Test::Undecidable(module.words.join(" "))]);
                steps.extend(tests.into_iter().map(Step::If));
            }
            Part::Target(target) => effects.extend(targets::effects(context, chain, target, jump)),
        }
    }
    steps.extend(effects.into_iter().map(Step::Do));
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
