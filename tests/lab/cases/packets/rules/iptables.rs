//! Rules of iptables, aimed at packets.

use super::matches::{ANOTHER, Tests, tests};
use super::{host_part, network};
use crate::cases::packets::frame::TCP;
use crate::cases::packets::random::Random;
use crate::cases::packets::view::{Hook, View};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Rules to be added, by family (IPv6 or not) and table.
#[derive(Clone, Debug, Default)]
pub struct Iptables {
    lines: BTreeMap<(bool, &'static str), Vec<String>>,
    chains: usize,
}

/// Where a rule lies in its chain: most at the head, where the engine's own come behind.
fn place(random: &mut Random) -> &'static str {
    if random.chance(80) { "-I" } else { "-A" }
}

impl Iptables {
    /// As `iptables-restore --noflush` takes them.
    pub fn text(&self, v6: bool) -> String {
        let mut text = String::new();
        for ((_, table), lines) in self.lines.iter().filter(|((six, _), _)| *six == v6) {
            let _ = writeln!(text, "*{table}");
            // New chains first.
            let (chains, rules): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.starts_with(':'));
            chains.iter().chain(&rules).for_each(|line| text.extend([line.as_str(), "\n"]));
            text.push_str("COMMIT\n");
        }
        text
    }

    fn add(&mut self, view: &View, table: &'static str, line: String) {
        self.lines.entry((view.v6(), table)).or_default().push(line);
    }

    /// Something against, or for, that packet.
    pub fn aim(&mut self, random: &mut Random, view: &View, docker: bool) {
        match random.below(100) {
            0..52 => self.judge(random, view, docker),
            52..63 => self.by_mark(random, view),
            63..69 => self.policy(random, view),
            69..73 => self.untracked(random, view),
            73..77 => self.harmless(random, view),
            _ => self.nat(random, view),
        }
    }

    fn chain(&self, random: &mut Random, hook: Hook, docker: bool) -> (&'static str, &'static str) {
        let chain = hook.chain();
        let table = match hook {
            Hook::Prerouting => random.one(&["raw", "mangle"]),
            Hook::Postrouting => "mangle",
            Hook::Output => random.one(&["raw", "mangle", "filter", "filter", "filter", "security"]),
            Hook::Forward if docker && random.chance(30) => return ("filter", "DOCKER-USER"),
            Hook::Input | Hook::Forward => random.one(&["mangle", "filter", "filter", "filter", "filter", "security"]),
        };
        (table, chain)
    }

    /// A verdict, in the chain itself or in one of its own.
    fn judge(&mut self, random: &mut Random, view: &View, docker: bool) {
        let (table, chain) = self.chain(random, view.hook, docker);
        let mut said = tests(random, view);
        // raw comes before conntrack.
        if table == "raw" {
            said = stateless(random, view);
        }
        let place = place(random);
        if random.chance(25) {
            let name = self.new_chain(view, table);
            let jump = if random.chance(30) { "-g" } else { "-j" };
            self.add(view, table, format!("{place} {chain} {} {jump} {name}", said.text()));
            let inner = if table == "raw" { stateless(random, view) } else { tests(random, view) };
            if random.chance(40) {
                self.add(view, table, format!("-A {name} {} -j RETURN", inner.text()));
            }
            let (end, protocol) = verdict(random, view, table);
            let mut last = Tests::default();
            if protocol {
                last.protocol(view);
            }
            self.add(view, table, format!("-A {name} {} {end}", last.text()));
            return;
        }
        let (end, protocol) = verdict(random, view, table);
        if protocol {
            said.protocol(view);
        }
        if end.ends_with("ACCEPT") && random.chance(60) {
            // Something to be spared from.
            let around = format!("-d {}", super::prefix(random, view.destination));
            self.add(view, table, format!("-I {chain} {around} -j DROP"));
            self.add(view, table, format!("-I {chain} {} {end}", said.text()));
            return;
        }
        self.add(view, table, format!("{place} {chain} {} {end}", said.text()));
    }

    fn new_chain(&mut self, view: &View, table: &'static str) -> String {
        self.chains += 1;
        let name = format!("G-{}", self.chains);
        self.add(view, table, format!(":{name} - [0:0]"));
        name
    }

    /// A mark, of the packet or its connection, and a rule that asks for it.
    fn by_mark(&mut self, random: &mut Random, view: &View) {
        let early = if view.uid.is_some() || view.hook == Hook::Output { "OUTPUT" } else { "PREROUTING" };
        let mut set = stateless(
            random,
            &View { hook: if early == "OUTPUT" { Hook::Output } else { Hook::Prerouting }, ..view.clone() },
        )
        .text();
        if view.reply {
            set = format!("-s {}", view.source);
        }
        let value = random.one(&[1usize, 4, 7, 0x10, 0x4000]);
        let (marking, asking) = match random.below(6) {
            0 => (format!("-j MARK --set-mark {value}"), format!("-m mark --mark {value}")),
            1 => (format!("-j MARK --or-mark {value}"), format!("-m mark --mark {value:#x}/{value:#x}")),
            2 => (format!("-j MARK --set-xmark {value:#x}/0xff"), format!("-m mark --mark {value:#x}/{value:#x}")),
            3 => (format!("-j CONNMARK --set-mark {value}"), format!("-m connmark --mark {value}")),
            4 => (
                format!("-j CONNMARK --set-xmark {value:#x}/{value:#x}"),
                format!("-m connmark --mark {value:#x}/{value:#x}"),
            ),
            _ => (format!("-j MARK --set-mark {value}"), format!("-m mark ! --mark {}", value + 1)),
        };
        self.add(view, "mangle", format!("-A {early} {set} {marking}"));
        if random.chance(15) {
            self.add(view, "mangle", format!("-A {early} -m mark --mark {value} -j CONNMARK --save-mark"));
            self.add(view, "mangle", format!("-I {early} -j CONNMARK --restore-mark"));
        }
        let hook = if matches!(view.hook, Hook::Prerouting) { Hook::Forward } else { view.hook };
        let (table, chain) = match hook {
            Hook::Postrouting => ("mangle", "POSTROUTING"),
            hook => ("filter", hook.chain()),
        };
        let (end, protocol) = verdict(random, view, table);
        let protocol = if protocol { "-p tcp " } else { "" };
        self.add(view, table, format!("-I {chain} {protocol}{asking} {end}"));
    }

    /// The policy drops, and rules spare something.
    fn policy(&mut self, random: &mut Random, view: &View) {
        let (table, chain) = match view.hook {
            Hook::Prerouting => ("mangle", "PREROUTING"),
            Hook::Postrouting => ("mangle", "POSTROUTING"),
            hook => ("filter", hook.chain()),
        };
        if random.chance(50) {
            self.add(view, table, format!(":{chain} {} [0:0]", if random.chance(80) { "DROP" } else { "ACCEPT" }));
        } else {
            self.add(view, table, format!("-A {chain} -j DROP"));
        }
        for _ in 0..2 {
            let said = tests(random, view);
            self.add(view, table, format!("-I {chain} {} -j ACCEPT", said.text()));
        }
        if random.chance(50) {
            self.add(view, table, format!("-I {chain} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"));
        }
    }

    /// Conntrack is told not to look, and a rule asks for that.
    fn untracked(&mut self, random: &mut Random, view: &View) {
        let chain = if view.hook == Hook::Output || view.uid.is_some() { "OUTPUT" } else { "PREROUTING" };
        let said = stateless(
            random,
            &View { hook: if chain == "OUTPUT" { Hook::Output } else { Hook::Prerouting }, ..view.clone() },
        );
        let target = random.one(&["NOTRACK", "CT --notrack"]);
        self.add(view, "raw", format!("-I {chain} {} -j {target}", said.text()));
        if !matches!(view.hook, Hook::Prerouting | Hook::Postrouting) && random.chance(60) {
            let end = random.one(&["ACCEPT", "DROP"]);
            self.add(view, "filter", format!("-I {} -m conntrack --ctstate UNTRACKED -j {end}", view.hook.chain()));
        }
    }

    /// What cannot be decided and decides nothing, and what does nothing.
    fn harmless(&mut self, random: &mut Random, view: &View) {
        let (table, chain) = self.chain(random, view.hook, false);
        let what = match random.below(7) {
            0 => "-m limit --limit 5/min -j LOG --log-prefix \"packets: \"",
            1 => "-m statistic --mode random --probability 0.5 -j NFLOG",
            2 => "-m recent --name packets --set",
            3 => "-m hashlimit --hashlimit-above 1/sec --hashlimit-name packets -j LOG",
            4 => "-j NFLOG --nflog-group 5",
            5 => "-m comment --comment \"nothing at all\"",
            _ if table == "mangle" => "-j DSCP --set-dscp 10",
            _ => "-m time --timestart 00:00 -j LOG",
        };
        let said = if table == "raw" { stateless(random, view) } else { tests(random, view) };
        self.add(view, table, format!("-I {chain} {} {what}", said.text()));
    }

    fn nat(&mut self, random: &mut Random, view: &View) {
        // Where a request leads elsewhere is settled before it is forwarded.
        let early = View { hook: Hook::Prerouting, destination: view.original.0, ..view.clone() };
        let sooner = view.hook == Hook::Forward && !view.reply && random.chance(40);
        let view = if sooner { &early } else { view };
        let said = translatable(random, view).text();
        match view.hook {
            Hook::Prerouting | Hook::Output if !view.reply => {
                let (target, protocol) = destination(random, view);
                let said = if target.starts_with("-d ") { String::new() } else { said.replace(ANOTHER, "") };
                let protocol = if protocol && !said.contains("-p ") { protocol_of(view) } else { "" };
                self.add(view, "nat", format!("-I {} {protocol}{said} {target}", view.hook.chain()));
            }
            Hook::Forward | Hook::Postrouting if !view.reply => {
                let said = translatable(random, &View { hook: Hook::Postrouting, ..view.clone() }).text();
                let target = match random.below(12) {
                    0..3 => "-j MASQUERADE".to_owned(),
                    3..5 => "-j ACCEPT".to_owned(),
                    5 => "-j RETURN".to_owned(),
                    6 if view.oif.as_deref() == Some("eth0") => {
                        format!("-j SNAT --to-source {}", if view.v6() { "fd50::2" } else { "192.168.50.2" })
                    }
                    7 | 8 => {
                        let to = if view.v6() { "fd31:99::/64" } else { "10.31.99.0/24" };
                        format!("-s {} -j NETMAP --to {to}", network(view.source))
                    }
                    _ => format!("-j SNAT --to-source {}", if view.v6() { "fd31:99::9" } else { "10.31.99.9" }),
                };
                let said = if target.starts_with("-s ") { "" } else { said.as_str() };
                self.add(view, "nat", format!("-I POSTROUTING {said} {target}"));
            }
            Hook::Input if !view.reply => {
                let to = if view.v6() { "fd31:99::9" } else { "10.31.99.9" };
                self.add(view, "nat", format!("-I INPUT {said} -j SNAT --to-source {to}"));
            }
            _ => self.judge(random, view, false),
        }
    }
}

