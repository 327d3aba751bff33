mod ways;

use std::cmp::Reverse;
use std::net::IpAddr;

use ipnet::IpNet;

use self::ways::{Kind, Way};
use super::here::{Here, has_bridges};
use super::iproute::{self, family_flag, shows_route};
use super::{About, Check, Group, Scene, docs};
use crate::action::{Action, Presence};
use crate::engine::Bridge;
use crate::finding::{Evidence, Finding, Findings, Remedy, Safety, Severity};
use crate::host::{Family, Link, Missing, Route, RouteKind, Rule, RuleAction};
use crate::path::fib::{Fib, Lookup, Verdict};
use crate::path::trace::Verdict as Traced;
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "policy-rule-hijacks-docker",
    group: Group::Routes,
    about: About {
        en: "a policy rule sends what is for containers, or their answers, elsewhere than their bridge",
        zh: "某条策略路由规则把发往容器的报文（或容器的回复）送到了别处",
    },
    docs: docs!("policy-rule-hijacks-docker"),
    applies: has_bridges,
    hidden_by: &[],
    run,
};

/// RT_TABLE_DEFAULT, RT_TABLE_MAIN, RT_TABLE_LOCAL.
const KERNELS: [u32; 3] = [253, 254, 255];
const MAIN: u32 = 254;

/// One way of a network's packets that a rule sends elsewhere.
struct Hijack<'a> {
    way: Way,
    rule: &'a Rule,
    route: Option<&'a Route>,
    /// The link it leaves by; none: it is refused.
    link: Option<&'a Link>,
}

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let here = Here::new(scene, findings)?;
    let (rules, routes) = (findings.need("rules", &scene.host.rules)?, findings.need("routes", &scene.host.routes)?);
    if !rules.iter().any(is_policy) {
        return Ok(());
    }
    let fib = scene.fib()?;
    for bridge in here.bridges.iter().filter(|bridge| bridge.link.is_some_and(|link| here.vrf(link.index).is_none())) {
        let in_main = |subnet: &&IpNet| routes.iter().any(|route| connects(route, **subnet, bridge));
        for subnet in bridge.connected.iter().filter(in_main) {
            let mut found = Vec::new();
            for way in ways::of(&here, fib, bridge, *subnet) {
                match hijack(&here, fib, bridge, way)? {
                    Some(hijack) if saved_by_a_mark(scene, &here, rules, bridge, &hijack)? => {}
                    hijack => found.extend(hijack),
                }
            }
            let worst = found.iter().min_by_key(|hijack| (Reverse(weight(hijack)), hijack.way.kind));
            if let Some(worst) = worst {
                let others = found.iter().filter(|hijack| hijack.rule == worst.rule).count() - 1;
                findings.push(finding(&here, rules, bridge, *subnet, worst, others)?);
            }
        }
    }
    Ok(())
}

/// A rule that somebody added: it asks another table than the kernel's own, or refuses.
fn is_policy(rule: &Rule) -> bool {
    match rule.action {
        RuleAction::Table(table) => !rule.l3mdev && !KERNELS.contains(&table),
        RuleAction::Blackhole | RuleAction::Unreachable | RuleAction::Prohibit => true,
        _ => false,
    }
}

/// The route of the main table that makes the subnet the bridge's. Without it no policy rule is to blame.
fn connects(route: &Route, subnet: IpNet, bridge: &Bridge) -> bool {
    route.table == MAIN
        && route.kind == RouteKind::Unicast
        && route.destination == subnet.trunc()
        && route.next_hops.first().is_some_and(|hop| hop.link == bridge.index() && hop.via.is_none())
}

/// Where a policy rule sends a packet of that way, if not where it belongs.
fn hijack<'a>(here: &Here<'a>, fib: &Fib<'a>, bridge: &Bridge, way: Way) -> Result<Option<Hijack<'a>>, Missing> {
    let lookup = fib.lookup(&way.query);
    if let Verdict::Undetermined(why) = lookup.verdict {
        return Err(Missing { fact: "rules", why });
    }
    let wanted = match way.kind {
        Kind::Answer => {
            way.link.as_ref().and_then(|name| here.links.iter().find(|link| link.name == *name)).map(|link| link.index)
        }
        _ => bridge.index(),
    };
    let elsewhere = match lookup.verdict {
        Verdict::Unicast => lookup.link() != wanted,
        Verdict::Blackhole | Verdict::Unreachable | Verdict::Prohibit => true,
        _ => false,
    };
    let Lookup { rule: Some(rule), route, .. } = lookup else { return Ok(None) };
    if !elsewhere || !is_policy(rule) {
        return Ok(None);
    }
    let link = lookup.hops.first().and_then(|hop| hop.link).and_then(|index| here.link(index));
    Ok(Some(Hijack { way, rule, route, link }))
}

