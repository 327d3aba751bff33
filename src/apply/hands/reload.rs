//! Who has to be told that a file changed, so that it counts without a reboot. Nothing here brings a link up or down.

use std::path::Path;
use std::time::Duration;

use super::super::{End, systemd};
use super::unit::said;
use crate::probe::exec;
use crate::text::Text;

const LIMIT: Duration = Duration::from_secs(60);

/// Tells the program that keeps the content of this file in memory, or makes another file of it.
///
/// # Errors
/// It does not take the file. That does not matter to an undo: it did not take it before either, or reads it when it starts.
pub fn tell(file: &str, path: &Path, end: End) -> Result<(), Text> {
    if ["/etc/systemd/system/", "/run/systemd/system/"].iter().any(|below| file.starts_with(below))
        && systemd::runs_here()
    {
        return run("systemctl", &["daemon-reload"]);
    }
    let told = if file.starts_with("/etc/NetworkManager/system-connections/") {
        network_manager(file, path)
    } else if file.starts_with("/etc/netplan/") && exec::find("netplan").is_some() {
        // Writes the files of networkd and NetworkManager below /run anew, which a restart of theirs reads, and starts nothing.
        run("netplan", &["generate"])
    } else {
        Ok(())
    };
    if end == End::From { Ok(()) } else { told }
}

/// Only the profile in memory changes, not the connection that is up (nmcli(1)).
fn network_manager(file: &str, path: &Path) -> Result<(), Text> {
    match exec::run("nmcli", &["-t", "-f", "RUNNING", "general"], LIMIT) {
        Ok(output) if output.stdout.trim() == "running" && path.exists() => run("nmcli", &["connection", "load", file]),
        Ok(output) if output.stdout.trim() == "running" => run("nmcli", &["connection", "reload"]),
        // It reads the file when it starts.
        _ => Ok(()),
    }
}

fn run(program: &str, arguments: &[&str]) -> Result<(), Text> {
    said(&format!("{program} {}", arguments.join(" ")), exec::run(program, arguments, LIMIT)).map(drop)
}

/// A new file gets the SELinux label that the policy has for its path, not that of the directory it is made in.
pub fn label(file: &str) {
    if Path::new("/sys/fs/selinux/enforce").exists() {
        // Without the program the label of the directory stays, as with any editor.
        let _ = exec::run("restorecon", &[file], LIMIT);
    }
}
