//! The facts of one host arranged for lookups: a sorted list per table and prefix length, links by index.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::Fib;
use super::v4_table::are_kernel_rules;
use crate::host::{
    Address, Family, Link, Missing, NextHop, NextHopObject, Route, RouteKind, Rule, Snapshot, link_sysctl,
};
use crate::text::{Text, text};

#[derive(Debug)]
pub(super) struct Index<'a> {
    pub rules_v4: Vec<&'a Rule>,
    pub rules_v6: Vec<&'a Rule>,
    /// IPv4 has the kernel's own three rules and nothing else.
    pub kernel_rules_v4: bool,
    tables: BTreeMap<(Family, u32), Table<'a>>,
    links: BTreeMap<u32, &'a Link>,
    named: HashMap<&'a str, u32>,
    own: HashSet<IpAddr>,
    pub addresses: &'a [Address],
    by_link: HashMap<u32, Vec<&'a Address>>,
    objects: Option<BTreeMap<u32, &'a NextHopObject>>,
    sysctls: Option<&'a BTreeMap<String, String>>,
}

/// Routes of one table, longest prefixes first; of one prefix in the order the kernel tries them.
#[derive(Debug, Default)]
struct Table<'a> {
    routes: Vec<&'a Route>,
    /// Prefix length, and where its routes are.
    lengths: Vec<(u8, std::ops::Range<usize>)>,
}

impl<'a> Index<'a> {
    pub fn new(host: &'a Snapshot) -> Result<Self, Missing> {
        let mut tables: BTreeMap<(Family, u32), Table> = BTreeMap::new();
        for route in host.routes.get("routes")? {
            tables.entry((route.family(), route.table)).or_default().routes.push(route);
        }
        for table in tables.values_mut() {
            table.arrange();
        }
        let of = |family| -> Result<Vec<&'a Rule>, Missing> {
            let mut rules: Vec<&Rule> = host.rules.get("rules")?.iter().filter(|rule| rule.family == family).collect();
            rules.sort_by_key(|rule| rule.priority);
            Ok(rules)
        };
        let links: BTreeMap<u32, &Link> = host.links.get("links")?.iter().map(|link| (link.index, link)).collect();
        let addresses = host.addresses.get("addresses")?;
        let mut by_link: HashMap<u32, Vec<&Address>> = HashMap::new();
        for address in addresses {
            by_link.entry(address.link).or_default().push(address);
        }
        let rules_v4 = of(Family::V4)?;
        Ok(Index {
            kernel_rules_v4: are_kernel_rules(&rules_v4),
            rules_v4,
            rules_v6: of(Family::V6)?,
            tables,
            named: links.values().rev().map(|link| (link.name.as_str(), link.index)).collect(),
            links,
            own: addresses.iter().map(|address| address.address.addr()).collect(),
            addresses,
            by_link,
            objects: host.next_hop_objects.ok().map(|all| all.iter().map(|object| (object.id, object)).collect()),
            sysctls: host.sysctls.ok(),
        })
    }
}

impl<'a> Index<'a> {
    /// The IPv4 routes of type `local`, of any table.
    pub fn local_routes(&self) -> impl Iterator<Item = &'a Route> {
        self.routes(Family::V4).filter(|route| route.kind == RouteKind::Local)
    }

    pub fn routes_v6(&self) -> impl Iterator<Item = &'a Route> {
        self.routes(Family::V6)
    }

    fn routes(&self, family: Family) -> impl Iterator<Item = &'a Route> {
        self.tables.iter().filter(move |((of, _), _)| *of == family).flat_map(|(_, table)| &table.routes).copied()
    }
}

impl<'a> Table<'a> {
    fn arrange(&mut self) {
        // The sort is stable: equal routes stay in the order of the dump, which is the order the kernel tries them in
        // (IPv4: fib_find_alias sorts by tos, then metric; IPv6: fib6_add_rt2node by metric).
        self.routes.sort_by_key(|route| {
            (Reverse(route.destination.prefix_len()), route.destination.network(), Reverse(route.tos), route.metric)
        });
        let mut start = 0;
        for end in 1..=self.routes.len() {
            let length = self.routes[start].destination.prefix_len();
            if self.routes.get(end).is_none_or(|route| route.destination.prefix_len() != length) {
                self.lengths.push((length, start..end));
                start = end;
            }
        }
    }

    /// The routes of each prefix that contains the address, longest first.
    fn containing(&self, address: IpAddr) -> Vec<&[&'a Route]> {
        let mut found = Vec::new();
        for (length, range) in &self.lengths {
            let Ok(prefix) = IpNet::new(address, *length) else { continue };
            let network = prefix.network();
            let routes = &self.routes[range.clone()];
            let start = routes.partition_point(|route| route.destination.network() < network);
            let count = routes[start..].partition_point(|route| route.destination.network() == network);
            if count > 0 {
                found.push(&routes[start..start + count]);
            }
        }
        found
    }
}

impl<'a> Fib<'a> {
    /// Routes of one table that contain the destination: one slice for each prefix, longest first.
    pub(super) fn containing(&self, table: u32, destination: IpAddr) -> Vec<&[&'a Route]> {
        let table = self.index.tables.get(&(Family::of(destination), table));
        table.map(|table| table.containing(destination)).unwrap_or_default()
    }

