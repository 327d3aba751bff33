//! The next start's command line and daemon.json set the same directive.

use super::daemon_json_key::by_edit;
use super::{About, Check, Group, Scene, configuration, docs};
use crate::engine::config::{self, Key};
use crate::engine::file::said_twice;
use crate::engine::next_version;
use crate::engine::settings::{Outlook, Said, outlook, readable_file};
use crate::finding::{Finding, Findings, Remedy};
use crate::host::{CommandLine, DaemonFlag, Missing, Snapshot};
use crate::text::text;

pub static CHECK: Check = Check {
    id: "flag-and-file-conflict",
    group: Group::Configuration,
    about: About {
        en: "an option is set both by a flag and in daemon.json",
        zh: "同一选项既由命令行参数设置，又写在 daemon.json 中",
    },
    docs: docs!("flag-and-file-conflict"),
    applies: configuration::reads_daemon_json,
    hidden_by: &["daemon-json-invalid"],
    run,
};

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    let file = readable_file(host)?;
    let line = findings.need("engine.next_command_line", &host.engine.next_command_line)?;
    let version = next_version(host).unwrap_or(config::NEWEST);
    let mut told: Vec<&str> = Vec::new();
    for flag in &line.flags {
        for (key, said) in said_twice(flag, file, version) {
            if told.contains(&key.name) {
                continue;
            }
            let in_file = Said::File { file, key: said };
            if let Some(outlook) = outlook(host, &[in_file, Said::Flag(flag)])? {
                told.push(key.name);
                findings.push(conflict(host, line, key, in_file, flag, outlook));
            }
        }
    }
    Ok(())
}

fn conflict(
    host: &Snapshot,
    line: &CommandLine,
    key: &Key,
    in_file: Said,
    flag: &DaemonFlag,
    outlook: Outlook,
) -> Finding {
    let by_flag = Said::Flag(flag);
    let name = key.name;
    let spelled = spelled(flag);
    let here = configuration::place_words(in_file);
    let there = configuration::place_words(by_flag);
    let mut finding = Finding::error(
        configuration::subject(in_file, name),
        outlook.told(text!(
            "`{name}` is set in {here} and by the flag `{spelled}` in {there}",
            "`{name}` 既在 {here} 中设置，又由 {there} 的参数 `{spelled}` 设置"
        )),
    )
    .evidence(configuration::shown(host, in_file))
    .evidence(configuration::shown(host, by_flag));
    if flag.name == "host"
        && let Some(drop_in) = without_hosts(host, line, outlook)
    {
        finding = finding.remedy(drop_in);
    }
    let mut commands = configuration::edit(host, in_file, "", None);
    commands.extend(configuration::restart(host));
    let without = Remedy::manual(
        text!("take `{name}` out of {here} and leave the flag", "从 {here} 中删除 `{name}`，保留命令行参数"),
        configuration::impact(outlook),
        commands,
    );
    finding = finding.remedy(by_edit(without.restarts_engine(), host, &[(name, None)], outlook));
    configuration::keeps_from_starting(configuration::touching(finding, in_file), "flag-and-file-conflict")
}

fn spelled(flag: &DaemonFlag) -> String {
    let dashed = match flag.name.as_str() {
        "host" => "-H".to_owned(),
        "bridge" => "-b".to_owned(),
        name => format!("--{name}"),
    };
    match &flag.value {
        Some(value) if !flag.withheld => format!("{dashed} {value}"),
        _ => dashed,
    }
}

/// A drop-in that starts the engine with the same flags but those of `-H`, so that `hosts` decides; only where every flag is known. Its name
/// sorts behind those of other drop-ins, whose ExecStart= would win otherwise.
fn without_hosts(host: &Snapshot, line: &CommandLine, outlook: Outlook) -> Option<Remedy> {
    let program = line.program.as_deref()?;
    if line.flags.iter().any(|flag| flag.withheld) || !line.expands.is_empty() {
        return None;
    }
    let mut words = vec![program.to_owned()];
    for flag in line.flags.iter().filter(|flag| flag.name != "host") {
        match &flag.value {
            Some(value) => words.push(format!("--{}={value}", flag.name)),
            None => words.push(format!("--{}", flag.name)),
        }
    }
    let unit = configuration::unit(host);
    let directory = format!("/etc/systemd/system/{unit}.d");
    let text = format!("[Service]\\nExecStart=\\nExecStart={}\\n", words.join(" ").replace('%', "%%%%"));
    let mut commands = vec![
        format!("mkdir -p {directory}"),
        format!("printf {} > {directory}/zz-hosts.conf", configuration::quoted(&text)),
        "systemctl daemon-reload".to_owned(),
    ];
    commands.extend(configuration::restart(host));
    Some(
        Remedy::manual(
            text!(
                "start the engine without `-H`, so that `hosts` in daemon.json decides where it listens",
                "启动引擎时不带 `-H`，由 daemon.json 中的 `hosts` 决定监听地址"
            ),
            configuration::impact(outlook),
            commands,
        )
        .restarts_engine(),
    )
}
