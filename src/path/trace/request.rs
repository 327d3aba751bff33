//! A flow over the hosts: the request's legs, then the reply's, and what both come to.

use std::net::IpAddr;

use super::proxy::behind;
use super::record::{Log, Stop};
use super::reply::reply;
use super::walk::{Outcome, Walk};
use super::{Arrival, Flow, Origin, Trace, Tracer, Verdict, Way};
use crate::host::NextHop;
use crate::host::ipproto::{ICMP, ICMPV6};
use crate::path::netfilter::Packet;
use crate::text::{Text, text};

/// A host that the request came over.
pub(super) struct Passed {
    pub host: usize,
    pub outcome: Outcome,
}

/// A request from one socket to another, and the hosts it came over. Behind docker-proxy begins another one.
pub(super) struct Leg {
    pub flow: Flow,
    pub passed: Vec<Passed>,
    /// The answer has the source that the kernel chooses for it, whatever was asked.
    pub own_source: bool,
}

/// What the facts do not say and a walk has to choose: which ports of bridges lead to the flow's two ends (one of each kind is tried), and
/// which of several hops is taken.
pub(super) struct Choices<'f> {
    given: Option<&'f str>,
    chosen: [usize; 3],
    /// How many there were to choose from.
    met: [usize; 3],
}

/// Position of the choice among hops, behind those of the two [`Side`]s.
const HOP: usize = 2;

/// An end of the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Origin = 0,
    Target = 1,
}

/// The most combinations of kinds of ports that are tried.
const MOST_COMBINATIONS: usize = 64;

impl Choices<'_> {
    pub fn port(&mut self, tracer: &Tracer, bridge: &str, side: Side) -> Option<String> {
        if let (Some(given), Side::Origin) = (self.given, side) {
            return Some(given.to_owned());
        }
        let kinds = tracer.ground.kinds_of_ports(bridge);
        self.choose(side as usize, kinds).map(|port| port.name.clone())
    }

    /// The hop that a route with several takes.
    pub fn hop<'h>(&mut self, hops: &'h [NextHop]) -> Option<&'h NextHop> {
        self.choose(HOP, hops)
    }

    fn choose<'o, T>(&mut self, what: usize, options: &'o [T]) -> Option<&'o T> {
        self.met[what] = self.met[what].max(options.len());
        options.get(self.chosen[what] % options.len().max(1))
    }
}

/// Request and reply.
pub(super) fn whole(hosts: &[Tracer], first: usize, flow: &Flow) -> Trace {
    with_every_choice(flow, |choices| once(hosts, first, flow, choices, true))
}

/// The request alone.
pub(super) fn request(hosts: &[Tracer], first: usize, flow: &Flow) -> Trace {
    with_every_choice(flow, |choices| once(hosts, first, flow, choices, false))
}

#[cfg(feature = "internals")]
static FOLLOWED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// How many flows were followed so far in this process. For benches.
#[cfg(feature = "internals")]
pub fn followed() -> usize {
    FOLLOWED.load(std::sync::atomic::Ordering::Relaxed)
}

/// One walk where nothing is left to choose; else one for each choice, which must agree.
fn with_every_choice(flow: &Flow, mut walk: impl FnMut(&mut Choices) -> Trace) -> Trace {
    #[cfg(feature = "internals")]
    FOLLOWED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let given = match &flow.from {
        Origin::Bridge { port, .. } => port.as_deref(),
        _ => None,
    };
    let mut choices = Choices { given, chosen: [0; 3], met: [1; 3] };
    let mut first = walk(&mut choices);
    let [origins, targets, hops] = choices.met;
    for other in 1..origins * targets * hops {
        choices.chosen = [other % origins, other / origins % targets, other / origins / targets];
        if other >= MOST_COMBINATIONS || !agree(&first, &walk(&mut choices)) {
            first.verdict = Verdict::Undetermined;
            first.end = None;
            first.undecided = vec![match choices.chosen[HOP] {
                0 => text!(
                    "the ports of the bridge differ, and which port leads to the container is not known",
                    "网桥各端口的处理不同，而容器接在哪个端口上无法得知"
                ),
                _ => text!(
                    "a route has several hops, and which of them a connection takes is not known",
                    "路由有多个下一跳，而某个连接走哪一个无法得知"
                ),
            }];
            break;
        }
    }
    first
}

/// Whether two choices come to the same: the verdict, and what was delivered; which of several hops it left by is not asked.
fn agree(one: &Trace, two: &Trace) -> bool {
    let ends =
        |trace: &Trace| trace.arrives.as_ref().map(|arrival| (arrival.packet.source, arrival.packet.destination));
    one.verdict == two.verdict && (one.verdict == Verdict::Forwarded || ends(one) == ends(two))
}

