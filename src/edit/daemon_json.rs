//! daemon.json: sets one key and leaves every other byte as it was.

use serde_json::Value;

use crate::parse::daemon_json::{Member, Root, root};
use crate::text::{Text, text};

const BOM: &str = "\u{feff}";

/// The file with `key` of its root object set to `value`; a file without a value becomes an object with that key alone.
///
/// A key that is there keeps its place (of duplicates the last one, which counts); a new one goes behind the last, set as
/// its neighbours are: on a line of its own with their indentation, or on theirs.
///
/// # Errors
/// Why the file cannot be edited: it is not UTF-8, or does not parse.
pub fn set(bytes: &[u8], key: &str, value: &Value) -> Result<Vec<u8>, Text> {
    let text = std::str::from_utf8(bytes).map_err(|_| text!("it is not UTF-8", "它不是 UTF-8 编码"))?;
    let (bom, text) = match text.strip_prefix(BOM) {
        Some(rest) => (BOM, rest),
        None => ("", text),
    };
    let Some(root) = root(text) else { return Err(text!("it does not parse", "它无法解析")) };
    let edited = match root {
        Root::Nothing => format!("{{\n{}\n}}\n", member(key, value, &Style::usual())),
        Root::Object { start, end, members } => match members.iter().rfind(|member| member.key == key) {
            Some(member) => {
                let style = Style::of(text, start, &members);
                format!("{}{}{}", &text[..member.start], written(value, &style), &text[member.end..])
            }
            None => added(text, start, end, &members, key, value),
        },
    };
    Ok(format!("{bom}{edited}").into_bytes())
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
        let blanks = &before[before.trim_end_matches([' ', '\t', '\r', '\n']).len()..];
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
    let inner = text[start + 1..end - 1].trim_end_matches([' ', '\t', '\r', '\n']);
    let at = start + 1 + inner.len();
    let comma = if inner.is_empty() { "" } else { "," };
    let rest = &text[at..];
    // `{}` and `{ }` have no line for the closing bracket yet.
    let close = if inner.is_empty() && !text[at..end].contains('\n') { style.line_end } else { "" };
    let rest = if close.is_empty() { rest } else { rest.trim_start_matches([' ', '\t']) };
    format!("{}{comma}{}{close}{rest}", &text[..at], member(key, value, &style))
}

fn member(key: &str, value: &Value, style: &Style) -> String {
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
