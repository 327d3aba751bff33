use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A neighbour entry (RTM_NEWNEIGH, ip-neighbour(8)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbour {
    pub address: IpAddr,
    pub link: u32,
    pub state: NeighbourState,
}

/// `ndm_state`, as far as a doctor tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NeighbourState {
    /// NUD_REACHABLE, NUD_STALE, NUD_DELAY, NUD_PROBE, NUD_PERMANENT, NUD_NOARP: somebody answers or did.
    Resolved,
    /// NUD_INCOMPLETE: being asked for, no answer yet.
    Incomplete,
    /// NUD_FAILED: asked for in vain.
    Failed,
    None,
}
