//! Rules of nftables' own, aimed at packets: tables of every family, at many priorities.

use super::expressions::{self, packet_family};
use crate::cases::packets::frame::TCP;
use crate::cases::packets::random::Random;
use crate::cases::packets::view::{Hook, View};
use std::fmt::Write as _;

#[derive(Clone, Debug, Default)]
pub struct Nft {
    /// One table a line, as nft takes them; they are called `packets-N`.
    tables: Vec<String>,
}

/// The kind of a base chain.
struct Base {
    kind: &'static str,
    hook: &'static str,
    priority: i32,
}

impl Nft {
    pub fn text(&self) -> String {
        self.tables.concat()
    }

    pub fn aim(&mut self, random: &mut Random, view: &View) {
        match random.below(100) {
            0..55 => self.judge(random, view),
            55..65 => self.by_mark(random, view),
            65..70 => self.untracked(random, view),
            70..75 => self.policy(random, view),
            75..81 => self.frames(random, view),
            _ => self.nat(random, view),
        }
    }

    /// A table with base chains and others, of a family that sees the packet.
    fn table(&mut self, family: &str, body: &str) {
        let name = format!("packets-{}", self.tables.len());
        // In a table of both families nft shows a rule that resets without the family that it asks for.
        let family = match (family, body.contains("tcp reset")) {
            ("inet", true) if body.contains("nfproto ipv6") || body.contains("ip6 ") => "ip6",
            ("inet", true) => "ip",
            _ => family,
        };
        // A family of its own needs no question for it, and nft refuses one.
        let body = match family {
            "inet" => body.to_owned(),
            _ => body
                .replace("meta nfproto ipv4 ", "")
                .replace("meta nfproto ipv6 ", "")
                .replace("icmpx", if family == "ip" { "icmp" } else { "icmpv6" }),
        };
        self.tables.push(format!("table {family} {name} {{\n{body}}}\n"));
    }

    fn judge(&mut self, random: &mut Random, view: &View) {
        let base = filter(random, view.hook);
        let early = base.priority <= -200;
        let family = family(random, view);
        let tests = expressions::tests(random, view, !early, 3);
        let mut body = String::new();
        let mut extra = String::new();
        let rule = match random.below(12) {
            0..2 => {
                let end = verdict(random, view, base.hook);
                let guard = expressions::tests(random, view, !early, 1);
                let _ = writeln!(extra, "chain aside {{ {guard} return\n {} counter {end}\n }}", packet_family(view));
                format!("{tests} {} aside", random.one(&["jump", "goto"]))
            }
            2..5 => expressions::map(random, view, !early).unwrap_or_else(|| format!("{tests} drop")),
            5 => {
                let end = verdict(random, view, base.hook);
                let (set, asked) = expressions::set(random, view);
                extra.push_str(&set);
                format!("{asked} counter {end}")
            }
            6 => format!("{tests} counter log prefix \"packets: \" {}", verdict(random, view, base.hook)),
            7 => format!("{tests} limit rate 5/minute counter log\n{tests} {}", verdict(random, view, base.hook)),
            _ => format!("{tests} {}{}", random.one(&["", "counter "]), verdict(random, view, base.hook)),
        };
        let spare = if random.chance(20) {
            format!("{} accept\n", expressions::tests(random, view, !early, 2))
        } else {
            String::new()
        };
        let _ = writeln!(body, "{extra}chain {}", base.text("accept", &format!("{spare}{rule}")));
        self.table(family, &body);
    }

