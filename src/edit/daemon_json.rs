//! daemon.json: sets or removes one key and leaves every other byte as it was.

mod take_back;

use serde_json::Value;

use crate::parse::daemon_json::{Member, Root, root};
use crate::text::{Text, text};
pub use take_back::take_back;

const BOM: &str = "\u{feff}";
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// The file with `key` of its root object set to `value`; a file without a value becomes an object with that key alone.
///
/// A key that is there keeps its place; a new one goes behind the last, set as its neighbours are: on a line of its own with their
/// indentation, or on theirs.
///
/// # Errors
/// Why the file cannot be edited: it is not UTF-8, does not parse, or holds the key twice.
pub fn set(bytes: &[u8], key: &str, value: &Value) -> Result<Vec<u8>, Text> {
    let (bom, text) = decoded(bytes)?;
    let edited = match parsed(text)? {
        Root::Nothing => format!("{{\n{}\n}}\n", member_text(key, value, &Style::usual())),
        Root::Object { start, end, members } => match only(&members, key)? {
            Some(at) => {
                let style = Style::of(text, start, &members);
                let member = &members[at];
                format!("{}{}{}", &text[..member.start], written(value, &style), &text[member.end..])
            }
            None => added(text, start, end, &members, key, value),
        },
    };
    checked(text, &edited, key, Some(value))?;
    Ok(format!("{bom}{edited}").into_bytes())
}

/// The file without `key` in its root object; one that does not hold it stays as it is.
///
/// # Errors
/// As [`set`].
pub fn remove(bytes: &[u8], key: &str) -> Result<Vec<u8>, Text> {
    let (bom, text) = decoded(bytes)?;
    let Root::Object { start, members, .. } = parsed(text)? else { return Ok(bytes.to_vec()) };
    let Some(at) = only(&members, key)? else { return Ok(bytes.to_vec()) };
    let member = &members[at];
    let cut = match (at.checked_sub(1).map(|before| &members[before]), members.get(at + 1)) {
        (Some(before), _) => before.end..member.end,
        (None, Some(next)) => member.key_start..next.key_start,
        (None, None) => start + 1..member.end,
    };
    let edited = format!("{}{}", &text[..cut.start], &text[cut.end..]);
    checked(text, &edited, key, None)?;
    Ok(format!("{bom}{edited}").into_bytes())
}

/// The value of `key` in the root object.
///
/// # Errors
/// As [`set`].
pub fn member(bytes: &[u8], key: &str) -> Result<Option<Value>, Text> {
    let (_, text) = decoded(bytes)?;
    let Root::Object { members, .. } = parsed(text)? else { return Ok(None) };
    match only(&members, key)? {
        Some(at) => serde_json::from_str(&text[members[at].start..members[at].end]).map(Some).map_err(|_| broken()),
        None => Ok(None),
    }
}

/// As [`set`], or without a value as [`remove`].
///
/// # Errors
/// As [`set`].
pub fn set_or_remove(bytes: &[u8], key: &str, value: Option<&Value>) -> Result<Vec<u8>, Text> {
    match value {
        Some(value) => set(bytes, key, value),
        None => remove(bytes, key),
    }
}

fn decoded(bytes: &[u8]) -> Result<(&'static str, &str), Text> {
    let text = std::str::from_utf8(bytes).map_err(|_| text!("it is not UTF-8", "它不是 UTF-8 编码"))?;
    Ok(match text.strip_prefix(BOM) {
        Some(rest) => (BOM, rest),
        None => ("", text),
    })
}

fn parsed(text: &str) -> Result<Root, Text> {
    root(text).ok_or_else(broken)
}

fn broken() -> Text {
    text!("it does not parse", "它无法解析")
}

/// Where the key stands among the members.
fn only(members: &[Member], key: &str) -> Result<Option<usize>, Text> {
    let mut places = members.iter().enumerate().filter(|(_, member)| member.key == key).map(|(at, _)| at);
    match (places.next(), places.next()) {
        (_, Some(_)) => Err(text!(
            "it holds the key `{key}` twice; the engine takes the last one, so leave one of them first",
            "键 `{key}` 出现了两次；引擎以最后一个为准，请先只保留一个"
        )),
        (at, None) => Ok(at),
    }
}

