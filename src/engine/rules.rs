//! The rules of iptables that an engine cannot do without, by version: what it installs once at its start, and for each bridge network.
//! Rules of published ports and of single containers are not among them.
//!
//! Source: the engine's own dumps (moby v28.0.0, v28.0.1, v28.5.2, docker-v29.7.2 integration/network/bridge/iptablesdoc/generated), dumps
//! of 20.10.24, 26.1.5 and 28.5.2 in tests/lab, and for those before libnetwork's iptables.go and setup_ip_tables.go at each tag.

use ipnet::IpNet;

use super::Version;
use super::settings::is_false;
use crate::host::{IptablesDump, Network};

/// A chain of the engine's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnChain {
    pub table: &'static str,
    pub name: &'static str,
}

/// A rule by which packets come to a chain of the engine's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Jump {
    pub table: &'static str,
    pub from: &'static str,
    pub to: &'static str,
}

/// What a rule of a network is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Its containers may send to elsewhere.
    Out,
    /// Answers come back in.
    Answers,
    /// What they send out has an address of this host.
    Translates,
}

/// A rule of a network, as iptables-save prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkRule {
    pub table: &'static str,
    pub line: String,
    pub purpose: Purpose,
}

const fn jump(table: &'static str, from: &'static str, to: &'static str) -> Jump {
    Jump { table, from, to }
}

/// Which of its layouts an engine has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layout {
    /// 1.13 to 18.04: one chain that keeps networks apart.
    Isolation,
    /// 18.05 to 27: two of them.
    Stages,
    /// 28.0.0 alone: bridges by an ipset.
    Sets,
    /// 28.0.1 to 28.5.
    Forward,
    /// 29: networks are not kept apart by chains of their own any more.
    Internal,
}

fn layout(version: Version) -> Layout {
    match version {
        v if v.at_least(29, 0, 0) => Layout::Internal,
        v if v.at_least(28, 0, 1) => Layout::Forward,
        v if v.at_least(28, 0, 0) => Layout::Sets,
        v if v.at_least(18, 5, 0) => Layout::Stages,
        _ => Layout::Isolation,
    }
}

/// The chains that an engine of 1.13 or later makes at its start. DOCKER-USER came with 17.06.
pub fn chains(version: Version) -> Vec<OwnChain> {
    let filter: &[&str] = match layout(version) {
        Layout::Isolation => &["DOCKER", "DOCKER-ISOLATION"],
        Layout::Stages | Layout::Sets => &["DOCKER", "DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2"],
        Layout::Forward => &[
            "DOCKER",
            "DOCKER-BRIDGE",
            "DOCKER-CT",
            "DOCKER-FORWARD",
            "DOCKER-ISOLATION-STAGE-1",
            "DOCKER-ISOLATION-STAGE-2",
        ],
        Layout::Internal => &["DOCKER", "DOCKER-BRIDGE", "DOCKER-CT", "DOCKER-FORWARD", "DOCKER-INTERNAL"],
    };
    let user = version.at_least(17, 6, 0).then_some("DOCKER-USER");
    let own = |table: &'static str, name: &'static str| OwnChain { table, name };
    let mut chains: Vec<OwnChain> = filter.iter().copied().chain(user).map(|name| own("filter", name)).collect();
    chains.push(own("nat", "DOCKER"));
    chains
}

/// The jumps that bring packets there.
pub fn jumps(version: Version) -> Vec<Jump> {
    let mut jumps = vec![jump("nat", "PREROUTING", "DOCKER"), jump("nat", "OUTPUT", "DOCKER")];
    if version.at_least(17, 6, 0) {
        jumps.push(jump("filter", "FORWARD", "DOCKER-USER"));
    }
    let filter: &[(&str, &str)] = match layout(version) {
        Layout::Isolation => &[("FORWARD", "DOCKER-ISOLATION")],
        Layout::Stages => &[("FORWARD", "DOCKER-ISOLATION-STAGE-1")],
        Layout::Sets => &[("FORWARD", "DOCKER-ISOLATION-STAGE-1"), ("FORWARD", "DOCKER")],
        Layout::Forward => &[
            ("FORWARD", "DOCKER-FORWARD"),
            ("DOCKER-FORWARD", "DOCKER-CT"),
            ("DOCKER-FORWARD", "DOCKER-ISOLATION-STAGE-1"),
            ("DOCKER-FORWARD", "DOCKER-BRIDGE"),
        ],
        Layout::Internal => &[
            ("FORWARD", "DOCKER-FORWARD"),
            ("DOCKER-FORWARD", "DOCKER-CT"),
            ("DOCKER-FORWARD", "DOCKER-INTERNAL"),
            ("DOCKER-FORWARD", "DOCKER-BRIDGE"),
        ],
    };
    jumps.extend(filter.iter().map(|(from, to)| jump("filter", from, to)));
    jumps
}

/// The rules of one bridge network with its subnet of that family; none of an internal one, which has no way out.
pub fn of_network(version: Version, network: &Network, subnet: IpNet) -> Vec<NetworkRule> {
    if network.internal {
        return Vec::new();
    }
    let option = |key: &str| network.bridge_option(key).unwrap_or_default();
    let link = network.link_name();
    let layout = layout(version);
    let mode = option(if subnet.addr().is_ipv4() { "gateway_mode_ipv4" } else { "gateway_mode_ipv6" });
    let answers = match layout {
        Layout::Isolation | Layout::Stages => {
            Some(format!("-A FORWARD -o {link} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"))
        }
        Layout::Sets => None,
        Layout::Forward | Layout::Internal => {
            Some(format!("-A DOCKER-CT -o {link} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"))
        }
    };
    let together = layout >= Layout::Sets && !is_false(option("enable_icc"));
    let chain = if layout >= Layout::Forward { "DOCKER-FORWARD" } else { "FORWARD" };
    let out = match together {
        true => format!("-A {chain} -i {link} -j ACCEPT"),
        false => format!("-A {chain} -i {link} ! -o {link} -j ACCEPT"),
    };
    // An address of the network's own choice takes the place of the masquerade.
    let masquerades = !is_false(option("enable_ip_masquerade"))
        && matches!(mode, "" | "nat" | "nat-unprotected")
        && !network.options.contains_key("com.docker.network.host_ipv4")
        && !network.options.contains_key("com.docker.network.host_ipv6");
    let translates = masquerades.then(|| format!("-A POSTROUTING -s {subnet} ! -o {link} -j MASQUERADE"));
    let rule = |table, purpose| move |line| NetworkRule { table, line, purpose };
    std::iter::once(out)
        .map(rule("filter", Purpose::Out))
        .chain(answers.map(rule("filter", Purpose::Answers)))
        .chain(translates.map(rule("nat", Purpose::Translates)))
        .collect()
}

impl OwnChain {
    pub fn is_in(&self, dump: &IptablesDump) -> bool {
        dump.table == self.table && dump.chains.iter().any(|(name, _)| name == self.name)
    }
}

impl Jump {
    pub fn is_in(&self, dump: &IptablesDump) -> bool {
        let (from, to) = (format!("-A {} ", self.from), format!(" -j {}", self.to));
        dump.table == self.table && dump.rules.iter().any(|rule| rule.starts_with(&from) && rule.ends_with(&to))
    }
}

impl NetworkRule {
    pub fn is_in(&self, dump: &IptablesDump) -> bool {
        dump.table == self.table && dump.rules.contains(&self.line)
    }
}

#[cfg(test)]
mod tests;
