//! The program as a person or a script meets it: what it prints where, and how it ends.
#![allow(clippy::disallowed_methods)] // a test starts the program and writes files for it

mod apply;
mod bad_input;
mod closing;
mod colour;
mod drawings;
mod exit_codes;
mod fake_engine;
mod generated;
mod gwbridge;
mod material;
mod pick_subnet;
mod root;
mod saved;
mod schema;
mod streams;
mod trace;
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

/// A snapshot below tests/fixtures/hosts; `NAME without FACT`: the same where that fact of the engine was not collected.
fn host(name: &str) -> String {
    let (kept, fact) = name.split_once(" without ").map_or((name, None), |(kept, fact)| (kept, Some(fact)));
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hosts").join(format!("{kept}.json"));
    let Some(fact) = fact else { return path.to_string_lossy().into_owned() };
    let text = std::fs::read_to_string(&path).expect("the fixture is there");
    let mut host: serde_json::Value = serde_json::from_str(&text).expect("a snapshot");
    let known = |pointer: &str| format!("/engine{pointer}/{fact}");
    let place = [known(""), known("/api/known/value")].into_iter().find(|at| host.pointer(at).is_some());
    *host.pointer_mut(&place.expect("the engine has it")).expect("it is there") = "not-collected".into();
    // Several tests may write it at once: the same bytes, and never half of them.
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.json"));
    let half = copy.with_extension(format!("{:?}", std::thread::current().id()));
    std::fs::write(&half, host.to_string())
        .and_then(|()| std::fs::rename(&half, &copy))
        .expect("a directory for tests");
    copy.to_string_lossy().into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}
