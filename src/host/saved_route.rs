use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Place, RouteKind};
use crate::text::Text;

/// A route that a file makes at boot, or when its link comes up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedRoute {
    /// Where it is said; the first line, where it takes several.
    pub place: Place,
    pub keeper: Keeper,
    /// What the file says, one logical line.
    pub says: String,
    /// Host bits masked.
    pub destination: IpNet,
    #[serde(default)]
    pub gateway: Option<IpAddr>,
    /// The kernel's name of the link, where the file or its match tells it.
    #[serde(default)]
    pub link: Option<String>,
    /// None: main.
    #[serde(default)]
    pub table: Option<u32>,
    /// None: the keeper's own default.
    #[serde(default)]
    pub metric: Option<u32>,
    pub kind: RouteKind,
    /// The keeper acts on it at boot: not shadowed by another file, not in a stanza that nothing brings up.
    pub active: bool,
    pub editable: Editable,
}

/// Who makes the route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keeper {
    /// /etc/network/interfaces and what it sources (interfaces(5)).
    Ifupdown,
    Netplan,
    Networkd,
    NetworkManager,
    /// /etc/sysconfig/network-scripts: route-DEV in either format.
    NetworkScripts,
    /// rc.local, hooks, units, crontabs.
    Script,
    /// A lease: option 121, 33 or 249.
    Dhcp,
}

/// Whether dnetctl may take the route out of where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Editable {
    Yes,
    /// A person has to: why, and what would bring it back.
    ByHand(Text),
    /// The file is written by a program and would come back: by which, and the setting that stops it.
    Generated(Text),
}
