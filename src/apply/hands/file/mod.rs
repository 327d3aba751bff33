//! Files are exchanged whole: what a reader sees, also after a power cut, is the former file or the new one. A file that rename(2) cannot
//! exchange (a mount point, one with several names) is written over, and known again where that was cut off.

mod attributes;
mod directories;
mod resolve;
mod write;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::attributes::Attributes;
use self::resolve::resolve;
use super::super::{End, State};
use super::{Host, reload};
use crate::action::Intent;
use crate::edit::{self, Content};
use crate::plan::{Bytes, FileSwap, Step};
use crate::text::{Text, text};

/// What the file's bytes do not say.
#[derive(Default, Serialize, Deserialize)]
struct Note {
    /// Directories that were made for it, outermost first.
    made: Vec<PathBuf>,
    /// Of a file that was deleted.
    was: Option<Attributes>,
}

/// The bytes of both ends.
///
/// # Errors
/// The plan left them out.
pub fn swap(step: &Step) -> Result<&FileSwap, Text> {
    step.file.as_ref().ok_or_else(|| text!("the plan does not say what the file is to be", "计划中没有写明文件的内容"))
}

/// Also removes what an earlier attempt left beside the file.
pub fn state(host: &Host, file: &str, swap: &FileSwap) -> Result<State, Text> {
    let path = resolve(&host.root, file)?;
    write::clean(&path);
    let now = write::read(&path).map_err(|error| failed(file, &error))?;
    let (from, to) = (bytes(&swap.from), bytes(&swap.to));
    Ok(if now.as_deref() == to {
        State::To
    } else if now.as_deref() == from {
        State::From
    } else {
        State::Other(differs(file, &path, now.as_deref(), swap))
    })
}

pub fn bring(host: &Host, file: &str, swap: &FileSwap, intents: &[Intent], end: End) -> Result<(), Text> {
    let path = resolve(&host.root, file)?;
    write::clean(&path);
    let now = write::read(&path).map_err(|error| failed(file, &error))?;
    let (from, to) = (bytes(&swap.from), bytes(&swap.to));
    let (here, wanted) = match end {
        End::From => (to, from),
        End::To => (from, to),
    };
    let torn = is_torn(&path, now.as_deref(), from, to);
    let place = Place { host, file, path: &path };
    if now.as_deref() == here || now.as_deref() == wanted || torn {
        place.put(now.as_deref(), wanted, end)?;
    } else if end == End::From {
        let owned = |content: Option<&[u8]>| content.map(<[u8]>::to_vec);
        let wanted: Content = edit::take_back(file, &now, &owned(from), &owned(to), intents)?;
        place.put(now.as_deref(), wanted.as_deref(), end)?;
    } else {
        return Err(differs(file, &path, now.as_deref(), swap));
    }
    // Also where the bytes were there: who has to know may not have been told.
    if host.is_this_machine() { reload::tell(file, &path, end) } else { Ok(()) }
}

struct Place<'a> {
    host: &'a Host,
    file: &'a str,
    path: &'a Path,
}

impl Place<'_> {
    fn put(&self, now: Option<&[u8]>, wanted: Option<&[u8]>, end: End) -> Result<(), Text> {
        let failed = |error: std::io::Error| failed(self.file, &error);
        match (now, wanted) {
            (Some(now), Some(wanted)) if now == wanted => Ok(()),
            (Some(now), Some(wanted)) => write::exchange(self.path, now, wanted).map_err(failed),
            (None, Some(wanted)) => self.create(wanted),
            (Some(now), None) => self.delete(now, end),
            (None, None) => self.remove_directories(end),
        }
    }

    fn create(&self, wanted: &[u8]) -> Result<(), Text> {
        let failed = |error: std::io::Error| failed(self.file, &error);
        let about = self.about();
        let was = self.host.kept.get::<Note>(&about).and_then(|note| note.was);
        let missing = directories::missing(self.path);
        // On disk before the first of them, or an undo after a power cut would leave them.
        self.host.kept.put(&about, &Note { made: missing.clone(), was: was.clone() })?;
        directories::make(&missing).map_err(failed)?;
        write::create(self.path, wanted, was.as_ref(), mode_of_new(self.file)).map_err(failed)?;
        if self.host.is_this_machine() {
            reload::label(self.file);
        }
        Ok(())
    }

    fn delete(&self, now: &[u8], end: End) -> Result<(), Text> {
        let failed = |error: std::io::Error| failed(self.file, &error);
        if end == End::To {
            let was = write::attributes(self.path).map_err(failed)?;
            self.host.kept.put(&self.about(), &Note { made: Vec::new(), was: Some(was) })?;
        }
        write::delete(self.path, now).map_err(failed)?;
        self.remove_directories(end)
    }

    /// An undo takes the directories away that were made for the file, unless somebody put something there since.
    fn remove_directories(&self, end: End) -> Result<(), Text> {
        let about = self.about();
        if end == End::From
            && let Some(note) = self.host.kept.get::<Note>(&about)
        {
            directories::remove(&note.made).map_err(|error| failed(self.file, &error))?;
            self.host.kept.forget(&about);
        }
        Ok(())
    }

    fn about(&self) -> String {
        format!("file {}", self.file)
    }
}

fn bytes(content: &Option<Bytes>) -> Option<&[u8]> {
    content.as_ref().map(|content| match content {
        Bytes::Text(text) => text.as_bytes(),
        Bytes::Raw(raw) => raw,
    })
}

/// Files with passwords in them, which their keepers refuse or complain of when others may read them (NetworkManager.conf(5), netplan(5)).
fn mode_of_new(file: &str) -> u32 {
    let secret =
        ["/etc/NetworkManager/system-connections/", "/etc/netplan/"].iter().any(|below| file.starts_with(below));
    if secret { 0o600 } else { 0o644 }
}

/// Cut off while it was written over: every byte is that of one end or of the other. Of a file that is exchanged whole this would be
/// somebody's change.
fn is_torn(path: &Path, now: Option<&[u8]>, from: Option<&[u8]>, to: Option<&[u8]>) -> bool {
    let (Some(now), Some(from), Some(to)) = (now, from, to) else { return false };
    let lengths = from.len().min(to.len())..=from.len().max(to.len());
    lengths.contains(&now.len())
        && now.iter().enumerate().all(|(at, byte)| from.get(at) == Some(byte) || to.get(at) == Some(byte))
        && write::is_written_over(path)
}

fn differs(file: &str, path: &Path, now: Option<&[u8]>, swap: &FileSwap) -> Text {
    if now.is_none() {
        return text!("{file} does not exist any more", "{file} 已不存在");
    }
    if is_torn(path, now, bytes(&swap.from), bytes(&swap.to)) {
        return text!("writing {file} was cut off half-way", "{file} 的写入中途被打断");
    }
    text!("{file} was changed by someone else since the plan was made", "制定计划之后，{file} 被别人修改过")
}

fn failed(file: &str, error: &std::io::Error) -> Text {
    match error.raw_os_error() {
        Some(nix::libc::EROFS) => {
            text!("{file} is on a filesystem that is mounted read-only", "{file} 所在的文件系统是只读挂载的")
        }
        // Root may do everything else to a file.
        Some(nix::libc::EPERM) => text!(
            "the kernel refuses to change {file} (EPERM): it or its directory has the attribute `i` or `a`, see lsattr(1)",
            "内核拒绝修改 {file}（EPERM）：该文件或其目录带有 `i` 或 `a` 属性，可用 lsattr 查看"
        ),
        _ => text!("{file}: {error}", "{file}：{error}"),
    }
}
