//! What packets of declared peers meet on their way to containers here.

use std::net::IpAddr;

use ipnet::IpNet;

use super::here::Here;
use super::peers::{PeerSubnet, is_open, subnets};
use super::{Scene, peers};
use crate::engine::Bridge;
use crate::finding::Findings;
use crate::host::ipproto::{ICMP, ICMPV6, TCP, UDP};
use crate::host::{Container, Family, Missing};
use crate::path::fib::Query;
use crate::path::netfilter::rule::{Field, Key, Side, Step, Test, Values};
use crate::path::netfilter::{
    Backend, Chain, Connection, Did, Hook, Layer, Netfilter, Packet, Passage, Verdict as Passed,
};
use crate::path::trace::{By, End, Flow, Origin, Trace, Tracer, Verdict, Way};
use crate::text::{Text, text};

/// Everything that is asked with.
pub struct Asker<'a> {
    pub here: Here<'a>,
    pub tracer: &'a Tracer<'a>,
    pub peers: Vec<PeerSubnet<'a>>,
    /// Those of the other hosts whose facts allow it.
    others: Vec<Tracer<'a>>,
    /// Ports that rules ask for.
    ports: Vec<u16>,
}

/// A kind of packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    pub protocol: u8,
    pub port: Option<u16>,
}

/// A container that a peer asks for in vain.
pub struct Lost<'a> {
    pub container: &'a str,
    pub address: IpAddr,
    pub kind: Kind,
    pub by: By,
}

/// A peer's containers and one network here.
pub struct Meeting<'p, 'a> {
    pub peer: &'p PeerSubnet<'a>,
    /// The link by which the peer's packets arrive.
    pub link: String,
    /// The source with which they may arrive: as one that is masqueraded, as one that is not, or the one of both that the peer's own
    /// rules make it.
    pub sources: Vec<IpAddr>,
    pub lost: Vec<Lost<'a>>,
}

impl<'a> Asker<'a> {
    /// # Errors
    /// [`Missing`] when links, addresses, routes or the firewall's rules were not seen.
    pub fn new(scene: &Scene<'a>, findings: &mut Findings) -> Result<Self, Missing> {
        let here = Here::new(scene, findings)?;
        findings.need("routes", &scene.host.routes)?;
        let tracer = scene.tracer()?;
        let ports = match &tracer.netfilter {
            Ok(netfilter) => ports_of_rules(netfilter),
            Err(missing) => return Err(missing.clone()),
        };
        let (peers, missing) = subnets(scene);
        missing.into_iter().for_each(|one| findings.lacks(one));
        let others = scene.others.iter().filter(|_| scene.options.mesh).filter_map(|other| Tracer::new(other).ok());
        Ok(Asker { here, tracer, peers, others: others.collect(), ports })
    }

    /// The networks here that others may ask for: bridges with each of their subnets.
    pub fn networks(&self) -> impl Iterator<Item = (&Bridge<'a>, IpNet)> {
        let open = self.here.bridges.iter().filter(|bridge| is_open(bridge) && bridge.link.is_some());
        open.flat_map(|bridge| bridge.connected.iter().map(move |subnet| (bridge, *subnet)))
    }

