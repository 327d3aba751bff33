//! Which chain comes when, and how chains call each other.

use serde_json::json;

use super::*;
use crate::path::netfilter::Layer;

#[test]
fn the_policy_is_the_end_of_a_chain() {
    assert_eq!(last(&forwarded("DROP", &[], &[])), (None, Did::Dropped));
    assert_eq!(forwarded("DROP", &[], &[]).verdict, Verdict::Drop);
    assert_eq!(last(&accepted(forwarded("ACCEPT", &[], &["-A FORWARD -i eth1 -j DROP"]))), (None, Did::Accepted));
    let rejected = forwarded("ACCEPT", &[], &["-A FORWARD -j REJECT --reject-with icmp-host-prohibited"]);
    assert_eq!(rejected.verdict, Verdict::Reject("icmp-host-prohibited".to_owned()));
    // A family's packets pass the other family's tables by.
    let other = "icmp6 fd00::9 > fd00:17::2 in=eth0 out=docker0";
    assert_eq!(at(Hook::Forward, other, vec![filter("FORWARD", "DROP", &[], &[])]).verdict, Verdict::Accept);
}

#[test]
fn an_accept_does_not_keep_a_later_base_chain_from_dropping() {
    let mut host = host(vec![filter("FORWARD", "DROP", &[], &["-A FORWARD -j ACCEPT"])], None);
    with_native(&mut host, ("filter", "forward", 10, "drop"), vec![json!([{"accept": null}])]);
    assert_eq!(pass(&host, Hook::Forward, packet(FORWARDED)).verdict, Verdict::Accept);
    with_native(&mut host, ("filter", "forward", 10, "drop"), vec![]);
    let dropped = pass(&host, Hook::Forward, packet(FORWARDED));
    assert_eq!(dropped.verdict, Verdict::Drop);
    assert_eq!(dropped.trail.iter().map(|taken| &taken.did).collect::<Vec<_>>(), [&Did::Accepted, &Did::Dropped]);
    // Before the filter table it drops first.
    with_native(&mut host, ("filter", "forward", -10, "drop"), vec![]);
    assert_eq!(pass(&host, Hook::Forward, packet(FORWARDED)).trail.len(), 1);
}

#[test]
fn legacy_and_nft_rules_are_both_in_force() {
    let mut host = host(vec![filter("FORWARD", "ACCEPT", &[], &["-A FORWARD -o docker0 -j ACCEPT"])], None);
    host.firewall.legacy = Fact::known(vec![filter("FORWARD", "ACCEPT", &[], &["-A FORWARD -o docker0 -j DROP"])]);
    assert_eq!(pass(&host, Hook::Forward, packet(FORWARDED)).verdict, Verdict::Drop);
}

#[test]
fn a_chain_that_ends_or_returns_goes_back_behind_the_jump() {
    let passage = forwarded(
        "DROP",
        &["A", "B"],
        &["-A FORWARD -j A", "-A FORWARD -o docker0 -j ACCEPT", "-A A -j B", "-A A -i eth0 -j RETURN", "-A A -j DROP"],
    );
    assert_eq!(last(&accepted(passage)), (Some(1), Did::Accepted));
    // RETURN in a base chain is its policy.
    assert_eq!(last(&forwarded("DROP", &[], &["-A FORWARD -j RETURN", "-A FORWARD -j ACCEPT"])), (None, Did::Dropped));
}

#[test]
fn what_is_reached_by_goto_returns_to_the_caller_of_the_chain_that_went() {
    let passage = forwarded(
        "DROP",
        &["A", "B"],
        &["-A FORWARD -j A", "-A FORWARD -j ACCEPT", "-A A -g B", "-A A -j DROP", "-A B -i eth1 -j DROP"],
    );
    assert_eq!(last(&accepted(passage)), (Some(1), Did::Accepted));
    let passage = forwarded("DROP", &["B"], &["-A FORWARD -g B", "-A FORWARD -j ACCEPT", "-A B -j RETURN"]);
    assert_eq!(last(&passage), (None, Did::Dropped));
}

#[test]
fn chains_that_call_each_other_for_ever_are_given_up() {
    let passage = forwarded("DROP", &["A"], &["-A FORWARD -j A", "-A A -j A"]);
    assert_eq!(passage.verdict, Verdict::Undetermined);
    assert!(!passage.undecided.is_empty());
}

#[test]
fn a_packet_that_no_link_brought_has_an_empty_name_there() {
    let sent = "tcp 10.0.0.5:40000 > 172.17.0.2:80 out=docker0";
    let verdict = |rule: &str| {
        let rule = format!("-A OUTPUT -j A {rule}");
        at(Hook::Output, sent, vec![filter("OUTPUT", "ACCEPT", &["A"], &[&rule, "-A A -j DROP"])]).verdict
    };
    assert_eq!(verdict("-i eth0"), Verdict::Accept);
    assert_eq!(verdict("! -i eth0"), Verdict::Drop);
    assert_eq!(verdict("-i +"), Verdict::Drop);
}

