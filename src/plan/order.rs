//! Steps in their order: what runs now, the engine's stop, links, files, its start, containers, and rules behind the engine's own.

use super::make::Chosen;
use super::{FileSwap, Proposal, Step, engine, remembered};
use crate::action::{Action, Intent, Presence, Running, gateway};
use crate::finding::{Cure, Safety};
use crate::host::Snapshot;

/// What all these want of one file, each thing once.
pub(super) fn intents<'a>(proposals: impl Iterator<Item = &'a Proposal>, file: &str) -> Vec<Intent> {
    let mut intents: Vec<Intent> = Vec::new();
    for action in proposals.flat_map(|proposal| &proposal.remedy.actions) {
        if let Action::Edit { file: edited, intents: more } = action
            && edited == file
        {
            for intent in more {
                if !intents.contains(intent) {
                    intents.push(intent.clone());
                }
            }
        }
    }
    intents
}

/// Where a step stands among the others.
pub(crate) fn rank(action: &Action) -> u8 {
    match action {
        Action::Sysctl { .. }
        | Action::Route { .. }
        | Action::Rule { .. }
        | Action::Address { .. }
        | Action::Link { .. }
        | Action::Rename { .. }
        | Action::Admit { .. }
        | Action::Policy { .. } => 0,
        Action::Members { to: Presence::Absent, .. } => 1,
        Action::Network { to: Presence::Absent, .. } => 2,
        Action::Network { to: Presence::Present, .. } => 3,
        Action::Unit { to: Running::Stopped, .. } => 4,
        Action::Bridge { .. } => 5,
        Action::Edit { .. } => 6,
        Action::Enable { .. } => 7,
        Action::Unit { to: Running::Running, .. } => 8,
        Action::Members { to: Presence::Present, .. } => 9,
        Action::Containers { .. } => 10,
        Action::Firewall { .. } => 11,
    }
}

pub(super) fn steps(host: &Snapshot, chosen: &Chosen) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for taken in &chosen.taken {
        let because: Vec<Cure> = taken.proposal.cure.clone().into_iter().collect();
        for action in &taken.proposal.remedy.actions {
            if !engine::is_started_by(host, std::slice::from_ref(action)) {
                add(&mut steps, action.clone(), &because, taken.safety);
            }
        }
        if taken.restarts {
            let by_itself = restarts_by_itself(&taken.proposal.remedy.actions);
            let restart = engine::restart(host).into_iter();
            for action in restart.filter(|action| !(by_itself && matches!(action, Action::Unit { .. }))) {
                add(&mut steps, action, &because, taken.safety);
            }
        }
    }
    for step in &mut steps {
        if let Action::Edit { file, intents: all } = &mut step.action {
            *all = intents(chosen.taken.iter().map(|taken| taken.proposal), file);
            step.file = chosen.files.get(file).cloned();
        }
    }
    // Of a file that already says so nothing is written.
    steps.retain(|step| !step.file.as_ref().is_some_and(|FileSwap { from, to }| from == to));
    steps.sort_by_key(|step| rank(&step.action));
    remembered::docker0(host, &mut steps);
    steps
}

/// Whether among these is one whose own end is a restart of the engine, so that the restart is undone where it belongs.
fn restarts_by_itself(actions: &[Action]) -> bool {
    let has_own = |names: &[String]| names.iter().any(|name| gateway::is_own(name));
    actions
        .iter()
        .any(|action| matches!(action, Action::Members { to: Presence::Present, names, .. } if has_own(names)))
}

/// One step for each resource; what several want is done once.
fn add(steps: &mut Vec<Step>, action: Action, because: &[Cure], safety: Safety) {
    let same = |step: &&mut Step| step.action.resource() == action.resource() && rank(&step.action) == rank(&action);
    if let Some(step) = steps.iter_mut().find(same) {
        step.because.extend(because.iter().filter(|cure| !step.because.contains(cure)).cloned().collect::<Vec<_>>());
        step.safety = step.safety.max(safety);
        return;
    }
    steps.push(Step { action, file: None, because: because.to_vec(), safety });
}

/// Whether two want one thing to be different things.
pub(super) fn contradict(one: &Proposal, other: &Proposal) -> bool {
    let differ = |a: &Action, b: &Action| match (a, b) {
        (Action::Edit { file, intents }, Action::Edit { file: other, intents: others }) => {
            let clash = |a: &Intent, b: &Intent| a.place() == b.place() && a != b;
            file == other && intents.iter().any(|a| others.iter().any(|b| clash(a, b)))
        }
        _ => a.resource() == b.resource() && a != b,
    };
    one.remedy.actions.iter().any(|a| other.remedy.actions.iter().any(|b| differ(a, b)))
}
