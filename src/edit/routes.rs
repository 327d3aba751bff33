//! Routes in the files of their keepers: who edits which format, and the proof that the routes changed by exactly what was wanted.

use super::{Content, ifupdown, netplan, network_scripts, networkd, nm_keyfile};
use crate::action::Intent;
use crate::host::{Keeper, SavedRoute};
use crate::parse;
use crate::text::{Text, text};

/// The file without the one routes and with the others; none where no route is to change.
///
/// # Errors
/// Why it cannot be edited.
pub fn edit(
    file: &str,
    before: Option<&[u8]>,
    gone: &[&SavedRoute],
    new: &[&SavedRoute],
) -> Result<Option<Vec<u8>>, Text> {
    let Some(first) = gone.iter().chain(new).next() else { return Ok(None) };
    let keeper = first.keeper;
    if gone.iter().chain(new).any(|route| route.keeper != keeper) {
        return Err(text!("{file} cannot be read in two formats at once", "{file} 不能同时按两种格式解析"));
    }
    let bytes = before.unwrap_or_default();
    let edited = match keeper {
        Keeper::Ifupdown => ifupdown::edit(file, bytes, gone, new),
        Keeper::Networkd => networkd::edit(file, bytes, gone, new),
        Keeper::NetworkScripts => network_scripts::edit(file, bytes, gone, new),
        Keeper::Netplan => netplan::edit(file, bytes, gone, new),
        Keeper::NetworkManager => nm_keyfile::edit(file, bytes, gone, new),
        Keeper::Script | Keeper::Dhcp => Err(text!("{file} is not edited", "不编辑 {file}")),
    }?;
    let mut wanted = routes(keeper, file, bytes);
    for route in gone {
        // Of routes that are the same one may be active and another not.
        let at = wanted.iter().position(|other| other.place == route.place && is_same(other, route));
        let Some(at) = at else {
            return Err(text!("{file} does not hold this route any more", "{file} 中已没有该路由"));
        };
        wanted.remove(at);
    }
    let mut found = routes(keeper, file, &edited);
    for route in new {
        take(&mut found, route).ok_or_else(|| not_exactly(file))?;
    }
    if same(wanted, found) { Ok(Some(edited)) } else { Err(not_exactly(file)) }
}

/// Holds a merged file to the routes it must have: those of `now`, with those back that are only in `from` and without those only in `to`.
///
/// # Errors
/// It has others.
pub fn taken_back(
    file: &str,
    now: &[u8],
    merged: &[u8],
    from: &Content,
    to: &Content,
    intents: &[Intent],
) -> Result<(), Text> {
    let keeper = intents.iter().find_map(|intent| match intent {
        Intent::NoRoute(route) | Intent::AddRoute(route) => Some(route.keeper),
        _ => None,
    });
    let Some(keeper) = keeper else { return Ok(()) };
    let of = |bytes: &Content| bytes.as_deref().map(|bytes| routes(keeper, file, bytes)).unwrap_or_default();
    let (mut removed, mut added) = (of(from), Vec::new());
    for route in of(to) {
        if take(&mut removed, &route).is_none() {
            added.push(route);
        }
    }
    let mut wanted = routes(keeper, file, now);
    for route in &added {
        take(&mut wanted, route).ok_or_else(|| not_exactly(file))?;
    }
    wanted.extend(removed);
    if same(wanted, routes(keeper, file, merged)) { Ok(()) } else { Err(not_exactly(file)) }
}

fn not_exactly(file: &str) -> Text {
    text!(
        "in {file} the change would touch more than the routes it is about; change it by hand",
        "在 {file} 中这一改动会影响到其他路由，请手工修改"
    )
}

/// The routes of one file by itself.
pub fn routes(keeper: Keeper, file: &str, bytes: &[u8]) -> Vec<SavedRoute> {
    match keeper {
        Keeper::Ifupdown => parse::ifupdown::parse(file, bytes),
        Keeper::Networkd => parse::networkd::parse(file, bytes),
        Keeper::NetworkScripts => parse::network_scripts::parse(file, bytes),
        Keeper::Netplan => parse::netplan::parse(file, bytes),
        Keeper::NetworkManager => parse::nm_keyfile::parse(file, bytes),
        Keeper::Script | Keeper::Dhcp => Vec::new(),
    }
}

/// Takes one that is the same route out of a list.
fn take(routes: &mut Vec<SavedRoute>, route: &SavedRoute) -> Option<SavedRoute> {
    let at = routes.iter().position(|other| is_same(other, route))?;
    Some(routes.remove(at))
}

/// The same routes, of which the same are active: none may come to life by what is done to its neighbours.
fn same(mut a: Vec<SavedRoute>, b: Vec<SavedRoute>) -> bool {
    let take = |a: &mut Vec<SavedRoute>, route: &SavedRoute| {
        let at = a.iter().position(|other| is_same(other, route) && other.active == route.active)?;
        Some(a.remove(at))
    };
    a.len() == b.len() && b.iter().all(|route| take(&mut a, route).is_some())
}

/// The same route, wherever it stands. Whether it is active, and its link, may be for another file to say.
fn is_same(a: &SavedRoute, b: &SavedRoute) -> bool {
    let link = a.link == b.link || a.link.is_none() || b.link.is_none();
    link && (a.destination, a.gateway, a.table, a.metric, a.kind)
        == (b.destination, b.gateway, b.table, b.metric, b.kind)
}
