//! Policy rules and routing tables: what the kernel answers when it looks up a destination. IPv4 and IPv6.
//!
//! The model follows the kernel (measured on Linux 6.18; net/core/fib_rules.c, net/ipv4/fib_{rules,frontend,semantics,trie}.c,
//! net/ipv4/route.c, net/ipv6/{fib6_rules,ip6_fib,route,addrconf}.c), held against RTM_GETROUTE by `tests/kernel`. It takes
//! gateways to be alive: a neighbour that does not answer is another question.

mod index;
mod netfilter;
mod reverse;
mod rules;
mod source;
mod v4;
mod v4_table;
mod v6;

use std::net::IpAddr;
use std::rc::Rc;

use rules::Ended;

use crate::host::{Family, Missing, NextHop, Route, RouteKind, Rule, Snapshot};
use crate::text::{Text, text};

use index::Index;
pub use netfilter::rtn;
pub use reverse::ReversePath;

/// A packet as the lookup sees it. What is left at its default is what most packets are: unmarked, sent by root, and of no
/// protocol or port that a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub destination: IpAddr,
    /// None: the kernel chooses it (see [`Lookup::source`]).
    pub source: Option<IpAddr>,
    /// The link it arrived on, by name; none: this host sends it.
    pub iif: Option<String>,
    /// The link it is bound to, by name.
    pub oif: Option<String>,
    /// The firewall mark.
    pub mark: u32,
    /// The user who sends it; forwarded packets belong to root.
    pub uid: u32,
    /// IPPROTO_*; 0 matches no rule that names one.
    pub protocol: u8,
    pub source_port: Option<u16>,
    pub destination_port: Option<u16>,
    /// The DS field without its ECN bits (`tos` of ip-route(8)).
    pub tos: u8,
}

/// What the lookup found.
#[derive(Clone, Debug, PartialEq)]
pub struct Lookup<'a> {
    pub verdict: Verdict,
    /// The rule that ended the lookup; none where no rule did.
    pub rule: Option<&'a Rule>,
    /// The route that won; of several equal ones (multipath over routes) the first.
    pub route: Option<&'a Route>,
    /// All hops that the kernel may choose; one, but for multipath. A gateway that is an address of this very host is told as
    /// the route has it; whether the kernel uses it depends on what its tables were when the route was added.
    pub hops: Vec<NextHop>,
    /// The source address chosen when the query had none; none where there is none or it depends on the hop. The kernel tells
    /// `src` of the first hop of an IPv6 multipath route only; the others are taken to have the same.
    pub source: Option<IpAddr>,
}

/// Where a packet goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Unicast,
    Local,
    Broadcast,
    Multicast,
    Anycast,
    Blackhole,
    Unreachable,
    Prohibit,
    /// No rule led to a route (ENETUNREACH).
    NoRoute,
    /// The kernel refuses such a packet whatever its routes are: a source or destination that cannot be (EINVAL).
    Martian,
    /// The facts do not decide it; this is why.
    Undetermined(Text),
}

/// The rules, tables, links and addresses of one host, ready to be asked.
#[derive(Clone, Debug)]
pub struct Fib<'a> {
    index: Rc<Index<'a>>,
    /// Links that are taken not to exist.
    without: Vec<u32>,
}

/// What a table, or all rules, answered.
#[derive(Clone, Debug)]
enum Answer<'a> {
    /// Nothing here: the next rule is asked (`throw` too, in the rules' order).
    Nothing,
    /// A route that ends the packet.
    Reject(&'a Route),
    Found(Found<'a>),
    Unknown(Text),
}

/// A route that takes the packet, and the hops it may take.
#[derive(Clone, Debug)]
struct Found<'a> {
    route: &'a Route,
    /// The hop whose link suppressors look at: of IPv4 the first of the route, dead or alive.
    judged: NextHop,
    hops: Vec<Choice>,
}

/// A hop that may be chosen, and the source address that comes with it.
#[derive(Clone, Debug)]
struct Choice {
    hop: NextHop,
    source: Option<IpAddr>,
}

/// A query with its links resolved, as the kernel carries it through the rules.
#[derive(Clone, Debug)]
struct Flow {
    destination: IpAddr,
    source: Option<IpAddr>,
    /// `flowi_iif`: 1, the loopback, for packets of this host.
    iif: u32,
    /// `flowi_oif`: 0 for none.
    oif: u32,
    /// `flowi_l3mdev`: the VRF that `oif` or `iif` is or belongs to; 0 for none.
    vrf: u32,
    mark: u32,
    uid: u32,
    protocol: u8,
    source_port: u16,
    destination_port: u16,
    tos: u8,
}

/// LOOPBACK_IFINDEX, include/net/flow.h.
const LOOPBACK: u32 = 1;

/// An address of that family that is outside of every host: a.root-servers.net (IANA root hints). Nothing is sent to it.
pub fn outside(family: Family) -> IpAddr {
    match family {
        Family::V4 => [198, 41, 0, 4].into(),
        Family::V6 => [0x2001, 0x503, 0xba3e, 0, 0, 0, 2, 0x30].into(),
    }
}

impl Query {
    /// What this host sends to `destination`, with nothing else said.
    pub fn to(destination: IpAddr) -> Self {
        Query {
            destination,
            source: None,
            iif: None,
            oif: None,
            mark: 0,
            uid: 0,
            protocol: 0,
            source_port: None,
            destination_port: None,
            tos: 0,
        }
    }

    /// What arrives on the link `iif` from `source` for `destination`.
    pub fn forwarded(source: IpAddr, destination: IpAddr, iif: &str) -> Self {
        Query { source: Some(source), iif: Some(iif.to_owned()), ..Query::to(destination) }
    }
}

