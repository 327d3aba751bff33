//! One route of the kernel. A route that is deleted is kept as the kernel said it, so that it comes back with attributes that no check
//! looks at.

use std::net::IpAddr;

use super::kept::Kept;
use super::netlink::{Message, NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, Refusal, change, octets};
use crate::action::Presence;
use crate::host::{Family, NextHop, Route, RouteKind, Scope};
use crate::probe::netlink::route::{
    RTA_DST, RTA_GATEWAY, RTA_METRICS, RTA_MULTIPATH, RTA_NH_ID, RTA_OIF, RTA_PREF, RTA_PREFSRC, RTA_PRIORITY, RTA_SRC,
    RTA_TABLE, RTA_VIA, RTAX_MTU, RTM_NEWROUTE,
};
use crate::probe::netlink::{Attributes, Raw, raw_links, raw_routes};
use crate::text::{Text, text};

const RTM_DELROUTE: u16 = 25;
const RTA_CACHEINFO: u16 = 12;
/// Where struct rtmsg has the type.
const RTM_TYPE: usize = 7;
const RTNH_F_ONLINK: u8 = 4;
const RTPROT_KERNEL: u8 = 2;
const ANY_PROTOCOL: u8 = 0;

/// What the kernel gives a route of IPv6 that is added without a metric (IP6_RT_PRIO_USER); some of its own have none.
const METRIC_OF_IPV6: u32 = 1024;

pub fn state(route: &Route, link: Option<&str>) -> Result<Presence, Text> {
    Ok(match here(route, link)? {
        Some(wanted) if !live(&wanted)?.is_empty() => Presence::Present,
        _ => Presence::Absent,
    })
}

pub fn bring(kept: &Kept, route: &Route, link: Option<&str>, wanted: Presence) -> Result<(), Text> {
    let words = words(route, link);
    let Some(here) = here(route, link)? else {
        let link = link.unwrap_or_default();
        return match wanted {
            Presence::Absent => Ok(()),
            Presence::Present => Err(text!("`{words}`: there is no link {link}", "`{words}`：没有网络接口 {link}")),
        };
    };
    let there = live(&here)?;
    let about = format!("route {words} table {} metric {} proto {}", route.table, route.metric, route.protocol);
    match (wanted, there.first()) {
        (Presence::Absent, Some(route)) => {
            let sent = again(&route.payload).map_or_else(|| message(&here), Ok)?;
            may_come_back(&route.says, &sent, &words)?;
            keeps_its_place(&here, &words)?;
            kept.put(&about, &route.payload)?;
            change(RTM_DELROUTE, 0, &to_delete(sent, &route.says))
                .map_err(|refusal| refusal.of(&format!("ip route del {words}")))?;
        }
        (Presence::Present, None) => add(kept, &about, &here, &words)?,
        _ => return Ok(()),
    }
    match (wanted, live(&here)?.is_empty()) {
        (Presence::Present, false) | (Presence::Absent, true) => Ok(()),
        (Presence::Present, true) => Err(text!(
            "the kernel took `ip route add {words}` and made another route of it",
            "内核接受了 `ip route add {words}`，但得到的是另一条路由"
        )),
        (Presence::Absent, false) => Err(text!(
            "the kernel took `ip route del {words}`, and the route is still there",
            "内核接受了 `ip route del {words}`，但该路由仍然存在"
        )),
    }
}

fn add(kept: &Kept, about: &str, route: &Route, words: &str) -> Result<(), Text> {
    let as_it_was = kept.get::<Vec<u8>>(about).and_then(|payload| {
        let said = crate::probe::netlink::decode_route(&payload)?;
        if same(&said, route) { again(&payload) } else { None }
    });
    let sent = as_it_was.map_or_else(|| message(route), Ok)?;
    let outcome = change(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &sent);
    let outcome = match outcome {
        // Another of the same prefix, TOS and metric, which ip-route(8) calls appended. With gateways IPv6 would make one route of both.
        Err(refusal) if refusal.code == nix::libc::EEXIST && may_be_appended(route) => {
            change(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, &sent)
        }
        outcome => outcome,
    };
    outcome.map_err(|refusal| refusal.of(&format!("ip route add {words}")))
}

/// A route over a nexthop object that is a black hole is told as `blackhole` whatever it was made as, and deleted only by what it was made
/// as (Linux, net/ipv4/fib_semantics.c: fib_dump_info; fib_trie.c: fib_table_delete). No type means any.
fn to_delete(mut sent: Vec<u8>, route: &Route) -> Vec<u8> {
    if let (Some(_), Some(kind)) = (route.next_hop_object, sent.get_mut(RTM_TYPE)) {
        *kind = 0;
    }
    sent
}

