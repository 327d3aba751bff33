mod coming;

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::here::Here;
use super::in_use::{Use, in_use, samples};
use super::iproute::{self, shows_address, shows_route};
use super::peers::subnets;
use super::predicted::{future, has_or_will_have_bridges};
use super::renumber::remedy;
use super::set_apart::{self, on_link};
use super::{About, Check, Group, Scene, chosen, docs};
use crate::engine::Bridge;
use crate::finding::{Finding, Findings, Severity};
use crate::host::{Address, Container, Missing, Route, RouteKind};
use crate::path::fib::{Fib, Lookup, Query, Verdict};
use crate::subnet::overlaps;
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "network-hides-route",
    group: Group::Networks,
    about: About {
        en: "a Docker network takes, or would take, addresses that a route of this host leads to, or a route takes a container's",
        zh: "Docker 网络遮住（或将遮住）本机路由可达的地址，或路由抢走了容器的地址",
    },
    docs: docs!("network-hides-route"),
    applies: has_or_will_have_bridges,
    hidden_by: &["network-overlaps-lan", "nameserver-in-docker-subnet"],
    run,
};

/// What a destination inside a Docker subnet meets.
enum Meets<'a> {
    /// Its bridge, as it should be.
    Bridge,
    /// Its bridge, and without the bridge this route.
    Hidden(&'a Route),
    /// This route, and not the bridge.
    Away(&'a Route),
    Unknown(Text),
}

/// The tables with and without a bridge, and the bridge.
struct Ask<'a> {
    here: &'a Here<'a>,
    with: &'a Fib<'a>,
    without: Fib<'a>,
    bridge: u32,
}

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let here = Here::new(scene, findings)?;
    let routes = findings.need("routes", &scene.host.routes)?;
    let fib = scene.fib()?;
    // What another host's bridges are is not known: an address in use may be missed.
    subnets(scene).1.into_iter().for_each(|missing| findings.lacks(missing));
    let mut told = Vec::new();
    for bridge in &here.bridges {
        // One that is down has no routes: it hides none, and that its containers are not reached is not another route's doing.
        let up = bridge.link.is_some_and(|link| link.up);
        let Some(index) = bridge.index().filter(|_| up && !here.is_lan(bridge)) else { continue };
        let ask = Ask { here: &here, with: fib, without: fib.without_link(index), bridge: index };
        for subnet in &bridge.connected {
            told.extend(judge(scene, &ask, bridge, *subnet, &shared(routes, &here, *subnet), findings));
        }
    }
    coming::judge(scene, &here, &future(scene, &here), routes, told, findings);
    Ok(())
}

/// The parts of a subnet that routes of the host's own links share with it, each once.
fn shared(routes: &[Route], here: &Here, subnet: IpNet) -> Vec<IpNet> {
    let own = |route: &Route| {
        let mut links = route.next_hops.iter().filter_map(|hop| here.link(hop.link?));
        links.any(|link| here.is_real(link)) || route.next_hops.is_empty()
    };
    let mut shared: Vec<IpNet> = routes
        .iter()
        .filter(|route| !is_default(route) && overlaps(route.destination, subnet) && own(route))
        .map(|route| if subnet.contains(&route.destination) { route.destination } else { subnet })
        .collect();
    shared.sort();
    shared.dedup();
    shared
}

/// A route that a finding is about.
struct Told {
    route: IpNet,
    severity: Severity,
}

/// What addresses inside a subnet meet.
struct Found<'a> {
    /// Most specific first.
    hidden: Vec<&'a Route>,
    away: Vec<&'a Route>,
    /// Addresses in use that are hidden, with the route to each.
    uses: Vec<(Use, &'a Route)>,
}

