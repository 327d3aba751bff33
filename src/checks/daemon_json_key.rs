//! Members of daemon.json's root object: what is to become of them, and the commands that do it by hand.

use serde_json::Value;

use super::configuration::{edit, quoted, restart};
use crate::action::{Action, Intent};
use crate::engine::settings::{Outlook, Said, readable_file, written};
use crate::engine::{config, own_process};
use crate::finding::{Remedy, Safety};
use crate::host::{Bom, ConfigKey, ConfigValue, DaemonJson, DaemonJsonState, Snapshot};

/// A key and the value it gets.
pub struct Member<'a> {
    pub key: &'a str,
    pub value: Value,
}

impl Member<'_> {
    fn json(&self) -> String {
        format!("\"{}\": {}", self.key, spaced(&self.value))
    }

    /// As a command line says it.
    fn word(&self) -> String {
        match &self.value {
            Value::String(said) => said.clone(),
            other => spaced(other),
        }
    }
}

/// JSON on one line, with blanks where people put them.
fn spaced(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(key, value)| format!("{}: {}", Value::from(&**key), spaced(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
        plain => plain.to_string(),
    }
}

/// Lets `--apply` give these keys these values (none: take the key out), where daemon.json is a file that it can edit, and nothing says the
/// same as a flag: an option in both places keeps the engine from starting.
pub fn by_edit(remedy: Remedy, host: &Snapshot, members: &[(&str, Option<Value>)], outlook: Outlook) -> Remedy {
    match action(host, members) {
        Some(action) => remedy.by(safety(outlook), vec![action]),
        None => remedy,
    }
}

/// Starting an engine that is down stops nothing; restarting one stops containers.
pub fn safety(outlook: Outlook) -> Safety {
    if outlook.is_running() { Safety::Disruptive } else { Safety::Safe }
}

fn action(host: &Snapshot, members: &[(&str, Option<Value>)]) -> Option<Action> {
    let file = readable_file(host).ok()?;
    let editable = match &file.state {
        DaemonJsonState::Absent | DaemonJsonState::Empty(_) => true,
        DaemonJsonState::Parsed { bom, trailing, invalid_utf8, .. } => {
            matches!(bom, None | Some(Bom::Utf8)) && trailing.is_none() && invalid_utf8.is_none()
        }
        DaemonJsonState::Broken(_) => false,
    };
    let intent = |(key, to): &(&str, Option<Value>)| {
        let said_by_flag = to.is_some() && may_be_flag(host, key);
        let from = now(file, key).filter(|_| !said_by_flag)?;
        Some(Intent::Json { key: (*key).to_owned(), from, to: to.clone() })
    };
    let intents = members.iter().map(intent).collect::<Option<Vec<_>>>()?;
    editable.then(|| Action::Edit { file: file.path.clone(), intents })
}

/// What a key holds, if anything. None: it stands there twice, or its value was not kept.
pub fn now(file: &DaemonJson, key: &str) -> Option<Option<Value>> {
    let DaemonJsonState::Parsed { keys, .. } = &file.state else { return Some(None) };
    let pointer = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
    match keys.iter().filter(|one| one.pointer == pointer).collect::<Vec<_>>().as_slice() {
        [] => Some(None),
        [one] => value(keys, one).map(Some),
        _ => None,
    }
}

fn value(keys: &[ConfigKey], key: &ConfigKey) -> Option<Value> {
    let inside = |name: &str| keys.iter().rev().find(|one| one.pointer == format!("{}/{name}", key.pointer));
    match &key.value {
        ConfigValue::Null => Some(Value::Null),
        ConfigValue::Bool(said) => Some(Value::Bool(*said)),
        ConfigValue::Number(said) => serde_json::from_str(said).ok(),
        ConfigValue::String(said) => Some(Value::String(said.clone())),
        ConfigValue::Withheld => None,
        ConfigValue::List(count) => (0..*count).map(|n| value(keys, inside(&n.to_string())?)).collect(),
        ConfigValue::Object(count) => {
            let prefix = format!("{}/", key.pointer);
            let members = keys.iter().filter_map(|one| Some((one, one.pointer.strip_prefix(&prefix)?)));
            let members = members.filter(|(_, name)| !name.contains('/'));
            let members =
                members.map(|(one, name)| Some((name.replace("~1", "/").replace("~0", "~"), value(keys, one)?)));
            let members: serde_json::Map<String, Value> = members.collect::<Option<_>>()?;
            // Fewer: some key stands there twice.
            (members.len() == *count).then_some(Value::Object(members))
        }
    }
}

/// Whether the next start has, or may have, the same option on its command line.
fn may_be_flag(host: &Snapshot, key: &str) -> bool {
    let name = config::find(key).and_then(|key| key.flag).unwrap_or(key);
    let flags = match host.engine.next_command_line.ok() {
        Some(_) if !host.engine.next_command_line.gaps().is_empty() => return true,
        Some(line) => &line.flags,
        None if !matches!(host.engine.unit.ok(), Some(None)) => return true,
        // Whatever starts it gives it the same flags again.
        None => match own_process(host) {
            Some(process) => &process.flags,
            None => return false,
        },
    };
    flags.iter().any(|flag| flag.name == name)
}

/// The commands that set these keys. What stands in the file besides stays.
pub fn set(host: &Snapshot, members: &[Member]) -> Vec<String> {
    let Ok(file) = readable_file(host) else {
        return members.iter().map(|member| in_daemon_json(host, &member.json())).collect();
    };
    let flags = host.engine.next_command_line.ok().map_or(&[][..], |line| &line.flags);
    let (mut commands, mut absent) = (Vec::new(), Vec::new());
    for member in members {
        if let Some(flag) = flags.iter().rev().find(|flag| flag.name == member.key) {
            commands.push(format!("# --{}={}", member.key, member.word()));
            commands.extend(edit(host, Said::Flag(flag), "", None));
        } else if let Some(key) = file.key(&format!("/{}", member.key)) {
            match written(&key.value) {
                Some(from) => commands.extend(edit(host, Said::File { file, key }, &from, Some(&member.word()))),
                None => commands.push(in_daemon_json(host, &member.json())),
            }
        } else {
            absent.push(member.json());
        }
    }
    if !absent.is_empty() {
        commands.extend(added(file, &absent.join(", ")));
    }
    commands
}

/// What is to be written into daemon.json, where the text around it decides how.
fn in_daemon_json(host: &Snapshot, member: &str) -> String {
    let path = host.engine.daemon_json.ok().map_or("/etc/docker/daemon.json", |file| &file.path);
    format!("# in {path}: {member}")
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

/// The command that takes a key out, where it has its lines for itself.
pub fn taken_out(file: &DaemonJson, key: &ConfigKey) -> Option<String> {
    let (first, value) = (&key.place, &key.value_place);
    let line = |number: u32| file.masked_lines.get(usize::try_from(number.checked_sub(1)?).ok()?).map(String::as_str);
    let own = line(first.line).filter(|_| first.line == value.line)?;
    let before: String = own.chars().take(first.column as usize - 1).collect();
    let behind: String = own.chars().skip((value.column - 1 + key.value_length) as usize).collect();
    if !before.trim().is_empty() {
        return None;
    }
    let path = quoted(&file.path);
    match behind.trim() {
        "," => Some(format!("sed -i --follow-symlinks {}d {path}", first.line)),
        // The last one: the comma before it goes too.
        "" => {
            let above =
                (1..first.line).rev().find(|number| line(*number).is_some_and(|text| !text.trim().is_empty()))?;
            let text = line(above)?.trim();
            if text.ends_with('{') {
                return Some(format!("sed -i --follow-symlinks {}d {path}", first.line));
            }
            let script = quoted(&format!("{above}s/,[[:space:]]*$//; {}d", first.line));
            text.ends_with(',').then(|| format!("sed -i --follow-symlinks {script} {path}"))
        }
        _ => None,
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
