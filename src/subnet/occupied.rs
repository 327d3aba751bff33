//! Who holds which addresses, as seen from one host.

mod cloud;
mod live;
mod networks;
mod routes;
mod split;
mod unnamed;

use std::net::IpAddr;

use ipnet::IpNet;

use crate::host::{Fact, Missing, Snapshot};
use networks::Owned;

pub use cloud::cloud_blind_spot;
pub use live::beside_signs;
pub use unnamed::Unnamed;

/// A range that somebody uses or claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupied {
    /// The host that shows it, or whose user declared it.
    pub host: String,
    pub prefix: IpNet,
    /// In the field's own words, the same in both languages: `10.0.0.0/8 via 10.171.223.247 dev eth0`, `network web (bridge)`,
    /// `nameserver 10.0.0.2 (/etc/resolv.conf:1)`, `vpc-cidr-block (aliyun)`, `--avoid`.
    pub owner: String,
    pub kind: Kind,
    /// Something was seen that uses addresses there: an address, a network, a nameserver, a neighbour or an established peer inside. A route alone
    /// is none.
    pub live: bool,
    /// A route that takes no packet anywhere: blackhole, unreachable, prohibit, or every next hop dead or without carrier.
    pub dead: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

impl Kind {
    /// Its word in the JSON report.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Route => "route",
            Kind::Address => "address",
            Kind::Network => "network",
            Kind::Nameserver => "nameserver",
            Kind::Pool => "pool",
            Kind::Runtime => "runtime",
            Kind::Cloud => "cloud",
            Kind::Avoid => "avoid",
        }
    }
}

impl Occupied {
    /// Nothing may ever be put there: it is more than a route behind which nobody was seen.
    pub fn is_firm(&self) -> bool {
        self.kind != Kind::Route || self.live
    }
}

/// What the user declared beside what the host shows.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    pub avoid: Vec<IpNet>,
    /// Container subnets of peers, with the peer's name.
    pub peers: Vec<(String, IpNet)>,
}

/// Gathers what one host shows.
struct Gathering<'a> {
    host: &'a Snapshot,
    found: Vec<Occupied>,
    missing: Vec<Missing>,
}

impl<'a> Gathering<'a> {
    fn push(&mut self, prefix: IpNet, owner: impl Into<String>, kind: Kind) {
        let (host, owner) = (self.host.name.clone(), owner.into());
        self.found.push(Occupied { host, prefix: prefix.trunc(), owner, kind, live: true, dead: false });
    }

    /// The value of a fact; noted when it was not seen.
    fn seen<T>(&mut self, name: &'static str, fact: &'a Fact<T>) -> Option<&'a T> {
        fact.get(name).map_err(|missing| self.missing.push(missing)).ok()
    }
}

/// Everything that is taken, with its owner; beside it what could not be seen (then a proposal is made in spite of it, and says so).
/// Overlaps are left in: an address stands beside the route that leads to it. Sorted by prefix.
pub fn occupied(host: &Snapshot, declared: &Declared) -> (Vec<Occupied>, Vec<Missing>) {
    let mut gathering = Gathering { host, found: Vec::new(), missing: Vec::new() };
    networks::docker(&mut gathering);
    networks::swarm(&mut gathering);
    networks::runtimes(&mut gathering);
    let owned = Owned::new(&gathering);
    networks::addresses(&mut gathering, &owned);
    nameservers(&mut gathering);
    cloud::ranges(&mut gathering);
    for prefix in &declared.avoid {
        gathering.push(*prefix, "--avoid", Kind::Avoid);
    }
    for (peer, prefix) in &declared.peers {
        gathering.push(*prefix, format!("peer {peer}"), Kind::Avoid);
    }
    routes::routes(&mut gathering, &owned);
    live::mark(&mut gathering, &owned);
    let Gathering { mut found, missing, .. } = gathering;
    found.sort_by(|a, b| (a.prefix, a.kind, &a.owner).cmp(&(b.prefix, b.kind, &b.owner)));
    found.dedup();
    let mut missing = missing;
    missing.sort();
    missing.dedup();
    (found, missing)
}

/// The servers that programs here ask and those behind systemd-resolved; not the stub on this host itself.
fn nameservers(gathering: &mut Gathering) {
    let Some(resolvers) = gathering.seen("resolvers", &gathering.host.resolvers) else { return };
    for file in [&resolvers.host, &resolvers.systemd_resolved].into_iter().flatten() {
        for (server, line) in &file.nameservers {
            if is_taken_space(*server) {
                let owner = format!("nameserver {server} ({}:{line})", file.path);
                gathering.push(IpNet::from(*server), owner, Kind::Nameserver);
            }
        }
    }
}

/// Not loopback, not IPv6 link-local, not multicast, not unspecified: those are no one's on any other link.
fn is_taken_space(address: IpAddr) -> bool {
    let local = match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    !(local || address.is_loopback() || address.is_multicast() || address.is_unspecified())
}

#[cfg(test)]
mod tests;
