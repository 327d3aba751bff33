//! What an engine refuses in daemon.json beside its syntax: keys, types, and what a flag says too.

use super::Version;
use super::config::{self, Key, Kind};
use crate::host::{ConfigKey, ConfigValue, DaemonFlag, DaemonJson, DaemonJsonState};
use crate::text::{Text, text};

/// The name by which the engine judges a key: of the top level, and of what stands in an object that it opens.
pub fn judged_name<'a>(key: &'a ConfigKey, keys: &[ConfigKey], version: Version) -> Option<&'a str> {
    let path = key.pointer.strip_prefix('/')?;
    match path.split_once('/') {
        None => match key.value {
            ConfigValue::Object(_) if !config::is_closed_object(path, version) => None,
            _ => Some(path),
        },
        Some((above, name)) if !name.contains('/') && !config::is_closed_object(above, version) => keys
            .iter()
            .any(|key| key.pointer[1..] == *above && matches!(key.value, ConfigValue::Object(_)))
            .then_some(name),
        Some(_) => None,
    }
}

/// The keys of the file that say what a flag says, and may not.
pub fn said_twice<'a>(flag: &DaemonFlag, file: &'a DaemonJson, version: Version) -> Vec<(&'static Key, &'a ConfigKey)> {
    let same_flag = config::KEYS.iter().filter(|key| key.flag == Some(flag.name.as_str()) && key.known_to(version));
    same_flag
        .filter(|key| !config::may_be_said_twice(key))
        .filter_map(|key| file.key(&format!("/{}", key.name)).map(|said| (key, said)))
        .collect()
}

/// A value of a type that the engine's decoder does not take (Go: `cannot unmarshal …`).
pub struct WrongType<'a> {
    pub key: &'a ConfigKey,
    pub value: ConfigValue,
    pub expected: Text,
}

/// The values of a wrong type; none of a file that does not parse.
pub fn wrong_types(file: &DaemonJson, version: Option<Version>) -> Vec<WrongType<'_>> {
    let DaemonJsonState::Parsed { keys, .. } = &file.state else { return Vec::new() };
    let wrong = keys.iter().filter_map(|key| {
        let mut steps = key.pointer.strip_prefix('/')?.split('/');
        let known = config::find(steps.next()?)?;
        if version.is_some_and(|version| !known.known_to(version)) {
            return None;
        }
        let value = seen(file, key);
        let expected = match (steps.next(), steps.next()) {
            (None, _) => expected(known.kind, &value)?,
            (Some(item), None) if item.parse::<usize>().is_ok() => expected_item(known.kind, &value)?,
            (Some(_), None) if known.kind == Kind::Object => expected_member(known.name, &value)?,
            _ => return None,
        };
        Some(WrongType { key, value, expected })
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
