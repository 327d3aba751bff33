//! The logical lines of an interfaces file, with the bytes they take (ifupdown 0.8.41 config.c `get_line`).

use std::ops::Range;

/// A line that says something; comments and empty lines are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logical {
    /// Without blanks at both ends, continuation lines joined as ifupdown joins them: verbatim.
    pub text: String,
    /// The first of its lines, from 1.
    pub line: u32,
    /// Characters before it on its first line.
    pub indent: u32,
    /// Its bytes, the last line end included.
    pub bytes: Range<usize>,
}

/// A backslash joins only as the very last byte of a line, so not before a carriage return, nor on a comment.
pub fn logical(bytes: &[u8]) -> Vec<Logical> {
    let mut all = Vec::new();
    let mut at = 0;
    let mut number = 0;
    while at < bytes.len() {
        let start = at;
        let line = number + 1;
        let (mut content, mut next) = physical(bytes, at);
        number += 1;
        let head = String::from_utf8_lossy(content).into_owned();
        let first = head.trim_start_matches(|c: char| c.is_ascii_whitespace());
        at = next;
        if first.is_empty() || first.starts_with('#') {
            continue;
        }
        let mut joined = content.to_vec();
        while joined.last() == Some(&b'\\') && next < bytes.len() {
            joined.pop();
            (content, next) = physical(bytes, next);
            number += 1;
            joined.extend_from_slice(content);
        }
        at = next;
        let text = String::from_utf8_lossy(&joined);
        let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
        if !text.is_empty() {
            let indent = head.chars().count() - first.chars().count();
            all.push(Logical {
                text: text.to_owned(),
                line,
                indent: u32::try_from(indent).unwrap_or(u32::MAX),
                bytes: start..next,
            });
        }
    }
    all
}

/// The line at an offset without its newline, and where the next one starts.
fn physical(bytes: &[u8], at: usize) -> (&[u8], usize) {
    match bytes[at..].iter().position(|byte| *byte == b'\n') {
        Some(length) => (&bytes[at..at + length], at + length + 1),
        None => (&bytes[at..], bytes.len()),
    }
}
