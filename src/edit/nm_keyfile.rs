//! Routes of NetworkManager's profiles: `routeN` and its options. Numbers keep their gaps, NetworkManager does not mind.

use std::collections::BTreeSet;

use super::splice::{Splices, without_lines};
use crate::host::{Family, RouteKind, SavedRoute};
use crate::parse::conf_lines::{line_end, lines};
use crate::parse::nm_keyfile::{Entry, entries, last, parse, profile, route_number, value};
use crate::text::{Text, text};

/// The profile without `gone` and with `new`; the places of `gone` are those of `bytes`.
///
/// # Errors
/// A route does not stand at its place, or the profile does not take static routes.
pub fn edit(file: &str, bytes: &[u8], gone: &[&SavedRoute], new: &[&SavedRoute]) -> Result<Vec<u8>, Text> {
    let there = parse(file, bytes);
    let lines = lines(bytes);
    let entries = entries(&lines);
    let mut cut = BTreeSet::new();
    for route in gone {
        let entry = entries.iter().find(|entry| lines[entry.line].number == route.place.line);
        let seen = there.iter().any(|other| super::same_place(route, other));
        let Some(entry) = entry.filter(|_| seen) else { return Err(super::not_there(route)) };
        cut.extend(entries.iter().filter(|other| goes_with(other, entry, route, &entries)).map(|other| other.line));
    }
    let mut out = without_lines(bytes, &lines, &cut);
    for route in new {
        out = with(file, &out, route)?;
    }
    Ok(out)
}

/// The key wherever it stands, because an overwritten one would come to life; its options; and the same route where it is
/// overwritten today.
fn goes_with(other: &Entry, entry: &Entry, route: &SavedRoute, entries: &[Entry]) -> bool {
    if other.group != entry.group {
        return false;
    }
    let family = Family::of(route.destination.addr());
    let dead = last(entries, &other.group, &other.key).is_some_and(|last| last.line != other.line);
    let same = || {
        let value = value(&other.value, family);
        value.is_some_and(|value| (value.destination, value.gateway) == (route.destination, route.gateway))
    };
    other.key == entry.key
        || other.key == format!("{}_options", entry.key)
        || dead && route_number(&other.key).is_some() && same()
}

fn with(file: &str, bytes: &[u8], route: &SavedRoute) -> Result<Vec<u8>, Text> {
    if route.kind != RouteKind::Unicast {
        return Err(super::no_such_kind(route));
    }
    let (group, none) = match Family::of(route.destination.addr()) {
        Family::V4 => ("ipv4", "0.0.0.0"),
        Family::V6 => ("ipv6", "::"),
    };
    let lines = lines(bytes);
    let entries = entries(&lines);
    let method = last(&entries, group, "method").map(|entry| entry.value.trim_end());
    if !matches!(method, Some("auto" | "manual" | "dhcp")) {
        return Err(text!(
            "[{group}] of {file} has no method that takes static routes (auto, manual)",
            "{file} 的 [{group}] 没有可使用静态路由的 method（auto、manual）"
        ));
    }
    if !profile(bytes).autoconnect {
        return Err(text!("nothing brings up the profile {file} by itself", "配置 {file} 不会自动启用"));
    }
    let of_group = || entries.iter().filter(|entry| entry.group == group);
    let is_route = |entry: &&Entry| route_number(entry.key.trim_end_matches("_options")).is_some();
    let numbers = of_group().filter_map(|entry| route_number(entry.key.trim_end_matches("_options")).flatten());
    let number = numbers.max().map_or(1, |number| number.saturating_add(1));
    let gateway = match (route.gateway, route.metric) {
        (Some(gateway), _) => format!(",{gateway}"),
        (None, Some(_)) => format!(",{none}"),
        (None, None) => String::new(),
    };
    let metric = route.metric.map(|metric| format!(",{metric}")).unwrap_or_default();
    let mut added = vec![format!("route{number}={}{gateway}{metric}", route.destination)];
    // Where the group has a table of its own, main has to be said.
    let default = last(&entries, group, "route-table").map(|_| 254);
    added.extend(route.table.or(default).map(|table| format!("route{number}_options=table={table}")));
    let behind = of_group().rfind(is_route).or_else(|| of_group().next_back());
    let Some(behind) = behind else { return Err(super::not_there(route)) };
    let (line, end) = (&lines[behind.line], line_end(bytes));
    let mut block = String::new();
    if !bytes[line.range.clone()].ends_with(b"\n") {
        block.push_str(end);
    }
    for line in added {
        block.push_str(&line);
        block.push_str(end);
    }
    let mut splices = Splices::default();
    splices.replace(line.range.end..line.range.end, block);
    Ok(splices.apply(bytes))
}
