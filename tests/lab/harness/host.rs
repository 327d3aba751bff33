//! A host: how it is made, and how commands run on it.

use super::cases::tell;
use super::keeper::{Keeper, state, unique};
use super::{Engine, Fabric, Output, Report, program};
use std::fs;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What an engine package brings, and a host without engine lacks.
const ENGINE_FILES: [&str; 17] = [
    "/usr/sbin/dockerd",
    "/usr/bin/dockerd",
    "/usr/bin/docker",
    "/usr/sbin/docker-proxy",
    "/usr/bin/docker-proxy",
    "/usr/libexec/docker",
    "/usr/bin/containerd",
    "/usr/bin/containerd-shim-runc-v2",
    "/usr/bin/ctr",
    "/usr/sbin/runc",
    "/usr/bin/runc",
    "/usr/lib/systemd/system/docker.service",
    "/usr/lib/systemd/system/docker.socket",
    "/usr/lib/systemd/system/containerd.service",
    "/etc/init.d/docker",
    "/etc/default/docker",
    "/etc/docker",
];

/// `sh -c ENTER sh PID NAME WORD…`: a process that only entered the namespaces would stay in this machine's cgroups, where
/// systemd on the host does not see it. A login shell lives in user.slice; controllers that systemd does not run have the root.
const ENTER: &str = r#"
pid=$1 name=$2; shift 2
while IFS=: read -r _ controllers path; do
  case $controllers in '') d=/sys/fs/cgroup/unified ;; name=*) d=/sys/fs/cgroup/${controllers#name=} ;; *) d=/sys/fs/cgroup/$controllers ;; esac
  [ -d "$d" ] || d=/sys/fs/cgroup
  d=$d${path%%/$name*}/$name
  case $controllers in ''|name=*) d=$d/user.slice; [ -d "$d" ] || mkdir "$d" ;; esac
  echo $$ > "$d/cgroup.procs"
done < "/proc/$pid/cgroup"
exec nsenter -t "$pid" -m -p -n -u -i -C -r -w -- timeout -k 2 120 "$@"
"#;

#[derive(Debug)]
pub struct HostBuilder {
    engine: Engine,
    id: String,
    words: Vec<String>,
    files: Vec<(String, String)>,
    extras: bool,
}

impl HostBuilder {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine, id: unique(), words: Vec::new(), files: Vec::new(), extras: false }
    }

    /// The host's name; `host` without it.
    pub fn named(mut self, name: &str) -> Self {
        self.words.push(format!("hostname {name}"));
        self
    }

    /// With ufw, firewalld, NetworkManager, netplan, Open vSwitch and podman installed; none of them started.
    pub fn extras(mut self) -> Self {
        self.extras = true;
        self
    }

    /// A link into a fabric, up. `addresses`: none, or some with prefix lengths and blanks between them.
    pub fn on(self, fabric: &Fabric, link: &str, addresses: &str) -> Self {
        self.on_with_mtu(fabric, link, addresses, 1500)
    }

    pub fn on_with_mtu(mut self, fabric: &Fabric, link: &str, addresses: &str, mtu: u16) -> Self {
        self.words.push(format!("nic {link} {} {mtu} {addresses}", fabric.pid()));
        self
    }

    /// `ip route add …` before systemd starts.
    pub fn route(mut self, route: &str) -> Self {
        self.words.push(format!("route {route}"));
        self
    }

    pub fn default_via(self, gateway: &str) -> Self {
        self.route(&format!("default via {gateway}"))
    }

    /// A name server in resolv.conf. Without one the file is empty.
    pub fn resolver(self, address: &str) -> Self {
        self.file("/etc/resolv.conf", &format!("nameserver {address}\n"))
    }

    /// A file that is there before systemd starts; mode 0644, and its directories.
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    /// As if the engine's packages had never been installed.
    pub fn without_engine(mut self) -> Self {
        self.words.extend(ENGINE_FILES.map(|path| format!("hide {path}")));
        let status = fs::read_to_string(self.engine.root().join("var/lib/dpkg/status")).expect("the root has dpkg");
        let gone = ["docker.io", "docker-cli", "containerd", "runc"].map(|name| format!("Package: {name}\n"));
        let kept = status.split_inclusive("\n\n").filter(|entry| !gone.iter().any(|name| entry.starts_with(name)));
        let kept: String = kept.collect();
        self.file("/var/lib/dpkg/status", &kept)
    }

    /// Starts systemd and waits until it has settled.
    #[track_caller]
    pub fn boot(self) -> Host {
        let directory = state().join(format!("{}.host", self.id));
        let seed = state().join(format!("{}.seed", self.id));
        fs::create_dir_all(&seed).expect("a directory for the state of hosts");
        for (path, text) in &self.files {
            let file = seed.join(path.trim_start_matches('/'));
            fs::create_dir_all(file.parent().expect("it is below the seed")).expect("writable");
            fs::write(&file, text).expect("writable");
        }
        let mut keeper = Keeper::host(&self.id, directory.to_str().expect("plain"));
        if self.extras {
            keeper.tell(&format!("layer {}", self.engine.extras().display()));
        }
        keeper.tell(&format!("layer {}", self.engine.root().display()));
        keeper.tell(&format!("seed {}", seed.display()));
        for (file, seen_as) in program::files() {
            keeper.tell(&format!("bind {} {seen_as}", file.display()));
        }
        self.words.iter().for_each(|word| keeper.tell(word));
        let mut host = Host { engine: self.engine, id: self.id, pid: String::new(), keeper };
        host.power_on();
        host
    }
}

