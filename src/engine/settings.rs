//! What a setting is for the next start of the engine, where it is said, and whether the running engine accepted it.

use super::whereabouts::{Whereabouts, next_version, own_process, running_version, whereabouts};
use crate::host::{ConfigKey, ConfigValue, DaemonFlag, DaemonJson, DaemonJsonState, Missing, Place, Process, Snapshot};
use crate::text::{Text, text};

/// Where a setting is said.
#[derive(Clone, Copy, Debug)]
pub enum Said<'a> {
    File { file: &'a DaemonJson, key: &'a ConfigKey },
    Flag(&'a DaemonFlag),
}

/// One setting of the next start.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    pub name: &'static str,
    pub value: &'a str,
    pub said: Said<'a>,
}

/// What becomes of a configuration that the next start refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// No engine runs: it does not start.
    DoesNotStart,
    /// The running engine started before the change.
    NotNextTime,
    /// The running engine is another version than the one on disk.
    NotAfterUpgrade,
}

impl Outlook {
    /// The sentence about a fault, with its consequence behind it.
    pub fn told(self, fault: Text) -> Text {
        let Text { en, zh } = fault;
        match self {
            Outlook::DoesNotStart => text!("{en}; the engine does not start with it", "{zh}；引擎因此无法启动"),
            Outlook::NotNextTime => text!(
                "{en}; the running engine started before this change and will not start next time",
                "{zh}；正在运行的引擎是在此改动之前启动的，下次将无法启动"
            ),
            Outlook::NotAfterUpgrade => text!(
                "{en}; the running engine is not the version on disk, which will not start with it",
                "{zh}；正在运行的引擎与磁盘上的版本不同，后者将无法以此配置启动"
            ),
        }
    }

    pub fn is_running(self) -> bool {
        self != Outlook::DoesNotStart
    }
}

/// The file the next start reads, where its keys are known.
///
/// # Errors
/// [`Missing`] when the file could not be read, or does not parse.
pub fn readable_file(host: &Snapshot) -> Result<&DaemonJson, Missing> {
    let file = host.engine.daemon_json.get("engine.daemon_json")?;
    match file.state {
        DaemonJsonState::Broken(_) => Err(Missing {
            fact: "engine.daemon_json",
            why: text!("{path} does not parse", "{path} 无法解析", path = file.path),
        }),
        _ => Ok(file),
    }
}

/// The string that a setting has for the next start, from daemon.json or the next command line. `name` is the key and the flag.
/// None: it is said nowhere, or is the empty string.
///
/// # Errors
/// [`Missing`] when it is not where it could be seen and may be where it could not.
pub fn setting<'a>(host: &'a Snapshot, name: &'static str) -> Result<Option<Setting<'a>>, Missing> {
    let flags = host.engine.next_command_line.get("engine.next_command_line");
    if let Ok(line) = flags
        && let Some(flag) = line.flags.iter().rev().find(|flag| flag.name == name)
        && let Some(value) = flag.value.as_deref()
    {
        return Ok(Some(Setting { name, value, said: Said::Flag(flag) }).filter(|setting| !setting.value.is_empty()));
    }
    let file = readable_file(host)?;
    if let Some((value, key)) = file.string(&format!("/{name}"))
        && !value.is_empty()
    {
        return Ok(Some(Setting { name, value, said: Said::File { file, key } }));
    }
    match flags {
        Ok(_) => Ok(None),
        Err(_) if !has_unit(host) => Ok(None),
        Err(missing) => Err(missing),
    }
}

/// The truth of a setting at the next start.
///
/// # Errors
/// [`Missing`] when the file could not be read.
pub fn switched(host: &Snapshot, name: &str, default: bool) -> Result<bool, Missing> {
    let flags = host.engine.next_command_line.ok().map_or(&[][..], |line| line.flags.as_slice());
    if let Some(flag) = flags.iter().rev().find(|flag| flag.name == name) {
        return Ok(is_on(flag));
    }
    let file = host.engine.daemon_json.get("engine.daemon_json")?;
    Ok(match file.key(&format!("/{name}")).map(|key| &key.value) {
        Some(ConfigValue::Bool(said)) => *said,
        _ => default,
    })
}

