//! The sockets of one network namespace: raw ones that send requests and see what is delivered (behind the input hook, so
//! that what is seen has arrived), listeners that let TCP answer, and ports that datagrams are answered from.

use super::frame::{self, Ends, ICMP, ICMPV6, Seen, TCP, UDP, What};
use super::inside::Inside;
use nix::errno::Errno;
use nix::libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo};
use nix::sys::socket::sockopt::{Ipv6RecvPacketInfo, Ipv6V6Only};
use nix::sys::socket::{
    AddressFamily, Backlog, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockProtocol, SockType,
    SockaddrIn, SockaddrIn6, bind, listen, recv, recvmsg, sendmsg, sendto, setsockopt, socket,
};
use nix::unistd::{Uid, setfsuid};
use std::collections::BTreeMap;
use std::io::{IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// The user who sends some of a host's packets.
pub const USER: u32 = 1000;

/// What everybody answers on, by TCP and UDP.
pub const PORTS: [u16; 14] = [22, 25, 53, 80, 123, 443, 3000, 3306, 5300, 5432, 8000, 8080, 8443, 9000];

#[derive(Debug)]
pub struct Wire {
    /// By family (IPv6 or not) and IPPROTO_*; root's.
    raw: BTreeMap<(bool, u8), OwnedFd>,
    users: BTreeMap<(bool, u8), OwnedFd>,
    /// By address too, where it is not all of them.
    answering: BTreeMap<(bool, Option<IpAddr>, u16), OwnedFd>,
    _listening: Vec<OwnedFd>,
}

const KINDS: [(bool, u8); 6] = [(false, ICMP), (false, TCP), (false, UDP), (true, ICMPV6), (true, TCP), (true, UDP)];

impl Wire {
    /// `addresses`: where somebody has a port on one of them, it is taken on the others.
    pub fn open(inside: &Inside, addresses: &[IpAddr]) -> Self {
        let addresses = addresses.to_vec();
        inside.run(move || {
            let all = || KINDS.map(|(v6, protocol)| ((v6, protocol), raw(v6, protocol))).into_iter().collect();
            let root = all();
            // Of this thread alone; capabilities for the network stay.
            setfsuid(Uid::from_raw(USER));
            let users = all();
            setfsuid(Uid::from_raw(0));
            let both = || PORTS.iter().flat_map(|port| [(false, *port), (true, *port)]);
            // What the engine's proxy holds is left to it.
            let mut answering = BTreeMap::new();
            for (v6, port) in both() {
                for (address, socket) in held(v6, SockType::Datagram, port, &addresses) {
                    answering.insert((v6, address, port), socket);
                }
            }
            let listening: Vec<OwnedFd> = both()
                .flat_map(|(v6, port)| held(v6, SockType::Stream, port, &addresses))
                .map(|(_, socket)| socket)
                .collect();
            listening.iter().for_each(|socket| listen(socket, Backlog::new(64).expect("small")).expect("bound"));
            Self { raw: root, users, answering, _listening: listening }
        })
    }

    /// What to wait for.
    pub fn sockets(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.raw.values().map(AsFd::as_fd)
    }

    /// Sends a request; the error is that of sendto(2).
    pub fn send(&self, protocol: u8, ends: Ends, number: u32, uid: u32) -> Result<(), Errno> {
        let sockets = if uid == 0 { &self.raw } else { &self.users };
        let socket = &sockets[&(ends.source.is_ipv6(), protocol)];
        let bytes = frame::request(protocol, ends, number);
        match ends.destination {
            IpAddr::V4(to) => sendto(socket.as_raw_fd(), &bytes, &four(to, 0), MsgFlags::empty()),
            IpAddr::V6(to) => sendto(socket.as_raw_fd(), &bytes, &six(to, 0), MsgFlags::empty()),
        }
        .map(|_| ())
    }

    /// Everything that has come in since. Datagrams are answered.
    pub fn seen(&self) -> Vec<Seen> {
        let mut all = Vec::new();
        for ((v6, protocol), socket) in &self.raw {
            let begin = all.len();
            while let Some(seen) = receive(socket, *v6, *protocol) {
                all.extend(seen);
            }
            if *protocol == UDP {
                all[begin..].iter().filter(|seen| seen.what == What::Request).for_each(|seen| self.answer(*v6, seen));
            }
        }
        all
    }

    /// Somebody here answers that datagram.
    pub fn answers(&self, request: &Seen) -> bool {
        self.answering(request.source.is_ipv6(), request).is_some()
    }

    fn answering(&self, v6: bool, request: &Seen) -> Option<&OwnedFd> {
        let port = request.destination_port;
        let socket = self.answering.get(&(v6, None, port));
        socket.or_else(|| self.answering.get(&(v6, Some(request.destination), port)))
    }

    /// From the address that was asked, as a server on several addresses does.
    fn answer(&self, v6: bool, request: &Seen) {
        let Some(socket) = self.answering(v6, request) else { return };
        let mut drained = [0; 64];
        while recv(socket.as_raw_fd(), &mut drained, MsgFlags::empty()).is_ok() {}
        let bytes = frame::payload(request.number, 1);
        let bytes = [IoSlice::new(&bytes)];
        let (descriptor, flags) = (socket.as_raw_fd(), MsgFlags::empty());
        // Where the host has no way back, there is no answer.
        let _ = match (request.source, request.destination) {
            (IpAddr::V4(to), IpAddr::V4(from)) => {
                let from = in_addr { s_addr: u32::from(from).to_be() };
                let from = in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: from, ipi_addr: in_addr { s_addr: 0 } };
                let from = [ControlMessage::Ipv4PacketInfo(&from)];
                sendmsg(descriptor, &bytes, &from, flags, Some(&four(to, request.source_port)))
            }
            (IpAddr::V6(to), IpAddr::V6(from)) => {
                let from = in6_pktinfo { ipi6_addr: in6_addr { s6_addr: from.octets() }, ipi6_ifindex: 0 };
                let from = [ControlMessage::Ipv6PacketInfo(&from)];
                sendmsg(descriptor, &bytes, &from, flags, Some(&six(to, request.source_port)))
            }
            _ => return,
        };
    }
}