#[test]
fn before_conntrack_nothing_has_a_connection() {
    let arriving = "tcp 10.0.0.9:40000 > 172.17.0.2:80 in=eth0";
    let raw = |rule: &str| table(Family::V4, "raw", &[("PREROUTING", "ACCEPT")], &[rule]);
    let mangle = |rule: &str| table(Family::V4, "mangle", &[("PREROUTING", "ACCEPT")], &[rule]);
    let early = |rule| at(Hook::Prerouting, arriving, vec![raw(rule)]).verdict;
    let late = |rule| at(Hook::Prerouting, arriving, vec![mangle(rule)]).verdict;
    assert_eq!(early("-A PREROUTING -m conntrack --ctstate NEW -j DROP"), Verdict::Accept);
    assert_eq!(early("-A PREROUTING -m conntrack --ctstate INVALID -j DROP"), Verdict::Drop);
    assert_eq!(late("-A PREROUTING -m conntrack --ctstate NEW -j DROP"), Verdict::Drop);
    assert_eq!(late("-A PREROUTING -m conntrack --ctstate INVALID -j DROP"), Verdict::Accept);
    // What comes by the loopback was seen when it was sent.
    let own = "tcp 127.0.0.1:40000 > 127.0.0.1:80 in=lo";
    let rule = "-A PREROUTING -m conntrack --ctstate NEW -j DROP";
    assert_eq!(at(Hook::Prerouting, own, vec![raw(rule)]).verdict, Verdict::Drop);
}

#[test]
fn what_is_not_tracked_has_no_connection_and_no_nat() {
    let untracked = accepted(at(
        Hook::Prerouting,
        "tcp 10.0.0.9:40000 > 10.0.0.5:80 in=eth0",
        vec![
            table(Family::V4, "raw", &[("PREROUTING", "ACCEPT")], &["-A PREROUTING -p tcp -j NOTRACK"]),
            table(
                Family::V4,
                "mangle",
                &[("PREROUTING", "ACCEPT")],
                &["-A PREROUTING -m conntrack ! --ctstate UNTRACKED -j DROP"],
            ),
            nat("PREROUTING", &["-A PREROUTING -p tcp -j DNAT --to-destination 172.17.0.2"]),
        ],
    ));
    assert!(untracked.packet.untracked && untracked.packet.connection.is_none());
    assert_eq!(untracked.packet.destination.to_string(), "10.0.0.5");
}

#[test]
fn what_belongs_to_no_connection_is_invalid() {
    let rules = ["-A PREROUTING -m conntrack --ctstate INVALID -j DROP"];
    let verdict = |text: &str| {
        let mut packet = packet(text);
        packet.connection = None;
        let dumps = vec![table(Family::V4, "mangle", &[("PREROUTING", "ACCEPT")], &rules)];
        pass(&host(dumps, None), Hook::Prerouting, packet).verdict
    };
    assert_eq!(verdict("tcp 10.0.0.9:40000 > 172.17.0.2:80 in=eth0"), Verdict::Accept);
    assert_eq!(verdict("tcp 10.0.0.9:40000 > 172.17.0.2:80 in=eth0 flags=18"), Verdict::Drop);
    assert_eq!(verdict("icmp 10.0.0.9 > 172.17.0.2 in=eth0 icmp=0/0"), Verdict::Drop);
}

#[test]
fn chains_of_links_see_what_their_links_receive() {
    let mut host = host(Vec::new(), None);
    let chain = json!({"chain": {"family": "netdev", "table": "t", "name": "c", "handle": 1, "type": "filter", "hook": "ingress",
        "prio": 0, "dev": "eth0", "policy": "drop"}});
    let table = json!({"table": {"family": "netdev", "name": "t", "handle": 1}});
    host.firewall.nft_ruleset = Fact::known(Some(json!({"nftables": [table, chain]})));
    let fib = crate::path::fib::Fib::new(&host).expect("all facts");
    let netfilter = crate::path::netfilter::Netfilter::new(&host, fib).expect("rules");
    let verdict = |text: &str| netfilter.pass(Layer::Link, Hook::Ingress, packet(text)).verdict;
    assert_eq!(verdict("tcp 10.0.0.9:40000 > 10.0.0.5:80 in=eth0"), Verdict::Drop);
    assert_eq!(verdict("tcp 172.17.0.2:40000 > 10.0.0.5:80 in=docker0"), Verdict::Accept);
}

#[test]
fn rules_that_were_not_seen_are_missing() {
    let fails = |change: fn(&mut Snapshot)| {
        let mut host = host(Vec::new(), None);
        change(&mut host);
        let fib = crate::path::fib::Fib::new(&host).expect("all facts");
        crate::path::netfilter::Netfilter::new(&host, fib).is_err()
    };
    assert!(!fails(|_| {}));
    assert!(fails(|host| host.firewall.legacy = Fact::NotCollected));
    assert!(fails(|host| host.firewall.nft_compat = Fact::NotCollected));
    assert!(!fails(|host| host.firewall.nft_ruleset = Fact::NotCollected));
    assert!(fails(|host| {
        with_native(host, ("filter", "forward", 0, "drop"), vec![]);
        host.firewall.nft_ruleset = Fact::NotCollected;
    }));
}
