//! daemon.json: bytes → every key with its place, or the fault with its place.
//!
//! The grammar is the engine's own (Go's encoding/json), which is neither serde_json's (that refuses lone surrogates) nor
//! jsonc-parser's (that takes more): tests hold it against serde_json. What depends on the engine's version (byte order
//! mark, empty file, trailing text, invalid UTF-8) is told as a fact and judged elsewhere
//! (moby v20.10.24 and v28.5.2 daemon/config/config.go, getConflictFreeConfiguration).

mod fault;
mod grammar;
mod mask;

use crate::host::{Bom, ConfigKey, ConfigValue, DaemonJsonState, EmptyKind, Place, SyntaxFault};
use crate::parse::secret;
use crate::text::text;

use mask::MASKED_KEY;

/// Keys that are kept at most; a longer file is judged by its first ones. Real files have fewer than 200.
const MAX_KEYS: usize = 20_000;

/// What the bytes of a daemon.json say, and its lines with every string masked that may be a secret.
pub fn parse(path: &str, bytes: &[u8]) -> (DaemonJsonState, Vec<String>) {
    let Decoded { text, bom, invalid_at } = decode(bytes);
    let masked = mask::masked_lines(&text);
    // Go's bytes.TrimSpace, which 23.0 and newer apply first, takes every blank of Unicode.
    let trimmed = text.trim();
    if trimmed.is_empty() {
        let kind = if bytes.is_empty() { EmptyKind::NoBytes } else { EmptyKind::OnlyBlanks };
        return (DaemonJsonState::Empty(kind), masked);
    }
    let start = text.len() - text.trim_start().len();
    let end = start + trimmed.len();
    let places = Places::new(path, &text);
    let document = match grammar::read(&text[..end], start) {
        Ok(document) => document,
        Err(fault) => return (DaemonJsonState::Broken(places.fault(&fault)), masked),
    };
    let keys = document.nodes.iter().take(MAX_KEYS).map(|node| config_key(node, &text, &places)).collect();
    let invalid_utf8 = invalid_at.map(|at| {
        let offset = at.offset;
        places.fault(&grammar::Fault {
            start: at.start,
            end: at.start + char::REPLACEMENT_CHARACTER.len_utf8(),
            expected: text!(
                "the byte at offset {offset} is not UTF-8; expected text in UTF-8",
                "偏移 {offset} 处的字节不是 UTF-8；文件应使用 UTF-8 编码"
            ),
        })
    });
    let trailing = document.trailing.as_ref().map(|fault| places.fault(fault));
    (DaemonJsonState::Parsed { keys, bom, trailing, invalid_utf8 }, masked)
}

/// The root of a daemon.json as an editor needs it; offsets are bytes of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// No value at all, or `null`: both are an object without members to the engine.
    Nothing,
    Object {
        start: usize,
        /// Behind the closing bracket.
        end: usize,
        /// Of duplicates, each; the last one counts. Keys longer than 500 bytes are left out.
        members: Vec<Member>,
    },
}

/// A member of the root object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub key: String,
    /// Where its key starts, at the quote.
    pub key_start: usize,
    /// Its value.
    pub start: usize,
    pub end: usize,
}

/// Where the members of a file stand; none for what does not parse, or has text behind its value.
pub fn root(text: &str) -> Option<Root> {
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed == "null" {
        return Some(Root::Nothing);
    }
    let start = text.len() - text.trim_start().len();
    let end = start + trimmed.len();
    let document = grammar::read(&text[..end], start).ok().filter(|document| document.trailing.is_none())?;
    let members = document.nodes.into_iter().filter_map(|node| match <[secret::Step; 1]>::try_from(node.path) {
        Ok([secret::Step::Key(key)]) => {
            Some(Member { key, key_start: node.key_start, start: node.start, end: node.end })
        }
        _ => None,
    });
    Some(Root::Object { start, end, members: members.collect() })
}