    fn by_mark(&mut self, random: &mut Random, view: &View) {
        let value = random.one(&[1, 4, 7, 0x20]);
        let (early, kind) = match view.hook {
            _ if view.uid.is_some() => (Hook::Output, "route"),
            Hook::Output => (Hook::Output, "route"),
            _ => (Hook::Prerouting, "filter"),
        };
        let set = if view.reply {
            packet_family(view).to_owned()
        } else {
            expressions::tests(random, &View { hook: early, ..view.clone() }, false, 1)
        };
        let (mark, ask) = match random.below(4) {
            0 => (format!("meta mark set {value}"), format!("meta mark {value}")),
            1 => (format!("meta mark set meta mark | {value:#x}"), format!("meta mark & {value:#x} == {value:#x}")),
            2 => (format!("ct mark set {value}"), format!("ct mark {value}")),
            _ => (format!("meta mark set {value} ct mark set meta mark"), format!("ct mark & 0xff == {value}")),
        };
        let asking = filter(random, if view.hook == Hook::Prerouting { Hook::Forward } else { view.hook });
        let asking = Base { priority: asking.priority.max(-50), ..asking };
        let marking = Base { kind, hook: hook(early), priority: random.one(&[-150, -140]) };
        let end = verdict(random, view, asking.hook);
        let mut body = String::new();
        let _ = writeln!(body, "chain {}", marking.text("accept", &format!("{set} {mark}")));
        let _ = writeln!(
            body,
            "chain {}",
            asking.text("accept", &format!("{} {ask} {end}", packet_family(view))).replacen("base", "asking", 1)
        );
        self.table(family(random, view), &body);
    }

    fn untracked(&mut self, random: &mut Random, view: &View) {
        let early = if view.hook == Hook::Output || view.uid.is_some() { Hook::Output } else { Hook::Prerouting };
        let tests = expressions::tests(random, &View { hook: early, ..view.clone() }, false, 2);
        let base = Base { kind: "filter", hook: hook(early), priority: -300 };
        let mut body = String::new();
        let _ = writeln!(body, "chain {}", base.text("accept", &format!("{tests} notrack")));
        if !matches!(view.hook, Hook::Prerouting | Hook::Postrouting) {
            let asking = Base { kind: "filter", hook: hook(view.hook), priority: -20 };
            let rule = format!("ct state untracked {}", random.one(&["drop", "accept"]));
            let _ = writeln!(body, "chain {}", asking.text("accept", &rule).replacen("base", "asking", 1));
        }
        self.table(family(random, view), &body);
    }

    fn policy(&mut self, random: &mut Random, view: &View) {
        let base = filter(random, view.hook);
        let early = base.priority <= -200;
        let mut rules = String::new();
        for _ in 0..2 {
            let _ = writeln!(rules, "{} accept", expressions::tests(random, view, !early, 2));
        }
        if !early && random.chance(50) {
            rules.push_str("ct state established,related accept\n");
        }
        let body = format!("chain {}\n", base.text("drop", &rules));
        let family = if view.v6() { "ip6" } else { "ip" };
        self.table(family, &body);
    }

    /// Below the IP layer: a bridge's frames, or a link's.
    fn frames(&mut self, random: &mut Random, view: &View) {
        if random.chance(35) && view.iif.as_deref() == Some("eth0") {
            let tests = expressions::addressed(random, view);
            let body = format!(
                "chain base {{ type filter hook ingress device \"eth0\" priority {}; policy accept;\n{tests} drop\n}}\n",
                random.one(&[-500, 0])
            );
            self.table(random.one(&["netdev", "inet"]), &body);
            return;
        }
        let at = match view.hook {
            Hook::Forward if view.port_in.is_some() => "forward",
            Hook::Prerouting | Hook::Input | Hook::Forward => "prerouting",
            _ => return self.judge(random, view),
        };
        let tests = expressions::addressed(random, view);
        let port = match (&view.port_in, random.chance(40)) {
            (Some(port), true) => format!("iifname \"{port}\" "),
            _ => String::new(),
        };
        let kind = if view.v6() { "ip6" } else { "ip" };
        let body = format!(
            "chain base {{ type filter hook {at} priority {}; policy accept;\n{port}ether type {kind} {tests} drop\n}}\n",
            random.one(&[-300, -200, 0])
        );
        self.table("bridge", &body);
    }

