//! What kind of run and what kind of host this is.

use super::files::Files;
use crate::host::{Privilege, Profile};

pub fn look(files: &Files, files_only: bool) -> Profile {
    let release = files.text("/proc/sys/kernel/osrelease").unwrap_or_default().to_ascii_lowercase();
    Profile {
        privilege: if nix::unistd::geteuid().is_root() { Privilege::Root } else { Privilege::User },
        systemd: if files_only { has_systemd(files) } else { files.exists("/run/systemd/system") },
        container: container(files),
        wsl: release.contains("microsoft"),
        files_only,
    }
}

/// A host that is not running: systemd would be its PID 1.
fn has_systemd(files: &Files) -> bool {
    files.exists("/lib/systemd/systemd") || files.exists("/usr/lib/systemd/systemd")
}

/// Docker's and Podman's own marks, then what systemd as PID 1 was told (systemd-detect-virt(1) "container").
fn container(files: &Files) -> Option<String> {
    if files.exists("/.dockerenv") {
        return Some("docker".to_owned());
    }
    if files.exists("/run/.containerenv") {
        return Some("podman".to_owned());
    }
    // systemd writes one word there (systemd-detect-virt(1)).
    let told = files.text("/run/systemd/container").unwrap_or_default();
    let word: String = told.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    (!word.is_empty()).then_some(word)
}
