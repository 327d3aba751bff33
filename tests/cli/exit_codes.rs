//! docs/exit-codes.md, line by line.

use std::fs;

use super::{host, run, stderr, stdout};

fn code(args: &[&str]) -> Option<i32> {
    let output = run(args);
    assert_eq!(stderr(&output), "", "{args:?}");
    output.status.code()
}

#[test]
fn findings_count_from_fail_on() {
    let (healthy, broken) = (host("healthy"), host("lan-overlap"));
    assert_eq!(code(&["diagnose", "--from", &healthy]), Some(0));
    assert_eq!(code(&["diagnose", "--from", &healthy, "--fail-on", "warning"]), Some(0));
    assert_eq!(code(&["diagnose", "--from", &broken]), Some(1));
    assert_eq!(code(&["diagnose", "--from", &broken, "--skip", "network-overlaps-lan"]), Some(0));
    assert_eq!(code(&["diagnose", "--from", &broken, "--only", "docker-networks-overlap"]), Some(0));
    assert_eq!(code(&["diagnose", "--from", &healthy, "--from", &broken]), Some(1), "one of several is enough");
}

#[test]
fn what_could_not_be_judged_counts_when_required() {
    let dir = tempfile::tempdir().expect("a directory");
    let unseen = dir.path().join("unseen.json");
    fs::write(&unseen, "{\"schema_version\": 1, \"name\": \"unseen\"}").expect("written");
    let unseen = unseen.to_string_lossy().into_owned();
    assert_eq!(code(&["diagnose", "--from", &unseen]), Some(0));
    assert_eq!(code(&["diagnose", "--from", &unseen, "--strict"]), Some(3));
    assert_eq!(code(&["diagnose", "--from", &unseen, "--require", "network-overlaps-lan"]), Some(3));
    assert_eq!(code(&["diagnose", "--from", &host("healthy"), "--require", "network-overlaps-lan"]), Some(0));
    assert_eq!(
        code(&["diagnose", "--from", &host("lan-overlap"), "--from", &unseen, "--strict"]),
        Some(1),
        "findings outrank"
    );
    let said = stdout(&run(&["diagnose", "--from", &unseen]));
    assert!(said.contains("Not judged") && !said.contains("in order"), "{said}");
}

#[test]
fn questions_are_answered_with_0() {
    for args in [
        &["checks"][..],
        &["explain", "network-overlaps-lan"],
        &["completions", "zsh"],
        &["man"],
        &["--version"],
        &["--help"],
    ] {
        assert_eq!(code(args), Some(0), "{args:?}");
    }
}
