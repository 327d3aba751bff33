use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// A network that another container or VM runtime has on file; it takes its addresses when it starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeNetwork {
    /// `podman`, `cni`, `libvirt`, `lxd`, `k3s`, …
    pub runtime: String,
    /// The network's name in that runtime.
    pub name: String,
    pub subnets: Vec<IpNet>,
    /// The file that says so.
    pub file: String,
}
