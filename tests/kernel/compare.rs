//! The evaluator's answer against the kernel's.

use std::fmt;
use std::net::IpAddr;
use std::ops::AddAssign;

use dnetctl::internals::{Family, Lookup, NextHop, Query, ReversePath, Route, RouteKind, Snapshot, Verdict};
use ipnet::IpNet;
use nix::libc::{EACCES, EHOSTUNREACH, EINVAL, ENETUNREACH, EXDEV};

use crate::ask::Told;

/// How many lookups came out how.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub agreed: usize,
    pub undetermined: usize,
    /// Of those agreed: with several hops to choose from, refused, with the source compared.
    pub multipath: usize,
    pub refused: usize,
    pub sources: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.agreed += other.agreed;
        self.undetermined += other.undetermined;
        self.multipath += other.multipath;
        self.refused += other.refused;
        self.sources += other.sources;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} lookups agree ({} multipath, {} refused, {} with the source address), {} undetermined",
            self.agreed, self.multipath, self.refused, self.sources, self.undetermined
        )
    }
}

/// What of the host bears on how answers compare.
pub struct Ground {
    /// IPv4 rules are the kernel's own: it keeps the tables local and main as one, and calls it main.
    merged: bool,
    /// The IPv4 prefixes that are this host itself.
    local: Vec<IpNet>,
}

impl Ground {
    pub fn of(host: &Snapshot) -> Self {
        let rules = host.rules.ok().into_iter().flatten().filter(|rule| rule.family == Family::V4);
        let routes = host.routes.ok().into_iter().flatten();
        let local = routes.filter(|route| route.kind == RouteKind::Local && route.family() == Family::V4);
        Ground { merged: rules.count() == 3, local: local.map(|route| route.destination).collect() }
    }

    /// Whether the kernel may have used this gateway. One that is the host itself is passed over, depending on when the route
    /// was added.
    fn same_gateway(&self, ours: Option<IpAddr>, theirs: Option<IpAddr>) -> bool {
        let own = |gateway: IpAddr| self.local.iter().any(|prefix| prefix.contains(&gateway));
        ours == theirs || (theirs.is_none() && ours.is_some_and(own))
    }
}

/// Adds one lookup to the tally, or says how the two differ.
pub fn compare(
    query: &Query,
    lookup: &Lookup,
    reverse: Option<&ReversePath>,
    told: &Told,
    ground: &Ground,
    tally: &mut Tally,
) -> Result<(), String> {
    // What rp_filter says counts only for what has a route.
    let ours = errors(query, lookup, None);
    let unknown = matches!(lookup.verdict, Verdict::Undetermined(_));
    if unknown || (ours.is_empty() && matches!(reverse, Some(ReversePath::Undetermined(_)))) {
        tally.undetermined += 1;
        return Ok(());
    }
    let expected = errors(query, lookup, reverse);
    match told {
        Told::Error(said) if expected.contains(said) => tally.refused += 1,
        Told::Route { .. } if expected.is_empty() => agree(query, lookup, told, ground, tally)?,
        _ if expected.is_empty() => return Err("expected a route".to_owned()),
        _ => return Err(format!("expected the error {expected:?}")),
    }
    tally.agreed += 1;
    Ok(())
}

/// The error numbers that the verdict may stand for; none for a route.
fn errors(query: &Query, lookup: &Lookup, reverse: Option<&ReversePath>) -> &'static [i32] {
    let input = query.iif.is_some() && query.destination.is_ipv4();
    match &lookup.verdict {
        Verdict::NoRoute => &[ENETUNREACH],
        Verdict::Unreachable if lookup.route.is_none() => &[ENETUNREACH],
        Verdict::Unreachable => &[EHOSTUNREACH],
        Verdict::Prohibit => &[EACCES],
        Verdict::Blackhole => &[EINVAL],
        // What a host may not send from was EINVAL before it became ENETUNREACH.
        Verdict::Martian if !input => &[EINVAL, ENETUNREACH],
        Verdict::Martian => &[EINVAL],
        // Only unicast is forwarded: a route of another type makes the destination a martian.
        Verdict::Multicast | Verdict::Anycast if input => &[EINVAL],
        _ => match reverse {
            // Since Linux 6.14 a source that does not pass is EINVAL to RTM_GETROUTE, whatever the cause.
            Some(ReversePath::Dropped { .. }) => &[EXDEV, EINVAL],
            Some(ReversePath::Martian) => &[EINVAL],
            _ => &[],
        },
    }
}

fn agree(query: &Query, lookup: &Lookup, told: &Told, ground: &Ground, tally: &mut Tally) -> Result<(), String> {
    let Told::Route { kind, table, link, via, source } = told else { return Ok(()) };
    let expected = match lookup.verdict {
        Verdict::Unicast => 1,
        Verdict::Local => 2,
        Verdict::Broadcast => 3,
        Verdict::Anycast => 4,
        Verdict::Multicast => 5,
        _ => return Err("expected no route".to_owned()),
    };
    if *kind != expected {
        return Err(format!("expected a route of type {expected}"));
    }
    let named =
        |own: u32| own == *table || (query.destination.is_ipv4() && ground.merged && own == 255 && *table == 254);
    // Routes over one nexthop object share what the kernel keeps with it: for IPv6 it tells the table and source of the route
    // that came first, for IPv4 the source may be an earlier one.
    let shared = |route: &Route| query.destination.is_ipv6() && route.next_hop_object.is_some();
    let shared = lookup.route.is_some_and(shared);
    if let Some(route) = lookup.route.filter(|route| !named(route.table) && !shared) {
        return Err(format!("expected table {}", route.table));
    }
    // What is for this host comes by the loopback, whatever link has the address.
    let delivered = matches!(lookup.verdict, Verdict::Local | Verdict::Anycast)
        || (query.iif.is_some() && lookup.verdict == Verdict::Broadcast);
    let taken = |hop: &NextHop| hop.link == Some(*link) && ground.same_gateway(hop.via, *via);
    if !delivered && !lookup.hops.iter().any(taken) {
        return Err("expected one of the hops".to_owned());
    }
    let kept = lookup.route.is_some_and(|route| route.next_hop_object.is_some());
    let one_source = lookup.source.is_some() || (lookup.hops.len() == 1 && !kept);
    if query.source.is_none() && query.iif.is_none() && one_source && !shared {
        if lookup.source != *source {
            return Err(format!("expected the source {:?}", lookup.source));
        }
        tally.sources += 1;
    }
    tally.multipath += usize::from(lookup.hops.len() > 1);
    Ok(())
}
