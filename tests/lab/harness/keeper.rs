//! The processes that keep hosts and fabrics, and take them down when their standard input closes.

use super::here;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

#[derive(Debug)]
pub struct Keeper {
    child: Child,
    /// `None` once let go.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Keeper {
    pub fn fabric() -> Self {
        Self::start(&["fabric", &unique()])
    }

    /// A keeper of the host `name`, whose files live in memory below its own view of `directory`.
    pub fn host(name: &str, directory: &str) -> Self {
        Self::start(&["host", name, directory])
    }

    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "bash"])
            .arg(here("keeper"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for the tests; a keeper acts on the end of its input.
            .process_group(0)
            .spawn()
            .expect("unshare and bash are there");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("piped above"));
        Self { child, input, output }
    }

    /// A word that has no answer.
    pub fn tell(&mut self, word: &str) {
        let input = self.input.as_mut().expect("not yet let go");
        writeln!(input, "{word}").expect("the keeper listens");
    }

    /// The next answer, or what kept the keeper from it.
    pub fn answer(&mut self) -> Result<String, String> {
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(|e| e.to_string())?;
        match line.trim_end().split_once(' ') {
            Some(("up", pid)) => Ok(pid.to_owned()),
            None if line.trim_end() == "down" => Ok(String::new()),
            Some(("failed", reason)) => Err(reason.to_owned()),
            _ => Err(format!("the keeper said {line:?}")),
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.input.take());
        // Nothing to be done about a failure here; the next run sweeps.
        let _ = self.child.wait();
    }
}

/// `dnetctl-lab-OWNER-NUMBER`; the owner is this process, so that a sweep knows whose it is.
pub fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("dnetctl-lab-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The directory that holds all of this process: below `DNETCTL_LAB_STATE`, else /var/tmp.
pub fn state() -> PathBuf {
    parent().join(format!("dnetctl-lab-{}", std::process::id()))
}

fn parent() -> PathBuf {
    std::env::var_os("DNETCTL_LAB_STATE").map_or_else(|| PathBuf::from("/var/tmp"), PathBuf::from)
}

/// Removes what keepers that were themselves killed have left, if their test process is gone.
pub fn sweep() -> Result<(), String> {
    let swept = Command::new("bash").arg(here("keeper")).arg("sweep").arg(parent()).output();
    match swept {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("the sweep failed: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(e) => Err(format!("bash cannot be run: {e}")),
    }
}
