//! Journals as files: JSON lines, appended and synced one by one.
#![allow(clippy::disallowed_methods)]

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{Begin, Entry, Record, Sink, Stage, Unwritten, id, stage};
use crate::apply::{Places, sync};
use crate::text::{Text, text};

/// A journal that is being written. Only who holds the lock has one.
pub struct Journal {
    pub record: Record,
    path: PathBuf,
    /// None: nothing can be written any more. What is undone is undone all the same.
    file: Option<File>,
    /// Bytes of whole lines.
    length: u64,
}

fn directory(places: &Places) -> PathBuf {
    places.state.join("journals")
}

/// Writes the first line of a new journal.
///
/// # Errors
/// It cannot be written; then there is no such journal.
pub fn create(places: &Places, begin: Begin) -> Result<Journal, Text> {
    let directory = directory(places);
    let failed = |path: &Path, error: &io::Error| {
        let path = path.display();
        text!("{path} cannot be written: {error}", "无法写入 {path}：{error}")
    };
    sync::private_directory(&directory).map_err(|error| failed(&directory, &error))?;
    let name = id::name(begin.at, &begin.plan.id);
    let names = std::iter::once(name.clone()).chain((2..100).map(|number| format!("{name}-{number}")));
    for id in names {
        let path = directory.join(format!("{id}.jsonl"));
        let file = match OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            opened => opened.map_err(|error| failed(&path, &error))?,
        };
        let record = Record { id, begin: begin.clone(), entries: Vec::new(), damaged: None };
        let mut journal = Journal { record, path: path.clone(), file: Some(file), length: 0 };
        let written = journal.write(&Entry::Begin(Box::new(begin))).map_err(Unwritten::why);
        let written = written.and_then(|()| sync::directory(&directory).map_err(|error| failed(&directory, &error)));
        if let Err(why) = written {
            // Nothing was done yet: an empty journal that stays counts as none.
            let _ = sync::remove(&path);
            return Err(why);
        }
        return Ok(journal);
    }
    let directory = directory.display();
    Err(text!("{directory} is full of journals of this second", "{directory} 中这一秒的日志已经太多"))
}

/// Opens a journal to go on with it. Where it cannot be written any more it can still be read, and undone.
///
/// # Errors
/// There is none of that name, or it cannot be read.
pub fn open(places: &Places, id: &str) -> Result<Journal, Text> {
    let record = find(places, id)?;
    let path = directory(places).join(format!("{id}.jsonl"));
    let file = OpenOptions::new().append(true).open(&path).ok();
    let length = std::fs::read(&path).map_or(0, |bytes| whole_lines(&bytes));
    let mut journal = Journal { record, path, file, length };
    journal.cut();
    Ok(journal)
}

/// The journal of that name.
///
/// # Errors
/// There is none, or it cannot be read.
pub fn find(places: &Places, id: &str) -> Result<Record, Text> {
    let path = directory(places).join(format!("{id}.jsonl"));
    if !id::is_name(id) || !path.is_file() {
        return Err(text!(
            "there is no journal {id:?}; `dnetctl rollback --list` lists them",
            "没有日志 {id:?}；运行 `dnetctl rollback --list` 可查看全部日志"
        ));
    }
    read(&path, id)?.ok_or_else(|| {
        text!("the journal {id} holds nothing: nothing was changed", "日志 {id} 是空的：没有做过任何改动")
    })
}

/// All journals, the oldest first. One that holds no beginning is none: it changed nothing, or [`lost`] names it.
///
/// # Errors
/// Their directory cannot be read.
pub fn all(places: &Places) -> Result<Vec<Record>, Text> {
    let read = |(id, path): (String, PathBuf)| read(&path, &id).ok().flatten();
    Ok(files(places)?.into_iter().filter_map(read).collect())
}

/// A journal that may be unfinished and cannot be undone, since it does not say what it is about: which, and what to do.
///
/// # Errors
/// As [`all`].
pub fn lost(places: &Places) -> Result<Option<Text>, Text> {
    let told = |(_, path): (String, PathBuf)| match std::fs::read(&path) {
        Ok(bytes) => {
            let Lines { begin, entries, .. } = decode(&bytes);
            let open = begin.is_none() && !entries.is_empty() && !stage(&entries).is_final();
            open.then(|| without_beginning(&path))
        }
        Err(error) => Some(unreadable(&path, &error)),
    };
    Ok(files(places)?.into_iter().find_map(told))
}