/// The source that the kernel chooses there for that user's packets; none where it has no route.
pub fn source(inside: &Inside, destination: IpAddr, uid: u32) -> Option<IpAddr> {
    inside.run(move || {
        setfsuid(Uid::from_raw(uid));
        let any: IpAddr =
            if destination.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0));
        setfsuid(Uid::from_raw(0));
        let socket = socket.ok()?;
        socket.connect((destination, 9)).ok()?;
        Some(socket.local_addr().ok()?.ip())
    })
}

fn open(v6: bool, kind: SockType, protocol: Option<SockProtocol>) -> OwnedFd {
    let family = if v6 { AddressFamily::Inet6 } else { AddressFamily::Inet };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(family, kind, flags, protocol).expect("this is root");
    if v6 {
        setsockopt(&socket, Ipv6RecvPacketInfo, &true).expect("every IPv6 socket has it");
    }
    socket
}

fn raw(v6: bool, protocol: u8) -> OwnedFd {
    let protocol = match protocol {
        TCP => SockProtocol::Tcp,
        UDP => SockProtocol::Udp,
        ICMP => SockProtocol::Icmp,
        _ => SockProtocol::IcmpV6,
    };
    open(v6, SockType::Raw, Some(protocol))
}

/// The port on all addresses, else on those where nobody has it.
fn held(v6: bool, kind: SockType, port: u16, addresses: &[IpAddr]) -> Vec<(Option<IpAddr>, OwnedFd)> {
    let any: IpAddr = if v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    if let Some(socket) = bound(kind, any, port) {
        return vec![(None, socket)];
    }
    let own = addresses.iter().filter(|address| address.is_ipv6() == v6);
    own.filter_map(|address| Some((Some(*address), bound(kind, *address, port)?))).collect()
}

/// None where somebody has the port.
fn bound(kind: SockType, address: IpAddr, port: u16) -> Option<OwnedFd> {
    let socket = open(address.is_ipv6(), kind, None);
    let result = match address {
        IpAddr::V4(address) => bind(socket.as_raw_fd(), &four(address, port)),
        IpAddr::V6(address) => {
            setsockopt(&socket, Ipv6V6Only, &true).expect("every IPv6 socket has it");
            bind(socket.as_raw_fd(), &six(address, port))
        }
    };
    result.is_ok().then_some(socket)
}

fn four(address: Ipv4Addr, port: u16) -> SockaddrIn {
    SocketAddrV4::new(address, port).into()
}

fn six(address: Ipv6Addr, port: u16) -> SockaddrIn6 {
    SocketAddrV6::new(address, port, 0, 0).into()
}

/// The next packet; `Some(None)`: not one of ours.
fn receive(socket: &OwnedFd, v6: bool, protocol: u8) -> Option<Option<Seen>> {
    let mut bytes = [0; 2048];
    if !v6 {
        let length = recv(socket.as_raw_fd(), &mut bytes, MsgFlags::empty()).ok()?;
        let header = usize::from(bytes[0] & 15) * 4;
        let address = |at: usize| IpAddr::from([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        return Some(frame::recognize(protocol, address(12), address(16), bytes.get(header..length)?));
    }
    let mut space = nix::cmsg_space!(in6_pktinfo);
    let mut slices = [IoSliceMut::new(&mut bytes)];
    let message = recvmsg::<SockaddrIn6>(socket.as_raw_fd(), &mut slices, Some(&mut space), MsgFlags::empty()).ok()?;
    let to = message.cmsgs().ok()?.find_map(|control| match control {
        ControlMessageOwned::Ipv6PacketInfo(info) => Some(IpAddr::from(info.ipi6_addr.s6_addr)),
        _ => None,
    });
    let (from, length) = (message.address?.ip(), message.bytes);
    Some(frame::recognize(protocol, from.into(), to?, &bytes[..length]))
}
