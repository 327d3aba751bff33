//! What netfilter asks of tables and addresses: the type of an address, the way to it, and the addresses that NAT takes.

use std::net::IpAddr;

use super::v4_table::{LOCAL, MAIN, disagree};
use super::{Answer, Ended, Fib, Flow, Query, Verdict};
use crate::host::{Address, NextHop, RouteKind};
use crate::text::{Text, text};

/// RTN_* (include/uapi/linux/rtnetlink.h).
pub mod rtn {
    pub const UNICAST: u8 = 1;
    pub const LOCAL: u8 = 2;
    pub const BROADCAST: u8 = 3;
    pub const ANYCAST: u8 = 4;
    pub const MULTICAST: u8 = 5;
    pub const BLACKHOLE: u8 = 6;
    pub const UNREACHABLE: u8 = 7;
    pub const PROHIBIT: u8 = 8;
}

impl<'a> Fib<'a> {
    /// RTN_* of an address (`addrtype`, `fib … type`); `on`: as that link alone has it.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn address_type(&self, address: IpAddr, on: Option<&str>) -> Result<u8, Text> {
        let on = match on {
            None => None,
            Some(name) => match self.link_named(name) {
                Some(index) => Some(index),
                None => return Err(text!("there is no link named {name}", "没有名为 {name} 的网络接口")),
            },
        };
        match address {
            IpAddr::V4(address) if address.octets()[0] == 0 || address.is_broadcast() => Ok(rtn::BROADCAST),
            address if address.is_multicast() => Ok(rtn::MULTICAST),
            IpAddr::V4(_) => self.type_v4(address, on),
            IpAddr::V6(_) => self.type_v6(address, on),
        }
    }

    /// `__inet_dev_addr_type` (net/ipv4/fib_frontend.c).
    fn type_v4(&self, address: IpAddr, on: Option<u32>) -> Result<u8, Text> {
        let vrf = on.and_then(|index| self.link(index)).map_or(0, |link| self.vrf_of(link));
        let table = self.link(vrf).and_then(|vrf| vrf.vrf_table).unwrap_or(LOCAL);
        let flow = Flow::blank(address);
        let ask = |tables: &[u32]| match self.table_v4(&flow, tables, true) {
            Answer::Unknown(why) => Err(why),
            Answer::Found(found) => {
                let first = found.route.next_hops.first().or(found.hops.first().map(|choice| &choice.hop));
                let here = on.is_none() || first.and_then(|hop| hop.link) == on;
                Ok(if here { number(found.route.kind) } else { rtn::UNICAST })
            }
            Answer::Nothing | Answer::Reject(_) => Ok(rtn::UNICAST),
        };
        let answer = ask(&[table])?;
        // While local and main are one trie, a longer prefix of main comes first.
        if table == LOCAL && self.has_kernel_rules_v4() && answer != ask(&[LOCAL, MAIN])? {
            return Err(disagree());
        }
        Ok(answer)
    }

    /// `__nft_fib6_eval_type` (net/ipv6/netfilter/nft_fib_ipv6.c), which xt_addrtype agrees with.
    fn type_v6(&self, address: IpAddr, on: Option<u32>) -> Result<u8, Text> {
        if let Some(link) = on
            && self.addresses().any(|own| own.link == link && own.address.addr() == address)
        {
            return Ok(rtn::LOCAL);
        }
        match self.lookup(&Query::to(address)).verdict {
            Verdict::Undetermined(why) => Err(why),
            Verdict::Local if on.is_none() => Ok(rtn::LOCAL),
            Verdict::Anycast => Ok(rtn::ANYCAST),
            Verdict::Blackhole => Ok(rtn::BLACKHOLE),
            Verdict::Prohibit => Ok(rtn::PROHIBIT),
            Verdict::NoRoute | Verdict::Unreachable | Verdict::Martian => Ok(rtn::UNREACHABLE),
            _ => Ok(rtn::UNICAST),
        }
    }

    /// The links by which the tables lead to `query.destination`, whoever sends: what `fib … oif` and `rpfilter` look at
    /// (net/ipv4/netfilter/nft_fib_ipv4.c, net/ipv6/netfilter/nft_fib_ipv6.c). None where they lead here or nowhere.
    /// `query.iif` is the link that policy rules see, none: the loopback.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn links_towards(&self, query: &Query) -> Result<Vec<u32>, Text> {
        let mut flow = self.flow(query)?;
        let ended = match query.destination {
            IpAddr::V4(_) => self.look_v4(&mut flow, true),
            IpAddr::V6(_) => {
                let lookup = self.route_v6(flow, false);
                return match lookup.verdict {
                    Verdict::Undetermined(why) => Err(why),
                    Verdict::Unicast | Verdict::Multicast => Ok(links_of(lookup.hops.iter())),
                    _ => Ok(Vec::new()),
                };
            }
        };
        match ended {
            Ended::Answer(Answer::Unknown(why), _) => Err(why),
            Ended::Answer(Answer::Found(found), _) if found.route.kind != RouteKind::Local => {
                Ok(links_of(self.hops(found.route)?.hops.iter()))
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The source that MASQUERADE takes for a packet that leaves by the link (`nf_nat_masquerade_ipv4`, `_ipv6`): none, and the
    /// packet is dropped, where there is no such address.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn masquerade_source(&self, link: &str, query: &Query) -> Result<Option<IpAddr>, Text> {
        let Some(index) = self.link_named(link) else {
            return Err(text!("there is no link named {link}", "没有名为 {link} 的网络接口"));
        };
        if let IpAddr::V6(destination) = query.destination {
            return Ok(self.select_v6(self.link(index), destination).map(IpAddr::V6));
        }
        let towards =
            |via: Option<IpAddr>| self.select_v4(index, via.filter(IpAddr::is_ipv4).or(Some(query.destination)), 0);
        // Which gateway it is matters only where the link has several primary addresses.
        let global = |a: &&Address| a.link == index && a.address.addr().is_ipv4() && !a.secondary;
        if self.addresses().filter(global).count() < 2 {
            return Ok(towards(None));
        }
        let found = self.lookup(query);
        if let Verdict::Undetermined(why) = found.verdict {
            return Err(why);
        }
        let mut sources: Vec<Option<IpAddr>> =
            found.hops.iter().filter(|hop| hop.link == Some(index)).map(|hop| towards(hop.via)).collect();
        sources.dedup();
        match sources.as_slice() {
            [] => Ok(towards(None)),
            [one] => Ok(*one),
            _ => Err(text!(
                "which address of {link} it is depends on the next hop",
                "选用 {link} 的哪个地址取决于下一跳"
            )),
        }
    }

    /// The address of the link that REDIRECT takes (`nf_nat_redirect_ipv4`, `_ipv6`).
    pub fn redirect_target(&self, link: &str, destination: IpAddr) -> Option<IpAddr> {
        let index = self.link_named(link)?;
        let near = |address: IpAddr| matches!(address, IpAddr::V6(address) if address.is_unicast_link_local());
        let fits = |own: &&Address| {
            let address = own.address.addr();
            let usable = address.is_ipv4() || !own.unusable || own.deprecated;
            own.link == index
                && address.is_ipv4() == destination.is_ipv4()
                && usable
                && (!near(destination) || near(address))
        };
        self.addresses().find(fits).map(|own| own.address.addr())
    }

    /// `IFLA_INFO_KIND` of a link, by name.
    pub fn kind_of(&self, link: &str) -> Option<&'a str> {
        self.link_named(link).and_then(|index| self.link(index))?.kind.as_deref()
    }

    /// `ifindex`, by name.
    pub fn name_of(&self, index: u32) -> Option<&'a str> {
        self.link(index).map(|link| link.name.as_str())
    }

    pub fn index_of(&self, link: &str) -> Option<u32> {
        self.link_named(link)
    }

    /// Whether it is the loopback, by name.
    pub fn is_loopback(&self, link: &str) -> bool {
        self.link_named(link).and_then(|index| self.link(index)).is_some_and(|link| link.loopback)
    }
}

fn links_of<'h>(hops: impl Iterator<Item = &'h NextHop>) -> Vec<u32> {
    let mut links: Vec<u32> = hops.filter_map(|hop| hop.link).collect();
    links.sort_unstable();
    links.dedup();
    links
}

fn number(kind: RouteKind) -> u8 {
    match kind {
        RouteKind::Local => rtn::LOCAL,
        RouteKind::Broadcast => rtn::BROADCAST,
        RouteKind::Anycast => rtn::ANYCAST,
        RouteKind::Multicast => rtn::MULTICAST,
        _ => rtn::UNICAST,
    }
}
