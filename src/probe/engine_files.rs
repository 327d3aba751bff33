//! The engine as this host has it, without speaking to it: what is installed, what runs, and how it is configured.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::files::Files;
use super::source::{Pending, ask};
use super::stored_networks::{self, Setup};
use super::unit_files::{UnitFiles, unreadable};
use super::{package, process, unit};
use crate::host::{
    CommandLine, DaemonJson, DaemonJsonState, Engine, EngineBinary, Fact, OptionsFile, Package, Process, SocketUnit,
    Unit,
};
use crate::parse::{daemon_json as parse_daemon_json, options_file};
use crate::text::{Text, text};

const LIMIT: Duration = Duration::from_secs(4);
/// For one program; a unit asks two of them, one after the other.
const PROGRAM_LIMIT: Duration = Duration::from_millis(1800);

const DEFAULT_CONFIG: &str = "/etc/docker/daemon.json";
const SNAP_CONFIG: &str = "/var/snap/docker/current/config/daemon.json";

/// A larger daemon.json is none.
const MAX_CONFIG: usize = 1 << 20;

/// Who reads them is decided by the unit or the init script; here they are only found.
const OPTIONS_FILES: [&str; 5] = [
    "/etc/default/docker",
    "/etc/sysconfig/docker",
    "/etc/sysconfig/docker-network",
    "/etc/sysconfig/docker-storage",
    "/etc/conf.d/docker",
];

/// A job of Upstart (init(5)) comes before a script, which then only calls it.
const SERVICE_SCRIPTS: [&str; 2] = ["/etc/init/docker.conf", "/etc/init.d/docker"];

/// The sources while they are asked.
pub struct Asked {
    installed: Pending<Installed>,
    processes: Pending<Vec<Process>>,
    unit: Pending<Option<Unit>>,
    socket_unit: Pending<Option<SocketUnit>>,
    files: Files,
    next_command_line: Fact<CommandLine>,
    /// The unit is a snap's.
    snap: bool,
    deadline: Instant,
}

/// One source: the version of the program is the package's where it belongs to it.
struct Installed {
    package: Fact<Option<Package>>,
    binary: Fact<Option<EngineBinary>>,
}

/// Starts to look; small files are read at once.
pub fn start(files: &Files, deadline: Instant) -> Asked {
    let found = unit::files_of_unit(files);
    let next_command_line = next_command_line(files, &found);
    let named = next_command_line.ok().and_then(|line| line.program.clone());
    let (own, other, third) = (files.clone(), files.clone(), files.clone());
    let snap = matches!(&found, Ok(Some(unit)) if unit.name.starts_with("snap."));
    let unit = match found {
        Ok(found) => ask("docker.service", LIMIT, deadline, move || unit::unit(&own, found, PROGRAM_LIMIT)),
        Err(why) => ask("docker.service", LIMIT, deadline, move || Fact::Unreadable(why)),
    };
    Asked {
        installed: ask("the engine's package", LIMIT, deadline, move || {
            let package = package::package(&other, PROGRAM_LIMIT);
            let binary = package::binary(&other, named.as_deref(), &package, PROGRAM_LIMIT);
            Fact::known(Installed { package, binary })
        }),
        processes: {
            let files = files.clone();
            ask("the engine's processes", LIMIT, deadline, move || process::processes(&files))
        },
        unit,
        socket_unit: ask("docker.socket", LIMIT, deadline, move || unit::socket_unit(&third, PROGRAM_LIMIT)),
        files: files.clone(),
        next_command_line,
        snap,
        deadline,
    }
}

