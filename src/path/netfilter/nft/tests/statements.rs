use super::{alone, answer, each, pass};
use crate::path::netfilter::iptables::tests::packet;
use crate::path::netfilter::{Did, Hook, Layer};

const WEB: &str = "tcp 10.0.0.9:40000 > 172.17.0.2:80 in=eth0 out=docker0";

/// Marks of the packet and of its connection behind the rule.
fn marks(rule: &str, about: &str) -> (u32, u32) {
    let mut all: Vec<_> = alone(rule, "forward")
        .into_iter()
        .map(|ruleset| {
            let after = pass(ruleset, Layer::Network, Hook::Forward, packet(about)).packet;
            (after.mark, after.connection.map_or(0, |connection| connection.mark))
        })
        .collect();
    all.dedup();
    assert_eq!(all.len(), 1, "{rule}");
    all[0]
}

/// What NAT the rule does, to a packet at that hook: `10.0.0.1:8080`, `?`, `-`.
fn nat(rule: &str, hook: &str, about: &str) -> String {
    let at = if hook == "prerouting" { Hook::Prerouting } else { Hook::Postrouting };
    let mut about = packet(about);
    // Before routing it leaves by nothing; conntrack makes the connection then.
    if at == Hook::Prerouting {
        about.oif = None;
    }
    let mut all: Vec<_> = alone(rule, hook)
        .into_iter()
        .map(|ruleset| {
            let passage = pass(ruleset, Layer::Network, at, about.clone());
            let did = passage.trail.iter().find_map(|taken| match &taken.did {
                Did::Destination(address, Some(port)) | Did::Source(address, Some(port)) => {
                    Some(format!("{address}:{port}"))
                }
                Did::Destination(address, None) | Did::Source(address, None) => Some(address.to_string()),
                _ => None,
            });
            did.unwrap_or_else(|| answer(&passage))
        })
        .collect();
    all.dedup();
    all.join(" or ")
}

#[test]
fn verdicts() {
    each(&[
        ("reject", WEB, "reject icmp-port-unreachable"),
        ("reject with icmpx admin-prohibited", WEB, "reject icmp-admin-prohibited"),
        ("reject with icmp host-unreachable", WEB, "reject icmp-host-unreachable"),
        ("meta l4proto tcp reject with tcp reset", WEB, "reject tcp-reset"),
        ("meta l4proto tcp reject with tcp reset", "udp 10.0.0.9:1 > 172.17.0.2:80 out=docker0", "-"),
        ("jump user", WEB, "-"),
        ("goto other", WEB, "drop"),
        ("return", WEB, "-"),
        ("continue", WEB, "-"),
    ]);
}

#[test]
fn statements_that_change_nothing() {
    let rules = [
        "counter packets 0 bytes 0",
        "log prefix \"x: \"",
        "meta priority set 1:2",
        "meta nftrace set 1",
        "ct helper set \"ftp-std\"",
        "ct timeout set \"slow\"",
        "ct label set 1",
        "ct event set new,destroy",
        "ip dscp set cs2",
        "ip ttl set 63",
        "add @dyn { ip saddr }",
        "update @dyn { ip saddr timeout 5m }",
        "delete @dyn { ip saddr }",
        "tcp flags syn tcp option maxseg size set rt mtu",
        "tcp flags syn tcp option maxseg size set 1360",
    ];
    for rule in rules {
        each(&[(rule, WEB, "-")]);
    }
    each(&[("counter packets 7 bytes 420 accept", WEB, "accept"), ("counter name \"hits\" accept", WEB, "accept")]);
}

#[test]
fn statements_whose_work_is_not_known() {
    each(&[
        ("limit rate over 10/minute burst 5 packets drop", WEB, "?"),
        ("quota over 10 mbytes drop", WEB, "?"),
        ("tcp dport 22 add @dyn { ip saddr } drop", WEB, "-"),
        ("ip daddr set 10.0.0.1", WEB, "?"),
        ("tcp dport set 8080", WEB, "?"),
        ("ct zone set 1", WEB, "?"),
        ("tcp dport 80 synproxy mss 1460 wscale 7 timestamp sack-perm", WEB, "?"),
        ("tcp dport 80 tproxy to :8080", WEB, "?"),
    ]);
}

