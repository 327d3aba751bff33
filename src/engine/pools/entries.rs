//! The entries of `default-address-pools` and of `--default-address-pool`, as each version reads them.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::go;
use crate::engine::Version;
use crate::host::{ConfigKey, ConfigValue, DaemonJson, DaemonJsonState};

/// An entry with the types the engine wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// None: it has no base, or (in the file) an empty one.
    base: Option<String>,
    size: i64,
    /// It stands on the command line.
    flag: Option<String>,
}

/// Who refuses an entry, with Go's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The decoder of the file or the parser of the command line, before anything starts.
    Reading(String),
    /// The network controller.
    Controller(String),
}

const KEY: &str = "/default-address-pools";

/// The entries of the file, in its order. Keys inside an entry are compared without regard to case, and the last of equals counts, as Go's
/// decoder does.
pub(super) fn of_file(file: &DaemonJson) -> Vec<Result<Entry, Refusal>> {
    let count = match file.key(KEY).map(|key| &key.value) {
        Some(ConfigValue::List(count)) => *count,
        None | Some(ConfigValue::Null) => return Vec::new(),
        Some(other) => return vec![Err(type_error(other, "Go value of type []*ipamutils.NetworkToSplit"))],
    };
    let DaemonJsonState::Parsed { keys, .. } = &file.state else { return Vec::new() };
    let mut items: BTreeMap<usize, Vec<(&str, &ConfigKey)>> = BTreeMap::new();
    for key in keys {
        let Some(rest) = key.pointer.strip_prefix(KEY).and_then(|rest| rest.strip_prefix('/')) else { continue };
        let (number, field) = rest.split_once('/').unwrap_or((rest, ""));
        if let Ok(number) = number.parse() {
            items.entry(number).or_default().push((field, key));
        }
    }
    (0..count).map(|i| of_item(items.get(&i).map_or(&[], Vec::as_slice))).collect()
}

fn of_item(fields: &[(&str, &ConfigKey)]) -> Result<Entry, Refusal> {
    let mut entry = Entry { base: None, size: 0, flag: None };
    for (field, key) in fields {
        match (field.to_ascii_lowercase().as_str(), &key.value) {
            ("", ConfigValue::Object(_)) | ("base" | "size", ConfigValue::Null) => {}
            ("", ConfigValue::Null) => {
                let panic = "panic: runtime error: invalid memory address or nil pointer dereference";
                return Err(Refusal::Reading(panic.to_owned()));
            }
            ("", other) => return Err(type_error(other, "Go value of type ipamutils.NetworkToSplit")),
            ("base", ConfigValue::String(base)) => entry.base = Some(base.clone()).filter(|base| !base.is_empty()),
            ("base", other) => return Err(type_error(other, "Go struct field NetworkToSplit.base of type string")),
            ("size", ConfigValue::Number(size)) if size.parse::<i64>().is_ok() => {
                entry.size = size.parse().unwrap_or_default();
            }
            ("size", other) => return Err(type_error(other, "Go struct field NetworkToSplit.size of type int")),
            _ => {}
        }
    }
    Ok(entry)
}

/// encoding/json's `UnmarshalTypeError`.
fn type_error(value: &ConfigValue, into: &str) -> Refusal {
    let what = match value {
        ConfigValue::Null => "null".to_owned(),
        ConfigValue::Bool(_) => "bool".to_owned(),
        ConfigValue::Number(said) if into.ends_with(" int") => format!("number {said}"),
        ConfigValue::Number(_) => "number".to_owned(),
        ConfigValue::String(_) | ConfigValue::Withheld => "string".to_owned(),
        ConfigValue::List(_) => "array".to_owned(),
        ConfigValue::Object(_) => "object".to_owned(),
    };
    Refusal::Reading(format!("json: cannot unmarshal {what} into {into}"))
}

/// `base=10.200.0.0/16,size=24` (`PoolsOpt.Set` in v20.10.24:opts/address_pools.go, v28.5.2 the same file).
pub(super) fn of_flag(said: &str, version: Version) -> Result<Entry, Refusal> {
    let refused = |why: String| {
        Refusal::Reading(format!("invalid argument {} for \"--default-address-pool\" flag: {why}", go::quote(said)))
    };
    let mut entry = Entry { base: None, size: 0, flag: Some(said.to_owned()) };
    for field in said.split(',') {
        let Some((key, value)) = field.split_once('=') else {
            return Err(refused(format!("invalid field '{field}' must be a key=value pair")));
        };
        let (key, value) = (key.to_lowercase(), value.to_lowercase());
        match key.as_str() {
            "base" => entry.base = Some(value),
            "size" => {
                entry.size = value.parse().map_err(|_| {
                    // v24.0.9 names the whole of the flag's value there.
                    let named = if version.at_least(24, 0, 0) { said } else { &value };
                    let inner = format!("strconv.Atoi: parsing {}: invalid syntax", go::quote(&value));
                    refused(format!("invalid size value: {} (must be integer): {inner}", go::quote(named)))
                })?;
            }
            _ => return Err(refused(format!("unexpected key '{key}' in '{field}'"))),
        }
    }
    Ok(entry)
}

impl Entry {
    /// The base with its host bits. Outer error: reading the file or flag fails (since 27); inner: the controller does, when it comes to this
    /// entry.
    pub(super) fn parsed(&self, entry: usize, version: Version) -> Result<Result<IpNet, String>, Refusal> {
        let said = self.base.as_deref();
        if !version.at_least(27, 0, 0) {
            // `splitNetworks` in v20.10.24 libnetwork/ipamutils/utils.go.
            let said = said.unwrap_or_default();
            let parsed = go::parse_cidr(said, version);
            return Ok(parsed.map_err(|error| format!("invalid base pool {}: {error}", go::quote(said))));
        }
        let Some(said) = said else { return Ok(Err(not_canonical(entry, "invalid Prefix", self.size))) };
        go::parse_prefix(said).map(Ok).map_err(|error| {
            Refusal::Reading(match &self.flag {
                Some(flag) => format!(
                    "invalid argument {} for \"--default-address-pool\" flag: invalid base prefix {}: {error}",
                    go::quote(flag),
                    go::quote(said)
                ),
                None => error,
            })
        })
    }

    /// The size, if the version takes it with this base; none: it takes it, and what comes of it is not known.
    pub(super) fn judged(&self, entry: usize, base: IpNet, version: Version) -> Result<Option<u8>, String> {
        let (size, length) = (self.size, i64::from(base.prefix_len()));
        if version.at_least(27, 0, 0) {
            // `splitByIPFamily` in v27.0.1:libnetwork/ipams/defaultipam/allocator.go.
            if size == 0 {
                return Err(not_canonical(entry, &base.to_string(), size));
            }
            if length > size {
                return Err(format!(
                    "could not construct local address space: network at index {entry} (&{{{base} {size}}}) has a smaller prefix (/{length}) than the target size of that pool (/{size})"
                ));
            }
        } else if size <= 0 || size < length {
            return Err(format!("invalid pools size: {size}"));
        }
        // Up to 26 every block is an entry of a list in memory.
        let countable = version.at_least(27, 0, 0) || size - length < 30;
        let fits = size <= i64::from(base.max_prefix_len()) && countable;
        let mapped = matches!(base, IpNet::V6(base) if base.addr().to_ipv4_mapped().is_some());
        Ok(u8::try_from(size).ok().filter(|_| fits && !mapped))
    }
}

fn not_canonical(entry: usize, base: &str, size: i64) -> String {
    format!(
        "could not construct local address space: network at index {entry} (&{{{base} {size}}}) is not in canonical form"
    )
}