/// Name and path of each journal, the oldest first.
fn files(places: &Places) -> Result<Vec<(String, PathBuf)>, Text> {
    let directory = directory(places);
    let entries = match std::fs::read_dir(&directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| unreadable(&directory, &error))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| unreadable(&directory, &error))?.file_name();
        let id = name.to_str().and_then(|name| name.strip_suffix(".jsonl"));
        names.extend(id.filter(|id| id::is_name(id)).map(ToOwned::to_owned));
    }
    names.sort();
    let with_path = |id: String| {
        let path = directory.join(format!("{id}.jsonl"));
        (id, path)
    };
    Ok(names.into_iter().map(with_path).collect())
}

/// The journal that nothing else may be begun before.
///
/// # Errors
/// As [`all`].
pub fn unfinished(places: &Places) -> Result<Option<Record>, Text> {
    Ok(all(places)?.into_iter().rev().find(|record| !record.stage().is_final()))
}

/// What `rollback` means without a name: the unfinished one, else the newest that was committed or given up.
///
/// # Errors
/// As [`all`].
pub fn newest(places: &Places) -> Result<Option<Record>, Text> {
    let all = all(places)?;
    let unfinished = all.iter().rposition(|record| !record.stage().is_final());
    let kept = all.iter().rposition(|record| matches!(record.stage(), Stage::Committed | Stage::GaveUp));
    Ok(unfinished.or(kept).and_then(|position| all.into_iter().nth(position)))
}

fn unreadable(path: &Path, error: &io::Error) -> Text {
    let path = path.display();
    text!("{path} cannot be read: {error}", "无法读取 {path}：{error}")
}

fn whole_lines(bytes: &[u8]) -> u64 {
    bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at as u64 + 1)
}

/// What the lines of a journal say.
pub struct Lines {
    pub begin: Option<Begin>,
    pub entries: Vec<Entry>,
    /// The number of the first whole line that does not decode, from 1.
    pub damaged: Option<usize>,
}

/// What stands behind the last line's end is torn, and not there.
pub fn decode(bytes: &[u8]) -> Lines {
    let mut lines = Lines { begin: None, entries: Vec::new(), damaged: None };
    let whole = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    for (number, line) in (1..).zip(whole) {
        match serde_json::from_slice(line) {
            Ok(Entry::Begin(first)) => lines.begin = lines.begin.or(Some(*first)),
            Ok(entry) => lines.entries.push(entry),
            Err(_) => lines.damaged = lines.damaged.or(Some(number)),
        }
    }
    lines
}

/// None: there is no beginning in it.
fn read(path: &Path, id: &str) -> Result<Option<Record>, Text> {
    let Lines { begin, entries, damaged } = decode(&std::fs::read(path).map_err(|error| unreadable(path, &error))?);
    match begin {
        Some(begin) => Ok(Some(Record { id: id.to_owned(), begin, entries, damaged })),
        None if entries.is_empty() => Ok(None),
        None => Err(without_beginning(path)),
    }
}

fn without_beginning(path: &Path) -> Text {
    let path = path.display();
    text!(
        "{path} has lost its first line, which says what to undo; put right by hand what its other lines name, then remove it",
        "{path} 缺少第一行（其中记录了要撤销的内容）；请按其余各行手动恢复，然后删除该文件"
    )
}

impl Journal {
    fn write(&mut self, entry: &Entry) -> Result<(), Unwritten> {
        let path = self.path.display().to_string();
        let said = |why: &dyn std::fmt::Display| text!("{path} cannot be written: {why}", "无法写入 {path}：{why}");
        let mut line = serde_json::to_vec(entry).map_err(|error| Unwritten::Absent(said(&error)))?;
        line.push(b'\n');
        let Some(file) = &mut self.file else {
            return Err(Unwritten::Absent(text!("{path} cannot be written", "无法写入 {path}")));
        };
        if let Err(error) = file.write_all(&line) {
            self.cut();
            return Err(Unwritten::Absent(said(&error)));
        }
        self.length += line.len() as u64;
        file.sync_data().map_err(|error| Unwritten::Unsure(said(&error)))
    }

    /// Takes a torn line away, so that the next one stands alone.
    fn cut(&mut self) {
        let whole = self.length;
        let cut = |file: &File| match file.metadata()?.len() {
            length if length == whole => Ok(()),
            _ => file.set_len(whole),
        };
        if self.file.as_ref().is_some_and(|file| cut(file).is_err()) {
            self.file = None;
        }
    }
}

impl Sink for Journal {
    fn entries(&self) -> &[Entry] {
        &self.record.entries
    }

    fn append(&mut self, entry: Entry) -> Result<(), Unwritten> {
        let written = self.write(&entry);
        if !matches!(written, Err(Unwritten::Absent(_))) {
            self.record.entries.push(entry);
        }
        written
    }
}
