//! The engine's command line → flags by their long names.

use crate::host::DaemonFlag;

use super::placed::Word;
use super::secret;

/// Flags that take no value unless it is joined by `=` (dockerd reference; also Red Hat's of 1.13, and removed ones).
const BOOLEAN: &[&str] = &[
    "allow-direct-routing",
    "api-enable-cors",
    "confirm-def-push",
    "daemon",
    "debug",
    "disable-legacy-registry",
    "experimental",
    "help",
    "icc",
    "init",
    "ip-forward",
    "ip-forward-no-drop",
    "ip-masq",
    "ip6tables",
    "iptables",
    "ipv6",
    "live-restore",
    "no-new-privileges",
    "raw-logs",
    "restart",
    "rootless",
    "selinux-enabled",
    "signature-verification",
    "tls",
    "tlsverify",
    "userland-proxy",
    "validate",
    "version",
];

/// Short flags and what they stand for; `-d`, `-g` and `-r` until 23.0.
const SHORT: &[(char, &str)] = &[
    ('D', "debug"),
    ('G', "group"),
    ('H', "host"),
    ('b', "bridge"),
    ('d', "daemon"),
    ('g', "graph"),
    ('h', "help"),
    ('l', "log-level"),
    ('p', "pidfile"),
    ('r', "restart"),
    ('s', "storage-driver"),
    ('v', "version"),
];

/// A command line, word by word.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    Flag(DaemonFlag),
    /// What is no flag: the program's subcommand, a variable that was not expanded.
    Other(Word),
}

/// The flags in the words behind the program (spf13/pflag's rules). The subcommand `daemon` and the old `-d` are no flags.
pub fn flags(words: &[Word]) -> Vec<DaemonFlag> {
    items(words)
        .into_iter()
        .filter_map(|item| match item {
            Item::Flag(flag) if flag.name != "daemon" => Some(flag),
            _ => None,
        })
        .collect()
}

/// Every word behind the program: flags with their values, and the rest.
pub fn items(words: &[Word]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut left = words.iter().peekable();
    while let Some(word) = left.next() {
        let text = word.text.as_str();
        if text == "--" {
            break;
        }
        if let Some(long) = text.strip_prefix("--") {
            let (name, joined) = split_value(long);
            let value = joined.or_else(|| {
                let follows = left.peek().is_some_and(|next| takes_next(name, &next.text));
                if follows { left.next().map(|next| next.text.clone()) } else { None }
            });
            items.push(Item::Flag(flag(name, value, word)));
        } else if let Some(short) = text.strip_prefix('-').filter(|short| !short.is_empty()) {
            short_flags(short, word, &mut left, &mut items);
        } else {
            items.push(Item::Other(word.clone()));
        }
    }
    items
}

/// `-Dbbr0`: boolean flags may stand together; the first that takes a value takes the rest of the word, or the next one.
fn short_flags<'a>(
    short: &str,
    word: &Word,
    left: &mut std::iter::Peekable<impl Iterator<Item = &'a Word>>,
    items: &mut Vec<Item>,
) {
    for (at, letter) in short.char_indices() {
        let name = SHORT.iter().find(|(c, _)| *c == letter).map(|(_, name)| *name);
        let rest = &short[at + letter.len_utf8()..];
        if name.is_some_and(|name| BOOLEAN.contains(&name)) && !rest.starts_with('=') {
            items.extend(name.map(|name| Item::Flag(flag(name, None, word))));
            continue;
        }
        let value = match rest.strip_prefix('=').unwrap_or(rest) {
            "" => left.next().map(|next| next.text.clone()),
            joined => Some(joined.to_owned()),
        };
        items.push(match name {
            Some(name) => Item::Flag(flag(name, value, word)),
            None => Item::Flag(flag(&letter.to_string(), value, word)),
        });
        return;
    }
}

fn split_value(long: &str) -> (&str, Option<String>) {
    match long.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (long, None),
    }
}

