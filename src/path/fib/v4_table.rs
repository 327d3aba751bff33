//! IPv4: one table (net/ipv4/fib_trie.c `fib_table_lookup`), all rules (`fib_lookup`), and the choice among equal routes
//! (fib_semantics.c `fib_select_path`).

use super::rules::Ended;
use super::{Answer, Choice, Fib, Flow, Found};
use crate::host::{Family, NextHop, Route, RouteKind, Rule, RuleAction};
use crate::text::{Text, text};

pub(super) const LOCAL: u32 = 255;
pub(super) const MAIN: u32 = 254;
const DEFAULT: u32 = 253;

impl<'a> Fib<'a> {
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
        self.index.kernel_rules_v4
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
                if !bound_elsewhere && self.is_alive(hop, "ipv4")? {
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
        let judged = all.first().cloned().unwrap_or_else(|| first.clone());
        let mut hops = vec![(route, first.clone())];
        if flow.oif != 0 || route.kind == RouteKind::Local {
            // Bound to a link, or delivered here: the first that fits, no choice.
        } else if all.len() > 1 {
            let mut alive = Vec::new();
            for hop in all {
                // A group of nexthop objects looks at its members' neighbours only (nexthop_select_path).
                if route.next_hop_object.is_some() || self.is_alive(&hop, "ipv4")? {
                    alive.push((route, hop));
                }
            }
            hops = if alive.is_empty() { hops } else { alive };
        } else if route.is_default() && route.kind == RouteKind::Unicast && !input {
            hops = self.equal_defaults(flow, route, &first, candidates)?;
        }
        let choices = hops.into_iter().map(|(route, hop)| {
            // Only what this host sends is given a source.
            let source = if input { None } else { self.source_v4(flow, route, &hop) };
            Choice { hop, source }
        });
        Ok(Found { route, hops: choices.collect(), judged })
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
            if route.kind != RouteKind::Unicast || route.scope != winner.scope || hop.via.is_none() {
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

/// Whether these are the kernel's own three rules and nothing else.
pub(super) fn are_kernel_rules(rules: &[&Rule]) -> bool {
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
    rules.len() == kernels.len() && rules.iter().zip(kernels).all(|(rule, kernel)| plain(rule, kernel))
}

/// The table's `tos` against the packet's: IPv4 looks at three bits only (`fib_dscp_masked_match`).
fn tos_matches(route: &Route, flow: &Flow) -> bool {
    route.tos == 0 || route.tos == flow.tos & 0x1c
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

pub(super) fn disagree() -> Text {
    text!(
        "tables local and main disagree, and which counts depends on whether a rule was ever added",
        "local 表与 main 表结果不一致，以哪个为准取决于此前是否添加过策略路由规则"
    )
}
