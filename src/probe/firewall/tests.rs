#![allow(clippy::disallowed_methods)]

use std::process::Command;

use super::super::exec;
use super::*;
use crate::host::Family;

/// Runs `inside` in a fresh network namespace: /proc/net belongs to the process, so this test is run again in one of its own.
fn in_a_fresh_namespace(test: &str, inside: fn()) {
    const INSIDE: &str = "DNETCTL_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        must_be_fresh();
        return inside();
    }
    let output = Command::new("unshare")
        .args(["--map-root-user", "--net"])
        .arg(std::env::current_exe().expect("this test"))
        .args(["--exact", &format!("probe::firewall::tests::{test}")])
        .env(INSIDE, "1")
        .output()
        .expect("unshare(1)");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = exec::run(program, arguments, LIMIT).expect(program);
    assert!(output.succeeded(), "{program} {arguments:?}: {}", output.complaint());
    output.stdout
}

fn look() -> Firewall {
    start(&Files::new(None), Instant::now() + LIMIT).finish()
}

/// These tests write rules: never where anything but a loopback link is.
fn must_be_fresh() {
    let links = Files::new(None).text("/proc/net/dev").expect("links");
    assert!(links.lines().skip(2).all(|line| line.trim_start().starts_with("lo:")), "not a fresh namespace");
}

/// Everything by which a look could be noticed.
fn state() -> (Vec<Option<String>>, String) {
    let files = Files::new(None);
    let names = ["/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"];
    (names.map(|path| files.text_if_any(path).expect(path)).to_vec(), run("nft", &["list", "ruleset"]))
}

#[test]
fn a_look_at_an_empty_firewall_leaves_it_empty() {
    in_a_fresh_namespace("a_look_at_an_empty_firewall_leaves_it_empty", inside_empty);
}

fn inside_empty() {
    let before = state();
    let firewall = look();
    assert_eq!(state(), before);
    assert_eq!(firewall.legacy, Fact::known(Vec::new()));
    assert_eq!(firewall.nft_compat, Fact::known(Vec::new()));
    assert_eq!(firewall.nft_base_chains, Fact::known(Vec::new()));
    assert_eq!(firewall.nft_ruleset, Fact::known(None));
    assert!(firewall.iptables_variant.is_known());
}

#[test]
fn both_variants_and_native_tables_are_seen_and_left_alone() {
    in_a_fresh_namespace("both_variants_and_native_tables_are_seen_and_left_alone", inside_full);
}

fn inside_full() {
    run("iptables-nft", &["-P", "FORWARD", "DROP"]);
    run("ip6tables-nft", &["-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE"]);
    run("iptables-legacy", &["-A", "INPUT", "-s", "10.0.0.0/8", "-j", "DROP"]);
    run("nft", &["add", "table", "inet", "fw"]);
    run("nft", &["add", "chain", "inet", "fw", "hooked", "{ type filter hook forward priority -1 ; policy drop ; }"]);
    let before = state();
    let firewall = look();
    assert_eq!(state(), before);
    let legacy = firewall.legacy.ok().expect("legacy");
    assert_eq!(legacy.iter().map(|dump| dump.table.as_str()).collect::<Vec<_>>(), ["filter"]);
    assert_eq!(legacy[0].rules, ["-A INPUT -s 10.0.0.0/8 -j DROP"]);
    let compat = firewall.nft_compat.ok().expect("nft");
    assert!(compat.iter().any(|dump| dump.family == Family::V6 && dump.table == "nat"));
    let forward = &compat.iter().find(|dump| dump.table == "filter").expect("filter").chains;
    assert!(forward.contains(&("FORWARD".to_owned(), "DROP".to_owned())));
    let ruleset = firewall.nft_ruleset.ok().expect("native rules").as_ref().expect("a table").to_string();
    assert!(ruleset.contains("\"hooked\"") && !ruleset.contains("POSTROUTING"), "{ruleset}");
    let chains = firewall.nft_base_chains.ok().expect("chains");
    let own = chains.iter().find(|chain| chain.family == "inet").expect("the native chain");
    assert_eq!((own.priority, own.hook.as_str(), own.policy.as_str()), (-1, "forward", "drop"));
}