impl<'a> Fib<'a> {
    /// The tables of one host. Gaps in its facts are the caller's business.
    ///
    /// # Errors
    /// [`Missing`] when routes, rules, links or addresses were not seen.
    pub fn new(host: &'a Snapshot) -> Result<Self, Missing> {
        Ok(Fib { index: Rc::new(Index::new(host)?), without: Vec::new() })
    }

    /// The same tables as if this link, its addresses and every route over it, of the local table too, did not exist.
    pub fn without_link(&self, link: u32) -> Fib<'a> {
        let mut without = self.without.clone();
        without.push(link);
        Fib { index: Rc::clone(&self.index), without }
    }

    /// What the kernel would do with this packet.
    pub fn lookup(&self, query: &Query) -> Lookup<'a> {
        let flow = match self.flow(query) {
            Ok(flow) => flow,
            Err(why) => return Lookup::of(Verdict::Undetermined(why)),
        };
        match Family::of(query.destination) {
            Family::V4 => self.route_v4(flow, query.iif.is_some()),
            Family::V6 => self.route_v6(flow, query.iif.is_some()),
        }
    }

    fn flow(&self, query: &Query) -> Result<Flow, Text> {
        if query.source.is_some_and(|source| source.is_ipv4() != query.destination.is_ipv4()) {
            return Err(text!("source and destination are of different families", "源地址与目的地址不属于同一地址族"));
        }
        let index_of = |name: &Option<String>| match name {
            None => Ok(0),
            Some(name) => self
                .link_named(name)
                .ok_or_else(|| text!("there is no link named {name}", "没有名为 {name} 的网络接口")),
        };
        let oif = index_of(&query.oif)?;
        let iif = index_of(&query.iif)?;
        Ok(Flow {
            destination: query.destination,
            source: query.source.filter(|source| !source.is_unspecified()),
            iif: if iif == 0 { LOOPBACK } else { iif },
            // A packet that arrives is bound to no link (ip_route_input_slow, ip6_route_input).
            oif: if iif == 0 { oif } else { 0 },
            vrf: 0,
            mark: query.mark,
            uid: if iif == 0 { query.uid } else { 0 },
            protocol: query.protocol,
            source_port: query.source_port.unwrap_or(0),
            destination_port: query.destination_port.unwrap_or(0),
            tos: query.tos,
        })
    }
}

impl Lookup<'_> {
    /// The link the packet leaves by, when all hops agree on one.
    pub fn link(&self) -> Option<u32> {
        let link = self.hops.first()?.link?;
        self.hops.iter().all(|hop| hop.link == Some(link)).then_some(link)
    }

    /// The gateway, when all hops agree on one; none also for what is on-link.
    pub fn gateway(&self) -> Option<IpAddr> {
        let via = self.hops.first()?.via?;
        self.hops.iter().all(|hop| hop.via == Some(via)).then_some(via)
    }

    /// Whether it is certain that the kernel finds no way.
    pub fn is_refused(&self) -> bool {
        use Verdict::{Blackhole, Martian, NoRoute, Prohibit, Unreachable};
        matches!(self.verdict, Blackhole | Unreachable | Prohibit | NoRoute | Martian)
    }

    /// Whether the packet leaves towards another host, or may.
    pub fn is_unicast(&self) -> bool {
        self.verdict == Verdict::Unicast
    }

    fn of(verdict: Verdict) -> Self {
        Lookup { verdict, rule: None, route: None, hops: Vec::new(), source: None }
    }
}

impl<'a> Lookup<'a> {
    /// What the rules ended with, as the caller is told; `choose` settles the sources of the hops that were found.
    fn ended(ended: Ended<'a>, choose: impl FnOnce(&'a Route, &mut [Choice])) -> Self {
        let (answer, rule) = match ended {
            Ended::Action(verdict, rule) => return Lookup { rule: Some(rule), ..Lookup::of(verdict) },
            Ended::Answer(answer, rule) => (answer, rule),
        };
        match answer {
            Answer::Nothing => Lookup::of(Verdict::NoRoute),
            Answer::Unknown(why) => Lookup { rule, ..Lookup::of(Verdict::Undetermined(why)) },
            Answer::Reject(route) => Lookup { rule, route: Some(route), ..Lookup::of(reject_verdict(route.kind)) },
            Answer::Found(found) => {
                let verdict = match found.route.kind {
                    RouteKind::Local => Verdict::Local,
                    RouteKind::Broadcast => Verdict::Broadcast,
                    RouteKind::Multicast => Verdict::Multicast,
                    RouteKind::Anycast => Verdict::Anycast,
                    _ => Verdict::Unicast,
                };
                let mut choices = found.hops;
                choose(found.route, &mut choices);
                Lookup::found(verdict, rule, Some(found.route), choices)
            }
        }
    }

    fn found(verdict: Verdict, rule: Option<&'a Rule>, route: Option<&'a Route>, choices: Vec<Choice>) -> Self {
        let source = choices.first().and_then(|first| first.source);
        let source = source.filter(|_| choices.iter().all(|choice| choice.source == source));
        let hops = choices.into_iter().map(|choice| choice.hop).collect();
        Lookup { verdict, rule, route, hops, source }
    }
}

fn reject_verdict(kind: RouteKind) -> Verdict {
    match kind {
        RouteKind::Unreachable => Verdict::Unreachable,
        RouteKind::Prohibit => Verdict::Prohibit,
        _ => Verdict::Blackhole,
    }
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
