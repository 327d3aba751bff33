//! `--save FILE`: the one file this program writes when it only looks.
#![allow(clippy::disallowed_methods)]

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Keeps a snapshot; the file is its owner's alone, for it tells the host's network.
///
/// # Errors
/// As open(2), write(2) and fsync(2).
pub fn keep(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    match file.sync_all() {
        // A pipe or a device has nothing to sync.
        Err(e) if e.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}
