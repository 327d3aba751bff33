//! Matches of iptables that hold for a packet, or just do not.

use super::{near_miss, prefix};
use crate::cases::packets::frame::{TCP, UDP};
use crate::cases::packets::random::Random;
use crate::cases::packets::view::{Hook, View};
use std::net::IpAddr;

/// What the tests of one rule say; options of the rule itself come before those of modules.
#[derive(Clone, Debug, Default)]
pub struct Tests {
    own: Vec<String>,
    modules: Vec<String>,
}

/// Holds for all packets here, and goes with no port.
pub const ANOTHER: &str = "! -p 47";

impl Tests {
    pub fn text(&self) -> String {
        let mut words = self.own.clone();
        words.extend(self.modules.clone());
        if self.modules.len() == 2 {
            words.push("-m comment --comment \"two modules\"".to_owned());
        }
        words.join(" ")
    }

    /// `-p` of the packet, once.
    pub fn protocol(&mut self, view: &View) {
        self.own.retain(|option| option != ANOTHER);
        if !self.own.iter().any(|option| option.starts_with("-p ")) {
            self.own.push(format!("-p {}", name(view)));
        }
    }
}

fn name(view: &View) -> &'static str {
    match view.protocol {
        TCP => "tcp",
        UDP => "udp",
        _ if view.v6() => "ipv6-icmp",
        _ => "icmp",
    }
}

/// Between one and three tests. `broad`: they hold for more packets than this.
pub fn tests(random: &mut Random, view: &View) -> Tests {
    let mut tests = Tests::default();
    let wanted = 1 + random.below(3);
    let mut used = Vec::new();
    // What few packets can be asked.
    let rare: [Kind; 4] = [owner, icmp, physdev, flags];
    for kind in rare {
        if random.chance(30) && kind(random, view, &mut tests).is_some() {
            return tests;
        }
    }
    while used.len() < wanted {
        let kind = random.below(KINDS.len());
        if !used.contains(&kind) && KINDS[kind](random, view, &mut tests).is_some() {
            used.push(kind);
        }
    }
    tests
}

type Kind = fn(&mut Random, &View, &mut Tests) -> Option<()>;

const KINDS: [Kind; 26] = [
    rpfilter,
    source,
    destination,
    links,
    links,
    protocol,
    ports,
    ports,
    multiport,
    multiport,
    state,
    ctstate,
    ctstate,
    original,
    original,
    original,
    direction,
    status,
    addrtype,
    addrtype,
    iprange,
    physdev,
    icmp,
    flags,
    pkttype,
    owner,
];

/// `! ` where it is wanted.
fn not(inverted: bool) -> &'static str {
    if inverted { "! " } else { "" }
}

/// An address or a prefix around it; now and then another one, inverted or in vain.
fn around(random: &mut Random, address: IpAddr) -> (bool, String) {
    match random.below(10) {
        0..3 => (false, address.to_string()),
        3..7 => (false, prefix(random, address)),
        7..9 => (true, near_miss(address).to_string()),
        _ => (random.chance(50), near_miss(address).to_string()),
    }
}

fn source(random: &mut Random, view: &View, tests: &mut Tests) -> Option<()> {
    let (inverted, text) = around(random, view.source);
    tests.own.push(format!("{}-s {text}", not(inverted)));
    Some(())
}

fn destination(random: &mut Random, view: &View, tests: &mut Tests) -> Option<()> {
    let (inverted, text) = around(random, view.destination);
    tests.own.push(format!("{}-d {text}", not(inverted)));
    Some(())
}

fn links(random: &mut Random, view: &View, tests: &mut Tests) -> Option<()> {
    if tests.own.iter().any(|option| option.contains("-i ") || option.contains("-o ")) {
        return None;
    }
    let mut one = |option: &str, link: &str| {
        let text = match random.below(10) {
            0..5 => format!("{option} {link}"),
            5..7 => format!("{option} {}+", &link[..link.len().min(3)]),
            7..9 => format!("! {option} wg0"),
            _ => format!("{}{option} br+", not(random.chance(50))),
        };
        tests.own.push(text);
    };
    let (iif, oif) = (view.iif.as_deref(), view.oif.as_deref());
    match (iif.filter(|_| view.hook.has_in()), oif.filter(|_| view.hook.has_out())) {
        (Some(iif), Some(oif)) => {
            one("-i", iif);
            one("-o", oif);
        }
        (Some(iif), None) => one("-i", iif),
        (None, Some(oif)) => one("-o", oif),
        (None, None) => return None,
    }
    Some(())
}

fn protocol(random: &mut Random, view: &View, tests: &mut Tests) -> Option<()> {
    if tests.own.iter().any(|option| option.starts_with("-p ")) || random.chance(70) {
        tests.protocol(view);
    } else {
        tests.own.push(ANOTHER.to_owned());
    }
    Some(())
}