    pub(super) fn has_table(&self, family: Family, table: u32) -> bool {
        self.index.tables.contains_key(&(family, table))
    }

    pub(super) fn link(&self, index: u32) -> Option<&'a Link> {
        self.index.links.get(&index).copied().filter(|_| !self.without.contains(&index))
    }

    pub(super) fn link_named(&self, name: &str) -> Option<u32> {
        self.index.named.get(name).copied().filter(|index| !self.without.contains(index))
    }

    pub(super) fn links(&self) -> impl Iterator<Item = &'a Link> {
        self.index.links.values().copied().filter(|link| !self.without.contains(&link.index))
    }

    /// Addresses in the order of the dump, which is the kernel's own for each link.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &'a Address> {
        self.index.addresses.iter().filter(|address| !self.without.contains(&address.link))
    }

    /// Those of one link.
    pub(super) fn addresses_of(&self, link: u32) -> impl Iterator<Item = &'a Address> {
        let there = if self.without.contains(&link) { None } else { self.index.by_link.get(&link) };
        there.into_iter().flatten().copied()
    }

    pub(super) fn has_address(&self, address: IpAddr) -> bool {
        self.index.own.contains(&address)
            && (self.without.is_empty() || self.addresses().any(|own| own.address.addr() == address))
    }

    /// Whether the route is still there without the links that are taken not to exist.
    pub(super) fn exists(&self, route: &Route) -> bool {
        if self.without.is_empty() {
            return true;
        }
        let gone = |hop: &NextHop| hop.link.is_some_and(|link| self.without.contains(&link));
        if !route.next_hops.is_empty() && route.next_hops.iter().all(gone) {
            return false;
        }
        // An IPv4 route goes with the address that it prefers as its source (fib_sync_down_addr).
        !(route.destination.addr().is_ipv4()
            && route.kind != RouteKind::Local
            && route.source.is_some_and(|source| {
                self.index.addresses.iter().any(|a| a.address.addr() == source) && !self.has_address(source)
            }))
    }

    /// The hops of a route, those of its nexthop object where it uses one.
    pub(super) fn hops(&self, route: &Route) -> Result<Hops, Text> {
        let mut hops = match (route.next_hop_object, &self.index.objects) {
            // The kernel fills the hops in unless net.ipv4.nexthop_compat_mode is 0.
            (Some(id), objects) if route.next_hops.is_empty() && route.kind == RouteKind::Unicast => {
                let object = objects.as_ref().and_then(|objects| objects.get(&id).zip(Some(objects)));
                let Some((object, objects)) = object else {
                    return Err(text!("the nexthop object {id} was not seen", "没有采集到 {id} 号下一跳对象"));
                };
                object_hops(object, objects)?
            }
            _ => Hops { hops: route.next_hops.clone(), blackhole: false },
        };
        hops.hops.retain(|hop| hop.link.is_none_or(|link| !self.without.contains(&link)));
        Ok(hops)
    }

    /// A per-link sysctl (`net.ipv4.conf.LINK.KEY`): none where sysctls were not seen; a key that is not there is off.
    pub(super) fn link_sysctl(&self, family: &str, link: &str, key: &str) -> Option<i64> {
        let sysctls = self.index.sysctls?;
        let value = link_sysctl(sysctls, family, link, key);
        Some(value.and_then(|value| value.parse().ok()).unwrap_or(0))
    }

    /// Whether a hop counts: not dead, and not without carrier where the link's sysctl says to ignore such routes.
    pub(super) fn is_alive(&self, hop: &NextHop, family: &str) -> Result<bool, Text> {
        if hop.dead {
            return Ok(false);
        }
        if !hop.linkdown {
            return Ok(true);
        }
        let Some(link) = hop.link.and_then(|index| self.link(index)) else { return Ok(true) };
        match self.link_sysctl(family, &link.name, "ignore_routes_with_linkdown") {
            Some(value) => Ok(value == 0),
            None => {
                let name = &link.name;
                Err(text!(
                    "{name} has no carrier, and whether its routes count then (ignore_routes_with_linkdown) was not seen",
                    "{name} 没有链路信号，而此时其路由是否有效（ignore_routes_with_linkdown）没有采集到"
                ))
            }
        }
    }
}

/// The hops of a route or of its nexthop object.
pub(super) struct Hops {
    pub hops: Vec<NextHop>,
    /// The object is a blackhole.
    pub blackhole: bool,
}

fn object_hops(object: &NextHopObject, objects: &BTreeMap<u32, &NextHopObject>) -> Result<Hops, Text> {
    if object.group.is_empty() {
        return Ok(Hops { hops: object.hop.iter().cloned().collect(), blackhole: object.blackhole });
    }
    let mut hops = Vec::new();
    for (id, weight) in &object.group {
        let Some(member) = objects.get(id) else {
            let group = object.id;
            return Err(text!(
                "member {id} of the nexthop group {group} is not in the list of nexthop objects",
                "下一跳对象列表中没有下一跳组 {group} 的成员 {id}"
            ));
        };
        hops.extend(member.hop.iter().map(|hop| NextHop { weight: *weight, ..hop.clone() }));
    }
    // A group holds a blackhole only alone (nh_check_attr_group), so no hop means a blackhole.
    Ok(Hops { blackhole: hops.is_empty(), hops })
}
