//! Who holds what, on all hosts together.

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::checks::Options;
use crate::report::Host;
use crate::report::pick::{Blind, Held};
use crate::subnet::{Declared, Kind, Occupied, cloud_blind_spot, occupied, overlaps};

/// Everything that is taken on any of the hosts, with the host's name as the report has it; beside it what was not seen.
pub fn of(hosts: &[Host], options: &Options) -> (Vec<Occupied>, Vec<Blind>) {
    let declared = Declared {
        avoid: options.avoid.clone(),
        peers: options.peers.iter().map(|peer| (peer.host.to_string(), peer.subnet)).collect(),
    };
    let (mut taken, mut blind) = (Vec::new(), Vec::new());
    for host in hosts {
        let name = &host.judged.host;
        let (found, missing) = occupied(&host.snapshot, &declared);
        taken.extend(found.into_iter().map(|found| Occupied { host: name.clone(), ..found }));
        let spots = missing.into_iter().map(|missing| missing.why).chain(cloud_blind_spot(&host.snapshot, &declared));
        blind.extend(spots.map(|why| Blind { host: name.clone(), why }));
    }
    blind.sort();
    blind.dedup();
    (taken, blind)
}

/// Those that overlap one of these ranges: the prefixes of one owner joined where they can be, sorted by host and prefix.
pub fn within(taken: &[Occupied], ranges: &[IpNet]) -> Vec<Held> {
    let mut by_owner: BTreeMap<(&str, &str, Kind), Vec<IpNet>> = BTreeMap::new();
    for one in taken.iter().filter(|one| ranges.iter().any(|range| overlaps(*range, one.prefix))) {
        by_owner.entry((&one.host, &one.owner, one.kind)).or_default().push(one.prefix);
    }
    let mut held = Vec::new();
    for ((host, owner, kind), prefixes) in by_owner {
        held.extend(IpNet::aggregate(&prefixes).into_iter().map(|prefix| Held {
            host: host.to_owned(),
            prefix,
            owner: owner.to_owned(),
            kind,
        }));
    }
    held.sort();
    held
}