fn ports(random: &mut Random, view: &View, tests: &mut Tests) -> Option<()> {
    let (source, destination) = view.ports?;
    // iptables-nft-save shows one of two.
    if tests.modules.iter().any(|module| module.contains("port ")) {
        return None;
    }
    tests.protocol(view);
    let (option, port) = if random.chance(65) { ("--dport", destination) } else { ("--sport", source) };
    let text = match random.below(8) {
        0..4 => format!("{option} {port}"),
        4..6 => format!("{option} {}:{}", port.saturating_sub(20), port + 10),
        6 => format!("! {option} {}", port + 1),
        _ => format!("{option} {}", port + 1),
    };
    tests.modules.push(format!("-m {} {text}", name(view)));
    Some(())
}

fn multiport(random: &mut Random, view: &View, tests: &mut Tests) -> Option<()> {
    let (source, destination) = view.ports?;
    tests.protocol(view);
    let text = match random.below(5) {
        0 => format!("--dports 7,{destination},9"),
        1 => format!("--dports 7,{}:{destination}", destination.saturating_sub(3)),
        2 => format!("--sports {source},7"),
        3 => format!("--ports {destination}"),
        _ => format!("! --dports {},7", if random.chance(80) { destination + 1 } else { destination }),
    };
    tests.modules.push(format!("-m multiport {text}"));
    Some(())
}

fn state(random: &mut Random, view: &View, tests: &mut Tests) -> Option<()> {
    let right = if view.reply { "ESTABLISHED,RELATED" } else { "NEW" };
    tests.modules.push(format!("-m state {}", right_or_not(random, "--state", right, "INVALID")));
    Some(())
}

fn ctstate(random: &mut Random, view: &View, tests: &mut Tests) -> Option<()> {
    let right = match (view.reply, random.below(3)) {
        (false, 0) if view.mapped && view.hook != Hook::Prerouting => "DNAT",
        (false, 0) => "NEW",
        (false, 1) => "NEW,ESTABLISHED",
        (false, _) => "INVALID,NEW",
        (true, 0) => "ESTABLISHED",
        (true, _) => "RELATED,ESTABLISHED",
    };
    tests.modules.push(format!("-m conntrack {}", right_or_not(random, "--ctstate", right, "UNTRACKED")));
    Some(())
}

fn right_or_not(random: &mut Random, option: &str, right: &str, wrong: &str) -> String {
    match random.below(10) {
        0..7 => format!("{option} {right}"),
        7..9 => format!("! {option} {wrong}"),
        _ => format!("! {option} {right}"),
    }
}

/// The connection's addresses and ports as they were sent.
fn original(random: &mut Random, view: &View, tests: &mut Tests) -> Option<()> {
    let (destination, port) = view.original;
    let text = match random.below(9) {
        0..2 => {
            let (inverted, text) = around(random, destination);
            format!("{}--ctorigdst {text}", not(inverted))
        }
        2 | 5 if port != 0 => {
            tests.protocol(view);
            format!("--ctorigdstport {port}")
        }
        3 | 4 | 8 => {
            let (inverted, text) = around(random, if view.reply { view.destination } else { view.source });
            format!("{}--ctorigsrc {text}", not(inverted))
        }
        _ => {
            let (inverted, text) = around(random, if view.reply { view.source } else { view.destination });
            format!("{}--ctreplsrc {text}", not(inverted))
        }
    };
    tests.modules.push(format!("-m conntrack {text}"));
    Some(())
}

fn direction(random: &mut Random, view: &View, tests: &mut Tests) -> Option<()> {
    let reply = view.reply != random.chance(10);
    tests.modules.push(format!("-m conntrack --ctdir {}", if reply { "REPLY" } else { "ORIGINAL" }));
    Some(())
}

fn status(random: &mut Random, view: &View, tests: &mut Tests) -> Option<()> {
    let text = match random.below(5) {
        0 => "! --ctstatus EXPECTED",
        1 if view.reply => "--ctstatus SEEN_REPLY",
        1 => "! --ctstatus SEEN_REPLY",
        2 => "--ctstatus NONE",
        3 => "--ctstatus CONFIRMED",
        _ => "! --ctstatus ASSURED",
    };
    tests.modules.push(format!("-m conntrack {text}"));
    Some(())
}

fn addrtype(random: &mut Random, view: &View, tests: &mut Tests) -> Option<()> {
    let destination = match view.hook {
        Hook::Input => "LOCAL",
        Hook::Prerouting if random.chance(50) => "LOCAL",
        _ => "UNICAST",
    };
    let text = match random.below(6) {
        0..2 => format!("--dst-type {destination}"),
        2 => format!("! --dst-type {}", if destination == "LOCAL" { "UNICAST" } else { "LOCAL" }),
        3 => "! --src-type LOCAL".to_owned(),
        4 => format!("--src-type {}", if view.hook == Hook::Output { "LOCAL" } else { "UNICAST" }),
        _ if view.hook == Hook::Input => format!("--dst-type {destination} --limit-iface-in"),
        _ => {
            format!("! --dst-type MULTICAST --src-type {}", if view.hook == Hook::Output { "LOCAL" } else { "UNICAST" })
        }
    };
    tests.modules.push(format!("-m addrtype {text}"));
    Some(())
}

