//! Routes of systemd-networkd: `[Route]` of .network files and their drop-ins (systemd.network(5), systemd.syntax(7);
//! systemd v252 src/shared/conf-parser.c, src/network/networkd-route.c).

use std::net::IpAddr;
use std::ops::Range;

use ipnet::IpNet;

use super::conf_lines::{Line, lines};
use super::ip_route_args::table_number;
use crate::host::{Editable, Keeper, Place, RouteKind, SavedRoute};
use crate::text::text;

mod matching;
pub use matching::{Matches, Names, matches};

/// `[Name]` and what stands below it, up to the next header.
#[derive(Clone, Debug, Default)]
pub struct Section {
    pub name: String,
    /// Lines from the header up to the next, as indices.
    pub lines: Range<usize>,
    /// One behind the last of them that says something.
    pub said: usize,
    /// In order; of the same name the last counts.
    pub entries: Vec<(String, String)>,
}

impl Section {
    pub fn last(&self, name: &str) -> Option<&str> {
        self.entries.iter().rfind(|(key, _)| key == name).map(|(_, value)| &**value)
    }
}

/// The sections of a file. Comments end a line nowhere: behind a value they belong to it.
pub fn sections(lines: &[Line]) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut joined = String::new();
    let mut first = None;
    for (index, line) in lines.iter().enumerate() {
        if line.starts_with(&['#', ';']) {
            continue;
        }
        let start = *first.get_or_insert(index);
        joined.push_str(&line.text);
        let backslashes = joined.chars().rev().take_while(|c| *c == '\\').count();
        if backslashes % 2 == 1 && index + 1 < lines.len() {
            // The backslash and the line end together are one blank.
            joined.pop();
            joined.push(' ');
            continue;
        }
        let said = std::mem::take(&mut joined);
        first = None;
        finish(said.trim(), start..index + 1, &mut sections);
    }
    if let (Some(start), said) = (first, joined.trim()) {
        finish(said, start..lines.len(), &mut sections);
    }
    if let Some(last) = sections.last_mut() {
        last.lines.end = lines.len();
    }
    sections
}

fn finish(said: &str, at: Range<usize>, sections: &mut Vec<Section>) {
    if said.is_empty() {
        return;
    }
    if let Some(name) = said.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        if let Some(last) = sections.last_mut() {
            last.lines.end = at.start;
        }
        let name = name.to_owned();
        sections.push(Section { name, said: at.end, lines: at, entries: Vec::new() });
        return;
    }
    let Some(section) = sections.last_mut() else { return };
    section.said = at.end;
    if let Some((key, value)) = said.split_once('=') {
        section.entries.push((key.trim().to_owned(), value.trim().to_owned()));
    }
}

/// The routes of one file, a drop-in or not. That another file wins, or that it matches no link, is not said here.
pub fn parse(path: &str, bytes: &[u8]) -> Vec<SavedRoute> {
    let lines = lines(bytes);
    let sections = sections(&lines);
    let names: Vec<&str> = sections.iter().filter(|s| s.name == "Match").filter_map(|s| s.last("Name")).collect();
    let link = match names[..] {
        [name] if !name.contains(['*', '?', '[', '!', ' ', '\t']) => Some(name.to_owned()),
        _ => None,
    };
    sections
        .iter()
        .filter(|section| section.name == "Route")
        .filter_map(|section| route(path, &lines, section, link.as_deref()))
        .collect()
}

fn route(path: &str, lines: &[Line], section: &Section, link: Option<&str>) -> Option<SavedRoute> {
    let header = &lines[section.lines.start];
    // One value that does not parse takes the whole section with it.
    let mut valid = true;
    let gateways = section.entries.iter().filter(|(key, _)| key == "Gateway");
    let mut gateway = None;
    for (_, value) in gateways {
        gateway = value.parse::<IpAddr>().ok();
        valid &= gateway.is_some() || matches!(&**value, "_dhcp4" | "_dhcp" | "_ipv6ra");
    }
    let destination = match section.last("Destination") {
        Some(value) => prefix(value)?,
        None => {
            let all = if gateway?.is_ipv4() { "0.0.0.0/0" } else { "::/0" };
            all.parse().ok()?
        }
    };
    valid &= section.entries.iter().filter(|(key, _)| key == "Destination").all(|(_, value)| prefix(value).is_some());
    let metric = section.last("Metric").map(str::parse::<u32>);
    valid &= !matches!(metric, Some(Err(_)));
    let table = section.last("Table").map(table_number);
    let kind = section.last("Type").map_or(Some(RouteKind::Unicast), |word| match word {
        "xresolve" => Some(RouteKind::Other),
        word => RouteKind::of_word(word),
    });
    valid &= kind.is_some();
    let says: Vec<String> = section.entries.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut editable = by_path(path);
    if editable == Editable::Yes && table == Some(None) {
        let name = section.last("Table").unwrap_or_default();
        editable = Editable::ByHand(text!(
            "its table {name} is a name, and which number that is stands elsewhere",
            "路由表 {name} 是个名称，其编号定义在别处"
        ));
    }
    if editable == Editable::Yes && section.last("MultiPathRoute").is_some() {
        editable = Editable::ByHand(text!("the route has several next hops", "该路由有多个下一跳"));
    }
    Some(SavedRoute {
        place: Place { file: path.to_owned(), line: header.number, column: header.column() },
        keeper: Keeper::Networkd,
        says: format!("[Route] {}", says.join(" ")).trim_end().to_owned(),
        destination,
        gateway,
        link: link.map(str::to_owned),
        table: table.flatten().filter(|table| *table != 254),
        metric: metric.and_then(Result::ok),
        kind: kind.unwrap_or(RouteKind::Other),
        active: valid,
        editable,
    })
}

/// `ADDRESS[/LENGTH]`; no netmask, no abbreviation.
fn prefix(value: &str) -> Option<IpNet> {
    match value.parse::<IpNet>() {
        Ok(prefix) => Some(prefix.trunc()),
        Err(_) => value.parse::<IpAddr>().ok().map(IpNet::from),
    }
}

/// What a .network file may be touched at all.
pub fn by_path(path: &str) -> Editable {
    let name = path.strip_prefix("/run/systemd/network/");
    match name {
        Some(name) if name.contains("-netplan-") => Editable::Generated(text!(
            "netplan writes {path} anew at each boot; its source is in /etc/netplan",
            "{path} 由 netplan 在每次启动时重新生成，其来源在 /etc/netplan"
        )),
        Some(_) => Editable::Generated(text!(
            "{path} is written anew at each boot by a program (the kernel command line ip=, an image's agent); a file of the same name in /etc/systemd/network hides it",
            "{path} 由程序在每次启动时重新生成（如内核参数 ip= 或镜像代理）；可在 /etc/systemd/network 放置同名文件将其屏蔽"
        )),
        None if path.starts_with("/etc/") => Editable::Yes,
        None => Editable::ByHand(text!(
            "{path} comes with a package and an upgrade brings it back; a file of the same name in /etc/systemd/network hides it",
            "{path} 由软件包提供，升级后会恢复；可在 /etc/systemd/network 放置同名文件将其屏蔽"
        )),
    }
}

#[cfg(test)]
mod tests;