#[derive(Debug)]
pub struct Host {
    engine: Engine,
    id: String,
    /// PID 1 of the host, as this machine numbers it.
    pid: String,
    keeper: Keeper,
}

impl Host {
    pub fn engine(&self) -> Engine {
        self.engine
    }

    pub fn pid(&self) -> &str {
        &self.pid
    }

    /// What its cgroups and directories are called.
    pub fn id(&self) -> &str {
        &self.id
    }

    #[track_caller]
    fn power_on(&mut self) {
        self.keeper.tell("boot");
        self.pid = self.keeper.answer().unwrap_or_else(|e| panic!("host {} does not boot: {e}", self.id));
        let begin = Instant::now();
        loop {
            let state = self.sh("systemctl is-system-running --wait 2>&1").stdout;
            if matches!(state.trim(), "running" | "degraded") {
                return;
            }
            if begin.elapsed() > Duration::from_secs(60) {
                let jobs = self.sh("systemctl list-jobs --no-pager").stdout;
                panic!("host {} is still {}; it waits for\n{jobs}", self.id, state.trim());
            }
            // It is not up far enough to be asked.
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Pulls the plug and starts again: what is on disk stays, what is in the kernel and in /run goes.
    #[track_caller]
    pub fn reboot(&mut self) {
        self.keeper.tell("halt");
        self.keeper.answer().unwrap_or_else(|e| panic!("host {} does not stop: {e}", self.id));
        self.power_on();
    }

    /// A command on the host: its namespaces, its cgroups, its root, a clean environment, and a limit of two minutes.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", ENTER, "sh", &self.pid, &self.id]).args(words).stdin(Stdio::null()).env_clear();
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", "/root");
        command.env("LANG", "C.UTF-8").env("TERM", "dumb");
        command
    }

    /// Runs words as they stand.
    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("sh is there").into()
    }

    /// Runs a line of shell.
    pub fn sh(&self, line: &str) -> Output {
        self.run(&["sh", "-c", line])
    }

    /// A line of shell that must succeed; its standard output.
    #[track_caller]
    pub fn ok(&self, line: &str) -> String {
        let output = self.sh(line);
        assert!(output.succeeded(), "on {}: {line}\n{output}", self.engine);
        output.stdout
    }

    /// A line of shell that must succeed within the time, tried again and again; its standard output.
    #[track_caller]
    pub fn eventually(&self, limit: Duration, line: &str) -> String {
        let begin = Instant::now();
        let mut pause = Duration::from_millis(50);
        loop {
            let output = self.sh(line);
            if output.succeeded() {
                return output.stdout;
            }
            assert!(begin.elapsed() < limit, "on {}, for {limit:?}: {line}\n{output}", self.engine);
            // Asking takes more of the machine than what is waited for.
            std::thread::sleep(pause);
            pause = (pause * 3 / 2).min(Duration::from_millis(500));
        }
    }

    /// Runs a line of shell with that on its standard input.
    pub fn sh_with(&self, line: &str, input: &[u8]) -> Output {
        let mut child = self.command(&["sh", "-c", line]);
        let mut child =
            child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("sh is there");
        let mut pipe = child.stdin.take().expect("piped above");
        // A command that does not read to the end says why by its status.
        let _ = pipe.write_all(input);
        drop(pipe);
        child.wait_with_output().expect("our child").into()
    }

