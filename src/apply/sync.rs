//! Files and directories of our own, there for good before the call returns.
#![allow(clippy::disallowed_methods)]

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Makes a directory that is root's alone, and those above it.
///
/// # Errors
/// As mkdir(2) and fsync(2).
pub fn private_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    path.ancestors().skip(1).take(2).try_for_each(directory)
}

/// What was made, renamed or removed in a directory is there, or gone, for good.
///
/// # Errors
/// As open(2) and fsync(2).
pub fn directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Where a file of our own is made before it is renamed.
pub fn beside(path: &Path) -> PathBuf {
    path.with_extension("new")
}

/// Replaces a file of our own whole.
///
/// # Errors
/// As open(2), write(2), fsync(2) and rename(2).
pub fn replace(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    let written = write(&beside, mode, bytes).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // The error that matters is the one before.
        let _ = std::fs::remove_file(&beside);
    }
    written?;
    path.parent().map_or(Ok(()), directory)
}

fn write(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    // open(2) takes the umask away.
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    file.sync_all()
}

/// Removes a file, or a symlink, of our own; one that is not there is gone.
///
/// # Errors
/// As unlink(2) and fsync(2).
pub fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => path.parent().map_or(Ok(()), directory),
    }
}
