//! `fix-routes`: routes against container networks, and the smallest change that brings them together.

mod add;
mod removal;
mod uses;
mod way;

use super::repair::{self, Repair};
use super::{Answer, Context};
use crate::checks::{CHECKS, Check};
use crate::cli::{FixRoutes, Pipeline};
use crate::exit::Refusal;
use crate::text::text;

/// The checks of routes.
static OF_ROUTES: &[&str] = &[
    "pool-blocked-by-route",
    "network-hides-route",
    "network-overlaps-lan",
    "network-overlaps-cloud",
    "nameserver-in-docker-subnet",
    "policy-rule-hijacks-docker",
    "default-route-via-docker",
    "peer-route-missing",
];

pub fn run(context: &Context, given: &FixRoutes) -> Answer {
    let checks = checks(&given.pipeline)?;
    let added = add::read(&given.add)?;
    if !added.is_empty() && given.pipeline.from.len() > 1 {
        return Err(Refusal::usage(
            "--add",
            text!("--add is for one host; several are given by --from", "--add 只用于一台主机，而 --from 给出了多台"),
        ));
    }
    repair::run(
        context,
        &Repair {
            command: "fix-routes",
            pipeline: &given.pipeline,
            change: &given.change,
            fail_on: given.fail_on,
            checks: &checks,
            decide: &|judged, trial| {
                let mut wanted = way::wanted(judged, trial, given.prefer);
                for route in &added {
                    wanted.proposals.extend(add::proposal(trial.host(), route)?);
                }
                Ok(wanted)
            },
            tells_plan: true,
            about: None,
        },
    )
}

/// The checks that run.
///
/// # Errors
/// One that was asked for is not among them.
fn checks(given: &Pipeline) -> Result<Vec<&'static Check>, Refusal> {
    for (option, ids) in [("--only", &given.only), ("--require", &given.require)] {
        if let Some(id) = ids.iter().find(|id| !OF_ROUTES.contains(&id.as_str())) {
            return Err(Refusal::usage(
                option,
                text!(
                    "{id} is no check of routes; `dnetctl diagnose {option} {id}` runs it",
                    "{id} 不是路由方面的检查项；请使用 `dnetctl diagnose {option} {id}`"
                ),
            ));
        }
    }
    Ok(CHECKS.iter().copied().filter(|check| OF_ROUTES.contains(&check.id)).collect())
}

#[cfg(test)]
mod tests;
