//! What a host without faults was shown to have, for the closing line.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::engine::{Bridge, Liveness, Whereabouts, bridges, liveness, whereabouts};
use crate::host::{Fact, Family, Snapshot};
use crate::path::fib::{Fib, Query, ReversePath, outside};
use crate::report::Proof;
use crate::text::Text;

pub fn proof(host: &Snapshot) -> Proof {
    let bridges = bridges(host).ok();
    let engine_elsewhere = match whereabouts(host) {
        Whereabouts::Elsewhere(why) => Some(why),
        Whereabouts::Here | Whereabouts::Unknown(_) => None,
    };
    Proof {
        networks: bridges.as_ref().map(Vec::len),
        way_out_traced: bridges.is_some_and(|bridges| way_out(host, &bridges) == Some(true)),
        no_engine: liveness(host) == Liveness::Absent,
        engine_silent: silent(host).filter(|_| engine_elsewhere.is_none()).cloned(),
        engine_elsewhere,
    }
}

/// Why a named engine told nothing. That the host's own is not asked while it is stopped needs no words.
fn silent(host: &Snapshot) -> Option<&Text> {
    let Fact::Unreadable(why) = &host.engine.api else { return None };
    let own = host.engine.endpoint.ok().is_some_and(|endpoint| endpoint.chosen_by == "default");
    (!own).then_some(why)
}

/// Whether the containers of every bridge that is not internal have a route to the outside and reverse path filters let
/// their packets and the answers pass, by IPv4; none where that cannot be said, or there is no such bridge.
fn way_out(host: &Snapshot, bridges: &[Bridge]) -> Option<bool> {
    if whereabouts(host) != Whereabouts::Here || !host.routes.gaps().is_empty() || !host.rules.gaps().is_empty() {
        return None;
    }
    let fib = Fib::new(host).ok()?;
    let dockers: Vec<u32> = bridges.iter().filter_map(Bridge::index).collect();
    let open = bridges.iter().filter(|bridge| bridge.network.is_some_and(|network| !network.internal));
    let mut traced = None;
    for bridge in open {
        let source = bridge.connected.iter().find_map(container_in)?;
        let query = Query::forwarded(source, outside(Family::V4), &bridge.link_name);
        let lookup = fib.lookup(&query);
        let out = lookup.hops.iter().all(|hop| hop.link.is_some_and(|link| !dockers.contains(&link)));
        if !lookup.is_unicast() || !out {
            return Some(false);
        }
        if fib.reverse_path(&query) != ReversePath::Pass || !answers_pass(&fib, host, lookup.link()?) {
            return None;
        }
        traced = Some(true);
    }
    traced
}

/// Whether an answer from the outside passes the filter of the link it comes back by.
fn answers_pass(fib: &Fib, host: &Snapshot, uplink: u32) -> bool {
    let Some(links) = host.links.ok() else { return false };
    let Some(addresses) = host.addresses.ok() else { return false };
    let Some(link) = links.iter().find(|link| link.index == uplink) else { return false };
    // Masqueraded packets carry the uplink's own address, where it has one.
    let own = addresses.iter().find(|one| one.link == uplink && one.address.addr().is_ipv4());
    own.is_none_or(|own| {
        fib.reverse_path(&Query::forwarded(outside(Family::V4), own.address.addr(), &link.name)) == ReversePath::Pass
    })
}

/// An address that a container of this subnet could have.
fn container_in(subnet: &IpNet) -> Option<IpAddr> {
    match subnet {
        IpNet::V4(subnet) => subnet.hosts().nth(1).map(IpAddr::V4),
        IpNet::V6(_) => None,
    }
}
