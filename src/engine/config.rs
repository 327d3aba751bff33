//! The keys of daemon.json by version: which the engine knows, what type they have, which flag says the same.
//!
//! Since and until were read from the flags that `dockerd` registers and the keys it accepts without a flag, at every release
//! tag of moby from v1.10.0 to docker-v29.7.2 (cmd/dockerd/config*.go and options.go, since 29 daemon/command/; `skipValidateOptions`
//! in daemon/config/config.go). The engine compares keys with its *flags*, not with its structure: `resolv-conf` is a field
//! there and yet an unknown key.

use super::Version;

/// The newest engine this table was read from; beyond it a key may be known that is not in here.
pub const NEWEST: Version = Version::new(29, 7, 2);
/// The first engine that reads a daemon.json.
pub const FIRST: Version = Version::new(1, 10, 0);

/// What a value has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Integer,
    Text,
    /// A string that is one IP address.
    Address,
    Texts,
    /// A list of strings, each one IP address.
    Addresses,
    /// A list of objects with `base` and `size`.
    Pools,
    /// An object whose keys are not the engine's options.
    Object,
    /// Both a string and a number are taken.
    Any,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    pub name: &'static str,
    pub kind: Kind,
    pub since: Version,
    /// The first version that refuses it again.
    pub until: Option<Version>,
    /// The flag that says the same; none: the file alone.
    pub flag: Option<&'static str>,
}

impl Key {
    pub fn known_to(&self, version: Version) -> bool {
        version >= self.since && self.until.is_none_or(|until| version < until)
    }
}

const fn key(name: &'static str, kind: Kind, major: u16, minor: u16) -> Key {
    Key { name, kind, since: Version::new(major, minor, 0), until: None, flag: Some(name) }
}

const fn named(name: &'static str, flag: &'static str, kind: Kind, major: u16, minor: u16) -> Key {
    Key { flag: Some(flag), ..key(name, kind, major, minor) }
}

const fn file_only(name: &'static str, kind: Kind, major: u16, minor: u16) -> Key {
    Key { flag: None, ..key(name, kind, major, minor) }
}

const fn gone(key: Key, major: u16) -> Key {
    Key { until: Some(Version::new(major, 0, 0)), ..key }
}

use Kind::{Address, Addresses, Any, Bool, Integer, Object, Pools, Text, Texts};

