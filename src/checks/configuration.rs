//! What the checks of the engine's configuration share: whether there is one to judge, how a setting is named, shown and mended.

use ipnet::IpNet;
use serde_json::Value;

use super::daemon_json_key::{by_edit, taken_out};
use super::{Applies, Scene};
pub use crate::action::quoted;
use crate::engine::fatal::{last_fatal, meaning};
use crate::engine::settings::{Outlook, Said, Setting};
use crate::engine::{Whereabouts, config, next_version, own_process, restarts_in_a_loop, whereabouts};
use crate::finding::{Evidence, Finding, Remedy};
use crate::host::{DaemonFlag, DaemonJson, LogLine, Missing, Place, Snapshot};
use crate::text::{Text, text};

/// Whether this host has an engine of its own whose files can be judged. One that only answers on a socket from elsewhere (rootless, podman,
/// another namespace) reads other files.
pub fn own_engine(scene: &Scene) -> Applies {
    let engine = &scene.host.engine;
    let installed = matches!(engine.binary.ok(), Some(Some(_)))
        || matches!(engine.package.ok(), Some(Some(_)))
        || matches!(engine.unit.ok(), Some(Some(_)));
    if installed || own_process(scene.host).is_some() {
        return Applies::Yes;
    }
    if let Whereabouts::Elsewhere(why) = whereabouts(scene.host) {
        return Applies::No(why);
    }
    let known_absent = matches!(engine.binary.ok(), Some(None))
        && matches!(engine.package.ok(), Some(None))
        && engine.processes.is_known();
    if known_absent {
        return Applies::No(text!("no Docker Engine is installed on this host", "本机没有安装 Docker 引擎"));
    }
    Applies::Yes
}

/// As [`own_engine`], for engines that read a daemon.json.
pub fn reads_daemon_json(scene: &Scene) -> Applies {
    match next_version(scene.host) {
        Ok(version) if version < config::FIRST => Applies::No(text!(
            "engine {version} is older than 1.10 and reads no daemon.json",
            "引擎 {version} 早于 1.10，不读取 daemon.json"
        )),
        _ => own_engine(scene),
    }
}

/// As [`own_engine`], where systemd starts the engine.
pub fn started_by_systemd(scene: &Scene) -> Applies {
    match scene.host.engine.unit.ok() {
        Some(None) => {
            Applies::No(text!("no systemd unit starts the engine on this host", "本机的引擎不是由 systemd 单元启动的"))
        }
        _ => own_engine(scene),
    }
}

/// The stable name of a setting: `/etc/docker/daemon.json#/bip`, or the file that has the flag, `…#--bip`.
pub fn subject(said: Said, name: &str) -> String {
    match said {
        Said::File { file, .. } => format!("{}#/{name}", file.path),
        Said::Flag(flag) => format!("{}#--{}", flag_file(flag).unwrap_or("command line"), flag.name),
    }
}

/// How a person calls the setting where it stands: `bip` in a file, `--bip` on the command line.
pub fn called(setting: &Setting) -> String {
    match setting.said {
        Said::File { .. } => setting.name.to_owned(),
        Said::Flag(_) => format!("--{}", setting.name),
    }
}

fn flag_file(flag: &DaemonFlag) -> Option<&str> {
    flag.place.as_ref().map(|place| place.file.as_str())
}

/// Shows where a setting is said.
pub fn shown(host: &Snapshot, said: Said) -> Evidence {
    match said {
        Said::File { file, key } => line_of(file, &key.value_place, key.value_length),
        Said::Flag(flag) => flag_shown(host, flag),
    }
}

fn flag_shown(host: &Snapshot, flag: &DaemonFlag) -> Evidence {
    let says = match (&flag.value, flag.name.as_str()) {
        (Some(value), _) if !flag.withheld => value.clone(),
        (_, "host") => "-H".to_owned(),
        (_, "bridge") => "-b".to_owned(),
        (_, name) => format!("--{name}"),
    };
    match &flag.place {
        Some(place) => Evidence::new(format!("grep -nF -e {} {}", quoted(&says), quoted(&place.file)), says).at(place),
        None => Evidence::new(format!("systemctl cat {}", unit(host)), says),
    }
}