/// Holds the edited text to the members it must have: the same texts in the same order, but for the one.
fn checked(before: &str, after: &str, key: &str, value: Option<&Value>) -> Result<(), Text> {
    let others = |text: &str| -> Option<Vec<(String, String)>> {
        let members = match root(text)? {
            Root::Nothing => Vec::new(),
            Root::Object { start, end, members } => {
                // What is between the members is commas and blanks, so that none was overlooked.
                let mut at = start + 1;
                for member in &members {
                    text[at..member.key_start].trim_matches(BLANKS).trim_start_matches(',').is_empty().then_some(())?;
                    at = member.end;
                }
                text[at..end - 1].trim_matches(BLANKS).is_empty().then_some(())?;
                members
            }
        };
        let others = members.into_iter().filter(|member| member.key != key);
        Some(others.map(|member| (member.key, text[member.start..member.end].to_owned())).collect())
    };
    let is = member(after.as_bytes(), key)?;
    if others(before).is_some_and(|before| Some(before) == others(after)) && is.as_ref() == value {
        Ok(())
    } else {
        Err(text!("it holds a key that is too long to be followed", "其中有过长、无法处理的键"))
    }
}

/// How the members of an object are set.
struct Style {
    /// Before a key: a line end and the indentation, or blanks on the same line.
    lead: String,
    /// Between a key and its value.
    colon: String,
    /// The file's line end.
    line_end: &'static str,
}

impl Style {
    fn usual() -> Self {
        Style { lead: "  ".to_owned(), colon: ": ".to_owned(), line_end: "\n" }
    }

    /// As the last member is set.
    fn of(text: &str, start: usize, members: &[Member]) -> Self {
        let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let Some(last) = members.last() else {
            return Style { lead: format!("{line_end}  "), line_end, ..Style::usual() };
        };
        let before = &text[start..last.key_start];
        let blanks = &before[before.trim_end_matches(BLANKS).len()..];
        // Of empty lines between members none is repeated.
        let lead = match blanks.rfind('\n') {
            Some(at) => format!("{line_end}{}", &blanks[at + 1..]),
            None => blanks.to_owned(),
        };
        let between = &text[last.key_start..last.start];
        let colon = between.rfind('"').map_or(": ", |quote| &between[quote + 1..]);
        let colon = if colon.contains('\n') { ": ".to_owned() } else { colon.to_owned() };
        Style { lead, colon, line_end }
    }

    fn own_line(&self) -> bool {
        self.lead.contains('\n')
    }
}

/// The object with a new member behind its last.
fn added(text: &str, start: usize, end: usize, members: &[Member], key: &str, value: &Value) -> String {
    let style = Style::of(text, start, members);
    let inner = text[start + 1..end - 1].trim_end_matches(BLANKS);
    let at = start + 1 + inner.len();
    let comma = if inner.is_empty() { "" } else { "," };
    let rest = &text[at..];
    // `{}` and `{ }` have no line for the closing bracket yet.
    let close = if inner.is_empty() && !text[at..end].contains('\n') { style.line_end } else { "" };
    let rest = if close.is_empty() { rest } else { rest.trim_start_matches([' ', '\t']) };
    format!("{}{comma}{}{close}{rest}", &text[..at], member_text(key, value, &style))
}

fn member_text(key: &str, value: &Value, style: &Style) -> String {
    format!("{}{}{}{}", style.lead, Value::from(key), style.colon, written(value, style))
}

/// A value on one line with blanks behind commas and colons; a list of several items has a line for each where members have.
fn written(value: &Value, style: &Style) -> String {
    match value {
        Value::Array(items) if items.len() > 1 && style.own_line() => {
            let indent = style.lead.trim_start_matches(['\r', '\n']);
            let unit = if indent.contains('\t') { "\t" } else { "  " };
            let end = style.line_end;
            let lines: Vec<String> =
                items.iter().map(|item| format!("{end}{indent}{unit}{}", written(item, style))).collect();
            format!("[{}{end}{indent}]", lines.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| written(item, style)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(key, value)| format!("{}: {}", Value::from(&**key), written(value, style)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests;
