//! One clear sentence, exit code 2, nothing on standard output; with `-o json` the error document and nothing else.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{dnetctl, host, run, stderr, stdout};

/// Arguments, a part of the sentence, `where` of the error document.
type Case<'a> = (&'a [&'a str], &'a str, Option<&'a str>);

const SECONDS: &str = "no value for --timeout; it takes whole seconds, from 1 to 3600";

pub fn refused(args: &[&str], says: &str, place: Option<&str>) {
    let plain = run(args);
    let said = stderr(&plain);
    assert_eq!(plain.status.code(), Some(2), "{args:?}: {said}");
    assert_eq!(stdout(&plain), "", "{args:?}");
    assert!(said.starts_with("dnetctl: ") && said.contains(says), "{args:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{args:?}: {said}");

    let chinese = dnetctl().args(args).args(["--lang", "zh"]).output().expect("the program starts");
    let is_chinese = |said: &str| said.chars().any(|c| ('\u{4e00}'..'\u{9fff}').contains(&c));
    assert!(is_chinese(&stderr(&chinese)), "{args:?}: {}", stderr(&chinese));

    let json = dnetctl().args(["-o", "json"]).args(args).output().expect("the program starts");
    assert_eq!(json.status.code(), Some(2), "{args:?}");
    assert_eq!(stderr(&json), "", "{args:?}");
    let document: Value = serde_json::from_slice(&json.stdout).expect("one JSON document");
    super::schema::report_is_valid(&document);
    let error = &document["error"];
    assert!(error["message"].as_str().expect("a sentence").contains(says), "{args:?}: {error}");
    assert!(is_chinese(error["message_zh"].as_str().expect("a sentence")), "{args:?}: {error}");
    if let Some(place) = place {
        assert_eq!(error["where"], place, "{args:?}");
    }
}

#[test]
fn the_command_line() {
    let web1 = host("healthy");
    let web2 = host("lan-overlap");
    let (web1, web2) = (web1.as_str(), web2.as_str());
    let cases: &[Case] = &[
        (&[], "a command is missing", None),
        (&["diagnos"], "there is no command \"diagnos\"; did you mean diagnose?", None),
        (&["fix-route"], "there is no command \"fix-route\"; did you mean fix-routes?", None),
        (&["diagnose", "--outptu"], "there is no option --outptu; did you mean --output?", Some("--outptu")),
        (&["diagnose", "surplus"], "\"surplus\" is one argument too many", None),
        (&["diagnose", "--only"], "--only needs a value", Some("--only")),
        (&["diagnose", "--fail-on", "loud"], "it takes one of: error, warning, info", Some("--fail-on")),
        (&["diagnose", "--color", "blue"], "it takes one of: auto, always, never", Some("--color")),
        (&["diagnose", "--timeout", "0"], SECONDS, Some("--timeout")),
        (&["diagnose", "--timeout", "-1"], SECONDS, Some("--timeout")),
        (&["diagnose", "--timeout", "0.1"], SECONDS, Some("--timeout")),
        (&["diagnose", "--timeout", "99999999999999999999"], SECONDS, Some("--timeout")),
        (&["diagnose", "--timeout", "soon"], SECONDS, Some("--timeout")),
        (&["diagnose", "--only", "network-overlaps-lam"], "did you mean network-overlaps-lan?", Some("--only")),
        (&["diagnose", "--skip", "docker-networks-overlap,x"], "there is no check \"x\"", Some("--skip")),
        (&["diagnose", "--require", "zzzzzzzz"], "`dnetctl checks` lists them", Some("--require")),
        (&["explain", "network-overlap-lan"], "did you mean network-overlaps-lan?", None),
        (&["explain"], "is missing", None),
        (&["completions", "tcsh"], "it takes one of: bash, zsh, fish", None),
        (
            &["diagnose", "--only", "network-overlaps-lan", "--skip", "network-overlaps-lan"],
            "contradict",
            Some("--only"),
        ),
        (
            &["diagnose", "--require", "network-overlaps-lan", "--skip", "network-overlaps-lan"],
            "contradict",
            Some("--require"),
        ),
        (
            &["diagnose", "--require", "network-overlaps-lan", "--only", "docker-networks-overlap"],
            "--only leaves out",
            Some("--require"),
        ),
        (&["diagnose", "-q", "-v"], "-q cannot go together with -v", Some("-q")),
        (&["-v", "diagnose", "-q"], "-q cannot go together with -v", Some("-q")),
        (&["diagnose", "--from", web1, "--root", "/"], "--from cannot go together with --root", Some("--from")),
        (&["diagnose", "--from", web1, "-H", "unix:///x"], "--from cannot go together with -H", Some("--from")),
        (&["diagnose", "--root", "/", "-H", "unix:///x"], "cannot go together with -H", Some("--root")),
        (&["diagnose", "--mesh"], "at least two hosts", Some("--mesh")),
        (&["diagnose", "--mesh", "--from", web1], "at least two hosts", Some("--mesh")),
        (&["diagnose", "--save", "/nonexistent/x", "--from", web1, "--from", web2], "several hosts", Some("--save")),
        (&["diagnose", "--avoid", "10.0.0.0/33"], "\"10.0.0.0/33\" is no address range", Some("--avoid")),
        (&["diagnose", "--avoid", "ten"], "\"ten\" is no address range", Some("--avoid")),
        (&["diagnose", "--avoid", "10.0.0.0/8,10.20.0.5/16"], "did you mean 10.20.0.0/16?", Some("--avoid")),
        (&["diagnose", "--avoid", "fd00::1/64"], "did you mean fd00::/64?", Some("--avoid")),
        (&["diagnose", "--peer", "10.0.0.7"], "write --peer HOST=CIDR", Some("--peer")),
        (&["diagnose", "--peer", "web2=172.18.0.0/16"], "is no IP address", Some("--peer")),
        (&["diagnose", "--peer", "10.0.0.7=172.18.0.1/16"], "did you mean 172.18.0.0/16?", Some("--peer")),
        (&["diagnose", "-H", "gopher://x"], "is no engine endpoint", None),
    ];
    for (args, says, place) in cases {
        refused(args, says, *place);
    }
}

#[test]
fn snapshots_that_are_none() {
    let dir = tempfile::tempdir().expect("a directory");
    let whole = fs::read_to_string(host("healthy")).expect("a fixture");
    let file = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).expect("written");
        path.to_string_lossy().into_owned()
    };
    let cut = file("cut.json", whole[..whole.len() / 2].trim_end().as_bytes());
    let line = whole[..whole.len() / 2].trim_end().lines().count();
    let newer = file("newer.json", whole.replacen("\"schema_version\": 1", "\"schema_version\": 2", 1).as_bytes());
    let wrong = file("wrong.json", whole.replacen("\"name\": \"web1\"", "\"name\": 7", 1).as_bytes());
    let report = file("report.json", stdout(&run(&["diagnose", "--from", &host("healthy"), "-o", "json"])).as_bytes());
    let absent = dir.path().join("absent.json").to_string_lossy().into_owned();
    let folder = dir.path().to_string_lossy().into_owned();
    let cases = [
        (absent.clone(), "cannot be read: No such file".to_owned()),
        (folder, "cannot be read: Is a directory".to_owned()),
        (file("empty.json", b""), "is empty".to_owned()),
        (file("blank.json", b" \n\n"), "is empty".to_owned()),
        (cut.clone(), format!("{cut}:{line}:")),
        (cut, "the file is cut off".to_owned()),
        (file("text.json", b"eth0: 10.0.0.5/24\n"), "text.json:1:1: this is not JSON".to_owned()),
        (file("bytes.json", b"\"\xff\xfe\""), "this is not JSON".to_owned()),
        (file("zero.json", br#"{"schema_version": 0, "name": "web1"}"#), "no snapshot of dnetctl".to_owned()),
        (file("list.json", b"[1, 2]"), "no snapshot of dnetctl".to_owned()),
        (file("other.json", b"{\"bip\": \"172.17.0.1/16\"}"), "no snapshot of dnetctl".to_owned()),
        (wrong, "this is no snapshot of dnetctl: invalid type".to_owned()),
        (newer, "is a snapshot of schema 2; this dnetctl reads up to 1".to_owned()),
        (report, "is a report".to_owned()),
    ];
    for (path, says) in &cases {
        refused(&["diagnose", "--from", path], says, None);
        // One that cannot be used spoils the run, wherever it stands.
        refused(&["diagnose", "--from", &host("healthy"), "--from", path], says, None);
    }
}

#[test]
fn roots_and_saves_that_cannot_be() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let file = dir.path().join("file");
    fs::write(&file, "x").expect("written");
    let empty = dir.path().join("empty");
    fs::create_dir(&empty).expect("made");
    refused(&["diagnose", "--root", &path(&dir.path().join("absent"))], "cannot be opened", None);
    refused(&["diagnose", "--root", &path(&file)], "is not a directory", None);
    refused(&["snapshot", "--root", &path(&empty)], "holds no /etc", None);
    let nowhere = path(&dir.path().join("absent/snapshot.json"));
    refused(&["diagnose", "--from", &host("healthy"), "--save", &nowhere], "cannot be written: No such file", None);
}

#[test]
fn what_has_no_json_form_says_so() {
    for args in [&["man", "-o", "json"][..], &["completions", "bash", "-o", "json"]] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2));
        let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
        assert_eq!(document["error"]["kind"], "usage");
    }
}
