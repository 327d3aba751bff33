//! Reverse path filtering of IPv4 (net/ipv4/fib_frontend.c `fib_validate_source`); IPv6 has none but what a firewall does.

use std::net::IpAddr;

use super::rules::Ended;
use super::{Answer, Fib, Flow, LOOPBACK, Lookup, Query, Verdict};
use crate::host::{Link, NextHop, Route, RouteKind};
use crate::text::{Text, text};

/// `max(net.ipv4.conf.all.rp_filter, net.ipv4.conf.LINK.rp_filter)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Off,
    /// The answer must leave by the link the packet came by (RFC 3704 strict).
    Strict,
    /// Some route must lead back (RFC 3704 loose).
    Loose,
}

/// What the filter says to a packet that arrives.
#[derive(Clone, Debug, PartialEq)]
pub enum ReversePath<'a> {
    Pass,
    /// Dropped by rp_filter (counted as IPReversePathFilter); the route back that leads elsewhere, if there is one.
    Dropped {
        mode: Mode,
        back: Option<&'a Route>,
    },
    /// Dropped in any mode: the source is an address of this host, or no address a host can have.
    Martian,
    Undetermined(Text),
}

/// A packet to validate.
struct Arrival<'q> {
    query: &'q Query,
    source: IpAddr,
    /// The source of the lookup back.
    towards: Option<IpAddr>,
    link: &'q Link,
}

impl<'a> Fib<'a> {
    /// [`Self::reverse_path_behind`] behind its own lookup.
    #[cfg(any(test, feature = "internals"))]
    pub fn reverse_path(&self, query: &Query) -> ReversePath<'a> {
        self.reverse_path_behind(query, &self.lookup(query))
    }

    /// Whether the packet of `query`, which must say its source and the link it arrives on, passes the filter there; `forward` is the lookup of that very query.
    pub fn reverse_path_behind(&self, query: &Query, forward: &Lookup<'a>) -> ReversePath<'a> {
        let arrival = query.iif.as_ref().and_then(|name| self.link_named(name)).and_then(|index| self.link(index));
        let (Some(source), Some(link)) = (query.source, arrival) else {
            return ReversePath::Undetermined(text!(
                "a reverse path needs a source and a link of arrival that is there",
                "反向路径检查需要源地址和存在的入接口"
            ));
        };
        let IpAddr::V4(address) = source else { return ReversePath::Pass };
        if address.is_multicast() || address.is_broadcast() || address.octets()[0] == 0 {
            return ReversePath::Martian;
        }
        if let Verdict::Undetermined(why) = &forward.verdict {
            return ReversePath::Undetermined(why.clone());
        }
        // For a packet to forward, rules see the way back as if it came in by the link that the packet leaves by.
        let mut leaves: Vec<Option<u32>> = match forward.verdict {
            Verdict::Unicast => forward.hops.iter().map(|hop| hop.link).collect(),
            _ => vec![None],
        };
        leaves.dedup();
        // A broadcast's own destination says nothing of who would answer it.
        let towards = (forward.verdict != Verdict::Broadcast).then_some(query.destination);
        let arrival = Arrival { query, source, towards, link };
        let mut answers = leaves.into_iter().map(|out| self.validate(&arrival, out));
        let first = answers.next().unwrap_or(ReversePath::Pass);
        if answers.all(|answer| answer == first) {
            return first;
        }
        ReversePath::Undetermined(text!(
            "the reverse path depends on which of several hops the packet takes",
            "反向路径取决于报文走多条下一跳中的哪一条"
        ))
    }

    /// `fib_validate_source`.
    fn validate(&self, arrival: &Arrival, out: Option<u32>) -> ReversePath<'a> {
        let Arrival { link, source, .. } = *arrival;
        let Some(rp_filter) = self.strongest("rp_filter", &link.name) else {
            return ReversePath::Undetermined(text!("rp_filter was not seen", "没有采集到 rp_filter"));
        };
        let mode = match rp_filter {
            0 => Mode::Off,
            1 => Mode::Strict,
            _ => Mode::Loose,
        };
        let full = self.validate_fully(arrival, out, mode);
        let redirects = out == Some(link.index) && self.either("send_redirects", &link.name);
        if mode != Mode::Off || redirects {
            return full;
        }
        // Without a filter only this host's own addresses are refused, and the tables are asked only where they were added to.
        let short = match self.has_address(source) && !self.accepts_local(link) {
            true => ReversePath::Martian,
            false => ReversePath::Pass,
        };
        match () {
            () if self.accepts_local(link) => ReversePath::Pass,
            () if full == short || !self.has_kernel_rules_v4() || self.has_custom_local_routes() => full,
            () => ReversePath::Undetermined(text!(
                "whether the kernel looks {source} up depends on whether a rule or local route was ever added",
                "内核是否为 {source} 查表，取决于此前是否添加过策略路由规则或本地路由"
            )),
        }
    }

    /// `__fib_validate_source`.
    fn validate_fully(&self, arrival: &Arrival, out: Option<u32>, mode: Mode) -> ReversePath<'a> {
        let Arrival { query, source, towards, link } = *arrival;
        let marked = self.either("src_valid_mark", &link.name);
        let mut flow = Flow {
            source: towards,
            iif: out.unwrap_or(LOOPBACK),
            vrf: self.vrf_of(link),
            mark: if marked { query.mark } else { 0 },
            protocol: query.protocol,
            source_port: query.destination_port.unwrap_or(0),
            destination_port: query.source_port.unwrap_or(0),
            tos: query.tos,
            ..Flow::blank(source)
        };
        let (route, hops) = match self.look_v4(&mut flow, true) {
            Ended::Answer(Answer::Unknown(why), _) => return ReversePath::Undetermined(why),
            Ended::Answer(Answer::Found(found), _) => match self.hops(found.route) {
                Ok(hops) => (found.route, hops.hops),
                Err(why) => return ReversePath::Undetermined(why),
            },
            _ if mode == Mode::Off => return ReversePath::Pass,
            _ => return ReversePath::Dropped { mode, back: None },
        };
        match route.kind {
            RouteKind::Unicast => {}
            RouteKind::Local if self.accepts_local(link) => {}
            _ => return ReversePath::Martian,
        }
        let here = |hop: &NextHop| {
            hop.link.and_then(|index| self.link(index)).is_some_and(|back| {
                back.index == link.index || (link.vrf_table.is_some() && self.vrf_of(back) == link.index)
            })
        };
        let loops = route.kind == RouteKind::Local && link.loopback;
        let addressless = || !self.addresses_of(link.index).any(|a| a.address.addr().is_ipv4());
        match mode {
            _ if loops || hops.iter().any(here) => ReversePath::Pass,
            Mode::Off => ReversePath::Pass,
            Mode::Loose if !addressless() => ReversePath::Pass,
            mode => ReversePath::Dropped { mode, back: Some(route) },
        }
    }

    fn has_custom_local_routes(&self) -> bool {
        const RTPROT_KERNEL: u8 = 2;
        self.index.local_routes().any(|route| route.protocol != RTPROT_KERNEL)
    }

    fn accepts_local(&self, link: &Link) -> bool {
        self.either("accept_local", &link.name)
    }

    /// A key that counts when it is set for `all` or for the link (IN_DEV_ORCONF).
    fn either(&self, key: &str, link: &str) -> bool {
        self.strongest(key, link).unwrap_or(0) != 0
    }

    /// IN_DEV_MAXCONF.
    fn strongest(&self, key: &str, link: &str) -> Option<i64> {
        Some(self.link_sysctl("ipv4", "all", key)?.max(self.link_sysctl("ipv4", link, key)?))
    }
}
