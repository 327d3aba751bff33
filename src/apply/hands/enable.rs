//! Whether a unit is started at boot.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::unit::said;
use crate::apply::{sync, systemd};
use crate::probe::exec;
use crate::text::{Text, text};

const LIMIT: Duration = Duration::from_secs(60);

/// Where `systemctl enable` makes its links.
const LINKS: &str = "/etc/systemd/system";

/// As `systemctl is-enabled` says; a unit that does not exist is not.
///
/// # Errors
/// It is neither on nor off: masked, static, generated.
pub fn state(unit: &str) -> Result<bool, Text> {
    if !systemd::runs_here() {
        return Err(text!(
            "whether {unit} is started at boot is for systemd to say, and it does not run here",
            "{unit} 是否开机启动由 systemd 决定，而这里没有运行 systemd"
        ));
    }
    let output = match exec::run("systemctl", &["is-enabled", unit], LIMIT) {
        Ok(output) => output,
        failed => said(&format!("systemctl is-enabled {unit}"), failed)?,
    };
    match output.stdout.trim() {
        "enabled" => Ok(true),
        // Until the next boot only.
        "disabled" | "enabled-runtime" | "linked" | "linked-runtime" | "not-found" => Ok(false),
        // Older ones say on stderr that there is no such file.
        "" if output.complaint().contains("No such file") || output.complaint().contains("does not exist") => Ok(false),
        other => Err(text!(
            "{unit} is {other}: it can be neither enabled nor disabled",
            "{unit} 的状态是 {other}：既不能启用也不能停用"
        )),
    }
}

pub fn bring(unit: &str, wanted: bool) -> Result<(), Text> {
    if state(unit)? == wanted {
        return Ok(());
    }
    let verb = if wanted { "enable" } else { "disable" };
    let outcome = exec::run("systemctl", &[verb, unit], LIMIT);
    said(&format!("systemctl {verb} {unit}"), outcome)?;
    lasts(Path::new(LINKS)).map_err(|error| {
        text!(
            "the links below {LINKS} are not on disk for good: {error}",
            "{LINKS} 下的链接未能可靠地写入磁盘：{error}"
        )
    })
}

/// systemctl(1) makes and removes links without a sync: here, and in the directories of those who want the unit.
fn lasts(links: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(links)? {
        let path = entry?.path();
        let wants = path.extension().is_some_and(|kind| kind == "wants" || kind == "requires");
        if wants && path.is_dir() {
            sync::directory(&path)?;
        }
    }
    sync::directory(links)
}
