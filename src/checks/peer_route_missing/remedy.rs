//! A route to a peer's containers, now and where the link's own configuration stands.

use std::net::IpAddr;

use ipnet::IpNet;

use super::super::here::Here;
use super::super::iproute::{self, family_flag};
use super::super::peers::{Nearest, PeerSubnet};
use crate::action::{Action, Intent, Presence};
use crate::finding::{Remedy, Safety};
use crate::host::{Editable, Route, RouteKind, SavedRoute, origins, table_name};
use crate::path::fib::Lookup;
use crate::text::{Text, text};

/// RT_TABLE_MAIN, linux/rtnetlink.h.
const MAIN: u32 = 254;

/// RTPROT_KERNEL, linux/rtnetlink.h: comes with an address and goes with it.
const OF_AN_ADDRESS: u8 = 2;

/// What is to become of routes.
#[derive(Default)]
struct Change<'a> {
    commands: Vec<String>,
    gone: Vec<&'a Route>,
    new: Option<Route>,
}

pub fn remedy(here: &Here, peer: &PeerSubnet, nearest: Option<&Nearest>, lookup: &Lookup) -> Remedy {
    let subnet = peer.subnet;
    let Some(nearest) = nearest.filter(|nearest| nearest.via == nearest.address) else {
        let title = text!(
            "route {subnet} to the host that has these containers: it is not on a link of this host, so each router on the way \
             needs the route",
            "将 {subnet} 路由到拥有这些容器的主机：它不在本机的直连链路上，沿途的每台路由器都需要这条路由"
        );
        return Remedy::manual(title, until_reboot(subnet), Vec::new()).until_reboot();
    };
    if let Some(lan) = own_lan(here, subnet, lookup) {
        return another_subnet(here, subnet, lan);
    }
    let title =
        text!("route {subnet} to the peer, {address}", "将 {subnet} 路由到对端 {address}", address = nearest.address);
    let Change { mut commands, gone, new } = change(here, peer, nearest, lookup);
    // A route that goes may be how somebody is reached.
    let safety = if gone.is_empty() { Safety::Safe } else { Safety::Disruptive };
    let swap = |route: &Route, from: Presence| {
        let link = match route.next_hops.as_slice() {
            [] => None,
            [hop] => hop.link.map(|index| here.name(index)),
            _ => return None,
        };
        Some(Action::Route { route: Box::new(route.clone()), link, from, to: from.other() })
    };
    let away = gone.iter().map(|route| swap(route, Presence::Present));
    let swaps: Option<Vec<Action>> = away.chain(new.iter().map(|route| swap(route, Presence::Absent))).collect();
    let edits = lasting(here, nearest, &gone, new.as_ref());
    let Some(mut actions) = swaps.filter(|swaps| !swaps.is_empty()) else {
        return Remedy::manual(title, until_reboot(subnet), commands).until_reboot();
    };
    match edits {
        Some((file, edits)) => {
            commands.extend(edits.iter().flat_map(Action::commands));
            actions.extend(edits);
            let impact = text!(
                "packets for {subnet} go to that host, after a reboot too: {file} gets the route",
                "发往 {subnet} 的数据包会交给该主机；{file} 会写入这条路由，重启后依然有效"
            );
            Remedy::manual(title, impact, commands).by(safety, actions)
        }
        None => Remedy::manual(title, until_reboot(subnet), commands).until_reboot().by(safety, actions),
    }
}

/// The route of an own address in the subnet that a route to the peer would take the place of, or that would win over it.
fn own_lan<'a>(here: &Here<'a>, subnet: IpNet, lookup: &Lookup<'a>) -> Option<&'a Route> {
    let tables = [MAIN, lookup.route.map_or(MAIN, |route| route.table)];
    let routes = here.host.routes.ok().into_iter().flatten();
    let same = routes.filter(|route| route.destination == subnet && tables.contains(&route.table));
    let met = lookup.route.filter(|route| subnet.contains(&route.destination));
    same.chain(met).find(|route| route.protocol == OF_AN_ADDRESS)
}

fn another_subnet(here: &Here, subnet: IpNet, lan: &Route) -> Remedy {
    let link = lan.next_hops.first().and_then(|hop| hop.link).map(|index| here.name(index)).unwrap_or_default();
    let title = text!(
        "give the peer's containers another subnet: {subnet} overlaps this host's own LAN, {lan} on {link}",
        "给对端的容器换一个子网：{subnet} 与本机自己的局域网（{link} 上的 {lan}）重叠",
        lan = lan.destination
    );
    let impact = text!(
        "the containers' network is made again on the peer, with a subnet that neither host has; a route to the peer in place of \
         the LAN's would cut this host off from that LAN",
        "需要在对端用两台主机都没有使用的子网重建容器网络；若用指向对端的路由取代局域网的路由，本机会与该局域网断开"
    );
    Remedy::manual(title, impact, Vec::new())
}

