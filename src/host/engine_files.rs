use serde::{Deserialize, Serialize};

use super::{Api, DaemonFlag, DaemonJson, EngineKind, Fact, Network, Place};

/// The engine: what is installed (it starts next), what runs, and how it is configured.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Engine {
    /// The installed package; known and none: no package manager knows one.
    pub package: Fact<Option<Package>>,
    /// The dockerd on disk.
    pub binary: Fact<Option<EngineBinary>>,
    /// Every running dockerd that could be seen (also snap's, rootless, nested).
    pub processes: Fact<Vec<Process>>,
    /// The unit that starts it; known and none: there is no such unit.
    pub unit: Fact<Option<Unit>>,
    pub socket_unit: Fact<Option<SocketUnit>>,
    /// The service script or job of Upstart by which the engine is started where systemd does not run; known and none: there is none.
    #[serde(skip_serializing_if = "Fact::is_not_collected")]
    pub service_script: Fact<Option<String>>,
    /// What the next start's command line will be, after the unit's merging and expansion.
    pub next_command_line: Fact<CommandLine>,
    /// /etc/default/docker, /etc/sysconfig/docker, /etc/conf.d/docker.
    pub options_files: Fact<Vec<OptionsFile>>,
    pub daemon_json: Fact<DaemonJson>,
    /// The local networks that the engine keeps on disk (network/files/local-kv.db below its root) and takes up again at its next start; read
    /// only while no engine runs. Known and empty: there is no such file.
    pub stored_networks: Fact<Vec<Network>>,
    /// The directory, without symbolic links, in which the next start looks for images and containers; read only while an engine runs.
    #[serde(skip_serializing_if = "Fact::is_not_collected")]
    pub next_root: Fact<String>,
    /// The inode of our own network namespace (/proc/self/ns/net).
    pub own_netns: Fact<u64>,
    /// Where the API is, and who listens there, seen without connecting.
    pub endpoint: Fact<EngineEndpoint>,
    /// What the engine said over its API; unreadable says why it was not asked.
    pub api: Fact<Api>,
    /// On a node of a swarm: what the running engine logged since it started of why tasks, overlay networks or the ingress network failed, oldest first,
    /// the newest 40 lines; strings that look like a secret are masked.
    #[serde(skip_serializing_if = "Fact::is_not_collected")]
    pub swarm_log: Fact<Vec<LogLine>>,
}

/// The engine's endpoint as the docker CLI would choose it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineEndpoint {
    /// `unix:///var/run/docker.sock`, `tcp://10.0.0.5:2375`; without credentials.
    pub endpoint: String,
    /// `default`, `--host`, `DOCKER_HOST`, `context NAME`.
    pub chosen_by: String,
    /// The unix socket after symbolic links; podman-docker makes Docker's path a link to Podman's.
    pub socket: Option<String>,
    pub listener: Listener,
    /// What the listener's name and the socket's path say, before anybody is asked.
    pub kind: EngineKind,
}

/// Who listens on the engine's endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Listener {
    /// A process that runs. `name`: proc_pid_comm(5); `netns`: inode, none when it may not be read.
    Process {
        pid: u32,
        name: String,
        netns: Option<u64>,
    },
    /// systemd alone: a connection would start the engine.
    Systemd,
    Nobody,
    /// Somebody listens, and who may not be seen by this user.
    Unknown,
    /// Not a unix socket of this host.
    Elsewhere,
}

/// A package as the package manager names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    pub name: String,
    /// The package's version, `20.10.24+dfsg1-1+deb12u1`.
    pub version: String,
    /// `dpkg`, `rpm`, `apk`, `pacman`, `snap`.
    pub manager: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineBinary {
    pub path: String,
    /// The engine's own version (`20.10.24`), read from the binary or the package without running it; none if neither says.
    pub version: Option<String>,
}

/// A running dockerd.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Process {
    pub pid: u32,
    /// Milliseconds since the Unix epoch.
    pub started_at: u64,
    /// /proc/PID/exe; none when it may not be read.
    pub exe: Option<String>,
    /// The file behind it was replaced since it started (`(deleted)`).
    #[serde(default)]
    pub exe_replaced: bool,
    pub flags: Vec<DaemonFlag>,
    /// Inode of its network namespace; none when it may not be read.
    pub netns: Option<u64>,
    pub uid: u32,
    /// It runs in another PID namespace than PID 1's (nested in a container); none when it may not be read.
    pub nested: Option<bool>,
}

/// docker.service (or snap.docker.dockerd.service), merged as systemd does: fragment, then drop-ins.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Unit {
    pub name: String,
    /// The unit file; none when systemd knows the name only.
    pub fragment: Option<String>,
    pub drop_ins: Vec<String>,
    /// systemd's words: `active`, `inactive`, `failed`, `activating`, …; empty when systemd was not asked.
    pub active_state: String,
    pub sub_state: String,
    /// `success`, `exit-code`, `start-limit-hit`, …
    pub result: String,
    /// `loaded`, `masked`, `not-found`, `bad-setting`, …
    pub load_state: String,
    /// `enabled`, `disabled`, …
    pub unit_file_state: String,
    pub restarts: u32,
    /// ExecMainStatus: the exit code of the last main process.
    pub main_status: Option<i32>,
    /// The unit changed on disk and systemd has not reloaded it.
    pub needs_reload: bool,
    /// The last lines of the unit's log, oldest first, at most 60 lines of the last start attempts; strings that look like a
    /// secret are masked.
    pub log: Fact<Vec<LogLine>>,
    pub settings: Vec<UnitSetting>,
}

/// One setting of the merged unit that decides what is started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitSetting {
    /// `ExecStart`, `EnvironmentFile`, `Environment` (value: the variable's name only), `Restart`, `User`, …
    pub name: String,
    pub value: String,
    pub place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Microseconds since the Unix epoch.
    pub at: u64,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SocketUnit {
    pub name: String,
    pub active_state: String,
    /// Paths or addresses systemd listens on in the engine's place.
    pub listens: Vec<String>,
}

/// The command line of the next start.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CommandLine {
    /// The program, `/usr/sbin/dockerd`; none when the unit has no usable ExecStart.
    pub program: Option<String>,
    pub flags: Vec<DaemonFlag>,
    /// Variables that ExecStart expands (`$DOCKER_OPTS`).
    pub expands: Vec<String>,
    pub environment_files: Vec<EnvironmentFile>,
    /// More than one ExecStart= without a reset: systemd refuses the unit.
    pub too_many_exec_starts: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentFile {
    pub path: String,
    /// Written with a leading `-`.
    pub optional: bool,
    pub present: bool,
}

/// A file in which people put daemon flags, whether or not anything reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OptionsFile {
    pub path: String,
    /// Each variable that holds daemon flags, with the flags and their places.
    pub variables: Vec<(String, Vec<DaemonFlag>)>,
}
