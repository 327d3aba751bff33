use serde::{Deserialize, Serialize};

use super::Place;
use crate::text::Text;

/// daemon.json as the next start of the engine will read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DaemonJson {
    /// The path the engine will open: `--config-file`, else its default.
    pub path: String,
    /// Named by `--config-file`: then a missing file is fatal, otherwise it is fine.
    #[serde(default)]
    pub explicit: bool,
    /// Last change (st_ctime), milliseconds since the Unix epoch.
    #[serde(default)]
    pub modified: Option<u64>,
    /// SHA-256 of the bytes, hexadecimal; never the bytes.
    #[serde(default)]
    pub sha256: Option<String>,
    /// The lines of the file, for showing a fault in place. Every string that is not under a key known to be harmless is
    /// masked with `*`, character for character, so that columns stay right.
    #[serde(default)]
    pub masked_lines: Vec<String>,
    pub state: DaemonJsonState,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DaemonJsonState {
    Absent,
    /// No JSON value at all: engines up to 20.10 refuse it (`EOF`), 23.0 and newer take it as `{}`.
    Empty(EmptyKind),
    /// Not JSON, or not an object.
    Broken(SyntaxFault),
    Parsed {
        /// Every key of every level, in the order of the file; nested keys have a longer pointer.
        keys: Vec<ConfigKey>,
        #[serde(default)]
        bom: Option<Bom>,
        /// Text behind the first value: engines up to 20.10 do not read it, 23.0 and newer refuse the file.
        #[serde(default)]
        trailing: Option<SyntaxFault>,
        /// The first byte that is not UTF-8, inside a string: engines up to 20.10 replace it, 23.0 and newer refuse the file.
        #[serde(default)]
        invalid_utf8: Option<SyntaxFault>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmptyKind {
    NoBytes,
    OnlyBlanks,
}

/// A byte order mark; engines up to 20.10 refuse a file that has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bom {
    Utf8,
    Utf16Le,
    Utf16Be,
}

/// Where a file stops being what it should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SyntaxFault {
    pub place: Place,
    /// How many characters the caret covers, at least 1.
    pub length: u32,
    /// What is wrong there and what was expected.
    pub expected: Text,
}

/// One key of daemon.json.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfigKey {
    /// RFC 6901 pointer: `/bip`, `/default-address-pools/0/base`.
    pub pointer: String,
    /// Where the key stands; for a list item, where the item stands.
    pub place: Place,
    /// Where its value stands.
    pub value_place: Place,
    /// How many characters the value takes on its line, at least 1.
    pub value_length: u32,
    pub value: ConfigValue,
}

/// A value of daemon.json or of a flag; strings under keys that may hold a secret are not kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigValue {
    Null,
    Bool(bool),
    /// As written.
    Number(String),
    String(String),
    /// A string that was not kept.
    Withheld,
    /// Items are keys of their own.
    List(usize),
    Object(usize),
}

impl DaemonJson {
    /// The last value of a key by its pointer: as in Go's decoder, the last of duplicates wins.
    pub fn key(&self, pointer: &str) -> Option<&ConfigKey> {
        match &self.state {
            DaemonJsonState::Parsed { keys, .. } => keys.iter().rev().find(|k| k.pointer == pointer),
            _ => None,
        }
    }

    /// The string under a key, if there is one that is a string and was kept.
    pub fn string(&self, pointer: &str) -> Option<(&str, &ConfigKey)> {
        let key = self.key(pointer)?;
        match &key.value {
            ConfigValue::String(value) => Some((value, key)),
            _ => None,
        }
    }
}

/// A flag on the engine's command line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DaemonFlag {
    /// The long name without dashes: `bip`, `host` (for `-H`), `bridge` (for `-b`).
    pub name: String,
    /// As written; none for a bare boolean flag or a value that may hold a secret and was not kept.
    pub value: Option<String>,
    /// The value was not kept because it may hold a secret.
    #[serde(default)]
    pub withheld: bool,
    /// The file that says so: the unit, a drop-in, an environment file; none for a running process.
    pub place: Option<Place>,
}
