//! The ways by which this host is reached: established connections with other hosts, before and behind a change.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::Session;
use crate::engine::bridges;
use crate::host::{Family, Gap, Missing, Rule, Snapshot, Socket, SocketState, Transport};
use crate::path::fib::{Fib, Lookup, Query, Verdict};
use crate::text::{Text, text};

/// Sessions, and tunnels, whose packets would leave by another link or gateway, or not at all.
///
/// # Errors
/// [`Missing`] when sockets (all of them), routes, rules, links or addresses were not seen.
pub(super) fn touched(before: &Snapshot, after: &Snapshot) -> Result<Vec<Session>, Missing> {
    let sockets = before.sockets.get("sockets")?;
    if let Some(Gap { what }) = before.sockets.gaps().first() {
        return Err(Missing { fact: "sockets", why: what.clone() });
    }
    let (old, new) = (Fib::new(before)?, Fib::new(after)?);
    let docker = docker(before)?;
    let inside = |lookup: &Lookup| leaves_by(&old, lookup, &docker);
    let moves = |query: &Query| {
        let was = old.lookup(query);
        let leaves = matches!(was.verdict, Verdict::Unicast | Verdict::Undetermined(_));
        leaves && !inside(&was) && way(&old, &was) != way(&new, &new.lookup(query))
    };
    let mut found = Vec::new();
    for socket in sockets.iter().filter(|socket| socket.state == SocketState::Established) {
        let query = reply(socket);
        if !query.destination.is_loopback() && !query.destination.is_unspecified() && moves(&query) {
            found.push(Session { local: canonical(socket.local), remote: canonical(socket.remote), program: None });
        }
    }
    for link in before.links.get("links")?.iter().filter(|link| link.up) {
        if let Some(remote) = link.remote.filter(|remote| moves(&Query::to(*remote))) {
            let none = if remote.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
            let (local, remote) = (SocketAddr::new(none, 0), SocketAddr::new(remote, 0));
            found.push(Session { local, remote, program: Some(link.name.clone()) });
        }
    }
    let unknown = tunnels(before, sockets, &old)?;
    if !unknown.is_empty() && underlay_moves(before, after, &old, &new, &inside)? {
        let none = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
        found.extend(unknown.into_iter().map(|name| Session { local: none, remote: none, program: Some(name) }));
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Tunnels by which somebody is here and whose far end the kernel does not tell with the link: WireGuard's peers, what OpenVPN and Tailscale
/// send on a socket that is not connected.
fn tunnels(host: &Snapshot, sockets: &[Socket], fib: &Fib) -> Result<Vec<String>, Missing> {
    const KINDS: [&str; 11] =
        ["wireguard", "tun", "xfrm", "vti", "vti6", "gre", "gretap", "ip6gre", "ipip", "sit", "ip6tnl"];
    let used = |index: u32| {
        let connected =
            |socket: &&Socket| socket.transport == Transport::Tcp && socket.state == SocketState::Established;
        sockets.iter().filter(connected).any(|socket| fib.lookup(&reply(socket)).link() == Some(index))
    };
    let links = host.links.get("links")?.iter();
    let unknown = links.filter(|link| {
        link.up && link.remote.is_none() && link.kind.as_deref().is_some_and(|kind| KINDS.contains(&kind))
    });
    Ok(unknown.filter(|link| used(link.index)).map(|link| link.name.clone()).collect())
}

/// Whether anything that is routed outside of containers' networks goes another way there: the far end may be behind any of it. A new network of
/// containers in what only a wider route covered is not counted; where a far end is seen, it is.
fn underlay_moves(
    before: &Snapshot,
    after: &Snapshot,
    old: &Fib,
    new: &Fib,
    inside: &dyn Fn(&Lookup) -> bool,
) -> Result<bool, Missing> {
    let docker = docker(after)?;
    let said = |host: &Snapshot| -> Result<BTreeMap<String, IpAddr>, Missing> {
        let routes = host.routes.get("routes")?.iter().map(|route| (format!("{route:?}"), route.destination.addr()));
        let rules = host.rules.get("rules")?.iter();
        // A rule without a destination is about everything: an address of the documentation's stands for it (RFC 5737, RFC 3849).
        let any: [IpAddr; 2] =
            [Ipv4Addr::new(198, 51, 100, 1).into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()];
        let of_rule = |rule: &Rule| rule.to.map_or(any[usize::from(rule.family == Family::V6)], |to| to.addr());
        Ok(routes.chain(rules.map(|rule| (format!("{rule:?}"), of_rule(rule)))).collect())
    };
    let (was, is) = (said(before)?, said(after)?);
    let only_in = |one: &BTreeMap<String, IpAddr>, other: &BTreeMap<String, IpAddr>| -> Vec<IpAddr> {
        one.iter().filter(|(words, _)| !other.contains_key(*words)).map(|(_, address)| *address).collect()
    };
    Ok([only_in(&was, &is), only_in(&is, &was)].concat().into_iter().any(|address| {
        let query = Query::to(address);
        let (was, is) = (old.lookup(&query), new.lookup(&query));
        let leaves = matches!(was.verdict, Verdict::Unicast | Verdict::Undetermined(_));
        leaves && !inside(&was) && !leaves_by(new, &is, &docker) && way(old, &was) != way(new, &is)
    }))
}

/// Sessions that come through a container of this host, which an engine that stops takes along: that of whoever asks, and those of sshd's port.
///
/// # Errors
/// As [`touched`].
pub(super) fn through_containers(host: &Snapshot, caller: Option<SocketAddr>) -> Result<Vec<Session>, Missing> {
    let fib = Fib::new(host)?;
    let docker = docker(host)?;
    let caller = caller.map(canonical);
    let sockets = host.sockets.get("sockets")?.iter();
    let connected = sockets.filter(|it| it.transport == Transport::Tcp && it.state == SocketState::Established);
    let ours = connected.filter(|it| it.local.port() == SSH || Some(canonical(it.remote)) == caller);
    let through = ours.filter(|it| leaves_by(&fib, &fib.lookup(&reply(it)), &docker));
    let mut found: Vec<Session> =
        through.map(|it| Session { local: canonical(it.local), remote: canonical(it.remote), program: None }).collect();
    found.sort();
    found.dedup();
    Ok(found)
}

/// The links of Docker's bridges, by name.
fn docker(host: &Snapshot) -> Result<Vec<String>, Missing> {
    Ok(bridges(host)?.into_iter().map(|bridge| bridge.link_name).collect())
}

fn leaves_by(fib: &Fib, lookup: &Lookup, links: &[String]) -> bool {
    lookup.link().and_then(|link| fib.name_of(link)).is_some_and(|name| links.iter().any(|one| one == name))
}

/// IPv4 as itself, not as a part of IPv6.
fn canonical(end: SocketAddr) -> SocketAddr {
    SocketAddr::new(end.ip().to_canonical(), end.port())
}

/// IANA's port of SSH.
const SSH: u16 = 22;

/// What this host sends on a connection. Sockets of both families show IPv4 as IPv6 (RFC 4291 §2.5.5.2).
fn reply(socket: &Socket) -> Query {
    let local = socket.local.ip().to_canonical();
    Query {
        source: Some(local).filter(|local| !local.is_unspecified()),
        protocol: if socket.transport == Transport::Tcp { 6 } else { 17 },
        source_port: Some(socket.local.port()),
        destination_port: Some(socket.remote.port()),
        ..Query::to(socket.remote.ip().to_canonical())
    }
}

/// A gateway, and the link's name.
type Hop<'a> = (Option<IpAddr>, Option<&'a str>);

/// Where a lookup leads, by names: a link that is made again has another number.
fn way<'a>(fib: &Fib<'a>, lookup: &Lookup) -> (Verdict, Vec<Hop<'a>>) {
    let hop = |hop: &crate::host::NextHop| (hop.via, hop.link.and_then(|link| fib.name_of(link)));
    (lookup.verdict.clone(), lookup.hops.iter().map(hop).collect())
}

