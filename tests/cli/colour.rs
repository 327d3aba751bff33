//! Colour only where a terminal wants it.

use std::process::Command;

use super::{dnetctl, host, run, stdout};

const ESCAPE: char = '\x1b';

#[test]
fn a_pipe_gets_no_colour_unless_told() {
    let file = host("lan-overlap");
    assert!(!stdout(&run(&["diagnose", "--from", &file])).contains(ESCAPE));
    assert!(stdout(&run(&["diagnose", "--from", &file, "--color", "always"])).contains(ESCAPE));
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let asked = dnetctl().env(name, value).args(["diagnose", "--from", &file, "--color", "always"]).output();
        assert!(stdout(&asked.expect("runs")).contains(ESCAPE), "--color always outranks {name}");
    }
    for format in ["short", "json"] {
        let output = run(&["diagnose", "--from", &file, "--color", "always", "-o", format]);
        assert!(!stdout(&output).contains(ESCAPE), "{format} has no colour");
    }
}

/// What the program prints on a terminal that script(1) makes.
fn on_a_terminal(environment: &[(&str, &str)], options: &str) -> String {
    let file = host("lan-overlap");
    let program = env!("CARGO_BIN_EXE_dnetctl");
    let mut command = Command::new("script");
    command.args(["-qec", &format!("'{program}' diagnose --from '{file}' {options}"), "/dev/null"]);
    command.env_remove("NO_COLOR").env_remove("COLUMNS").env("TERM", "xterm").env("LC_ALL", "C");
    command.envs(environment.iter().copied());
    let output = command.stdin(std::process::Stdio::null()).output().expect("script(1) of util-linux");
    let text = stdout(&output);
    assert!(text.contains("network-overlaps-lan"), "{text}");
    text
}

#[test]
fn a_terminal_gets_colour_unless_it_says_no() {
    assert!(on_a_terminal(&[], "").contains(ESCAPE));
    assert!(on_a_terminal(&[("NO_COLOR", "")], "").contains(ESCAPE), "an empty NO_COLOR says nothing (no-color.org)");
    assert!(!on_a_terminal(&[("NO_COLOR", "1")], "").contains(ESCAPE));
    assert!(!on_a_terminal(&[("TERM", "dumb")], "").contains(ESCAPE));
    assert!(!on_a_terminal(&[], "--color never").contains(ESCAPE));
}
