use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Family, table_name};

/// A policy routing rule (RTM_NEWRULE, ip-rule(8)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub family: Family,
    /// FRA_PRIORITY: lower is asked first.
    pub priority: u32,
    /// FIB_RULE_INVERT (`not`).
    #[serde(default)]
    pub invert: bool,
    /// FRA_SRC.
    #[serde(default)]
    pub from: Option<IpNet>,
    /// FRA_DST.
    #[serde(default)]
    pub to: Option<IpNet>,
    /// FRA_IIFNAME.
    #[serde(default)]
    pub iif: Option<String>,
    /// FRA_OIFNAME.
    #[serde(default)]
    pub oif: Option<String>,
    /// FRA_FWMARK.
    #[serde(default)]
    pub fwmark: u32,
    /// FRA_FWMASK; 0 when the rule has no mark.
    #[serde(default)]
    pub fwmask: u32,
    /// `tos`; 0 matches any.
    #[serde(default)]
    pub tos: u8,
    /// FRA_IP_PROTO; 0 matches any.
    #[serde(default)]
    pub ip_protocol: u8,
    /// FRA_SPORT_RANGE, inclusive.
    #[serde(default)]
    pub source_ports: Option<(u16, u16)>,
    /// FRA_DPORT_RANGE, inclusive.
    #[serde(default)]
    pub destination_ports: Option<(u16, u16)>,
    /// FRA_UID_RANGE, inclusive.
    #[serde(default)]
    pub uids: Option<(u32, u32)>,
    /// FRA_SUPPRESS_PREFIXLEN: a result with a prefix this long or shorter does not count.
    #[serde(default)]
    pub suppress_prefix_length: Option<u32>,
    /// FRA_SUPPRESS_IFGROUP.
    #[serde(default)]
    pub suppress_interface_group: Option<u32>,
    /// FRA_L3MDEV: look into the VRF's table.
    #[serde(default)]
    pub l3mdev: bool,
    pub action: RuleAction,
    /// FRA_PROTOCOL.
    #[serde(default)]
    pub protocol: u8,
    /// Attributes this build does not evaluate, by number; a rule that has some is never guessed at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<u16>,
}

/// What a rule that matches does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleAction {
    /// FR_ACT_TO_TBL: look into this table.
    Table(u32),
    /// FR_ACT_GOTO: go on at the rule with this priority.
    Goto(u32),
    Nop,
    Blackhole,
    Unreachable,
    Prohibit,
    Other,
}

impl Rule {
    /// A rule that asks for nothing and looks into a table, as the kernel makes its own.
    pub fn kernel(family: Family, priority: u32, table: u32) -> Self {
        Rule {
            family,
            priority,
            invert: false,
            from: None,
            to: None,
            iif: None,
            oif: None,
            fwmark: 0,
            fwmask: 0,
            tos: 0,
            ip_protocol: 0,
            source_ports: None,
            destination_ports: None,
            uids: None,
            suppress_prefix_length: None,
            suppress_interface_group: None,
            l3mdev: false,
            action: RuleAction::Table(table),
            protocol: 2,
            unknown: Vec::new(),
        }
    }
    /// As `ip rule` prints it: `100: from 10.0.0.0/24 fwmark 0x1/0xff lookup 52`.
    pub fn words(&self) -> String {
        use std::fmt::Write;
        let mut words = format!("{}:", self.priority);
        if self.invert {
            words += " not";
        }
        let from = self.from.map_or_else(|| "all".to_owned(), |prefix| prefix.to_string());
        // Writing to a string does not fail.
        let _ = write!(words, " from {from}");
        if let Some(to) = self.to {
            let _ = write!(words, " to {to}");
        }
        if self.tos != 0 {
            let _ = write!(words, " tos {:#x}", self.tos);
        }
        if self.fwmask == u32::MAX {
            let _ = write!(words, " fwmark {:#x}", self.fwmark);
        } else if self.fwmask != 0 || self.fwmark != 0 {
            let _ = write!(words, " fwmark {:#x}/{:#x}", self.fwmark, self.fwmask);
        }
        if let Some(iif) = &self.iif {
            let _ = write!(words, " iif {iif}");
        }
        if let Some(oif) = &self.oif {
            let _ = write!(words, " oif {oif}");
        }
        if let Some((first, last)) = self.uids {
            let _ = write!(words, " uidrange {first}-{last}");
        }
        if self.ip_protocol != 0 {
            let _ = write!(words, " ipproto {}", self.ip_protocol);
        }
        for (word, ports) in [("sport", self.source_ports), ("dport", self.destination_ports)] {
            match ports {
                Some((first, last)) if first == last => drop(write!(words, " {word} {first}")),
                Some((first, last)) => drop(write!(words, " {word} {first}-{last}")),
                None => {}
            }
        }
        match self.action {
            RuleAction::Table(_) if self.l3mdev => words += " lookup [l3mdev-table]",
            RuleAction::Table(table) => drop(write!(words, " lookup {}", table_name(table))),
            RuleAction::Goto(target) => drop(write!(words, " goto {target}")),
            RuleAction::Nop => words += " nop",
            RuleAction::Blackhole => words += " blackhole",
            RuleAction::Unreachable => words += " unreachable",
            RuleAction::Prohibit => words += " prohibit",
            RuleAction::Other => {}
        }
        if let Some(length) = self.suppress_prefix_length {
            let _ = write!(words, " suppress_prefixlength {length}");
        }
        words
    }
}
