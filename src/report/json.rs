//! The JSON report, version 1. These types are its frozen form: every key is always there, lists are sorted, and nothing
//! inside a finding changes from run to run on an unchanged host. docs/schema/report-v1.json says the same.

use serde::Serialize;

use super::gateway::{Gateway, GatewayV1};
use super::journals::{JournalV1, Record};
use super::pick::{PickV1, Picked};
use super::plan::{Applied, AppliedV1, PlanV1};
use super::trace::{TraceV1, Traced};
use super::{Host, Row, engine, rows};
use crate::checks::{Check, Outcome, Status};
use crate::exit::Refusal;
use crate::finding::{Remedy, Safety, Severity};
use crate::plan::Plan;

#[derive(Serialize, Default)]
pub struct Report {
    schema_version: u32,
    tool: Tool,
    error: Option<ErrorV1>,
    hosts: Vec<HostV1>,
    checks: Vec<CheckV1>,
    findings: Vec<FindingV1>,
    plans: Vec<PlanV1>,
    applied: Option<AppliedV1>,
    summary: Summary,
    /// `checks` and `explain` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    catalogue: Option<Vec<EntryV1>>,
    /// `rollback --list` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    journals: Option<Vec<JournalV1>>,
    /// `pick-subnet` only.
    #[serde(flatten)]
    pick: Option<PickV1>,
    /// `trace` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<TraceV1>,
    /// `gwbridge` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    gwbridge: Option<Vec<GatewayV1>>,
}

/// Which keys a report has beside those of every report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Plain,
    /// `pick-subnet`.
    Pick,
    /// `trace`.
    Trace,
    /// `gwbridge`.
    Gateway,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct ErrorV1 {
    kind: &'static str,
    message: String,
    message_zh: String,
    #[serde(rename = "where")]
    place: Option<String>,
}

#[derive(Serialize)]
struct HostV1 {
    name: String,
    kernel: Option<String>,
    engine: EngineV1,
}

#[derive(Serialize)]
pub(super) struct EngineV1 {
    pub kind: &'static str,
    pub version: Option<String>,
    pub next_version: Option<String>,
    pub state: &'static str,
    /// Null: that could not be seen.
    pub on_this_host: Option<bool>,
    pub firewall_backend: Option<String>,
}

#[derive(Serialize)]
struct CheckV1 {
    id: &'static str,
    host: String,
    status: &'static str,
    reason: Option<String>,
    reason_zh: Option<String>,
}

#[derive(Serialize)]
struct FindingV1 {
    check: &'static str,
    host: String,
    severity: &'static str,
    subject: String,
    message: String,
    message_zh: String,
    evidence: Vec<EvidenceV1>,
    explains: Vec<&'static str>,
    remedies: Vec<RemedyV1>,
    docs: String,
}

#[derive(Serialize)]
struct EvidenceV1 {
    shown_by: String,
    says: String,
    at: Option<String>,
}

#[derive(Serialize)]
struct RemedyV1 {
    title: String,
    title_zh: String,
    safety: &'static str,
    commands: Vec<String>,
    impact: String,
    impact_zh: String,
    persists: bool,
    restarts_engine: bool,
    proved: bool,
}

#[derive(Serialize, Default)]
struct Summary {
    error: usize,
    warning: usize,
    info: usize,
    pass: usize,
    skipped: usize,
    hidden: usize,
    not_applicable: usize,
}

#[derive(Serialize)]
struct EntryV1 {
    id: &'static str,
    about: &'static str,
    about_zh: &'static str,
    hidden_by: Vec<&'static str>,
    docs: String,
    /// The page; `checks` leaves it out.
    page: Option<&'static str>,
    page_zh: Option<&'static str>,
}

impl Default for Tool {
    fn default() -> Self {
        Tool { name: "dnetctl", version: env!("CARGO_PKG_VERSION") }
    }
}

impl Report {
    fn frame() -> Self {
        Report { schema_version: 1, ..Report::default() }
    }

    /// The report of a run that judged hosts.
    pub fn of_hosts(hosts: &[Host]) -> Self {
        let mut report = Report::frame();
        for host in hosts {
            report.hosts.push(HostV1 {
                name: host.judged.host.clone(),
                kernel: host.snapshot.kernel.ok().cloned(),
                engine: engine::section(&host.snapshot),
            });
            for outcome in &host.judged.outcomes {
                report.summary.count(outcome);
                report.checks.push(CheckV1::of(&host.judged.host, outcome));
            }
        }
        report.hosts.sort_by(|a, b| a.name.cmp(&b.name));
        report.checks.sort_by(|a, b| (&a.host, a.id).cmp(&(&b.host, b.id)));
        report.findings = rows(hosts, false).iter().map(FindingV1::of).collect();
        report
    }

    /// With what would be done, and what became of it.
    pub fn with_plans(mut self, plans: &[Plan], applied: Option<&Applied>) -> Self {
        self.plans = plans.iter().map(PlanV1::of).collect();
        self.applied = applied.map(AppliedV1::of);
        self
    }

    /// With docker_gwbridge of each host.
    pub fn with_gateways(mut self, gateways: &[Gateway]) -> Self {
        self.gwbridge = Some(gateways.iter().map(GatewayV1::of).collect());
        self
    }

