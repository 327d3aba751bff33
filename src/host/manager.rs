use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A program that configures links, routes or the firewall of this host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manager {
    /// `ifupdown`, `netplan`, `systemd-networkd`, `NetworkManager`, `firewalld`, `ufw`, `nftables` (its service),
    /// `netfilter-persistent`, `iptables-services`, `cloud-init`, `dhcpcd`, `wicked`.
    pub name: String,
    /// Its program or its package's files are on disk.
    pub installed: bool,
    /// It runs, or (ifupdown, netplan, ufw, nftables, …) is enabled; none where that could not be seen.
    pub active: Option<bool>,
    /// The files that steer it, as found on disk.
    pub files: Vec<String>,
}

/// Kernel modules that Docker's networking uses, by name.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Modules {
    /// In /proc/modules, or listed in modules.builtin. A name that is not in the map: not known.
    pub loaded: BTreeMap<String, bool>,
    /// Its file is below /lib/modules/RELEASE (modules.dep); none when that directory does not exist.
    pub on_disk: Option<BTreeMap<String, bool>>,
}
