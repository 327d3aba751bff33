//! Sysctls that files set at boot, in the order in which they are set (sysctl.d(5), ufw-framework(8), systemd.network(5)).

use super::files::Files;
use crate::host::{Fact, Gap, SavedSysctl, SysctlKeeper};
use crate::parse::env_file::{Reader, read};
use crate::parse::sysctl_conf::{self, acting};
use crate::text::text;

const TREES: [&str; 5] =
    ["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"];

/// Read by procps's `sysctl --system` alone, after all others; systemd-sysctl knows it only where a link leads to it.
const PROCPS: &str = "/etc/sysctl.conf";

const NETWORKD: [&str; 5] = [
    "/etc/systemd/network",
    "/run/systemd/network",
    "/usr/local/lib/systemd/network",
    "/usr/lib/systemd/network",
    "/lib/systemd/network",
];

pub fn look(files: &Files) -> Fact<Vec<SavedSysctl>> {
    let mut look = Look { files, saved: Vec::new(), gaps: Vec::new() };
    let mut paths = Vec::new();
    for tree in TREES {
        paths.extend(look.list(tree).into_iter().map(|name| format!("{tree}/{name}")));
    }
    for path in acting(&paths) {
        look.add(&path, |path, bytes| sysctl_conf::read(path, bytes, SysctlKeeper::Sysctl));
    }
    if !files.exists("/run/systemd/system") && !files.exists("/lib/systemd/systemd") {
        look.add(PROCPS, |path, bytes| sysctl_conf::read(path, bytes, SysctlKeeper::Sysctl));
    }
    look.networkd();
    look.ufw();
    let Look { mut saved, gaps, .. } = look;
    saved.retain(|one| one.key.starts_with("net."));
    Fact::with_gaps(saved, gaps)
}

struct Look<'a> {
    files: &'a Files,
    saved: Vec<SavedSysctl>,
    gaps: Vec<Gap>,
}

