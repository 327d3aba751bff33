//! Which routes may be given up, what that takes, and which of them are enough.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::uses::in_use;
use crate::action::{Action, Intent, Presence};
use crate::engine::next::next;
use crate::engine::{Liveness, bridges, liveness};
use crate::finding::{Cure, Remedy, Safety};
use crate::host::{Editable, Link, Route, RouteKind, SavedRoute, Snapshot, origins, successors};
use crate::path::fib::Fib;
use crate::plan::LeftOut;
use crate::simulate::{Proof, Trial};
use crate::subnet::{engine_pools, overlaps};
use crate::text::{Text, text};

/// rt_protos(5): made by hand or by a script, and by a network configuration.
const BOOT: u8 = 3;
const STATIC: u8 = 4;

const MAIN: u32 = 254;

/// More than these are not looked at one by one.
const MOST: usize = 24;

/// A route that may be given up, with the files that make it.
struct Candidate<'a> {
    route: &'a Route,
    link: &'a Link,
    saved: Vec<&'a SavedRoute>,
}

/// The removal of the fewest routes that cures this: of single ones the one that frees most for least.
///
/// # Errors
/// Why no route may go, for each that is in question; none in question: empty.
pub fn remedy(trial: &Trial, cure: &Cure) -> Result<Remedy, Vec<LeftOut>> {
    let host = trial.host();
    let (candidates, left_out) = candidates(trial);
    let restart = liveness(host) == Liveness::Failed;
    let tried = |chosen: &[&Candidate]| {
        let actions: Vec<Action> = chosen.iter().map(|one| one.now()).collect();
        let (proof, after) = trial.of(std::slice::from_ref(cure), &actions, restart);
        let room = after.and_then(|(after, _)| next(&after, 0).ok()).map_or(0, |next| next.remaining);
        (proof == Proof::Cured).then_some(room)
    };
    let alone = candidates.iter().filter_map(|one| Some((tried(&[one])?, one)));
    let best = alone.max_by_key(|(room, one)| (*room, one.route.destination.prefix_len()));
    let chosen = match best {
        Some((_, one)) => vec![one],
        None => together(&candidates, |chosen| tried(chosen).is_some()).ok_or(left_out)?,
    };
    Ok(of(host, &chosen, restart))
}

/// The fewest of all that are enough together.
fn together<'c, 'a>(
    candidates: &'c [Candidate<'a>],
    enough: impl Fn(&[&Candidate]) -> bool,
) -> Option<Vec<&'c Candidate<'a>>> {
    let mut chosen: Vec<&Candidate> = candidates.iter().collect();
    if chosen.len() < 2 || !enough(&chosen) {
        return None;
    }
    // The widest range is the first that need not go.
    let mut order: Vec<&Candidate> = chosen.clone();
    order.sort_by_key(|one| one.route.destination.prefix_len());
    for one in order {
        let without: Vec<&Candidate> = chosen.iter().copied().filter(|kept| !std::ptr::eq(*kept, one)).collect();
        if !without.is_empty() && enough(&without) {
            chosen = without;
        }
    }
    Some(chosen)
}

/// The routes of this host that stand in Docker's way and may go, and why the others may not.
fn candidates<'a>(trial: &Trial<'a>) -> (Vec<Candidate<'a>>, Vec<LeftOut>) {
    let host = trial.host();
    let (Some(routes), Some(links), Ok(fib)) = (host.routes.ok(), host.links.ok(), Fib::new(host)) else {
        return Default::default();
    };
    let mut wanted: Vec<IpNet> = engine_pools(host);
    let dockers = bridges(host).unwrap_or_default();
    wanted.extend(dockers.iter().flat_map(|bridge| bridge.connected.iter().copied()));
    let (mut candidates, mut left_out) = (Vec::new(), Vec::new());
    for route in routes.iter().filter(|route| wanted.iter().any(|range| overlaps(*range, route.destination))) {
        let [hop] = route.next_hops.as_slice() else { continue };
        let Some(link) = links.iter().find(|link| Some(link.index) == hop.link) else { continue };
        let is_docker = dockers.iter().any(|bridge| bridge.link_name == link.name);
        let is_static = matches!(route.protocol, BOOT | STATIC)
            && matches!(route.kind, RouteKind::Unicast)
            && route.table == MAIN
            && route.next_hop_object.is_none();
        if is_docker || !is_static || route.is_default() || route.is_half_default() {
            continue;
        }
        if candidates.len() + left_out.len() == MOST {
            break;
        }
        match kept(trial, &fib, route, link) {
            Some((why, refused)) => {
                let said = shown(route, link);
                left_out.push(LeftOut { what: text!("give up `{said}`", "放弃路由 `{said}`"), why, refused });
            }
            None => candidates.push(Candidate { route, link, saved: saved(host, route, link) }),
        }
    }
    (candidates, left_out)
}

