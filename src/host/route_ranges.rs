use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

#[cfg(any(test, feature = "internals"))]
use super::Route;
use super::{Family, RouteKind, Scope};

/// The routes of a host that has very many, added up while they were dumped: every destination with who leads there, without metrics,
/// preferred sources and whatever else one route has for itself.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RouteRanges {
    /// How many routes there were.
    pub routes: u64,
    /// One for each owner and prefix length, in the order of [`RouteOwner`].
    pub groups: Vec<RouteGroup>,
}

/// Destinations of one length that lead to the same place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteGroup {
    #[serde(flatten)]
    pub owner: RouteOwner,
    /// Prefixes of `owner.prefix_len` that follow each other without a gap, as first and last address; in order. Never both families.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub v4: Vec<(Ipv4Addr, Ipv4Addr)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub v6: Vec<(Ipv6Addr, Ipv6Addr)>,
}

/// What the routes of a group have in common; the fields are those of [`Route`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RouteOwner {
    pub family: Family,
    pub table: u32,
    pub kind: RouteKind,
    pub scope: Scope,
    pub protocol: u8,
    /// Of the first hop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<IpAddr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_hop_object: Option<u32>,
    /// There are more hops than this one: multipath, or hops that were too many to be told apart.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub several: bool,
    /// Every hop is dead or without carrier.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
    pub prefix_len: u8,
}

impl RouteOwner {
    #[cfg(any(test, feature = "internals"))]
    pub fn of(route: &Route) -> Self {
        let first = route.next_hops.first();
        RouteOwner {
            family: route.family(),
            table: route.table,
            kind: route.kind,
            scope: route.scope,
            protocol: route.protocol,
            via: first.and_then(|hop| hop.via),
            link: first.and_then(|hop| hop.link),
            next_hop_object: route.next_hop_object,
            several: route.next_hops.len() > 1,
            lost: first.is_some() && route.next_hops.iter().all(|hop| hop.dead || hop.linkdown),
            prefix_len: route.destination.prefix_len(),
        }
    }

    /// The same without its hops.
    fn of_any_hop(self) -> Self {
        RouteOwner { via: None, link: None, next_hop_object: None, several: true, ..self }
    }
}

impl RouteGroup {
    /// Where the group leads: first and last addresses, in order.
    pub fn spans(&self) -> impl Iterator<Item = (IpAddr, IpAddr)> + '_ {
        let v4 = self.v4.iter().map(|(first, last)| (IpAddr::V4(*first), IpAddr::V4(*last)));
        v4.chain(self.v6.iter().map(|(first, last)| (IpAddr::V6(*first), IpAddr::V6(*last))))
    }

    /// The destinations one by one, in order.
    pub fn prefixes(&self) -> impl Iterator<Item = IpNet> + '_ {
        let length = self.owner.prefix_len;
        self.spans().flat_map(move |(first, last)| {
            let before = move |next: &IpNet| next.addr() <= last;
            std::iter::successors(IpNet::new(first, length).ok(), move |prefix| following(*prefix).filter(before))
        })
    }
}

/// The prefix of the same length behind this one.
fn following(prefix: IpNet) -> Option<IpNet> {
    let first = match prefix.broadcast() {
        IpAddr::V4(last) => IpAddr::V4(after_v4(last)?),
        IpAddr::V6(last) => IpAddr::V6(after_v6(last)?),
    };
    IpNet::new(first, prefix.prefix_len()).ok()
}

impl RouteRanges {
    /// The same of routes that are known one by one.
    #[cfg(any(test, feature = "internals"))]
    pub fn of<'a>(routes: impl IntoIterator<Item = &'a Route>) -> Self {
        let mut ranges = RouteRangesBuilder::default();
        for route in routes {
            ranges.add(RouteOwner::of(route), route.destination.network());
        }
        ranges.finish()
    }
}

/// More owners than these are not told apart by their hops.
const MOST_OWNERS: usize = 10_000;

/// Adds routes up as they come.
#[derive(Debug, Default)]
pub struct RouteRangesBuilder {
    routes: u64,
    groups: Vec<Growing>,
    by_owner: BTreeMap<RouteOwner, usize>,
    /// Where the owner was found last that has this [`slot`]: a dump goes back and forth between few owners.
    recent: Vec<usize>,
}

