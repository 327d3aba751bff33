//! The engines that there are root file systems for.

use std::fmt;
use std::path::{Path, PathBuf};

/// Ordered by age: `engine >= Engine::V28`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Engine {
    /// 20.10.24 on bookworm.
    V20,
    /// 26.1.5 on trixie.
    V26,
    /// 28.5.2 on trixie, the engine from sid.
    V28,
}

impl Engine {
    pub const ALL: [Self; 3] = [Self::V20, Self::V26, Self::V28];

    /// The name of its root file system.
    pub fn name(self) -> &'static str {
        match self {
            Self::V20 => "20.10",
            Self::V26 => "26.1",
            Self::V28 => "28.5",
        }
    }

    /// What `docker version` is expected to say.
    pub fn version(self) -> &'static str {
        match self {
            Self::V20 => "20.10.24",
            Self::V26 => "26.1.5",
            Self::V28 => "28.5.2",
        }
    }

    pub(super) fn root(self) -> PathBuf {
        cache().join(self.name())
    }

    pub(super) fn extras(self) -> PathBuf {
        cache().join(format!("{}.extras", self.name()))
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where tests/lab/roots keeps what it built.
pub(super) fn cache() -> PathBuf {
    std::env::var_os("DNETCTL_LAB_CACHE").map_or_else(|| Path::new("/var/cache/dnetctl-lab").to_owned(), PathBuf::from)
}
