//! Files of the host, or of a host mounted below `--root`. The only place in the crate that opens files of the host.
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// No file that this tool judges is larger; a larger one is an error, not half a fact.
const MAX_SIZE: u64 = 8 << 20;

/// Symbolic links followed for one path, as Linux does (MAXSYMLINKS, path_resolution(7)).
const MAX_LINKS: usize = 40;

/// Where the host's files are.
#[derive(Clone, Debug, Default)]
pub struct Files {
    root: Option<PathBuf>,
}

impl Files {
    /// `root`: the directory where the host's `/` is mounted; none: this host.
    pub fn new(root: Option<PathBuf>) -> Self {
        Files { root }
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// As read(2); InvalidInput for what is no regular file (a FIFO would hang) or is larger than 8 MiB. Files of /proc and
    /// /sys are regular.
    pub fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.read_up_to(path, MAX_SIZE)
    }

    /// The bytes of a file that is legitimately large.
    ///
    /// # Errors
    /// As [`Files::read`], with another limit.
    pub fn read_up_to(&self, path: &str, most: u64) -> io::Result<Vec<u8>> {
        let path = self.resolve(path)?;
        let meta = fs::metadata(&path)?;
        if !meta.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let mut bytes = Vec::new();
        fs::File::open(&path)?.take(most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("larger than {} MiB", most >> 20)));
        }
        Ok(bytes)
    }

    /// The text of a file; bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    /// As [`Files::read`].
    pub fn text(&self, path: &str) -> io::Result<String> {
        Ok(String::from_utf8_lossy(&self.read(path)?).into_owned())
    }

    /// The text of a file; none when there is no such file.
    ///
    /// # Errors
    /// As [`Files::read`], but for a file or directory that does not exist.
    pub fn text_if_any(&self, path: &str) -> io::Result<Option<String>> {
        match self.text(path) {
            Ok(text) => Ok(Some(text)),
            Err(e) if e.kind() == io::ErrorKind::NotFound || e.kind() == io::ErrorKind::NotADirectory => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Names in a directory, sorted; empty when there is no such directory.
    ///
    /// # Errors
    /// As opendir(3), but for a directory that does not exist.
    pub fn list(&self, path: &str) -> io::Result<Vec<String>> {
        let path = match self.resolve(path) {
            Ok(path) => path,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e),
        };
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Vec::new());
            }
            Err(e) => return Err(e),
        };
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// The whole lines in the last `size` bytes of a file, however large it is; bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    /// As read(2) and lseek(2); InvalidInput for what is no regular file.
    pub fn tail(&self, path: &str, size: u64) -> io::Result<String> {
        let path = self.resolve(path)?;
        let meta = fs::metadata(&path)?;
        if !meta.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let mut file = fs::File::open(&path)?;
        let start = meta.len().saturating_sub(size);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.take(size).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        match text.split_once('\n') {
            Some((_, whole)) if start > 0 => Ok(whole.to_owned()),
            _ => Ok(text),
        }
    }

    /// The files of a host mounted below a directory are read, not those of this host.
    pub fn is_mounted(&self) -> bool {
        self.root.is_some()
    }

    /// Whether something is there; what may not be looked at counts as not there.
    pub fn exists(&self, path: &str) -> bool {
        self.resolve(path).is_ok_and(|path| path.exists())
    }

    /// Last change of a file, milliseconds since the Unix epoch: st_ctime, for a file that was put back keeps the st_mtime of its backup.
    ///
    /// # Errors
    /// As stat(2).
    pub fn modified(&self, path: &str) -> io::Result<u64> {
        let status = fs::metadata(self.resolve(path)?)?;
        Ok(u64::try_from(status.ctime() * 1000 + status.ctime_nsec() / 1_000_000).unwrap_or_default())
    }

    /// The target of a symbolic link, as it stands in the link.
    ///
    /// # Errors
    /// As readlink(2).
    pub fn link_target(&self, path: &str) -> io::Result<String> {
        Ok(fs::read_link(self.join(Path::new(path)))?.to_string_lossy().into_owned())
    }

    /// A regular file is there.
    pub fn is_file(&self, path: &str) -> bool {
        self.resolve(path).is_ok_and(|path| path.is_file())
    }

    /// Somebody may run it: one of the three bits is set.
    pub fn is_executable(&self, path: &str) -> bool {
        let meta = self.resolve(path).and_then(fs::metadata);
        meta.is_ok_and(|meta| meta.is_file() && meta.mode() & 0o111 != 0)
    }

    /// Device and inode of what a path leads to: whether two paths are one file.
    ///
    /// # Errors
    /// As stat(2).
    pub fn identity(&self, path: &str) -> io::Result<(u64, u64)> {
        let meta = fs::metadata(self.resolve(path)?)?;
        Ok((meta.dev(), meta.ino()))
    }

    fn join(&self, path: &Path) -> PathBuf {
        match &self.root {
            Some(root) => root.join(path.strip_prefix("/").unwrap_or(path)),
            None => path.to_path_buf(),
        }
    }

    /// The path to open. Below `--root` links are followed by hand: an absolute one points into the mounted host, not here.
    fn resolve(&self, path: &str) -> io::Result<PathBuf> {
        let Some(root) = &self.root else { return Ok(PathBuf::from(path)) };
        let mut left: Vec<PathBuf> = parts(Path::new(path));
        let mut inside = PathBuf::from("/");
        let mut links = 0;
        while let Some(part) = left.pop() {
            if part == Path::new("..") {
                inside.pop();
                continue;
            }
            let next = inside.join(&part);
            match fs::read_link(self.join(&next)) {
                Ok(target) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(io::Error::other("too many symbolic links"));
                    }
                    if target.is_absolute() {
                        inside = PathBuf::from("/");
                    }
                    left.extend(parts(&target));
                }
                Err(_) => inside = next,
            }
        }
        Ok(root.join(inside.strip_prefix("/").unwrap_or(&inside)))
    }
}

