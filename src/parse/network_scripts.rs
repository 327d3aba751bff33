//! Static routes of the `network` service: route-DEV and route6-DEV below /etc/sysconfig/network-scripts, either lines of words for
//! `ip route add`, or shell assignments ADDRESSn, NETMASKn, GATEWAYn (initscripts 10 network-scripts/ifup-routes).

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use ipnet::{IpNet, Ipv4Net};

use super::conf_lines::{Line, lines};
use super::ip_route_args::{self, mask_length, prefix};
use crate::host::{Editable, Family, Keeper, Place, RouteKind, SavedRoute};
use crate::text::text;

mod numbered;
pub use numbered::{Script, number_of, script};

/// Which of the two a file is: one line that assigns an ADDRESSn, and the whole file is given to the shell.
pub fn is_numbered(lines: &[Line]) -> bool {
    lines.iter().any(|line| {
        let rest = line.text.trim_start().strip_prefix("ADDRESS");
        let digits = rest.map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
        matches!((rest, digits), (Some(rest), Some(after)) if after.len() < rest.len() && after.starts_with('='))
    })
}

/// The link behind `route-` or `route6-`, and the family; of an alias (`eth0:1`) its link.
pub fn link_of(path: &str) -> Option<(&str, Family)> {
    let name = path.rsplit('/').next()?;
    let (link, family) = match name.strip_prefix("route6-") {
        Some(link) => (link, Family::V6),
        None => (name.strip_prefix("route-")?, Family::V4),
    };
    Some((link.split(':').next()?, family))
}

/// The routes of one file. That no ifcfg-DEV is there to bring the link up is not said here.
pub fn parse(path: &str, bytes: &[u8]) -> Vec<SavedRoute> {
    let Some((link, family)) = link_of(path) else { return Vec::new() };
    let lines = lines(bytes);
    if is_numbered(&lines) { numbered_routes(path, bytes, &lines, link) } else { worded(path, &lines, link, family) }
}

/// A line as `read` of the shell joins it, and the lines that it takes, as indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    pub lines: Range<usize>,
    pub text: String,
}

/// A backslash at the end of a line goes with the line end, in a comment too; before any other character it goes alone.
pub fn joined(lines: &[Line]) -> Vec<Joined> {
    let mut all = Vec::new();
    let (mut text, mut start) = (String::new(), 0);
    for (index, line) in lines.iter().enumerate() {
        let mut escaped = false;
        for c in line.text.chars() {
            if c == '\\' && !escaped {
                escaped = true;
            } else {
                text.push(c);
                escaped = false;
            }
        }
        if line.carriage_return {
            // The backslash was before it, not before the line end.
            text.push('\r');
            escaped = false;
        }
        if !escaped {
            all.push(Joined { lines: start..index + 1, text: std::mem::take(&mut text) });
            start = index + 1;
        }
    }
    if start < lines.len() {
        all.push(Joined { lines: start..lines.len(), text });
    }
    all
}

fn worded(path: &str, lines: &[Line], link: &str, family: Family) -> Vec<SavedRoute> {
    let mut routes = Vec::new();
    for line in joined(lines) {
        let says = line.text.trim_matches([' ', '\t']);
        if says.is_empty() || says.starts_with('#') {
            continue;
        }
        let words: Vec<&str> = says.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        let Some(args) = ip_route_args::read(&words, family) else { continue };
        let first = &lines[line.lines.start];
        let editable = match args.multipath {
            true => Editable::ByHand(text!("the route has several next hops", "该路由有多个下一跳")),
            false => Editable::Yes,
        };
        // The kernel takes no link-local next hop without its link.
        let local = matches!(args.gateway, Some(IpAddr::V6(via)) if via.is_unicast_link_local()) && args.link.is_none();
        let link = args.link.as_deref().unwrap_or(link).trim_end_matches('\r').to_owned();
        routes.push(SavedRoute {
            place: Place { file: path.to_owned(), line: first.number, column: first.column() },
            keeper: Keeper::NetworkScripts,
            says: says.trim_end().to_owned(),
            destination: args.destination,
            gateway: args.gateway,
            link: Some(link),
            table: args.table,
            metric: args.metric,
            kind: args.kind,
            active: args.valid && !local && !line.text.ends_with('\r'),
            editable,
        });
    }
    routes
}

