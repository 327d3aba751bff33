//! Netfilter as it is, without changing it: iptables-legacy is asked only about tables that exist (it would create others), and
//! nothing is asked of nf_tables where the kernel has not loaded it (the question would load it).

use std::time::{Duration, Instant};

use super::exec::{self, Failure};
use super::files::Files;
use super::modules;
use super::source::{Pending, ask};
use crate::host::{Fact, Family, Firewall, IptablesDump};
use crate::parse::{iptables_save, nft_json};
use crate::text::{Text, text};

const LIMIT: Duration = Duration::from_secs(5);

/// CAP_NET_ADMIN (capabilities(7)).
const NET_ADMIN: u32 = 12;

/// The firewall's sources while they are asked.
pub struct Asked {
    legacy: Pending<Vec<IptablesDump>>,
    nft_compat: Pending<Vec<IptablesDump>>,
    nft: Pending<nft_json::Ruleset>,
    variant: Pending<Option<String>>,
}

impl Asked {
    pub fn finish(self) -> Firewall {
        let nft = self.nft.finish();
        Firewall {
            legacy: self.legacy.finish(),
            nft_compat: self.nft_compat.finish(),
            nft_base_chains: nft.clone().map(|ruleset| ruleset.base_chains),
            nft_ruleset: nft.map(|ruleset| ruleset.whole),
            iptables_variant: self.variant.finish(),
            ipsets: Fact::NotCollected,
            programs: Fact::NotCollected,
        }
    }
}

/// Starts to look.
pub fn start(files: &Files, deadline: Instant) -> Asked {
    let with = |look: fn(&Files) -> Result<Fact<Vec<IptablesDump>>, Text>, name| {
        let files = files.clone();
        ask(name, LIMIT, deadline, move || privileged(&files, look))
    };
    let own = files.clone();
    Asked {
        legacy: with(legacy, "iptables-legacy-save"),
        nft_compat: with(nft_compat, "iptables-nft-save"),
        nft: ask("nft list ruleset", LIMIT, deadline, move || {
            privileged(&own, |files| ruleset(files).map(Fact::known))
        }),
        variant: ask("iptables --version", LIMIT, deadline, || match variant() {
            Ok(variant) => Fact::known(variant),
            Err(why) => Fact::Unreadable(why),
        }),
    }
}

