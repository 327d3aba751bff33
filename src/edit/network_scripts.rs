//! Routes of route-DEV. Of numbered ones those behind a removed one move up, because the network service stops at the first gap;
//! what stands behind a gap today stays behind one.

use std::collections::BTreeSet;
use std::ops::Range;

use super::splice::{Splices, with_lines, without_lines};
use crate::host::{Family, RouteKind, SavedRoute};
use crate::parse::conf_lines::{Line, line_end, lines as lines_of};
use crate::parse::network_scripts::{Script, is_numbered, joined, link_of, number_of, parse, script as script_of};
use crate::text::{Text, text};

/// The file without `gone` and with `new`; the places of `gone` are those of `bytes`.
///
/// # Errors
/// A route does not stand at its place, or the file is more of a script than can be edited.
pub fn edit(file: &str, bytes: &[u8], gone: &[&SavedRoute], new: &[&SavedRoute]) -> Result<Vec<u8>, Text> {
    let there = parse(file, bytes);
    if let Some(route) = gone.iter().find(|route| !there.iter().any(|other| super::same_place(route, other))) {
        return Err(super::not_there(route));
    }
    let lines = lines_of(bytes);
    if is_numbered(&lines) {
        return edit_numbered(file, bytes, &lines, gone, new);
    }
    let cut: BTreeSet<usize> = joined(&lines)
        .into_iter()
        .filter(|line| gone.iter().any(|route| lines[line.lines.start].number == route.place.line))
        .flat_map(|line| line.lines)
        .collect();
    let out = without_lines(bytes, &lines, &cut);
    let family = link_of(file).map_or(Family::V4, |(_, family)| family);
    let added: Result<Vec<String>, Text> = new.iter().map(|route| words(route, family)).collect();
    let added = added?;
    if !added.is_empty() && line_end(&out) == "\r\n" {
        return Err(text!(
            "{file} has CRLF line ends, and ip(8) takes no line that ends so",
            "{file} 使用 CRLF 换行，ip 命令无法识别以此结尾的行"
        ));
    }
    Ok(with_lines(&out, &added))
}

fn words(route: &SavedRoute, family: Family) -> Result<String, Text> {
    if Family::of(route.destination.addr()) != family {
        return Err(other_family(route));
    }
    let mut words = match route.kind {
        RouteKind::Unicast => String::new(),
        kind @ (RouteKind::Blackhole | RouteKind::Unreachable | RouteKind::Prohibit) => format!("{} ", kind.word()),
        _ => return Err(super::no_such_kind(route)),
    };
    words.push_str(&route.destination.to_string());
    if let Some(gateway) = route.gateway {
        words.push_str(&format!(" via {gateway}"));
    }
    if let Some(link) = route.link.as_ref().filter(|_| route.kind == RouteKind::Unicast) {
        words.push_str(&format!(" dev {link}"));
    }
    if let Some(metric) = route.metric {
        words.push_str(&format!(" metric {metric}"));
    }
    if let Some(table) = route.table {
        words.push_str(&format!(" table {table}"));
    }
    Ok(words)
}

fn other_family(route: &SavedRoute) -> Text {
    let (destination, file) = (&route.destination, &route.place.file);
    text!("{destination} is of another address family than {file} holds", "{destination} 的地址族与 {file} 不符")
}

