//! Which prefixes of the host keep an engine from choosing a subnet, by version.
//!
//! Only subnets that the engine chooses itself are held against these; one that was given (`--subnet`, `bip`, an address that docker0 has) never is,
//! in any version, nor is one of a global scope (v26.1.5 libnetwork/network.go `requestPoolHelper`, v28.5.2 libnetwork/network.go `ipamAllocateVersion`).

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::Version;
use crate::host::{Missing, ResolvConf, Resolvers, Route, RouteRanges, Scope, Snapshot};

/// A prefix that the engine goes round, and what of the host it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Reserved {
    pub prefix: IpNet,
    pub by: ReservedBy,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ReservedBy {
    /// A route of the main table: its place in `Snapshot::routes`.
    Route(usize),
    /// A route of the main table over this link; routes were too many to be known one by one (`Snapshot::route_ranges`).
    RouteOver(Option<u32>),
    /// A nameserver of this resolv.conf.
    Nameserver { file: String, line: u32 },
}

impl Reserved {
    /// Whether it is a route that leads over this link.
    pub fn is_over(&self, host: &Snapshot, link: u32) -> bool {
        match self.by {
            ReservedBy::Route(place) => {
                let route = host.routes.ok().and_then(|routes| routes.get(place));
                route.is_some_and(|route| route.next_hops.iter().any(|hop| hop.link == Some(link)))
            }
            ReservedBy::RouteOver(over) => over == Some(link),
            ReservedBy::Nameserver { .. } => false,
        }
    }
}

/// The prefixes that `version` reserves on this host (IPv4 and IPv6), in no order. The routes of Docker's own bridges are among them, as they are
/// for the engine.
///
/// # Errors
/// [`Missing`] when routes or resolvers are not known.
pub fn reserved(host: &Snapshot, version: Version) -> Result<Vec<Reserved>, Missing> {
    let resolvers = host.resolvers.get("resolvers")?;
    let rule = Rule::of(host, version);
    let by_routes = match host.route_ranges.ok() {
        Some(ranges) => by_ranges(ranges, rule),
        None => by_routes(host.routes.get("routes")?, rule),
    };
    let nameservers = read_by(resolvers, version).into_iter().flat_map(|file| {
        file.nameservers.iter().map(|(address, line)| Reserved {
            prefix: IpNet::from(*address),
            by: ReservedBy::Nameserver { file: file.path.clone(), line: *line },
        })
    });
    Ok(by_routes.into_iter().chain(nameservers).collect())
}

/// Which routes keep an engine off their destinations: IPv4, of the main table, and not cloned (the IPv4 table of a kernel since 3.6 holds none). Neither
/// type, protocol, metric nor state of the link are looked at.
#[derive(Clone, Copy)]
struct Rule {
    /// From 20.10.15 routes of scope `link` alone; before, every one but the default one, which has no destination on the wire (v20.10.14 and v20.10.15
    /// vendor/github.com/docker/libnetwork/netutils/utils_linux.go `CheckRouteOverlaps`; v26.1.5 libnetwork/netutils/utils_linux.go).
    on_link_alone: bool,
    /// From 27.5 no destination that begins at 0.0.0.0: of `0.0.0.0/1` and `128.0.0.0/1` the second one counts (v27.5.1
    /// libnetwork/netutils/utils_linux.go `queryOnLinkRoutes`). Debian's 26.1.5 does so too: seen in the lab.
    zero_is_none: bool,
}

impl Rule {
    fn of(host: &Snapshot, version: Version) -> Self {
        let debians = version.at_least(26, 0, 0) && super::is_debians(host);
        Rule { on_link_alone: version.at_least(20, 10, 15), zero_is_none: version.at_least(27, 5, 0) || debians }
    }

    fn table(self, table: u32, scope: Scope) -> bool {
        table == MAIN && (scope == Scope::Link || !self.on_link_alone)
    }

    fn destination(self, destination: IpNet) -> bool {
        destination.addr().is_ipv4()
            && destination.prefix_len() != 0
            && !(self.zero_is_none && destination.network().is_unspecified())
    }
}

