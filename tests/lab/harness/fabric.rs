//! A network: a bridge, `br0`, in a network namespace that has no way out.

use super::Output;
use super::keeper::Keeper;
use std::process::Command;

#[derive(Debug)]
pub struct Fabric {
    pid: String,
    _keeper: Keeper,
}

impl Fabric {
    pub(super) fn new() -> Self {
        let mut keeper = Keeper::fabric();
        let pid = keeper.answer().unwrap_or_else(|e| panic!("no fabric: {e}"));
        Self { pid, _keeper: keeper }
    }

    /// A process that lives in the fabric's network namespace, by its number on this machine.
    pub fn pid(&self) -> &str {
        &self.pid
    }

    /// Gives the fabric itself an address, say that of a gateway. It answers pings, forwards nothing, and refuses DNS at once.
    pub fn gateway(&self, address: &str) -> &Self {
        self.ok(&format!("ip addr add {address} dev br0"));
        self
    }

    /// A web server at one of the fabric's own addresses, as long as the fabric is there; its page says `served`.
    #[track_caller]
    pub fn web(&self, address: &str) -> &Self {
        let pid = &self.pid;
        self.ok(&format!(
            "command -v busybox || exit 1; (d=$(mktemp -d); echo served > $d/index.html; busybox httpd -f -p {address}:80 -h $d & s=$!; \
             while [ -d /proc/{pid} ]; do sleep 0.5; done; kill $s; rm -r $d) > /dev/null 2>&1 &"
        ));
        self
    }

    /// Runs a command in the fabric's network namespace, with this machine's programs.
    pub fn sh(&self, command: &str) -> Output {
        let output = Command::new("nsenter").args(["-t", &self.pid, "-n", "--", "sh", "-c", command]).output();
        output.expect("nsenter is there").into()
    }

    /// The same, which must succeed; its standard output.
    #[track_caller]
    pub fn ok(&self, command: &str) -> String {
        let output = self.sh(command);
        assert!(output.succeeded(), "on the fabric: {command}\n{output}");
        output.stdout
    }
}
