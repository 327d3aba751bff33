//! Bytes cut out of a file and put into it; all others stay.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::parse::conf_lines::{Line, line_end};

/// Changes of one file, all against the same bytes.
#[derive(Default)]
pub struct Splices {
    changes: Vec<(Range<usize>, Vec<u8>)>,
}

impl Splices {
    pub fn cut(&mut self, range: Range<usize>) {
        self.changes.push((range, Vec::new()));
    }

    pub fn replace(&mut self, range: Range<usize>, by: impl Into<Vec<u8>>) {
        self.changes.push((range, by.into()));
    }

    /// The file with all changes made; where one cut lies in another the wider one is made.
    pub fn apply(mut self, bytes: &[u8]) -> Vec<u8> {
        self.changes.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
        for (range, by) in self.changes {
            if range.start >= at {
                out.extend_from_slice(&bytes[at..range.start]);
                out.extend_from_slice(&by);
            }
            at = at.max(range.end);
        }
        out.extend_from_slice(bytes.get(at..).unwrap_or_default());
        out
    }
}

/// The file without these lines (indices into `lines`); a byte order mark stays.
pub fn without_lines(bytes: &[u8], lines: &[Line], gone: &BTreeSet<usize>) -> Vec<u8> {
    let mut splices = Splices::default();
    for index in gone {
        let range = lines[*index].range.clone();
        let bom = if *index == 0 && bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        splices.cut(range.start + bom..range.end);
    }
    splices.apply(bytes)
}

/// The file with these lines behind its last, in its own line end.
pub fn with_lines(bytes: &[u8], added: &[String]) -> Vec<u8> {
    let end = line_end(bytes);
    let mut out = bytes.to_vec();
    if added.is_empty() {
        return out;
    }
    if !(out.is_empty() || out.ends_with(b"\n") || out == b"\xef\xbb\xbf") {
        out.extend_from_slice(end.as_bytes());
    }
    for line in added {
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(end.as_bytes());
    }
    out
}
