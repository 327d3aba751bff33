//! The first reply, from where the request ended back to where it began.

use super::record::{Log, Stop};
use super::request::{Choices, Leg, Passed};
use super::walk::{Outcome, Walk};
use super::{Flow, Origin, Tracer, Verdict, Way};
use crate::host::ipproto::{ICMP, ICMPV6, TCP};
use crate::path::fib::Query;
use crate::path::netfilter::rule::Side;
use crate::path::netfilter::{Connection, Packet, State, Tuple};
use crate::text::text;

/// TCP's SYN and ACK.
const SYN_ACK: u8 = 18;

/// Walks the reply back over the hosts.
pub(super) fn reply(hosts: &[Tracer], leg: &Leg, choices: &mut Choices, log: &mut Log) -> Result<(), Stop> {
    let Leg { flow, passed, .. } = leg;
    let (Some(begin), Some(last)) = (passed.first(), passed.last()) else { return Ok(()) };
    log.way = Way::Reply;
    log.host = last.host;
    let tracer = &hosts[last.host];
    let mut packet = answer(last.outcome.packet());
    if leg.own_source {
        let chosen = tracer.fib.lookup(&Query::to(packet.destination)).source;
        packet.source = chosen.unwrap_or(packet.source);
    }
    let packet = known(packet, passed, last.host);
    let mut outcome = match &last.outcome {
        Outcome::Here(_) => {
            let source = packet.source;
            let packet = Packet { mark: reflected_mark(tracer, &packet, last.outcome.packet()), ..packet };
            Walk { tracer, log, choices }.by_process(packet, Some(source))?
        }
        Outcome::Inside { bridge, .. } => from_container(tracer, bridge, packet, choices, log)?,
        // The far end answers; what it sends comes back by the link that the request left by.
        Outcome::Left { link, .. } => Walk { tracer, log, choices }.by_link(link, packet)?,
    };
    let mut host = last.host;
    for _ in 0..=2 * hosts.len() {
        if host == begin.host && is_home(&flow.from, &outcome) {
            return recognised(flow, outcome.packet(), log);
        }
        let Some((there, link)) = log.next_host(hosts, host, &outcome) else { break };
        let packet = known(outcome.packet().on_the_wire(), passed, there);
        (host, log.host) = (there, there);
        outcome = Walk { tracer: &hosts[there], log, choices }.by_link(&link, packet)?;
    }
    strayed(flow, host == begin.host, &outcome, log)
}

/// The reply leaves a container: to a neighbour itself, else by the container's default route, which is on one of its networks.
fn from_container(
    tracer: &Tracer,
    bridge: &str,
    packet: Packet,
    choices: &mut Choices,
    log: &mut Log,
) -> Result<Outcome, Stop> {
    let ground = &tracer.ground;
    let mut exits = vec![bridge.to_owned()];
    if !ground.on_segment(bridge, packet.destination) {
        if let Some(container) = ground.container(packet.source) {
            exits = match ground.neighbour_bridge(container, packet.destination) {
                Some(bridge) => vec![bridge],
                None => ground.gateways(container, packet.family()),
            };
        }
        if ground.is_closed(bridge) {
            exits.retain(|exit| exit != bridge);
        } else if exits.is_empty() {
            exits.push(bridge.to_owned());
        }
    }
    let Some((first, others)) = exits.split_first() else {
        let destination = packet.destination;
        let says = text!(
            "the container has no route to {destination}: its network is internal",
            "容器没有到 {destination} 的路由：它所在的网络是 internal 网络"
        );
        return Err(log.end(Verdict::Unroutable, "route", None, says));
    };
    let before = log.clone();
    let outcome = Walk { tracer, log, choices }.by_bridge(first, None, packet.clone());
    for other in others {
        let mut log = before.clone();
        let other = Walk { tracer, log: &mut log, choices }.by_bridge(other, None, packet.clone());
        let same = match (&outcome, &other) {
            (Ok(one), Ok(two)) => one.ends_like(two),
            (Err(one), Err(two)) => one.verdict == two.verdict,
            _ => false,
        };
        if !same {
            return Err(Stop::undetermined(text!(
                "which of its networks the container's default route is on is not known",
                "不知道容器的默认路由走它的哪个网络"
            )));
        }
    }
    outcome
}

/// The packet that answers `request`, as it was delivered.
fn answer(request: &Packet) -> Packet {
    let icmp = request.icmp.map(|(kind, code)| match (request.protocol, kind) {
        (ICMP, 8) => (0, code),
        (ICMPV6, 128) => (129, code),
        _ => (kind, code),
    });
    Packet {
        source_port: request.destination_port,
        destination_port: request.source_port,
        icmp,
        tcp_flags: if request.protocol == TCP { SYN_ACK } else { 0 },
        random_port: request.random_port.map(|side| match side {
            Side::Source => Side::Destination,
            Side::Destination => Side::Source,
        }),
        ..Packet::new(request.destination, request.source, request.protocol)
    }
}

