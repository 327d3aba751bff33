//! Sysctls that files set at boot: sysctl.d(5) (systemd v252 src/sysctl/sysctl.c), ufw's own file, and what systemd-networkd turns on.

use std::collections::BTreeMap;

use super::conf_lines::{Line, lines};
use super::networkd::sections;
use crate::host::{Place, SavedSysctl, SysctlKeeper};

/// A line of sysctl.d.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// An index into the lines.
    pub line: usize,
    /// With dots; a slash for a dot inside a link's name.
    pub key: String,
    /// None: the key is kept out of what globs set.
    pub value: Option<String>,
}

pub fn settings(lines: &[Line]) -> Vec<Setting> {
    let mut settings = Vec::new();
    for (line, said) in lines.iter().enumerate() {
        let said = said.text.trim();
        if said.is_empty() || said.starts_with(['#', ';']) {
            continue;
        }
        let (ignores, said) = said.strip_prefix('-').map_or((false, said), |rest| (true, rest));
        let (key, value) = match said.split_once('=') {
            Some((key, value)) => (key.trim(), Some(value.trim().to_owned())),
            None if ignores => (said.trim(), None),
            None => continue,
        };
        settings.push(Setting { line, key: dotted(key), value });
    }
    settings
}

/// The first separator decides which of `.` and `/` separates.
pub fn dotted(key: &str) -> String {
    if key.find(['.', '/']).is_none_or(|at| key[at..].starts_with('.')) {
        return key.to_owned();
    }
    key.chars()
        .map(|c| match c {
            '/' => '.',
            '.' => '/',
            other => other,
        })
        .collect()
}

/// The files that count, in the order in which they are read: by name over all directories; of one name the strongest directory's.
pub fn acting(paths: &[String]) -> Vec<String> {
    const STRONG_FIRST: [&str; 5] = ["/etc/", "/run/", "/usr/local/lib/", "/usr/lib/", "/lib/"];
    let rank = |path: &str| STRONG_FIRST.iter().position(|top| path.starts_with(top)).unwrap_or(STRONG_FIRST.len());
    let mut by_name: BTreeMap<&str, &String> = BTreeMap::new();
    for path in paths.iter().filter(|path| path.ends_with(".conf")) {
        let strongest = by_name.entry(path.rsplit('/').next().unwrap_or_default()).or_insert(path);
        if rank(path) < rank(strongest) {
            *strongest = path;
        }
    }
    by_name.into_values().cloned().collect()
}

/// What one file sets, in its order.
pub fn read(path: &str, bytes: &[u8], keeper: SysctlKeeper) -> Vec<SavedSysctl> {
    let lines = lines(bytes);
    let saved = |setting: Setting| {
        let line = &lines[setting.line];
        let place = Place { file: path.to_owned(), line: line.number, column: line.column() };
        SavedSysctl { place, keeper, key: setting.key, value: setting.value }
    };
    settings(&lines).into_iter().map(saved).collect()
}

/// What a .network file, one of its drop-ins or networkd.conf turns on for the whole host. systemd-networkd never turns it off.
pub fn of_networkd(path: &str, bytes: &[u8]) -> Vec<SavedSysctl> {
    let lines = lines(bytes);
    let mut saved = Vec::new();
    for section in sections(&lines).iter().filter(|section| section.name == "Network") {
        let line = &lines[section.lines.start];
        let place = Place { file: path.to_owned(), line: line.number, column: line.column() };
        let said = |name: &str| section.last(name).unwrap_or_default();
        let whole = path.ends_with("networkd.conf") || path.contains("/networkd.conf.d/");
        let v4 = matches!(said("IPForward"), "ipv4")
            || yes(said("IPForward"))
            || matches!(said("IPMasquerade"), "ipv4" | "both")
            || yes(said("IPMasquerade"))
            || whole && yes(said("IPv4Forwarding"));
        let v6 = matches!(said("IPForward"), "ipv6")
            || yes(said("IPForward"))
            || matches!(said("IPMasquerade"), "ipv6" | "both")
            || whole && yes(said("IPv6Forwarding"));
        for key in
            [v4.then_some("net.ipv4.ip_forward"), v6.then_some("net.ipv6.conf.all.forwarding")].into_iter().flatten()
        {
            let (place, value) = (place.clone(), Some("1".to_owned()));
            saved.push(SavedSysctl { place, keeper: SysctlKeeper::Networkd, key: key.to_owned(), value });
        }
    }
    saved
}

fn yes(value: &str) -> bool {
    ["1", "yes", "y", "true", "t", "on"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(u32, String, Option<String>)> {
        let saved = read("/etc/sysctl.d/x.conf", text.as_bytes(), SysctlKeeper::Sysctl);
        saved.into_iter().map(|one| (one.place.line, one.key, one.value)).collect()
    }

    #[test]
    fn separators_signs_and_carriage_returns() {
        let found = told(
            "# net.ipv4.ip_forward=0\n net.ipv4.ip_forward\t=\t1\r\nnet/ipv4/conf/eth0.100/rp_filter = 2\n\
             -net.ipv4.conf.eth0/100.forwarding=1\n-net.ipv4.conf.docker0.forwarding\nnet.ipv4.conf.*.forwarding=0 ; x\nno sign\n",
        );
        let row = |line, key: &str, value: Option<&str>| (line, key.to_owned(), value.map(str::to_owned));
        assert_eq!(
            found,
            [
                row(2, "net.ipv4.ip_forward", Some("1")),
                row(3, "net.ipv4.conf.eth0/100.rp_filter", Some("2")),
                row(4, "net.ipv4.conf.eth0/100.forwarding", Some("1")),
                row(5, "net.ipv4.conf.docker0.forwarding", None),
                row(6, "net.ipv4.conf.*.forwarding", Some("0 ; x")),
            ]
        );
    }

    #[test]
    fn names_over_all_directories_the_strongest_of_each() {
        let paths = [
            "/usr/lib/sysctl.d/50-default.conf",
            "/etc/sysctl.d/99-sysctl.conf",
            "/run/sysctl.d/60-x.conf",
            "/usr/lib/sysctl.d/60-x.conf",
            "/etc/sysctl.d/README",
            "/etc/sysctl.d/60-x.conf",
        ];
        let found = acting(&paths.map(str::to_owned));
        assert_eq!(
            found,
            ["/usr/lib/sysctl.d/50-default.conf", "/etc/sysctl.d/60-x.conf", "/etc/sysctl.d/99-sysctl.conf"]
        );
    }

    #[test]
    fn what_networkd_turns_on() {
        let keys = |text: &str| -> Vec<String> {
            of_networkd("/etc/systemd/network/a.network", text.as_bytes()).into_iter().map(|one| one.key).collect()
        };
        assert_eq!(keys("[Network]\nIPForward=ipv4\n"), ["net.ipv4.ip_forward"]);
        assert_eq!(keys("[Network]\nIPForward=yes\n"), ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"]);
        assert_eq!(keys("[Network]\nIPMasquerade=ipv4\n"), ["net.ipv4.ip_forward"]);
        assert!(keys("[Network]\nIPForward=no\nIPv4Forwarding=yes\n").is_empty());
    }
}
