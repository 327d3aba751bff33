//! The process that carries a plan out, apart from the terminal and the session that asked for it; and who watches it.
#![allow(clippy::disallowed_methods)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpid, getsid, setsid};

use super::journal::{self, Entry, Journal, Record, Sink, Stage};
use super::signals::Signals;
use super::systemd::{self, When};
use super::{Applied, Places, lock, recover};
use crate::probe::exec;
use crate::text::{Text, text};

const PAUSE: Duration = Duration::from_millis(100);

/// Between two looks at whether the worker lives.
const PULSE: Duration = Duration::from_secs(1);

/// How long a worker may take to begin before it counts as dead.
const GRACE: Duration = Duration::from_secs(20);

/// Starts `dnetctl carry-out ID` in a unit of its own, or where there is no systemd in a session of its own.
///
/// # Errors
/// It does not start; then it changed nothing.
pub fn launch(places: &Places, id: &str) -> Result<(), Text> {
    let record = journal::find(places, id)?;
    let program = std::env::current_exe().map_err(|error| Text::verbatim(format!("/proc/self/exe: {error}")))?;
    let mut words = vec!["carry-out", id];
    words.extend(record.begin.terms.arguments.iter().map(String::as_str));
    let what = match record.stage() {
        Stage::Undoing => "-undo",
        Stage::Confirmed => "-rest",
        _ => "",
    };
    let unit = format!("dnetctl-{id}{what}");
    if systemd::runs_here() && systemd::run(&unit, When::Now, &program, &words).is_ok() {
        return Ok(());
    }
    // Should both start after all, the second waits for the lock and finds the work done.
    let launched = detach(&program, &words);
    if let (Err(why), Stage::Begun) = (&launched, record.stage())
        && let Ok(_lock) = lock::take(places, id, PULSE)
    {
        close(places, &mut journal::open(places, id)?, why.clone());
    }
    launched
}

/// Ends a journal of which nothing was done; its worker may have died while it made the recovery. Where this cannot be written, the
/// next `rollback` does it.
fn close(places: &Places, journal: &mut Journal, why: Text) {
    let _ = journal.append(Entry::Failed { why, still_failing: Vec::new() });
    if journal.append(Entry::RolledBack).is_ok() {
        recover::remove(places);
    }
}

