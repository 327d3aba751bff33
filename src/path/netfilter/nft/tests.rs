//! Rules in the JSON that nft printed of them, shown and asked about packets.

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/firewall/", $name))
    };
}

#[cfg(test)]
mod firewalls;
#[cfg(test)]
mod listing;
#[cfg(test)]
mod matches;
#[cfg(test)]
mod sets;
#[cfg(test)]
mod statements;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::family_of;
use crate::host::{Fact, Snapshot};
use crate::path::fib::Fib;
use crate::path::fib::fixture as hosts;
use crate::path::netfilter::iptables::tests::packet;
use crate::path::netfilter::{Did, Hook, Layer, Netfilter, Packet, Passage, Verdict};

/// The objects of rulesets with filters and NAT of every kind, and their rules by how they are shown: of nft 1.0.6 and of 1.1.3.
static RELEASES: LazyLock<[Vec<Shown>; 2]> = LazyLock::new(|| {
    let shown = |text: &str| Shown::of(serde_json::from_str(text).expect("JSON"));
    [
        [fixture!("filters-1.0.6.json"), fixture!("families-1.0.6.json")].map(shown).into(),
        [fixture!("filters-1.1.3.json"), fixture!("families-1.1.3.json")].map(shown).into(),
    ]
});

struct Shown {
    objects: Vec<Value>,
    rules: HashMap<String, Value>,
}

impl Shown {
    fn of(ruleset: Value) -> Self {
        let objects = ruleset["nftables"].as_array().expect("objects").clone();
        let style = super::text::Style::of(&objects);
        let rules = objects.iter().filter_map(|object| object.get("rule")).filter_map(|rule| {
            let family = family_of(super::word(rule, "family"))?;
            Some((super::text::rule(rule, family, style), rule.clone()))
        });
        Shown { rules: rules.collect(), objects }
    }
}

/// eth0 10.0.0.5/24, docker0 172.17.0.1/16 (index 3), with this ruleset.
fn host(ruleset: Value) -> Snapshot {
    let mut host = hosts::host();
    host.firewall.legacy = Fact::known(Vec::new());
    host.firewall.nft_compat = Fact::known(Vec::new());
    host.firewall.nft_base_chains = Fact::known(Vec::new());
    host.firewall.nft_ruleset = Fact::known(Some(ruleset));
    host.firewall.programs = Fact::known(Vec::new());
    host.firewall.ipsets = Fact::known(Vec::new());
    host
}

fn pass(ruleset: Value, layer: Layer, hook: Hook, packet: Packet) -> Passage {
    let host = host(ruleset);
    let netfilter = Netfilter::new(&host, Fib::new(&host).expect("all facts")).expect("rules");
    netfilter.pass(layer, hook, packet)
}

/// The rule with this text in those rulesets, alone in a chain that is hooked in at `hook` and whose policy is another, with the sets
/// and user chains of its table. Of each release that can write it.
fn alone(text: &str, hook: &str) -> Vec<Value> {
    let found = RELEASES.iter().filter_map(|release| {
        release.iter().find_map(|shown| shown.rules.get(text).map(|rule| alone_of(text, hook, rule, &shown.objects)))
    });
    found.collect()
}

fn alone_of(text: &str, hook: &str, rule: &Value, objects: &[Value]) -> Value {
    let (family, table) = (&rule["family"], &rule["table"]);
    let of_table = |object: &&Value| {
        ["set", "map", "counter"].iter().any(|kind| object.get(*kind).is_some_and(|set| set["table"] == *table))
    };
    let translates = ["dnat to", "dnat ip", "snat to", "snat ip", "masquerade", "redirect to"];
    let kind = if translates.iter().any(|words| text.contains(words)) { "nat" } else { "filter" };
    let priority = if text == "notrack" { -300 } else { 0 };
    let policy = if text.ends_with("accept") { "drop" } else { "accept" };
    let verdict = |chain: &str, verdict: &str| json!({"rule": {"family": family, "table": table, "chain": chain, "expr": [{verdict: null}]}});
    let mut rule = rule.clone();
    rule["chain"] = "asked".into();
    let mut all = vec![
        json!({"table": {"family": family, "name": table}}),
        json!({"chain": {"family": family, "table": table, "name": "asked", "type": kind, "hook": hook, "prio": priority, "policy": policy}}),
        verdict("user", "return"),
        verdict("other", "drop"),
    ];
    all.extend(objects.iter().filter(of_table).cloned());
    all.push(json!({"rule": rule}));
    json!({"nftables": all})
}

/// What that rule alone does to a packet being forwarded: `accept`, `drop`, `reject …`; `-`: it does not apply; `?`: not known.
fn does(text: &str, about: &str) -> String {
    let rulesets = alone(text, "forward");
    assert!(!rulesets.is_empty(), "no such rule: {text}");
    let mut answers: Vec<_> = rulesets
        .into_iter()
        .map(|ruleset| {
            let layer =
                if ruleset["nftables"][0]["table"]["family"] == "bridge" { Layer::Bridge } else { Layer::Network };
            answer(&pass(ruleset, layer, Hook::Forward, packet(about)))
        })
        .collect();
    answers.dedup();
    answers.join(" or ")
}

fn answer(passage: &Passage) -> String {
    let by_rule =
        passage.trail.iter().any(|taken| taken.rule.is_some() && !matches!(taken.did, Did::Jumped(_) | Did::Returned));
    match &passage.verdict {
        Verdict::Accept if by_rule => "accept".to_owned(),
        Verdict::Accept => "-".to_owned(),
        Verdict::Drop if by_rule => "drop".to_owned(),
        Verdict::Drop => "-".to_owned(),
        Verdict::Reject(with) => format!("reject {with}"),
        Verdict::Undetermined => "?".to_owned(),
    }
}

/// Rule, packet, what it does.
fn each(cases: &[(&str, &str, &str)]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|(rule, packet, expected)| (rule, packet, *expected, does(rule, packet)))
        .filter(|(_, _, expected, got)| expected != got)
        .collect();
    assert!(wrong.is_empty(), "rule, packet, expected, got: {wrong:#?}");
}
