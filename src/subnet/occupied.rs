//! Who holds which addresses, as seen from one host.

use ipnet::IpNet;

use crate::host::{Missing, Snapshot};

/// A range that somebody uses or claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupied {
    pub prefix: IpNet,
    /// In the field's own words, the same in both languages: `10.0.0.0/8 via 10.171.223.247 dev eth0`, `network web (bridge)`,
    /// `nameserver 10.0.0.2 (/etc/resolv.conf:1)`, `vpc-cidr-block (aliyun)`, `--avoid`.
    pub owner: String,
    pub kind: Kind,
    /// Something was seen that uses addresses there: an address, a network, a nameserver, a neighbour or an established peer inside. A route alone
    /// is none.
    pub live: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Route,
    Address,
    Network,
    Nameserver,
    Pool,
    Runtime,
    Cloud,
    Avoid,
}

/// What the user declared beside what the host shows.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    pub avoid: Vec<IpNet>,
    /// Container subnets of peers, with the peer's name.
    pub peers: Vec<(String, IpNet)>,
}

/// Everything that is taken, with its owner; beside it what could not be seen (then a proposal is made in spite of it, and says so).
pub fn occupied(_host: &Snapshot, _declared: &Declared) -> (Vec<Occupied>, Vec<Missing>) {
    todo!("subnet/occupied")
}
