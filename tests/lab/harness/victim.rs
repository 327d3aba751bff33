//! A test process that is meant to be killed: it makes a fabric and a host, says what they are, and waits.

use super::{Engine, Fabric, Host, Lab};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const ROLE: &str = "DNETCTL_LAB_VICTIM";

/// What the victim holds, in its own process.
#[derive(Debug)]
pub struct Held {
    _fabric: Fabric,
    _host: Host,
}

impl Held {
    pub fn wait_for_the_end(&self) -> ! {
        loop {
            std::thread::sleep(Duration::from_secs(3600));
        }
    }
}

/// The victim's side: `Some` in a process that [`Victim::start`] made.
pub fn victim() -> Option<Held> {
    std::env::var_os(ROLE)?;
    let lab = Lab::new().expect("the parent has the lab");
    let fabric = lab.fabric();
    let host = lab.host(Engine::V26).on(&fabric, "eth0", "10.0.0.2/24").boot();
    host.start_docker().expect("the engine starts");
    println!("{} {} {}", fabric.pid(), host.pid(), host.id());
    Some(Held { _fabric: fabric, _host: host })
}

/// The killer's side.
#[derive(Debug)]
pub struct Victim {
    child: Child,
    pub fabric_pid: String,
    pub host_pid: String,
    /// The host's name among cgroups and directories.
    pub host_id: String,
}

impl Victim {
    pub fn start() -> Self {
        let this = std::env::current_exe().expect("known on Linux");
        let mut child = Command::new(this).env(ROLE, "1").stdout(Stdio::piped()).spawn().expect("this very program");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped above")).read_line(&mut line).expect("readable");
        let words: Vec<&str> = line.split_whitespace().collect();
        let &[fabric_pid, host_pid, host_id] = words.as_slice() else {
            panic!("the victim said {line:?}");
        };
        Self { child, fabric_pid: fabric_pid.into(), host_pid: host_pid.into(), host_id: host_id.into() }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: the victim gets no chance to tidy up.
    pub fn kill(mut self) {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it is our child");
    }
}
