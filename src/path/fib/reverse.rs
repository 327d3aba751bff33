//! Reverse path filtering of IPv4 (net/ipv4/fib_frontend.c `fib_validate_source`); IPv6 has none but what a firewall does.

use std::net::{IpAddr, Ipv4Addr};

use super::rules::Ended;
use super::{Answer, Fib, Flow, LOOPBACK, Query};
use crate::host::{Route, RouteKind};
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

impl<'a> Fib<'a> {
    /// Whether the packet of `query`, which must say its source and the link it arrives on, passes the filter there.
    pub fn reverse_path(&self, query: &Query) -> ReversePath<'a> {
        let unsaid = || {
            ReversePath::Undetermined(text!(
                "a reverse path needs a source and the link of arrival",
                "反向路径检查需要源地址和入接口"
            ))
        };
        let (Some(source), Some(iif)) = (query.source, query.iif.as_ref()) else { return unsaid() };
        let Some(link) = self.link_named(iif).and_then(|index| self.link(index)) else { return unsaid() };
        let IpAddr::V4(address) = source else { return ReversePath::Pass };
        if address.is_unspecified() {
            return ReversePath::Pass;
        }
        if address.is_multicast() || address == Ipv4Addr::BROADCAST || address.octets()[0] == 0 {
            return ReversePath::Martian;
        }
        let Some(rp_filter) = self.strongest("rp_filter", iif) else { return self.unseen("rp_filter") };
        let mode = match rp_filter {
            0 => Mode::Off,
            1 => Mode::Strict,
            _ => Mode::Loose,
        };
        let accepts_local = self.link_sysctl("ipv4", iif, "accept_local").unwrap_or(0) != 0;
        // Without a filter only one's own addresses are refused; the kernel looks them up only where tables may add to them.
        if mode == Mode::Off && accepts_local {
            return ReversePath::Pass;
        }
        let mut flow = self.way_back(query, source, iif);
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
            RouteKind::Local if accepts_local || link.loopback => {}
            _ => return ReversePath::Martian,
        }
        let here = |hop: &crate::host::NextHop| {
            hop.link.and_then(|index| self.link(index)).is_some_and(|out| {
                out.index == link.index || (link.vrf_table.is_some() && self.vrf_of(out) == link.index)
            })
        };
        let addressless = !self.addresses().any(|a| a.link == link.index && a.address.addr().is_ipv4());
        match mode {
            _ if hops.iter().any(here) => ReversePath::Pass,
            Mode::Off => ReversePath::Pass,
            Mode::Loose if !addressless => ReversePath::Pass,
            mode => ReversePath::Dropped { mode, back: Some(route) },
        }
    }

    /// The lookup for the source as a destination (`__fib_validate_source`).
    fn way_back(&self, query: &Query, source: IpAddr, iif: &str) -> Flow {
        let marked = self.strongest("src_valid_mark", iif).unwrap_or(0) != 0;
        Flow {
            source: Some(query.destination),
            iif: LOOPBACK,
            vrf: self.link_named(iif).and_then(|index| self.link(index)).map_or(0, |link| self.vrf_of(link)),
            mark: if marked { query.mark } else { 0 },
            protocol: query.protocol,
            source_port: query.destination_port.unwrap_or(0),
            destination_port: query.source_port.unwrap_or(0),
            tos: query.tos,
            ..Flow::blank(source)
        }
    }

    fn strongest(&self, key: &str, link: &str) -> Option<i64> {
        Some(self.link_sysctl("ipv4", "all", key)?.max(self.link_sysctl("ipv4", link, key)?))
    }

    fn unseen(&self, key: &str) -> ReversePath<'a> {
        ReversePath::Undetermined(text!("{key} was not seen", "没有采集到 {key}"))
    }
}