/// Why a step is refused of which nobody knows whose way it changes.
pub(super) fn unseen(Text { en, zh }: Text) -> Text {
    text!(
        "whether it cuts established connections to this host is not known ({en}), so it cannot be armed for them",
        "无法得知它是否会切断到本机的既有连接（{zh}），因此无法为其设置自动回滚"
    )
}

/// Why a step is refused whose way in nobody stands ready to confirm.
pub(super) fn cut(sessions: &[Session]) -> Text {
    let (shown, count) = shown(sessions);
    text!(
        "it changes the way of {count} established connections to this host ({shown}); --allow disruptive carries it out and takes it \
         back unless `dnetctl confirm` follows",
        "它会改变 {count} 条到本机的既有连接的路径（{shown}）；加上 --allow disruptive 才会执行，且若未执行 `dnetctl confirm` 会自动回滚"
    )
}

/// Why a step is refused of which the part that waits for the confirmation cuts somebody off.
pub(super) fn untried(sessions: &[Session]) -> Text {
    let (shown, count) = shown(sessions);
    text!(
        "the engine's start would change the way of {count} established connections to this host ({shown}), and that cannot be tried before \
         it is confirmed",
        "引擎启动会改变 {count} 条到本机的既有连接的路径（{shown}），而这在确认之前无法试行"
    )
}

/// Why the engine is not stopped under somebody who came through one of its containers: the restart waits for no confirmation that could still come.
pub(super) fn stopped(sessions: &[Session]) -> Text {
    let (shown, count) = shown(sessions);
    text!(
        "the engine's restart would stop the containers through which {count} SSH sessions reach this host ({shown}); log in another way first",
        "重启引擎会停止 {count} 个 SSH 会话所经过的容器（{shown}）；请先改用其他途径登录"
    )
}

/// The first of them for a sentence, and how many there are.
fn shown(sessions: &[Session]) -> (String, usize) {
    let shown = |session: &Session| match &session.program {
        Some(tunnel) if session.remote.ip().is_unspecified() => format!("{tunnel} ↔ ?"),
        Some(tunnel) if session.remote.port() == 0 => format!("{tunnel} ↔ {}", session.remote.ip()),
        _ => format!("{} ↔ {}", session.remote, session.local),
    };
    let shown: Vec<String> = sessions.iter().take(3).map(shown).collect();
    (shown.join(", "), sessions.len())
}