/// Asks the kernel to add the route that it has. That it exists is the answer wanted: all else about it would be accepted. Some routes would
/// not be, because of others that came after them.
fn may_come_back(route: &Route, sent: &[u8], words: &str) -> Result<(), Text> {
    if route.family() == Family::V6 && route.metric == 0 {
        return Err(text!(
            "`{words}` is left alone: the kernel makes it along with an address, and nobody else can",
            "不处理 `{words}`：它由内核随地址一起创建，其他程序无法创建"
        ));
    }
    match change(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sent) {
        Err(refusal) if refusal.code == nix::libc::EEXIST => Ok(()),
        Err(Refusal { said, .. }) => Err(text!(
            "`{words}` is left alone, for the kernel would not take it back: {said}",
            "不处理 `{words}`：删除后内核不会再接受它：{said}"
        )),
        // It went away at this moment, and is here again.
        Ok(()) => Ok(()),
    }
}

/// Of several routes of one prefix, TOS and metric the first is used; one that comes back is the last of them.
fn keeps_its_place(route: &Route, words: &str) -> Result<(), Text> {
    let key = |route: &Route| (route.destination, route.tos, normal(route).metric, route.from);
    let all = raw_routes(route.family(), route.table, ANY_PROTOCOL, |other| key(other) == key(route))?;
    match all.last() {
        Some(last) if !same(&last.says, route) => Err(text!(
            "`{words}` is left alone: another route of the same prefix and metric comes after it, and the order could not be restored",
            "不处理 `{words}`：它后面还有前缀和 metric 都相同的路由，删除后无法恢复顺序"
        )),
        _ => Ok(()),
    }
}

fn may_be_appended(route: &Route) -> bool {
    route.family() == Family::V4 || route.next_hops.iter().all(|hop| hop.via.is_none())
}

fn words(route: &Route, link: Option<&str>) -> String {
    route.words(|index| link.map_or_else(|| format!("if{index}"), str::to_owned))
}

/// The route with the link's present index; none: there is no such link.
fn here(route: &Route, link: Option<&str>) -> Result<Option<Route>, Text> {
    let mut here = route.clone();
    if let (Some(name), [hop]) = (link, here.next_hops.as_mut_slice()) {
        let found = raw_links(|link| link.name == name)?;
        let Some(found) = found.first() else { return Ok(None) };
        hop.link = Some(found.says.index);
    }
    Ok(Some(here))
}

fn live(wanted: &Route) -> Result<Vec<Raw<Route>>, Text> {
    raw_routes(wanted.family(), wanted.table, wanted.protocol, |route| same(route, wanted))
}

/// Whether both are one route. What the kernel fills in or changes by itself does not count.
fn same(one: &Route, other: &Route) -> bool {
    normal(one) == normal(other)
}

fn normal(route: &Route) -> Route {
    let mut route = route.clone();
    if route.family() == Family::V6 {
        // Of IPv6 all routes have the scope global.
        route.scope = Scope::Global;
        if route.metric == 0 && route.protocol != RTPROT_KERNEL {
            route.metric = METRIC_OF_IPV6;
        }
    }
    // The kernel resolves an object itself, and IPv6 puts the loopback to those that send nowhere.
    if route.next_hop_object.is_some() || sends_nowhere(route.kind) {
        route.next_hops = Vec::new();
    }
    for hop in &mut route.next_hops {
        *hop = NextHop { dead: false, linkdown: false, weight: hop.weight.max(1), ..hop.clone() };
    }
    route
}

fn sends_nowhere(kind: RouteKind) -> bool {
    matches!(kind, RouteKind::Blackhole | RouteKind::Unreachable | RouteKind::Prohibit | RouteKind::Throw)
}

/// What the kernel said, as it takes it: without what it fills in itself and does not take back.
fn again(payload: &[u8]) -> Option<Vec<u8>> {
    let (header, rest) = payload.split_first_chunk::<12>()?;
    let mut header = *header;
    let flags = u32::from_ne_bytes(*header.last_chunk()?) & u32::from(RTNH_F_ONLINK);
    header[8..].copy_from_slice(&flags.to_ne_bytes());
    let attributes = Attributes::new(rest).ok()?;
    let by_object = attributes.bytes(RTA_NH_ID).is_some();
    let mut message = Message::new(&header);
    for (kind, value) in attributes.iter() {
        match kind {
            RTA_CACHEINFO => {}
            RTA_OIF | RTA_GATEWAY | RTA_VIA | RTA_MULTIPATH if by_object => {}
            RTA_MULTIPATH => message.put(kind, &without_flags(value)?),
            _ => message.put(kind, value),
        }
    }
    Some(message.bytes())
}

