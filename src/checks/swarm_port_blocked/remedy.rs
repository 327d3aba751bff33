//! Letting the other nodes in, by the program that keeps this host's rules.

use std::net::IpAddr;

use super::{Blocked, CHECK, Port};
use crate::action::{Action, Admission, Keeper, Presence, listed};
use crate::checks::accept_rules::{Spot, by_rules, comment, counted, tool};
use crate::checks::ends::End;
use crate::finding::{Remedy, Safety};
use crate::host::ipproto::{ESP, TCP, UDP};
use crate::host::{Family, Snapshot};
use crate::path::netfilter::Backend;
use crate::text::{Text, text};

/// Who keeps the rules that packets meet there.
enum Kept {
    Ufw {
        /// Before its users' rules, which end it.
        first: bool,
    },
    /// In the zone of the link by which each node's packets arrive.
    Firewalld,
    Iptables,
    /// Not INPUT of the filter table.
    OtherTable,
    Nft,
}

/// What to let in of one node.
struct Wanted {
    source: IpAddr,
    /// By which its packets arrive.
    link: String,
    tcp: Vec<u16>,
    udp: Vec<u16>,
    esp: bool,
}

pub fn remedy(host: &Snapshot, blocked: &Blocked) -> Remedy {
    let wanted = wanted(blocked);
    let title = text!(
        "let the other nodes of the swarm in, by the addresses they have, on these ports and nothing else",
        "仅按地址放行 swarm 的其他节点访问这些端口，其他一概不变"
    );
    let impact = text!(
        "nobody else is let in; a node that joins later needs the same",
        "不会放行其他来源；以后新加入的节点也需要同样处理"
    );
    let end = &blocked.ends[0];
    let admitted = |keeper: &dyn Fn(&Wanted) -> Keeper| {
        let admit = |what| Action::Admit { what, from: Presence::Absent, to: Presence::Present };
        wanted.iter().flat_map(|it| admissions(it, &keeper(it))).map(admit).collect::<Vec<Action>>()
    };
    let by = |actions: Vec<Action>| {
        let commands = actions.iter().flat_map(Action::commands).collect();
        Remedy::manual(title.clone(), impact.clone(), commands).by(Safety::Safe, actions)
    };
    match keeper(host, end) {
        Kept::Ufw { first } => by(admitted(&|_| Keeper::Ufw { first })),
        Kept::Firewalld => by(admitted(&|it| Keeper::Firewalld { link: it.link.clone() })),
        Kept::Iptables => {
            let spot = Spot { table: "filter", chain: "INPUT", position: first_place(blocked).and_then(counted) };
            let rules = wanted.iter().flat_map(|it| {
                let tool = tool(host, Family::of(it.source), end.by.backend);
                matches(it).into_iter().map(move |matching| spot.accept(&tool, &matching, CHECK.id)).collect::<Vec<_>>()
            });
            by_rules(host, title, impact, rules.collect())
        }
        Kept::OtherTable => {
            let place = match first_place(blocked) {
                Some(at) => format!("-I {} {}", end.by.base, at + 1),
                None => format!("-A {}", end.by.base),
            };
            let tool = end.tool(host);
            let rule = |matching: String| format!("{tool} {place} {matching} {} -j ACCEPT", comment(CHECK.id));
            let commands = wanted.iter().flat_map(matches).map(rule).collect();
            Remedy::manual(title, until_reboot(impact), commands).until_reboot()
        }
        Kept::Nft => {
            let commands = wanted.iter().flat_map(|it| natively(blocked, it)).collect();
            Remedy::manual(title, until_reboot(impact), commands).until_reboot()
        }
    }
}

fn until_reboot(Text { en, zh }: Text) -> Text {
    text!(
        "{en}. The rules are gone when the ruleset is loaded anew: put them into its file too",
        "{zh}。规则集重新加载后这些规则会失效，请同时写入其来源文件"
    )
}

/// Where the first of the ends stands in the base chain; none: the policy is the first.
fn first_place(blocked: &Blocked) -> Option<usize> {
    blocked.ends.iter().filter_map(End::place).min()
}

