//! `[Match]` of a .network file: whether it is about a link (systemd.network(5)).

use super::sections;
use crate::parse::conf_lines::lines;
use crate::parse::glob;

/// What a link is known by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The kernel's name first, then its alternative names.
    pub names: Vec<String>,
    /// Six bytes in hexadecimal with colons; none where it was not seen.
    pub mac: Option<String>,
    /// The kernel module that drives it; none where it was not seen.
    pub driver: Option<String>,
}

/// Whether a file is about a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matches {
    No,
    /// It asks for something that is not known of the link.
    Unknown,
    Yes,
}

/// Whether the file's `[Match]` fits; one without any setting fits every link.
pub fn matches(bytes: &[u8], link: &Names) -> Matches {
    let lines = lines(bytes);
    let sections = sections(&lines);
    let settings = sections.iter().filter(|section| section.name == "Match").flat_map(|section| &section.entries);
    // Assignments of lists add up, an empty one takes back those before it.
    let mut wanted: Vec<(&str, String)> = Vec::new();
    for (key, value) in settings {
        if value.is_empty() {
            wanted.retain(|(other, _)| other != key);
            continue;
        }
        match wanted.iter_mut().find(|(other, _)| other == key) {
            Some((_, values)) => *values = format!("{values} {value}"),
            None => wanted.push((key, value.clone())),
        }
    }
    wanted.iter().map(|(key, values)| fits(key, values, link)).min().unwrap_or(Matches::Yes)
}

fn fits(key: &str, values: &str, link: &Names) -> Matches {
    match key {
        "Name" => said(any_glob(values, &link.names)),
        "MACAddress" | "PermanentMACAddress" => match &link.mac {
            Some(mac) => said(values.split_whitespace().any(|value| plain_mac(value) == plain_mac(mac))),
            None => Matches::Unknown,
        },
        "Driver" => match &link.driver {
            Some(driver) => said(any_glob(values, std::slice::from_ref(driver))),
            None => Matches::Unknown,
        },
        _ => Matches::Unknown,
    }
}

fn said(yes: bool) -> Matches {
    if yes { Matches::Yes } else { Matches::No }
}

fn plain_mac(mac: &str) -> String {
    mac.chars().filter(char::is_ascii_hexdigit).map(|c| c.to_ascii_lowercase()).collect()
}

/// Globs between blanks; behind a leading `!` those that must not fit.
fn any_glob(values: &str, names: &[String]) -> bool {
    let (turned, values) = match values.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, values),
    };
    let fits = values.split_whitespace().any(|glob| names.iter().any(|name| glob::fits(glob, name)));
    fits != turned
}
