//! Sends one packet and waits for what comes back: `trace --probe`. The only place of this layer that puts anything on the wire.

mod icmp;

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockProtocol, SockType, SockaddrStorage, bind, connect, getsockname, setsockopt, socket,
    sockopt,
};
use nix::sys::time::TimeVal;

use crate::host::ipproto;
use crate::text::{Text, text};
use icmp::{Message, Sent};

/// How long an answer is waited for.
const WAIT: Duration = Duration::from_secs(2);

/// What a service that answers anything may answer to.
const PAYLOAD: &[u8] = b"dnetctl";

/// A packet to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    pub destination: IpAddr,
    pub kind: Kind,
    /// None: the kernel chooses.
    pub source: Option<IpAddr>,
    /// A process in the network namespace from which it is sent; none: from here.
    pub namespace_of: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An ICMP echo request.
    Echo,
    /// A TCP connection, closed as soon as it stands.
    Tcp { port: u16, source_port: Option<u16> },
    /// One datagram.
    Udp { port: u16, source_port: Option<u16> },
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An echo reply, a connection that stands, a datagram.
    Answered,
    /// RST, or port unreachable from the destination itself to a datagram: it was there, and nobody listens.
    Refused,
    /// Another ICMP error: who sent it, its type and code.
    Rejected { by: IpAddr, kind: u8, code: u8 },
    /// The kernel here refused to send it: errno's own words.
    Unsent(String),
    /// Nothing, within two seconds.
    Silent,
}

/// Sends it and waits.
///
/// # Errors
/// Why it could not be tried: no right, no such process, no socket.
pub fn send(packet: &Packet) -> Result<Reply, Text> {
    let packet = packet.clone();
    // A thread has a network namespace of its own to choose, and takes it along when it ends.
    std::thread::spawn(move || send_from_there(&packet))
        .join()
        .unwrap_or_else(|_| Err(text!("the thread that sends the packet broke down", "发送数据包的线程异常终止")))
}

fn send_from_there(packet: &Packet) -> Result<Reply, Text> {
    if let Some(pid) = packet.namespace_of {
        let path = format!("/proc/{pid}/ns/net");
        let entered = std::fs::File::open(&path)
            .and_then(|namespace| setns(&namespace, CloneFlags::CLONE_NEWNET).map_err(std::io::Error::from));
        entered.map_err(|error| {
            text!(
                "the container's network namespace ({path}) cannot be entered: {error}",
                "无法进入容器的网络命名空间（{path}）：{error}"
            )
        })?;
    }
    let no_socket =
        |error: std::io::Error| text!("no packet can be sent from there: {error}", "无法从该处发送数据包：{error}");
    let listener = listener(packet).map_err(no_socket)?;
    let exchange = match packet.kind {
        Kind::Echo => echo(packet, &listener),
        Kind::Tcp { port, source_port } => tcp(packet, &listener, port, source_port),
        Kind::Udp { port, source_port } => udp(packet, &listener, port, source_port),
    };
    exchange.map_err(no_socket)
}

fn family(address: IpAddr) -> AddressFamily {
    if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 }
}

/// A raw socket, which gets a copy of every ICMP message to this namespace (raw(7)).
fn listener(packet: &Packet) -> std::io::Result<UdpSocket> {
    let protocol = if packet.destination.is_ipv4() { SockProtocol::Icmp } else { SockProtocol::IcmpV6 };
    let raw = open(packet, SockType::Raw, Some(protocol))?;
    if packet.kind == Kind::Echo
        && let Some(source) = packet.source
    {
        bind(raw.as_raw_fd(), &SockaddrStorage::from(SocketAddr::new(source, 0)))?;
    }
    // std's calls know only descriptors; that this one is no UDP socket is nothing to them.
    Ok(UdpSocket::from(raw))
}

fn open(packet: &Packet, kind: SockType, protocol: Option<SockProtocol>) -> nix::Result<OwnedFd> {
    socket(family(packet.destination), kind, SockFlag::SOCK_CLOEXEC, protocol)
}