/// Every key, by name.
pub const KEYS: &[Key] = &[
    file_only("allow-nondistributable-artifacts", Texts, 17, 6),
    key("allow-direct-routing", Bool, 28, 2),
    gone(key("api-cors-header", Text, 1, 10), 29),
    named("authorization-plugins", "authorization-plugin", Texts, 1, 10),
    key("bip", Text, 1, 10),
    key("bip6", Text, 28, 0),
    key("bridge", Text, 1, 10),
    key("bridge-accept-fwmark", Text, 29, 0),
    file_only("builder", Object, 18, 9),
    named("cdi-spec-dirs", "cdi-spec-dir", Texts, 25, 0),
    key("cgroup-parent", Text, 1, 10),
    gone(key("cluster-advertise", Text, 1, 10), 24),
    gone(key("cluster-store", Text, 1, 10), 24),
    gone(named("cluster-store-opts", "cluster-store-opt", Object, 1, 10), 24),
    key("containerd", Text, 1, 11),
    key("containerd-namespace", Text, 19, 3),
    key("cpu-rt-period", Integer, 1, 13),
    key("cpu-rt-runtime", Integer, 1, 13),
    key("cri-containerd", Bool, 18, 9),
    key("data-root", Text, 17, 5),
    key("debug", Bool, 1, 10),
    named("default-address-pools", "default-address-pool", Pools, 18, 6),
    key("default-cgroupns-mode", Text, 20, 10),
    key("default-gateway", Address, 1, 10),
    key("default-gateway-v6", Address, 1, 10),
    key("default-ipc-mode", Text, 17, 9),
    named("default-network-opts", "default-network-opt", Object, 24, 0),
    key("default-runtime", Text, 1, 12),
    key("default-shm-size", Any, 17, 4),
    key("default-stop-timeout", Integer, 29, 7),
    named("default-ulimits", "default-ulimit", Object, 17, 7),
    file_only("deprecated-key-path", Text, 17, 6),
    Key { until: Some(Version::new(19, 3, 0)), ..key("disable-legacy-registry", Bool, 1, 10) },
    key("dns", Addresses, 1, 10),
    named("dns-opts", "dns-opt", Texts, 1, 10),
    key("dns-search", Texts, 1, 10),
    named("exec-opts", "exec-opt", Texts, 1, 10),
    key("exec-root", Text, 1, 10),
    key("experimental", Bool, 1, 13),
    named("features", "feature", Object, 18, 9),
    key("firewall-backend", Text, 29, 0),
    key("fixed-cidr", Text, 1, 10),
    key("fixed-cidr-v6", Text, 1, 10),
    gone(key("graph", Text, 1, 10), 24),
    key("group", Text, 1, 10),
    key("host-gateway-ip", Address, 20, 10),
    named("host-gateway-ips", "host-gateway-ip", Addresses, 28, 0),
    named("hosts", "host", Texts, 1, 10),
    key("http-proxy", Text, 23, 0),
    key("https-proxy", Text, 23, 0),
    key("icc", Bool, 1, 10),
    key("init", Bool, 1, 13),
    key("init-path", Text, 1, 13),
    named("insecure-registries", "insecure-registry", Texts, 1, 11),
    key("ip", Address, 1, 10),
    key("ip-forward", Bool, 1, 10),
    key("ip-forward-no-drop", Bool, 28, 0),
    key("ip-masq", Bool, 1, 10),
    key("ip6tables", Bool, 20, 10),
    key("iptables", Bool, 1, 10),
    key("ipv6", Bool, 1, 10),
    named("labels", "label", Texts, 1, 10),
    key("live-restore", Bool, 1, 12),
    key("log-driver", Text, 1, 10),
    key("log-format", Text, 25, 0),
    key("log-level", Text, 1, 10),
    named("log-opts", "log-opt", Object, 1, 10),
    key("max-concurrent-downloads", Integer, 1, 12),
    key("max-concurrent-uploads", Integer, 1, 12),
    key("max-download-attempts", Integer, 20, 10),
    key("metrics-addr", Text, 1, 13),
    file_only("min-api-version", Text, 29, 0),
    key("mtu", Integer, 1, 10),
    key("network-control-plane-mtu", Integer, 17, 9),
    key("network-diagnostic-port", Integer, 17, 12),
    key("no-new-privileges", Bool, 17, 6),
    key("no-proxy", Text, 23, 0),
    named("node-generic-resources", "node-generic-resource", Texts, 17, 9),
    key("nri-opts", Object, 29, 2),
    gone(key("oom-score-adjust", Integer, 1, 12), 26),
    key("pidfile", Text, 1, 10),
    key("raw-logs", Bool, 1, 11),
    named("registry-mirrors", "registry-mirror", Texts, 1, 11),
    key("rootless", Bool, 19, 3),
    named("runtimes", "add-runtime", Object, 1, 12),
    key("seccomp-profile", Text, 1, 13),
    key("selinux-enabled", Bool, 1, 10),
    key("shutdown-timeout", Integer, 1, 13),
    key("storage-driver", Text, 1, 10),
    named("storage-opts", "storage-opt", Texts, 1, 10),
    key("swarm-default-advertise-addr", Text, 1, 12),
    key("tls", Bool, 1, 10),
    key("tlscacert", Text, 1, 10),
    key("tlscert", Text, 1, 10),
    key("tlskey", Text, 1, 10),
    key("tlsverify", Bool, 1, 10),
    key("userland-proxy", Bool, 1, 10),
    key("userland-proxy-path", Text, 1, 13),
    key("userns-remap", Text, 1, 10),
];

/// Flags that are accepted as keys because the engine compares keys with flag names, and then read by nothing.
const DEAF: &[&str] =
    &["config-file", "containerd-plugins-namespace", "help", "identity", "restart", "validate", "version"];

/// What an engine makes of a key of the file's top level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Known,
    /// Known from `since` on, or until before `until`.
    OtherVersion {
        since: Version,
        until: Option<Version>,
    },
    /// Accepted, and read by nothing: the name of a flag whose key is called otherwise (`label`, not `labels`).
    Deaf {
        means: Option<&'static str>,
    },
    Unknown,
}

/// A key by its name in the file; names are case-sensitive there.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The key that says the same as a flag (`host` → `hosts`).
pub fn of_flag(flag: &str, version: Version) -> Option<&'static Key> {
    KEYS.iter().rev().find(|key| key.flag == Some(flag) && key.known_to(version))
}

