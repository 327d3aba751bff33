//! Whole hosts' rules (tests/fixtures/firewall), asked hook by hook.

use super::{host, packet};
use crate::host::{Family, Snapshot};
use crate::parse::{ipset_save, iptables_save};
use crate::path::fib::Fib;
use crate::path::netfilter::{Did, Hook, Layer, Netfilter, Packet, Passage, Verdict};

/// A host with the rules and sets of a fixture.
pub(super) fn of(rules: &str, sets: &str) -> Snapshot {
    let family = if rules.contains("ip6tables-save") { Family::V6 } else { Family::V4 };
    let dumps = iptables_save::parse(rules, family).expect("a dump");
    let asked = ipset_save::asked(rules.lines());
    host(dumps, Some(ipset_save::parse(sets, &asked).expect("sets")))
}

/// Rows of a packet, what becomes of it, and a part of the rule that says so (of what passes: the one of the filter table; empty:
/// any). `pass FROM > TO` with NAT done, `drop`, `reject`, `open` for what cannot be told (the part is of the words then).
pub(super) fn hold(host: &Snapshot, rows: &[(&str, &str, &str)]) {
    let wrong: Vec<_> = rows
        .iter()
        .filter_map(|(packet, expected, by)| {
            let (outcome, rule) = walk(host, packet);
            let right = outcome == *expected && rule.contains(by);
            (!right).then(|| format!("{packet}\n    {outcome} by {rule}\n    expected {expected} by {by}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn walk(host: &Snapshot, text: &str) -> (String, String) {
    let fib = Fib::new(host).expect("all facts");
    let netfilter = Netfilter::new(host, fib).expect("rules");
    let mut packet = packet(text);
    let out = packet.oif.clone();
    let hooks: &[Hook] = match (&packet.iif, &packet.oif) {
        (Some(_), Some(_)) => &[Hook::Prerouting, Hook::Forward, Hook::Postrouting],
        (Some(_), None) => &[Hook::Prerouting, Hook::Input],
        _ => &[Hook::Output, Hook::Postrouting],
    };
    let mut by = String::new();
    for hook in hooks {
        packet.oif = if *hook == Hook::Prerouting { None } else { out.clone() };
        let passage = netfilter.pass(Layer::Network, *hook, packet);
        match &passage.verdict {
            Verdict::Accept if matches!(hook, Hook::Prerouting | Hook::Postrouting) => {}
            Verdict::Accept => by = rule(&netfilter, &passage, "filter"),
            Verdict::Drop => return ("drop".to_owned(), rule(&netfilter, &passage, "")),
            Verdict::Reject(_) => return ("reject".to_owned(), rule(&netfilter, &passage, "")),
            Verdict::Undetermined => {
                let words: Vec<_> = passage.undecided.iter().map(|text| text.en.to_string()).collect();
                return ("open".to_owned(), words.join("; "));
            }
        }
        packet = passage.packet;
    }
    (format!("pass {}", ends(&packet)), by)
}

fn ends(packet: &Packet) -> String {
    let end = |address: std::net::IpAddr, port: Option<u16>| match port {
        Some(port) => std::net::SocketAddr::new(address, port).to_string(),
        None => address.to_string(),
    };
    let source = packet.source;
    format!("{source} > {}", end(packet.destination, packet.destination_port))
}

/// The last rule or policy of that table (empty: of any) that ended something.
fn rule(netfilter: &Netfilter, passage: &Passage, table: &str) -> String {
    let ends = |did: &Did| matches!(did, Did::Accepted | Did::Dropped | Did::Rejected(_));
    let taken = passage
        .trail
        .iter()
        .rev()
        .find(|taken| ends(&taken.did) && (table.is_empty() || netfilter.chain(taken.chain).table == table));
    match taken {
        Some(taken) => {
            let chain = netfilter.chain(taken.chain);
            taken.rule.map_or_else(|| format!("policy of {}", chain.place()), |at| chain.rules[at].text.clone())
        }
        None => "nothing".to_owned(),
    }
}
