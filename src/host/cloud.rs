use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// What cloud-init left on disk about the cloud this host lives in; no metadata server is asked.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Cloud {
    /// `aliyun`, `ec2`, `gce`, `azure`, `openstack`, …: cloud-init's own word, or from DMI.
    pub name: String,
    /// Ranges the metadata names, with the key that says so (`vpc-cidr-block`, `vswitch-cidr-block`).
    pub ranges: Vec<(IpNet, String)>,
    /// The file they were read from.
    pub file: Option<String>,
}
