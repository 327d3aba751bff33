//! One dump: a request, and all its answers from one blocking socket.

use std::io;
use std::os::fd::AsFd;

use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};
use rtnetlink::sys::{self, SocketAddr};

use super::Undecodable;

/// How long the kernel may be silent in the middle of a dump, seconds.
const SILENCE: i64 = 3;

/// Dumps come in messages of at most 32 KiB (net/netlink/af_netlink.c); one link with many virtual functions may need more.
const BUFFER: usize = 128 << 10;

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_DUMP: u16 = 0x300;
const NLM_F_DUMP_INTR: u16 = 0x10;

/// What to ask for: a message type, and the payload that goes with it.
pub struct Request {
    pub kind: u16,
    pub payload: Vec<u8>,
    /// A kernel that does not know this type has none of these.
    pub may_be_unknown: bool,
}

/// How a dump went.
#[derive(Default)]
pub struct Dump {
    /// NLM_F_DUMP_INTR: something changed meanwhile, the list is not of one moment.
    pub interrupted: bool,
    pub undecodable: Vec<Undecodable>,
}

impl Dump {
    pub fn join(&mut self, mut other: Dump) {
        self.interrupted |= other.interrupted;
        self.undecodable.append(&mut other.undecodable);
    }
}

/// A blocking netlink socket in the network namespace of the thread that opened it.
pub struct Socket {
    socket: sys::Socket,
    sequence: u32,
}

impl Socket {
    /// `protocol`: NETLINK_ROUTE, NETLINK_NETFILTER.
    pub fn open(protocol: isize) -> io::Result<Self> {
        let mut socket = sys::Socket::new(protocol)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        // Before Linux 4.20 there is no strict check: then the kernel sends more than was asked for, and decoding leaves it out.
        drop(socket.set_netlink_get_strict_chk(true));
        setsockopt(&socket.as_fd(), sockopt::ReceiveTimeout, &TimeVal::seconds(SILENCE))?;
        Ok(Socket { socket, sequence: 0 })
    }

    /// Gives `take` the type and payload of every message.
    ///
    /// # Errors
    /// What the kernel answered instead, or WouldBlock when it fell silent.
    pub fn dump(
        &mut self,
        request: &Request,
        mut take: impl FnMut(u16, &[u8]) -> Result<(), Undecodable>,
    ) -> io::Result<Dump> {
        self.send(request.kind, NLM_F_REQUEST | NLM_F_DUMP, &request.payload)?;
        let mut dump = Dump::default();
        let mut buffer = Vec::with_capacity(BUFFER);
        loop {
            self.receive(&mut buffer)?;
            for message in messages(&buffer) {
                let message = message?;
                // An answer to an earlier request that was given up.
                if message.sequence != self.sequence {
                    continue;
                }
                dump.interrupted |= message.flags & NLM_F_DUMP_INTR != 0;
                match message.kind {
                    NLMSG_DONE => return status(message.payload).map(|()| dump),
                    NLMSG_ERROR => status(message.payload)?,
                    kind => dump.undecodable.extend(take(kind, message.payload).err()),
                }
            }
        }
    }

    fn send(&mut self, kind: u16, flags: u16, payload: &[u8]) -> io::Result<()> {
        self.sequence += 1;
        let length = 16 + payload.len() as u32;
        let mut message = Vec::with_capacity(length as usize);
        message.extend(length.to_ne_bytes());
        message.extend(kind.to_ne_bytes());
        message.extend(flags.to_ne_bytes());
        message.extend(self.sequence.to_ne_bytes());
        message.extend(0u32.to_ne_bytes());
        message.extend(payload);
        self.socket.send(&message, 0).map(drop)
    }

    fn receive(&self, buffer: &mut Vec<u8>) -> io::Result<()> {
        buffer.clear();
        let length = self.socket.recv(buffer, nix::libc::MSG_TRUNC)?;
        if length > buffer.len() {
            return Err(io::Error::other(format!("a netlink message of {length} bytes did not fit")));
        }
        Ok(())
    }
}

/// A message inside a received buffer.
pub struct Message<'a> {
    pub kind: u16,
    pub flags: u16,
    pub sequence: u32,
    pub payload: &'a [u8],
}

/// The messages of one received buffer; a length that cannot be ends them with an error.
pub fn messages(mut buffer: &[u8]) -> impl Iterator<Item = io::Result<Message<'_>>> {
    std::iter::from_fn(move || {
        if buffer.is_empty() {
            return None;
        }
        let length = buffer.first_chunk::<4>().map_or(0, |bytes| u32::from_ne_bytes(*bytes) as usize);
        if length < 16 || length > buffer.len() {
            buffer = &[];
            return Some(Err(io::Error::new(io::ErrorKind::InvalidData, "a netlink message with a wrong length")));
        }
        let (message, _) = buffer.split_at(length);
        buffer = buffer.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        let half = |at: usize| u16::from_ne_bytes([message[at], message[at + 1]]);
        let sequence = u32::from_ne_bytes([message[8], message[9], message[10], message[11]]);
        Some(Ok(Message { kind: half(4), flags: half(6), sequence, payload: &message[16..] }))
    })
}

/// The number at the head of NLMSG_DONE and NLMSG_ERROR: 0, or a negative error number.
fn status(payload: &[u8]) -> io::Result<()> {
    match payload.first_chunk::<4>().map_or(0, |bytes| i32::from_ne_bytes(*bytes)) {
        code if code < 0 => Err(io::Error::from_raw_os_error(-code)),
        _ => Ok(()),
    }
}
