//! What a proof consisted of: how many packets, and which matches and targets decided how often.

use super::compare::Comparison;
use dnetctl::internals::{Fate, Trace};
use std::collections::BTreeMap;
use std::fmt;

#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub packets: usize,
    pub undetermined: usize,
    pub mismatches: usize,
    fates: BTreeMap<String, usize>,
    /// By match, target or expression: of how many agreed packets a rule with it did something, ends included.
    decided: BTreeMap<&'static str, usize>,
}

/// Words by which a rule's parts are known, as iptables-save and nft show them.
const PARTS: [(&str, &str); 83] = [
    ("rpfilter", "-m rpfilter"),
    ("-s", "-s "),
    ("-d", "-d "),
    ("-i", "-i "),
    ("-o", "-o "),
    ("-p", "-p "),
    ("! (not)", "! -"),
    ("--dport", "--dport "),
    ("--sport", "--sport "),
    ("multiport", "-m multiport "),
    ("state", "-m state "),
    ("conntrack --ctstate", "--ctstate "),
    ("conntrack --ctorigdst", "--ctorigdst "),
    ("conntrack --ctorigdstport", "--ctorigdstport "),
    ("conntrack --ctorigsrc", "--ctorigsrc "),
    ("conntrack --ctreplsrc", "--ctreplsrc "),
    ("conntrack --ctdir", "--ctdir "),
    ("conntrack --ctstatus", "--ctstatus "),
    ("mark", "-m mark "),
    ("connmark", "-m connmark "),
    ("addrtype", "-m addrtype "),
    ("iprange", "-m iprange "),
    ("physdev", "-m physdev "),
    ("icmp", "-m icmp --"),
    ("icmp6", "-m icmp6 --"),
    ("tcp flags", "--tcp-flags "),
    ("pkttype", "-m pkttype "),
    ("owner", "-m owner "),
    ("comment", "-m comment "),
    ("ACCEPT", "-j ACCEPT"),
    ("DROP", "-j DROP"),
    ("REJECT", "-j REJECT"),
    ("REJECT tcp-reset", "--reject-with tcp-reset"),
    ("-j CHAIN", "-j G-"),
    ("-g CHAIN", "-g G-"),
    ("DNAT", "-j DNAT"),
    ("SNAT", "-j SNAT"),
    ("MASQUERADE", "-j MASQUERADE"),
    ("REDIRECT", "-j REDIRECT"),
    ("NETMAP", "-j NETMAP"),
    ("MARK", "-j MARK"),
    ("CONNMARK", "-j CONNMARK"),
    ("NOTRACK", "-j NOTRACK"),
    ("CT --notrack", "-j CT --notrack"),
    ("nft saddr", " saddr "),
    ("nft daddr", " daddr "),
    ("nft iifname", "iifname "),
    ("nft oifname", "oifname "),
    ("nft iif", "iif \""),
    ("nft oif", "oif \""),
    ("nft l4proto", "meta l4proto "),
    ("nft dport", " dport "),
    ("nft sport", " sport "),
    ("nft ct state", "ct state "),
    ("nft ct direction", "ct direction "),
    ("nft ct status", "ct status "),
    ("nft ct original", "ct original "),
    ("nft ct mark", "ct mark "),
    ("nft meta mark", "meta mark "),
    ("nft icmp type", "icmp type "),
    ("nft icmpv6 type", "icmpv6 type "),
    ("nft tcp flags", "tcp flags "),
    ("nft fib", "fib "),
    ("nft pkttype", "meta pkttype "),
    ("nft skuid", "meta skuid "),
    ("nft !=", "!= "),
    ("nft anonymous set", "{ "),
    ("nft named set", "@named"),
    ("nft concatenation", " . "),
    ("nft vmap", " vmap "),
    ("nft drop", " drop"),
    ("nft accept", " accept"),
    ("nft reject", " reject"),
    ("nft jump", "jump aside"),
    ("nft goto", "goto aside"),
    ("nft dnat", "dnat "),
    ("nft snat", "snat "),
    ("nft masquerade", "masquerade"),
    ("nft redirect", "redirect"),
    ("nft notrack", "notrack"),
    ("nft mark set", "mark set "),
    ("nft counter", "counter "),
    ("nft log", "log prefix"),
];

impl Tally {
    /// `returns`: a RETURN of iptables, and of nft, without which it would have gone otherwise.
    pub fn add(&mut self, trace: &Trace, comparison: &Comparison, returns: [bool; 2]) {
        self.packets += 1;
        match comparison {
            Comparison::Undetermined(_) => self.undetermined += 1,
            Comparison::Mismatch(_) => self.mismatches += 1,
            Comparison::Agreed => {
                self.agreed(trace);
                *self.decided.entry("RETURN").or_default() += usize::from(returns[0]);
                *self.decided.entry("nft return").or_default() += usize::from(returns[1]);
            }
        }
    }

    fn agreed(&mut self, trace: &Trace) {
        let way = trace.end.as_ref().map(|end| format!(" ({:?})", end.way)).unwrap_or_default();
        *self.fates.entry(format!("{:?}{way}", trace.verdict)).or_default() += 1;
        let rules: Vec<&str> = trace.hops.iter().filter_map(|hop| hop.rule.as_deref()).collect();
        for (part, word) in PARTS {
            let of_nft = part.starts_with("nft ");
            let has = |rule: &&str| rule.starts_with("-A ") != of_nft && rule.contains(word);
            *self.decided.entry(part).or_default() += usize::from(rules.iter().any(has));
        }
        for (part, place) in [("rp_filter", "rp_filter"), ("forwarding off", "forwarding")] {
            let ended = trace.end.as_ref().and_then(|end| trace.hops.get(end.hop)).is_some_and(|hop| hop.at == place);
            *self.decided.entry(part).or_default() += usize::from(ended);
        }
        let policy = trace.end.as_ref().and_then(|end| end.by.as_ref()).is_some_and(|by| by.rule.is_none());
        *self.decided.entry("a policy").or_default() += usize::from(policy);
        *self.decided.entry("no route").or_default() += usize::from(trace.verdict == Fate::Unroutable);
    }

    /// Parts of rules that decided less often than that.
    pub fn rarer_than(&self, least: usize) -> Vec<String> {
        let rare = self.decided.iter().filter(|(_, count)| **count < least);
        rare.map(|(part, count)| format!("{part} {count}")).collect()
    }
}

impl std::ops::AddAssign<&Tally> for Tally {
    fn add_assign(&mut self, other: &Tally) {
        self.packets += other.packets;
        self.undetermined += other.undetermined;
        self.mismatches += other.mismatches;
        for (fate, count) in &other.fates {
            *self.fates.entry(fate.clone()).or_default() += count;
        }
        for (part, count) in &other.decided {
            *self.decided.entry(part).or_default() += count;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { packets, undetermined, mismatches, fates, decided } = self;
        writeln!(f, "{packets} packets, {undetermined} undetermined, {mismatches} mismatches")?;
        let list = |counts: Vec<String>| counts.join(", ");
        writeln!(f, "  {}", list(fates.iter().map(|(fate, count)| format!("{fate} {count}")).collect()))?;
        write!(f, "  decided: {}", list(decided.iter().map(|(part, count)| format!("{part} {count}")).collect()))
    }
}
