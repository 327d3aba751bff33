//! What is generated from the command line's own description.

use std::fs;
use std::path::Path;

use super::{dnetctl, run, stdout};

#[test]
fn the_scripts_in_the_repository_are_the_generated_ones() {
    for (shell, file) in [("bash", "dnetctl.bash"), ("zsh", "_dnetctl"), ("fish", "dnetctl.fish")] {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(file);
        let kept = fs::read_to_string(kept).expect("completions/");
        let generated = stdout(&run(&["completions", shell]));
        assert!(generated == kept, "write it anew: cargo run -- completions {shell} > completions/{file}");
    }
}

#[test]
fn the_manual_page_has_every_command() {
    let page = stdout(&run(&["man"]));
    assert!(page.contains(".TH dnetctl 1"));
    for command in
        ["DIAGNOSE", "PICK-SUBNET", "FIX-ROUTES", "TRACE", "SNAPSHOT", "CHECKS", "EXPLAIN", "COMPLETIONS", "MAN"]
    {
        assert!(page.contains(&format!(".SH \"DNETCTL {command}\"")), "{command}");
    }
    assert!(page.contains(".SH \"EXIT STATUS\""));
    assert!(page.contains("An end is container:NAME"), "how ends are written");
    for option in ["fail\\-on", "require", "avoid", "timeout"] {
        assert!(page.contains(option), "{option}");
    }
}

#[test]
fn pages_and_the_list_are_in_the_language_asked_for() {
    let locale = |name: &str, value: &str| {
        let mut command = dnetctl();
        command.env_remove("LC_ALL").env(name, value).args(["explain", "network-overlaps-lan"]);
        stdout(&command.output().expect("runs"))
    };
    let english = locale("LANG", "en_US.UTF-8");
    let chinese = locale("LANG", "zh_CN.UTF-8");
    assert_ne!(english, chinese);
    assert_eq!(locale("LC_ALL", "zh_TW.UTF-8"), chinese);
    assert_eq!(locale("LC_MESSAGES", "zh"), chinese);
    assert_eq!(locale("LC_ALL", "POSIX"), english);
    assert_eq!(stdout(&run(&["explain", "network-overlaps-lan", "--lang", "zh"])), chinese);
    let both = dnetctl().env("LC_ALL", "C").env("LC_MESSAGES", "zh_CN").env("LANG", "zh_CN").args(["checks"]).output();
    assert_eq!(stdout(&both.expect("runs")), stdout(&run(&["checks", "--lang", "en"])), "LC_ALL outranks the others");
    assert_ne!(stdout(&run(&["checks", "--lang", "en"])), stdout(&run(&["checks", "--lang", "zh"])));
}
