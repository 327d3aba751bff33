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

/// Connections of another network namespace of this host, a container's mostly; without listeners and without those to itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestSockets {
    /// The inode of the namespace.
    pub netns: u64,
    /// The program by which it was found (/proc/PID/comm).
    pub name: String,
    /// The container's id, where its cgroup names one.
    pub container: Option<String>,
    pub sockets: Vec<Socket>,
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
