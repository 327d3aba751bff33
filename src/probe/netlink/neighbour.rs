//! RTM_NEWNEIGH (include/uapi/linux/neighbour.h).

use super::Undecodable;
use super::attributes::{family, split, word};
use super::dump::Request;
use crate::host::{Neighbour, NeighbourState};

const RTM_NEWNEIGH: u16 = 28;
const RTM_GETNEIGH: u16 = 30;
const NDA_DST: u16 = 1;
const NUD_INCOMPLETE: u16 = 0x01;
const NUD_FAILED: u16 = 0x20;

pub fn request() -> Request {
    Request { kind: RTM_GETNEIGH, payload: vec![0; 12], may_be_unknown: false }
}

pub fn decode(kind: u16, payload: &[u8]) -> Result<Option<Neighbour>, Undecodable> {
    if kind != RTM_NEWNEIGH {
        return Ok(None);
    }
    let (header, attributes) = split::<12>(payload)?;
    // Forwarding entries of bridges (AF_BRIDGE) come in the same dump.
    if family(header[0]).is_none() {
        return Ok(None);
    }
    let link = word(&header, 4);
    let address = attributes.address(NDA_DST)?;
    let address = address.ok_or_else(|| Undecodable(format!("a neighbour on link {link} without an address")))?;
    let state = match u16::from_ne_bytes([header[8], header[9]]) {
        0 => NeighbourState::None,
        NUD_INCOMPLETE => NeighbourState::Incomplete,
        NUD_FAILED => NeighbourState::Failed,
        _ => NeighbourState::Resolved,
    };
    Ok(Some(Neighbour { address, link, state }))
}
