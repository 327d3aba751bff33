//! What could be done to a host, as data. An action is a swap of one resource: `from` and `to`. Exchanged, it is its own undo.

mod admit;
pub mod gateway;
mod words;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use admit::{Admission, Keeper, listed};

use crate::host::{Network, Route, Rule, SavedRoute};

/// Whether a thing is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    Absent,
    Present,
}

/// Whether a unit runs. A failed one does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Running {
    Stopped,
    Running,
}

/// The administrative state of a link (RFC 2863, ifAdminStatus), as `ip link set … up` sets it. A link that is up may have no carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdminState {
    Down,
    Up,
}

/// The unit of our own that keeps rules of the firewall.
pub const RULES_UNIT: &str = "dnetctl-docker-user.service";

/// One change of one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A key with dots, as sysctl(8) writes it, below /proc/sys; now, not for the next boot.
    Sysctl { key: String, from: String, to: String },
    /// A route of the kernel; `link`: the name of its next hop's link.
    Route { route: Box<Route>, link: Option<String>, from: Presence, to: Presence },
    /// A policy routing rule of the kernel.
    Rule { rule: Box<Rule>, from: Presence, to: Presence },
    /// An address of a link, with the length of its subnet.
    Address { link: String, address: IpNet, from: Presence, to: Presence },
    /// A bridge without ports. What goes with it when it is deleted (addresses, routes) is said by actions of its own before.
    Bridge { link: String, from: Presence, to: Presence },
    /// A link is switched on or off. The kernel makes the routes of its addresses as it comes up; down, it loses them but for its local IPv4 ones, and its IPv6
    /// addresses too (without the sysctl `keep_addr_on_down`).
    Link { link: String, from: AdminState, to: AdminState },
    /// A link gets another name; what it is and its addresses stay.
    Rename { from: String, to: String },
    /// A rule of ours, known by its comment.
    Firewall { rule: FirewallRule, from: Presence, to: Presence },
    /// Somebody is let in by the program that keeps the host's firewall, now and after a reboot.
    Admit { what: Admission, from: Presence, to: Presence },
    /// What a base chain of iptables does with packets that no rule ends: `ACCEPT` or `DROP`.
    Policy { tool: String, table: String, chain: String, from: String, to: String },
    /// What a file should say. The plan folds all edits of one file into one.
    Edit { file: String, intents: Vec<Intent> },
    /// A unit is started or stopped (systemctl(1), or the service script where there is no systemd).
    Unit { name: String, from: Running, to: Running },
    /// A unit is started at boot, or not.
    Enable { unit: String, from: bool, to: bool },
    /// A network that the engine keeps on this host. Undone it is another network: the options are back, the id is not.
    Network { network: Box<Network>, from: Presence, to: Presence },
    /// Who is on such a network by the engine's own doing (`gateway_ingress-sbox`), by the names of the endpoints. They are taken off by force; the
    /// engine puts nobody back that runs, so it is restarted for that.
    Members {
        network: String,
        names: Vec<String>,
        /// The engine's unit.
        unit: String,
        from: Presence,
        to: Presence,
    },
    /// Containers, by name, that an engine's stop took down. Nothing else stops them.
    Containers {
        names: Vec<String>,
        /// Those of them that are paused while they run.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        paused: Vec<String>,
        from: Running,
        to: Running,
    },
}

/// A rule of iptables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirewallRule {
    /// The program that keeps it: `iptables`, `ip6tables`, `iptables-legacy`, `ip6tables-nft`, …
    pub tool: String,
    pub table: String,
    pub chain: String,
    /// Behind the chain's name, word by word; a comment `dnetctl:<check>` among them.
    pub spec: Vec<String>,
    /// From 1; none: at the end.
    pub position: Option<u32>,
    /// The rule that stands at that position, as `iptables -S` prints it: at a boot others in front of it may be gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

/// What one file should say. How it says it is for `edit` to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Intent {
    /// A member of the root object of a JSON file; none: it is not there.
    Json { key: String, from: Option<serde_json::Value>, to: Option<serde_json::Value> },
    /// The route at this place is made no more, nor unmade.
    NoRoute(Box<SavedRoute>),
    /// The route is made when the link comes up.
    AddRoute(Box<SavedRoute>),
    /// `key = value` of sysctl.d(5); none: it is not there.
    Sysctl { key: String, from: Option<String>, to: Option<String> },
    /// A rule that [`RULES_UNIT`] puts back at every start of the engine; without any there is no such file.
    UnitRule { rule: FirewallRule, from: Presence, to: Presence },
    /// A file of our own, whole; none: there is no such file.
    Whole { from: Option<String>, to: Option<String> },
}

impl Presence {
    pub fn other(self) -> Self {
        match self {
            Presence::Absent => Presence::Present,
            Presence::Present => Presence::Absent,
        }
    }
}

impl Action {
    /// Whether it changes how packets go, at once and until the next boot.
    pub fn is_of_runtime(&self) -> bool {
        match self {
            Action::Sysctl { .. }
            | Action::Route { .. }
            | Action::Rule { .. }
            | Action::Address { .. }
            | Action::Link { .. }
            | Action::Rename { .. }
            | Action::Firewall { .. }
            | Action::Admit { .. }
            | Action::Policy { .. } => true,
            Action::Bridge { .. }
            | Action::Edit { .. }
            | Action::Unit { .. }
            | Action::Enable { .. }
            | Action::Network { .. }
            | Action::Members { .. }
            | Action::Containers { .. } => false,
        }
    }