    /// Writes a file and the directories above it.
    #[track_caller]
    pub fn write(&self, path: &str, text: &str) {
        let output = self.sh_with(&format!("mkdir -p \"$(dirname '{path}')\" && cat > '{path}'"), text.as_bytes());
        assert!(output.succeeded(), "on {}: writing {path}\n{output}", self.engine);
    }

    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        self.ok(&format!("cat '{path}'"))
    }

    /// dnetctl as root.
    pub fn dnetctl(&self, arguments: &[&str]) -> Output {
        self.run(&[&["/usr/local/bin/dnetctl"], arguments].concat())
    }

    /// Puts the program at that path: with `DNETCTL_FULL` as it is released, stripped and optimised, else as the other stories have it.
    #[track_caller]
    pub fn put_program(&self, path: &str) {
        if std::env::var_os("DNETCTL_FULL").is_none() {
            self.ok(&format!("cp /usr/local/bin/dnetctl '{path}'"));
            return;
        }
        let output = self.sh_with(&format!("cat > '{path}' && chmod 755 '{path}'"), &program::release());
        assert!(output.succeeded(), "on {}: {path}\n{output}", self.engine);
    }

    /// dnetctl as the ordinary user `admin`, who is in no group but his own.
    pub fn dnetctl_as_user(&self, arguments: &[&str]) -> Output {
        let become_user =
            ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "env", "HOME=/home/admin", "USER=admin"];
        self.run(&[&become_user[..], &["/usr/local/bin/dnetctl"], arguments].concat())
    }

    /// The same user, in the group docker.
    pub fn dnetctl_as_member(&self, arguments: &[&str]) -> Output {
        let group = self.ok("getent group docker | cut -d: -f3");
        let groups = format!("--groups={}", group.trim());
        let become_member =
            ["setpriv", "--reuid=1000", "--regid=1000", &groups, "env", "HOME=/home/admin", "USER=admin"];
        self.run(&[&become_member[..], &["/usr/local/bin/dnetctl"], arguments].concat())
    }

    /// `dnetctl diagnose -o json` as root. The evidence of every finding is held against this host.
    #[track_caller]
    pub fn diagnose(&self) -> Report {
        self.diagnose_with(&[])
    }

    /// `dnetctl diagnose -o json` with more arguments. What `--from` tells is of another time, and is not held against this host.
    #[track_caller]
    pub fn diagnose_with(&self, arguments: &[&str]) -> Report {
        let report = Report::new(&self.dnetctl(&[&["diagnose", "-o", "json"], arguments].concat()));
        if !arguments.iter().any(|argument| argument.starts_with("--from")) {
            report.prove(self);
        }
        report
    }

    /// dnetctl as root with `-o json`, its one document; no evidence is held against the host.
    #[track_caller]
    pub fn told(&self, arguments: &[&str]) -> Report {
        Report::new(&self.dnetctl(&[&["-o", "json"], arguments].concat()))
    }

    /// A line of shell that runs while others do. Its output is there when it is waited for.
    pub fn start(&self, line: &str) -> Child {
        let mut command = self.command(&["sh", "-c", line]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("sh is there")
    }

    #[track_caller]
    pub fn diagnose_as_member(&self) -> Report {
        let report = Report::new(&self.dnetctl_as_member(&["diagnose", "-o", "json"]));
        report.prove(self);
        report
    }

    #[track_caller]
    pub fn diagnose_as_user(&self) -> Report {
        self.diagnose_as_user_with(&[])
    }

    #[track_caller]
    pub fn diagnose_as_user_with(&self, arguments: &[&str]) -> Report {
        let report = Report::new(&self.dnetctl_as_user(&[&["diagnose", "-o", "json"], arguments].concat()));
        report.prove(self);
        report
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if !std::thread::panicking() || self.pid.is_empty() {
            return;
        }
        let log = self.sh("journalctl --no-pager -o cat -u docker.service -n 12").stdout;
        tell(&format!("--- the end of the engine's log on {}\n{log}", self.engine));
        // For a look around: DNETCTL_LAB_HOLD=600 keeps a host of a failed case for ten minutes.
        if let Some(seconds) = std::env::var("DNETCTL_LAB_HOLD").ok().and_then(|n| n.parse().ok()) {
            eprintln!("--- held: nsenter -t {} -m -p -n -u -i -C -r -w -- bash", self.pid);
            std::thread::sleep(Duration::from_secs(seconds));
        }
    }
}
