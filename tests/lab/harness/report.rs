//! What `dnetctl diagnose -o json` said, read loosely.

use super::{Host, Output};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

#[derive(Clone, Debug)]
pub struct Report {
    /// The exit code.
    pub exit: i32,
    pub json: Value,
    pub stderr: String,
}

impl Report {
    #[track_caller]
    pub(super) fn new(output: &Output) -> Self {
        let json =
            serde_json::from_str(&output.stdout).unwrap_or_else(|e| panic!("not one JSON document: {e}\n{output}"));
        Self { exit: output.status, json, stderr: output.stderr.clone() }
    }

    /// Every finding's evidence holds on the host.
    #[track_caller]
    pub(super) fn prove(&self, host: &Host) {
        let wrong = self.unproved(host);
        assert!(wrong.is_empty(), "evidence that does not hold on {}:\n{}", host.engine(), wrong.join("\n"));
    }

    /// Runs every finding's evidence on the host, as root: what it `says` must be what `shown_by` shows. Returns what is not.
    pub fn unproved(&self, host: &Host) -> Vec<String> {
        let mut wrong = Vec::new();
        for finding in self.findings() {
            for evidence in finding["evidence"].as_array().into_iter().flatten() {
                let (command, says) = (text(&evidence["shown_by"]), text(&evidence["says"]));
                let shown = host.sh(&command).text();
                if !shown.contains(&says) {
                    let check = text(&finding["check"]);
                    wrong.push(format!("{check}: `{command}` does not say\n    {says}\n  but\n{shown}"));
                }
            }
        }
        wrong
    }

    pub fn findings(&self) -> impl Iterator<Item = &Value> {
        self.json["findings"].as_array().into_iter().flatten()
    }

    /// The findings of one check, in the report's order.
    pub fn findings_of(&self, check: &str) -> Vec<&Value> {
        self.findings().filter(|f| f["check"] == check).collect()
    }

    /// The one finding of that check.
    #[track_caller]
    pub fn finding(&self, check: &str) -> &Value {
        let found = self.findings_of(check);
        assert!(found.len() == 1, "{} findings of {check}, not one\n{self}", found.len());
        found[0]
    }

    /// `check: message` of every warning and error.
    pub fn findings_above_info(&self) -> Vec<String> {
        let above = self.findings().filter(|f| f["severity"] != "info");
        above.map(|f| format!("{}: {}", text(&f["check"]), text(&f["message"]))).collect()
    }

    /// The checks that have a finding above info.
    pub fn failed(&self) -> BTreeSet<String> {
        self.with_status("fail")
    }

    /// `pass`, `fail`, `skipped`, `hidden` or `not-applicable`.
    #[track_caller]
    pub fn status(&self, check: &str) -> &str {
        let entry = self.checks().find(|c| c["id"] == check);
        entry
            .and_then(|c| c["status"].as_str())
            .unwrap_or_else(|| panic!("the report does not mention {check}\n{self}"))
    }

    /// Every check that the report mentions, in its order.
    pub fn check_ids(&self) -> Vec<String> {
        self.checks().map(|c| text(&c["id"])).collect()
    }

    /// Why a check could not be judged.
    pub fn reason(&self, check: &str) -> String {
        self.checks().find(|c| c["id"] == check).map(|c| text(&c["reason"])).unwrap_or_default()
    }

    pub fn with_status(&self, status: &str) -> BTreeSet<String> {
        self.checks().filter(|c| c["status"] == status).map(|c| text(&c["id"])).collect()
    }

    fn checks(&self) -> impl Iterator<Item = &Value> {
        self.json["checks"].as_array().into_iter().flatten()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of thirty checks the few that say something.
        let mut json = self.json.clone();
        if let Some(checks) = json["checks"].as_array_mut() {
            checks.retain(|check| check["status"] != "pass" && check["status"] != "not-applicable");
        }
        write!(f, "exit {}\n{json:#}", self.exit)
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
