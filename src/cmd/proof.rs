//! What a host without faults was shown to have, for the closing line.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::engine::{Bridge, Liveness, Whereabouts, bridges, liveness, whereabouts};
use crate::host::{Fact, Family, Snapshot};
use crate::path::fib::outside;
use crate::path::trace::{Flow, Origin, Tracer, Verdict};
use crate::report::Proof;
use crate::text::Text;

/// `tracer`: that of the host, where it could be asked.
pub fn proof(host: &Snapshot, tracer: Option<&Tracer>) -> Proof {
    let bridges = bridges(host).ok();
    let engine_elsewhere = match whereabouts(host) {
        Whereabouts::Elsewhere(why) => Some(why),
        Whereabouts::Here | Whereabouts::Unknown(_) => None,
    };
    Proof {
        networks: bridges.as_ref().map(Vec::len),
        way_out_traced: bridges.is_some_and(|bridges| way_out(host, tracer, &bridges) == Some(true)),
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

/// Whether the containers of every bridge that is not internal reach the outside by IPv4, and the answers them: routes, reverse path
/// filters and firewall; none where that cannot be said, or there is no such bridge.
fn way_out(host: &Snapshot, tracer: Option<&Tracer>, bridges: &[Bridge]) -> Option<bool> {
    if whereabouts(host) != Whereabouts::Here || !host.routes.gaps().is_empty() || !host.rules.gaps().is_empty() {
        return None;
    }
    let tracer = tracer?;
    let open = bridges.iter().filter(|bridge| bridge.network.is_some_and(|network| !network.internal));
    let mut traced = None;
    for bridge in open {
        let source = bridge.connected.iter().find_map(container_in)?;
        let from = Origin::Bridge { bridge: bridge.link_name.clone(), port: None, source };
        let trace = tracer.trace(&Flow::https(from, outside(Family::V4)));
        let leaves = trace.arrives.and_then(|arrival| arrival.link);
        match trace.verdict {
            Verdict::Undetermined => return None,
            Verdict::Forwarded if !bridges.iter().any(|other| leaves.as_ref() == Some(&other.link_name)) => {}
            _ => return Some(false),
        }
        traced = Some(true);
    }
    traced
}

/// An address that a container of this subnet could have.
fn container_in(subnet: &IpNet) -> Option<IpAddr> {
    match subnet {
        IpNet::V4(subnet) => subnet.hosts().nth(1).map(IpAddr::V4),
        IpNet::V6(_) => None,
    }
}
