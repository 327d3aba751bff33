//! What the commands share that run checks over hosts: where the hosts come from, which checks run, what is kept.

use std::path::PathBuf;

use super::collect::{document, facts};
use super::proof::proof;
use super::{Context, from, options, save};
use crate::checks::{Check, Options, Outcome, Scene, Selection, Shared, Status, judge};
use crate::cli::{FailOn, Pipeline};
use crate::exit::Refusal;
use crate::finding::Severity;
use crate::host::Snapshot;
use crate::probe::Scope;
use crate::report::Host;
use crate::text::text;

/// What a pipeline was asked, found to make sense.
pub struct Asked {
    pub selection: Selection,
    pub declared: Options,
}

/// # Errors
/// Options that contradict each other, ids and ranges that are none.
pub fn asked(context: &Context, given: &Pipeline) -> Result<Asked, Refusal> {
    options::consistent(&context.cli, given)?;
    Ok(Asked { selection: options::selection(given)?, declared: options::declared(given)? })
}

/// The facts of the hosts that were asked for; keeps them where `--save` says so.
///
/// # Errors
/// A file that cannot be read or written, an engine named that does not answer.
pub fn snapshots(context: &Context, given: &Pipeline, scope: Scope) -> Result<Vec<Snapshot>, Refusal> {
    let snapshots = look(context, &given.from, scope)?;
    if let (Some(path), Some(snapshot)) = (&given.save, snapshots.first()) {
        let file = path.display().to_string();
        save::keep(path, &document(snapshot)?).map_err(|e| {
            Refusal::output(
                file.clone(),
                text!("{file}, given to --save, cannot be written: {e}", "无法写入 --save 指定的 {file}：{e}"),
            )
        })?;
    }
    Ok(snapshots)
}

/// The facts of the hosts of `--from`, else of this one.
///
/// # Errors
/// A file that cannot be read, an engine named that does not answer.
pub fn look(context: &Context, from: &[PathBuf], scope: Scope) -> Result<Vec<Snapshot>, Refusal> {
    if from.is_empty() {
        return Ok(vec![facts(context, scope)?]);
    }
    from.iter().map(|path| from::read(path)).collect()
}

/// Judges each host with the others beside it.
pub fn judge_all(mut snapshots: Vec<Snapshot>, asked: &Asked, checks: &[&'static Check]) -> Vec<Host> {
    let names = names(&snapshots);
    let mut hosts = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let host = snapshots.remove(i);
        let shared = Shared::default();
        let scene = Scene { host: &host, others: &snapshots, options: &asked.declared, shared: &shared };
        let judged = judge(name, &scene, checks, &asked.selection);
        hosts.push((judged, proof(&host, scene.tracer().ok())));
        snapshots.insert(i, host);
    }
    let judged = hosts.into_iter().zip(snapshots);
    judged.map(|((judged, proof), snapshot)| Host { snapshot, judged, proof }).collect()
}

/// A name for each host: as it calls itself, the second of a name with `#2` behind it.
fn names(snapshots: &[Snapshot]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for snapshot in snapshots {
        let mut name = snapshot.name.clone();
        let mut number = 1;
        while names.contains(&name) || (number > 1 && snapshots.iter().any(|other| other.name == name)) {
            number += 1;
            name = format!("{}#{number}", snapshot.name);
        }
        names.push(name);
    }
    names
}

/// Whether a finding that is shown is as severe as this.
pub fn found(hosts: &[Host], from: FailOn) -> bool {
    let bar = match from {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
        FailOn::Info => Severity::Info,
    };
    let told = hosts.iter().flat_map(|host| &host.judged.outcomes).flat_map(|outcome| &outcome.findings);
    told.filter(|told| told.hidden_by.is_none()).any(|told| told.finding.severity >= bar)
}

/// Whether a check that was required could not be judged.
pub fn unjudged(hosts: &[Host], given: &Pipeline) -> bool {
    let required = |id: &str| given.strict || given.require.iter().any(|required| required == id);
    // What was found does not make up for what was not seen.
    let open = |outcome: &Outcome| outcome.status == Status::Skipped || !outcome.missing.is_empty();
    let mut outcomes = hosts.iter().flat_map(|host| &host.judged.outcomes);
    outcomes.any(|outcome| open(outcome) && required(outcome.check.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_one_name_are_told_apart() {
        let hosts = ["web", "web#2", "web", "db", "web"].map(Snapshot::empty);
        assert_eq!(names(&hosts), ["web", "web#2", "web#3", "db", "web#4"]);
    }
}
