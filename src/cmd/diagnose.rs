//! `diagnose`: every check over this host or over snapshots.

use super::collect::{document, facts};
use super::proof::proof;
use super::{Answer, Context, from, options, save};
use crate::checks::{CHECKS, Options, Outcome, Scene, Selection, Status, judge};
use crate::cli::{Diagnose, FailOn, Output};
use crate::exit::{Exit, Refusal};
use crate::finding::Severity;
use crate::host::Snapshot;
use crate::report::json::Report;
use crate::report::{Host, short, table};
use crate::text::{Text, text};

pub fn run(context: &Context, given: &Diagnose) -> Answer {
    options::consistent(&context.cli, given)?;
    let selection = options::selection(given)?;
    let declared = options::declared(given)?;
    let snapshots = if given.from.is_empty() {
        vec![facts(context)?]
    } else {
        given.from.iter().map(|path| from::read(path)).collect::<Result<Vec<_>, _>>()?
    };
    if let (Some(path), Some(snapshot)) = (&given.save, snapshots.first()) {
        let file = path.display().to_string();
        save::keep(path, &document(snapshot)?).map_err(|e| {
            Refusal::output(
                file.clone(),
                text!("{file}, given to --save, cannot be written: {e}", "无法写入 --save 指定的 {file}：{e}"),
            )
        })?;
    }
    let hosts = judge_all(snapshots, &declared, &selection);
    let exit = exit(&hosts, given);
    let text = match context.cli.output {
        Output::Table => table(&hosts, &context.medium, context.detail),
        Output::Short => short(&hosts, context.medium.lang, context.detail),
        Output::Json => {
            Report::of_hosts(&hosts).document().map_err(|e| Refusal::output("stdout", Text::verbatim(e.to_string())))?
        }
    };
    Ok((text, exit))
}

/// Judges each host with the others beside it.
fn judge_all(mut snapshots: Vec<Snapshot>, declared: &Options, selection: &Selection) -> Vec<Host> {
    let names = names(&snapshots);
    let mut hosts = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let host = snapshots.remove(i);
        let scene = Scene { host: &host, others: &snapshots, options: declared };
        let judged = judge(name, &scene, CHECKS, selection);
        hosts.push((judged, proof(&host)));
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

/// Findings first, then what was required and could not be judged.
fn exit(hosts: &[Host], given: &Diagnose) -> Exit {
    let bar = match given.fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
        FailOn::Info => Severity::Info,
    };
    let outcomes = || hosts.iter().flat_map(|host| &host.judged.outcomes);
    let told = outcomes().flat_map(|outcome| &outcome.findings);
    if told.filter(|told| told.hidden_by.is_none()).any(|told| told.finding.severity >= bar) {
        return Exit::Findings;
    }
    let required = |id: &str| given.strict || given.require.iter().any(|required| required == id);
    // What was found does not make up for what was not seen.
    let open = |outcome: &Outcome| outcome.status == Status::Skipped || !outcome.missing.is_empty();
    if outcomes().any(|outcome| open(outcome) && required(outcome.check.id)) {
        return Exit::Unjudged;
    }
    Exit::Clean
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
