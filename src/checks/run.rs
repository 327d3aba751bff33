//! Runs checks over a host and lets causes hide their consequences.

#[cfg(feature = "internals")]
use std::cell::OnceCell;

use super::{Applies, Check, Scene};
#[cfg(feature = "internals")]
use super::{CHECKS, Options, Shared};
use crate::finding::{Finding, Findings, Severity};
use crate::host::Missing;
#[cfg(feature = "internals")]
use crate::host::Snapshot;
#[cfg(feature = "internals")]
use crate::path::trace::Tracer;
use crate::text::{Text, text};

/// Which checks to run: a check left out neither fires nor hides others.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Empty: all.
    pub only: Vec<String>,
    pub skip: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Pass,
    /// A finding above info.
    Fail,
    /// Could not be judged, or not whole.
    Skipped,
    /// All it found above info is explained by another check's finding.
    Hidden,
    NotApplicable,
}

/// A finding as told: shown, or hidden behind its cause.
#[derive(Clone, Debug)]
pub struct Told {
    pub finding: Finding,
    /// The check whose finding explains this one.
    pub hidden_by: Option<&'static str>,
    /// Checks whose findings this one explains.
    pub explains: Vec<&'static str>,
}

/// What one check said of one host.
#[derive(Clone)]
pub struct Outcome {
    pub check: &'static Check,
    pub status: Status,
    /// Why it was skipped, hidden or not applicable; of one that failed, what it could not judge besides.
    pub reason: Option<Text>,
    pub findings: Vec<Told>,
    /// What the check missed, by fact.
    pub missing: Vec<Missing>,
}

/// All checks over one host.
#[derive(Clone)]
pub struct Judged {
    /// As the report names it: hosts with one name get `#2`, `#3`.
    pub host: String,
    pub outcomes: Vec<Outcome>,
}

impl Selection {
    fn has(&self, id: &str) -> bool {
        (self.only.is_empty() || self.only.iter().any(|only| only == id)) && !self.skip.iter().any(|skip| skip == id)
    }
}

/// Runs `checks` over one host.
pub fn judge(name: &str, scene: &Scene, checks: &[&'static Check], selection: &Selection) -> Judged {
    let mut outcomes: Vec<Outcome> =
        checks.iter().filter(|check| selection.has(check.id)).map(|check| run_one(check, scene)).collect();
    hide(&mut outcomes);
    for outcome in &mut outcomes {
        settle(outcome);
    }
    Judged { host: name.to_owned(), outcomes }
}

/// Runs every check over one host, which `tracer` is made of; gives how many findings there are. For benches.
#[cfg(feature = "internals")]
pub fn judge_all<'a>(host: &'a Snapshot, options: &'a Options, tracer: Tracer<'a>) -> usize {
    let shared = Shared { fib: OnceCell::from(Ok(tracer.fib.clone())), tracer: OnceCell::from(Ok(tracer)) };
    let scene = Scene { host, others: &[], options, shared: &shared };
    let judged = judge(&host.name, &scene, CHECKS, &Selection::default());
    judged.outcomes.iter().map(|outcome| outcome.findings.len()).sum()
}

fn run_one(check: &'static Check, scene: &Scene) -> Outcome {
    let mut outcome = Outcome { check, status: Status::Pass, reason: None, findings: Vec::new(), missing: Vec::new() };
    if let Applies::No(why) = (check.applies)(scene) {
        outcome.status = Status::NotApplicable;
        outcome.reason = Some(why);
        return outcome;
    }
    let mut findings = Findings::default();
    if let Err(missing) = (check.run)(scene, &mut findings) {
        findings.lacks(missing);
    }
    let Findings { mut found, missing } = findings;
    found.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.subject.cmp(&b.subject)));
    outcome.findings =
        found.into_iter().map(|finding| Told { finding, hidden_by: None, explains: Vec::new() }).collect();
    outcome.missing = if scene.host.profile.files_only { missing.into_iter().map(in_files).collect() } else { missing };
    outcome
}

/// On a mounted disk nobody looks for what runs: that says more than the name of the fact.
fn in_files(missing: Missing) -> Missing {
    if missing != Missing::not_collected(missing.fact) {
        return missing;
    }
    Missing { why: text!("files alone (--root) do not show it", "仅凭文件（--root）无法得知"), ..missing }
}

/// Marks findings that another check's visible or hidden finding explains, per subject. Info findings explain nothing.
fn hide(outcomes: &mut [Outcome]) {
    let mut links: Vec<(usize, usize, usize, usize)> = Vec::new();
    for (c, consequence) in outcomes.iter().enumerate() {
        for (f, told) in consequence.findings.iter().enumerate() {
            let cause = outcomes
                .iter()
                .enumerate()
                .filter(|(_, cause)| consequence.check.hidden_by.contains(&cause.check.id))
                .find_map(|(o, cause)| {
                    cause.findings.iter().position(|by| explains(&by.finding, &told.finding)).map(|i| (o, i))
                });
            if let Some((o, i)) = cause {
                links.push((c, f, o, i));
            }
        }
    }
    for (c, f, o, i) in links {
        let hidden = outcomes[c].check.id;
        outcomes[c].findings[f].hidden_by = Some(outcomes[o].check.id);
        let explains = &mut outcomes[o].findings[i].explains;
        if !explains.contains(&hidden) {
            explains.push(hidden);
            explains.sort_unstable();
        }
    }
}

/// Whether a finding of a check that another yields to explains that one's finding.
pub fn explains(cause: &Finding, consequence: &Finding) -> bool {
    cause.severity > Severity::Info
        // A milder cause would take the consequence's weight out of the exit code.
        && cause.severity >= consequence.severity
        && cause.touches.iter().any(|thing| consequence.touches.contains(thing))
}

fn settle(outcome: &mut Outcome) {
    if outcome.status == Status::NotApplicable {
        return;
    }
    let above_info = |told: &&Told| told.finding.severity > Severity::Info;
    let visible = outcome.findings.iter().filter(above_info).any(|told| told.hidden_by.is_none());
    let hidden = outcome.findings.iter().filter(above_info).find_map(|told| told.hidden_by);
    if visible {
        outcome.status = Status::Fail;
        outcome.reason = (!outcome.missing.is_empty()).then(|| joined(&outcome.missing));
    } else if let Some(cause) = hidden {
        outcome.status = Status::Hidden;
        outcome.reason = Some(text!("explained by {cause}", "已由 {cause} 解释"));
    } else if !outcome.missing.is_empty() {
        outcome.status = Status::Skipped;
        outcome.reason = Some(joined(&outcome.missing));
    } else {
        outcome.status = Status::Pass;
    }
}

fn joined(missing: &[Missing]) -> Text {
    let mut whys: Vec<&Text> = missing.iter().map(|missing| &missing.why).collect();
    whys.dedup();
    let en: Vec<&str> = whys.iter().map(|why| why.en.as_str()).collect();
    let zh: Vec<&str> = whys.iter().map(|why| why.zh.as_str()).collect();
    Text { en: en.join("; "), zh: zh.join("；") }
}
