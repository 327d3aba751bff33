//! Expressions of nft that hold for a packet, or just do not.

use super::{near_miss, prefix};
use crate::cases::packets::frame::{TCP, UDP};
use crate::cases::packets::random::Random;
use crate::cases::packets::view::{Hook, View};
use std::net::IpAddr;

/// Up to so many tests. `tracked`: conntrack may be asked.
pub fn tests(random: &mut Random, view: &View, tracked: bool, most: usize) -> String {
    let mut said = Vec::new();
    let wanted = 1 + random.below(most);
    // What few packets can be asked.
    let rare: [Kind; 3] = [owner, icmp, flags];
    for kind in rare {
        if random.chance(35) {
            said.extend(kind(random, view).filter(|text| tracked || !text.contains("ct ")));
        }
    }
    for _ in said.len()..20 {
        let kind = random.below(KINDS.len());
        if let Some(text) = KINDS[kind](random, view).filter(|text| tracked || !text.contains("ct ")) {
            if said.len() >= wanted {
                break;
            }
            said.push(text);
        }
    }
    // A rule without a family may stand in a table of both.
    if !said.iter().any(|text| text.starts_with("ip ") || text.starts_with("ip6 ")) {
        said.insert(0, packet_family(view).to_owned());
    }
    said.join(" ")
}

pub fn packet_family(view: &View) -> &'static str {
    if view.v6() { "meta nfproto ipv6" } else { "meta nfproto ipv4" }
}

/// The packet's addresses, and nothing that a link does not know.
pub fn addressed(random: &mut Random, view: &View) -> String {
    let text = address(random, view).unwrap_or_default();
    match (view.ports, random.chance(50)) {
        (Some((_, port)), true) => format!("{text} {} dport {port}", transport(view)),
        _ => text,
    }
}

type Kind = fn(&mut Random, &View) -> Option<String>;

const KINDS: [Kind; 20] = [
    state,
    original,
    port,
    owner,
    address,
    address,
    links,
    links,
    protocol,
    port,
    port,
    state,
    state,
    original,
    mark,
    icmp,
    flags,
    fib,
    concatenation,
    owner,
];

fn kind(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "ip" } else { "ip6" }
}

fn transport(view: &View) -> &'static str {
    if view.protocol == TCP { "tcp" } else { "udp" }
}

fn address(random: &mut Random, view: &View) -> Option<String> {
    let (field, address) = if random.chance(50) { ("saddr", view.source) } else { ("daddr", view.destination) };
    let (kind, other) = (kind(address), near_miss(address));
    Some(match random.below(8) {
        0..3 => format!("{kind} {field} {address}"),
        3 => format!("{kind} {field} {}", prefix(random, address)),
        4 => format!("{kind} {field} != {other}"),
        5 => format!("{kind} {field} {{ {other}, {address} }}"),
        6 => {
            let (low, high) = if other < address { (other, address) } else { (address, other) };
            format!("{kind} {field} {low}-{high}")
        }
        _ => format!("{kind} {field} {other}"),
    })
}

fn links(random: &mut Random, view: &View) -> Option<String> {
    let mut sides = Vec::new();
    if view.hook.has_in() {
        sides.extend(view.iif.as_deref().map(|link| ("iif", link)));
    }
    if view.hook.has_out() {
        sides.extend(view.oif.as_deref().map(|link| ("oif", link)));
    }
    let (field, link) = *sides.get(random.below(sides.len().max(1)))?;
    Some(match random.below(8) {
        0..2 => format!("{field}name \"{link}\""),
        2 => format!("{field}name \"{}*\"", &link[..link.len().min(3)]),
        3 | 6 | 7 => format!("{field} \"{link}\""),
        4 => format!("{field}name != \"wg0\""),
        _ => format!("{field}name {{ \"wg0\", \"{link}\" }}"),
    })
}

fn protocol(random: &mut Random, view: &View) -> Option<String> {
    let name = match view.protocol {
        TCP => "tcp",
        UDP => "udp",
        _ if view.v6() => "ipv6-icmp",
        _ => "icmp",
    };
    Some(match random.below(3) {
        0 => format!("meta l4proto {name}"),
        1 => "meta l4proto != sctp".to_owned(),
        _ if view.v6() => format!("ip6 nexthdr {name}"),
        _ => format!("ip protocol {name}"),
    })
}

fn port(random: &mut Random, view: &View) -> Option<String> {
    let (source, destination) = view.ports?;
    let layer = transport(view);
    Some(match random.below(8) {
        0..2 => format!("{layer} dport {destination}"),
        2 => format!("{layer} dport {{ 7, {destination} }}"),
        3 | 4 | 7 if random.chance(70) => format!("{layer} sport {}-{}", source - source.min(10), source + 10),
        4 => format!("{layer} dport != {}", destination + 1),
        5 => format!("meta l4proto {layer} th dport {destination}"),
        _ => format!("{layer} dport {}", destination + 1),
    })
}

fn state(random: &mut Random, view: &View) -> Option<String> {
    let right = if view.reply { "established,related" } else { "new" };
    Some(match random.below(6) {
        0..3 => format!("ct state {right}"),
        3 => format!("ct direction {}", if view.reply { "reply" } else { "original" }),
        4 => "ct state != invalid".to_owned(),
        _ if view.mapped && view.hook != Hook::Prerouting => "ct status dnat".to_owned(),
        _ => format!("ct status & seen-reply {} seen-reply", if view.reply { "==" } else { "!=" }),
    })
}