/// The components of a path, last first, without `/` and `.`.
fn parts(path: &Path) -> Vec<PathBuf> {
    let mut parts: Vec<PathBuf> = path
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(PathBuf::from(name)),
            Component::ParentDir => Some(PathBuf::from("..")),
            _ => None,
        })
        .collect();
    parts.reverse();
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_a_mounted_host_stay_inside_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path();
        fs::create_dir_all(root.join("etc/docker")).expect("etc");
        fs::write(root.join("etc/docker/daemon.prod.json"), "{}").expect("file");
        std::os::unix::fs::symlink("/etc/docker/daemon.prod.json", root.join("etc/docker/daemon.json")).expect("link");
        std::os::unix::fs::symlink("../../../../etc/passwd", root.join("etc/escape")).expect("link");
        std::os::unix::fs::symlink("/etc/loop", root.join("etc/loop")).expect("link");
        let files = Files::new(Some(root.to_path_buf()));
        assert_eq!(files.text("/etc/docker/daemon.json").expect("read"), "{}");
        assert!(files.text_if_any("/etc/escape").expect("no such file inside").is_none());
        assert!(files.read("/etc/loop").is_err());
        assert_eq!(files.list("/etc/docker").expect("list"), ["daemon.json", "daemon.prod.json"]);
        assert!(files.list("/nowhere").expect("absent is empty").is_empty());
    }

    #[test]
    fn the_tail_of_a_file_is_whole_lines() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("log");
        fs::write(&path, "one\ntwo\nthree\n").expect("file");
        let files = Files::new(None);
        assert_eq!(files.tail(&path.to_string_lossy(), 8).expect("tail"), "three\n");
        assert_eq!(files.tail(&path.to_string_lossy(), 800).expect("tail"), "one\ntwo\nthree\n");
    }

    #[test]
    fn what_is_no_file_is_refused_and_not_waited_for() {
        let dir = tempfile::tempdir().expect("a directory");
        let fifo = dir.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRUSR).expect("fifo");
        let files = Files::new(None);
        assert_eq!(files.read(&fifo.to_string_lossy()).expect_err("a FIFO").kind(), io::ErrorKind::InvalidInput);
    }
}
