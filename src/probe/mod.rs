//! Reads the host. Each source has its own time limit; what is late or may not be read says so and stops nobody else.

pub mod api;
mod cloud;
mod exec;
mod files;
mod firewall;
pub mod given;
mod managers;
mod modules;
pub mod netlink;
mod profile;
mod resolvers;
mod sockets;
mod source;
mod sysctls;

pub use api::{Endpoint, parse_endpoint};

use std::path::PathBuf;
use std::time::Duration;

/// What to look at, and how long at most.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `--root DIR`: the files of a host mounted elsewhere; then only file facts exist.
    pub root: Option<PathBuf>,
    /// For the whole collection.
    pub timeout: Duration,
    /// `-H`: the engine's endpoint, before DOCKER_HOST and the contexts.
    pub engine: Option<String>,
    /// The environment's DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG, XDG_RUNTIME_DIR and HOME, as the docker CLI reads them.
    pub docker_host: Option<String>,
    pub docker_context: Option<String>,
    pub docker_config_dir: Option<String>,
    pub xdg_runtime_dir: Option<String>,
    pub home: Option<String>,
}
