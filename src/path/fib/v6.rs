//! IPv6: one table (net/ipv6/ip6_fib.c `fib6_node_lookup`, route.c `fib6_table_lookup`) and multipath (`fib6_select_path`).

use std::net::{IpAddr, Ipv6Addr};

use super::{Answer, Choice, Fib, Flow, Found, LOOPBACK, Lookup, Verdict};
use crate::host::{NextHop, Route, RouteKind};
use crate::text::Text;

/// Routes that share a destination prefix and a source prefix: a node of the kernel's tree.
type Node<'a> = Vec<&'a Route>;

/// How hops are scored (`rt6_score_route`).
struct Wish {
    /// The link preferred, or asked for; 0 for any. For a packet that arrives it is the link it came by.
    link: u32,
    /// RT6_LOOKUP_F_IFACE: no other link will do.
    strict: bool,
}

impl<'a> Fib<'a> {
    pub(super) fn route_v6(&self, mut flow: Flow, input: bool) -> Lookup<'a> {
        let IpAddr::V6(destination) = flow.destination else { return Lookup::of(Verdict::Martian) };
        let narrow = destination.is_multicast() || destination.is_unicast_link_local() || destination.is_loopback();
        // The loopback address is narrow for what is sent and received alike (rt6_need_strict).
        let bound = !input && flow.oif != 0 && flow.source.is_none();
        let strict = narrow || bound;
        self.enter_vrf(&mut flow);
        let wish = Wish { link: if input { flow.iif } else { flow.oif }, strict };
        let ended = self.ask_rules(&flow, |table, _| self.table_v6(&flow, table, &wish));
        Lookup::ended(ended, |route, choices| {
            if flow.source.is_none() {
                for choice in choices {
                    choice.source = self.source_v6(route, &choice.hop, destination);
                }
            }
        })
    }

    fn table_v6(&self, flow: &Flow, table: u32, wish: &Wish) -> Answer<'a> {
        for node in self.nodes(flow, table) {
            match self.select_v6_route(&node, wish) {
                Ok(Some(answer)) => return answer,
                Ok(None) => {}
                Err(why) => return Answer::Unknown(why),
            }
        }
        Answer::Nothing
    }

    /// The nodes in the order the kernel tries them: longest destination prefix first, and for each the longest source prefix
    /// (CONFIG_IPV6_SUBTREES), then the routes that name no source.
    fn nodes(&self, flow: &Flow, table: u32) -> Vec<Node<'a>> {
        let source = flow.source.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        let mut nodes: Vec<Node<'a>> = Vec::new();
        for routes in self.containing(table, flow.destination) {
            let routes: Vec<&Route> = routes.iter().copied().filter(|route| self.exists(route)).collect();
            let (plain, mut by_source): (Vec<&Route>, Vec<&Route>) =
                routes.into_iter().partition(|route| route.from.is_none_or(|from| from.prefix_len() == 0));
            let has_subtree = !by_source.is_empty();
            by_source.retain(|route| route.from.is_some_and(|from| from.contains(&source)));
            // The first descent passes over a node whose subtree does not fit, with its other routes; not over the root.
            let root = plain.first().is_some_and(|route| route.is_default());
            if has_subtree && by_source.is_empty() && nodes.is_empty() && !root {
                continue;
            }
            by_source.sort_by_key(|route| std::cmp::Reverse(route.from.map(|from| from.prefix_len())));
            nodes.extend(by_source.chunk_by(|a, b| a.from == b.from).map(<[&Route]>::to_vec));
            if !plain.is_empty() {
                nodes.push(plain);
            }
        }
        nodes
    }

    /// `find_rr_leaf`: the best score among the lowest metric; if nothing fits there, among all the others alike.
    fn select_v6_route(&self, node: &[&'a Route], wish: &Wish) -> Result<Option<Answer<'a>>, Text> {
        let Some(lowest) = node.first().map(|route| route.metric) else { return Ok(None) };
        let split = node.partition_point(|route| route.metric == lowest);
        for routes in [&node[..split], &node[split..]] {
            if let Some(answer) = self.best_v6(routes, wish)? {
                return Ok(Some(answer));
            }
        }
        Ok(None)
    }

    fn best_v6(&self, routes: &[&'a Route], wish: &Wish) -> Result<Option<Answer<'a>>, Text> {
        let mut best: Option<(u8, &Route, NextHop, Vec<NextHop>)> = None;
        for route in routes.iter().copied() {
            let resolved = self.hops(route)?;
            let mut hops = resolved.hops;
            if route.next_hop_object.is_some() && (resolved.blackhole || is_reject(route.kind)) {
                return Ok(Some(Answer::Reject(route)));
            }
            if hops.is_empty() {
                // Blackhole kinds hang on the loopback (ip6_route_info_create).
                hops.push(NextHop { link: Some(LOOPBACK), weight: 1, ..NextHop::default() });
            }
            for hop in &hops {
                let Some(score) = wish.score(route, hop) else { continue };
                if best.as_ref().is_some_and(|(best, ..)| score <= *best) {
                    continue;
                }
                if self.is_alive(hop, "ipv6")? {
                    best = Some((score, route, hop.clone(), hops.clone()));
                    // Of a group the first that beats the others counts, not the best (rt6_nh_find_match).
                    if route.next_hop_object.is_some() {
                        break;
                    }
                }
            }
        }
        let Some((_, route, first, all)) = best else { return Ok(None) };
        if route.kind == RouteKind::Throw {
            return Ok(Some(Answer::Nothing));
        }
        if is_reject(route.kind) {
            return Ok(Some(Answer::Reject(route)));
        }
        let mut hops = vec![first.clone()];
        for hop in all {
            let eligible = match route.next_hop_object {
                Some(_) => true,
                None => wish.score(route, &hop).is_some() && self.is_alive(&hop, "ipv6")?,
            };
            if eligible && hop != first {
                hops.push(hop);
            }
        }
        let hops = hops.into_iter().map(|hop| Choice { hop, source: None }).collect();
        Ok(Some(Answer::Found(Found { route, judged: first, hops })))
    }
}

impl Wish {
    /// None: this hop will not do. Otherwise the link counts 2, under the router preference (RFC 4191) times 4.
    fn score(&self, route: &Route, hop: &NextHop) -> Option<u8> {
        let fits = self.link == 0 || hop.link == Some(self.link);
        if !fits && self.strict {
            return None;
        }
        let preference = (route.preference & 3) ^ 2;
        Some(preference << 2 | if fits { 2 } else { 0 })
    }
}

fn is_reject(kind: RouteKind) -> bool {
    matches!(
        kind,
        RouteKind::Blackhole | RouteKind::Unreachable | RouteKind::Prohibit | RouteKind::Nat | RouteKind::Other
    )
}