#[test]
fn what_iptables_would_tell_wrongly_is_asked_of_nft() {
    in_a_fresh_namespace("what_iptables_would_tell_wrongly_is_asked_of_nft", inside_mixed);
}

fn inside_mixed() {
    let forward = "{ type filter hook forward priority 0 ; policy drop ; }";
    run("iptables-nft", &["-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE"]);
    run("iptables-nft", &["-t", "raw", "-A", "PREROUTING", "-p", "tcp", "--dport", "80:90", "-j", "DROP"]);
    run("iptables-nft", &["-t", "mangle", "-A", "FORWARD", "-s", "10.0.0.0/8", "-j", "MARK", "--set-mark", "4"]);
    // iptables-nft-save 1.8.9 to 1.8.11 print this as `-A FORWARD -j ACCEPT`.
    run("nft", &["add", "table", "ip", "filter"]);
    run("nft", &["add", "chain", "ip", "filter", "FORWARD", forward]);
    run(
        "nft",
        &["add", "rule", "ip", "filter", "FORWARD", "ip", "saddr", "{ 10.0.0.1, 10.0.0.2 }", "counter", "accept"],
    );
    // A table with both kinds of base chains.
    run("nft", &["add", "chain", "ip", "mangle", "own", "{ type filter hook forward priority 7 ; policy drop ; }"]);
    // iptables-nft-save gives up over this rule, and prints nothing of any other table.
    run("nft", &["add", "table", "ip6", "filter"]);
    run("nft", &["add", "chain", "ip6", "filter", "FORWARD", forward]);
    run("nft", &["add", "rule", "ip6", "filter", "FORWARD", "counter", "meta", "length", "40", "accept"]);
    run("ip6tables-nft", &["-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE"]);
    let before = state();
    let firewall = look();
    assert_eq!(state(), before);
    let compat = firewall.nft_compat.ok().expect("nft").iter();
    let mut shown: Vec<_> = compat.map(|dump| (dump.family, dump.table.as_str(), dump.rules.len())).collect();
    shown.sort_unstable();
    let (v4, v6) = (Family::V4, Family::V6);
    assert_eq!(shown, [(v4, "mangle", 1), (v4, "nat", 1), (v4, "raw", 1), (v6, "nat", 1)]);
    let ruleset = firewall.nft_ruleset.ok().expect("native rules").as_ref().expect("tables");
    let objects = ruleset["nftables"].as_array().expect("objects");
    let chains: Vec<String> = objects
        .iter()
        .filter_map(|object| object.get("chain"))
        .map(|chain| format!("{} {} {}", chain["family"], chain["table"], chain["name"]).replace('"', ""))
        .collect();
    assert_eq!(chains, ["ip filter FORWARD", "ip mangle own", "ip6 filter FORWARD"]);
    assert_eq!(objects.iter().filter(|object| object.get("rule").is_some()).count(), 2);
}

#[test]
fn ipsets_are_asked_for_only_where_rules_ask_them() {
    let dump = |rule: &str| {
        Fact::known(vec![IptablesDump {
            family: Family::V4,
            table: "filter".to_owned(),
            chains: Vec::new(),
            rules: vec![rule.to_owned()],
            counters: Vec::new(),
        }])
    };
    let deadline = Instant::now() + LIMIT;
    let none = Fact::known(Vec::new());
    assert_eq!(ipsets::look([&dump("-A INPUT -j DROP"), &none], deadline), Fact::known(Vec::new()));
    assert_eq!(ipsets::look([&Fact::NotCollected, &Fact::NotCollected], deadline), Fact::NotCollected);
    let asked = dump("-A INPUT -m set --match-set allow src -j ACCEPT");
    // The set exists nowhere: without ip_set in the kernel, or without the program, nobody can say so.
    match ipsets::look([&none, &asked], deadline) {
        Fact::Unreadable(why) => assert!(why.en.contains("ipset"), "{why:?}"),
        other => assert_eq!(other, Fact::known(Vec::new())),
    }
}
