//! Who is let in by ufw or firewalld, in the rules that these keep.

use serde_json::{Value, json};

use super::{firewall, missing, not_modelled};
use crate::action::{Admission, FirewallRule, Keeper, Presence};
use crate::host::{Fact, Missing, Snapshot};

/// # Errors
/// [`Missing`] when the rules were not seen, or have no such chain.
pub(super) fn apply(host: &mut Snapshot, what: &Admission, to: Presence) -> Result<(), Missing> {
    match &what.keeper {
        Keeper::Ufw { first } => {
            let v4 = what.source.is_ipv4();
            let (tool, chain) = if v4 { ("iptables", "ufw-user-input") } else { ("ip6tables", "ufw6-user-input") };
            firewall::apply(host, &by_iptables(what, tool, chain, first.then_some(1)), to)
        }
        Keeper::Firewalld { link } => natively(host, what, link, to),
    }
}

fn by_iptables(what: &Admission, tool: &str, chain: &str, position: Option<u32>) -> FirewallRule {
    let (source, protocol) = (ipnet::IpNet::from(what.source), &what.protocol);
    let ports = match what.ports.as_slice() {
        [] => String::new(),
        [one] => format!(" -m {protocol} --dport {one}"),
        _ => format!(" -m multiport --dports {}", what.listed()),
    };
    let spec = format!("-s {source} -p {protocol}{ports} -j ACCEPT");
    FirewallRule {
        tool: tool.to_owned(),
        table: "filter".to_owned(),
        chain: chain.to_owned(),
        spec: spec.split(' ').map(str::to_owned).collect(),
        position,
        before: None,
    }
}

/// Into the chain of the zone for what is let in, behind the one for what is not (firewalld 1.x src/firewall/core/nftables.py).
fn natively(host: &mut Snapshot, what: &Admission, link: &str, to: Presence) -> Result<(), Missing> {
    let Fact::Known { value: Some(ruleset), .. } = &mut host.firewall.nft_ruleset else {
        return Err(missing("firewall.nft_ruleset", &host.firewall.nft_ruleset));
    };
    let objects = ruleset.get_mut("nftables").and_then(Value::as_array_mut);
    let objects = objects.ok_or_else(|| not_modelled("firewall.nft_ruleset"))?;
    let zone = zone_chain(objects, link).ok_or_else(|| not_modelled("firewall.nft_ruleset"))?;
    for rule in rules(what, &format!("{zone}_allow")) {
        match to {
            Presence::Absent => objects.retain(|there| *there != rule),
            Presence::Present if objects.contains(&rule) => {}
            Presence::Present => objects.push(rule),
        }
    }
    Ok(())
}

/// `filter_IN_public`: where packets that arrive on that link are sent, else where all others are.
fn zone_chain(objects: &[Value], link: &str) -> Option<String> {
    let rules = objects.iter().filter_map(|object| object.get("rule")).filter(|rule| {
        rule["table"] == "firewalld"
            && (rule["chain"] == "filter_INPUT_ZONES" || rule["chain"] == "filter_INPUT_POLICIES")
    });
    let mut others = None;
    for rule in rules {
        let parts = rule["expr"].as_array()?;
        let target = parts.iter().find_map(|part| {
            let to = part.get("goto").or_else(|| part.get("jump"))?;
            to["target"].as_str().filter(|to| to.starts_with("filter_IN_") && !to.starts_with("filter_IN_policy_"))
        });
        let Some(target) = target else { continue };
        let mut asked = parts.iter().filter_map(|part| part.get("match"));
        match asked.next() {
            Some(first) if asked.next().is_none() && first["right"] == link => return Some(target.to_owned()),
            Some(_) => {}
            None => others = others.or(Some(target.to_owned())),
        }
    }
    others
}

fn rules(what: &Admission, chain: &str) -> Vec<Value> {
    let ip = if what.source.is_ipv4() { "ip" } else { "ip6" };
    let equal = |left: Value, right: Value| json!({"match": {"op": "==", "left": left, "right": right}});
    let source = equal(json!({"payload": {"protocol": ip, "field": "saddr"}}), json!(what.source.to_string()));
    let rule = |kind: Value| json!({"rule": {"family": "inet", "table": "firewalld", "chain": chain, "expr": [source.clone(), kind, {"accept": null}]}});
    let protocol = what.protocol.as_str();
    if what.ports.is_empty() {
        return vec![rule(equal(json!({"meta": {"key": "l4proto"}}), json!(protocol)))];
    }
    let port = |port: &u16| rule(equal(json!({"payload": {"protocol": protocol, "field": "dport"}}), json!(port)));
    what.ports.iter().map(port).collect()
}
