//! Which way a finding is cured: Docker moves, or the route goes. The model of the host decides, not the version's number.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::super::apply::Wanted;
use super::{OF_ROUTES, removal};
use crate::action::Action;
use crate::checks::{Judged, Where, relocate};
use crate::cli::Way;
use crate::finding::{Cure, Finding, Remedy, Severity};
use crate::plan;
use crate::simulate::{Proof, Trial};

/// Findings that the removal of a route can cure.
static BY_A_ROUTE: &[&str] = &["pool-blocked-by-route", "network-hides-route"];

/// Findings that are cured where docker0 and the networks to come are elsewhere.
static BY_A_MOVE: &[&str] = &[
    "pool-blocked-by-route",
    "network-hides-route",
    "network-overlaps-lan",
    "network-overlaps-cloud",
    "nameserver-in-docker-subnet",
];

pub fn wanted(judged: &Judged, trial: &Trial, prefer: Option<Way>) -> Wanted {
    // What the model says of the remedy that moves Docker, for each finding that has one.
    let moves: RefCell<BTreeMap<Cure, Tried>> = RefCell::default();
    let choose = |check: &str, finding: &Finding| {
        let cure = Cure::new(check, finding.subject.clone());
        let (number, tried) = moves_docker(judged, trial, &cure, finding)?;
        moves.borrow_mut().insert(cure, tried);
        Some(number)
    };
    let mut proposals = plan::proposals(judged, choose);
    let moves = moves.into_inner();
    let mut left_out = Vec::new();
    for proposal in &mut proposals {
        let Some(cure) = proposal.cure.as_ref().filter(|cure| BY_A_MOVE.contains(&cure.check.as_str())) else {
            continue;
        };
        let may_drop = BY_A_ROUTE.contains(&cure.check.as_str());
        let mut drop = |left_out: &mut Vec<_>| match removal::remedy(trial, cure) {
            Ok(remedy) => {
                proposal.remedy = remedy;
                true
            }
            // What stands in the way is told; the other way is taken where there is one.
            Err(why) => {
                for one in why {
                    if !left_out.contains(&one) {
                        left_out.push(one);
                    }
                }
                false
            }
        };
        if prefer == Some(Way::DropRoute) && may_drop && drop(&mut left_out) {
            continue;
        }
        let own = moves.get(cure).copied().unwrap_or(Tried { cures: false, brings: 0 });
        if let Some(remedy) = moves_all(judged, trial, cure, own) {
            proposal.remedy = remedy;
        } else if !own.cures && prefer.is_none() && cure.check == "pool-blocked-by-route" {
            // Who wants to reach what Docker hides does not want the way there gone.
            drop(&mut left_out);
        }
    }
    Wanted { proposals, left_out }
}

/// What the model says of a remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tried {
    cures: bool,
    /// Findings about routes that would be new: the next network hides what docker0 hid.
    brings: usize,
}

fn tried(judged: &Judged, trial: &Trial, cure: &Cure, remedy: &Remedy) -> Tried {
    let (proof, after) = trial.of(std::slice::from_ref(cure), &remedy.actions, remedy.restarts_engine);
    let before = of_routes(judged);
    let brings = after.map_or(0, |(_, after)| of_routes(&after).iter().filter(|one| !before.contains(one)).count());
    Tried { cures: proof == Proof::Cured, brings }
}

/// Findings about routes above info.
fn of_routes(judged: &Judged) -> Vec<Cure> {
    let outcomes = judged.outcomes.iter().filter(|outcome| OF_ROUTES.contains(&outcome.check.id));
    let told = outcomes.flat_map(|one| one.findings.iter().map(|told| (one.check.id, &told.finding)));
    let loud = told.filter(|(_, finding)| finding.severity > Severity::Info);
    loud.map(|(id, finding)| Cure::new(id, finding.subject.clone())).collect()
}

/// The remedy with which Docker makes way, by its number, and what the model says of it: the first that is proved, else the first.
fn moves_docker(judged: &Judged, trial: &Trial, cure: &Cure, finding: &Finding) -> Option<(usize, Tried)> {
    let mut first = None;
    for (number, remedy) in finding.remedies.iter().enumerate().filter(|(_, remedy)| is_move(remedy)) {
        let tried = tried(judged, trial, cure, remedy);
        if tried.cures {
            return Some((number, tried));
        }
        first = first.or(Some((number, tried)));
    }
    first
}

fn is_move(remedy: &Remedy) -> bool {
    !remedy.is_manual() && remedy.actions.iter().any(|action| matches!(action, Action::Edit { .. }))
}

/// docker0 and the networks to come moved together, where that does what the finding's own remedy does not; to a place that a route leads to only
/// where nothing else helps.
fn moves_all(judged: &Judged, trial: &Trial, cure: &Cure, own: Tried) -> Option<Remedy> {
    if own.cures && own.brings == 0 {
        return None;
    }
    let places: &[Where] = if own.cures { &[Where::Free] } else { &[Where::Free, Where::LeastHarm] };
    places.iter().find_map(|place| {
        let remedy = relocate(&trial.scene(), *place).filter(|remedy| !remedy.is_manual())?;
        let tried = tried(judged, trial, cure, &remedy);
        let better = if own.cures { tried.brings < own.brings } else { tried.brings == 0 || *place == Where::Free };
        (tried.cures && better).then_some(remedy)
    })
}