fn protocol_of(view: &View) -> &'static str {
    match view.protocol {
        TCP => "-p tcp ",
        17 => "-p udp ",
        _ => "",
    }
}

/// A new destination; whether the rule must name the protocol.
fn destination(random: &mut Random, view: &View) -> (String, bool) {
    let v6 = view.v6();
    let to = random.one(&[(1, 2), (1, 3), (2, 2)]);
    let to = super::container(v6, to.0, to.1);
    let with_port = |port: u16| if v6 { format!("[{to}]:{port}") } else { format!("{to}:{port}") };
    match (view.ports.is_some(), random.below(12)) {
        (true, 0..3) => (format!("-j DNAT --to-destination {}", with_port(random.one(&[80, 443, 9000]))), true),
        (_, 0..5) => (format!("-j DNAT --to-destination {to}"), false),
        (true, 5..8) => (format!("-j REDIRECT --to-ports {}", random.one(&[22, 443, 9000])), true),
        (_, 5..9) => ("-j REDIRECT".to_owned(), false),
        // Only where the same addresses are taken on both sides: the gateway's, and those of the first containers.
        (_, 9 | 10) if matches!(host_part(view.destination), 1..=3) => {
            let to = if v6 { "fd31:1::/64" } else { "10.31.1.0/24" };
            (format!("-d {} -j NETMAP --to {to}", network(view.destination)), false)
        }
        _ => (random.one(&["-j ACCEPT", "-j RETURN"]).to_owned(), false),
    }
}

