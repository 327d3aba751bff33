//! IPv4: one table (net/ipv4/fib_trie.c `fib_table_lookup`), the choice among equal routes (fib_semantics.c
//! `fib_select_path`), and what the routing code decides around them (route.c).

use std::net::{IpAddr, Ipv4Addr};

use super::rules::Ended;
use super::{Answer, Choice, Fib, Flow, Found, LOOPBACK, Lookup, Verdict};
use crate::host::{Family, Link, NextHop, Route, RouteKind, Rule, RuleAction, Scope};
use crate::text::{Text, text};

const LOCAL: u32 = 255;
const MAIN: u32 = 254;
const DEFAULT: u32 = 253;

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
                for choice in &mut choices {
                    // The source is chosen for what this host sends.
                    choice.source = choice.source.filter(|_| flow.source.is_none());
                }
                Lookup::found(verdict, rule, Some(found.route), choices)
            }
        }
    }

    /// All rules. While the rules are the kernel's own three it takes a short cut (`fib_lookup`): local and main are one trie,
    /// and any failure in it leads on to `default`. Whether the short cut is still taken cannot be seen: one rule added and
    /// removed ends it for good. Where that makes a difference, the answer is that it is not known.
    pub(super) fn look_v4(&self, flow: &mut Flow, input: bool) -> Ended<'a> {
        self.enter_vrf(flow);
        let by_rules = self.ask_rules(flow, |table, _| self.table_v4(flow, &[table], input));
        if !self.has_kernel_rules_v4() {
            return by_rules;
        }
        let mut short = self.table_v4(flow, &[LOCAL, MAIN], input);
        if !matches!(short, Answer::Found(_) | Answer::Unknown(_)) && self.has_table(Family::V4, DEFAULT) {
            short = self.table_v4(flow, &[DEFAULT], input);
        }
        if same_end(&short, &by_rules) {
            return by_rules;
        }
        Ended::Answer(Answer::Unknown(disagree()), None)
    }

    pub(super) fn has_kernel_rules_v4(&self) -> bool {
        let kernels = [(0, LOCAL), (32766, MAIN), (32767, DEFAULT)];
        let plain = |rule: &Rule, (priority, table)| {
            rule.priority == priority
                && rule.action == RuleAction::Table(table)
                && *rule
                    == Rule {
                        protocol: rule.protocol,
                        from: rule.from.filter(|from| from.prefix_len() == 0),
                        suppress_prefix_length: rule.suppress_prefix_length.filter(|longest| *longest == u32::MAX),
                        ..Rule::kernel(Family::V4, priority, table)
                    }
        };
        let rules = &self.index.rules_v4;
        rules.len() == kernels.len() && rules.iter().zip(kernels).all(|(rule, kernel)| plain(rule, kernel))
    }

    /// One table, or local and main as one trie.
    pub(super) fn table_v4(&self, flow: &Flow, tables: &[u32], input: bool) -> Answer<'a> {
        match self.try_table_v4(flow, tables, input) {
            Ok(answer) => answer,
            Err(why) => Answer::Unknown(why),
        }
    }

    fn try_table_v4(&self, flow: &Flow, tables: &[u32], input: bool) -> Result<Answer<'a>, Text> {
        let mut candidates: Vec<&'a Route> = Vec::new();
        for table in tables {
            candidates.extend(self.containing(*table, flow.destination).into_iter().flatten());
        }
        // Stable: local stands before main for one prefix, as in the merged trie.
        candidates.sort_by_key(|route| std::cmp::Reverse(route.destination.prefix_len()));
        let mut missed = None;
        for route in candidates.iter().copied().filter(|route| self.exists(route)) {
            // A nexthop object without a usable hop gives up the whole leaf: all prefixes of this network address.
            if missed == Some(route.destination.network()) || !tos_matches(route, flow) {
                continue;
            }
            match route.kind {
                RouteKind::Throw => return Ok(Answer::Nothing),
                RouteKind::Blackhole
                | RouteKind::Unreachable
                | RouteKind::Prohibit
                | RouteKind::Nat
                | RouteKind::Other => {
                    return Ok(Answer::Reject(route));
                }
                _ => {}
            }
            let hops = self.hops(route)?;
            if hops.blackhole {
                return Ok(Answer::Reject(route));
            }
            let mut first = None;
            for hop in &hops.hops {
                let bound_elsewhere = flow.oif != 0 && hop.link != Some(flow.oif);
                if !bound_elsewhere && self.is_alive(hop, "ipv4", flow.ignore_linkdown)? {
                    first = Some(hop.clone());
                    break;
                }
            }
            match first {
                Some(first) => {
                    return self.choose_v4(flow, input, route, first, hops.hops, &candidates).map(Answer::Found);
                }
                None if route.next_hop_object.is_some() => missed = Some(route.destination.network()),
                None => {}
            }
        }
        Ok(Answer::Nothing)
    }

    /// `fib_select_path` for what is sent, `ip_mkroute_input` for what arrives.
    fn choose_v4(
        &self,
        flow: &Flow,
        input: bool,
        route: &'a Route,
        first: NextHop,
        all: Vec<NextHop>,
        candidates: &[&'a Route],
    ) -> Result<Found<'a>, Text> {
        let mut hops = vec![(route, first.clone())];
        if flow.oif != 0 || route.kind == RouteKind::Local {
        } else if all.len() > 1 {
            let mut alive = Vec::new();
            for hop in all {
                // A group of nexthop objects looks at its members' neighbours only (nexthop_select_path).
                if route.next_hop_object.is_some() || self.is_alive(&hop, "ipv4", false)? {
                    alive.push((route, hop));
                }
            }
            hops = if alive.is_empty() { hops } else { alive };
        } else if route.is_default() && route.kind == RouteKind::Unicast && !input {
            hops = self.equal_defaults(flow, route, &first, candidates)?;
        }
        let choices = hops.into_iter().map(|(route, hop)| {
            let source = self.source_v4(flow, route, &hop);
            // A gateway that is this host itself is not used (rt_set_nexthop).
            let via = hop.via.filter(|_| !self.loops(&hop));
            Choice { hop: NextHop { via, ..hop }, source }
        });
        Ok(Found { route, hops: choices.collect(), first })
    }

    fn loops(&self, hop: &NextHop) -> bool {
        hop.link.and_then(|index| self.link(index)).is_some_and(|link| link.loopback)
    }

    /// Several default routes of the winner's metric: the kernel takes the one whose gateway answers (`fib_select_default`).
    fn equal_defaults(
        &self,
        flow: &Flow,
        winner: &'a Route,
        first: &NextHop,
        candidates: &[&'a Route],
    ) -> Result<Vec<(&'a Route, NextHop)>, Text> {
        let mut chosen: Vec<(&Route, NextHop)> = Vec::new();
        let (mut metric, mut tos) = (winner.metric, 0);
        let defaults = candidates.iter().filter(|route| route.is_default() && route.table == winner.table);
        for route in defaults.copied().filter(|route| self.exists(route) && tos_matches(route, flow)) {
            if route.metric > metric && route.tos == tos {
                if tos != 0 {
                    continue;
                }
                break;
            }
            let hops = self.hops(route)?.hops;
            if !hops.is_empty() && hops.iter().all(|hop| hop.dead) {
                continue;
            }
            (tos, metric) = (route.tos, route.metric);
            let Some(hop) = hops.into_iter().next() else { continue };
            if route.kind != RouteKind::Unicast || route.scope != winner.scope || hop.via.is_none() || self.loops(&hop)
            {
                continue;
            }
            if chosen.is_empty() && !std::ptr::eq(route, winner) {
                break;
            }
            chosen.push((route, hop));
        }
        if chosen.is_empty() {
            chosen.push((winner, first.clone()));
        }
        Ok(chosen)
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
            ignore_linkdown: false,
        }
    }
}

