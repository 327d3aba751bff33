//! `--from FILE`: a snapshot that another run kept.

use std::path::Path;

use serde_json::Value;
use serde_json::error::Category;

use crate::exit::Refusal;
use crate::host::{SCHEMA_VERSION, Snapshot};
use crate::probe::given::snapshot_bytes;
use crate::text::text;

/// # Errors
/// One sentence that names the file, with line and column where its JSON is at fault.
pub fn read(path: &Path) -> Result<Snapshot, Refusal> {
    let file = path.display().to_string();
    let bytes = snapshot_bytes(path)
        .map_err(|e| Refusal::input(file.clone(), text!("{file} cannot be read: {e}", "无法读取 {file}：{e}")))?;
    parse(&file, &bytes)
}

fn parse(file: &str, bytes: &[u8]) -> Result<Snapshot, Refusal> {
    let document: Value = serde_json::from_slice(bytes).map_err(|e| no_json(file, bytes, &e))?;
    let Some(version) = document.get("schema_version").and_then(Value::as_u64).filter(|version| *version > 0) else {
        return Err(Refusal::input(
            file,
            text!("{file} is JSON but no snapshot of dnetctl", "{file} 是 JSON，但不是 dnetctl 的快照"),
        ));
    };
    if document.get("tool").is_some() {
        return Err(Refusal::input(
            file,
            text!(
                "{file} is a report; --from takes what `dnetctl snapshot` or --save wrote",
                "{file} 是诊断报告；--from 需要 `dnetctl snapshot` 或 --save 写出的快照"
            ),
        ));
    }
    if version > u64::from(SCHEMA_VERSION) {
        return Err(Refusal::input(
            file,
            text!(
                "{file} is a snapshot of schema {version}; this dnetctl reads up to {SCHEMA_VERSION}: use a newer one",
                "{file} 是版本 {version} 的快照；当前 dnetctl 最高支持版本 {SCHEMA_VERSION}，请使用更新的版本"
            ),
        ));
    }
    serde_json::from_slice(bytes).map_err(|e| {
        let place = format!("{file}:{}:{}", e.line(), e.column());
        let why = without_place(&e);
        Refusal::input(
            place.clone(),
            text!("{place}: this is no snapshot of dnetctl: {why}", "{place}：这不是 dnetctl 的快照：{why}"),
        )
    })
}

fn no_json(file: &str, bytes: &[u8], error: &serde_json::Error) -> Refusal {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Refusal::input(file, text!("{file} is empty", "{file} 是空文件"));
    }
    let place = format!("{file}:{}:{}", error.line(), error.column());
    let why = without_place(error);
    let message = match error.classify() {
        Category::Eof => text!("{place}: the file is cut off", "{place}：文件不完整，在此处中断"),
        _ => text!("{place}: this is not JSON: {why}", "{place}：这不是 JSON：{why}"),
    };
    Refusal::input(place, message)
}

/// What serde_json says, without the place it puts behind.
fn without_place(error: &serde_json::Error) -> String {
    let said = error.to_string();
    said.rsplit_once(" at line ").map_or(said.clone(), |(why, _)| why.to_owned())
}