/// Why a static route stays, and whether it must.
fn kept(trial: &Trial, fib: &Fib, route: &Route, link: &Link) -> Option<(Text, bool)> {
    let host = trial.host();
    if serves_a_cloud(route.destination) {
        let why = text!(
            "clouds reach their own services by 100.0.0.0/8 and 169.254.0.0/16",
            "云厂商的内部服务位于 100.0.0.0/8 和 169.254.0.0/16"
        );
        return Some((why, true));
    }
    let tunnel = link.kind.as_deref().filter(|kind| {
        ["wireguard", "tun", "ppp", "gre", "ipip", "sit", "vti", "xfrm", "ip6tnl", "ip6gre"].contains(kind)
    });
    if tunnel.is_some() {
        let name = &link.name;
        let why = text!(
            "it belongs to the tunnel {name}, which puts it back whenever it comes up",
            "它属于隧道 {name}，隧道每次建立都会重新添加它"
        );
        return Some((why, true));
    }
    if host.saved_routes.ok().is_none() {
        let why = text!("which file makes it is not known", "无法得知由哪个文件添加");
        return Some((why, false));
    }
    match in_use(host, fib, trial.declared(), route) {
        Err(missing) => {
            let Text { en, zh } = missing.why;
            Some((text!("whether it is in use is not known: {en}", "无法得知它是否在用：{zh}"), false))
        }
        Ok(Some((address, Text { en, zh }))) => {
            let why = text!("it leads to {address}, {en}", "它通往 {address}（{zh}）");
            Some((why, true))
        }
        Ok(None) => None,
    }
}

fn serves_a_cloud(range: IpNet) -> bool {
    let reserved: [IpNet; 2] = [
        IpNet::from(ipnet::Ipv4Net::new_assert([100, 0, 0, 0].into(), 8)),
        IpNet::from(ipnet::Ipv4Net::new_assert([169, 254, 0, 0].into(), 16)),
    ];
    reserved.iter().any(|reserved| overlaps(*reserved, range))
}

/// Whatever makes this route at the next boot, or another in its place.
fn saved<'a>(host: &'a Snapshot, route: &Route, link: &Link) -> Vec<&'a SavedRoute> {
    let all = host.saved_routes.ok().map_or(&[][..], Vec::as_slice);
    let mut saved = origins(route, Some(&link.name), all);
    saved.extend(successors(route, Some(&link.name), all));
    saved
}

impl Candidate<'_> {
    fn now(&self) -> Action {
        Action::Route {
            route: Box::new(self.route.clone()),
            link: Some(self.link.name.clone()),
            from: Presence::Present,
            to: Presence::Absent,
        }
    }

    /// Why and from where it comes back at the next boot.
    fn comes_back(&self) -> Vec<Text> {
        let told = self.saved.iter().filter_map(|saved| {
            let place = &saved.place;
            match &saved.editable {
                Editable::Yes => None,
                Editable::ByHand(Text { en, zh }) | Editable::Generated(Text { en, zh }) => {
                    Some(text!("it comes back from {place}: {en}", "它会从 {place} 恢复：{zh}"))
                }
            }
        });
        told.collect()
    }
}

fn of(host: &Snapshot, chosen: &[&Candidate], restart: bool) -> Remedy {
    let mut actions: Vec<Action> = chosen.iter().map(|one| one.now()).collect();
    let mut edits: BTreeMap<String, Vec<Intent>> = BTreeMap::new();
    for saved in chosen.iter().flat_map(|one| &one.saved).filter(|saved| saved.editable == Editable::Yes) {
        edits.entry(saved.place.file.clone()).or_default().push(Intent::NoRoute(Box::new((*saved).clone())));
    }
    actions.extend(edits.into_iter().map(|(file, intents)| Action::Edit { file, intents }));
    let said: Vec<String> = chosen.iter().map(|one| format!("`{}`", shown(one.route, one.link))).collect();
    let (said, said_zh) = (said.join(" and "), said.join(" 和 "));
    let title = text!(
        "give up {said}, now and wherever it is made at boot",
        "放弃路由 {said_zh}：立即删除，并从开机时添加它的所有位置去掉"
    );
    let mut impact = text!(
        "whatever is reached by it is reached no more; nobody inside was seen now, which says nothing of a nightly job",
        "经它访问的一切都将无法访问；当前没有看到其中有在用的地址，但这不能排除夜间任务之类的用途"
    );
    let back: Vec<Text> = chosen.iter().flat_map(|one| one.comes_back()).collect();
    for Text { en, zh } in &back {
        impact = text!("{a}; {en}", "{b}；{zh}", a = impact.en, b = impact.zh);
    }
    let gaps = host.saved_routes.gaps();
    if let Some(gap) = gaps.first() {
        let Text { en, zh } = &gap.what;
        impact = text!(
            "{a}; not everything that may make it at boot could be read: {en}",
            "{b}；开机时可能添加它的位置未能全部读取：{zh}",
            a = impact.en,
            b = impact.zh
        );
    }
    let commands = actions.iter().flat_map(Action::commands).collect();
    let remedy = Remedy::manual(title, impact, commands).by(Safety::Disruptive, actions);
    let remedy = if back.is_empty() { remedy } else { remedy.until_reboot() };
    if restart { remedy.restarts_engine() } else { remedy }
}

fn shown(route: &Route, link: &Link) -> String {
    route.words(|_| link.name.clone())
}
