//! The program as a person or a script meets it: what it prints where, and how it ends.
#![allow(clippy::disallowed_methods)] // a test starts the program and writes files for it

mod bad_input;
mod closing;
mod colour;
mod drawings;
mod exit_codes;
mod fake_engine;
mod generated;
mod material;
mod pick_subnet;
mod root;
mod saved;
mod schema;
mod streams;
mod widths;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program with an environment that says nothing.
fn dnetctl() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dnetctl"));
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C");
    command
}

/// Runs it with these arguments.
fn run(args: &[&str]) -> Output {
    dnetctl().args(args).output().expect("the program starts")
}

/// A snapshot below tests/fixtures/hosts.
fn host(name: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hosts").join(format!("{name}.json"));
    path.to_string_lossy().into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}
