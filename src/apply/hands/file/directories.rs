//! Directories that a new file needs.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Those above `path` that do not exist, outermost first.
pub fn missing(path: &Path) -> Vec<PathBuf> {
    let above = path.ancestors().skip(1).take_while(|directory| !directory.exists());
    let mut missing: Vec<PathBuf> = above.map(Path::to_path_buf).collect();
    missing.reverse();
    missing
}

pub fn make(directories: &[PathBuf]) -> io::Result<()> {
    for directory in directories {
        match DirBuilder::new().mode(0o755).create(directory) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => sync_above(directory)?,
        }
    }
    Ok(())
}

/// Innermost first, as long as they are empty.
pub fn remove(directories: &[PathBuf]) -> io::Result<()> {
    for directory in directories.iter().rev() {
        match fs::remove_dir(directory) {
            Ok(()) => sync_above(directory)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn sync_above(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}