/// The reply as conntrack of that host will take it: of a connection that the request set up there, or of none.
fn known(packet: Packet, passed: &[Passed], host: usize) -> Packet {
    let fits = |reply: &Tuple| reply.source == packet.source && reply.destination == packet.destination;
    let here = passed.iter().rev().filter(|passed| passed.host == host);
    let connection = here
        .filter_map(|passed| passed.outcome.packet().connection.as_ref())
        .find(|connection| fits(&connection.reply));
    let connection = match connection {
        Some(connection) => Some(connection.answered()),
        // Neither a SYN with ACK nor an echo reply begins a connection (nf_conntrack_proto_tcp.c, nf_conntrack_proto_icmp.c).
        None if matches!(packet.protocol, TCP | ICMP | ICMPV6) => {
            Some(Connection { state: State::Invalid, ..Connection::new(packet.tuple()) })
        }
        None => None,
    };
    Packet { connection, ..packet }
}

/// What the kernel itself answers takes the request's mark along where `fwmark_reflect` says so (ip-sysctl.rst).
fn reflected_mark(tracer: &Tracer, reply: &Packet, request: &Packet) -> u32 {
    let reflects = match reply.protocol {
        ICMP => tracer.ground.sysctl("net.ipv4.fwmark_reflect") == Some(1),
        ICMPV6 => tracer.ground.sysctl("net.ipv6.fwmark_reflect") == Some(1),
        _ => false,
    };
    if reflects { request.mark } else { 0 }
}

/// Whether the reply is back where the request came from.
fn is_home(from: &Origin, outcome: &Outcome) -> bool {
    match (from, outcome) {
        (Origin::Host { .. }, Outcome::Here(_)) => true,
        (Origin::Bridge { bridge, .. }, Outcome::Inside { bridge: to, .. } | Outcome::Left { link: to, .. }) => {
            bridge == to
        }
        (Origin::Link { link, .. }, Outcome::Left { link: to, .. }) => link == to,
        _ => false,
    }
}

/// It came back, but is it an answer to what was asked?
fn recognised(flow: &Flow, packet: &Packet, log: &mut Log) -> Result<(), Stop> {
    let same_port =
        packet.random_port.is_some() || packet.source_port == flow.destination_port || flow.destination_port.is_none();
    let to_sender = match &flow.from {
        Origin::Bridge { source, .. } | Origin::Link { source, .. } => packet.destination == *source,
        Origin::Host { .. } => true,
    };
    if packet.source == flow.destination && same_port && to_sender {
        return Ok(());
    }
    let (asked, got) = (flow.destination, super::record::end_point(packet.source, packet.source_port));
    let says = text!(
        "the reply comes from {got}, where {asked} was asked: nothing turned its address back",
        "请求发往 {asked}，回复却来自 {got}：没有环节把地址转换回来"
    );
    // No TCP takes it, and no UDP socket that is connected; ping(8) shows it all the same.
    if !matches!(packet.protocol, ICMP | ICMPV6) {
        return Err(log.end(Verdict::Dropped, "conntrack", None, says));
    }
    log.note("conntrack", None, says.clone());
    Err(Stop::undetermined(says))
}

/// The reply ended up elsewhere.
fn strayed(flow: &Flow, at_first: bool, outcome: &Outcome, log: &mut Log) -> Result<(), Stop> {
    let origin = match &flow.from {
        Origin::Host { .. } => text!("this host", "本机"),
        Origin::Bridge { bridge: link, .. } | Origin::Link { link, .. } => text!("{link}", "{link}"),
    };
    let (en, zh) = (origin.en, origin.zh);
    match outcome {
        Outcome::Left { link, via, .. } => {
            let says = text!(
                "the reply leaves by {link}, and the request came from {en}",
                "回复从 {link} 离开，而请求来自 {zh}"
            );
            if at_first && matches!(flow.from, Origin::Link { .. }) && via.is_none() {
                // Another link into the same network: a neighbour hears it there too.
                log.note("route", None, says);
                return Ok(());
            }
            if matches!(flow.from, Origin::Link { .. }) || !at_first {
                log.note("route", None, says.clone());
                return Err(Stop::undetermined(says));
            }
            Err(log.end(Verdict::Unroutable, "route", None, says))
        }
        Outcome::Inside { bridge, .. } => {
            let says = text!(
                "the reply goes to a neighbour on {bridge}, and the request came from {en}",
                "回复发给了 {bridge} 上的邻居，而请求来自 {zh}"
            );
            Err(log.end(Verdict::Unroutable, "route", None, says))
        }
        Outcome::Here(_) => {
            let says = text!(
                "the reply ends at this host itself, and the request came from {en}",
                "回复被本机自己收下，而请求来自 {zh}"
            );
            Err(log.end(Verdict::Unroutable, "route", None, says))
        }
    }
}
