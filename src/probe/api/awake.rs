//! Who listens on the engine's socket, found without connecting: with docker.socket active and dockerd stopped, a connection
//! starts dockerd (systemd.socket(5)).

use crate::host::{EngineKind, Listener};
use crate::probe::files::Files;

/// The evidence that somebody is awake; looked at again right before each connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The file in /proc that shows it, and what it said.
    path: String,
    said: String,
    is_link: bool,
}

impl Evidence {
    pub fn still_holds(&self, files: &Files) -> bool {
        let says = if self.is_link { files.link_target(&self.path) } else { files.text(&self.path) };
        says.is_ok_and(|says| says == self.said)
    }
}

/// Who listens, and what shows that it is awake (for [`Listener::Process`] only).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub listener: Listener,
    pub evidence: Option<Evidence>,
}

struct Process {
    pid: u32,
    comm: String,
}

impl Process {
    /// dockerd under the names that distributions gave it, and podman's service.
    fn is_engine(&self) -> bool {
        let comm = self.comm.as_str();
        matches!(comm, "docker" | "podman" | "docker-current" | "balena-engine-d" | "balenad")
            || comm.starts_with("dockerd")
    }

    /// systemd itself, its child before exec (`(dockerd)`), and its helper that starts a service on connection.
    fn is_systemd(&self) -> bool {
        self.comm == "systemd" || self.comm.starts_with('(') || self.comm.starts_with("systemd-socket-")
    }
}

/// Looks for the listener of a unix socket, `path` as it was given.
pub fn look(files: &Files, path: &str) -> Seen {
    let mut processes = processes(files);
    // Engines first: nearly always the first one is the answer, and the others need not be looked at.
    processes.sort_by_key(|process| !process.is_engine());
    let inodes = listening_inodes(files, path, &processes);
    let (mut systemd_holds, mut unseen, mut other) = (false, false, None);
    for process in &processes {
        let (pid, comm) = (process.pid, &process.comm);
        let holds = match held_inode(files, pid, &inodes) {
            Holding::Yes(evidence) => evidence,
            Holding::No => continue,
            Holding::Unseen => {
                unseen = true;
                continue;
            }
        };
        // A nested host may listen at the same path in its own file system: its file is not ours.
        if !same_file(files, path, pid) {
            continue;
        }
        if process.is_systemd() {
            systemd_holds = true;
        } else {
            let seen = Seen { listener: process_listener(files, pid, comm), evidence: Some(holds) };
            if process.is_engine() {
                return seen;
            }
            other.get_or_insert(seen);
        }
    }
    // Besides systemd only an engine counts: what else holds the socket may have inherited it and never accepts.
    if let (false, Some(seen)) = (systemd_holds, other) {
        return seen;
    }
    let by_flags = if unseen { processes.iter().find(|process| flags_fit(files, process, path)) } else { None };
    if let Some(process) = by_flags {
        let evidence = Evidence {
            path: format!("/proc/{}/comm", process.pid),
            said: format!("{}\n", process.comm),
            is_link: false,
        };
        return Seen { listener: process_listener(files, process.pid, &process.comm), evidence: Some(evidence) };
    }
    let listener = match () {
        () if systemd_holds => Listener::Systemd,
        () if inodes.is_empty() => Listener::Nobody,
        () => Listener::Unknown,
    };
    Seen { listener, evidence: None }
}

fn process_listener(files: &Files, pid: u32, comm: &str) -> Listener {
    let netns = files.link_target(&format!("/proc/{pid}/ns/net")).ok();
    let netns = netns.and_then(|link| link.strip_prefix("net:[")?.strip_suffix(']')?.parse().ok());
    Listener::Process { pid, name: comm.to_owned(), netns }
}

/// What the listener's name and the socket's path say of its kind.
pub fn kind(listener: &Listener, path: &str) -> EngineKind {
    match listener {
        Listener::Process { name, .. } if name == "podman" => EngineKind::Podman,
        Listener::Process { name, .. } if name.starts_with("docker") => EngineKind::Docker,
        _ if real_path(path).ends_with("/podman.sock") => EngineKind::Podman,
        _ => EngineKind::Unknown,
    }
}

/// Processes with their names (proc_pid_comm(5)), without kernel threads' lack of files mattering.
fn processes(files: &Files) -> Vec<Process> {
    let pids = files.list("/proc").unwrap_or_default();
    let pids = pids.iter().filter_map(|name| name.parse::<u32>().ok());
    pids.filter_map(|pid| {
        let comm = files.text(&format!("/proc/{pid}/comm")).ok()?.trim_end().to_owned();
        Some(Process { pid, comm })
    })
    .collect()
}

/// The path without symbolic links; as it is where it does not exist.
pub fn real_path(path: &str) -> String {
    std::fs::canonicalize(path).map_or_else(|_| path.to_owned(), |real| real.to_string_lossy().into_owned())
}

