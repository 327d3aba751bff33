//! RTM_NEWNEXTHOP (include/uapi/linux/nexthop.h), Linux 5.3.

use super::Undecodable;
use super::attributes::{family, split, word};
use super::dump::Request;
use super::route::hop_flags;
use crate::host::{NextHop, NextHopObject};

const RTM_NEWNEXTHOP: u16 = 104;
const RTM_GETNEXTHOP: u16 = 106;
const NHA_ID: u16 = 1;
const NHA_GROUP: u16 = 2;
const NHA_BLACKHOLE: u16 = 4;
const NHA_OIF: u16 = 5;
const NHA_GATEWAY: u16 = 6;
const NHA_FDB: u16 = 11;

pub fn request() -> Request {
    Request { kind: RTM_GETNEXTHOP, payload: vec![0; 8], may_be_unknown: true }
}

pub fn decode(kind: u16, payload: &[u8]) -> Result<Option<NextHopObject>, Undecodable> {
    if kind != RTM_NEWNEXTHOP {
        return Ok(None);
    }
    let (header, attributes) = split::<8>(payload)?;
    // Members of a VXLAN's forwarding database carry no routes.
    if attributes.bytes(NHA_FDB).is_some() {
        return Ok(None);
    }
    let id = attributes.u32(NHA_ID)?.ok_or_else(|| Undecodable("a nexthop object without an id".to_owned()))?;
    let group = match attributes.bytes(NHA_GROUP) {
        // struct nexthop_grp: id, weight - 1, and since Linux 6.12 the weight's high byte.
        Some(bytes) if bytes.len() % 8 == 0 => bytes
            .chunks_exact(8)
            .map(|one| (word(one, 0), u16::from_le_bytes([one[4], one[5]]).saturating_add(1)))
            .collect(),
        Some(bytes) => return Err(Undecodable(format!("nexthop object {id}: a group of {} bytes", bytes.len()))),
        None => Vec::new(),
    };
    let blackhole = attributes.bytes(NHA_BLACKHOLE).is_some();
    let link = attributes.u32(NHA_OIF)?;
    let hop = NextHop { via: attributes.address(NHA_GATEWAY)?, link, weight: 1, ..hop_flags(word(&header, 4)) };
    Ok(Some(NextHopObject {
        id,
        hop: (group.is_empty() && !blackhole).then_some(hop),
        group,
        blackhole,
        family: family(header[0]),
    }))
}
