//! systemd, where it is PID 1: units that live on without us.
#![allow(clippy::disallowed_methods)]

use std::path::Path;
use std::time::Duration;

use crate::probe::exec;
use crate::text::{Text, text};

/// A busy manager answers late.
const LIMIT: Duration = Duration::from_secs(30);

/// sd_booted(3).
pub fn runs_here() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// When a unit of ours begins.
#[derive(Clone, Copy, Debug)]
pub enum When<'a> {
    Now,
    /// So many seconds from now.
    In(u64),
    /// Behind that unit, if a boot is about to start it.
    Behind(&'a str),
}

/// Starts a program in a unit of its own.
///
/// # Errors
/// What systemd-run(1) said.
pub fn run(unit: &str, when: When, program: &Path, arguments: &[&str]) -> Result<(), Text> {
    let program = program.display().to_string();
    let unit = format!("--unit={unit}");
    let moment = match when {
        When::Now => None,
        When::In(seconds) => Some((format!("--on-active={seconds}"), "--timer-property=AccuracySec=1s")),
        When::Behind(other) => Some((format!("--property=After={other}"), "--no-block")),
    };
    let mut words = vec!["--quiet", unit.as_str()];
    if let Some((moment, how)) = &moment {
        words.extend([moment.as_str(), how]);
    }
    // systemd 236; an older one keeps a failed unit until it is asked to forget it.
    if version().is_some_and(|version| version >= 236) {
        words.push("--collect");
    }
    words.extend(["--", program.as_str()]);
    words.extend(arguments);
    said("systemd-run", &words)
}

/// Stops a unit; one that is not there is stopped.
pub fn stop(unit: &str) {
    let _ = said("systemctl", &["stop", "--quiet", unit]);
}

fn version() -> Option<u32> {
    let output = exec::run("systemd-run", &["--version"], LIMIT).ok()?;
    output.stdout.split_whitespace().nth(1)?.split(['.', '-', '~']).next()?.parse().ok()
}

fn said(program: &str, words: &[&str]) -> Result<(), Text> {
    match exec::run(program, words, LIMIT) {
        Ok(output) if output.succeeded() => Ok(()),
        Ok(output) => {
            let complaint = output.complaint();
            Err(text!("{program}: {complaint}", "{program}：{complaint}"))
        }
        Err(exec::Failure::Missing) => Err(text!("there is no {program} on this host", "本机没有 {program}")),
        Err(exec::Failure::Failed(why)) => Err(why),
    }
}