fn privileged<T>(files: &Files, look: impl FnOnce(&Files) -> Result<Fact<T>, Text>) -> Fact<T> {
    let status = files.text("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("CapEff:")?.trim(), 16).ok());
    if effective.is_none_or(|capabilities| capabilities >> NET_ADMIN & 1 == 0) {
        return Fact::Unreadable(text!(
            "firewall rules can be read by root only (CAP_NET_ADMIN)",
            "防火墙规则只有 root（CAP_NET_ADMIN）才能读取"
        ));
    }
    look(files).unwrap_or_else(Fact::Unreadable)
}

/// `nf_tables` or `legacy`; none when there is no iptables. Before 1.8 there was one variant, and it did not say so.
fn variant() -> Result<Option<String>, Text> {
    match exec::run("iptables", &["--version"], LIMIT) {
        Ok(output) if output.succeeded() => {
            let nft = output.stdout.contains("(nf_tables)");
            Ok(Some(if nft { "nf_tables" } else { "legacy" }.to_owned()))
        }
        Ok(output) => {
            let said = output.complaint();
            Err(text!("`iptables --version` failed: {said}", "`iptables --version` 失败：{said}"))
        }
        Err(Failure::Missing) => Ok(None),
        Err(Failure::Failed(why)) => Err(why),
    }
}

/// The iptables-save of one variant: by its explicit name, or the plain one where it is of that variant.
fn saver(family: Family, wanted: &str) -> Result<String, Text> {
    let base = if family == Family::V4 { "iptables" } else { "ip6tables" };
    let short = if wanted == "legacy" { "legacy" } else { "nft" };
    let explicit = format!("{base}-{short}-save");
    if exec::find(&explicit).is_some() {
        return Ok(explicit);
    }
    let plain = format!("{base}-save");
    if exec::find(&plain).is_some() && variant()?.as_deref() == Some(wanted) {
        return Ok(plain);
    }
    Err(text!(
        "rules exist that only {explicit} shows, and it is not installed",
        "存在只有 {explicit} 才能显示的规则，但它没有安装"
    ))
}

fn save(program: &str, family: Family) -> Result<Fact<Vec<IptablesDump>>, Text> {
    match exec::run(program, &[], LIMIT) {
        Ok(output) if output.succeeded() => iptables_save::parse(&output.stdout, family),
        Ok(output) => {
            let said = output.complaint();
            Err(text!("{program} failed: {said}", "{program} 失败：{said}"))
        }
        Err(Failure::Missing) => Err(text!("{program} is not installed", "{program} 没有安装")),
        Err(Failure::Failed(why)) => Err(why),
    }
}

fn both(
    mut dump: impl FnMut(Family) -> Result<Fact<Vec<IptablesDump>>, Text>,
) -> Result<Fact<Vec<IptablesDump>>, Text> {
    let (mut tables, mut gaps) = (Vec::new(), Vec::new());
    for family in [Family::V4, Family::V6] {
        if let Fact::Known { value, gaps: found } = dump(family)? {
            tables.extend(value);
            gaps.extend(found);
        }
    }
    Ok(Fact::with_gaps(tables, gaps))
}

fn legacy(files: &Files) -> Result<Fact<Vec<IptablesDump>>, Text> {
    both(|family| {
        let names = if family == Family::V4 { "/proc/net/ip_tables_names" } else { "/proc/net/ip6_tables_names" };
        match files.text_if_any(names) {
            // The kernel has no legacy iptables loaded, or no table of it exists.
            Ok(None) => Ok(Fact::known(Vec::new())),
            Ok(Some(tables)) if tables.trim().is_empty() => Ok(Fact::known(Vec::new())),
            Ok(Some(_)) => save(&saver(family, "legacy")?, family),
            Err(error) => Err(text!("{names}: {error}", "{names}：{error}")),
        }
    })
}

fn nft_compat(files: &Files) -> Result<Fact<Vec<IptablesDump>>, Text> {
    if !modules::may_be_loaded(files, "nf_tables") {
        return Ok(Fact::known(Vec::new()));
    }
    both(|family| match saver(family, "nf_tables") {
        Ok(program) => save(&program, family),
        // Without the tool nft itself can still tell that there is nothing to show.
        Err(why) => {
            let wanted = if family == Family::V4 { "ip" } else { "ip6" };
            match ruleset(files) {
                Ok(ruleset) if ruleset.tables.iter().all(|(family, _)| family != wanted) => Ok(Fact::known(Vec::new())),
                _ => Err(why),
            }
        }
    })
}

fn ruleset(files: &Files) -> Result<nft_json::Ruleset, Text> {
    if !modules::may_be_loaded(files, "nf_tables") {
        return Ok(nft_json::Ruleset { tables: Vec::new(), base_chains: Vec::new(), whole: None });
    }
    match exec::run("nft", &["-j", "list", "ruleset"], LIMIT) {
        Ok(output) if output.succeeded() => nft_json::parse(&output.stdout),
        Ok(output) => {
            let said = output.complaint();
            Err(text!("`nft -j list ruleset` failed: {said}", "`nft -j list ruleset` 失败：{said}"))
        }
        Err(Failure::Missing) => Err(text!(
            "nft is not installed, so rules outside iptables' tables cannot be seen",
            "没有安装 nft，看不到 iptables 各表之外的规则"
        )),
        Err(Failure::Failed(why)) => Err(why),
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Runs `inside` in a fresh network namespace: /proc/net belongs to the process, so this test is run again in one of its own.
    fn in_a_fresh_namespace(test: &str, inside: fn()) {
        const INSIDE: &str = "DNETCTL_TEST_INSIDE";
        if std::env::var_os(INSIDE).is_some() {
            must_be_fresh();
            return inside();
        }
        let output = Command::new("unshare")
            .args(["--map-root-user", "--net"])
            .arg(std::env::current_exe().expect("this test"))
            .args(["--exact", &format!("probe::firewall::tests::{test}")])
            .env(INSIDE, "1")
            .output()
            .expect("unshare(1)");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
    }

    fn run(program: &str, arguments: &[&str]) -> String {
        let output = exec::run(program, arguments, LIMIT).expect(program);
        assert!(output.succeeded(), "{program} {arguments:?}: {}", output.complaint());
        output.stdout
    }

    fn look() -> Firewall {
        start(&Files::new(None), Instant::now() + LIMIT).finish()
    }

    /// These tests write rules: never where anything but a loopback link is.
    fn must_be_fresh() {
        let links = Files::new(None).text("/proc/net/dev").expect("links");
        assert!(links.lines().skip(2).all(|line| line.trim_start().starts_with("lo:")), "not a fresh namespace");
    }

    /// Everything by which a look could be noticed.
    fn state() -> (Vec<Option<String>>, String) {
        let files = Files::new(None);
        let names = ["/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"];
        (names.map(|path| files.text_if_any(path).expect(path)).to_vec(), run("nft", &["list", "ruleset"]))
    }

    #[test]
    fn a_look_at_an_empty_firewall_leaves_it_empty() {
        in_a_fresh_namespace("a_look_at_an_empty_firewall_leaves_it_empty", inside_empty);
    }

    fn inside_empty() {
        let before = state();
        let firewall = look();
        assert_eq!(state(), before);
        assert_eq!(firewall.legacy, Fact::known(Vec::new()));
        assert_eq!(firewall.nft_compat, Fact::known(Vec::new()));
        assert_eq!(firewall.nft_base_chains, Fact::known(Vec::new()));
        assert_eq!(firewall.nft_ruleset, Fact::known(None));
        assert!(firewall.iptables_variant.is_known());
    }

    #[test]
    fn both_variants_and_native_tables_are_seen_and_left_alone() {
        in_a_fresh_namespace("both_variants_and_native_tables_are_seen_and_left_alone", inside_full);
    }

    fn inside_full() {
        run("iptables-nft", &["-P", "FORWARD", "DROP"]);
        run("ip6tables-nft", &["-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE"]);
        run("iptables-legacy", &["-A", "INPUT", "-s", "10.0.0.0/8", "-j", "DROP"]);
        run("nft", &["add", "table", "inet", "fw"]);
        run(
            "nft",
            &["add", "chain", "inet", "fw", "hooked", "{ type filter hook forward priority -1 ; policy drop ; }"],
        );
        let before = state();
        let firewall = look();
        assert_eq!(state(), before);
        let legacy = firewall.legacy.ok().expect("legacy");
        assert_eq!(legacy.iter().map(|dump| dump.table.as_str()).collect::<Vec<_>>(), ["filter"]);
        assert_eq!(legacy[0].rules, ["-A INPUT -s 10.0.0.0/8 -j DROP"]);
        let compat = firewall.nft_compat.ok().expect("nft");
        assert!(compat.iter().any(|dump| dump.family == Family::V6 && dump.table == "nat"));
        let forward = &compat.iter().find(|dump| dump.table == "filter").expect("filter").chains;
        assert!(forward.contains(&("FORWARD".to_owned(), "DROP".to_owned())));
        let chains = firewall.nft_base_chains.ok().expect("chains");
        let own = chains.iter().find(|chain| chain.family == "inet").expect("the native chain");
        assert_eq!((own.priority, own.hook.as_str(), own.policy.as_str()), (-1, "forward", "drop"));
    }
}