fn once(hosts: &[Tracer], first: usize, flow: &Flow, choices: &mut Choices, and_back: bool) -> Trace {
    let mut log = Log::new(first);
    let mut legs: Vec<Leg> = Vec::new();
    let mut stop = legs_forth(hosts, first, flow, choices, &mut log, &mut legs).err();
    let mut verdict = Verdict::Forwarded;
    let mut arrives = None;
    if stop.is_none()
        && let Some(last) = legs.last().and_then(|leg| leg.passed.last())
    {
        if !matches!(last.outcome, Outcome::Left { .. }) {
            verdict = Verdict::Delivered;
        }
        arrives = Some(last.outcome.arrival());
        stop = to_oneself(&last.outcome, &mut log).err();
        if stop.is_none() && and_back && !is_for_many(flow.destination) {
            stop = legs.iter().rev().try_for_each(|leg| reply(hosts, leg, choices, &mut log)).err();
        }
    }
    conclude(log, verdict, stop, arrives)
}

/// A container that gets its own packet: IPv4 takes its source for a martian there, IPv6 takes it and answers nobody else.
fn to_oneself(outcome: &Outcome, log: &mut Log) -> Result<(), Stop> {
    let Outcome::Inside { packet, .. } = outcome else { return Ok(()) };
    let source = packet.source;
    if source != packet.destination {
        return Ok(());
    }
    let says = match source {
        IpAddr::V4(_) => text!(
            "it comes back to {source} with {source} as its source, and the container drops it as a martian",
            "它带着源地址 {source} 回到 {source}，容器将其视为 martian 而丢弃"
        ),
        IpAddr::V6(_) => {
            log.way = Way::Reply;
            text!(
                "{source} asks itself, and does not hear itself from the address that it asked",
                "{source} 在向自己发请求，收不到来自所请求地址的回复"
            )
        }
    };
    Err(log.end(Verdict::Dropped, "container", None, says))
}

/// The flow's own request, and where docker-proxy takes it, the one that it sends on.
fn legs_forth(
    hosts: &[Tracer],
    first: usize,
    flow: &Flow,
    choices: &mut Choices,
    log: &mut Log,
    legs: &mut Vec<Leg>,
) -> Result<(), Stop> {
    let passed = forth(hosts, first, flow, choices, log)?;
    let onwards = match passed.last() {
        Some(Passed { host, outcome: Outcome::Here(packet) }) => behind(&hosts[*host], packet).map(|behind| {
            log.note("docker-proxy", None, behind.told());
            let onwards = behind.onwards(packet.protocol);
            if onwards.is_none() {
                log.doubt_arrival(text!(
                    "to which address docker-proxy sends it on is not known",
                    "不知道 docker-proxy 会转发到容器的哪个地址"
                ));
            }
            (*host, onwards, behind.forgets_address)
        }),
        _ => None,
    };
    let own_source = onwards.as_ref().is_some_and(|(.., forgets)| *forgets);
    legs.push(Leg { flow: flow.clone(), passed, own_source });
    if let Some((host, Some(flow), _)) = onwards {
        let passed = forth(hosts, host, &flow, choices, log)?;
        legs.push(Leg { flow, passed, own_source: false });
    }
    Ok(())
}

fn conclude(mut log: Log, mut verdict: Verdict, stop: Option<Stop>, arrives: Option<Arrival>) -> Trace {
    let (mut end, mut undecided) = (None, Vec::new());
    if let Some(stop) = stop {
        (verdict, end, undecided) = (stop.verdict, stop.end.map(|end| *end), stop.undecided);
    }
    if matches!(verdict, Verdict::Delivered | Verdict::Forwarded) {
        log.doubts.append(&mut log.arrival_doubts);
    }
    if !log.doubts.is_empty() {
        (verdict, end) = (Verdict::Undetermined, None);
        undecided.append(&mut log.doubts);
    }
    Trace { verdict, hops: log.hops, end, undecided, arrives }
}

