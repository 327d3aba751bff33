//! The file that the next start reads does not parse by that version's rules.

use super::{About, Check, Group, Scene, configuration, docs};
use crate::engine::file::{WrongType, wrong_types};
use crate::engine::settings::{Outlook, outlook_of};
use crate::engine::startup::{FaultKind, Refusal, refusal};
use crate::engine::{Version, next_version};
use crate::finding::{Evidence, Finding, Findings, Remedy};
use crate::host::{Bom, ConfigValue, DaemonJson, DaemonJsonState, Missing, Snapshot};
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "daemon-json-invalid",
    group: Group::Configuration,
    about: About {
        en: "daemon.json cannot be read by the engine that starts next",
        zh: "下次启动的引擎无法读取 daemon.json",
    },
    docs: docs!("daemon-json-invalid"),
    applies: configuration::reads_daemon_json,
    hidden_by: &[],
    run,
};

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    let file = findings.need("engine.daemon_json", &host.engine.daemon_json)?;
    let version = next_version(host).ok();
    let faults = match refusal(file, version) {
        Err(()) => return Err(configuration::no_version(host)),
        Ok(Some(refusal)) => vec![refused(file, &refusal, version)],
        Ok(None) => types(file, version),
    };
    if !faults.is_empty()
        && let Some(outlook) = outlook_of(host, Some(file), &[])?
    {
        for fault in faults {
            findings.push(fault.finding(host, file, outlook));
        }
    }
    if let DaemonJsonState::Parsed { trailing: Some(fault), .. } = &file.state
        && version.is_some_and(|version| !version.at_least(23, 0, 0))
    {
        let line = fault.place.line;
        findings.push(
            Finding::info(
                &file.path,
                text!(
                    "what stands in {path} from line {line} on is not read by this engine, and is an error for 23.0 and newer",
                    "{path} 从第 {line} 行起的内容不会被该引擎读取；对 23.0 及更新版本则是错误",
                    path = file.path
                ),
            )
            .evidence(configuration::line_of(file, &fault.place, fault.length))
            .touches(format!("file:{}", file.path)),
        );
    }
    Ok(())
}

struct Fault {
    subject: String,
    message: Text,
    evidence: Evidence,
    remedy: Remedy,
    /// Nothing else of the file can be judged.
    whole: bool,
}

impl Fault {
    fn finding(self, host: &Snapshot, file: &DaemonJson, outlook: Outlook) -> Finding {
        let mut remedy = self.remedy;
        remedy.impact = configuration::impact(outlook);
        remedy.commands.extend(configuration::restart(host));
        let touched = if self.whole { format!("file:{}", file.path) } else { format!("key:{}", self.subject) };
        let finding = Finding::error(self.subject, outlook.told(self.message))
            .evidence(self.evidence)
            .remedy(remedy.restarts_engine())
            .touches(touched);
        configuration::keeps_from_starting(finding, "daemon-json-invalid")
    }
}

fn remedy(title: Text, command: String) -> Remedy {
    Remedy::manual(title, Text::verbatim(""), vec![command])
}

fn refused(file: &DaemonJson, refusal: &Refusal, version: Option<Version>) -> Fault {
    let path = &file.path;
    let word = configuration::quoted(path);
    let engine = version.map_or_else(String::new, |version| format!(" {version}"));
    let engine_zh = if engine.is_empty() { String::new() } else { format!("{engine} ") };
    let (message, evidence, remedy) = match refusal {
        Refusal::NoFile => (
            text!("the command line names {path}, which does not exist", "命令行指定了 {path}，但该文件不存在"),
            Evidence::new(format!("test -e {word} || echo missing"), "missing"),
            remedy(text!("write the file, empty as {{}}", "创建该文件，内容为 {{}}"), format!("echo '{{}}' > {word}")),
        ),
        Refusal::Empty => (
            text!(
                "{path} holds nothing, and engine{engine} wants at least {{}}",
                "{path} 为空，而引擎{engine_zh}至少需要 {{}}"
            ),
            Evidence::new(format!("tr -d '[:space:]' < {word} | wc -c"), "0"),
            remedy(
                text!("write {{}} into it, or remove it", "写入 {{}}，或删除该文件"),
                format!("echo '{{}}' > {word}"),
            ),
        ),
        Refusal::Mark(bom) => mark(path, *bom, &engine, &engine_zh),
        Refusal::Fault { fault, kind } => {
            let Text { en, zh } = &fault.expected;
            let place = &fault.place;
            let evidence = match kind {
                FaultKind::NotUtf8 => {
                    Evidence::new(format!("LC_ALL=C.UTF-8 grep -naxv '.*' {word}"), format!("{}:", place.line))
                        .at(place)
                }
                _ => configuration::line_of(file, place, fault.length),
            };
            let check = match version {
                Some(version) if version.at_least(23, 0, 0) => format!("dockerd --validate --config-file {word}"),
                _ => "dnetctl diagnose --only daemon-json-invalid".to_owned(),
            };
            let mut remedy = remedy(
                text!("correct line {line}, then let it be checked", "改正第 {line} 行，然后验证", line = place.line),
                format!("${{EDITOR:-vi}} +{} {word}", place.line),
            );
            remedy.commands.push(check);
            (text!("{place}: {en}", "{place}：{zh}"), evidence, remedy)
        }
    };
    Fault { subject: path.clone(), message, evidence, remedy, whole: true }
}