fn until_reboot(subnet: IpNet) -> Text {
    text!(
        "packets for {subnet} go to that host; the route is gone after a reboot unless the network configuration of this host \
         has it too (where its network cards are configured: netplan, NetworkManager or /etc/network/interfaces)",
        "发往 {subnet} 的数据包会交给该主机；重启后这条路由会消失，除非同时写入本机的网络配置（netplan、NetworkManager、/etc/network/interfaces，即配置网卡的地方）"
    )
}

fn change<'a>(here: &Here<'a>, peer: &PeerSubnet, nearest: &Nearest, lookup: &Lookup<'a>) -> Change<'a> {
    let (subnet, address, link) = (peer.subnet, nearest.address, here.name(nearest.link));
    let ip = if family_flag(subnet) == "-6" { "ip -6" } else { "ip" };
    let mut change = Change::default();
    if let Some(route) = lookup.route.filter(|route| wins_over(route, subnet)) {
        change.commands.push(format!("{ip} route del {}{}", iproute::route(route, here), iproute::metric(route)));
        change.gone.push(route);
    }
    // A table that is asked before main ends the lookup there.
    let table = lookup.route.map_or(MAIN, |route| route.table);
    let routes = here.host.routes.ok().into_iter().flatten();
    let mut same = routes.filter(|route| route.table == table && route.destination == subnet && route.from.is_none());
    let wrong = lookup.route.filter(|route| route.destination == subnet).or_else(|| same.next());
    let in_table = if table == MAIN { String::new() } else { format!(" table {}", table_name(table)) };
    match wrong {
        Some(route) if leads_to(route, peer) => return change,
        Some(route) => {
            let (metric, via) = (iproute::metric(route), format!("{subnet} via {address} dev {link}"));
            match route.next_hops.len() {
                // As `--apply` does it; of several next hops `ip` names only the first.
                0 | 1 => change.commands.extend([
                    format!("{ip} route del {}{metric}{in_table}", iproute::route(route, here)),
                    format!("{ip} route add {via}{metric}{in_table}"),
                ]),
                _ => change.commands.push(format!("{ip} route replace {via}{metric}{in_table}")),
            }
            change.gone.push(route);
        }
        None => change.commands.push(format!("{ip} route add {subnet} via {address} dev {link}{in_table}")),
    }
    let mut new = Route::added(subnet, address, nearest.link, table);
    new.metric = wrong.map_or(new.metric, |route| route.metric);
    change.new = Some(new);
    change
}

/// The edits by which it is so after a reboot too, and the file that gets the route: where the link's keeper is known, and every file that
/// makes a route that goes can be edited. None: until a reboot.
fn lasting(here: &Here, nearest: &Nearest, gone: &[&Route], new: Option<&Route>) -> Option<(String, Vec<Action>)> {
    let name = here.name(nearest.link);
    let keepers = here.host.link_keepers.ok()?;
    let keeper = keepers.iter().find(|keeper| keeper.link == name && keeper.editable == Editable::Yes)?;
    let saved = here.host.saved_routes.ok().filter(|_| here.host.saved_routes.gaps().is_empty())?;
    let mut edits: Vec<(String, Vec<Intent>)> = Vec::new();
    let mut add = |file: &str, intent: Intent| match edits.iter_mut().find(|(known, _)| known == file) {
        Some((_, intents)) => intents.push(intent),
        None => edits.push((file.to_owned(), vec![intent])),
    };
    for route in gone {
        let link = route.next_hops.first().and_then(|hop| hop.link).map(|index| here.name(index));
        for origin in origins(route, link.as_deref(), saved) {
            if origin.editable != Editable::Yes {
                return None;
            }
            add(&origin.place.file, Intent::NoRoute(Box::new(origin.clone())));
        }
    }
    let new = new?;
    let route = SavedRoute {
        table: Some(new.table).filter(|table| *table != MAIN),
        metric: Some(new.metric).filter(|metric| !matches!(metric, 0 | 1024)),
        ..keeper.route(new.destination, nearest.address)
    };
    add(&keeper.place.file, Intent::AddRoute(Box::new(route)));
    let edits = edits.into_iter().map(|(file, intents)| Action::Edit { file, intents }).collect();
    Some((keeper.place.file.clone(), edits))
}

/// Whether a route of the main table wins over one to the subnet, by its length.
fn wins_over(route: &Route, subnet: IpNet) -> bool {
    route.table == MAIN
        && route.protocol != OF_AN_ADDRESS
        && route.destination != subnet
        && subnet.contains(&route.destination)
}

fn leads_to(route: &Route, peer: &PeerSubnet) -> bool {
    let to_peer = |via: Option<IpAddr>| via.is_some_and(|via| peer.hosts.contains(&via));
    route.kind == RouteKind::Unicast
        && !route.next_hops.is_empty()
        && route.next_hops.iter().all(|hop| to_peer(hop.via))
}