/// The next word is this flag's value. Of a flag that is not known, only what does not look like a flag.
fn takes_next(name: &str, next: &str) -> bool {
    !BOOLEAN.contains(&name) && (secret::known_option(name) || !next.starts_with('-'))
}

fn flag(name: &str, value: Option<String>, word: &Word) -> DaemonFlag {
    let shown = |value: &String| {
        let harmless = secret::harmless_flag(name)
            || BOOLEAN.contains(&name)
            || (name == "default-network-opt" && value.contains("=com.docker.network."));
        harmless && secret::harmless_value(value)
    };
    let withheld = value.as_ref().is_some_and(|value| !shown(value));
    // A flag that no engine knows may be a secret that slipped out of its quotes.
    let name = if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') { name } else { "?" };
    DaemonFlag { name: name.to_owned(), value: value.filter(shown), withheld, place: word.place.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(line: &[&str]) -> Vec<String> {
        let words: Vec<Word> = line.iter().map(|text| Word { text: (*text).to_owned(), place: None }).collect();
        flags(&words)
            .into_iter()
            .map(|flag| match (flag.value, flag.withheld) {
                (Some(value), false) => format!("{}={value}", flag.name),
                (None, true) => format!("{}=withheld", flag.name),
                (None, false) => flag.name,
                (Some(_), true) => panic!("a value both kept and withheld"),
            })
            .collect()
    }

    #[test]
    fn long_and_short_flags() {
        assert_eq!(
            seen(&[
                "-H",
                "fd://",
                "--containerd=/run/containerd/containerd.sock",
                "--bip",
                "10.0.0.1/24",
                "--icc=false"
            ]),
            ["host=fd://", "containerd=/run/containerd/containerd.sock", "bip=10.0.0.1/24", "icc=false"]
        );
        assert_eq!(
            seen(&["-Hfd://", "-H=unix:///x", "-b", "br0", "-bbr1"]),
            ["host=fd://", "host=unix:///x", "bridge=br0", "bridge=br1"]
        );
        assert_eq!(
            seen(&["-D", "-l", "debug", "-g", "/d", "-G", "docker", "-p", "/p", "-s", "overlay2"]),
            ["debug", "log-level=debug", "graph=/d", "group=docker", "pidfile=/p", "storage-driver=overlay2"]
        );
        assert_eq!(seen(&["-DH", "fd://"]), ["debug", "host=fd://"]);
    }

    #[test]
    fn boolean_flags_take_no_word() {
        assert_eq!(seen(&["--ipv6", "--iptables=false", "--mtu", "1400"]), ["ipv6", "iptables=false", "mtu=1400"]);
        assert_eq!(seen(&["daemon", "--debug", "--bip=1.2.3.4/24"]), ["debug", "bip=1.2.3.4/24"]);
        assert_eq!(seen(&["-d", "--bip=1.2.3.4/24"]), ["bip=1.2.3.4/24"]);
        assert_eq!(seen(&["--unknown", "--ipv6"]), ["unknown", "ipv6"]);
        assert_eq!(seen(&["--ipv6", "--", "--mtu=1"]), ["ipv6"]);
        assert_eq!(seen(&["--bip"]), ["bip"]);
    }

    #[test]
    fn what_may_be_a_secret_is_withheld() {
        let line = [
            "--label=k=hunter2",
            "--log-opt",
            "splunk-token=hunter2",
            "--http-proxy=http://u:hunter2@p",
            "--cluster-store-opt=hunter2",
            "--storage-opt=hunter2",
            "--add-runtime=hunter2",
            "--registry-mirror=https://u:hunter2@m",
            "--unknown",
            "hunter2",
            "-zhunter2",
            "--hunter2@x",
        ];
        assert!(!seen(&line).concat().contains("hunter2"), "{:?}", seen(&line));
        assert_eq!(seen(&["--registry-mirror=https://m"]), ["registry-mirror=https://m"]);
        assert_eq!(
            seen(&["--default-network-opt=bridge=com.docker.network.driver.mtu=1400"]),
            ["default-network-opt=bridge=com.docker.network.driver.mtu=1400"]
        );
    }
}
