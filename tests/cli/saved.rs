//! `--save` and `--from`: the same run, judged again.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{host, run, stdout};

#[test]
fn a_kept_run_is_told_again_byte_for_byte() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("run.json");
    let path = file.to_string_lossy().into_owned();
    for options in
        [&["-o", "table", "-v"][..], &["-o", "table", "-v", "--lang", "zh"], &["-o", "short", "-v"], &["-o", "json"]]
    {
        let live = run(&[&["diagnose", "--save", &path], options].concat());
        assert_eq!(fs::metadata(&file).expect("kept").permissions().mode() & 0o777, 0o600);
        let again = run(&[&["diagnose", "--from", &path], options].concat());
        assert!(!live.stdout.is_empty() || options.contains(&"short"));
        assert_eq!(stdout(&live), stdout(&again), "{options:?}");
        assert_eq!(live.status.code(), again.status.code());
    }
}

#[test]
fn what_is_kept_is_what_snapshot_prints() {
    let dir = tempfile::tempdir().expect("a directory");
    let (first, second) = (dir.path().join("1.json"), dir.path().join("2.json"));
    let path = |path: &std::path::Path| path.to_string_lossy().into_owned();
    run(&["diagnose", "--save", &path(&first)]);
    run(&["diagnose", "--from", &path(&first), "--save", &path(&second)]);
    assert_eq!(fs::read(&first).expect("kept"), fs::read(&second).expect("kept"), "nothing is lost by reading it");
}

#[test]
fn hosts_of_one_name_are_told_apart() {
    let file = host("lan-overlap");
    let output = stdout(&run(&["diagnose", "-o", "short", "--from", &file, "--from", &file]));
    let hosts: Vec<&str> = output.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(hosts, ["web2", "web2#2"]);
}