/// Tests that ask nothing of conntrack.
fn stateless(random: &mut Random, view: &View) -> Tests {
    loop {
        let said = tests(random, view);
        let text = said.text();
        if !text.contains("conntrack") && !text.contains("-m state") && !text.contains("physdev") {
            return said;
        }
    }
}

/// The same, for the table nat.
fn translatable(random: &mut Random, view: &View) -> Tests {
    loop {
        let said = stateless(random, view);
        if !said.text().contains("rpfilter") {
            return said;
        }
    }
}

/// A target, and whether it wants `-p`.
fn verdict(random: &mut Random, view: &View, table: &str) -> (String, bool) {
    let rejects = table == "filter";
    let target = match random.below(100) {
        0..40 => "DROP",
        40..70 if rejects && view.protocol == TCP && random.chance(70) => {
            return ("-j REJECT --reject-with tcp-reset".to_owned(), true);
        }
        40..70 if rejects => {
            let four = [
                "icmp-port-unreachable",
                "icmp-host-prohibited",
                "icmp-admin-prohibited",
                "icmp-net-unreachable",
                "icmp-host-unreachable",
            ];
            let six = ["icmp6-port-unreachable", "icmp6-adm-prohibited", "icmp6-no-route", "icmp6-addr-unreachable"];
            let kind = if view.v6() { random.pick(&six) } else { random.pick(&four) };
            return (
                if random.chance(20) { "-j REJECT".to_owned() } else { format!("-j REJECT --reject-with {kind}") },
                false,
            );
        }
        40..92 => "ACCEPT",
        _ => "RETURN",
    };
    (format!("-j {target}"), false)
}
