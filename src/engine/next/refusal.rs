//! What ends a start before the engine looks at the network: daemon.json, its conflicts with flags, settings that exclude each other.

use crate::engine::config::{self, Standing};
use crate::engine::file::{judged_name, said_twice, wrong_types};
use crate::engine::settings::{Said, outlook, outlook_of, setting, switched};
use crate::engine::startup::{FaultKind, Refusal, refusal};
use crate::engine::{Version, debians, next_version};
use crate::host::{DaemonJson, DaemonJsonState, Fact, Missing, Snapshot};
use crate::text::{Text, text};

/// The engine's words, as far as they can be told, if it refuses its configuration. What a running engine accepted is no fault.
///
/// # Errors
/// [`Missing`] when the configuration could not be read, or it is not known whether the running engine read it.
pub(super) fn refused(host: &Snapshot, version: Version) -> Result<Option<String>, Missing> {
    if let Some(words) = by_file(host, version)? {
        return Ok(Some(words));
    }
    by_settings(host, version)
}

/// Before every one of the file's faults (v20.10.24 and v28.5.2 cmd/dockerd/daemon.go `loadDaemonCliConfig`).
pub(super) fn about(file: &DaemonJson) -> String {
    format!("unable to configure the Docker daemon with file {}: ", file.path)
}

/// What stands before Go's words about the text: from 29.7.1 on (docker-v29.7.0 and docker-v29.7.2 daemon/config/config.go), and in Debian's 28.5.2. None: it is
/// not known whose build this is.
pub(super) fn before_go(host: &Snapshot, version: Version) -> Option<&'static str> {
    const WORDS: &str = "invalid JSON: ";
    if version.at_least(29, 7, 1) {
        return Some(WORDS);
    }
    if !version.at_least(28, 0, 0) {
        return Some("");
    }
    debians(host).map(|debians| if debians { WORDS } else { "" })
}

fn by_file(host: &Snapshot, version: Version) -> Result<Option<String>, Missing> {
    if version < config::FIRST {
        return Ok(None);
    }
    let file = host.engine.daemon_json.get("engine.daemon_json")?;
    let accepted = || outlook_of(host, Some(file), &[]).map(|outlook| outlook.is_none());
    let json = before_go(host, version).unwrap_or("");
    if let Ok(Some(refusal)) = refusal(file, Some(version)) {
        if accepted()? {
            return Ok(None);
        }
        // What Go says of the place of a fault is not told: the words end before it.
        let words = match refusal {
            Refusal::NoFile => format!("open {}: no such file or directory", file.path),
            Refusal::Empty => "EOF".to_owned(),
            Refusal::Mark(_) => "invalid character 'ï' looking for beginning of value".to_owned(),
            Refusal::Fault { kind: FaultKind::NotUtf8, .. } => {
                "failed to decode configuration JSON at offset ".to_owned()
            }
            Refusal::Fault { .. } => json.to_owned(),
        };
        return Ok(Some(format!("{}{words}", about(file))));
    }
    if let Some(words) = by_keys(host, file, version)? {
        return Ok((!accepted()?).then(|| format!("{}{words}", about(file))));
    }
    if let Some(words) = by_conflict(host, file, version)? {
        return Ok(Some(format!("{}{words}", about(file))));
    }
    if !wrong_types(file, Some(version)).is_empty() && !accepted()? {
        return Ok(Some(format!("{}{json}", about(file))));
    }
    Ok(None)
}

/// `findConfigurationConflicts`, v28.5.2 daemon/config/config.go; in any order if there are several.
fn by_keys(host: &Snapshot, file: &DaemonJson, version: Version) -> Result<Option<String>, Missing> {
    let DaemonJsonState::Parsed { keys, .. } = &file.state else { return Ok(None) };
    let strange =
        |name: &&str| matches!(config::standing(name, version), Standing::Unknown | Standing::OtherVersion { .. });
    let mut names: Vec<&str> = keys.iter().filter_map(|key| judged_name(key, keys, version)).filter(strange).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Ok(None);
    }
    // A newer engine than the table, or somebody's own build, may know the key.
    let theirs = host.engine.package.ok().and_then(Option::as_ref).is_some_and(|package| {
        package.name.starts_with("moby") || package.name.contains("balena") || package.name.contains("podman")
    });
    if version > config::NEWEST || theirs {
        return match outlook_of(host, Some(file), &[])? {
            None => Ok(None),
            Some(_) => Err(Missing {
                fact: "engine.daemon_json",
                why: text!(
                    "whether this build of {version} knows the key {name} is not known",
                    "无法得知这一构建的 {version} 是否认识键 {name}",
                    name = names[0]
                ),
            }),
        };
    }
    Ok(Some(format!("the following directives don't match any configuration option: {}", names.join(", "))))
}

/// The values behind the name are not told: Go prints lists and masked ones in its own way.
fn by_conflict(host: &Snapshot, file: &DaemonJson, version: Version) -> Result<Option<String>, Missing> {
    let line = match &host.engine.next_command_line {
        Fact::Known { value, .. } => value,
        _ if matches!(host.engine.unit.ok(), Some(None)) => return Ok(None),
        other => other.get("engine.next_command_line")?,
    };
    for flag in &line.flags {
        for (key, said) in said_twice(flag, file, version) {
            if outlook(host, &[Said::File { file, key: said }, Said::Flag(flag)])?.is_some() {
                return Ok(Some(format!(
                    "the following directives are specified both as a flag and in the configuration file: {}: (from flag: ",
                    key.name
                )));
            }
        }
    }
    Ok(None)
}

/// `verifyDaemonSettings`, v20.10.24 and v28.5.2 daemon/daemon_unix.go.
fn by_settings(host: &Snapshot, version: Version) -> Result<Option<String>, Missing> {
    if let Some(bridge) = setting(host, "bridge")? {
        for (name, since) in [("bip", Version::new(0, 0, 0)), ("bip6", Version::new(28, 0, 0))] {
            if version >= since
                && let Some(other) = setting(host, name)?
                && outlook(host, &[bridge.said, other.said])?.is_some()
            {
                return Ok(Some(format!(
                    "You specified -b & --{name}, mutually exclusive options. Please specify only one"
                )));
            }
        }
    }
    if !switched(host, "icc", true)? && !switched(host, "iptables", true)? {
        return Ok(Some(
            "You specified --iptables=false with --icc=false. ICC=false uses iptables to function. Please set --icc or --iptables to true"
                .to_owned(),
        ));
    }
    Ok(None)
}

/// The version that starts next, if it is one that this model is held against.
///
/// # Errors
/// [`Missing`] when it is not known, or older than 1.13.
pub(super) fn version(host: &Snapshot) -> Result<Version, Missing> {
    let version = next_version(host)?;
    if version < Version::new(1, 13, 0) {
        return Err(Missing { fact: "engine.binary", why: unsupported(version) });
    }
    Ok(version)
}

pub(super) fn unsupported(version: Version) -> Text {
    text!(
        "engine {version} is unsupported: older than 1.13, it is judged from files and routes alone",
        "引擎 {version} 不受支持：早于 1.13，只能根据文件和路由判断"
    )
}
