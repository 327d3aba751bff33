//! /etc/network/interfaces: takes the lines of a route out, with those that unmake it, or adds a route to a stanza.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{not_there, same_place};
use crate::host::{Editable, RouteKind, SavedRoute};
use crate::parse::ifupdown::{Logical, Stanza, makings, parse, stanzas, unmakes};
use crate::text::{Text, text};

/// The file without the lines of `gone` and with lines for `new`.
///
/// # Errors
/// A route does not stand at its place, shares its line with something else, or there is no stanza for its link.
pub fn edit(file: &str, bytes: &[u8], gone: &[&SavedRoute], new: &[&SavedRoute]) -> Result<Vec<u8>, Text> {
    let stanzas = stanzas(file, bytes);
    let all = parse(file, bytes);
    let mut cuts = BTreeSet::new();
    for route in gone {
        let route = all.iter().find(|there| same_place(route, there)).ok_or_else(|| not_there(route))?;
        if let Editable::ByHand(why) | Editable::Generated(why) = &route.editable {
            let place = &route.place;
            return Err(Text { en: format!("{place}: {}", why.en), zh: format!("{place}：{}", why.zh) });
        }
        let lines = lines_of(route, &stanzas, &left(&all, gone));
        cuts.extend(lines.into_iter().map(|bytes| (bytes.start, bytes.end)));
    }
    let puts = new.iter().map(|route| lines_for(file, bytes, &stanzas, route)).collect::<Result<Vec<_>, _>>()?;
    Ok(spliced(bytes, &cuts, puts))
}

/// The routes that stay.
fn left<'a>(all: &'a [SavedRoute], gone: &[&SavedRoute]) -> Vec<&'a SavedRoute> {
    let goes = |route: &&SavedRoute| gone.iter().any(|gone| same_place(gone, route));
    all.iter().filter(|route| !goes(route)).collect()
}

/// The line of a route, and those that unmake it when its interface goes down, unless they are needed for one that stays.
fn lines_of(route: &SavedRoute, stanzas: &[Stanza], left: &[&SavedRoute]) -> Vec<Range<usize>> {
    let holds = |stanza: &Stanza, line: u32| stanza.options.iter().any(|option| option.line == line);
    let Some(own) = stanzas.iter().find(|stanza| holds(stanza, route.place.line)) else { return Vec::new() };
    let namesakes: Vec<&Stanza> = stanzas.iter().filter(|stanza| stanza.name == own.name).collect();
    let stays = |other: &&&SavedRoute| namesakes.iter().any(|stanza| holds(stanza, other.place.line));
    let staying: Vec<&SavedRoute> = left.iter().filter(stays).copied().collect();
    let goes = |making: &crate::parse::ifupdown::Making| {
        if making.makes {
            return making.option.line == route.place.line;
        }
        let undoes = |route: &SavedRoute| making.line.routes.iter().any(|twin| unmakes(twin, route));
        making.line.alone && undoes(route) && !staying.iter().any(|other| undoes(other))
    };
    let makings = namesakes.iter().flat_map(|stanza| makings(stanza));
    makings.filter(goes).map(|making| making.option.bytes.clone()).collect()
}

/// Where the lines of a new route go, and the lines: at the end of its link's stanza, as its other options are set.
fn lines_for(file: &str, bytes: &[u8], stanzas: &[Stanza], route: &SavedRoute) -> Result<(usize, Vec<String>), Text> {
    let link = route.link.as_deref().unwrap_or_default();
    let family = if route.destination.addr().is_ipv4() { "inet" } else { "inet6" };
    let own = |stanza: &&Stanza| stanza.name == link;
    let stanza = stanzas.iter().filter(own).rfind(|stanza| stanza.family == family);
    let Some(stanza) = stanza.or_else(|| stanzas.iter().rfind(own)) else {
        return Err(text!("{file} has no stanza for {link}", "{file} 中没有接口 {link} 的配置段"));
    };
    let last = stanza.options.last().unwrap_or(&stanza.head);
    let indent = stanza.options.last().map_or("    ".to_owned(), |option| blanks(bytes, option));
    let (route, ip) = (words(route), if family == "inet6" { "ip -6" } else { "ip" });
    let line = |option: &str, verb: &str, rest: &str| format!("{indent}{option} {ip} route {verb} {route}{rest}");
    Ok((last.bytes.end, vec![line("up", "add", ""), line("down", "del", " || true")]))
}

/// The indentation of a line.
fn blanks(bytes: &[u8], line: &Logical) -> String {
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
    let blanks = bytes[line.bytes.clone()].iter().take_while(blank).copied().collect();
    String::from_utf8(blanks).unwrap_or_default()
}

/// What stands behind `ip route add`.
fn words(route: &SavedRoute) -> String {
    let mut words = match route.kind {
        RouteKind::Unicast => route.destination.to_string(),
        kind => format!("{} {}", kind.word(), route.destination),
    };
    if let Some(gateway) = route.gateway {
        words += &format!(" via {gateway}");
    }
    if route.kind == RouteKind::Unicast {
        words += " dev $IFACE";
    }
    for (name, value) in [("metric", route.metric), ("table", route.table)] {
        if let Some(value) = value {
            words += &format!(" {name} {value}");
        }
    }
    words
}

/// The bytes without the cuts and with the lines put in; a file whose last line has no end keeps that.
fn spliced(bytes: &[u8], cuts: &BTreeSet<(usize, usize)>, puts: Vec<(usize, Vec<String>)>) -> Vec<u8> {
    let end: &[u8] = if bytes.windows(2).any(|pair| pair == b"\r\n") { b"\r\n" } else { b"\n" };
    let mut edited = Vec::new();
    let mut at = 0;
    let mut edges: BTreeSet<usize> = cuts.iter().map(|(start, _)| *start).collect();
    edges.extend(puts.iter().map(|(at, _)| *at));
    for edge in edges {
        edited.extend_from_slice(bytes.get(at..edge).unwrap_or_default());
        at = at.max(edge);
        for line in puts.iter().filter(|(place, _)| *place == edge).flat_map(|(_, lines)| lines) {
            let open = edge == bytes.len() && edited.last().is_some_and(|last| *last != b'\n');
            if open {
                edited.extend_from_slice(end);
            }
            edited.extend_from_slice(line.as_bytes());
            if !open {
                edited.extend_from_slice(end);
            }
        }
        if let Some((_, end)) = cuts.iter().find(|(start, _)| *start == edge) {
            at = *end;
        }
    }
    edited.extend_from_slice(bytes.get(at..).unwrap_or_default());
    edited
}
