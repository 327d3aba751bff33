//! Rules as iptables-save prints them, asked about packets.

#[cfg(test)]
mod conntrack;
#[cfg(test)]
mod docker;
#[cfg(test)]
mod firewalls;
#[cfg(test)]
mod matches;
#[cfg(test)]
mod open;
#[cfg(test)]
mod orchestrators;
#[cfg(test)]
mod sets;
#[cfg(test)]
mod targets;
#[cfg(test)]
mod walk;
#[cfg(test)]
mod words;

use crate::host::{Fact, Family, IpSet, IptablesDump, RouteKind, Rule as PolicyRule, Snapshot};
use crate::path::fib::Fib;
use crate::path::fib::fixture as hosts;
use crate::path::netfilter::{Connection, Hook, Layer, Netfilter, Packet, Passage, State, Verdict};

/// Written `tcp 10.0.0.9:1234 > 172.17.0.2:80 in=eth0 out=docker0`; besides: `state=` (new without), `mark=`, `ctmark=`, `uid=`,
/// `pin=`, `pout=`, `icmp=8/0`, `flags=`, `bridged`, `reply`, and behind it `for=` (who is answered, where SNAT hid it), `was=` (the destination before DNAT),
/// `from=` (the source after SNAT).
pub(in crate::path::netfilter) fn packet(text: &str) -> Packet {
    let mut words = text.split_whitespace();
    let protocol = match words.next().expect("a protocol") {
        "icmp" => 1,
        "tcp" => 6,
        "udp" => 17,
        "ipencap" => 4,
        "gre" => 47,
        "icmp6" => 58,
        "sctp" => 132,
        other => panic!("{other} in {text}"),
    };
    let (source, source_port) = end(words.next().expect("a source"));
    assert_eq!(words.next(), Some(">"), "{text}");
    let (destination, destination_port) = end(words.next().expect("a destination"));
    let mut packet = Packet::first(source, destination, protocol, (source_port, destination_port));
    packet.connection = Some(Connection::new(packet.tuple()));
    words.for_each(|word| with(&mut packet, word));
    packet
}

fn end(text: &str) -> (std::net::IpAddr, Option<u16>) {
    match text.parse::<std::net::SocketAddr>() {
        Ok(end) => (end.ip(), Some(end.port())),
        Err(_) => (text.parse().expect("an address"), None),
    }
}

fn with(packet: &mut Packet, word: &str) {
    let (key, value) = word.split_once('=').unwrap_or((word, ""));
    let number = || value.parse::<u32>().expect("a number");
    match key {
        "in" => packet.iif = Some(value.to_owned()),
        "out" => packet.oif = Some(value.to_owned()),
        "pin" => packet.physical_in = Some(value.to_owned()),
        "pout" => packet.physical_out = Some(value.to_owned()),
        "bridged" => packet.bridged = true,
        "mark" => packet.mark = number(),
        "uid" => packet.uid = Some(number()),
        "flags" => packet.tcp_flags = number() as u8,
        "icmp" => {
            let (kind, code) = value.split_once('/').expect("type and code");
            packet.icmp = Some((kind.parse().expect("a type"), code.parse().expect("a code")));
        }
        "state" if value == "untracked" => (packet.connection, packet.untracked) = (None, true),
        _ => of_connection(packet.connection.as_mut().expect("a connection"), key, value),
    }
}

fn of_connection(connection: &mut Connection, key: &str, value: &str) {
    match (key, value) {
        ("state", "new") => connection.state = State::New,
        ("state", "established") => connection.state = State::Established,
        ("state", "related") => connection.state = State::Related,
        ("state", "invalid") => connection.state = State::Invalid,
        ("reply", _) => {
            let (original, reply) = (connection.original.turned(), connection.original.clone());
            *connection = Connection { original, reply, ..connection.answered() };
        }
        ("for", _) => (connection.original.source, connection.original.source_port) = end(value),
        ("was", _) => {
            (connection.original.destination, connection.original.destination_port) = end(value);
            connection.destination_settled = true;
        }
        ("from", _) => {
            (connection.reply.destination, connection.reply.destination_port) = end(value);
            connection.source_settled = true;
        }
        ("ctmark", _) => connection.mark = value.parse().expect("a mark"),
        _ => panic!("{key}={value}"),
    }
}

/// eth0 10.0.0.5/24, docker0 172.17.0.1/16, fd00:17::1/64 on docker0, with these tables and sets.
pub(in crate::path::netfilter) fn host(dumps: Vec<IptablesDump>, sets: Option<Vec<IpSet>>) -> Snapshot {
    let mut host = hosts::host();
    host.firewall.legacy = Fact::known(Vec::new());
    host.firewall.nft_compat = Fact::known(dumps);
    host.firewall.nft_base_chains = Fact::known(Vec::new());
    host.firewall.nft_ruleset = Fact::known(None);
    host.firewall.programs = Fact::known(Vec::new());
    host.firewall.ipsets = sets.map_or(Fact::NotCollected, Fact::known);
    hosts::add_routes(
        &mut host,
        vec![
            hosts::route("fd00:17::/64", None, 3),
            crate::host::Route { table: 255, kind: RouteKind::Local, ..hosts::route("fd00:17::1/128", None, 3) },
        ],
    );
    hosts::add_rules(&mut host, vec![PolicyRule::kernel(Family::V6, 0, 255)]);
    host
}

pub(in crate::path::netfilter) fn pass(host: &Snapshot, hook: Hook, packet: Packet) -> Passage {
    let fib = Fib::new(host).expect("all facts");
    Netfilter::new(host, fib).expect("rules").pass(Layer::Network, hook, packet)
}

pub(in crate::path::netfilter) fn table(
    family: Family,
    table: &str,
    chains: &[(&str, &str)],
    rules: &[&str],
) -> IptablesDump {
    IptablesDump {
        family,
        table: table.to_owned(),
        chains: chains.iter().map(|(name, policy)| ((*name).to_owned(), (*policy).to_owned())).collect(),
        rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
        counters: Vec::new(),
    }
}

/// Which hook a packet with those links is at.
fn hook_of(packet: &Packet) -> (Hook, &'static str) {
    match (&packet.iif, &packet.oif) {
        (Some(_), Some(_)) => (Hook::Forward, "FORWARD"),
        (Some(_), None) => (Hook::Input, "INPUT"),
        _ => (Hook::Output, "OUTPUT"),
    }
}

/// Whether a rule of the filter table matches a packet; none: it cannot be told.
fn matches_with(rule: &str, text: &str, sets: Option<&[IpSet]>) -> Option<bool> {
    let packet = packet(text);
    let (hook, chain) = hook_of(&packet);
    let rule = format!("-A {chain} {rule} -j ACCEPT");
    let dump = table(packet.family(), "filter", &[(chain, "DROP")], &[&rule]);
    match pass(&host(vec![dump], sets.map(<[IpSet]>::to_vec)), hook, packet).verdict {
        Verdict::Accept => Some(true),
        Verdict::Drop => Some(false),
        Verdict::Undetermined => None,
        verdict @ Verdict::Reject(_) => panic!("{rule}: {verdict:?}"),
    }
}

/// Rows of a rule, a packet, and whether the one matches the other (none: it cannot be told).
fn hold(rows: &[(&str, &str, Option<bool>)]) {
    let wrong: Vec<_> = rows
        .iter()
        .filter_map(|(rule, packet, expected)| {
            let got = matches_with(rule, packet, None);
            (got != *expected).then(|| format!("{rule}\n    {packet}: {got:?}, expected {expected:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