fn keeper(host: &Snapshot, end: &End) -> Kept {
    let at_work = |name: &str| {
        let managers = host.managers.ok().into_iter().flatten();
        managers.into_iter().any(|manager| manager.name == name && manager.active == Some(true))
    };
    let by = &end.by;
    if by.backend == Backend::Nft {
        return if by.table == "firewalld" && at_work("firewalld") { Kept::Firewalld } else { Kept::Nft };
    }
    if by.table != "filter" || by.base != "INPUT" {
        return Kept::OtherTable;
    }
    // Of firewalld's iptables backend; ufw's first chain of INPUT, by which its users' rules are asked (ufw-framework(8)).
    if at_work("firewalld") && end.asked_before("INPUT_ZONES") {
        Kept::Firewalld
    } else if at_work("ufw") && (by.chain.starts_with("ufw-") || end.asked_before("ufw-before-input")) {
        Kept::Ufw { first: by.chain.starts_with("ufw-user") || by.chain.starts_with("ufw6-user") }
    } else {
        Kept::Iptables
    }
}

fn wanted(blocked: &Blocked) -> Vec<Wanted> {
    let mut all: Vec<Wanted> = Vec::new();
    for lost in &blocked.lost {
        let source = lost.source;
        let at = all.iter().position(|one| one.source == source).unwrap_or_else(|| {
            let link = lost.link.clone();
            all.push(Wanted { source, link, tcp: Vec::new(), udp: Vec::new(), esp: false });
            all.len() - 1
        });
        let one = &mut all[at];
        match lost.port {
            Port { protocol: TCP, port: Some(port), .. } => one.tcp.push(port),
            Port { protocol: UDP, port: Some(port), .. } => one.udp.push(port),
            Port { protocol, .. } => one.esp |= protocol == ESP,
        }
    }
    for one in &mut all {
        one.tcp.sort_unstable();
        one.udp.sort_unstable();
    }
    all
}

impl Wanted {
    fn ports(&self) -> impl Iterator<Item = (&'static str, &Vec<u16>)> {
        [("tcp", &self.tcp), ("udp", &self.udp)].into_iter().filter(|(_, ports)| !ports.is_empty())
    }
}

/// As iptables-save prints them, up to the comment.
fn matches(wanted: &Wanted) -> Vec<String> {
    let source = ipnet::IpNet::from(wanted.source);
    let ports = wanted.ports().map(|(protocol, ports)| match ports.as_slice() {
        [one] => format!("-s {source} -p {protocol} -m {protocol} --dport {one}"),
        some => format!("-s {source} -p {protocol} -m multiport --dports {}", listed(some)),
    });
    ports.chain(wanted.esp.then(|| format!("-s {source} -p esp"))).collect()
}

fn admissions(wanted: &Wanted, keeper: &Keeper) -> Vec<Admission> {
    let of = |protocol: &str, ports: Vec<u16>| Admission {
        keeper: keeper.clone(),
        source: wanted.source,
        protocol: protocol.to_owned(),
        ports,
        comment: format!("dnetctl:{}", CHECK.id),
    };
    let ports = wanted.ports().map(|(protocol, ports)| of(protocol, ports.clone()));
    ports.chain(wanted.esp.then(|| of("esp", Vec::new()))).collect()
}

fn natively(blocked: &Blocked, wanted: &Wanted) -> Vec<String> {
    let end = &blocked.ends[0];
    let (by, source) = (&end.by, wanted.source);
    let (family, table, base) = (&by.family, &by.table, &by.base);
    let place = match first_place(blocked) {
        Some(at) => format!("nft insert rule {family} {table} {base} index {at}"),
        None => format!("nft add rule {family} {table} {base}"),
    };
    let ip = if source.is_ipv4() { "ip" } else { "ip6" };
    let ports = wanted.ports().map(|(protocol, ports)| match ports.as_slice() {
        [one] => format!("{protocol} dport {one}"),
        some => format!("{protocol} dport '{{ {} }}'", listed(some).replace(',', ", ")),
    });
    let kinds = ports.chain(wanted.esp.then(|| "meta l4proto esp".to_owned()));
    let rule = |kind: String| format!("{place} {ip} saddr {source} {kind} accept comment '\"dnetctl:{}\"'", CHECK.id);
    kinds.map(rule).collect()
}
