//! What the engine's next start would make of a setting, before anybody writes it.

use crate::engine::next::next;
use crate::host::{ConfigKey, DaemonFlag, DaemonJsonState, Fact, Snapshot};
use crate::parse::daemon_json::parse;
use crate::text::{Text, text};

use super::configuration::Setting;

/// Why the engine of this host would not start with the setting; none: it would, or that is not known.
pub fn refusal(host: &Snapshot, setting: &Setting) -> Option<Text> {
    let error = next(&with(host, setting), 0).ok().and_then(|after| after.start_error)?;
    let before = next(host, 0).ok().and_then(|before| before.start_error);
    Some(if before.as_ref() == Some(&error) {
        text!("the engine does not start, with it or without it: {error}", "无论是否采用，引擎都无法启动：{error}")
    } else {
        text!(
            "with it the engine does not start until something else is changed as well: {error}",
            "采用后引擎将无法启动，还需同时修改其他设置：{error}"
        )
    })
}

/// The host with the setting where it belongs: on the engine's command line if it is there already, else in daemon.json.
fn with(host: &Snapshot, setting: &Setting) -> Snapshot {
    let mut host = host.clone();
    if let Fact::Known { value: line, .. } = &mut host.engine.next_command_line
        && let Some(at) = line.flags.iter().position(|flag| flag.name == setting.flag)
    {
        let given = line.flags[at].clone();
        line.flags.retain(|flag| flag.name != setting.flag);
        let values = setting.flags.iter().map(|flag| flag.split_once('=').map(|(_, value)| value.to_owned()));
        line.flags.extend(values.map(|value| DaemonFlag { value, ..given.clone() }));
        return host;
    }
    if let Fact::Known { value: file, .. } = &mut host.engine.daemon_json {
        let alone = serde_json::json!({ setting.key: setting.value }).to_string();
        let (state, _) = parse(&file.path, alone.as_bytes());
        let pointer = format!("/{}", setting.key);
        let below = format!("{pointer}/");
        let is_other = |key: &ConfigKey| key.pointer != pointer && !key.pointer.starts_with(&below);
        file.state = match (std::mem::replace(&mut file.state, DaemonJsonState::Absent), state) {
            (
                DaemonJsonState::Parsed { mut keys, bom, trailing, invalid_utf8 },
                DaemonJsonState::Parsed { keys: new, .. },
            ) => {
                keys.retain(is_other);
                keys.extend(new);
                DaemonJsonState::Parsed { keys, bom, trailing, invalid_utf8 }
            }
            (broken @ DaemonJsonState::Broken(_), _) => broken,
            (_, new) => new,
        };
        // It changes after the engine started.
        file.modified = Some(u64::MAX);
    }
    host
}
