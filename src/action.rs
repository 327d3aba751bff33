//! What could be done to a host, as data. An action is a swap of one resource: `from` and `to`. Exchanged, it is its own undo.
#![allow(dead_code)] // until the commands call it

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::host::{Route, Rule, SavedRoute};

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
    /// A rule of ours, known by its comment.
    Firewall { rule: FirewallRule, from: Presence, to: Presence },
    /// What a file should say. The plan folds all edits of one file into one.
    Edit { file: String, intents: Vec<Intent> },
    /// A unit is started or stopped (systemctl(1), or the service script where there is no systemd).
    Unit { name: String, from: Running, to: Running },
    /// A unit is started at boot, or not.
    Enable { unit: String, from: bool, to: bool },
    /// Containers, by name, that an engine's stop took down.
    Containers { names: Vec<String>, from: Running, to: Running },
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