#[test]
fn counters_are_those_of_the_statement_or_of_the_counter_named() {
    let mut chains = super::super::Chains::default();
    for ruleset in alone("counter packets 7 bytes 420 accept", "forward")
        .into_iter()
        .chain(alone("counter name \"hits\" accept", "input"))
    {
        super::super::compile(&ruleset, |_, _| true, &mut chains);
    }
    let counters: Vec<_> = chains
        .all
        .iter()
        .filter(|chain| chain.name == "asked")
        .flat_map(|chain| &chain.rules)
        .map(|rule| rule.counters)
        .collect();
    assert_eq!(counters, [Some((7, 420)), Some((7, 420)), Some((3, 180)), Some((3, 180))]);
}

#[test]
fn marks_are_set_from_numbers_and_from_each_other() {
    let both = &format!("{WEB} mark=257 ctmark=513");
    assert_eq!(marks("meta mark set 0x00000010", both), (0x10, 0x201));
    assert_eq!(marks("meta mark set meta mark | 0x00000010", both), (0x111, 0x201));
    assert_eq!(marks("meta mark set meta mark & 0xffffff00", both), (0x100, 0x201));
    assert_eq!(marks("meta mark set meta mark & 0xffff01ff | 0x00000100", both), (0x101, 0x201));
    assert_eq!(marks("meta mark set meta mark ^ 0x00000001", both), (0x100, 0x201));
    assert_eq!(marks("meta mark set ct mark", both), (0x201, 0x201));
    assert_eq!(marks("meta mark set ct mark & 0x000000ff", both), (1, 0x201));
    assert_eq!(marks("ct mark set 0x00000020", both), (0x101, 0x20));
    assert_eq!(marks("ct mark set meta mark", both), (0x101, 0x101));
    assert_eq!(marks("ct mark set meta mark & 0x000000ff", both), (0x101, 1));
    assert_eq!(marks("ct mark set ct mark | 0x00000001", both), (0x101, 0x201));
    assert_eq!(marks("ct mark set ct mark & 0xffff0000 | meta mark & 0x0000ffff", both), (0x101, 0x101));
    assert_eq!(marks("meta mark set ip saddr map @mk", both), (0x101, 0x201));
    assert_eq!(marks("meta mark set ip saddr map @mk", &both.replace("10.0.0.9", "10.0.0.1")), (0x10, 0x201));
}

#[test]
fn destinations() {
    let to = |rule: &str, about: &str| nat(rule, "prerouting", about);
    let web = "tcp 10.0.0.9:40000 > 10.0.0.5:80 in=eth0";
    assert_eq!(to("dnat to 10.0.0.1", web), "10.0.0.1:80");
    assert_eq!(to("tcp dport 80 dnat to 10.0.0.1:8080", web), "10.0.0.1:8080");
    assert_eq!(to("tcp dport 80 dnat to :8080", web), "10.0.0.5:8080");
    assert_eq!(to("tcp dport 80 redirect to :8080", web), "10.0.0.5:8080");
    assert_eq!(to("fib daddr type local tcp dport 80 dnat to 172.17.0.2:80", web), "172.17.0.2:80");
    assert_eq!(
        to("fib daddr type local tcp dport 80 dnat to 172.17.0.2:80", &web.replace("10.0.0.5", "10.0.0.6")),
        "-"
    );
    assert_eq!(to("dnat to tcp dport map { 80 : 10.0.0.1, 443 : 10.0.0.2 }", web), "10.0.0.1:80");
    assert_eq!(to("dnat to tcp dport map { 80 : 10.0.0.1, 443 : 10.0.0.2 }", &web.replace(":80", ":81")), "-");
    assert_eq!(to("dnat ip to tcp dport map @m1", web), "10.0.0.2:8080");
    assert_eq!(to("dnat ip to ip daddr . tcp dport map @m3", &web.replace("10.0.0.5", "10.0.0.9")), "10.0.0.2:8080");
    assert_eq!(to("dnat to ip daddr map @m2", web), "1.1.1.1:80");
    assert_eq!(to("dnat to iifname map @m4", web), "10.0.0.2:80");
    assert_eq!(to("dnat ip prefix to ip daddr map { 10.0.0.0/24 : 10.1.0.0/24 }", web), "10.1.0.5:80");
    assert_eq!(to("tcp dport 81 redirect to :tcp dport map { 81 : 82 }", &web.replace(":80", ":81")), "10.0.0.5:82");
    assert_eq!(to("dnat ip to 10.0.0.1", web), "10.0.0.1:80");
    assert_eq!(to("dnat ip to 10.0.0.1", "tcp [fd00::9]:1 > [fd00::5]:80 in=eth0"), "-");
}