#[derive(Debug)]
struct Growing {
    group: RouteGroup,
    /// The kernel dumps a table in the order of its trie; several routes of one prefix are no disorder.
    in_order: bool,
}

const SLOTS: usize = 1024;

impl RouteRangesBuilder {
    pub fn routes(&self) -> u64 {
        self.routes
    }

    /// A route; `network` is the first address of its destination.
    pub fn add(&mut self, owner: RouteOwner, network: IpAddr) {
        self.routes += 1;
        let at = self.place(owner);
        self.groups[at].add(network);
    }

    fn place(&mut self, owner: RouteOwner) -> usize {
        if self.recent.is_empty() {
            self.recent = vec![usize::MAX; SLOTS];
        }
        let slot = slot(&owner);
        let recent = self.recent[slot];
        if self.groups.get(recent).is_some_and(|growing| growing.group.owner == owner) {
            return recent;
        }
        let known = self.by_owner.get(&owner).copied();
        let owner = if known.is_none() && self.groups.len() >= MOST_OWNERS { owner.of_any_hop() } else { owner };
        let at = known.unwrap_or_else(|| {
            *self.by_owner.entry(owner).or_insert_with(|| {
                let group = RouteGroup { owner, v4: Vec::new(), v6: Vec::new() };
                self.groups.push(Growing { group, in_order: true });
                self.groups.len() - 1
            })
        });
        self.recent[slot] = at;
        at
    }

    pub fn finish(self) -> RouteRanges {
        let mut groups: Vec<RouteGroup> = self.groups.into_iter().map(Growing::finish).collect();
        groups.sort_unstable_by_key(|group| group.owner);
        RouteRanges { routes: self.routes, groups }
    }
}

/// Any number that owners of a real dump seldom share.
fn slot(owner: &RouteOwner) -> usize {
    let via = match owner.via {
        Some(IpAddr::V4(via)) => u32::from(via),
        Some(IpAddr::V6(via)) => u128::from(via) as u32,
        None => 0,
    };
    let mixed =
        via ^ owner.table.rotate_left(8) ^ owner.link.unwrap_or(0).rotate_left(16) ^ u32::from(owner.prefix_len) << 25;
    (mixed.wrapping_mul(0x9e37_79b1) >> 22) as usize
}

impl Growing {
    fn add(&mut self, network: IpAddr) {
        let length = self.group.owner.prefix_len;
        match network {
            IpAddr::V4(network) => {
                let last = u32::from(network) | u32::MAX.checked_shr(u32::from(length)).unwrap_or(0);
                self.in_order &= append(&mut self.group.v4, network, last.into(), after_v4);
            }
            IpAddr::V6(network) => {
                let last = u128::from(network) | u128::MAX.checked_shr(u32::from(length)).unwrap_or(0);
                self.in_order &= append(&mut self.group.v6, network, last.into(), after_v6);
            }
        }
    }

    fn finish(mut self) -> RouteGroup {
        if !self.in_order {
            let (mut v4, mut v6) = (std::mem::take(&mut self.group.v4), std::mem::take(&mut self.group.v6));
            v4.sort_unstable();
            v6.sort_unstable();
            for (first, last) in v4 {
                append(&mut self.group.v4, first, last, after_v4);
            }
            for (first, last) in v6 {
                append(&mut self.group.v6, first, last, after_v6);
            }
        }
        self.group.v4.shrink_to_fit();
        self.group.v6.shrink_to_fit();
        self.group
    }
}

/// Puts a span behind the others, or makes the last one longer that ends where it begins. False: it belongs before the last one.
fn append<A: Copy + Ord>(spans: &mut Vec<(A, A)>, first: A, last: A, after: impl Fn(A) -> Option<A>) -> bool {
    match spans.last_mut() {
        Some(tail) if first < tail.0 => {
            spans.push((first, last));
            return false;
        }
        // All are of one length: what begins inside is there already.
        Some(tail) if first <= tail.1 => tail.1 = tail.1.max(last),
        Some(tail) if after(tail.1) == Some(first) => tail.1 = last,
        _ => spans.push((first, last)),
    }
    true
}

