//! Whether anybody takes a packet that a host itself gets.

use super::world::World;
use crate::host::{Socket, SocketState, Transport};
use crate::path::trace::{Trace, Verdict, Way};
use crate::text::{Text, text};

/// A packet that arrives at a port of the host where nobody listens: it is answered by RST or port unreachable. Nothing where
/// the sockets were not all seen.
pub fn unheard(world: &World, trace: &Trace) -> Option<Text> {
    let arrival = trace.arrives.as_ref().filter(|arrival| arrival.link.is_none())?;
    let packet = &arrival.packet;
    let (transport, word, answer) = match packet.protocol {
        6 => (Transport::Tcp, "tcp", "RST"),
        17 => (Transport::Udp, "udp", "ICMP port unreachable"),
        _ => return None,
    };
    let port = packet.destination_port?;
    let host = trace.hops.iter().rfind(|hop| hop.way == Way::Request)?.host;
    let sockets = &world.host(host).sockets;
    let (seen, whole) = (sockets.ok()?, sockets.gaps().is_empty());
    let takes = |socket: &&Socket| {
        let address = socket.local.ip();
        // A listener on [::] takes IPv4 too, unless it says otherwise, which is not seen.
        let fits = address == packet.destination || address.is_unspecified();
        socket.transport == transport && socket.state == SocketState::Listen && socket.local.port() == port && fits
    };
    let name = &world.names[host];
    let arrives = matches!(trace.verdict, Verdict::Delivered);
    (arrives && whole && !seen.iter().any(|socket| takes(&socket))).then(|| {
        text!(
            "nobody listens on {port}/{word} of {name}: the answer is {answer}",
            "{name} 上没有进程监听 {port}/{word}：应答将是 {answer}"
        )
    })
}
