//! What is not decided, and when it matters.

use super::*;

const LIMIT: &str = "-m limit --limit 5/sec";

#[test]
fn what_is_not_decided_spoils_only_where_it_decides() {
    // Both ways end alike.
    let rules = [&format!("-A FORWARD {LIMIT} -j ACCEPT"), "-A FORWARD -i eth0 -j ACCEPT"];
    let passage = accepted(forwarded("DROP", &[], &rules));
    assert_eq!(passage.undecided.len(), 1);
    // They do not.
    let passage = forwarded("DROP", &[], &rules[..1]);
    assert_eq!(passage.verdict, Verdict::Undetermined);
    assert_eq!(passage.undecided.len(), 1);
    assert!(
        passage.undecided[0].en.contains(&format!("filter/FORWARD: -A FORWARD {LIMIT}")),
        "{:?}",
        passage.undecided
    );
    // It is not asked.
    let rule = format!("-A FORWARD -i eth1 {LIMIT} -j ACCEPT");
    assert_eq!(forwarded("DROP", &[], &[&rule]).verdict, Verdict::Drop);
    assert!(forwarded("DROP", &[], &[&rule]).undecided.is_empty());
}

#[test]
fn what_only_logs_is_no_question() {
    let rule = format!("-A FORWARD {LIMIT} -j LOG --log-prefix x");
    let passage = accepted(forwarded("ACCEPT", &[], &[rule.as_str(); 200]));
    assert!(passage.undecided.is_empty());
}

#[test]
fn ways_that_meet_again_are_one() {
    let rule = format!("-A FORWARD {LIMIT} -j LOGGING");
    let passage = forwarded("DROP", &["LOGGING"], &[[rule.as_str(); 100].as_slice(), &["-A LOGGING -j LOG"]].concat());
    assert_eq!((passage.verdict.clone(), last(&passage)), (Verdict::Drop, (None, Did::Dropped)));
}

#[test]
fn the_reason_is_what_made_the_ways_part() {
    let harmless = format!("-A FORWARD {LIMIT} -m comment --comment harmless -j LOGGING");
    let decides = format!("-A FORWARD {LIMIT} -m comment --comment decides -j DROP");
    let passage = forwarded("ACCEPT", &["LOGGING"], &[&harmless, &decides, "-A LOGGING -j LOG"]);
    assert_eq!(passage.verdict, Verdict::Undetermined);
    assert_eq!(passage.undecided.len(), 1);
    assert!(passage.undecided[0].en.contains("decides"));
}

#[test]
fn marks_that_may_differ_make_a_difference() {
    let rule = format!("-A FORWARD {LIMIT} -j MARK --set-mark 1");
    assert_eq!(forwarded("ACCEPT", &[], &[&rule]).verdict, Verdict::Undetermined);
    assert_eq!(accepted(forwarded("ACCEPT", &[], &[&rule, "-A FORWARD -j MARK --set-mark 1"])).packet.mark, 1);
}

#[test]
fn too_many_ways_are_given_up_and_never_guessed() {
    let rules: Vec<String> =
        (0..32).map(|bit| format!("-A FORWARD {LIMIT} -j MARK --or-mark {:#x}", 1_u32 << bit)).collect();
    let passage = forwarded("ACCEPT", &[], &rules.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(passage.verdict, Verdict::Undetermined);
    assert!(!passage.undecided.is_empty());
}

#[test]
fn a_target_nobody_knows_spoils_what_meets_it() {
    let rules = ["-A FORWARD -p udp -j NFQUEUE --queue-num 1", "-A FORWARD -j ACCEPT"];
    assert_eq!(forwarded("DROP", &[], &rules).verdict, Verdict::Accept);
    let rules = ["-A FORWARD -p tcp -j NFQUEUE --queue-num 1", "-A FORWARD -j ACCEPT"];
    let passage = forwarded("DROP", &[], &rules);
    assert_eq!(passage.verdict, Verdict::Undetermined);
    assert!(passage.undecided[0].en.contains("NFQUEUE"), "{:?}", passage.undecided);
}

#[test]
fn who_sends_it_may_be_known() {
    let verdict = |text: &str| {
        let rules = ["-A OUTPUT -m owner --uid-owner 1000 -j DROP"];
        at(Hook::Output, text, vec![filter("OUTPUT", "ACCEPT", &[], &rules)]).verdict
    };
    assert_eq!(verdict("tcp 10.0.0.5:40000 > 10.0.0.9:22 out=eth0"), Verdict::Undetermined);
    assert_eq!(verdict("tcp 10.0.0.5:40000 > 10.0.0.9:22 out=eth0 uid=1000"), Verdict::Drop);
    assert_eq!(verdict("tcp 10.0.0.5:40000 > 10.0.0.9:22 out=eth0 uid=0"), Verdict::Accept);
}

#[test]
fn a_dscp_that_a_rule_wrote_is_not_guessed() {
    let tested = "-A FORWARD -m dscp --dscp 0x2e -j ACCEPT";
    assert_eq!(forwarded("DROP", &[], &[tested]).verdict, Verdict::Drop);
    let passage = forwarded("DROP", &[], &["-A FORWARD -j DSCP --set-dscp 0x2e", tested]);
    assert_eq!(passage.verdict, Verdict::Undetermined);
    assert!(passage.undecided[0].en.contains("DSCP"), "{:?}", passage.undecided);
    // Nobody looks at it.
    let passage = forwarded("DROP", &[], &["-A FORWARD -j TOS --set-tos 0x10/0x3f", "-A FORWARD -i eth0 -j ACCEPT"]);
    assert!(accepted(passage).undecided.is_empty());
}
