//! A host as it would be without its rules that return: what a trace does not show, but for where it then leads.

use dnetctl::internals::{Fact, Snapshot};
use serde_json::Value;

/// None where nothing returns.
pub fn without(host: &Snapshot, of_nft: bool) -> Option<Snapshot> {
    let mut host = host.clone();
    let removed = if of_nft { native(&mut host) } else { iptables(&mut host) };
    removed.then_some(host)
}

fn iptables(host: &mut Snapshot) -> bool {
    let mut removed = false;
    for dumps in [&mut host.firewall.legacy, &mut host.firewall.nft_compat] {
        let Fact::Known { value, .. } = dumps else { continue };
        for dump in value {
            let stays: Vec<bool> = dump.rules.iter().map(|rule| !rule.ends_with("-j RETURN")).collect();
            removed |= stays.contains(&false);
            let mut at = stays.iter();
            dump.rules.retain(|_| at.next().is_none_or(|stays| *stays));
            let mut at = stays.iter();
            dump.counters.retain(|_| at.next().is_none_or(|stays| *stays));
        }
    }
    removed
}

fn native(host: &mut Snapshot) -> bool {
    let Fact::Known { value: Some(ruleset), .. } = &mut host.firewall.nft_ruleset else { return false };
    let Some(objects) = ruleset["nftables"].as_array_mut() else { return false };
    let before = objects.len();
    objects.retain(|object| !object["rule"]["expr"].as_array().into_iter().flatten().any(returns));
    objects.len() != before
}

fn returns(statement: &Value) -> bool {
    statement.get("return").is_some()
}
