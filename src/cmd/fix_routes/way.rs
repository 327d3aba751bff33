//! Which way a finding is cured: Docker moves, or the route goes. The model of the host decides, not the version's number.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::super::apply::Wanted;
use super::removal;
use crate::action::Action;
use crate::checks::Judged;
use crate::cli::Way;
use crate::finding::{Cure, Finding, Remedy};
use crate::plan;
use crate::simulate::{Proof, Trial};

/// Findings that the removal of a route can cure.
static BY_A_ROUTE: &[&str] = &["pool-blocked-by-route", "network-hides-route"];

pub fn wanted(judged: &Judged, trial: &Trial, prefer: Option<Way>) -> Wanted {
    // The remedy that moves Docker, for each finding, and what the model says of it.
    let moves: RefCell<BTreeMap<Cure, bool>> = RefCell::default();
    let choose = |check: &str, finding: &Finding| {
        let (number, cured) = moves_docker(trial, check, finding)?;
        moves.borrow_mut().insert(Cure::new(check, finding.subject.clone()), cured);
        Some(number)
    };
    let mut proposals = plan::proposals(judged, choose);
    let moves = moves.into_inner();
    let mut left_out = Vec::new();
    for proposal in &mut proposals {
        let Some(cure) = proposal.cure.as_ref().filter(|cure| BY_A_ROUTE.contains(&cure.check.as_str())) else {
            continue;
        };
        let moved = moves.get(cure).copied();
        let drops = match prefer {
            Some(Way::MoveDocker) => false,
            Some(Way::DropRoute) => true,
            // Who wants to reach what Docker hides does not want the way there gone.
            None => cure.check == "pool-blocked-by-route" && moved != Some(true),
        };
        if !drops {
            continue;
        }
        match removal::remedy(trial, cure) {
            Ok(remedy) => proposal.remedy = remedy,
            // What stands in the way is told; the other way is taken where there is one.
            Err(why) => {
                for one in why {
                    if !left_out.contains(&one) {
                        left_out.push(one);
                    }
                }
            }
        }
    }
    Wanted { proposals, left_out }
}

/// The remedy with which Docker makes way, by its number, and whether the model proves it: the first that is proved, else the first.
fn moves_docker(trial: &Trial, check: &str, finding: &Finding) -> Option<(usize, bool)> {
    let mut moves = finding.remedies.iter().enumerate().filter(|(_, remedy)| is_move(remedy)).peekable();
    let first = moves.peek()?.0;
    let proved = moves.find(|(_, remedy)| trial.cures(check, &finding.subject, remedy) == Proof::Cured);
    Some(proved.map_or((first, false), |(number, _)| (number, true)))
}

fn is_move(remedy: &Remedy) -> bool {
    !remedy.is_manual() && remedy.actions.iter().any(|action| matches!(action, Action::Edit { .. }))
}
