//! Every running dockerd, from /proc. What an ordinary user may not read of another's process is left out, field by field.

use nix::sys::time::TimeValLike;
use nix::time::{ClockId, clock_gettime};

use super::files::Files;
use super::unit_files::unreadable;
use crate::host::{Fact, Process};
use crate::parse::placed::Word;
use crate::parse::{daemon_flags, proc_status};
use crate::text::text;

/// Names of the engine (/proc/PID/comm): Docker's and Red Hat's of 1.13.
const DAEMONS: [&str; 2] = ["dockerd", "dockerd-current"];
/// Names of the program that was both client and daemon until 1.11.
const OLD: [&str; 2] = ["docker", "docker-current"];

/// Every dockerd that this /proc shows: also snap's, rootless ones, and those inside containers.
pub fn processes(files: &Files) -> Fact<Vec<Process>> {
    if files.is_mounted() {
        return Fact::NotCollected;
    }
    let names = match files.list("/proc") {
        Ok(names) => names,
        Err(error) => return Fact::Unreadable(unreadable("/proc", &error)),
    };
    let boot = match boot_time() {
        Ok(boot) => boot,
        Err(error) => return Fact::Unreadable(text!("the clock cannot be read: {error}", "无法读取时钟：{error}")),
    };
    // A process that ends while it is looked at is not running.
    let found: Vec<(u32, Process)> =
        names.iter().filter_map(|name| name.parse().ok()).filter_map(|pid| process(files, pid, boot)).collect();
    let pids: Vec<u32> = found.iter().map(|(_, process)| process.pid).collect();
    // A child of a dockerd with its name is a fork on its way to another program.
    let own = found.into_iter().filter(|(parent, _)| !pids.contains(parent)).map(|(_, process)| process);
    let mut processes: Vec<Process> = own.collect();
    processes.sort_by_key(|process| process.pid);
    Fact::known(processes)
}

/// When this host booted, milliseconds since the Unix epoch. `btime` in /proc/stat is cut to seconds, and a file is often written within
/// the second in which the engine starts.
fn boot_time() -> nix::Result<u64> {
    let now = clock_gettime(ClockId::CLOCK_REALTIME)?;
    let since_boot = clock_gettime(ClockId::CLOCK_BOOTTIME)?;
    let milliseconds = (now - since_boot).num_milliseconds();
    Ok(u64::try_from(milliseconds).unwrap_or_default())
}

/// The process and its parent's id, if it is a dockerd.
fn process(files: &Files, pid: u32, boot: u64) -> Option<(u32, Process)> {
    let of = |name: &str| format!("/proc/{pid}/{name}");
    let comm = files.text(&of("comm")).ok()?;
    let old = OLD.contains(&comm.trim());
    if !old && !DAEMONS.contains(&comm.trim()) {
        return None;
    }
    let words = proc_status::command_line(&files.read(&of("cmdline")).ok()?);
    let arguments = words.get(1..).unwrap_or(&[]);
    if old && !is_daemon(arguments) {
        return None;
    }
    let stat = proc_status::stat(&files.text(&of("stat")).ok()?).filter(|stat| !stat.zombie)?;
    let status = files.text(&of("status")).ok()?;
    let exe = files.link_target(&of("exe")).ok();
    let (exe, exe_replaced) = match exe.as_deref().and_then(|exe| exe.strip_suffix(" (deleted)")) {
        Some(replaced) => (Some(replaced.to_owned()), true),
        None => (exe, false),
    };
    let process = Process {
        pid,
        started_at: boot + stat.started,
        exe,
        exe_replaced,
        flags: daemon_flags::flags(arguments),
        netns: namespace(files, &of("ns/net")),
        uid: proc_status::uid(&status)?,
        nested: nested(files, pid, &status),
    };
    Some((stat.parent, process))
}

/// `docker daemon …` or `docker -d …`; other subcommands are the client's.
fn is_daemon(arguments: &[Word]) -> bool {
    let subcommand = arguments.iter().find(|word| !word.text.starts_with('-'));
    arguments.iter().any(|word| matches!(word.text.as_str(), "-d" | "--daemon" | "--daemon=true"))
        && subcommand.is_none()
        || subcommand.is_some_and(|word| word.text == "daemon")
}

fn namespace(files: &Files, path: &str) -> Option<u64> {
    proc_status::namespace(&files.link_target(path).ok()?)
}

/// Everybody may read the ids in /proc/PID/status; kernels before 4.1 leave the namespace itself to compare.
fn nested(files: &Files, pid: u32, status: &str) -> Option<bool> {
    proc_status::in_nested_pid_namespace(status)
        .or_else(|| Some(namespace(files, &format!("/proc/{pid}/ns/pid"))? != namespace(files, "/proc/1/ns/pid")?))
}

/// The inode of our own network namespace.
pub fn own_netns(files: &Files) -> Fact<u64> {
    if files.is_mounted() {
        return Fact::NotCollected;
    }
    const PATH: &str = "/proc/self/ns/net";
    match files.link_target(PATH) {
        Ok(target) => match proc_status::namespace(&target) {
            Some(inode) => Fact::known(inode),
            None => Fact::Unreadable(text!("{PATH} leads to `{target}`", "{PATH} 指向 `{target}`")),
        },
        Err(error) => Fact::Unreadable(unreadable(PATH, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<Word> {
        line.split(' ').map(|text| Word { text: text.to_owned(), place: None }).collect()
    }

    #[test]
    fn the_old_program_was_client_and_daemon() {
        assert!(is_daemon(&words("daemon -H fd://")));
        assert!(is_daemon(&words("-d --bip=10.0.0.1/24")));
        assert!(is_daemon(&words("--debug daemon")));
        assert!(!is_daemon(&words("run -d daemon")));
        assert!(!is_daemon(&words("ps")));
    }

    #[test]
    fn a_running_daemon_is_found_with_its_flags_and_start() {
        use std::os::unix::process::CommandExt;
        let dir = tempfile::tempdir().expect("a directory");
        let program = dir.path().join("dockerd");
        std::fs::copy("/bin/sleep", &program).expect("a copy of sleep");
        let before =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis();
        let mut child = std::process::Command::new(&program).arg0("dockerd").arg("1000").spawn().expect("starts");
        std::fs::remove_file(&program).expect("removed");
        let files = Files::new(None);
        // The kernel lets the parent go on a little before the child has its new name (exec_mmap() in begin_new_exec()).
        let named = || files.text(&format!("/proc/{}/comm", child.id())).is_ok_and(|comm| comm == "dockerd\n");
        let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while !named() && std::time::Instant::now() < until {
            std::thread::yield_now();
        }
        let found = processes(&files);
        child.kill().expect("killed");
        child.wait().expect("waited for");
        let found =
            found.ok().expect("known").iter().find(|process| process.pid == child.id()).cloned().expect("found");
        assert!(u128::from(found.started_at).abs_diff(before) <= 1000, "{found:?} {before}");
        assert_eq!(found.exe.as_deref(), Some(program.to_str().expect("UTF-8")));
        assert!(found.exe_replaced && found.flags.is_empty());
        assert_eq!(found.netns, own_netns(&files).ok().copied());
        assert_eq!(found.nested, Some(false));
    }
}
