//! One policy routing rule of the kernel.
//!
//! The kernel deletes the first rule that has what the request names, so one that asks for less would take one that asks for more; and what
//! is added goes behind the others of its priority. Where that would come out otherwise, the rule is left alone.

use super::kept::Kept;
use super::netlink::{Message, NLM_F_CREATE, change, octets};
use crate::action::Presence;
use crate::host::{Family, Rule, RuleAction};
use crate::probe::netlink::rule::{
    FIB_RULE_INVERT, FRA_DPORT_RANGE, FRA_DST, FRA_FWMARK, FRA_FWMASK, FRA_GOTO, FRA_IIFNAME, FRA_IP_PROTO, FRA_L3MDEV,
    FRA_OIFNAME, FRA_PRIORITY, FRA_PROTOCOL, FRA_SPORT_RANGE, FRA_SRC, FRA_SUPPRESS_IFGROUP, FRA_SUPPRESS_PREFIXLEN,
    FRA_TABLE, FRA_UID_RANGE, RTM_NEWRULE,
};
use crate::probe::netlink::{Attributes, decode_rule, raw_rules};
use crate::text::{Text, text};

const RTM_DELRULE: u16 = 33;

pub fn state(rule: &Rule) -> Result<Presence, Text> {
    let there = raw_rules(rule.family, |other| other == rule)?;
    Ok(if there.is_empty() { Presence::Absent } else { Presence::Present })
}

pub fn bring(kept: &Kept, rule: &Rule, wanted: Presence) -> Result<(), Text> {
    let family = if rule.family == Family::V4 { "" } else { "-6 " };
    let words = format!("ip {family}rule {{}} priority {}", rule.words().replacen(": ", " ", 1));
    let about = format!("rule {:?} {}", rule.family, rule.words());
    // All of its priority, in their order.
    let same_priority = raw_rules(rule.family, |other| other.priority == rule.priority)?;
    let at = same_priority.iter().position(|other| other.says == *rule);
    let outcome = match (wanted, at) {
        (Presence::Absent, Some(at)) => {
            if same_priority.len() > at + 1 || same_priority[..at].iter().any(|other| would_go_too(&other.says, rule)) {
                let priority = rule.priority;
                return Err(text!(
                    "several rules have the priority {priority}: their order could not be restored, so `{words}` is left alone",
                    "有多条规则的优先级都是 {priority}，删除后无法恢复它们的顺序，因此不处理 `{words}`",
                    words = rule.words()
                ));
            }
            let payload = &same_priority[at].payload;
            kept.put(&about, payload)?;
            change(RTM_DELRULE, 0, &again(payload, rule.priority).map_or_else(|| message(rule), Ok)?)
        }
        (Presence::Present, None) => {
            let as_it_was = kept.get::<Vec<u8>>(&about).filter(|payload| decode_rule(payload).as_ref() == Some(rule));
            let sent =
                as_it_was.and_then(|payload| again(&payload, rule.priority)).map_or_else(|| message(rule), Ok)?;
            change(RTM_NEWRULE, NLM_F_CREATE, &sent)
        }
        _ => return Ok(()),
    };
    let verb = if wanted == Presence::Present { "add" } else { "del" };
    outcome.map_err(|refusal| refusal.of(&words.replace("{}", verb)))?;
    if state(rule)? == wanted {
        return Ok(());
    }
    let words = rule.words();
    Err(text!("the kernel made something else of the rule `{words}`", "内核对规则 `{words}` 的处理结果与预期不同"))
}

/// Whether the kernel takes a rule for one that is asked for (net/core/fib_rules.c `rule_find`): what the request leaves out is any.
fn would_go_too(other: &Rule, asked: &Rule) -> bool {
    let any_or = |same: bool, given: bool| !given || same;
    other.action == asked.action
        && any_or(other.from == asked.from, asked.from.is_some())
        && any_or(other.to == asked.to, asked.to.is_some())
        && any_or(other.iif == asked.iif, asked.iif.is_some())
        && any_or(other.oif == asked.oif, asked.oif.is_some())
        && any_or(other.fwmark == asked.fwmark, asked.fwmark != 0)
        && any_or(other.fwmask == asked.fwmask, asked.fwmask != 0)
        && any_or(other.tos == asked.tos, asked.tos != 0)
        && any_or(other.ip_protocol == asked.ip_protocol, asked.ip_protocol != 0)
        && any_or(other.source_ports == asked.source_ports, asked.source_ports.is_some())
        && any_or(other.destination_ports == asked.destination_ports, asked.destination_ports.is_some())
        && any_or(other.uids == asked.uids, asked.uids.is_some())
}

