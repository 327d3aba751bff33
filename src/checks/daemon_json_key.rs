//! Commands that write one key of daemon.json, and those that make the engine read it.

use super::configuration::{edit, quoted, restart};
use super::room::in_daemon_json;
use crate::engine::settings::{Said, readable_file, written};
use crate::host::{DaemonJsonState, Snapshot};

/// Sets `key`. `value` without quotes; `is_string`: JSON wants them. What stands in the file besides stays.
pub fn set(host: &Snapshot, key: &str, value: &str, is_string: bool) -> Vec<String> {
    let json = if is_string { format!("\"{value}\"") } else { value.to_owned() };
    let member = format!("\"{key}\": {json}");
    let flags = host.engine.next_command_line.ok().map_or(&[][..], |line| &line.flags);
    if let Some(flag) = flags.iter().rev().find(|flag| flag.name == key) {
        let mut commands = vec![format!("# --{key}={value}")];
        commands.extend(edit(host, Said::Flag(flag), "", None));
        return commands;
    }
    let Ok(file) = readable_file(host) else { return vec![in_daemon_json(host, &member)] };
    if let Some(said) = file.key(&format!("/{key}")) {
        let from = written(&said.value).unwrap_or_default();
        return edit(host, Said::File { file, key: said }, &from, Some(value));
    }
    let path = quoted(&file.path);
    match &file.state {
        DaemonJsonState::Parsed { keys, .. } if !keys.is_empty() => {
            vec![format!("sed -i --follow-symlinks {} {path}", quoted(&format!("0,/{{/s|{{|{{ {member},|")))]
        }
        DaemonJsonState::Broken(_) => vec![in_daemon_json(host, &member)],
        _ => {
            let mut commands = Vec::new();
            if let (DaemonJsonState::Absent, Some((directory, _))) = (&file.state, file.path.rsplit_once('/')) {
                commands.push(format!("mkdir -p {}", quoted(directory)));
            }
            commands.push(format!("echo {} > {path}", quoted(&format!("{{{member}}}"))));
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