    /// What becomes of packets that the peers of the subnet's family send to the containers on it. Peers whose way here is not known are left
    /// out: peer-route-missing tells of them.
    ///
    /// # Errors
    /// [`Missing`] when the containers of the network are not known.
    pub fn meetings(
        &self,
        bridge: &Bridge<'a>,
        subnet: IpNet,
        findings: &mut Findings,
    ) -> Result<Vec<Meeting<'_, 'a>>, Missing> {
        let family = Family::of(subnet.addr());
        let mut meetings = Vec::new();
        let containers: Vec<(&'a Container, IpAddr)> =
            self.here.endpoints(bridge)?.into_iter().filter(|(_, address)| subnet.contains(address)).collect();
        for peer in self.peers.iter().filter(|peer| peer.family() == family && !self.clashes(peer)) {
            let Some(link) = self.arrives_by(peer) else { continue };
            let sources = self.sources(peer, containers.first().map_or(subnet.addr(), |(_, address)| *address));
            let mut meeting = Meeting { peer, link, sources, lost: Vec::new() };
            for (container, address) in &containers {
                for kind in kinds(container, family) {
                    match self.ended(&meeting, *address, kind) {
                        Ok(Some(by)) => {
                            meeting.lost.push(Lost { container: &container.name, address: *address, kind, by });
                        }
                        Ok(None) => {}
                        Err(why) => findings.lacks(Missing { fact: "firewall", why }),
                    }
                }
            }
            meetings.push(meeting);
        }
        Ok(meetings)
    }

    fn clashes(&self, peer: &PeerSubnet) -> bool {
        let mut connected = self.here.bridges.iter().flat_map(|bridge| &bridge.connected);
        connected.any(|subnet| crate::subnet::overlaps(*subnet, peer.subnet))
    }

    /// By the link of the route to its containers, where there is one of their own; else by the one to the peer itself.
    fn arrives_by(&self, peer: &PeerSubnet) -> Option<String> {
        let lookup = self.tracer.fib.lookup(&Query::to(peer.container()));
        let own = lookup.route.is_some_and(|route| !route.is_default() && !route.is_half_default());
        let link = match lookup.link().filter(|link| own && lookup.is_unicast() && self.here.bridge(*link).is_none()) {
            Some(link) => link,
            None => peer.nearest(&self.tracer.fib, &self.here)?.link,
        };
        Some(self.here.name(link))
    }

    /// What the peer's rules make of the source, where its snapshot shows them; else both that it may be.
    fn sources(&self, peer: &PeerSubnet, to: IpAddr) -> Vec<IpAddr> {
        let container = peer.container();
        if let Some((host, bridge)) = &peer.seen
            && let Some(tracer) = self.others.iter().find(|other| std::ptr::eq(other.host, *host))
        {
            let from = Origin::Bridge { bridge: bridge.clone(), port: None, source: container };
            let kind = Kind { protocol: TCP, port: Some(80) };
            if let Some(arrival) = tracer.request(&kind.flow(from, to)).arrives {
                return vec![arrival.packet.source];
            }
        }
        let own = peer.nearest(&self.tracer.fib, &self.here).map(|nearest| nearest.address);
        own.into_iter().chain([container]).collect()
    }

    /// What ends packets of that kind before they come to the container, whatever of the possible sources they have. None: some of them come
    /// there, or something else than the firewall is at fault.
    fn ended(&self, meeting: &Meeting, to: IpAddr, kind: Kind) -> Result<Option<By>, Text> {
        let mut ended = None;
        let mut doubt = None;
        for source in &meeting.sources {
            let from = Origin::Link { link: meeting.link.clone(), source: *source };
            let trace = self.tracer.request(&kind.flow(from, to));
            match (trace.verdict, trace.end) {
                (Verdict::Undetermined, _) => {
                    doubt = Some(trace.undecided.first().cloned().unwrap_or_else(|| undecided(to)))
                }
                (_, Some(End { way: Way::Request, by: Some(by), .. })) => ended = ended.or(Some(by)),
                _ => return Ok(None),
            }
        }
        match doubt {
            Some(why) => Err(why),
            None => Ok(ended),
        }
    }

    /// What ends packets of containers here to a peer's, or their replies, on this host; with the containers' addresses.
    ///
    /// # Errors
    /// [`Missing`] when the containers of the network are not known.
    pub fn outbound(
        &self,
        bridge: &Bridge<'a>,
        subnet: IpNet,
        peer: &PeerSubnet,
        findings: &mut Findings,
    ) -> Result<Vec<(IpAddr, By)>, Missing> {
        let there = peer.container();
        let lookup = self.tracer.fib.lookup(&Query::forwarded(peers::second(subnet), there, &bridge.link_name));
        let leaves = lookup.is_unicast() && lookup.link().is_some_and(|link| self.here.bridge(link).is_none());
        if Family::of(subnet.addr()) != peer.family() || self.clashes(peer) || !leaves {
            return Ok(Vec::new());
        }
        let mut ended = Vec::new();
        for (_, address) in self.here.endpoints(bridge)?.into_iter().filter(|(_, address)| subnet.contains(address)) {
            let trace = self.leaving(bridge, address, there, Kind { protocol: TCP, port: Some(80) });
            if trace.verdict == Verdict::Undetermined {
                let why = trace.undecided.first().cloned().unwrap_or_else(|| undecided(there));
                findings.lacks(Missing { fact: "firewall", why });
            } else if let Some(End { by: Some(by), .. }) = trace.end {
                ended.push((address, by));
            }
        }
        Ok(ended)
    }

    /// Whether packets of some kind get from that container to the peer's, and their replies back: then somebody has chosen which.
    pub fn lets_some_out(&self, bridge: &Bridge, from: IpAddr, peer: &PeerSubnet) -> bool {
        let there = peer.container();
        self.some_kinds(there).any(|kind| self.leaving(bridge, from, there, kind).verdict == Verdict::Forwarded)
    }

    fn leaving(&self, bridge: &Bridge, from: IpAddr, there: IpAddr, kind: Kind) -> Trace {
        let from = Origin::Bridge { bridge: bridge.link_name.clone(), port: None, source: from };
        self.tracer.trace(&kind.flow(from, there))
    }

    /// A ping, the web's port and those that rules ask for.
    fn some_kinds(&self, to: IpAddr) -> impl Iterator<Item = Kind> {
        let icmp = if to.is_ipv4() { ICMP } else { ICMPV6 };
        let some = [Kind { protocol: icmp, port: None }, Kind { protocol: TCP, port: Some(80) }].into_iter();
        some.chain(self.ports.iter().flat_map(|port| [TCP, UDP].map(|protocol| Kind { protocol, port: Some(*port) })))
    }

    pub fn netfilter(&self) -> Option<&Netfilter<'a>> {
        self.tracer.netfilter.as_ref().ok()
    }

