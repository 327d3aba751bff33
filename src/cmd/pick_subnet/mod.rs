//! `pick-subnet`: free subnets, who holds the rest, and what the engine takes next.

mod answer;
mod holders;
mod material;
mod request;
mod space;

use super::{Answer, Context, pipeline};
use crate::checks::{CHECKS, Check};
use crate::cli::{Output, PickSubnet, Pipeline};
use crate::exit::{Exit, Refusal};
use crate::probe::Scope;
use crate::report::json::Report;
use crate::report::pick::{self, Picked};
use crate::report::{Host, findings};
use crate::text::{Text, text};

/// The checks of the address space.
static OF_ADDRESS_SPACE: &[&str] = &[
    "address-pools-invalid",
    "pool-blocked-by-route",
    "pool-exhausted",
    "docker-networks-overlap",
    "network-overlaps-lan",
    "nameserver-in-docker-subnet",
    "network-hides-route",
    "network-overlaps-cloud",
];

pub fn run(context: &Context, given: &PickSubnet) -> Answer {
    let request = request::read(&context.cli, given)?;
    let asked = pipeline::asked(context, &given.pipeline)?;
    let checks = checks(&given.pipeline)?;
    let hosts = pipeline::judge_all(pipeline::snapshots(context, &given.pipeline, scope(given))?, &asked, &checks);
    let live = given.pipeline.from.is_empty();
    let picked = answer::answer(&hosts, &asked.declared, &request, live.then_some(context.cli.root.as_deref()));
    let exit = exit(&hosts, &picked, given);
    let text = match context.cli.output {
        Output::Table if context.detail.quiet => pick::bare(&picked),
        Output::Table => {
            let answer = pick::table(&picked, &context.medium, context.detail);
            let findings = findings(&hosts, &context.medium, context.detail);
            if findings.is_empty() { answer } else { format!("{answer}\n{findings}") }
        }
        Output::Short => pick::short(&picked),
        Output::Json => Report::of_pick(&hosts, &picked)
            .document()
            .map_err(|e| Refusal::output("stdout", Text::verbatim(e.to_string())))?,
    };
    Ok((text, exit))
}

/// More routes than these are kept as ranges: a proposal needs no more of them.
const ROUTES: usize = 50_000;

/// Where findings are asked for, the checks get every route.
fn scope(given: &PickSubnet) -> Scope {
    let asked = given.fail_on.is_some() || given.pipeline.strict || !given.pipeline.require.is_empty();
    if asked || given.pipeline.save.is_some() { Scope::Everything } else { Scope::Addresses { routes: ROUTES } }
}

/// The checks that run.
///
/// # Errors
/// One that was asked for is not among them.
fn checks(given: &Pipeline) -> Result<Vec<&'static Check>, Refusal> {
    for (option, ids) in [("--only", &given.only), ("--require", &given.require)] {
        if let Some(id) = ids.iter().find(|id| !OF_ADDRESS_SPACE.contains(&id.as_str())) {
            return Err(Refusal::usage(
                option,
                text!(
                    "{id} is no check of the address space; `dnetctl diagnose {option} {id}` runs it",
                    "{id} 不是地址空间方面的检查项；请使用 `dnetctl diagnose {option} {id}`"
                ),
            ));
        }
    }
    Ok(CHECKS.iter().copied().filter(|check| OF_ADDRESS_SPACE.contains(&check.id)).collect())
}

/// The answer first; findings count where `--fail-on` says so.
fn exit(hosts: &[Host], picked: &Picked, given: &PickSubnet) -> Exit {
    let found = given.fail_on.is_some_and(|bar| pipeline::found(hosts, bar));
    match answer::is_yes(picked) {
        Some(false) => Exit::Findings,
        _ if found => Exit::Findings,
        None => Exit::Unjudged,
        _ if pipeline::unjudged(hosts, &given.pipeline) => Exit::Unjudged,
        Some(true) => Exit::Clean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::find;

    #[test]
    fn every_check_that_it_runs_is_one() {
        assert!(OF_ADDRESS_SPACE.iter().all(|id| find(id).is_some()));
    }
}
