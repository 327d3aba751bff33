//! Lookups on a packet's way: what they find, and what the kernel refuses around them.

use std::net::IpAddr;

use super::Verdict;
use super::record::Stop;
use super::walk::{Exit, Walk};
use crate::host::Family;
use crate::path::fib::{self, Lookup, Query, ReversePath};
use crate::path::netfilter::Packet;
use crate::text::text;

impl<'a> Walk<'_, 'a, '_> {
    pub(super) fn output_exit(&mut self, lookup: &Lookup<'a>) -> Result<(Exit, bool), Stop> {
        match &lookup.verdict {
            fib::Verdict::Local => Ok((Exit { link: "lo".to_owned(), via: None }, true)),
            fib::Verdict::Unicast | fib::Verdict::Broadcast | fib::Verdict::Multicast | fib::Verdict::Anycast => {
                Ok((self.exit(lookup)?, false))
            }
            _ => Err(self.refused(lookup, false)),
        }
    }

    pub(super) fn exit(&mut self, lookup: &Lookup<'a>) -> Result<Exit, Stop> {
        let hop = self.choices.hop(&lookup.hops).and_then(|hop| Some((hop.link?, hop.via)));
        let Some((link, via)) = hop else {
            let rule = self.route_words(lookup);
            let says = text!("the link of the route was not seen", "没有采集到该路由的出接口");
            self.log.note("route", rule, says.clone());
            return Err(Stop::undetermined(says));
        };
        Ok(Exit { link: self.tracer.ground.name(link), via })
    }

    pub(super) fn lookup(&mut self, query: &Query) -> Lookup<'a> {
        for gap in &self.tracer.ground.gaps {
            self.log.doubt(gap.clone());
        }
        self.tracer.fib.lookup(query)
    }

    /// `ip_route_me_harder`, for what OUTPUT changed.
    pub(super) fn lookup_again(&mut self, packet: &Packet) -> Lookup<'a> {
        // Of IPv4 the second lookup is root's (measured on Linux 6.18).
        let uid = if packet.source.is_ipv4() { 0 } else { packet.uid.unwrap_or(0) };
        self.lookup(&Query { uid, ..packet.query() })
    }

    /// The kernel does not forward between all links, nor for every source.
    pub(super) fn may_forward(&mut self, packet: &Packet) -> Result<(), Stop> {
        let ground = &self.tracer.ground;
        let link = packet.iif.as_deref().unwrap_or_default();
        let (key, value) = match packet.family() {
            // IN_DEV_FORWARD of the link of arrival (net/ipv4/route.c `ip_route_input_slow`); `ip_forward` sets all of them.
            Family::V4 => match ground.link_sysctl("ipv4", link, "forwarding") {
                Some(value) => (format!("net.ipv4.conf.{link}.forwarding"), Some(value)),
                None => ("net.ipv4.ip_forward".to_owned(), ground.sysctl("net.ipv4.ip_forward")),
            },
            // net/ipv6/ip6_output.c `ip6_forward`; `force_forwarding` since Linux 6.17.
            Family::V6 => {
                let forced = ground.link_sysctl("ipv6", link, "force_forwarding") == Some(1);
                let all = ground.link_sysctl("ipv6", "all", "forwarding");
                ("net.ipv6.conf.all.forwarding".to_owned(), if forced { Some(1) } else { all })
            }
        };
        if value == Some(0) {
            let says = text!("{key} = 0: the kernel does not forward it", "{key} = 0：内核不转发");
            return Err(self.log.end(Verdict::Dropped, "forwarding", Some(format!("{key} = 0")), says));
        }
        if value.is_none() {
            self.log.doubt_arrival(match ground.sees_sysctls() {
                true => text!("{key} was not seen", "没有采集到 {key}"),
                false => text!("sysctls were not seen", "没有采集到 sysctl"),
            });
        }
        if let IpAddr::V6(source) = packet.source
            && (source.is_unicast_link_local() || source.is_loopback() || source.is_multicast())
        {
            let says = text!("the kernel does not forward what comes from {source}", "内核不转发来自 {source} 的报文");
            return Err(self.log.end(Verdict::Dropped, "forwarding", None, says));
        }
        Ok(())
    }

    pub(super) fn reverse_path(&mut self, query: &Query, lookup: &Lookup<'a>) -> Result<(), Stop> {
        let link = query.iif.as_deref().unwrap_or_default();
        let source = query.source.unwrap_or(query.destination);
        let (rule, says) = match self.tracer.fib.reverse_path_behind(query, lookup) {
            ReversePath::Pass => return Ok(()),
            ReversePath::Undetermined(why) => {
                self.log.doubt_arrival(why);
                return Ok(());
            }
            ReversePath::Martian => (
                None,
                text!(
                    "{source} cannot be a source of what arrives on {link}",
                    "{link} 上不应收到源地址为 {source} 的报文"
                ),
            ),
            ReversePath::Dropped { back: None, .. } => (
                None,
                text!(
                    "rp_filter of {link}: no route leads back to {source}",
                    "{link} 的 rp_filter：没有回到 {source} 的路由"
                ),
            ),
            ReversePath::Dropped { back: Some(route), .. } => (
                Some(route.words(|index| self.tracer.ground.name(index))),
                text!(
                    "rp_filter of {link}: the way back to {source} leaves by another link",
                    "{link} 的 rp_filter：回到 {source} 的路由走的是另一个接口"
                ),
            ),
        };
        Err(self.log.end(Verdict::Dropped, "rp_filter", rule, says))
    }

    /// A lookup that led nowhere.
    pub(super) fn refused(&mut self, lookup: &Lookup<'a>, arrived: bool) -> Stop {
        let rule = self.route_words(lookup);
        let (verdict, says) = match &lookup.verdict {
            fib::Verdict::Undetermined(why) => {
                self.log.note("route", rule, why.clone());
                return Stop::undetermined(why.clone());
            }
            fib::Verdict::Martian if arrived => (
                Verdict::Dropped,
                text!("the kernel takes such an address for a martian", "内核将此类地址视为 martian，直接丢弃"),
            ),
            fib::Verdict::Martian => (
                Verdict::Unroutable,
                text!("the kernel refuses such a source or destination", "内核不接受这样的源地址或目的地址"),
            ),
            fib::Verdict::NoRoute => (Verdict::Unroutable, text!("no route leads there", "没有可用的路由")),
            fib::Verdict::Blackhole => {
                (Verdict::Unroutable, text!("a blackhole route takes it", "命中 blackhole 路由"))
            }
            fib::Verdict::Prohibit => (Verdict::Unroutable, text!("a prohibit route refuses it", "命中 prohibit 路由")),
            _ => (Verdict::Unroutable, text!("an unreachable route refuses it", "命中 unreachable 路由")),
        };
        self.policy_rule(lookup);
        self.log.end(verdict, "route", rule, says)
    }
}
