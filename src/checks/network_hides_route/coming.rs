//! Subnets that the engine takes next, looked up as if they were there.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::{Ask, Found, Told, found, is_default, severity, shared};
use crate::checks::Scene;
use crate::checks::here::Here;
use crate::checks::iproute::{self, shows_route};
use crate::checks::predicted::{Coming, Future};
use crate::finding::{Finding, Findings};
use crate::host::{Fact, NextHop, Route, RouteKind, Scope, Snapshot};
use crate::path::fib::Fib;
use crate::text::{Text, text};

/// Adds what the next subnets would hide or lose, unless a network that is there hides or loses the same already.
pub fn judge(
    scene: &Scene,
    here: &Here,
    future: &Future,
    routes: &[Route],
    mut told: Vec<Told>,
    findings: &mut Findings,
) {
    // Routes that no bridge of today is on count for those of tomorrow; the tables are the kernel's own but for the one link more.
    let mut lacking = Findings::default();
    future.judge(findings, |coming| {
        let parts = shared(routes, here, coming.subnet);
        if parts.is_empty() {
            return None;
        }
        let host = imagined(scene.host, routes, coming);
        let fib = Fib::new(&host).ok()?;
        let bridge = coming.bridge();
        let index = coming.link().index;
        let ask = Ask { here, with: &fib, without: fib.without_link(index), bridge: index };
        let nobody: BTreeSet<IpAddr> = here.addresses.iter().map(|address| address.address.addr()).collect();
        let found = found(scene, &ask, &bridge, coming.subnet, &parts, Some(&nobody), &mut lacking);
        let (route, away) = match (found.hidden.first(), found.away.first()) {
            (Some(route), _) => (*route, false),
            (None, Some(route)) => (*route, true),
            (None, None) => return None,
        };
        let severity = severity(here, &bridge, coming.subnet, route, !found.uses.is_empty() && !away);
        if told.iter().any(|one| one.route == route.destination && one.severity >= severity) {
            return None;
        }
        told.push(Told { route: route.destination, severity });
        let message = if away { loses(coming, route, here) } else { hides(coming, route, &found, here) };
        let mut finding = Finding::new(severity, coming.subnet.to_string(), message).evidence(shows_route(route, here));
        if let Some((used, _)) = found.uses.first().filter(|_| !away) {
            finding.evidence.extend(used.evidence.clone());
        }
        Some(coming.rest(scene, finding))
    });
    lacking.missing.into_iter().for_each(|missing| findings.lacks(missing));
}

fn hides(coming: &Coming, route: &Route, found: &Found, here: &Here) -> Text {
    let Text { en: words, zh: words_zh } = coming.words();
    let (said, subnet) = (iproute::route(route, here), coming.subnet);
    let part = if subnet.contains(&route.destination) { route.destination } else { subnet };
    let Text { en, zh } = super::proof(found.uses.first().map(|(used, _)| used));
    text!(
        "{words} and hide {part}, which `{said}` leads to: packets for machines there would end at its bridge{en}",
        "{words_zh}，从而遮住路由 `{said}` 可达的 {part}：发往那里的数据包会止步于网桥{zh}"
    )
}

fn loses(coming: &Coming, route: &Route, here: &Here) -> Text {
    let Text { en: words, zh: words_zh } = coming.words();
    let said = iproute::route(route, here);
    text!(
        "{words}, and `{said}` takes packets for it away from its bridge: containers there would not be reached",
        "{words_zh}，而路由 `{said}` 会把发往其中的数据包带离网桥：那里的容器将无法访问"
    )
}

/// The host with one bridge more, and of its routes those that a lookup inside the subnet may meet.
fn imagined(host: &Snapshot, routes: &[Route], coming: &Coming) -> Snapshot {
    let subnet = coming.subnet;
    let overlaps = |prefix: IpNet| prefix.contains(&subnet) || subnet.contains(&prefix);
    let mut near: Vec<Route> =
        routes.iter().filter(|route| is_default(route) || overlaps(route.destination)).cloned().collect();
    // Younger than all others: of equal routes the older one wins.
    near.push(connected(subnet, coming.link().index));
    let mut links = host.links.ok().cloned().unwrap_or_default();
    links.push(coming.link().clone());
    Snapshot {
        routes: Fact::known(near),
        links: Fact::known(links),
        addresses: host.addresses.clone(),
        rules: host.rules.clone(),
        next_hop_objects: host.next_hop_objects.clone(),
        sysctls: host.sysctls.clone(),
        ..Snapshot::empty(&host.name)
    }
}

/// The route that the kernel adds with an address.
fn connected(destination: IpNet, link: u32) -> Route {
    const MAIN: u32 = 254;
    const KERNEL: u8 = 2;
    Route {
        destination,
        table: MAIN,
        kind: RouteKind::Unicast,
        scope: Scope::Link,
        protocol: KERNEL,
        metric: 0,
        tos: 0,
        from: None,
        source: None,
        next_hops: vec![NextHop { link: Some(link), weight: 1, ..NextHop::default() }],
        next_hop_object: None,
        mtu: None,
        preference: 0,
    }
}
