use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Place, Route, RouteKind};
use crate::text::Text;

/// A route that a file makes at boot, or when its link comes up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedRoute {
    /// Where it is said; the first line, where it takes several.
    pub place: Place,
    pub keeper: Keeper,
    /// What the file says, one logical line.
    pub says: String,
    /// Host bits masked.
    pub destination: IpNet,
    #[serde(default)]
    pub gateway: Option<IpAddr>,
    /// The kernel's name of the link, where the file or its match tells it.
    #[serde(default)]
    pub link: Option<String>,
    /// None: main.
    #[serde(default)]
    pub table: Option<u32>,
    /// None: the keeper's own default.
    #[serde(default)]
    pub metric: Option<u32>,
    pub kind: RouteKind,
    /// The keeper acts on it at boot: not shadowed by another file, not in a stanza that nothing brings up.
    pub active: bool,
    pub editable: Editable,
}

/// Who makes the route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keeper {
    /// /etc/network/interfaces and what it sources (interfaces(5)).
    Ifupdown,
    Netplan,
    Networkd,
    NetworkManager,
    /// /etc/sysconfig/network-scripts: route-DEV in either format.
    NetworkScripts,
    /// rc.local, hooks, units, crontabs.
    Script,
    /// A lease: option 121, 33 or 249.
    Dhcp,
}

/// Whether dnetctl may take the route out of where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Editable {
    Yes,
    /// A person has to: why, and what would bring it back.
    ByHand(Text),
    /// The file is written by a program and would come back: by which, and the setting that stops it.
    Generated(Text),
}

/// Where a link's own configuration stands: a new route of the link goes there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinkKeeper {
    /// The kernel's name of the link.
    pub link: String,
    pub keeper: Keeper,
    /// The file, and in it where the link's part begins.
    pub place: Place,
    pub editable: Editable,
}

impl LinkKeeper {
    /// A route by a gateway of this link, to be written where the link is configured.
    pub fn route(&self, destination: IpNet, gateway: IpAddr) -> SavedRoute {
        SavedRoute {
            place: self.place.clone(),
            keeper: self.keeper,
            says: String::new(),
            destination,
            gateway: Some(gateway),
            link: Some(self.link.clone()),
            table: None,
            metric: None,
            kind: RouteKind::Unicast,
            active: true,
            editable: Editable::Yes,
        }
    }
}

/// The saved routes that make this kernel route, the surest first. `link`: the name of its next hop's link, where it has one.
///
/// A gateway or a metric that a file leaves to its keeper fits any; a file that names another link still counts where destination and
/// gateway are the same, because the kernel chooses the link by the gateway.
pub fn origins<'a>(route: &Route, link: Option<&str>, saved: &'a [SavedRoute]) -> Vec<&'a SavedRoute> {
    let mut found: Vec<(u8, &SavedRoute)> = saved
        .iter()
        .filter(|saved| is_of(saved, route) && fits_metric(saved, route))
        .filter_map(|saved| Some((doubt(saved, route, link)?, saved)))
        .collect();
    found.sort_by_key(|(doubt, _)| *doubt);
    found.into_iter().map(|(_, saved)| saved).collect()
}

/// The saved routes that would take its place at the next boot, once its origins make it no more: the same destination another way, whose
/// turn never came because the kernel has one route of a destination and metric.
pub fn successors<'a>(route: &Route, link: Option<&str>, saved: &'a [SavedRoute]) -> Vec<&'a SavedRoute> {
    let origins = origins(route, link, saved);
    let own = |other: &SavedRoute| origins.iter().any(|origin| std::ptr::eq(*origin, other));
    let next =
        |saved: &&SavedRoute| saved.active && saved.kind == RouteKind::Unicast && is_of(saved, route) && !own(saved);
    saved.iter().filter(next).collect()
}

fn is_of(saved: &SavedRoute, route: &Route) -> bool {
    const MAIN: u32 = 254;
    saved.destination == route.destination && saved.kind == route.kind && saved.table.unwrap_or(MAIN) == route.table
}

/// A metric that the file does not tell: the kernel's own, but NetworkManager, DHCP clients and netplan's renderers choose one.
fn fits_metric(saved: &SavedRoute, route: &Route) -> bool {
    let kernels = if route.destination.addr().is_ipv4() { 0 } else { 1024 };
    match saved.metric {
        // IPv6 has no metric 0: it stands for the kernel's own.
        Some(0) => route.metric == kernels,
        Some(metric) => metric == route.metric,
        None => route.metric == kernels || !matches!(saved.keeper, Keeper::Ifupdown | Keeper::NetworkScripts),
    }
}

/// 0: gateway and link are the same; 1: the gateway is; 2: only the destination. None: it is another route.
fn doubt(saved: &SavedRoute, route: &Route, link: Option<&str>) -> Option<u8> {
    let same_link = saved.link.is_none() || link.is_none() || saved.link.as_deref() == link;
    if route.next_hops.is_empty() {
        return saved.gateway.is_none().then_some(0);
    }
    match saved.gateway {
        Some(gateway) if route.next_hops.iter().any(|hop| hop.via == Some(gateway)) => {
            Some(if same_link { 0 } else { 1 })
        }
        Some(_) => None,
        None if route.next_hops.iter().any(|hop| hop.via.is_none()) => same_link.then_some(0),
        // A gateway from a variable or a lease.
        None => (same_link && saved.editable != Editable::Yes).then_some(2),
    }
}

#[cfg(test)]
mod tests;
