//! The engine's unit failed, or restarts in a loop.

use super::{About, Applies, Check, Group, Scene, configuration, docs};
use crate::engine::fatal::{last_fatal, meaning};
use crate::engine::{own_process, restarts_in_a_loop};
use crate::finding::{Evidence, Finding, Findings, Remedy, Safety};
use crate::host::{LogLine, Missing, Snapshot, Unit};
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "engine-failed",
    group: Group::Engine,
    about: About {
        en: "the engine's unit failed, or restarts in a loop", zh: "引擎的单元启动失败，或正在反复重启"
    },
    docs: docs!("engine-failed"),
    applies,
    hidden_by: configuration::CAUSES,
    run,
};

fn applies(scene: &Scene) -> Applies {
    configuration::started_by_systemd(scene)
}

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    let unit = findings.need("engine.unit", &host.engine.unit)?;
    let Some(unit) = unit else { return Ok(()) };
    if unit.active_state.is_empty() {
        return Err(Missing {
            fact: "engine.unit",
            why: text!(
                "systemd could not be asked for the state of the engine's unit",
                "无法向 systemd 查询引擎单元的状态"
            ),
        });
    }
    if own_process(host).is_some() {
        return Ok(());
    }
    let two_starts = host.engine.next_command_line.ok().is_some_and(|line| line.too_many_exec_starts);
    let state = match unit.active_state.as_str() {
        "failed" => text!("failed", "已失败"),
        "activating" | "inactive" if restarts_in_a_loop(host) => text!("restarts in a loop", "正在反复重启"),
        "inactive" if two_starts => text!("cannot be started", "无法启动"),
        _ => return Ok(()),
    };
    let finding = if two_starts { refused_by_systemd(host, unit) } else { failed(host, unit, state, findings) };
    findings.push(finding);
    Ok(())
}

fn failed(host: &Snapshot, unit: &Unit, state: Text, findings: &mut Findings) -> Finding {
    let name = configuration::unit(host);
    let log = findings.want("engine.unit.log", &unit.log);
    let line = log.and_then(|log| last_fatal(&configuration::messages(log)));
    let Text { en: state, zh: state_zh } = state;
    let Some(line) = line else {
        let result = &unit.result;
        let Text { en: why, zh: why_zh } = if result == "start-limit-hit" {
            text!(
                "was started too often in a short time (result: {result}), and no line of its log names another cause",
                "在短时间内启动次数过多（结果：{result}），其日志中没有说明其他原因的行"
            )
        } else {
            text!(
                "{state} (result: {result}), and no line of its log says why",
                "{state_zh}（结果：{result}），其日志中没有说明原因的行"
            )
        };
        let message = Text { en: format!("{name} {why}"), zh: format!("{name} {why_zh}") };
        let mut finding = Finding::error(format!("unit:{name}"), message)
            .evidence(state_shown(unit, name))
            .remedy(start_by_hand(host))
            .touches(format!("unit:{name}"));
        // Without its last word any cause that is there may be the one.
        for cause in configuration::CAUSES {
            finding = finding.touches(configuration::failure(cause));
        }
        return finding;
    };
    let said = essence(line);
    let known = meaning(line);
    let (means, means_zh) = match &known {
        Some(known) => (format!(": {}", known.means.en), format!("：{}", known.means.zh)),
        None => (String::new(), String::new()),
    };
    let mut finding = Finding::error(
        format!("unit:{name}"),
        Text {
            en: format!("{name} {state}{means}; its last word: {said}"),
            zh: format!("{name} {state_zh}{means_zh}；它最后的输出：{said}"),
        },
    )
    // The help that dockerd prints behind a wrong flag is more than a hundred lines.
    .evidence(Evidence::new(format!("journalctl -u {name} -o cat --no-pager -n 500"), unmasked(line)));
    if unit.active_state == "failed" {
        // In a loop it is another one a moment later.
        finding = finding.evidence(state_shown(unit, name));
    }
    if changed_since(host, log, line) {
        let again = Remedy::manual(
            text!("the configuration changed since then: start the engine again", "此后配置已被修改：再次启动引擎"),
            text!("nothing that runs now is stopped", "不会停止当前运行的任何东西"),
            configuration::restart(host),
        );
        finding = finding.remedy(again.restarts_engine().safety(Safety::Safe));
    }
    let checks = known.map_or(&[][..], |known| known.checks);
    if checks.is_empty() {
        finding = finding.touches("engine:start");
    }
    for check in checks {
        finding = finding.touches(configuration::failure(check));
    }
    finding.remedy(start_by_hand(host)).touches(format!("unit:{name}"))
}

