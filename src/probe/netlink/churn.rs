//! Whether routes changed while they were dumped. The IPv4 dump does not say so itself.

use std::io;

use rtnetlink::sys::{Socket, protocols::NETLINK_ROUTE};

use super::dump::messages;

/// RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE.
const GROUPS: [u32; 3] = [1, 7, 11];
const RTM_NEWLINK: u16 = 16;
const IFF_UP: u32 = 1;

/// A socket that hears of changes from now on.
pub struct Churn {
    socket: Socket,
}

impl Churn {
    pub fn listen() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        for group in GROUPS {
            socket.add_membership(group)?;
        }
        socket.set_non_blocking(true)?;
        Ok(Churn { socket })
    }

    /// Whether a route came or went, or a link went down, which takes IPv4 routes along without a word.
    pub fn heard_something(&self) -> bool {
        let mut buffer = Vec::with_capacity(64 << 10);
        loop {
            buffer.clear();
            match self.socket.recv(&mut buffer, 0) {
                Ok(_) if messages(&buffer).any(|message| message.is_ok_and(|m| takes_routes(m.kind, m.payload))) => {
                    return true;
                }
                Ok(_) => {}
                // ENOBUFS: more was said than the socket holds.
                Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
            }
        }
    }
}

fn takes_routes(kind: u16, payload: &[u8]) -> bool {
    let flags = payload.get(8..12).map_or(0, |bytes| u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    kind != RTM_NEWLINK || flags & IFF_UP == 0
}
