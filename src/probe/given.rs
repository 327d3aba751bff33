//! What the user hands in: a snapshot file, a directory that holds another host's files.
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use super::files::Files;

/// A snapshot of a host with a hundred thousand routes is a tenth of this.
const MAX_SNAPSHOT: u64 = 512 << 20;

/// The bytes of a file named by `--from`; a pipe is as good as a file.
///
/// # Errors
/// As read(2); InvalidInput above 512 MiB.
pub fn snapshot_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_SNAPSHOT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_SNAPSHOT {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "larger than 512 MiB"));
    }
    Ok(bytes)
}

/// The bytes of the engine's configuration file, of this host or of the one mounted at `root`; none: there is no such file. For the one answer that
/// prints the file whole; a snapshot never holds them.
///
/// # Errors
/// As read(2); InvalidInput for what is no regular file.
pub fn daemon_json_bytes(root: Option<&Path>, path: &str) -> io::Result<Option<Vec<u8>>> {
    match Files::new(root.map(Path::to_path_buf)).read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(e),
    }
}

/// The bytes of a file of this host that is to be edited; none: there is no such file. A link is followed.
///
/// # Errors
/// As read(2); InvalidInput for what is no regular file.
pub fn content(path: &str) -> io::Result<Option<Vec<u8>>> {
    daemon_json_bytes(None, path)
}

/// What stands at the path given to `--root`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// A directory with an `etc`.
    Host,
    /// A directory without one.
    NoHost,
    NoDirectory,
    Absent,
}

pub fn root_at(path: &Path) -> Root {
    match fs::metadata(path) {
        Err(_) => Root::Absent,
        Ok(meta) if !meta.is_dir() => Root::NoDirectory,
        Ok(_) if fs::metadata(path.join("etc")).is_ok_and(|etc| etc.is_dir()) => Root::Host,
        Ok(_) => Root::NoHost,
    }
}
