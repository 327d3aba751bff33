//! The engine on a host.

use super::engine::cache;
use super::{Host, Output};
use std::fs;
use std::time::Duration;

impl Host {
    /// Starts the engine. The error is what its log says of this start.
    pub fn start_docker(&self) -> Result<(), String> {
        let since = self.ok("date +%s.%N");
        // A unit that failed often is refused by its start limit, not by its fault.
        self.sh("systemctl reset-failed docker.service docker.socket containerd.service");
        let start = self.sh("systemctl start docker.service");
        if start.succeeded() {
            return Ok(());
        }
        // The journal is written behind the engine's back.
        self.sh("journalctl --sync");
        let log = self.sh(&format!("journalctl --no-pager -o cat -u docker.service --since=@{}", since.trim()));
        Err(format!("{}{}", log.stdout, start.stderr))
    }

    /// Starts the engine on a host where it must start, and imports the image.
    #[track_caller]
    pub fn docker(&self) -> &Self {
        self.start_docker().unwrap_or_else(|e| panic!("the engine {} does not start:\n{e}", self.engine()));
        self.image();
        self
    }

    /// Stops the engine and the socket that would wake it.
    #[track_caller]
    pub fn stop_docker(&self) {
        self.ok("systemctl stop docker.service docker.socket");
    }

    /// Starts it again, so that it reads its configuration. The error is what its log says.
    pub fn restart_docker(&self) -> Result<(), String> {
        self.sh("systemctl stop docker.service");
        self.start_docker()
    }

    /// All that the engine logged since the host booted, without the time and process stamps.
    pub fn docker_log(&self) -> String {
        self.sh("journalctl --no-pager -o cat -u docker.service").stdout
    }

    /// The image `bb:1`: a static busybox with all its links. Nothing is pulled.
    #[track_caller]
    pub fn image(&self) {
        let tar = fs::read(cache().join("bb.tar")).expect("tests/lab/roots has built it");
        let output = self.sh_with("docker import - bb:1", &tar);
        assert!(output.succeeded(), "on {}: docker import\n{output}", self.engine());
    }

    /// A container of `bb:1` that sleeps and stops at once when told to. `options` are those of `docker run`.
    #[track_caller]
    pub fn container(&self, name: &str, options: &str) {
        self.ok(&format!("docker run -d --name {name} --stop-signal KILL {options} bb:1 sleep 100000"));
    }

    /// The container's address on the network.
    #[track_caller]
    pub fn container_address(&self, name: &str, network: &str) -> String {
        let format = format!("{{{{(index .NetworkSettings.Networks \"{network}\").IPAddress}}}}");
        self.ok(&format!("docker inspect -f '{format}' {name}")).trim().to_owned()
    }

    /// A line of shell in a container.
    pub fn exec(&self, container: &str, line: &str) -> Output {
        self.run(&["docker", "exec", container, "sh", "-c", line])
    }

    /// `active`, `inactive`, `failed`, `activating`…
    pub fn unit_state(&self, unit: &str) -> String {
        self.sh(&format!("systemctl is-active {unit}")).stdout.trim().to_owned()
    }

    /// Waits for a unit to reach a state, say `failed` after its restarts.
    #[track_caller]
    pub fn await_unit(&self, unit: &str, state: &str) {
        self.eventually(Duration::from_secs(60), &format!("test \"$(systemctl is-active {unit})\" = {state}"));
    }
}
