//! What nf_tables holds: tables that iptables keeps there, as iptables-nft-save shows them, and all others, as nft(8) does. What
//! is where, netlink says: nft would print all that iptables keeps too, ten times as slowly, and need not be installed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::exec::{self, Failure};
use super::super::files::Files;
use super::super::{modules, netlink};
use super::iptables::{save, saver};
use super::{LIMIT, failed};
use crate::host::{BaseChain, Fact, Family, Gap, IptablesDump};
use crate::parse::nft_json;
use crate::text::{Text, text};

/// A base chain that belongs in no table but that of iptables: table, chain, hook, priority, type
/// (iptables 1.8.11 iptables/nft.c `xtables_ipv4`).
const IPTABLES: [(&str, &str, &str, i32, &str); 17] = [
    ("raw", "PREROUTING", "prerouting", -300, "filter"),
    ("raw", "OUTPUT", "output", -300, "filter"),
    ("mangle", "PREROUTING", "prerouting", -150, "filter"),
    ("mangle", "INPUT", "input", -150, "filter"),
    ("mangle", "FORWARD", "forward", -150, "filter"),
    ("mangle", "OUTPUT", "output", -150, "route"),
    ("mangle", "POSTROUTING", "postrouting", -150, "filter"),
    ("filter", "INPUT", "input", 0, "filter"),
    ("filter", "FORWARD", "forward", 0, "filter"),
    ("filter", "OUTPUT", "output", 0, "filter"),
    ("security", "INPUT", "input", 150, "filter"),
    ("security", "FORWARD", "forward", 150, "filter"),
    ("security", "OUTPUT", "output", 150, "filter"),
    ("nat", "PREROUTING", "prerouting", -100, "nat"),
    ("nat", "INPUT", "input", 100, "nat"),
    ("nat", "POSTROUTING", "postrouting", 100, "nat"),
    ("nat", "OUTPUT", "output", -100, "nat"),
];

#[derive(Default)]
pub struct NfTables {
    pub compat: Fact<Vec<IptablesDump>>,
    pub base_chains: Fact<Vec<BaseChain>>,
    pub ruleset: Fact<Option<Value>>,
}

impl NfTables {
    pub fn unreadable(why: &Text) -> Self {
        NfTables {
            compat: Fact::Unreadable(why.clone()),
            base_chains: Fact::Unreadable(why.clone()),
            ruleset: Fact::Unreadable(why.clone()),
        }
    }
}

pub fn look(files: &Files) -> NfTables {
    if !modules::may_be_loaded(files, "nf_tables") {
        return NfTables {
            compat: Fact::known(Vec::new()),
            base_chains: Fact::known(Vec::new()),
            ruleset: Fact::known(None),
        };
    }
    let base_chains = netlink::base_chains();
    if let Fact::Unreadable(why) = &base_chains {
        return NfTables::unreadable(why);
    }
    let chains = base_chains.ok().map(Vec::as_slice).unwrap_or_default();
    let compat = compat(chains);
    let shown = compat.ok().map(Vec::as_slice).unwrap_or_default();
    // Where iptables-nft-save says nothing, what it would have shown is unknown, and stays so.
    let ruleset = ruleset(chains, shown, compat.is_known());
    NfTables { ruleset, compat, base_chains }
}

fn family_name(family: Family) -> &'static str {
    if family == Family::V4 { "ip" } else { "ip6" }
}

/// Whether iptables may have made this base chain.
fn is_iptables(chain: &BaseChain) -> bool {
    let own = (chain.table.as_str(), chain.name.as_str(), chain.hook.as_str(), chain.priority, chain.kind.as_str());
    (chain.family == "ip" || chain.family == "ip6") && IPTABLES.contains(&own)
}

