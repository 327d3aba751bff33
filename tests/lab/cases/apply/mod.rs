//! `--apply` on real hosts: what is put right, that it works afterwards, and that undoing it leaves the host as it was.

mod bip;
mod containers;
mod faults;
mod forwarding;
mod guests;
mod intranet;
mod keepers;
mod links;
mod meanwhile;
mod pick;
mod routes;
mod settings;
mod ssh;

use crate::harness::{Cases, Fabric, Host, HostBuilder, Lab, Output, Report};
use serde_json::Value;
use std::time::Duration;

const TOPIC: &str = "apply";
const SOON: Duration = Duration::from_secs(20);
const FILE: &str = "/etc/docker/daemon.json";

pub fn add(cases: &mut Cases) {
    bip::add(cases);
    containers::add(cases);
    faults::add(cases);
    forwarding::add(cases);
    guests::add(cases);
    intranet::add(cases);
    keepers::add(cases);
    links::add(cases);
    pick::add(cases);
    routes::add(cases);
    settings::add(cases);
    meanwhile::add(cases);
    ssh::add(cases);
}

/// What `dnetctl … --apply --yes` did: the change is committed, and nothing is left of what would have undone it.
#[track_caller]
fn commits(host: &Host, arguments: &[&str]) -> Report {
    let report = host.told(&[arguments, &["--apply", "--yes"]].concat());
    assert_eq!((report.exit, outcome(&report)), (0, "committed"), "{report}\n{}", report.stderr);
    rests(host);
    report
}

/// The change failed, and the host is as it was.
#[track_caller]
fn is_undone(output: Output) -> Report {
    let json: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output}"));
    let report = Report { exit: output.status, json, stderr: output.stderr };
    assert_eq!((report.exit, outcome(&report)), (4, "rolled-back"), "{report}\n{}", report.stderr);
    report
}

#[track_caller]
fn outcome(report: &Report) -> &str {
    report.json["applied"]["outcome"].as_str().unwrap_or("nothing applied")
}

/// No unit, no timer and no copy of the program wait for the next boot; what is kept is for root alone.
#[track_caller]
fn rests(host: &Host) {
    // A reload for another's sake (netplan's, say) has systemd know our unit until the next one.
    host.ok("systemctl daemon-reload");
    let units =
        host.ok("find /etc/systemd /run/systemd -name '*dnetctl*'; systemctl list-units --all --no-legend 'dnetctl-*'");
    assert_eq!(units.trim(), "", "left behind");
    let open = host.ok("find /var/lib/dnetctl -type f -perm /077; find /var/lib/dnetctl -type d ! -perm 700; ls /var/lib/dnetctl/dnetctl 2> /dev/null; true");
    assert_eq!(open.trim(), "", "open to others, or left behind");
}

#[track_caller]
fn rolls_back(host: &Host) {
    let output = host.dnetctl(&["rollback", "--yes"]);
    assert!(output.succeeded(), "rollback: {output}");
    rests(host);
}

/// Whether the web server of a machine answers the host, or a container in its own network namespace.
fn fetches(host: &Host, container: Option<&str>, machine: &str) -> bool {
    let from = container.map(|name| format!("nsenter -t $(docker inspect -f '{{{{.State.Pid}}}}' {name}) -n "));
    let get = format!("curl -sf -m 5 http://{machine}/");
    host.sh(&format!("{}{get} | grep -q served", from.unwrap_or_default())).succeeded()
}

/// How many journals there are.
fn journals(host: &Host) -> usize {
    host.sh("ls /var/lib/dnetctl/journals/*.jsonl 2> /dev/null").stdout.lines().count()
}

/// A host at 10.0.0.2 with a way out, and its engine stopped.
fn behind_a_gateway(lab: &Lab, host: HostBuilder) -> (Fabric, Host) {
    let fabric = lab.fabric();
    fabric.gateway("10.0.0.1/24");
    let host = host.on(&fabric, "eth0", "10.0.0.2/24").default_via("10.0.0.1").resolver("10.0.0.1");
    (fabric, host.boot())
}
