use std::net::IpAddr;

use super::here::{Here, has_bridges};
use super::iproute::{self, shows_route};
use super::{About, Applies, Check, Group, Scene, docs};
use crate::action::{Action, Presence};
use crate::engine::{Whereabouts, whereabouts};
use crate::finding::{Finding, Findings, Remedy, Safety};
use crate::host::{Family, Link, Missing, NextHop, Route, RouteKind, Snapshot};
use crate::path::fib::{Query, outside};
use crate::text::text;

pub static CHECK: Check = Check {
    id: "default-route-via-docker",
    group: Group::Routes,
    about: About {
        en: "this host's default route leads into a Docker bridge or a container",
        zh: "本机的默认路由指向了 Docker 网桥或容器",
    },
    docs: docs!("default-route-via-docker"),
    applies,
    hidden_by: &[],
    run,
};

/// The main table, RT_TABLE_MAIN.
const MAIN: u32 = 254;

fn applies(scene: &Scene) -> Applies {
    let veth = scene.host.links.ok().is_some_and(|links| links.iter().any(Link::is_container_veth));
    match whereabouts(scene.host) {
        Whereabouts::Elsewhere(why) => Applies::No(why),
        _ if veth => Applies::Yes,
        _ => has_bridges(scene),
    }
}

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let here = Here::new(scene, findings)?;
    let routes = findings.need("routes", &scene.host.routes)?;
    for family in [Family::V4, Family::V6] {
        let defaults = || {
            let main = routes.iter().filter(move |route| route.table == MAIN && route.family() == family);
            main.filter(|route| route.is_default() && route.kind == RouteKind::Unicast)
        };
        let Some(best) = defaults().map(|route| route.metric).min() else { continue };
        let winners: Vec<&Route> = defaults().filter(|route| route.metric == best).collect();
        if let Some(link) = winners.first().and_then(|route| into_docker(route, &here))
            && winners.iter().all(|route| into_docker(route, &here).is_some())
            && !through_a_router(scene, winners[0], &here)?
        {
            findings.push(finding(&here, winners[0], link, defaults().count() > winners.len()));
        }
    }
    Ok(())
}

/// Whether the gateway is a running container that has a way out of its own, past this route: a VPN or a router for the host,
/// which is somebody's purpose. Without such a way its packets come back to it.
fn through_a_router(scene: &Scene, route: &Route, here: &Here) -> Result<bool, Missing> {
    let fib = scene.fib()?;
    for hop in &route.next_hops {
        let (Some(via), Some(bridge)) = (hop.via, hop.link.and_then(|link| here.bridge(link))) else {
            return Ok(false);
        };
        if !here.endpoints(bridge)?.iter().any(|(_, address)| *address == via) {
            return Ok(false);
        }
        let lookup = fib.lookup(&Query::forwarded(via, outside(Family::of(via)), &bridge.link_name));
        let past = lookup.is_unicast() && lookup.link().is_some_and(|link| here.bridge(link).is_none());
        if !past && !has_way_to_a_tunnel(scene.host, via, here) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A route through a real gateway that is no default one and narrow enough for a tunnel's far end.
fn has_way_to_a_tunnel(host: &Snapshot, via: IpAddr, here: &Here) -> bool {
    let narrow = |route: &Route| route.destination.prefix_len() == route.destination.max_prefix_len();
    let past = |hop: &NextHop| hop.via.is_some() && hop.link.is_some_and(|link| here.bridge(link).is_none());
    host.routes.ok().is_some_and(|routes| {
        routes.iter().any(|route| {
            route.destination.addr().is_ipv4() == via.is_ipv4()
                && route.table == MAIN
                && route.kind == RouteKind::Unicast
                && narrow(route)
                && route.next_hops.iter().any(past)
        })
    })
}

/// The Docker bridge or container's veth that all hops of a route leave by. A bridge with a port that is no container's leads
/// somewhere.
fn into_docker<'a>(route: &Route, here: &Here<'a>) -> Option<&'a Link> {
    let docker = |index: u32| {
        let link = here.link(index)?;
        let bridge = here.bridge(index).is_some() && here.ports(index).1.is_empty();
        (bridge || link.is_container_veth()).then_some(link)
    };
    let mut links = route.next_hops.iter().map(|hop| hop.link.and_then(docker));
    let first = links.next()??;
    links.all(|link| link.is_some()).then_some(first)
}

fn finding(here: &Here, route: &Route, link: &Link, others: bool) -> Finding {
    let (said, name) = (iproute::route(route, here), &link.name);
    let what = if link.is_bridge() {
        text!("a Docker bridge", "Docker 网桥")
    } else {
        text!("a container's end of a veth pair", "容器的 veth 接口")
    };
    let (en, zh) = (what.en, what.zh);
    let message = text!(
        "the winning default route of this host, `{said}`, leaves by {name}, {en}: nothing beyond the LAN is reached",
        "本机生效的默认路由 `{said}` 从 {name}（{zh}）出去：本机无法访问局域网以外的任何地址"
    );
    let family = iproute::family_flag(route.destination);
    let impact = if others {
        text!("the next default route takes over at once", "下一条默认路由立即生效")
    } else {
        text!(
            "the host is left without a default route; its network manager must add the right one",
            "主机将没有默认路由，需要由网络管理程序添加正确的一条"
        )
    };
    let delete = Remedy::manual(
        text!("delete that route", "删除这条路由"),
        impact,
        vec![format!("ip {family} route del {said}{}", iproute::metric(route))],
    );
    // Without another default route somebody has to say what the right one is.
    let delete = match (others, route.next_hops.as_slice()) {
        (true, [hop]) => {
            let link = hop.link.map(|index| here.name(index));
            let route = Box::new(route.clone());
            let action = Action::Route { route, link, from: Presence::Present, to: Presence::Absent };
            delete.by(Safety::Disruptive, vec![action])
        }
        _ => delete,
    };
    let keep_off = Remedy::manual(
        text!(
            "keep the program that added it (dhcpcd, connman, NetworkManager, networkd) off Docker's links",
            "让添加该路由的程序（dhcpcd、connman、NetworkManager、networkd）不再管理 Docker 的链路"
        ),
        text!(
            "takes effect when that program is started again; Docker's links need none of it",
            "重启该程序后生效；Docker 的链路不需要它管理"
        ),
        vec!["# dhcpcd: at the head of /etc/dhcpcd.conf: denyinterfaces veth* br-* docker*".to_owned()],
    );
    let subject = if route.destination.addr().is_ipv4() { "route:0.0.0.0/0" } else { "route:::/0" };
    let mut finding = Finding::error(subject, message)
        .evidence(shows_route(route, here))
        .remedy(delete.until_reboot())
        .remedy(keep_off)
        .touches(subject)
        .touches(format!("link:{name}"));
    if let Some(bridge) = here.bridge(link.index) {
        finding = finding.touches(format!("network:{}", bridge.name));
    }
    finding
}