fn iprange(random: &mut Random, view: &View, tests: &mut Tests) -> Option<()> {
    let (option, address) =
        if random.chance(50) { ("--src-range", view.source) } else { ("--dst-range", view.destination) };
    let other = near_miss(address);
    let (low, high) = if other < address { (other, address) } else { (address, other) };
    let text = match random.below(5) {
        0..3 => format!("{option} {low}-{high}"),
        3 => format!("! {option} {other}-{other}"),
        _ => format!("! {option} {low}-{high}"),
    };
    tests.modules.push(format!("-m iprange {text}"));
    Some(())
}

fn physdev(random: &mut Random, view: &View, tests: &mut Tests) -> Option<()> {
    if !matches!(view.hook, Hook::Forward | Hook::Postrouting | Hook::Prerouting | Hook::Input) {
        return None;
    }
    let text = match (&view.port_in, &view.port_out, random.below(4)) {
        (Some(port), _, 0) => format!("--physdev-in {port}"),
        (_, Some(port), 1) if matches!(view.hook, Hook::Forward | Hook::Postrouting) => format!("--physdev-out {port}"),
        (Some(_), _, 2) if matches!(view.hook, Hook::Forward | Hook::Postrouting) => "--physdev-is-bridged".to_owned(),
        (Some(_), _, _) => "--physdev-is-in".to_owned(),
        // What is routed has no ports, but for those it came in by.
        (None, ..) if matches!(view.hook, Hook::Forward | Hook::Postrouting) => {
            if random.chance(80) {
                return None;
            }
            "! --physdev-is-bridged".to_owned()
        }
        _ if random.chance(80) => return None,
        _ => "--physdev-is-in".to_owned(),
    };
    tests.modules.push(format!("-m physdev {text}"));
    Some(())
}

fn icmp(random: &mut Random, view: &View, tests: &mut Tests) -> Option<()> {
    if !view.icmp() {
        return None;
    }
    tests.protocol(view);
    let right = if view.reply { "echo-reply" } else { "echo-request" };
    let wrong = if view.v6() { "packet-too-big" } else { "destination-unreachable" };
    let number = match (view.v6(), view.reply) {
        (false, false) => "8/0",
        (false, true) => "0",
        (true, false) => "128",
        (true, true) => "129/0",
    };
    let (module, option) = if view.v6() { ("icmp6", "--icmpv6-type") } else { ("icmp", "--icmp-type") };
    let text = match random.below(6) {
        0..3 => format!("{option} {right}"),
        3 => format!("{option} {number}"),
        4 => format!("! {option} {wrong}"),
        _ => format!("{option} {wrong}"),
    };
    tests.modules.push(format!("-m {module} {text}"));
    Some(())
}

fn flags(random: &mut Random, view: &View, tests: &mut Tests) -> Option<()> {
    if view.protocol != TCP {
        return None;
    }
    tests.protocol(view);
    let text = match (view.reply, random.below(4)) {
        (false, 0..2) => "--syn",
        (false, 2) => "--tcp-flags SYN,RST SYN",
        (true, 0..2) => "! --syn",
        (true, 2) => "--tcp-flags SYN,ACK SYN,ACK",
        _ => "! --tcp-flags ALL NONE",
    };
    tests.modules.push(format!("-m tcp {text}"));
    Some(())
}

/// Only of PREROUTING, in raw and mangle.
fn rpfilter(random: &mut Random, view: &View, tests: &mut Tests) -> Option<()> {
    if view.hook != Hook::Prerouting || tests.modules.iter().any(|module| module.contains("rpfilter")) {
        return None;
    }
    let option = random.one(&["", "", " --loose", " --invert", " --validmark"]);
    tests.modules.push(format!("-m rpfilter{option}"));
    Some(())
}

fn pkttype(random: &mut Random, view: &View, tests: &mut Tests) -> Option<()> {
    if matches!(view.hook, Hook::Output | Hook::Postrouting) {
        return None;
    }
    let text = if random.chance(75) { "--pkt-type unicast" } else { "! --pkt-type multicast" };
    tests.modules.push(format!("-m pkttype {text}"));
    Some(())
}

fn owner(random: &mut Random, view: &View, tests: &mut Tests) -> Option<()> {
    let uid = view.uid?;
    if !matches!(view.hook, Hook::Output) {
        return None;
    }
    let text = match random.below(4) {
        0..2 => format!("--uid-owner {uid}"),
        2 => format!("! --uid-owner {}", if uid == 0 { 1000 } else { 0 }),
        _ => "--uid-owner 500-1500".to_owned(),
    };
    // Who answers for a host is nobody's business.
    tests.modules.push(format!("-m conntrack --ctdir ORIGINAL -m owner {text}"));
    Some(())
}
