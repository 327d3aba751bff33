//! One key of a file of sysctl.d(5).

use std::collections::BTreeSet;

use super::splice::{Splices, with_lines, without_lines};
use crate::parse::conf_lines::lines;
use crate::parse::sysctl_conf::settings;
use crate::text::{Text, text};

const HEAD: &str = "# Written by dnetctl.";

/// What the file sets the key to.
pub fn holds(bytes: &[u8], key: &str) -> Option<String> {
    settings(&lines(bytes)).into_iter().rfind(|setting| setting.key == key)?.value
}

/// The file with the key at this value; none: without it. A line that sets it keeps its place and its look; of several the last is
/// kept. A file of ours that says nothing any more is empty.
///
/// # Errors
/// The key or the value cannot be written there.
pub fn set(file: &str, bytes: &[u8], key: &str, to: Option<&str>) -> Result<Vec<u8>, Text> {
    let plain = |said: &str| !said.is_empty() && !said.contains(['\n', '\r', '=']) && said.trim() == said;
    if !plain(key) || key.contains(['*', '?', '[']) || to.is_some_and(|to| !plain(to)) {
        return Err(text!("{file} cannot hold {key}", "{file} 无法写入 {key}"));
    }
    let lines = lines(bytes);
    let of_key: Vec<_> = settings(&lines).into_iter().filter(|s| s.key == key && s.value.is_some()).collect();
    let kept = of_key.last().filter(|_| to.is_some()).map(|setting| setting.line);
    let cut: BTreeSet<usize> = of_key.iter().map(|setting| setting.line).filter(|line| Some(*line) != kept).collect();
    let Some(to) = to else {
        let out = without_lines(bytes, &lines, &cut);
        let only_head = out.trim_ascii() == HEAD.as_bytes();
        return Ok(if only_head { Vec::new() } else { out });
    };
    let Some(kept) = kept else {
        let head = bytes.is_empty().then(|| HEAD.to_owned());
        let added: Vec<String> = head.into_iter().chain([format!("{key} = {to}")]).collect();
        return Ok(with_lines(bytes, &added));
    };
    let mut splices = Splices::default();
    for line in cut {
        splices.cut(lines[line].range.clone());
    }
    let line = &lines[kept];
    let raw = &bytes[line.range.clone()];
    let equals = raw.iter().position(|byte| *byte == b'=').map_or(raw.len(), |at| at + 1);
    let blanks = raw[equals..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let end = raw.trim_ascii_end().len().max(equals + blanks);
    let start = line.range.start;
    splices.replace(start + equals + blanks..start + end, to);
    Ok(splices.apply(bytes))
}
