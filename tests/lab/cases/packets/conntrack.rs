//! Conntrack of a network namespace, forgotten: ctnetlink's IPCTNL_MSG_CT_DELETE without a tuple.

use super::inside::Inside;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket};
use std::os::fd::{AsRawFd, OwnedFd};

/// nlmsghdr (subsystem 1, message 2; NLM_F_REQUEST and NLM_F_ACK) and nfgenmsg of both families.
const FLUSH: [u8; 20] = [20, 0, 0, 0, 2, 1, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

#[derive(Debug)]
pub struct Conntrack(OwnedFd);

impl Conntrack {
    pub fn of(inside: &Inside) -> Self {
        let socket = inside.run(|| {
            socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkNetFilter)
        });
        Self(socket.expect("this is root"))
    }

    pub fn flush(&self) {
        let mut answer = [0; 256];
        send(self.0.as_raw_fd(), &FLUSH, MsgFlags::empty()).expect("the kernel listens");
        let length = recv(self.0.as_raw_fd(), &mut answer, MsgFlags::empty()).expect("the kernel answers");
        assert!(length >= 20 && answer[16..20] == [0; 4], "conntrack cannot be flushed: {:?}", &answer[..length]);
    }
}
