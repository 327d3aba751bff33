//! `[Match]` of a .network file: whether it is about a link (systemd.network(5)).

use super::sections;
use crate::parse::conf_lines::lines;

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
    let fits = values.split_whitespace().any(|glob| names.iter().any(|name| fnmatch(glob, name)));
    fits != turned
}

/// fnmatch(3) without flags.
pub fn fnmatch(glob: &str, name: &str) -> bool {
    let glob: Vec<char> = glob.chars().collect();
    let name: Vec<char> = name.chars().collect();
    glob_from(&glob, &name)
}

fn glob_from(glob: &[char], name: &[char]) -> bool {
    match glob {
        [] => name.is_empty(),
        ['*', rest @ ..] => (0..=name.len()).any(|skipped| glob_from(rest, &name[skipped..])),
        ['?', rest @ ..] => !name.is_empty() && glob_from(rest, &name[1..]),
        ['[', rest @ ..] => match (class(rest), name) {
            (Some((set, rest)), [c, others @ ..]) => in_class(set, *c) && glob_from(rest, others),
            (None, ['[', others @ ..]) => glob_from(rest, others),
            _ => false,
        },
        ['\\', c, rest @ ..] | [c, rest @ ..] => name.first() == Some(c) && glob_from(rest, &name[1..]),
    }
}

/// What stands between `[` and its `]`, and what follows.
fn class(rest: &[char]) -> Option<(&[char], &[char])> {
    // A `]` that comes first belongs to the set.
    let skip = usize::from(matches!(rest.first(), Some('!' | '^'))) + 1;
    let end = skip + rest.get(skip..)?.iter().position(|c| *c == ']')?;
    Some((&rest[..end], &rest[end + 1..]))
}

fn in_class(set: &[char], c: char) -> bool {
    let (turned, set) = match set {
        ['!' | '^', rest @ ..] => (true, rest),
        _ => (false, set),
    };
    let mut found = false;
    let mut at = 0;
    while let Some(low) = set.get(at) {
        if let (Some('-'), Some(high)) = (set.get(at + 1), set.get(at + 2)) {
            found |= (*low..=*high).contains(&c);
            at += 3;
        } else {
            found |= *low == c;
            at += 1;
        }
    }
    found != turned
}
