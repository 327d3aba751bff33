//! RTM_NEWADDR (include/uapi/linux/if_addr.h).

use super::Undecodable;
use super::attributes::{family, prefix, split, word};
use super::dump::Request;
use crate::host::{Address, Family};

const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_FLAGS: u16 = 8;

/// IFA_F_SECONDARY of IPv4 is IFA_F_TEMPORARY of IPv6.
const IFA_F_SECONDARY: u32 = 0x01;
const IFA_F_OPTIMISTIC: u32 = 0x04;
const IFA_F_DADFAILED: u32 = 0x08;
const IFA_F_DEPRECATED: u32 = 0x20;
const IFA_F_TENTATIVE: u32 = 0x40;

pub fn request() -> Request {
    Request { kind: RTM_GETADDR, payload: vec![0; 8], may_be_unknown: false }
}

pub fn decode(kind: u16, payload: &[u8]) -> Result<Option<Address>, Undecodable> {
    if kind != RTM_NEWADDR {
        return Ok(None);
    }
    let (header, attributes) = split::<8>(payload)?;
    let [number, length, flags, scope, ..] = header;
    let Some(family) = family(number) else { return Ok(None) };
    let link = word(&header, 4);
    let far = attributes.address(IFA_ADDRESS)?;
    let own = attributes.address(IFA_LOCAL)?.or(far);
    let own = own.ok_or_else(|| Undecodable(format!("an address on link {link} without an address")))?;
    let flags = attributes.u32(IFA_FLAGS)?.unwrap_or(u32::from(flags));
    let has = |flag: u32| flags & flag != 0;
    // An optimistic address is used before duplicate address detection ends, but after all others.
    let optimistic = has(IFA_F_OPTIMISTIC);
    let unusable = has(IFA_F_DADFAILED) || (has(IFA_F_TENTATIVE) && !optimistic);
    let late = has(IFA_F_DEPRECATED) || optimistic;
    Ok(Some(Address {
        link,
        address: prefix(family, Some(own), length)?,
        peer: far.filter(|far| *far != own).map(|far| prefix(family, Some(far), length)).transpose()?,
        scope: scope_name(scope),
        unusable: unusable || late,
        secondary: family == Family::V4 && has(IFA_F_SECONDARY),
        deprecated: late && !unusable,
        temporary: family == Family::V6 && has(IFA_F_SECONDARY),
    }))
}

fn scope_name(scope: u8) -> String {
    match scope {
        0 => "global",
        200 => "site",
        253 => "link",
        254 => "host",
        255 => "nowhere",
        other => return other.to_string(),
    }
    .to_owned()
}
