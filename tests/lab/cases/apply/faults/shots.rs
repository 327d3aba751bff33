//! Where a fault is injected, and which.

use std::collections::BTreeMap;
use std::fmt;

/// What strace(1) counts together. Each change begins, is made or is made to last by one of these. A program begins as a process, and it is
/// dnetctl whose calls are counted: its n-th exec is its n-th clone(2).
pub const KINDS: [(&str, &str); 8] = [
    ("write", "write"),
    ("fsync", "fsync,fdatasync"),
    ("rename", "rename,renameat,renameat2"),
    ("send", "sendto,sendmsg"),
    ("exec", "clone,clone3,vfork,fork"),
    ("unlink", "unlink,unlinkat,rmdir"),
    ("make", "symlink,symlinkat,mkdir,mkdirat"),
    ("owner", "fchmod,fchown,fchmodat,fchownat"),
];

/// The kinds of which a run of the tests has every error, both ways.
const ALWAYS: usize = 5;

/// From that call on the disk stays full, or read-only; a kill or an error of the medium comes once.
const FAULTS: [(&str, &str, &str); 4] = [
    ("KILL", "signal=KILL", ""),
    ("ENOSPC", "error=ENOSPC", "+"),
    ("EROFS", "error=EROFS", "+"),
    ("EIO", "error=EIO", ""),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    Forward,
    Undo,
}

/// One run: where the fault is, and who puts the host right afterwards.
#[derive(Clone, Copy, Debug)]
pub struct Shot {
    pub way: Way,
    /// Of [`KINDS`], and of [`FAULTS`].
    kind: usize,
    fault: usize,
    pub number: usize,
    /// By a reboot alone; else by `dnetctl rollback`.
    pub reboots: bool,
}

impl Shot {
    pub fn kind(&self) -> &'static str {
        KINDS[self.kind].0
    }

    pub fn error(&self) -> &'static str {
        FAULTS[self.fault].0
    }

    /// strace's word for it.
    pub fn inject(&self) -> String {
        let (calls, number) = (KINDS[self.kind].1, self.number);
        let (_, fault, lasts) = FAULTS[self.fault];
        format!("-e trace={calls} -e inject={calls}:{fault}:when={number}{lasts}")
    }
}

/// Every fault at every call that a run without one makes.
pub fn every(way: Way, trace: &str) -> Vec<Shot> {
    let mut shots = Vec::new();
    for (kind, (name, calls)) in KINDS.iter().enumerate() {
        let most = most(trace, calls);
        assert!(most > 0, "{way:?}: no {name}");
        for number in 1..=most {
            // Both ends for each call, in turn: of two neighbours a kill is once followed by a reboot and once by a rollback.
            for fault in 0..FAULTS.len() {
                shots.push(Shot { way, kind, fault, number, reboots: (number + fault + kind) % 2 == 0 });
            }
        }
    }
    shots
}

/// All of the kinds that every run has, and so many of the others that there are at least that many.
pub fn first(all: &[Shot], least: usize) -> Vec<Shot> {
    let (always, others): (Vec<Shot>, Vec<Shot>) = all.iter().partition(|shot| shot.kind < ALWAYS);
    let more = least.saturating_sub(always.len());
    always.into_iter().chain(others.into_iter().take(more)).collect()
}

/// One for each kind, error and way; the places spread over the run.
pub fn spread(all: &[Shot]) -> Vec<Shot> {
    let mut cells: BTreeMap<(Way, usize, usize), Vec<&Shot>> = BTreeMap::new();
    for shot in all.iter().filter(|shot| shot.kind < ALWAYS) {
        cells.entry((shot.way, shot.kind, shot.fault)).or_default().push(shot);
    }
    // A stride that does not meet the first call every time.
    let at = |cell: usize, of: usize| (cell * 7 + cell / 4) % of;
    let ends = |cell: usize| (cell + cell / 4).is_multiple_of(2);
    let one = |(cell, shots): (usize, &Vec<&Shot>)| Shot { reboots: ends(cell), ..*shots[at(cell, shots.len())] };
    cells.values().enumerate().map(one).collect()
}

/// The most of these calls that one thread of dnetctl made: strace counts for each by itself. What it starts is not counted.
fn most(trace: &str, calls: &str) -> usize {
    let names: Vec<String> = calls.split(',').map(|name| format!("{name}(")).collect();
    let lines = || trace.lines().filter_map(|line| line.split_once(char::is_whitespace));
    let first = lines().next().map(|(process, _)| process);
    let others: Vec<&str> = lines()
        .filter(|(process, call)| Some(*process) != first && call.trim_start().starts_with("execve("))
        .map(|(process, _)| process)
        .collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (process, call) in lines().filter(|(process, _)| !others.contains(process)) {
        if names.iter().any(|name| call.trim_start().starts_with(name.as_str())) {
            *counts.entry(process).or_insert(0) += 1;
        }
    }
    counts.into_values().max().unwrap_or(0)
}

impl fmt::Display for Shot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { way, number, reboots, .. } = self;
        let by = if *reboots { "then a reboot" } else { "then rollback" };
        write!(f, "{way:?} {} {} at {number}, {by}", self.kind(), self.error())
    }
}
