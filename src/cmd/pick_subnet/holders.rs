//! Who holds what, on all hosts together.

use ipnet::IpNet;

use crate::checks::Options;
use crate::engine::{Whereabouts, whereabouts};
use crate::host::{EngineEndpoint, EngineKind, Snapshot};
use crate::report::Host;
use crate::report::pick::Blind;
use crate::subnet::{Declared, Index, Occupied, Ranges, Unnamed, cloud_blind_spot, joined, largest_first, occupied};
use crate::text::{Text, text};

/// What is taken, as seen from each of the hosts.
pub struct Holders<'a> {
    /// With the host's name as the report has it.
    taken: Vec<Occupied>,
    /// Routes that were too many to be kept one by one, by the same name.
    unnamed: Vec<(&'a str, Unnamed<'a>)>,
    /// What was not seen.
    pub blind: Vec<Blind>,
}

impl<'a> Holders<'a> {
    pub fn of(hosts: &'a [Host], options: &Options) -> Self {
        let declared = Declared {
            avoid: options.avoid.clone(),
            peers: options.peers.iter().map(|peer| (peer.host.to_string(), peer.subnet)).collect(),
        };
        let mut holders = Holders { taken: Vec::new(), unnamed: Vec::new(), blind: Vec::new() };
        for host in hosts {
            let name = host.judged.host.as_str();
            let (found, missing) = occupied(&host.snapshot, &declared);
            holders.taken.extend(found.into_iter().map(|found| Occupied { host: name.to_owned(), ..found }));
            let unnamed = Unnamed::of(&host.snapshot);
            if !unnamed.is_empty() {
                holders.unnamed.push((name, unnamed));
            }
            let mut missing: Vec<Text> = missing.into_iter().map(|missing| missing.why).collect();
            if host.snapshot.profile.files_only {
                missing = vec![text!(
                    "files alone (--root) show no addresses, no routes and nothing that runs",
                    "仅凭文件（--root）看不到地址、路由以及任何运行状态"
                )];
            }
            missing.extend(another_host(&host.snapshot));
            let spots = missing.into_iter().chain(cloud_blind_spot(&host.snapshot, &declared));
            holders.blind.extend(spots.map(|why| Blind { host: name.to_owned(), why }));
        }
        holders.blind.sort();
        holders.blind.dedup();
        holders
    }

    pub fn index(&self) -> Index<'_> {
        Index::new(&self.taken).with(self.unnamed())
    }

    /// Where the routes lead that have no names.
    pub fn unnamed(&self) -> Ranges {
        let mut all = Ranges::default();
        for (_, unnamed) in &self.unnamed {
            let ranges = unnamed.ranges();
            all = if all == Ranges::default() { ranges } else { both(&all, &ranges) };
        }
        all
    }

    /// Those that touch one of these ranges: each owner once, with the fewest prefixes; sorted by host and prefix.
    pub fn within(&self, ranges: &[IpNet]) -> Vec<Occupied> {
        joined(&self.named(ranges), ranges)
    }

    /// The same, those that hold most first.
    pub fn largest(&self, ranges: &[IpNet]) -> Vec<Occupied> {
        largest_first(&self.named(ranges), ranges)
    }

    /// Of routes that have no names, one of each owner.
    fn named(&self, ranges: &[IpNet]) -> Vec<Occupied> {
        let mut named = self.taken.clone();
        for (host, unnamed) in &self.unnamed {
            let holders = ranges.iter().flat_map(|range| unnamed.holders(*range));
            named.extend(holders.map(|holder| Occupied { host: (*host).to_owned(), ..holder }));
        }
        named
    }
}

/// Whose addresses were seen, where the engine that was asked is not this host's.
fn another_host(host: &Snapshot) -> Option<Text> {
    let podman = |owner: &EngineEndpoint| owner.kind == EngineKind::Podman;
    match whereabouts(host) {
        Whereabouts::Elsewhere(Text { en, zh }) if !host.engine.endpoint.ok().is_some_and(podman) => Some(text!(
            "routes and addresses are this host's; those that the engine meets were not seen: {en}",
            "路由和地址均为本机的；引擎所在环境的路由和地址未能看到：{zh}"
        )),
        _ => None,
    }
}

fn both(one: &Ranges, other: &Ranges) -> Ranges {
    Ranges::from_spans([one.v4.ranges(), other.v4.ranges()].concat(), [one.v6.ranges(), other.v6.ranges()].concat())
}