/// Inodes of listening sockets bound to `path`: /proc/net/unix shows those of one network namespace only, so that of PID 1 and
/// of every engine are looked at too.
fn listening_inodes(files: &Files, path: &str, processes: &[Process]) -> Vec<String> {
    let real = real_path(path);
    let mut tables = vec!["/proc/net/unix".to_owned(), "/proc/1/net/unix".to_owned()];
    tables.extend(processes.iter().filter(|p| p.is_engine()).map(|p| format!("/proc/{}/net/unix", p.pid)));
    let mut inodes = Vec::new();
    for table in tables {
        let Ok(text) = files.text(&table) else { continue };
        for line in text.lines().skip(1) {
            if let Some((inode, bound)) = listening(line)
                && (bound == path || bound == real || real_path(bound) == real)
            {
                inodes.push(format!("socket:[{inode}]"));
            }
        }
    }
    inodes.sort();
    inodes.dedup();
    inodes
}

/// Inode and path of a listening stream socket: `Num RefCount Protocol Flags Type St Inode Path`; flag 0x10000 is
/// __SO_ACCEPTCON (net/unix/af_unix.c `unix_seq_show`).
fn listening(line: &str) -> Option<(&str, &str)> {
    let mut fields = line.split_ascii_whitespace();
    let flags = u32::from_str_radix(fields.nth(3)?, 16).ok()?;
    let inode = fields.nth(2)?;
    let path = fields.next()?;
    (flags & 0x1_0000 != 0).then_some((inode, path))
}

enum Holding {
    Yes(Evidence),
    No,
    Unseen,
}

fn held_inode(files: &Files, pid: u32, inodes: &[String]) -> Holding {
    let directory = format!("/proc/{pid}/fd");
    let names = match files.list(&directory) {
        Ok(names) => names,
        Err(_) => return Holding::Unseen,
    };
    for name in names {
        let path = format!("{directory}/{name}");
        if let Ok(said) = files.link_target(&path)
            && inodes.contains(&said)
        {
            return Holding::Yes(Evidence { path, said, is_link: true });
        }
    }
    Holding::No
}

/// Whether the process sees our socket file at the same path. Snap's and systemd's mount namespaces share it, a nested host's
/// do not.
fn same_file(files: &Files, path: &str, pid: u32) -> bool {
    let real = real_path(path);
    match (files.identity(&real), files.identity(&format!("/proc/{pid}/root{real}"))) {
        (Ok(ours), Ok(theirs)) => ours == theirs,
        _ => false,
    }
}

/// Without the right to see who holds which socket: a dockerd of this very host whose flags, or daemon.json, name the path.
fn flags_fit(files: &Files, process: &Process, path: &str) -> bool {
    if !process.comm.starts_with("dockerd") {
        return false;
    }
    // proc_pid_status(5): one number a PID namespace; a dockerd inside a container has more than one.
    let status = files.text(&format!("/proc/{}/status", process.pid)).unwrap_or_default();
    let own =
        status.lines().find_map(|line| line.strip_prefix("NSpid:")).map(|pids| pids.split_whitespace().count() == 1);
    if own == Some(false) {
        return false;
    }
    let Ok(line) = files.text(&format!("/proc/{}/cmdline", process.pid)) else { return false };
    let arguments: Vec<&str> = line.split('\0').filter(|argument| !argument.is_empty()).collect();
    let mut hosts = flag_values(&arguments, &["-H", "--host"]);
    if hosts.is_empty() {
        let config = flag_values(&arguments, &["--config-file"]).pop().unwrap_or("/etc/docker/daemon.json".to_owned());
        hosts = configured_hosts(files, &config);
    }
    let is_default = real_path(path) == real_path(super::endpoint::DEFAULT_SOCKET);
    let fits = |host: &String| match host.split_once("://") {
        Some(("unix", "")) | Some(("fd", _)) => is_default,
        Some(("unix", bound)) => bound == path || real_path(bound) == real_path(path),
        _ => false,
    };
    if hosts.is_empty() { is_default } else { hosts.iter().any(fits) }
}

/// Values of a flag, written `-H value`, `-H=value`, `--host value` or `--host=value`.
fn flag_values(arguments: &[&str], names: &[&str]) -> Vec<String> {
    let mut values = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let value = names.iter().find_map(|name| {
            let after = argument.strip_prefix(name)?;
            if after.is_empty() { rest.next().copied() } else { after.strip_prefix('=') }
        });
        values.extend(value.map(str::to_owned));
    }
    values
}

fn configured_hosts(files: &Files, config: &str) -> Vec<String> {
    let config = files.text(config).ok().and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
    let hosts = config.as_ref().and_then(|config| config.get("hosts")?.as_array());
    hosts.into_iter().flatten().filter_map(|host| host.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests;