#[test]
fn sources() {
    let to = |rule: &str, about: &str| nat(rule, "postrouting", about);
    let out = "tcp 10.0.0.1:40000 > 10.0.0.9:80 in=docker0 out=eth0";
    assert_eq!(to("masquerade", out), "10.0.0.5:40000");
    assert_eq!(to("snat to 10.0.0.1", &out.replace("10.0.0.1:", "172.17.0.2:")), "10.0.0.1:40000");
    assert_eq!(to("snat to ip saddr map { 10.0.0.1 : 1.1.1.1 }", out), "1.1.1.1:40000");
    assert_eq!(to("snat ip prefix to ip saddr map { 10.0.0.0/24 : 10.1.0.0/24 }", out), "10.1.0.1:40000");
    let rule =
        "ip saddr 172.17.0.0/16 oifname != \"docker0\" counter packets 1 bytes 60 masquerade comment \"OUTGOING\"";
    assert_eq!(to(rule, &out.replace("10.0.0.1:", "172.17.0.2:")), "10.0.0.5:40000");
    assert_eq!(to(rule, out), "-");
}

#[test]
fn notrack_is_seen_by_what_follows() {
    let before = |text: &str| crate::path::netfilter::Packet { connection: None, oif: None, ..packet(text) };
    for ruleset in alone("notrack", "prerouting") {
        assert!(pass(ruleset, Layer::Network, Hook::Prerouting, before(WEB)).packet.untracked);
    }
}

#[test]
fn a_verdict_map_that_does_not_hold_the_key_ends_the_rule() {
    let on_link = |verdict: serde_json::Value| {
        serde_json::json!({"nftables": [
            {"table": {"family": "ip", "name": "t"}},
            {"chain": {"family": "ip", "table": "t", "name": "f", "type": "filter", "hook": "forward", "prio": 0, "policy": "accept"}},
            {"rule": {"family": "ip", "table": "t", "chain": "f", "expr": [
                {"vmap": {"key": {"meta": {"key": "iifname"}}, "data": {"set": [["eth0", verdict]]}}}, {"counter": {"packets": 0, "bytes": 0}}, {"drop": null}]}},
        ]})
    };
    let asked = |verdict, about: &str| answer(&pass(on_link(verdict), Layer::Network, Hook::Forward, packet(about)));
    assert_eq!(asked(serde_json::json!({"continue": null}), WEB), "drop");
    assert_eq!(asked(serde_json::json!({"continue": null}), &WEB.replace("eth0", "eth1")), "-");
    assert_eq!(asked(serde_json::json!({"accept": null}), WEB), "accept");
}

#[test]
fn what_iptables_wrote_into_the_same_table_is_a_match_or_a_target() {
    let rule = |expr: serde_json::Value| {
        serde_json::json!({"nftables": [
            {"table": {"family": "ip", "name": "t"}},
            {"chain": {"family": "ip", "table": "t", "name": "f", "type": "filter", "hook": "forward", "prio": 0, "policy": "accept"}},
            {"rule": {"family": "ip", "table": "t", "chain": "f", "expr": expr}},
        ]})
    };
    let asked = |expr| answer(&pass(rule(expr), Layer::Network, Hook::Forward, packet(WEB)));
    assert_eq!(asked(serde_json::json!([{"xt": {"type": "match", "name": "comment"}}, {"drop": null}])), "drop");
    assert_eq!(asked(serde_json::json!([{"xt": {"type": "match", "name": "statistic"}}, {"drop": null}])), "?");
    assert_eq!(
        asked(serde_json::json!([{"xt": null}, {"counter": {"packets": 0, "bytes": 0}}, {"accept": null}])),
        "accept"
    );
    assert_eq!(asked(serde_json::json!([{"counter": {"packets": 0, "bytes": 0}}, {"xt": null}])), "?");
    assert_eq!(asked(serde_json::json!([{"xt": {"type": "target", "name": "NFLOG"}}])), "-");
}
