//! Snapshots of the lab's hosts become fixtures: `DNETCTL_LAB_RECORD=1` writes those that a case keeps to tests/fixtures/hosts,
//! with what dnetctl said of them beside; plain `cargo test` judges them again.

use super::{Host, Report};
use std::fmt::Write;
use std::path::Path;

/// Instead of the kernel of the machine that the lab happened to run on.
const KERNEL: &str = "6.1.0-28-amd64";

/// Keeps a snapshot of the host as ENGINE-NAME, where it is asked for. `about`: a sentence.
pub fn keep(host: &Host, name: &str, about: &str, healthy: bool) {
    if std::env::var_os("DNETCTL_LAB_RECORD").is_none() {
        return;
    }
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/hosts/{}-{name}.json", host.engine()));
    let snapshot = host.ok("dnetctl diagnose --save /run/kept.json -q > /run/kept.txt; cat /run/kept.json");
    let release = nix::sys::utsname::uname().expect("uname(2)").release().to_string_lossy().into_owned();
    std::fs::write(&path, narrow(&snapshot.replace(&release, KERNEL))).expect("the checkout is writable");
    let report = host.diagnose_with(&["--from", "/run/kept.json"]);
    std::fs::write(path.with_extension("toml"), said(&report, host, about, healthy)).expect("the checkout is writable");
}

/// Without the indentation, which is half of a snapshot.
fn narrow(document: &str) -> String {
    let lines: Vec<&str> = document.lines().map(str::trim_start).collect();
    lines.join("\n") + "\n"
}

fn said(report: &Report, host: &Host, about: &str, healthy: bool) -> String {
    let mut text = format!("about = {:?}\n", format!("Engine {}, recorded by tests/lab: {about}.", host.engine()));
    let _ = writeln!(text, "healthy = {healthy}\nfindings = [");
    for finding in report.findings() {
        let word = |key: &str| finding[key].as_str().unwrap_or_default();
        let _ = writeln!(text, "    {:?},", format!("{} {} {}", word("severity"), word("check"), word("subject")));
    }
    let _ = writeln!(text, "]\n\n# Every other check passes.\n[statuses]");
    for check in report.check_ids() {
        let status = report.status(&check);
        if status != "pass" {
            let _ = writeln!(text, "{check} = {status:?}");
        }
    }
    text
}
