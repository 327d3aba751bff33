//! Starts the host's own programs, to read what only they can say or to have done what only they may do. The only place in the crate that starts any: by absolute
//! path, without a shell, with a bare environment, a time limit and a limit of output.
#![allow(clippy::disallowed_methods)]

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, SigmaskHow};

use crate::text::{Text, text};

/// Where programs are, in the order in which systemd's services (dockerd among them) find them (systemd.exec(5) "PATH").
/// Our own PATH is not asked: root must not run what a user put first there.
const DIRECTORIES: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// A ruleset of a host with ten thousand published ports is about 5 MiB.
const MAX_OUTPUT: u64 = 64 << 20;
const MAX_COMPLAINT: u64 = 64 << 10;

/// What a program that ended by itself left.
#[derive(Clone, Debug)]
pub struct Output {
    /// Exit status; none when a signal ended it.
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    pub fn succeeded(&self) -> bool {
        self.status == Some(0)
    }

    /// The first line of its complaint, for a sentence.
    pub fn complaint(&self) -> String {
        let line = self.stderr.lines().map(str::trim).find(|line| !line.is_empty());
        line.map_or_else(|| format!("exit status {:?}", self.status), |line| line.chars().take(200).collect())
    }
}

/// Why there is no output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No such program on this host.
    Missing,
    /// It could not be started, was late, or said too much.
    Failed(Text),
}

/// The absolute path of a program, if the host has it.
pub fn find(program: &str) -> Option<String> {
    let paths = DIRECTORIES.iter().map(|directory| format!("{directory}/{program}"));
    paths.into_iter().find(|path| std::fs::metadata(path).is_ok_and(|meta| meta.is_file()))
}

/// Runs `program` (a bare name) and waits at most until `limit` from now; then it is killed.
///
/// # Errors
/// [`Failure`]; an exit status other than 0 is no error here.
pub fn run(program: &str, arguments: &[&str], limit: Duration) -> Result<Output, Failure> {
    let path = find(program).ok_or(Failure::Missing)?;
    let until = Instant::now() + limit;
    let mut child = start(bare(path.as_ref(), arguments).stdout(Stdio::piped()).stderr(Stdio::piped()))
        .map_err(|error| Failure::Failed(text!("{path} does not start: {error}", "{path} 无法启动：{error}")))?;
    let stdout = drain(child.stdout.take(), MAX_OUTPUT);
    let stderr = drain(child.stderr.take(), MAX_COMPLAINT);
    let answer = collect(&mut child, &path, &stdout, &stderr, until);
    if answer.is_err() {
        // Both fail only for a child that has already ended.
        let _ = child.kill();
        let _ = child.wait();
    }
    answer
}

/// Runs a program by its path with no output at all, for scripts that leave a service behind: it would go on holding a pipe, and end with
/// the next line it writes after we are gone.
///
/// # Errors
/// It does not start, or does not end within `limit`.
pub fn run_apart(path: &std::path::Path, arguments: &[&str], limit: Duration) -> Result<Option<i32>, Text> {
    let shown = path.display();
    let until = Instant::now() + limit;
    let mut child = start(bare(path.as_os_str(), arguments).stdout(Stdio::null()).stderr(Stdio::null()))
        .map_err(|error| text!("{shown} does not start: {error}", "{shown} 无法启动：{error}"))?;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.code()),
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(10)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(text!("{shown} did not end within its time limit", "{shown} 没有在时限内结束"));
            }
        }
    }
}

/// Starts it with no signal blocked. std hands our mask on, and a service that is started by it would keep it: it could not be stopped.
/// A signal that comes just now goes to its handler in this thread.
///
/// # Errors
/// As fork(2) and execve(2).
pub fn start(command: &mut Command) -> io::Result<Child> {
    let ours = SigSet::empty().thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
    let child = command.spawn();
    ours.thread_set_mask()?;
    child
}

/// A program with a bare environment and no input. Ctrl-C at our terminal does not reach it: what is half done is ours to end.
fn bare(path: &std::ffi::OsStr, arguments: &[&str]) -> Command {
    let mut command = Command::new(path);
    command
        .args(arguments)
        .env_clear()
        .envs([
            ("LC_ALL", "C"),
            ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            ("SYSTEMD_PAGER", ""),
            ("SYSTEMD_COLORS", "0"),
        ])
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::null());
    command
}

fn collect(
    child: &mut Child,
    path: &str,
    stdout: &Receiver<Vec<u8>>,
    stderr: &Receiver<Vec<u8>>,
    until: Instant,
) -> Result<Output, Failure> {
    let late = || Failure::Failed(text!("{path} did not end within its time limit", "{path} 没有在时限内结束"));
    let left = || until.saturating_duration_since(Instant::now());
    let stdout = stdout.recv_timeout(left()).map_err(|_| late())?;
    if stdout.len() as u64 > MAX_OUTPUT {
        return Err(Failure::Failed(text!("{path} printed more than 64 MiB", "{path} 的输出超过 64 MiB")));
    }
    let stderr = stderr.recv_timeout(left()).map_err(|_| late())?;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
                return Ok(Output { status: status.code(), stdout: text(stdout), stderr: text(stderr) });
            }
            Ok(None) if left().is_zero() => return Err(late()),
            // Its pipes are closed: it is about to end.
            Ok(None) => std::thread::sleep(Duration::from_millis(1)),
            Err(error) => return Err(Failure::Failed(text!("{path}: {error}", "{path}：{error}"))),
        }
    }
}

/// Reads a pipe in a thread of its own, so that a full one never blocks the program; one byte over `most` shows the excess.
fn drain(pipe: Option<impl Read + Send + 'static>, most: u64) -> Receiver<Vec<u8>> {
    let (tell, bytes) = channel();
    std::thread::spawn(move || {
        let mut read = Vec::new();
        if let Some(pipe) = pipe {
            // What was read before an error is what there is.
            let _ = pipe.take(most + 1).read_to_end(&mut read);
        }
        let _ = tell.send(read);
    });
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_runs_with_a_bare_environment_and_without_input() {
        let output = run("env", &[], Duration::from_secs(5)).expect("env");
        let mut names: Vec<&str> = output.stdout.lines().filter_map(|line| line.split('=').next()).collect();
        names.sort_unstable();
        assert_eq!(names, ["LC_ALL", "PATH", "SYSTEMD_COLORS", "SYSTEMD_PAGER"]);
        assert_eq!(run("cat", &[], Duration::from_secs(5)).expect("cat").stdout, "");
    }

    #[test]
    fn what_fails_hangs_or_is_missing_says_so() {
        let failed = run("ls", &["/nowhere"], Duration::from_secs(5)).expect("ls");
        assert!(!failed.succeeded() && failed.complaint().contains("/nowhere"));
        assert_eq!(run("no-such-program", &[], Duration::from_secs(5)).expect_err("missing"), Failure::Missing);
        let began = Instant::now();
        let late = run("sleep", &["30"], Duration::from_millis(50)).expect_err("late");
        assert!(matches!(late, Failure::Failed(why) if why.en.contains("sleep did not end")));
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}
