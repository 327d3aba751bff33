//! Netfilter as it is, without changing it: iptables-legacy is asked only about tables that exist (it would create others), and
//! nothing is asked of nf_tables where the kernel has not loaded it (the question would load it).

mod ipsets;
mod iptables;
mod nf_tables;

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use super::files::Files;
use super::netlink;
use super::source::{Pending, ask};
use crate::host::{AttachedProgram, Fact, Firewall, IptablesDump};
use crate::text::{Text, text};
use nf_tables::NfTables;

/// For one program that is asked.
const LIMIT: Duration = Duration::from_secs(5);

/// CAP_NET_ADMIN (capabilities(7)).
const NET_ADMIN: u32 = 12;

/// The firewall's sources while they are asked.
pub struct Asked {
    deadline: Instant,
    legacy: Pending<Vec<IptablesDump>>,
    nf_tables: Pending<NfTables>,
    variant: Pending<Option<String>>,
    programs: Pending<Vec<AttachedProgram>>,
}

impl Asked {
    pub fn finish(self) -> Firewall {
        let legacy = self.legacy.finish();
        let nf_tables = match self.nf_tables.finish() {
            Fact::Known { value, .. } => value,
            Fact::NotCollected => NfTables::default(),
            Fact::Unreadable(why) => NfTables::unreadable(&why),
        };
        Firewall {
            ipsets: ipsets::look([&legacy, &nf_tables.compat], self.deadline),
            legacy,
            nft_compat: nf_tables.compat,
            nft_base_chains: nf_tables.base_chains,
            nft_ruleset: nf_tables.ruleset,
            iptables_variant: self.variant.finish(),
            programs: self.programs.finish(),
        }
    }
}

/// Starts to look.
pub fn start(files: &Files, deadline: Instant) -> Asked {
    let (own, other) = (files.clone(), files.clone());
    Asked {
        deadline,
        legacy: ask("iptables-legacy-save", LIMIT, deadline, move || {
            privileged(&own, |files| iptables::legacy(files).map_or_else(Fact::Unreadable, Fact::known))
        }),
        // Two programs one after the other, and what netlink says.
        nf_tables: ask("nf_tables", LIMIT * 2, deadline, move || {
            privileged(&other, |files| Fact::known(nf_tables::look(files)))
        }),
        variant: ask("iptables --version", LIMIT, deadline, || match iptables::variant() {
            Ok(variant) => Fact::known(variant),
            Err(why) => Fact::Unreadable(why),
        }),
        programs: ask("programs on links", LIMIT, deadline, netlink::programs),
    }
}

fn privileged<T>(files: &Files, look: impl FnOnce(&Files) -> Fact<T>) -> Fact<T> {
    let status = files.text("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("CapEff:")?.trim(), 16).ok());
    if effective.is_none_or(|capabilities| capabilities >> NET_ADMIN & 1 == 0) {
        return Fact::Unreadable(text!(
            "firewall rules can be read by root only (CAP_NET_ADMIN)",
            "防火墙规则只有 root（CAP_NET_ADMIN）才能读取"
        ));
    }
    look(files)
}

/// What a program that failed complained of.
fn failed(command: &str, said: &str) -> Text {
    text!("`{command}` failed: {said}", "`{command}` 失败：{said}")
}