/// The request over one host after the other.
fn forth(
    hosts: &[Tracer],
    first: usize,
    flow: &Flow,
    choices: &mut Choices,
    log: &mut Log,
) -> Result<Vec<Passed>, Stop> {
    let mut passed = Vec::new();
    let mut walk = Walk { tracer: &hosts[first], log, choices };
    let packet = first_packet(flow);
    let outcome = match &flow.from {
        Origin::Host { source, uid } => walk.by_process(Packet { uid: *uid, ..packet }, *source)?,
        Origin::Bridge { bridge, .. } => walk.by_bridge(bridge, None, packet)?,
        Origin::Link { link, .. } => walk.by_link(link, packet)?,
    };
    let mut host = first;
    let mut next = walk.log.next_host(hosts, host, &outcome);
    passed.push(Passed { host, outcome });
    while let Some((there, link)) = next {
        if passed.len() > 2 * hosts.len() {
            let says = text!("the routes lead in a circle", "路由成环");
            return Err(log.end(Verdict::Unroutable, "route", None, says));
        }
        let Some(packet) = passed.last().map(|last: &Passed| last.outcome.packet().on_the_wire()) else { break };
        log.host = there;
        host = there;
        let outcome = Walk { tracer: &hosts[there], log, choices }.by_link(&link, packet)?;
        next = log.next_host(hosts, host, &outcome);
        passed.push(Passed { host, outcome });
    }
    Ok(passed)
}

fn first_packet(flow: &Flow) -> Packet {
    let source = match &flow.from {
        Origin::Bridge { source, .. } | Origin::Link { source, .. } => *source,
        Origin::Host { source, .. } => source.unwrap_or(match flow.destination {
            IpAddr::V4(_) => IpAddr::from([0; 4]),
            IpAddr::V6(_) => IpAddr::from([0; 16]),
        }),
    };
    let protocol = match (flow.protocol, flow.destination) {
        (ICMP, IpAddr::V6(_)) => ICMPV6,
        (ICMPV6, IpAddr::V4(_)) => ICMP,
        (protocol, _) => protocol,
    };
    Packet::first(source, flow.destination, protocol, (flow.source_port, flow.destination_port))
}

impl Outcome {
    pub fn packet(&self) -> &Packet {
        match self {
            Outcome::Here(packet) | Outcome::Inside { packet, .. } | Outcome::Left { packet, .. } => packet,
        }
    }

    /// Whether both packets ended at the same place, with the same ends of their own.
    pub fn ends_like(&self, other: &Outcome) -> bool {
        let (one, two) = (self.arrival(), other.arrival());
        let ends = |packet: &Packet| (packet.source, packet.destination);
        (one.link, one.via, ends(&one.packet)) == (two.link, two.via, ends(&two.packet))
    }

    fn arrival(&self) -> Arrival {
        let packet = self.packet().clone();
        match self {
            Outcome::Here(_) => Arrival { packet, link: None, via: None },
            Outcome::Inside { bridge, .. } => {
                Arrival { via: Some(packet.destination), packet, link: Some(bridge.clone()) }
            }
            Outcome::Left { link, via, .. } => {
                Arrival { via: via.or(Some(packet.destination)), packet, link: Some(link.clone()) }
            }
        }
    }
}

impl Packet {
    /// What of it goes over to the next host.
    pub(super) fn on_the_wire(&self) -> Packet {
        Packet {
            source_port: self.source_port,
            destination_port: self.destination_port,
            icmp: self.icmp,
            tcp_flags: self.tcp_flags,
            random_port: self.random_port,
            ..Packet::new(self.source, self.destination, self.protocol)
        }
    }
}

impl Log {
    /// The host that takes the packet next, and the link it comes in by there: the one that has the address of the next hop, on a
    /// link that shares a prefix with the one it left by. Where that is nobody's, the one that has the destination itself: the
    /// routers between are none of the hosts.
    pub(super) fn next_host(&mut self, hosts: &[Tracer], host: usize, outcome: &Outcome) -> Option<(usize, String)> {
        let Outcome::Left { link, via, packet } = outcome else { return None };
        if hosts.len() == 1 {
            return None;
        }
        let next_hop = via.unwrap_or(packet.destination);
        let shared = hosts[host].ground.prefixes(link);
        let others = || hosts.iter().enumerate().filter(|(other, _)| *other != host);
        let mut neighbours =
            others().filter_map(|(other, tracer)| Some((other, tracer.ground.at_home(next_hop, Some(shared))?)));
        if let Some(found) = neighbours.next() {
            return neighbours.next().is_none().then_some(found);
        }
        if let Some(via) = via {
            let mut owners =
                others().filter_map(|(other, tracer)| Some((other, tracer.ground.at_home(packet.destination, None)?)));
            let found = owners.next()?;
            if owners.next().is_none() {
                let name = &hosts[found.0].host.name;
                self.note("route", None, routers_between(*via, name));
                return Some(found);
            }
        }
        None
    }
}

fn routers_between(via: IpAddr, name: &str) -> Text {
    text!(
        "{via} is none of these hosts; it is taken to route to {name}",
        "{via} 不是这些主机之一；假定它会转发到 {name}"
    )
}

fn is_for_many(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_broadcast() || address.is_multicast(),
        IpAddr::V6(address) => address.is_multicast(),
    }
}