struct Decoded {
    text: String,
    bom: Option<Bom>,
    invalid_at: Option<InvalidUtf8>,
}

struct InvalidUtf8 {
    /// Bytes of the file before it.
    offset: usize,
    /// Bytes of the decoded text before it.
    start: usize,
}

/// As the engine decodes: by the byte order mark if there is one, else UTF-8 (x/text unicode.BOMOverride).
fn decode(bytes: &[u8]) -> Decoded {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16, bom| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        let mut text = String::from_utf16_lossy(&units);
        if !bytes.len().is_multiple_of(2) {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        Decoded { text, bom: Some(bom), invalid_at: None }
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => return utf16(rest, u16::from_le_bytes, Bom::Utf16Le),
        [0xfe, 0xff, rest @ ..] => return utf16(rest, u16::from_be_bytes, Bom::Utf16Be),
        _ => {}
    }
    let (bom, rest) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => (Some(Bom::Utf8), rest),
        None => (None, bytes),
    };
    let invalid_at = std::str::from_utf8(rest)
        .err()
        .map(|e| InvalidUtf8 { offset: e.valid_up_to() + bytes.len() - rest.len(), start: e.valid_up_to() });
    Decoded { text: String::from_utf8_lossy(rest).into_owned(), bom, invalid_at }
}

fn config_key(node: &grammar::Node, text: &str, places: &Places) -> ConfigKey {
    let harmless = secret::harmless_key(&node.path);
    let value = match &node.kind {
        grammar::Kind::Null => ConfigValue::Null,
        grammar::Kind::Bool(value) => ConfigValue::Bool(*value),
        grammar::Kind::Number if harmless => ConfigValue::Number(text[node.start..node.end].to_owned()),
        grammar::Kind::String(value) if harmless && secret::harmless_value(value) => ConfigValue::String(value.clone()),
        grammar::Kind::Number | grammar::Kind::String(_) => ConfigValue::Withheld,
        grammar::Kind::List(items) => ConfigValue::List(*items),
        grammar::Kind::Object(members) => ConfigValue::Object(*members),
    };
    ConfigKey {
        pointer: pointer(&node.path),
        place: places.at(node.key_start),
        value_place: places.at(node.start),
        value_length: places.length(node.start, node.end),
        value,
    }
}

/// RFC 6901 §3; a key that may be a secret itself stands there as [`MASKED_KEY`].
fn pointer(path: &[secret::Step]) -> String {
    let mut pointer = String::new();
    for (depth, step) in path.iter().enumerate() {
        pointer.push('/');
        match step {
            secret::Step::Key(key) if !secret::harmless_name(&path[..depth], key) => pointer.push_str(MASKED_KEY),
            secret::Step::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
            secret::Step::Item(index) => pointer.push_str(&index.to_string()),
        }
    }
    pointer
}

/// Byte offsets → lines and columns.
struct Places<'a> {
    path: &'a str,
    text: &'a str,
    /// Offset of the first byte of each line.
    lines: Vec<usize>,
}

impl<'a> Places<'a> {
    fn new(path: &'a str, text: &'a str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Places { path, text, lines }
    }

    fn at(&self, offset: usize) -> Place {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines[line - 1];
        let column = self.text[start..offset].chars().count() + 1;
        Place { file: self.path.to_owned(), line: clamp(line), column: clamp(column) }
    }

    /// Characters from `start` to `end`, but not over the end of the line; at least 1.
    fn length(&self, start: usize, end: usize) -> u32 {
        let on_line = self.text[start..end].split(['\n', '\r']).next().unwrap_or("");
        clamp(on_line.chars().count().max(1))
    }

    fn fault(&self, fault: &grammar::Fault) -> SyntaxFault {
        SyntaxFault {
            place: self.at(fault.start),
            length: self.length(fault.start, fault.end),
            expected: fault.expected.clone(),
        }
    }
}

fn clamp(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