fn state_shown(unit: &Unit, name: &str) -> Evidence {
    Evidence::new(format!("systemctl show {name} -p ActiveState"), format!("ActiveState={}", unit.active_state))
}

/// The part of a line that a person wants to read: what stands in `msg="…"`, or the line.
fn essence(line: &str) -> String {
    let message =
        line.find("msg=\"").map(|at| &line[at + 5..]).and_then(|rest| rest.rfind('"').map(|end| &rest[..end]));
    message.map_or_else(|| line.trim().to_owned(), |message| message.replace("\\\"", "\""))
}

/// The longest part of a line in which nothing is masked.
fn unmasked(line: &str) -> &str {
    line.split("**").map(|part| part.trim_matches('*')).max_by_key(|part| part.len()).unwrap_or(line).trim()
}

/// Whether daemon.json is younger than the last word.
fn changed_since(host: &Snapshot, log: Option<&Vec<LogLine>>, line: &str) -> bool {
    let said_at = log.and_then(|log| log.iter().rev().find(|one| one.message == line)).map(|one| one.at / 1000);
    let modified = host.engine.daemon_json.ok().and_then(|file| file.modified);
    matches!((said_at, modified), (Some(said_at), Some(modified)) if modified > said_at)
}

fn start_by_hand(host: &Snapshot) -> Remedy {
    let name = configuration::unit(host);
    Remedy::manual(
        text!("start it once more and read what it says", "再启动一次并查看其输出"),
        text!("nothing that runs now is stopped", "不会停止当前运行的任何东西"),
        vec![
            format!("systemctl reset-failed {name}"),
            format!("systemctl start {name} || journalctl -u {name} -n 30 --no-pager"),
        ],
    )
}

fn refused_by_systemd(host: &Snapshot, unit: &Unit) -> Finding {
    let name = configuration::unit(host);
    let mut starts = unit.settings.iter().filter(|setting| setting.name == "ExecStart");
    let last = starts.rfind(|setting| !setting.value.is_empty());
    let at = last.map_or_else(|| name.to_owned(), |setting| format!("{}:{}", setting.place.file, setting.place.line));
    let shown = Evidence::new(format!("systemctl cat {name} | grep -c '^ExecStart=.'"), "2");
    let mut commands = match last {
        Some(setting) => configuration::edit_unit_file(host, &setting.place),
        None => vec![format!("systemctl edit {name}"), "systemctl daemon-reload".to_owned()],
    };
    commands.push(format!("systemctl start {name}"));
    Finding::error(
        format!("unit:{name}"),
        text!(
            "systemd refuses {name}: {at} adds a second ExecStart= and does not empty the first",
            "systemd 拒绝加载 {name}：{at} 追加了第二个 ExecStart=，却没有先清空第一个"
        ),
    )
    .evidence(match last {
        Some(setting) => shown.at(&setting.place),
        None => shown,
    })
    .remedy(Remedy::manual(
        text!(
            "put an empty `ExecStart=` line before the one in the drop-in",
            "在 drop-in 中的那一行之前加上一行空的 `ExecStart=`"
        ),
        text!("starts the engine; nothing that runs now is stopped", "启动引擎；不会停止当前运行的任何东西"),
        commands,
    ))
    .touches("engine:start")
    .touches(format!("unit:{name}"))
}
