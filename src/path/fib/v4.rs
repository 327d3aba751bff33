//! IPv4: what the routing code decides around the tables (net/ipv4/route.c).

use std::net::{IpAddr, Ipv4Addr};

use super::rules::Ended;
use super::v4_table::{LOCAL, MAIN, disagree};
use super::{Answer, Choice, Fib, Flow, LOOPBACK, Lookup, Verdict};
use crate::host::{Link, NextHop, RouteKind, Scope};
use crate::text::{Text, text};

impl<'a> Fib<'a> {
    pub(super) fn route_v4(&self, flow: Flow, input: bool) -> Lookup<'a> {
        let refused = if input { self.refused_input(&flow) } else { self.refused_output(&flow) };
        let IpAddr::V4(destination) = flow.destination else { return Lookup::of(Verdict::Martian) };
        match refused {
            Err(why) => Lookup::of(Verdict::Undetermined(why)),
            Ok(true) => Lookup::of(Verdict::Martian),
            // What arrives for everyone or a group is delivered without the tables.
            Ok(false) if input && destination.is_broadcast() => Lookup::of(Verdict::Broadcast),
            Ok(false) if input && destination.is_multicast() => Lookup::of(Verdict::Multicast),
            Ok(false) if input => self.answer_v4(&flow, self.look_v4(&mut flow.clone(), true)),
            Ok(false) => self.finish_output(&flow, destination, self.send_v4(flow.clone(), destination)),
        }
    }

    /// `ip_route_output_key_hash_rcu`.
    fn send_v4(&self, mut flow: Flow, destination: Ipv4Addr) -> Lookup<'a> {
        let many = destination.is_multicast() || destination.is_broadcast();
        if flow.oif == 0
            && many
            && let Some(source) = flow.source
        {
            // It goes out where its source lives, without the tables. Which link that is when several have the address depends
            // on which had it last.
            let homes = self.addresses().filter(|address| address.address.addr() == source).map(|address| address.link);
            return self.on_links(&flow, homes.collect());
        }
        if flow.oif != 0 {
            if !self.link(flow.oif).is_some_and(|link| link.up) {
                return Lookup::of(Verdict::NoRoute);
            }
            if destination.is_broadcast() || destination.octets()[..3] == [224, 0, 0] || flow.protocol == IGMP {
                return self.on_links(&flow, vec![flow.oif]);
            }
        }
        let chosen = match flow.source {
            None if flow.oif != 0 && destination.is_multicast() => self.select_v4(flow.oif, None, 0),
            _ => None,
        };
        flow.source = flow.source.or(chosen);
        let bound_to = flow.oif;
        let found = self.look_v4(&mut flow, false);
        // Bound to a link, a packet that no table takes is believed to be for a neighbour there.
        let refused = !matches!(&found, Ended::Answer(Answer::Found(_) | Answer::Unknown(_), _));
        let mut answer = match refused && bound_to != 0 && (destination.is_multicast() || flow.vrf == 0) {
            true => self.on_links(&flow, vec![bound_to]),
            false => self.answer_v4(&flow, found),
        };
        answer.source = answer.source.or(chosen);
        answer
    }

    /// Sent on the link, or one of the links, whatever the tables say.
    fn on_links(&self, flow: &Flow, links: Vec<u32>) -> Lookup<'a> {
        if links.is_empty() {
            return Lookup::of(Verdict::NoRoute);
        }
        let choices = links.into_iter().map(|link| {
            let hop = NextHop { link: Some(link), weight: 1, ..NextHop::default() };
            let source = if flow.source.is_none() { self.select_v4(link, None, LINK_SCOPE) } else { None };
            Choice { hop, source }
        });
        Lookup::found(Verdict::Unicast, None, None, choices.collect())
    }

    /// `__mkroute_output`: what may not leave, and what goes to many.
    fn finish_output(&self, flow: &Flow, destination: Ipv4Addr, answer: Lookup<'a>) -> Lookup<'a> {
        let many = destination.is_multicast() || destination.is_broadcast();
        if answer.verdict == Verdict::Local && many {
            let lo = NextHop { link: Some(LOOPBACK), weight: 1, ..NextHop::default() };
            return deliver_to_many(destination, Lookup { hops: vec![lo], ..answer });
        }
        if answer.hops.is_empty() || answer.verdict == Verdict::Local {
            return answer;
        }
        let leaking = match flow.source.or(answer.source) {
            Some(source) if source.is_loopback() => answer.hops.iter().filter(|hop| self.guards_loopback(hop)).count(),
            _ => 0,
        };
        match leaking {
            0 => deliver_to_many(destination, answer),
            all if all == answer.hops.len() => Lookup::of(Verdict::Martian),
            _ => Lookup::of(Verdict::Undetermined(text!(
                "some of its hops may not carry a loopback address",
                "其中部分下一跳不允许使用环回地址"
            ))),
        }
    }

    /// Whether a loopback address may not leave by this hop.
    fn guards_loopback(&self, hop: &NextHop) -> bool {
        hop.link.and_then(|index| self.link(index)).is_some_and(|link| {
            !link.loopback && link.vrf_table.is_none() && !self.routes_localnet(link).unwrap_or(false)
        })
    }

    /// IN_DEV_ROUTE_LOCALNET; none where it was not seen.
    fn routes_localnet(&self, link: &Link) -> Option<bool> {
        let own = self.link_sysctl("ipv4", &link.name, "route_localnet")?;
        Some(own != 0 || self.link_sysctl("ipv4", "all", "route_localnet")? != 0)
    }

    /// The checks before the tables in `ip_route_output_key_hash_rcu` and after them in `__mkroute_output`.
    fn refused_output(&self, flow: &Flow) -> Result<bool, Text> {
        let IpAddr::V4(destination) = flow.destination else { return Ok(true) };
        if destination.octets()[0] == 0 {
            return Ok(true);
        }
        let Some(IpAddr::V4(source)) = flow.source else { return Ok(false) };
        if source.is_multicast() || source.is_broadcast() || source.octets()[0] == 0 {
            return Ok(true);
        }
        let many = flow.oif == 0 && (destination.is_multicast() || destination.is_broadcast());
        Ok(!many && !self.is_own_v4(IpAddr::V4(source))?)
    }

    /// The weirdest martians (`ip_route_input_slow`).
    fn refused_input(&self, flow: &Flow) -> Result<bool, Text> {
        let (IpAddr::V4(destination), source) = (flow.destination, flow.source) else { return Ok(true) };
        let source = match source {
            Some(IpAddr::V4(source)) => source,
            _ => Ipv4Addr::UNSPECIFIED,
        };
        if source.is_multicast() || source.is_broadcast() {
            return Ok(true);
        }
        if destination.is_broadcast() {
            return Ok(false);
        }
        if source.octets()[0] == 0 || destination.octets()[0] == 0 {
            return Ok(true);
        }
        if !destination.is_loopback() && !source.is_loopback() {
            return Ok(false);
        }
        let Some(link) = self.link(flow.iif) else { return Ok(false) };
        if link.loopback {
            return Ok(false);
        }
        let allowed = self.routes_localnet(link);
        allowed.map(|allowed| !allowed).ok_or_else(|| text!("route_localnet was not seen", "没有采集到 route_localnet"))
    }

    /// Whether this host may send from the address: an address of its own, or one of a local route (`__ip_dev_find`).
    fn is_own_v4(&self, source: IpAddr) -> Result<bool, Text> {
        if self.has_address(source) {
            return Ok(true);
        }
        let flow = Flow::blank(source);
        let local = |tables: &[u32]| {
            let answer = self.table_v4(&flow, tables, true);
            matches!(answer, Answer::Found(found) if found.route.kind == RouteKind::Local)
        };
        let own = local(&[LOCAL]);
        // While local and main are one trie, a longer prefix of main comes first.
        if self.has_kernel_rules_v4() && own != local(&[LOCAL, MAIN]) {
            return Err(disagree());
        }
        Ok(own)
    }

    fn answer_v4(&self, flow: &Flow, ended: Ended<'a>) -> Lookup<'a> {
        Lookup::ended(ended, |_, choices| {
            for choice in choices {
                // The source is chosen for what this host sends.
                choice.source = choice.source.filter(|_| flow.source.is_none());
            }
        })
    }
}

impl Flow {
    /// A lookup for an address with nothing else said.
    pub(super) fn blank(destination: IpAddr) -> Self {
        Flow {
            destination,
            source: None,
            iif: LOOPBACK,
            oif: 0,
            vrf: 0,
            mark: 0,
            uid: 0,
            protocol: 0,
            source_port: 0,
            destination_port: 0,
            tos: 0,
        }
    }
}

/// What goes to a group or to everyone takes no gateway, unless a route for multicast says so.
fn deliver_to_many(destination: Ipv4Addr, mut answer: Lookup) -> Lookup {
    let wide = answer.route.is_none_or(|route| route.destination.prefix_len() < 4);
    if destination.is_multicast() {
        answer.verdict = Verdict::Multicast;
    } else if destination.is_broadcast() {
        answer.verdict = Verdict::Broadcast;
    }
    if answer.verdict == Verdict::Broadcast || (answer.verdict == Verdict::Multicast && wide) {
        for hop in &mut answer.hops {
            hop.via = None;
        }
    }
    answer
}

pub(super) const LINK_SCOPE: u8 = 253;
const IGMP: u8 = 2;

/// `rtm_scope` as a number.
pub(super) fn scope_number(scope: Scope) -> Option<u8> {
    match scope {
        Scope::Global => Some(0),
        Scope::Site => Some(200),
        Scope::Link => Some(LINK_SCOPE),
        Scope::Host => Some(254),
        Scope::Nowhere => Some(255),
        Scope::Other => None,
    }
}