fn original(random: &mut Random, view: &View) -> Option<String> {
    let (destination, port) = view.original;
    Some(match random.below(3) {
        1 if port != 0 => format!("meta l4proto {} ct original proto-dst {port}", transport(view)),
        0 => format!("ct original {} daddr {}", kind(destination), near_miss(destination)),
        _ => format!("ct original {} daddr {destination}", kind(destination)),
    })
}

fn mark(random: &mut Random, _: &View) -> Option<String> {
    Some(random.one(&["meta mark 0", "meta mark != 99", "ct mark 0", "ct mark & 0xff == 0"]).to_owned())
}

fn icmp(random: &mut Random, view: &View) -> Option<String> {
    if !view.icmp() {
        return None;
    }
    let layer = if view.v6() { "icmpv6" } else { "icmp" };
    let right = if view.reply { "echo-reply" } else { "echo-request" };
    Some(match random.below(4) {
        0..2 => format!("{layer} type {right}"),
        2 => format!("{layer} type {{ destination-unreachable, {right} }}"),
        _ => format!("{layer} type != {right}"),
    })
}

fn flags(random: &mut Random, view: &View) -> Option<String> {
    if view.protocol != TCP {
        return None;
    }
    Some(match (view.reply, random.below(3)) {
        (false, 0) => "tcp flags syn".to_owned(),
        (false, 1) => "tcp flags & (fin | syn | rst | ack) == syn".to_owned(),
        (true, 0) => "tcp flags & (syn | ack) == (syn | ack)".to_owned(),
        _ => "tcp flags & rst != rst".to_owned(),
    })
}

fn fib(random: &mut Random, view: &View) -> Option<String> {
    let local = matches!(view.hook, Hook::Input);
    Some(match random.below(5) {
        0..2 => format!("fib daddr type {}", if local || view.hook == Hook::Prerouting { "local" } else { "unicast" }),
        2 if !view.hook.has_in() => "fib daddr type != multicast".to_owned(),
        3 if view.hook == Hook::Prerouting => "fib saddr . iif oif exists".to_owned(),
        2 | 3 => format!("meta pkttype {}", if view.hook.has_in() { "host" } else { return None }),
        _ => format!("fib saddr type {}", if view.hook == Hook::Output { "local" } else { "unicast" }),
    })
}

fn concatenation(random: &mut Random, view: &View) -> Option<String> {
    let (kind, destination, source) = (kind(view.destination), view.destination, view.source);
    let (_, port) = view.ports?;
    let layer = transport(view);
    let other = near_miss(destination);
    Some(match random.below(3) {
        0 => format!("{kind} saddr . {kind} daddr {{ {source} . {destination}, {other} . {source} }}"),
        1 => format!("{kind} daddr . {layer} dport {{ {other} . 1-65535, {destination} . 1-{port} }}"),
        _ => format!("{kind} daddr . meta l4proto . th dport {{ {destination} . {layer} . {port} }}"),
    })
}

fn owner(random: &mut Random, view: &View) -> Option<String> {
    let uid = view.uid.filter(|_| view.hook == Hook::Output)?;
    Some(match random.below(3) {
        0 => format!("ct direction original meta skuid {uid}"),
        1 => format!("ct direction original meta skuid != {}", uid + 1),
        _ => "ct direction original meta skuid 500-1500".to_owned(),
    })
}

/// A rule that is a verdict map.
pub fn map(random: &mut Random, view: &View, tracked: bool) -> Option<String> {
    let end = random.one(&["drop", "drop", "accept", "return"]);
    let kind = kind(view.destination);
    Some(match random.below(5) {
        0 => format!("{} dport vmap {{ 7 : accept, {} : {end} }}", transport(view), view.ports?.1),
        1 if tracked => format!(
            "{} ct state vmap {{ invalid : drop, {} : {end} }}",
            packet_family(view),
            if view.reply { "established" } else { "new" }
        ),
        2 => {
            let (iif, oif) = (view.iif.as_deref()?, view.oif.as_deref().filter(|_| view.hook == Hook::Forward)?);
            format!(
                "{} iifname . oifname vmap {{ \"{iif}\" . \"{oif}\" : {end}, \"{oif}\" . \"wg0\" : accept }}",
                packet_family(view)
            )
        }
        3 => format!("{kind} daddr vmap {{ {} : {end} }}", prefix(random, view.destination)),
        _ => format!("{kind} saddr . {kind} daddr vmap {{ {} . {} : {end} }}", view.source, view.destination),
    })
}

/// A named set, and the question to it.
pub fn set(random: &mut Random, view: &View) -> (String, String) {
    let (kind, typed) = if view.v6() { ("ip6", "ipv6_addr") } else { ("ip", "ipv4_addr") };
    let other = if view.v6() { "2001:db8::1" } else { "203.0.113.1" };
    match view.ports {
        Some((_, port)) if random.chance(50) => (
            format!(
                "set named {{ type {typed} . inet_service; flags interval; elements = {{ {} . 1-{port} }} }}\n",
                view.destination
            ),
            format!("{kind} daddr . {} dport @named", transport(view)),
        ),
        _ => (
            format!(
                "set named {{ type {typed}; flags interval; elements = {{ {other}, {} }} }}\n",
                prefix(random, view.source)
            ),
            format!("{kind} saddr {}@named", if random.chance(20) { "!= " } else { "" }),
        ),
    }
}
