//! Hosts and networks for the cases. A host is systemd and a real Docker Engine in namespaces of its own over a copy-on-write
//! root; a fabric is a bridge in one more network namespace. Each is kept by a `tests/lab/keeper`, which takes it down as soon
//! as this process lets go of it, however it ends.
#![allow(dead_code)] // cases grow into the helpers

mod cases;
mod docker;
mod engine;
mod fabric;
mod host;
mod keeper;
mod output;
mod photo;
mod program;
mod record;
mod report;
mod victim;

pub use cases::{Cases, spent, threads};
pub use engine::Engine;
pub use fabric::Fabric;
pub use host::{Host, HostBuilder};
pub use output::Output;
pub use photo::Photo;
pub use record::keep;
pub use report::Report;
pub use victim::{Victim, victim};

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// What a case makes its hosts and networks with.
#[derive(Debug)]
pub struct Lab(());

impl Lab {
    /// A lab on this machine, or the sentence that says why there is none. The first call builds missing root file systems
    /// and sweeps what a killed run left behind.
    pub fn new() -> Result<Self, String> {
        static READY: OnceLock<Result<(), String>> = OnceLock::new();
        READY.get_or_init(prepare).clone().map(|()| Self(()))
    }

    /// A network: a bridge that nothing else is plugged into.
    pub fn fabric(&self) -> Fabric {
        Fabric::new()
    }

    /// A host with that engine, not yet booted.
    pub fn host(&self, engine: Engine) -> HostBuilder {
        HostBuilder::new(engine)
    }
}

fn prepare() -> Result<(), String> {
    if std::env::var("DNETCTL_LAB").as_deref() != Ok("run") {
        return Err("the lab is not wanted: set DNETCTL_LAB=run and be root to run its cases".to_owned());
    }
    if !nix::unistd::geteuid().is_root() {
        return Err("the lab needs root, to make namespaces and mounts".to_owned());
    }
    let roots = Command::new("bash").arg(here("roots")).output().map_err(|e| format!("bash cannot be run: {e}"))?;
    if !roots.status.success() {
        return Err(format!("tests/lab/roots failed: {}", String::from_utf8_lossy(&roots.stderr).trim()));
    }
    keeper::sweep()?;
    program::prepare()
}

/// A file beside the sources of this test.
fn here(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/lab").join(name)
}
