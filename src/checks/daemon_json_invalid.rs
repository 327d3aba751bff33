//! The file that the next start reads does not parse by that version's rules.

use super::{About, Check, Group, Scene, configuration, docs};
use crate::engine::config::{self, Kind};
use crate::engine::settings::{Outlook, outlook_of};
use crate::engine::startup::{FaultKind, Refusal, refusal};
use crate::engine::{Version, next_version};
use crate::finding::{Evidence, Finding, Findings, Remedy};
use crate::host::{Bom, ConfigKey, ConfigValue, DaemonJson, DaemonJsonState, Missing, Snapshot};
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
        Ok(None) => types(host, file),
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
                _ => format!("python3 -m json.tool {word}"),
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

/// Values of a type that the engine's decoder does not take (Go: `cannot unmarshal …`).
fn types(host: &Snapshot, file: &DaemonJson) -> Vec<Fault> {
    let DaemonJsonState::Parsed { keys, .. } = &file.state else { return Vec::new() };
    let version = next_version(host).ok();
    let wrong = keys.iter().filter_map(|key| {
        let mut steps = key.pointer.strip_prefix('/')?.split('/');
        let known = config::find(steps.next()?)?;
        if version.is_some_and(|version| !known.known_to(version)) {
            return None;
        }
        let value = &seen(file, key);
        let expected = match (steps.next(), steps.next()) {
            (None, _) => expected(known.kind, value)?,
            (Some(item), None) if item.parse::<usize>().is_ok() => expected_item(known.kind, value)?,
            (Some(_), None) if known.kind == Kind::Object => expected_member(known.name, value)?,
            _ => return None,
        };
        Some(wrong_type(file, key, value, expected))
    });
    wrong.collect()
}

/// A value, and of one that was not kept whether it is a number: in the masked line a string keeps its quotes.
fn seen(file: &DaemonJson, key: &ConfigKey) -> ConfigValue {
    let place = &key.value_place;
    let line = file.masked_lines.get(place.line.saturating_sub(1) as usize);
    match line.and_then(|line| line.chars().nth(place.column.saturating_sub(1) as usize)) {
        Some('*') if key.value == ConfigValue::Withheld => ConfigValue::Number("*".to_owned()),
        _ => key.value.clone(),
    }
}

fn wrong_type(file: &DaemonJson, key: &ConfigKey, value: &ConfigValue, expected: Text) -> Fault {
    let place = &key.value_place;
    let name = &key.pointer[1..];
    let Text { en: got, zh: got_zh } = described(value);
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

/// What was expected, if a value of this kind cannot be this. An object where none belongs is opened by the engine, and its keys are unknown
/// ones: another check.
fn expected(kind: Kind, value: &ConfigValue) -> Option<Text> {
    use ConfigValue as V;
    let expected = match (kind, value) {
        (_, V::Null | V::Withheld | V::Object(_)) | (Kind::Any, _) => return None,
        (Kind::Bool, V::Bool(_)) | (Kind::Text, V::String(_)) => return None,
        (Kind::Texts | Kind::Addresses | Kind::Pools, V::List(_)) => return None,
        (Kind::Integer, V::Number(said)) if said == "*" || said.parse::<i64>().is_ok() => return None,
        (Kind::Address, V::String(said)) if said.is_empty() || said.parse::<std::net::IpAddr>().is_ok() => return None,
        (Kind::Bool, _) => text!("true or false without quotes", "不带引号的 true 或 false"),
        (Kind::Integer, _) => text!("a whole number without quotes", "不带引号的整数"),
        (Kind::Text, _) => text!("a string in double quotes", "双引号括起的字符串"),
        (Kind::Address, _) => text!("one IP address in double quotes", "双引号括起的一个 IP 地址"),
        (Kind::Texts, _) => text!("a list of strings", "字符串列表"),
        (Kind::Addresses, _) => text!("a list of IP addresses", "由 IP 地址组成的列表"),
        (Kind::Object, _) => text!("an object", "对象"),
        (Kind::Pools, _) => text!("a list of objects with base and size", "由含 base 与 size 的对象组成的列表"),
    };
    Some(expected)
}

/// Members of an object whose type is always the same; `{"max-file": 3}` without quotes is the usual slip.
fn expected_member(object: &str, value: &ConfigValue) -> Option<Text> {
    use ConfigValue as V;
    match (object, value) {
        (_, V::Null | V::Withheld) => None,
        ("log-opts" | "cluster-store-opts", V::String(_)) | ("features", V::Bool(_)) => None,
        ("log-opts" | "cluster-store-opts", _) => Some(text!("a string in double quotes", "双引号括起的字符串")),
        ("features", _) => Some(text!("true or false without quotes", "不带引号的 true 或 false")),
        _ => None,
    }
}

fn expected_item(kind: Kind, value: &ConfigValue) -> Option<Text> {
    use ConfigValue as V;
    match (kind, value) {
        (_, V::Null | V::Withheld) => None,
        (Kind::Addresses, V::String(said)) if said.parse::<std::net::IpAddr>().is_ok() => None,
        (Kind::Addresses, _) => Some(text!("an IP address in double quotes", "双引号括起的 IP 地址")),
        (Kind::Texts, V::String(_)) | (Kind::Pools, V::Object(_)) => None,
        (Kind::Texts, _) => Some(text!("a string in double quotes", "双引号括起的字符串")),
        (Kind::Pools, _) => Some(text!("an object with base and size", "含 base 与 size 的对象")),
        _ => None,
    }
}