/// A line of daemon.json with a caret under its fault. Where a part of the line is masked, only what is not is quoted: what the command
/// prints there is not kept.
pub fn line_of(file: &DaemonJson, place: &Place, length: u32) -> Evidence {
    let shown_by = format!("sed -n {}p {}", place.line, quoted(&place.file));
    let line = file.masked_lines.get(place.line.saturating_sub(1) as usize).map_or("", String::as_str);
    let hidden = |c: char| c == '*' || c == char::REPLACEMENT_CHARACTER;
    if !line.contains(hidden) {
        return Evidence::new(shown_by, line).at(place).caret(length);
    }
    let start = line.split(hidden).next().unwrap_or("");
    if start.chars().count() >= place.column as usize {
        return Evidence::new(shown_by, start).at(place).caret(length);
    }
    let longest = line.split(hidden).max_by_key(|part| part.trim().len()).unwrap_or("").trim();
    Evidence::new(shown_by, longest).at(place)
}

/// Shows the IPv4 address on a link that lies in a prefix.
pub fn address_shown(host: &Snapshot, link: &str, prefix: IpNet) -> Evidence {
    let index = host.links.ok().and_then(|links| links.iter().find(|one| one.name == link)).map(|one| one.index);
    let carried = host.addresses.ok().and_then(|all| {
        all.iter().find(|one| Some(one.link) == index && one.address.trunc() == prefix.trunc()).map(|one| one.address)
    });
    let says = carried.map_or_else(|| format!("/{}", prefix.prefix_len()), |address| address.to_string());
    Evidence::new(format!("ip -o addr show dev {}", quoted(link)), says)
}

/// The engine's unit, `docker.service` where none was seen.
pub fn unit(host: &Snapshot) -> &str {
    match host.engine.unit.ok() {
        Some(Some(unit)) if !unit.name.is_empty() => &unit.name,
        _ => "docker.service",
    }
}

/// The commands that make the engine read its configuration again.
pub fn restart(host: &Snapshot) -> Vec<String> {
    let unit = unit(host);
    if unit.starts_with("snap.") {
        return vec!["snap restart docker".to_owned()];
    }
    if matches!(host.engine.unit.ok(), Some(None)) {
        return vec!["service docker restart".to_owned()];
    }
    // A unit that never ran has no failure to forget, and systemd refuses to.
    let failed = matches!(host.engine.unit.ok(), Some(Some(unit)) if !["active", "inactive"].contains(&unit.active_state.as_str()));
    let mut commands = Vec::new();
    if failed {
        commands.push(format!("systemctl reset-failed {unit}"));
    }
    commands.push(format!("systemctl restart {unit}"));
    commands
}

/// What restarting costs.
pub fn impact(outlook: Outlook) -> Text {
    if outlook.is_running() {
        text!(
            "the restart stops running containers, unless live-restore is on; the change in the file alone stops nothing",
            "重启会停止正在运行的容器（除非启用了 live-restore）；仅修改文件不会停止任何东西"
        )
    } else {
        text!("starts the engine; nothing that runs now is stopped", "启动引擎；不会停止当前运行的任何东西")
    }
}

/// Writes another value in the place of a setting's.
pub fn write_instead(host: &Snapshot, setting: &Setting, to: &str, outlook: Outlook) -> Remedy {
    let name = called(setting);
    let at = place_words(setting.said);
    let title = text!("set {name} to {to} in {at}", "在 {at} 中将 {name} 设为 {to}");
    changed(host, setting, Some(to), title, outlook)
}

/// Takes a setting out of where it is said.
pub fn take_out(host: &Snapshot, setting: &Setting, outlook: Outlook) -> Remedy {
    let name = called(setting);
    let at = place_words(setting.said);
    let title = text!("remove {name} from {at}", "从 {at} 中删除 {name}");
    changed(host, setting, None, title, outlook)
}

fn changed(host: &Snapshot, setting: &Setting, to: Option<&str>, title: Text, outlook: Outlook) -> Remedy {
    let mut commands = edit(host, setting.said, setting.value, to);
    commands.extend(restart(host));
    let remedy = Remedy::manual(title, impact(outlook), commands).restarts_engine();
    match setting.said {
        Said::File { .. } => by_edit(remedy, host, &[(setting.name, to.map(Value::from))], outlook),
        Said::Flag(_) => remedy,
    }
}