/// struct rtnexthop: length, flags, weight - 1, link; then attributes of its own.
fn without_flags(hops: &[u8]) -> Option<Vec<u8>> {
    let (mut hops, mut at) = (hops.to_vec(), 0);
    while at < hops.len() {
        let length = usize::from(u16::from_ne_bytes([*hops.get(at)?, *hops.get(at + 1)?]));
        *hops.get_mut(at + 2)? &= RTNH_F_ONLINK;
        at += length.max(8).next_multiple_of(4);
    }
    Some(hops)
}

/// The message that makes the route.
fn message(route: &Route) -> Result<Vec<u8>, Text> {
    let unknown = || {
        let words = words(route, None);
        text!("`{words}` is of a kind that dnetctl does not make", "`{words}` 属于 dnetctl 不会创建的类型")
    };
    let kind = kind_number(route.kind).ok_or_else(unknown)?;
    let scope = scope_number(route.scope).ok_or_else(unknown)?;
    let length = |prefix: Option<ipnet::IpNet>| prefix.map_or(0, |prefix| prefix.prefix_len());
    let on_link = matches!(route.next_hops.as_slice(), [hop] if hop.onlink);
    let header = [
        if route.family() == Family::V4 { nix::libc::AF_INET as u8 } else { nix::libc::AF_INET6 as u8 },
        route.destination.prefix_len(),
        length(route.from),
        route.tos,
        u8::try_from(route.table).unwrap_or(0),
        route.protocol,
        scope,
        kind,
    ];
    let flags = if on_link { u32::from(RTNH_F_ONLINK) } else { 0 };
    let mut message = Message::new(&[&header[..], &flags.to_ne_bytes()].concat())
        .with(RTA_TABLE, &route.table.to_ne_bytes())
        .with_any(RTA_DST, (!route.is_default()).then(|| octets(route.destination.addr())))
        .with_any(RTA_SRC, route.from.map(|from| octets(from.addr())))
        .with_any(RTA_PRIORITY, (route.metric != 0).then(|| route.metric.to_ne_bytes()))
        .with_any(RTA_PREFSRC, route.source.map(octets))
        .with_any(RTA_PREF, (route.preference != 0).then_some([route.preference]))
        .with_any(RTA_NH_ID, route.next_hop_object.map(u32::to_ne_bytes));
    if let Some(mtu) = route.mtu {
        message.put(RTA_METRICS, &Message::new(&[]).with(RTAX_MTU, &mtu.to_ne_bytes()).bytes());
    }
    if route.next_hop_object.is_some() || sends_nowhere(route.kind) {
        return Ok(message.bytes());
    }
    match route.next_hops.as_slice() {
        [] => {}
        [hop] => {
            message = hop_attributes(message, hop, route.family()).with_any(RTA_OIF, hop.link.map(u32::to_ne_bytes))
        }
        hops => message.put(RTA_MULTIPATH, &multipath(hops, route.family())),
    }
    Ok(message.bytes())
}

fn multipath(hops: &[NextHop], family: Family) -> Vec<u8> {
    let mut all = Vec::new();
    for hop in hops {
        let weight = u8::try_from(hop.weight.max(1) - 1).unwrap_or(u8::MAX);
        let link = hop.link.unwrap_or(0).to_ne_bytes();
        let flags = if hop.onlink { RTNH_F_ONLINK } else { 0 };
        let header = [&[0, 0, flags, weight][..], &link].concat();
        let mut one = hop_attributes(Message::new(&header), hop, family).bytes();
        let length = u16::try_from(one.len()).unwrap_or(u16::MAX).to_ne_bytes();
        one[..2].copy_from_slice(&length);
        all.extend(one);
    }
    all
}

/// A gateway of the other family has its own attribute (RFC 5549).
fn hop_attributes(message: Message, hop: &NextHop, family: Family) -> Message {
    match hop.via {
        None => message,
        Some(via) if Family::of(via) == family => message.with(RTA_GATEWAY, &octets(via)),
        Some(via) => {
            let number = if matches!(via, IpAddr::V4(_)) { nix::libc::AF_INET } else { nix::libc::AF_INET6 };
            message.with(RTA_VIA, &[&(number as u16).to_ne_bytes()[..], &octets(via)].concat())
        }
    }
}

fn kind_number(kind: RouteKind) -> Option<u8> {
    Some(match kind {
        RouteKind::Unicast => 1,
        RouteKind::Local => 2,
        RouteKind::Broadcast => 3,
        RouteKind::Anycast => 4,
        RouteKind::Multicast => 5,
        RouteKind::Blackhole => 6,
        RouteKind::Unreachable => 7,
        RouteKind::Prohibit => 8,
        RouteKind::Throw => 9,
        RouteKind::Nat | RouteKind::Other => return None,
    })
}

fn scope_number(scope: Scope) -> Option<u8> {
    Some(match scope {
        Scope::Global => 0,
        Scope::Site => 200,
        Scope::Link => 253,
        Scope::Host => 254,
        Scope::Nowhere => 255,
        Scope::Other => return None,
    })
}
