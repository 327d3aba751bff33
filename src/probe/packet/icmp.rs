//! ICMP messages: the echo request, and what answers it or tells of a packet's end (RFC 792, RFC 4443).

use std::net::IpAddr;

use crate::host::ipproto;

/// A packet that was sent, as errors quote it.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    pub destination: IpAddr,
    /// IPPROTO_TCP or IPPROTO_UDP; none: an echo request.
    pub protocol: Option<u8>,
    /// Of an echo request its identifier.
    pub source_port: u16,
    pub port: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// The echo reply.
    Answer,
    /// It did not arrive.
    Error { kind: u8, code: u8 },
}

/// An echo request; of ICMPv6 the kernel writes the checksum (RFC 3542, section 3.1).
pub fn echo_request(destination: IpAddr, identifier: u16, payload: &[u8]) -> Vec<u8> {
    let kind = if destination.is_ipv4() { 8 } else { 128 };
    let [high, low] = identifier.to_be_bytes();
    let mut request = vec![kind, 0, 0, 0, high, low, 0, 1];
    request.extend_from_slice(payload);
    if destination.is_ipv4() {
        let sum = checksum(&request).to_be_bytes();
        request[2..4].copy_from_slice(&sum);
    }
    request
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// What a message that came in says of the packet; nothing of another's. IPv4's raw sockets hand over the IP header too.
pub fn message(bytes: &[u8], by: IpAddr, sent: &Sent) -> Option<Message> {
    let v4 = by.is_ipv4();
    let icmp = if v4 { bytes.get(header_v4(bytes)?..)? } else { bytes };
    let (kind, code) = (*icmp.first()?, *icmp.get(1)?);
    let (reply, errors): (u8, &[u8]) = if v4 { (0, &[3, 11, 12]) } else { (129, &[1, 2, 3, 4]) };
    if kind == reply {
        let ours = sent.protocol.is_none() && number(icmp, 4)? == sent.source_port && by == sent.destination;
        return ours.then_some(Message::Answer);
    }
    (errors.contains(&kind) && quotes(icmp.get(8..)?, v4, sent)?).then_some(Message::Error { kind, code })
}

fn header_v4(bytes: &[u8]) -> Option<usize> {
    Some(usize::from(bytes.first()? & 0x0f) * 4)
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}

/// Whether an error quotes the packet; extension headers of IPv6 are not looked behind, for none was sent.
fn quotes(quoted: &[u8], v4: bool, sent: &Sent) -> Option<bool> {
    let (protocol, destination, header): (u8, IpAddr, usize) = if v4 {
        let address: [u8; 4] = quoted.get(16..20)?.try_into().ok()?;
        (*quoted.get(9)?, address.into(), header_v4(quoted)?)
    } else {
        let address: [u8; 16] = quoted.get(24..40)?.try_into().ok()?;
        (*quoted.get(6)?, address.into(), 40)
    };
    let behind = quoted.get(header..)?;
    let echo = if v4 { ipproto::ICMP } else { ipproto::ICMPV6 };
    let same = match sent.protocol {
        Some(wanted) => protocol == wanted && number(behind, 0)? == sent.source_port && number(behind, 2)? == sent.port,
        None => protocol == echo && number(behind, 4)? == sent.source_port,
    };
    Some(same && destination == sent.destination)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: Sent = Sent {
        destination: IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 7)),
        protocol: Some(6),
        source_port: 40000,
        port: 80,
    };

    fn header(protocol: u8, destination: [u8; 4]) -> Vec<u8> {
        let mut header = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1];
        header.extend(destination);
        header
    }

    fn unreachable(code: u8, port: u16) -> Vec<u8> {
        let mut bytes = header(1, [10, 0, 0, 1]);
        bytes.extend([3, code, 0, 0, 0, 0, 0, 0]);
        bytes.extend(header(6, [10, 0, 0, 7]));
        bytes.extend(40000u16.to_be_bytes());
        bytes.extend(port.to_be_bytes());
        bytes
    }

    #[test]
    fn an_error_is_ours_if_it_quotes_our_packet() {
        let by = IpAddr::from([10, 0, 0, 1]);
        assert_eq!(message(&unreachable(13, 80), by, &SENT), Some(Message::Error { kind: 3, code: 13 }));
        assert_eq!(message(&unreachable(13, 81), by, &SENT), None, "another connection's");
        for cut in 0..unreachable(3, 80).len() {
            assert_eq!(message(&unreachable(3, 80)[..cut], by, &SENT), None);
        }
    }

    #[test]
    fn an_echo_request_has_a_checksum_that_adds_up() {
        let request = echo_request([10, 0, 0, 7].into(), 0xbeef, b"dnetctl");
        assert_eq!(checksum(&request), 0);
        let sent = Sent { protocol: None, source_port: 0xbeef, ..SENT };
        let mut reply = header(1, [10, 0, 0, 1]);
        reply.extend([0, 0, 0, 0, 0xbe, 0xef, 0, 1]);
        assert_eq!(message(&reply, sent.destination, &sent), Some(Message::Answer));
        assert_eq!(message(&reply, [10, 0, 0, 9].into(), &sent), None, "somebody else's answer");
    }
}