    /// What puts it back: the ends exchanged.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let mut inverse = self.clone();
        match &mut inverse {
            Action::Sysctl { from, to, .. } | Action::Policy { from, to, .. } | Action::Rename { from, to } => {
                std::mem::swap(from, to);
            }
            Action::Route { from, to, .. }
            | Action::Rule { from, to, .. }
            | Action::Address { from, to, .. }
            | Action::Bridge { from, to, .. }
            | Action::Network { from, to, .. }
            | Action::Members { from, to, .. }
            | Action::Admit { from, to, .. }
            | Action::Firewall { from, to, .. } => std::mem::swap(from, to),
            Action::Unit { from, to, .. } | Action::Containers { from, to, .. } => std::mem::swap(from, to),
            Action::Link { from, to, .. } => std::mem::swap(from, to),
            Action::Enable { from, to, .. } => std::mem::swap(from, to),
            Action::Edit { intents, .. } => *intents = intents.iter().rev().map(Intent::inverse).collect(),
        }
        inverse
    }

    /// The one thing it changes, by a stable name: two actions of one name change the same thing.
    pub fn resource(&self) -> String {
        match self {
            Action::Sysctl { key, .. } => format!("sysctl:{key}"),
            Action::Route { route, link, .. } => format!("route:{}", words::route(route, link.as_deref())),
            Action::Rule { rule, .. } => format!("rule:{}", words::rule(rule)),
            Action::Address { link, address, .. } => format!("address:{link}:{address}"),
            Action::Bridge { link, .. } => format!("bridge:{link}"),
            Action::Link { link, .. } => format!("link:{link}"),
            // The same one for the way back.
            Action::Rename { from, to } => format!("name:{}:{}", from.min(to), from.max(to)),
            Action::Firewall { rule, .. } => format!("firewall:{}", rule.name()),
            Action::Admit { what, .. } => format!("admitted:{}", what.name()),
            Action::Policy { tool, table, chain, .. } => format!("policy:{tool}:{table}:{chain}"),
            Action::Edit { file, .. } => format!("file:{file}"),
            Action::Unit { name, .. } => format!("unit:{name}"),
            Action::Enable { unit, .. } => format!("enabled:{unit}"),
            Action::Network { network, .. } => format!("network:{}", network.name),
            Action::Members { network, .. } => format!("members:{network}"),
            Action::Containers { names, .. } => format!("containers:{}", names.join(",")),
        }
    }

    /// Whether it is still so after a reboot.
    pub fn persists(&self) -> bool {
        matches!(self, Action::Edit { .. } | Action::Enable { .. } | Action::Network { .. } | Action::Admit { .. })
    }

    /// The same change for a shell, in order; of an edit comments that say what to write where.
    pub fn commands(&self) -> Vec<String> {
        words::commands(self)
    }

    pub fn undo_commands(&self) -> Vec<String> {
        self.inverse().commands()
    }
}

impl FirewallRule {
    /// By which it is known, wherever it stands.
    fn name(&self) -> String {
        format!("{}:{}:{}:{}", self.tool, self.table, self.chain, self.spec.join(" "))
    }

    /// The words behind the tool's name that put the rule there, or take it away.
    pub fn words(&self, to: Presence) -> Vec<String> {
        let mut words = vec!["-t".to_owned(), self.table.clone()];
        match (to, self.position) {
            (Presence::Present, Some(position)) => {
                words.extend(["-I".to_owned(), self.chain.clone(), position.to_string()]);
            }
            (Presence::Present, None) => words.extend(["-A".to_owned(), self.chain.clone()]),
            (Presence::Absent, _) => words.extend(["-D".to_owned(), self.chain.clone()]),
        }
        words.extend(self.spec.iter().cloned());
        words
    }
}

impl Intent {
    #[must_use]
    pub fn inverse(&self) -> Self {
        match self.clone() {
            Intent::Json { key, from, to } => Intent::Json { key, from: to, to: from },
            Intent::NoRoute(route) => Intent::AddRoute(route),
            Intent::AddRoute(route) => Intent::NoRoute(route),
            Intent::Sysctl { key, from, to } => Intent::Sysctl { key, from: to, to: from },
            Intent::UnitRule { rule, from, to } => Intent::UnitRule { rule, from: to, to: from },
            Intent::Whole { from, to } => Intent::Whole { from: to, to: from },
        }
    }

    /// What of a file it is about, by a stable name; two intents of one name that differ contradict each other.
    pub fn place(&self) -> String {
        match self {
            Intent::Json { key, .. } => format!("#/{key}"),
            Intent::NoRoute(route) | Intent::AddRoute(route) => {
                format!("{}: {}", route.place, words::saved_route(route))
            }
            Intent::Sysctl { key, .. } => key.clone(),
            Intent::UnitRule { rule, .. } => rule.name(),
            Intent::Whole { .. } => String::new(),
        }
    }
}

/// A word for a shell: bare where it is plain, else in single quotes.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests;