fn disagree() -> Text {
    text!(
        "tables local and main disagree, and which counts depends on whether a rule was ever added",
        "local 表与 main 表结果不一致，以哪个为准取决于此前是否添加过策略路由规则"
    )
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

/// The table's `tos` against the packet's: IPv4 looks at three bits only (`fib_dscp_masked_match`).
fn tos_matches(route: &Route, flow: &Flow) -> bool {
    route.tos == 0 || route.tos == flow.tos & 0x1c
}

pub(super) fn reject_verdict(kind: RouteKind) -> Verdict {
    match kind {
        RouteKind::Unreachable => Verdict::Unreachable,
        RouteKind::Prohibit => Verdict::Prohibit,
        _ => Verdict::Blackhole,
    }
}

/// Whether the short cut and the rules come to the same end.
fn same_end(short: &Answer, by_rules: &Ended) -> bool {
    match (short, by_rules) {
        (Answer::Nothing, Ended::Answer(Answer::Nothing, _)) => true,
        (Answer::Unknown(_), Ended::Answer(Answer::Unknown(_), _)) => true,
        (Answer::Reject(a), Ended::Answer(Answer::Reject(b), _)) => std::ptr::eq(*a, *b),
        (Answer::Found(a), Ended::Answer(Answer::Found(b), _)) => std::ptr::eq(a.route, b.route),
        _ => false,
    }
}

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