/// Where rules ask for marks, the firewall may give this packet one that another rule waits for.
///
/// # Errors
/// [`Missing`] where the firewall was not seen, or does not decide it.
fn saved_by_a_mark(
    scene: &Scene,
    here: &Here,
    rules: &[Rule],
    bridge: &Bridge,
    hijack: &Hijack,
) -> Result<bool, Missing> {
    let asks = |rule: &Rule| rule.family == hijack.rule.family && rule.fwmask != 0;
    if !rules.iter().any(asks) {
        return Ok(false);
    }
    let tracer = scene.tracer()?;
    if let Err(missing) = &tracer.netfilter {
        return Err(missing.clone());
    }
    let trace = tracer.trace(&hijack.way.flow);
    let to_bridge = trace.arrives.as_ref().is_some_and(|arrival| arrival.link.as_ref() == Some(&bridge.link_name));
    let by_route = hijack.route.map(|route| iproute::route(route, here));
    let goes_there = |route: &String| {
        trace.hops.iter().any(|hop| hop.rule.as_ref().is_some_and(|rule| rule.contains(route.as_str())))
    };
    match trace.verdict {
        Traced::Delivered | Traced::Forwarded => Ok(hijack.way.kind != Kind::FromHost || to_bridge),
        // Something else ends it, which other checks tell of.
        Traced::Dropped | Traced::Rejected => Ok(true),
        Traced::Unroutable => Ok(false),
        Traced::Undetermined if by_route.as_ref().is_some_and(goes_there) => Ok(false),
        Traced::Undetermined => {
            let why = trace.undecided.first().cloned();
            Err(Missing {
                fact: "firewall", why: why.unwrap_or_else(|| text!("marks are not known", "标记无法确定"))
            })
        }
    }
}

/// Errors first.
fn weight(hijack: &Hijack) -> Severity {
    let tunnel = hijack.link.is_none_or(is_tunnel);
    match hijack.way.kind {
        _ if hijack.way.who.is_none() => Severity::Info,
        // By another card of this host the answer may still find its way.
        Kind::Answer if !tunnel => Severity::Info,
        _ => Severity::Error,
    }
}

fn is_tunnel(link: &Link) -> bool {
    link.point_to_point
        || matches!(
            link.kind.as_deref(),
            Some("wireguard" | "tun" | "gre" | "ipip" | "sit" | "ip6tnl" | "xfrm" | "vti")
        )
}

fn finding(
    here: &Here,
    rules: &[Rule],
    bridge: &Bridge,
    subnet: IpNet,
    hijack: &Hijack,
    others: usize,
) -> Result<Finding, Missing> {
    let severity = weight(hijack);
    // Without a container nobody misses it; whether there is one must be known.
    if severity == Severity::Info && hijack.way.who.is_none() {
        here.endpoints(bridge)?;
    }
    let family = family_flag(subnet);
    let mut finding = Finding::new(severity, subnet.to_string(), message(bridge, subnet, hijack, others))
        .evidence(Evidence::new(format!("ip {family} rule show"), selector_and_action(hijack.rule)));
    if let Some(route) = hijack.route {
        finding = finding.evidence(shows_route(route, here));
    }
    if let Some(remedy) = remedy(here, rules, bridge, subnet, hijack) {
        finding = finding.remedy(remedy);
    }
    Ok(finding.touches(format!("network:{}", bridge.name)).touches(format!("link:{}", bridge.link_name)))
}

/// `ip` prints a tab behind the priority.
fn selector_and_action(rule: &Rule) -> String {
    let words = rule.words();
    words.split_once(": ").map_or_else(|| words.clone(), |(_, rest)| rest.to_owned())
}

