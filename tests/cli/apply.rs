//! `--apply` as far as it goes without changing anything: what is refused, and what a plan says. tests/lab carries plans out.

use std::os::unix::process::CommandExt;

use serde_json::Value;

use super::bad_input::refused;
use super::schema::report_is_valid;
use super::{dnetctl, host, run, stderr, stdout};

#[test]
fn a_change_is_for_this_host_and_needs_somebody_who_answers() {
    let snapshot = host("healthy");
    for command in ["diagnose", "fix-routes", "gwbridge"] {
        refused(&[command, "--apply", "--yes", "--from", &snapshot], "--from is about another one", Some("--apply"));
        refused(&[command, "--apply", "--yes", "--root", "/"], "--root is about another one", Some("--apply"));
        refused(&[command, "--apply"], "no terminal to ask on", Some("--apply"));
        refused(&[command, "--yes"], "--apply is missing", Some("--apply"));
        refused(&[command, "--confirm-within", "60"], "--apply is missing", Some("--apply"));
        refused(
            &[command, "--apply", "--confirm-within", "5"],
            "no value for --confirm-within",
            Some("--confirm-within"),
        );
        refused(&[command, "--allow", "anything"], "it takes one of: disruptive", Some("--allow"));
    }
}

#[test]
fn who_is_not_root_only_looks() {
    let mut command = dnetctl();
    command.args(["diagnose", "--apply", "--yes", "-o", "json"]);
    if nix::unistd::geteuid().is_root() {
        command.uid(65534);
    }
    let output = command.output().expect("runs");
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    report_is_valid(&report);
    assert_eq!(report["error"]["kind"], "refused");
    assert!(report["error"]["message"].as_str().is_some_and(|said| said.contains("must run as root")), "{report}");
}

#[test]
fn a_plan_says_what_would_be_done_and_what_not() {
    let snapshot = host("26.1-bip-network-address");
    let output = run(&["diagnose", "-o", "json", "--from", &snapshot]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    report_is_valid(&report);
    assert_eq!(report["applied"], Value::Null);
    let plan = &report["plans"][0];
    assert_eq!(plan["host"], report["hosts"][0]["name"]);
    // A snapshot does not hold the bytes that an edit starts from.
    assert!(plan["steps"].as_array().is_some_and(Vec::is_empty), "{plan:#}");
    assert!(plan["left_out"][0]["what"].as_str().is_some_and(|what| what.contains("bip")), "{plan:#}");
    let remedies = report["findings"][0]["remedies"].as_array().expect("remedies");
    assert!(remedies.iter().any(|remedy| remedy["proved"] == true), "{remedies:#?}");
}

#[test]
fn fix_routes_is_about_routes() {
    let snapshot = host("healthy");
    let only = |option: &str| run(&["fix-routes", option, "ip-forward-off", "--from", &snapshot]);
    for option in ["--only", "--require"] {
        assert!(stderr(&only(option)).contains("is no check of routes"), "{option}");
    }
    let told = run(&["fix-routes", "--from", &snapshot]);
    assert_eq!(told.status.code(), Some(0), "{}", stdout(&told));
    let report = run(&["fix-routes", "-o", "json", "--from", &snapshot]);
    let report: Value = serde_json::from_slice(&report.stdout).expect("one JSON document");
    report_is_valid(&report);
    assert!(report["checks"].as_array().is_some_and(|checks| checks.len() == 8), "{:#}", report["checks"]);
}

#[test]
fn routes_are_added_as_they_are_said() {
    let snapshot = host("healthy");
    for said in [
        "10.9.0.0/16",
        "10.9.0.0/16 via web",
        "10.9.0.0/16 via fd00::1",
        "0.0.0.0/0 via 10.0.0.1",
        "10.9.0.0/16 via 10.0.0.1 dev",
    ] {
        refused(&["fix-routes", "--from", &snapshot, "--add", said], "--add takes CIDR via GATEWAY", Some("--add"));
    }
    let two = run(&["fix-routes", "--from", &snapshot, "--from", &snapshot, "--add", "10.9.0.0/16 via 10.0.0.1"]);
    assert!(stderr(&two).contains("--add is for one host"), "{}", stderr(&two));
    let far = run(&["fix-routes", "--from", &snapshot, "--add", "10.9.0.0/16", "via", "203.0.113.9"]);
    assert_eq!(far.status.code(), Some(2));
    assert!(stderr(&far).contains("it cannot be the next hop"), "{}", stderr(&far));
}

#[test]
fn a_route_that_is_asked_for_is_planned_once() {
    let snapshot = host("26.1-corporate-route");
    let facts: Value = serde_json::from_str(&std::fs::read_to_string(&snapshot).expect("the fixture")).expect("JSON");
    let routes = facts["routes"]["known"]["value"].as_array().expect("routes");
    let via = routes.iter().find_map(|route| route["next_hops"][0]["via"].as_str()).expect("a gateway");
    let plan = |args: &[&str]| {
        let output = run(&[&["fix-routes", "-o", "json", "--from", &snapshot, "--add"], args].concat());
        let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
        report_is_valid(&report);
        report["plans"][0].clone()
    };
    for words in [&["10.231.0.0/16", "via", via][..], &[&format!("10.231.0.0/16 via {via}")]] {
        let plan = plan(words);
        let commands = plan["steps"][0]["commands"][0].as_str().unwrap_or_default().to_owned();
        assert!(commands.contains(&format!("ip route add 10.231.0.0/16 via {via}")), "{plan:#}");
        assert!(plan["steps"][0]["undo"][0].as_str().is_some_and(|undo| undo.contains("ip route del")), "{plan:#}");
    }
}
