//! Readers that go away, disks that are full.

use std::fs::OpenOptions;
use std::process::Stdio;

use super::{dnetctl, host, stderr};

#[test]
fn a_reader_that_went_away_is_no_fault() {
    for args in [
        &["diagnose"][..],
        &["diagnose", "-o", "json"],
        &["checks"],
        &["man"],
        &["--help"],
        &["diagnose", "--no", "-o", "json"],
    ] {
        let mut command = dnetctl();
        command.args(args);
        if args[0] == "diagnose" {
            command.args(["--from", &host("lan-overlap")]);
        }
        let whole = command.output().expect("runs");
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = command.stdout(Stdio::from(writer)).output().expect("runs");
        assert_eq!(stderr(&output), "", "{args:?}");
        assert_eq!(output.status.code(), whole.status.code(), "{args:?}");
    }
}

#[test]
fn an_answer_that_cannot_be_written_is_told() {
    let full = OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let output = dnetctl().args(["diagnose", "--from", &host("healthy")]).stdout(full).output().expect("runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("could not be written to standard output"), "{}", stderr(&output));
}
