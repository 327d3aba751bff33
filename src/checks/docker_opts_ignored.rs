//! Daemon flags in a file that nothing reads.

use super::{About, Applies, Check, Group, Scene, configuration, docs};
use crate::engine::{config, own_process};
use crate::finding::{Evidence, Finding, Findings, Remedy};
use crate::host::{CommandLine, DaemonFlag, Missing, OptionsFile, Snapshot};
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "docker-opts-ignored",
    group: Group::Configuration,
    about: About {
        en: "daemon flags in /etc/default/docker and the like that no unit reads",
        zh: "/etc/default/docker 等文件中的守护进程参数没有被任何单元读取",
    },
    docs: docs!("docker-opts-ignored"),
    applies,
    hidden_by: &[],
    run,
};

/// sysvinit, upstart and OpenRC source these files themselves.
fn applies(scene: &Scene) -> Applies {
    configuration::started_by_systemd(scene)
}

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    host.engine.unit.get("engine.unit")?;
    let files = findings.need("engine.options_files", &host.engine.options_files)?;
    for file in files {
        for (variable, flags) in file.variables.iter().filter(|(_, flags)| !flags.is_empty()) {
            let line = findings.need("engine.next_command_line", &host.engine.next_command_line)?;
            if let Some(why) = unread(line, file, variable)
                && !reaches_the_engine(host, flags)
            {
                findings.push(ignored(host, file, variable, flags, why));
            }
        }
    }
    Ok(())
}

/// Why a variable does not reach the command line, if it does not.
fn unread(line: &CommandLine, file: &OptionsFile, variable: &str) -> Option<Text> {
    if !line.environment_files.iter().any(|read| read.path == file.path) {
        return Some(text!(
            "the unit has no EnvironmentFile={path}",
            "单元中没有 EnvironmentFile={path}",
            path = file.path
        ));
    }
    (!line.expands.iter().any(|expanded| expanded == variable))
        .then(|| text!("ExecStart= does not use ${variable}", "ExecStart= 没有使用 ${variable}"))
}

/// Whether the running engine has these flags all the same: somebody hands them over in a way that was not seen.
fn reaches_the_engine(host: &Snapshot, flags: &[DaemonFlag]) -> bool {
    own_process(host).is_some_and(|process| {
        flags.iter().all(|flag| process.flags.iter().any(|ran| ran.name == flag.name && ran.value == flag.value))
    })
}

fn ignored(host: &Snapshot, file: &OptionsFile, variable: &str, flags: &[DaemonFlag], why: Text) -> Finding {
    let path = &file.path;
    let words: Vec<String> = flags.iter().map(spelled).collect();
    let words = words.join(" ");
    let Text { en, zh } = why;
    let pattern = configuration::quoted(&format!("^[[:space:]]*\\(export \\)\\?{variable}="));
    let mut evidence =
        Evidence::new(format!("grep -n {pattern} {}", configuration::quoted(path)), format!("{variable}="));
    if let Some(place) = flags.first().and_then(|flag| flag.place.as_ref()) {
        evidence = evidence.at(place);
    }
    let unit = configuration::unit(host);
    let keys: Vec<String> = flags
        .iter()
        .filter_map(|flag| config::KEYS.iter().rev().find(|key| key.flag == Some(flag.name.as_str())))
        .map(|key| format!("`{}`", key.name))
        .collect();
    let keys = keys.join(", ");
    let comment_out = format!(r"sed -i 's/^[[:space:]]*\(export \)\?{variable}=/#&/' {}", configuration::quoted(path));
    let mut commands = vec![
        "mkdir -p /etc/docker".to_owned(),
        "${EDITOR:-vi} /etc/docker/daemon.json".to_owned(),
        comment_out.clone(),
    ];
    commands.extend(configuration::restart(host));
    let impact = text!(
        "from the restart on the settings are in effect; it stops running containers, unless live-restore is on",
        "重启后这些设置开始生效；重启会停止正在运行的容器（除非启用了 live-restore）"
    );
    Finding::warning(
        format!("{path}#{variable}"),
        text!(
            "{variable} in {path} holds `{words}`, and the engine never sees it: {en}",
            "{path} 中的 {variable} 含有 `{words}`，但引擎看不到它：{zh}"
        ),
    )
    .evidence(evidence)
    .evidence(Evidence::new(format!("systemctl cat {unit}"), "ExecStart="))
    .remedy(
        Remedy::manual(
            text!(
                "say it in daemon.json instead, with the keys {keys}, and comment the line out",
                "改写到 daemon.json 中（对应的键为 {keys}），并将该行注释掉"
            ),
            impact,
            commands,
        )
        .restarts_engine(),
    )
    .remedy(Remedy::manual(
        text!("if nobody needs it, comment the line out", "若无人需要，将该行注释掉"),
        text!("changes nothing but what the next reader believes", "不改变任何行为，只是不再误导后来的读者"),
        vec![comment_out],
    ))
    .touches(format!("file:{path}"))
}

fn spelled(flag: &DaemonFlag) -> String {
    match &flag.value {
        Some(value) if !flag.withheld => format!("--{}={value}", flag.name),
        _ => format!("--{}", flag.name),
    }
}
