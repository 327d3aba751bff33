//! What goes wrong with Docker's networks on real hosts: each breakage with what it does to packets, what `diagnose` says of it, and
//! the nearest host on which nothing is wrong.

mod cloud;
mod default_route;
mod docker_overlap;
mod forwarding;
mod hides_route;
mod link_missing;
mod mesh;
mod mtu;
mod nameserver;
mod overlaps_lan;
mod pools;

use crate::harness::{Cases, Engine, Fabric, Host, HostBuilder, Lab, Report};
use serde_json::Value;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

pub fn add(cases: &mut Cases) {
    hides_route::add(cases);
    nameserver::add(cases);
    overlaps_lan::add(cases);
    cloud::add(cases);
    pools::add(cases);
    docker_overlap::add(cases);
    link_missing::add(cases);
    forwarding::add(cases);
    default_route::add(cases);
    mtu::add(cases);
    mesh::add(cases);
}

/// A host at 10.0.0.2 whose way out is the fabric at 10.0.0.1, which also has those addresses: machines behind the gateway.
pub(super) fn behind_gateway(lab: &Lab, engine: Engine, machines: &[&str]) -> (Fabric, HostBuilder) {
    let fabric = lab.fabric();
    fabric.gateway("10.0.0.1/24");
    machines.iter().for_each(|machine| {
        fabric.gateway(machine);
    });
    let host = lab.host(engine).on(&fabric, "eth0", "10.0.0.2/24").route("default via 10.0.0.1 metric 100");
    (fabric, host)
}

/// A machine of the internet, as far as a host behind [`behind_gateway`] knows.
pub(super) const INTERNET: &str = "203.0.113.7";

/// The kernels on the way answer within the sender's own time slice: half a second is long.
const PING: &str = "ping -n -c 1 -W 0.5";

pub(super) fn host_reaches(host: &Host, address: &str) -> bool {
    host.sh(&format!("{PING} {address}")).succeeded()
}

/// From the container's own network namespace.
pub(super) fn container_reaches(host: &Host, container: &str, address: &str) -> bool {
    host.sh(&format!("nsenter -t $(docker inspect -f '{{{{.State.Pid}}}}' {container}) -n {PING} {address}"))
        .succeeded()
}

/// The addresses of a link as `ip` prints them.
fn addresses(host: &Host, link: &str) -> String {
    host.ok(&format!("ip -4 -o addr show dev {link} | awk '{{print $4}}'"))
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// The one finding above info that a host has: of that check, severity and subject; the exit code goes with it.
#[track_caller]
pub(super) fn only<'a>(report: &'a Report, check: &str, severity: &str, subject: &str) -> &'a Value {
    assert_eq!(report.findings_above_info().len(), 1, "{report}");
    told(report, check, severity, subject)
}

/// That finding among others.
#[track_caller]
pub(super) fn told<'a>(report: &'a Report, check: &str, severity: &str, subject: &str) -> &'a Value {
    let found = report.findings().find(|f| f["check"] == check && f["severity"] == severity && f["subject"] == subject);
    let found = found.unwrap_or_else(|| panic!("no {severity} {check} of {subject}\n{report}"));
    assert_eq!(report.status(check), if severity == "info" { "pass" } else { "fail" }, "{report}");
    let errors = report.findings().any(|f| f["severity"] == "error");
    assert_eq!(report.exit, i32::from(errors), "{report}");
    found
}

#[track_caller]
pub(super) fn healthy(host: &Host) -> Report {
    let report = host.diagnose();
    assert!(report.findings_above_info().is_empty(), "{report}");
    assert_eq!(report.exit, 0, "{report}");
    report
}

#[track_caller]
pub(super) fn says(finding: &Value, words: &str) {
    assert!(finding["message"].as_str().is_some_and(|message| message.contains(words)), "{words}?\n{finding:#}");
}

/// The commands of a finding's remedies, of the one that `having` stands in.
#[track_caller]
pub(super) fn commands(finding: &Value, having: &str) -> Vec<String> {
    let remedies = finding["remedies"].as_array().into_iter().flatten();
    let lists = remedies.map(|remedy| {
        let commands = remedy["commands"].as_array().into_iter().flatten();
        commands.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    });
    let mut lists = lists.filter(|list| list.iter().any(|command| command.contains(having)));
    lists.next().unwrap_or_else(|| panic!("no remedy does {having}\n{finding:#}"))
}

/// Carries a remedy out as printed. What is to be written into daemon.json is said in a comment, `# in FILE: "key": value`.
#[track_caller]
pub(super) fn carry_out(host: &Host, finding: &Value, having: &str) {
    for command in commands(finding, having) {
        match command.strip_prefix("# in ").and_then(|rest| rest.split_once(": ")) {
            Some((file, member)) => host.write(file, &format!("{{{member}}}")),
            None => drop(host.ok(&command)),
        }
    }
}
