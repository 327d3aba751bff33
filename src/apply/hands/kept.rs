//! What an undo needs and the plan does not say: notes in a directory of their own, on disk before what they are about is gone.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::apply::sync;
use crate::text::{Text, text};

/// Notes by what they are about. The latest counts.
#[derive(Clone, Debug)]
pub struct Kept {
    directory: PathBuf,
}

impl Kept {
    pub fn new(directory: PathBuf) -> Self {
        Kept { directory }
    }

    /// # Errors
    /// It cannot be written: then what it is about must not be done.
    pub fn put(&self, about: &str, note: &impl Serialize) -> Result<(), Text> {
        self.write(about, note).map_err(|error| {
            let directory = self.directory.display();
            text!(
                "nothing can be kept for an undo below {directory}: {error}",
                "无法在 {directory} 下保存撤销所需的信息：{error}"
            )
        })
    }

    /// None where nothing was noted, or by another version in another way.
    pub fn get<T: DeserializeOwned>(&self, about: &str) -> Option<T> {
        serde_json::from_slice(&fs::read(self.path(about)).ok()?).ok()
    }

    pub fn forget(&self, about: &str) {
        // What stays is overwritten by the next.
        let _ = fs::remove_file(self.path(about));
    }

    fn write(&self, about: &str, note: &impl Serialize) -> io::Result<()> {
        sync::private_directory(&self.directory)?;
        sync::replace(&self.path(about), 0o600, &serde_json::to_vec(note)?)
    }

    fn path(&self, about: &str) -> PathBuf {
        let hash = Sha256::digest(about.as_bytes());
        let name: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        self.directory.join(name + ".json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_note_counts_until_it_is_forgotten() {
        let dir = tempfile::tempdir().expect("a directory");
        let kept = Kept::new(dir.path().join("deep/kept"));
        assert_eq!(kept.get::<u32>("a"), None);
        kept.put("a", &1).expect("kept");
        kept.put("a", &2).expect("kept");
        kept.put("b", &3).expect("kept");
        assert_eq!((kept.get::<u32>("a"), kept.get::<u32>("b")), (Some(2), Some(3)));
        kept.forget("a");
        assert_eq!((kept.get::<u32>("a"), kept.get::<u32>("b")), (None, Some(3)));
    }
}