fn echo(packet: &Packet, listener: &UdpSocket) -> std::io::Result<Reply> {
    let identifier = random();
    let sent = Sent { destination: packet.destination, protocol: None, source_port: identifier, port: 0 };
    let request = icmp::echo_request(packet.destination, identifier, PAYLOAD);
    if let Err(error) = listener.send_to(&request, SocketAddr::new(packet.destination, 0)) {
        return Ok(unsent(&error, listener, &sent));
    }
    let until = Instant::now() + WAIT;
    Ok(heard(listener, &sent, until).unwrap_or(Reply::Silent))
}

/// Not zero, which some stacks take for none, and not a number that an earlier run used: conntrack would know it.
fn random() -> u16 {
    use std::hash::{BuildHasher, Hasher};
    let hash = std::collections::hash_map::RandomState::new().build_hasher().finish();
    (hash as u16).max(1)
}

fn tcp(packet: &Packet, listener: &UdpSocket, port: u16, source_port: Option<u16>) -> std::io::Result<Reply> {
    let stream = open(packet, SockType::Stream, None)?;
    // A blocking connect(2) waits as long as SO_SNDTIMEO says (socket(7)).
    setsockopt(&stream, sockopt::SendTimeout, &TimeVal::new(WAIT.as_secs() as i64, 0))?;
    attach(&stream, packet, source_port)?;
    let connected = connect(stream.as_raw_fd(), &SockaddrStorage::from(SocketAddr::new(packet.destination, port)));
    let sent =
        Sent { destination: packet.destination, protocol: Some(ipproto::TCP), source_port: local_port(&stream)?, port };
    Ok(match connected {
        Ok(()) => Reply::Answered,
        // REJECT's port unreachable is the same error as RST; only one of them came with a message.
        Err(Errno::ECONNREFUSED) => heard(listener, &sent, Instant::now()).unwrap_or(Reply::Refused),
        Err(Errno::EINPROGRESS | Errno::ETIMEDOUT | Errno::EAGAIN | Errno::EINTR) => {
            heard(listener, &sent, Instant::now()).unwrap_or(Reply::Silent)
        }
        Err(error) => unsent(&error.into(), listener, &sent),
    })
}

fn udp(packet: &Packet, listener: &UdpSocket, port: u16, source_port: Option<u16>) -> std::io::Result<Reply> {
    let datagram = open(packet, SockType::Datagram, None)?;
    attach(&datagram, packet, source_port)?;
    let to = SocketAddr::new(packet.destination, port);
    if let Err(error) = connect(datagram.as_raw_fd(), &SockaddrStorage::from(to)) {
        return Ok(Reply::Unsent(error.desc().to_owned()));
    }
    let sent = Sent {
        destination: packet.destination,
        protocol: Some(ipproto::UDP),
        source_port: local_port(&datagram)?,
        port,
    };
    let datagram = UdpSocket::from(datagram);
    if let Err(error) = datagram.send(PAYLOAD) {
        return Ok(unsent(&error, listener, &sent));
    }
    datagram.set_read_timeout(Some(WAIT))?;
    // An error of the socket is an ICMP message, which the listener has too.
    let answered = datagram.recv(&mut [0; 2048]).is_ok();
    Ok(if answered { Reply::Answered } else { heard(listener, &sent, Instant::now()).unwrap_or(Reply::Silent) })
}

