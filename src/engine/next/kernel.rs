//! Links, addresses and routes as the kernel keeps them in step.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

use crate::host::{Address, Fact, Link, Missing, NextHop, Route, RouteKind, Scope, Snapshot};

/// The parts of a host that the kernel keeps in step.
pub struct Kernel<'a> {
    links: &'a mut Vec<Link>,
    addresses: &'a mut Vec<Address>,
    routes: &'a mut Vec<Route>,
}

impl<'a> Kernel<'a> {
    /// # Errors
    /// [`Missing`] when links, addresses or routes were not seen.
    pub fn of(host: &'a mut Snapshot) -> Result<Self, Missing> {
        host.links.get("links")?;
        host.addresses.get("addresses")?;
        host.routes.get("routes")?;
        match (&mut host.links, &mut host.addresses, &mut host.routes) {
            (
                Fact::Known { value: links, .. },
                Fact::Known { value: addresses, .. },
                Fact::Known { value: routes, .. },
            ) => Ok(Kernel { links, addresses, routes }),
            _ => Err(Missing::not_collected("links")),
        }
    }

    pub fn index(&self, name: &str) -> Option<u32> {
        self.links.iter().find(|link| link.name == name).map(|link| link.index)
    }

    pub fn v4_of(&self, name: &str) -> Vec<Ipv4Net> {
        let own = self.addresses_of(name).into_iter();
        own.filter_map(|address| if let IpNet::V4(own) = address { Some(own) } else { None }).collect()
    }

    pub fn addresses_of(&self, name: &str) -> Vec<IpNet> {
        let index = self.index(name);
        self.addresses.iter().filter(|own| Some(own.link) == index).map(|own| own.address).collect()
    }

    /// A bridge that is up and has no port has no carrier. One that is there is switched on.
    pub fn add_bridge(&mut self, name: &str) {
        if self.index(name).is_some() {
            return self.switch_on(name);
        }
        let index = self.links.iter().map(|link| link.index).max().map_or(1, |last| last + 1);
        self.links.push(Link {
            index,
            name: name.to_owned(),
            kind: Some("bridge".to_owned()),
            mtu: 1500,
            up: true,
            operstate: "DOWN".to_owned(),
            ..Link::default()
        });
    }

    /// Enslaves these links; a bridge with a port that has carrier has it too.
    pub fn enslave(&mut self, ports: &[u32], bridge: &str) {
        let Some(master) = self.index(bridge) else { return };
        let mut carrier = false;
        for port in self.links.iter_mut().filter(|link| ports.contains(&link.index)) {
            port.master = Some(master);
            carrier |= port.carrier;
        }
        if !carrier {
            return;
        }
        if let Some(link) = self.links.iter_mut().find(|link| link.index == master) {
            link.carrier = true;
            "UP".clone_into(&mut link.operstate);
        }
        let hops = self.routes.iter_mut().flat_map(|route| &mut route.next_hops);
        hops.filter(|hop| hop.link == Some(master)).for_each(|hop| hop.linkdown = false);
    }

    /// The ports of a bridge.
    pub fn ports_of(&self, bridge: &str) -> Vec<u32> {
        let index = self.index(bridge);
        self.links.iter().filter(|link| link.master.is_some() && link.master == index).map(|link| link.index).collect()
    }

    /// Its addresses have their routes again, and a bridge the carrier of its ports (net/ipv4/fib_frontend.c `fib_netdev_event`).
    pub fn switch_on(&mut self, name: &str) {
        let ports = self.ports_of(name);
        let Some(link) = self.links.iter_mut().find(|link| link.name == name && !link.up) else { return };
        let index = link.index;
        link.up = true;
        self.enslave(&ports, name);
        let carrier = self.links.iter().any(|link| link.index == index && link.carrier);
        self.routes.retain(|route| !is_over(route, index));
        let own = self.addresses.iter().filter(|own| own.link == index);
        self.routes.extend(own.flat_map(|own| routes_of(own.address, index, carrier)));
    }

    /// What goes over it is gone, but for what this host calls its own; so are its IPv6 addresses (net/ipv6/addrconf.c `addrconf_ifdown`).
    pub fn switch_off(&mut self, name: &str) {
        let Some(link) = self.links.iter_mut().find(|link| link.name == name && link.up) else { return };
        let index = link.index;
        (link.up, link.carrier) = (false, false);
        "DOWN".clone_into(&mut link.operstate);
        self.addresses.retain(|own| !(own.link == index && own.address.addr().is_ipv6()));
        self.routes.retain(|route| !is_over(route, index) || is_kept(route));
    }

    pub fn delete(&mut self, name: &str) {
        let Some(index) = self.index(name) else { return };
        self.links.retain(|link| link.index != index);
        for port in self.links.iter_mut().filter(|link| link.master == Some(index)) {
            port.master = None;
        }
        self.addresses.retain(|address| address.link != index);
        self.routes.retain(|route| !is_over(route, index));
    }

