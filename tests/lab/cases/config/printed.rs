//! What a person carries out: the commands of a remedy as they are printed and, in the editor that one of them opens, the edit that its
//! title asks for and nothing else.

use super::{DROP_IN, FILE, exec_start, in_order};
use crate::harness::{Cases, Engine, Host, Report};
use Engine::{V20, V26, V28};

const OPTIONS: &str = "/etc/default/docker";
const UNIT: &str = "/usr/lib/systemd/system/docker.service";

/// A remedy, and a host on which it is offered.
struct Printed {
    engines: &'static [Engine],
    check: &'static str,
    /// A part of the remedy's title.
    title: &'static str,
    /// What makes the host so: files, and a line of shell.
    files: Vec<(&'static str, String)>,
    breaks: &'static str,
    /// What is typed into the editor: a line of shell about `$file`.
    typed: &'static str,
}

fn row(engines: &'static [Engine], check: &'static str, title: &'static str, typed: &'static str) -> Printed {
    Printed { engines, check, title, files: Vec::new(), breaks: "true", typed }
}

impl Printed {
    fn file(mut self, path: &'static str, text: impl Into<String>) -> Self {
        self.files.push((path, text.into()));
        self
    }

    fn breaks(self, line: &'static str) -> Self {
        Self { breaks: line, ..self }
    }
}

fn of_the_file() -> Vec<Printed> {
    let invalid = "daemon-json-invalid";
    let json = |row: Printed, text: &str| row.file(FILE, text);
    vec![
        json(row(&[V20, V28], invalid, "correct line 2", "sed -i '2s/,$//' $file"), "{\n  \"mtu\": 1400,\n}\n"),
        json(
            row(&[V28], invalid, "a list of IP addresses", r#"sed -i '2s/"10.0.0.1"/["10.0.0.1"]/' $file"#),
            "{\n  \"dns\": \"10.0.0.1\"\n}\n",
        ),
        json(
            row(&[V20], invalid, "a string in double quotes", r#"sed -i '2s|10|"10.1.0.1/24"|' $file"#),
            "{\n  \"bip\": 10\n}\n",
        ),
        json(
            row(&[V26], invalid, "a whole number without quotes", r#"sed -i '2s/"1400"/1400/' $file"#),
            "{\n  \"mtu\": \"1400\"\n}\n",
        ),
        json(
            row(&[V26], invalid, "true or false without quotes", r#"sed -i '2s/"false"/false/' $file"#),
            "{\n  \"ipv6\": \"false\"\n}\n",
        ),
        json(
            row(&[V28], "daemon-json-unknown-key", "take the key out of line 2", "sed -i 2d $file"),
            "{\n  \"colour\": 1,\n  \"mtu\": 1400\n}\n",
        ),
        json(
            row(&[V20], "bip-unusable", "remove bridge from", "sed -i 3d $file"),
            "{\n  \"bip\": \"10.1.0.1/24\",\n  \"bridge\": \"docker0\",\n  \"mtu\": 1400\n}\n",
        ),
        json(
            row(
                &[V28],
                "address-pools-invalid",
                "write a base with its prefix length",
                "sed -i '3s|10.88.0.0|&/16|' $file",
            ),
            "{\n  \"default-address-pools\": [\n    {\"base\": \"10.88.0.0\", \"size\": 24}\n  ]\n}\n",
        ),
    ]
}

fn of_flags() -> Vec<Printed> {
    let options = |row: Printed, flags: &str| row.file(OPTIONS, format!("# net\nDOCKER_OPTS=\"{flags}\"\n"));
    vec![
        options(row(&[V20], "flag-and-file-conflict", "take `labels` out of", "sed -i 2d $file"), "--label a=b")
            .file(FILE, "{\n  \"labels\": [\"c=d\"],\n  \"mtu\": 1400\n}\n"),
        options(
            row(
                &[V26],
                "docker-opts-ignored",
                "say it in daemon.json instead, with the keys `bip`, `mtu`",
                r#"echo '{"bip": "10.9.0.1/24", "mtu": 1400}' > $file"#,
            ),
            "--bip=10.9.0.1/24 --mtu=1400",
        )
        .file(DROP_IN, exec_start("")),
        options(
            row(&[V28], "bip-not-a-host-address", "set --bip to 10.9.0.1/24", "sed -i '2s|10.9.0.0|10.9.0.1|' $file"),
            "--bip=10.9.0.0/24",
        ),
        row(&[V20], "bip-not-a-host-address", "set --bip to 10.9.0.1/24", "sed -i '3s|10.9.0.0|10.9.0.1|' $file")
            .file(DROP_IN, exec_start("--bip 10.9.0.0/24")),
        options(
            row(&[V26], "bip-unusable", "remove --bip from", "sed -i '2s|--bip=10.1.0.1/33||' $file"),
            "--bip=10.1.0.1/33",
        ),
        row(&[V26], "bridge-setting-unusable", "remove --bridge from", "sed -i 's| -b lo||' $file")
            .breaks("sed -i 's|/dockerd |&-b lo |' /usr/lib/systemd/system/docker.service"),
        row(
            &[V28],
            "engine-failed",
            "put an empty `ExecStart=` line before",
            "sed -i 's/^ExecStart=/ExecStart=\\n&/' $file",
        )
        .file(DROP_IN, "[Service]\nExecStart=/usr/sbin/dockerd -H fd:// --bip 10.8.0.1/24\n"),
    ]
}

pub fn add(cases: &mut Cases) {
    cases.in_turn("config::printed", "one host, one fault after the other", |lab, engine| {
        let host = lab.host(engine).boot();
        host.ok(&format!("cp -a {OPTIONS} /root/options && cp -a {UNIT} /root/unit"));
        for row in of_the_file().into_iter().chain(of_flags()).filter(|row| row.engines.contains(&engine)) {
            let report = broken(&host, &row);
            carry_out(&host, &report, &row);
            assert_eq!(host.unit_state("docker.service"), "active", "{}", row.title);
            in_order(&host);
        }
    });
}

/// As the package left it, but for the fault.
#[track_caller]
fn broken(host: &Host, row: &Printed) -> Report {
    host.sh("systemctl stop docker.service; systemctl reset-failed docker.service");
    host.ok(&format!("rm -f {FILE} {DROP_IN} /etc/systemd/system/docker.service"));
    host.ok(&format!("cp -a /root/options {OPTIONS} && cp -a /root/unit {UNIT}"));
    row.files.iter().for_each(|(path, text)| host.write(path, text));
    host.ok(&format!("{} && systemctl daemon-reload", row.breaks));
    // Whether it starts depends on the fault.
    let _ = host.restart_docker();
    host.ok("journalctl --sync");
    host.diagnose()
}

#[track_caller]
fn carry_out(host: &Host, report: &Report, row: &Printed) {
    let finding = report.finding(row.check);
    let mut remedies = finding["remedies"].as_array().into_iter().flatten();
    let remedy = remedies.find(|remedy| remedy["title"].as_str().is_some_and(|title| title.contains(row.title)));
    let remedy = remedy.unwrap_or_else(|| panic!("no `{}`: {finding:#}", row.title));
    let commands = super::commands(remedy).join("\n");
    // Called as `vi +LINE FILE`; systemctl says no more than the file, and wants a terminal.
    host.write("/root/editor", &format!("#!/bin/sh -e\nfor file; do :; done\n{}\n", row.typed));
    host.write("/root/commands", &commands);
    host.ok("chmod 755 /root/editor");
    let output = host.sh("EDITOR=/root/editor script -qec 'sh -e /root/commands' /dev/null");
    assert!(output.succeeded(), "{commands}\n{output}\n{report}");
}