pub fn standing(name: &str, version: Version) -> Standing {
    if let Some(key) = find(name) {
        if key.known_to(version) {
            return Standing::Known;
        }
        return Standing::OtherVersion { since: key.since, until: key.until };
    }
    match of_flag(name, version) {
        Some(key) => Standing::Deaf { means: Some(key.name) },
        None if DEAF.contains(&name) => Standing::Deaf { means: None },
        None => Standing::Unknown,
    }
}

/// Objects whose own keys the engine does not take for options (`flatOptions` in daemon/config/config.go). Any other object is
/// opened, and its keys are judged as if they stood at the top: `{"proxies": {"http-proxy": …}}`.
pub fn is_closed_object(name: &str, version: Version) -> bool {
    find(name).is_some_and(|key| key.kind == Kind::Object && key.known_to(version))
}

/// Objects that are opened *and* read.
pub fn is_read_when_opened(name: &str) -> bool {
    name == "proxies"
}

/// Whether flag and file may both say it (`skipDuplicates`, and keys that have no flag).
pub fn may_be_said_twice(key: &Key) -> bool {
    key.flag.is_none() || key.name == "runtimes"
}

/// The known key nearest to a wrong one: the same but for case, `_`, blanks; else few letters away. None: nothing is near.
pub fn nearest(wrong: &str, version: Option<Version>) -> Option<&'static Key> {
    let plain = |name: &str| -> String {
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    let wanted = plain(wrong);
    let candidates = || KEYS.iter().filter(|key| version.is_none_or(|version| key.known_to(version)));
    if let Some(same) =
        candidates().find(|key| plain(key.name) == wanted || key.flag.is_some_and(|f| plain(f) == wanted))
    {
        return Some(same);
    }
    let allowed = (wanted.len() / 3).clamp(1, 3);
    candidates()
        .map(|key| (distance(&wanted, &plain(key.name)), key))
        .filter(|(far, _)| *far <= allowed)
        .min_by_key(|(far, key)| (*far, key.name))
        .map(|(_, key)| key)
}

/// Letters to insert, delete, replace or swap with their neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_and_go_with_versions() {
        let v = Version::new;
        assert_eq!(standing("bip", v(20, 10, 24)), Standing::Known);
        assert_eq!(
            standing("allow-direct-routing", v(28, 1, 1)),
            Standing::OtherVersion { since: v(28, 2, 0), until: None }
        );
        assert_eq!(standing("allow-direct-routing", v(28, 2, 0)), Standing::Known);
        assert_eq!(standing("graph", v(23, 0, 6)), Standing::Known);
        assert!(matches!(standing("graph", v(24, 0, 0)), Standing::OtherVersion { until: Some(_), .. }));
        assert_eq!(standing("disable-legacy-registry", v(18, 9, 9)), Standing::Known);
        assert_eq!(standing("Bip", v(28, 5, 2)), Standing::Unknown);
    }

    #[test]
    fn a_flags_name_is_accepted_and_read_by_nothing() {
        assert_eq!(standing("host", Version::new(28, 5, 2)), Standing::Deaf { means: Some("hosts") });
        assert_eq!(standing("host-gateway-ip", Version::new(20, 10, 24)), Standing::Known);
        assert_eq!(standing("restart", Version::new(20, 10, 24)), Standing::Deaf { means: None });
    }

    #[test]
    fn a_field_without_a_flag_is_no_key() {
        assert_eq!(standing("resolv-conf", Version::new(28, 5, 2)), Standing::Unknown);
    }

    #[test]
    fn names_what_was_meant() {
        let near = |wrong| nearest(wrong, Some(Version::new(28, 5, 2))).map(|key| key.name);
        assert_eq!(near("ipForward"), Some("ip-forward"));
        assert_eq!(near("default_address_pools"), Some("default-address-pools"));
        assert_eq!(near("insecure-registrys"), Some("insecure-registries"));
        assert_eq!(near("Bip"), Some("bip"));
        assert_eq!(near("registry-mirors"), Some("registry-mirrors"));
        assert_eq!(near("colour"), None);
        assert_eq!(near("bpi"), Some("bip"));
    }

    #[test]
    fn names_are_unique_and_kebab() {
        for (i, key) in KEYS.iter().enumerate() {
            assert!(
                key.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{}",
                key.name
            );
            assert!(KEYS[i + 1..].iter().all(|other| other.name != key.name), "{} twice", key.name);
        }
    }
}
