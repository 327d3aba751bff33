//! Which boot of this host this is.
#![allow(clippy::disallowed_methods)]

use std::time::{SystemTime, UNIX_EPOCH};

use nix::unistd::{SysconfVar, sysconf};

/// The kernel's boot (random(4)) and when its first process began (proc_pid_stat(5), field 22): a container or another namespace that is
/// started again has the same kernel and another first process.
pub fn current() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    format!("{}/{}", boot.trim(), started("1").unwrap_or_default())
}

/// When a process began, in clock ticks since the kernel's boot; `pid` as a directory of /proc is called.
pub fn started(pid: &str) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// When a process began, in seconds since the Unix epoch.
pub fn began(pid: &str) -> Option<u64> {
    let per_second = u64::try_from(sysconf(SysconfVar::CLK_TCK).ok()??).ok().filter(|ticks| *ticks > 0)?;
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let up: u64 = uptime.split(['.', ' ']).next()?.parse().ok()?;
    now().checked_sub(up.checked_sub(started(pid)? / per_second)?)
}

/// Seconds since the Unix epoch.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_has_one_name() {
        let boot = current();
        let (id, first) = boot.split_once('/').expect("two parts");
        assert!(id.len() == 36 && first.parse::<u64>().is_ok(), "{boot}");
        assert_eq!(current(), boot);
    }
}
