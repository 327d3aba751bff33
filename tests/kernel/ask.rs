//! The kernel's own answer: RTM_GETROUTE, as `ip route get` asks it. Decoded by netlink-packet-route, not by the probe.

use std::io;
use std::net::IpAddr;

use dnetctl::internals::Query;
use rtnetlink::packet_core::{NLM_F_REQUEST, NetlinkMessage, NetlinkPayload};
use rtnetlink::packet_route::route::{RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteVia};
use rtnetlink::packet_route::{AddressFamily, RouteNetlinkMessage};
use rtnetlink::sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

/// What the kernel says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Route { kind: u8, table: u32, link: u32, via: Option<IpAddr>, source: Option<IpAddr> },
    Error(i32),
}

pub struct Kernel {
    socket: Socket,
}

impl Kernel {
    /// In the namespace of the calling thread.
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        Ok(Kernel { socket })
    }

    /// `link` says the index of a link by its name.
    pub fn ask(&mut self, query: &Query, link: impl Fn(&str) -> u32) -> io::Result<Told> {
        let mut message = RouteMessage::default();
        let bits = if query.destination.is_ipv4() { 32 } else { 128 };
        message.header.address_family = if bits == 32 { AddressFamily::Inet } else { AddressFamily::Inet6 };
        message.header.destination_prefix_length = bits;
        message.header.tos = query.tos;
        message.header.flags = RouteFlags::LookupTable;
        message.attributes.push(RouteAttribute::Destination(RouteAddress::from(query.destination)));
        if let Some(source) = query.source {
            message.header.source_prefix_length = bits;
            message.attributes.push(RouteAttribute::Source(RouteAddress::from(source)));
        }
        if let Some(iif) = &query.iif {
            message.attributes.push(RouteAttribute::Iif(link(iif)));
        }
        if let Some(oif) = &query.oif {
            message.attributes.push(RouteAttribute::Oif(link(oif)));
        }
        message.attributes.push(RouteAttribute::Mark(query.mark));
        message.attributes.push(RouteAttribute::Uid(if query.iif.is_some() { 0 } else { query.uid }));
        message.attributes.push(RouteAttribute::IpProto(query.protocol));
        if let Some(port) = query.source_port {
            message.attributes.push(RouteAttribute::Sport(port));
        }
        if let Some(port) = query.destination_port {
            message.attributes.push(RouteAttribute::Dport(port));
        }
        let mut request = NetlinkMessage::from(RouteNetlinkMessage::GetRoute(message));
        request.header.flags = NLM_F_REQUEST;
        request.finalize();
        let mut bytes = vec![0; request.buffer_len()];
        request.serialize(&mut bytes);
        self.socket.send(&bytes, 0)?;
        let (answer, _) = self.socket.recv_from_full()?;
        let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(&answer).map_err(io::Error::other)?;
        match answer.payload {
            NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewRoute(route)) => Ok(told(&route)),
            NetlinkPayload::Error(error) => Ok(Told::Error(-error.raw_code())),
            other => Err(io::Error::other(format!("{other:?}"))),
        }
    }
}

fn told(route: &RouteMessage) -> Told {
    let (mut table, mut link, mut via, mut source) = (u32::from(route.header.table), 0, None, None);
    for attribute in &route.attributes {
        match attribute {
            RouteAttribute::Table(number) => table = *number,
            RouteAttribute::Oif(index) => link = *index,
            RouteAttribute::Gateway(to) => via = address(to),
            RouteAttribute::Via(RouteVia::Inet(to)) => via = Some(IpAddr::V4(*to)),
            RouteAttribute::Via(RouteVia::Inet6(to)) => via = Some(IpAddr::V6(*to)),
            RouteAttribute::PrefSource(from) => source = address(from),
            _ => {}
        }
    }
    Told::Route { kind: route.header.kind.into(), table, link, via, source }
}

fn address(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(address) => Some(IpAddr::V4(*address)),
        RouteAddress::Inet6(address) => Some(IpAddr::V6(*address)),
        _ => None,
    }
}
