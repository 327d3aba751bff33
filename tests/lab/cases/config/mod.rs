//! The engine's configuration: a host broken each way, what its engine makes of that, what dnetctl says of it, and the nearest
//! host that is in order.

mod bip;
mod default_bridge;
mod file;
mod flags;
mod keys;
mod later;
mod pools;
mod printed;
mod start;

use crate::harness::{Cases, Engine, Host, Report};
use serde_json::Value;

pub fn add(cases: &mut Cases) {
    file::add(cases);
    keys::add(cases);
    flags::add(cases);
    bip::add(cases);
    default_bridge::add(cases);
    later::add(cases);
    pools::add(cases);
    printed::add(cases);
    start::add(cases);
}

const FILE: &str = "/etc/docker/daemon.json";
const DROP_IN: &str = "/etc/systemd/system/docker.service.d/10-network.conf";

const CHECKS: [&str; 15] = [
    "engine-failed",
    "daemon-json-invalid",
    "daemon-json-unknown-key",
    "flag-and-file-conflict",
    "docker-opts-ignored",
    "config-not-applied",
    "bip-not-a-host-address",
    "bip-unusable",
    "fixed-cidr-outside-bip",
    "default-gateway-outside-bip",
    "bridge-setting-unusable",
    "address-pools-invalid",
    "pool-blocked-by-route",
    "pool-exhausted",
    "docker0-differs-from-bip",
];

/// What dnetctl is to say of a fault.
struct Fault<'a> {
    check: &'a str,
    subject: &'a str,
    /// Parts of the message.
    says: &'a [&'a str],
}

/// The engine does not start with this daemon.json, in these words, and dnetctl names the one cause.
#[track_caller]
fn refused(host: &Host, json: &str, engine_says: &str, fault: &Fault) -> Report {
    host.write(FILE, json);
    fails(host, json, engine_says, fault)
}

/// The engine does not start as the host is now.
#[track_caller]
fn fails(host: &Host, what: &str, engine_says: &str, fault: &Fault) -> Report {
    does_not_start(host, what, engine_says);
    let report = only(host, "error", fault);
    assert_eq!(report.status("engine-failed"), "hidden", "{report}");
    assert_eq!(report.finding(fault.check)["explains"], serde_json::json!(["engine-failed"]), "{report}");
    report
}

/// The engine does not start, and says so. On a busy machine the journal now and then loses the words of a process that is gone before it
/// has looked whose they are; the next attempt says them again.
#[track_caller]
fn does_not_start(host: &Host, what: &str, engine_says: &str) {
    let mut logs = Vec::new();
    for _ in 0..3 {
        let Err(log) = host.restart_docker() else { panic!("{} starts with {what}", host.engine()) };
        if log.contains(engine_says) {
            return;
        }
        logs.push(log);
    }
    panic!("{} says of {what}:\n{}", host.engine(), logs.join("---\n"));
}

/// dnetctl finds this and nothing else above info; `diagnose` itself proves the evidence.
#[track_caller]
fn only(host: &Host, severity: &str, fault: &Fault) -> Report {
    // The journal is written behind the engine's back.
    host.ok("journalctl --sync");
    let report = host.diagnose();
    assert_eq!(report.findings_above_info().len(), 1, "{report}");
    let finding = report.finding(fault.check);
    assert_eq!((&finding["severity"], &finding["subject"]), (&severity.into(), &fault.subject.into()), "{report}");
    let message = finding["message"].as_str().expect("a message");
    for part in fault.says {
        assert!(message.contains(part), "no `{part}` in: {message}");
    }
    assert_ne!(finding["message_zh"], finding["message"]);
    assert_eq!(report.exit, i32::from(severity == "error"), "{report}");
    assert_eq!(report.status(fault.check), "fail");
    let remedies = finding["remedies"].as_array().expect("remedies");
    assert!(!remedies.is_empty() && remedies.iter().all(|remedy| !commands(remedy).is_empty()), "{finding:#}");
    report
}

fn commands(remedy: &Value) -> Vec<&str> {
    remedy["commands"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Runs the commands of the remedy whose title holds that word, as printed. Then the host is in order.
#[track_caller]
fn mended(host: &Host, report: &Report, check: &str, title: &str) {
    let finding = report.finding(check);
    let remedies = finding["remedies"].as_array().expect("remedies");
    let remedy = remedies.iter().find(|remedy| remedy["title"].as_str().is_some_and(|said| said.contains(title)));
    let script = commands(remedy.unwrap_or_else(|| panic!("no `{title}`: {finding:#}"))).join("\n");
    let output = host.run(&["sh", "-e", "-c", &script]);
    assert!(output.succeeded(), "{script}\n{output}");
    assert_eq!(host.unit_state("docker.service"), "active", "after:\n{script}");
    in_order(host);
}

/// The engine starts with this daemon.json, and nothing is wrong.
#[track_caller]
fn accepted(host: &Host, json: &str) {
    host.write(FILE, json);
    starts(host, json);
    in_order(host);
}

#[track_caller]
fn starts(host: &Host, what: &str) {
    if let Err(log) = host.restart_docker() {
        panic!("{} does not start with {what}:\n{log}", host.engine());
    }
}

/// Nothing above info, every check of the configuration judged, and nothing said to be not in effect.
#[track_caller]
fn in_order(host: &Host) {
    let report = host.diagnose();
    assert!(report.findings_above_info().is_empty() && report.exit == 0, "{report}");
    assert!(report.findings_of("config-not-applied").is_empty(), "{report}");
    for check in CHECKS {
        assert_eq!(report.status(check), "pass", "{}", report.reason(check));
    }
}

/// A drop-in that starts the engine with these flags behind those of the package.
fn exec_start(flags: &str) -> String {
    format!(
        "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock {flags}\n"
    )
}

/// Writes a drop-in and lets systemd read it.
#[track_caller]
fn drop_in(host: &Host, text: &str) {
    host.write(DROP_IN, text);
    host.ok("systemctl daemon-reload");
}

/// How the engine calls the default bridge network in its errors.
fn default_bridge(engine: Engine) -> &'static str {
    if engine == Engine::V20 {
        "Error creating default \"bridge\" network"
    } else {
        "error creating default \"bridge\" network"
    }
}
