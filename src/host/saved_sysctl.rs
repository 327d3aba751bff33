use serde::{Deserialize, Serialize};

use super::Place;

/// Our own file of sysctl.d(5); it sorts behind 99-sysctl.conf.
pub const OWN_SYSCTLS: &str = "/etc/sysctl.d/99-zz-dnetctl.conf";

/// A sysctl that a file sets at boot. A list of them is in the order in which they are set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedSysctl {
    pub place: Place,
    pub keeper: SysctlKeeper,
    /// As in the snapshot's `sysctls`: dots between the parts, a slash for a dot inside a link's name. It may hold a glob.
    pub key: String,
    /// None: the key is kept out of what globs set.
    pub value: Option<String>,
}

/// Who sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SysctlKeeper {
    /// systemd-sysctl, or `sysctl --system` of a service script.
    Sysctl,
    /// ufw, when it starts.
    Ufw,
    /// systemd-networkd: IPForward=, IPMasquerade=.
    Networkd,
}

impl SavedSysctl {
    /// It comes after what [`OWN_SYSCTLS`] sets.
    pub fn after_own(&self) -> bool {
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let outside = !self.place.file.contains("/sysctl.d/");
        self.keeper != SysctlKeeper::Sysctl || outside || name(&self.place.file) > name(OWN_SYSCTLS)
    }

    fn names(&self, key: &str) -> bool {
        one_name(&self.key) == one_name(key)
    }
}

/// net.ipv4.conf.all.forwarding is net.ipv4.ip_forward by another name (net/ipv4/devinet.c `devinet_sysctl_forward`).
fn one_name(key: &str) -> &str {
    if key == "net.ipv4.conf.all.forwarding" { "net.ipv4.ip_forward" } else { key }
}

/// Who would set another value after [`OWN_SYSCTLS`] has set `value`. Globs are none of them: a key that is named comes before any
/// (sysctl.d(5)).
pub fn overrides_own<'a>(saved: &'a [SavedSysctl], key: &str, value: &str) -> Option<&'a SavedSysctl> {
    let last = saved.iter().rfind(|one| one.after_own() && one.names(key) && one.value.is_some());
    last.filter(|one| one.value.as_deref() != Some(value))
}

/// Who sets it last at boot, globs aside.
pub fn set_at_boot<'a>(saved: &'a [SavedSysctl], key: &str) -> Option<&'a SavedSysctl> {
    saved.iter().rfind(|one| one.names(key) && one.value.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(file: &str, keeper: SysctlKeeper, key: &str, value: &str) -> SavedSysctl {
        let place = Place { file: file.to_owned(), line: 1, column: 1 };
        SavedSysctl { place, keeper, key: key.to_owned(), value: Some(value.to_owned()) }
    }

    #[test]
    fn the_last_that_names_it_counts_by_either_name() {
        let all = [
            saved("/etc/sysctl.d/10-a.conf", SysctlKeeper::Sysctl, "net.ipv4.ip_forward", "1"),
            saved("/etc/sysctl.d/99-zzz.conf", SysctlKeeper::Sysctl, "net.ipv4.conf.all.forwarding", "0"),
            saved("/etc/sysctl.d/99-zzz.conf", SysctlKeeper::Sysctl, "net.ipv4.conf.*.forwarding", "1"),
        ];
        assert_eq!(overrides_own(&all, "net.ipv4.ip_forward", "1"), Some(&all[1]));
        assert_eq!(overrides_own(&all, "net.ipv4.ip_forward", "0"), None);
        assert_eq!(overrides_own(&all[..1], "net.ipv4.ip_forward", "0"), None);
        assert_eq!(set_at_boot(&all[..1], "net.ipv4.ip_forward"), Some(&all[0]));
        assert_eq!(set_at_boot(&all, "net.ipv4.ip_forward"), Some(&all[1]));
        let ufw = [saved("/etc/ufw/sysctl.conf", SysctlKeeper::Ufw, "net.ipv4.ip_forward", "0")];
        assert!(overrides_own(&ufw, "net.ipv4.ip_forward", "1").is_some());
    }
}
