//! Policy rules: which match, and what follows (net/core/fib_rules.c `fib_rules_lookup`).

use super::{Answer, Fib, Flow, Found, LOOPBACK, Verdict};
use crate::host::{Family, Link, Route, Rule, RuleAction};
use crate::text::{Text, text};

/// How the rules ended.
pub(super) enum Ended<'a> {
    /// A table's answer: found, rejected, or unknown; nothing when all rules were asked in vain.
    Answer(Answer<'a>, Option<&'a Rule>),
    /// A rule whose action is the end.
    Action(Verdict, &'a Rule),
}

impl<'a> Fib<'a> {
    /// Sets the VRF of the flow (net/l3mdev/l3mdev.c `l3mdev_update_flow`).
    pub(super) fn enter_vrf(&self, flow: &mut Flow) {
        if flow.oif != 0
            && let Some(link) = self.link(flow.oif)
        {
            if flow.vrf == 0 {
                flow.vrf = self.vrf_of(link);
                if link.vrf_table.is_some() {
                    flow.oif = 0;
                }
            }
        } else if flow.iif > LOOPBACK
            && flow.vrf == 0
            && let Some(link) = self.link(flow.iif)
        {
            flow.vrf = self.vrf_of(link);
        }
    }

    /// The VRF that a link is or is enslaved to; 0 for none.
    pub(super) fn vrf_of(&self, link: &Link) -> u32 {
        if link.vrf_table.is_some() {
            return link.index;
        }
        let master = link.master.and_then(|index| self.link(index));
        master.filter(|master| master.vrf_table.is_some()).map_or(0, |master| master.index)
    }

