//! Kernel modules: loaded, built in, on disk. Nothing is loaded.

use std::collections::{BTreeMap, BTreeSet};

use super::files::Files;
use crate::host::{Fact, Gap, Modules};
use crate::text::text;

/// What Docker's networking uses (moby contrib/check-config.sh), by the modules' own names.
const WANTED: [&str; 38] = [
    "bridge",
    "br_netfilter",
    "veth",
    "vxlan",
    "macvlan",
    "ipvlan",
    "overlay",
    "8021q",
    "nf_conntrack",
    "nf_nat",
    "nf_tables",
    "nft_compat",
    "nft_chain_nat",
    "nft_ct",
    "nft_fib",
    "nft_masq",
    "ip_tables",
    "ip6_tables",
    "iptable_filter",
    "iptable_nat",
    "iptable_mangle",
    "iptable_raw",
    "ip6table_filter",
    "ip6table_nat",
    "ip6table_mangle",
    "ip6table_raw",
    "ip_set",
    "ip_set_hash_net",
    "ip_vs",
    "ip_vs_rr",
    "xt_MASQUERADE",
    "xt_addrtype",
    "xt_conntrack",
    "xt_mark",
    "xt_nat",
    "xt_ipvs",
    "xfrm_user",
    "esp4",
];

/// Kernels before 5.2 named the target's module by its family.
const OLD_NAMES: [(&str, &str); 1] = [("xt_MASQUERADE", "ipt_MASQUERADE")];

/// Modules as the running kernel, of `release`, has them. Without its directory nobody can tell a module that is not there from
/// one that is built in: then only those that are seen are in the map.
pub fn look(files: &Files, release: Option<&str>) -> Fact<Modules> {
    let mut present = loaded(files);
    if files.exists("/proc/sys/net/bridge") {
        present.insert("br_netfilter".to_owned());
    }
    let Some(directory) = release.and_then(|release| module_directory(files, release)) else {
        let mut seen = pick(&present);
        seen.retain(|_, is_there| *is_there);
        let gap = Gap::new(text!(
            "there is no directory of modules for the running kernel, so which modules are built in is not known",
            "没有当前内核的模块目录，因此不知道哪些模块编译进了内核"
        ));
        return Fact::with_gaps(Modules { loaded: seen, on_disk: None }, vec![gap]);
    };
    let built_in = listed(files, &format!("{directory}/modules.builtin"));
    let mut available = listed(files, &format!("{directory}/modules.dep"));
    available.extend(built_in.iter().cloned());
    present.extend(built_in);
    Fact::known(Modules { loaded: pick(&present), on_disk: Some(pick(&available)) })
}

/// Whether the running kernel has it now: loaded, built in, or that cannot be told. A question to a module that is only on disk
/// would load it.
pub fn may_be_loaded(files: &Files, name: &str) -> bool {
    if !files.exists("/proc/modules") || loaded(files).contains(name) {
        return true;
    }
    let release = files.text("/proc/sys/kernel/osrelease").unwrap_or_default();
    match module_directory(files, release.trim()) {
        Some(directory) => listed(files, &format!("{directory}/modules.builtin")).contains(name),
        None => true,
    }
}

fn pick(names: &BTreeSet<String>) -> BTreeMap<String, bool> {
    let has = |name: &str| {
        let old = OLD_NAMES.iter().find(|(new, _)| *new == name).map(|(_, old)| *old);
        names.contains(name) || old.is_some_and(|old| names.contains(old))
    };
    WANTED.iter().map(|name| ((*name).to_owned(), has(name))).collect()
}

/// /proc/modules (one a line, its name first), and /sys/module, which also has the built-in ones that take parameters.
fn loaded(files: &Files) -> BTreeSet<String> {
    let modules = files.text("/proc/modules").unwrap_or_default();
    let mut names: BTreeSet<String> = modules.lines().filter_map(|line| line.split(' ').next()).map(plain).collect();
    names.extend(files.list("/sys/module").unwrap_or_default().iter().map(|name| plain(name)));
    names
}

fn module_directory(files: &Files, release: &str) -> Option<String> {
    let directories = ["/lib/modules", "/usr/lib/modules"].map(|parent| format!("{parent}/{release}"));
    directories.into_iter().find(|directory| !release.is_empty() && files.exists(&format!("{directory}/modules.dep")))
}

/// Names in modules.dep (`kernel/net/bridge/bridge.ko.zst: …`) or modules.builtin (modules.dep(5)).
fn listed(files: &Files, path: &str) -> BTreeSet<String> {
    let text = files.text(path).unwrap_or_default();
    let paths = text.lines().filter_map(|line| line.split(':').next());
    paths.filter_map(|path| path.rsplit('/').next()?.split(".ko").next()).map(plain).collect()
}

/// modprobe takes `-` and `_` for one.
fn plain(name: &str) -> String {
    name.trim().replace('-', "_")
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests {
    use super::*;

    #[test]
    fn loaded_built_in_and_on_disk_are_told_apart() {
        let dir = tempfile::tempdir().expect("a directory");
        let put = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            std::fs::write(path, text).expect("file");
        };
        put("proc/modules", "bridge 311296 1 br_netfilter, Live 0x0\nipt_MASQUERADE 1 0 - Live 0x0\n");
        put("lib/modules/6.1/modules.dep", "kernel/net/bridge/br_netfilter.ko.xz: kernel/net/bridge/bridge.ko.xz\n");
        put("lib/modules/6.1/modules.builtin", "kernel/net/netfilter/xt-mark.ko\n");
        put("proc/sys/kernel/osrelease", "6.1\n");
        let files = Files::new(Some(dir.path().to_path_buf()));
        let fact = look(&files, Some("6.1"));
        let modules = fact.ok().expect("known");
        let loaded = |name: &str| modules.loaded[name];
        assert!(loaded("bridge") && loaded("xt_MASQUERADE") && loaded("xt_mark") && !loaded("br_netfilter"));
        let on_disk = modules.on_disk.as_ref().expect("a directory");
        assert!(on_disk["br_netfilter"] && on_disk["xt_mark"] && !on_disk["ip_vs"]);
        assert!(may_be_loaded(&files, "bridge") && !may_be_loaded(&files, "nf_tables"));
        let bare = look(&files, Some("9.9"));
        assert_eq!(bare.gaps().len(), 1);
        assert_eq!(bare.ok().expect("known").loaded.get("ip_vs"), None);
    }
}
