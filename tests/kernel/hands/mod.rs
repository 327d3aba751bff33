//! What `--apply` does to the kernel: every route, rule and address of random hosts deleted and brought back, and `ip` prints the same.

mod attributes;
mod files;
mod new;
mod others;
mod random;
mod services;

pub use attributes::attributes_that_no_check_looks_at;
pub use files::filesystems_that_refuse;
pub use new::routes_and_rules_that_are_new;
pub use others::{bridges_and_sysctls, rules_of_iptables, rules_of_one_priority};
pub use random::there_and_back;
pub use services::{services_by_script, services_of_systemd};

use std::path::PathBuf;
use std::process::Command;

use dnetctl::internals::{Action, End, Hands, Host, Presence, Safety, Snapshot, State, Step};
use libtest_mimic::Failed;

use crate::namespace::{snapshot, sysctl};

/// Hands whose notes go away with the test.
struct Desk {
    host: Host,
    _notes: tempfile::TempDir,
}

impl Desk {
    fn new() -> Result<Self, Failed> {
        let notes = tempfile::tempdir()?;
        Ok(Desk { host: Host::at(PathBuf::from("/"), notes.path().to_path_buf()), _notes: notes })
    }

    /// There and back, each twice; then `ip` shows the same.
    fn there_and_back(&mut self, step: &Step) -> Result<(), Failed> {
        let before = shown()?;
        self.bring(step, End::To)?;
        let between = shown()?;
        self.bring(step, End::From)?;
        let after = shown()?;
        if between == before {
            return Err(format!("{:?}: `ip` shows the same", step.action).into());
        }
        if after == before { Ok(()) } else { Err(format!("{:?}\n{}", step.action, difference(&before, &after)).into()) }
    }

    /// Brings it there twice; the second time nothing happens.
    fn bring(&mut self, step: &Step, end: End) -> Result<(), Failed> {
        let words = || format!("{:?} to {end:?}", step.action);
        self.host.bring(step, end).map_err(|why| format!("{}: {}", words(), why.en))?;
        // The kernel makes routes for an address of IPv6 a moment later.
        if matches!(step.action, Action::Address { .. }) {
            quiet()?;
        }
        let once = shown()?;
        self.host.bring(step, end).map_err(|why| format!("{} again: {}", words(), why.en))?;
        let twice = shown()?;
        if twice != once {
            return Err(format!("{}: the second time changes\n{}", words(), difference(&once, &twice)).into());
        }
        let state = self.host.state(step).map_err(|why| why.en)?;
        let wanted = if end == End::To { State::To } else { State::From };
        if state == wanted { Ok(()) } else { Err(format!("{}: then it is {state:?}", words()).into()) }
    }
}

fn step(action: Action) -> Step {
    Step { action, file: None, because: Vec::new(), safety: Safety::Safe }
}

const GONE: (Presence, Presence) = (Presence::Present, Presence::Absent);

/// What ip(8) prints of routes, rules and addresses, without what changes by itself.
fn shown() -> Result<String, Failed> {
    let mut all = String::new();
    // The details of a link have timers in them.
    let asked =
        ["-d -4 route show table all", "-d -6 route show table all", "-d -4 rule", "-d -6 rule", "-4 addr", "-6 addr"];
    for words in asked {
        all += &run("ip", &words.split(' ').collect::<Vec<_>>())?;
    }
    let words = all.lines().map(|line| {
        let words = line.split_whitespace().filter(|word| !matches!(*word, "tentative" | "linkdown" | "dead"));
        words.collect::<Vec<_>>().join(" ")
    });
    Ok(words.collect::<Vec<_>>().join("\n"))
}

fn run(program: &str, arguments: &[&str]) -> Result<String, Failed> {
    let output = Command::new(program).args(arguments).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("{program} {}: {said}", arguments.join(" ")).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The first line that differs.
fn difference(before: &str, after: &str) -> String {
    let missing: Vec<&str> = before.lines().filter(|line| !after.lines().any(|other| other == *line)).collect();
    let new: Vec<&str> = after.lines().filter(|line| !before.lines().any(|other| other == *line)).collect();
    if missing.is_empty() && new.is_empty() {
        let at = before.lines().zip(after.lines()).find(|(one, other)| one != other);
        return format!("another order: {at:?}");
    }
    format!("missing: {missing:#?}\nnew: {new:#?}")
}

/// Without duplicate address detection, which makes routes seconds later.
fn addresses_at_once() -> Result<(), Failed> {
    sysctl("net.ipv6.conf.all.accept_dad", "0")?;
    sysctl("net.ipv6.conf.default.accept_dad", "0")
}

/// The namespace when it stands still.
fn quiet() -> Result<Snapshot, Failed> {
    for _ in 0..50 {
        let before = snapshot()?;
        std::thread::sleep(std::time::Duration::from_millis(150));
        if snapshot()? == before {
            return Ok(before);
        }
    }
    Err("the namespace does not come to rest".into())
}
