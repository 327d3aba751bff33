//! Reads the host. Each source has its own time limit; what is late or may not be read says so and stops nobody else.

mod files;
mod source;

use std::path::PathBuf;
use std::time::Duration;

/// What to look at, and how long at most.
#[derive(Clone, Debug)]
pub struct Request {
    /// `--root DIR`: the files of a host mounted elsewhere; then only file facts exist.
    pub root: Option<PathBuf>,
    /// For the whole collection.
    pub timeout: Duration,
    /// `-H`: the engine's endpoint, before DOCKER_HOST and the contexts.
    pub engine: Option<String>,
}