fn by_routes(routes: &[Route], rule: Rule) -> Vec<Reserved> {
    let keeps_off = |route: &Route| rule.table(route.table, route.scope) && rule.destination(route.destination);
    let reserving = routes.iter().enumerate().filter(|(_, route)| keeps_off(route));
    reserving.map(|(place, route)| Reserved { prefix: route.destination, by: ReservedBy::Route(place) }).collect()
}

/// The same of routes that were added up: their destinations are still exact, which the nested prefixes of 27 and later ask for.
fn by_ranges(ranges: &RouteRanges, rule: Rule) -> Vec<Reserved> {
    let groups = ranges.groups.iter().filter(|group| rule.table(group.owner.table, group.owner.scope));
    groups
        .flat_map(|group| {
            let reserving = group.prefixes().filter(move |prefix| rule.destination(*prefix));
            reserving.map(|prefix| Reserved { prefix, by: ReservedBy::RouteOver(group.owner.link) })
        })
        .collect()
}

const MAIN: u32 = 254;

/// What systemd-resolved writes into /etc/resolv.conf as the only nameserver.
const STUB: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 53));

/// The file that `version` reads: /etc/resolv.conf; from 19.03 that of systemd-resolved if the former has 127.0.0.53 and nothing else (v18.09.9 and
/// v19.03.15 vendor/github.com/docker/libnetwork/resolvconf/resolvconf.go `Get`, `Path`; v28.5.2
/// libnetwork/internal/resolvconf/resolvconf_path.go). It decides once in its life; a file that is not there has no nameserver.
fn read_by(resolvers: &Resolvers, version: Version) -> Option<&ResolvConf> {
    let file = resolvers.host.as_ref()?;
    let stub_alone = matches!(file.nameservers.as_slice(), [(only, _)] if *only == STUB);
    if stub_alone && version.at_least(19, 3, 0) { resolvers.systemd_resolved.as_ref() } else { Some(file) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Fact, Package, RouteKind};

    fn route(destination: &str, scope: Scope) -> Route {
        Route { scope, ..Route::to(destination.parse().unwrap()) }
    }

    fn conf(path: &str, nameservers: &[&str]) -> ResolvConf {
        let nameservers = nameservers.iter().zip(1..).map(|(address, line)| (address.parse().unwrap(), line));
        ResolvConf { path: path.to_owned(), nameservers: nameservers.collect() }
    }

    fn host(routes: Vec<Route>, resolvers: Resolvers) -> Snapshot {
        Snapshot { routes: Fact::known(routes), resolvers: Fact::known(resolvers), ..Snapshot::empty("h") }
    }

    fn prefixes(host: &Snapshot, version: &str) -> Vec<String> {
        let version = Version::parse(version).unwrap();
        reserved(host, version).unwrap().iter().map(|reserved| reserved.prefix.to_string()).collect()
    }

    #[test]
    fn routes_with_a_gateway_counted_until_20_10_14() {
        let routes = vec![
            route("0.0.0.0/0", Scope::Global),
            route("10.0.0.0/8", Scope::Global),
            route("192.168.1.0/24", Scope::Link),
            Route { kind: RouteKind::Blackhole, ..route("172.16.0.0/12", Scope::Global) },
            Route { table: 100, ..route("172.20.0.0/16", Scope::Link) },
            route("fd00::/64", Scope::Link),
        ];
        let host = host(routes, Resolvers::default());
        for old in ["1.9.1", "18.09.9", "20.10.14"] {
            assert_eq!(prefixes(&host, old), ["10.0.0.0/8", "192.168.1.0/24", "172.16.0.0/12"], "{old}");
        }
        for new in ["20.10.15", "20.10.24", "26.1.5", "28.5.2", "29.7.2"] {
            assert_eq!(prefixes(&host, new), ["192.168.1.0/24"], "{new}");
        }
    }

    #[test]
    fn halves_of_the_default_route() {
        let by_link = ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1"].map(|half| route(half, Scope::Link));
        let on_link = host(by_link.to_vec(), Resolvers::default());
        assert_eq!(prefixes(&on_link, "26.1.5"), ["0.0.0.0/1", "128.0.0.0/1"]);
        assert_eq!(prefixes(&on_link, "27.4.1"), ["0.0.0.0/1", "128.0.0.0/1"]);
        assert_eq!(prefixes(&on_link, "27.5.0"), ["128.0.0.0/1"]);
        let by_gateway = ["0.0.0.0/1", "128.0.0.0/1"].map(|half| route(half, Scope::Global));
        assert!(prefixes(&host(by_gateway.to_vec(), Resolvers::default()), "26.1.5").is_empty());
    }

    #[test]
    fn debians_26_leaves_out_what_begins_at_zero() {
        let halves = ["0.0.0.0/1", "128.0.0.0/1"].map(|half| route(half, Scope::Link));
        let mut host = host(halves.to_vec(), Resolvers::default());
        let package = |version: &str| {
            let version = version.to_owned();
            Fact::known(Some(Package { name: "docker.io".to_owned(), version, manager: "dpkg".to_owned() }))
        };
        host.engine.package = package("26.1.5+dfsg1-9+b9");
        assert_eq!(prefixes(&host, "26.1.5"), ["128.0.0.0/1"]);
        host.engine.package = package("5:26.1.5-1~debian.12~bookworm");
        assert_eq!(prefixes(&host, "26.1.5").len(), 2);
        host.engine.package = package("20.10.24+dfsg1-1");
        assert_eq!(prefixes(&host, "20.10.24").len(), 2);
    }

    #[test]
    fn the_stub_of_systemd_resolved() {
        let upstream = Some(conf("/run/systemd/resolve/resolv.conf", &["10.0.0.2", "fd00::2"]));
        let alone =
            Resolvers { host: Some(conf("/etc/resolv.conf", &["127.0.0.53"])), systemd_resolved: upstream.clone() };
        let alone = host(Vec::new(), alone);
        assert_eq!(prefixes(&alone, "18.09.9"), ["127.0.0.53/32"]);
        assert_eq!(prefixes(&alone, "19.03.0"), ["10.0.0.2/32", "fd00::2/128"]);
        let not_alone = conf("/etc/resolv.conf", &["127.0.0.53", "10.0.0.3"]);
        let not_alone = Resolvers { host: Some(not_alone), systemd_resolved: upstream };
        assert_eq!(prefixes(&host(Vec::new(), not_alone), "28.5.2"), ["127.0.0.53/32", "10.0.0.3/32"]);
        assert!(prefixes(&host(Vec::new(), Resolvers::default()), "28.5.2").is_empty());
    }

    #[test]
    fn routes_that_were_added_up_reserve_the_same() {
        let routes = vec![
            route("0.0.0.0/0", Scope::Link),
            route("0.0.0.0/1", Scope::Link),
            route("10.0.0.0/20", Scope::Link),
            route("10.0.0.0/24", Scope::Link),
            route("10.0.1.0/24", Scope::Link),
            route("10.0.3.0/24", Scope::Global),
            route("fd00::/64", Scope::Link),
            Route { table: 100, ..route("10.0.2.0/24", Scope::Link) },
        ];
        let ranges = Fact::known(RouteRanges::of(&routes));
        let whole = host(routes, Resolvers::default());
        let added_up = Snapshot { route_ranges: ranges, routes: Fact::NotCollected, ..whole.clone() };
        for version in ["20.10.14", "26.1.5", "28.5.2"] {
            assert_eq!(sorted(prefixes(&added_up, version)), sorted(prefixes(&whole, version)), "{version}");
        }
    }

    fn sorted(mut prefixes: Vec<String>) -> Vec<String> {
        prefixes.sort();
        prefixes
    }

    #[test]
    fn what_was_not_seen_is_no_empty_list() {
        assert!(reserved(&Snapshot::empty("h"), Version::new(28, 5, 2)).is_err());
    }
}
