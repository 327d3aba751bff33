use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Address, Cloud, Engine, Fact, Firewall, GuestSockets, Link, LinkKeeper, Manager, Modules, NamedHost, Neighbour,
    NextHopObject, Resolvers, Route, RouteRanges, Rule, RuntimeNetwork, SavedRoute, SavedSysctl, Socket,
};

/// The version of the snapshot document; a newer one is refused with a sentence.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything that was seen of one host in one run. No secret, no file content beyond what checks judge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub schema_version: u32,
    /// The host name (uname(2) nodename), or the directory given to `--root`.
    pub name: String,
    /// Seconds since the Unix epoch when collection began; 0 when unknown.
    #[serde(default)]
    pub taken_at: u64,
    #[serde(default)]
    pub profile: Profile,
    /// uname(2) release.
    #[serde(default)]
    pub kernel: Fact<String>,
    #[serde(default)]
    pub links: Fact<Vec<Link>>,
    #[serde(default)]
    pub addresses: Fact<Vec<Address>>,
    /// All tables, both families.
    #[serde(default)]
    pub routes: Fact<Vec<Route>>,
    /// Instead of `routes`, where they are too many to be kept one by one and only their destinations were asked for.
    #[serde(default, skip_serializing_if = "Fact::is_not_collected")]
    pub route_ranges: Fact<RouteRanges>,
    #[serde(default)]
    pub next_hop_objects: Fact<Vec<NextHopObject>>,
    /// In the order the kernel asks them.
    #[serde(default)]
    pub rules: Fact<Vec<Rule>>,
    #[serde(default)]
    pub neighbours: Fact<Vec<Neighbour>>,
    #[serde(default)]
    pub sockets: Fact<Vec<Socket>>,
    /// Connections of the other network namespaces of this host.
    #[serde(default, skip_serializing_if = "Fact::is_not_collected")]
    pub guest_sockets: Fact<Vec<GuestSockets>>,
    /// Connections that the kernel follows (/proc/net/nf_conntrack) with a private address at one end, one for each pair of hosts and service.
    #[serde(default, skip_serializing_if = "Fact::is_not_collected")]
    pub tracked: Fact<Vec<Socket>>,
    /// Key with dots (`net.ipv4.ip_forward`) → value, trimmed. A key that does not exist is absent.
    #[serde(default)]
    pub sysctls: Fact<BTreeMap<String, String>>,
    #[serde(default)]
    pub resolvers: Fact<Resolvers>,
    /// Addresses that /etc/hosts gives names to.
    #[serde(default, skip_serializing_if = "Fact::is_not_collected")]
    pub named_hosts: Fact<Vec<NamedHost>>,
    #[serde(default)]
    pub firewall: Firewall,
    #[serde(default)]
    pub modules: Fact<Modules>,
    #[serde(default)]
    pub managers: Fact<Vec<Manager>>,
    /// Known and none: this host is on no cloud that left a trace.
    #[serde(default)]
    pub cloud: Fact<Option<Cloud>>,
    /// Networks of other runtimes, as their files say.
    #[serde(default)]
    pub runtimes: Fact<Vec<RuntimeNetwork>>,
    /// Routes that files make.
    #[serde(default)]
    pub saved_routes: Fact<Vec<SavedRoute>>,
    /// Where links are configured.
    #[serde(default)]
    pub link_keepers: Fact<Vec<LinkKeeper>>,
    /// Sysctls of `net.` that files set at boot, in the order in which they are set.
    #[serde(default, skip_serializing_if = "Fact::is_not_collected")]
    pub saved_sysctls: Fact<Vec<SavedSysctl>>,
    #[serde(default)]
    pub engine: Engine,
}

/// What kind of run and what kind of host this is; decides which checks apply.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    pub privilege: Privilege,
    /// systemd is PID 1 (/run/systemd/system exists).
    pub systemd: bool,
    /// The word for the container we run in (`docker`, `lxc`, `podman`, …), if we do.
    pub container: Option<String>,
    /// The kernel is Windows Subsystem for Linux.
    pub wsl: bool,
    /// `--root DIR`: only files were read.
    pub files_only: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Privilege {
    Root,
    #[default]
    User,
}

/// A place in a file; line and column are 1-based, columns count characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    pub file: String,
    pub line: u32,
    pub column: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl Snapshot {
    /// A snapshot in which nothing was seen.
    pub fn empty(name: &str) -> Self {
        Snapshot {
            schema_version: SCHEMA_VERSION,
            name: name.to_owned(),
            taken_at: 0,
            profile: Profile::default(),
            kernel: Fact::NotCollected,
            links: Fact::NotCollected,
            addresses: Fact::NotCollected,
            routes: Fact::NotCollected,
            route_ranges: Fact::NotCollected,
            next_hop_objects: Fact::NotCollected,
            rules: Fact::NotCollected,
            neighbours: Fact::NotCollected,
            sockets: Fact::NotCollected,
            guest_sockets: Fact::NotCollected,
            tracked: Fact::NotCollected,
            sysctls: Fact::NotCollected,
            resolvers: Fact::NotCollected,
            named_hosts: Fact::NotCollected,
            firewall: Firewall::default(),
            modules: Fact::NotCollected,
            managers: Fact::NotCollected,
            cloud: Fact::NotCollected,
            runtimes: Fact::NotCollected,
            saved_routes: Fact::NotCollected,
            link_keepers: Fact::NotCollected,
            saved_sysctls: Fact::NotCollected,
            engine: Engine::default(),
        }
    }
}
