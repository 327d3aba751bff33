//! Static routes of NetworkManager's profiles (nm-settings-keyfile(5); NetworkManager 1.42 src/libnm-core-impl/nm-keyfile.c
//! `read_one_ip_address_or_route`; GLib gkeyfile.c).

use std::net::IpAddr;

use ipnet::IpNet;

use super::conf_lines::{Line, lines};
use crate::host::{Editable, Family, Keeper, Place, RouteKind, SavedRoute};
use crate::text::text;

/// `key=value` in a group. Groups of one name are one; of the same key the last counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub group: String,
    pub key: String,
    /// Blanks before it taken off, those behind not.
    pub value: String,
    /// An index into the lines.
    pub line: usize,
}

pub fn entries(lines: &[Line]) -> Vec<Entry> {
    let mut group = String::new();
    let mut entries = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let said = line.text.trim_start();
        if said.starts_with('#') {
            continue;
        }
        if let Some(name) = said.trim_end().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            group = name.to_owned();
        } else if let Some((key, value)) = said.split_once('=') {
            let (key, value) = (key.trim_end().to_owned(), value.trim_start().to_owned());
            entries.push(Entry { group: group.clone(), key, value, line: index });
        }
    }
    entries
}

/// What a profile says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    pub uuid: Option<String>,
    pub id: Option<String>,
    pub interface: Option<String>,
    /// It comes up without anybody asking for it; where it does not say, it does.
    pub autoconnect: bool,
}

pub fn profile(bytes: &[u8]) -> Profile {
    let entries = entries(&lines(bytes));
    let said = |key: &str| last(&entries, "connection", key).map(|entry| entry.value.trim_end().to_owned());
    Profile {
        uuid: said("uuid"),
        id: said("id"),
        interface: said("interface-name"),
        autoconnect: !matches!(said("autoconnect").as_deref(), Some("false" | "no" | "off" | "0")),
    }
}

/// The assignment that counts.
pub fn last<'a>(entries: &'a [Entry], group: &str, key: &str) -> Option<&'a Entry> {
    entries.iter().rfind(|entry| entry.group == group && entry.key == key)
}

/// The number of `routeN` and `routesN`: digits without leading zeros, or none at all.
pub fn route_number(key: &str) -> Option<Option<u32>> {
    let digits = key.strip_prefix("routes").or_else(|| key.strip_prefix("route"))?;
    if digits.is_empty() {
        return Some(None);
    }
    let plain = digits == "0" || !digits.starts_with('0') && digits.chars().all(|c| c.is_ascii_digit());
    let number: i32 = digits.parse().ok().filter(|_| plain)?;
    u32::try_from(number).ok().map(Some)
}

/// The routes of one profile. That it is not the profile its link comes up with is not said here.
pub fn parse(path: &str, bytes: &[u8]) -> Vec<SavedRoute> {
    let lines = lines(bytes);
    let entries = entries(&lines);
    let profile = profile(bytes);
    let mut routes = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let family = match &*entry.group {
            "ipv4" => Family::V4,
            "ipv6" => Family::V6,
            _ => continue,
        };
        let later = entries[index + 1..].iter().any(|other| other.group == entry.group && other.key == entry.key);
        if later || route_number(&entry.key).is_none() {
            continue;
        }
        let Some(value) = value(&entry.value, family) else { continue };
        let options = last(&entries, &entry.group, &format!("{}_options", entry.key));
        let option = |name: &str| options.and_then(|options| option_of(&options.value, name));
        let default = last(&entries, &entry.group, "route-table").map(|entry| entry.value.trim_end());
        let table = option("table").or(default).and_then(|table| table.parse::<u32>().ok());
        let line = &lines[entry.line];
        let says = [Some(entry), options].into_iter().flatten().map(|entry| format!("{}={}", entry.key, entry.value));
        routes.push(SavedRoute {
            place: Place { file: path.to_owned(), line: line.number, column: line.column() },
            keeper: Keeper::NetworkManager,
            says: says.collect::<Vec<_>>().join(" ").trim_end().to_owned(),
            destination: value.destination,
            gateway: value.gateway,
            link: profile.interface.clone(),
            table: table.filter(|table| !matches!(table, 0 | 254)),
            metric: value.metric,
            kind: option("type")
                .map_or(RouteKind::Unicast, |word| RouteKind::of_word(word).unwrap_or(RouteKind::Other)),
            active: value.valid && profile.autoconnect,
            editable: by_path(path),
        });
    }
    routes
}

fn option_of<'a>(options: &'a str, name: &str) -> Option<&'a str> {
    options
        .split(',')
        .filter_map(|option| option.split_once('='))
        .rfind(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// The value of `routeN`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    pub destination: IpNet,
    pub gateway: Option<IpAddr>,
    pub metric: Option<u32>,
    /// NetworkManager takes it; with anything more, be it a blank at the end, it drops the route.
    pub valid: bool,
}

/// `ADDRESS/LENGTH[,GATEWAY[,METRIC]]`; `/`, `;` and `,` are the same to it.
pub fn value(value: &str, family: Family) -> Option<Value> {
    let mut fields = value.split(['/', ';', ',']).peekable();
    let address: IpAddr = fields.next()?.parse().ok()?;
    if Family::of(address) != family {
        return None;
    }
    let digits = |field: &&str| !field.is_empty() && field.chars().all(|c| c.is_ascii_digit());
    let (bits, default) = if family == Family::V4 { (32, 24) } else { (128, 128) };
    let length = fields.next_if(digits).map_or(Some(default), |length| length.parse().ok());
    let length = length.filter(|length| *length <= bits).unwrap_or(default);
    let mut valid = true;
    let gateway = fields.next().filter(|gateway| !gateway.is_empty());
    let via = gateway.map(str::parse::<IpAddr>);
    valid &= via.as_ref().is_none_or(|via| via.as_ref().is_ok_and(|via| Family::of(*via) == family));
    let metric = fields.next().filter(|metric| !metric.is_empty()).map(str::parse::<u32>);
    valid &= !matches!(metric, Some(Err(_))) && fields.all(str::is_empty);
    Some(Value {
        destination: IpNet::new(address, length).ok()?.trunc(),
        gateway: gateway
            .and_then(|gateway| gateway.trim_end().parse().ok())
            .filter(|via: &IpAddr| !via.is_unspecified()),
        metric: metric.and_then(Result::ok),
        valid,
    })
}

/// Whether a profile may be touched at all.
pub fn by_path(path: &str) -> Editable {
    let name = path.rsplit('/').next().unwrap_or_default();
    if path.starts_with("/run/") && name.starts_with("netplan-") {
        return Editable::Generated(text!(
            "netplan writes {path} anew at each boot; its source is in /etc/netplan",
            "{path} 由 netplan 在每次启动时重新生成，其来源在 /etc/netplan"
        ));
    }
    if path.starts_with("/run/") {
        return Editable::Generated(text!(
            "{path} does not outlive a boot; the program that wrote it will write it again",
            "{path} 重启后即消失，会由生成它的程序重新写出"
        ));
    }
    if path.starts_with("/etc/") {
        return Editable::Yes;
    }
    Editable::ByHand(text!(
        "{path} comes with a package and an upgrade brings it back; a file of the same name in /etc/NetworkManager/system-connections hides it",
        "{path} 由软件包提供，升级后会恢复；可在 /etc/NetworkManager/system-connections 放置同名文件将其屏蔽"
    ))
}

#[cfg(test)]
mod tests;
