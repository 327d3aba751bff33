//! What dnetctl says of a node, and what it does about it.

use super::site::Swarm;
use crate::cases::networks::{commands, healthy};
use crate::harness::{Host, Photo, Report};
use serde_json::Value;

/// `diagnose` names that check first, and it is an error.
#[track_caller]
pub fn blames(host: &Host, check: &str) -> Report {
    let report = host.diagnose();
    let first = report.findings().next();
    assert!(first.is_some_and(|f| f["check"] == check && f["severity"] == "error"), "{check} first?\n{report}");
    assert_eq!(report.exit, 1, "{report}");
    report
}

/// What `dnetctl … --apply --yes` did: the change is committed.
#[track_caller]
pub fn applies(host: &Host, arguments: &[&str]) -> Report {
    let report = host.told(&[arguments, &["--apply", "--yes"]].concat());
    assert_eq!(
        (report.exit, report.json["applied"]["outcome"].as_str()),
        (0, Some("committed")),
        "{report}\n{}",
        report.stderr
    );
    report
}

/// Rolled back, the node is as it was: its tasks are others by then, and the ingress network comes when it likes.
#[track_caller]
pub fn rolls_back(host: &Host, before: &Photo) {
    let output = host.dnetctl(&["rollback", "--yes"]);
    assert!(output.succeeded(), "rollback: {output}");
    before.same(&photo(host), "rolled back");
}

#[track_caller]
pub fn photo(host: &Host) -> Photo {
    // A worker lists an overlay as long as a task on it is here, or tries to be. firewalld writes a zone's file once it is changed for good, and keeps the
    // one before.
    host.photo().without(&["container web.", "network ingress", "network across", "/etc/firewalld/zones/public.xml"])
}

/// The commands of the remedy that `having` stands in, in one shell of that node.
#[track_caller]
pub fn carry_out(host: &Host, finding: &Value, having: &str) {
    host.ok(&format!("set -e\n{}", commands(finding, having).join("\n")));
}

/// Replicas on both nodes reach each other, and nothing is said of either node.
#[track_caller]
pub fn all_is_well(swarm: &Swarm) {
    swarm.carries();
    for host in swarm.nodes() {
        healthy(host);
    }
}
