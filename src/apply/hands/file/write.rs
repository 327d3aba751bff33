//! The bytes of one file.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::attributes::Attributes;

/// As the probe: no file that is edited is larger.
const MAX_SIZE: u64 = 8 << 20;

/// The bytes; none: there is no such file.
///
/// # Errors
/// As open(2) and read(2), or what is there is no regular file of a sensible size.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match open(path) {
        Ok(mut file) => contents(&mut file).map(Some),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

pub fn attributes(path: &Path) -> io::Result<Attributes> {
    Attributes::of(&open(path)?)
}

/// Puts `wanted` where `now` is.
///
/// # Errors
/// As the calls; and when the file is no longer `now`.
pub fn exchange(path: &Path, now: &[u8], wanted: &[u8]) -> io::Result<()> {
    let mut former = open(path)?;
    let meta = former.metadata()?;
    // Its other names would go on with the former bytes.
    if meta.nlink() > 1 {
        return write_over(path, now, wanted);
    }
    let attributes = Attributes::of(&former)?;
    let directory = directory_of(path)?;
    let temporary = Temporary::with(path, wanted, |file| attributes.put_on(file))?;
    // The last moment at which a change of somebody else can be seen.
    let same_file = fs::symlink_metadata(path)?;
    former.rewind()?;
    if (same_file.dev(), same_file.ino()) != (meta.dev(), meta.ino()) || contents(&mut former)? != now {
        return Err(changed());
    }
    match temporary.rename(path) {
        Ok(()) => directory.sync_all(),
        // A file that is a mount point itself cannot be exchanged.
        Err(error) if matches!(error.raw_os_error(), Some(nix::libc::EBUSY | nix::libc::EXDEV)) => {
            write_over(path, now, wanted)
        }
        Err(error) => Err(error),
    }
}

/// A file that is not there; with the attributes that it had, if it was.
///
/// # Errors
/// As the calls; and when the file came into being meanwhile.
pub fn create(path: &Path, wanted: &[u8], was: Option<&Attributes>, mode: u32) -> io::Result<()> {
    let directory = directory_of(path)?;
    let temporary = Temporary::with(path, wanted, |file| match was {
        Some(was) => was.put_on(file),
        None => file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode)),
    })?;
    if fs::symlink_metadata(path).is_ok() {
        return Err(changed());
    }
    temporary.rename(path)?;
    directory.sync_all()
}

/// # Errors
/// As the calls; and when the file is no longer `now`.
pub fn delete(path: &Path, now: &[u8]) -> io::Result<()> {
    let directory = directory_of(path)?;
    if read(path)?.as_deref() != Some(now) {
        return Err(changed());
    }
    fs::remove_file(path)?;
    directory.sync_all()
}

/// Removes what an attempt that was cut off left beside the file.
pub fn clean(path: &Path) {
    let temporary = temporary_name(path);
    if fs::symlink_metadata(&temporary).is_ok_and(|meta| meta.is_file()) {
        // If it cannot be removed, making the next one says why.
        let _ = fs::remove_file(temporary);
    }
}

/// Whether the file has several names, or is a mount point itself: then it cannot be exchanged.
pub fn is_written_over(path: &Path) -> bool {
    // Before Linux 3.17 there is no thread-self.
    let mounts =
        fs::read_to_string("/proc/thread-self/mountinfo").or_else(|_| fs::read_to_string("/proc/self/mountinfo"));
    let mounts = mounts.unwrap_or_default();
    let several = fs::symlink_metadata(path).is_ok_and(|meta| meta.nlink() > 1);
    several || mounts.lines().any(|line| line.split(' ').nth(4).is_some_and(|point| Path::new(point) == path))
}

fn write_over(path: &Path, now: &[u8], wanted: &[u8]) -> io::Result<()> {
    let mut file = File::options().read(true).write(true).custom_flags(nix::libc::O_NOFOLLOW).open(path)?;
    if contents(&mut file)? != now {
        return Err(changed());
    }
    file.rewind()?;
    // Cut off anywhere in here, every byte is still that of one or of the other.
    file.write_all(wanted)?;
    file.set_len(wanted.len() as u64)?;
    file.sync_all()
}

/// A new file beside the one that it will become; it goes away unless it does.
struct Temporary {
    path: PathBuf,
    renamed: bool,
}

impl Temporary {
    fn with(beside: &Path, bytes: &[u8], prepare: impl FnOnce(&File) -> io::Result<()>) -> io::Result<Self> {
        let path = temporary_name(beside);
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&path)?;
        let temporary = Temporary { path, renamed: false };
        file.write_all(bytes)?;
        prepare(&file)?;
        file.sync_all()?;
        Ok(temporary)
    }

    fn rename(mut self, to: &Path) -> io::Result<()> {
        fs::rename(&self.path, to)?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A name that no program reads which reads all files of a directory: with a dot before and none of their endings behind.
fn temporary_name(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // NAME_MAX is 255 bytes.
    let name: String = name.chars().take(60).collect();
    path.with_file_name(format!(".{name}.dnetctl-tmp"))
}

fn open(path: &Path) -> io::Result<File> {
    // A FIFO would wait for a writer.
    let file = File::options().read(true).custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok(file)
}

fn contents(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MAX_SIZE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_SIZE {
        return Err(io::Error::new(ErrorKind::InvalidInput, "larger than 8 MiB"));
    }
    Ok(bytes)
}

fn directory_of(path: &Path) -> io::Result<File> {
    File::open(path.parent().unwrap_or(Path::new("/")))
}

fn changed() -> io::Error {
    io::Error::other("it was changed by someone else at this moment")
}