    fn nat(&mut self, random: &mut Random, view: &View) {
        if view.reply {
            return self.judge(random, view);
        }
        let early = View { hook: Hook::Prerouting, destination: view.original.0, ..view.clone() };
        let view = if view.hook == Hook::Forward && random.chance(50) { &early } else { view };
        let (at, action) = match view.hook {
            Hook::Prerouting | Hook::Output => (view.hook, destination(random, view)),
            Hook::Input => (
                Hook::Input,
                format!("snat {} to {}", super::kind(view), if view.v6() { "fd31:99::9" } else { "10.31.99.9" }),
            ),
            Hook::Forward | Hook::Postrouting => {
                let to = if view.v6() { "fd31:99::9" } else { "10.31.99.9" };
                let snat = format!("snat {} to {to}", super::kind(view));
                (Hook::Postrouting, random.pick(&["masquerade", snat.as_str(), snat.as_str(), "accept"]).to_owned())
            }
        };
        let after = matches!(at, Hook::Input | Hook::Postrouting);
        let priority = match random.below(3) {
            0 => {
                if after {
                    100
                } else {
                    -100
                }
            }
            1 => {
                if after {
                    90
                } else {
                    -110
                }
            }
            _ => {
                if after {
                    110
                } else {
                    -90
                }
            }
        };
        let tests = expressions::tests(random, &View { hook: at, ..view.clone() }, true, 2);
        let base = Base { kind: "nat", hook: hook(at), priority };
        let body = format!("chain {}\n", base.text("accept", &format!("{tests} {action}")));
        self.table(family(random, view), &body);
    }
}

impl Base {
    fn text(&self, policy: &str, rules: &str) -> String {
        let Base { kind, hook, priority } = self;
        format!("base {{ type {kind} hook {hook} priority {priority}; policy {policy};\n{rules}\n}}")
    }
}

fn hook(hook: Hook) -> &'static str {
    match hook {
        Hook::Prerouting => "prerouting",
        Hook::Input => "input",
        Hook::Forward => "forward",
        Hook::Output => "output",
        Hook::Postrouting => "postrouting",
    }
}

fn filter(random: &mut Random, at: Hook) -> Base {
    let priority = match at {
        Hook::Prerouting | Hook::Output => random.one(&[-450, -250, -150, -50, 10, 300]),
        _ => random.one(&[-150, -10, -1, 1, 10, 60]),
    };
    Base { kind: "filter", hook: hook(at), priority }
}

fn family(random: &mut Random, view: &View) -> &'static str {
    match (random.chance(50), view.v6()) {
        (true, _) => "inet",
        (false, true) => "ip6",
        (false, false) => "ip",
    }
}

fn destination(random: &mut Random, view: &View) -> String {
    let to = random.one(&[(1, 2), (1, 3), (2, 2)]);
    let to = super::container(view.v6(), to.0, to.1);
    let kind = super::kind(view);
    let layer = if view.protocol == TCP { "tcp" } else { "udp" };
    let with_port = |port: u16| if view.v6() { format!("[{to}]:{port}") } else { format!("{to}:{port}") };
    match (view.ports, random.below(8)) {
        (Some(_), 0..2) => format!("meta l4proto {layer} dnat {kind} to {}", with_port(random.one(&[80, 443, 9000]))),
        (Some((_, port)), 2) => format!("dnat {kind} to {layer} dport map {{ 7 : {to}, {port} : {to} }}"),
        (Some(_), 3..5) => format!("meta l4proto {layer} redirect to :{}", random.one(&[22, 443, 9000])),
        (_, 5) => "accept".to_owned(),
        _ => format!("dnat {kind} to {to}"),
    }
}

fn verdict(random: &mut Random, view: &View, hook: &str) -> String {
    let rejects = matches!(hook, "input" | "forward" | "output" | "prerouting");
    match random.below(100) {
        0..45 => "drop".to_owned(),
        45..75 if rejects => match random.below(4) {
            0 if view.protocol == TCP => "meta l4proto tcp reject with tcp reset".to_owned(),
            1 => format!("meta nfproto {} reject with icmpx admin-prohibited", if view.v6() { "ipv6" } else { "ipv4" }),
            2 if view.v6() => "meta nfproto ipv6 reject with icmpv6 no-route".to_owned(),
            2 => "meta nfproto ipv4 reject with icmp host-prohibited".to_owned(),
            _ => "reject".to_owned(),
        },
        45..92 => "accept".to_owned(),
        _ => "return".to_owned(),
    }
}
