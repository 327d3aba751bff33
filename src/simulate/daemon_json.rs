//! Members of daemon.json set on its facts.

use serde_json::Value;

use crate::host::{ConfigKey, ConfigValue, DaemonJsonState, EmptyKind, Fact, Missing, Place, Snapshot};
use crate::text::text;

/// # Errors
/// [`Missing`] when the file was not seen, does not parse, or is another one than this engine reads.
pub(super) fn set(host: &mut Snapshot, path: &str, key: &str, to: Option<&Value>) -> Result<(), Missing> {
    const FACT: &str = "engine.daemon_json";
    let changed = changed_at(host);
    let fact = &mut host.engine.daemon_json;
    let Fact::Known { value: file, .. } = fact else { return Err(super::missing(FACT, fact)) };
    if file.path != path {
        let ours = &file.path;
        return Err(Missing {
            fact: FACT,
            why: text!("the engine reads {ours}, not {path}", "引擎读取的是 {ours}，而不是 {path}"),
        });
    }
    let absent = DaemonJsonState::Parsed { keys: Vec::new(), bom: None, trailing: None, invalid_utf8: None };
    match &file.state {
        DaemonJsonState::Absent | DaemonJsonState::Empty(_) if to.is_some() => file.state = absent,
        DaemonJsonState::Absent | DaemonJsonState::Empty(EmptyKind::NoBytes | EmptyKind::OnlyBlanks) => return Ok(()),
        DaemonJsonState::Broken(_) => {
            return Err(Missing { fact: FACT, why: text!("{path} does not parse", "{path} 无法解析") });
        }
        DaemonJsonState::Parsed { .. } => {}
    }
    if let DaemonJsonState::Parsed { keys, .. } = &mut file.state {
        let pointer = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
        let below = format!("{pointer}/");
        let at = keys.iter().position(|one| one.pointer == pointer).unwrap_or(keys.len());
        keys.retain(|one| one.pointer != pointer && !one.pointer.starts_with(&below));
        if let Some(value) = to {
            let mut added = Vec::new();
            flatten(path, &pointer, value, &mut added);
            let at = at.min(keys.len());
            keys.splice(at..at, added);
        }
    }
    file.modified = Some(changed);
    file.sha256 = None;
    file.masked_lines.clear();
    Ok(())
}

/// Behind everything that was seen, in milliseconds.
fn changed_at(host: &Snapshot) -> u64 {
    let started = host.engine.processes.ok().into_iter().flatten().map(|process| process.started_at);
    let modified = host.engine.daemon_json.ok().and_then(|file| file.modified);
    started.chain(modified).chain([host.taken_at.saturating_mul(1000)]).max().unwrap_or(0) + 1
}

/// Every key of every level, a list's items and an object's members behind it.
fn flatten(path: &str, pointer: &str, value: &Value, keys: &mut Vec<ConfigKey>) {
    let place = Place { file: path.to_owned(), line: 1, column: 1 };
    let said = match value {
        Value::Null => ConfigValue::Null,
        Value::Bool(said) => ConfigValue::Bool(*said),
        Value::Number(said) => ConfigValue::Number(said.to_string()),
        Value::String(said) => ConfigValue::String(said.clone()),
        Value::Array(items) => ConfigValue::List(items.len()),
        Value::Object(members) => ConfigValue::Object(members.len()),
    };
    let value_place = place.clone();
    keys.push(ConfigKey { pointer: pointer.to_owned(), place, value_place, value_length: 1, value: said });
    match value {
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                flatten(path, &format!("{pointer}/{i}"), item, keys);
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                flatten(path, &format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), value, keys);
            }
        }
        _ => {}
    }
}