/// Looks up addresses of a subnet in the parts that routes share with it; `owned` are those that somebody behind the bridge has.
fn found<'a>(
    scene: &Scene,
    ask: &Ask<'a>,
    bridge: &Bridge,
    subnet: IpNet,
    shared: &[IpNet],
    owned: Option<&BTreeSet<IpAddr>>,
    findings: &mut Findings,
) -> Found<'a> {
    let here = ask.here;
    let nobodys = |address: &IpAddr| owned.is_none_or(|owned| !owned.contains(address));
    let (mut hidden, mut away): (Vec<&Route>, Vec<&Route>) = (Vec::new(), Vec::new());
    for address in shared.iter().flat_map(|part| samples(*part)).filter(nobodys) {
        match ask.about(address) {
            Meets::Hidden(route) if is_set_apart(here, bridge, subnet, route) => {}
            Meets::Hidden(route) if !hidden.contains(&route) => hidden.push(route),
            // A blackhole inside the subnet is somebody's purpose, unless a container lives there.
            Meets::Away(route) if route.kind == RouteKind::Unicast && !away.contains(&route) => away.push(route),
            Meets::Unknown(why) => findings.lacks(Missing { fact: "routes", why }),
            _ => {}
        }
    }
    let uses: Vec<(Use, &Route)> = in_use(scene, here, bridge, subnet, owned)
        .into_iter()
        .filter_map(|used| match ask.about(used.address) {
            Meets::Hidden(route) if !is_set_apart(here, bridge, subnet, route) => Some((used, route)),
            _ => None,
        })
        .collect();
    if let Some((_, route)) = uses.first()
        && !hidden.contains(route)
    {
        hidden.insert(0, route);
    }
    hidden.sort_by_key(|route| std::cmp::Reverse(route.destination.prefix_len()));
    away.sort_by_key(|route| std::cmp::Reverse(route.destination.prefix_len()));
    Found { hidden, away, uses }
}

fn judge(
    scene: &Scene,
    ask: &Ask,
    bridge: &Bridge,
    subnet: IpNet,
    shared: &[IpNet],
    findings: &mut Findings,
) -> Vec<Told> {
    let here = ask.here;
    let owned = here.owned(bridge);
    let Found { hidden, mut away, uses } = found(scene, ask, bridge, subnet, shared, owned.as_ref().ok(), findings);
    if let (Err(missing), false) = (&owned, hidden.is_empty()) {
        findings.lacks(missing.clone());
    }
    let mut told = Vec::new();
    let mut tell = |finding: Finding, routes: &[&Route], findings: &mut Findings| {
        told.extend(routes.iter().map(|route| Told { route: route.destination, severity: finding.severity }));
        findings.push(finding);
    };
    if !hidden.is_empty() {
        let finding = hides(scene, here, bridge, subnet, &hidden, uses.first().map(|(used, _)| used));
        tell(finding, &hidden, findings);
    }
    let mut lost: Vec<(&Container, IpAddr, &Route)> = Vec::new();
    match here.endpoints(bridge) {
        Ok(endpoints) => {
            for (container, address) in endpoints.into_iter().filter(|(_, address)| subnet.contains(address)) {
                if let Meets::Away(route) = ask.about(address) {
                    lost.push((container, address, route));
                }
            }
        }
        Err(missing) if !away.is_empty() => findings.lacks(missing),
        Err(_) => {}
    }
    away.extend(lost.iter().map(|(.., route)| *route));
    away.sort_by_key(|route| std::cmp::Reverse(route.destination.prefix_len()));
    away.dedup();
    if let Some(route) = away.first() {
        let finding = takes(scene, here, bridge, subnet, lost.first().map_or(route, |(.., route)| route), &lost);
        tell(finding, &away, findings);
    }
    told
}

impl<'a> Ask<'a> {
    fn about(&self, address: IpAddr) -> Meets<'a> {
        let now = self.with.lookup(&Query::to(address));
        match &now.verdict {
            Verdict::Undetermined(why) => return Meets::Unknown(why.clone()),
            Verdict::Unicast if now.link() == Some(self.bridge) => {}
            Verdict::Unicast => return self.away(&now),
            Verdict::Blackhole | Verdict::Unreachable | Verdict::Prohibit => {
                return now.route.filter(|route| !is_default(route)).map_or(Meets::Bridge, Meets::Away);
            }
            _ => return Meets::Bridge,
        }
        let then = self.without.lookup(&Query::to(address));
        if let Verdict::Undetermined(why) = &then.verdict {
            return Meets::Unknown(why.clone());
        }
        match then.route {
            Some(route) if then.is_unicast() && !is_default(route) && self.is_live(&then) => Meets::Hidden(route),
            _ => Meets::Bridge,
        }
    }

    /// A default route before the connected one is a matter of the rules, not of this subnet.
    fn away(&self, now: &Lookup<'a>) -> Meets<'a> {
        match now.route {
            Some(route) if !is_default(route) && self.is_live(now) => Meets::Away(route),
            _ => Meets::Bridge,
        }
    }

    /// Whether a packet can leave that way: by a link of the host's own that is up.
    fn is_live(&self, lookup: &Lookup) -> bool {
        lookup.hops.iter().any(|hop| {
            let link = hop.link.and_then(|index| self.here.link(index));
            !hop.dead && !hop.linkdown && link.is_some_and(|link| link.up && link.carrier && self.here.is_real(link))
        })
    }
}

