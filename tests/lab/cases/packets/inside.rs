//! A thread that lives in a network namespace and does what it is told there. Sockets that it opens stay in that namespace.

use nix::sched::{CloneFlags, setns};
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Sender, channel};

type Job = Box<dyn FnOnce() + Send>;

#[derive(Debug)]
pub struct Inside(Sender<Job>);

impl Inside {
    /// Enters the network namespace that this file of a /proc shows.
    pub fn enter(namespace: &Path) -> Self {
        let file = File::open(namespace).unwrap_or_else(|e| panic!("{}: {e}", namespace.display()));
        let (jobs, orders) = channel::<Job>();
        std::thread::spawn(move || {
            setns(file, CloneFlags::CLONE_NEWNET).expect("the lab runs as root");
            orders.into_iter().for_each(|job| job());
        });
        Self(jobs)
    }

    /// Does it there, and waits for it.
    pub fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        let (answer, answered) = channel();
        let job = move || {
            let _ = answer.send(job());
        };
        self.0.send(Box::new(job)).expect("the thread lives as long as this");
        answered.recv().expect("the job has not panicked")
    }

    /// A command of this machine's, in that namespace; it must succeed. Its standard output.
    #[track_caller]
    pub fn ok(&self, line: &str) -> String {
        let command = line.to_owned();
        let output = self.run(move || Command::new("sh").args(["-c", &command]).output()).expect("sh is there");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Writes a setting below /proc/sys, if the kernel has it.
    pub fn sysctl(&self, key: &str, value: &str) {
        let path = format!("/proc/sys/{}", key.replace('.', "/"));
        let value = value.to_owned();
        self.run(move || Path::new(&path).exists().then(|| std::fs::write(&path, value).expect("this is root")));
    }
}