impl Asked {
    /// Everything but what the engine says over its API.
    pub fn finish(self) -> Engine {
        let Installed { package, binary } = match self.installed.finish() {
            Fact::Known { value, .. } => value,
            Fact::NotCollected => Installed { package: Fact::NotCollected, binary: Fact::NotCollected },
            Fact::Unreadable(why) => {
                Installed { package: Fact::Unreadable(why.clone()), binary: Fact::Unreadable(why) }
            }
        };
        let processes = self.processes.finish();
        let path = config_path(self.snap, &self.next_command_line, &processes);
        let daemon_json = daemon_json(&self.files, &path);
        let unit = self.unit.finish();
        let own_netns = process::own_netns(&self.files);
        let setup = Setup {
            snap: self.snap,
            processes: processes.clone(),
            own_netns: own_netns.ok().copied(),
            fails_to_start: unit.ok().and_then(Option::as_ref).is_some_and(|unit| {
                unit.active_state == "activating" && (unit.sub_state.starts_with("auto-restart") || unit.restarts > 0)
            }),
            next: self.next_command_line.clone(),
            daemon_json: daemon_json.clone(),
        };
        let next_root = stored_networks::next_root(&self.files, &setup);
        let files = self.files.clone();
        let stored_networks =
            ask("the engine's networks", LIMIT, self.deadline, move || stored_networks::look(&files, &setup));
        Engine {
            package,
            binary,
            unit,
            socket_unit: self.socket_unit.finish(),
            service_script: Fact::known(
                SERVICE_SCRIPTS.iter().find(|path| self.files.is_file(path)).map(|it| (*it).to_owned()),
            ),
            options_files: options_files(&self.files),
            daemon_json,
            stored_networks: stored_networks.finish(),
            next_root,
            own_netns,
            processes,
            next_command_line: self.next_command_line,
            ..Engine::default()
        }
    }
}

/// The command line of the next start, as far as systemd decides it.
pub fn next_command_line(files: &Files, found: &Result<Option<UnitFiles>, Text>) -> Fact<CommandLine> {
    match found {
        Ok(Some(_)) if !files.is_mounted() && !unit::runs_systemd(files) => Fact::Unreadable(text!(
            "systemd does not run this host: what starts the engine, and how, is not known",
            "本机不由 systemd 管理：无法得知引擎由谁启动、如何启动"
        )),
        Ok(Some(unit)) => {
            let (line, gaps) = unit.command_line(files);
            Fact::with_gaps(line, gaps)
        }
        Ok(None) => Fact::NotCollected,
        Err(why) => Fact::Unreadable(why.clone()),
    }
}

/// Which daemon.json the next start reads.
struct ConfigPath {
    path: String,
    /// Named by `--config-file`.
    explicit: bool,
}

/// What the next command line names; without a unit, what a running engine was told.
fn config_path(snap: bool, next: &Fact<CommandLine>, processes: &Fact<Vec<Process>>) -> ConfigPath {
    let flags = match (next.ok(), processes.ok().map(Vec::as_slice)) {
        (Some(line), _) => &line.flags[..],
        (None, Some([process])) => &process.flags[..],
        _ => &[],
    };
    let named = flags.iter().rev().find(|flag| flag.name == "config-file").and_then(|flag| flag.value.clone());
    let default = if snap { SNAP_CONFIG } else { DEFAULT_CONFIG };
    ConfigPath { explicit: named.is_some(), path: named.unwrap_or_else(|| default.to_owned()) }
}

fn daemon_json(files: &Files, config: &ConfigPath) -> Fact<DaemonJson> {
    let path = &config.path;
    let file = |state, masked_lines| DaemonJson {
        path: path.clone(),
        explicit: config.explicit,
        modified: None,
        sha256: None,
        masked_lines,
        state,
    };
    let bytes = match files.read(path) {
        Ok(bytes) => bytes,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Fact::known(file(DaemonJsonState::Absent, Vec::new()));
        }
        Err(error) => return Fact::Unreadable(unreadable(path, &error)),
    };
    if bytes.len() > MAX_CONFIG {
        return Fact::Unreadable(text!("{path} is larger than 1 MiB", "{path} 大于 1 MiB"));
    }
    let (state, masked_lines) = parse_daemon_json::parse(path, &bytes);
    let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Fact::known(DaemonJson { modified: files.modified(path).ok(), sha256: Some(sha256), ..file(state, masked_lines) })
}

/// The options files that are there.
pub fn options_files(files: &Files) -> Fact<Vec<OptionsFile>> {
    let mut found = Vec::new();
    for path in OPTIONS_FILES {
        match files.text_if_any(path) {
            Ok(text) => found.extend(text.map(|text| options_file::read(path, &text))),
            Err(error) => return Fact::Unreadable(unreadable(path, &error)),
        }
    }
    Fact::known(found)
}

#[cfg(test)]
mod tests;