/// Where something is said, for a sentence: `/etc/docker/daemon.json:3`.
pub fn place_words(said: Said) -> String {
    match said.place() {
        Some(place) => format!("{}:{}", place.file, place.line),
        None => "ExecStart".to_owned(),
    }
}

/// The commands that change one place; an editor where the text around it decides.
pub fn edit(host: &Snapshot, said: Said, from: &str, to: Option<&str>) -> Vec<String> {
    let literal = |said: &str| said.replace('\\', r"\\").replace('.', r"\.").replace('*', r"\*").replace('[', r"\[");
    match (said, to) {
        (Said::File { file, key }, Some(to)) if !from.is_empty() && !from.contains(['|', '&', '\n']) => vec![format!(
            "sed -i --follow-symlinks {} {}",
            quoted(&format!("{}s|{}|{to}|", key.value_place.line, literal(from))),
            quoted(&file.path)
        )],
        (Said::File { file, key }, to) => match taken_out(file, key).filter(|_| to.is_none()) {
            Some(command) => vec![command],
            None => vec![edit_at(&key.place)],
        },
        (Said::Flag(flag), _) => match &flag.place {
            Some(place) if is_unit_file(&place.file) => edit_unit_file(host, place),
            Some(place) => vec![edit_at(place)],
            None => vec![format!("systemctl edit --full {}", unit(host))],
        },
    }
}

/// The commands that open a unit's file, and let systemd read it. `systemctl edit` opens the unit itself or one drop-in, override.conf:
/// any other drop-in is a file like others.
pub fn edit_unit_file(host: &Snapshot, place: &Place) -> Vec<String> {
    let drop_in = place.file.rsplit('/').nth(1).is_some_and(|directory| directory.ends_with(".d"));
    let edit = if drop_in { edit_at(place) } else { format!("systemctl edit --full {}", unit(host)) };
    vec![edit, "systemctl daemon-reload".to_owned()]
}

fn edit_at(place: &Place) -> String {
    format!("${{EDITOR:-vi}} +{} {}", place.line, quoted(&place.file))
}

/// Whether a file is systemd's: a unit, or a drop-in of one.
pub fn is_unit_file(file: &str) -> bool {
    file.contains("/systemd/")
}

/// Checks whose findings keep the engine from starting, and so explain why its unit failed.
pub const CAUSES: &[&str] = &[
    "daemon-json-invalid",
    "daemon-json-unknown-key",
    "flag-and-file-conflict",
    "bip-not-a-host-address",
    "bip-unusable",
    "fixed-cidr-outside-bip",
    "default-gateway-outside-bip",
    "bridge-setting-unusable",
    "address-pools-invalid",
    "pool-blocked-by-route",
    "pool-exhausted",
];

/// Whether the engine is down and its last word names what this check looks for: then a fault that depends on the build is certain.
pub fn is_the_last_word(host: &Snapshot, check: &str) -> bool {
    let Some(Some(unit)) = host.engine.unit.ok() else { return false };
    let down = unit.active_state == "failed" || restarts_in_a_loop(host);
    let line = unit.log.ok().and_then(|log| last_fatal(&messages(log)));
    down && line.and_then(meaning).is_some_and(|meaning| meaning.checks.contains(&check))
}

/// The lines of a log as they stand.
pub fn messages(log: &[LogLine]) -> Vec<&str> {
    log.iter().map(|line| line.message.as_str()).collect()
}

/// A fault that keeps the engine from starting touches the failure that it explains. Its own alone: two faults of one file are two.
pub fn keeps_from_starting(finding: Finding, check: &str) -> Finding {
    finding.touches(failure(check))
}

/// What a failed start touches that a check explains.
pub fn failure(check: &str) -> String {
    format!("engine-failure:{check}")
}

/// What a fault in a setting touches.
pub fn touching(finding: Finding, said: Said) -> Finding {
    match said {
        Said::File { file, .. } => finding.touches(format!("file:{}", file.path)),
        Said::Flag(_) => finding.touches("command-line"),
    }
}

/// The version that decides is not known.
pub fn no_version(host: &Snapshot) -> Missing {
    next_version(host).err().unwrap_or(Missing {
        fact: "engine.binary",
        why: text!("the engine's version is not known", "无法得知引擎版本"),
    })
}
