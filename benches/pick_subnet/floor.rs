//! The least that any program needs who asks the kernel for its routes: both dumps, received and thrown away.

use nix::libc;
use rtnetlink::sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

/// RTM_GETROUTE with NLM_F_REQUEST | NLM_F_DUMP.
const GET: u16 = 26;
const FLAGS: u16 = 0x301;
const DONE: u16 = 3;

/// All routes of both families.
pub fn dump() {
    let mut socket = Socket::new(NETLINK_ROUTE).expect("a netlink socket");
    socket.bind_auto().expect("bound");
    socket.connect(&SocketAddr::new(0, 0)).expect("connected");
    let mut buffer = Vec::with_capacity(128 << 10);
    for family in [libc::AF_INET as u8, libc::AF_INET6 as u8] {
        let mut request = Vec::new();
        request.extend(28u32.to_ne_bytes());
        request.extend(GET.to_ne_bytes());
        request.extend(FLAGS.to_ne_bytes());
        request.extend([0; 8]);
        request.push(family);
        request.extend([0; 11]);
        socket.send(&request, 0).expect("sent");
        loop {
            buffer.clear();
            socket.recv(&mut buffer, 0).expect("an answer");
            if is_last(&buffer) {
                break;
            }
        }
    }
}

/// NLMSG_DONE comes alone, or as the last message of a buffer, with four bytes of status behind its header.
fn is_last(buffer: &[u8]) -> bool {
    let kind = |at: usize| buffer.get(at + 4..at + 6).map(|kind| u16::from_ne_bytes([kind[0], kind[1]]));
    let length = |at: usize| {
        buffer.get(at..at + 4).map(|length| u32::from_ne_bytes([length[0], length[1], length[2], length[3]]))
    };
    let tail = buffer.len().saturating_sub(20);
    kind(0) == Some(DONE) || (kind(tail) == Some(DONE) && length(tail) == Some(20))
}
