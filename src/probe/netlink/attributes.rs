//! Attributes of a netlink message by number (include/net/netlink.h `nla_*`).

use std::net::IpAddr;

use ipnet::IpNet;

use super::Undecodable;
use crate::host::Family;

pub const AF_INET: u8 = nix::libc::AF_INET as u8;
pub const AF_INET6: u8 = nix::libc::AF_INET6 as u8;

/// The attributes behind a message's own header, in their order.
#[derive(Debug, Default)]
pub struct Attributes<'a>(Vec<(u16, &'a [u8])>);

impl<'a> Attributes<'a> {
    /// # Errors
    /// When a length does not fit the bytes that are there.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Undecodable> {
        each(bytes).collect::<Result<_, _>>().map(Attributes)
    }

    pub fn iter(&self) -> impl Iterator<Item = (u16, &'a [u8])> + '_ {
        self.0.iter().copied()
    }

    pub fn bytes(&self, kind: u16) -> Option<&'a [u8]> {
        self.0.iter().find(|(other, _)| *other == kind).map(|(_, value)| *value)
    }

    pub fn u8(&self, kind: u16) -> Result<Option<u8>, Undecodable> {
        Ok(self.fixed::<1>(kind)?.map(|[value]| value))
    }

    pub fn u16(&self, kind: u16) -> Result<Option<u16>, Undecodable> {
        Ok(self.fixed(kind)?.map(u16::from_ne_bytes))
    }

    pub fn u32(&self, kind: u16) -> Result<Option<u32>, Undecodable> {
        Ok(self.fixed(kind)?.map(u32::from_ne_bytes))
    }

    /// A string that ends at its NUL; bytes that are not UTF-8 are replaced.
    pub fn string(&self, kind: u16) -> Option<String> {
        let bytes = self.bytes(kind)?;
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
    }

    /// An address of either family, by its length.
    pub fn address(&self, kind: u16) -> Result<Option<IpAddr>, Undecodable> {
        self.bytes(kind).map(|bytes| address(bytes).ok_or_else(|| wrong_length(kind, bytes))).transpose()
    }

    /// RTA_VIA: the family, then the address.
    pub fn via(&self, kind: u16) -> Result<Option<IpAddr>, Undecodable> {
        let Some(bytes) = self.bytes(kind) else { return Ok(None) };
        bytes.get(2..).and_then(address).map(Some).ok_or_else(|| wrong_length(kind, bytes))
    }

    pub fn nested(&self, kind: u16) -> Result<Option<Attributes<'a>>, Undecodable> {
        self.bytes(kind).map(Attributes::new).transpose()
    }

    fn fixed<const N: usize>(&self, kind: u16) -> Result<Option<[u8; N]>, Undecodable> {
        self.bytes(kind).map(|bytes| bytes.try_into().map_err(|_| wrong_length(kind, bytes))).transpose()
    }
}

/// The attributes one by one; one whose length does not fit the bytes that are there ends them with an error.
pub fn each(bytes: &[u8]) -> impl Iterator<Item = Result<(u16, &[u8]), Undecodable>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let &[a, b, c, d] = rest.first_chunk::<4>()?;
        let length = usize::from(u16::from_ne_bytes([a, b]));
        let kind = u16::from_ne_bytes([c, d]) & !(NESTED | NETWORK_ORDER);
        let value = rest.get(4..length);
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        if value.is_none() {
            rest = &[];
        }
        Some(value.map(|value| (kind, value)).ok_or_else(|| Undecodable(format!("attribute {kind} is cut off"))))
    })
}

/// NLA_F_NESTED, NLA_F_NET_BYTEORDER.
const NESTED: u16 = 0x8000;
const NETWORK_ORDER: u16 = 0x4000;

pub fn wrong_length(kind: u16, bytes: &[u8]) -> Undecodable {
    Undecodable(format!("attribute {kind} has {} bytes", bytes.len()))
}

/// An address of either family, by its length.
pub fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        16 => Some(IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?)),
        _ => None,
    }
}

/// A message's fixed header and its attributes.
pub fn split<const N: usize>(payload: &[u8]) -> Result<([u8; N], Attributes<'_>), Undecodable> {
    let (header, rest) =
        payload.split_first_chunk::<N>().ok_or_else(|| Undecodable(format!("a message of {} bytes", payload.len())))?;
    Ok((*header, Attributes::new(rest)?))
}

/// The 32 bits at `offset` of a header.
pub fn word(header: &[u8], offset: usize) -> u32 {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&header[offset..offset + 4]);
    u32::from_ne_bytes(bytes)
}

/// The family, when it is one of ours.
pub fn family(number: u8) -> Option<Family> {
    match number {
        AF_INET => Some(Family::V4),
        AF_INET6 => Some(Family::V6),
        _ => None,
    }
}

pub fn family_number(family: Family) -> u8 {
    match family {
        Family::V4 => AF_INET,
        Family::V6 => AF_INET6,
    }
}

/// A prefix from an address attribute that is left out when the length is 0.
pub fn prefix(family: Family, address: Option<IpAddr>, length: u8) -> Result<IpNet, Undecodable> {
    let address = address.unwrap_or(match family {
        Family::V4 => IpAddr::from([0; 4]),
        Family::V6 => IpAddr::from([0; 16]),
    });
    IpNet::new(address, length).map_err(|_| Undecodable(format!("{address}/{length} is no prefix")))
}
