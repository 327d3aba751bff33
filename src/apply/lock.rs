//! One at a time: flock(2) on a file that tells who holds it. The kernel lets go of it when its holder dies.
#![allow(clippy::disallowed_methods)]

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::unistd::Pid;

use super::Places;
use crate::text::{Text, text};

/// Held as long as it lives.
pub struct Lock(#[allow(dead_code)] Flock<File>);

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub pid: Pid,
    /// The journal it is at, or the command.
    pub what: String,
}

const PAUSE: Duration = Duration::from_millis(50);

/// Takes the lock for `what` (a journal's name, or a command), and waits for it at most so long.
///
/// # Errors
/// Another dnetctl holds it, or there can be no such file.
pub fn take(places: &Places, what: &str, wait: Duration) -> Result<Lock, Text> {
    let until = Instant::now() + wait;
    let said = |error: &dyn std::fmt::Display| {
        let path = places.lock.display();
        text!("{path} cannot be locked: {error}", "无法锁定 {path}：{error}")
    };
    let mut file = open(places).map_err(|error| said(&error))?;
    loop {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(mut lock) => {
                // Who holds it is for sentences and signals; the lock is what counts.
                let _ = tell(&mut lock, what);
                return Ok(Lock(lock));
            }
            Err((_, error)) if error != Errno::EWOULDBLOCK => return Err(said(&error)),
            Err(_) if Instant::now() >= until => return Err(held(holder(places).as_ref())),
            Err((again, _)) => file = again,
        }
        std::thread::sleep(PAUSE);
    }
}

/// Whether nobody holds it.
pub fn is_free(places: &Places) -> bool {
    open(places).is_ok_and(|file| Flock::lock(file, FlockArg::LockExclusiveNonblock).is_ok())
}

/// Who holds the lock, by what it wrote there; a process that is gone holds nothing.
pub fn holder(places: &Places) -> Option<Holder> {
    let text = std::fs::read_to_string(&places.lock).ok()?;
    let (pid, what) = text.lines().next()?.split_once(' ')?;
    let pid: i32 = pid.parse().ok().filter(|pid| *pid > 1)?;
    nix::sys::signal::kill(Pid::from_raw(pid), None).ok()?;
    Some(Holder { pid: Pid::from_raw(pid), what: what.to_owned() })
}

fn open(places: &Places) -> io::Result<File> {
    // Not truncated: another one's name stands there until the lock is ours.
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&places.lock)
}

fn tell(file: &mut File, what: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.write_all(format!("{} {what}\n", std::process::id()).as_bytes())
}

fn held(holder: Option<&Holder>) -> Text {
    match holder {
        Some(Holder { pid, what }) => text!(
            "another dnetctl is at work (process {pid}, {what}); wait until it has ended",
            "另一个 dnetctl 正在运行（进程 {pid}，{what}）；请等它结束"
        ),
        None => text!("another dnetctl is at work; wait until it has ended", "另一个 dnetctl 正在运行；请等它结束"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::journal::tests::places;

    #[test]
    fn the_second_is_refused_and_told_who_is_first() {
        let (_dir, places) = places();
        assert!(is_free(&places) && holder(&places).is_none());
        let lock = take(&places, "20261121-083012-1f2e3d", Duration::ZERO).expect("free");
        assert!(!is_free(&places));
        let why = take(&places, "rollback", Duration::from_millis(60)).map(|_| ()).expect_err("held");
        assert!(why.en.contains(&format!("process {}, 20261121-083012-1f2e3d", std::process::id())), "{}", why.en);
        drop(lock);
        take(&places, "rollback", Duration::ZERO).expect("free again");
        assert_eq!(holder(&places).expect("we live").what, "rollback");
    }

    #[test]
    fn a_second_waits_for_the_first() {
        let (_dir, places) = places();
        let lock = take(&places, "first", Duration::ZERO).expect("free");
        let other = places.clone();
        let waiting = std::thread::spawn(move || take(&other, "second", Duration::from_secs(10)).map(|_| ()));
        std::thread::sleep(Duration::from_millis(120));
        drop(lock);
        waiting.join().expect("no panic").expect("its turn");
    }
}