/// Starts a program that leaves our session by itself ([`leave_session`]), and waits until it has.
///
/// # Errors
/// As fork(2) and execve(2).
pub fn detach(program: &Path, arguments: &[&str]) -> Result<(), Text> {
    let failed = |error: &dyn std::fmt::Display| {
        let program = program.display();
        text!("{program} does not start: {error}", "{program} 无法启动：{error}")
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let child = exec::start(&mut command).map_err(|error| failed(&error))?;
    let pid = i32::try_from(child.id()).map(Pid::from_raw).map_err(|error| failed(&error))?;
    let until = Instant::now() + GRACE;
    // One that has ended already has done so in a session of its own, or in none.
    while getsid(Some(pid)).is_ok_and(|session| session != pid) && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// What [`detach`] starts does this first: then no terminal's end reaches it.
pub fn leave_session() {
    if getsid(None) != Ok(getpid()) {
        // A leader of a process group stays; it was started by hand, or by systemd.
        let _ = setsid();
    }
}

/// Watches a journal until it is at rest, and tells each entry once. Ctrl-C is handed on to the worker.
///
/// # Errors
/// The journal cannot be read.
pub fn follow(
    places: &Places,
    id: &str,
    signals: &Signals,
    tell: &mut dyn FnMut(&Record, &Entry),
) -> Result<Applied, Text> {
    let began = Instant::now();
    let (mut told, mut interrupted, mut looked) = (0, false, began);
    let first = journal::find(places, id)?.entries.len();
    loop {
        let record = journal::find(places, id)?;
        for entry in record.entries.iter().skip(told) {
            tell(&record, entry);
        }
        told = record.entries.len().max(told);
        if let Some(applied) = Applied::of(&record) {
            wait_for_its_end(places, id);
            return Ok(applied);
        }
        interrupted |= signals.take();
        if interrupted && let Some(worker) = lock::holder(places).filter(|holder| holder.what == id) {
            interrupted = kill(worker.pid, Signal::SIGINT).is_err();
        }
        if looked.elapsed() >= PULSE {
            looked = Instant::now();
            let may_be_starting = told == first && began.elapsed() < GRACE;
            if !may_be_starting && let Some(applied) = abandoned(places, id, told)? {
                return Ok(applied);
            }
        }
        std::thread::sleep(PAUSE);
    }
}

/// It still tidies up; whoever asks next is not to find it at work.
fn wait_for_its_end(places: &Places, id: &str) {
    let until = Instant::now() + GRACE;
    while lock::holder(places).is_some_and(|holder| holder.what == id)
        && !lock::is_free(places)
        && Instant::now() < until
    {
        std::thread::sleep(PAUSE / 4);
    }
}

/// What is to be said where the worker is gone; none: it lives, or wrote something since.
fn abandoned(places: &Places, id: &str, told: usize) -> Result<Option<Applied>, Text> {
    let Ok(_lock) = lock::take(places, "rollback", Duration::ZERO) else {
        return Ok(None);
    };
    let mut journal = journal::open(places, id)?;
    if journal.record.entries.len() != told || Applied::of(&journal.record).is_some() {
        return Ok(None);
    }
    let why = text!("the process that carried it out is gone", "执行变更的进程已经消失");
    if journal.record.stage() == Stage::Begun {
        close(places, &mut journal, why);
        return Ok(Applied::of(&journal.record));
    }
    let left = text!(
        "it was cut short; `dnetctl rollback {id}` puts everything back",
        "变更中途停止；运行 `dnetctl rollback {id}` 可恢复原状"
    );
    Ok(Some(Applied { why: Some(why), left: vec![left], ..Applied::unfinished(&journal.record) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::Outcome;
    use crate::apply::journal::tests::{beginning, places};

    /// What a follower sees while a worker writes these, and a little later that it is committed.
    fn followed(entries: Vec<Entry>) -> (Applied, Vec<Entry>) {
        let (_dir, places) = places();
        let journal = journal::create(&places, beginning(1_795_249_812)).expect("a journal");
        let id = journal.record.id.clone();
        drop(journal);
        let (other, name) = (places.clone(), id.clone());
        let (started, ready) = std::sync::mpsc::channel();
        let worker = std::thread::spawn(move || {
            let lock = lock::take(&other, &name, Duration::ZERO).expect("free");
            let mut journal = journal::open(&other, &name).expect("a journal");
            for entry in entries {
                journal.append(entry).expect("written");
            }
            started.send(()).expect("heard");
            std::thread::sleep(Duration::from_millis(300));
            journal.append(Entry::Committed).expect("written");
            drop(lock);
        });
        ready.recv().expect("it began");
        let mut told = Vec::new();
        let applied = follow(&places, &id, &Signals::default(), &mut |_, entry| told.push(entry.clone()));
        worker.join().expect("no panic");
        (applied.expect("an end"), told)
    }

    #[test]
    fn a_follower_tells_each_entry_once_and_waits_for_the_end() {
        let (applied, told) = followed(vec![Entry::Doing(0), Entry::Done(0)]);
        assert_eq!((applied.outcome, applied.steps_done), (Outcome::Committed, 1));
        assert_eq!(told, [Entry::Doing(0), Entry::Done(0), Entry::Committed]);
    }

    #[test]
    fn a_worker_that_died_half_way_is_told_with_what_to_do() {
        let (_dir, places) = places();
        let mut journal = journal::create(&places, beginning(1_795_249_812)).expect("a journal");
        journal.append(Entry::Doing(0)).expect("written");
        let id = journal.record.id.clone();
        let applied = abandoned(&places, &id, 1).expect("readable").expect("nobody holds the lock");
        assert_eq!(applied.outcome, Outcome::Incomplete);
        assert_eq!(applied.left[0].en, format!("it was cut short; `dnetctl rollback {id}` puts everything back"));
        assert_eq!(abandoned(&places, &id, 0), Ok(None), "it wrote something since");
        let _worker = lock::take(&places, &id, Duration::ZERO).expect("free");
        assert_eq!(abandoned(&places, &id, 1), Ok(None), "it lives");
    }

    #[test]
    fn a_worker_that_never_began_has_changed_nothing() {
        let (_dir, places) = places();
        let journal = journal::create(&places, beginning(1_795_249_812)).expect("a journal");
        let applied = abandoned(&places, &journal.record.id, 0).expect("readable").expect("an end");
        assert_eq!(applied.outcome, Outcome::RolledBack);
        assert_eq!(journal::unfinished(&places), Ok(None));
    }
}
