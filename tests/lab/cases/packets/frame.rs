//! Packets with a number inside, made and recognized: above the IP header.

use std::net::IpAddr;

pub const ICMP: u8 = 1;
pub const TCP: u8 = 6;
pub const UDP: u8 = 17;
pub const ICMPV6: u8 = 58;

const MARK: &[u8; 8] = b"dnetctl!";
const SYN: u8 = 2;
const RST: u8 = 4;

/// What a received packet is to the request of that number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Request,
    Reply,
    /// A TCP reset.
    Reset,
    /// An ICMP error of that type and code.
    Error(u8, u8),
}

/// A packet as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub number: u32,
    /// It came by UDP.
    pub datagram: bool,
    pub what: What,
    pub source: IpAddr,
    pub destination: IpAddr,
    pub source_port: u16,
    pub destination_port: u16,
}

/// Addresses and ports of a packet to be made; of ICMP the identifier is `source_port`.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    pub source: IpAddr,
    pub destination: IpAddr,
    pub source_port: u16,
    pub destination_port: u16,
}

/// The request of that number: a SYN, a datagram, an echo request.
pub fn request(protocol: u8, ends: Ends, number: u32) -> Vec<u8> {
    let mut bytes = match protocol {
        TCP => syn(ends, number),
        UDP => datagram(ends, number),
        _ => echo(ends, number),
    };
    let at = match protocol {
        TCP => 16,
        UDP => 6,
        _ => 2,
    };
    let sum = checksum(&bytes, (protocol != ICMP).then_some((ends, protocol)));
    bytes[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    bytes
}

fn syn(ends: Ends, number: u32) -> Vec<u8> {
    let mut bytes = ports(ends);
    bytes.extend(number.to_be_bytes());
    bytes.extend([0, 0, 0, 0, 5 << 4, SYN, 0x72, 0x10, 0, 0, 0, 0]);
    bytes
}

fn datagram(ends: Ends, number: u32) -> Vec<u8> {
    let mut bytes = ports(ends);
    bytes.extend([0, 8 + 13, 0, 0]);
    bytes.extend(payload(number, 0));
    bytes
}

fn echo(ends: Ends, number: u32) -> Vec<u8> {
    let mut bytes = vec![if ends.source.is_ipv4() { 8 } else { 128 }, 0, 0, 0];
    bytes.extend(ends.source_port.to_be_bytes());
    bytes.extend([0, 1]);
    bytes.extend(payload(number, 0));
    bytes
}

fn ports(ends: Ends) -> Vec<u8> {
    [ends.source_port.to_be_bytes(), ends.destination_port.to_be_bytes()].concat()
}

/// What a datagram carries: 0 a request, 1 its reply.
pub fn payload(number: u32, way: u8) -> Vec<u8> {
    [&MARK[..], &number.to_be_bytes(), &[way]].concat()
}

fn checksum(bytes: &[u8], pseudo: Option<(Ends, u8)>) -> u16 {
    let mut all = Vec::new();
    if let Some((ends, protocol)) = pseudo {
        for address in [ends.source, ends.destination] {
            match address {
                IpAddr::V4(address) => all.extend(address.octets()),
                IpAddr::V6(address) => all.extend(address.octets()),
            }
        }
        all.extend([0, protocol]);
        all.extend((bytes.len() as u16).to_be_bytes());
    }
    all.extend(bytes);
    let words = all.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or_default()));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    match !(sum as u16) {
        // Zero means that there is none.
        0 => 0xffff,
        sum => sum,
    }
}

/// One of ours, by what stands above its IP header.
pub fn recognize(protocol: u8, source: IpAddr, destination: IpAddr, bytes: &[u8]) -> Option<Seen> {
    let (source_port, destination_port) = (word(bytes, 0)?, word(bytes, 2)?);
    let seen = |number, what| {
        let datagram = protocol == UDP;
        Some(Seen { number, datagram, what, source, destination, source_port, destination_port })
    };
    match protocol {
        TCP => match *bytes.get(13)? {
            SYN => seen(long(bytes, 4)?, What::Request),
            flags if flags & RST != 0 => seen(long(bytes, 8)?.wrapping_sub(1), What::Reset),
            flags if flags & SYN != 0 => seen(long(bytes, 8)?.wrapping_sub(1), What::Reply),
            _ => None,
        },
        UDP => {
            let (number, way) = ours(bytes.get(8..)?)?;
            seen(number, if way == 0 { What::Request } else { What::Reply })
        }
        _ => {
            let what = match (protocol, bytes[0]) {
                (ICMP, 8) | (ICMPV6, 128) => What::Request,
                (ICMP, 0) | (ICMPV6, 129) => What::Reply,
                (ICMP, 3 | 5 | 11 | 12) | (ICMPV6, 1..=4) => {
                    return seen(inner(protocol, bytes.get(8..)?)?, What::Error(bytes[0], bytes[1]));
                }
                _ => return None,
            };
            let identifier = word(bytes, 4)?;
            let (number, _) = ours(bytes.get(8..)?)?;
            Some(Seen {
                number,
                datagram: false,
                what,
                source,
                destination,
                source_port: identifier,
                destination_port: 0,
            })
        }
    }
}

/// The number of the packet that an ICMP error quotes.
fn inner(protocol: u8, quoted: &[u8]) -> Option<u32> {
    let (inner, header) = match protocol {
        ICMP => (*quoted.get(9)?, usize::from(quoted[0] & 15) * 4),
        _ => (*quoted.get(6)?, 40),
    };
    let bytes = quoted.get(header..)?;
    match inner {
        TCP => (*bytes.get(13)? == SYN).then(|| long(bytes, 4)).flatten(),
        _ => ours(bytes.get(8..)?).filter(|(_, way)| *way == 0).map(|(number, _)| number),
    }
}

fn ours(payload: &[u8]) -> Option<(u32, u8)> {
    let rest = payload.strip_prefix(MARK)?;
    Some((long(rest, 0)?, *rest.get(4)?))
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