fn mark(path: &str, bom: Bom, engine: &str, engine_zh: &str) -> (Text, Evidence, Remedy) {
    let word = configuration::quoted(path);
    let (name, bytes, command) = match bom {
        Bom::Utf8 => ("UTF-8", "ef bb bf", format!("sed -i --follow-symlinks '1s/^\\xef\\xbb\\xbf//' {word}")),
        Bom::Utf16Le => (
            "UTF-16",
            "ff fe",
            format!("iconv -f UTF-16 -t UTF-8 {word} > /tmp/daemon.json && cat /tmp/daemon.json > {word}"),
        ),
        Bom::Utf16Be => (
            "UTF-16",
            "fe ff",
            format!("iconv -f UTF-16 -t UTF-8 {word} > /tmp/daemon.json && cat /tmp/daemon.json > {word}"),
        ),
    };
    (
        text!(
            "{path} begins with a byte order mark of {name}, which engine{engine} does not take",
            "{path} 以 {name} 的字节序标记（BOM）开头，引擎{engine_zh}不接受"
        ),
        Evidence::new(format!("head -c 3 {word} | od -An -tx1"), bytes),
        remedy(text!("write the file as UTF-8 without the mark", "将文件保存为不带 BOM 的 UTF-8"), command),
    )
}

/// Values of a type that the engine's decoder does not take.
fn types(file: &DaemonJson, version: Option<Version>) -> Vec<Fault> {
    wrong_types(file, version).into_iter().map(|wrong| wrong_type(file, wrong)).collect()
}

fn wrong_type(file: &DaemonJson, wrong: WrongType) -> Fault {
    let WrongType { key, value, expected } = wrong;
    let place = &key.value_place;
    let name = &key.pointer[1..];
    let Text { en: got, zh: got_zh } = described(&value);
    let Text { en, zh } = expected;
    let line = place.line;
    Fault {
        subject: format!("{}#{}", file.path, key.pointer),
        message: Text {
            en: format!("{place}: `{name}` is {got}; expected {en}"),
            zh: format!("{place}：`{name}` 是{got_zh}；应为{zh}"),
        },
        evidence: configuration::line_of(file, place, key.value_length),
        remedy: remedy(
            Text { en: format!("write {en} in line {line}"), zh: format!("在第 {line} 行写入{zh}") },
            format!("${{EDITOR:-vi}} +{line} {}", configuration::quoted(&file.path)),
        ),
        whole: false,
    }
}

fn described(value: &ConfigValue) -> Text {
    match value {
        ConfigValue::Null => text!("null", " null"),
        ConfigValue::Bool(said) => text!("{said}", " {said}"),
        ConfigValue::Number(said) if said == "*" => text!("a number", "数字"),
        ConfigValue::Number(said) => text!("the number {said}", "数字 {said}"),
        ConfigValue::String(said) => text!("the string \"{said}\"", "字符串 \"{said}\""),
        ConfigValue::Withheld => text!("a string or a number", "字符串或数字"),
        ConfigValue::List(_) => text!("a list", "列表"),
        ConfigValue::Object(_) => text!("an object", "对象"),
    }
}
