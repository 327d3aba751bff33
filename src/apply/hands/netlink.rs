//! One change of the kernel's tables: a request, and its answer.

use std::os::fd::AsFd;

use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};
use rtnetlink::sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

use crate::probe::netlink::{Attributes, messages};
use crate::text::{Text, text};

/// How long the kernel may take, seconds; deleting a bridge waits for its last users.
const LIMIT: i64 = 20;

const NLMSG_ERROR: u16 = 2;
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_ACK: u16 = 0x4;
pub const NLM_F_EXCL: u16 = 0x200;
pub const NLM_F_CREATE: u16 = 0x400;
pub const NLM_F_APPEND: u16 = 0x800;
const NLM_F_CAPPED: u16 = 0x100;
const NLM_F_ACK_TLVS: u16 = 0x200;
const NLMSGERR_ATTR_MSG: u16 = 1;

/// What the kernel answered instead of doing it.
#[derive(Debug)]
pub struct Refusal {
    /// errno(3); 0: there was no answer.
    pub code: i32,
    pub said: String,
}

impl Refusal {
    pub fn of(&self, what: &str) -> Text {
        let said = &self.said;
        text!("the kernel refuses `{what}`: {said}", "内核拒绝 `{what}`：{said}")
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        Refusal { code: error.raw_os_error().unwrap_or(0), said: error.to_string() }
    }
}

/// Makes one change in the network namespace of the calling thread.
///
/// # Errors
/// The kernel's answer.
pub fn change(kind: u16, flags: u16, payload: &[u8]) -> Result<(), Refusal> {
    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    // Before Linux 4.12 there are no sentences, only numbers.
    drop(socket.set_ext_ack(true));
    setsockopt(&socket.as_fd(), sockopt::ReceiveTimeout, &TimeVal::seconds(LIMIT)).map_err(std::io::Error::from)?;
    let mut message = (16 + payload.len() as u32).to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend((NLM_F_REQUEST | NLM_F_ACK | flags).to_ne_bytes());
    message.extend(1u32.to_ne_bytes());
    message.extend(0u32.to_ne_bytes());
    message.extend(payload);
    socket.send(&message, 0)?;
    let mut buffer = Vec::with_capacity(64 << 10);
    loop {
        buffer.clear();
        socket.recv(&mut buffer, 0)?;
        for answer in messages(&buffer) {
            let answer = answer?;
            if answer.kind == NLMSG_ERROR {
                return outcome(answer.flags, answer.payload);
            }
        }
    }
}

/// struct nlmsgerr: the error number, the request's header, the rest of the request unless it was left out, attributes.
fn outcome(flags: u16, payload: &[u8]) -> Result<(), Refusal> {
    let number = |at: usize| payload.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(i32::from_ne_bytes);
    let code = number(0).map_or(0, |code| -code);
    if code == 0 {
        return Ok(());
    }
    let request = if flags & NLM_F_CAPPED != 0 { 16 } else { number(4).map_or(16, |length| length.max(16) as usize) };
    let attributes = payload.get(4 + request.next_multiple_of(4)..).filter(|_| flags & NLM_F_ACK_TLVS != 0);
    let sentence = attributes.and_then(|bytes| Attributes::new(bytes).ok()?.string(NLMSGERR_ATTR_MSG));
    let number = std::io::Error::from_raw_os_error(code);
    Err(Refusal { code, said: sentence.map_or(number.to_string(), |said| format!("{said} ({number})")) })
}

/// A message's fixed header with attributes behind it.
pub struct Message(Vec<u8>);

impl Message {
    pub fn new(header: &[u8]) -> Self {
        Message(header.to_vec())
    }

    pub fn with(mut self, kind: u16, value: &[u8]) -> Self {
        self.put(kind, value);
        self
    }

    pub fn with_any(mut self, kind: u16, value: Option<impl AsRef<[u8]>>) -> Self {
        if let Some(value) = value {
            self.put(kind, value.as_ref());
        }
        self
    }

    pub fn put(&mut self, kind: u16, value: &[u8]) {
        // No value of ours is longer than a page.
        self.0.extend((4 + value.len() as u16).to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    pub fn bytes(self) -> Vec<u8> {
        self.0
    }
}

/// An address as attributes carry it.
pub fn octets(address: std::net::IpAddr) -> Vec<u8> {
    match address {
        std::net::IpAddr::V4(address) => address.octets().to_vec(),
        std::net::IpAddr::V6(address) => address.octets().to_vec(),
    }
}
