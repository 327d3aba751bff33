//! A rule of ours in the dump that would show it.

use crate::action::{FirewallRule, Presence};
use crate::host::{Fact, Family, IptablesDump, Missing, Snapshot};

/// # Errors
/// [`Missing`] when the rules of that variant were not seen, or have no such chain.
pub(super) fn apply(host: &mut Snapshot, rule: &FirewallRule, to: Presence) -> Result<(), Missing> {
    let dump = dump(host, &rule.tool, &rule.table)?;
    let line = line(rule);
    match to {
        Presence::Absent => remove(dump, &line),
        Presence::Present => insert(dump, rule, line),
    }
    Ok(())
}

/// # Errors
/// As [`apply`].
pub(super) fn set_policy(host: &mut Snapshot, tool: &str, table: &str, chain: &str, to: &str) -> Result<(), Missing> {
    let dump = dump(host, tool, table)?;
    let known = dump.chains.iter_mut().find(|(name, _)| name == chain);
    let (_, policy) = known.ok_or_else(|| super::not_modelled("firewall"))?;
    to.clone_into(policy);
    Ok(())
}

/// The rules of one table that this program keeps.
fn dump<'a>(host: &'a mut Snapshot, tool: &str, table: &str) -> Result<&'a mut IptablesDump, Missing> {
    let legacy = match tool.rsplit_once('-').map(|(_, variant)| variant) {
        Some("legacy") => true,
        Some("nft") => false,
        _ => {
            let variant = host.firewall.iptables_variant.get("firewall.iptables_variant")?;
            variant.as_deref() == Some("legacy")
        }
    };
    let family = if tool.starts_with("ip6") { Family::V6 } else { Family::V4 };
    let (name, fact) = match legacy {
        true => ("firewall.legacy", &mut host.firewall.legacy),
        false => ("firewall.nft_compat", &mut host.firewall.nft_compat),
    };
    let Fact::Known { value: dumps, .. } = fact else { return Err(super::missing(name, fact)) };
    let found = dumps.iter_mut().find(|dump| dump.family == family && dump.table == table);
    found.ok_or_else(|| super::not_modelled(name))
}

/// As iptables-save prints it: a comment with blanks in double quotes.
fn line(rule: &FirewallRule) -> String {
    let mut line = format!("-A {}", rule.chain);
    for word in &rule.spec {
        line.push(' ');
        if word.contains(char::is_whitespace) || word.is_empty() {
            line += &format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""));
        } else {
            line += word;
        }
    }
    line
}

fn remove(dump: &mut IptablesDump, line: &str) {
    let Some(at) = dump.rules.iter().position(|there| there == line) else { return };
    dump.rules.remove(at);
    if at < dump.counters.len() {
        dump.counters.remove(at);
    }
}

fn insert(dump: &mut IptablesDump, rule: &FirewallRule, line: String) {
    if dump.rules.contains(&line) {
        return;
    }
    let head = format!("-A {} ", rule.chain);
    let in_chain: Vec<usize> =
        dump.rules.iter().enumerate().filter(|(_, there)| there.starts_with(&head)).map(|(at, _)| at).collect();
    let nth = rule.position.map(|position| position.saturating_sub(1) as usize);
    let at = match nth.and_then(|nth| in_chain.get(nth)) {
        Some(at) => *at,
        None => in_chain.last().map_or(dump.rules.len(), |last| last + 1),
    };
    dump.rules.insert(at, line);
    if dump.counters.len() >= at && !dump.counters.is_empty() {
        dump.counters.insert(at, (0, 0));
    }
    if !dump.chains.iter().any(|(name, _)| *name == rule.chain) {
        dump.chains.push((rule.chain.clone(), "-".to_owned()));
    }
}
