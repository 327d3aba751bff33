//! The ways by which this host is reached: established connections with other hosts, before and behind a change.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::Session;
use crate::engine::bridges;
use crate::host::{Gap, Missing, Snapshot, Socket, SocketState, Transport};
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
    let docker: Vec<String> = bridges(before)?.into_iter().map(|bridge| bridge.link_name).collect();
    let inside = |lookup: &Lookup| {
        lookup.link().and_then(|link| old.name_of(link)).is_some_and(|name| docker.iter().any(|one| one == name))
    };
    let moves = |query: &Query| {
        let was = old.lookup(query);
        let leaves = matches!(was.verdict, Verdict::Unicast | Verdict::Undetermined(_));
        leaves && !inside(&was) && way(&old, &was) != way(&new, &new.lookup(query))
    };
    let mut found = Vec::new();
    for socket in sockets.iter().filter(|socket| socket.state == SocketState::Established) {
        let query = reply(socket);
        if !query.destination.is_loopback() && !query.destination.is_unspecified() && moves(&query) {
            let canonical = |end: SocketAddr| SocketAddr::new(end.ip().to_canonical(), end.port());
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
    found.sort();
    found.dedup();
    Ok(found)
}

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

/// The first of them for a sentence, and how many there are.
fn shown(sessions: &[Session]) -> (String, usize) {
    let shown = |session: &Session| match &session.program {
        Some(tunnel) if session.remote.port() == 0 => format!("{tunnel} ↔ {}", session.remote.ip()),
        _ => format!("{} ↔ {}", session.remote, session.local),
    };
    let shown: Vec<String> = sessions.iter().take(3).map(shown).collect();
    (shown.join(", "), sessions.len())
}