/// Whether a route is the connected one of an address of which this subnet is a part set apart: network-overlaps-lan tells of it.
fn is_set_apart(here: &Here, bridge: &Bridge, subnet: IpNet, route: &Route) -> bool {
    let connected = |address: &&Address| {
        on_link(address) == route.destination
            && route.next_hops.iter().any(|hop| hop.via.is_none() && hop.link == Some(address.link))
    };
    here.addresses.iter().filter(connected).any(|address| set_apart::is_set_apart(here, bridge, subnet, address))
}

/// A default route, or half of one: it leads everywhere, so it says nothing of any address.
fn is_default(route: &Route) -> bool {
    route.is_default() || route.is_half_default()
}

fn severity(here: &Here, bridge: &Bridge, subnet: IpNet, route: &Route, used: bool) -> Severity {
    if used {
        Severity::Error
    } else if chosen::by_engine(here.host, bridge, subnet, route.destination) {
        Severity::Warning
    } else {
        Severity::Info
    }
}

/// The address that shows the hidden part to be in use, as the end of a sentence.
fn proof(used: Option<&Use>) -> Text {
    match used {
        Some(Use { address, how, .. }) => text!(
            "; one of them is in use: {address}, {en}",
            "；其中 {address} 正在使用（{zh}）",
            en = how.en,
            zh = how.zh
        ),
        None => Text::verbatim(""),
    }
}

fn hides(scene: &Scene, here: &Here, bridge: &Bridge, subnet: IpNet, hidden: &[&Route], used: Option<&Use>) -> Finding {
    let (name, link, route) = (bridge.name, &bridge.link_name, hidden[0]);
    let said = iproute::route(route, here);
    let part = if subnet.contains(&route.destination) { route.destination } else { subnet };
    let Text { en, zh } = proof(used);
    let message = text!(
        "network {name} ({subnet} on {link}) hides {part}, which `{said}` leads to: packets for machines there end at \
         the bridge{en}",
        "网络 {name}（{link} 上的 {subnet}）遮住了路由 `{said}` 可达的 {part}：发往那里的数据包会止步于网桥{zh}"
    );
    let mut finding =
        Finding::new(severity(here, bridge, subnet, route, used.is_some()), format!("network:{name}"), message);
    for route in hidden.iter().take(3) {
        finding = finding.evidence(shows_route(route, here));
    }
    if let Some(evidence) = used.and_then(|used| used.evidence.clone()) {
        finding = finding.evidence(evidence);
    }
    rest(finding, scene, here, bridge, subnet)
}

fn takes(
    scene: &Scene,
    here: &Here,
    bridge: &Bridge,
    subnet: IpNet,
    route: &Route,
    lost: &[(&Container, IpAddr, &Route)],
) -> Finding {
    let (name, link, said) = (bridge.name, &bridge.link_name, iproute::route(route, here));
    let message = match lost.first() {
        Some((container, address, _)) => text!(
            "`{said}` takes packets for container {container} ({address} on network {name}) away from {link}: this host does \
             not reach it, and its published ports do not answer",
            "路由 `{said}` 把发往容器 {container}（网络 {name} 上的 {address}）的数据包带离了 {link}：本机访问不到它，它发布的端口也没有响应",
            container = container.name
        ),
        None if route.destination.contains(&subnet) => text!(
            "`{said}` takes the whole of network {name} ({subnet} on {link}) away from its bridge: a container on it will not \
             be reached",
            "路由 `{said}` 把整个网络 {name}（{link} 上的 {subnet}）带离了网桥：该网络上的容器会无法访问"
        ),
        None => text!(
            "`{said}` takes a part of network {name} ({subnet} on {link}) away from its bridge: a container that gets an \
             address there will not be reached",
            "路由 `{said}` 把网络 {name}（{link} 上的 {subnet}）的一部分带离了网桥：将来分到其中地址的容器会无法访问"
        ),
    };
    let severity = severity(here, bridge, subnet, route, !lost.is_empty());
    let finding = Finding::new(severity, format!("network:{name}"), message).evidence(shows_route(route, here));
    rest(finding, scene, here, bridge, subnet)
}

fn rest(mut finding: Finding, scene: &Scene, here: &Here, bridge: &Bridge, subnet: IpNet) -> Finding {
    if let Some(own) = bridge.index().and_then(|index| here.own(index, subnet)) {
        finding = finding.evidence(shows_address(own, here));
    }
    finding
        .remedy(remedy(scene, here, bridge, subnet))
        .touches(format!("network:{}", bridge.name))
        .touches(format!("link:{}", bridge.link_name))
}
