use serde::{Deserialize, Serialize};

use super::{Fact, Family};

/// Netfilter state: both families, both iptables variants, native nft.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Firewall {
    /// `iptables-legacy-save` and `ip6tables-legacy-save`, asked only for tables that /proc/net/ip{,6}_tables_names lists:
    /// asking for others would create them. Empty when no legacy table exists.
    pub legacy: Fact<Vec<IptablesDump>>,
    /// `iptables-nft-save` and `ip6tables-nft-save`, of the tables that they show as they are: all whose rules iptables wrote.
    pub nft_compat: Fact<Vec<IptablesDump>>,
    /// Base chains of every nft table, those that iptables keeps included (nfnetlink).
    pub nft_base_chains: Fact<Vec<BaseChain>>,
    /// Every table that `nft_compat` does not show, as `nft -j list table` writes it (libnftables-json(5)), in one
    /// `{"nftables": […]}`; none where there is no such table. Where other base chains share a table with those of iptables, these
    /// are left out: no base chain is in both facts.
    pub nft_ruleset: Fact<Option<serde_json::Value>>,
    /// What `iptables --version` of dockerd's PATH says it is: `nf_tables` or `legacy`; none when there is no iptables.
    pub iptables_variant: Fact<Option<String>>,
    /// The sets that iptables rules ask (`-m set`), by ipset(8). Empty where no rule asks one.
    pub ipsets: Fact<Vec<IpSet>>,
    /// Programs that see packets beside netfilter: XDP, and classifiers of tc(8) that are no fixed part of the kernel.
    pub programs: Fact<Vec<AttachedProgram>>,
}

/// A set of ipset(8).
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct IpSet {
    pub name: String,
    /// `hash:ip`, `hash:net`, `hash:ip,port`, `list:set`, …
    pub kind: String,
    /// `inet` or `inet6`; empty for kinds that have none.
    pub family: String,
    /// What `ipset save` prints behind the kind: `family inet hashsize 1024 maxelem 65536 netmask 24`. `netmask` and `bitmask` widen
    /// what the entries hold.
    pub options: String,
    /// As `ipset save` prints them behind the set's name, options such as `nomatch` and `timeout 5` included.
    pub entries: Vec<String>,
}

/// A program attached to a link.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AttachedProgram {
    pub link: String,
    /// `xdp`, `tc ingress`, `tc egress`.
    pub at: String,
    /// What the kernel calls it; empty where it has no name.
    pub name: String,
}

/// One table of iptables-save output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IptablesDump {
    pub family: Family,
    /// `filter`, `nat`, `raw`, `mangle`, `security`.
    pub table: String,
    /// Chain and policy (`-` for a user chain), in the order printed.
    pub chains: Vec<(String, String)>,
    /// `-A CHAIN …` lines, verbatim, in order.
    pub rules: Vec<String>,
    /// Packets and bytes that each of `rules` met; empty where they were not asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counters: Vec<(u64, u64)>,
}

/// A chain that is hooked into the packet path (nft(8) "base chain").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseChain {
    /// `ip`, `ip6`, `inet`, `bridge`, `arp`, `netdev`.
    pub family: String,
    pub table: String,
    pub name: String,
    /// `prerouting`, `input`, `forward`, `output`, `postrouting`, `ingress`.
    pub hook: String,
    pub priority: i32,
    /// `filter`, `nat`, `route`.
    pub kind: String,
    pub policy: String,
}
