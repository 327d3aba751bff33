//! From a snapshot's dumps to chains that can be asked.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::rc::Rc;

use super::index::Index;
use super::rule::{Backend, Chain, ChainId, Chains, Hook, Layer, Table};
use super::{iptables, nft};
use crate::host::{Family, Firewall, IptablesDump, Missing, Snapshot};
use crate::path::fib::Fib;
use crate::text::text;

/// The firewall of one host, ready to be asked.
#[derive(Clone, Debug)]
pub struct Netfilter<'a> {
    pub(super) fib: Fib<'a>,
    /// Copies share each chain until one of them changes it.
    chains: Rc<Vec<Rc<Chain>>>,
    /// Of each chain; none: it is short.
    pub(super) indexes: Rc<Vec<Option<Rc<Index>>>>,
    /// Base chains in the order of their priorities.
    hooks: HashMap<(Layer, Hook), Vec<ChainId>>,
}

impl<'a> Netfilter<'a> {
    /// # Errors
    /// [`Missing`] when rules were not seen.
    pub fn new(host: &'a Snapshot, fib: Fib<'a>) -> Result<Self, Missing> {
        let firewall = &host.firewall;
        let sets = firewall.ipsets.ok().map(Vec::as_slice);
        let mut chains = Chains::default();
        let legacy = firewall.legacy.get("firewall.legacy")?;
        if let Some(gap) = firewall.legacy.gaps().first() {
            return Err(Missing { fact: "firewall.legacy", why: gap.what.clone() });
        }
        for dump in legacy {
            iptables::compile(dump, Backend::Legacy, sets, &mut chains);
        }
        let compat = firewall.nft_compat.get("firewall.nft_compat")?;
        for dump in compat {
            iptables::compile(dump, Backend::NftCompat, sets, &mut chains);
        }
        native(firewall, compat, &mut chains)?;
        let hooks = arrange(&chains, firewall);
        let indexes = chains.all.iter().map(|chain| Index::of(&chain.rules).map(Rc::new)).collect();
        let chains = chains.all.into_iter().map(Rc::new).collect();
        Ok(Netfilter { fib, chains: Rc::new(chains), indexes: Rc::new(indexes), hooks })
    }

    pub fn chain(&self, id: ChainId) -> &Chain {
        &self.chains[id]
    }

    /// All, in the order of their ids.
    pub fn chains(&self) -> impl Iterator<Item = &Chain> {
        self.chains.iter().map(Rc::as_ref)
    }

    fn changed(&mut self, id: ChainId) -> &mut Chain {
        Rc::make_mut(&mut Rc::make_mut(&mut self.chains)[id])
    }

    /// The same without the base chains of one kind of firewall.
    pub fn without_backend(&self, backend: Backend) -> Self {
        let mut other = self.clone();
        let hooked = |chain: &Chain| chain.backend == backend && chain.base.is_some();
        for (id, _) in self.chains().enumerate().filter(|(_, chain)| hooked(chain)) {
            other.changed(id).base = None;
        }
        for hooked in other.hooks.values_mut() {
            hooked.retain(|id| other.chains[*id].base.is_some());
        }
        other
    }

    /// The same without what that rule does; none: with a policy that accepts.
    pub fn without_rule(&self, chain: ChainId, rule: Option<usize>) -> Self {
        let mut other = self.clone();
        let changed = other.changed(chain);
        match rule {
            Some(at) => changed.rules[at].steps.clear(),
            None => changed.base.iter_mut().for_each(|base| base.drops = false),
        }
        other
    }

    /// The same with that rule at position `at` of chain `to`; where it was, one that does nothing keeps the positions of the others.
    pub fn with_rule_moved(&self, chain: ChainId, rule: usize, to: ChainId, at: usize) -> Self {
        let mut other = self.without_rule(chain, Some(rule));
        let rules = &mut other.changed(to).rules;
        rules.insert(at, self.chain(chain).rules[rule].clone());
        let index = Index::of(rules).map(Rc::new);
        Rc::make_mut(&mut other.indexes)[to] = index;
        other
    }

    /// The base chains of a hook, in the order in which they are asked.
    pub fn hooked(&self, layer: Layer, hook: Hook) -> &[ChainId] {
        self.hooks.get(&(layer, hook)).map_or(&[], Vec::as_slice)
    }
}

/// The nft tables that iptables does not show.
fn native(firewall: &Firewall, compat: &[IptablesDump], chains: &mut Chains) -> Result<(), Missing> {
    let shown = |family: &str, table: &str| {
        compat.iter().any(|dump| {
            dump.table == table
                && match dump.family {
                    Family::V4 => family == "ip",
                    Family::V6 => family == "ip6",
                }
        })
    };
    let ruleset = match firewall.nft_ruleset.get("firewall.nft_ruleset") {
        Ok(ruleset) => ruleset,
        // Nothing is hooked in but what iptables shows: then it does not matter what else is there.
        Err(_) if only(firewall, &shown) && firewall.nft_compat.gaps().is_empty() => return Ok(()),
        Err(missing) => return Err(missing),
    };
    match ruleset {
        Some(ruleset) => nft::compile(ruleset, |family, table| !shown(family, table), chains),
        None if compat.is_empty() || firewall.nft_compat.gaps().is_empty() => {}
        None => {
            return Err(Missing {
                fact: "firewall.nft_ruleset",
                why: text!("tables that iptables cannot show were not seen", "没有采集到 iptables 无法显示的表"),
            });
        }
    }
    Ok(())
}

fn only(firewall: &Firewall, shown: &impl Fn(&str, &str) -> bool) -> bool {
    firewall.nft_base_chains.ok().is_some_and(|all| all.iter().all(|chain| shown(&chain.family, &chain.table)))
}

/// Base chains by hook and priority. Of equal priorities the last that was hooked in comes first (net/netfilter/core.c
/// `nf_hook_entries_grow`), which nft lists last.
fn arrange(chains: &Chains, firewall: &Firewall) -> HashMap<(Layer, Hook), Vec<ChainId>> {
    let listed: HashMap<(&str, &str, &str), usize> = firewall.nft_base_chains.ok().map_or_else(HashMap::new, |all| {
        all.iter().enumerate().map(|(at, c)| ((c.family.as_str(), c.table.as_str(), c.name.as_str()), at)).collect()
    });
    let mut found: Vec<(Layer, Hook, i32, Reverse<usize>, ChainId)> = Vec::new();
    for (id, chain) in chains.all.iter().enumerate() {
        let Some(base) = &chain.base else { continue };
        let at = match chain.backend {
            Backend::Legacy => None,
            _ => listed.get(&(chain.family.word(), chain.table.as_str(), chain.name.as_str())).copied(),
        };
        found.push((layer(chain.family, base.hook), base.hook, base.priority, Reverse(at.unwrap_or(0)), id));
    }
    found.sort_by_key(|(_, _, priority, listed, id)| (*priority, *listed, *id));
    let mut hooks: HashMap<(Layer, Hook), Vec<ChainId>> = HashMap::new();
    for (layer, hook, _, _, id) in found {
        hooks.entry((layer, hook)).or_default().push(id);
    }
    hooks
}

fn layer(table: Table, hook: Hook) -> Layer {
    match (table, hook) {
        (Table::Netdev, _) | (Table::Inet, Hook::Ingress) => Layer::Link,
        (Table::Bridge, _) => Layer::Bridge,
        _ => Layer::Network,
    }
}
