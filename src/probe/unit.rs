//! docker.service and docker.socket as systemd has them. `systemctl show` asks the manager for properties: it starts nothing
//! and connects to no socket of the engine (systemctl(1)).

use std::collections::BTreeMap;
use std::time::Duration;

use super::exec::{self, Failure, Output};
use super::files::Files;
use super::unit_files::{self, UnitFiles};
use crate::host::{Fact, LogLine, SocketUnit, Unit};
use crate::parse::unit_state;
use crate::text::{Text, text};

/// The engine's units; a snap has its own name.
const UNITS: [&str; 2] = ["docker.service", "snap.docker.dockerd.service"];
const SOCKET: &str = "docker.socket";

const SHOWN: &str = "LoadState,ActiveState,SubState,Result,UnitFileState,NRestarts,ExecMainStatus,NeedDaemonReload,\
                     FragmentPath,DropInPaths";

/// What is kept of a log.
const LOG_LINES: usize = 60;
/// What is read of the journal: dockerd's help behind a wrong flag is about 120 lines, and it starts three times.
const READ_LINES: usize = 500;
const LOG_BYTES: u64 = 256 << 10;

/// Logs of the engine on hosts without a journal, and whether it writes there alone.
const LOG_FILES: [(&str, bool); 6] = [
    ("/var/log/docker.log", true),
    ("/var/log/upstart/docker.log", true),
    ("/var/log/docker", true),
    ("/var/log/syslog", false),
    ("/var/log/messages", false),
    ("/var/log/daemon.log", false),
];

type Properties = BTreeMap<String, Vec<String>>;

/// The files of the unit that starts the engine; none when there is no such unit.
///
/// # Errors
/// Its unit file cannot be read.
pub fn files_of_unit(files: &Files) -> Result<Option<UnitFiles>, Text> {
    for name in UNITS {
        if let Some(unit) = unit_files::find(files, name)? {
            return Ok(Some(unit));
        }
    }
    Ok(None)
}

/// The unit with its state; without systemd, or on a mounted host, the state stays empty.
pub fn unit(files: &Files, found: Option<UnitFiles>, limit: Duration) -> Fact<Option<Unit>> {
    let Some(found) = found else { return Fact::known(None) };
    let mut unit = Unit {
        name: found.name.clone(),
        fragment: found.fragment.clone(),
        drop_ins: found.drop_ins.clone(),
        load_state: if found.masked { "masked" } else { "loaded" }.to_owned(),
        settings: found.merged.settings(),
        ..Unit::default()
    };
    if files.is_mounted() {
        return Fact::with_gaps(Some(unit), found.gaps);
    }
    if runs_systemd(files) {
        match show(&found.name, SHOWN, limit) {
            Ok(properties) => apply(&mut unit, &properties),
            Err(why) => return Fact::Unreadable(why),
        }
        unit.log = journal(files, &found.name, limit);
    } else {
        unit.log = log_files(files);
    }
    Fact::with_gaps(Some(unit), found.gaps)
}

/// docker.socket; known and none: there is no such unit.
pub fn socket_unit(files: &Files, limit: Duration) -> Fact<Option<SocketUnit>> {
    let found = match unit_files::find(files, SOCKET) {
        Ok(Some(found)) => found,
        Ok(None) => return Fact::known(None),
        Err(why) => return Fact::Unreadable(why),
    };
    let mut unit = SocketUnit { name: found.name, listens: found.merged.listens(), ..SocketUnit::default() };
    if !files.is_mounted() && runs_systemd(files) {
        match show(SOCKET, "ActiveState,Listen", limit) {
            Ok(properties) => {
                unit.active_state = first(&properties, "ActiveState");
                // systemd writes `/run/docker.sock (Stream)`.
                let listens = properties.get("Listen").map_or(&[][..], Vec::as_slice).iter();
                let listens: Vec<String> = listens.filter_map(|l| Some(l.split(" (").next()?.to_owned())).collect();
                if !listens.is_empty() {
                    unit.listens = listens;
                }
            }
            Err(why) => return Fact::Unreadable(why),
        }
    }
    Fact::with_gaps(Some(unit), found.gaps)
}