/// What a flag that is a switch says: as Go's strconv.ParseBool reads its value; a bare one is on.
pub fn is_on(flag: &DaemonFlag) -> bool {
    flag.value.as_deref().is_none_or(is_true)
}

/// As Go's strconv.ParseBool.
pub fn is_true(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True")
}

/// As Go's strconv.ParseBool.
pub fn is_false(value: &str) -> bool {
    matches!(value, "0" | "f" | "F" | "false" | "FALSE" | "False")
}

/// Whether systemd starts the engine; where it does not, nothing but daemon.json is known to speak for the next start.
pub(super) fn has_unit(host: &Snapshot) -> bool {
    !matches!(host.engine.unit.ok(), Some(None))
}

/// The string, number or truth of a key of daemon.json as written.
pub fn written(value: &ConfigValue) -> Option<String> {
    match value {
        ConfigValue::Bool(said) => Some(said.to_string()),
        ConfigValue::Number(said) | ConfigValue::String(said) => Some(said.clone()),
        _ => None,
    }
}

/// What becomes of what `said` says if the next start refuses it. None: a running engine of the same version read it and started, so it
/// is no fault.
///
/// # Errors
/// [`Missing`] when an engine runs, or may run, and it is not known whether it read this.
pub fn outlook(host: &Snapshot, said: &[Said]) -> Result<Option<Outlook>, Missing> {
    let files: Vec<&DaemonJson> =
        said.iter().filter_map(|said| if let Said::File { file, .. } = said { Some(*file) } else { None }).collect();
    let flags: Vec<&DaemonFlag> =
        said.iter().filter_map(|said| if let Said::Flag(flag) = said { Some(*flag) } else { None }).collect();
    outlook_of(host, files.first().copied(), &flags)
}

/// As [`outlook`], for a file as a whole and the flags that matter.
///
/// # Errors
/// As [`outlook`].
pub fn outlook_of(
    host: &Snapshot,
    file: Option<&DaemonJson>,
    flags: &[&DaemonFlag],
) -> Result<Option<Outlook>, Missing> {
    if host.profile.files_only {
        return Ok(Some(Outlook::DoesNotStart));
    }
    let Some(process) = running(host)? else { return Ok(Some(Outlook::DoesNotStart)) };
    if upgraded(host) {
        return Ok(Some(Outlook::NotAfterUpgrade));
    }
    let same = |flag: &DaemonFlag| process.flags.iter().any(|ran| ran.name == flag.name && ran.value == flag.value);
    if flags.iter().any(|flag| !same(flag)) {
        return Ok(Some(Outlook::NotNextTime));
    }
    let Some(file) = file else { return Ok(None) };
    match file.modified {
        Some(modified) if modified > process.started_at => Ok(Some(Outlook::NotNextTime)),
        Some(_) => Ok(None),
        None => Err(Missing {
            fact: "engine.daemon_json",
            why: text!(
                "it is not known whether {path} changed after the running engine started",
                "无法得知 {path} 是否在引擎启动之后被修改过",
                path = file.path
            ),
        }),
    }
}

/// The engine of this host that runs.
///
/// # Errors
/// [`Missing`] when processes are not known, or one runs that they do not show.
pub fn running(host: &Snapshot) -> Result<Option<&Process>, Missing> {
    host.engine.processes.get("engine.processes")?;
    let process = own_process(host);
    let unit_runs = host.engine.unit.ok().and_then(Option::as_ref).is_some_and(|unit| unit.sub_state == "running");
    let answers = || host.engine.api.is_known() && whereabouts(host) == Whereabouts::Here;
    if process.is_none() && (unit_runs || answers()) {
        return Err(Missing {
            fact: "engine.processes",
            why: text!("an engine runs and its process could not be seen", "有引擎在运行，但看不到它的进程"),
        });
    }
    Ok(process)
}

/// Whether the engine on disk is another than the one that runs.
pub fn upgraded(host: &Snapshot) -> bool {
    match (running_version(host), next_version(host)) {
        (Some(running), Ok(next)) => running != next,
        _ => own_process(host).is_some_and(|process| process.exe_replaced),
    }
}

impl<'a> Said<'a> {
    /// Where the value stands, if a file says it.
    pub fn place(&self) -> Option<&'a Place> {
        match self {
            Said::File { key, .. } => Some(&key.value_place),
            Said::Flag(flag) => flag.place.as_ref(),
        }
    }
}