fn edit_numbered(
    file: &str,
    bytes: &[u8],
    lines: &[Line],
    gone: &[&SavedRoute],
    new: &[&SavedRoute],
) -> Result<Vec<u8>, Text> {
    let script = script_of(bytes, lines);
    if let Some(line) = script.beyond {
        return Err(text!(
            "{file}:{line} is more of a shell script than assignments",
            "{file}:{line} 不只是赋值，而是 shell 脚本语句"
        ));
    }
    let removed: BTreeSet<u32> = script
        .numbers()
        .into_iter()
        .filter(|number| {
            let place = script.last("ADDRESS", *number).map(|a| (a.line, a.column));
            gone.iter().any(|route| place == Some((route.place.line, route.place.column)))
        })
        .collect();
    let mut splices = Splices::default();
    for range in cuts(lines, &script, &removed) {
        splices.cut(range);
    }
    let live = script.live();
    for assignment in &script.assignments {
        let Some((base, number)) = number_of(&assignment.name) else { continue };
        let before = removed.range(..number).filter(|gone| **gone < live).count();
        if number >= live || removed.contains(&number) || before == 0 {
            continue;
        }
        // The name ends before the word's `=`; an `export` may stand before it.
        let word = &bytes[assignment.range.clone()];
        let name = word.windows(assignment.name.len()).position(|part| part == assignment.name.as_bytes());
        let Some(name) = name else { continue };
        let start = assignment.range.start + name + base.len();
        let moved = number - u32::try_from(before).unwrap_or(number);
        splices.replace(start..assignment.range.start + name + assignment.name.len(), moved.to_string());
    }
    let mut out = splices.apply(bytes);
    for route in new {
        out = with_number(file, &out, route)?;
    }
    let left = lines_of(&out);
    let speaks = !parse(file, &out).is_empty() || !script_of(&out, &left).numbers().is_empty();
    if speaks && !is_numbered(&left) {
        return Err(text!(
            "{file}: without a line that begins with ADDRESSn the network service would read what is left in its other format",
            "{file}：没有以 ADDRESSn 开头的行后，network 服务会按另一种格式读取剩余内容"
        ));
    }
    Ok(out)
}

/// What holds the words of these numbers: their lines where nothing else stands on them, else the words alone.
fn cuts(lines: &[Line], script: &Script, removed: &BTreeSet<u32>) -> Vec<Range<usize>> {
    let goes = |name: &str| number_of(name).is_some_and(|(_, number)| removed.contains(&number));
    let mut cuts = Vec::new();
    for line in lines {
        let on_line: Vec<_> = script.assignments.iter().filter(|a| a.line == line.number).collect();
        if !on_line.iter().any(|a| goes(&a.name)) {
            continue;
        }
        if on_line.iter().all(|a| goes(&a.name)) {
            cuts.push(line.range.clone());
            continue;
        }
        for (index, assignment) in on_line.iter().enumerate().filter(|(_, a)| goes(&a.name)) {
            // With what parts it from the word behind; of the last ones, from the word before.
            let kept = on_line[index..].iter().any(|later| !goes(&later.name));
            cuts.push(match (kept, on_line.get(index + 1)) {
                (true, Some(next)) => assignment.range.start..next.range.start,
                _ => {
                    on_line[..index].last().map_or(assignment.range.start, |word| word.range.end)..assignment.range.end
                }
            });
        }
    }
    cuts
}

/// At the next number, which the loop reaches.
fn with_number(file: &str, bytes: &[u8], route: &SavedRoute) -> Result<Vec<u8>, Text> {
    let lines = lines_of(bytes);
    let script = script_of(bytes, &lines);
    let number = script.live();
    let ipnet::IpNet::V4(destination) = route.destination else { return Err(other_family(route)) };
    if route.kind != RouteKind::Unicast || route.table.is_some() {
        return Err(super::no_such_kind(route));
    }
    let stray = |base: &str| script.last(base, number).is_some();
    let next = number.saturating_add(1);
    if ["NETMASK", "GATEWAY", "METRIC", "OPTIONS"].iter().any(|base| stray(base))
        || script.last("ADDRESS", next).is_some()
    {
        return Err(text!(
            "{file}: the next number is {number}, and what stands behind that gap would become active",
            "{file}：下一个编号是 {number}，填上后，原本位于空缺之后、未生效的路由会随之生效"
        ));
    }
    let mut added =
        vec![format!("ADDRESS{number}={}", destination.addr()), format!("NETMASK{number}={}", destination.netmask())];
    added.extend(route.gateway.map(|gateway| format!("GATEWAY{number}={gateway}")));
    added.extend(route.metric.map(|metric| format!("METRIC{number}={metric}")));
    Ok(with_lines(bytes, &added))
}
