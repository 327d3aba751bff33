//! A key of daemon.json that the next version does not know, or takes and does not read.

use super::{About, Check, Group, Scene, configuration, docs};
use crate::engine::config::{self, Standing};
use crate::engine::file::judged_name;
use crate::engine::settings::{outlook_of, readable_file};
use crate::engine::{Version, next_version};
use crate::finding::{Finding, Findings, Remedy, Severity};
use crate::host::{ConfigKey, ConfigValue, DaemonJson, DaemonJsonState, Missing, Snapshot};
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "daemon-json-unknown-key",
    group: Group::Configuration,
    about: About {
        en: "daemon.json has a key that the engine does not know", zh: "daemon.json 中有引擎不认识的键"
    },
    docs: docs!("daemon-json-unknown-key"),
    applies: configuration::reads_daemon_json,
    hidden_by: &["daemon-json-invalid"],
    run,
};

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    let file = readable_file(host)?;
    let DaemonJsonState::Parsed { keys, .. } = &file.state else { return Ok(()) };
    let version = next_version(host)?;
    let mut refused = Vec::new();
    for key in keys {
        let Some(name) = judged_name(key, keys, version) else { continue };
        match config::standing(name, version) {
            Standing::Known => {}
            Standing::Deaf { means } => findings.push(unread(host, file, key, name, means)),
            Standing::OtherVersion { since, until } => {
                refused.push((key, name, other_version(key, name, version, since, until)));
            }
            Standing::Unknown => refused.push((key, name, unknown(key, name, version))),
        }
    }
    for key in keys.iter().filter(|key| is_deaf_object(key, keys, version)) {
        findings.push(unread(host, file, key, &key.pointer[1..], None));
    }
    if refused.is_empty() {
        return Ok(());
    }
    let Some(outlook) = outlook_of(host, Some(file), &[])? else { return Ok(()) };
    let certain = certain(host, version) || configuration::is_the_last_word(host, "daemon-json-unknown-key");
    let severity = if certain { Severity::Error } else { Severity::Warning };
    for (key, name, message) in refused {
        let mut remedies = Vec::new();
        let line = key.place.line;
        if let Some(near) = config::nearest(name, Some(version)) {
            let from = configuration::quoted(&format!("{line}s|\"{name}\"|\"{}\"|", near.name));
            let path = configuration::quoted(&file.path);
            let mut commands = vec![format!("sed -i --follow-symlinks {from} {path}")];
            commands.extend(configuration::restart(host));
            remedies.push(
                Remedy::manual(
                    text!(
                        "call it `{near}`, if that is what was meant",
                        "若本意如此，将其改名为 `{near}`",
                        near = near.name
                    ),
                    configuration::impact(outlook),
                    commands,
                )
                .restarts_engine(),
            );
        }
        remedies.push(removal(host, file, key, configuration::impact(outlook)));
        let mut finding = Finding::new(severity, format!("{}#{}", file.path, key.pointer), outlook.told(message))
            .evidence(configuration::line_of(file, &key.place, length(name)))
            .touches(format!("file:{}", file.path));
        finding.remedies = remedies;
        findings.push(configuration::keeps_from_starting(finding, "daemon-json-unknown-key"));
    }
    Ok(())
}

/// An object that the engine opens to judge its keys, all of which it knows, and never reads.
fn is_deaf_object(key: &ConfigKey, keys: &[ConfigKey], version: Version) -> bool {
    let name = &key.pointer[1..];
    let opened = matches!(key.value, ConfigValue::Object(1..)) && !name.contains('/');
    let inside = format!("{}/", key.pointer);
    opened
        && !config::is_closed_object(name, version)
        && !config::is_read_when_opened(name)
        && config::find(name).is_none_or(|key| !key.known_to(version))
        && keys
            .iter()
            .filter_map(|key| key.pointer.strip_prefix(&inside))
            .filter(|name| !name.contains('/'))
            .all(|name| config::standing(name, version) == Standing::Known)
}

/// Builds of others (Fedora, balena, Red Hat's 1.13) carry options of their own, and a newer engine may know more than the table.
fn certain(host: &Snapshot, version: Version) -> bool {
    let fork = host.engine.package.ok().and_then(Option::as_ref).is_some_and(|package| {
        package.name.starts_with("moby")
            || package.name.contains("balena")
            || package.name.contains("podman")
            || (package.manager == "rpm" && version < Version::new(17, 0, 0))
    });
    !fork && version <= config::NEWEST
}

fn length(name: &str) -> u32 {
    u32::try_from(name.chars().count()).map_or(1, |length| length.saturating_add(2))
}

fn unknown(key: &ConfigKey, name: &str, version: Version) -> Text {
    let place = &key.place;
    match config::nearest(name, Some(version)) {
        Some(near) => text!(
            "{place}: engine {version} knows no key `{name}`; the nearest is `{near}`",
            "{place}：引擎 {version} 不认识键 `{name}`；最接近的是 `{near}`",
            near = near.name
        ),
        None => text!("{place}: engine {version} knows no key `{name}`", "{place}：引擎 {version} 不认识键 `{name}`"),
    }
}

fn other_version(key: &ConfigKey, name: &str, version: Version, since: Version, until: Option<Version>) -> Text {
    let place = &key.place;
    match until {
        Some(until) if version >= until => text!(
            "{place}: `{name}` was removed in {until}, and this engine is {version}",
            "{place}：`{name}` 已在 {until} 中移除，而本机引擎是 {version}"
        ),
        _ => text!(
            "{place}: `{name}` is known since {since}, and this engine is {version}",
            "{place}：`{name}` 自 {since} 起才可用，而本机引擎是 {version}"
        ),
    }
}

fn removal(host: &Snapshot, file: &DaemonJson, key: &ConfigKey, impact: Text) -> Remedy {
    let line = key.place.line;
    let mut commands = vec![format!("${{EDITOR:-vi}} +{line} {}", configuration::quoted(&file.path))];
    commands.extend(configuration::restart(host));
    Remedy::manual(text!("take the key out of line {line}", "从第 {line} 行删除该键"), impact, commands)
        .restarts_engine()
}

fn unread(host: &Snapshot, file: &DaemonJson, key: &ConfigKey, name: &str, means: Option<&str>) -> Finding {
    let place = &key.place;
    let message = match means {
        Some(means) => text!(
            "{place}: the engine takes `{name}` and reads nothing from it; in the file the key is called `{means}`",
            "{place}：引擎接受 `{name}` 但不会读取其值；在文件中该键名为 `{means}`"
        ),
        None => text!(
            "{place}: the engine takes `{name}` and reads nothing from it",
            "{place}：引擎接受 `{name}` 但不会读取其内容"
        ),
    };
    let impact = text!("nothing was in effect that could be lost", "该设置从未生效，因此不会失去任何东西");
    Finding::warning(format!("{}#{}", file.path, key.pointer), message)
        .evidence(configuration::line_of(file, place, length(name)))
        .remedy(removal(host, file, key, impact))
        .touches(format!("file:{}", file.path))
}