/// sd_booted(3).
pub fn runs_systemd(files: &Files) -> bool {
    files.exists("/run/systemd/system")
}

fn show(unit: &str, properties: &str, limit: Duration) -> Result<Properties, Text> {
    match exec::run("systemctl", &["show", unit, "--no-pager", "-p", properties], limit) {
        Ok(output) if output.succeeded() => Ok(unit_state::properties(&output.stdout)),
        Ok(output) => {
            let said = output.complaint();
            Err(text!("`systemctl show {unit}` failed: {said}", "`systemctl show {unit}` 失败：{said}"))
        }
        Err(Failure::Missing) => Err(text!("systemctl is not installed", "没有安装 systemctl")),
        Err(Failure::Failed(why)) => Err(why),
    }
}

fn first(properties: &Properties, name: &str) -> String {
    properties.get(name).and_then(|values| values.first()).cloned().unwrap_or_default()
}

fn apply(unit: &mut Unit, properties: &Properties) {
    let first = |name: &str| first(properties, name);
    unit.active_state = first("ActiveState");
    unit.sub_state = first("SubState");
    unit.result = first("Result");
    unit.load_state = first("LoadState");
    unit.unit_file_state = first("UnitFileState");
    // NRestarts is there since systemd 235.
    unit.restarts = first("NRestarts").parse().unwrap_or(0);
    unit.main_status = first("ExecMainStatus").parse().ok();
    unit.needs_reload = first("NeedDaemonReload") == "yes";
}

/// The unit's last lines; from the files of syslog where the journal has none.
fn journal(files: &Files, unit: &str, limit: Duration) -> Fact<Vec<LogLine>> {
    let count = READ_LINES.to_string();
    let output = match exec::run("journalctl", &["-u", unit, "-o", "json", "-n", &count, "--no-pager"], limit) {
        Ok(output) => output,
        Err(Failure::Missing) => return log_files(files),
        Err(Failure::Failed(why)) => return Fact::Unreadable(why),
    };
    let lines = last(unit_state::journal(&output.stdout));
    if !lines.is_empty() {
        return Fact::known(lines);
    }
    if journal_is_barred(&output) {
        return barred(unit);
    }
    if !output.succeeded() {
        let said = output.complaint();
        return Fact::Unreadable(text!("`journalctl -u {unit}` failed: {said}", "`journalctl -u {unit}` 失败：{said}"));
    }
    log_files(files)
}

/// journalctl tells those who are not in the group `systemd-journal` so, and prints what it may: nothing of the system.
pub fn journal_is_barred(output: &Output) -> bool {
    let barred = ["insufficient permissions", "not seeing messages from other users"];
    barred.iter().any(|said| output.stderr.contains(said))
}

/// The log may not be read by this user.
pub fn barred(unit: &str) -> Fact<Vec<LogLine>> {
    Fact::Unreadable(text!(
        "the log of {unit} can be read by root and the group systemd-journal only",
        "{unit} 的日志只有 root 和 systemd-journal 组可以读取"
    ))
}

fn last(mut lines: Vec<LogLine>) -> Vec<LogLine> {
    lines.split_off(lines.len().saturating_sub(LOG_LINES))
}

/// The engine's last lines in the first log file that has any.
pub fn log_files(files: &Files) -> Fact<Vec<LogLine>> {
    let mut barred = None;
    for (path, own) in LOG_FILES {
        match files.tail(path, LOG_BYTES) {
            Ok(text) => {
                let lines = last(unit_state::log_file(&text, own));
                if !lines.is_empty() {
                    return Fact::known(lines);
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                barred.get_or_insert_with(|| unit_files::unreadable(path, &error));
            }
            // Not there, or no regular file: no log.
            Err(_) => {}
        }
    }
    barred.map_or_else(|| Fact::known(Vec::new()), Fact::Unreadable)
}