/// What the kernel said, as it takes it: without the flags that it sets itself, and with a priority of 0, which it leaves out.
fn again(payload: &[u8], priority: u32) -> Option<Vec<u8>> {
    let (header, rest) = payload.split_first_chunk::<12>()?;
    let mut header = *header;
    let flags = u32::from_ne_bytes(*header.last_chunk()?) & FIB_RULE_INVERT;
    header[8..].copy_from_slice(&flags.to_ne_bytes());
    let mut message = Message::new(&header).with(FRA_PRIORITY, &priority.to_ne_bytes());
    for (kind, value) in Attributes::new(rest).ok()?.iter() {
        // -1 says that there is none; as a request it is one.
        let none = matches!(kind, FRA_SUPPRESS_IFGROUP | FRA_SUPPRESS_PREFIXLEN) && value == [u8::MAX; 4];
        if !none && kind != FRA_PRIORITY {
            message.put(kind, value);
        }
    }
    Some(message.bytes())
}

/// The message that makes the rule.
fn message(rule: &Rule) -> Result<Vec<u8>, Text> {
    let (action, table, target) = match rule.action {
        RuleAction::Table(table) => (1u8, table, None),
        RuleAction::Goto(target) => (2, 0, Some(target)),
        RuleAction::Nop => (3, 0, None),
        RuleAction::Blackhole => (6, 0, None),
        RuleAction::Unreachable => (7, 0, None),
        RuleAction::Prohibit => (8, 0, None),
        RuleAction::Other => return Err(not_made(rule)),
    };
    if !rule.unknown.is_empty() {
        return Err(not_made(rule));
    }
    let length = |prefix: Option<ipnet::IpNet>| prefix.map_or(0, |prefix| prefix.prefix_len());
    let family = if rule.family == Family::V4 { nix::libc::AF_INET } else { nix::libc::AF_INET6 };
    let short_table = u8::try_from(table).unwrap_or(0);
    let header = [family as u8, length(rule.to), length(rule.from), rule.tos, short_table, 0, 0, action];
    let flags = if rule.invert { FIB_RULE_INVERT } else { 0 };
    let name = |name: &Option<String>| name.as_ref().map(|name| [name.as_bytes(), b"\0"].concat());
    let ports =
        |ports: Option<(u16, u16)>| ports.map(|(first, last)| [first.to_ne_bytes(), last.to_ne_bytes()].concat());
    let number = |is: bool, value: u32| is.then(|| value.to_ne_bytes());
    let marked = rule.fwmask != 0 || rule.fwmark != 0;
    Ok(Message::new(&[&header[..], &flags.to_ne_bytes()].concat())
        .with(FRA_PRIORITY, &rule.priority.to_ne_bytes())
        .with_any(FRA_TABLE, number(table != 0, table))
        .with_any(FRA_GOTO, target.map(u32::to_ne_bytes))
        .with_any(FRA_DST, rule.to.map(|to| octets(to.addr())))
        .with_any(FRA_SRC, rule.from.map(|from| octets(from.addr())))
        .with_any(FRA_IIFNAME, name(&rule.iif))
        .with_any(FRA_OIFNAME, name(&rule.oif))
        .with_any(FRA_FWMARK, number(marked, rule.fwmark))
        .with_any(FRA_FWMASK, number(marked, rule.fwmask))
        .with_any(FRA_SUPPRESS_PREFIXLEN, rule.suppress_prefix_length.map(u32::to_ne_bytes))
        .with_any(FRA_SUPPRESS_IFGROUP, rule.suppress_interface_group.map(u32::to_ne_bytes))
        .with_any(FRA_L3MDEV, rule.l3mdev.then_some([1]))
        .with_any(FRA_UID_RANGE, rule.uids.map(|(first, last)| [first.to_ne_bytes(), last.to_ne_bytes()].concat()))
        .with_any(FRA_IP_PROTO, (rule.ip_protocol != 0).then_some([rule.ip_protocol]))
        .with_any(FRA_SPORT_RANGE, ports(rule.source_ports))
        .with_any(FRA_DPORT_RANGE, ports(rule.destination_ports))
        .with_any(FRA_PROTOCOL, (rule.protocol != 0).then_some([rule.protocol]))
        .bytes())
}

fn not_made(rule: &Rule) -> Text {
    let words = rule.words();
    text!("the rule `{words}` is of a kind that dnetctl does not make", "规则 `{words}` 属于 dnetctl 不会创建的类型")
}