    /// What the rules of FORWARD do to such a packet, had it come so far.
    pub fn forward(
        &self,
        meeting: &Meeting,
        source: IpAddr,
        bridge: &Bridge,
        to: IpAddr,
        kind: Kind,
    ) -> Option<Passage> {
        let mut packet = Packet {
            iif: Some(meeting.link.clone()),
            oif: Some(bridge.link_name.clone()),
            ..Packet::first(source, to, kind.protocol, (None, kind.port))
        };
        packet.connection = Some(Connection::new(packet.tuple()));
        Some(self.netfilter()?.pass(Layer::Network, Hook::Forward, packet))
    }

    /// Whether a rule that is not the engine's lets some packets of the peer pass to that container, beside the policy that ends others: then
    /// somebody has chosen which.
    pub fn admits_some(&self, meeting: &Meeting, bridge: &Bridge, lost: &Lost) -> bool {
        let Some(netfilter) = self.netfilter() else { return false };
        let by_admin = |passage: &Passage| {
            let accepts = passage.trail.iter().filter(|taken| taken.did == Did::Accepted && taken.rule.is_some());
            passage.verdict == Passed::Accept
                && accepts.map(|taken| netfilter.chain(taken.chain)).any(|chain| {
                    chain.backend == lost.by.backend && chain.table == lost.by.table && !is_engines_chain(chain)
                })
        };
        self.some_kinds(lost.address).any(|kind| {
            meeting.sources.iter().any(|source| {
                self.forward(meeting, *source, bridge, lost.address, kind).is_some_and(|passage| by_admin(&passage))
            })
        })
    }
}

impl Kind {
    fn flow(self, from: Origin, destination: IpAddr) -> Flow {
        Flow { from, destination, protocol: self.protocol, source_port: None, destination_port: self.port }
    }

    /// As people write it: `tcp 80`, `ping`.
    pub fn word(self) -> String {
        match (self.protocol, self.port) {
            (TCP, Some(port)) => format!("tcp {port}"),
            (UDP, Some(port)) => format!("udp {port}"),
            (_, Some(port)) => format!("{} {port}", self.protocol),
            (_, None) => "ping".to_owned(),
        }
    }
}

impl Meeting<'_, '_> {
    /// What stands behind `-s` to mean the peer's containers: their subnet, or the one address that they are masqueraded to.
    pub fn rule_sources(&self) -> Vec<String> {
        let word = |source: &IpAddr| match self.peer.subnet.contains(source) {
            true => self.peer.subnet.to_string(),
            false => source.to_string(),
        };
        self.sources.iter().map(word).collect()
    }
}

/// What a container is asked for: the ports that it says it has, and where it says nothing a ping and the web's port.
fn kinds(container: &Container, family: Family) -> Vec<Kind> {
    let protocol = |word: &str| match word {
        "tcp" => Some(TCP),
        "udp" => Some(UDP),
        _ => None,
    };
    let mut kinds: Vec<Kind> = Vec::new();
    for port in &container.ports {
        let kind = protocol(&port.protocol).map(|protocol| Kind { protocol, port: Some(port.container_port) });
        kinds.extend(kind.filter(|kind| !kinds.contains(kind)));
    }
    if kinds.is_empty() {
        let icmp = if family == Family::V4 { ICMP } else { ICMPV6 };
        kinds = vec![Kind { protocol: icmp, port: None }, Kind { protocol: TCP, port: Some(80) }];
    }
    kinds
}

/// As many as are tried.
const MOST_PORTS: usize = 64;

/// Ports that some rule asks for, the first of each range.
fn ports_of_rules(netfilter: &Netfilter) -> Vec<u16> {
    let mut ports = Vec::new();
    let rules = netfilter.chains().filter(|chain| !is_engines_chain(chain)).flat_map(|chain| &chain.rules);
    for step in rules.flat_map(|rule| &rule.steps) {
        if let Step::If(Test::One {
            key: Key { field: Field::Port(Side::Destination), .. },
            values: Values::Ranges(ranges),
            ..
        }) = step
        {
            ports.extend(ranges.iter().filter_map(|(first, _)| u16::try_from(*first).ok()));
        }
    }
    ports.sort_unstable();
    ports.dedup();
    ports.truncate(MOST_PORTS);
    ports
}

/// Whether it is the policy of a chain at the forward hook.
pub fn is_forward_policy(netfilter: &Netfilter, by: &By) -> bool {
    let hooked = |chain: &&Chain| chain.base.as_ref().is_some_and(|base| base.hook == Hook::Forward);
    let named = |chain: &&Chain| {
        (chain.backend, chain.family.word(), &chain.table, &chain.name)
            == (by.backend, by.family.as_str(), &by.table, &by.chain)
    };
    by.rule.is_none() && by.family != "bridge" && netfilter.chains().filter(hooked).any(|chain| named(&chain))
}

/// Whether a chain is one that the engine keeps for itself; DOCKER-USER is the admin's.
pub fn is_engines_chain(chain: &Chain) -> bool {
    match chain.backend {
        Backend::Nft => chain.table == "docker-bridges",
        _ => chain.name.starts_with("DOCKER") && chain.name != "DOCKER-USER",
    }
}

fn undecided(to: IpAddr) -> Text {
    text!("what happens to packets for {to} could not be decided", "无法判定发往 {to} 的数据包会怎样")
}
