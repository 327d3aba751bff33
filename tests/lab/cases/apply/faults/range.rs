//! A host at the beginning of a story, where it can be told as often as wanted.

use super::super::bip;
use super::shots::{self, KINDS, Shot, Way};
use crate::harness::{Engine, Fabric, Host, Lab, Photo};

/// What the story left goes; `$id` is begun anew, in this boot.
const RESET: &str = r#"
systemctl stop docker.service docker.socket; systemctl reset-failed
find /etc/systemd /run/systemd -name '*dnetctl*' -delete
find /etc/systemd/system -mindepth 1 -type d -empty -delete
ip link del docker0 2> /dev/null
sysctl -qw net.ipv4.ip_forward=$(grep -o '"forwarding":"[01]' /var/lab/begin | tail -c 2)
systemctl start containerd.service
rm -rf /var/lib/dnetctl /run/dnetctl.lock /etc/docker/.daemon.json.dnetctl-tmp
cp -a /var/lab/before /etc/docker/daemon.json
umask 077
mkdir -p /var/lib/dnetctl/journals
boot=$(cat /proc/sys/kernel/random/boot_id)/$(cut -d' ' -f22 /proc/1/stat)
sed "s|\"boot\":\"[^\"]*|\"boot\":\"$boot|" /var/lab/begin > /var/lib/dnetctl/journals/$id.jsonl
systemctl daemon-reload
"#;

/// In place of systemd-run(1), which is looked for there first: whoever has all ready for the worker is killed at that moment.
const NO_WORKER: &str =
    "printf '#!/bin/sh\\nkill -9 $PPID\\n' > /usr/local/sbin/systemd-run && chmod 755 /usr/local/sbin/systemd-run";
const WORKER: &str = "rm /usr/local/sbin/systemd-run";

/// The bip story, ready to be carried out.
pub struct Range {
    _fabric: Fabric,
    host: Host,
    /// The journal's name.
    id: String,
    before: Photo,
    wanted: Photo,
    before_booted: Photo,
    wanted_booted: Photo,
}

impl Range {
    pub fn new(lab: &Lab) -> Self {
        let (fabric, mut host) = bip::broken(lab, lab.host(Engine::V26).extras(), "");
        host.put_program("/root/dnetctl");
        // Committed once, for the journal's first line.
        host.ok("/root/dnetctl -o json diagnose --apply --yes && mkdir /var/lab && head -n 1 /var/lib/dnetctl/journals/*.jsonl > /var/lab/begin");
        let id = host.ok("cd /var/lib/dnetctl/journals && ls *.jsonl").trim().trim_end_matches(".jsonl").to_owned();
        host.ok("/root/dnetctl rollback --yes && cp -a /etc/docker/daemon.json /var/lab/before");
        reset(&host, &id);
        let before = host.photo();
        host.ok(&worker(&id));
        let wanted = host.photo();
        host.reboot();
        let wanted_booted = host.photo();
        reset(&host, &id);
        host.reboot();
        let before_booted = host.photo();
        Self { _fabric: fabric, host, id, before, wanted, before_booted, wanted_booted }
    }

    /// Every fault at every call that a run without one makes.
    pub fn shots(&self) -> Vec<Shot> {
        let calls: Vec<&str> = KINDS.iter().map(|(_, calls)| *calls).collect();
        let trace = |way| self.trace(way, &format!("-e trace=execve,{}", calls.join(",")));
        [Way::Forward, Way::Undo].into_iter().flat_map(|way| shots::every(way, &trace(way))).collect()
    }

    /// All that a run without a fault does to files and processes, with the path of each descriptor.
    pub fn trace_with_paths(&self, way: Way) -> String {
        self.trace(way, &format!("-y -s 8 -e trace={}", super::order::CALLS))
    }

    /// What the command does until it hands the work to a worker: the journal's first line, or that it is to be undone.
    pub fn trace_of_the_command(&self, way: Way) -> String {
        let command = match way {
            Way::Forward => {
                self.reset();
                self.host.ok("rm -r /var/lib/dnetctl");
                "diagnose --apply --yes".to_owned()
            }
            Way::Undo => {
                self.reset();
                self.host.ok(&worker(&self.id));
                format!("rollback {} --yes", self.id)
            }
        };
        self.host.ok(NO_WORKER);
        let options = format!("-y -s 8 -e trace={}", super::order::CALLS);
        self.host.sh(&format!("strace -f -qq {options} -o /run/trace /root/dnetctl {command}"));
        self.host.ok(WORKER);
        self.host.read("/run/trace")
    }

