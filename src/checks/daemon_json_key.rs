//! Commands that write one key of daemon.json, and those that make the engine read it.

use super::configuration::{edit, quoted, restart};
use super::room::in_daemon_json;
use crate::engine::settings::{Said, readable_file, written};
use crate::host::{DaemonJson, DaemonJsonState, Snapshot};

/// A key and its value for daemon.json.
#[derive(Clone, Copy)]
pub struct Member<'a> {
    pub key: &'a str,
    /// Without quotes.
    pub value: &'a str,
    /// JSON wants quotes around it.
    pub is_string: bool,
}

impl Member<'_> {
    fn json(&self) -> String {
        let Member { key, value, is_string } = self;
        if *is_string { format!("\"{key}\": \"{value}\"") } else { format!("\"{key}\": {value}") }
    }
}

/// Sets these keys. What stands in the file besides stays.
pub fn set(host: &Snapshot, members: &[Member]) -> Vec<String> {
    let Ok(file) = readable_file(host) else {
        return members.iter().map(|member| in_daemon_json(host, &member.json())).collect();
    };
    let flags = host.engine.next_command_line.ok().map_or(&[][..], |line| &line.flags);
    let (mut commands, mut absent) = (Vec::new(), Vec::new());
    for member in members {
        if let Some(flag) = flags.iter().rev().find(|flag| flag.name == member.key) {
            commands.push(format!("# --{}={}", member.key, member.value));
            commands.extend(edit(host, Said::Flag(flag), "", None));
        } else if let Some(said) = file.key(&format!("/{}", member.key)) {
            let from = written(&said.value).unwrap_or_default();
            commands.extend(edit(host, Said::File { file, key: said }, &from, Some(member.value)));
        } else {
            absent.push(member.json());
        }
    }
    if !absent.is_empty() {
        commands.extend(added(file, &absent.join(", ")));
    }
    commands
}

/// Members that the file has not yet.
fn added(file: &DaemonJson, members: &str) -> Vec<String> {
    let path = quoted(&file.path);
    match &file.state {
        DaemonJsonState::Parsed { keys, .. } if !keys.is_empty() => {
            vec![format!("sed -i --follow-symlinks {} {path}", quoted(&format!("0,/{{/s|{{|{{ {members},|")))]
        }
        state => {
            let mut commands = Vec::new();
            if let (DaemonJsonState::Absent, Some((directory, _))) = (state, file.path.rsplit_once('/')) {
                commands.push(format!("mkdir -p {}", quoted(directory)));
            }
            commands.push(format!("echo {} > {path}", quoted(&format!("{{{members}}}"))));
            commands
        }
    }
}

/// Restarts the engine, and starts what ran before: without a restart policy a container stays down.
pub fn restart_all(host: &Snapshot) -> Vec<String> {
    let mut commands = restart(host);
    let containers = host.engine.api.ok().and_then(|api| api.containers.ok()).map_or(&[][..], Vec::as_slice);
    let running: Vec<String> =
        containers.iter().filter(|one| one.state == "running").map(|one| quoted(&one.name)).collect();
    if !running.is_empty() {
        commands.push(format!("docker start {}", running.join(" ")));
    }
    commands
}