fn message(bridge: &Bridge, subnet: IpNet, hijack: &Hijack, others: usize) -> Text {
    let (rule, name, docker) = (hijack.rule.words(), bridge.name, &bridge.link_name);
    let to = match hijack.link {
        Some(link) => text!("to {link}", "送往 {link}", link = link.name),
        None => text!("nowhere", "直接丢弃"),
    };
    let uplink = hijack.way.link.as_deref().unwrap_or_default();
    let who = hijack.way.who.as_deref().unwrap_or_default();
    let harm = match hijack.way.kind {
        _ if who.is_empty() => text!("no container is there that would miss it", "目前没有容器受其影响"),
        Kind::FromHost => text!("this host does not reach container {who}", "本机访问不了容器 {who}"),
        Kind::FromOutside => text!(
            "container {who} gets no answer from outside, which comes in by {uplink}",
            "容器 {who} 收不到外部经 {uplink} 返回的回复"
        ),
        Kind::Asked => text!(
            "who asks for its published ports by {uplink} does not reach container {who}",
            "经 {uplink} 访问已发布端口的客户端到不了容器 {who}"
        ),
        Kind::Answer => text!(
            "who asks for its published ports by {uplink} gets no answer from container {who} there",
            "经 {uplink} 访问已发布端口的客户端在那里收不到容器 {who} 的回复"
        ),
    };
    let more = match others {
        0 => text!("", ""),
        _ => text!(", among others", "，此外还有其他流量受影响"),
    };
    let (en, zh) = (format!("{}{}", harm.en, more.en), format!("{}{}", harm.zh, more.zh));
    let (to_en, to_zh) = (to.en, to.zh);
    match hijack.way.kind {
        Kind::Answer => text!(
            "policy rule `{rule}` sends what containers of network {name} ({subnet}) answer {to_en}: {en}",
            "策略路由规则 `{rule}` 把网络 {name}（{subnet}）中容器的回复{to_zh}：{zh}"
        ),
        _ => text!(
            "policy rule `{rule}` sends what is for containers of network {name} ({subnet}) {to_en} instead of {docker}: {en}",
            "策略路由规则 `{rule}` 把发往网络 {name}（{subnet}）中容器的报文{to_zh}，而不是 {docker}：{zh}"
        ),
    }
}

/// A rule of its own, asked before the other, by which the main table decides.
fn remedy(here: &Here, rules: &[Rule], bridge: &Bridge, subnet: IpNet, hijack: &Hijack) -> Option<Remedy> {
    let (family, prefix) = (family_flag(subnet), subnet.trunc());
    let taken =
        |priority: &u32| rules.iter().any(|rule| rule.family == hijack.rule.family && rule.priority == *priority);
    // Priority 0 is that of the local table.
    let priority = (1..hijack.rule.priority).rev().find(|priority| !taken(priority))?;
    let (from, to) = match hijack.way.kind {
        Kind::Answer => (Some(prefix), clients_prefix(here, hijack)?),
        _ => (None, prefix),
    };
    let selector = match from {
        Some(from) => format!("from {from} to {to}"),
        None => format!("to {to}"),
    };
    // `ip rule add` marks its rules so (RTPROT_BOOT, linux/rtnetlink.h).
    let rule = Rule { from, to: Some(to), protocol: 3, ..Rule::kernel(hijack.rule.family, priority, MAIN) };
    let title = match hijack.way.kind {
        Kind::Answer => text!(
            "let the main table decide what containers of {name} answer to that LAN",
            "让主路由表决定 {name} 中容器发往该局域网的回复",
            name = bridge.name
        ),
        _ => text!(
            "let the main table decide what is for containers of {name}",
            "让主路由表决定发往 {name} 中容器的报文",
            name = bridge.name
        ),
    };
    let impact = text!(
        "nothing but packets for those addresses goes another way; written into no file: add it to the configuration of what \
         sets rules at boot (networkd [RoutingPolicyRule], NetworkManager ipv4.routing-rules, `up` of ifupdown)",
        "只改变发往这些地址的报文的走向；该规则未写入任何文件：请加到开机时设置规则的程序的配置中（networkd 的 \
         [RoutingPolicyRule]、NetworkManager 的 ipv4.routing-rules、ifupdown 的 `up`）"
    );
    let command = format!("ip {family} rule add {selector} lookup main priority {priority}");
    let action = Action::Rule { rule: Box::new(rule), from: Presence::Absent, to: Presence::Present };
    Some(Remedy::manual(title, impact, vec![command]).until_reboot().by(Safety::Safe, vec![action]))
}

/// The LAN that the answer is for.
fn clients_prefix(here: &Here, hijack: &Hijack) -> Option<IpNet> {
    let client: IpAddr = hijack.way.query.destination;
    here.addresses
        .iter()
        .map(|own| own.address.trunc())
        .find(|prefix| prefix.contains(&client) && Family::of(prefix.addr()) == Family::of(client))
}
