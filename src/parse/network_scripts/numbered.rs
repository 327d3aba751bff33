//! A shell file of assignments, each with its bytes.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::parse::conf_lines::Line;

/// `NAME=value` that the shell keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub name: String,
    /// Quotes taken off.
    pub value: String,
    /// The word, and what stands before it of an `export`.
    pub range: Range<usize>,
    /// From 1.
    pub line: u32,
    pub column: u32,
}

/// What a shell makes of a file.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// In order; of the same name the last counts.
    pub assignments: Vec<Assignment>,
    /// The first line that is more than assignments and comments, and might do anything.
    pub beyond: Option<u32>,
}

/// `ADDRESS12` → (`ADDRESS`, 12), as the loop of ifup-routes counts: no leading zeros.
pub fn number_of(name: &str) -> Option<(&str, u32)> {
    let base = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &name[base.len()..];
    let number = digits.parse().ok()?;
    (matches!(base, "ADDRESS" | "NETMASK" | "GATEWAY" | "METRIC" | "OPTIONS")
        && (digits == "0" || !digits.starts_with('0')))
    .then_some((base, number))
}

impl Script {
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.assignments.iter().rfind(|a| a.name == name).map(|a| &*a.value)
    }

    pub fn last(&self, base: &str, number: u32) -> Option<&Assignment> {
        self.assignments.iter().rfind(|a| number_of(&a.name) == Some((base, number)))
    }

    /// All numbers of ADDRESSn.
    pub fn numbers(&self) -> BTreeSet<u32> {
        let numbered = self.assignments.iter().filter_map(|a| number_of(&a.name));
        numbered.filter(|(base, _)| *base == "ADDRESS").map(|(_, number)| number).collect()
    }

    /// The first number whose ADDRESSn is missing or empty: routes from there on are never made.
    pub fn live(&self) -> u32 {
        (0..).find(|number| self.last("ADDRESS", *number).is_none_or(|a| a.value.is_empty())).unwrap_or(u32::MAX)
    }
}

/// A word of a command.
struct Word {
    raw: Range<usize>,
    value: String,
    /// Something in it is expanded by the shell.
    expands: bool,
}

/// Reads line by line; a quote or a backslash that goes over a line's end is beyond assignments.
pub fn script(bytes: &[u8], lines: &[Line]) -> Script {
    let mut script = Script::default();
    for line in lines {
        let end = line.range.end - (bytes[line.range.clone()].ends_with(b"\n") as usize);
        let mut at = line.range.start;
        if line.number == 1 && bytes.starts_with(b"\xef\xbb\xbf") {
            at += 3;
        }
        while at < end {
            let Some((words, next)) = command(bytes, at..end) else {
                script.beyond.get_or_insert(line.number);
                break;
            };
            at = next;
            take(bytes, line, words, &mut script);
        }
    }
    script
}

fn take(bytes: &[u8], line: &Line, words: Vec<Word>, script: &mut Script) {
    let exported = words.first().is_some_and(|word| word.value == "export" && words.len() > 1);
    let start = words.first().map(|word| word.raw.start);
    let words = &words[usize::from(exported)..];
    if words.is_empty() {
        return;
    }
    if !words.iter().all(|word| name_of(&bytes[word.raw.clone()]).is_some()) {
        // Words that ip(8) was meant to get are no command: the shell says so and goes on.
        let failing =
            words.first().is_some_and(|w| w.value.starts_with(|c: char| c.is_ascii_digit()) || w.value == "default");
        if !failing || words.iter().any(|word| word.expands) {
            script.beyond.get_or_insert(line.number);
        }
        return;
    }
    for (index, word) in words.iter().enumerate() {
        let Some(name) = name_of(&bytes[word.raw.clone()]) else { continue };
        if word.expands {
            script.beyond.get_or_insert(line.number);
        }
        let from = if index == 0 { start.unwrap_or(word.raw.start) } else { word.raw.start };
        let before = String::from_utf8_lossy(&bytes[line.range.start..word.raw.start]).chars().count();
        script.assignments.push(Assignment {
            name: name.to_owned(),
            value: word.value[name.len() + 1..].to_owned(),
            range: from..word.raw.end,
            line: line.number,
            column: u32::try_from(before).map_or(u32::MAX, |before| before.saturating_add(1)),
        });
    }
}

/// The name before `=`, where the word is an assignment.
fn name_of(word: &[u8]) -> Option<&str> {
    let equals = word.iter().position(|byte| *byte == b'=')?;
    let name = std::str::from_utf8(&word[..equals]).ok()?;
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).then_some(name)
}

/// The words of one simple command and where the next begins; none: it is more than that.
fn command(bytes: &[u8], range: Range<usize>) -> Option<(Vec<Word>, usize)> {
    let mut words: Vec<Word> = Vec::new();
    let mut at = range.start;
    while at < range.end {
        match bytes[at] {
            b' ' | b'\t' => at += 1,
            b';' if bytes.get(at + 1) == Some(&b';') => return None,
            b';' => return Some((words, at + 1)),
            b'#' => return Some((words, range.end)),
            b'&' | b'|' | b'(' | b')' | b'<' | b'>' => return None,
            _ => {
                let word = word(bytes, at..range.end)?;
                at = word.raw.end;
                words.push(word);
            }
        }
    }
    Some((words, range.end))
}

fn word(bytes: &[u8], range: Range<usize>) -> Option<Word> {
    let (mut value, mut expands, mut quote) = (Vec::new(), false, None);
    let mut at = range.start;
    while at < range.end {
        let byte = bytes[at];
        match (quote, byte) {
            (None, b' ' | b'\t' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>') => break,
            (None, b'\'' | b'"') => quote = Some(byte),
            (Some(open), close) if open == close => quote = None,
            (None | Some(b'"'), b'\\') => {
                at += 1;
                value.push(*bytes.get(at).filter(|_| at < range.end)?);
            }
            (None | Some(b'"'), b'$' | b'`') => {
                expands = true;
                value.push(byte);
            }
            _ => value.push(byte),
        }
        at += 1;
    }
    // A quote that this line does not close goes on behind it.
    quote.is_none().then(|| Word { raw: range.start..at, value: String::from_utf8_lossy(&value).into_owned(), expands })
}