fn after_v4(address: Ipv4Addr) -> Option<Ipv4Addr> {
    u32::from(address).checked_add(1).map(Ipv4Addr::from)
}

fn after_v6(address: Ipv6Addr) -> Option<Ipv6Addr> {
    u128::from(address).checked_add(1).map(Ipv6Addr::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(prefix_len: u8) -> RouteOwner {
        RouteOwner {
            family: Family::V4,
            table: 254,
            kind: RouteKind::Unicast,
            scope: Scope::Global,
            protocol: 3,
            via: Some(IpAddr::from([10, 0, 0, 1])),
            link: Some(2),
            next_hop_object: None,
            several: false,
            lost: false,
            prefix_len,
        }
    }

    fn added(routes: &[(RouteOwner, &str)]) -> RouteRanges {
        let mut ranges = RouteRangesBuilder::default();
        for (owner, prefix) in routes {
            let prefix: IpNet = format!("{prefix}/{}", owner.prefix_len).parse().expect("a prefix");
            ranges.add(RouteOwner { family: Family::of(prefix.addr()), ..*owner }, prefix.addr());
        }
        ranges.finish()
    }

    fn prefixes(ranges: &RouteRanges) -> Vec<String> {
        ranges.groups.iter().flat_map(RouteGroup::prefixes).map(|prefix| prefix.to_string()).collect()
    }

    #[test]
    fn neighbours_of_one_length_become_one_span_and_stay_known_one_by_one() {
        let ranges = added(&[
            (owner(24), "10.1.0.0"),
            (owner(24), "10.1.1.0"),
            (owner(24), "10.1.1.0"),
            (owner(16), "10.1.0.0"),
        ]);
        assert_eq!(ranges.routes, 4);
        assert_eq!(ranges.groups.iter().map(|group| group.v4.len()).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(prefixes(&ranges), ["10.1.0.0/16", "10.1.0.0/24", "10.1.1.0/24"]);
    }

    #[test]
    fn the_order_they_come_in_changes_nothing() {
        let forth = [(owner(24), "10.1.0.0"), (owner(24), "10.1.1.0"), (owner(24), "10.9.0.0"), (owner(32), "1.2.3.4")];
        let mut back = forth;
        back.reverse();
        assert_eq!(added(&forth), added(&back));
    }

    #[test]
    fn the_ends_of_both_families_are_no_special_case() {
        let ends =
            [(owner(32), "255.255.255.255"), (owner(0), "0.0.0.0"), (owner(1), "0.0.0.0"), (owner(1), "128.0.0.0")];
        assert_eq!(prefixes(&added(&ends)), ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "255.255.255.255/32"]);
        let ends = [(owner(128), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), (owner(0), "::"), (owner(7), "fc00::")];
        let last = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128";
        assert_eq!(prefixes(&added(&ends)), ["::/0", "fc00::/7", last]);
    }

    #[test]
    fn very_many_gateways_are_no_longer_told_apart_and_nothing_is_lost() {
        let count = MOST_OWNERS as u32 + 500;
        let mut ranges = RouteRangesBuilder::default();
        for n in 0..count {
            let via = Some(IpAddr::from(Ipv4Addr::from(0x0a00_0000 + n)));
            ranges.add(RouteOwner { via, ..owner(24) }, IpAddr::from(Ipv4Addr::from(0x1400_0000 + (n << 8))));
        }
        let ranges = ranges.finish();
        assert_eq!(ranges.groups.len(), MOST_OWNERS + 1);
        assert_eq!(ranges.groups.iter().filter(|group| group.owner.several).count(), 1);
        assert_eq!(ranges.groups.iter().flat_map(RouteGroup::prefixes).count(), count as usize);
    }

    #[test]
    fn they_survive_being_written_down() {
        let ranges = added(&[(owner(24), "10.1.0.0"), (owner(64), "fd00::")]);
        let json = serde_json::to_string(&ranges).expect("JSON");
        assert!(json.contains(r#""v4":[["10.1.0.0","10.1.0.255"]]"#), "{json}");
        assert_eq!(serde_json::from_str::<RouteRanges>(&json).expect("the same"), ranges);
    }
}
