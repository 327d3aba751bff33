//! The many: routes that are not named one by one.

use ipnet::IpNet;

use super::routes::{Names, group_words};
use super::split::split;
use super::{Kind, Occupied};
use crate::host::{Family, RouteGroup, Snapshot};
use crate::subnet::{Ranges, overlaps};

/// The public and most specific routes of a host that has very many ([`Snapshot::route_ranges`]): what [`occupied`](super::occupied) leaves out of its list.
pub struct Unnamed<'a> {
    host: &'a Snapshot,
    groups: Vec<RouteGroup>,
}

impl<'a> Unnamed<'a> {
    /// Of most hosts: nothing.
    pub fn of(host: &'a Snapshot) -> Self {
        let groups = host.route_ranges.ok().map(|ranges| split(ranges).1).unwrap_or_default();
        Unnamed { host, groups }
    }

    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Where they lead.
    pub fn ranges(&self) -> Ranges {
        let v4 = self.groups.iter().flat_map(|group| &group.v4).map(|(first, last)| ((*first).into(), (*last).into()));
        let v6 = self.groups.iter().flat_map(|group| &group.v6).map(|(first, last)| ((*first).into(), (*last).into()));
        Ranges::from_spans(v4.collect(), v6.collect())
    }

    /// Of each owner and prefix length the first route that touches `prefix`.
    pub fn holders(&self, prefix: IpNet) -> Vec<Occupied> {
        let names = Names::new(self.host);
        let family = Family::of(prefix.addr());
        let touching = self.groups.iter().filter(|group| group.owner.family == family).filter_map(|group| {
            let mut spans = group.spans();
            let (first, _) = spans.find(|(first, last)| *first <= prefix.broadcast() && prefix.network() <= *last)?;
            // Inside the span, at or behind the beginning of what is asked.
            let at = first.max(prefix.network());
            let route = IpNet::new(at, group.owner.prefix_len).ok()?.trunc();
            debug_assert!(overlaps(route, prefix));
            Some(Occupied {
                host: self.host.name.clone(),
                prefix: route,
                owner: group_words(route, &group.owner, &names),
                kind: Kind::Route,
                live: false,
                dead: false,
            })
        });
        touching.collect()
    }
}
