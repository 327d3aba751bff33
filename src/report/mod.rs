//! Prints. Everything that a person or a program reads passes through here; nothing is decided here.

mod closing;
mod engine;
pub mod gateway;
pub mod journals;
pub mod json;

mod page;
pub mod pick;
pub mod plan;
mod short;
mod snippet;
pub mod stream;
mod table;
mod terminal;
#[cfg(test)]
mod tests;
pub mod trace;
pub mod wrap;

pub use page::{catalogue, page};
pub use short::short;
pub use table::{findings, table};
pub use terminal::Medium;

use crate::checks::{Judged, Outcome, Told};
use crate::finding::Severity;
use crate::host::Snapshot;
use crate::text::{Lang, Text};

/// What is told of one host.
pub struct Host {
    pub snapshot: Snapshot,
    pub judged: Judged,
    pub proof: Proof,
}

/// What a host without faults was proved to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Docker's bridges that were looked at; none when they could not be listed.
    pub networks: Option<usize>,
    /// The route of every bridge's containers to the outside was looked up, and leads there.
    pub way_out_traced: bool,
    /// There is no engine here.
    pub no_engine: bool,
    /// Why the engine that answered is not this host's.
    pub engine_elsewhere: Option<Text>,
    /// Why the engine that the user named (`-H`, DOCKER_HOST, a context) told nothing.
    pub engine_silent: Option<Text>,
}

/// How much is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Findings only.
    pub quiet: bool,
    /// Hidden findings and passed checks too.
    pub verbose: bool,
}

/// A finding with the host and the check it belongs to.
#[derive(Clone, Copy)]
struct Row<'a> {
    host: &'a Host,
    outcome: &'a Outcome,
    told: &'a Told,
}

/// The findings of all hosts, most severe first, then by host, check and subject.
fn rows(hosts: &[Host], hidden: bool) -> Vec<Row<'_>> {
    let mut rows: Vec<Row> = Vec::new();
    for host in hosts {
        for outcome in &host.judged.outcomes {
            let told = outcome.findings.iter().filter(|told| told.hidden_by.is_some() == hidden);
            rows.extend(told.map(|told| Row { host, outcome, told }));
        }
    }
    rows.sort_by(|a, b| {
        let by_severity = b.told.finding.severity.cmp(&a.told.finding.severity);
        let key =
            |row: &Row<'_>| (row.host.judged.host.clone(), row.outcome.check.id, row.told.finding.subject.clone());
        by_severity.then_with(|| key(a).cmp(&key(b)))
    });
    rows
}

fn severity_word(severity: Severity, lang: Lang) -> &'static str {
    match (severity, lang) {
        (Severity::Error, Lang::En) => "error",
        (Severity::Warning, Lang::En) => "warning",
        (Severity::Info, Lang::En) => "info",
        (Severity::Error, Lang::Zh) => "错误",
        (Severity::Warning, Lang::Zh) => "警告",
        (Severity::Info, Lang::Zh) => "提示",
    }
}
