//! What may be shown of a configuration: an allow-list of keys and flags that hold no secret; anything else is withheld.

/// One step of a key's path in daemon.json.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Key(String),
    Item(usize),
}

impl Step {
    /// Characters it takes in a pointer, about.
    pub fn length(&self) -> usize {
        match self {
            Step::Key(key) => key.len() + 1,
            Step::Item(_) => 8,
        }
    }
}

/// Options of the engine whose value, or the items of whose list, are plainly no secret (docs.docker.com, dockerd reference;
/// removed ones included).
const HARMLESS: &[&str] = &[
    "allow-direct-routing",
    "allow-nondistributable-artifacts",
    "authorization-plugins",
    "bip",
    "bip6",
    "bridge",
    "bridge-accept-fwmark",
    "cgroup-parent",
    "cluster-advertise",
    "cluster-store",
    "config-file",
    "containerd",
    "containerd-namespace",
    "containerd-plugins-namespace",
    "cpu-rt-period",
    "cpu-rt-runtime",
    "data-root",
    "debug",
    "default-address-pool",
    "default-cgroupns-mode",
    "default-gateway",
    "default-gateway-v6",
    "default-ipc-mode",
    "default-runtime",
    "default-shm-size",
    "default-stop-timeout",
    "default-ulimit",
    "deprecated-key-path",
    "disable-legacy-registry",
    "dns",
    "dns-opt",
    "dns-opts",
    "dns-search",
    "exec-root",
    "experimental",
    "firewall-backend",
    "fixed-cidr",
    "fixed-cidr-v6",
    "graph",
    "group",
    "host",
    "host-gateway-ip",
    "host-gateway-ips",
    "hosts",
    "icc",
    "init",
    "init-path",
    "insecure-registries",
    "insecure-registry",
    "ip",
    "ip-forward",
    "ip-forward-no-drop",
    "ip-masq",
    "ip6tables",
    "iptables",
    "ipv6",
    "isolation",
    "live-restore",
    "log-driver",
    "log-format",
    "log-level",
    "max-concurrent-downloads",
    "max-concurrent-uploads",
    "max-download-attempts",
    "metrics-addr",
    "min-api-version",
    "mtu",
    "network-control-plane-mtu",
    "network-diagnostic-port",
    "no-new-privileges",
    "oom-score-adjust",
    "pidfile",
    "raw-logs",
    "registry-mirror",
    "registry-mirrors",
    "resolv-conf",
    "rootless",
    "seccomp-profile",
    "selinux-enabled",
    "shutdown-timeout",
    "storage-driver",
    "swarm-default-advertise-addr",
    "tls",
    "tlscacert",
    "tlscert",
    "tlskey",
    "tlsverify",
    "userland-proxy",
    "userland-proxy-path",
    "userns-remap",
    "validate",
];

/// Objects of daemon.json whose own keys are names of options, drivers or runtimes.
const KNOWN_OBJECTS: &[&str] = &[
    "builder",
    "default-address-pools",
    "default-network-opts",
    "default-ulimits",
    "features",
    "log-opts",
    "nri-opts",
    "proxies",
    "runtimes",
];

/// Longer values are no option's value.
const MAX_VALUE: usize = 256;

/// The string or number at this path is plainly no secret (its text decides as well: [`harmless_value`]).
pub fn harmless_key(path: &[Step]) -> bool {
    let keys: Vec<String> = path
        .iter()
        .filter_map(|step| match step {
            Step::Key(key) => Some(key.to_lowercase()),
            Step::Item(_) => None,
        })
        .collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    match keys[..] {
        // The value itself or an item of its list.
        [key] => path.len() <= 2 && HARMLESS.contains(&key),
        ["default-address-pools", "base" | "size"] => true,
        ["default-network-opts", _, option] => option.starts_with("com.docker.network."),
        ["default-ulimits", _, "name" | "hard" | "soft"] => true,
        _ => false,
    }
}

/// The flag's value is plainly no secret (its text decides as well: [`harmless_value`]).
pub fn harmless_flag(name: &str) -> bool {
    HARMLESS.contains(&name)
}

/// Not even under a harmless key: credentials in a URL, a query, a join token.
pub fn harmless_value(value: &str) -> bool {
    value.len() <= MAX_VALUE && !value.contains(['@', '?']) && !value.contains("SWMTKN")
}

/// A key that may be shown: names of options may, free text may not.
pub fn harmless_name(parents: &[Step], key: &str) -> bool {
    let option = |key: &str| {
        (1..=64).contains(&key.chars().count())
            && !key.contains("SWMTKN")
            && !key.contains(['@', '=', ':', '?', '\n', '\r', '\t'])
    };
    let top = parents.iter().find_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Item(_) => None,
    });
    let depth = parents.iter().filter(|step| matches!(step, Step::Key(_))).count();
    match (depth, top) {
        (0, _) => option(key),
        // The engine takes the keys of an unknown object for options (getConflictFreeConfiguration), and names them.
        (_, Some(top)) if KNOWN_OBJECTS.contains(&top) => option(key),
        (1, Some(_)) => option(key) && key.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == '6' || c == '4'),
        _ => false,
    }
}

/// An engine's option by its full name, as a flag or a key.
pub fn known_option(name: &str) -> bool {
    HARMLESS.contains(&name) || KNOWN_OBJECTS.contains(&name)
}
