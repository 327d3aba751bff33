//! `--root`: the files of a host mounted elsewhere, and a fault in one of them shown in its place.

use std::fs;
use std::path::Path;

use super::{run, stderr, stdout};

/// A host with docker-ce 28.5.2 and this daemon.json.
fn mounted(daemon_json: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    };
    write("etc/docker/daemon.json", daemon_json);
    write(
        "var/lib/dpkg/status",
        "Package: docker-ce\nStatus: install ok installed\nVersion: 5:28.5.2-1~debian.12~bookworm\n\n",
    );
    dir
}

fn diagnose(root: &Path, options: &[&str]) -> (String, Option<i32>) {
    let output = run(&[&["diagnose", "--root", &root.to_string_lossy()], options].concat());
    assert_eq!(stderr(&output), "");
    (stdout(&output), output.status.code())
}

#[test]
fn a_fault_is_shown_in_its_line_with_a_caret_and_no_secret() {
    let host = mounted("{\n\t\"http-proxy\": \"http://me:hunter2@proxy\", \"bip\": \"172.17.0.0/16\"\n}\n");
    for lang in ["en", "zh"] {
        let (report, code) = diagnose(host.path(), &["--lang", lang]);
        assert_eq!(code, Some(1), "{report}");
        let lines: Vec<&str> = report.lines().collect();
        let at = lines.iter().position(|line| line.trim() == "--> /etc/docker/daemon.json:2:50").expect("the place");
        let column = lines[at + 3].find('^').expect("a caret");
        assert!(lines[at + 2][column..].starts_with("\"172.17.0.0/16\""), "{report}");
        assert!(!report.contains("hunter2"), "{report}");
    }
    for command in [&["diagnose", "-o", "json"][..], &["diagnose", "-o", "short", "-v"], &["snapshot"]] {
        let root = host.path().to_string_lossy().into_owned();
        assert!(!stdout(&run(&[command, &["--root", &root]].concat())).contains("hunter2"), "{command:?}");
    }
}

#[test]
fn a_file_that_does_not_parse_yields_one_finding() {
    let host = mounted("{\n  \"bip\": \"172.17.0.0/16\"\n  \"debug\": true\n}\n");
    let (report, code) = diagnose(host.path(), &["-o", "short"]);
    assert_eq!(code, Some(1));
    assert_eq!(report.lines().count(), 1, "{report}");
    assert!(report.contains(": error daemon-json-invalid /etc/docker/daemon.json: "), "{report}");
}

#[test]
fn what_files_do_not_show_is_one_reason() {
    let host = mounted("{}\n");
    let (report, code) = diagnose(host.path(), &[]);
    assert_eq!(code, Some(0), "{report}");
    assert!(report.contains("Not judged: files alone (--root) do not show it ("), "{report}");
    assert!(!report.contains("not collected"), "{report}");
}

#[test]
fn a_file_in_order_yields_none() {
    let host = mounted("{ \"bip\": \"172.17.0.1/16\" }\n");
    let (report, code) = diagnose(host.path(), &[]);
    assert_eq!(code, Some(0));
    assert!(report.starts_with("Docker networking is in order as far as it could be judged"), "{report}");
}
