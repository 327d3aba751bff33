//! Settings of the engine: in its daemon.json, or on its command line where they are set there.

use std::path::Path;

use ipnet::IpNet;
use serde_json::{Value, json};

use super::trial::refusal;
use super::{Place, restart};
use crate::cmd::pick_subnet::request::BLOCK;
use crate::edit::daemon_json::set;
use crate::engine::{Whereabouts, whereabouts};
use crate::host::{DaemonFlag, DaemonJson, Snapshot};
use crate::parse::daemon_json::parse;
use crate::probe::given::daemon_json_bytes;
use crate::report::pick::Material;
use crate::subnet::Pick;
use crate::text::{Text, text};

/// A setting with the flag that says the same.
pub struct Setting {
    pub key: &'static str,
    pub value: Value,
    pub flag: &'static str,
    /// The flag with its value, once for each item.
    pub flags: Vec<String>,
}

pub fn bip(pick: &Pick, place: &Place) -> Material {
    let bip = pick.bip();
    let setting = Setting { key: "bip", value: json!(bip), flag: "bip", flags: vec![format!("--bip={bip}")] };
    written(&setting, place)
}

pub fn pools(all: &[IpNet], place: &Place) -> Material {
    let entries: Vec<Value> = all.iter().map(|base| json!({"base": base.to_string(), "size": BLOCK})).collect();
    let setting = Setting {
        key: "default-address-pools",
        value: Value::Array(entries),
        flag: "default-address-pool",
        flags: all.iter().map(|base| format!("--default-address-pool=base={base},size={BLOCK}")).collect(),
    };
    let mut material = written(&setting, place);
    material.notes.push(text!(
        "these pools take the place of all built-in ones; networks that exist keep their subnets, docker0 moves into the pools unless bip is set",
        "这些地址池会取代全部内置地址池；已有网络的子网不变，docker0 若未设置 bip 则会移到新地址池中"
    ));
    material
}

fn written(setting: &Setting, place: &Place) -> Material {
    let mut material = put(setting, place);
    material.notes.extend(place.host().and_then(|host| refusal(host, setting)));
    material
}

fn put(setting: &Setting, place: &Place) -> Material {
    let host = match place {
        Place::Here { host, .. } | Place::Snapshot { host } => *host,
        Place::Several => {
            return lines(setting, None, text!("each host has a file of its own", "各主机的配置文件不同"));
        }
    };
    if let Some(material) = on_command_line(setting, host) {
        return material;
    }
    let file = host.engine.daemon_json.ok();
    match place {
        Place::Here { root, .. } => match file.map(|file| merged(setting, host, file, *root)) {
            Some(Ok(material)) => material,
            Some(Err(why)) => lines(setting, file, why),
            None => lines(setting, None, text!("the file could not be read", "无法读取该文件")),
        },
        Place::Snapshot { .. } | Place::Several => {
            lines(setting, file, text!("a snapshot does not hold the file itself", "快照中没有该文件的内容"))
        }
    }
}

/// The whole file with the setting in it.
///
/// # Errors
/// Why it cannot be printed.
fn merged(setting: &Setting, host: &Snapshot, file: &DaemonJson, root: Option<&Path>) -> Result<Material, Text> {
    if let Whereabouts::Elsewhere(_) = whereabouts(host) {
        return Err(text!(
            "the engine that was asked is not this host's own, whose file would be another",
            "所询问的引擎不属于本机，其配置文件也不是本机的文件"
        ));
    }
    let path = &file.path;
    let bytes =
        daemon_json_bytes(root, path).map_err(|e| text!("{path} cannot be read: {e}", "无法读取 {path}：{e}"))?;
    let there = bytes.is_some();
    let bytes = bytes.unwrap_or_default();
    let edited = set(&bytes, setting.key, &setting.value).map_err(|why| {
        let Text { en, zh } = why;
        text!("{path} cannot be edited: {en}", "无法编辑 {path}：{zh}")
    })?;
    let text = String::from_utf8(edited).map_err(|_| text!("{path} is not UTF-8", "{path} 不是 UTF-8 编码"))?;
    if hides_something(path, &text) {
        return Err(text!(
            "{path} holds strings that may be secrets, so it is not printed",
            "{path} 中含有可能属于机密的字符串，因此不打印全文"
        ));
    }
    let key = setting.key;
    let title = match (there, file.key(&format!("/{key}")).is_some()) {
        (false, _) => text!("{path}, which is not there yet; write it", "{path} 尚不存在，请写入以下内容"),
        (true, true) => text!(
            "{path} with \"{key}\" changed and every other byte as it is",
            "{path}：仅修改 \"{key}\"，其余字节不变"
        ),
        (true, false) => {
            text!("{path} with \"{key}\" added and every other byte as it is", "{path}：仅添加 \"{key}\"，其余字节不变")
        }
    };
    Ok(Material { text, is_command: false, title, notes: vec![restart()] })
}