impl Look<'_> {
    fn list(&mut self, directory: &str) -> Vec<String> {
        match self.files.list(directory) {
            Ok(names) => names,
            Err(error) => {
                self.gaps.push(Gap::new(text!("{directory}: {error}", "{directory}：{error}")));
                Vec::new()
            }
        }
    }

    fn add(&mut self, path: &str, parse: impl Fn(&str, &[u8]) -> Vec<SavedSysctl>) {
        let masked = self.files.link_target(path).is_ok_and(|target| target == "/dev/null");
        if masked || !self.files.exists(path) {
            return;
        }
        match self.files.read(path) {
            Ok(bytes) => self.saved.extend(parse(path, &bytes)),
            Err(error) => self.gaps.push(Gap::new(text!("{path}: {error}", "{path}：{error}"))),
        }
    }

    /// Only what is configured counts: a .network file that no link matches turns nothing on, but which those are is not asked here.
    fn networkd(&mut self) {
        const ENABLED: &str = "/etc/systemd/system/multi-user.target.wants/systemd-networkd.service";
        if self.files.link_target(ENABLED).is_err() && !self.files.exists("/run/systemd/netif/state") {
            return;
        }
        self.add("/etc/systemd/networkd.conf", sysctl_conf::of_networkd);
        for tree in NETWORKD {
            for name in self.list(tree) {
                if name.ends_with(".network") {
                    self.add(&format!("{tree}/{name}"), sysctl_conf::of_networkd);
                } else if name.ends_with(".network.d") {
                    for drop_in in self.list(&format!("{tree}/{name}")) {
                        self.add(&format!("{tree}/{name}/{drop_in}"), sysctl_conf::of_networkd);
                    }
                }
            }
        }
    }

    fn ufw(&mut self) {
        let said = |path: &str, name: &str| -> Option<String> {
            let text = self.files.text_if_any(path).ok().flatten()?;
            let last = read(path, &text, Reader::Shell).into_iter().rfind(|variable| variable.name == name)?;
            Some(last.value.text())
        };
        if !said("/etc/ufw/ufw.conf", "ENABLED").is_some_and(|enabled| enabled.eq_ignore_ascii_case("yes")) {
            return;
        }
        let path = said("/etc/default/ufw", "IPT_SYSCTL").unwrap_or_else(|| "/etc/ufw/sysctl.conf".to_owned());
        self.add(&path, |path, bytes| sysctl_conf::read(path, bytes, SysctlKeeper::Ufw));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods)] // it makes a host of files

    use std::fs;

    use super::*;
    use crate::host::overrides_own;

    fn host(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a directory");
        for (path, text) in files {
            let path = root.path().join(path.trim_start_matches('/'));
            fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            match text.strip_prefix("-> ") {
                Some(target) => std::os::unix::fs::symlink(target, path).expect("a link"),
                None => fs::write(path, text).expect("a file"),
            }
        }
        root
    }

    fn seen(files: &[(&str, &str)]) -> Vec<SavedSysctl> {
        let root = host(files);
        let Fact::Known { value, gaps } = look(&Files::new(Some(root.path().to_owned()))) else { panic!("known") };
        assert_eq!(gaps, []);
        value
    }

    const FORWARD: &str = "net.ipv4.ip_forward";

    #[test]
    fn systemd_leaves_sysctl_conf_alone_and_the_service_script_reads_it_last() {
        let files = [
            ("/etc/sysctl.conf", "net.ipv4.ip_forward=1\n"),
            ("/etc/sysctl.d/99-zzz.conf", "net.ipv4.conf.all.forwarding = 0\n"),
        ];
        assert_eq!(seen(&files).last().map(|one| &*one.place.file), Some("/etc/sysctl.conf"));
        assert_eq!(overrides_own(&seen(&files), FORWARD, "1"), None);
        let with_systemd = [files[0], files[1], ("/lib/systemd/systemd", "")];
        let over = overrides_own(&seen(&with_systemd), FORWARD, "1").map(|one| one.place.file.clone());
        assert_eq!(over.as_deref(), Some("/etc/sysctl.d/99-zzz.conf"));
    }

    #[test]
    fn a_link_to_nothing_masks() {
        let saved = seen(&[
            ("/lib/systemd/systemd", ""),
            ("/etc/sysctl.d/60-x.conf", "-> /dev/null"),
            ("/usr/lib/sysctl.d/60-x.conf", "net.ipv4.ip_forward=0\n"),
            ("/etc/sysctl.d/70-x", "net.ipv4.ip_forward=0\n"),
            ("/etc/sysctl.d/80-vm.conf", "vm.swappiness=1\n"),
        ]);
        assert_eq!(saved, []);
    }

    #[test]
    fn ufw_and_networkd_come_later() {
        let files = [
            ("/lib/systemd/systemd", ""),
            ("/etc/sysctl.d/99-zz-dnetctl.conf", "net.ipv4.ip_forward = 1\n"),
            ("/etc/ufw/ufw.conf", "ENABLED=yes\n"),
            ("/etc/default/ufw", "IPT_SYSCTL=/etc/ufw/sysctl.conf\n"),
            ("/etc/ufw/sysctl.conf", "#net/ipv4/ip_forward=1\nnet/ipv4/ip_forward=0\n"),
        ];
        let saved = seen(&files);
        let over = overrides_own(&saved, FORWARD, "1").expect("ufw");
        assert_eq!((over.keeper, over.place.line), (SysctlKeeper::Ufw, 2));
        let off = [files[0], files[1], ("/etc/ufw/ufw.conf", "ENABLED=no\n"), files[4]];
        assert_eq!(overrides_own(&seen(&off), FORWARD, "1"), None);
        let networkd = seen(&[
            ("/lib/systemd/systemd", ""),
            ("/run/systemd/netif/state", ""),
            ("/etc/systemd/network/a.network", "[Network]\nIPForward=ipv4\n"),
        ]);
        assert_eq!(networkd[0].keeper, SysctlKeeper::Networkd);
    }
}