    /// The report of `rollback --list`.
    pub fn of_journals(rows: &[Record]) -> Self {
        Report { journals: Some(rows.iter().map(JournalV1::of).collect()), ..Report::of_hosts(&[]) }
    }

    /// The report of `pick-subnet`.
    pub fn of_pick(hosts: &[Host], picked: &Picked) -> Self {
        Report { pick: Some(PickV1::of(picked)), ..Report::of_hosts(hosts) }
    }

    /// The report of `trace`.
    pub fn of_trace(hosts: &[Host], traced: &Traced) -> Self {
        Report { trace: Some(TraceV1::of(traced)), ..Report::of_hosts(hosts) }
    }

    /// The report of a run that was refused. The keys of its form are there then, too, and empty.
    pub fn of_refusal(refusal: &Refusal, form: Form) -> Self {
        let error = ErrorV1 {
            kind: refusal.kind.word(),
            message: refusal.message.en.clone(),
            message_zh: refusal.message.zh.clone(),
            place: refusal.place.clone(),
        };
        Report {
            error: Some(error),
            pick: (form == Form::Pick).then(PickV1::default),
            trace: (form == Form::Trace).then(TraceV1::default),
            gwbridge: (form == Form::Gateway).then(Vec::new),
            ..Report::frame()
        }
    }

    /// The list of checks, with or without their pages.
    pub fn of_catalogue(checks: &[&'static Check], pages: bool) -> Self {
        let mut entries: Vec<EntryV1> = checks.iter().map(|check| EntryV1::of(check, pages)).collect();
        entries.sort_by_key(|entry| entry.id);
        Report { catalogue: Some(entries), ..Report::frame() }
    }

    /// One document, with the line end that a text file has.
    ///
    /// # Errors
    /// None that these types can have.
    pub fn document(&self) -> serde_json::Result<String> {
        let mut document = serde_json::to_string_pretty(self)?;
        document.push('\n');
        Ok(document)
    }
}

impl CheckV1 {
    fn of(host: &str, outcome: &Outcome) -> Self {
        let reason = outcome.reason.as_ref();
        CheckV1 {
            id: outcome.check.id,
            host: host.to_owned(),
            status: match outcome.status {
                Status::Pass => "pass",
                Status::Fail => "fail",
                Status::Skipped => "skipped",
                Status::Hidden => "hidden",
                Status::NotApplicable => "not-applicable",
            },
            reason: reason.map(|reason| reason.en.clone()),
            reason_zh: reason.map(|reason| reason.zh.clone()),
        }
    }
}

impl FindingV1 {
    fn of(row: &Row<'_>) -> Self {
        let finding = &row.told.finding;
        let evidence = finding.evidence.iter().map(|evidence| EvidenceV1 {
            shown_by: evidence.shown_by.clone(),
            says: evidence.says.clone(),
            at: evidence.at.as_ref().map(ToString::to_string),
        });
        FindingV1 {
            check: row.outcome.check.id,
            host: row.host.judged.host.clone(),
            severity: match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info => "info",
            },
            subject: finding.subject.clone(),
            message: finding.message.en.clone(),
            message_zh: finding.message.zh.clone(),
            evidence: evidence.collect(),
            explains: row.told.explains.clone(),
            remedies: finding.remedies.iter().map(RemedyV1::of).collect(),
            docs: docs(row.outcome.check.id),
        }
    }
}

impl RemedyV1 {
    fn of(remedy: &Remedy) -> Self {
        RemedyV1 {
            title: remedy.title.en.clone(),
            title_zh: remedy.title.zh.clone(),
            safety: match remedy.safety {
                Safety::Safe => "safe",
                Safety::Disruptive => "disruptive",
                Safety::Manual => "manual",
            },
            commands: remedy.commands.clone(),
            impact: remedy.impact.en.clone(),
            impact_zh: remedy.impact.zh.clone(),
            persists: remedy.persists,
            restarts_engine: remedy.restarts_engine,
            proved: remedy.proved,
        }
    }
}

impl Summary {
    fn count(&mut self, outcome: &Outcome) {
        match outcome.status {
            Status::Pass => self.pass += 1,
            Status::Skipped => self.skipped += 1,
            Status::Hidden => self.hidden += 1,
            Status::NotApplicable => self.not_applicable += 1,
            Status::Fail => {}
        }
        for told in outcome.findings.iter().filter(|told| told.hidden_by.is_none()) {
            match told.finding.severity {
                Severity::Error => self.error += 1,
                Severity::Warning => self.warning += 1,
                Severity::Info => self.info += 1,
            }
        }
    }
}

impl EntryV1 {
    fn of(check: &'static Check, pages: bool) -> Self {
        let mut hidden_by = check.hidden_by.to_vec();
        hidden_by.sort_unstable();
        EntryV1 {
            id: check.id,
            about: check.about.en,
            about_zh: check.about.zh,
            hidden_by,
            docs: docs(check.id),
            page: pages.then_some(check.docs.en),
            page_zh: pages.then_some(check.docs.zh),
        }
    }
}

fn docs(id: &str) -> String {
    format!("docs/checks/{id}.md")
}
