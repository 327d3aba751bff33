use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// A socket of this network namespace (/proc/net/{tcp,tcp6,udp,udp6}, proc(5)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Socket {
    pub transport: Transport,
    pub state: SocketState,
    pub local: SocketAddr,
    /// Unspecified address and port 0 for a listener.
    pub remote: SocketAddr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Tcp,
    Udp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SocketState {
    /// TCP_ESTABLISHED, or a connected UDP socket.
    Established,
    /// TCP_LISTEN, or an unconnected UDP socket.
    Listen,
    /// TCP_SYN_SENT: somebody tries to reach the remote and has no answer.
    SynSent,
}