/// Whether a report would mask some of it.
fn hides_something(path: &str, text: &str) -> bool {
    let shown = text.trim_start_matches('\u{feff}');
    let (_, masked) = parse(path, text.as_bytes());
    !shown.lines().map(|line| line.strip_suffix('\r').unwrap_or(line)).eq(masked.iter().map(String::as_str))
}

/// The key alone, and where it goes.
fn lines(setting: &Setting, file: Option<&DaemonJson>, why: Text) -> Material {
    let path = file.map_or("/etc/docker/daemon.json", |file| &file.path);
    let key = setting.key;
    let Text { en, zh } = why;
    let title = if file.is_some_and(|file| file.key(&format!("/{key}")).is_some()) {
        text!("in {path}, in place of the \"{key}\" that is there ({en})", "在 {path} 中替换已有的 \"{key}\"（{zh}）")
    } else {
        text!("in {path}, among the keys of its outermost {{ }} ({en})", "写入 {path} 最外层 {{ }} 之中（{zh}）")
    };
    Material {
        text: format!("\"{key}\": {}", spaced(&setting.value)),
        is_command: false,
        title,
        notes: vec![restart()],
    }
}

/// As people write it; several items on lines of their own.
fn spaced(value: &Value) -> String {
    match value {
        Value::Array(items) if items.len() > 1 => {
            let lines: Vec<String> = items.iter().map(|item| format!("  {}", spaced(item))).collect();
            format!("[\n{}\n]", lines.join(",\n"))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(key, value)| format!("{}: {}", Value::from(&**key), spaced(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
        plain => plain.to_string(),
    }
}

/// Where the command line sets it, daemon.json must not: the engine refuses to start with both.
fn on_command_line(setting: &Setting, host: &Snapshot) -> Option<Material> {
    let line = host.engine.next_command_line.ok()?;
    let given: Vec<&DaemonFlag> = line.flags.iter().filter(|flag| flag.name == setting.flag).collect();
    let first = given.first()?;
    let flag = setting.flag;
    let place = first
        .place
        .as_ref()
        .map_or_else(|| text!("on the engine's command line", "引擎的命令行"), |place| text!("in {place}", "{place}"));
    let several =
        if given.len() > 1 { text!(" (all {n} of them)", "（共 {n} 个）", n = given.len()) } else { text!("", "") };
    Some(Material {
        text: setting.flags.join(" "),
        is_command: false,
        title: text!(
            "{en}, in place of the --{flag} that is there{all_en}: daemon.json must not set it too",
            "在{zh}处替换已有的 --{flag}{all_zh}：不能同时写入 daemon.json",
            en = place.en,
            zh = place.zh,
            all_en = several.en,
            all_zh = several.zh
        ),
        notes: vec![text!(
            "then let systemd read the unit anew and restart the engine (systemctl daemon-reload && systemctl restart docker); that stops \
             the containers that run, unless live-restore is on",
            "然后让 systemd 重新读取 unit 并重启引擎（systemctl daemon-reload && systemctl restart docker）；除非启用了 live-restore，\
             否则正在运行的容器会停止"
        )],
    })
}