/// The tables that are iptables' own and that iptables-nft-save shows as they are.
fn compat(chains: &[BaseChain]) -> Fact<Vec<IptablesDump>> {
    let (mut tables, mut gaps) = (Vec::new(), Vec::new());
    for family in [Family::V4, Family::V6] {
        let of_family = chains.iter().filter(|chain| chain.family == family_name(family) && is_iptables(chain));
        let names: BTreeSet<&str> = of_family.map(|chain| chain.table.as_str()).collect();
        if names.is_empty() {
            continue;
        }
        let program = match saver(family, "nf_tables") {
            Ok(program) => program,
            Err(why) => return Fact::Unreadable(why),
        };
        // Each lets the kernel list every rule once, which is most of the work.
        let (shown, foreign) = std::thread::scope(|scope| {
            let foreign = scope.spawn(|| netlink::foreign_tables(family_name(family)));
            (saved(&program, family, &names), foreign.join().unwrap_or_default())
        });
        let foreign = match foreign {
            Fact::Known { value, gaps: found } => {
                gaps.extend(found);
                value
            }
            Fact::Unreadable(why) => {
                gaps.push(Gap::new(why));
                BTreeSet::new()
            }
            Fact::NotCollected => BTreeSet::new(),
        };
        tables.extend(shown.into_iter().filter(|dump| names.contains(&*dump.table) && !foreign.contains(&dump.table)));
    }
    Fact::with_gaps(tables, gaps)
}

/// One rule that iptables cannot read makes iptables-nft-save give up all tables: then each is asked for alone, and nft
/// shows the one that cannot be read.
fn saved(program: &str, family: Family, names: &BTreeSet<&str>) -> Vec<IptablesDump> {
    save(program, family, None).unwrap_or_else(|_| {
        let one = |name: &&str| save(program, family, Some(name)).ok();
        names.iter().filter_map(one).flatten().collect()
    })
}

/// What nft shows of tables that are not, or not wholly, in `shown`.
fn ruleset(chains: &[BaseChain], shown: &[IptablesDump], shown_is_known: bool) -> Fact<Option<Value>> {
    let is_shown = |chain: &BaseChain| {
        let same = |dump: &&IptablesDump| family_name(dump.family) == chain.family && dump.table == chain.table;
        is_iptables(chain) && (!shown_is_known || shown.iter().any(|dump| same(&dump)))
    };
    // No hook of ARP sees a packet of IP.
    let wanted: BTreeSet<(&str, &str)> = chains
        .iter()
        .filter(|chain| chain.family != "arp" && !is_shown(chain))
        .map(|chain| (chain.family.as_str(), chain.table.as_str()))
        .collect();
    if wanted.is_empty() {
        return Fact::known(None);
    }
    let mut objects = match listed(&wanted) {
        Ok(objects) => objects,
        Err(why) => return Fact::Unreadable(why),
    };
    objects.retain(|object| {
        let Some((family, table)) = nft_json::table_of(object) else { return false };
        let elsewhere = |chain: &BaseChain| {
            let same = chain.family == family && chain.table == table;
            same && nft_json::chain_of(object) == Some(&chain.name) && is_shown(chain)
        };
        !chains.iter().any(elsewhere)
    });
    Fact::known(Some(json!({ "nftables": objects })))
}

/// The objects of these tables. A table whose name nft would not take for one word is found in the whole ruleset.
fn listed(wanted: &BTreeSet<(&str, &str)>) -> Result<Vec<Value>, Text> {
    let plain = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
    };
    if wanted.iter().all(|(_, table)| plain(table)) {
        let each = wanted.iter().map(|(family, table)| list(&["table", family, table])).collect::<Result<Vec<_>, _>>();
        if let Ok(objects) = each {
            return Ok(objects.into_iter().flatten().collect());
        }
    }
    let mut objects = list(&["ruleset"])?;
    objects.retain(|object| nft_json::table_of(object).is_some_and(|table| wanted.contains(&table)));
    Ok(objects)
}

fn list(what: &[&str]) -> Result<Vec<Value>, Text> {
    let arguments: Vec<&str> = ["-j", "list"].into_iter().chain(what.iter().copied()).collect();
    match exec::run("nft", &arguments, LIMIT) {
        Ok(output) if output.succeeded() => nft_json::objects(&output.stdout),
        Ok(output) => Err(failed(&format!("nft -j list {}", what.join(" ")), &output.complaint())),
        Err(Failure::Missing) => Err(text!(
            "nft is not installed, so rules outside iptables' tables cannot be seen",
            "没有安装 nft，看不到 iptables 各表之外的规则"
        )),
        Err(Failure::Failed(why)) => Err(why),
    }
}