/// Binds to the source that was asked for.
fn attach(socket: &OwnedFd, packet: &Packet, source_port: Option<u16>) -> std::io::Result<()> {
    if packet.source.is_none() && source_port.is_none() {
        return Ok(());
    }
    let any: IpAddr = match packet.destination {
        IpAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let source = SocketAddr::new(packet.source.unwrap_or(any), source_port.unwrap_or(0));
    Ok(bind(socket.as_raw_fd(), &SockaddrStorage::from(source))?)
}

fn local_port(socket: &OwnedFd) -> std::io::Result<u16> {
    let name: SockaddrStorage = getsockname(socket.as_raw_fd())?;
    let v4 = name.as_sockaddr_in().map(|name| name.port());
    Ok(v4.or_else(|| name.as_sockaddr_in6().map(|name| name.port())).unwrap_or(0))
}

/// Why the kernel did not send it: a message of its own may say, else errno does. EPERM is a rule's DROP on the way out
/// (net/netfilter/core.c `nf_hook_slow`), which nobody else tells of.
fn unsent(error: &std::io::Error, listener: &UdpSocket, sent: &Sent) -> Reply {
    heard(listener, sent, Instant::now()).unwrap_or_else(|| match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EPERM) => Reply::Silent,
        Some(errno) => Reply::Unsent(errno.desc().to_owned()),
        None => Reply::Unsent(error.to_string()),
    })
}

/// What ICMP says of the packet that was sent, until then; at least what is there already.
fn heard(listener: &UdpSocket, sent: &Sent, until: Instant) -> Option<Reply> {
    let mut buffer = [0; 2048];
    loop {
        // An error on the way out comes a moment behind the call that it ends.
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(20));
        listener.set_read_timeout(Some(left)).ok()?;
        let (length, by) = listener.recv_from(&mut buffer).ok()?;
        let reply = match icmp::message(&buffer[..length], by.ip(), sent) {
            Some(Message::Answer) => Some(Reply::Answered),
            Some(Message::Error { kind, code }) => Some(error(by.ip(), kind, code, sent)),
            None => None,
        };
        if reply.is_some() {
            return reply;
        }
    }
}

fn error(by: IpAddr, kind: u8, code: u8, sent: &Sent) -> Reply {
    let port_unreachable = if by.is_ipv4() { (3, 3) } else { (1, 4) };
    if (kind, code) == port_unreachable && by == sent.destination && sent.protocol == Some(ipproto::UDP) {
        return Reply::Refused;
    }
    Reply::Rejected { by, kind, code }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, TcpListener};

    fn local(kind: Kind) -> Packet {
        Packet { destination: Ipv4Addr::LOCALHOST.into(), kind, source: None, namespace_of: None }
    }

    /// Raw sockets need root; without it the attempt says so, which is what is held then.
    fn tried(packet: &Packet) -> Option<Reply> {
        match send(packet) {
            Ok(reply) => Some(reply),
            Err(why) => {
                assert!(!nix::unistd::geteuid().is_root() && why.en.contains("not permitted"), "{}", why.en);
                None
            }
        }
    }

    #[test]
    fn tells_answers_from_refusals() {
        let server = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = server.local_addr().expect("its number").port();
        let tcp = |port| local(Kind::Tcp { port, source_port: None });
        assert!(tried(&tcp(port)).is_none_or(|reply| reply == Reply::Answered));
        drop(server);
        assert!(tried(&tcp(port)).is_none_or(|reply| reply == Reply::Refused));
        assert!(tried(&local(Kind::Echo)).is_none_or(|reply| reply == Reply::Answered));
        let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let port = udp.local_addr().expect("its number").port();
        drop(udp);
        let closed = tried(&local(Kind::Udp { port, source_port: None }));
        assert!(closed.is_none_or(|reply| reply == Reply::Refused));
    }

    #[test]
    fn an_answered_datagram() {
        let server = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let port = server.local_addr().expect("its number").port();
        let echo = std::thread::spawn(move || {
            server.set_read_timeout(Some(Duration::from_secs(1))).expect("a timeout");
            let mut buffer = [0; 64];
            if let Ok((length, from)) = server.recv_from(&mut buffer) {
                server.send_to(&buffer[..length], from).expect("sent");
            }
        });
        assert!(tried(&local(Kind::Udp { port, source_port: None })).is_none_or(|reply| reply == Reply::Answered));
        echo.join().expect("it ends");
    }
}
