//! Routes of .network files: whole `[Route]` sections go and come.

use std::collections::BTreeSet;

use super::splice::{with_lines, without_lines};
use crate::host::{RouteKind, SavedRoute};
use crate::parse::conf_lines::{Line, lines};
use crate::parse::networkd::{Section, parse, sections};
use crate::text::{Text, text};

/// The file without `gone` and with `new`; the places of `gone` are those of `bytes`.
///
/// # Errors
/// A route does not stand at its place, or the file cannot hold a new one.
pub fn edit(file: &str, bytes: &[u8], gone: &[&SavedRoute], new: &[&SavedRoute]) -> Result<Vec<u8>, Text> {
    let lines = lines(bytes);
    let sections = sections(&lines);
    let there = parse(file, bytes);
    let mut cut = BTreeSet::new();
    for route in gone {
        if !there.iter().any(|other| super::same_place(route, other)) {
            return Err(super::not_there(route));
        }
        let section = sections
            .iter()
            .find(|section| lines.get(section.lines.start).is_some_and(|header| header.number == route.place.line));
        let Some(section) = section else { return Err(super::not_there(route)) };
        cut.extend(lines_of(&lines, section));
    }
    // What was cut off the end leaves no blank lines there.
    if cut.contains(&lines.len().saturating_sub(1)) {
        let kept = (0..lines.len()).rev().find(|index| !cut.contains(index) && !lines[*index].is_blank());
        cut.extend(kept.map_or(0, |kept| kept + 1)..lines.len());
    }
    let mut out = without_lines(bytes, &lines, &cut);
    for route in new {
        out = with_lines(&out, &section_of(file, &out, route)?);
    }
    Ok(out)
}

/// The section's lines with the comments inside and the blank lines behind. Comments behind its last setting are about what
/// follows.
fn lines_of<'a>(lines: &'a [Line], section: &Section) -> impl Iterator<Item = usize> + use<'a> {
    let (start, said, end) = (section.lines.start, section.said, section.lines.end);
    let blank = lines[said..end].iter().take_while(|line| line.is_blank()).count();
    start..said + blank
}

fn section_of(file: &str, bytes: &[u8], route: &SavedRoute) -> Result<Vec<String>, Text> {
    let mut added = Vec::new();
    let said = lines(bytes);
    if !said.iter().all(Line::is_blank) {
        if said.last().is_some_and(|line| !line.is_blank()) {
            added.push(String::new());
        }
    } else if file.ends_with(".network") {
        let Some(link) = &route.link else {
            return Err(text!("which link {file} is about is not said", "没有说明 {file} 对应哪个网络接口"));
        };
        added.extend(["[Match]".to_owned(), format!("Name={link}"), String::new()]);
    }
    added.extend(["[Route]".to_owned(), format!("Destination={}", route.destination)]);
    added.extend(route.gateway.map(|gateway| format!("Gateway={gateway}")));
    added.extend(route.metric.map(|metric| format!("Metric={metric}")));
    added.extend(route.table.map(|table| format!("Table={table}")));
    match route.kind {
        RouteKind::Unicast => {}
        kind @ (RouteKind::Blackhole | RouteKind::Unreachable | RouteKind::Prohibit) => {
            added.push(format!("Type={}", kind.word()));
        }
        _ => return Err(super::no_such_kind(route)),
    }
    Ok(added)
}
