//! `--add CIDR via GW [dev LINK]`: a route that this host should have, now and at the next boot.

use std::net::IpAddr;

use ipnet::IpNet;

use super::super::ranges::cidr;
use crate::action::{Action, Intent, Presence};
use crate::exit::Refusal;
use crate::finding::{Remedy, Safety};
use crate::host::{Editable, LinkKeeper, Route, Snapshot, origins};
use crate::path::fib::{Fib, Query};
use crate::plan::Proposal;
use crate::text::{Text, text};

const MAIN: u32 = 254;

/// A route as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    destination: IpNet,
    gateway: IpAddr,
    link: Option<String>,
}

/// The routes of all `--add`, quoted as one word or not.
///
/// # Errors
/// One sentence on what is no route.
pub fn read(given: &[String]) -> Result<Vec<Added>, Refusal> {
    let mut words = given.iter().flat_map(|said| said.split_whitespace()).peekable();
    let mut added = Vec::new();
    while let Some(destination) = words.next() {
        let destination = cidr("--add", destination)?;
        let gateway = words.next_if(|word| *word == "via").and_then(|_| words.next());
        let gateway = gateway.and_then(|word| word.parse::<IpAddr>().ok()).ok_or_else(|| unclear(destination))?;
        let link = match words.next_if(|word| *word == "dev") {
            Some(_) => Some(words.next().ok_or_else(|| unclear(destination))?.to_owned()),
            None => None,
        };
        if destination.prefix_len() == 0 || gateway.is_ipv4() != destination.addr().is_ipv4() {
            return Err(unclear(destination));
        }
        added.push(Added { destination, gateway, link });
    }
    Ok(added)
}

fn unclear(destination: IpNet) -> Refusal {
    Refusal::usage(
        "--add",
        text!(
            "--add takes CIDR via GATEWAY [dev LINK], both of one family and no default route, like 172.18.0.0/16 via 10.0.0.7; \
             {destination} is not followed by that",
            "--add 的写法为 CIDR via GATEWAY [dev LINK]，两者须属同一协议族且不能是默认路由，如 172.18.0.0/16 via 10.0.0.7；{destination} 之后的内容不符合"
        ),
    )
}

/// What makes this route; none: it is there, now and at boot.
///
/// # Errors
/// Why this host cannot have it.
pub fn proposal(host: &Snapshot, added: &Added) -> Result<Option<Proposal>, Refusal> {
    let (index, link) = link(host, added)?;
    let route = Route::added(added.destination, added.gateway, index, MAIN);
    let mut actions = Vec::new();
    if !is_there(host, &route, &link)? {
        let (from, to) = (Presence::Absent, Presence::Present);
        actions.push(Action::Route { route: Box::new(route.clone()), link: Some(link.clone()), from, to });
    }
    let saved = host.saved_routes.ok().map_or(&[][..], Vec::as_slice);
    let lasts = origins(&route, Some(&link), saved).iter().any(|origin| origin.active);
    let kept = if lasts { Ok(None) } else { keeper(host, &link).map(Some) };
    if let Ok(Some(keeper)) = &kept {
        let intent = Intent::AddRoute(Box::new(keeper.route(added.destination, added.gateway)));
        actions.push(Action::Edit { file: keeper.place.file.clone(), intents: vec![intent] });
    }
    if actions.is_empty() {
        return Ok(None);
    }
    let Added { destination, gateway, .. } = added;
    let title =
        text!("route {destination} via {gateway} dev {link}", "添加路由 {destination} via {gateway} dev {link}");
    let impact = text!("packets for {destination} go to {gateway}", "发往 {destination} 的数据包会交给 {gateway}");
    let commands = actions.iter().flat_map(Action::commands).collect();
    let remedy = match kept {
        Ok(_) => Remedy::manual(title, impact, commands),
        Err(Text { en, zh }) => {
            let title =
                text!("{a}, until the next boot: {en}", "{b}，重启主机后失效：{zh}", a = title.en, b = title.zh);
            Remedy::manual(title, impact, commands).until_reboot()
        }
    };
    Ok(Some(Proposal { cure: None, consequences: Vec::new(), remedy: remedy.by(Safety::Safe, actions) }))
}

/// The link on which the gateway is.
fn link(host: &Snapshot, added: &Added) -> Result<(u32, String), Refusal> {
    let gateway = added.gateway;
    let unknown = |missing: crate::host::Missing| Refusal::denied(missing.why);
    let fib = Fib::new(host).map_err(unknown)?;
    let found = fib.lookup(&Query { oif: added.link.clone(), ..Query::to(gateway) });
    let index = found.link().filter(|_| found.is_unicast() && found.gateway().is_none());
    let name = index.and_then(|index| fib.name_of(index).map(|name| (index, name.to_owned())));
    name.ok_or_else(|| {
        let on = added.link.as_ref().map(|link| format!(" {link}")).unwrap_or_default();
        let (a, b) = if on.is_empty() { ("any link", "任何链路") } else { ("the link", "链路") };
        Refusal::denied(text!(
            "{gateway} is not on {a}{on} of this host, so it cannot be the next hop",
            "{gateway} 不在本机{b}{on} 的直连网段上，不能作为下一跳"
        ))
    })
}

/// # Errors
/// Another route of that destination and metric is.
fn is_there(host: &Snapshot, route: &Route, link: &str) -> Result<bool, Refusal> {
    let via = |route: &Route| route.next_hops.first().and_then(|hop| hop.via);
    let routes = host.routes.ok().into_iter().flatten();
    let mut same = routes.filter(|it| it.table == MAIN && it.destination == route.destination && it.from.is_none());
    match same.find(|it| it.metric == route.metric || via(it) == via(route)) {
        None => Ok(false),
        Some(there) if via(there) == via(route) => Ok(true),
        Some(there) => {
            let said = there.words(|_| link.to_owned());
            Err(Refusal::denied(text!(
                "there is already a route to that destination: `{said}`",
                "已存在到该目的网段的路由：`{said}`"
            )))
        }
    }
}

/// Where a route of this link goes.
///
/// # Errors
/// Why nowhere.
fn keeper<'a>(host: &'a Snapshot, link: &str) -> Result<&'a LinkKeeper, Text> {
    let keeper = host.link_keepers.ok().into_iter().flatten().find(|keeper| keeper.link == link);
    let keeper =
        keeper.ok_or_else(|| text!("no file that configures {link} was found", "没有找到配置 {link} 的文件"))?;
    match &keeper.editable {
        Editable::Yes => Ok(keeper),
        Editable::ByHand(Text { en, zh }) | Editable::Generated(Text { en, zh }) => {
            let place = &keeper.place;
            Err(text!("{place}: {en}", "{place}：{zh}"))
        }
    }
}