fn numbered_routes(path: &str, bytes: &[u8], lines: &[Line], link: &str) -> Vec<SavedRoute> {
    let script = script(bytes, lines);
    let editable = match script.beyond {
        Some(line) => Editable::ByHand(text!(
            "{path}:{line} is more of a shell script than assignments",
            "{path}:{line} 不只是赋值，而是 shell 脚本语句"
        )),
        None => Editable::Yes,
    };
    let live = script.live();
    let mut routes = Vec::new();
    for number in script.numbers() {
        let last = |name: &str| script.last(name, number).map(|found| &*found.value);
        let Some(assignment) = script.last("ADDRESS", number) else { continue };
        let gateway = last("GATEWAY").filter(|value| !value.is_empty());
        let via = gateway.map(str::parse::<IpAddr>);
        let Some(destination) = destination(&assignment.value, last("NETMASK")) else { continue };
        let says = ["ADDRESS", "NETMASK", "GATEWAY", "METRIC"]
            .iter()
            .filter_map(|name| last(name).map(|value| format!("{name}{number}={}", value.trim_end())));
        let clean = |value: Option<&str>| value.is_none_or(|value| !value.contains(char::is_whitespace));
        let valid = !matches!(via, Some(Err(_))) && clean(Some(&*assignment.value)) && clean(last("NETMASK"));
        routes.push(SavedRoute {
            place: Place { file: path.to_owned(), line: assignment.line, column: assignment.column },
            keeper: Keeper::NetworkScripts,
            says: says.collect::<Vec<_>>().join(" "),
            destination,
            gateway: gateway.and_then(|gateway| gateway.trim_end().parse().ok()),
            link: Some(link.to_owned()),
            table: None,
            metric: last("METRIC").and_then(|value| value.trim_end().parse().ok()),
            kind: RouteKind::Unicast,
            active: valid && number < live,
            editable: editable.clone(),
        });
    }
    routes
}

/// As `ipcalc -p` makes it: without a netmask that of the address's class.
fn destination(address: &str, netmask: Option<&str>) -> Option<IpNet> {
    let address = address.trim_end();
    if address.contains('/') {
        return prefix(address, Family::V4);
    }
    let address: Ipv4Addr = address.parse().ok()?;
    let length = match netmask.map(str::trim_end).filter(|mask| !mask.is_empty()) {
        Some(mask) if mask.contains('.') => mask_length(mask.parse().ok()?)?,
        Some(length) => length.parse().ok()?,
        None => match address.octets()[0] {
            0..128 => 8,
            128..192 => 16,
            _ => 24,
        },
    };
    Some(IpNet::V4(Ipv4Net::new(address, length).ok()?.trunc()))
}

/// Whether the network service reads a route file at boot: an ifcfg file of that name, or about that device, is there and does
/// not say ONBOOT=no. `ifcfgs`: all files named ifcfg-… with their bytes.
pub fn read_at_boot(path: &str, ifcfgs: &[(String, Vec<u8>)]) -> bool {
    let Some(name) = path.rsplit('/').next().and_then(|name| name.split_once('-')).map(|(_, name)| name) else {
        return false;
    };
    const PASSED_OVER: [&str; 7] = ["~", ".bak", ".old", ".orig", ".rpmnew", ".rpmorig", ".rpmsave"];
    ifcfgs.iter().any(|(file, bytes)| {
        let nick = file.rsplit('/').next().and_then(|file| file.strip_prefix("ifcfg-")).unwrap_or_default();
        if PASSED_OVER.iter().any(|end| nick.ends_with(end)) {
            return false;
        }
        let lines = lines(bytes);
        let script = script(bytes, &lines);
        let device = script.variable("DEVICE");
        let on_boot = script.variable("ONBOOT").is_none_or(|value| !value.eq_ignore_ascii_case("no"));
        (nick == name || device == Some(name)) && on_boot
    })
}

#[cfg(test)]
mod tests;