    /// Asks the rules in order; `ask` looks into one table.
    pub(super) fn ask_rules(&self, flow: &Flow, mut ask: impl FnMut(u32, &'a Rule) -> Answer<'a>) -> Ended<'a> {
        let rules = match Family::of(flow.destination) {
            Family::V4 => &self.index.rules_v4,
            Family::V6 => &self.index.rules_v6,
        };
        let mut next = 0;
        while let Some(rule) = rules.get(next).copied() {
            next += 1;
            match self.matches(rule, flow) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(why) => return Ended::Answer(Answer::Unknown(why), Some(rule)),
            }
            let table = match rule.action {
                RuleAction::Nop => continue,
                RuleAction::Goto(target) => {
                    // Only forward; a target that does not exist is passed over (FIB_RULE_UNRESOLVED).
                    if let Some(there) = rules[next..].iter().position(|rule| rule.priority == target) {
                        next += there;
                    }
                    continue;
                }
                RuleAction::Unreachable => return Ended::Action(Verdict::Unreachable, rule),
                RuleAction::Prohibit => return Ended::Action(Verdict::Prohibit, rule),
                RuleAction::Blackhole | RuleAction::Other => return Ended::Action(Verdict::Blackhole, rule),
                RuleAction::Table(_) if rule.l3mdev => match self.link(flow.vrf).and_then(|vrf| vrf.vrf_table) {
                    Some(table) => table,
                    None => continue,
                },
                RuleAction::Table(table) => table,
            };
            match ask(table, rule) {
                Answer::Nothing => {}
                Answer::Found(found) => match self.suppressed(rule, &found) {
                    Ok(true) => {}
                    Ok(false) => return Ended::Answer(Answer::Found(found), Some(rule)),
                    Err(why) => return Ended::Answer(Answer::Unknown(why), Some(rule)),
                },
                end => return Ended::Answer(end, Some(rule)),
            }
        }
        Ended::Answer(Answer::Nothing, None)
    }

    fn matches(&self, rule: &Rule, flow: &Flow) -> Result<bool, Text> {
        let selected = self.selected(rule, flow);
        if selected && !rule.unknown.is_empty() {
            let priority = rule.priority;
            let unknown = rule.unknown.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
            return Err(text!(
                "rule {priority} asks for something this version does not know (attribute {unknown})",
                "规则 {priority} 含有本版本不认识的条件（属性 {unknown}）"
            ));
        }
        Ok(selected != rule.invert)
    }

    /// Everything a rule asks for but `not` (`fib_rule_match`, `fib4_rule_match`, `fib6_rule_match`).
    fn selected(&self, rule: &Rule, flow: &Flow) -> bool {
        let v4 = rule.family == Family::V4;
        let covers = |prefix: &Option<ipnet::IpNet>, address: Option<std::net::IpAddr>| match (prefix, address) {
            (None, _) => true,
            (Some(prefix), _) if prefix.prefix_len() == 0 => true,
            (Some(prefix), Some(address)) => prefix.contains(&address),
            // IPv4 compares with 0.0.0.0; IPv6 says no.
            (Some(prefix), None) => v4 && prefix.network().is_unspecified(),
        };
        let in_range = |range: &Option<(u16, u16)>, port: u16| range.is_none_or(|(a, z)| a <= port && port <= z);
        let tos = if v4 { flow.tos & 0x1c } else { flow.tos & 0xfc };
        self.names_link(&rule.iif, flow.iif, flow.vrf)
            && self.names_link(&rule.oif, flow.oif, flow.vrf)
            && (rule.fwmark ^ flow.mark) & rule.fwmask == 0
            && (!rule.l3mdev || flow.vrf != 0)
            && rule.uids.is_none_or(|(first, last)| first <= flow.uid && flow.uid <= last)
            && covers(&rule.from, flow.source)
            && covers(&rule.to, Some(flow.destination))
            && (rule.tos == 0 || rule.tos == tos)
            && (rule.ip_protocol == 0 || rule.ip_protocol == flow.protocol)
            && in_range(&rule.source_ports, flow.source_port)
            && in_range(&rule.destination_ports, flow.destination_port)
    }

    /// A rule that names a link which is not there matches nothing.
    fn names_link(&self, name: &Option<String>, index: u32, vrf: u32) -> bool {
        let Some(name) = name else { return true };
        match self.link_named(name).and_then(|asked| self.link(asked)) {
            // A VRF stands for its members (fib_rule_iif_match, Linux 6.13; before, the flow carried the VRF itself).
            Some(asked) => asked.index == index || (asked.vrf_table.is_some() && asked.index == vrf),
            None => false,
        }
    }

    fn suppressed(&self, rule: &Rule, found: &Found) -> Result<bool, Text> {
        // The kernel keeps both as int; -1 is none.
        if let Some(longest) = rule.suppress_prefix_length.and_then(|longest| i32::try_from(longest).ok()) {
            let short = |route: &Route| i32::from(route.destination.prefix_len()) <= longest;
            let shares = |route: &&Route| rule.family == Family::V6 && route.next_hop_object.is_some();
            // IPv6 routes over one nexthop object share a cached result, and the prefix length of the route it was made for.
            if shares(&found.route) && self.index.routes_v6().filter(shares).any(|r| short(r) != short(found.route)) {
                let priority = rule.priority;
                return Err(text!(
                    "rule {priority} suppresses by prefix length, which the kernel mixes up among routes over nexthop objects",
                    "规则 {priority} 按前缀长度抑制路由，而内核会混淆共用下一跳对象的路由的前缀长度"
                ));
            }
            if short(found.route) {
                return Ok(true);
            }
        }
        let Some(group) = rule.suppress_interface_group.filter(|group| *group != u32::MAX) else { return Ok(false) };
        let Some(link) = found.judged.link.and_then(|index| self.link(index)) else { return Ok(false) };
        match link.group {
            Some(own) => Ok(own == group),
            None => {
                let (name, priority) = (&link.name, rule.priority);
                Err(text!(
                    "rule {priority} suppresses by interface group, and the group of {name} was not seen",
                    "规则 {priority} 按接口组抑制路由，而 {name} 所属的组没有采集到"
                ))
            }
        }
    }
}
