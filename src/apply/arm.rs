//! A change that undoes itself: the timer, and who may say that it is to stay.

mod caller;

use std::time::Duration;

use super::journal::{Entry, Record};
use super::systemd::{self, When};
use super::{Places, boot, recover, worker};
use crate::host::{Fact, Socket, SocketState, Transport};
use crate::plan::Session;
use crate::probe;
use crate::text::{Text, text};

pub use caller::{Caller, caller};

/// Starts what undoes the change, so many seconds from now, whatever becomes of us.
///
/// # Errors
/// It does not start; then nothing may be changed.
pub fn start(places: &Places, id: &str, seconds: u64) -> Result<(), Text> {
    let program = recover::program(places).map_err(|error| Text::verbatim(error.to_string()))?;
    let words = ["rollback", id, "--expired"];
    if systemd::runs_here() {
        // Nothing else would do: a process of ours ends with the unit that carries the change out (systemd.kill(5)).
        return systemd::run(&unit(id), When::In(seconds), &program, &words);
    }
    let seconds = seconds.to_string();
    worker::detach(&program, &[words.as_slice(), &["--after", seconds.as_str()]].concat())
}

/// Stops it. One that sleeps in a session of its own wakes up, and finds nothing to do.
pub fn stop(id: &str) {
    if systemd::runs_here() {
        systemd::stop(&format!("{}.timer", unit(id)));
    }
}

fn unit(id: &str) -> String {
    format!("dnetctl-undo-{id}")
}

/// The entry of a change that waits.
pub fn armed(until: u64) -> Entry {
    Entry::Armed { until, at: boot::now(), sessions: established() }
}

/// Whoever is connected to this host, or it to them; none: that cannot be seen.
pub fn established() -> Option<Vec<Session>> {
    let Fact::Known { value: sockets, .. } = probe::sockets() else {
        return None;
    };
    let connected = |socket: &Socket| socket.transport == Transport::Tcp && socket.state == SocketState::Established;
    let sockets = sockets.into_iter().filter(connected);
    Some(sockets.map(|socket| Session { local: socket.local, remote: socket.remote, program: None }).collect())
}

/// Whether this caller proves that the host can still be reached: only who came after the change does.
///
/// # Errors
/// Why it proves nothing.
pub fn judge(caller: &Caller, record: &Record, connected: Option<&[Session]>) -> Result<(), Text> {
    let armed = record.entries.iter().rev().find_map(|entry| match entry {
        Entry::Armed { at, sessions, .. } => Some((*at, sessions.as_deref())),
        _ => None,
    });
    let Some((at, at_that_time)) = armed else {
        return Err(text!("nothing waits for a confirmation", "没有等待确认的变更"));
    };
    match caller {
        Caller::Console => Ok(()),
        Caller::Terminal { began } if *began > at => Ok(()),
        Caller::Terminal { .. } => Err(text!(
            "this terminal was there before the change and proves nothing; log in anew and confirm from there",
            "这个终端在变更之前就已打开，不能证明现在仍能连上本机；请重新登录后再确认"
        )),
        Caller::Nobody => Err(text!(
            "nothing shows that this command came by a connection made after the change; log in anew and confirm from a terminal",
            "无法确定这条命令来自变更之后新建的连接；请重新登录，在终端中确认"
        )),
        Caller::Ssh(session) => {
            let Session { remote, .. } = session;
            let same = |other: &Session| caller::same(other, session);
            let (Some(before), Some(at_that_time), Some(connected)) =
                (&record.begin.before.sessions, at_that_time, connected)
            else {
                return Err(text!(
                    "the TCP connections of this host could not be read, so nothing shows that the SSH connection from {remote} is newer than the change; confirm at the console",
                    "无法读取本机的 TCP 连接，不能证明来自 {remote} 的 SSH 连接是在变更之后建立的；请在本机控制台上确认"
                ));
            };
            if before.iter().chain(at_that_time).any(same) {
                return Err(text!(
                    "the SSH connection from {remote} was there before the change and proves nothing; connect anew and confirm from there",
                    "来自 {remote} 的 SSH 连接在变更之前就已建立，不能证明现在仍能连上本机；请新建一个连接后再确认"
                ));
            }
            if !connected.iter().any(same) {
                return Err(text!(
                    "the SSH connection from {remote} that this shell names is gone (tmux and screen keep such names); connect anew and confirm outside of them",
                    "当前 shell 记录的来自 {remote} 的 SSH 连接已不存在（tmux、screen 会保留旧值）；请新建一个连接，并在它们之外确认"
                ));
            }
            Ok(())
        }
    }
}

/// A timer that finds the worker still busy gives it this long to end by itself, and once more after asking it to.
pub const BUSY: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::journal::tests::beginning;

    fn session(remote: &str) -> Session {
        Session {
            local: "10.0.0.2:22".parse().expect("an end"),
            remote: remote.parse().expect("an end"),
            program: None,
        }
    }

    /// Armed at 100; one session was there when it began, another when it was done.
    fn waiting() -> Record {
        let mut begin = beginning(50);
        begin.before.sessions = Some(vec![session("10.0.0.9:1001")]);
        let armed = Entry::Armed { until: 400, at: 100, sessions: Some(vec![session("[::ffff:10.0.0.9]:1002")]) };
        Record { id: "1".to_owned(), begin, entries: vec![Entry::Doing(0), armed], damaged: None }
    }

    #[test]
    fn only_a_connection_made_after_the_change_confirms() {
        let record = waiting();
        let connected = ["10.0.0.9:1001", "10.0.0.9:1002", "10.0.0.9:1003"].map(session);
        let says = |caller: Caller| judge(&caller, &record, Some(&connected)).map_err(|why| why.en);
        assert_eq!(says(Caller::Ssh(session("10.0.0.9:1003"))), Ok(()));
        for old in ["10.0.0.9:1001", "10.0.0.9:1002"] {
            let why = says(Caller::Ssh(session(old))).expect_err("it was there before");
            assert!(why.starts_with(&format!("the SSH connection from {old} was there before the change")), "{why}");
        }
        let gone = says(Caller::Ssh(session("10.0.0.9:999"))).expect_err("no such connection");
        assert!(gone.contains("is gone (tmux and screen keep such names)"), "{gone}");
        assert_eq!(says(Caller::Console), Ok(()));
        assert_eq!(says(Caller::Terminal { began: 101 }), Ok(()));
        assert!(says(Caller::Terminal { began: 99 }).is_err() && says(Caller::Nobody).is_err());
    }

    #[test]
    fn connections_that_could_not_be_read_confirm_nothing_over_ssh() {
        let new = session("10.0.0.9:1003");
        let connected = [new.clone()];
        let (mut not_before, mut not_then) = (waiting(), waiting());
        not_before.begin.before.sessions = None;
        not_then.entries = vec![Entry::Armed { until: 400, at: 100, sessions: None }];
        for (record, connected) in
            [(&not_before, Some(&connected[..])), (&not_then, Some(&connected[..])), (&waiting(), None)]
        {
            let why = judge(&Caller::Ssh(new.clone()), record, connected).expect_err("not shown");
            assert!(why.en.starts_with("the TCP connections of this host could not be read"), "{}", why.en);
            assert_eq!(judge(&Caller::Console, record, connected), Ok(()));
        }
    }

    #[test]
    fn where_nothing_waits_nobody_confirms() {
        let record = Record { entries: vec![Entry::Doing(0), Entry::Committed], ..waiting() };
        assert!(judge(&Caller::Console, &record, None).is_err());
    }
}