    fn trace(&self, way: Way, options: &str) -> String {
        self.aim(way);
        self.host.sh(&format!("strace -f -qq {options} -o /run/trace {}", worker(&self.id)));
        assert_eq!(self.stage(), if way == Way::Undo { "rolled-back" } else { "committed" });
        self.host.read("/run/trace")
    }

    fn reset(&self) {
        reset(&self.host, &self.id);
    }

    /// As at the beginning; on the way back all is done and committed, and `dnetctl rollback` is about to start its worker.
    fn aim(&self, way: Way) {
        self.reset();
        if way == Way::Undo {
            self.host.ok(&worker(&self.id));
            self.host.ok(NO_WORKER);
            self.host.sh(&format!("/root/dnetctl rollback {} --yes", self.id));
            self.host.ok(WORKER);
            let last = self.host.ok(&format!("tail -n 1 /var/lib/dnetctl/journals/{}.jsonl", self.id));
            assert!(last.contains("failed"), "it is not announced: {last}");
        }
    }

    /// How it ended: what the journal says after the fault, and after it was put right.
    pub fn fire(&mut self, shot: &Shot) -> Result<String, String> {
        self.aim(shot.way);
        // What it starts meets no fault: it is let go as it begins.
        let exit = self
            .host
            .sh(&format!("strace -f -b execve -qq -o /dev/null {} {}", shot.inject(), worker(&self.id)))
            .status;
        let stage = self.stage();
        if shot.reboots {
            self.host.reboot();
        } else if !matches!(stage.as_str(), "committed" | "rolled-back") {
            let rollback = self.host.sh(&format!("/root/dnetctl rollback {} --yes", self.id));
            if !rollback.succeeded() && self.stage() != "rolled-back" {
                return Err(format!("exit {exit}, {stage}; rollback: {rollback}"));
            }
        }
        let end = self.stage();
        let swept = self.judge(shot, &end).map_err(|why| format!("exit {exit}, {stage}, then {end}:\n  {why}"))?;
        Ok(format!("{stage} → {end}{}", if swept { ", and our own files by the next start" } else { "" }))
    }

    /// As before, or as wanted where the journal says so. A file of our own that does nothing may wait for the next start of dnetctl; then
    /// it has to go.
    fn judge(&self, shot: &Shot, end: &str) -> Result<bool, String> {
        let expected = match (end == "committed", shot.reboots) {
            (true, true) => &self.wanted_booted,
            (true, false) => &self.wanted,
            (false, true) => &self.before_booted,
            (false, false) => &self.before,
        };
        let differences = expected.differences(&self.host.photo());
        if differences.is_empty() {
            return Ok(false);
        }
        let is_ours = |line: &String| line.starts_with("+ ") && line.contains("dnetctl-recover.");
        let said = differences.join("\n  ");
        if !differences.iter().all(is_ours) {
            return Err(said);
        }
        // There is no journal 0: then it only starts.
        let journal = if matches!(end, "committed" | "rolled-back") { "0" } else { &self.id };
        self.host.sh(&format!("/root/dnetctl rollback {journal} --yes; systemctl daemon-reload"));
        let left = expected.differences(&self.host.photo());
        let words = left.join("\n  ");
        if left.is_empty() { Ok(true) } else { Err(format!("{said}\n after the next start:\n  {words}")) }
    }

    /// The last word of the journal.
    fn stage(&self) -> String {
        let last = self.host.sh(&format!("tail -n 1 /var/lib/dnetctl/journals/{}.jsonl", self.id)).stdout;
        let words = ["committed", "rolled-back", "gave-up"];
        words.iter().find(|word| last.contains(*word)).map_or("unfinished", |word| word).to_owned()
    }
}

/// As at the beginning, with a journal that was begun and nothing done.
fn reset(host: &Host, id: &str) {
    host.ok(&format!("id={id}; {RESET}"));
}

/// What `--apply` and `rollback` start in a unit of its own; both go on with the journal.
fn worker(id: &str) -> String {
    format!("/root/dnetctl carry-out {id}")
}