    /// An address with the routes that come with it.
    pub fn add(&mut self, name: &str, own: IpNet) {
        let Some(link) = self.links.iter().find(|link| link.name == name) else { return };
        let (index, carrier, up) = (link.index, link.carrier, link.up);
        if self.addresses.iter().any(|address| address.link == index && address.address == own) {
            return;
        }
        self.addresses.push(Address::on(index, own));
        let routes = routes_of(own, index, carrier).into_iter();
        self.routes.extend(routes.filter(|route| up || is_kept(route)));
    }

    /// `fib_del_ifaddr`; with the last IPv4 address of a link go all its IPv4 routes.
    pub fn remove(&mut self, name: &str, own: IpNet) {
        let Some(index) = self.index(name) else { return };
        self.addresses.retain(|address| !(address.link == index && address.address == own));
        let rest: Vec<IpNet> = self.addresses_of(name).into_iter().filter(|one| same_family(*one, own)).collect();
        let shared = |destination: IpNet| rest.iter().any(|one| one.trunc() == destination);
        let ours: Vec<IpNet> = routes_of(own, index, true).into_iter().map(|route| route.destination).collect();
        let last = rest.is_empty() && own.addr().is_ipv4();
        self.routes.retain(|route| {
            let goes = last || (ours.contains(&route.destination) && !shared(route.destination));
            !(is_over(route, index) && same_family(route.destination, own) && goes)
        });
    }

    pub fn add_route(&mut self, route: Route) {
        if !self.routes.iter().any(|there| same(there, &route)) {
            self.routes.push(route);
        }
    }

    pub fn remove_route(&mut self, route: &Route) {
        self.routes.retain(|there| !same(there, route));
    }
}

fn same_family(a: IpNet, b: IpNet) -> bool {
    a.addr().is_ipv4() == b.addr().is_ipv4()
}

fn is_over(route: &Route, link: u32) -> bool {
    route.next_hops.iter().any(|hop| hop.link == Some(link))
}

/// What a link that is down has of routes.
fn is_kept(route: &Route) -> bool {
    route.kind == RouteKind::Local && route.destination.addr().is_ipv4()
}

/// Whether two routes are one, whatever the state of their links.
fn same(a: &Route, b: &Route) -> bool {
    let hops = |route: &Route| -> Vec<(Option<IpAddr>, Option<u32>)> {
        route.next_hops.iter().map(|hop| (hop.via, hop.link)).collect()
    };
    a.destination == b.destination
        && a.table == b.table
        && a.kind == b.kind
        && a.metric == b.metric
        && a.tos == b.tos
        && a.from == b.from
        && a.next_hop_object == b.next_hop_object
        && hops(a) == hops(b)
}

fn route(destination: IpNet, table: u32, kind: RouteKind, scope: Scope, hop: &NextHop) -> Route {
    Route {
        destination,
        table,
        kind,
        scope,
        protocol: 2,
        metric: 0,
        tos: 0,
        from: None,
        source: None,
        next_hops: vec![hop.clone()],
        next_hop_object: None,
        mtu: None,
        preference: 0,
    }
}

/// The routes that the kernel makes of an address.
fn routes_of(own: IpNet, link: u32, carrier: bool) -> Vec<Route> {
    let hop = NextHop { link: Some(link), weight: 1, linkdown: !carrier, ..NextHop::default() };
    match own {
        IpNet::V4(own) => v4_routes(own, &hop),
        IpNet::V6(_) => v6_routes(own, &hop),
    }
}

/// `inet_insert_ifa`, `fib_add_ifaddr`: the connected route, and two entries of the local table.
fn v4_routes(own: Ipv4Net, hop: &NextHop) -> Vec<Route> {
    let host = |address: Ipv4Addr| IpNet::V4(Ipv4Net::from(address));
    let mut routes = Vec::new();
    if own.prefix_len() < 32 {
        routes.push(route(IpNet::V4(own.trunc()), 254, RouteKind::Unicast, Scope::Link, hop));
    }
    routes.push(route(host(own.addr()), 255, RouteKind::Local, Scope::Host, hop));
    if own.prefix_len() < 31 {
        routes.push(route(host(own.broadcast()), 255, RouteKind::Broadcast, Scope::Link, hop));
    }
    for route in &mut routes {
        route.source = Some(IpAddr::V4(own.addr()));
    }
    routes
}

/// `addrconf_prefix_route` (IP6_RT_PRIO_ADDRCONF is 256), `addrconf_f6i_alloc`.
fn v6_routes(own: IpNet, hop: &NextHop) -> Vec<Route> {
    let connected = route(own.trunc(), 254, RouteKind::Unicast, Scope::Global, hop);
    let local = route(IpNet::from(own.addr()), 255, RouteKind::Local, Scope::Global, hop);
    vec![Route { metric: 256, ..connected }, local]
}
